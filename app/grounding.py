"""Groundedness: which values of an action stand in a text, as whole words."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import cast
from unicodedata import category

from signoff.actions import Action, Field, Kind, fold_name
from signoff.planner import Amount, amounts_in, numbers_in

_JOINING = "@_-.&'"  # between letters they make one word: "alice@bank.com", "Alice-Marie", "O'Brien"
_ENDING = "+#"  # the same, and at the end of a word: "C++"
_AROUND = '"*#„‚'  # marks that stand around words, as opening and closing quotation marks do, and come between none
_BREAK = " , "  # as it is written between folded words where what stands on both sides is no name together: "Alice, Martin"
_ABBREVIATED = 2  # letters before a point that ends nothing: "St. Mary"

_IN_NUMBER = re.compile(r"(?<=\d)[,:/](?=\d)")  # "1,500" and "10:30" are one word each
_SPACED = re.compile(r"[\s-]+")
_MARKS = ".,;:!?()[]{}\"'*<>"  # around the groups of a number
_ACCOUNT = re.compile(r"(?=(?:[a-z]*[0-9]){4})[a-z0-9]{8,64}")  # long enough, and with digits enough, to be nothing else


class Reading:
    """What a text holds."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def words(self) -> str:
        """Its words, as `_words` writes them."""
        return _words(self._text)

    @cached_property
    def amounts(self) -> frozenset[Amount]:
        return amounts_in(self._text)

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Of its amounts: a code that stands alone may be any word, such as "try" or "all"."""
        return frozenset(amount.currency for amount in self.amounts if amount.currency is not None)

    @cached_property
    def numbers(self) -> frozenset[Decimal]:
        return numbers_in(self._text)

    @cached_property
    def groups(self) -> tuple[str, frozenset[int], frozenset[int]]:
        """Its letters and digits without spaces and hyphens between groups of them, and where a number may begin and end."""
        return _groups(self._text)


@lru_cache(maxsize=512)  # the actions of one plan are looked for in the same texts: in a conversation, in all that was said
def read_text(text: str) -> Reading:
    """What *text* holds. It is looked into only as far as is asked for."""
    return Reading(text)


def grounded_fields(action: Action, request: str | None) -> frozenset[str]:
    """The names of the fields whose value stands in *request*, as whole words: case, spacing and look-alikes do not matter.

    *request* is what the authenticated user wrote, never a model's text or a tool's result; without one, nothing does.
    Amounts may be written in words, a currency counts where the action's amount is in it; a truth value is never found.
    """
    if request is None:
        return frozenset()
    reading = read_text(request)
    return frozenset(
        field.name
        for field in sought_fields(action)
        if all(stands_in(reading, action, field, one) for one in values_of(action, field))
    )


def sought_fields(action: Action) -> Iterator[Field]:
    """The fields of *action* that are given, and are looked for: a secret is not."""
    for field in action.fields.values():
        if field.kind is not Kind.SECRET and getattr(action, field.attribute) is not None:
            yield field


def values_of(action: Action, field: Field) -> tuple[object, ...]:
    """The values of a field: all items of one that holds several."""
    value = getattr(action, field.attribute)
    return cast(tuple[object, ...], value) if field.many else (value,)


def stands_in(reading: Reading, action: Action, field: Field, value: object) -> bool:
    """Whether *value*, of that *field* of *action*, stands in a text."""
    match value:
        case bool():
            return False
        case Decimal() if field.kind is Kind.MONEY:
            return bool(reading.amounts & {Amount(value, None), Amount(value, _currency_of(action, field))})
        case int() | Decimal():
            return value in reading.numbers
        case str() if field.kind is Kind.CURRENCY:
            return _is_currency(reading, action, field, value)
        case str():
            return _is_named(reading, value)
    return False


def _is_currency(reading: Reading, action: Action, field: Field, code: str) -> bool:
    """Whether an amount of *action* in that currency stands in the text: beside it, or as the only one that is written."""
    money = [one for one in sought_fields(action) if one.kind is Kind.MONEY and one.currency == field.name]
    if not money:
        return code in reading.currencies
    amounts = {value for one in money for value in values_of(action, one) if isinstance(value, Decimal)}
    written = {Amount(value, code) for value in amounts}
    if reading.currencies == {code}:
        written |= {Amount(value, None) for value in amounts}
    return bool(reading.amounts & written)


def _currency_of(action: Action, money: Field) -> str | None:
    found = None if money.currency is None else action.fields.get(money.currency)
    return None if found is None else cast(str | None, getattr(action, found.attribute))


def _is_named(reading: Reading, name: str) -> bool:
    """Whether *name* stands in the text as whole words, or as a number in groups: "DE89 3704 0044 0532 0130 00"."""
    wanted = _words(name)
    if not wanted.strip():
        return False
    if wanted in reading.words or (_BREAK in wanted and wanted.replace(_BREAK, " ") in reading.words):
        return True
    number = _SPACED.sub("", fold_name(name))
    return _ACCOUNT.fullmatch(number) is not None and _is_grouped(number, *reading.groups)


def _is_grouped(number: str, text: str, begins: frozenset[int], ends: frozenset[int]) -> bool:
    at = text.find(number)
    while at >= 0:
        if at in begins and at + len(number) in ends:
            return True
        at = text.find(number, at + 1)
    return False


def _words(text: str) -> str:
    """The words of *text*, folded, with a space before, between and behind them, and a comma where they do not belong together.

    Of "Alice's" both "alice" and "s".
    """
    written = "".join(_as_word_or_space(c) for c in _IN_NUMBER.sub("_", _folded(text)))
    words: list[str] = []
    for raw in written.split():
        word = raw.lstrip(_JOINING + _ENDING).rstrip(_JOINING) or raw.strip(_JOINING.replace("&", "") + _ENDING)
        ends = not word or (raw.endswith(".") and len(word) > _ABBREVIATED)
        words += [word] if word else []
        if ends and words and words[-1] != ",":
            words.append(",")
    if words and words[-1] == ",":
        words.pop()
    return f" {' '.join(words)} ".replace("'s ", " s ")


def _as_word_or_space(character: str) -> str:
    """*character* where it may be a part of a word: a currency's sign is, as "$50" names no account 50."""
    if character.isalnum() or character in _JOINING + _ENDING or category(character)[0] == "M" or category(character) == "Sc":
        return character
    return " - " if _is_break(character) else " "


def _is_break(character: str) -> bool:
    """Whether words on both sides of *character* do not belong together: a bracket, a dash, an arrow, a comma of any script."""
    kind = category(character)
    return kind[0] in "PS" and kind not in ("Pi", "Pf", "Sk") and character not in _AROUND


def _groups(text: str) -> tuple[str, frozenset[int], frozenset[int]]:
    """The letters and digits of *text*, a space between groups that do not belong together; where a number may begin, and end.

    It may where a group does, unless another one with digits stands right beside it: that would be a part of the number.
    """
    made, size = "", 0
    pieces: list[str] = []
    begins: set[int] = set()
    ends: set[int] = set()
    for raw in [*_SPACED.split(_folded(text)), ""]:
        group = raw.strip(_MARKS)
        whole = group if group.isascii() and group.isalnum() else ""
        apart = not whole or not raw.startswith(whole)
        if made and (apart or not _has_digit(whole)):
            ends.add(size)
        piece = (" " if apart else "") + whole
        if whole and (apart or not _has_digit(made)):
            begins.add(size + len(piece) - len(whole))
        made = whole
        if whole and not raw.endswith(whole):
            ends.add(size + len(piece))
            piece, made = piece + " ", ""
        pieces.append(piece)
        size += len(piece)
    return "".join(pieces), frozenset(begins), frozenset(ends)


def _has_digit(group: str) -> bool:
    return any(map(str.isdigit, group))


def _folded(text: str) -> str:
    """*text* in the form in which names are compared; a comma stands where a line ends."""
    return fold_name(" , ".join(text.splitlines())).replace("’", "'")
