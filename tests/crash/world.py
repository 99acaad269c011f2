"""A bank whose customer may also notify somebody: what the processes of these tests have in common.

`notify` has the effect OPAQUE. Its receiver is a file beside the database, which no transaction protects. `pay`, `book`
and `shout` are IDEMPOTENT, PROBE and OPAQUE; theirs is a process of its own, whose port stands in a file beside the database.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import quote

from signoff import Actor, Engine
from signoff.actions import Effect, Execution, Registry, Retry, Secret, action, bank_registry
from signoff.audit import Store
from signoff.canonical import Json
from signoff.planner import read_plan
from signoff.policies import Policy, parse_policy
from signoff.worker import Worker
from tests.receiver import Receiver

RULES = """\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}
rules:
  - id: everyday
    allow: "*"
  - id: large-transfer
    approve: transfer
    when: amount > 100
  - id: very-large
    approve: transfer
    when: amount > 500
    by: {role: manager, count: 2}
  - id: sensitive
    approve: notify
    when: text == "second"
  - id: signed
    approve: [pay, book]
    when: note == "sign"
  - id: cap
    deny: transfer
    when: counters.sent > 700
"""

AT_ONCE = Retry(delay=0)
DANA = Actor(id="dana")
MIRA = Actor(id="mira")

# Each pauses at its second action. What can be done without it is done at once.
PLANS = {
    "bank": """{"actions": [
        {"type": "check_balance", "needs": []},
        {"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []},
        {"type": "deposit", "amount": "40.00", "needs": []},
        {"type": "transfer", "to": "Bob", "amount": "20.00", "needs": [2]}]}""",
    "notices": """{"actions": [
        {"type": "notify", "text": "first", "needs": []},
        {"type": "notify", "text": "second", "needs": []},
        {"type": "deposit", "amount": "40.00", "needs": [1]},
        {"type": "notify", "text": "third", "needs": [2]}]}""",
    "logins": """{"actions": [
        {"type": "notify", "text": "first", "token": "open sesame, the first", "needs": []},
        {"type": "notify", "text": "second", "token": "open sesame, the second", "needs": []},
        {"type": "deposit", "amount": "40.00", "needs": [1]},
        {"type": "notify", "text": "third", "token": "open sesame, the third", "needs": [2]}]}""",
    "outside": """{"actions": [
        {"type": "pay", "first": "drop", "needs": []},
        {"type": "book", "first": "drop", "note": "sign", "needs": []},
        {"type": "book", "first": "lose", "needs": []},
        {"type": "shout", "needs": []},
        {"type": "pay", "first": "lose", "needs": [2]},
        {"type": "deposit", "amount": "40.00", "needs": [3]}]}""",
    "pair": """{"actions": [
        {"type": "check_balance", "needs": []},
        {"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []}]}""",
    "small": """{"actions": [
        {"type": "transfer", "to": "Alice", "amount": "90.00", "needs": []}]}""",
    "two signatures": """{"actions": [
        {"type": "check_balance", "needs": []},
        {"type": "transfer", "to": "Alice", "amount": "600.00", "needs": []}]}""",
}

Reached = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class World:
    """An open database, and an engine over it."""

    store: Store
    engine: Engine
    received: Path  # the receiver of notices
    outside: Receiver | None  # the receiver of all else, where there is one

    def plans(self) -> list[str]:
        """The ids of the accepted plans."""
        with self.store.read() as tx:
            return tx.plans()

    def submit(self, plan: str) -> str:
        """Submit one of PLANS for dana, or a plan that is written out, and return its id."""
        return self.engine.submit(read_plan(PLANS.get(plan, plan).encode(), self.engine.registry), DANA).id

    def approve(self, voter: Actor = MIRA) -> None:
        """Sign what the one plan has put up for approval last, whether or not it still waits."""
        with self.store.read() as tx:
            (plan,) = tx.plans()
            approval = tx.approvals_of(plan)[-1]
        self.engine.approve(approval.id, voter, digest=approval.digest)

    def approve_all(self, voter: Actor = MIRA) -> None:
        """Sign everything that waits in the one plan, together."""
        (plan,) = self.plans()
        ids = [approval.id for approval in self.engine.approvals_of(plan)]
        self.engine.approve_all(ids, voter, digest=self.engine.batch(ids).digest)

    def edit(self, editor: Actor = MIRA) -> None:
        """Change what the one plan has put up for approval last, whether or not it still waits."""
        with self.store.read() as tx:
            (plan,) = tx.plans()
            approval = tx.approvals_of(plan)[-1]
        self.engine.edit(approval.id, editor, {"amount": "160.00"}, reason="the rent is higher")

    def cancel(self, actor: Actor = DANA) -> None:
        """Cancel what is left of the one plan."""
        (plan,) = self.plans()
        self.engine.cancel(plan, actor)

    def resume(self) -> None:
        """Go on with whatever can go on."""
        self.engine.resume(DANA)

    def accept(self, plan: str) -> str:
        """Submit it without running anything of it."""
        return self.engine.submit(read_plan(PLANS.get(plan, plan).encode(), self.engine.registry), DANA, run=False).id

    def work(self) -> None:
        """Go on with all plans as a worker does, until nothing is left that can go on by itself."""
        Worker(self.engine, DANA, poll=0.01).run(drain=True)

    def live(self, plan: str) -> None:
        """The whole life of one of PLANS: submitted, paused, signed, resumed."""
        self.submit(plan)
        self.approve()
        self.resume()

    def go_on(self) -> None:
        """What people do after a crash: resume, sign what waits, resume."""
        self.resume()
        with self.store.read() as tx:
            waits = bool(tx.queue())
        if waits:
            self.approve()
            self.resume()

    def notices(self) -> list[str]:
        """What the receiver got: "KEY begins" and "KEY ends" for each notice."""
        return self.received.read_text().splitlines() if self.received.exists() else []

    def receipts(self) -> dict[str, int]:
        """How often the other receiver had an effect, by key."""
        return {} if self.outside is None else self.outside.by_key()


@contextmanager
def opened(database: Path, reached: Reached = lambda _: None, ahead: timedelta = timedelta()) -> Iterator[World]:
    """Open *database*, or make it. *reached* is told of every point before, in and after an effect outside of it.

    The clock is *ahead* of that of other processes: for it, their leases are over.

    A process has one database open at a time.
    """
    registry, policy, receiver = _rules()
    receiver.file, receiver.reached = database.with_suffix(".received"), reached
    receiver.outside = receiver_of(database)
    with Store.open(database, migrations=registry.migrations, clock=lambda: datetime.now(UTC) + ahead) as store:
        engine = Engine(store, policy, registry)
        yield World(store=store, engine=engine, received=receiver.file, outside=receiver.outside)


def registry_of() -> Registry:
    """The actions of this world."""
    return _rules()[0]


def receiver_of(database: Path) -> Receiver | None:
    """The receiver in a process of its own, where *database* has one; what happened for it is counted apart."""
    port = database.with_suffix(".port")
    return Receiver(int(port.read_text()), quote(str(database), safe="")) if port.exists() else None


@dataclass
class _Receiver:
    """Who is notified."""

    file: Path
    reached: Reached
    outside: Receiver | None = None

    def append(self, line: str) -> None:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def send(self, key: str, first: str, *, keyed: bool) -> str:
        """Have an effect in another process. Raises an OSError where nobody knows whether it happened."""
        assert self.outside is not None
        self.reached("before the effect")
        code, _ = self.outside.send(key, keyed=keyed, first=first, answering=lambda: self.reached("in the effect"))
        self.reached("after the effect")
        return str(code)

    def asked(self, key: str) -> bool:
        """Whether it happened, as the other process says."""
        assert self.outside is not None
        self.reached("before the question")
        happened = self.outside.asked(key)
        self.reached("after the question")
        return happened


@cache
def _rules() -> tuple[Registry, Policy, _Receiver]:
    """Made once for thousands of databases."""
    receiver = _Receiver(Path(os.devnull), lambda _: None)

    @action
    def notify(execution: Execution, text: str, token: Secret | None = None) -> Json:
        """Tell somebody outside, in two steps, so that one can be told without the other; with the right token, or none."""
        assert token is None or token.reveal() == f"open sesame, the {text}"
        receiver.reached("before the effect")
        receiver.append(f"{execution.key} begins\n")
        receiver.reached("in the effect")
        receiver.append(f"{execution.key} ends\n")
        receiver.reached("after the effect")
        return {"told": text}

    @action(effect=Effect.IDEMPOTENT, window=timedelta(days=1), retry=AT_ONCE)
    def pay(execution: Execution, first: str = "well", note: str = "") -> Json:
        """Pay somebody who knows our keys."""
        return receiver.send(execution.key, first, keyed=True)

    def booked(execution: Execution, first: str = "well", note: str = "") -> bool:
        return receiver.asked(execution.key)

    @action(effect=Effect.PROBE, probe=booked, retry=AT_ONCE)
    def book(execution: Execution, first: str = "well", note: str = "") -> Json:
        """Book where one can ask what is booked."""
        return receiver.send(execution.key, first, keyed=False)

    @action
    def shout(execution: Execution) -> Json:
        """Tell everybody."""
        return receiver.send(execution.key, "well", keyed=False)

    bank = bank_registry()
    registry = Registry(*bank.values(), notify, pay, book, shout, migrations=bank.migrations)
    return registry, parse_policy(RULES.encode(), "policies.yaml", registry), receiver
