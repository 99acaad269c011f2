"""The schema that is sent is one that OpenAI's strict mode takes, and llama.cpp's grammar, whatever the registry."""

import copy
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.actions import Action, Execution, Registry, bank_registry
from signoff.canonical import Json
from signoff.errors import UsageError
from signoff.planner import Context, Trust
from signoff.planner.limits import check_schema
from signoff.planner.narrowing import Candidates
from signoff.planner.wire import wire_schema
from tests.planner.conftest import Ask
from tests.planner.llama_grammar import grammar_problems
from tests.planner.registries import registries
from tests.planner.strict_mode import strict_problems

BANK: Any = wire_schema(bank_registry())
REQUESTS = st.sampled_from(["send $150 to Alice", '12,50 € to Bob\'s "my \\ own" account: rent \u202e!', "?", "größe 5 yen to x"])
CONTEXTS = st.lists(
    st.builds(Context, source=st.just("list"), text=st.text(max_size=60), trust=st.sampled_from(Trust)), max_size=1
)


def transfer(schema: Any) -> Any:
    """The alternative for a transfer."""
    return next(
        one for one in schema["properties"]["actions"]["items"]["anyOf"] if one["properties"]["type"]["const"] == "transfer"
    )


def test_the_demo_bank_can_be_sent() -> None:
    """The demo bank's schema breaks no rule of strict mode and none of llama.cpp's."""
    assert strict_problems(BANK) == []
    assert grammar_problems(BANK) == []
    check_schema(BANK)


@given(registry=registries())
@settings(max_examples=60, deadline=None)
def test_every_registry_can_be_sent(registry: Registry) -> None:
    """Whatever fields actions have, and however they are named and described, the schema of them can be sent."""
    schema: Any = wire_schema(registry)
    assert strict_problems(schema) == []
    assert grammar_problems(schema) == []
    check_schema(schema)


@given(registry=registries(), request=REQUESTS | st.text(max_size=300), context=CONTEXTS)
@settings(max_examples=100, deadline=None)
def test_every_narrowed_schema_can_be_sent(registry: Registry, request: str, context: list[Context]) -> None:
    """Whatever a request holds, the schema that is narrowed to it breaks none of the rules."""
    schema: Any = wire_schema(registry, Candidates.of(request, context, registry))
    assert strict_problems(schema) == []
    assert grammar_problems(schema) == []
    check_schema(schema)


def test_the_longest_request_can_be_sent() -> None:
    """A request, and a context, as long as they may be make a narrowed schema inside the limits."""
    registry = bank_registry()
    words = " ".join(f"Name{number:05}{'x' * 60}" for number in range(600))
    amounts = " and ".join(f"${number}.50" for number in range(1, 300))
    context = [Context(source="payees", text=words, trust=Trust.TRUSTED)]
    schema: Any = wire_schema(registry, Candidates.of(f"send {amounts} to Alice", context, registry))
    assert strict_problems(schema) == []
    assert grammar_problems(schema) == []
    assert len(transfer(schema)["properties"]["to"]["enum"]) == 100
    assert len(transfer(schema)["properties"]["amount"]["enum"]) == 20


BREAKS: dict[str, Callable[[Any], object]] = {
    "the root is no object": lambda schema: schema.update(anyOf=[]),
    "`oneOf` is not supported": lambda schema: transfer(schema).update(oneOf=[]),
    "`allOf` is not supported": lambda schema: transfer(schema).update(allOf=[]),
    "`not` is not supported": lambda schema: transfer(schema).update({"not": {}}),
    "`if` is not supported": lambda schema: transfer(schema).update({"if": {}}),
    "`default` is not supported": lambda schema: transfer(schema)["properties"]["to"].update(default="x"),
    "`minLength` is not supported": lambda schema: transfer(schema)["properties"]["to"].update(minLength=1),
    "`uniqueItems` is not supported": lambda schema: transfer(schema)["properties"]["needs"].update(uniqueItems=True),
    "allows other properties": lambda schema: transfer(schema).pop("additionalProperties"),
    "does not require every property": lambda schema: transfer(schema)["required"].pop(),
    "has no type": lambda schema: transfer(schema)["properties"]["to"].pop("type"),
    "the type text is not known": lambda schema: transfer(schema)["properties"]["to"].update(type="text"),
    "is a list of nothing": lambda schema: transfer(schema)["properties"]["needs"].pop("items"),
    "has no alternatives": lambda schema: schema["properties"]["actions"]["items"].update(anyOf=[]),
    "the same first key": lambda schema: schema["properties"]["actions"]["items"]["anyOf"].append(transfer(schema)),
    "has an empty `enum`": lambda schema: transfer(schema)["properties"]["to"].update(enum=[]),
    "a quotation mark": lambda schema: transfer(schema)["properties"]["to"].update(enum=['"']),
    "is no schema": lambda schema: transfer(schema)["properties"].update(to=True),
    "level 11 of nesting": lambda schema: transfer(schema)["properties"].update(to=_nested(8)),
    "properties": lambda schema: transfer(schema)["properties"].update({str(n): {"type": "null"} for n in range(5_001)}),
    "1001 values of `enum`": lambda schema: transfer(schema)["properties"]["to"].update(enum=list(map(str, range(1_001)))),
    "in names and values": lambda schema: transfer(schema)["properties"]["to"].update(const="x" * 120_001),
    "in one `enum`": lambda schema: transfer(schema)["properties"]["to"].update(enum=["x" * 60 + str(n) for n in range(251)]),
}


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize("problem", BREAKS)
def test_the_rules_of_strict_mode_catch(problem: str) -> None:
    """Each rule of the test's own validator finds a schema that breaks it."""
    schema = copy.deepcopy(BANK)
    BREAKS[problem](schema)
    assert [found for found in strict_problems(schema) if problem in found]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"pattern": "[A-Z]{3}"}, "not anchored"),
        ({"pattern": "^[A-Z]{3}"}, "not anchored"),
        ({"pattern": "^ü$"}, "not ASCII"),
        ({"pattern": r"^\d+$"}, "the pattern holds"),
        ({"pattern": r"^\w$"}, "the pattern holds"),
        ({"pattern": r"^(?=a)b$"}, "the pattern holds"),
        ({"pattern": r"^(?:a)$"}, "the pattern holds"),
        ({"pattern": "^a+?$"}, "what cannot be repeated"),
        ({"pattern": "^*$"}, "what cannot be repeated"),
        ({"pattern": "^a{1,9999}$"}, "repeats too often"),
        ({"pattern": "^a{,3}$"}, "the pattern holds"),
        ({"pattern": "^(a$"}, "do not fit"),
        ({"pattern": "^a)$"}, "do not fit"),
        ({"format": "date"}, "is passed over"),
        ({"minLength": 1}, "is passed over"),
        ({"type": "text"}, "the type is not known"),
        ({"enum": ["a\nb"]}, "no plain text"),
    ],
)
def test_the_rules_of_the_grammar_catch(change: dict[str, Any], problem: str) -> None:
    """Each rule of the test's own checker finds a schema that breaks it."""
    schema = copy.deepcopy(BANK)
    transfer(schema)["properties"]["to"].update(change)
    assert [found for found in grammar_problems(schema) if problem in found]


def actions_with(*annotations: dict[str, Any]) -> Registry:
    """A registry of actions with these fields."""

    def run(self: Action, execution: Execution) -> Json:
        return None

    made = []
    for number, fields in enumerate(annotations):
        body = {"__annotations__": {**fields, "type": Literal[f"do_{number}"]}, "__module__": __name__, "run": run}
        made.append(type(f"Do{number}", (Action,), body))
    return Registry(*made)


@pytest.mark.parametrize(
    ("registry", "told"),
    [
        (lambda: actions_with(*[{f"f{n}": bool for n in range(100)}] * 50), "5,103 properties; a model takes at most 5,000"),
        (lambda: actions_with({"x" * 120_000: bool}), "characters of names and values; a model takes at most 120,000"),
        (
            lambda: actions_with({f"f{n}": Literal[*map(str, range(n * 200, n * 200 + 200))] for n in range(6)}),
            "1,200 values to choose from; a model takes at most 1,000",
        ),
        (
            lambda: actions_with({"to": Literal[*(f"{n:060}" for n in range(300))]}),
            "18,000 characters of the values of one field",
        ),
    ],
)
def test_a_registry_that_cannot_be_sent_is_refused(llm: Ask, registry: Callable[[], Registry], told: str) -> None:
    """Too many fields, names or choices are refused when the planner is made, with their number, the limit and what to do."""
    with pytest.raises(UsageError, match="the actions make a schema of") as caught:
        llm(registry=registry())
    assert told in str(caught.value)
    assert "register fewer actions (--actions)" in str(caught.value)


def test_a_schema_that_is_too_deep_is_refused() -> None:
    """No registry makes one today; a schema of 11 levels is refused all the same."""
    check_schema(_nested(9))
    with pytest.raises(UsageError, match="11 levels; a model takes at most 10"):
        check_schema(_nested(10))


def test_a_registry_that_cannot_be_narrowed_is_refused(llm: Ask) -> None:
    """Where a server takes too few values for each field, narrowing is refused when the planner is made."""
    registry = actions_with({f"f{n}": str for n in range(51)})
    llm(registry=registry)
    with pytest.raises(UsageError, match="too many fields to be narrowed to a request; unset SIGNOFF_NARROW"):
        llm(registry=registry, narrow=True)
