"""Groundedness: which values of an action the user really wrote."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import TypeAlias
from unicodedata import category

from signoff.actions import Action, Kind, fold_name
from signoff.planner import amounts_in

_JOINING = "@_-.&'"  # between letters they make one word: "alice@bank.com", "Alice-Marie", "O'Brien"
_ENDING = "+#"  # the same, and at the end of a word: "C++"


Grounding: TypeAlias = Callable[[Action], frozenset[str]]  # the names of an action's fields that the user wrote


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a request holds."""

    words: str  # as `_words` writes them
    numbers: frozenset[Decimal]
    currencies: frozenset[str]  # of its amounts: a code that stands alone may be any word, such as "try" or "all"


def grounded_fields(action: Action, request: str | None) -> frozenset[str]:
    """The names of the fields whose value stands in *request*, as whole words: case, spacing and look-alikes do not matter.

    *request* is what the authenticated user wrote, never a model's text or a tool's result; without one, nothing does.
    Amounts may be written in words, a currency counts where an amount is in it; a truth value is never found.
    """
    if request is None:
        return frozenset()
    reading = _read(request)
    return frozenset(
        field.name
        for field in action.fields.values()
        if (value := getattr(action, field.attribute)) is not None
        and field.kind is not Kind.SECRET
        and all(_stands_in(reading, field.kind, one) for one in (value if field.many else (value,)))
    )


def grounded_in(request: str | None) -> Grounding:
    """Which fields of an action stand in *request*."""
    return partial(grounded_fields, request=request)


def given_fields(action: Action) -> frozenset[str]:
    """The names of all fields that are given: those that stand in a request that holds every value."""
    given = (field for field in action.fields.values() if getattr(action, field.attribute) is not None)
    return frozenset(field.name for field in given if field.kind is not Kind.SECRET)  # a secret is not looked for


@lru_cache(maxsize=8)  # the actions of one plan, decided twice each, are looked for in the same request
def _read(request: str) -> _Reading:
    amounts = amounts_in(request)
    return _Reading(
        words=_words(request),
        numbers=frozenset(amount.value for amount in amounts),
        currencies=frozenset(amount.currency for amount in amounts if amount.currency is not None),
    )


def _stands_in(reading: _Reading, kind: Kind, value: object) -> bool:
    match value:
        case bool():
            return False
        case int() | Decimal():
            return value in reading.numbers
        case str() if kind is Kind.CURRENCY:
            return value in reading.currencies
        case str():
            wanted = _words(value)
            return wanted.strip() != "" and wanted in reading.words
    return False


def _words(text: str) -> str:
    """The words of *text*, folded, with a space before, between and behind them; of "Alice's" both "alice" and "s"."""
    folded = fold_name(text).replace("’", "'")
    kept = "".join(c if c.isalnum() or c in _JOINING + _ENDING or category(c).startswith("M") else " " for c in folded)
    words = (word.lstrip(_JOINING + _ENDING).rstrip(_JOINING) for word in kept.split())
    return f" {' '.join(word for word in words if word)} ".replace("'s ", " s ")
