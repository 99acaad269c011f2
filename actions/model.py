"""Action: a frozen, typed model of one thing to do, and the code that does it."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from signoff.actor import Actor
from signoff.canonical import Json, canonical, digest

from .effect import Effect, Retry
from .field import Field, Kind, as_currency, field_of, read_value, wire_name
from .money import check_money, format_money, write_decimal, write_money
from .secret import Secret, Unreadable, hide_secret
from .text import show_text

_SHOWN = 60  # characters of a wrong field's name that an error repeats


class Transaction(Protocol):
    """The database, as an action's code sees it: its own tables, inside a transaction that is not its own to end."""

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows."""


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What an action may ask while its names are resolved and its details are worked out: reading only."""

    actor: Actor
    tx: Transaction


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What a running action is given."""

    actor: Actor  # who asked for the plan
    key: str  # the idempotency key: the same at every attempt
    now: datetime
    tx: Transaction | None  # for READ (reading only) and LOCAL; None for effects outside this database

    @property
    def database(self) -> Transaction:
        """The transaction of a READ or LOCAL action. Raises TypeError in any other."""
        if self.tx is None:
            raise TypeError("only READ and LOCAL actions are given the database")
        return self.tx


class Action(BaseModel):
    """One thing to do. Subclass it with a `type` literal, typed fields and `run`, or decorate a function with `@action`.

    Values are exact: nothing is coerced. A field named like a Python keyword takes a trailing underscore (`from_`),
    which plans and rules leave out. Field types: str, bool, int, Decimal (money with `Money`), a Literal of texts,
    any of these `| None`, and tuples of them; a Secret, which is one, may be `| None`, too.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        alias_generator=wire_name,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )

    type: str
    effect: ClassVar[Effect] = Effect.OPAQUE
    window: ClassVar[timedelta | None] = None  # IDEMPOTENT: for how long, from the first send, the receiver knows our key
    timeout: ClassVar[float | None] = None  # seconds after which an effect outside the database is given up; None: never
    retry: ClassVar[Retry] = Retry()  # IDEMPOTENT and PROBE
    fields: ClassVar[Mapping[str, Field]] = {}  # by wire name, `type` left out
    payee_field: ClassVar[str] = "to"  # the field, where there is one, that names who gets it: what a batch is summed up by
    _hidden: ClassVar[Mapping[str, Field]] = {}  # those that are secrets, by either of their names

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        taken = dir(Action)
        fields = {attribute: info for attribute, info in cls.model_fields.items() if attribute != "type"}
        found = [field_of(cls.__name__, attribute, info, taken) for attribute, info in fields.items()]
        for name, uses in Counter(field.name for field in found).items():
            if uses > 1:
                raise TypeError(f"{cls.__name__}: two fields are named `{name}` in plans; rename one")
        currencies = {field.currency for field in found}
        cls.fields = {f.name: as_currency(f) if f.name in currencies else f for f in found}
        cls._hidden = {name: f for f in found if f.kind is Kind.SECRET for name in (f.name, f.attribute)}
        for missing in currencies - cls.fields.keys() - {None}:
            raise TypeError(f"{cls.__name__} has no field `{missing}` to hold a currency")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Secrets are hidden before anything else looks at them: an error of pydantic's holds all that it was given."""
        return core_schema.no_info_before_validator_function(cls._hide_secrets, handler(source))

    @classmethod
    def _hide_secrets(cls, data: object) -> object:
        if not cls._hidden or not isinstance(data, Mapping):
            return data
        return {
            name: hide_secret(value, found.choices) if (found := cls._hidden.get(name)) and value is not None else value
            for name, value in data.items()
        }

    @field_validator("*", mode="before")
    @classmethod
    def _read_exactly(cls, value: object, info: ValidationInfo) -> object:
        field = cls.fields.get(wire_name(info.field_name or ""))
        if field is None or (value is None and field.optional):
            return value
        if isinstance(value, Unreadable):
            raise ValueError(value.problem)
        if field.many and isinstance(value, list | tuple):
            return tuple(read_value(field.kind, item) for item in value)
        return read_value(field.kind, value)

    @model_validator(mode="after")
    def _check_money(self) -> Self:
        for field in self.fields.values():
            value = getattr(self, field.attribute)
            if field.currency is None or value is None:
                continue
            currency = getattr(self, self.fields[field.currency].attribute)
            for amount in value if field.many else (value,):
                try:
                    check_money(amount, currency)
                except ValueError as error:
                    raise ValueError(f"`{field.name}` {error}") from error
        return self

    @abstractmethod
    def run(self, execution: Execution) -> Json:
        """Do it, and return what is worth recording. Raise NotDone where it is certain that nothing happened."""

    def probe(self, execution: Execution) -> bool | None:
        """Ask the receiver whether it happened; for the effect PROBE. None, or an exception, where it does not say.

        False means that it did not happen and will not: where an earlier attempt can still arrive, that is None.
        """
        return None

    def resolve(self, lookup: Lookup) -> Self:
        """This action with every name replaced by the registered one it stands for.

        Raises ActionInvalid where a name is unknown or ambiguous; it is never guessed.
        """
        return self

    def caution(self) -> str | None:
        """Why this action asks for approval by itself, whatever the policies say. None where it does not."""
        return None

    def title(self) -> str:
        """The action in a few words, for people: `Transfer 150.00 USD`."""
        amounts = [
            format_money(value, getattr(self, self.fields[field.currency].attribute))
            for field in self.fields.values()
            if field.currency and not field.many and (value := getattr(self, field.attribute)) is not None
        ]
        return " ".join([self.type.replace("_", " ").capitalize(), *amounts])

    def details(self, lookup: Lookup) -> dict[str, str]:
        """What else an approver must see, a line each. By default every field as it is written in the plan."""
        given = ((field, getattr(self, field.attribute)) for field in self.fields.values())
        return {f.name: str(value if f.kind is Kind.SECRET else self._write(f)) for f, value in given if value is not None}

    def wire(self) -> dict[str, Json]:
        """This action as JSON, every field named as plans name it, amounts as text."""
        return {"type": self.type} | {f.name: self._write(f) for f in self.fields.values()}

    def canonical(self) -> bytes:
        """The canonical JSON of this action: what is stored, and what is digested."""
        return canonical(self.wire())

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hexadecimal."""
        return digest(self.canonical())

    def _write(self, field: Field) -> Json:
        value = getattr(self, field.attribute)
        if value is None:
            return None
        if field.many:
            return [self._write_one(field, item) for item in value]
        return self._write_one(field, value)

    def _write_one(self, field: Field, value: Json | Decimal | Secret) -> Json:
        if field.currency is not None:
            assert isinstance(value, Decimal)
            return write_money(value, getattr(self, self.fields[field.currency].attribute))
        if isinstance(value, Secret):
            return value.wire()
        return write_decimal(value) if isinstance(value, Decimal) else value


def problems_of(error: ValidationError) -> list[str]:
    """What is wrong, one text for each problem: "`amount` must be more than 0"."""
    return [_problem(dict(detail)) for detail in error.errors(include_url=False)]


def _problem(detail: dict[str, Any]) -> str:
    place = show_text(".".join(str(part) for part in detail["loc"])[:_SHOWN])
    match detail["type"]:
        case "missing":
            return f"`{place}` is missing; write it"
        case "extra_forbidden":
            return f"`{place}` is not a field of this action; leave it out"
        case "value_error":
            return f"`{place}` {detail['ctx']['error']}" if place else str(detail["ctx"]["error"])
        case "literal_error":
            return f"`{place}` must be one of {detail['ctx']['expected']}"
    wanted = _WANTED.get(detail["type"])
    return f"`{place}` must be {wanted}" if wanted else f"`{place}`: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


# What pydantic's strict types want, in the words of plans.
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "is_instance_of": "a secret",
    "bool_type": "true or false",
    "tuple_type": "a list",
}
