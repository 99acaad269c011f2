"""How one comparison reads its operands: texts folded or as they are, amounts in one currency.

Rules are decided (lowering.py) and reasoned about (encoding.py) by this one reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.actions import Field, Kind

from .counters import Counter
from .shapes import Shape, fixed_currency
from .syntax import Arithmetic, Call, Counted, Default, Expression, Known, Name, Negative, SourceOf


@dataclass(frozen=True)
class Unit:
    """The currency that all amounts in one comparison must be in; without code and field there is no money in it."""

    code: str | None = None  # where the file or the rule names it
    field: str | None = None  # else the action's field that it is taken from


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the comparisons of one action type are read with."""

    fields: Mapping[str, Field]  # of the action type
    counters: Mapping[str, Counter]
    currency: str | None  # the file's

    def is_exact(self, operands: Sequence[Expression]) -> bool:
        """Whether texts are compared as they are."""
        return compares_exactly(operands, self.fields)

    def unit(self, operands: Sequence[Expression], shapes: Sequence[Shape]) -> Unit:
        """What the money in one comparison must be in: the file's currency, or that of the first amount."""
        if all(shape.kind is not Kind.MONEY for shape in shapes):
            return Unit()
        if code := fixed_currency(shapes, self.currency):
            return Unit(code=code)
        first = next(found for operand in operands for found in self._money_in(operand))
        return Unit(field=first.currency)

    def counter(self, name: str) -> Field:
        """A counter as if it were a field of the action: its money is in the currency that its key names."""
        counter = self.counters[name]
        return Field(name=f"counters.{name}", attribute="", kind=counter.kind, currency=counter.currency)

    def _money_in(self, tree: Expression) -> list[Field]:
        match tree:
            case Name(name=name):
                return [self.fields[name]] if self.fields[name].currency else []
            case Counted(name=name):
                return [found] if (found := self.counter(name)).currency else []
            case Arithmetic(left=left, right=right):
                return self._money_in(left) + self._money_in(right)
            case Negative(operand=operand):
                return self._money_in(operand)
            case Call(operands=operands):
                return [found for operand in operands for found in self._money_in(operand)]
        return []


def compares_exactly(operands: Sequence[Expression], fields: Mapping[str, Field]) -> bool:
    """Whether texts are compared as they are: fields with fixed choices, currencies, actors and sources, and no other field."""
    fixed = [isinstance(operand, Known | SourceOf) for operand in operands]
    for operand in operands:
        match operand:
            case Known(name="now.weekday") | Call():
                return False
            case Name(name=name) | Default(field=Name(name=name)) if found := fields.get(name):
                fixed.append(found.kind is Kind.CURRENCY or bool(found.choices))
                if not fixed[-1]:
                    return False
    return any(fixed)
