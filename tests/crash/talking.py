"""A conversation in the world of these tests: who talks reads from a script, and each turn asked for and given is a point."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signoff.audit import MessageRecord, PlanRecord
from signoff.chat import Chat
from signoff.planner import Call, Message, Outcome, ScriptedTalker, Turn

from .world import DANA, Reached, World

WORDS = "send Alice 150, pay what is due, and tell them; then look at my balance"


def _call(id_: str, name: str, **arguments: str) -> Call:
    return Call(id=id_, name=name, arguments=json.dumps(arguments))


SCRIPT = (
    Turn(
        outcome=Outcome.PLAN,
        words="Right away.",
        calls=(
            _call("a", "transfer", to="Alice", amount="150.00"),  # waits
            _call("b", "pay", first="drop"),
            _call("c", "transfer", to="Alice", amount="900.00"),  # denied: over the cap
            _call("d", "fly"),  # not read
        ),
        tokens=10,
    ),
    Turn(outcome=Outcome.PLAN, calls=(_call("e", "shout"), _call("f", "check_balance")), tokens=10),
    Turn(outcome=Outcome.QUESTION, words="All done.", tokens=10),
)
ROLES = ("user", "assistant", *("tool",) * 4, "assistant", *("tool",) * 2, "assistant")


@dataclass(frozen=True, kw_only=True)
class Silent:
    """Nobody watches."""

    def hear(self, piece: str) -> None: ...
    def heard(self) -> None: ...
    def decided(self, record: PlanRecord, message: MessageRecord) -> None: ...
    def ended(self, record: PlanRecord, message: MessageRecord) -> None: ...
    def failed(self, turn: Turn) -> None: ...


class Watched(ScriptedTalker):
    """The script, where each turn asked for and given is a point at which a process can be struck."""

    def __init__(self, reached: Reached) -> None:
        super().__init__(*SCRIPT)
        self._reached = reached

    def turn(self, messages: Sequence[Message], hear: Callable[[str], None]) -> Turn:
        self._reached("the model is asked")
        turn = super().turn(messages, hear)
        self._reached("the model has answered")
        return turn


def talk(world: World, reached: Reached = lambda _: None) -> None:
    """Begin the conversation, or go on with it from the store."""
    plans = world.plans()
    chat = Chat(world.engine, Watched(reached), DANA, Silent(), plan=plans[0] if plans else None)
    if chat.plan is None:
        chat.say(WORDS)
    else:
        chat.go_on()


def talk_through(world: World, reached: Reached = lambda _: None) -> None:
    """The whole of it: what waits is signed, as often as something does."""
    talk(world, reached)
    while world.engine.approvals_of(world.plans()[0]):
        world.approve()
        talk(world, reached)
