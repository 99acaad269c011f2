"""The rules of OpenAI's strict mode for schemas, written down independently of what makes ours.

From "Supported schemas" in the guide on structured outputs, https://platform.openai.com/docs/guides/structured-outputs (also
https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas), as it was in 2026:

- the root is an object, and no `anyOf`; every object lists all of its properties in `required` and allows no others;
- types are string, number, boolean, integer, object, array, and null beside them; `enum`, `const` and `anyOf` are known;
- no `oneOf`, `allOf`, `not`, `dependentRequired`, `dependentSchemas`, `if`, `then`, `else`; `default` is refused too;
- at most 5,000 properties, 10 levels of nesting, 1,000 values in all `enum` together, 120,000 characters of names of
  properties and definitions and of values of `enum` and `const`; of one `enum` of more than 250 texts, 15,000 characters.

The API also refuses `"` and new lines in values of `enum` and `const`, in an error that calls them string literals:
https://community.openai.com/t/enum-restrictions-in-strict-json-schemas-for-responses-api/1366742

Objects in one `anyOf` must not begin with the same property of the same value; the API says so in an error of its own.
"""

from collections.abc import Iterator
from typing import Any

TYPES = {"string", "number", "boolean", "integer", "object", "array", "null"}
KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "description", "title"),
    *("pattern", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "minItems", "maxItems"),
    *("$ref", "$defs", "definitions"),
}


def strict_problems(schema: dict[str, Any]) -> list[str]:
    """What OpenAI's strict mode would refuse of *schema*; empty where it takes it."""
    problems = [] if schema.get("type") == "object" and "anyOf" not in schema else ["the root is no object"]
    for path, level, one in _walk("$", 1, schema):
        problems += [f"{path}: {problem}" for problem in _problems(one)]
        if level > 10:
            problems.append(f"{path}: level {level} of nesting")
    return problems + _sizes(schema)


def _problems(one: Any) -> Iterator[str]:
    if not isinstance(one, dict):
        yield "is no schema"
        return
    yield from (f"`{key}` is not supported" for key in one if key not in KEYWORDS)
    if not {"type", "anyOf", "$ref"} & one.keys():
        yield "has no type"
    types = one["type"] if isinstance(one.get("type"), list) else [one.get("type", "null")]
    yield from (f"the type {type_} is not known" for type_ in types if type_ not in TYPES)
    if "object" in types:
        if one.get("additionalProperties") is not False:
            yield "allows other properties"
        if sorted(one.get("required", [])) != sorted(one.get("properties", {})):
            yield "does not require every property"
    if "array" in types and "items" not in one:
        yield "is a list of nothing"
    if "anyOf" in one:
        yield from _alternatives(one["anyOf"])
    if "enum" in one and not one["enum"]:
        yield "has an empty `enum`"
    if any(mark in str(value) for value in [*one.get("enum", ()), one.get("const", "")] for mark in '"\n'):
        yield "has a value with a quotation mark or a new line"


def _alternatives(alternatives: Any) -> Iterator[str]:
    if not isinstance(alternatives, list) or not alternatives:
        yield "has no alternatives"
        return
    objects = [one for one in alternatives if one.get("type") == "object" and one.get("properties")]
    firsts = [repr(next(iter(one["properties"].items()))) for one in objects]
    if len(set(firsts)) < len(firsts):
        yield "has alternatives with the same first key"


def _walk(path: str, level: int, one: Any) -> Iterator[tuple[str, int, Any]]:
    yield path, level, one
    if not isinstance(one, dict):
        return
    for name, inner in one.get("properties", {}).items():
        yield from _walk(f"{path}.{name}", level + 1, inner)
    if "items" in one:
        yield from _walk(f"{path}[]", level + 1, one["items"])
    for number, inner in enumerate(one.get("anyOf", ())):
        yield from _walk(f"{path}|{number}", level, inner)
    for name, inner in one.get("$defs", {}).items():
        yield from _walk(f"{path}/{name}", level + 1, inner)


def _sizes(schema: dict[str, Any]) -> list[str]:
    schemas = [one for _, _, one in _walk("$", 1, schema) if isinstance(one, dict)]
    properties = [name for one in schemas for name in one.get("properties", {})]
    definitions = [name for one in schemas for name in one.get("$defs", {})]
    enums = [one["enum"] for one in schemas if "enum" in one]
    values = [value for enum in enums for value in enum]
    constants = [one["const"] for one in schemas if "const" in one]
    problems = []
    if len(properties) > 5_000:
        problems.append(f"{len(properties)} properties")
    if len(values) > 1_000:
        problems.append(f"{len(values)} values of `enum`")
    if sum(len(str(text)) for text in [*properties, *definitions, *values, *constants]) > 120_000:
        problems.append("too many characters in names and values")
    if any(len(enum) > 250 and sum(len(str(value)) for value in enum) > 15_000 for enum in enums):
        problems.append("too many characters in one `enum`")
    return problems
