"""Thresholds: where the answer of a rule's condition turns, as a value passes a limit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from signoff.actions import Kind, from_minor_units

from .rule import Condition, Rule
from .shapes import UNKNOWN, Shape
from .syntax import Arithmetic, Cash, Comparator, Comparison, Expression, Number, Text, walk

ORDERED: tuple[Comparator, ...] = ("<", "<=", ">", ">=")
_FINE = Decimal("0.01")  # the unit of numbers with decimals that are no money


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Two neighbours in an ordered comparison: the one that the file fixes is the limit, else the right one."""

    rule: Rule
    part: str  # the key of the condition: `when` or `unless`
    condition: Condition
    comparison: Comparison
    place: int  # of the left one among the operands of the comparison

    @property
    def left(self) -> Expression:
        """What stands left of the comparator."""
        return self.comparison.operands[self.place]

    @property
    def right(self) -> Expression:
        """What stands right of it."""
        return self.comparison.operands[self.place + 1]

    @property
    def turned(self) -> bool:
        """Whether the limit stands on the left: `100 < amount`."""
        return is_written(self.left) and not is_written(self.right)

    @property
    def limit(self) -> Expression:
        """What is compared with."""
        return self.left if self.turned else self.right

    @property
    def subject(self) -> Expression:
        """What is compared with the limit."""
        return self.right if self.turned else self.left

    @property
    def text(self) -> str:
        """As it is written: `amount > 100`."""
        comparator = self.comparison.comparators[self.place]
        return f"{self.condition.excerpt(self.left)} {comparator} {self.condition.excerpt(self.right)}"

    @property
    def shapes(self) -> tuple[Shape, Shape]:
        """Those of both sides, for the first action type that has both."""
        for shapes in self.condition.shapes.values():
            sides = (shapes.get(self.left, UNKNOWN), shapes.get(self.right, UNKNOWN))
            if not any(shape.unknown for shape in sides):
                return sides
        return (UNKNOWN, UNKNOWN)

    @property
    def is_money(self) -> bool:
        """Whether amounts are compared."""
        return any(shape.kind is Kind.MONEY for shape in self.shapes)

    @property
    def is_date(self) -> bool:
        """Whether dates are compared."""
        return any(shape.date for shape in self.shapes)

    def unit(self, currency: str | None) -> Decimal:
        """The smallest step of its values: a cent, one, or a day; *currency* is the file's."""
        if self.is_money:
            code = next((shape.code for shape in self.shapes if shape.code), currency)
            return from_minor_units(1, code) if code is not None else _FINE
        if all(shape.kind is not Kind.DECIMAL for shape in self.shapes):
            return Decimal(1)
        written = self.limit.value if isinstance(self.limit, Number) else _FINE
        return min(_FINE, Decimal(1).scaleb(int(written.as_tuple().exponent)))


def thresholds_of(rule: Rule) -> Iterator[Threshold]:
    """The thresholds of *rule*, in the order written."""
    for part, condition in (("when", rule.when), ("unless", rule.unless)):
        for tree in walk(condition.tree) if condition else ():
            if condition and isinstance(tree, Comparison):
                for place, comparator in enumerate(tree.comparators):
                    if comparator in ORDERED:
                        yield Threshold(rule=rule, part=part, condition=condition, comparison=tree, place=place)


def is_written(tree: Expression) -> bool:
    """Whether the condition itself holds the value."""
    return isinstance(tree, Number | Cash | Text)


def move(limit: Expression, by: Decimal) -> Expression:
    """*limit* moved *by* so much: another value where one is written, else a sum. A date is moved by days."""
    match limit:
        case Number(value=value) | Cash(value=value):
            return replace(limit, value=value + by)
        case Text(value=text):
            return replace(limit, value=move_date(text, int(by)))
    step = Number(value=abs(by), start=limit.start, end=limit.end)
    return Arithmetic(operator="-" if by < 0 else "+", left=limit, right=step, start=limit.start, end=limit.end)


def move_date(text: str, days: int) -> str:
    """The date so many *days* later, where the calendar has one."""
    try:
        return (date.fromisoformat(text) + timedelta(days=days)).isoformat()
    except OverflowError:
        return text


def show_number(value: Decimal, unit: Decimal) -> str:
    """*value* as a file may write it, with no fewer decimals than *unit* has: `10_000.00`."""
    decimals = max(-int(unit.as_tuple().exponent), -int(value.as_tuple().exponent), 0)
    return f"{value:,.{decimals}f}".replace(",", "_")
