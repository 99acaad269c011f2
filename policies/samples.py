"""Texts that a regular expression may match: a few for each of its branches. Who uses them asks the pattern itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

MAX_SAMPLES = 12
MAX_TIMES = 40  # of one repetition
_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_OPEN = 10**6  # a repetition without an upper end


def sample_texts(pattern: str) -> list[str]:
    """Some texts that *pattern* may match whole; none where it is not understood."""
    try:
        reader = _Reader(pattern.removeprefix("^").removesuffix("$"))
        found = reader.branches()
    except (IndexError, ValueError):
        return []
    return list(dict.fromkeys(found))[:MAX_SAMPLES] if reader.at == len(reader.text) else []


@dataclass
class _Reader:
    """Reads a pattern from left to right into the texts that it may match. Raises IndexError and ValueError."""

    text: str
    at: int = 0

    def branches(self) -> list[str]:
        found = self._sequence()
        while self._next("|"):
            found = [*found, *self._sequence()]
        return found

    def _sequence(self) -> list[str]:
        found = [""]
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts = self._repeated(self._atom())
            found = [f"{head}{tail}" for head, tail in islice(product(found, parts), MAX_SAMPLES)]
        return found

    def _atom(self) -> list[str]:
        mark = self._take()
        if mark == "(":
            if self._next("?"):
                while self._take() not in ":>":
                    pass
            found = self.branches()
            if not self._next(")"):
                raise ValueError("a group is not closed")
            return found
        if mark == "[":
            return list(islice(self._class(), MAX_SAMPLES))
        if mark == "\\":
            return [self._escaped()]
        return ["" if mark in "^$" else "x" if mark == "." else mark]

    def _escaped(self) -> str:
        mark = self._take()
        return _CLASSES.get(mark, "" if mark in "AbBz" else mark)

    def _class(self) -> Iterator[str]:
        """One character of each part of a class; of one that excludes some, a few that it does not name."""
        excluded, named = self._next("^"), list[str]()
        while (mark := self._take()) != "]" or not named:
            named.append(self._escaped() if mark == "\\" else mark)
            if self.text[self.at] == "-" and self.text[self.at + 1] != "]":
                self.at += 1
                named.append(f"-{self._take()}")
        if not excluded:
            yield from (mark for mark in named if len(mark) == 1)
            return
        yield from (mark for mark in "xX0 -." if mark not in named)

    def _repeated(self, atoms: list[str]) -> list[str]:
        if self.at == len(self.text):
            return atoms
        low, high = {"*": (0, _OPEN), "+": (1, _OPEN), "?": (0, 1)}.get(self.text[self.at], (1, 1))
        if self.text[self.at] in "*+?":
            self.at += 1
        elif self._next("{"):
            low, high = self._times()
        else:
            return atoms
        self._next("?")
        counts = dict.fromkeys((max(low, 1) if high else 0, low, min(high, low + 1)))
        return [atom * count for count in counts if count <= MAX_TIMES for atom in atoms] or [atoms[0] * low]

    def _times(self) -> tuple[int, int]:
        end = self.text.index("}", self.at)
        low, comma, high = self.text[self.at : end].partition(",")
        self.at = end + 1
        return int(low or 0), (int(high) if high else _OPEN) if comma else int(low)

    def _take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _next(self, mark: str) -> bool:
        found = self.text[self.at : self.at + 1] == mark
        self.at += found
        return found
