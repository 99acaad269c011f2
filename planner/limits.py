"""How large a schema may be that a server is to keep to: OpenAI's limits, which are the tightest that are written down.

From "Supported schemas" in https://platform.openai.com/docs/guides/structured-outputs, as of 2026.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.errors import UsageError

MAX_PROPERTIES = 5_000  # of all objects together
MAX_LEVELS = 10  # of objects and lists in each other
MAX_NAMES = 120_000  # characters of all names of properties and all values of `enum` and `const` together
MAX_ENUM_VALUES = 1_000  # of all `enum` together
LARGE_ENUM = 250  # values, from which on the texts of one `enum` are bounded:
MAX_LARGE_ENUM = 15_000  # characters
MAX_TOOLS = 128  # of one conversation

_REMEDY = "register fewer actions (--actions), or plan without a model (--planner rules)"


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises UsageError where *schema*, made from a registry, is more than a server takes."""
    found = list(_schemas(schema))
    properties = [name for _, one in found for name in one.get("properties", ())]
    values = [value for _, one in found for value in one.get("enum", ())]
    constants = [one["const"] for _, one in found if "const" in one]
    _refuse("properties", len(properties), MAX_PROPERTIES)
    _refuse("levels", max(level for level, _ in found), MAX_LEVELS)
    _refuse("characters of names and values", sum(map(len, map(str, properties + values + constants))), MAX_NAMES)
    _refuse("values to choose from", len(values), MAX_ENUM_VALUES)
    large = [sum(map(len, map(str, one["enum"]))) for _, one in found if len(one.get("enum", ())) > LARGE_ENUM]
    _refuse("characters of the values of one field", max(large, default=0), MAX_LARGE_ENUM)


def check_tools(schemas: Sequence[Mapping[str, Any]]) -> None:
    """Raises UsageError where these tools of a conversation, made from a registry, are more than a server takes."""
    if len(schemas) > MAX_TOOLS:
        raise UsageError(
            f"each of {len(schemas):,} actions is a tool; a model takes at most {MAX_TOOLS}: register fewer (--actions)"
        )
    for schema in schemas:
        check_schema(schema)


def _refuse(what: str, size: int, most: int) -> None:
    if size > most:
        raise UsageError(f"the actions make a schema of {size:,} {what}; a model takes at most {most:,}: {_REMEDY}")


def _schemas(schema: Mapping[str, Any], level: int = 1) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """*schema* and every schema in it, each with its level."""
    yield level, schema
    for inner in schema.get("anyOf", ()):
        yield from _schemas(inner, level)
    for inner in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
        yield from _schemas(inner, level + 1)
