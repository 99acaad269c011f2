import json
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from signoff.actions import Names, Registry, Secret, action, secrets_in
from signoff.planner import ActionPlan, PlannedAction, plan_model, read_plan

WIRE = {"actions": [{"type": "transfer", "to": "Alice", "amount": "100.00", "needs": []}]}


def action_schema(registry: Registry, type_: str) -> dict[str, Any]:
    """The schema of one action type inside the plan's."""
    schema = plan_model(registry).model_json_schema()
    items = schema["properties"]["actions"]["items"]["oneOf"]
    return next(item for item in items if item["properties"]["type"]["const"] == type_)


def test_the_model_reads_the_wire_form(registry: Registry) -> None:
    """The model of a registry validates the flat form to the same plan that reading its text gives."""
    plan = plan_model(registry).model_validate(WIRE)
    assert isinstance(plan, ActionPlan)
    text = '{"actions": [{"type": "transfer", "to": "Alice", "amount": "100.00", "needs": []}]}'
    assert plan == read_plan(text, registry)


def test_the_model_reads_what_it_dumped(registry: Registry) -> None:
    """Dumping a plan and validating the dump gives the plan back."""
    model = plan_model(registry)
    plan = model.model_validate(WIRE)
    assert model.model_validate(plan.model_dump()) == plan
    assert model.model_validate_json(plan.model_dump_json()) == plan


def test_the_model_reports_problems_as_pydantic_does(registry: Registry) -> None:
    """A wrong plan is a ValidationError that names the action."""
    with pytest.raises(ValidationError, match=r"action 1 \(deposit\): `amount` is missing"):
        plan_model(registry).model_validate({"actions": [{"type": "deposit", "needs": []}]})


def test_the_model_takes_only_registered_actions(registry: Registry) -> None:
    """An action made in Python is accepted where its type is registered, and only there."""
    planned = PlannedAction(action=registry.read({"type": "check_balance"}), needs=())
    assert plan_model(registry)(actions=(planned,)) == ActionPlan(actions=(planned,))
    with pytest.raises(ValidationError):
        plan_model(Registry(registry["deposit"]))(actions=(planned,))


def test_the_schema_describes_every_registered_action(registry: Registry) -> None:
    """The schema has one alternative for each action type, told apart by `type`."""
    items = plan_model(registry).model_json_schema()["properties"]["actions"]["items"]
    assert [item["properties"]["type"]["const"] for item in items["oneOf"]] == list(registry)
    assert items["discriminator"] == {"propertyName": "type"}


def test_the_schema_requires_type_and_needs(registry: Registry) -> None:
    """`type`, `needs` and fields without a default are required, and nothing else is allowed."""
    schema = action_schema(registry, "transfer")
    assert schema["required"] == ["type", "to", "amount", "needs"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {"type", "to", "amount", "currency", "from", "needs"}


def test_the_schema_takes_no_floats(registry: Registry) -> None:
    """Amounts are text with a pattern or whole numbers; optional ones may be null."""
    amount = action_schema(registry, "transfer")["properties"]["amount"]
    assert [way["type"] for way in amount["anyOf"]] == ["string", "integer"]
    optional = action_schema(registry, "pay_bill")["properties"]["amount"]
    assert {"type": "null"} in optional["anyOf"]


def test_an_error_holds_no_secret() -> None:
    """What the model of plans says of a wrong plan neither shows nor holds the secrets in it; its schema offers names only."""

    @action
    def log_in(password: Annotated[Secret, Names("BANK")], code: Secret | None = None) -> None:
        """Log in."""

    model = plan_model(Registry(log_in))
    good = {"type": "log_in", "password": "hunter2-hunter2", "needs": []}
    assert secrets_in(model.model_validate({"actions": [good]}).actions[0].action)["password"].reveal() == "hunter2-hunter2"
    for wrong in ({"actions": [good | {"needs": 1}]}, {"actions": [good, 1]}, {"actions": good}, {"plan": [good]}):
        for told in (wrong, json.dumps(wrong)):
            with pytest.raises(ValidationError) as caught:
                model.model_validate(told) if isinstance(told, dict) else model.model_validate_json(told)
            assert "hunter2" not in str(caught.value) + repr(caught.value.errors()) + caught.value.json()
    properties = model.model_json_schema()["properties"]["actions"]["items"]["oneOf"][0]["properties"]
    assert properties["password"]["properties"] == {"secret": {"type": "string", "enum": ["BANK"]}}
    assert [one["type"] for one in properties["code"]["anyOf"]] == ["object", "null"]
