"""Reading tokens one after the other, with a limit on depth, and what to say of one that is not expected."""

from collections.abc import Callable
from typing import TypeVar

from .diagnostics import quote
from .remedies import WORDS, is_currency_word, remedy_for_number, remedy_for_word
from .scanner import ConditionError, Lexeme, Token
from .syntax import Expression

MAX_NESTING = 30  # of brackets, calls, `not` and `-` in each other
MAX_CALCULATIONS = 30  # `+`, `-` and `*` in one condition: each makes its tree one level deeper
PREDICATES = ("startswith", "endswith", "contains", "matches")

Made = TypeVar("Made", bound=Expression)


class Tokens:
    """The tokens of one condition, and how far they were read."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._calculations = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _is(self, *texts: str) -> bool:
        """Whether one of the words or signs *texts* is next."""
        return self._next.lexeme in (Lexeme.NAME, Lexeme.SIGN) and self._next.text in texts

    def _expect(self, sign: str, after: str) -> Token:
        if not self._is(sign):
            message = f"`{sign}` is missing after {after}"
            raise ConditionError("syntax", message, self._next.start, self._next.end, f"write {sign}")
        return self._take()

    def _unexpected(self) -> ConditionError:
        token = self._next
        if token.lexeme is Lexeme.END:
            before = self._tokens[self._place - 1]
            return ConditionError("syntax", f"something is missing after {quote(before.text)}", before.start, before.end)
        before = self._tokens[self._place - 1] if self._place else token
        if token.lexeme is Lexeme.NUMBER and before.lexeme is Lexeme.NAME and is_currency_word(before.text):
            hint = f"write {token.text} {before.text.upper()}"
            return ConditionError("syntax", "a currency stands behind its number", before.start, token.end, hint)
        return ConditionError("syntax", f"{quote(token.text)} is not expected here", token.start, token.end, self._remedy(token))

    def _remedy(self, token: Token) -> str:
        """What to write where *token* is not expected."""
        before = self._tokens[self._place - 1] if self._place else None
        if token.lexeme is Lexeme.NAME:
            quotes = "write the text in quotes" if token.text not in WORDS else ""
            return remedy_for_word(token.text, between=True) or quotes
        after = self._tokens[self._place + 1]
        number, other = (found.text if found and found.lexeme is Lexeme.NUMBER else "" for found in (before, after))
        return remedy_for_number(number, token.text, other)

    def _deeper(self, token: Token, read: Callable[[], Made]) -> Made:
        """What *read* makes, one level further down."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ConditionError("depth", f"a condition is nested at most {MAX_NESTING} deep", token.start, token.end)
        made = read()
        self._depth -= 1
        return made
