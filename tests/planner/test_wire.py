"""The wire model: its schema is one that OpenAI's strict mode takes, and what comes back is read as strictly as any plan."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from signoff.actions import Action, Execution, Money, Names, Registry, Secret, action
from signoff.canonical import Json
from signoff.errors import PlanInvalid
from signoff.planner.wire import describe_actions, read_answer, wire_schema

# What OpenAI's strict mode takes, of what its documentation on structured outputs lists: with anything else it refuses the
# request. Bounds on numbers, lists and texts are left out too, which other servers' strict modes refuse.
KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "anyOf", "const", "enum", "pattern", "description"}
TYPES = {"object", "array", "string", "integer", "boolean", "null"}
LEVELS = 10  # of objects and lists in each other
PROPERTIES = 5_000


class Everything(Action):
    """An action
    with a field of every kind."""

    type: Literal["everything"] = "everything"
    text: str
    currency: str
    flag: bool
    count: int
    ratio: Decimal = Field(description="how much of it")
    fee: Annotated[Decimal, Money("currency")]
    colour: Literal["red", "blue"]
    maybe: str | None
    maybe_fee: Annotated[Decimal, Money("currency")] | None = None
    names: tuple[str, ...]
    fees: tuple[Annotated[Decimal, Money("currency")], ...] = ()
    maybe_names: tuple[str, ...] | None = None
    from_: str = "here"
    class_: Literal["first"] = "first"
    token: Secret
    pin: Annotated[Secret, Names("CARD_PIN", "SPARE_PIN")] | None = None
    items: str = "a field that is named like a keyword of the schema"
    properties: int = 3

    def run(self, execution: Execution) -> Json:
        return None


class Exampled(Action):
    """Something with examples."""

    type: Literal["exampled"] = "exampled"
    iban: str = Field(description="whose account", examples=["DE89 3704 0044 0532 0130 00", "x" * 200, "c", "too many"])
    days: int = Field(default=3, examples=[7])
    fee: Annotated[Decimal, Money("currency")]
    currency: str
    token: Secret = Field(examples=["hunter2"])

    def run(self, execution: Execution) -> Json:
        return None


def test_a_model_is_told_units_and_examples() -> None:
    """What an author wrote as examples of a field stands in the instructions and the schema, and so does an amount's currency;
    of a secret nothing does."""
    registry = Registry(Exampled)
    schema: Any = wire_schema(registry)
    fields = schema["properties"]["actions"]["items"]["anyOf"][0]["properties"]
    for name, told in (
        ("iban", f"whose account; for example DE89 3704 0044 0532 0130 00 or {'x' * 80} or c"),
        ("days", "for example 7; null: the default, 3"),
        ("fee", "in the currency that `currency` says"),
    ):
        assert fields[name]["description"] == told
        assert f"({told})" in describe_actions(registry)
    assert "hunter2" not in json.dumps(schema) + describe_actions(registry)


class Bare(Action):
    type: Literal["bare"]

    def run(self, execution: Execution) -> Json:
        return None


GIVEN = {
    **{"text": "t", "currency": "USD", "flag": True, "count": 1, "ratio": "-0.5", "fee": "1.00", "colour": "red"},
    **{"maybe": None, "names": ["a"], "type": "everything", "needs": [], "token": {"secret": "BANK_TOKEN"}},
}


@pytest.fixture(scope="module")
def everything() -> Registry:
    """A registry with a field of every kind, and an action without any."""
    return Registry(Everything, Bare)


def schemas(schema: Mapping[str, Any], level: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """*schema* and every schema in it, each with how deep it lies."""
    yield level, schema
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for one in inner:
        yield from schemas(one, level + 1)
    for one in schema.get("anyOf", ()):
        yield from schemas(one, level)


@pytest.mark.parametrize("which", ["registry", "everything"])
def test_the_schema_is_one_that_strict_mode_takes(which: str, request: pytest.FixtureRequest) -> None:
    """The root is an object; every object lists all its properties as required and allows no other; no keyword is foreign."""
    registry: Registry = request.getfixturevalue(which)
    schema = wire_schema(registry)
    assert schema["type"] == "object"
    found = list(schemas(schema))
    assert max(level for level, _ in found) <= LEVELS
    assert sum(len(one.get("properties", {})) for _, one in found) <= PROPERTIES
    for _, one in found:
        assert one.keys() <= KEYWORDS
        assert ("anyOf" in one) is not ("type" in one)
        assert one.get("type", "null") in TYPES
        if one.get("type") == "object":
            assert one["required"] == list(one["properties"])
            assert one["additionalProperties"] is False
        if "pattern" in one:
            assert not re.search(r"\(\?|\\[dws]", one["pattern"])  # nothing that grammars for constrained answers lack
    assert json.loads(json.dumps(schema)) == schema


def test_alternatives_are_told_apart_by_their_first_property(everything: Registry) -> None:
    """Each alternative begins with `type`, a constant of its own: without that OpenAI refuses them as ambiguous."""
    alternatives: Any = wire_schema(everything)["properties"]["actions"]["items"]["anyOf"]  # type: ignore[index,call-overload]  # JSON
    assert [next(iter(one["properties"])) for one in alternatives] == ["type", "type"]
    assert [one["properties"]["type"]["const"] for one in alternatives] == ["everything", "bare"]
    assert alternatives[1]["required"] == ["type", "needs"]


def test_every_kind_of_field_has_its_schema(everything: Registry) -> None:
    """A field's kind, whether it may be left out, its choices and what its author says of it are all in the schema."""
    schema: Any = wire_schema(everything)["properties"]["actions"]["items"]["anyOf"][0]  # type: ignore[index,call-overload]  # JSON
    fields = schema["properties"]
    amount = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?"
    null = {"type": "null"}
    assert schema["description"] == "An action with a field of every kind."
    assert fields["text"] == {"type": "string"}
    assert fields["currency"] == {"type": "string", "pattern": "^[A-Z]{3}$"}
    assert (fields["flag"], fields["count"]) == ({"type": "boolean"}, {"type": "integer"})
    assert fields["ratio"] == {"type": "string", "pattern": f"^-?{amount}$", "description": "how much of it"}
    money, told = {"type": "string", "pattern": f"^{amount}$"}, "in the currency that `currency` says"
    assert fields["fee"] == money | {"description": told}
    assert fields["colour"] == {"type": "string", "enum": ["red", "blue"]}
    assert fields["maybe"] == {"anyOf": [{"type": "string"}, null]}
    assert fields["maybe_fee"] == {"anyOf": [money, null], "description": f"{told}; null: not given"}
    assert fields["names"] == {"type": "array", "items": {"type": "string"}}
    assert fields["maybe_names"]["anyOf"] == [fields["names"], null]
    assert fields["from"] == {"anyOf": [{"type": "string"}, null], "description": "null: the default, here"}
    assert fields["class"]["anyOf"] == [{"type": "string", "enum": ["first"]}, null]
    assert fields["needs"]["items"] == {"type": "integer"}


def test_the_actions_are_described_in_words(everything: Registry) -> None:
    """A server that keeps the schema without showing it to the model still lets it know every action and field."""
    lines = describe_actions(everything).splitlines()
    assert lines[0] == "- everything: An action with a field of every kind."
    assert '    ratio: a decimal as text, such as "150.00" (how much of it)' in lines
    assert "    colour: one of red, blue" in lines
    assert "    names: a list, each text" in lines
    assert "    from: text or null (null: the default, here)" in lines
    assert lines[-1] == "- bare"


def test_every_null_that_a_default_allows_is_not_given(everything: Registry) -> None:
    """An entry with null for every field that has a default is the action with its defaults."""
    nulls = dict.fromkeys(("maybe_fee", "fees", "maybe_names", "from", "class", "items", "properties"))
    answer = read_answer(json.dumps({"actions": [GIVEN | nulls], "question": None, "refusal": None}), everything)
    assert answer.plan
    action = answer.plan.actions[0].action
    assert isinstance(action, Everything)
    assert (action.from_, action.properties, action.fees, action.maybe_fee, action.maybe) == ("here", 3, (), None, None)


@pytest.mark.parametrize("name", ["text", "currency", "flag", "count", "ratio", "fee", "colour", "names"])
def test_null_is_refused_where_a_value_must_be(everything: Registry, name: str) -> None:
    """Null for a field without a default is a mistake that names the field."""
    with pytest.raises(PlanInvalid, match=f"`{name}`"):
        read_answer(json.dumps({"actions": [GIVEN | {name: None}]}), everything)


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "null", "NONE", None])
def test_a_blank_question_is_none(registry: Registry, blank: str | None) -> None:
    """Text that says nothing beside actions is not given; beside nothing it is no answer."""
    balance: dict[str, Any] = {"type": "check_balance", "account": None, "needs": []}
    assert read_answer(json.dumps({"actions": [balance], "question": blank, "refusal": blank}), registry).plan
    with pytest.raises(PlanInvalid, match="the answer holds nothing"):
        read_answer(json.dumps({"actions": [], "question": blank, "refusal": blank}), registry)


def test_a_model_may_only_refer_to_secrets(everything: Registry) -> None:
    """The schema and the words offer a name, one of those that are allowed; a value is refused without being repeated."""
    schema: Any = wire_schema(everything)
    properties = schema["properties"]["actions"]["items"]["anyOf"][0]["properties"]
    token, pin = properties["token"], properties["pin"]
    assert token == {
        "type": "object",
        "properties": {"secret": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"}},
        "required": ["secret"],
        "additionalProperties": False,
    }
    assert pin["anyOf"][0]["properties"]["secret"] == {"type": "string", "enum": ["CARD_PIN", "SPARE_PIN"]}
    assert 'pin: {"secret": "NAME"}, the name under which the secret is kept, never the secret itself, one of' in " ".join(
        describe_actions(everything).split()
    )
    for wrong in ("hunter2-hunter2", {"commitment": "0" * 64}, {"secret": "hunter2-hunter2", "x": 1}, 12345678):
        with pytest.raises(PlanInvalid) as caught:
            read_answer(json.dumps({"actions": [GIVEN | {"token": wrong}]}), everything)
        assert "`token`" in str(caught.value)
        assert '{"secret": "NAME"}' in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert "12345678" not in str(caught.value)


def test_choices_that_no_server_lists_are_kept_by_the_reader() -> None:
    """A choice with a quotation mark is in no schema, as OpenAI refuses it; it is told in words, and the reader knows it."""

    @action
    def answer(text: Literal['say "yes"', "no"]) -> None:
        """Answer."""

    registry = Registry(answer)
    schema: Any = wire_schema(registry)
    assert schema["properties"]["actions"]["items"]["anyOf"][0]["properties"]["text"] == {"type": "string"}
    assert 'text: one of say "yes", no' in describe_actions(registry)
    entry = {"type": "answer", "text": 'say "yes"', "needs": []}
    assert read_answer(json.dumps({"actions": [entry]}), registry).plan
    with pytest.raises(PlanInvalid):
        read_answer(json.dumps({"actions": [entry | {"text": "maybe"}]}), registry)
