"""Scripted conversations: what a model says and calls, and who listens."""

import json
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from signoff import Actor, Engine
from signoff.audit import MessageRecord, PlanRecord
from signoff.chat import Chat, Limits
from signoff.planner import Call, Outcome, Role, ScriptedTalker, Turn
from signoff.planner.scripted import Talk
from tests.app.banking import DANA


def call(name: str, id_: str = "", **arguments: Any) -> Call:
    """A call with such arguments; the same one has the same id where none is given."""
    text = json.dumps(arguments)
    return Call(id=id_ or f"id-{name}-{crc32(text.encode())}", name=name, arguments=text)


def written(name: str, arguments: str) -> Call:
    """A call with arguments as they are written."""
    return Call(id="as-written", name=name, arguments=arguments)


def calls(*made: Call, words: str = "", tokens: int | None = 10) -> Turn:
    return Turn(outcome=Outcome.PLAN, words=words, calls=made, tokens=tokens)


def words(text: str, tokens: int | None = 10) -> Turn:
    return Turn(outcome=Outcome.QUESTION, words=text, tokens=tokens)


def failure(outcome: Outcome = Outcome.PROVIDER_ERROR) -> Turn:
    return Turn(outcome=outcome, message="the server is down")


@dataclass
class Listener:
    """Writes down what it is told."""

    pieces: list[str] = field(default_factory=list)
    statuses: list[list[str]] = field(default_factory=list)  # of all actions: when a turn was decided, and when it was run
    failures: list[Turn] = field(default_factory=list)

    def hear(self, piece: str) -> None:
        self.pieces.append(piece)

    def heard(self) -> None: ...

    def decided(self, record: PlanRecord, message: MessageRecord) -> None:
        self.statuses.append([action.status.value for action in record.actions])

    def ended(self, record: PlanRecord, message: MessageRecord) -> None:
        self.statuses.append([action.status.value for action in record.actions])

    def failed(self, turn: Turn) -> None:
        self.failures.append(turn)


@dataclass
class Talking:
    """A chat under a script."""

    chat: Chat
    talker: ScriptedTalker
    listener: Listener

    def told(self, asked: int = -1) -> list[Any]:
        """What the model was told of its last calls, when it was asked that time."""
        messages = self.talker.given[asked]
        last = max(place for place, message in enumerate(messages) if message.calls)
        return [json.loads(message.text) for message in messages[last:] if message.role is Role.TOOL]


def talking(engine: Engine, *script: Talk, plan: str | None = None, actor: Actor = DANA, limits: Limits | None = None) -> Talking:
    talker, listener = ScriptedTalker(*script), Listener()
    return Talking(Chat(engine, talker, actor, listener, plan=plan, limits=limits), talker, listener)


def said(record: PlanRecord) -> list[tuple[str, str]]:
    """Who said what in a conversation, but for tools."""
    assert record.conversation is not None
    return [(one.role, one.text) for one in record.conversation.messages if one.role != Role.TOOL]
