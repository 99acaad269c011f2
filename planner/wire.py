"""The wire model: the form in which a model answers, generated from the registry.

It is not the Action model. OpenAI's strict mode takes a part of JSON Schema only (an object at the root, unions as `anyOf`,
every property required, no other properties, no defaults), and a schema that is kept is not a plan that is valid:
what comes back is read as strictly as a plan from a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from signoff.actions import REFERENCE, Action, Field, Kind, Registry, reference_schema, show_text
from signoff.canonical import Json
from signoff.errors import PlanInvalid

from .answer import Outcome
from .narrowing import Candidates
from .plan import ActionPlan
from .reading import action_of, plan_of
from .strict_json import JsonObject, read_json
from .turn import Call

Schema: TypeAlias = dict[str, Json]

NAME = "plan"  # of the tool, or of the response format
DESCRIPTION = "Answer the request: with the actions it asks for, with a question, or with a refusal."
MAX_DESCRIPTION = 1_000  # characters of an action's or a field's own description
MAX_EXAMPLES = 3  # of a field's own that a model is told
MAX_EXAMPLE = 80  # characters of one

_AMOUNT = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?"
_KINDS: Mapping[Kind, Schema] = {
    Kind.TEXT: {"type": "string"},
    Kind.CURRENCY: {"type": "string", "pattern": "^[A-Z]{3}$"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.INTEGER: {"type": "integer"},
    Kind.DECIMAL: {"type": "string", "pattern": f"^-?{_AMOUNT}$"},
    Kind.MONEY: {"type": "string", "pattern": f"^{_AMOUNT}$"},
    Kind.SECRET: reference_schema(),
}
_WORDS = {
    Kind.TEXT: "text",
    Kind.CURRENCY: "an ISO 4217 currency code as text",
    Kind.BOOLEAN: "true or false",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: 'a decimal as text, such as "150.00"',
    Kind.MONEY: 'an amount as text, such as "150.00"',
    Kind.SECRET: f'{{"{REFERENCE}": "NAME"}}, the name under which the secret is kept, never the secret itself',
}
_NEEDS: Schema = {
    "type": "array",
    "items": {"type": "integer"},
    "description": "numbers of the earlier actions that must be done first, counted from 1; empty where there are none",
}
_OTHERWISE = {"question": Outcome.QUESTION, "refusal": Outcome.REFUSAL}
_UNLISTED = frozenset('"\\\n')  # OpenAI refuses a quotation mark or a new line in a list of values
_VACUOUS = {"", "null", "none"}  # what models write for null


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model answered in the wire form: a plan, a question or a refusal."""

    outcome: Outcome
    plan: ActionPlan | None = None
    words: str = ""  # the model's own, of a question or a refusal; unchecked


def wire_schema(registry: Registry, candidates: Candidates | None = None) -> Schema:
    """The JSON schema of the wire form: for OpenAI's strict mode, and for servers that know less.

    With *candidates* it takes only values that are among them, and no action that cannot be written with those.
    """
    written = (_action(type_, action, candidates) for type_, action in registry.items())
    alternatives = [schema for schema in written if schema is not None]
    actions: Schema = {
        "type": "array",
        "items": {"anyOf": alternatives},
        "description": "what the user asks for, in order; empty with a question or a refusal",
    }
    otherwise: Schema = {
        "question": _or_null({"type": "string"}, "to the user, where something is missing or unclear; else null"),
        "refusal": _or_null({"type": "string"}, "why you will not do it; else null"),
    }
    return _object(({"actions": actions} if alternatives else {}) | otherwise)


def describe_actions(registry: Registry) -> str:
    """The actions in words, a line each and one for each field: some servers keep a schema without showing it to the model."""
    return "\n".join(_described(type_, action) for type_, action in registry.items())


def read_answer(text: str, registry: Registry) -> Answer:
    """The answer that *text* holds in the wire form. Raises PlanInvalid with every problem in it."""
    value = read_json(text)
    if not isinstance(value, JsonObject):
        return Answer(outcome=Outcome.PLAN, plan=plan_of(value, registry, values=False))
    words = {key: _words(key, value.pop(key, None)) for key in _OTHERWISE}
    said = [key for key, text in words.items() if text]
    alone = value.get("actions") in (None, []) and value.keys() <= {"actions"} and not value.repeated
    if alone and not said:
        raise PlanInvalid(["the answer holds nothing; ask a question, or refuse, where no action fits"])
    if alone and len(said) == 1:
        return Answer(outcome=_OTHERWISE[said[0]], words=words[said[0]])
    if said:
        raise PlanInvalid([f"the answer holds {' and '.join(said)} beside something else; write actions, or one of them"])
    return Answer(outcome=Outcome.PLAN, plan=plan_of(_without_nulls(value, registry), registry, values=False))


def read_call(call: Call, registry: Registry) -> Action:
    """The action for which a model calls. Its arguments are the action's fields in the wire form. Raises PlanInvalid."""
    if call.name not in registry:
        raise PlanInvalid([f"there is no `{show_text(call.name[:60])}`; call one of {', '.join(registry)}"])
    value = read_json(call.arguments, "the call")
    if not isinstance(value, JsonObject):
        raise PlanInvalid(["the call's arguments are not a JSON object; write one with the fields"])
    if "type" in value:
        raise PlanInvalid(["`type` is not a field; the name of the call says what is done, so leave it out"])
    entry = JsonObject({"type": call.name, **value})
    entry.repeated = value.repeated
    return action_of(_given(entry, registry), registry, values=False)


def _words(key: str, value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise PlanInvalid([f"`{key}` must be text or null"])
    text = (value or "").strip()
    return "" if text.casefold() in _VACUOUS else text


def _without_nulls(value: JsonObject, registry: Registry) -> JsonObject:
    """*value* with every null taken out of its actions that only says "not given": the field has a default."""
    entries = value.get("actions")
    if isinstance(entries, list):
        value["actions"] = [_given(entry, registry) for entry in entries]
    return value


def _given(entry: object, registry: Registry) -> object:
    type_ = entry.get("type") if isinstance(entry, JsonObject) else None
    if not isinstance(entry, JsonObject) or not isinstance(type_, str) or type_ not in registry:
        return entry
    for field in registry[type_].fields.values():
        if entry.get(field.name, "") is None and _has_default(registry[type_], field):
            del entry[field.name]
    return entry


def _action(type_: str, action: type[Action], candidates: Candidates | None) -> Schema | None:
    """None where a field must have a value and there is none among *candidates*."""
    properties: Schema = {"type": {"type": "string", "const": type_}}
    for field in action.fields.values():
        schema = _field(action, field, candidates)
        if schema is None:
            return None
        properties[field.name] = schema
    text = _summary(action)
    return _object(properties | {"needs": _NEEDS}) | ({"description": text} if text else {})


def _field(action: type[Action], field: Field, candidates: Candidates | None) -> Schema | None:
    schema = _value(field, candidates)
    text = _field_text(action, field)
    if field.optional or _has_default(action, field):
        return _or_null(schema, text)
    return None if schema is None else schema | ({"description": text} if text else {})


def _value(field: Field, candidates: Candidates | None) -> Schema | None:
    """The schema of what may stand in *field*. None where nothing may."""
    values = None if candidates is None else candidates.values(field)
    if values is not None and not values:
        return None
    choices = field.choices if values is None else values
    listed = choices and _UNLISTED.isdisjoint("".join(choices))  # else the reader alone keeps to them
    schema: Schema = {"type": "string", "enum": list(choices)} if listed else dict(_KINDS[field.kind])
    if field.kind is Kind.SECRET:
        schema = reference_schema(field.choices)
    return {"type": "array", "items": schema} if field.many else schema


def _field_text(action: type[Action], field: Field) -> str:
    """What the field's author says of it, the currency that it is in, examples, and what null stands for."""
    info = action.model_fields[field.attribute]
    said = [(info.description or "")[:MAX_DESCRIPTION]]
    if field.currency is not None:
        said.append(f"in the currency that `{field.currency}` says")
    if field.kind is not Kind.SECRET and info.examples:
        said.append("for example " + " or ".join(str(one)[:MAX_EXAMPLE] for one in info.examples[:MAX_EXAMPLES]))
    if _has_default(action, field):
        default = info.get_default(call_default_factory=False)
        said.append("null: not given" if default is None else f"null: the default, {default}"[:MAX_DESCRIPTION])
    return "; ".join(filter(None, said))


def _described(type_: str, action: type[Action]) -> str:
    lines = [f"- {type_}: {_summary(action)}".rstrip(": ")]
    for field in action.fields.values():
        kind = "one of " + ", ".join(field.choices) if field.choices else _WORDS[field.kind]
        if field.kind is Kind.SECRET:
            kind = _WORDS[field.kind] + (f", one of {', '.join(field.choices)}" if field.choices else "")
        or_null = " or null" if field.optional or _has_default(action, field) else ""
        text = _field_text(action, field)
        lines.append(f"    {field.name}: {'a list, each ' if field.many else ''}{kind}{or_null}{f' ({text})' if text else ''}")
    return "\n".join(lines)


def _summary(action: type[Action]) -> str:
    return " ".join((action.__doc__ or "").split())[:MAX_DESCRIPTION]


def _has_default(action: type[Action], field: Field) -> bool:
    return not action.model_fields[field.attribute].is_required()


def _object(properties: Mapping[str, Json]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _or_null(schema: Schema | None, text: str) -> Schema:
    null: Schema = {"type": "null"}
    union: Schema = null if schema is None else {"anyOf": [schema, null]}
    return union | ({"description": text} if text else {})
