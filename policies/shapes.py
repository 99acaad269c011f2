"""What values an expression has, as far as rules need to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from signoff.actions import Field, Kind, format_money

from .syntax import Cash, Number, Text, Texts, Truth

NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
NUMERIC = NUMBERS | {Kind.MONEY}
_NAMES = {
    Kind.MONEY: "money",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.TEXT: "text",
    Kind.BOOLEAN: "true or false",
    Kind.SECRET: "a secret",
}
_ITEMS = {
    Kind.MONEY: "money",
    Kind.INTEGER: "whole numbers",
    Kind.DECIMAL: "numbers",
    Kind.TEXT: "text",
    Kind.BOOLEAN: "truths",
}


@dataclass(frozen=True)
class Shape:
    """The type of an expression."""

    kind: Kind | None  # None: nothing is known, after a mistake or where the action type has no such field
    many: bool = False  # a list of these
    constant: bool = False  # the same for every action
    plain: bool = False  # of money: a plain number is in it, so it must be in the file's currency
    zero: bool = False  # of a number: 0, which is the same in every currency
    code: str | None = None  # of money: the currency that the rule itself names
    free: bool = False  # of a number: it stands in the file, and can be taken as money as a plain number can
    date: bool = False  # of text: a date

    @property
    def unknown(self) -> bool:
        """Whether anything goes, because it was reported already or is never reached."""
        return self.kind is None

    @property
    def numeric(self) -> bool:
        """Whether it can be ordered and calculated with."""
        return self.kind in NUMERIC and not self.many

    @property
    def written(self) -> bool:
        """Whether the file itself holds it, whatever the action."""
        return self.constant or self.free

    @property
    def truth(self) -> bool:
        """Whether it can stand as a condition."""
        return self.kind is Kind.BOOLEAN and not self.many

    def __str__(self) -> str:
        if self.kind is None:
            return "unknown"
        if self.constant and self.kind is Kind.INTEGER:
            return "a number"
        if self.date:
            return "a date"
        return f"a list of {_ITEMS[self.kind]}" if self.many else _NAMES[self.kind]


UNKNOWN = Shape(None)
TRUTH = Shape(Kind.BOOLEAN)


def shape_of_field(field: Field) -> Shape:
    """The shape of an action's *field* where it is given."""
    return Shape(Kind.TEXT if field.kind is Kind.CURRENCY else field.kind, many=field.many)


def shape_of_constant(constant: Number | Cash | Text | Truth | Texts) -> Shape:
    """The shape of what is written in the rule itself."""
    match constant:
        case Cash(currency=currency):
            return Shape(Kind.MONEY, constant=True, code=currency)
        case Number(value=value):
            return Shape(Kind.INTEGER if _is_whole(value) else Kind.DECIMAL, constant=True, zero=value == 0)
        case Text():
            return Shape(Kind.TEXT, constant=True)
        case Truth():
            return Shape(Kind.BOOLEAN, constant=True)
        case Texts():
            return Shape(Kind.TEXT, many=True, constant=True)


def sum_shape(left: Shape, right: Shape) -> Shape:
    """The shape of `left + right` and `left - right`, both numeric and fitting."""
    kind = _common(left, right)
    plain = kind is Kind.MONEY and (left.plain or right.plain or left.kind is not right.kind)
    return _combined(kind, left, right, plain=plain)


def product_shape(left: Shape, right: Shape) -> Shape:
    """The shape of `left * right`, one of them constant."""
    return _combined(_common(left, right), left, right, plain=left.plain or right.plain)


def _combined(kind: Kind, left: Shape, right: Shape, *, plain: bool) -> Shape:
    constant = left.constant and right.constant
    free = kind is not Kind.MONEY and left.written and right.written and not constant
    return Shape(kind, constant=constant, plain=plain, code=left.code or right.code, free=free)


def fixed_currency(shapes: Sequence[Shape], currency: str | None) -> str | None:
    """What the money in one comparison must be in: the currency that an amount names, or *currency*, the file's, beside a
    plain number. None where it must only be the same everywhere.
    """
    if code := next((shape.code for shape in shapes if shape.code), None):
        return code
    plain = any(shape.plain or (shape.kind in NUMBERS and not shape.many and not shape.zero) for shape in shapes)
    return currency if plain else None


def fit(left: Shape, right: Shape) -> bool:
    """Whether the two can be compared for equality, or added where they are numeric."""
    if left.unknown or right.unknown:
        return True
    if left.many or right.many:
        return False
    if Kind.MONEY in (left.kind, right.kind):
        other = right if left.kind is Kind.MONEY else left
        return other.kind is Kind.MONEY or (other.numeric and other.written)
    if left.date is not right.date:
        return left.kind is right.kind and (left.constant or right.constant)
    return left.kind is right.kind or (left.numeric and right.numeric)


def _common(left: Shape, right: Shape) -> Kind:
    for kind in (Kind.MONEY, Kind.DECIMAL):
        if kind in (left.kind, right.kind):
            return kind
    return Kind.INTEGER


def _is_whole(value: Decimal) -> bool:
    return value.as_tuple().exponent == 0 or value == value.to_integral_value()


def is_currency(code: str) -> bool:
    """Whether *code* is a currency of ISO 4217."""
    try:
        format_money(Decimal(0), code)
    except ValueError:
        return False
    return True
