"""The registry's actions as the tools of a conversation, and what was said in it, in the form of chat completions."""

import re
from typing import Any

from signoff.actions import Registry
from signoff.canonical import digest
from signoff.errors import PlanInvalid

from .limits import check_tools
from .strict_json import JsonObject, read_json
from .turn import Message, Role
from .wire import wire_schema

LONGEST_NAME = 64  # characters of a tool's name that OpenAI takes
_NOT_OF_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_BESIDE = ("type", "needs")  # what an action has in a plan, beside its fields
_SILENCE = "(nothing)"  # servers refuse a message without content


class Tools:
    """One tool for each action of a registry. A tool's name is the action's type, but where that is too long.

    Raises UsageError for a registry that makes more than a server takes.
    """

    def __init__(self, registry: Registry) -> None:
        self._names = {type_: _name(type_) for type_ in registry}
        self._types = {name: type_ for type_, name in self._names.items()}
        plan: Any = wire_schema(registry)
        alternatives = plan["properties"]["actions"]["items"]["anyOf"]
        self._functions = [_function(name, action) for name, action in zip(self._names.values(), alternatives, strict=True)]
        check_tools([one["parameters"] for one in self._functions])

    def schemas(self, *, strict: bool) -> list[dict[str, Any]]:
        """What is sent; *strict* has a server that knows the word keep to the schemas."""
        return [{"type": "function", "function": one | ({"strict": True} if strict else {})} for one in self._functions]

    def type_of(self, name: str) -> str:
        """The type of action that the tool *name* stands for; what was written where there is no such tool."""
        return self._types.get(name, name)

    def written(self, message: Message) -> dict[str, Any]:
        """*message* as it is sent."""
        if message.role is Role.TOOL:
            return {"role": "tool", "tool_call_id": message.answers, "content": message.text or _SILENCE}
        if not message.calls:
            return {"role": message.role.value, "content": message.text or _SILENCE}
        calls = [
            {"id": call.id, "type": "function", "function": self._called(call.name, call.arguments)} for call in message.calls
        ]
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}

    def _called(self, name: str, arguments: str) -> dict[str, str]:
        """A call as servers take it, which read its arguments again, and fail where those are no JSON object."""
        known = self._names.get(name) or _NOT_OF_A_NAME.sub("_", name)[:LONGEST_NAME] or "_"
        return {"name": known, "arguments": arguments if _is_object(arguments) else "{}"}


def _is_object(arguments: str) -> bool:
    """Whether *arguments* are a JSON object in which no key is written twice."""
    try:
        value = read_json(arguments)
    except PlanInvalid:
        return False
    return isinstance(value, JsonObject) and not value.repeated


def _name(type_: str) -> str:
    return type_ if len(type_) <= LONGEST_NAME else f"{type_[: LONGEST_NAME - 17]}_{digest(type_.encode())[:16]}"


def _function(name: str, action: dict[str, Any]) -> dict[str, Any]:
    """The function *name*, whose arguments are the fields of *action*, one of the alternatives in a plan."""
    fields = {key: value for key, value in action["properties"].items() if key not in _BESIDE}
    parameters = {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {"name": name, "description": action.get("description", ""), "parameters": parameters}
