"""Sets of values, as far as rules can tell them apart: numbers between bounds, and some words or all others.

Sets of one kind can be met, taken from each other and compared, exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

Cut: TypeAlias = tuple[Decimal, int]  # between numbers: right before one (0), or right after it (1)

_LOW: Cut = (Decimal("-Infinity"), 0)
_HIGH: Cut = (Decimal("Infinity"), 1)


@dataclass(frozen=True)
class Range:
    """Numbers: those from one cut up to another, or in one of several such pieces."""

    pieces: tuple[tuple[Cut, Cut], ...]  # in order, none empty, none that touch
    whole: bool = False  # whether there are whole numbers only

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def meet(self, other: "Range") -> "Range":
        """What is in both."""
        pieces = [(max(a, c), min(b, d)) for a, b in self.pieces for c, d in other.pieces]
        return _range(pieces, whole=self.whole)

    def without(self, other: "Range") -> "Range":
        """What is in this one only."""
        ends = [_LOW, *(cut for piece in other.pieces for cut in piece), _HIGH]
        gaps = zip(ends[::2], ends[1::2], strict=True)
        return self.meet(Range(tuple(gap for gap in gaps if gap[0] < gap[1]), self.whole))


def _range(pieces: Iterable[tuple[Cut, Cut]], *, whole: bool) -> Range:
    found = [_narrowed(piece) if whole else piece for piece in pieces]
    return Range(tuple(sorted(piece for piece in found if piece[0] < piece[1])), whole)


def _narrowed(piece: tuple[Cut, Cut]) -> tuple[Cut, Cut]:
    """From its first whole number to its last."""
    (low, after), (high, including) = piece
    first = low.to_integral_value(ROUND_FLOOR) + 1 if after else low.to_integral_value(ROUND_CEILING)
    last = high.to_integral_value(ROUND_FLOOR) if including else high.to_integral_value(ROUND_CEILING) - 1
    return (first, 0), (last, 1)


def every_number(least: int | Decimal | None = None, most: int | None = None, *, whole: bool = False) -> Range:
    """All numbers, from the *least* to the *most* where there is one."""
    low = _LOW if least is None else (Decimal(least), 0)
    high = _HIGH if most is None else (Decimal(most), 1)
    return _range([(low, high)], whole=whole)


def compared(comparator: str, number: Decimal, *, whole: bool) -> Range:
    """The numbers that stand in that order to *number*: `<`, 5."""
    before, after = (number, 0), (number, 1)
    pieces = {
        "<": [(_LOW, before)],
        "<=": [(_LOW, after)],
        ">": [(after, _HIGH)],
        ">=": [(before, _HIGH)],
        "==": [(before, after)],
        "!=": [(_LOW, before), (after, _HIGH)],
    }[comparator]
    return _range(pieces, whole=whole)


@dataclass(frozen=True)
class Words:
    """Some texts, or (*others*) all but these."""

    texts: frozenset[str]
    others: bool = False

    def __bool__(self) -> bool:
        return self.others or bool(self.texts)

    def meet(self, other: "Words") -> "Words":
        """What is in both."""
        match self.others, other.others:
            case False, False:
                return Words(self.texts & other.texts)
            case False, True:
                return Words(self.texts - other.texts)
            case True, False:
                return Words(other.texts - self.texts)
        return Words(self.texts | other.texts, others=True)

    def without(self, other: "Words") -> "Words":
        """What is in this one only."""
        return self.meet(Words(other.texts, not other.others))


ANY_TEXT = Words(frozenset(), others=True)

Values: TypeAlias = Range | Words
