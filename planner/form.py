"""The form of an answer, as a server is told of it, and as instructor has it read."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

import instructor
from pydantic import GetJsonSchemaHandler, InstanceOf
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from signoff.canonical import Json

from .mode import Mode
from .wire import DESCRIPTION, NAME, Answer, Schema

# Of instructor's modes: its own JSON mode writes into the instructions, and puts messages together that are ours to keep apart.
INSTRUCTOR_MODES = {
    Mode.JSON_SCHEMA: instructor.Mode.JSON_SCHEMA,
    Mode.JSON: instructor.Mode.JSON_SCHEMA,
    Mode.TOOLS: instructor.Mode.TOOLS,
}

# instructor logs every failed attempt as an error, with what the model wrote; without a handler Python prints that.
logging.getLogger("instructor").addHandler(logging.NullHandler())

# Reads the reply that came last to the request that is being planned in this thread or task. instructor hands its form only
# the text that it was given itself, and that is no reply: secrets are hidden in it.
_read_last: ContextVar[Callable[[], Answer]] = ContextVar("_read_last")


class PlanForm(instructor.OpenAISchema):
    """What instructor is given as the model of an answer: it has the reply read that came last, by our own reader."""

    answer: InstanceOf[Answer]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """None to speak of: the schema that is sent is given past instructor."""
        return {"title": NAME, "type": "object", "properties": {}}

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
        return cls(answer=_read_last.get()())


@contextmanager
def read_by(reader: Callable[[], Answer]) -> Iterator[None]:
    """Within it *reader* reads what comes: the reply that came last."""
    token = _read_last.set(reader)
    try:
        yield
    finally:
        _read_last.reset(token)


def form_of(mode: Mode, schema: Schema) -> dict[str, Json]:
    """What makes a server keep to *schema*. Given past instructor, which leaves `strict` out."""
    match mode:
        case Mode.JSON:
            return {"response_format": {"type": "json_object"}}
        case Mode.JSON_SCHEMA:
            return {"response_format": {"type": "json_schema", "json_schema": {"name": NAME, "strict": True, "schema": schema}}}
        case Mode.TOOLS:
            function: Json = {"name": NAME, "description": DESCRIPTION, "strict": True, "parameters": schema}
            return {
                "tools": [{"type": "function", "function": function}],
                "tool_choice": {"type": "function", "function": {"name": NAME}},
            }
