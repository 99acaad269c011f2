"""Cutting a request into words, numbers, currency signs and marks, in linear time."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Part(StrEnum):
    """What kind of token it is."""

    WORD = "word"  # letters, also joined by an apostrophe or a hyphen: "don't", "twenty-five"
    NUMBER = "number"  # ASCII digits, with points and commas between them, or a point before
    SIGN = "sign"  # a currency sign
    MARK = "mark"  # what ends a clause: , . ; ! ? and a new line
    OTHER = "other"  # anything else; no phrasing takes it
    AMOUNT = "amount"  # an amount of money, made of the tokens above


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the request."""

    part: Part
    text: str  # as it was written
    word: str  # folded for comparison: lower case, plain apostrophes
    glued: bool = False  # whether nothing stands between it and the token before
    amount: Decimal | None = None  # of an AMOUNT
    currency: str | None = None  # of an AMOUNT whose currency was written


_PARTS = {part.value: part for part in Part}
_TOKEN = re.compile(
    r"""(?P<space>[^\S\n]+)
      | (?P<sign>\bUS\$|[$€£₹])
      | (?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*)
      | (?P<number>[0-9]+(?:[.,][0-9]+)*|(?<![\w.,])\.[0-9]+)
      | (?P<mark>[,.;!?\n])
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokenize(request: str) -> list[Token]:
    """The tokens of *request*. Every character but a space is in one, so that nothing is overlooked."""
    tokens: list[Token] = []
    end = 0
    for found in _TOKEN.finditer(unicodedata.normalize("NFC", request.strip())):
        if found.lastgroup == "space":
            continue
        text = found.group()
        glued = bool(tokens) and found.start() == end
        tokens.append(Token(_PARTS[str(found.lastgroup)], text, text.lower().replace("’", "'"), glued))
        end = found.end()
    return tokens


def join(tokens: Sequence[Token]) -> str:
    """The text of *tokens*, as it was written, with single spaces."""
    return "".join(f"{'' if token.glued else ' '}{token.text}" for token in tokens).strip()
