"""How the clauses of a request are joined, and where a clause can end."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto

from .courtesies import CLOSERS
from .grammar import courtesies, courtesy_length, phrase_length, phrases
from .tokens import Token
from .vocabulary import AFTER, BEFORE, JOINS, NEEDS


class Link(Flag):
    """How a clause is joined to what stands before it."""

    NONE = 0
    JOIN = auto()
    NEED = auto()  # it needs what stands before it
    AFTER = auto()  # what stands before it needs it
    BEFORE = auto()  # the same as NEED, with the verb as in "before sending"


_LINKS = (
    (Link.JOIN, phrases(JOINS)),
    (Link.NEED, phrases(NEEDS)),
    (Link.AFTER, phrases(AFTER)),
    (Link.BEFORE, phrases(BEFORE)),
)
_CLOSERS = courtesies(CLOSERS)


@dataclass(frozen=True, slots=True)
class Joints:
    """What is known of each place in a request. The last one is the place behind its end."""

    links: Sequence[tuple[Link, int]]  # the longest linking phrase that begins there, and how many tokens it takes
    ends: Sequence[int | None]  # where a clause ends whose last words are "please" and the like from there on


def find_joints(tokens: Sequence[Token]) -> Joints:
    """The joints of *tokens*, found from the end to the beginning, in linear time."""
    links = [_link(tokens, at) for at in range(len(tokens))] + [(Link.NONE, 0)]
    ends: list[int | None] = [None] * len(tokens) + [len(tokens)]
    for at in reversed(range(len(tokens))):
        if links[at][1]:
            ends[at] = at
        elif length := courtesy_length(_CLOSERS, tokens, at):
            ends[at] = ends[at + length]
    return Joints(links, ends)


def _link(tokens: Sequence[Token], at: int) -> tuple[Link, int]:
    found, longest = Link.NONE, 0
    for link, table in _LINKS:
        length = phrase_length(table, tokens, at)
        if length > longest:
            found, longest = link, length
    return found, longest
