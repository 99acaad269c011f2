"""What compiled conditions read and call beside action and context."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

from signoff.actions import fold_name

from .counters import Counter
from .decision import CounterValue

MAX_FOLDED = 4_096  # texts whose folded form is remembered

fold = lru_cache(MAX_FOLDED)(fold_name)


class ConditionFailed(Exception):
    """Raised while a condition is worked out: it has no value for this action. The text says why."""


def fail_currency(field: str, currency: str, other: str) -> NoReturn:
    """The money in *field* meets money in another currency."""
    raise ConditionFailed(f"{field} is in {currency} and is compared with {other}")


def fail_missing(field: str) -> NoReturn:
    """A field is read that the action does not have."""
    raise ConditionFailed(f"there is no {field}")


def read_counter(counters: Mapping[str, CounterValue | None], name: str) -> CounterValue:
    """The value of a counter. Raises ConditionFailed where there is none."""
    value = counters.get(name)
    if value is None:
        raise ConditionFailed(f"counters.{name} has no value here")
    return value


@dataclass(frozen=True, kw_only=True)
class World:
    """What the conditions of a file read beside action and context, ready to be bound."""

    currency: str | None
    lists: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, frozenset[str]]  # of each person
    counters: Mapping[str, Counter] = field(default_factory=dict)
    _sets: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)

    def items(self, name: str, *, folded: bool) -> frozenset[str]:
        """The texts of the list *name*, made once."""
        key = (name, folded)
        if key not in self._sets:
            self._sets[key] = frozenset(map(fold_name, self.lists[name]) if folded else self.lists[name])
        return self._sets[key]


def fold_each(texts: Iterable[str]) -> frozenset[str]:
    """Several texts, folded."""
    return frozenset(map(fold, texts))
