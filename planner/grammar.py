"""Matching phrasings against tokens.

A phrasing is written as a line of text, such as `send|wire <amount> to <payee> [from <account>]`:
a word or alternatives (`take_out` stands for two words), a slot in angle brackets, an optional part in square brackets,
parts that may come in any order in round ones, and in capitals the name of a part that is written down elsewhere.
A phrasing matches only where it takes every token up to the end of the clause, so no word is ever overlooked.
Slots are bounded in length, and so are phrasings: matching one takes constant time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard

from .courtesies import BETWEEN, COURTESY_PARTS
from .slots import SLOTS
from .tokens import Token

Phrases: TypeAlias = Mapping[str, Sequence[tuple[str, ...]]]  # by their first word
Captures: TypeAlias = Mapping[str, str | Token]
_NOTHING: Captures = {}


@dataclass(frozen=True, slots=True)
class Words:
    """One of these sequences of words."""

    by_first: Phrases


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to be read, by a function of `slots`."""

    name: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A pattern that is tried only where it can begin."""

    pattern: "Pattern"
    firsts: frozenset[str] | None  # the words that it can begin with; None where it can begin with anything

    def can_begin(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether it may match at *at*, as far as the first word tells."""
        return self.firsts is None or (at < len(tokens) and tokens[at].word in self.firsts)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    alternatives: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """All that is needed, each once, in whatever order, and any of what is optional."""

    needed: tuple[Branch, ...]
    optional: tuple[Branch, ...]


Element: TypeAlias = Words | Slot | Choice | AnyOrder
Pattern: TypeAlias = tuple[Element, ...]
Index: TypeAlias = Mapping[str, Sequence[Pattern]]  # by the words that they can begin with


def compile_parts(texts: Mapping[str, Sequence[str]]) -> dict[str, tuple[Pattern, ...]]:
    """The patterns of each named part. A part may be made of parts that are listed before it."""
    parts: dict[str, tuple[Pattern, ...]] = {}
    for name, ways in texts.items():
        parts[name] = tuple(compile_pattern(text, parts) for text in ways)
    return parts


def compile_pattern(text: str, parts: Mapping[str, Sequence[Pattern]]) -> Pattern:
    """The pattern that *text* writes down, in which names in capitals stand for *parts*."""
    levels: list[list[Element]] = [[]]
    for piece in _BRACKET.sub(r" \g<0> ", text).split():
        if piece in "[(":
            levels.append([])
        elif piece in ")]":
            inner = levels.pop()
            levels[-1].append(_choice(tuple(inner), ()) if piece == "]" else _any_order(inner))
        else:
            levels[-1].append(_element(piece, parts))
    (pattern,) = levels
    return tuple(pattern)


_BRACKET = re.compile(r"[\[\]()]")


def _any_order(elements: Sequence[Element]) -> AnyOrder:
    needed = tuple(_branch((element,)) for element in elements if not _is_optional(element))
    return AnyOrder(needed, tuple(element.alternatives[0] for element in elements if _is_optional(element)))


def _is_optional(element: Element) -> TypeGuard[Choice]:
    return isinstance(element, Choice) and element.alternatives[-1].pattern == ()


def _choice(*alternatives: Pattern) -> Choice:
    return Choice(tuple(map(_branch, alternatives)))


def _branch(pattern: Pattern) -> Branch:
    return Branch(pattern, first_words(pattern))


def _element(piece: str, parts: Mapping[str, Sequence[Pattern]]) -> Words | Slot | Choice:
    if piece.startswith("<"):
        return Slot(piece.strip("<>"))
    names = piece.split("|")
    words = Words(phrases(name.replace("_", " ") for name in names if not name.isupper()))
    named = [pattern for name in names if name.isupper() for pattern in parts[name]]
    return words if not named else _choice(*named, *([(words,)] if words.by_first else []))


def first_words(pattern: Pattern) -> frozenset[str] | None:
    """The words that a match of *pattern* can begin with; None where it can begin with anything."""
    match pattern:
        case (Words(by_first), *_):
            return frozenset(by_first)
        case (Choice(alternatives), *rest):
            firsts = [first_words((*one.pattern, *rest)) if one.firsts is None else one.firsts for one in alternatives]
            known = [first for first in firsts if first is not None]
            return frozenset().union(*known) if len(known) == len(firsts) else None
        case (AnyOrder(needed, optional), *rest) if needed:
            return first_words((Choice((*needed, *optional)), *rest))
    return None


def matches(pattern: Pattern, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Captures]]:
    """Every way in which *pattern* matches from *at*: the place behind it, and what its slots hold."""
    if not pattern:
        yield at, {}
        return
    head, rest = pattern[0], pattern[1:]
    if isinstance(head, Words):  # most are, and hold nothing
        for end in _behind_words(head, tokens, at):
            yield from matches(rest, tokens, end)
        return
    for end, captures in _heads(head, tokens, at):
        for last, more in matches(rest, tokens, end) if rest else [(end, _NOTHING)]:
            if not captures or not more:
                yield last, captures or more
            elif not captures.keys() & more.keys():
                yield last, {**captures, **more}


def _behind_words(head: Words, tokens: Sequence[Token], at: int) -> Iterator[int]:
    for words in head.by_first.get(tokens[at].word, ()) if at < len(tokens) else ():
        if len(words) == 1 or starts_with(tokens, at, words):
            yield at + len(words)


def _heads(head: Element, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Captures]]:
    match head:
        case Words():
            yield from ((end, _NOTHING) for end in _behind_words(head, tokens, at))
        case Slot(name):
            for end, value in SLOTS[name](tokens, at):
                yield end, _NOTHING if value == "" else {name: value}
        case Choice(alternatives):
            for alternative in alternatives:
                if alternative.can_begin(tokens, at):
                    yield from matches(alternative.pattern, tokens, at)
        case AnyOrder():
            yield from _in_any_order(head, tokens, at)


def _in_any_order(parts: AnyOrder, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Captures]]:
    if not parts.needed:
        yield at, {}
    behind = _behind_between(tokens, at)
    for part in (*parts.needed, *parts.optional):
        if not part.can_begin(tokens, behind):
            continue
        rest = AnyOrder(_without(parts.needed, part), _without(parts.optional, part))
        for end, captures in matches(part.pattern, tokens, behind):
            for last, more in _in_any_order(rest, tokens, end):
                if not captures.keys() & more.keys():
                    yield last, {**captures, **more}


def _behind_between(tokens: Sequence[Token], at: int) -> int:
    for _ in range(_MOST_BETWEEN):
        at += phrase_length(_BETWEEN, tokens, at)
    return at


def _without(parts: tuple[Branch, ...], taken: Branch) -> tuple[Branch, ...]:
    return tuple(part for part in parts if part is not taken)


def starts_with(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    """Whether *words* stand at *at*."""
    return at + len(words) <= len(tokens) and all(tokens[at + place].word == word for place, word in enumerate(words))


def phrase_length(table: Phrases, tokens: Sequence[Token], at: int) -> int:
    """How many tokens the longest phrase of *table* takes at *at*; 0 where none stands there."""
    candidates = table.get(tokens[at].word, ()) if at < len(tokens) else ()
    fitting = [len(words) for words in candidates if len(words) == 1 or starts_with(tokens, at, words)]
    return max(fitting) if fitting else 0


def courtesies(lines: Iterable[str]) -> Index:
    """What *lines* of `courtesies` write down, by the words that it can begin with."""
    table: dict[str, list[Pattern]] = {}
    for line in lines:
        pattern = compile_pattern(line, _COURTESIES)
        for word in first_words(pattern) or ():
            table.setdefault(word, []).append(pattern)
    return table


def courtesy_length(table: Index, tokens: Sequence[Token], at: int) -> int:
    """How many tokens the longest courtesy of *table* takes at *at*; 0 where none stands there."""
    patterns = table.get(tokens[at].word, ()) if at < len(tokens) else ()
    return max((end - at for pattern in patterns for end, _ in matches(pattern, tokens, at)), default=0)


def phrases(texts: Iterable[str]) -> Phrases:
    """*texts* as tuples of words, by their first word."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for text in texts:
        words = tuple(text.split(" "))
        table.setdefault(words[0], []).append(words)
    return table


_BETWEEN = phrases(BETWEEN)
_MOST_BETWEEN = 3  # as in ", please, "
_COURTESIES = compile_parts(COURTESY_PARTS)
