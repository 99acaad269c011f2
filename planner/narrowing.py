"""Narrowing: a model may write only values that occur in the request, or in a context that only trusted systems write.

A small model makes up values where it can. Where every value is one of a list, it cannot: it writes one of those, or asks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, islice

from signoff.actions import Action, Field, Kind, Registry, fold_name, show_text
from signoff.errors import PlanInvalid, UsageError

from .amounts import money_in
from .context import Context, Trust
from .limits import MAX_ENUM_VALUES
from .plan import ActionPlan
from .tokens import Token

MAX_TEXTS = 100  # that one field may be; all passages of a request of some 25 words
MIN_TEXTS = 20  # fewer would leave out what the user means
MAX_AMOUNTS = 20  # in one request
MAX_CURRENCIES = 10
MAX_PASSAGE = 4  # words of a text that could be a value: "The Society of Friends"
MAX_LENGTH = 80  # characters of one
MAX_QUOTED = 200  # characters of one that stands in quotation marks, or after a colon to the end of its line
MAX_WORDS_READ = 3_000  # words from which passages are made

_NARROWED = (Kind.TEXT, Kind.MONEY, Kind.CURRENCY)
_ROUND = " .,;:!?()[]{}<>'‘’“”«»`*_"  # not a part of a value at its ends
_ENDS = tuple(",;:!?)]}”»")  # what stands before and behind it is no passage
_QUOTED = re.compile(r'["“«]([^"“”«»\n]{1,200})["”»]|:[ \t]+(\S[^\n]{0,199})$', re.MULTILINE)
_UNUSABLE = frozenset('"\\$€£₹')  # servers differ in how they take the first two in a list of values; the rest are amounts

# Words that are neither the first nor the last of a value, unless they are written with a capital: "The Red Cross".
_SMALL_WORDS = """
a an the to and or of in on for from by at with into onto as my me i we us our you your it its he she him her his they them this
that these those is are was were be been do does did can could would shall should please then after before if when
what which who how why not no yes so but just also too all some any there here now
"""
_SMALL = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The values that may stand in a plan."""

    texts: tuple[str, ...]  # in the order in which they occur
    amounts: tuple[str, ...]  # plain decimals
    currencies: tuple[str, ...]
    money: frozenset[tuple[Decimal, str | None]]  # the amounts again, each with the currency that is written beside it

    @classmethod
    def of(cls, request: str, context: Sequence[Context], registry: Registry) -> "Candidates":
        """What occurs in *request*, and in those of *context* that are trusted."""
        texts = [request, *(one.text for one in context if one.trust is Trust.TRUSTED)]
        amounts = [token for text in texts for token in money_in(text)]
        return cls(
            texts=_passages(texts, room_for_texts(registry)),
            amounts=_first(filter(None, map(_written, amounts)), MAX_AMOUNTS),
            currencies=_first((token.currency for token in amounts if token.currency), MAX_CURRENCIES),
            money=frozenset((token.amount, token.currency) for token in amounts if token.amount is not None),
        )

    def values(self, field: Field) -> tuple[str, ...] | None:
        """What may stand in *field*. None where it is not narrowed: it has choices of its own, or holds no such value."""
        if field.choices or field.kind not in _NARROWED:
            return None
        return {Kind.TEXT: self.texts, Kind.MONEY: self.amounts, Kind.CURRENCY: self.currencies}[field.kind]

    def check(self, plan: ActionPlan) -> None:
        """Raises PlanInvalid with every value of *plan* that is none of these, nor its field's default."""
        problems = [
            f'action {number} ({planned.action.type}): `{field.name}` is "{show_text(str(value))}", which is not in the request; '
            "write what the user wrote, or ask"
            for number, planned in enumerate(plan.actions, 1)
            for field in planned.action.fields.values()
            for value in self._outside(planned.action, field)
        ]
        if problems:
            raise PlanInvalid(problems)

    def _outside(self, action: Action, field: Field) -> list[object]:
        allowed, value = self.values(field), getattr(action, field.attribute)
        if allowed is None or value is None or value == type(action).model_fields[field.attribute].default:
            return []
        values = value if field.many else (value,)
        named = None if field.currency is None else action.fields.get(field.currency)
        code = None if named is None else getattr(action, named.attribute)
        swapped = () if code is None else [f"{one} {code}" for one in values if self._is_swapped(one, code)]
        return [one for one in values if not _is_among(one, field.kind, allowed)] or list(swapped)

    def _is_swapped(self, amount: Decimal, code: str) -> bool:
        """Whether *amount* stands there in other currencies alone: 150 EUR of "$150 to Ann, and 12 euros to Bob" does."""
        return self.money.isdisjoint({(amount, code), (amount, None)})


def room_for_texts(registry: Registry) -> int:
    """How many texts each field may be chosen from. Raises UsageError where a server would not take enough of them."""
    fields = [field for action in registry.values() for field in action.fields.values()]
    free = [field.kind for field in fields if not field.choices]
    taken = sum(len(field.choices) for field in fields)
    taken += MAX_AMOUNTS * free.count(Kind.MONEY) + MAX_CURRENCIES * free.count(Kind.CURRENCY)
    room = min(MAX_TEXTS, (MAX_ENUM_VALUES - taken) // max(1, free.count(Kind.TEXT)))
    if room < MIN_TEXTS:
        raise UsageError("the actions have too many fields to be narrowed to a request; unset SIGNOFF_NARROW, or register fewer")
    return room


def _is_among(value: object, kind: Kind, allowed: Sequence[str]) -> bool:
    """Amounts are compared as numbers, and texts as names are everywhere: case and spacing do not matter."""
    if kind is Kind.MONEY:
        return value in {Decimal(one) for one in allowed}
    return fold_name(str(value)) in {fold_name(one) for one in allowed}


def _written(token: Token) -> str | None:
    """The amount that *token* is, as a plan writes it: "150", "12.50". None where it is none, or nothing."""
    value = token.amount
    if value is None or not 0 < value < 10**18:
        return None
    if value == value.to_integral_value():
        return f"{value:.0f}"
    return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"


def _passages(texts: Sequence[str], most: int) -> tuple[str, ...]:
    """The passages of *texts* that could be values: those first that look like names, then the shorter ones.

    They are at most *most*, and together no longer than so many of MAX_LENGTH are.
    """
    found: dict[str, tuple[int, int]] = {}  # by passage: how little it looks like a value, and its number of words
    words = 0
    for text in (unicodedata.normalize("NFC", text) for text in texts):
        for quoted in _QUOTED.finditer(text):
            _add(found, (quoted[1] or quoted[2]).strip(_ROUND), (0, 0), MAX_QUOTED)
        for run in _runs(text):
            if words > MAX_WORDS_READ:
                break
            words += len(run)
            for passage in _parts(run):
                _add(found, passage, _rank(passage.split()), MAX_LENGTH)
    best = sorted(found, key=lambda passage: found[passage])[:most]
    ends = accumulate(map(len, best))
    fitting = {passage for passage, end in zip(best, ends, strict=True) if end <= most * MAX_LENGTH}
    return tuple(passage for passage in found if passage in fitting)


def _add(found: dict[str, tuple[int, int]], passage: str, rank: tuple[int, int], longest: int) -> None:
    shown = len(passage) <= longest and show_text(passage) == passage and not _UNUSABLE.intersection(passage)
    if shown and any(character.isalnum() for character in passage):
        found.setdefault(passage, rank)


def _runs(text: str) -> Iterator[list[str]]:
    """The words of *text*, cut where a sentence or a part of one ends: no name reaches over that."""
    for line in text.splitlines():
        run: list[str] = []
        for word in line.replace('"', " , ").split():
            core = word.strip(_ROUND)
            if core and (word[0] not in "([{“«" or not run):
                run.append(word)
            elif core:
                yield run
                run = [word]
            if not core or word.endswith(_ENDS) or (word.endswith(".") and len(core) > 3):  # "St." goes on
                yield run
                run = []
        yield run


def _parts(run: Sequence[str]) -> Iterator[str]:
    for start in range(len(run)):
        for size in range(1, min(MAX_PASSAGE, len(run) - start) + 1):
            passage = " ".join(run[start : start + size]).strip(_ROUND)
            if not _SMALL.isdisjoint(passage.split()[:1] + passage.split()[-1:]):
                continue
            yield passage
            if passage.endswith(("'s", "’s")):
                yield passage[:-2]


def _rank(words: Sequence[str]) -> tuple[int, int]:
    """How little the passage of *words* looks like a name or an account, and its length."""
    return int(any(word[0].islower() and word.isalpha() for word in words)), len(words)


def _first(values: Iterator[str], most: int) -> tuple[str, ...]:
    """The first *most* different ones of *values*."""
    return tuple(islice(dict.fromkeys(values), most))
