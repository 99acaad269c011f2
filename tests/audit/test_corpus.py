"""Databases of every version, with plans in every state: opened, brought up to date, and gone on with."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from signoff import Actor, Engine
from signoff.actions import check_ledger
from signoff.audit import ApprovalStatus, PlanRecord, Status, Store, verify_store
from signoff.audit.keys import read_keys
from signoff.audit.schema import SCHEMA
from signoff.chat import Standing, standing_of
from signoff.errors import KeyFileError
from tests.app.conversations import calls, talking, words
from tests.corpus.files import UNSEALED, VERSIONS, contents, copied, dumped
from tests.corpus.world import COUNTERS, DANA, FAY, FINN, MADE, MIRA, OMAR, ORIGINS, ROUTES, TALKS, opened, received
from tests.crash.jobs import Ended, Job
from tests.crash.processes import Zygote, zygote_running

AT_ONCE = 3  # processes that open an old file together
FIRST, SEALS = 11, "SELECT 1 FROM log"  # of the statements: the first of the migrations, and the first after them
READS = ("select", "pragma table_info", "-- pragma")
NOON = MADE + timedelta(hours=3)

ENDINGS = {  # of each plan, by the state that it was left in
    "expired": "expired skipped",
    "replaced": "done",
    "done": "done done done",
    "told": "done",
    "failed": "failed skipped skipped",
    "denied": "denied skipped",
    "rejected": "rejected skipped",
    "cancelled": "cancelled cancelled",
    "signed and done": "done done",
    "waiting": "done done done",
    "half signed": "done",
    "approved": "done done",
    "own vote": "done",
    "talking": "done denied",
    "in doubt, happened": "done done",
    "in doubt, did not happen": "done done",
    "resolved": "done",
    "put off, happened": "done done",
    "put off, did not happen": "done done",
    "killed": "done done",
    "ready": "done done",
    "executing": "done cancelled cancelled done",
}

SIGNERS = {
    "waiting": [MIRA],
    "half signed": [FAY, FINN, MIRA],
    "replaced": [FAY, MIRA],
    "approved": [OMAR],
    "own vote": [FAY],
    "talking": [MIRA],
}


@pytest.fixture(params=VERSIONS, ids="signoff.{}".format)
def version(request: pytest.FixtureRequest) -> int:
    """Each version of which there is a database."""
    number: int = request.param
    return number


@pytest.fixture
def kept(version: int, tmp_path: Path) -> Path:
    """A copy of that version's database."""
    return copied(version, tmp_path / "kept")


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """A process that forks those which open files at once, or are killed."""
    with zygote_running() as running:
        yield running


def plans(engine: Engine) -> dict[str, PlanRecord]:
    """Every plan, by the state that it was left in."""
    with engine.store.read() as tx:
        ids = tx.plans()
    return {str(plan.request): plan for plan in map(engine.plan, ids)}


def problems(engine: Engine) -> tuple[str, ...]:
    with engine.store.read() as tx:
        return verify_store(tx).problems


def test_every_state_is_kept(version: int, kept: Path) -> None:
    """The corpus holds an action and an approval in every state that there is, and votes that were used and that were not."""
    with opened(kept, version, NOON) as engine, engine.store.read() as tx:
        found = [tx.plan(id_) for id_ in tx.plans()]
        approvals = [approval for id_ in tx.plans() for approval in tx.approvals_of(id_)]
        votes = [vote for approval in approvals for vote in tx.votes(approval.id)]
        pinned = tx.pins().pinned
        events = {entry.event for entry in tx.entries()}
    assert {action.status for plan in found if plan for action in plan.actions} == set(Status)
    assert {approval.status for approval in approvals} == set(ApprovalStatus)
    assert {vote.used is None for vote in votes} == {True, False}
    assert {one.source for plan in found if plan for one in plan.context} == (
        {"letter", "payees"} if version >= ORIGINS else set()
    )
    assert pinned is (version >= ROUTES)
    assert ("retry" in events) is (version >= ROUTES)


def test_what_was_stored_stays_as_it_was(version: int, kept: Path) -> None:
    """A database that is brought up to date verifies, and holds every row that it held, none more; then nothing changes."""
    before = dumped(kept)
    with opened(kept, version, NOON) as engine:
        assert problems(engine) == ()
    files, after = contents(kept), dumped(kept)
    steps = [row["name"] for row in after["_sqlite_migrations"] if row["migration_set"] == "'signoff'"]
    assert steps == [repr(name) for name, _ in SCHEMA]
    for table in before.keys() - {"_sqlite_migrations", "chains", "log", "heads"}:
        columns = list(before[table][0]) if before[table] else []
        assert [{name: row[name] for name in columns} for row in after[table]] == list(before[table]), table
    with opened(kept, version, NOON) as engine:
        assert problems(engine) == ()
    assert contents(kept) == files


def test_an_older_database_gets_its_key(version: int, kept: Path) -> None:
    """A database has a key that only its owner can read, and a kept head from which one that was put back does not go on."""
    before = kept.read_bytes()
    opened(kept, version, NOON).__enter__().store.close()
    (keys,) = read_keys(kept.with_name("signoff.db.key"))
    with Store.open(kept) as store, store.read() as tx:
        assert store.keys == keys
        assert tx.log_head().size == len(tx.entries())
        assert store._seal.kept.read() == tx.log_head().frontier
    if version in UNSEALED:
        kept.write_bytes(before)
        with pytest.raises(KeyFileError, match="is the key of a database whose log has"):
            Store.open(kept)


def test_everything_goes_on(version: int, kept: Path) -> None:
    """What was left in any state ends as it must: what was done is not done again, and what was not is done once."""
    with opened(kept, version, NOON) as engine:
        _go_on(engine, version)
        ended = plans(engine)
        assert {name: " ".join(action.status for action in plan.actions) for name, plan in ended.items()} == {
            name: ending for name, ending in ENDINGS.items() if name in ended
        }
        done = [action for plan in ended.values() for action in plan.actions if action.status is Status.DONE]
        outside = [action.key for action in done if action.type in ("notify", "pay", "book")]
        assert Counter(received(kept)) == Counter(outside)
        with engine.store.read() as tx, tx.lent() as lent:
            booked = [key for (key,) in lent.execute("SELECT key FROM bank_transaction WHERE action IN ('deposit', 'transfer')")]
            assert list(check_ledger(lent)) == []
        assert Counter(booked) == Counter(action.key for action in done if action.type in ("deposit", "transfer"))
        assert problems(engine) == ()
        assert engine.resume(MIRA) == ()
    with opened(kept, version, NOON + timedelta(days=30)) as engine:
        assert engine.resume(MIRA) == ()
        assert plans(engine) == ended
        assert problems(engine) == ()


@pytest.mark.parametrize("version", [version for version in VERSIONS if version >= TALKS], indirect=True)
def test_a_conversation_is_gone_on_with(version: int, kept: Path) -> None:
    """The model is told what became of its calls, and speaks; then the conversation can be ended."""
    with opened(kept, version, NOON) as engine:
        _go_on(engine, version)
        talk = talking(engine, calls(), words("Done."), plan=plans(engine)["talking"].id)
        talk.chat.go_on()
        assert [one["status"] for one in talk.told()] == ["done", "denied", "not_read"]
        assert standing_of(talk.chat.end("dana left")) is Standing.ENDED
        assert problems(engine) == ()


def _go_on(engine: Engine, version: int) -> None:
    """What people do with what was left: resume, cancel, say what happened, sign, and resume."""
    engine.resume(MIRA)
    left = plans(engine)
    engine.cancel(left["executing"].id, DANA)
    for name, plan in left.items():
        for action in plan.actions:
            if action.status is Status.IN_DOUBT:
                engine.resolve(plan.id, action.number, MIRA, done=name != "in doubt, did not happen", reason="it was looked up")
    for _ in range(1 if version >= ROUTES else 2):  # what was asked for before that is asked for anew when it is to run
        for name in (name for name in SIGNERS if name in left):
            _sign(engine, left[name].id, SIGNERS[name])
        engine.resume(MIRA)


def _sign(engine: Engine, plan: str, signers: Sequence[Actor]) -> None:
    """Let those vote who have not, where something of *plan* still waits."""
    for approval in engine.approvals_of(plan):
        with engine.store.read() as tx:
            voted = {vote.voter.id for vote in tx.votes(approval.id)}
        for signer in signers:
            if signer.id not in voted and approval.status is ApprovalStatus.WAITING:
                engine.approve(approval.id, signer, digest=approval.digest)


@pytest.mark.parametrize("version", [version for version in VERSIONS if version < COUNTERS], indirect=True)
def test_counters_count_what_was_there_before_them(version: int, kept: Path, tmp_path: Path) -> None:
    """Rules with counters, over a database from before there were any, count what one that always had them counts."""
    with opened(kept, COUNTERS, NOON) as engine:
        engine.cancel(plans(engine)["executing"].id, DANA)
        assert problems(engine) == ()
    always = copied(COUNTERS, tmp_path / "always")
    with opened(always, COUNTERS, NOON) as engine:
        engine.cancel(plans(engine)["executing"].id, DANA)
    assert _counted(kept) == _counted(always)
    assert {held for _, _, held in _counted(kept)} == {True, False}


def _counted(database: Path) -> Counter[tuple[str, str, bool]]:
    return Counter((row["key"], row["amount"], row["done"] == "'held'") for row in dumped(database)["counted"])


@pytest.mark.parametrize("version", UNSEALED, indirect=True, ids="signoff.{}".format)
def test_an_older_database_is_migrated_once(version: int, kept: Path, zygote: Zygote) -> None:
    """Of processes that open an older file at the same time one brings it up to date, and all go on with it."""
    before = dumped(kept)["entries"]
    job = Job(database=str(kept), verb="open")
    assert zygote.run(*[job] * AT_ONCE) == [Ended(signal=None, label="", error=None)] * AT_ONCE
    after = dumped(kept)
    assert Counter(row["name"] for row in after["_sqlite_migrations"]).most_common(1)[0][1] == 1
    assert len(after["log"]) == 1
    assert after["entries"] == before
    with opened(kept, version, NOON) as engine:
        assert problems(engine) == ()


def test_a_migration_that_is_cut_off_is_made_anew(tmp_path: Path, zygote: Zygote) -> None:
    """Killed at any statement of the migrations, or while all is sealed, the next process opens the file with all it held.

    A process that is killed where it only reads leaves what one leaves that is killed at its next write: only that is opened.
    """
    labels: list[str] = []
    while not labels or not labels[-1].startswith(SEALS):
        labels.append(_cut_off(tmp_path, zygote, Job(verb="open", point=FIRST + len(labels))))
    steps = sum(label.startswith('INSERT INTO "_sqlite_migrations"') for label in labels)
    assert (labels[0], steps) == ("BEGIN IMMEDIATE", len(SCHEMA) - UNSEALED[0])
    for label in ("UPDATE chains SET leaf = 9", "INSERT INTO log", "COMMIT", "after COMMIT"):
        assert _cut_off(tmp_path, zygote, Job(verb="open", label=label)).startswith(label)


def _cut_off(folder: Path, zygote: Zygote, job: Job) -> str:
    """Kill a process that opens the oldest database, look at what it left, and tell at which statement that was."""
    database = copied(UNSEALED[0], folder / str(job.point or job.label))
    (ended,) = zygote.run(replace(job, database=str(database)))
    assert (ended.signal, ended.error) == (SIGKILL, None)
    if ended.label.lower().startswith(READS):
        return ended.label
    with Store.open(database) as store, store.read() as tx:
        assert store.keys == read_keys(database.with_name("signoff.db.key"))[0]
        assert tx.log_head().size == len(tx.entries()) > 0
    return ended.label
