"""Groundedness: which values of an action the user really wrote."""

import re
from collections.abc import Iterator
from decimal import Decimal

from signoff.actions import Action, Kind, fold_name

_WORD = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?|[^\W_]+")
_CURRENCY_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "dollar": "usd", "dollars": "usd", "euros": "eur"}


def grounded_fields(action: Action, request: str | None) -> frozenset[str]:
    """The names of the fields whose value stands in *request*, as whole words: case, spacing and look-alikes do not matter.

    *request* is what the authenticated user wrote, never a model's text or a tool's result; without one, nothing does.
    """
    if request is None:
        return frozenset()
    words = _words(request)
    return frozenset(
        field.name
        for field in action.fields.values()
        if (value := getattr(action, field.attribute)) is not None
        and all(_stands_in(words, field.kind, one) for one in (value if field.many else (value,)))
    )


def _words(text: str) -> list[str]:
    folded = fold_name(text)
    for sign, code in _CURRENCY_SIGNS.items():
        if not sign.isalpha():
            folded = folded.replace(sign, f" {code} ")
    return [_CURRENCY_SIGNS.get(word, word) for word in _WORD.findall(folded)]


def _stands_in(words: list[str], kind: Kind, value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | Decimal():
            return any(number == value for number in _numbers(words))
        case str():
            wanted = [value.lower()] if kind is Kind.CURRENCY else _words(value)
            size = len(wanted)
            return size > 0 and any(words[at : at + size] == wanted for at in range(len(words) - size + 1))
    return False


def _numbers(words: list[str]) -> Iterator[Decimal]:
    for word in words:
        if word[0].isascii() and word[0].isdigit():
            plain = word.replace(",", "")
            if plain.replace(".", "", 1).isdecimal():
                yield Decimal(plain)
