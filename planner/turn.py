"""One turn of a conversation: what a model is told so far, and what it says next, words and tool calls.

A planner supplies the turns. The loop around them, which decides and runs the calls, is the Engine's side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from signoff.canonical import Json

from .answer import Outcome


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"  # the model
    TOOL = "tool"  # what came of one call


@dataclass(frozen=True, kw_only=True)
class Call:
    """One tool call of a model, as it wrote it: nothing in it is checked."""

    id: str  # unlike any other in the conversation
    name: str  # the type of an action
    arguments: str  # JSON text


@dataclass(frozen=True, kw_only=True)
class Message:
    """What one side said."""

    role: Role
    text: str = ""
    calls: tuple[Call, ...] = ()  # of the model
    answers: str | None = None  # the id of the call that a tool's message answers


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a model says next: calls (the outcome is PLAN), words alone (QUESTION), or why there is nothing of either."""

    outcome: Outcome
    words: str = ""  # the model's own, to the user; unchecked
    calls: tuple[Call, ...] = ()
    message: str = ""  # for the user: why there is nothing
    tokens: int | None = None
    record: Mapping[str, Json] = field(default_factory=dict)  # how it came about, for the log; no secrets


class Talker(Protocol):
    """Supplies the turns of a conversation."""

    @property
    def label(self) -> str:
        """Who talks, for people: the model and its server."""

    def turn(self, messages: Sequence[Message], hear: Callable[[str], None]) -> Turn:
        """The model's next turn after *messages*. Its words are told to *hear* piece by piece, as they come.

        It raises nothing for what the other side does: every failure is an outcome. Calls come only of a turn that is whole.
        """
