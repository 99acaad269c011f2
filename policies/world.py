"""What compiled conditions read and call beside action and context."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import NoReturn

from signoff.actions import fold_name

from .counters import Counter
from .dates import WEEKDAYS
from .decision import Context, CounterValue
from .diagnostics import quote
from .patterns import FullMatch, compile_pattern
from .tables import Cell, Table

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


class Entries(dict[str, Cell]):
    """What a table holds by key. A key that it does not hold makes the condition fail."""

    def __init__(self, name: str, cells: Mapping[str, Cell]) -> None:
        super().__init__(cells)
        self._name = name

    def __missing__(self, key: str) -> NoReturn:
        raise ConditionFailed(f"tables.{self._name} has no {quote(key)}")


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
    tables: Mapping[str, Table] = field(default_factory=dict)
    zone: tzinfo | None = None  # of hours and days; None: it is not known
    counters: Mapping[str, Counter] = field(default_factory=dict)
    _sets: dict[tuple[str, bool], frozenset[str]] = field(default_factory=dict)
    _entries: dict[tuple[str, str | None, bool, bool], Entries] = field(default_factory=dict)
    _patterns: dict[tuple[str, bool], FullMatch] = field(default_factory=dict)

    def items(self, name: str, *, folded: bool) -> frozenset[str]:
        """The texts of the list *name*, made once."""
        key = (name, folded)
        if key not in self._sets:
            self._sets[key] = frozenset(map(fold_name, self.lists[name]) if folded else self.lists[name])
        return self._sets[key]

    def keys(self, table: str, *, folded: bool) -> frozenset[str]:
        """The keys of a table, made once."""
        key = (f"tables.{table}", folded)
        if key not in self._sets:
            texts = self.tables[table].keys
            self._sets[key] = frozenset(map(fold_name, texts) if folded else texts)
        return self._sets[key]

    def entries(self, table: str, column: str | None, *, by_folded: bool, folded: bool) -> Entries:
        """A column of a table: by the folded key or by the key as written, its texts *folded* or as written. Made once."""
        key = (table, column, by_folded, folded)
        if key not in self._entries:
            cells = self.tables[table].columns[column].cells.items()
            made = {
                fold_name(name) if by_folded else name: fold_name(cell) if folded and isinstance(cell, str) else cell
                for name, cell in cells
            }
            self._entries[key] = Entries(table, made)
        return self._entries[key]

    def pattern(self, text: str, *, folded: bool) -> FullMatch:
        """What matches a pattern that was checked. Made once."""
        key = (text, folded)
        if key not in self._patterns:
            self._patterns[key] = compile_pattern(text, folded=folded)
        return self._patterns[key]

    def hour(self, context: Context) -> int:
        """The hour in the file's zone, from 0 to 23."""
        return self._local(context).hour

    def weekday(self, context: Context) -> str:
        """The day of the week in the file's zone."""
        return WEEKDAYS[self._local(context).weekday()]

    def date(self, context: Context) -> str:
        """The date in the file's zone: `2026-12-24`."""
        return self._local(context).date().isoformat()

    def _local(self, context: Context) -> datetime:
        if context.now is None:
            raise ConditionFailed("the time is not known")
        if self.zone is None:
            raise ConditionFailed("there is no time zone database")
        return context.now.astimezone(self.zone)


def fold_each(texts: Iterable[str]) -> frozenset[str]:
    """Several texts, folded."""
    return frozenset(map(fold, texts))


def fold_part(text: str, *, head: bool, tail: bool) -> str:
    """A part of a text, folded; a space at its *head* or *tail* is kept where it is inside of the whole."""
    before = " " if head and text[:1].isspace() else ""
    return before + fold_name(text) + (" " if tail and text[-1:].isspace() else "")
