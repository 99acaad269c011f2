"""Currencies beside a number that no phrasing takes: "¥500", "500 PLN", "50 in euros", "50 Canadian dollars", "500 pesos"."""

from collections.abc import Mapping, Sequence
from unicodedata import category

from signoff.actions import currency_codes

from .tokens import Part, Token

UNKNOWN = "?"  # a currency that may be one of several, or a part of one: dollars it is not

_SIGNS = {
    "¥": "JPY", "￥": "JPY", "₽": "RUB", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₫": "VND", "₦": "NGN", "₱": "PHP", "₴": "UAH",
    "฿": "THB", "＄": "USD", "￡": "GBP",
}  # fmt: skip
_NATIONS = {
    "us": "USD", "american": "USD", "canadian": "CAD", "australian": "AUD", "aussie": "AUD", "singapore": "SGD",
    "hong kong": "HKD", "new zealand": "NZD",
}  # fmt: skip
_ONE_MEANING = {
    "baht": "THB", "forint": "HUF", "forints": "HUF", "hryvnia": "UAH", "naira": "NGN", "rand": "ZAR", "renminbi": "CNY",
    "ringgit": "MYR", "rmb": "CNY", "ruble": "RUB", "rubles": "RUB", "rouble": "RUB", "roubles": "RUB", "rupiah": "IDR",
    "shekel": "ILS", "shekels": "ILS", "yuan": "CNY", "zloty": "PLN", "zlotys": "PLN", "złoty": "PLN",
}  # fmt: skip
_MANY_MEANINGS = """
peso pesos rupee rupees franc francs won krona kronor krone kroner koruna crowns lira liras lire dinar dinars dirham dirhams
riyal riyals shilling shillings pence penny pennies eurocent eurocents euro-cent euro-cents nickel nickels dime dimes
bitcoin bitcoins btc eth ether satoshi satoshis sats usdt usdc
"""
_NAMES = _ONE_MEANING | dict.fromkeys(_MANY_MEANINGS.split(), UNKNOWN)
CURRENCY_WORDS = frozenset(_NAMES)
_DOLLARS = frozenset({"dollar", "dollars"})
_AWAY = frozenset({"to", "for", "from", "at", "by", "with", "and", "or"})  # what stands behind one is somebody, or something else

# Codes of currencies that are names and words, too, where somebody writes in capitals: "PAY BOB 50", "SEND ALL 50".
_WORDS = frozenset({"ALL", "BAM", "BOB", "COP", "CUP", "GEL", "MAD", "MOP", "PEN", "RON", "SOS", "TOP", "TRY"})


def other_currency(tokens: Sequence[Token], at: int, units: Mapping[str, str]) -> str | None:
    """The currency that stands beside the number at *at*, which was read without one; None where none does.

    *units* are the words that say a currency right behind a number: here they do behind an "in".
    """
    start = at + 1 + (_word(tokens, at + 1) == "in")
    first, second, third = (_word(tokens, start + place) for place in range(3))
    if start > at + 1 and first in units:
        return units[first]
    nation = first if second in _DOLLARS else f"{first} {second}" if third in _DOLLARS else ""
    if nation in _NATIONS:
        return _NATIONS[nation]
    if first in _NAMES:
        return _NAMES[first]
    if second in _NAMES and first not in _AWAY:  # "Mexican pesos"
        return UNKNOWN
    beside = [*tokens[start : start + 1], *tokens[max(at - 1, 0) : at]]
    return next(filter(None, map(_written, beside)), None)


def _written(token: Token) -> str | None:
    """The currency whose sign, or code in capitals, *token* is."""
    if token.part is Part.OTHER and category(token.text) == "Sc":
        return _SIGNS.get(token.text, UNKNOWN)
    is_code = token.part is Part.WORD and token.text in currency_codes() and token.text not in _WORDS
    return token.text if is_code else None


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].word if 0 <= at < len(tokens) and tokens[at].part is Part.WORD else ""
