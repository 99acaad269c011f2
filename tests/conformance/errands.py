"""Messages that somebody must sign, and notes that nobody must: the database whose log becomes traces.

Run as a program it resumes what is there, and is killed before or after the first effect: see `main`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from signoff import Actor, Engine
from signoff.actions import Execution, Registry, action
from signoff.audit import Store
from signoff.canonical import canonical, digest
from signoff.planner import read_plan
from signoff.policies import Policy, parse_policy
from signoff.testing import FakeClock
from tests.conformance.trace import Received

DANA = Actor(id="dana")
MIRA = Actor(id="mira")
OMAR = Actor(id="omar")
RULES = """\
version: 1
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
rules:
  - id: everything
    allow: [send, note]
  - id: signed
    approve: send
    by: manager
    within: 1h
"""
STRICTER = RULES.replace("by: manager", "by: {role: manager, count: 2}")


def registry_of(received: Received, reached: Callable[[str], None] = lambda _: None) -> Registry:
    """What can be asked for; *reached* is told right before and after each effect."""

    def receive(execution: Execution, type_: str, text: str) -> str:
        reached("before")
        received.append(execution.key, digest(canonical({"type": type_, "text": text})))
        reached("after")
        return "received"

    @action
    def send(execution: Execution, text: str) -> str:
        """Send a message."""
        return receive(execution, "send", text)

    @action
    def note(execution: Execution, text: str) -> str:
        """Leave a note."""
        return receive(execution, "note", text)

    return Registry(send, note)


@dataclass(frozen=True)
class Errands:
    """An engine over a real file, and a receiver beside it."""

    database: Path
    clock: FakeClock
    engine: Engine
    received: Received

    def submit(self, *actions: tuple[str, str, Sequence[int]]) -> str:
        """Dana asks for *actions*, each a type, a text, and what it needs; gives the plan's id."""
        told = [{"type": type_, "text": text, "needs": list(needs)} for type_, text, needs in actions]
        return self.engine.submit(read_plan(json.dumps({"actions": told}).encode(), self.engine.registry), DANA).id

    def sign(self, plan: str, number: int = 1, who: Actor = MIRA) -> None:
        """Somebody signs an action; nothing is run."""
        approval = next(one for one in self.engine.approvals_of(plan) if one.number == number)
        self.engine.approve(approval.id, who, digest=approval.digest)

    def reject(self, plan: str, number: int = 1) -> None:
        """Mira rejects an action."""
        approval = next(one for one in self.engine.approvals_of(plan) if one.number == number)
        self.engine.reject(approval.id, MIRA, reason="no")

    def resume(self) -> None:
        """Whatever can go on goes on."""
        self.engine.resume(DANA)

    def change_rules(self, text: str) -> None:
        """Decide by *text* from now on."""
        self.engine.policy = policy_of(text, self.engine.registry)


def policy_of(text: str, registry: Registry) -> Policy:
    """The rules in *text*."""
    return parse_policy(text.encode(), "policies.yaml", registry)


@contextmanager
def opened(database: Path, clock: FakeClock, reached: Callable[[str], None] = lambda _: None) -> Iterator[Errands]:
    """Open *database*, or make it."""
    received = Received(database.with_suffix(".received"))
    registry = registry_of(received, reached)
    with Store.open(database, clock=clock) as store:
        yield Errands(database, clock, Engine(store, policy_of(RULES, registry), registry), received)


def main(database: str, at: str) -> None:
    """Resume, and die *at* the first effect: before it, or after it."""

    def die(reached: str) -> None:
        if reached == at:
            os.kill(os.getpid(), SIGKILL)

    with opened(Path(database), FakeClock(), die) as errands:
        errands.resume()


if __name__ == "__main__":
    main(*sys.argv[1:])
