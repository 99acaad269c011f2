"""Many threads of one process submit and vote at once, and share transactions."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest

from signoff import Engine
from signoff.audit import PlanRecord
from signoff.audit.database import Database
from signoff.errors import Busy, DatabaseError, OutcomeUnknown, PlanInvalid, Refused, UsageError
from signoff.intake import Intake
from tests.app.banking import DANA, MIRA, OMAR, assert_verifies, deposit, statuses, transfer
from tests.app.intakes import DAILY, MEETING, WAIT, CountingStore, counted_engine, plan
from tests.conftest import RULES

THREADS = 64
PLANS = 5  # of each thread
OpenIntake = Callable[..., Intake]


@pytest.fixture
def open_intake(database: Path) -> Iterator[OpenIntake]:
    """Open an intake over the test's database; it is closed with the test."""
    opened: list[Intake] = []

    def open_(policy: str = RULES, **more: Any) -> Intake:
        opened.append(Intake(lambda: counted_engine(database, policy), **more))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def intake(open_intake: OpenIntake) -> Intake:
    return open_intake()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def commits(intake: Intake) -> int:
    def count(engine: Engine) -> int:
        assert isinstance(engine.store, CountingStore)
        return engine.store.commits

    return intake.call(count)


def together(intake: Intake, pool: ThreadPoolExecutor, *works: Callable[[], Any]) -> list[Future[Any]]:
    """Let each of *works* call the intake from a thread of its own; all calls wait, in this order, for one transaction."""
    busy, free = Event(), Event()

    def hold(_: Engine) -> None:
        busy.set()
        assert free.wait(WAIT)

    held = Thread(target=lambda: intake.call(hold))
    held.start()
    assert busy.wait(WAIT)
    calls = []
    for waiting, work in enumerate(works, 1):
        calls.append(pool.submit(work))
        while intake.waiting < waiting and not calls[-1].done():
            sleep(0.0005)
    free.set()
    held.join(WAIT)
    return calls


def test_many_threads_share_flushes(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """320 plans of 64 threads take far fewer commits than plans, and each plan stands in the log once, with its own effect."""
    start = Barrier(THREADS)

    def submit(_: int) -> list[PlanRecord]:
        start.wait(WAIT)
        return [intake.submit(plan(deposit("1.00")), DANA) for _ in range(PLANS)]

    records = [one for made in pool.map(submit, range(THREADS)) for one in made]
    assert {tuple(statuses(one)) for one in records} == {("done",)}
    assert commits(intake) <= len(records) // 4

    def logged(engine: Engine) -> Counter[str]:
        assert_verifies(engine)
        with engine.store.read() as tx:
            return Counter(entry.chain for entry in tx.entries() if entry.event == "submitted")

    assert intake.call(logged) == Counter({one.id: 1 for one in records})


def test_what_waits_shares_one_commit(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """64 plans that wait for the same transaction are accepted, run and recorded by one commit."""
    before = commits(intake)
    calls = together(intake, pool, *[lambda: intake.submit(plan(deposit("1.00")), DANA)] * THREADS)
    assert [statuses(call.result(WAIT)) for call in calls] == [["done"]] * THREADS
    assert commits(intake) - before == 1


def test_errors_are_their_callers_alone(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """Of plans in one transaction, one that is invalid, or whose own code raises, is its caller's, and changes nothing."""
    given = [
        ([deposit("1.00")], None),
        ([transfer("5.00", to="Nobody Known")], PlanInvalid),
        ([{"type": "nameless"}], ZeroDivisionError),
        ([deposit("2.00"), {"type": "untitled"}], ZeroDivisionError),
        ([deposit("3.00")], None),
    ]
    calls = together(intake, pool, *[lambda made=made: intake.submit(plan(*made), DANA) for made, _ in given])
    for call, (_, error) in zip(calls, given, strict=True):
        assert type(call.exception(WAIT)) is (error or type(None))
    assert [statuses(call.result()) for call in calls if not call.exception()] == [["done"], ["done"]]

    assert len(intake.call(_plans)) == 2
    assert intake.call(assert_verifies) is None


def test_a_lost_transaction_is_nobody_elses(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """An action that makes SQLite roll everything back fails; what shared its transaction is done, each once."""
    given = [[deposit("1.00")], [{"type": "scribble", "text": "or rollback"}], [deposit("2.00")]]
    calls = together(intake, pool, *[lambda made=made: intake.submit(plan(*made), DANA) for made in given])
    assert [statuses(call.result(WAIT)) for call in calls] == [["done"], ["failed"], ["done"]]

    assert len(intake.call(_plans)) == 3
    assert intake.call(assert_verifies) is None


def test_limits_hold_among_those_that_wait_together(open_intake: OpenIntake, pool: ThreadPoolExecutor) -> None:
    """Of ten transfers of 100 that come at once under a limit of 300, three run and seven are denied."""
    intake = open_intake(DAILY)
    calls = together(intake, pool, *[lambda: intake.submit(plan(transfer("100.00")), DANA)] * 10)
    assert [statuses(call.result(WAIT)) for call in calls] == [["done"]] * 3 + [["denied"]] * 7


def test_intents_and_results_share_commits(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """Effects outside run at the same time, each in its caller's thread, under intents that were committed together."""
    MEETING[0] = Barrier(8)
    before = commits(intake)
    calls = together(intake, pool, *[lambda: intake.submit(plan({"type": "meet"}), DANA)] * 8)
    assert [statuses(call.result(WAIT)) for call in calls] == [["done"]] * 8
    assert commits(intake) - before <= 1 + 8
    assert intake.call(assert_verifies) is None


def test_what_a_caller_executes_is_not_taken_over(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """While one caller's effect runs, others submit and go on; nobody takes it for something that was left behind."""
    MEETING[0] = Barrier(2)
    running = pool.submit(lambda: intake.submit(plan({"type": "meet"}), DANA))
    while not MEETING[0].n_waiting:
        sleep(0.001)
    assert statuses(intake.submit(plan(deposit("1.00")), DANA)) == ["done"]
    (first, _) = intake.call(lambda engine: [engine.plan(id_) for id_ in _plans(engine)])
    assert statuses(first) == ["executing"]
    MEETING[0].wait(WAIT)
    assert statuses(running.result(WAIT)) == ["done"]


def _plans(engine: Engine) -> list[str]:
    with engine.store.read() as tx:
        return tx.plans()


def test_votes_share_a_commit(intake: Intake, pool: ThreadPoolExecutor) -> None:
    """Votes of many threads share a commit; one that is refused is recorded, and its caller's alone."""
    made = [intake.submit(plan(transfer("101.00")), DANA) for _ in range(8)]
    asked = intake.call(lambda engine: [engine.approvals_of(one.id)[0] for one in made])
    before = commits(intake)
    voters = [DANA, *[MIRA] * 6, OMAR]
    works = [partial(intake.approve, one.id, who, digest=one.digest) for one, who in zip(asked, voters, strict=True)]
    calls = together(intake, pool, *works)
    assert isinstance(calls[0].exception(WAIT), Refused)
    assert [call.result(WAIT).status for call in calls[1:]] == ["approved"] * 7
    assert commits(intake) - before == 1
    ended = together(intake, pool, *[lambda one=one: intake.resume(DANA, one.id) for one in made])
    assert [statuses(call.result(WAIT)) for call in ended] == [["waiting"], *[["done"]] * 7]
    assert commits(intake) - before == 2
    rejected = intake.reject(asked[0].id, OMAR, reason="no")
    assert rejected.status == "rejected"


def test_a_failed_commit_is_unknown_to_all(intake: Intake, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the commit fails, nobody knows of any plan in it, and everybody is told so, then and afterwards."""
    execute = Database.execute

    def fail(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        if sql == "COMMIT":
            raise DatabaseError("the disk failed")
        return execute(self, sql, parameters)

    intake.submit(plan(deposit("1.00")), DANA)
    monkeypatch.setattr(Database, "execute", fail)
    calls = together(intake, pool, *[lambda: intake.submit(plan(deposit("1.00")), DANA)] * 5)
    assert [type(call.exception(WAIT)) for call in calls] == [OutcomeUnknown] * 5
    monkeypatch.undo()
    with pytest.raises(OutcomeUnknown):
        intake.submit(plan(deposit("1.00")), DANA)


def test_one_caller_too_many_is_told_at_once(open_intake: OpenIntake, pool: ThreadPoolExecutor) -> None:
    """Beyond as many callers as may wait, a verb raises Busy, and nothing of it is done."""
    intake = open_intake(max_callers=3)  # one holds the owner
    works = [lambda: intake.submit(plan(deposit("1.00")), DANA)] * 3
    *taken, refused = together(intake, pool, *works)
    assert [statuses(call.result(WAIT)) for call in taken] == [["done"]] * 2
    assert isinstance(refused.exception(WAIT), Busy)
    assert len(intake.call(_plans)) == 2


def test_closing_drains(open_intake: OpenIntake, pool: ThreadPoolExecutor, database: Path) -> None:
    """Closing waits for what was taken, effects outside included, and takes nothing more."""
    intake = open_intake()
    MEETING[0] = Barrier(2)
    running = pool.submit(lambda: intake.submit(plan({"type": "meet"}, deposit("1.00")), DANA))
    while not MEETING[0].n_waiting:
        sleep(0.001)
    closing = pool.submit(intake.close)
    while not intake.closed:
        sleep(0.001)
    with pytest.raises(UsageError, match="closed"):
        intake.submit(plan(deposit("1.00")), DANA)
    assert not closing.done()
    MEETING[0].wait(WAIT)
    assert statuses(running.result(WAIT)) == ["done", "done"]
    closing.result(WAIT)
    with counted_engine(database) as engine:
        assert_verifies(engine)
        assert len(_plans(engine)) == 1


def test_what_keeps_it_from_opening_is_told(database: Path) -> None:
    """Where the engine cannot be opened, nor can the intake."""
    database.write_text("no database")
    with pytest.raises(DatabaseError, match="not a database"):
        Intake(lambda: counted_engine(database))


def test_it_does_not_wait_for_itself(intake: Intake) -> None:
    """A verb that is called in the intake's own thread is told so, in the place of waiting for ever."""
    with pytest.raises(UsageError, match="would wait for itself"):
        intake.call(lambda _: intake.submit(plan(deposit("1.00")), DANA))


def test_a_wake_that_raises_is_told(database: Path) -> None:
    """Where what is called after a commit raises, the callers get that, what they asked for is done, and the next ones go on."""

    def wake() -> None:
        raise ZeroDivisionError

    @contextmanager
    def opened() -> Iterator[Engine]:
        with counted_engine(database) as engine:
            yield Engine(engine.store, engine.policy, engine.registry, wake=wake)

    with Intake(opened) as intake:
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                intake.submit(plan(deposit("1.00")), DANA)
        assert len(intake.call(_plans)) == 2


def test_what_closing_raises_is_told(database: Path) -> None:
    """Where the engine cannot be closed, `close` says so."""

    @contextmanager
    def opened() -> Iterator[Engine]:
        with counted_engine(database) as engine:
            yield engine
        raise ZeroDivisionError

    intake = Intake(opened)
    with pytest.raises(ZeroDivisionError):
        intake.close()
