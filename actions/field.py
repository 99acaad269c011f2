"""The fields of action types: what they hold, as their annotations say it."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from signoff.canonical import MAX_INTEGER

from .money import Money, currency_decimals, read_decimal
from .secret import Names, Secret
from .text import accept_text

RESERVED = frozenset({"needs", "number", "plan", "type"})  # what a plan says about an action, beside its fields


class Kind(StrEnum):
    """What values a field holds, as far as rules and canonical JSON need to know."""

    TEXT = "text"
    CURRENCY = "currency"  # text: an ISO 4217 code
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    SECRET = "secret"  # rules may only ask whether it is given


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an action type."""

    name: str  # as plans and rules write it: `from`
    attribute: str  # as Python writes it: `from_`
    kind: Kind
    optional: bool = False  # whether its value may be None
    many: bool = False  # whether it holds a tuple of such values
    choices: tuple[str, ...] = ()  # the only values that a text field may have, or names that a secret may refer to
    currency: str | None = None  # of a money field: the name of the field that holds its currency


def wire_name(attribute: str) -> str:
    """How plans and rules write the field that Python calls *attribute*."""
    return attribute.rstrip("_")


def read_value(kind: Kind, value: object) -> object:
    """*value* as a field of *kind* holds it, exactly. Raises ValueError for one that it cannot hold."""
    match kind:
        case Kind.MONEY | Kind.DECIMAL:
            return read_decimal(value)
        case Kind.TEXT | Kind.CURRENCY if isinstance(value, str):
            text = accept_text(value)
            if kind is Kind.CURRENCY:
                currency_decimals(text)
            return text
        case Kind.INTEGER if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise ValueError("is beyond 2**53 - 1")
    return value


def as_currency(field: Field) -> Field:
    """*field*, which holds a currency. Raises TypeError where it cannot."""
    if field.kind is not Kind.TEXT or field.optional or field.many:
        raise TypeError(f"`{field.name}` holds a currency and must be a plain str")
    return Field(name=field.name, attribute=field.attribute, kind=Kind.CURRENCY, choices=field.choices)


def field_of(owner: str, attribute: str, info: FieldInfo, taken: Collection[str]) -> Field:
    """What the field *attribute* of the class *owner* holds. Raises TypeError for one that is *taken*, or of no type of ours."""
    name = wire_name(attribute)
    if name in RESERVED or not name.isascii() or info.alias != name:
        raise TypeError(f"{owner}: a field cannot be named `{info.alias}`; rename it")
    if attribute in taken:
        raise TypeError(f"{owner}: `{attribute}` is taken in Python; write `{attribute}_`, plans and rules keep `{name}`")
    annotation, optional = _without_none(info.annotation)
    metadata = list(info.metadata)
    annotation, inner = _without_metadata(annotation)
    metadata += inner
    many = get_origin(annotation) is tuple
    if many:
        item, *rest = get_args(annotation)
        if rest != [Ellipsis]:
            raise TypeError(f"{owner}.{attribute}: write tuple[..., ...] with one type and an ellipsis")
        annotation, inner = _without_metadata(item)
        metadata += inner
    money = next((mark for mark in metadata if isinstance(mark, Money)), None)
    place = f"{owner}.{attribute}"
    kind, choices = _kind(annotation, money, place)
    if kind is Kind.SECRET:
        choices = _names(info, metadata, place, many=many)
    return Field(
        name=name,
        attribute=attribute,
        kind=kind,
        optional=optional,
        many=many,
        choices=choices,
        currency=money.currency if money else None,
    )


def _kind(annotation: object, money: Money | None, place: str) -> tuple[Kind, tuple[str, ...]]:
    if money is not None and annotation is not Decimal:
        raise TypeError(f"{place}: Money marks a Decimal")
    if annotation is Decimal:
        return (Kind.MONEY if money else Kind.DECIMAL), ()
    if get_origin(annotation) is Literal and all(isinstance(choice, str) for choice in get_args(annotation)):
        return Kind.TEXT, get_args(annotation)
    plain: dict[object, Kind] = {str: Kind.TEXT, bool: Kind.BOOLEAN, int: Kind.INTEGER, Secret: Kind.SECRET}
    if annotation not in plain:
        raise TypeError(
            f"{place}: an action's field is str, bool, int, Decimal, a Literal of texts, or a tuple of these; or a Secret"
        )
    return plain[annotation], ()


def _names(info: FieldInfo, metadata: list[object], place: str, *, many: bool) -> tuple[str, ...]:
    """The names that a secret may refer to; empty: any. Raises TypeError where the field cannot be one."""
    if many:
        raise TypeError(f"{place}: a Secret is one; write a field for each")
    if isinstance(info.default, str) or (isinstance(info.default, Secret) and info.default.name is None):
        raise TypeError(f"{place}: a secret's default is None or a reference; a value does not belong into code")
    return next((mark.allowed for mark in metadata if isinstance(mark, Names)), ())


def _without_none(annotation: object) -> tuple[object, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    rest = [part for part in get_args(annotation) if part is not NoneType]
    return (rest[0], True) if len(rest) == 1 else (annotation, False)


def _without_metadata(annotation: object) -> tuple[object, list[object]]:
    if get_origin(annotation) is not Annotated:
        return annotation, []
    inner, *metadata = get_args(annotation)
    return inner, metadata
