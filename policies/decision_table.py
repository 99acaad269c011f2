"""What each set of matching rules comes to, worked out when it first comes up.

A compiled function finds a set as a tuple of marks, so that it stays short however many rules match. A mark is a rule's
number; `-1 - number` where its condition failed; and from the number of rules on, several of these at once.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeAlias, TypeVar

from .rule import Rule

MAX_REMEMBERED = 4_096  # sets of matching rules, for each action type
MAX_NUMBERS = 1_000_000  # rules in all of them together

Outcome = TypeVar("Outcome")
Finish: TypeAlias = Callable[[tuple[Rule, ...], tuple[Rule, ...]], Outcome]  # rules that matched, rules that failed
Marks: TypeAlias = tuple[int, ...]


class DecisionTable(dict[Marks, Outcome], Generic[Outcome]):
    """What the sets of matching rules of one action type come to: `outcomes[matched]`."""

    def __init__(self, rules: tuple[Rule, ...], finish: Finish[Outcome]) -> None:
        super().__init__()
        self._rules = rules
        self._finish = finish
        self._next = count(len(rules))  # taken by several threads, each number once
        self._several: dict[int, tuple[Marks, slice]] = {}
        self._numbers = 0  # rules in the sets that are remembered

    def mark(self, marks: Marks, part: slice) -> int:
        """One mark that stands for *part* of *marks*, which many may share."""
        number = next(self._next)
        self._several[number] = (marks, part)
        return number

    def __missing__(self, matched: Marks) -> Outcome:
        numbers = sorted(self._spread(matched))
        outcome = self._finish(
            tuple(self._rules[number] for number in numbers if number >= 0),
            tuple(self._rules[-1 - number] for number in reversed(numbers) if number < 0),
        )
        if len(self) < MAX_REMEMBERED and self._numbers + len(numbers) <= MAX_NUMBERS:
            self[matched] = outcome
            self._numbers += len(numbers)
        return outcome

    def _spread(self, matched: Marks) -> Iterator[int]:
        for mark in matched:
            if mark < len(self._rules):
                yield mark
            else:
                marks, part = self._several[mark]
                yield from marks[part]
