"""Strict JSON: text in, values out, with nothing silently dropped.

Duplicate keys are kept as a fact, size and depth are bounded, and every fault is one clear PlanInvalid.
Floats, NaN and infinities come through as floats, for the field that gets them to refuse.
"""

import json
from collections import Counter
from functools import partial

from signoff.errors import PlanInvalid

MAX_PLAN_BYTES = 1024 * 1024
MAX_DEPTH = 8  # a plan, its list, an action, a list of values; the rest is room
MAX_DIGITS = 40  # of a whole number; no field takes as many


class JsonObject(dict[str, object]):
    """A JSON object that remembers the keys that were written more than once."""

    repeated: tuple[str, ...] = ()


def read_json(data: bytes | str, what: str = "the plan") -> object:
    """The value that *data* holds; errors call it *what*. Raises PlanInvalid where it is no JSON, too large or too deep."""
    text = _decode(data, what)
    try:
        value: object = json.loads(text, object_pairs_hook=json_object, parse_int=partial(_integer, what))
    except json.JSONDecodeError as error:
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise PlanInvalid([f"{what} is not JSON: line {error.lineno}, column {error.colno}: {reason}"]) from error
    except RecursionError as error:
        raise _too_deep(what) from error
    if nests_deeper(value, MAX_DEPTH):
        raise _too_deep(what)
    return value


def _decode(data: bytes | str, what: str) -> str:
    if len(data) > MAX_PLAN_BYTES:
        raise _too_large(what, len(data), "bytes" if isinstance(data, bytes) else "characters")
    try:
        if isinstance(data, bytes):
            return data.decode("utf-8")
        if (size := len(data.encode("utf-8"))) > MAX_PLAN_BYTES:
            raise _too_large(what, size, "bytes")
    except UnicodeDecodeError as error:
        raise PlanInvalid([f"{what} is not UTF-8: byte {error.start + 1} is wrong; save it as UTF-8"]) from error
    except UnicodeEncodeError as error:
        raise PlanInvalid([f"{what} is not UTF-8: character {error.start + 1} is half a pair; remove it"]) from error
    return data


def json_object(pairs: list[tuple[str, object]]) -> JsonObject:
    """The object that *pairs* make, as json.loads hands them on."""
    made = JsonObject(pairs)
    if len(made) != len(pairs):
        made.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return made


def _integer(what: str, text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise PlanInvalid([f"{what} holds a number of {len(text):,} digits; at most {MAX_DIGITS} are accepted"])
    return int(text)


def nests_deeper(value: object, depth: int) -> bool:
    """Whether *value*, read from JSON, is nested more than *depth* levels deep."""
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
    return bool(level)


def _inside(outer: dict[str, object] | list[object]) -> list[object]:
    return list(outer.values()) if isinstance(outer, dict) else outer


def _too_large(what: str, size: int, unit: str) -> PlanInvalid:
    return PlanInvalid([f"{what} holds {size:,} {unit}; at most {MAX_PLAN_BYTES:,} bytes are accepted, so split it"])


def _too_deep(what: str) -> PlanInvalid:
    return PlanInvalid([f"{what} is nested too deeply; at most {MAX_DEPTH} levels are accepted"])
