"""Groundedness: which values of an action the user really wrote."""

import re
from decimal import Decimal

from signoff.actions import Action, Kind, fold_name
from signoff.planner import amounts_in

_WORD = re.compile(r"[^\W_]+")
_CURRENCIES = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "dollar": "usd", "dollars": "usd", "euro": "eur", "euros": "eur"}


def grounded_fields(action: Action, request: str | None) -> frozenset[str]:
    """The names of the fields whose value stands in *request*, as whole words: case, spacing and look-alikes do not matter.

    *request* is what the authenticated user wrote, never a model's text or a tool's result; without one, nothing does.
    Amounts may be written in words; a truth value is never found.
    """
    if request is None:
        return frozenset()
    words, amounts = _words(request), amounts_in(request)
    return frozenset(
        field.name
        for field in action.fields.values()
        if (value := getattr(action, field.attribute)) is not None
        and all(_stands_in(words, amounts, field.kind, one) for one in (value if field.many else (value,)))
    )


def _stands_in(words: list[str], amounts: frozenset[Decimal], kind: Kind, value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | Decimal():
            return value in amounts
        case str():
            wanted = [value.lower()] if kind is Kind.CURRENCY else _words(value)
            size = len(wanted)
            return size > 0 and any(words[at : at + size] == wanted for at in range(len(words) - size + 1))
    return False


def _words(text: str) -> list[str]:
    folded = fold_name(text)
    for sign, code in _CURRENCIES.items():
        if not sign.isalpha():
            folded = folded.replace(sign, f" {code} ")
    return [_CURRENCIES.get(word, word) for word in _WORD.findall(folded)]
