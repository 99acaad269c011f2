"""Reasons with values: `because: {amount} is more than {tables.limits[to]}`, read into texts and the parts of conditions."""

import unicodedata
from collections.abc import Callable
from typing import TypeAlias

from signoff.actions import show_text

from .parser import parse
from .scanner import ConditionError
from .syntax import Counted, Default, Entry, Expression, InRequest, Known, Listed, Name, SourceOf, Trusted

MAX_SHOWN = 200  # characters of one value
MAX_VALUES = 20  # in one reason

Reason: TypeAlias = tuple[str | Expression, ...]


def parse_reason(text: str) -> Reason:
    """The texts and the values of a reason, in the order written. Raises ConditionError with places in *text*."""
    if "{" not in text and "}" not in text:
        return (unicodedata.normalize("NFC", text),)
    parts: list[str | Expression] = []
    plain, place = "", 0
    while place < len(text):
        mark = text[place]
        if mark in "{}" and text[place + 1 : place + 2] == mark:
            plain += mark
            place += 2
        elif mark == "}":
            raise ConditionError("syntax", "`}` without a `{` before it", place, place + 1, "write }} to show one")
        elif mark == "{":
            end = text.find("}", place)
            if end < 0:
                raise ConditionError("syntax", "`{` is not closed", place, place + 1, "write {amount}, or {{ to show one")
            parts += [unicodedata.normalize("NFC", plain), _value(text, place + 1, end)]
            if sum(not isinstance(part, str) for part in parts) > MAX_VALUES:
                raise ConditionError("too-long", f"a reason shows at most {MAX_VALUES} values", place, end + 1, "shorten it")
            plain, place = "", end + 1
        else:
            plain += mark
            place += 1
    return tuple(part for part in (*parts, unicodedata.normalize("NFC", plain)) if part)


def tell(reason: Reason, show: Callable[[Expression], str]) -> str:
    """*reason* with its values, each as *show* gives it."""
    return "".join(part if isinstance(part, str) else _cut(show_text(show(part))) for part in reason)


def _value(text: str, start: int, end: int) -> Expression:
    """The value between two brackets; its places are those in *text*."""
    if not text[start:end].strip():
        raise ConditionError(
            "syntax", "`{}` names nothing to show", start - 1, end + 1, "write {amount}, or {{}} to show brackets"
        )
    tree = parse(" " * start + text[start:end])
    if not isinstance(tree, Name | Known | Listed | Counted | Entry | InRequest | SourceOf | Trusted | Default):
        hint = "write a name, such as {amount}"
        raise ConditionError("syntax", "a reason shows single values, not calculations or conditions", tree.start, tree.end, hint)
    return tree


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
