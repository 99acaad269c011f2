"""Which texts of a file's lists and tables can be what is looked up in them, and which never are."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from signoff.actions import fold_name

from .diagnostics import MAX_DIAGNOSTICS

Tests: TypeAlias = tuple[Callable[[str], bool], ...]


@dataclass(frozen=True)
class Lookups:
    """What was found out of the lists and tables of a file: each is gone through once, however many rules ask for it."""

    _failing: dict[tuple[Tests, tuple[str, str]], tuple[str, ...]] = field(default_factory=dict)
    _passing: dict[tuple[Tests, str], bool] = field(default_factory=dict)
    _folded: dict[str, frozenset[str]] = field(default_factory=dict)

    def never(self, tests: Tests, name: tuple[str, str], texts: Iterable[str]) -> tuple[str, ...]:
        """The first of *texts* that pass none of *tests*."""
        key = (tests, name)
        if key not in self._failing:
            self._failing[key] = tuple(islice(failing(tests, texts), MAX_DIAGNOSTICS))
        return self._failing[key]

    def any(self, tests: Tests, table: str, texts: Iterable[str]) -> bool:
        """Whether any of a table's keys passes one of *tests*."""
        key = (tests, table)
        if key not in self._passing:
            self._passing[key] = any(test(text) for text in texts for test in tests)
        return self._passing[key]

    def folded(self, table: str, texts: Iterable[str]) -> frozenset[str]:
        """A table's keys, folded."""
        if table not in self._folded:
            self._folded[table] = frozenset(map(fold_name, texts))
        return self._folded[table]


def failing(tests: Tests, texts: Iterable[str]) -> Iterator[str]:
    """Those of *texts* that pass none of *tests*."""
    return (text for text in texts if not any(test(text) for test in tests))
