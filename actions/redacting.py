"""Redaction: an action's own secrets are taken out of what its code returns, and of what its errors say."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import quote, quote_plus

from signoff.canonical import Json

from .model import Action
from .secret import secrets_in

SHORTEST = 4  # characters of a value that is looked for at all
ANYWHERE = 8  # characters from which on it is found inside of words, and encoded together with what stands around it
_LINE = 16  # characters of one line of a value of several that is found by itself
HIDDEN = "***"
MAX_TEXT = 1_000_000  # characters that are searched


class Redaction:
    """Takes values out of texts, as they are and as base64, hexadecimal, URL, JSON and Python write them.

    A part of a value, and what is derived from it, is not found.
    """

    def __init__(self, *values: str) -> None:
        self._values = tuple(value for value in values if len(value) >= SHORTEST and _is_unicode(value))

    @classmethod
    def of(cls, action: Action) -> "Redaction":
        """Of what the secrets of *action* hold."""
        return cls(*(secret.opening.value for secret in secrets_in(action).values() if secret.opening is not None))

    def text(self, text: str) -> str:
        """*text* without the values; of a very long one the beginning."""
        if not self._values:
            return text
        hidden = self._pattern.sub(HIDDEN, text[:MAX_TEXT])
        return hidden if len(text) <= MAX_TEXT else hidden[: -max(map(len, self._looked_for))]  # half a value may end it

    def json(self, value: Json) -> Json:
        """*value* without the values, in its keys and numbers, too."""
        if not self._values:
            return value
        match value:
            case None | bool():
                return value
            case str():
                return self.text(value)
            case int():
                text = self.text(str(value))
                return value if text == str(value) else text
            case dict():
                return {self.text(key): self.json(item) for key, item in value.items()}
            case list() | tuple():
                return [self.json(item) for item in value]
        raise TypeError(f"{type(value).__name__} is no JSON")

    @cached_property
    def _looked_for(self) -> dict[str, str]:
        """All that is looked for, the longest first, each with its pattern."""
        whole = {form for value in self._values if len(value) < ANYWHERE for form in (value, *_written(value))}
        inside = {form for value in self._values for form in _forms(value)}
        patterns = {form: re.escape(form) for form in inside} | {form: _as_word(form) for form in whole}
        return dict(sorted(patterns.items(), key=lambda one: -len(one[0])))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(self._looked_for.values()))


def _forms(value: str) -> Iterator[str]:
    """What *value* looks like where it is told apart wherever it stands."""
    data = value.encode()
    encoded = [data.hex(), data.hex().upper(), base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()]
    yield from (form.rstrip("=") for form in encoded if len(form.rstrip("=")) > len(value))
    if len(value) < ANYWHERE:
        return
    yield value
    yield from _written(value)
    yield from (line for line in value.splitlines() if len(line) >= _LINE)
    for before in range(3):  # bytes of what stands before it, such as the name in `name:password`
        whole = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        inner = whole[before and before + 1 : -1]  # without the digits that hold a part of what is around it
        yield from (inner, inner.translate(str.maketrans("+/", "-_")))


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _as_word(form: str) -> str:
    """A pattern for *form* where it is no part of a longer word or number."""
    return (r"(?<!\w)" if form[0].isalnum() else "") + re.escape(form) + (r"(?!\w)" if form[-1].isalnum() else "")


def _written(value: str) -> Iterator[str]:
    """*value* as JSON, Python and URLs write it."""
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (ascii(value)[1:-1], quote(value), quote(value, safe=""), quote_plus(value))
