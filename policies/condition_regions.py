"""The regions in which a checked condition is true, false or fails, for one action type.

What is compared with a constant is understood: numbers, texts, lists, what may be left out, and the currencies in which
an amount can be compared at all. Anything else is one question by itself: it is known only to be the same where it is
spelled the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import TypeAlias

from signoff.actions import Field, Kind, fold_name

from .comparing import compares_exactly
from .dates import WEEKDAYS, is_date
from .regions import FALSE, TRUE, Space, TruthRegions, Variable
from .shapes import UNKNOWN, Shape, fixed_currency
from .sources import REQUEST
from .syntax import (
    And,
    Arithmetic,
    Call,
    Cash,
    Comparator,
    Comparison,
    Counted,
    Default,
    Entry,
    Expression,
    Has,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    Negative,
    Not,
    Number,
    Or,
    Predicate,
    SourceOf,
    Text,
    Texts,
    Trusted,
    Truth,
    spell,
    walk,
)
from .value_sets import ANY_TEXT, Range, Values, Words, compared, every_number
from .world import World

MAX_WORDS = 1_000  # texts of a list that are looked at one by one
MAX_DAYS = 50  # of a list, in the same way

TURNED: Mapping[Comparator, Comparator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LEAST_MONEY = Decimal("0.0001")  # amounts are more than zero, and no currency has more than four decimals
_TRUTHS = Words(frozenset({"true", "false"}))
_YES, _NO = Words(frozenset({"true"})), Words(frozenset({"false"}))
_ANSWERS = Words(frozenset({"true", "false", "failed"}))
_DAYS = Words(frozenset(WEEKDAYS))
_IN_REQUEST = Words(frozenset({REQUEST}))

Shapes: TypeAlias = Mapping[Expression, Shape]
Pair: TypeAlias = Callable[[Expression, Comparator, Expression], TruthRegions | None]  # None: it is not understood


@dataclass
class RegionReader:
    """Reads the conditions of rules for one action type."""

    fields: Mapping[str, Field]
    world: World
    space: Space
    shapes: Shapes = field(default_factory=dict)  # of the condition that is read
    _known: dict[Expression, TruthRegions] = field(default_factory=dict)

    def outcomes(self, tree: Expression, shapes: Shapes) -> TruthRegions:
        """The regions of *tree*, a condition or a part of one. Raises TooComplex, OutOfEffort."""
        self.shapes = shapes
        return self._read(tree)

    def _read(self, tree: Expression) -> TruthRegions:
        found = self._known.get(tree)
        if found is None:
            found = self._known[tree] = self._find(tree)
        return found

    def _find(self, tree: Expression) -> TruthRegions:
        match tree:
            case Truth(value=value):
                return TRUE if value else FALSE
            case Not(operand=operand):
                return self._read(operand).negated
            case And(operands=operands):
                return reduce(self.space.both, map(self._read, operands))
            case Or(operands=operands):
                return reduce(self.space.both, (self._read(operand).negated for operand in operands)).negated
            case Has(field=name):
                return self._has(name.name)
            case Name(name=name) if self._is_one(name, Kind.BOOLEAN):
                return self.space.asked(("is", name), _TRUTHS, _YES)
            case InRequest(field=name):
                return self._stands_in(name.name, _IN_REQUEST)
            case Trusted(field=name):
                return self.space.asked(("trusted", name.name), _TRUTHS, _YES)
            case Known(name="disputed"):
                return self.space.asked(("disputed",), _TRUTHS, _YES)
            case Comparison():
                return self._comparison(tree) or self._question(tree)
            case Predicate(operator="contains", left=left, right=right) if self._shape(left).many:
                return self._holds(left, right, (left, right)) or self._question(tree)
        return self._question(tree)

    def _stands_in(self, name: str, sources: Words) -> TruthRegions:
        """Whether the value of a field stands in one of *sources*, which are spelt in one way only, folded or not."""
        return self.space.asked(("source", name), ANY_TEXT, sources)

    def _has(self, name: str) -> TruthRegions:
        found = self.fields.get(name)
        if found is None:
            return FALSE
        return self.space.asked(("has", name), _TRUTHS, _YES) if found.optional else TRUE

    def _question(self, tree: Expression) -> TruthRegions:
        """Of a condition that is not understood."""
        variable, domain = ("asked", spell(tree)), _ANSWERS if self._may_fail(tree) else _TRUTHS
        true = self.space.asked(variable, domain, _YES)
        false = self.space.asked(variable, domain, _NO)
        failed = self.space.asked(variable, domain, Words(frozenset({"failed"})))
        return TruthRegions(true=true.true, false=false.true, failed=failed.true)

    def _may_fail(self, tree: Expression) -> bool:
        return any(self._may_fail_here(part) for part in walk(tree))

    def _may_fail_here(self, part: Expression) -> bool:
        match part:
            case Entry() | Counted() | Arithmetic() | Negative() | Predicate(operator="matches"):
                return True
            case Known(name=name):
                return name.startswith("now.")
            case Name(name=name):
                found = self.fields.get(name)
                return found is None or found.kind is Kind.MONEY
        return False

    def _comparison(self, tree: Comparison) -> TruthRegions | None:
        """Of one value compared with a constant, or with two that it stands between. None where it is something else."""
        if any(self._shape(operand).unknown for operand in tree.operands):
            return None
        pair = self._pair_for(tree)
        match tree.operands, tree.comparators:
            case (left, right), (comparator,):
                return pair(left, comparator, right)
            case (low, value, high), (first, second) if self._is_bound(low) and first in TURNED and second in TURNED:
                lower, upper = pair(value, TURNED[first], low), pair(value, second, high)
                return None if lower is None or upper is None else self.space.both(lower, upper)
        return None

    def _is_bound(self, tree: Expression) -> bool:
        return _number(tree) is not None or isinstance(tree, Text)

    def _pair_for(self, tree: Comparison) -> Pair:
        """What reads two operands of *tree*: as dates, as numbers or amounts, or as texts."""
        shapes = [self._shape(operand) for operand in tree.operands]
        if any(shape.date for shape in shapes):
            return self._dates
        if any(shape.numeric for shape in shapes):
            unit = fixed_currency(shapes, self.world.currency)
            return lambda left, comparator, right: self._numbers(left, comparator, right, unit)
        if any(shape.kind is Kind.BOOLEAN for shape in shapes):
            return self._truths
        return lambda left, comparator, right: self._texts(left, comparator, right, tree.operands)

    def _truths(self, left: Expression, comparator: Comparator, right: Expression) -> TruthRegions | None:
        value, truth = (right, left) if isinstance(left, Truth) else (left, right)
        if not isinstance(truth, Truth) or not isinstance(value, Name) or comparator not in ("==", "!="):
            return None
        asked = self._read(value)
        return asked if truth.value is (comparator == "==") else asked.negated

    # Numbers and amounts

    def _numbers(self, left: Expression, comparator: Comparator, right: Expression, unit: str | None) -> TruthRegions | None:
        if _number(right) is None:
            if _number(left) is None or comparator not in TURNED:
                return None
            left, comparator, right = right, TURNED[comparator], left
        limit = _number(right)
        if limit is None or comparator not in TURNED:
            return None
        if isinstance(left, Default):
            return self._default(left, lambda value: self._numbers(value, comparator, right, unit))
        if (constant := _number(left)) is not None:
            return TRUE if compared(comparator, limit, whole=False).meet(compared("==", constant, whole=False)) else FALSE
        return self._limited(left, comparator, limit, unit)

    def _limited(self, value: Expression, comparator: Comparator, limit: Decimal, unit: str | None) -> TruthRegions | None:
        match value:
            case Name(name=name) if (found := self.fields.get(name)) and not found.many:
                whole, money = found.kind is Kind.INTEGER, found.kind is Kind.MONEY
                domain = every_number(_LEAST_MONEY if money else None, whole=whole)
                return self._in_unit(found.currency, unit, self._number(("number", name), domain, comparator, limit))
            case Known(name="plan.size"):
                return self._number(("number", value.name), every_number(1, whole=True), comparator, limit)
            case Known(name="now.hour"):
                asked = self._number(("number", value.name), every_number(0, 23, whole=True), comparator, limit)
                return self._timed(asked)
            case Call(function="len", operands=(Name() | Known() as inner,)):
                variable = ("number", "len", inner.name)
                return self._number(variable, every_number(0, whole=True), comparator, limit)
            case Counted(name=name):
                counter = self.world.counters[name]
                domain = every_number(whole=counter.currency is None)
                known = self.space.asked(("counted", name), _TRUTHS, _YES)
                asked = self.space.guarded(known, self._number(("number", "counters", name), domain, comparator, limit))
                return self._in_unit(counter.currency, unit, asked)
        return None

    def _number(self, variable: Variable, domain: Range, comparator: Comparator, limit: Decimal) -> TruthRegions:
        return self.space.asked(variable, domain, compared(comparator, limit, whole=domain.whole))

    def _in_unit(self, currency: str | None, unit: str | None, asked: TruthRegions) -> TruthRegions:
        """*asked* of an amount whose currency the field *currency* holds: it fails where that is not *unit*."""
        if currency is None or unit is None:
            return asked
        domain = _domain(self.fields[currency], exact=True)
        return self.space.guarded(self.space.asked(("exactly", currency), domain, Words(frozenset({unit}))), asked)

    # Dates

    def _dates(self, left: Expression, comparator: Comparator, right: Expression) -> TruthRegions | None:
        if isinstance(right, Known) and comparator in TURNED:
            left, comparator, right = right, TURNED[comparator], left
        if not isinstance(left, Known):
            return None
        texts = self._constants(right, exact=True)
        if texts is None or len(texts.texts) > MAX_DAYS or not all(map(is_date, texts.texts)):
            return None
        days = [Decimal(date.fromisoformat(text).toordinal()) for text in texts.texts]
        domain, variable = every_number(1, whole=True), ("number", left.name)
        if comparator in TURNED:
            return self._timed(self._number(variable, domain, comparator, days[0])) if isinstance(right, Text) else None
        others = reduce(Range.without, (compared("==", day, whole=True) for day in days), domain)
        asked = self.space.asked(variable, domain, others)
        return self._timed(asked.negated if comparator == "in" else asked)

    def _timed(self, asked: TruthRegions) -> TruthRegions:
        """*asked* of the time: it fails where that is not known."""
        return self.space.guarded(self.space.asked(("known", "now"), _TRUTHS, _YES), asked)

    # Texts

    def _texts(
        self, left: Expression, comparator: Comparator, right: Expression, operands: tuple[Expression, ...]
    ) -> TruthRegions | None:
        if comparator in ("in", "not in") and isinstance(right, Known | Name):
            held = self._holds(right, left, operands)
            return held if held is None or comparator == "in" else held.negated
        if isinstance(left, Text) and comparator in ("==", "!="):
            left, right = right, left
        exact = compares_exactly(operands, self.fields)
        wanted = self._constants(right, exact=exact)
        if wanted is None or comparator not in ("==", "!=", "in", "not in"):
            return None
        asked = self._is_among(left, wanted, exact=exact)
        return asked if asked is None or comparator in ("==", "in") else asked.negated

    def _is_among(self, value: Expression, wanted: Words, *, exact: bool) -> TruthRegions | None:
        """Whether the text *value* is one of those *wanted*, which are folded unless *exact*."""
        mode = "exactly" if exact else "folded"
        match value:
            case Default():
                return self._default(value, lambda part: self._is_among(part, wanted, exact=exact))
            case Text(value=text):
                return TRUE if (text if exact else fold_name(text)) in wanted.texts else FALSE
            case Call(function="lower", operands=(inner,)):
                return self._is_among(inner, wanted, exact=exact)
            case Name(name=name) if self._is_one(name, Kind.TEXT, Kind.CURRENCY):
                return self.space.asked((mode, name), _domain(self.fields[name], exact=exact), wanted)
            case SourceOf(field=name):
                return self._stands_in(name.name, wanted)
            case Known(name="now.weekday"):
                return self._timed(self.space.asked((mode, value.name), _DAYS, wanted))
            case Known(name="actor.id"):
                return self.space.asked((mode, value.name), ANY_TEXT, wanted)
        return None

    def _holds(self, several: Expression, item: Expression, operands: tuple[Expression, ...]) -> TruthRegions | None:
        """Whether a value of several texts holds one."""
        if not isinstance(item, Text) or not isinstance(several, Known | Name) or self._shape(several).kind is not Kind.TEXT:
            return None
        exact = compares_exactly(operands, self.fields)
        variable = ("holds", several.name, "exactly" if exact else "folded", item.value if exact else fold_name(item.value))
        return self.space.asked(variable, _TRUTHS, _YES)

    def _constants(self, tree: Expression, *, exact: bool) -> Words | None:
        """The texts that *tree* holds, whatever the action; None where that is not known, or they are too many."""
        match tree:
            case Text(value=text):
                found: Iterable[str] = [text]
            case Texts(values=texts):
                found = texts
            case Listed(name=name):
                return _few(self.world.items(name, folded=not exact))
            case Keys(name=name):
                return _few(self.world.keys(name, folded=not exact))
            case _:
                return None
        return Words(frozenset(found if exact else map(fold_name, found)))

    # All

    def _default(self, tree: Default, read: Callable[[Expression], TruthRegions | None]) -> TruthRegions | None:
        """What *read* finds for the field where it is given, and for the constant where it is not."""
        absent = read(tree.otherwise)
        if tree.field.name not in self.fields:
            return absent
        given = read(tree.field)
        return None if given is None or absent is None else self.space.chosen(self._has(tree.field.name), given, absent)

    def _is_one(self, name: str, *kinds: Kind) -> bool:
        found = self.fields.get(name)
        return found is not None and found.kind in kinds and not found.many

    def _shape(self, tree: Expression) -> Shape:
        return self.shapes.get(tree, UNKNOWN)


def _number(tree: Expression) -> Decimal | None:
    """The number that stands in the rule."""
    match tree:
        case Number(value=value) | Cash(value=value):
            return value
        case Negative(operand=Number(value=value) | Cash(value=value)):
            return -value
    return None


def _domain(field: Field, *, exact: bool) -> Values:
    if not field.choices:
        return ANY_TEXT
    return Words(frozenset(field.choices if exact else map(fold_name, field.choices)))


def _few(texts: frozenset[str]) -> Words | None:
    return Words(texts) if len(texts) <= MAX_WORDS else None
