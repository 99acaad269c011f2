"""Actions of every effect outside the database, at a receiver that is a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import enumerate as threads
from typing import Any

from signoff import Engine
from signoff.actions import Action, Effect, Execution, Registry, action, bank_registry
from signoff.audit import Entry, PlanRecord
from signoff.canonical import Json
from signoff.errors import NotDone
from signoff.policies import parse_policy
from signoff.testing import FakeClock
from tests.app.banking import DANA, Open, assert_verifies, submit
from tests.conftest import RULES
from tests.receiver import Receiver

DAY = timedelta(days=1)
PLENTY = 60.0  # seconds
SIGNED = "  - {id: signed, approve: '*', when: has(note) and note == 'sign'}\n  - id: blocked"


@dataclass
class Naps:
    """Sleeps by moving the clock."""

    clock: FakeClock
    taken: list[float] = field(default_factory=list)  # seconds

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.clock.move(timedelta(seconds=seconds))


@dataclass(kw_only=True)
class Outside:
    """An engine whose actions reach a receiver."""

    receiver: Receiver
    engine: Engine
    clock: FakeClock
    naps: Naps
    reopen: Callable[..., "Outside"]

    def submit(self, *types: str, **fields: Any) -> PlanRecord:
        """Dana asks for an action of each type."""
        return submit(self.engine, *({"type": type_, **fields} for type_ in types))

    def resume(self, plan: PlanRecord) -> PlanRecord:
        """Go on with it."""
        return self.engine.resume(DANA, plan.id)[0]

    def entries(self, plan: PlanRecord, number: int = 1) -> list[Entry]:
        """What the log tells of an action, since it was decided."""
        with self.engine.store.read() as tx:
            return [one for one in tx.entries(plan.id) if one.action == number and one.event not in ("decided", "asked", "voted")]

    def events(self, plan: PlanRecord, number: int = 1) -> list[str]:
        """The same, by event alone."""
        return [entry.event for entry in self.entries(plan, number)]

    def verifies(self) -> None:
        """Fails where the log and what is stored do not agree."""
        assert_verifies(self.engine)


def outside_actions(receiver: Receiver, **declared: Any) -> list[type[Action]]:
    """`pay` (IDEMPOTENT), `book` (PROBE) and `shout` (OPAQUE), at *receiver*. *declared* is said of those that can."""

    def send(key: str, *, keyed: bool) -> Json:
        code, answer = receiver.send(key, keyed=keyed)
        if code == 422:
            raise NotDone("the receiver refuses it")
        if code != 200:
            raise ConnectionError(f"the receiver answered {code}")
        told: Json = answer
        return told

    def shout(execution: Execution, note: str = "") -> Json:
        """Tell everybody."""
        return send(execution.key, keyed=False)

    def pay(execution: Execution, note: str = "") -> Json:
        """Pay, at somebody who knows what was paid by its key."""
        return send(execution.key, keyed=True)

    def book(execution: Execution, note: str = "") -> Json:
        """Book, at somebody who tells what is booked."""
        return send(execution.key, keyed=False)

    def booked(execution: Execution, note: str = "") -> bool:
        return receiver.asked(execution.key)

    timeout = {name: value for name, value in declared.items() if name == "timeout"}
    return [
        action(effect=Effect.OPAQUE, **timeout)(shout),
        action(effect=Effect.IDEMPOTENT, **({"window": DAY} | declared))(pay),
        action(effect=Effect.PROBE, probe=booked, **{n: value for n, value in declared.items() if n != "window"})(book),
    ]


def open_outside(open_engine: Open, clock: FakeClock, receiver: Receiver, rules: str = "", **declared: Any) -> Outside:
    """An engine under the test's rules, in which whatever is noted "sign" needs a manager, and *rules*."""
    bank = bank_registry()
    registry = Registry(*bank.values(), *outside_actions(receiver, **declared), migrations=bank.migrations)
    text = RULES.replace("  - id: blocked", SIGNED) + rules
    naps = Naps(clock)
    opened = open_engine(parse_policy(text.encode(), "policies.yaml", registry), registry)
    engine = Engine(opened.store, opened.policy, registry, sleep=naps)
    return Outside(
        receiver=receiver,
        engine=engine,
        clock=clock,
        naps=naps,
        reopen=lambda rules="", **other: open_outside(open_engine, clock, receiver, rules, **(declared | other)),
    )


def wait_for_late() -> None:
    """Wait until every attempt that was given up has ended."""
    for thread in threads():
        if thread.name == "signoff action":
            thread.join(PLENTY)
            assert not thread.is_alive()
