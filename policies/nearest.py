"""The nearest changes of a situation that alter what is decided, each confirmed by deciding it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import combinations

from .consequences import Consequence, lets_through
from .policy import Policy
from .probing import MAX_VALUES, Probes
from .situations import COUNTED, PartValue, Situation

MAX_TRIED = 20_000  # situations that are decided in all
MAX_PAIRED = 40  # values of each part that are tried together with those of another


@dataclass(frozen=True, kw_only=True)
class NearChange:
    """What would be decided otherwise, if one part were, or two parts were."""

    values: Mapping[str, PartValue]  # by part: what it would be
    reach: str  # of a single number: `less` or `more` where that goes for everything beyond it that was tried, too
    outcome: Consequence
    looser: tuple[str, ...]  # in what it lets more through; empty where it is stricter
    distance: float  # how far away it is: 1 is another text, or twice the number

    @property
    def is_looser(self) -> bool:
        """Whether it lets more through than what is decided now."""
        return bool(self.looser)


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The nearest changes of one situation."""

    changes: tuple[NearChange, ...]  # the least first
    tried: int  # situations that were decided
    complete: bool  # whether all values were tried that conditions tell apart, one part at a time


@dataclass(kw_only=True)
class _Search:
    situation: Situation
    policy: Policy
    tried: int = 0
    most: int = 0  # values of one part
    _known: dict[tuple[str, PartValue], Consequence | None] = field(default_factory=dict)

    @cached_property
    def probes(self) -> Probes:
        return Probes.of(self.situation.action.type, [self.policy])

    @cached_property
    def outcome(self) -> Consequence:
        return Consequence.of(self.situation.decided_by(self.policy), self.policy)

    def of(self, part: str, value: PartValue) -> Consequence | None:
        """What is decided where *part* has another value; None where it cannot have it."""
        key = (part, value)
        if key not in self._known:
            self._known[key] = self._decide(self.situation.changed(part, value))
        return self._known[key]

    def _decide(self, changed: Situation | None) -> Consequence | None:
        if changed is None or self.tried >= MAX_TRIED:
            return None
        self.tried += 1
        return Consequence.of(changed.decided_by(self.policy), self.policy)

    def singles(self) -> Iterator[NearChange]:
        """For every part, the nearest value of each kind of decision."""
        for part in self.probes.parts:
            now = self.situation.value(part)
            nearest: dict[tuple[str, bool], NearChange] = {}
            values = self.probes.values(part, self.situation)
            self.most = max(self.most, len(values))
            for value in sorted(values, key=lambda one: _distance(part, now, one)):
                outcome = self.of(part, value)
                if outcome is None or outcome == self.outcome:
                    continue
                kind = (outcome.effect.value, bool(lets_through(self.outcome, outcome)))
                if kind not in nearest:
                    nearest[kind] = self._change({part: self._bisected(part, value, outcome)}, outcome)
            yield from nearest.values()

    def pairs(self) -> Iterator[NearChange]:
        """Two parts at once: the first of each kind of decision that is found."""
        found: set[tuple[str, bool]] = set()
        for one, other in combinations(self.probes.parts, 2):
            for value in self.probes.values(one, self.situation)[:MAX_PAIRED]:
                changed = self.situation.changed(one, value)
                for second in self.probes.values(other, changed)[:MAX_PAIRED] if changed else ():
                    outcome = self._decide(changed.changed(other, second)) if changed else None
                    if outcome is None or outcome == self.outcome:
                        continue
                    kind = (outcome.effect.value, bool(lets_through(self.outcome, outcome)))
                    if kind not in found:
                        found.add(kind)
                        yield self._change({one: value, other: second}, outcome)

    def _bisected(self, part: str, value: PartValue, outcome: Consequence) -> PartValue:
        """The number nearest to the present one, in its smallest unit, at which *outcome* still holds."""
        unit, now = self.probes.unit(part, self.situation), self.situation.value(part)
        if unit is None or not isinstance(value, int | Decimal) or not isinstance(now, int | Decimal):
            return value
        same, other = Decimal(now), Decimal(value)
        while abs(other - same) > unit:
            middle = same + (((other - same) / unit) / 2).to_integral_value() * unit
            if middle in (same, other):
                break
            if self.of(part, type(value)(middle)) == outcome:
                other = middle
            else:
                same = middle
        return type(value)(other)

    def _change(self, values: Mapping[str, PartValue], outcome: Consequence) -> NearChange:
        distance = sum(_distance(part, self.situation.value(part), value) for part, value in values.items())
        reach = self._reach(*next(iter(values.items())), outcome) if len(values) == 1 else ""
        looser = lets_through(self.outcome, outcome)
        return NearChange(values=values, reach=reach, outcome=outcome, looser=looser, distance=distance)

    def _reach(self, part: str, value: PartValue, outcome: Consequence) -> str:
        now = self.situation.value(part)
        if self.probes.unit(part, self.situation) is None or not isinstance(value, int | Decimal):
            return ""
        if not isinstance(now, int | Decimal):
            return ""
        values = [one for one in self.probes.values(part, self.situation) if isinstance(one, int | Decimal)]
        beyond = [one for one in values if (one - value > 0) == (value - now > 0) and one != value]
        if all(self.of(part, one) in (None, outcome) for one in beyond):
            return "more" if value > now else "less"
        return ""


def nearest_changes(situation: Situation, policy: Policy) -> Nearest:
    """What would be decided otherwise about *situation*: by the nearest value of each part, else by two parts together.

    At most MAX_TRIED situations are decided.
    """
    search = _Search(situation=situation, policy=policy)
    changes = list(search.singles())
    complete = search.tried < MAX_TRIED and search.most < MAX_VALUES
    changes = changes or list(search.pairs())
    return Nearest(changes=tuple(sorted(changes, key=lambda one: one.distance)), tried=search.tried, complete=complete)


def _distance(part: str, now: PartValue, value: PartValue) -> float:
    """How far one value of a part is from another."""
    if isinstance(now, bool) or isinstance(value, bool):
        return 1.0
    if isinstance(now, int | Decimal) and isinstance(value, int | Decimal):
        scale = abs(Decimal(now)) or Decimal(100 if part.startswith(COUNTED) else 1)
        return float(abs(Decimal(value) - Decimal(now)) / scale)
    if isinstance(now, date) and isinstance(value, date):
        return abs((value - now).days) / 7
    return 1.0 if value is not None else 1.5
