"""Canonical JSON and digests: one value, one sequence of bytes.

The profile is RFC 8785 restricted to strings, integers below 2**53, booleans, null, lists and objects with
ASCII keys. On it orjson's sorted output is the same bytes as RFC 8785's (a property test compares them).
This module is a leaf: every folder may import it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

Json: TypeAlias = str | int | bool | Sequence["Json"] | Mapping[str, "Json"] | None

MAX_INTEGER = 2**53 - 1

_PLAIN = frozenset({str, bool, type(None)})  # types of which every value is in the profile


def canonical(value: Json) -> bytes:
    """The canonical bytes of *value*.

    Raises ValueError where *value* is outside the profile: a float, a large integer, a key that is not ASCII.
    """
    try:
        _check(value)
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError) as error:  # lone surrogates, nesting too deep
        raise ValueError(f"no canonical JSON: {error}") from error


def parse(data: bytes) -> dict[str, Json]:
    """The object whose canonical bytes are *data*. Raises ValueError where they are not canonical."""
    value = orjson.loads(data)
    if not isinstance(value, dict) or _written_again(value, data) != data:
        raise ValueError("not the canonical JSON of an object")
    return value


def _written_again(value: dict[str, Json], data: bytes) -> bytes:
    """The canonical bytes of *value*, which was read from *data*. Raises ValueError where it is outside the profile.

    Where *data* is ASCII, so is every key; then only numbers can be outside, and orjson itself refuses large integers.
    """
    try:
        if not data.isascii() or _holds_float(value):
            return canonical(value)
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"no canonical JSON: {error}") from error


def _holds_float(value: dict[str, Json] | list[Json]) -> bool:
    """Whether *value*, which was read from JSON, holds a float at any depth."""
    for item in value.values() if type(value) is dict else value:
        kind = type(item)
        if kind is float:
            return True
        if (kind is dict or kind is list) and item and _holds_float(item):  # type: ignore[arg-type]  # its kind was just looked at
            return True
    return False


def digest(data: bytes) -> str:
    """SHA-256 of *data*, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _check(value: Json) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"no canonical JSON: the key {key!r} is not an ASCII string")
            kind = type(item)
            if kind not in _PLAIN and not (kind is int and -MAX_INTEGER <= item <= MAX_INTEGER):  # spare most the call
                _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            if type(item) not in _PLAIN:
                _check(item)
    elif value is None or isinstance(value, str | bool):
        return
    elif not isinstance(value, int):
        raise ValueError(f"no canonical JSON: {type(value).__name__} is not in the profile")
    elif abs(value) > MAX_INTEGER:
        raise ValueError(f"no canonical JSON: {value} is beyond 2**53 - 1")
