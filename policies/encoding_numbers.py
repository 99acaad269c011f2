"""Numbers in conditions, as terms over symbols."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from signoff.actions import Kind, currency_decimals

from .comparing import Unit
from .encoding_texts import Wording
from .logic import Number, Truth, choose, chosen, every, negate, some
from .syntax import (
    Arithmetic,
    Call,
    Cash,
    Counted,
    Default,
    Entry,
    Expression,
    Keys,
    Known,
    Listed,
    Name,
    Negative,
    Texts,
    spell,
)
from .syntax import Number as Written
from .texts import DateSymbol, Part
from .world import fold

FEW_CASES = 8  # numbers of a table that stand in each other, not beside each other

_NOTHING = Number(0)
_DATE = 10  # characters of 2026-12-24


@dataclass
class Reckoning(Wording):
    """Numbers, each with whether it cannot be had."""

    held: dict[str, Number] = field(default_factory=dict)  # by how a table is asked: the number that it holds

    def worth(self, tree: Expression, unit: Unit) -> tuple[Number, Truth]:
        """A number; money in it must be in *unit*."""
        match tree:
            case Written(value=written) | Cash(value=written):
                return Number.of(Fraction(written)), False
            case Name(name=name) if name in self.fields:
                return self._field(name, unit)
            case Default():
                return self._given_or(tree, unit)
            case Counted(name=name):
                return self._counted(name, unit)
            case Entry():
                return self._held(tree), self.missing(tree)
            case Known(name="plan.size"):
                return self.symbols.plan_size, False
            case Known(name="now.hour") if clock := self.clock:
                return Number(clock.hour), negate(clock.known)
            case Call(function="len", operands=(operand,)):
                return self._length(operand)
            case Call(operands=operands):
                return self._called(tree, [self.worth(operand, unit) for operand in operands])
            case Negative(operand=operand):
                value, fails = self.worth(operand, unit)
                return -value, fails
            case Arithmetic():
                return self._calculated(tree, unit)
        return _NOTHING, True  # the action type has no such field, or the time cannot be had

    def _field(self, name: str, unit: Unit) -> tuple[Number, Truth]:
        found, value = self.fields[name], self.symbols.number(name)
        return (value, False) if found.kind is not Kind.MONEY else self._in_unit(value, found.currency, unit)

    def _in_unit(self, value: Number, currency: str | None, unit: Unit) -> tuple[Number, Truth]:
        """So many of a currency's smallest unit, where they are in *unit*.

        Where *unit* is the currency of a field, no plain number is calculated with: all of it is in smallest units.
        """
        assert currency is not None
        mine = self.symbols.text(currency)
        if unit.field is not None:
            same = True if unit.field == currency else mine.equals(self.symbols.text(unit.field))
            return (value, negate(same)) if same is not None else (value, self._other_currency(currency, unit.field))
        if unit.code is None or unit.code not in mine.values:
            return value, unit.code is not None
        return Number(value.parts, 10 ** currency_decimals(unit.code)), negate(mine.among([mine.values.index(unit.code)]))

    def _other_currency(self, one: str, other: str) -> Truth:
        """Whether two fields with choices of their own hold different currencies."""
        left, right = self.symbols.text(one), self.symbols.text(other)
        shared = [code for code in left.values if code in right.values]
        both = [every(left.among([left.values.index(code)]), right.among([right.values.index(code)])) for code in shared]
        return negate(some(*both))

    def _given_or(self, tree: Default, unit: Unit) -> tuple[Number, Truth]:
        otherwise, _ = self.worth(tree.otherwise, unit)
        name = tree.field.name
        if name not in self.fields:
            return otherwise, False
        value, fails = self._field(name, unit)
        given = self.symbols.given(name)
        return choose(given, value, otherwise), every(given, fails)

    def _counted(self, name: str, unit: Unit) -> tuple[Number, Truth]:
        counter = self.world.counters[name]
        found = self.symbols.counter(name, counter)
        value, fails = Number(found.units), negate(found.known)
        if counter.currency is None:
            return value, fails
        value, elsewhere = self._in_unit(value, counter.currency, unit)
        return value, some(fails, elsewhere)

    def _cases(self, tree: Entry, factor: Number) -> list[tuple[Truth, Number]]:
        """The numbers that a table holds, times *factor*, each with whether it is the one that is asked for."""
        key, cell = self.cells(tree)
        held: dict[Decimal, set[str]] = {}
        for text in key.texts:
            if isinstance(found := cell(text), Decimal):
                held.setdefault(found, set()).add(text)
        return [(key.asked(texts.__contains__), factor.times(Fraction(number))) for number, texts in held.items()]

    def _held(self, tree: Entry) -> Number:
        """The number that a table holds."""
        name = spell(tree)
        if name not in self.held:
            self.held[name] = self._by_cases(self._cases(tree, Number(1)), self.excerpt(tree))
        return self.held[name]

    def _by_cases(self, cases: list[tuple[Truth, Number]], shown: str) -> Number:
        """The number of the one case that is true; any, where there are too many."""
        if len(cases) <= FEW_CASES:
            return chosen(cases, _NOTHING)
        return self.symbols.defined(cases, shown, self.number)

    def _length(self, tree: Expression) -> tuple[Number, Truth]:
        """The number of characters of a text, or of texts in a list."""
        match tree:
            case Texts(values=texts):
                return Number(len(set(texts))), False
            case Listed(name=name):
                return Number(len(self.world.items(name, folded=False))), False
            case Keys(name=name):
                return Number(len(self.world.keys(name, folded=False))), False
            case Known(name="actor.roles"):
                return self._role_count(), False
            case Name(name=name) if name in self.fields and self.fields[name].many:
                return self.symbols.size(name), False
            case Default(field=Name(name=name), otherwise=Texts() as otherwise):
                size, _ = self._length(otherwise)
                return choose(self.symbols.given(name), self.symbols.size(name), size) if name in self.fields else size, False
        folded = isinstance(tree, Call)
        term, fails = self.text(tree, exact=not folded)
        return chosen([(part.guard, self._part_length(part, folded)) for part in term.parts], _NOTHING), fails

    def _role_count(self) -> Number:
        actor = self.symbols.actor
        counts = [len(self.world.roles.get(person, ())) for person in actor.values]
        return chosen([(actor.among(_places(counts, count)), Number(count)) for count in sorted(set(counts))], _NOTHING)

    def _part_length(self, part: Part, folded: bool) -> Number:
        symbol = part.symbol
        lengths = [None if text is None else len(fold(text) if folded else text) for text in part.texts]
        if symbol is None:
            return Number(lengths[0] or 0)
        if part.whole and not symbol.exact and not folded:
            return self.symbols.length(symbol.name, folded=False)
        known = sorted({length for length in lengths if length is not None})
        cases = [(symbol.among(_places(lengths, length)), Number(length)) for length in known]
        if isinstance(symbol, DateSymbol):
            return chosen(cases, Number(_DATE))
        return chosen(cases, self.symbols.length(symbol.name, folded=folded) if part.whole and symbol.others else _NOTHING)

    def _called(self, tree: Call, read: list[tuple[Number, Truth]]) -> tuple[Number, Truth]:
        """`min`, `max` and `abs`."""
        (value, fails), *others = read
        if tree.function == "abs":
            return choose(value.compared("<", _NOTHING), -value, value), fails
        for other, missing in others:
            value = choose(other.compared("<" if tree.function == "min" else ">", value), other, value)
            fails = some(fails, missing)
        return value, fails

    def _calculated(self, tree: Arithmetic, unit: Unit) -> tuple[Number, Truth]:
        left, missing = self.worth(tree.left, unit)
        right, other = self.worth(tree.right, unit)
        fails = some(missing, other)
        if tree.operator == "*":
            return self._product(tree, left, right), fails
        return (left + right if tree.operator == "+" else left + -right), fails

    def _product(self, tree: Arithmetic, left: Number, right: Number) -> Number:
        """A product, one side of which stands in the file."""
        sides = ((left, right, tree.left), (right, left, tree.right))
        for one, other, _ in sides:
            if one.known is not None:
                return other.times(one.known)
        for _, other, written in sides:
            if isinstance(written, Entry):
                return self._by_cases(self._cases(written, other), self.excerpt(tree))
        return self.symbols.free(self.excerpt(tree), self.number, left.parts_of_one * right.parts_of_one)


def _places(values: list[int] | list[int | None], wanted: int | None) -> list[int]:
    return [index for index, value in enumerate(values) if value == wanted]
