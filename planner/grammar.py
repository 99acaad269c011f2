"""Matching phrasings against tokens.

A phrasing is written as a line of text, such as `send|wire <amount> to <payee> [from <account>]`:
a word or alternatives (`take_out` stands for two words), a slot in angle brackets, an optional part in square brackets,
and in capitals the name of a part that is written down elsewhere.
A phrasing matches only where it takes every token up to the end of the clause, so no word is ever overlooked.
Slots are bounded in length, and so are phrasings: matching one takes constant time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .slots import SLOTS
from .tokens import Token

Phrases: TypeAlias = Mapping[str, Sequence[tuple[str, ...]]]  # by their first word
Captures: TypeAlias = Mapping[str, str | Token]


@dataclass(frozen=True, slots=True)
class Words:
    """One of these sequences of words."""

    by_first: Phrases


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to be read, by a function of `slots`."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these patterns."""

    alternatives: tuple["Pattern", ...]


Pattern: TypeAlias = tuple[Words | Slot | Choice, ...]


def compile_parts(texts: Mapping[str, Sequence[str]]) -> dict[str, tuple[Pattern, ...]]:
    """The patterns of each named part. A part may be made of parts that are listed before it."""
    parts: dict[str, tuple[Pattern, ...]] = {}
    for name, ways in texts.items():
        parts[name] = tuple(compile_pattern(text, parts) for text in ways)
    return parts


def compile_pattern(text: str, parts: Mapping[str, Sequence[Pattern]]) -> Pattern:
    """The pattern that *text* writes down, in which names in capitals stand for *parts*."""
    levels: list[list[Words | Slot | Choice]] = [[]]
    for piece in text.replace("[", " [ ").replace("]", " ] ").split():
        if piece == "[":
            levels.append([])
        elif piece == "]":
            inner = tuple(levels.pop())
            levels[-1].append(Choice((inner, ())))
        else:
            levels[-1].append(_element(piece, parts))
    (pattern,) = levels
    return tuple(pattern)


def _element(piece: str, parts: Mapping[str, Sequence[Pattern]]) -> Words | Slot | Choice:
    if piece.startswith("<"):
        return Slot(piece.strip("<>"))
    names = piece.split("|")
    words = Words(phrases(name.replace("_", " ") for name in names if not name.isupper()))
    named = [pattern for name in names if name.isupper() for pattern in parts[name]]
    return words if not named else Choice((*named, *([(words,)] if words.by_first else [])))


def first_words(pattern: Pattern) -> frozenset[str] | None:
    """The words that a match of *pattern* can begin with; None where it can begin with anything."""
    match pattern:
        case (Words(by_first), *_):
            return frozenset(by_first)
        case (Choice(alternatives), *rest):
            firsts = [first_words((*alternative, *rest)) for alternative in alternatives]
            known = [first for first in firsts if first is not None]
            return frozenset().union(*known) if len(known) == len(firsts) else None
    return None


def matches(pattern: Pattern, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Captures]]:
    """Every way in which *pattern* matches from *at*: the place behind it, and what its slots hold."""
    if not pattern:
        yield at, {}
        return
    rest = pattern[1:]
    for end, captures in _heads(pattern[0], tokens, at):
        for last, more in matches(rest, tokens, end):
            if not captures.keys() & more.keys():
                yield last, {**captures, **more}


def _heads(head: Words | Slot | Choice, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, Captures]]:
    match head:
        case Words(by_first):
            for words in by_first.get(tokens[at].word, ()) if at < len(tokens) else ():
                if len(words) == 1 or starts_with(tokens, at, words):
                    yield at + len(words), {}
        case Slot(name):
            for end, value in SLOTS[name](tokens, at):
                yield end, {} if value == "" else {name: value}
        case Choice(alternatives):
            for alternative in alternatives:
                yield from matches(alternative, tokens, at)


def starts_with(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    """Whether *words* stand at *at*."""
    return at + len(words) <= len(tokens) and all(tokens[at + place].word == word for place, word in enumerate(words))


def phrase_length(table: Phrases, tokens: Sequence[Token], at: int) -> int:
    """How many tokens the longest phrase of *table* takes at *at*; 0 where none stands there."""
    candidates = table.get(tokens[at].word, ()) if at < len(tokens) else ()
    fitting = [len(words) for words in candidates if len(words) == 1 or starts_with(tokens, at, words)]
    return max(fitting) if fitting else 0


def phrases(texts: Iterable[str]) -> Phrases:
    """*texts* as tuples of words, by their first word."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for text in texts:
        words = tuple(text.split(" "))
        table.setdefault(words[0], []).append(words)
    return table
