"""Checked conditions to expressions over symbols: whether they hold for any action of one type in any context.

A condition is true, false, or fails. Operands are read from left to right, as far as needed, as the compiled ones are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TypeAlias

from signoff.actions import Kind

from .comparing import Unit
from .dates import is_date
from .decision import DecisionEffect
from .encoding_numbers import Reckoning
from .logic import Number, Truth, Whole, compare, every, negate, same, some
from .rule import Condition, Rule
from .shapes import UNKNOWN, Shape
from .syntax import (
    And,
    Comparator,
    Comparison,
    Default,
    Entry,
    Expression,
    Has,
    InRequest,
    Known,
    Name,
    Not,
    Or,
    Predicate,
    Text,
    Trusted,
)
from .syntax import Truth as Written
from .texts import DateSymbol, TextSymbol, TextTerm, asked_of_both, equal_symbols, spelt
from .world import fold, fold_part

_TESTS = {"startswith": str.startswith, "endswith": str.endswith, "contains": str.__contains__}


@dataclass(frozen=True)
class Answer:
    """Whether a condition holds; `holds` means nothing where it `fails`."""

    holds: Truth
    fails: Truth = False


Value: TypeAlias = Number | TextTerm | Answer | None  # None: a list, which is asked for as it is written


@dataclass
class Encoding(Reckoning):
    """The conditions of one policy, for the actions of one type."""

    matched: dict[str, Truth] = field(default_factory=dict)  # by the rule's id: whether it counts as matched

    def matches(self, rule: Rule) -> Truth:
        """Whether a rule counts as matched: where its conditions fail, a strict one does."""
        if rule.id not in self.matched:
            met = self.met(rule.when, rule.unless)
            allows = rule.effect is DecisionEffect.ALLOW
            matches = every(met.holds, negate(met.fails)) if allows else some(met.holds, met.fails)
            self.matched[rule.id] = self.symbols.named(matches)
        return self.matched[rule.id]

    def met(self, when: Condition | None, unless: Condition | None) -> Answer:
        """Whether the conditions of a rule are met: the first, and not the second."""
        first, second = self.asked(when, otherwise=True), self.asked(unless, otherwise=False)
        return Answer(every(first.holds, negate(second.holds)), some(first.fails, every(first.holds, second.fails)))

    def asked(self, condition: Condition | None, *, otherwise: bool) -> Answer:
        """Whether a condition holds; *otherwise* where there is none."""
        if condition is None:
            return Answer(otherwise)
        self.shapes, self.source = condition.shapes[self.symbols.type_], condition.text
        return self.condition(condition.tree)

    def condition(self, tree: Expression) -> Answer:
        """Whether *tree* holds."""
        match tree:
            case Written(value=value):
                return Answer(value)
            case Name(name=name):
                return Answer(self.symbols.truth(name)) if name in self.fields else Answer(False, True)
            case Default(field=Name(name=name)):
                return self._given_or_written(name, self.condition(tree.otherwise))
            case Has(field=Name(name=name)):
                return Answer(self.symbols.given(name))
            case InRequest(field=Name(name=name)):
                return Answer(self.symbols.requested(name))
            case Trusted(field=Name(name=name)):
                return Answer(self.symbols.trusted(name))
            case Known(name="disputed"):
                return Answer(self.symbols.disputed)
            case Not(operand=operand):
                answer = self.condition(operand)
                return Answer(negate(answer.holds), answer.fails)
            case And(operands=operands):
                return _joined([self.condition(operand) for operand in operands], all_true=True)
            case Or(operands=operands):
                return _joined([self.condition(operand) for operand in operands], all_true=False)
            case Entry():
                key, cell = self.cells(tree)
                return Answer(key.asked(lambda text: cell(text) is True), self.missing(tree))
            case Comparison():
                return self._comparison(tree)
            case Predicate():
                return self._predicate(tree)
        return Answer(self.unknown(tree))

    def _given_or_written(self, name: str, otherwise: Answer) -> Answer:
        if name not in self.fields:
            return otherwise
        given = self.symbols.given(name)
        return Answer(some(every(given, self.symbols.truth(name)), every(negate(given), otherwise.holds)), False)

    def _comparison(self, tree: Comparison) -> Answer:
        shapes = [self._shape(operand) for operand in tree.operands]
        if any(shape.unknown for shape in shapes):  # never reached: the type has no such field
            return Answer(False, True)
        exact = self.reading.is_exact(tree.operands)
        unit = self.reading.unit(tree.operands, shapes)
        read = [self._value(operand, unit, exact=exact) for operand in tree.operands]
        holds: Truth = True
        fails = read[0][1]
        pairs = zip(pairwise(tree.operands), pairwise(read), tree.comparators, strict=True)
        for (left, right), ((first, _), (second, missing)), comparator in pairs:
            fails = some(fails, every(holds, missing))
            holds = every(holds, self._pair(comparator, (left, first), (right, second), tree, exact=exact))
        return Answer(holds, fails)

    def _value(self, tree: Expression, unit: Unit, *, exact: bool) -> tuple[Value, Truth]:
        """What is compared, and whether it cannot be had."""
        shape = self._shape(tree)
        if shape.many:
            return None, self._lacks(tree)
        if shape.numeric:
            return self.worth(tree, unit)
        if shape.kind is Kind.BOOLEAN:
            answer = self.condition(tree)
            return answer, answer.fails
        return self.text(tree, exact=exact)

    def _lacks(self, tree: Expression) -> Truth:
        """Whether a list is a field that the action type has not."""
        return isinstance(tree, Name) and tree.name not in self.fields

    def _pair(
        self,
        comparator: Comparator,
        left: tuple[Expression, Value],
        right: tuple[Expression, Value],
        tree: Comparison,
        *,
        exact: bool,
    ) -> Truth:
        """Whether two neighbours in the comparison *tree* compare as they should."""
        if comparator in ("in", "not in"):
            found = self._membership(left, right[0], tree, exact=exact)
            return found if comparator == "in" else negate(found)
        match left[1], right[1]:
            case Number() as one, Number() as other:
                return one.compared(comparator, other)
            case Answer() as one, Answer() as other:
                equal = same(one.holds, other.holds)
                return equal if comparator == "==" else negate(equal)
            case TextTerm() as one, TextTerm() as other:
                return self._texts(comparator, one, other, tree, exact=exact)
        return self.unknown(tree)

    def _membership(self, left: tuple[Expression, Value], items: Expression, tree: Expression, *, exact: bool) -> Truth:
        match left[1]:
            case TextTerm() as item:
                return self.contains(items, item, tree, exact=exact)
            case Number() as number if number.known is not None and isinstance(items, Name) and items.name in self.fields:
                return every(self.symbols.given(items.name), self.symbols.holds(items.name, str(number.known), exact=True))
        return self.unknown(tree)

    def _texts(self, comparator: Comparator, one: TextTerm, other: TextTerm, tree: Comparison, *, exact: bool) -> Truth:
        if comparator not in ("==", "!="):
            return self._order(comparator, one, other, tree)
        equal = self._equal(one, other, tree, exact=exact)
        return equal if comparator == "==" else negate(equal)

    def _equal(self, one: TextTerm, other: TextTerm, tree: Comparison, *, exact: bool) -> Truth:
        for term, constant in ((one, other.constant), (other, one.constant)):
            if constant is not None:
                return term.is_in({spelt(constant, exact=exact)}, exact=exact)
        equal = equal_symbols(one, other)
        if equal is None:
            return asked_of_both(one, other, partial(_are_equal, exact), None, lambda: self.unknown(tree))
        return equal

    def _order(self, comparator: Comparator, one: TextTerm, other: TextTerm, tree: Comparison) -> Truth:
        """Whether two dates stand in an order."""
        left, right = _day(one), _day(other)
        if left is None or right is None:
            return self.unknown(tree)
        return compare(comparator, left, right)

    def _predicate(self, tree: Predicate) -> Answer:
        left, right = self._shape(tree.left), self._shape(tree.right)
        if left.unknown or right.unknown:  # never reached: the type has no such field
            return Answer(False, True)
        if left.many:  # contains
            operands = (tree.right, tree.left)
            return self._comparison(Comparison(operands=operands, comparators=("in",), start=tree.start, end=tree.end))
        exact = self.reading.is_exact((tree.left, tree.right))
        (one, missing), (other, lacking) = self.text(tree.left, exact=exact), self.text(tree.right, exact=exact)

        def opaque(symbol: TextSymbol) -> Truth:
            known = one.constant or other.constant
            return self.unknown(tree, f"{symbol.name} {tree.operator} {known!r}, {one.constant is None}, {exact}")

        holds = asked_of_both(one, other, self._relation(tree, exact=exact), opaque, lambda: self.unknown(tree))
        return Answer(holds, some(missing, lacking))

    def _relation(self, tree: Predicate, *, exact: bool) -> Callable[[str, str], bool]:
        """What is asked of two texts."""
        if tree.operator == "matches":
            assert isinstance(tree.right, Text)
            pattern = self.world.pattern(tree.right.value, folded=not exact)
            return lambda text, _: pattern(spelt(text, exact=exact)) is not None
        test = _TESTS[tree.operator]
        if isinstance(tree.right, Text) and not exact:
            head, tail = tree.operator != "startswith", tree.operator != "endswith"
            part = fold_part(tree.right.value, head=head, tail=tail)
            return lambda text, _: test(fold(text), part)
        return lambda text, other: test(spelt(text, exact=exact), spelt(other, exact=exact))

    def _shape(self, tree: Expression) -> Shape:
        return self.shapes.get(tree, UNKNOWN)


def _joined(answers: Sequence[Answer], *, all_true: bool) -> Answer:
    """Several joined by `and` (*all_true*) or `or`: the next one counts where the ones before do not end it."""
    fails: Truth = False
    through: Truth = True  # whether it did not end yet
    for answer in answers:
        fails = some(fails, every(through, answer.fails))
        through = every(through, answer.holds if all_true else negate(answer.holds))
    return Answer(through if all_true else negate(through), fails)


def _are_equal(exact: bool, one: str, other: str) -> bool:
    return spelt(one, exact=exact) == spelt(other, exact=exact)


def _day(term: TextTerm) -> Whole | None:
    """The number of a date; None where the term is none."""
    if (text := term.constant) is not None:
        return date.fromisoformat(text).toordinal() if is_date(text) else None
    symbol = term.parts[0].symbol
    return symbol.day if isinstance(symbol, DateSymbol) and term.parts[0].whole and len(term.parts) == 1 else None
