"""Many processes execute one file's actions at once: each action once, by one of them, whoever is killed or stopped."""

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGKILL, SIGSTOP
from time import monotonic, sleep

import pytest

from signoff.audit import ActionRecord, Status, verify_store
from signoff.errors import Busy, LogInvalid
from tests.properties.tampering import tampering
from tests.receiver import Treatment

from .checking import outcome, standing_problems, told
from .jobs import Job
from .processes import PATIENCE, Zygote
from .sweeping import copy_world
from .world import MIRA, World, opened, receiver_of

WORKERS = 4
PLANS = 24
HOUR = timedelta(hours=1)
PLAN = """{"actions": [
    {"type": "pay", "first": "drop", "needs": []},
    {"type": "book", "needs": [1]},
    {"type": "shout", "needs": []},
    {"type": "deposit", "amount": "40.00", "needs": [2]},
    {"type": "pay", "needs": [4]}]}"""


@pytest.fixture
def many_plans(new_outside: Path, tmp_path: Path) -> Path:
    """A database with plans that were accepted, and of which nothing has run."""
    database = copy_world(new_outside, tmp_path / "many")
    with opened(database) as world:
        for _ in range(PLANS):
            world.accept(PLAN)
    return database


def _actions(world: World) -> list[ActionRecord]:
    return [action for id_ in world.plans() for action in world.engine.plan(id_).actions]


def _held_by(world: World) -> Counter[str]:
    """How many attempts each process made, as the log tells."""
    with world.store.read() as tx:
        leases = [entry.data["lease"] for entry in tx.entries() if entry.event == "executing" and "lease" in entry.data]
    return Counter(str(lease["worker"]) for lease in leases if isinstance(lease, dict))


def test_workers_share_what_there_is(zygote: Zygote, many_plans: Path) -> None:
    """Workers execute at once, run every action of many plans once together, and each of them has a share."""
    receiver = receiver_of(many_plans)
    assert receiver is not None
    receiver.script(*[Treatment.HOLD] * WORKERS)
    started = zygote.start(*[Job(database=str(many_plans), verb="work")] * WORKERS)
    end = monotonic() + PATIENCE
    while sum(receiver.told("requests")) < WORKERS:
        assert monotonic() < end, "each worker holds an action at the same time"
        sleep(0.01)
    receiver.release()
    assert [zygote.wait(process).error for process in started] == [None] * WORKERS
    with opened(many_plans) as world:
        assert {action.status for action in _actions(world)} == {Status.DONE}
        assert sorted(world.receipts().values()) == [1] * 4 * PLANS
        assert list(standing_problems(world)) == []
        shares = _held_by(world)
        assert len(shares) == WORKERS, shares
        assert sum(shares.values()) >= 4 * PLANS
        assert min(shares.values()) * 20 > max(shares.values()), shares


def _fences(world: World) -> list[int]:
    with world.store.read() as tx:
        leases = [entry.data["lease"] for entry in tx.entries() if "lease" in entry.data]
    return [int(str(lease["fence"])) for lease in leases if isinstance(lease, dict)]


@pytest.mark.parametrize("seed", range(3))
def test_workers_are_killed_among_others(zygote: Zygote, many_plans: Path, seed: int) -> None:
    """Whenever workers are killed, others go on at once: nothing is lost, nothing comes twice, OPAQUE effects may be in doubt."""
    random, killed = Random(seed), 0
    work = Job(database=str(many_plans), verb="work")
    for _ in range(4):
        doomed = [replace(work, point=random.randrange(1, 600)) for _ in range(WORKERS - 1)]
        ended = zygote.run(*doomed, replace(work, point=random.randrange(600, 1_200)))
        assert {one.error for one in ended} == {None}
        killed += sum(one.signal == SIGKILL for one in ended)
    (last,) = zygote.run(work)
    assert (last.signal, last.error) == (None, None)
    with opened(many_plans) as world:
        actions = _actions(world)
        doubted = [action for action in actions if action.status is Status.IN_DOUBT]
        assert {action.status for action in actions} <= {Status.DONE, Status.IN_DOUBT}
        assert {action.type for action in doubted} <= {"shout"}
        assert len(doubted) <= killed
        assert killed > 0
        assert list(standing_problems(world)) == []
        assert _fences(world) == sorted(set(_fences(world)))


@pytest.mark.parametrize(
    ("type_", "where", "taken_over"),
    [
        ("shout", "before the effect", "in_doubt"),
        ("shout", "after the effect", "in_doubt"),
        ("pay", "before the effect", "done"),
        ("pay", "after the effect", "done"),
        ("book", "before the effect", "in_doubt"),  # its receiver says no, but it may still come
        ("book", "after the effect", "done"),
    ],
)
def test_a_zombie_moves_nothing(
    zygote: Zygote, new_outside: Path, tmp_path: Path, type_: str, where: str, taken_over: str
) -> None:
    """Stopped until its lease is over and another one has taken over, a process that goes on gives evidence only."""
    database = copy_world(new_outside, tmp_path / "zombie")
    plan = f'{{"actions": [{{"type": "{type_}", "needs": []}}, {{"type": "deposit", "amount": "40.00", "needs": []}}]}}'
    (zombie,) = zygote.start(Job(database=str(database), verb="submit", plan=plan, label=where, signal=SIGSTOP))
    assert zygote.wait(zombie).signal == SIGSTOP
    with opened(database) as world:
        world.resume()
        assert outcome(world).statuses == ("executing", "done"), "its lease holds"
    with opened(database, ahead=HOUR) as world:
        world.resume()
        assert outcome(world).statuses == (taken_over, "done")
        os.kill(zombie, SIGCONT)
        assert zygote.wait(zombie).error is None
        assert outcome(world).statuses == (taken_over, "done")
        assert [one for one in told(world) if one[0] == "late"] == [("late", 1, "signoff")]
        assert list(world.receipts().values()) == [1]
        assert list(standing_problems(world)) == []
        world.resume()
        assert outcome(world).statuses == (taken_over, "done")


@pytest.mark.parametrize("bug", ["no fence", None])
@pytest.mark.parametrize("type_", ["pay", "book"])
def test_a_late_result_is_fenced_off(zygote: Zygote, new_outside: Path, tmp_path: Path, type_: str, bug: str | None) -> None:
    """The same attempt's result is not taken from who lost its lease, also before another one begins; without a fence it is."""
    database = copy_world(new_outside, tmp_path / "zombie")
    plan = f'{{"actions": [{{"type": "{type_}", "needs": []}}]}}'
    job = Job(database=str(database), verb="submit", plan=plan, label="after the effect", signal=SIGSTOP, bug=bug)
    (zombie,) = zygote.start(job)
    assert zygote.wait(zombie).signal == SIGSTOP
    with opened(database, ahead=HOUR) as world:
        with world.store.write() as tx:
            (recovered,) = world.engine._executor.recover(tx)
        os.kill(zombie, SIGCONT)
        zygote.wait(zombie)  # which may end with a ClockError: its clock is an hour behind the log now
        world.resume()
        with world.store.read() as tx:
            entries = [entry.event for entry in tx.entries(recovered)]
        fenced = ["late", {"book": "asking", "pay": "executing"}[type_], "done"]
        assert entries[entries.index("retry") + 1 :] == (["done"] if bug else fenced)
        assert list(world.receipts().values()) == [1]
        assert list(standing_problems(world)) == []


def test_a_zombie_that_had_not_begun_sends_nothing(zygote: Zygote, new_outside: Path, tmp_path: Path) -> None:
    """Stopped between its intent and the effect until somebody else took over, a process does not send it afterwards."""
    database = copy_world(new_outside, tmp_path / "zombie")
    plan = '{"actions": [{"type": "shout", "needs": []}]}'
    job = Job(database=str(database), verb="submit", plan=plan, label="intent recorded", signal=SIGSTOP)
    with opened(database) as world:
        world.submit('{"actions": [{"type": "check_balance", "needs": []}]}')
    (zombie,) = zygote.start(job)
    assert zygote.wait(zombie).signal == SIGSTOP
    with opened(database, ahead=HOUR) as world:
        world.resume()
        statuses = [action.status.value for action in _actions(world)]
        assert statuses == ["done", "in_doubt"]
        os.kill(zombie, SIGCONT)
        assert zygote.wait(zombie).error is None
        assert world.receipts() == {}
        assert [event for event, *_ in told(world)].count("late") == 1
        assert [action.status.value for action in _actions(world)] == statuses


def test_what_still_runs_is_not_resolved_as_not_done(zygote: Zygote, new_outside: Path, tmp_path: Path) -> None:
    """While a stopped process may still do it, nobody can say that it was not done; once that process is gone, they can."""
    database = copy_world(new_outside, tmp_path / "zombie")
    plan = '{"actions": [{"type": "shout", "needs": []}]}'
    (zombie,) = zygote.start(Job(database=str(database), verb="submit", plan=plan, label="before the effect", signal=SIGSTOP))
    assert zygote.wait(zombie).signal == SIGSTOP
    with opened(database, ahead=HOUR) as world:
        world.resume()
        (id_,) = world.plans()
        with pytest.raises(Busy, match="still runs in the process"):
            world.engine.resolve(id_, 1, MIRA, done=False, reason="the provider has none")
        os.kill(zombie, SIGKILL)
        assert zygote.wait(zombie).signal == SIGKILL
        world.engine.resolve(id_, 1, MIRA, done=False, reason="the provider has none")
        world.resume()
        assert outcome(world).statuses == ("done",)
        assert list(world.receipts().values()) == [1]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("fence = fence + 1", "another lease"),
        ("fence = -1", "another lease"),
        ("worker = 'elsewhere:1'", "another lease"),
        ("fence = NULL, worker = NULL, held_until = NULL", "another lease"),
        ("held_until = NULL", "cannot be checked"),
        ("held_until = 'soon'", "cannot be checked"),
        ("held_until = '2000-01-01T00:00:00.000000Z'", "ends before the time that the log tells"),
        ("held_until = '9000-01-01T00:00:00.000000Z'", None),  # which only heartbeats tell
    ],
)
def test_an_altered_lease_is_seen(zygote: Zygote, new_outside: Path, tmp_path: Path, change: str, problem: str | None) -> None:
    """A lease that was edited is found and nothing of its plan runs, while others do; one made longer holds nothing up."""
    database = copy_world(new_outside, tmp_path / "altered")
    plan = '{"actions": [{"type": "pay", "needs": []}]}'
    (killed,) = zygote.run(Job(database=str(database), verb="submit", plan=plan, label="after the effect"))
    assert killed.signal == SIGKILL
    with tampering() as tamperer:
        tamperer.write(database, (f"UPDATE actions SET {change} WHERE status = 'executing'", []))
    with opened(database) as world:
        with world.store.read() as tx:
            problems = verify_store(tx).problems
        assert [problem in one for one in problems if problem] == [True] * len(problems), problems
        assert bool(problems) == (problem is not None)
        if problem is None:
            world.resume()
            assert outcome(world).statuses == ("done",)
        else:
            with pytest.raises(LogInvalid):
                world.resume()
            world.submit(plan)
            assert sorted(world.receipts().values()) == [1, 1], "the second plan ran, and nothing of the first one"
