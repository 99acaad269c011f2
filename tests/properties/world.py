"""The demo bank with actions of every effect, some of which fail; and what happened in it, told by no state of the Engine.

What LOCAL actions did stands in the ledger and in a table of notes, what all others did in OUTBOX.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Literal, Protocol, TypeAlias

from signoff import Actor, Engine, Refused
from signoff.actions import Action, Effect, Execution, Migration, Registry, Retry, bank_registry
from signoff.audit import ActionRecord, Approval, ApprovalStatus, PlanRecord, Store
from signoff.canonical import Json
from signoff.errors import NotDone, PlanInvalid
from signoff.testing import CountingIds, FakeClock, PolicyFile
from tests.files import read_files, write_files

MEMORY = Path("/dev/shm")  # a file system in memory, where there is one
How: TypeAlias = Literal["well", "raises", "refuses"]
HowFar: TypeAlias = Literal["well", "raises", "refuses", "lost"]  # what is lost raises, too, and never arrives
OUTBOX: list[str] = []  # the keys of calls that were made, and of what was paid and booked
LOOKS: list[str] = []  # the keys of looks that were taken

# A second customer, who may hold roles too, and a table that only `note` writes.
SCHEMA = """
CREATE TABLE note (key TEXT NOT NULL, text TEXT NOT NULL) STRICT;
INSERT INTO bank_account (id, kind, owner, name, currency) VALUES
    (10, 'customer', 'mira', 'checking', 'USD'), (11, 'customer', 'mira', 'savings', 'USD');
INSERT INTO bank_transaction (id, key, action, at, debit, credit, amount) VALUES
    (3, 'opening:10', 'opening', '2026-01-01T00:00:00+00:00', 1, 10, 100000);
"""


class Note(Action):
    """Write a line into a table; then fail, where it is told to."""

    type: Literal["note"] = "note"
    text: str
    how: How = "well"
    effect: ClassVar[Effect] = Effect.LOCAL

    def run(self, execution: Execution) -> Json:
        """Write it first, so that a failure has something to undo."""
        execution.database.execute("INSERT INTO note (key, text) VALUES (?, ?)", (execution.key, self.text))
        return _end(self.how)


class Look(Action):
    """Read, or fail."""

    type: Literal["look"] = "look"
    how: How = "well"
    effect: ClassVar[Effect] = Effect.READ

    def run(self, execution: Execution) -> Json:
        """Remember that it was run, then end as told."""
        LOOKS.append(execution.key)
        return _end(self.how)


class Call(Action):
    """Call somebody, which nobody can take back. A call to the boss asks for approval by itself."""

    type: Literal["call"] = "call"
    who: str
    times: int | None = None
    how: How = "well"

    def run(self, execution: Execution) -> Json:
        """Call, then end as told; a call that `refuses` was not made."""
        if self.how != "refuses":
            OUTBOX.append(execution.key)
        return _end(self.how)

    def caution(self) -> str | None:
        """For the boss."""
        return "a call to the boss" if self.who == "boss" else None


class Pay(Action):
    """Pay somebody who knows what was paid by its key."""

    type: Literal["pay"] = "pay"
    how: HowFar = "well"
    effect: ClassVar[Effect] = Effect.IDEMPOTENT
    window: ClassVar[timedelta | None] = timedelta(days=1)
    retry: ClassVar[Retry] = Retry(attempts=2, delay=0)

    def run(self, execution: Execution) -> Json:
        """Pay what was not paid yet, then end as told."""
        if self.how not in ("refuses", "lost") and execution.key not in OUTBOX:
            OUTBOX.append(execution.key)
        return _end(self.how)


class Book(Action):
    """Book where one can ask what is booked."""

    type: Literal["book"] = "book"
    how: HowFar = "well"
    effect: ClassVar[Effect] = Effect.PROBE
    retry: ClassVar[Retry] = Retry(attempts=2, delay=0)

    def run(self, execution: Execution) -> Json:
        """Book, whether or not it is booked, then end as told."""
        if self.how not in ("refuses", "lost"):
            OUTBOX.append(execution.key)
        return _end(self.how)

    def probe(self, execution: Execution) -> bool | None:
        """Whether it is booked."""
        return execution.key in OUTBOX


def _end(how: HowFar) -> Json:
    if how in ("raises", "lost"):
        raise ConnectionError("no answer")
    if how == "refuses":
        raise NotDone("nobody there")
    return "well"


def _registry() -> Registry:
    bank = bank_registry()
    return Registry(*bank.values(), Note, Look, Call, Pay, Book, migrations=[*bank.migrations, Migration("properties.1", SCHEMA)])


REGISTRY = _registry()  # the demo bank's actions and ours


class Verb(Protocol):
    """Something that somebody does."""

    def do(self, bank: "Bank") -> None:
        """Do it. Raises Refused and PlanInvalid where it may not be done; whatever else it raises is a mistake."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What one verb brought about."""

    verb: Verb
    refused: bool
    ran: tuple[tuple[PlanRecord, ActionRecord], ...]  # what had an effect, as often as it had one
    asked: tuple[Approval, ...]  # new approvals


@dataclass(kw_only=True)
class Bank:
    """An engine over a real file."""

    database: Path
    file: PolicyFile  # the rules in force
    clock: FakeClock = field(default_factory=FakeClock)
    ids: CountingIds = field(default_factory=CountingIds)
    votes: dict[str, dict[str, datetime]] = field(default_factory=dict)  # by approval, whose approvals were accepted, and when

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.store = Store.open(self.database, migrations=REGISTRY.migrations, clock=self.clock, ids=self.ids)
        self.engine = Engine(self.store, self.file.load(REGISTRY), REGISTRY)

    def restart(self) -> None:
        """End, and begin again from the file."""
        self.store.close()
        self._open()

    def change_rules(self, file: PolicyFile) -> None:
        """Decide by *file* from now on."""
        self.file = file
        self.engine.policy = file.load(REGISTRY)

    def plans(self) -> list[PlanRecord]:
        """All plans, as they are stored."""
        with self.store.read() as tx:
            return [plan for id_ in tx.plans() if (plan := tx.plan(id_)) is not None]

    def approvals(self, status: ApprovalStatus | None = None) -> list[Approval]:
        """All approvals, or those of one status, as they are stored."""
        with self.store.read() as tx:
            found = [approval for id_ in tx.plans() for approval in tx.approvals_of(id_)]
        return [approval for approval in found if status in (None, approval.status)]

    def effects(self) -> Counter[str]:
        """How often each action had an effect, by its key."""
        rows = self.query("SELECT key FROM note UNION ALL SELECT key FROM bank_transaction WHERE action <> 'opening'")
        return Counter([str(key) for (key,) in rows]) + Counter(OUTBOX)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """What is stored in the actions' own tables."""
        with self.store.read() as tx, tx.lent() as lent:
            return lent.execute(sql)

    def live(self, verbs: Sequence[Verb]) -> Iterator[Moment]:
        """Do one verb after the other."""
        for verb in verbs:
            yield self.do(verb)

    def do(self, verb: Verb) -> Moment:
        """Do one verb, and tell what came of it."""
        effects, looks, known = self.effects(), len(LOOKS), {approval.id for approval in self.approvals()}
        refused = False
        try:
            verb.do(self)
        except (Refused, PlanInvalid):
            refused = True
        by_key = {action.key: (plan, action) for plan in self.plans() for action in plan.actions}
        ran = [*(self.effects() - effects).elements(), *LOOKS[looks:]]
        asked = [approval for approval in self.approvals() if approval.id not in known]
        return Moment(verb=verb, refused=refused, ran=tuple(by_key[key] for key in ran), asked=tuple(asked))


@contextmanager
def opened_bank(file: PolicyFile) -> Iterator[Bank]:
    """A new bank under *file*, in a folder of its own."""
    OUTBOX.clear()
    LOOKS.clear()
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        database = Path(folder) / "signoff.db"
        write_files(database, new_files())
        bank = Bank(database=database, file=file)
        try:
            yield bank
        finally:
            bank.store.close()


@cache
def new_files(*more: Migration) -> Mapping[str, bytes]:
    """A database in which nothing was asked for yet, with its key: copied, it is a bank in a hundredth of the time."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "signoff.db"
        Store.open(database, migrations=[*REGISTRY.migrations, *more]).close()
        return read_files(database)


def person(id_: str) -> Actor:
    """An actor who claims to be *id_*."""
    return Actor(id=id_)
