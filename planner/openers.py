"""How a clause begins before it says what to do: "please", "could you", "would you mind"."""

from collections.abc import Sequence
from itertools import pairwise

from .courtesies import ASKING_GERUND_OPENERS, ASKING_OPENERS, GERUND_OPENERS, OPENERS
from .grammar import courtesies, courtesy_length
from .tokens import Token
from .vocabulary import GERUNDS

OPENING = courtesies(OPENERS)
_OPENERS = (  # openers, whether they ask to do it, and whether a verb in -ing follows; the first that fits is taken
    (courtesies(ASKING_GERUND_OPENERS), True, True),
    (courtesies(GERUND_OPENERS), False, True),
    (courtesies(ASKING_OPENERS), True, False),
    (OPENING, False, False),
)
_CAN, _YOU = frozenset({"can", "could", "would", "will"}), frozenset({"you", "u", "ya"})


def opening(tokens: Sequence[Token], at: int) -> tuple[int, bool, bool] | None:
    """How many tokens an opener takes at *at*, whether it asks to do it, and whether a verb in -ing follows."""
    for table, asks, gerund in _OPENERS:
        length = courtesy_length(table, tokens, at)
        if length and (not gerund or (at + length < len(tokens) and tokens[at + length].word in GERUNDS)):
            return length, asks, gerund
    return None


def plain_verb(tokens: Sequence[Token], at: int) -> Sequence[Token]:
    """*tokens* with "sending" at *at* read as "send"."""
    token = tokens[at]
    if token.word not in GERUNDS:
        return tokens
    return [*tokens[:at], Token(token.part, token.text, GERUNDS[token.word], token.glued), *tokens[at + 1 :]]


def asks(clause: Sequence[Token]) -> bool:
    """Whether *clause* holds a "would you", as in "pay my rent, would you"."""
    words = [token.word for token in clause]
    return any(word in _CAN and after in _YOU for word, after in pairwise(words))
