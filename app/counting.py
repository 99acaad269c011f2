"""The values that counters have for the actions of one plan, in an open transaction or in the past."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache

from signoff.actions import Action, from_minor_units
from signoff.audit import (
    PLACE,
    CountedRow,
    Counter,
    Past,
    Reading,
    Total,
    add_up,
    counted_anew,
    read_counters,
    rows_of_action,
)
from signoff.policies import CounterValue, Policy

from .actor import Actor
from .canonical import Json
from .deadlines import overdue

_NEW = ""  # stands for the id of a plan that is not stored


@dataclass(kw_only=True)
class PlanCounting(ABC):
    """Counts for the actions of one plan.

    The value for an action is: what was done inside the window of actions accepted before it, what such actions still
    hold, and the action itself once, where the counter counts its type.
    """

    policy: Policy
    now: datetime
    requester: Actor
    plan: str | None = None  # its id; None: it is not stored, and comes after all that is
    _own: list[CountedRow] = field(default_factory=list)  # of the plan's actions that are not stored

    def values(self, action: Action, number: int) -> dict[str, CounterValue | None]:
        """The value of each counter that the rules for *action* read; None where there is none."""
        names = self.policy.counters_read(action.type)
        body: Mapping[str, Json] = action.wire() if names else {}
        return {name: self._value(name, action, body, number) for name in names}

    def reserve(self, action: Action, number: int) -> None:
        """Let *action*, of a plan that is not stored, count for those after it."""
        if self.policy.counters:
            self.hold(number, action.type, action.canonical())

    def hold(self, number: int, type_: str, body: bytes) -> None:
        """The same for an action that is told by its type and its canonical bytes."""
        told = (number, type_, body)
        self._own += rows_of_action(counters_of(self.policy).values(), self.plan or _NEW, self.requester.id, 0, told)

    @abstractmethod
    def _others(self, counter: Counter, key: str, number: int) -> Total:
        """What counts of stored actions that were accepted before action *number*. Raises LookupError without time zones."""

    def _value(self, name: str, action: Action, body: Mapping[str, Json], number: int) -> CounterValue | None:
        counter = counters_of(self.policy)[name]
        key = counter.key(self.plan or _NEW, self.requester.id, body)
        try:
            total = self._total(counter, key, number)
        except LookupError:  # no time zone database
            return None
        mine = counter.amount(body) if counter.counts(action.type) else 0
        if mine is None or total.unknown:
            return None
        currency = self.policy.counters[name].currency
        return total.units + mine if currency is None else _money(total.units + mine, body.get(currency))

    def _total(self, counter: Counter, key: str, number: int) -> Total:
        """What counts without the action itself."""
        own = add_up((row for row in self._own if row.counter == counter.digest), key, "", (0, number))
        others = self._others(counter, key, number)
        return Total(own.units + others.units, own.unknown + others.unknown)


@dataclass(kw_only=True)
class Counting(PlanCounting):
    """Counts for a plan that is stored, or about to be, by what the store counts."""

    reading: Reading
    edited: int | None = None  # the action that is being edited: it comes after all that is stored, but for itself
    added: int | None = None  # the first of those that are about to be added to a plan that grows: they come after all, too
    _anew: dict[str, list[CountedRow]] = field(default_factory=dict)  # by counter: rows that are not stored

    def _others(self, counter: Counter, key: str, number: int) -> Total:
        since = counter.since(self.now)
        if counter.digest in self._stored:
            return self.reading.total(counter.digest, key, since, self._place(number), self._left_out(number))
        if counter.digest not in self._anew:
            self._anew[counter.digest] = counted_anew(self.reading, [counter])
        return add_up(self._anew[counter.digest], key, since, self._place(number), self._left_out(number))

    def _place(self, number: int) -> tuple[int, int]:
        if self.plan is None or number == self.edited or (self.added is not None and number >= self.added):
            return PLACE, 0
        return self.reading.accepted(self.plan, number), number

    def _left_out(self, number: int) -> list[tuple[str, int]]:
        return [*self._lapsed, (self.plan, number)] if self.plan is not None and number == self.edited else self._lapsed

    @cached_property
    def _lapsed(self) -> list[tuple[str, int]]:
        """The actions that hold nothing any more, because a deadline has passed that was not recorded yet."""
        return overdue(self.reading, self.now)

    @cached_property
    def _stored(self) -> frozenset[str]:
        """The counters whose rows are stored: those of the policy in force, which ours is not while it only previews."""
        return frozenset(counter.digest for counter in self.reading.counters().values())


@dataclass(kw_only=True)
class PastCounting(PlanCounting):
    """Counts for a plan of the past, as if it was about to be accepted again at the moment at which the past stands."""

    past: Past

    def _others(self, counter: Counter, key: str, number: int) -> Total:
        return self.past.total(counter, key)


@lru_cache(maxsize=8)
def counters_of(policy: Policy) -> Mapping[str, Counter]:
    """The counters of *policy*, as the store counts."""
    return read_counters({name: counter.content() for name, counter in policy.counters.items()})


def _money(units: int, currency: Json) -> Decimal | None:
    return from_minor_units(units, currency) if isinstance(currency, str) else None
