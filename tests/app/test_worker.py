"""A worker in this process: what it goes on with, when it wakes, what it tells."""

from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from signoff import Engine
from signoff.audit import ActionRecord, Store
from signoff.testing import FakeClock
from signoff.worker import AGAIN, Wake, Worker
from tests.app.banking import (
    DANA,
    MEANWHILE,
    MIRA,
    OUTBOX,
    Open,
    assert_verifies,
    deposit,
    message,
    only_approval,
    plan_of,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.app.outside import Outside, open_outside
from tests.properties.tampering import tampering
from tests.receiver import Receiver, Treatment

NEVER = 3_600.0  # seconds
PLENTY = 60.0


@pytest.fixture
def outside(open_engine: Open, clock: FakeClock, receiver: Receiver) -> Outside:
    """An engine whose actions reach a receiver."""
    return open_outside(open_engine, clock, receiver)


def accept(engine: Engine, *actions: dict[str, object]) -> str:
    return engine.submit(plan_of(engine, *actions), DANA, run=False).id


def test_plans_go_on_in_order(engine: Engine) -> None:
    """What may run in any plan runs, in the order of acceptance; what waits for people is left, and a drained worker ends."""
    plans = [accept(engine, deposit("5"), transfer("150.00")), accept(engine, deposit("6")), accept(engine, deposit("7"))]
    ended: list[str] = []
    with engine.watched(lambda action: ended.append(action.plan)):
        Worker(engine, MIRA).run(drain=True)
    assert ended == plans
    assert [statuses(engine.plan(plan)) for plan in plans] == [["done", "waiting"], ["done"], ["done"]]
    assert_verifies(engine)


def test_a_vote_wakes_a_worker_of_the_same_process(engine: Engine, database: Path) -> None:
    """A worker in a thread of its own goes on at once with what this process submits or signs, though it polls hardly ever."""
    wake, moved = Wake(), Event()
    workers: list[Worker] = []

    def tell(action: ActionRecord) -> None:
        moved.set()

    def work() -> None:
        with Store.open(database, migrations=engine.registry.migrations, clock=engine.store.clock) as store:
            own = Engine(store, engine.policy, engine.registry)
            workers.append(Worker(own, DANA, wake=wake, poll=NEVER))
            with own.watched(tell):
                workers[0].run()

    asking = Engine(engine.store, engine.policy, engine.registry, wake=wake)
    submit(asking, deposit("1"))
    thread = Thread(target=work)
    thread.start()
    plan = asking.submit(plan_of(asking, transfer("150.00"), deposit("5")), DANA, run=False)
    _wait(moved)
    sign(asking, only_approval(asking, plan), MIRA)
    _wait(moved)
    workers[0].stop()
    thread.join(PLENTY)
    assert not thread.is_alive()
    assert statuses(engine.plan(plan.id)) == ["done", "done"]
    assert_verifies(engine)


def _wait(moved: Event) -> None:
    assert moved.wait(PLENTY)
    moved.clear()


def test_what_was_put_off_goes_on_when_it_is_due(outside: Outside, clock: FakeClock) -> None:
    """A worker goes on by itself with what was put off once it is due, and a drained one waits for that."""
    outside.receiver.script(Treatment.LOSE, Treatment.LOSE)
    plan = accept(outside.engine, {"type": "pay"})
    looks: list[int] = []

    def refresh(changed: bool) -> None:
        looks.append(1)
        clock.move(timedelta(milliseconds=100))

    Worker(outside.engine, DANA, poll=0.001, refresh=refresh).run(drain=True)
    assert statuses(outside.engine.plan(plan)) == ["done"]
    assert outside.events(outside.engine.plan(plan)) == ["executing", *("retry", "executing") * 2, "done"]
    assert len(looks) > 10, "half a second, and then a whole one"
    outside.verifies()


def test_passed_deadlines_are_recorded(engine: Engine, clock: FakeClock) -> None:
    """A deadline that passes while a worker idles is recorded by it, though nobody writes."""
    plan = submit(engine, transfer("150.00"))
    worker: Worker

    def refresh(changed: bool) -> None:
        clock.move(timedelta(hours=1))
        with engine.store.read() as tx:
            if tx.entries(plan.id)[-1].event == "expired":
                worker.stop()

    worker = Worker(engine, DANA, poll=0.001, refresh=refresh)
    worker.run()
    assert statuses(engine.plan(plan.id)) == ["expired"]
    assert_verifies(engine)


def test_a_late_result_is_recorded_by_the_worker(open_engine: Open, clock: FakeClock, receiver: Receiver) -> None:
    """What an attempt gives after it was given up is recorded by an idle worker on its own."""
    hasty = open_outside(open_engine, clock, receiver, timeout=0.2)
    receiver.script(Treatment.HOLD)
    plan = accept(hasty.engine, {"type": "shout"})
    worker: Worker

    def refresh(changed: bool) -> None:
        found = hasty.engine.plan(plan)
        if statuses(found) == ["in_doubt"]:
            receiver.release()
        if "late" in hasty.events(found):
            worker.stop()

    worker = Worker(hasty.engine, DANA, poll=0.01, refresh=refresh)
    worker.run()
    assert hasty.events(hasty.engine.plan(plan)) == ["executing", "in_doubt", "late"]
    hasty.verifies()


@pytest.mark.parametrize("kind", ["a class that is missing", "an altered plan"])
def test_one_plan_keeps_no_other(open_wide: Engine, open_engine: Open, clock: FakeClock, database: Path, kind: str) -> None:
    """What keeps one plan from going on is told once, also when that is tried again later, and the others go on."""
    bad = accept(open_wide, message("boss") if kind.startswith("a class") else deposit("5"))
    for approval in open_wide.approvals_of(bad):
        open_wide.approve(approval.id, MIRA, digest=approval.digest)
    if kind.startswith("an altered"):
        with tampering() as tamperer:
            tamperer.write(database, ("UPDATE actions SET attempt = 3 WHERE plan = ?", [bad]))
    good = accept(open_wide, deposit("7"))
    engine = open_engine() if kind.startswith("a class") else open_wide
    told: list[tuple[str | None, str]] = []
    tried: list[str] = []
    resume = engine.resume

    def counted(*arguments: object, **named: object) -> object:
        tried.append(str(arguments[1]))
        return resume(*arguments, **named)  # type: ignore[arg-type]  # as they came

    engine.resume = counted  # type: ignore[method-assign,assignment]  # to count
    worker: Worker

    def refresh(changed: bool) -> None:
        clock.move(AGAIN / 3)
        if tried.count(bad) == 3:
            worker.stop()

    worker = Worker(engine, DANA, poll=0.001, refresh=refresh, trouble=lambda plan, error: told.append((plan, error.code)))
    worker.run()
    assert told == [(bad, "action-invalid" if kind.startswith("a class") else "log-invalid")]
    assert statuses(engine.plan(good)) == ["done"]
    assert tried.count(good) == 1
    Worker(engine, DANA, poll=0.001).run(drain=True)


def test_told_to_stop_it_starts_no_other(open_wide: Engine) -> None:
    """Told to stop while an action runs, a worker records what it gave and starts nothing more; another one goes on."""
    worker = Worker(open_wide, DANA)
    MEANWHILE.append(worker.stop)
    plan = accept(open_wide, message(), message(), deposit("1"))
    other = accept(open_wide, message())
    worker.run()
    assert statuses(open_wide.plan(plan)) == ["done", "ready", "ready"]
    assert statuses(open_wide.plan(other)) == ["ready"]
    assert len(OUTBOX) == 1
    Worker(open_wide, DANA).run(drain=True)
    assert len(OUTBOX) == 3
    assert_verifies(open_wide)


def test_a_lease_is_kept_by_heartbeats(open_wide: Engine, database: Path) -> None:
    """While an action runs its lease is renewed, without an Entry; by the renewed time nobody else takes it over."""
    clock = open_wide.store.clock
    with Store.open(database, clock=clock, lease=0.03) as store, Store.open(database, clock=clock) as reading:
        engine = Engine(store, open_wide.policy, open_wide.registry)
        seen: list[tuple[str, int]] = []

        def wait_for_beats() -> None:
            first = _lease(reading)
            for _ in range(10_000):
                assert isinstance(clock, FakeClock)
                clock.move(timedelta(milliseconds=10))
                Event().wait(0.001)
                if _lease(reading)[0] > first[0]:
                    break
            seen.extend([first, _lease(reading)])

        MEANWHILE.append(wait_for_beats)
        assert statuses(submit(engine, message())) == ["done"]
        (until, newest), (renewed, still) = seen
        assert renewed > until
        assert still == newest, "a heartbeat is no Entry"
        assert_verifies(engine)


def test_a_lost_lease_is_not_renewed(open_wide: Engine, database: Path, clock: FakeClock) -> None:
    """Whoever was taken over renews nothing, and what it gives is evidence; the one who took over stays in charge."""
    with Store.open(database, clock=lambda: clock() + timedelta(hours=1)) as ahead:
        other = Engine(ahead, open_wide.policy, open_wide.registry)
        renewed: list[bool] = []

        def be_taken_over() -> None:
            with open_wide.store.read() as tx:
                (held,) = tx.executing()
            renewed.append(open_wide.store._renew(held))
            other.resume(MIRA)
            renewed.append(open_wide.store._renew(held))

        MEANWHILE.append(be_taken_over)
        plan = submit(open_wide, message(), deposit("1"))
        assert renewed == [True, False]
        assert statuses(plan) == ["in_doubt", "done"]
        assert "its lease was over while" in str(plan.actions[0].error)
        with open_wide.store.read() as tx:
            told = [(entry.event, entry.data.get("ending")) for entry in tx.entries(plan.id) if entry.action == 1]
        assert told[-3:] == [("executing", None), ("in_doubt", None), ("late", "done")]
        assert_verifies(open_wide)


def _lease(store: Store) -> tuple[str, int]:
    with store.read() as tx:
        ((_, _, _, until),) = tx.executing_places()
        return until, tx.newest_number()
