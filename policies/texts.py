"""Texts of which only some are told apart: those that rules name. What rules ask of all others is an opaque truth."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import eq
from typing import TypeAlias

from z3 import ArithRef

from .logic import Truth, Whole, compare, every, negate, some, within
from .world import fold

MAX_PAIRED = 200  # texts of one side that are compared with another side's one by one

Asked: TypeAlias = Callable[[str], bool]
Opaque: TypeAlias = Callable[["TextSymbol"], Truth]  # the truth that stands for what is asked of a text that no rule names


@dataclass(frozen=True, eq=False, kw_only=True)
class TextSymbol:
    """A text: one of `values`, by its index, or beyond them one of so many others.

    Where texts are told apart only folded, a value stands for all its spellings.
    """

    name: str  # `to`, `actor.id`
    index: Whole
    values: tuple[str, ...]
    others: int = 0  # with one index they are equal, too
    exact: bool = True  # whether a value stands for itself only

    @property
    def other(self) -> Truth:
        """Whether it is none of its values."""
        return compare(">=", self.index, len(self.values)) if self.others else False

    @cached_property
    def folded(self) -> Mapping[str, Sequence[int]]:
        """The indexes of its values by what they are folded."""
        found: dict[str, list[int]] = {}
        for index, value in enumerate(self.values):
            found.setdefault(fold(value), []).append(index)
        return found

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """The indexes of its values."""
        return {value: (index,) for index, value in enumerate(self.values)}

    def among(self, indexes: Iterable[int]) -> Truth:
        """Whether it is one of the values with *indexes*."""
        found = list(indexes)
        return True if len(found) == len(self.values) and not self.others else within(self.index, found)

    def equals(self, other: "TextSymbol") -> Truth | None:
        """Whether two texts of the same values are one; None where their values differ."""
        same = self.values == other.values and self.others == other.others and self.exact == other.exact
        return compare("==", self.index, other.index) if same else None


@dataclass(frozen=True, eq=False, kw_only=True)
class DateSymbol(TextSymbol):
    """A day, counted from the first of year 1. Its values are the dates that rules name, with their numbers."""

    day: ArithRef
    days: tuple[int, ...]  # of the values

    @property
    def other(self) -> Truth:
        """Whether no rule names it."""
        return negate(within(self.day, self.days))

    def among(self, indexes: Iterable[int]) -> Truth:
        """Whether it is one of the dates with *indexes*."""
        return within(self.day, {self.days[index] for index in indexes})

    def equals(self, other: TextSymbol) -> Truth | None:
        """Whether two days are one."""
        return compare("==", self.day, other.day) if isinstance(other, DateSymbol) else None


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a text is where `guard` is true: a text that is known, or one that a symbol's value leads to."""

    guard: Truth
    symbol: TextSymbol | None
    texts: tuple[str | None, ...]  # one, or one for each of the symbol's values; None: there is none
    whole: bool = True  # whether the symbol's others stand for themselves; else there is no text for them

    @property
    def fails(self) -> Truth:
        """Whether there is no text."""
        if self.symbol is None:
            return every(self.guard, self.texts[0] is None)
        missing = [index for index, text in enumerate(self.texts) if text is None]
        return every(self.guard, some(self.symbol.among(missing) if missing else False, not self.whole and self.symbol.other))

    @property
    def other(self) -> Truth:
        """Whether it is a text that no rule names."""
        return self.symbol.other if self.symbol is not None and self.whole else False

    def is_one(self, asked: Asked) -> Truth:
        """Whether it is a text that is named, and of which *asked* is true."""
        if self.symbol is None:
            return self.texts[0] is not None and asked(self.texts[0])
        return self.symbol.among(index for index, text in enumerate(self.texts) if text is not None and asked(text))

    def is_in(self, wanted: Collection[str], *, exact: bool) -> Truth:
        """Whether it is one of the texts *wanted*."""
        if self.symbol is None or not self.whole:
            return self.is_one(lambda text: spelt(text, exact=exact) in wanted)
        places = self.symbol.places if exact else self.symbol.folded
        return self.symbol.among(place for text in wanted for place in places.get(text, ()))


@dataclass(frozen=True)
class TextTerm:
    """A text in a condition: parts that exclude each other."""

    parts: tuple[Part, ...]

    @classmethod
    def known(cls, text: str) -> "TextTerm":
        """A text that stands in the file."""
        return cls((Part(guard=True, symbol=None, texts=(text,)),))

    @classmethod
    def of(cls, symbol: TextSymbol, guard: Truth = True) -> "TextTerm":
        """The text of a symbol."""
        return cls((Part(guard=guard, symbol=symbol, texts=symbol.values),))

    @property
    def fails(self) -> Truth:
        """Whether there is no text."""
        return some(*(part.fails for part in self.parts))

    @property
    def constant(self) -> str | None:
        """The text, where it is known."""
        (first, *rest) = self.parts
        return first.texts[0] if not rest and first.symbol is None else None

    @property
    def texts(self) -> list[str]:
        """The texts that it can be, as far as they are named, each once."""
        return list(dict.fromkeys(text for part in self.parts for text in part.texts if text is not None))

    @property
    def other(self) -> Truth:
        """Whether it is a text that no rule names."""
        return some(*(every(part.guard, part.other) for part in self.parts))

    def asked(self, asked: Asked, opaque: Opaque | None = None) -> Truth:
        """Whether *asked* is true of it; of texts that no rule names, whether *opaque* is, or else false."""
        return some(*(self._of_part(part, asked, opaque) for part in self.parts))

    def _of_part(self, part: Part, asked: Asked, opaque: Opaque | None) -> Truth:
        unnamed: Truth = False
        if opaque is not None and part.symbol is not None and part.whole and part.symbol.others:
            unnamed = every(part.other, opaque(part.symbol))
        return every(part.guard, some(part.is_one(asked), unnamed))

    def is_in(self, wanted: Collection[str], *, exact: bool) -> Truth:
        """Whether it is one of the texts *wanted*, all of which are named; where it is not *exact* they are folded."""
        return some(*(every(part.guard, part.is_in(wanted, exact=exact)) for part in self.parts))

    def mapped(self, change: Callable[[str], str | None]) -> "TextTerm":
        """What each of its texts leads to: None where that is nothing, as it is for all that no rule names."""
        return TextTerm(tuple(self._map_part(part, change) for part in self.parts))

    def _map_part(self, part: Part, change: Callable[[str], str | None]) -> Part:
        texts = tuple(None if text is None else change(text) for text in part.texts)
        return Part(guard=part.guard, symbol=part.symbol, texts=texts, whole=False)


def asked_of_both(
    left: TextTerm, right: TextTerm, related: Callable[[str, str], bool], opaque: Opaque | None, both: Callable[[], Truth]
) -> Truth:
    """Whether *related* is true of two texts.

    Where one is known, *opaque* stands for it of the other where that is not named, or else it is false; where both are
    not known, *both* stands for it.
    """
    if (last := right.constant) is not None:
        return left.asked(lambda one: related(one, last), opaque)
    if (first := left.constant) is not None:
        return right.asked(partial(related, first), opaque)
    if len(left.texts) > MAX_PAIRED:
        return both()
    pairs: list[Truth] = []
    for text in left.texts:
        pairs.append(every(left.asked(partial(eq, text)), right.asked(partial(related, text))))
    return some(*pairs, every(some(left.other, right.other), both()))


def equal_symbols(left: TextTerm, right: TextTerm) -> Truth | None:
    """Whether two symbols of the same values are one text; None where they are something else."""
    symbols: list[TextSymbol] = []
    for term in (left, right):
        (first, *rest) = term.parts
        if rest or first.symbol is None or not first.whole:
            return None
        symbols.append(first.symbol)
    return symbols[0].equals(symbols[1])


def spelt(text: str, *, exact: bool) -> str:
    """*text* as it is compared."""
    return text if exact else fold(text)
