"""Conversations: plans that grow. What was said in one, and which action each of the model's calls became."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

import orjson

from signoff.canonical import Json, canonical, digest
from signoff.errors import Busy, LogInvalid

if TYPE_CHECKING:
    from .database import Database

USER, ASSISTANT, TOOL = ROLES = ("user", "assistant", "tool")  # who speaks; the assistant is the model

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One call of a model."""

    id: str  # unlike any other in the conversation
    name: str  # the type of an action
    arguments: str  # JSON text, as the model is shown it again
    action: int | None = None  # the number of the action that it became
    problems: tuple[str, ...] = ()  # why it became none


@dataclass(frozen=True, kw_only=True)
class MessageRecord:
    """What one side said."""

    number: int
    role: str  # of ROLES
    text: str = ""
    calls: tuple[CallRecord, ...] = ()
    answers: str | None = None  # the id of the call that a tool's message answers
    tokens: int | None = None  # that the model's turn took

    @property
    def content(self) -> str:
        """SHA-256 of all that was said, as canonical JSON."""
        return digest(canonical({"text": self.text, "calls": _calls_json(self.calls), "answers": self.answers}))


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """All that was said, and whether it goes on."""

    messages: tuple[MessageRecord, ...]
    ended: str | None  # why it ended

    @property
    def last(self) -> int:
        """The number of the last message: whoever goes on must have seen it."""
        return len(self.messages)

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        """All calls of the model."""
        return tuple(call for message in self.messages for call in message.calls)

    def unanswered(self) -> tuple[CallRecord, ...]:
        """The calls of which the model was not told yet what came of them."""
        answered = {message.answers for message in self.messages}
        return tuple(call for call in self.calls if call.id not in answered)

    def before(self, action: int) -> tuple[MessageRecord, ...]:
        """What was said before the model called for *action*; all of it where it did not yet."""
        called = (one.number for one in self.messages if any(call.action == action for call in one.calls))
        return self.messages[: next(called, self.last + 1) - 1]

    def size_with(self, action: int) -> int:
        """How many actions there were with *action*, and all others for which the model called in the same turn."""
        turns = ([call.action for call in one.calls if call.action is not None] for one in self.messages)
        return next((max(numbers) for numbers in turns if action in numbers), action)


def words_of(messages: Sequence[MessageRecord]) -> tuple[str, ...]:
    """What the user wrote in *messages*, each apart."""
    return tuple(one.text for one in messages if one.role == USER)


def read_conversation(database: "Database", plan: str, last: object, ended: object) -> Conversation:
    """The conversation of *plan*, of which its row says where it stands. Raises LogInvalid where it was altered."""
    rows = database.execute(
        "SELECT number, role, text, calls, answers, tokens FROM messages WHERE plan = ? ORDER BY number", (plan,)
    )
    try:
        messages = tuple(
            MessageRecord(number=number, role=role, text=text, calls=_read_calls(calls), answers=answers, tokens=tokens)
            for number, role, text, calls, answers, tokens in rows
        )
    except _UNREADABLE as error:
        raise LogInvalid(f"{plan}: what was said cannot be read ({error}): it was altered; see `signoff audit verify`") from error
    if [one.number for one in messages] != [*range(1, len(messages) + 1)] or last != len(messages):
        raise LogInvalid(f"{plan}: what was said is not all there: it was altered; see `signoff audit verify`")
    return Conversation(messages=messages, ended=None if ended is None else str(ended))


def open_conversation(database: "Database", plan: str) -> None:
    """Make *plan*, which was just stored, a conversation in which nothing was said."""
    database.execute("INSERT INTO conversations (plan, last) VALUES (?, 0)", (plan,))


def add_message(database: "Database", plan: str, message: MessageRecord) -> None:
    """Store *message*, the next of *plan*. Raises Busy where another one is the next by now, or the conversation has ended."""
    _go_on(database, plan, "last = ?", message.number, message.number - 1)
    calls = canonical(_calls_json(message.calls)).decode()
    database.execute(
        "INSERT INTO messages (plan, number, role, text, calls, answers, tokens) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (plan, message.number, message.role, message.text, calls, message.answers, message.tokens),
    )


def close_conversation(database: "Database", plan: str, last: int, reason: str) -> None:
    """End the conversation *plan* after the message *last*. Raises Busy as `add_message` does."""
    _go_on(database, plan, "ended = ?", reason, last)


def _go_on(database: "Database", plan: str, change: str, value: int | str, last: int) -> None:
    """Compare and set: whoever has not seen the *last* message changes nothing."""
    sql = f"UPDATE conversations SET {change} WHERE plan = ? AND last = ? AND ended IS NULL RETURNING 1"
    if not database.execute(sql, (value, plan, last)):
        raise Busy(f"{plan} was continued, or ended, by another process; look again")


def told_message(message: MessageRecord) -> dict[str, Json]:
    """*message* as its Entry tells it and as it is stored: its content by digest and length."""
    return {
        "role": message.role,
        "content": message.content,
        "length": len(message.text),
        "calls": [[call.id, call.name, call.action] for call in message.calls],
        "answers": message.answers,
        "tokens": message.tokens,
    }


def _calls_json(calls: Sequence[CallRecord]) -> list[Json]:
    return [asdict(call) | {"problems": list(call.problems)} for call in calls]


def _read_calls(text: str) -> tuple[CallRecord, ...]:
    """Raises what shows that it was altered."""
    value = orjson.loads(text)
    if canonical(value).decode() != text:
        raise ValueError(f"{text[:40]!r} is not the JSON that was written")
    return tuple(CallRecord(**cast(dict[str, str], call) | {"problems": tuple(call["problems"])}) for call in value)  # type: ignore[arg-type]  # whatever it holds is compared with the log
