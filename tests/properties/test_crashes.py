"""The law of crashes: killed anywhere, again and again, every action still ends once, and its effect happens at most once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff import Actor
from signoff.audit import ENDED, PlanRecord, Status
from signoff.canonical import canonical
from tests.crash.checking import standing_problems
from tests.crash.jobs import Job
from tests.crash.processes import Zygote, zygote_running
from tests.crash.world import World, opened
from tests.files import read_files, write_files

from .hunting import assert_caught
from .world import MEMORY

ZYGOTES: list[Zygote] = []  # the one of this module's tests: a law takes no fixture
ROUNDS = 4  # in which whatever waits is signed
LABELS = ("before the effect", "in the effect", "after the effect", "after COMMIT", "UPDATE actions SET status = 'done'")
FEWER = 2  # for each other law's example there is one in so many here: processes take their time


@dataclass(frozen=True)
class Crashes:
    """A plan, and processes that work on it one after the other, each killed somewhere if it gets that far."""

    plan: bytes
    jobs: tuple[Job, ...]


actions = st.one_of(
    st.builds(lambda text: {"type": "notify", "text": text}, st.sampled_from(["first", "second", "third"])),
    st.just({"type": "transfer", "to": "Alice", "amount": "150.00"}),
    st.just({"type": "transfer", "to": "Bob", "amount": "20.00"}),
    st.just({"type": "deposit", "amount": "40.00"}),
    st.just({"type": "check_balance"}),
)
needs = st.lists(st.integers(1, 3), unique=True, max_size=2)


def _plan(drawn: Sequence[tuple[dict[str, Any], list[int]]]) -> bytes:
    listed = [one | {"needs": [need for need in wanted if need < number]} for number, (one, wanted) in enumerate(drawn, 1)]
    return canonical({"actions": listed})


def crashes(bug: str | None = None) -> st.SearchStrategy[Crashes]:
    """Crashes at any SQL statement, commit or step of an effect; with *bug*, of processes that lack a protection."""
    numbered = st.integers(1, 120).map(lambda number: {"point": number})
    named = st.sampled_from(LABELS).map(lambda label: {"label": label})
    points: st.SearchStrategy[dict[str, Any]] = st.one_of(numbered, named)

    def job(verb: str, point: dict[str, Any]) -> Job:
        return Job(verb=verb, bug=bug, **point)

    then = st.lists(st.builds(job, st.sampled_from(["go on", "resume", "cancel"]), points | st.just({})), max_size=3)
    jobs = st.builds(lambda first, rest: (first, *rest), st.builds(job, st.just("submit"), points), then)
    return st.builds(Crashes, st.lists(st.tuples(actions, needs), min_size=1, max_size=4).map(_plan), jobs)


@pytest.fixture(scope="module", autouse=True)
def zygote() -> Iterator[None]:
    """A process that forks those which are killed."""
    with zygote_running() as running:
        ZYGOTES.append(running)
        yield
        ZYGOTES.clear()


@settings(max_examples=max(1, settings().max_examples // FEWER))
@given(crashes())
def test_whoever_is_killed_no_effect_is_lost_or_repeated(case: Crashes) -> None:
    """After any crashes the log verifies, every action ends once or is in doubt, and each effect is as often as that says."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        database = Path(folder) / "signoff.db"
        write_files(database, _new_bank())
        for job in case.jobs:
            ZYGOTES[0].run(Job(**vars(job) | {"database": str(database), "plan": case.plan.decode()}))
            with opened(database) as world:
                if not world.plans():
                    world.submit(case.plan.decode())
        with opened(database) as world:
            _decide_everything(world)
            problems = list(standing_problems(world))
            assert problems == [], " ".join(problems)
            (id_,) = world.plans()
            plan = world.engine.plan(id_)
            for action in plan.actions:
                assert action.status in ENDED or _is_held(plan, action.number), f"action {action.number} is {action.status}"
                assert action.status is not Status.IN_DOUBT or action.effect == "opaque", f"{action.title} is in doubt"
                assert _ends(world, plan)[action.number] <= 1, f"action {action.number} ended twice"


def test_an_effect_before_its_intent_is_caught() -> None:
    """Where an OPAQUE effect happens before the intent to run it is durable, a kill leaves one of no known action."""
    assert_caught(test_whoever_is_killed_no_effect_is_lost_or_repeated, crashes("effect before intent"), "the receiver got")


def test_an_effect_apart_from_its_result_is_caught() -> None:
    """Where a LOCAL effect is committed before its result, a kill between the two leaves one without the other."""
    assert_caught(test_whoever_is_killed_no_effect_is_lost_or_repeated, crashes("effect apart from result"), "balances are")


@cache
def _new_bank() -> Mapping[str, bytes]:
    """A database in which nothing was asked for yet."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "signoff.db"
        with opened(database):
            pass
        return read_files(database)


def _decide_everything(world: World) -> None:
    """Sign whatever waits, and resume, until nothing waits."""
    for _ in range(ROUNDS):
        world.resume()
        (id_,) = world.plans()
        for approval in world.engine.approvals_of(id_):
            world.engine.approve(approval.id, Actor(id="mira"), digest=approval.digest)
    world.resume()


def _is_held(plan: PlanRecord, number: int) -> bool:
    """Whether an action is in doubt, or needs one that is."""
    action = plan.action(number)
    return action.status is Status.IN_DOUBT or any(_is_held(plan, need) for need in action.needs)


def _ends(world: World, plan: PlanRecord) -> Counter[int | None]:
    """How often each action ended, by the log."""
    with world.store.read() as tx:
        return Counter(entry.action for entry in tx.entries(plan.id) if entry.data.get("status") in ENDED)
