"""What llama.cpp takes when it makes a grammar of a schema, written down independently of what makes ours.

From `common_schema_converter` in common/json-schema-to-grammar.cpp of ggml-org/llama.cpp (MIT), as it was in 2026. It takes
more than is listed; what is listed is what it also keeps to: other keywords are passed over without a word, so that a
grammar would let through more than the schema says. Of a pattern it reads the anchors, literals, `.`, groups, `|`, classes
in brackets and `* + ? {n} {n,m}`. `\\d`, `\\w`, `\\s`, `\\b`, looking ahead and lazy repetition it copies or leaves out.
"""

import re
from collections.abc import Iterator
from typing import Any

KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "pattern", "description"}
PRIMITIVES = {"boolean", "number", "integer", "string", "null", "object", "array"}
MOST_REPEATED = 2_000  # MAX_REPETITION_THRESHOLD of the parser that reads the grammar

_PART = re.compile(
    r"""(?P<open>\()|(?P<close>\))|(?P<bar>\|)|(?P<repeat>[*+?]|\{(?P<least>[0-9]+)(?:,(?P<most>[0-9]+))?\})
      | \[\^?(?:\\[\\\]^-]|[^\\\]\[])+\]          # a class, in which only what needs it is escaped
      | \\[.^$|()\[\]{}*+?/\\-] | [^\\.^$|()\[\]{}*+?"]   # a literal""",
    re.VERBOSE,
)


def grammar_problems(schema: Any, path: str = "$") -> list[str]:
    """What of *schema* llama.cpp would refuse, or not keep to; empty where it takes it all."""
    problems = [f"{path}: `{key}` is passed over" for key in schema if key not in KEYWORDS]
    if "pattern" in schema:
        problems += [f"{path}: {problem}" for problem in pattern_problems(schema["pattern"])]
    if not {"anyOf", "enum", "const"} & schema.keys() and schema.get("type") not in PRIMITIVES:
        problems.append(f"{path}: the type is not known")
    for value in schema.get("enum", [schema.get("const", "")]):
        if not isinstance(value, str) or not value.isprintable():
            problems.append(f"{path}: {value!r} is no plain text")
    for name, inner in schema.get("properties", {}).items():
        problems += grammar_problems(inner, f"{path}.{name}")
    for number, inner in enumerate(schema.get("anyOf", ())):
        problems += grammar_problems(inner, f"{path}|{number}")
    return problems + (grammar_problems(schema["items"], f"{path}[]") if "items" in schema else [])


def pattern_problems(pattern: str) -> Iterator[str]:
    """What of *pattern* llama.cpp's converter refuses or reads otherwise."""
    if not (len(pattern) > 1 and pattern.startswith("^") and pattern.endswith("$")):
        yield "the pattern is not anchored"
        return
    if not pattern.isascii():
        yield "the pattern is not ASCII"
    depth, place, repeatable = 0, 1, False
    while place < len(pattern) - 1:
        part = _PART.match(pattern, place, len(pattern) - 1)
        if part is None or pattern.startswith("(?", place):
            yield f"the pattern holds {pattern[place : place + 2]!r}"
            return
        depth += (part["open"] is not None) - (part["close"] is not None)
        if part["repeat"] is not None and not repeatable:
            yield "the pattern repeats what cannot be repeated"
        if max(int(part["least"] or 0), int(part["most"] or 0)) > MOST_REPEATED:
            yield "the pattern repeats too often"
        repeatable = not (part["open"] or part["bar"] or part["repeat"])
        place = part.end()
        if depth < 0:
            break
    if depth:
        yield "the pattern's parentheses do not fit"
