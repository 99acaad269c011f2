"""Reading amounts of money: "$150", "1.5k", "150 dollars", "one hundred and seventy five bucks".

What can be read in two ways ("1,50", "1.500", "one fifty", "$5 euros", "5, 500") is left as it is, to the end of its
numbers, and no phrasing takes it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from .other_money import UNKNOWN, other_currency
from .other_numbers import is_other_number
from .tokens import Part, Token, join, tokenize

SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"}

# A word after a number that says the currency. "dollars" are the bank's own. In capitals a code may stand before, too.
UNITS = {
    "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "usd": "USD",
    "euro": "EUR", "euros": "EUR", "eur": "EUR",
    "pound": "GBP", "pounds": "GBP", "quid": "GBP", "gbp": "GBP",
    "yen": "JPY", "jpy": "JPY", "chf": "CHF", "cad": "CAD", "aud": "AUD", "inr": "INR",
    "nzd": "NZD", "hkd": "HKD", "sgd": "SGD", "mxn": "MXN", "cny": "CNY", "brl": "BRL", "sek": "SEK", "nok": "NOK",
}  # fmt: skip
_CODES = frozenset(UNITS.values())

_ONES = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_LARGE = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000}

# Spellings that can mean one number only, and are written often.
_MISSPELT = {"fourty": "forty", "hundered": "hundred", "hunderd": "hundred", "thousend": "thousand", "ninty": "ninety"}
_CENTS = frozenset({"cent", "cents"})
_SINGLE = frozenset({"dollar", "buck", "euro"})  # "a dollar" is 1 USD
_NATIONS = {"us": "USD", "american": "USD"}  # before "dollars"

NUMBER_WORDS = frozenset({*_ONES, *_TEENS, *_TENS, *_LARGE, *_MISSPELT})

# Words and signs that make another number of the one they stand beside: "five billion", "half a million", "50%", "10:30".
_SCALE_WORDS = """
k m mm mn mil bn b billion billions trillion trillions millions thousands hundreds percent % per pct lakh lakhs crore crores
dozen dozens score gross times x half halves third thirds quarter quarters
"""
_SCALES = frozenset(_SCALE_WORDS.split())
_SHARES = frozenset({"half", "third", "thirds", "quarter", "quarters", "percent", "%", "double", "triple"})
_NOUN_STARTS = frozenset({"a", "the", "my", "our", "this", "that"})
_GLUE = frozenset("-‐‑‒–—−－/÷%‰#^")

_PLAIN = re.compile(r"[0-9]*(\.[0-9]{1,2})?")  # 150, 1.5, .50; "1.500" may be a thousand and a half, or one and a half
_COMMAS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")  # 1,500.00
_POINTS = re.compile(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]{2}")  # 1.500,00
_THREE = re.compile(r"[0-9]{3}(\.[0-9]+)?")  # what may belong to the number before a comma: "5, 500"
MAX_DIGITS = 25


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money that a text names."""

    value: Decimal
    currency: str | None  # ISO 4217; None where the text does not say


@dataclass(frozen=True, slots=True)
class _Found:
    """A number that was read, and the place behind it."""

    value: Decimal
    end: int


def amounts_in(text: str) -> frozenset[Amount]:
    """Every amount of money that *text* names, in figures or in words: "$1,500 or seventy euros" is 1500 USD and 70 EUR.

    A number of a date, a time or a reference is none, unless a currency stands beside it: "on 20 May", "invoice 4711".
    """
    return frozenset(Amount(token.amount, token.currency) for token in money_in(text) if token.amount is not None)


def money_in(text: str) -> list[Token]:
    """The same as tokens, in the order in which they were written."""
    tokens = read_amounts(tokenize(text))
    amounts = [(at, token) for at, token in enumerate(tokens) if token.amount is not None]
    money = [(at, token) for at, token in amounts if token.currency is not None or not is_other_number(tokens, at)]
    named = [replace(token, currency=token.currency or other_currency(tokens, at, UNITS)) for at, token in money]
    return [token for token in named if token.currency != UNKNOWN]


def numbers_in(text: str) -> frozenset[Decimal]:
    """Every number that *text* names, whatever it counts: "a room for 3 days at $50" is 3 and 50."""
    return frozenset(token.amount for token in read_amounts(tokenize(text)) if token.amount is not None)


def read_amounts(tokens: Sequence[Token]) -> list[Token]:
    """*tokens* with those that make up an amount put together to one."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        found = _amount(tokens, at)
        if found is None:
            end = _run_end(tokens, at)
            made += tokens[at:end]
        else:
            amount, end = found
            made.append(amount)
        at = end
    return made


def _run_end(tokens: Sequence[Token], at: int) -> int:
    """The place behind the numbers that stand together from *at* on: what was not read as a whole is not read in part."""
    end = at
    while _is_numeric(tokens, end):
        end += 1 + (_word(tokens, end + 1) in UNITS)
        if _word(tokens, end) in ("and", "point") or _takes_comma(tokens, end):
            end += _is_numeric(tokens, end + 1)
    return max(end, at + 1)


def _amount(tokens: Sequence[Token], at: int) -> tuple[Token, int] | None:
    """The amount that begins at *at*, and the place behind it."""
    first = tokens[at]
    if _hangs_on(tokens, at):
        return None
    sign = SIGNS.get(first.text) or (first.text if first.text in _CODES else None)
    found = _number(tokens, at + (sign is not None))
    if found is None:
        return None
    value, end = found.value, found.end
    unit = _unit(tokens, end)
    if unit is None and _word(tokens, end) in _NATIONS and _word(tokens, end + 1) in ("dollar", "dollars"):
        unit, end = _NATIONS[_word(tokens, end)], end + 1
    if unit is not None:
        end += 1 + (_unit(tokens, end + 1) == unit)
        if sign is not None and sign != unit:
            return None
    currency = sign or unit
    if currency is not None:
        value, end = _with_cents(tokens, value, end)
    elif _word(tokens, end) in _CENTS:
        value, end, currency = value / 100, end + 1, "USD"
    if _goes_on(tokens, end) or (currency is None and end == at + 1 and first.word == "one"):
        return None
    return Token(Part.AMOUNT, join(tokens[at:end]), "", first.glued, value, currency), end


def _number(tokens: Sequence[Token], at: int) -> _Found | None:
    """The number in digits or words that begins at *at*."""
    if _word(tokens, at) == "a" and _word(tokens, at + 1) in _SINGLE:
        return _Found(Decimal(1), at + 1)
    if at >= len(tokens) or tokens[at].part is not Part.NUMBER:
        return _spoken(tokens, at)
    value = _digits(tokens[at].text)
    if value is None:
        return None
    if at + 1 < len(tokens) and tokens[at + 1].glued and tokens[at + 1].word == "k":
        event = at > 0 and tokens[at - 1].word in _NOUN_STARTS  # "the 10k run"
        return None if event else _Found(value * 1000, at + 2)
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
    if cents is None or _word(tokens, cents.end) not in _CENTS:
        return value, end
    whole = cents.value == int(cents.value) and cents.value < 100
    return (value + cents.value / 100, cents.end + 1) if whole else (value, end)


def _hangs_on(tokens: Sequence[Token], at: int) -> bool:
    """Whether what begins at *at* belongs to what stands before it: "CA$50", "-50", "x2", "10:30", "half a million"."""
    before = tokens[at - 1] if at > 0 else None
    if before is None:
        return False
    if tokens[at].glued:
        inside = at > 1 and before.part is Part.OTHER and before.glued and tokens[at - 2].part is Part.NUMBER
        return inside or before.text in (".", ",") or _is_glue(before)
    of = at > 1 and before.word == "of"
    return (tokens[at - 2] if of else before).word in _SHARES


def _goes_on(tokens: Sequence[Token], end: int) -> bool:
    """Whether more of a number follows at *end*, so that it was not read to its end: "one fifty", "50th", "5, 500"."""
    if end >= len(tokens):
        return False
    token = tokens[end]
    inside = token.part is Part.OTHER and _is_numeric(tokens, end + 1) and tokens[end + 1].glued
    if token.glued and (inside or _is_glue(token)):
        return True
    if token.word in _CENTS or (token.word == "point" and _is_numeric(tokens, end + 1)):  # "50 euro cents", "five point five"
        return True
    if token.word == "and":  # "a million and a half", "fifty dollars and sixty"
        spelt = tokens[end - 1].word in UNITS and (rest := _spoken(tokens, end + 1)) is not None and rest.value < 100
        return spelt or (_word(tokens, end + 1) in ("a", "one") and _word(tokens, end + 2) in _SCALES)
    return _is_numeric(tokens, end) or _takes_comma(tokens, end) or token.word in _SCALES or token.text[0].isnumeric()


def _takes_comma(tokens: Sequence[Token], at: int) -> bool:
    """Whether the comma at *at* may stand inside a number: "5, 500"."""
    return (
        0 < at < len(tokens) - 1
        and tokens[at].text == ","
        and tokens[at - 1].part is tokens[at + 1].part is Part.NUMBER
        and _THREE.fullmatch(tokens[at + 1].text) is not None
    )


def _is_numeric(tokens: Sequence[Token], at: int) -> bool:
    """Whether the token at *at* can be a part of an amount, whatever stands beside it."""
    if at >= len(tokens):
        return False
    token = tokens[at]
    return token.part in (Part.NUMBER, Part.SIGN) or token.text in _CODES or token.word.split("-")[0] in NUMBER_WORDS


def _is_glue(token: Token) -> bool:
    """Whether *token* belongs to a number that touches it."""
    return token.part in (Part.WORD, Part.NUMBER, Part.SIGN) or token.text in _GLUE or token.text.isnumeric()


def _word(tokens: Sequence[Token], at: int) -> str:
    word = tokens[at].word if at < len(tokens) and tokens[at].part is Part.WORD else ""
    return _MISSPELT.get(word, word)


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
