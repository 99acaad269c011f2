"""A condition's text as tokens: one pass, one character at a time, no regular expressions."""

from dataclasses import dataclass
from enum import Enum, auto

from .diagnostics import quote
from .remedies import SIGNS, remedy_for_character

MAX_CONDITION = 4_000  # characters of one condition

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
DIGITS = frozenset("0123456789")
_SPACES = frozenset(" \t\r\n")
_PAIRS = frozenset({"==", "!=", "<=", ">="})
_MARKS = frozenset("<>+-*()[],.")


class Lexeme(Enum):
    """What a token is."""

    NAME = auto()  # a field, a function or a word of the language
    NUMBER = auto()
    TEXT = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a condition, with its place."""

    lexeme: Lexeme
    text: str  # of a TEXT: what stands between the quotes, escapes replaced
    start: int
    end: int


class ConditionError(Exception):
    """A condition that cannot be read, at a place in it."""

    def __init__(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
        self.start, self.end = start, end


def scan(text: str) -> list[Token]:
    """The tokens of *text*, an END last. Raises ConditionError."""
    if len(text) > MAX_CONDITION:
        raise ConditionError(
            "too-long",
            f"a condition has at most {MAX_CONDITION:,} characters, not {len(text):,}",
            0,
            1,
            "write several rules, or a list",
        )
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        if text[place] in _SPACES:
            place += 1
            continue
        token = _token(text, place)
        tokens.append(token)
        place = token.end
    end = tokens[-1].end if tokens else 0  # not of the text: a block ends with a line feed, or several
    tokens.append(Token(Lexeme.END, "", end, end))
    return tokens


def _token(text: str, start: int) -> Token:
    character = text[start]
    if character in LETTERS:
        return _name(text, start)
    if character in DIGITS:
        return _number(text, start)
    if character in "\"'":
        return _text(text, start)
    pair = text[start : start + 2]
    for sign in (pair, character):
        if sign in SIGNS:
            raise ConditionError("syntax", f"`{sign}` is not part of the language", start, start + len(sign), SIGNS[sign])
        if sign in _PAIRS or sign in _MARKS:
            return Token(Lexeme.SIGN, sign, start, start + len(sign))
    message = f"{quote(character)} is not part of the language"
    raise ConditionError("syntax", message, start, start + 1, remedy_for_character(character))


def _name(text: str, start: int) -> Token:
    end = start
    while end < len(text) and (text[end] in LETTERS or text[end] in DIGITS):
        end += 1
    return Token(Lexeme.NAME, text[start:end], start, end)


def _number(text: str, start: int) -> Token:
    end = start
    while end < len(text) and (
        text[end] in LETTERS or text[end] in DIGITS or (text[end] == "." and text[end + 1 : end + 2] in DIGITS)
    ):
        end += 1
    return Token(Lexeme.NUMBER, text[start:end], start, end)


def _text(text: str, start: int) -> Token:
    mark, place = text[start], start + 1
    pieces: list[str] = []
    while place < len(text) and text[place] not in "\r\n":
        character = text[place]
        if character == mark:
            return Token(Lexeme.TEXT, "".join(pieces), start, place + 1)
        if character == "\\":
            place += 1
            character = text[place : place + 1]
            if character not in ("\\", '"', "'"):
                raise ConditionError(
                    "syntax", "a backslash stands only before \\, \" and '", place - 1, place + 1, "write two: \\\\"
                )
        pieces.append(character)
        place += 1
    raise ConditionError("syntax", "the text is not closed", start, place, f"write a second {mark} after it")
