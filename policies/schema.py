"""The JSON Schema of policies files, for editors: what stands where, as YAML 1.2 reads it.

A schema sees no rule as a whole: whether a name is one of the file's roles, and whether a condition is right for the
fields, only `policies check` can say. What an editor reads as a number or a truth is a text to us, so texts may be both.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from signoff.actions import Action, Field, Kind, Registry, currency_codes, reference_schema
from signoff.canonical import Json

from . import meanings
from .case_contexts import MAX_CONTEXT, MAX_CONTEXTS
from .cases import MAX_ACTIONS, MAX_CASES, MAX_REQUEST
from .columns import MAX_COLUMNS
from .counters import MAX_COUNTERS
from .decision import CAUTION, EFFECTS
from .invariants import MAX_INVARIANTS
from .people import MAX_COUNT
from .reader import MAX_NAME, MAX_VALUE
from .rules import MAX_RULES
from .scanner import MAX_CONDITION
from .sources import NONE, REQUEST, SOURCE

Schema: TypeAlias = dict[str, Json]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = "^[A-Za-z_][A-Za-z0-9_.-]*$"
_IDENTIFIER = "^[A-Za-z_][A-Za-z0-9_]*$"
_WHOLE = "(0|[1-9][0-9]*(_[0-9]+)*)"
_AMOUNT = f"^-?{_WHOLE}(\\.[0-9]+(_[0-9]+)*)?$"
_TIME = "^[1-9][0-9]*(_[0-9]+)*[smhd]$"
_WINDOW = "^(plan|day|[1-9][0-9]*(_[0-9]+)*[mhd])$"
_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}$"
_FILE = "^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\]+$"  # beside the policies file, or below it
_SCALAR: Json = ["string", "number", "boolean"]


def policy_schema(registry: Registry) -> Schema:
    """The schema of policies files for the action types of *registry*."""
    return {
        "$schema": DIALECT,
        "title": "Signoff policies",
        "description": "Rules that decide what becomes of actions",
        **_object(meanings.FILE, _settings(), ["version"]),
        "if": {"not": {"required": ["approvers"]}},
        "then": {"properties": {"rules": {"items": {"dependentRequired": {"approve": ["by"]}}}}},
        "$defs": _definitions(registry),
    }


def _settings() -> Mapping[str, Schema]:
    return {
        "version": {"enum": [1, "1"]},
        "currency": {"enum": sorted(currency_codes())},
        "zone": {"type": "string", "pattern": "^[A-Za-z0-9_+/-]+$"},
        "default": {"anyOf": [{"const": "deny"}, _object({}, {"approve": _ref("name")}, ["approve"])]},
        "approvers": _ref("name"),
        "identity": {"enum": ["claimed", "os"]},
        "within": _ref("time"),
        "remind": _ref("time"),
        "delegation": _ref("time"),
        "changes": _ref("seats"),
        "roles": _named(_NAME, _list(_ref("text"))),
        "lists": _named(_IDENTIFIER, _list(_ref("text"))),
        "tables": _named(_IDENTIFIER, _table()),
        "counters": _named(_IDENTIFIER, _ref("counter")) | {"maxProperties": MAX_COUNTERS},
        "rules": _list(_ref("rule"), most=MAX_RULES),
        "tests": _list(_ref("test"), most=MAX_CASES),
        "invariants": _list(_ref("invariant"), most=MAX_INVARIANTS),
    }


def _definitions(registry: Registry) -> Schema:
    types: list[Json] = [*registry]
    actions = {f"action.{type_}": _action(type_, action) for type_, action in registry.items()}
    return {
        "name": {"type": "string", "pattern": _NAME, "maxLength": MAX_NAME},
        "text": {"type": _SCALAR, "minLength": 1, "maxLength": MAX_VALUE},
        "condition": {"type": ["string", "boolean"], "minLength": 1, "maxLength": MAX_CONDITION},
        "time": {"type": "string", "pattern": _TIME},
        "type": {"enum": types, "description": _told(registry)},
        "types": {
            "anyOf": [{"const": "*"}, _ref("type"), _list(_ref("type"), least=1) | {"uniqueItems": True}],
            "description": f'an action type, several in a list, or "*" for all. {_told(registry)}',
        },
        "effect": {"enum": [*EFFECTS]},
        "seats": _seats(counted=True),
        "people": _seats(counted=False),
        "counter": _counter(),
        "rule": _rule(),
        "test": _test(),
        "invariant": _invariant(types),
        "planned": _either_action(registry, needs=True),
        "done": _either_action(registry, needs=False),
        **actions,
    }


def _seats(*, counted: bool) -> Schema:
    count: Json = {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_COUNT}, {"type": "string", "pattern": f"^{_WHOLE}$"}]
    }
    named: Mapping[str, Json] = {"role": _ref("name"), **({"count": count} if counted else {})}
    role = _object({}, named, ["role"])
    people = _object({}, {"people": _list(_ref("text"), least=1)}, ["people"])
    one: list[Json] = [_ref("name"), role, people]
    return {"anyOf": [*one, _list({"anyOf": one}, least=1)]}


def _table() -> Schema:
    kind: Json = {"enum": ["text", "number", "money", "boolean"]}
    columns: Schema = _named(_IDENTIFIER, kind) | {"minProperties": 1, "maxProperties": MAX_COLUMNS}
    file: Mapping[str, Schema] = {"csv": {"type": "string", "pattern": _FILE}, "key": _ref("text"), "columns": columns}
    rows: list[Json] = [
        {"additionalProperties": {"type": "boolean"}},
        {"additionalProperties": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _AMOUNT}]}},
        {"additionalProperties": {"type": "string", "minLength": 1, "maxLength": MAX_VALUE}},
    ]
    inline: Schema = {"type": "object", "anyOf": rows}
    return {
        "type": "object",
        "if": {"required": ["csv"]},
        "then": _object(meanings.TABLE, file, ["csv", "key", "columns"]),
        "else": inline,
    }


def _counter() -> Schema:
    values: Mapping[str, Schema] = {
        "sum": _ref("text"),
        "count": _ref("types"),
        "of": _ref("types"),
        "by": _list(_ref("text")),
        "window": {"type": "string", "pattern": _WINDOW},
    }
    either: list[Json] = [{"required": ["sum", "of"]}, {"required": ["count"], "not": {"required": ["of"]}}]
    return _object(meanings.COUNTER, values, ["window"]) | {"oneOf": either}


def _rule() -> Schema:
    id_: Schema = {"allOf": [_ref("name"), {"not": {"const": CAUTION}}]}
    then = _object({}, {"after": _ref("time"), "ask": _ref("people")}, ["after", "ask"])
    values: Mapping[str, Schema] = {
        "id": id_,
        **dict.fromkeys(EFFECTS, _ref("types")),
        **dict.fromkeys(("when", "unless"), _ref("condition")),
        "by": _ref("seats"),
        "within": _ref("time"),
        "remind": _ref("time"),
        "self": {"const": "allowed"},
        "then": then,
        "because": _ref("text"),
    }
    only: Schema = {key: ["approve"] for key in ("by", "within", "remind", "self", "then")}
    return _object(meanings.RULE, values, ["id"]) | {"oneOf": _one_of(EFFECTS), "dependentRequired": only}


def _test() -> Schema:
    before: Json = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _AMOUNT}]}
    context = _named(f"^(?!({REQUEST}|{NONE})$){SOURCE}$", {"type": _SCALAR, "minLength": 1, "maxLength": MAX_CONTEXT})
    values: Mapping[str, Schema] = {
        "name": _ref("text"),
        "do": _ref("done"),
        "plan": _list(_ref("planned"), least=1, most=MAX_ACTIONS),
        "as": _ref("text"),
        "at": {"type": "string", "pattern": _MOMENT},
        "request": {"type": _SCALAR, "minLength": 1, "maxLength": MAX_REQUEST},
        "context": context | {"maxProperties": MAX_CONTEXTS},
        "trusted": _list({"type": "string", "pattern": f"^{SOURCE}$"}),
        "disputed": {"type": "boolean"},
        "counters": _named(_IDENTIFIER, before),
        "expect": {"anyOf": [_ref("effect"), _list(_ref("effect"))]},
        "rules": _list(_ref("name")),
        "by": _ref("seats"),
    }
    alone: Schema = {"required": ["do"], "properties": {"expect": {"type": "string"}}}
    either: list[Json] = [alone, {"required": ["plan"]}]
    needed: Schema = {"context": ["request"], "trusted": ["context"]}
    return _object(meanings.TEST, values, ["expect"]) | {"oneOf": either, "dependentRequired": needed}


def _invariant(types: Iterable[Json]) -> Schema:
    named = "|".join([*map(str, types), "\\*"])
    below = _object({}, dict.fromkeys(EFFECTS, _ref("types")), []) | {"oneOf": _one_of(EFFECTS)}
    values: Mapping[str, Schema] = {
        "never": {"anyOf": [{"type": "string", "pattern": f"^({'|'.join(EFFECTS)}) +({named})$"}, below]},
        **dict.fromkeys(("when", "unless"), _ref("condition")),
        "without": _ref("seats"),
        "because": _ref("text"),
    }
    approving: Schema = {
        "never": {"anyOf": [{"type": "string", "pattern": "^approve "}, {"type": "object", "required": ["approve"]}]}
    }
    return _object(meanings.INVARIANT, values, ["never"]) | {"if": {"required": ["without"]}, "then": {"properties": approving}}


def _either_action(registry: Registry, *, needs: bool) -> Schema:
    """An action of any type, as plans write it."""
    needed: Schema = {"needs": _list({"type": "integer", "minimum": 1, "maximum": MAX_ACTIONS})} if needs else {}
    chosen: list[Json] = [
        {"if": {"required": ["type"], "properties": {"type": {"const": type_}}}, "then": _ref(f"action.{type_}")}
        for type_ in registry
    ]
    others: Schema = {} if needs else {"not": {"required": ["needs"]}}
    return {"type": "object", "required": ["type"], "properties": {"type": _ref("type"), **needed}, "allOf": chosen, **others}


def _action(type_: str, action: type[Action]) -> Schema:
    required = [name for name, field in action.fields.items() if action.model_fields[field.attribute].is_required()]
    values: Mapping[str, Schema] = {
        "type": {"const": type_},
        "needs": {"type": "array"},
        **{name: _value(field) for name, field in action.fields.items()},
    }
    return _object({}, values, ["type", *required]) | {"description": _summary(action)}


def _value(field: Field) -> Schema:
    one = _one_value(field)
    value: Schema = _list(one) if field.many else one
    return {"anyOf": [value, {"type": "null"}]} if field.optional else value


def _one_value(field: Field) -> Schema:
    number: Json = {"type": "string", "pattern": _AMOUNT}  # `10_000` is no number to an editor
    match field.kind:
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.INTEGER:
            return {"anyOf": [{"type": "integer"}, number]}
        case Kind.DECIMAL | Kind.MONEY:
            return {"anyOf": [{"type": "number"}, number]}
        case Kind.CURRENCY if not field.choices:
            return {"enum": sorted(currency_codes())}
        case Kind.SECRET:
            return reference_schema(field.choices)
    return {"enum": list(field.choices)} if field.choices else {"type": _SCALAR}


def _told(registry: Registry) -> str:
    return "; ".join(f"{type_}: {_summary(action)}" for type_, action in registry.items())


def _summary(action: type[Action]) -> str:
    """The first line of what the class says of itself."""
    return (action.__doc__ or "").strip().partition("\n")[0]


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(told: Mapping[str, str], values: Mapping[str, Json], required: Iterable[str]) -> Schema:
    """A mapping with these keys and no others."""
    properties: Schema = {
        key: {**value, "description": told[key]} if isinstance(value, dict) and key in told else value
        for key, value in values.items()
    }
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _named(pattern: str, value: Json) -> Schema:
    """A mapping of any names."""
    return {
        "type": "object",
        "propertyNames": {"pattern": pattern, "maxLength": MAX_NAME},
        "additionalProperties": value,
    }


def _list(item: Json, *, least: int = 0, most: int | None = None) -> Schema:
    bounds: Schema = {"minItems": least} if least else {}
    return {"type": "array", "items": item, **bounds, **({"maxItems": most} if most else {})}


def _one_of(keys: Iterable[str]) -> list[Json]:
    return [{"required": [key]} for key in keys]
