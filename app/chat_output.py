"""A conversation as it goes on: for people, and as lines of JSON for programs."""

from collections.abc import Callable, Sequence
from shlex import join

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import ActionRecord, MessageRecord, PlanRecord, Status
from signoff.planner import Role, Turn

from . import forms, output
from .canonical import Json
from .chat import Standing, standing_of
from .drawing import format_card
from .engine import Engine
from .streaming import Streamed
from .told_calls import conversation_of

SHOWN_CARDS = 3
SHOWN_PROBLEMS = 3
SHOWN_REQUEST = 60  # characters of what a conversation began with


class Screen:
    """Shows a conversation on a console."""

    def __init__(self, console: Console, engine: Engine, named: Sequence[str]) -> None:
        """*named* are the options with which another command uses the same files."""
        self._console = console
        self._engine = engine
        self._named = named
        self._words = Streamed(self._write, console.width)
        self._shown: dict[int, Status] = {}  # by number, how actions stood when they were shown last
        self._cards: set[str] = set()  # the approvals whose cards were shown

    def hear(self, piece: str) -> None:
        self._words.add(piece)

    def heard(self) -> None:
        self._words.end()

    def decided(self, record: PlanRecord, message: MessageRecord) -> None:
        self.note(record)
        for call in message.calls:
            if call.action is None:
                told = "; ".join(call.problems[:SHOWN_PROBLEMS])
                self._say(f"{call.name} was not read, and nothing of it is done: {told}")
        self._show([record.action(call.action) for call in message.calls if call.action is not None])

    def ended(self, record: PlanRecord, message: MessageRecord) -> None:
        moved = [action for action in record.actions if self._shown.get(action.number) is not action.status]
        self._show(moved)
        self.show_waiting(record)

    def failed(self, turn: Turn) -> None:
        self._console.print(output.plain(f"No answer: {turn.outcome.value}. {turn.message}"), style="red")

    def break_off(self) -> None:
        """End the line of the model's words that has begun: it was interrupted."""
        self._words.end()

    def note(self, record: PlanRecord) -> None:
        """Remember how *record* stands: that was shown."""
        self._shown |= {action.number: action.status for action in record.actions}

    def show_past(self, record: PlanRecord, after: int = 0) -> None:
        """Show what was said so far, after the message with that number."""
        for message in conversation_of(record).messages[after:]:
            if message.role == Role.USER:
                self._console.print(Text(show_text(f"{record.requester.id}> {message.text}"), style="bold"))
            elif message.role == Role.ASSISTANT:
                self._words.add(message.text)
                self._words.end()
                self._show([record.action(call.action) for call in message.calls if call.action is not None])
        self.note(record)
        self.show_waiting(record)

    def show_standing(self, record: PlanRecord) -> None:
        """Show where a conversation stands, and how it goes on."""
        self._words.end()  # of a turn that was not taken
        talk, named = conversation_of(record), join(("signoff", "chat", "--resume", record.id, *self._named))
        match standing_of(record):
            case Standing.ENDED:
                self._say(f"Conversation {record.id} has ended: {talk.ended}.")
            case Standing.WAITING:
                self._say(f"Conversation {record.id} waits; once that is decided: {named}", whole=True)
            case Standing.OPEN:
                self._say(f"Conversation {record.id} is open: {named}", whole=True)

    def show_waiting(self, record: PlanRecord) -> None:
        """Show the cards of what waits for sign-off, each once, and how to sign it."""
        waiting = [one for one in self._engine.approvals_of(record.id) if one.id not in self._cards]
        self._cards |= {one.id for one in waiting}
        for approval in waiting[:SHOWN_CARDS]:
            card = self._engine.card(approval.id)
            self._console.print(Text("─" * min(self._console.width, 80), style="dim"))
            self._console.print(format_card(card))
            signers = [person for people in card.people.values() for person in people]
            self._say(f"{approval.id} waits for sign-off, by somebody else:")
            command = join(("signoff", "approve", approval.id, "--as", signers[0] if signers else "WHO", *self._named))
            self._console.print(Text("  " + show_text(command)), soft_wrap=True)  # in one piece, to be copied
        if len(waiting) > SHOWN_CARDS:
            self._say(f"and {len(waiting) - SHOWN_CARDS} more wait: signoff queue")

    def _show(self, actions: Sequence[ActionRecord]) -> None:
        self._shown |= {action.number: action.status for action in actions}
        if actions:
            self._console.print(output.format_outcomes(actions))

    def _say(self, text: str, *, whole: bool = False) -> None:
        """Say *text*, *whole* where it holds a command that is copied: broken by the terminal alone."""
        self._console.print(Text(show_text(text), style="italic"), soft_wrap=whole)

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


class Lines:
    """Prints a conversation as lines of JSON."""

    def __init__(self, engine: Engine, write: Callable[[str], None]) -> None:
        self._engine = engine
        self._write = write

    def hear(self, piece: str) -> None:
        self._print({"event": "words", "text": piece.encode("utf-8", "backslashreplace").decode()})

    def heard(self) -> None:
        """Each piece stands on a line of its own."""

    def decided(self, record: PlanRecord, message: MessageRecord) -> None:
        told: dict[str, Json] = {"event": "turn", "plan": record.id, "message": message_json(message)}
        self._print(told | self._actions(record, message))

    def ended(self, record: PlanRecord, message: MessageRecord) -> None:
        waiting = self._engine.approvals_of(record.id)
        approvals: list[Json] = [forms.approval_json(one, record.action(one.number)) for one in waiting]
        told: dict[str, Json] = {"event": "actions", "plan": record.id, "approvals": approvals}
        self._print(told | self._actions(record, message))

    def break_off(self) -> None:
        """Nothing: each piece has a line of its own."""

    def failed(self, turn: Turn) -> None:
        self._print({"event": "failed", "outcome": turn.outcome.value, "message": turn.message})

    def show_standing(self, record: PlanRecord) -> None:
        """Print where a conversation stands."""
        self._print({"event": "standing"} | conversation_json(record))

    def _actions(self, record: PlanRecord, message: MessageRecord) -> dict[str, Json]:
        return {"actions": [forms.action_json(record.action(call.action)) for call in message.calls if call.action is not None]}

    def _print(self, value: Json) -> None:
        self._write(orjson.dumps(value).decode())


def message_json(message: MessageRecord) -> dict[str, Json]:
    """What one side said in `--json` output."""
    return {
        "number": message.number,
        "role": message.role,
        "text": message.text,
        "calls": [
            {"id": one.id, "name": one.name, "arguments": one.arguments, "action": one.action, "problems": list(one.problems)}
            for one in message.calls
        ],
        "answers": message.answers,
        "tokens": message.tokens,
    }


def conversation_json(record: PlanRecord) -> dict[str, Json]:
    """A conversation in `--json` output, without what was said."""
    talk = conversation_of(record)
    return {
        "plan": record.id,
        "state": standing_of(record).value,
        "ended": talk.ended,
        "requester": record.requester.id,
        "request": record.request,
        "messages": talk.last,
        "actions": len(record.actions),
    }


def altered_json(plan: str, problem: str) -> dict[str, Json]:
    """A conversation that was altered in the file, in `--json` output: nothing that is stored of it is told."""
    return {"plan": plan, "state": "altered", "problem": problem}


def format_conversations(records: Sequence[PlanRecord]) -> Table:
    """Conversations, a line for each."""
    table = output.make_table("conversation", "state", "asked by", "messages", "actions", "began with")
    for record in records:
        request = record.request or ""
        cut = request[:SHOWN_REQUEST] + (" …" if len(request) > SHOWN_REQUEST else "")
        counted = (str(conversation_of(record).last), str(len(record.actions)))
        state = output.format_state(standing_of(record).value)
        table.add_row(record.id, state, output.plain(record.requester.id), *counted, output.plain(cut))
    return table
