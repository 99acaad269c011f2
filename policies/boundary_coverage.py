"""Boundaries: on which sides of each threshold a file's tests try the rules, and what to try next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from .certainty import least_value
from .compiler import compile_operands
from .policy import Policy
from .rule import Rule
from .rule_coverage import RuleMatches
from .syntax import Cash, Counted, Expression, Known, Number, Text
from .thresholds import Threshold, is_written, move_date, show_number, thresholds_of

_LAST_HOUR = 23

Ordered: TypeAlias = Decimal | int | str  # numbers with numbers, dates with dates


class Side(StrEnum):
    """Where a value stands beside its limit."""

    BELOW = "below"
    AT = "at"
    ABOVE = "above"


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """A threshold, and where the tests try it."""

    rule: Rule
    text: str  # `amount > 100`
    tried: frozenset[Side]
    possible: frozenset[Side]  # where a value can stand at all
    missing: tuple[str, ...]  # a text for each side that no test tries: `no test has amount 100.00`

    @property
    def covered(self) -> bool:
        """Whether every side is tried that a value can stand on."""
        return self.possible <= self.tried


@dataclass(kw_only=True)
class _Tally:
    """What the tests show of one threshold."""

    sides: set[Side] = field(default_factory=set)
    limit: Ordered | None = None  # the last one that was seen, where the file does not fix it


def find_boundaries(policy: Policy, heard: Sequence[RuleMatches]) -> tuple[Boundary, ...]:
    """Every threshold of the rules, in the file's order."""
    by_type: dict[str, list[RuleMatches]] = {}
    for speaking in heard:
        by_type.setdefault(speaking.one.action.type, []).append(speaking)
    return tuple(_boundary(policy, threshold, by_type) for rule in policy.document.rules for threshold in thresholds_of(rule))


def _boundary(policy: Policy, threshold: Threshold, by_type: Mapping[str, Sequence[RuleMatches]]) -> Boundary:
    tally = _Tally()
    for type_ in threshold.rule.types:
        if type_ in by_type:
            _try(policy, threshold, type_, by_type[type_], tally)
    possible = frozenset(side for side in Side if _is_possible(policy, threshold, side))
    unit = threshold.unit(policy.currency)
    return Boundary(
        rule=threshold.rule,
        text=threshold.text,
        tried=frozenset(tally.sides),
        possible=possible,
        missing=tuple(_missing(threshold, side, tally, unit) for side in Side if side in possible - tally.sides),
    )


def _try(policy: Policy, threshold: Threshold, type_: str, heard: Sequence[RuleMatches], tally: _Tally) -> None:
    """Add to *tally* what the actions of one type show, where both sides have a value that can be compared."""
    action, shapes = policy.document.types[type_], threshold.condition.shapes[type_]
    read = compile_operands(action, threshold.comparison, shapes, policy.world)
    left, right = threshold.place, threshold.place + 1
    subject, limit = (right, left) if threshold.turned else (left, right)
    for speaking in heard:
        try:
            operands = read(speaking.one.action, speaking.one.context)
            side = _side(operands[subject], operands[limit])
        except Exception:  # the comparison fails for this action, or is never reached
            continue
        tally.sides.add(side)
        seen = operands[limit]
        tally.limit = seen if isinstance(seen, Decimal | int | str) else None


def _side(value: object, limit: object) -> Side:
    """Where *value* stands beside *limit*. Raises TypeError where one of them has no value."""
    if value == limit:
        return Side.AT
    return Side.BELOW if value < limit else Side.ABOVE  # type: ignore[operator]  # what is checked to have an order, or None


def _is_possible(policy: Policy, threshold: Threshold, side: Side) -> bool:
    """Whether a value of any type can stand on *side* of the limit."""
    if not isinstance(threshold.limit, Number | Cash):
        return True
    limit, subject = threshold.limit.value, threshold.subject
    if isinstance(subject, Known) and subject.name == "now.hour" and limit >= _LAST_HOUR:
        return side is Side.BELOW or (side is Side.AT and limit == _LAST_HOUR)
    leasts = [_least(policy, subject, type_) for type_ in threshold.rule.types]
    if any(least is None for least in leasts) or side is Side.ABOVE:
        return True
    least = min(least for least in leasts if least is not None)
    if 0 < least < 1:  # of money, which is at least one unit
        least = max(least, threshold.unit(policy.currency))
    return limit > least if side is Side.BELOW else limit >= least


def _least(policy: Policy, subject: Expression, type_: str) -> Decimal | None:
    """The least value that what is compared can have for actions of one type: a counter holds the action itself."""
    if isinstance(subject, Counted):
        counter = policy.counters[subject.name]
        counts = type_ in counter.types or counter.types == ("*",)
        if counts and counter.field is None:
            return Decimal(1)
        return Decimal("0.0001") if counts and counter.currency is not None else None
    return least_value(subject, policy.document.types[type_].fields)


def _missing(threshold: Threshold, side: Side, tally: _Tally, unit: Decimal) -> str:
    """What no test has: the limit or one of its sides, and the nearest value there."""
    limit = threshold.limit
    written = is_written(limit)
    shown = _show(limit.value, unit, limit) if isinstance(limit, Number | Cash | Text) else threshold.condition.excerpt(limit)
    known = limit.value if isinstance(limit, Number | Cash | Text) else tally.limit
    near = _show(_next(known, side, unit), unit, limit) if known is not None else ""
    words = {Side.BELOW: "under ", Side.AT: "", Side.ABOVE: "over "}[side]
    example = f", such as {near}" if near and not (written and side is Side.AT) else ""
    return f"no test has {threshold.condition.excerpt(threshold.subject)} {words}{shown}{example}"


def _next(limit: Ordered, side: Side, unit: Decimal) -> Ordered:
    """The nearest value on *side* of *limit*."""
    steps = {Side.BELOW: -1, Side.AT: 0, Side.ABOVE: 1}[side]
    return move_date(limit, steps) if isinstance(limit, str) else limit + steps * unit


def _show(value: Ordered, unit: Decimal, limit: Expression) -> str:
    """*value* as a test would give it, in the currency that *limit* names."""
    if isinstance(value, str):
        return value
    return show_number(Decimal(value), unit) + (f" {limit.currency}" if isinstance(limit, Cash) else "")
