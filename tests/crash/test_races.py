"""Several processes at once on one file."""

import os
import shutil
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from signoff import Actor, Refused
from signoff.audit import Store
from signoff.errors import Busy

from .checking import life_problems, outcome, standing_problems, told
from .jobs import Job
from .processes import Zygote
from .sweeping import MAX_POINTS, copy_world, whole_life
from .world import World, opened

MANY = 4  # processes
ROUNDS = 8

SOON = 0.0  # seconds
LARGE_SHARE = '{"actions": [{"type": "transfer", "to": "Alice", "amount": "600.00", "needs": []}]}'


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process gives up on a lock at once."""
    monkeypatch.setitem(Store.open.__func__.__kwdefaults__, "timeout", SOON)  # type: ignore[attr-defined]  # of a class method


@pytest.fixture
def stopped_notice(zygote: Zygote, new_bank: Path, tmp_path: Path) -> tuple[Path, int]:
    """A database, and the process that was stopped in the middle of its first OPAQUE effect."""
    database = copy_world(new_bank, tmp_path / "stopped")
    job = Job(database=str(database), verb="submit", plan="notices", label="in the effect", signal=SIGSTOP)
    (process,) = zygote.start(job)
    assert zygote.wait(process).signal == SIGSTOP
    return database, process


def test_many_resume_local_actions(zygote: Zygote, new_bank: Path, signed_transfer: Path, tmp_path: Path) -> None:
    """Of many processes that resume one plan at once none fails, and each READ or LOCAL action runs once."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    ended = zygote.run(*[Job(database=str(signed_transfer), verb="resume")] * MANY)
    assert [one.error for one in ended] == [None] * MANY
    with opened(signed_transfer) as world:
        assert list(life_problems(world, whole, [])) == []


def test_many_resume_opaque_actions(zygote: Zygote, new_bank: Path, signed_notice: Path, tmp_path: Path) -> None:
    """Of many processes that resume one plan at once none fails, and each OPAQUE action runs once."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    ended = zygote.run(*[Job(database=str(signed_notice), verb="resume")] * MANY)
    assert [one.error for one in ended] == [None] * MANY
    with opened(signed_notice) as world:
        assert list(life_problems(world, whole, [])) == []


@pytest.mark.parametrize("plan", ["bank", "notices"])
def test_many_submit_to_a_file_that_is_not_there(zygote: Zygote, tmp_path: Path, plan: str) -> None:
    """Processes that submit to one new file at once make it together, and each gets its own plan accepted."""
    for number in range(ROUNDS):
        database = tmp_path / f"{number}.db"
        ended = zygote.run(*[Job(database=str(database), verb="submit", plan=plan)] * MANY)
        assert [one.error for one in ended] == [None] * MANY
        with opened(database) as world:
            assert len(world.plans()) == MANY
            assert list(standing_problems(world)) == []


@pytest.mark.usefixtures("impatient")
def test_a_file_is_made_while_another_process_opens_it(zygote: Zygote, tmp_path: Path) -> None:
    """A process that was stopped at any point before it began to make a new file can use the one that others made since."""
    errors: dict[str, str | None] = {}
    for point in count(1):
        database = tmp_path / f"{point}.db"
        (process,) = zygote.start(Job(database=str(database), verb="submit", plan="bank", point=point, signal=SIGSTOP))
        assert zygote.wait(process).signal == SIGSTOP
        try:
            with opened(database) as world:
                world.submit("bank")
        except Busy:  # it has begun
            os.kill(process, SIGKILL)
            zygote.wait(process)
            break
        os.kill(process, SIGCONT)
        ended = zygote.wait(process)
        errors[f"{point} {ended.label}"] = ended.error
    assert {label: error for label, error in errors.items() if error} == {}
    assert len(errors) > 1


def test_together_they_never_pass_a_limit(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Of many processes that submit at once, while others resume, as many transfers run as fit under a limit of 700."""
    for number in range(ROUNDS // 2):
        database = copy_world(new_bank, tmp_path / str(number))
        submit, resume = Job(database=str(database), verb="submit", plan="small"), Job(database=str(database), verb="resume")
        ended = zygote.run(*[submit] * 3 * MANY, *[resume] * MANY)
        assert [one.error for one in ended] == [None] * 4 * MANY
        with opened(database) as world:
            world.resume()
            statuses = [world.engine.plan(id_).actions[0].status.value for id_ in world.plans()]
            assert statuses == ["done"] * 7 + ["denied"] * 5, "90 seven times is 630, and 720 is too much"
            assert list(standing_problems(world)) == []


def test_killed_among_others_none_passes_a_limit(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Of processes that submit together some are killed, at every point: those that were accepted fill the limit, no more."""
    for first in range(1, MAX_POINTS, MANY):
        database = copy_world(new_bank, tmp_path / str(first))
        submit = Job(database=str(database), verb="submit", plan="small")
        killed = [replace(submit, point=first + number) for number in range(MANY)]
        ended = zygote.run(*killed, *[submit] * 2 * MANY)
        assert [one.error for one in ended] == [None] * 3 * MANY
        with opened(database) as world:
            world.resume()
            statuses = [world.engine.plan(id_).actions[0].status.value for id_ in world.plans()]
            assert statuses == ["done"] * 7 + ["denied"] * (len(statuses) - 7), "90 seven times is 630, and 720 is too much"
            assert list(standing_problems(world)) == []
        shutil.rmtree(database.parent)
        if not any(one.signal for one in ended):
            return
    raise AssertionError(f"a submission passes more than {MAX_POINTS} points")


@pytest.mark.usefixtures("impatient")
def test_a_process_that_stands_still_holds_what_it_counts(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Stopped anywhere, a transfer counts for others from its commit on; none passes the limit whenever it goes on."""
    seen = set()
    for point in count(1):
        database = copy_world(new_bank, tmp_path / str(point))
        (process,) = zygote.start(Job(database=str(database), verb="submit", plan=LARGE_SHARE, point=point, signal=SIGSTOP))
        if zygote.wait(process).signal is None:
            break
        with opened(database) as world, suppress(Busy):
            world.submit(LARGE_SHARE)
        os.kill(process, SIGCONT)
        assert zygote.wait(process).error is None
        with opened(database) as world:
            world.resume()
            seen.add(tuple(sorted(world.engine.plan(id_).actions[0].status.value for id_ in world.plans())))
            assert list(standing_problems(world)) == []
    assert seen == {("denied", "waiting"), ("waiting",)}


@pytest.mark.parametrize("voters", [("mira", "omar"), ("mira", "mira")], ids=["two managers", "one manager twice"])
def test_one_seat_takes_one_vote(
    zygote: Zygote, new_bank: Path, waiting_transfer: Path, tmp_path: Path, voters: tuple[str, str]
) -> None:
    """Two votes at once for one seat: one is recorded, the other is refused, and the action runs once."""
    ended = zygote.run(*[Job(database=str(waiting_transfer), verb="approve and resume", who=who) for who in voters])
    assert sorted(str(one.error) for one in ended) == ["None", "Refused"]
    with opened(waiting_transfer) as world:
        assert sorted(event for event, _, actor in told(world) if actor in voters) == ["approved", "refused", "voted"]
        assert outcome(world).statuses == ("done",) * 4
        assert list(standing_problems(world)) == []


def test_two_seats_take_two_votes(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Two managers who sign for two seats at once are both counted, and the action runs once."""
    for number in range(ROUNDS):
        database = copy_world(new_bank, tmp_path / str(number))
        with opened(database) as world:
            world.submit("two signatures")
        jobs = [Job(database=str(database), verb="approve and resume", who=who) for who in ("mira", "omar")]
        assert [one.error for one in zygote.run(*jobs)] == [None, None]
        with opened(database) as world:
            assert sorted(actor for event, _, actor in told(world) if event == "voted") == ["mira", "omar"]
            assert outcome(world).statuses == ("done", "done")
            assert list(standing_problems(world)) == []


def test_an_approval_races_a_cancellation(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Signed and cancelled at once, an action runs and cannot be cancelled, or is cancelled and never runs."""
    for number in range(ROUNDS):
        database = copy_world(new_bank, tmp_path / str(number))
        with opened(database) as world:
            world.submit("pair")
        signing, cancelling = zygote.run(
            Job(database=str(database), verb="approve and resume", who="mira"),
            Job(database=str(database), verb="cancel", who="dana"),
        )
        with opened(database) as world:
            world.resume()
            ran = outcome(world).statuses == ("done", "done")
            assert ran or outcome(world).statuses == ("done", "cancelled")
            assert cancelling.error == ("Refused" if ran else None)
            assert signing.error in ((None,) if ran else (None, "Refused"))
            assert list(standing_problems(world)) == []


@pytest.mark.usefixtures("impatient")
def test_a_cancellation_comes_at_any_point(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Cancelled while another process that signs and runs it stands at any point, an action is cancelled or runs, never both."""
    template = copy_world(new_bank, tmp_path / "template")
    with opened(template) as world:
        world.submit("pair")
    seen = set()
    for point in count(1):
        database = copy_world(template, tmp_path / str(point))
        job = Job(database=str(database), verb="approve and resume", who="mira", point=point, signal=SIGSTOP)
        (process,) = zygote.start(job)
        if zygote.wait(process).signal is None:
            break
        with opened(database) as world:
            cancelled = _cancels(world)
            os.kill(process, SIGCONT)
            error = zygote.wait(process).error
            statuses = outcome(world).statuses
            assert list(standing_problems(world)) == []
        seen.add((cancelled, error, statuses))
    assert seen == {
        ("cancelled", "Refused", ("done", "cancelled")),  # before the vote
        ("Busy", None, ("done", "done")),  # while it was written
        ("cancelled", None, ("done", "cancelled")),  # between vote and execution
        ("Refused", None, ("done", "done")),  # after the execution
    }


def _cancels(world: World) -> str:
    try:
        world.cancel()
    except (Busy, Refused) as error:
        return type(error).__name__
    return "cancelled"


def test_a_second_executor_leaves_what_is_held(zygote: Zygote, stopped_notice: tuple[Path, int]) -> None:
    """What a stopped process executes is left to it while its lease holds; others run the rest, and it ends its own work."""
    database, holder = stopped_notice
    with opened(database) as world:
        world.resume()
        assert outcome(world).statuses == ("executing", "waiting", "ready", "ready")
        os.kill(holder, SIGCONT)
        assert zygote.wait(holder).error is None
        assert outcome(world).statuses == ("done", "waiting", "done", "ready")
        assert list(standing_problems(world)) == []


def test_a_second_executor_waits(zygote: Zygote, stopped_notice: tuple[Path, int], new_bank: Path, tmp_path: Path) -> None:
    """A process that comes while a stopped one executes waits for it, then goes on; nothing runs twice or is in doubt."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    database, holder = stopped_notice
    (second,) = zygote.start(Job(database=str(database), verb="resume"))
    with opened(database) as world:
        world.approve()
        os.kill(holder, SIGCONT)
        assert [zygote.wait(process).error for process in (holder, second)] == [None, None]
        world.resume()
        assert set(outcome(world).statuses) == {"done"}
        assert sorted(told(world)) == sorted(whole.system + whole.told)
        assert list(standing_problems(world)) == []


@pytest.mark.usefixtures("impatient")
def test_a_dead_executor_holds_nothing_up(zygote: Zygote, stopped_notice: tuple[Path, int]) -> None:
    """When a stopped executor is killed, what it held is free at once, and what it was doing is in doubt."""
    database, holder = stopped_notice
    os.kill(holder, SIGKILL)
    assert zygote.wait(holder).signal == SIGKILL
    with opened(database) as world:
        world.resume()
        assert outcome(world).statuses == ("in_doubt", "waiting", "ready", "ready")
        assert list(standing_problems(world)) == []


@pytest.mark.usefixtures("impatient")
def test_a_stopped_writer_stops_writers_only(zygote: Zygote, waiting_transfer: Path) -> None:
    """While a stopped process is in the middle of a vote, others can read but not write; once it goes on, its vote counts."""
    job = Job(database=str(waiting_transfer), verb="approve", who="mira", label="INSERT INTO entries", signal=SIGSTOP)
    (holder,) = zygote.start(job)
    assert zygote.wait(holder).signal == SIGSTOP
    with opened(waiting_transfer) as world:
        before = told(world)
        with pytest.raises(Busy, match="another process writes"):
            world.approve(Actor(id="omar"))
        with pytest.raises(Busy, match="another process writes"):
            world.cancel()
        assert told(world) == before
        os.kill(holder, SIGCONT)
        assert zygote.wait(holder).error is None
        with pytest.raises(Refused, match="approved"):
            world.approve(Actor(id="omar"))
        assert [event for event, _, actor in told(world) if actor == "mira"] == ["voted", "approved"]
        assert list(standing_problems(world)) == []
