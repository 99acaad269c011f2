"""The page on the language says all of it: every key, word and bound, as they are in the code."""

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from signoff import policies
from signoff.actions import bank_registry
from tests.test_docs import LANGUAGE, blocks

TEXT = LANGUAGE.read_text()
FILES = [block.text for block in blocks(LANGUAGE) if block.is_policies]
DAY = 24 * 60 * 60

# What the table of limits calls each bound, by module and name, with what one of its units is.
BOUNDS: dict[tuple[str, str], tuple[str, int]] = {
    ("nodes", "MAX_BYTES"): ("bytes of a policies file, and of each CSV file", 1),
    ("files", "MAX_FILES"): ("files beside it", 1),
    ("files", "MAX_TOTAL"): ("bytes of these together", 1),
    ("nodes", "MAX_DEPTH"): ("mappings and lists in each other", 1),
    ("rules", "MAX_RULES"): ("rules", 1),
    ("reader", "MAX_NAME"): ("characters of a name", 1),
    ("reader", "MAX_VALUE"): ("characters of a text, and of a CSV file's cell", 1),
    ("reader", "MAX_PEOPLE"): ("items of a list, people of a role, rows of a table", 1),
    ("columns", "MAX_COLUMNS"): ("columns that are read of a CSV file", 1),
    ("scanner", "MAX_CONDITION"): ("characters of a condition", 1),
    ("tokens", "MAX_NESTING"): ("brackets, calls, `not` and `-` in each other", 1),
    ("tokens", "MAX_CALCULATIONS"): ("`+`, `-` and `*` in a condition", 1),
    ("parser", "MAX_DIGITS"): ("digits of a number", 1),
    ("parser", "MAX_OPERANDS"): ("numbers for `min` and `max`", 1),
    ("conditions", "MAX_WORK"): ("parts of all conditions, each counted for every action type", 1),
    ("patterns", "MAX_PATTERNS"): ("patterns", 1),
    ("patterns", "MAX_PATTERN"): ("characters of a pattern", 1),
    ("patterns", "MAX_STEPS"): ("steps of a pattern, repetitions written out", 1),
    ("people", "MAX_COUNT"): ("people who must sign one action", 1),
    ("asking", "MAX_WITHIN"): ("days to sign", DAY),
    ("asking", "MAX_STAND_INS"): ("seats of a rule, times those who may stand in", 1),
    ("rules", "MAX_ASKED"): ("people who sign, squared, over all rules", 1),
    ("counters", "MAX_COUNTERS"): ("counters", 1),
    ("counters", "MAX_WINDOW"): ("days of a counter's window", DAY),
    ("cases", "MAX_CASES"): ("tests", 1),
    ("cases", "MAX_ACTIONS"): ("actions of a test's plan", 1),
    ("cases", "MAX_TESTED"): ("actions of all tests", 1),
    ("cases", "MAX_REQUEST"): ("characters of a test's request", 1),
    ("case_contexts", "MAX_CONTEXTS"): ("contexts of a test", 1),
    ("case_contexts", "MAX_CONTEXT"): ("characters of a context", 1),
    ("sources", "MAX_SOURCE"): ("characters of a source's name", 1),
    ("invariants", "MAX_INVARIANTS"): ("invariants", 1),
    ("reasons", "MAX_VALUES"): ("values in a reason", 1),
    ("reasons", "MAX_SHOWN"): ("characters of a value in a reason; the rest is cut", 1),
    ("diagnostics", "MAX_DIAGNOSTICS"): ("errors that are reported, and warnings", 1),
}
INSIDE = {  # bounds that nobody meets who writes a file: of messages, of memory, and of what a bound above leaves out
    *{("nodes", "MAX_SHOWN"), ("diagnostics", "MAX_EXCERPT"), ("diagnostics", "MAX_SUGGESTED")},
    *{("patterns", "MAX_MEMORY"), ("people", "MAX_COUNTED"), ("counters", "MAX_COUNTED"), ("cases", "MAX_COUNTED")},
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without the heads."""
    section = re.split(r"^##+ ", TEXT.split(f"# {heading}\n")[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


def first_words(heading: str) -> set[str]:
    """The code that stands in the first cells."""
    return {word for cells in rows(heading) for word in re.findall(r"`([^`]+)`", cells[0])}


def test_limits_are_those_of_the_code() -> None:
    """Every bound stands in the table with its number, and every number in the table is a bound's."""
    told = {cells[0]: cells[1] for cells in rows("Limits")[1:]}
    real = {
        what: f"{getattr(import_module(f'signoff.policies.{place}'), name) / unit:,.0f}"
        for (place, name), (what, unit) in BOUNDS.items()
    }
    assert told == real


def test_no_bound_is_missing() -> None:
    """Every constant that bounds something in a module that reads files stands in the table, or is one that nobody meets."""
    found: set[tuple[str, str]] = set()
    for place in {place for place, _ in BOUNDS}:
        tree = ast.parse((Path(policies.__path__[0]) / f"{place}.py").read_text())
        targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
        found |= {(place, one.id) for one in targets if isinstance(one, ast.Name) and one.id.startswith("MAX_")}
    assert found == BOUNDS.keys() | INSIDE


def test_the_grammar_is_the_parsers() -> None:
    """The grammar on the page is the one in the parser's docstring."""
    grammar = str(import_module("signoff.policies.parser").__doc__).split("\n\n", 1)[1]
    assert f"```\n{grammar}```" in TEXT


@pytest.mark.parametrize(
    ("heading", "module"), [("Settings", "document"), ("Rules", "rules"), ("Tests", "cases"), ("Invariants", "invariants")]
)
def test_keys_are_those_of_the_code(heading: str, module: str) -> None:
    """Each key that a file may have stands in its section's table and in a file of the page, and no other does."""
    keys = set(import_module(f"signoff.policies.{module}")._KEYS)
    assert first_words(heading) == keys
    files = "\n".join(FILES)
    assert [key for key in keys if not re.search(rf"(^|[{{ ,]){key}:", files, re.MULTILINE)] == []


def test_every_word_of_the_language_has_an_example() -> None:
    """Each operator, function and name stands in its table."""
    parser: Any = import_module("signoff.policies.parser")
    operators = {"or", "and", "not", *parser._COMPARATORS, "in", "not in", *parser.PREDICATES, "+", "-", "*"}
    assert first_words("Operators") == operators
    assert first_words("Functions") == set(parser._FUNCTIONS)
    examples = " ".join(cells[1] for cells in rows("Conditions"))
    assert [name for name in (*parser._KNOWN, "lists.", "tables.", "counters.") if name not in examples] == []


def test_every_example_is_run() -> None:
    """What stands in a column of examples stands in the conditions of a file, whose rules are tested."""
    files = "\n".join(FILES)
    columns: list[list[str]] = []
    for heading in ("Conditions", "Operators", "Functions"):
        place = None
        for cells in rows(heading):
            place = cells.index("example") if "example" in cells else place
            assert place is not None
            columns.append(re.findall(r"`([^`]+)`", cells[place]))
    examples = [example for column in columns for example in column]
    assert len(examples) > 40
    assert [example for example in examples if example not in files] == []


def test_the_fields_of_the_demo_banks_actions() -> None:
    """The page names every field of the demo bank's actions, and those that may be left out."""
    rows = re.findall(r"^\| `(\w+)` \| (`.*) \|$", TEXT.partition("Every example here")[0], re.MULTILINE)
    told = {type_: {name: "may be left out" in rest for name, rest in re.findall(r"`(\w+)`([^`]*)", row)} for type_, row in rows}
    fields = {type_: {name: one.optional for name, one in action.fields.items()} for type_, action in bank_registry().items()}
    assert told == fields
