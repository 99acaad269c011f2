"""The ActionPlan model of one registry, with the JSON schema of its wire form."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails

from signoff.actions import Action, Field, Kind, Registry, reference_schema
from signoff.errors import PlanInvalid

from .plan import MAX_ACTIONS, ActionPlan, PlannedAction
from .reading import plan_of

_AMOUNT = {
    "anyOf": [{"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$"}, {"type": "integer"}],
    "description": 'an exact decimal: text such as "150.00", or a whole number',
}
_NEEDS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1, "maximum": MAX_ACTIONS},
    "uniqueItems": True,
    "description": "numbers of the earlier actions that must be done first, counted from 1; empty where there are none",
}


def plan_model(registry: Registry) -> type[ActionPlan]:
    """The ActionPlan of what is registered: it validates the flat wire form, and `model_json_schema()` describes it.

    It takes parsed values. JSON text is read with `read_plan`, which also refuses keys that are written twice.
    """

    class RegisteredPlan(ActionPlan):
        model_config = ConfigDict(title="ActionPlan", hide_input_in_errors=True)

        @model_validator(mode="before")
        @classmethod
        def _read_wire(cls, data: object) -> object:
            if _holds_registered(data, registry):
                return data
            try:
                return {"actions": plan_of(data, registry).actions}
            except PlanInvalid as error:
                told = InitErrorDetails(type="value_error", input=None, ctx={"error": ValueError(str(error))})
                raise ValidationError.from_exception_data(
                    "ActionPlan", [told]
                ) from None  # without what was given: it may hold secrets

        @classmethod
        def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
            return _plan_schema(registry)

    return RegisteredPlan


def _holds_registered(data: object, registry: Registry) -> bool:
    """Whether *data* holds actions made in Python, all of registered types."""
    actions = data.get("actions") if isinstance(data, Mapping) else None
    return isinstance(actions, tuple) and all(
        isinstance(planned, PlannedAction) and registry.get(planned.action.type) is type(planned.action) for planned in actions
    )


def _plan_schema(registry: Registry) -> JsonSchemaValue:
    items = {"oneOf": [_action_schema(action) for action in registry.values()], "discriminator": {"propertyName": "type"}}
    actions = {"type": "array", "minItems": 1, "maxItems": MAX_ACTIONS, "items": items}
    return {
        "title": "ActionPlan",
        "type": "object",
        "properties": {"actions": actions},
        "required": ["actions"],
        "additionalProperties": False,
    }


def _action_schema(action: type[Action]) -> dict[str, Any]:
    schema = action.model_json_schema(by_alias=True)
    properties = {"type": {"const": schema["properties"]["type"]["const"], "type": "string"}}
    properties |= {name: schema["properties"][name] for name in action.fields}
    for field in action.fields.values():
        if field.kind is Kind.SECRET:
            properties[field.name] = _reference(properties[field.name], field)
        if field.kind in (Kind.MONEY, Kind.DECIMAL):
            properties[field.name] = _amount(properties[field.name], optional=field.optional, many=field.many)
    required = ["type", *(name for name in action.fields if name in schema.get("required", ())), "needs"]
    return schema | {"properties": properties | {"needs": _NEEDS}, "required": required, "additionalProperties": False}


def _reference(written: dict[str, Any], field: Field) -> dict[str, Any]:
    """The schema of a secret: the names that it may refer to."""
    reference: dict[str, Any] = {**reference_schema(field.choices)}
    kept = {key: written[key] for key in ("title", "description", "default") if key in written}
    return ({"anyOf": [reference, {"type": "null"}]} if field.optional else reference) | kept


def _amount(written: dict[str, Any], *, optional: bool, many: bool) -> dict[str, Any]:
    """The schema of an exact decimal, in place of pydantic's, which would take floats."""
    kept = {key: written[key] for key in ("title", "description", "default") if key in written}
    amount: dict[str, Any] = {"type": "array", "items": _AMOUNT} if many else _AMOUNT
    return ({"anyOf": [amount, {"type": "null"}]} if optional else amount) | kept
