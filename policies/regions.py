"""Regions: what can be told apart about actions and contexts, as sets of values, all of which hold together.

A condition is true in some regions, false in some, and fails in some: `amount > 100` is true where the currency is the
file's and the amount is more than 100, false where it is not more, and fails where the currency is another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .value_sets import Values, Words

MAX_REGIONS = 64  # of one condition; one with more is not looked into
MAX_SPLIT = 6  # regions that are tried together to cover another; of more, each by itself
MAX_EFFORT = 500_000  # comparisons of values in one review: a second or two
WORDS_AT_ONCE = 100  # texts that cost as much as a number

Variable: TypeAlias = tuple[str, ...]  # what a value is of: ("number", "amount")
Region: TypeAlias = Mapping[Variable, Values]  # what is not in it may have any value
Regions: TypeAlias = tuple[Region, ...]  # one of them

ALWAYS: Regions = ({},)
NEVER: Regions = ()


class TooComplex(Exception):
    """Raised where a condition has too many regions to be looked into."""


class OutOfEffort(Exception):
    """Raised where enough was compared in one review."""


@dataclass(frozen=True, kw_only=True)
class TruthRegions:
    """In which regions a condition is true, in which it is false, and in which it fails."""

    true: Regions = NEVER
    false: Regions = NEVER
    failed: Regions = NEVER

    @property
    def negated(self) -> "TruthRegions":
        """Those of `not`."""
        return TruthRegions(true=self.false, false=self.true, failed=self.failed)


TRUE = TruthRegions(true=ALWAYS)
FALSE = TruthRegions(false=ALWAYS)


@dataclass
class Effort:
    """What one review may still compare."""

    left: int = MAX_EFFORT

    def spend(self, values: Values | None = None) -> None:
        """One comparison, with *values* where it is of some. Raises OutOfEffort."""
        self.left -= 1 + len(values.texts) // WORDS_AT_ONCE if isinstance(values, Words) else 1
        if self.left < 0:
            raise OutOfEffort


@dataclass
class Space:
    """The values that each variable may have in actions of one type, and the work with regions of them."""

    effort: Effort
    domains: dict[Variable, Values] = field(default_factory=dict)

    def asked(self, variable: Variable, domain: Values, wanted: Values) -> TruthRegions:
        """Of a condition that asks whether *variable*, one of *domain*, is one of the values *wanted*."""
        self.domains[variable] = domain
        met, unmet = _meet(domain, wanted), _without(domain, wanted)
        if not unmet:
            return TRUE
        return TruthRegions(true=({variable: met},), false=({variable: unmet},)) if met else FALSE

    def both(self, left: TruthRegions, right: TruthRegions) -> TruthRegions:
        """Of `left and right`: the right one is asked only where the left one is true."""
        return TruthRegions(
            true=self.met(left.true, right.true),
            false=self.either(left.false, self.met(left.true, right.false)),
            failed=self.either(left.failed, self.met(left.true, right.failed)),
        )

    def guarded(self, known: TruthRegions, asked: TruthRegions) -> TruthRegions:
        """Of *asked* where *known* is true; where it is not, the condition fails."""
        return TruthRegions(
            true=self.met(known.true, asked.true),
            false=self.met(known.true, asked.false),
            failed=self.either(known.false, self.met(known.true, asked.failed)),
        )

    def chosen(self, asked: TruthRegions, yes: TruthRegions, no: TruthRegions) -> TruthRegions:
        """Of *yes* where *asked*, which never fails, is true, and of *no* where it is not."""
        return TruthRegions(
            true=self.either(self.met(asked.true, yes.true), self.met(asked.false, no.true)),
            false=self.either(self.met(asked.true, yes.false), self.met(asked.false, no.false)),
            failed=self.either(self.met(asked.true, yes.failed), self.met(asked.false, no.failed)),
        )

    def met(self, left: Regions, right: Regions) -> Regions:
        """What is in both."""
        return self._joined(found for one in left for other in right if (found := self._met(one, other)) is not None)

    def either(self, left: Regions, right: Regions) -> Regions:
        """What is in one of them."""
        return self._joined((*left, *right)) if left and right else left or right

    def covers(self, cover: Regions, regions: Regions) -> bool:
        """Whether all of *regions* is certainly in *cover*."""
        return all(self._is_covered(region, cover) for region in regions)

    def _joined(self, regions: Iterable[Region]) -> Regions:
        found: list[Region] = []
        for region in regions:
            if not any(self._is_within(region, other) for other in found):
                found.append(region)
            if len(found) > MAX_REGIONS:
                raise TooComplex
        return tuple(found)

    def _met(self, one: Region, other: Region) -> Region | None:
        """Both of them; None where nothing is."""
        made = dict(one)
        for variable, values in other.items():
            self.effort.spend(values)
            held = made.get(variable)
            made[variable] = values if held is None else _meet(held, values)
            if not made[variable]:
                return None
        return made

    def _is_within(self, region: Region, other: Region) -> bool:
        for variable, values in other.items():
            self.effort.spend(values)
            held = region.get(variable)
            if held is None or (held is not values and _without(held, values)):
                return False
        return True

    def _is_covered(self, region: Region, cover: Regions) -> bool:
        if any(self._is_within(region, other) for other in cover):
            return True
        return 1 < len(cover) <= MAX_SPLIT and self._is_split(region, cover)

    def _is_split(self, region: Region, cover: Regions) -> bool:
        """Whether what the first of *cover* leaves of *region* is covered by the others."""
        if not cover:
            return False
        first, others = cover[0], cover[1:]
        if self._met(region, first) is None:
            return self._is_split(region, others)
        for variable, values in first.items():
            self.effort.spend(values)
            held = region.get(variable, self.domains[variable])
            if (left := _without(held, values)) and not self._is_split({**region, variable: left}, others):
                return False
            region = {**region, variable: _meet(held, values)}
        return True


def _meet(left: Values, right: Values) -> Values:
    return left.meet(right)  # type: ignore[arg-type]  # the values of one variable are of one kind


def _without(left: Values, right: Values) -> Values:
    return left.without(right)  # type: ignore[arg-type]  # the values of one variable are of one kind
