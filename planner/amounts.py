"""Reading amounts of money: "$150", "1.5k", "150 dollars", "one hundred and seventy five bucks".

What can be read in two ways ("1,50", "1.500", "one fifty", "$5 euros") is left as it is, and no phrasing takes it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .tokens import Part, Token, join, tokenize

SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}

# A word after a number that says the currency. "dollars" are the bank's own.
UNITS = {
    "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "usd": "USD",
    "euro": "EUR", "euros": "EUR", "eur": "EUR",
    "pound": "GBP", "pounds": "GBP", "quid": "GBP", "gbp": "GBP",
    "yen": "JPY", "jpy": "JPY", "chf": "CHF", "cad": "CAD", "aud": "AUD", "inr": "INR",
}  # fmt: skip

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_LARGE = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000}

NUMBER_WORDS = frozenset({*_ONES, *_TEENS, *_TENS, *_LARGE})

_PLAIN = re.compile(r"[0-9]+(\.[0-9]{1,2})?")  # 150, 1.5, 150.00; "1.500" may be a thousand and a half, or one and a half
_COMMAS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")  # 1,500.00
_POINTS = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]{2}")  # 1.500,00
MAX_DIGITS = 25


@dataclass(frozen=True, slots=True)
class _Found:
    """A number that was read, and the place behind it."""

    value: Decimal
    end: int


def amounts_in(text: str) -> frozenset[Decimal]:
    """Every amount that *text* names, in figures or in words: "$1,500 or seventy dollars" is 1500 and 70."""
    return frozenset(token.amount for token in read_amounts(tokenize(text)) if token.amount is not None)


def read_amounts(tokens: Sequence[Token]) -> list[Token]:
    """*tokens* with those that make up an amount put together to one."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        amount, end = _amount(tokens, at) or (tokens[at], at + 1)
        made.append(amount)
        at = end
    return made


def _amount(tokens: Sequence[Token], at: int) -> tuple[Token, int] | None:
    """The amount that begins at *at*, and the place behind it."""
    sign = SIGNS.get(tokens[at].text)
    if tokens[at].glued and tokens[at - 1].part is not Part.MARK:
        return None  # "CA$50", "-50", "x2"
    if tokens[at].glued and tokens[at - 1].text in (".", ","):
        return None  # ".50"
    found = _number(tokens, at + (sign is not None))
    if found is None:
        return None
    value, end = found.value, found.end
    unit = _unit(tokens, end)
    if unit is not None:
        end += 1
        if sign is not None and sign != unit:
            return None
    currency = sign or unit
    if currency is not None:
        value, end = _with_cents(tokens, value, end)
    elif _word(tokens, end) in ("cent", "cents"):
        value, end, currency = value / 100, end + 1, "USD"
    if _goes_on(tokens, end):
        return None
    return Token(Part.AMOUNT, join(tokens[at:end]), "", tokens[at].glued, value, currency), end


def _number(tokens: Sequence[Token], at: int) -> _Found | None:
    """The number in digits or words that begins at *at*."""
    if at >= len(tokens) or tokens[at].part is not Part.NUMBER:
        return _spoken(tokens, at)
    value = _digits(tokens[at].text)
    if value is None:
        return None
    if at + 1 < len(tokens) and tokens[at + 1].glued and tokens[at + 1].word == "k":
        return _Found(value * 1000, at + 2)
    factor = _LARGE.get(_word(tokens, at + 1))
    return _Found(value, at + 1) if factor is None else _Found(value * factor, at + 2)


def _digits(text: str) -> Decimal | None:
    if len(text) > MAX_DIGITS or (text[0] == "0" and text[1:2].isdigit()):
        return None
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if _COMMAS.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if _POINTS.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    return None


def _unit(tokens: Sequence[Token], at: int) -> str | None:
    """The currency that the token at *at* names, behind a number."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.part is Part.SIGN:
        before_another = at + 1 < len(tokens) and tokens[at + 1].part is Part.NUMBER
        return None if before_another else SIGNS[token.text]
    return UNITS.get(token.word)


def _with_cents(tokens: Sequence[Token], value: Decimal, end: int) -> tuple[Decimal, int]:
    """*value*, and the cents that follow it: "twenty dollars and fifty cents"."""
    if _word(tokens, end) != "and" or value != int(value):
        return value, end
    cents = _number(tokens, end + 1)
    if cents is None or _word(tokens, cents.end) not in ("cent", "cents"):
        return value, end
    whole = cents.value == int(cents.value) and cents.value < 100
    return (value + cents.value / 100, cents.end + 1) if whole else (value, end)


def _goes_on(tokens: Sequence[Token], end: int) -> bool:
    """Whether more of a number follows at *end*, so that it was not read to its end: "one fifty", "50th", "5 $ 6"."""
    if end >= len(tokens):
        return False
    token = tokens[end]
    return (
        token.part in (Part.NUMBER, Part.SIGN)
        or token.word.split("-")[0] in NUMBER_WORDS
        or (token.glued and token.part is not Part.MARK)
    )


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].word if at < len(tokens) and tokens[at].part is Part.WORD else ""


# Numbers in words, by recursive descent: each function reads from a place and returns the value and the place behind it.


def _spoken(tokens: Sequence[Token], at: int) -> _Found | None:
    """ "ten thousand", "one hundred and seventy-five", "a hundred", "fifteen hundred"."""
    head = _below_thousand(tokens, at)
    if head is None:
        return None
    factor = _LARGE.get(_word(tokens, head.end), 0)
    if factor < 1000:
        return head
    value, end = head.value * factor, head.end + 1
    tail = _below_thousand(tokens, end + (_word(tokens, end) == "and"))
    return _Found(value, end) if tail is None or tail.value == 0 else _Found(value + tail.value, tail.end)


def _below_thousand(tokens: Sequence[Token], at: int) -> _Found | None:
    article = _word(tokens, at) in ("a", "an") and _word(tokens, at + 1) in _LARGE
    head = _Found(Decimal(1), at + 1) if article else _below_hundred(tokens, at)
    if head is None or _word(tokens, head.end) != "hundred" or head.value not in range(1, 20):
        return head
    value, end = head.value * 100, head.end + 1
    tail = _below_hundred(tokens, end + (_word(tokens, end) == "and"))
    return _Found(value, end) if tail is None or tail.value == 0 else _Found(value + tail.value, tail.end)


def _below_hundred(tokens: Sequence[Token], at: int) -> _Found | None:
    word = _word(tokens, at)
    tens, hyphen, ones = word.partition("-")
    if hyphen:
        known = tens in _TENS and _ONES.get(ones, 0) > 0
        return _Found(Decimal(_TENS[tens] + _ONES[ones]), at + 1) if known else None
    if word in _TENS:
        ones_value = _ONES.get(_word(tokens, at + 1), 0)
        return _Found(Decimal(_TENS[word] + ones_value), at + 1 + (ones_value > 0))
    small = _TEENS.get(word, _ONES.get(word))
    return None if small is None else _Found(Decimal(small), at + 1)
