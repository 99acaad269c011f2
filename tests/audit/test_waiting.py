"""What is asked at every submit and resume costs the same, however many plans of others wait, and counts every spelling."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from signoff import Actor, Engine
from signoff.actions import Registry, action
from signoff.audit import Status, verify_store
from signoff.errors import Refused
from signoff.planner import ActionPlan
from signoff.policies import parse_policy
from signoff.testing import FakeClock
from tests.properties.tampering import tampering

RULES = """\
version: 1
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira]
rules:
  - id: all
    allow: "*"
  - id: signed
    approve: call
    by: manager
    within: 24h
"""


SLACK = 10  # steps: fewer than one for each of those who wait


@action
def call(who: str) -> str:
    """Call somebody, which anybody may ask for."""
    return who


@pytest.fixture
def engine(open_engine: Callable[..., Engine]) -> Engine:
    """An engine of which everybody can ask something that waits."""
    registry = Registry(call)
    return open_engine(parse_policy(RULES.encode(), "policies.yaml", registry), registry)


def submit(engine: Engine, who: str) -> str:
    """Let *who* submit what waits."""
    plan = engine.submit(ActionPlan.of(engine.registry.read({"type": "call", "who": "Alice"})), Actor(id=who))
    assert plan.actions[0].status is Status.WAITING
    return plan.id


def steps(engine: Engine, ask: Callable[[], object]) -> int:
    """How many steps SQLite's virtual machine takes for what *ask* asks."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    connection = engine.store._database._connection
    connection.set_progress_handler(count, 1)
    ask()
    connection.set_progress_handler(None, 0)
    return counted


def test_what_waits_for_others_costs_nothing(engine: Engine) -> None:
    """Who has how much waiting, what can go on, and what is overdue are found in as many steps, however much waits."""
    submit(engine, "dana")

    def work() -> list[int]:
        with engine.store.read() as tx:
            now = engine.store.clock()
            questions = (lambda: tx.waiting("dana"), lambda: tx.plans_to_resume(now), lambda: tx.plans_overdue(now))
            return [steps(engine, question) for question in questions]

    few = work()
    for number in range(30):
        submit(engine, f"person {number}")
    assert all(more <= before + SLACK for more, before in zip(work(), few, strict=True))


def test_every_spelling_of_one_person_counts(engine: Engine, database: Path) -> None:
    """What waits is counted by person, however the id is spelled, and also where it was stored before persons were noted."""
    for who in ("dana", "Dana", "dаna", "omar"):  # the third with a Cyrillic letter
        submit(engine, who)
    with engine.store.read() as tx:
        assert (tx.waiting("DANA"), tx.waiting("omar"), tx.waiting("mira")) == (3, 1, 0)
    with tampering() as tamperer:
        tamperer.write(database, ("UPDATE actions SET person = ''", ()))
    with engine.store.read() as tx:
        assert (tx.waiting("DANA"), tx.waiting("omar"), tx.waiting("mira")) == (3, 1, 0)
        assert verify_store(tx).problems == ()


def test_what_has_ended_does_not_count(engine: Engine) -> None:
    """An action counts until it is started or has ended."""
    plan = submit(engine, "dana")
    engine.cancel(plan, Actor(id="dana"))
    with engine.store.read() as tx:
        assert tx.waiting("dana") == 0


def test_another_person_in_the_file_is_found(engine: Engine, database: Path) -> None:
    """Who edits whose an action is, so that a limit does not see it, is found."""
    submit(engine, "dana")
    with tampering() as tamperer:
        tamperer.write(database, ("UPDATE actions SET person = 'omar'", ()))
    with engine.store.read() as tx:
        assert "stored as somebody else's" in verify_store(tx).problems[0]


def test_deadlines_that_pass_are_found(engine: Engine, clock: FakeClock) -> None:
    """A waiting action, and one that was approved and not run, are overdue once the deadline has passed, and not before."""
    waits, approved = submit(engine, "dana"), submit(engine, "dana")
    (approval,) = engine.approvals_of(approved)
    engine.approve(approval.id, Actor(id="mira"), digest=approval.digest)
    with engine.store.read() as tx:
        assert tx.plans_overdue(clock()) == []
        assert tx.plans_to_resume(clock()) == [approved]
    clock.move(timedelta(hours=25))
    with engine.store.read() as tx:
        assert tx.plans_overdue(clock()) == sorted([waits, approved])
        assert tx.plans_to_resume(clock()) == [waits, approved]


def test_too_much_waiting_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on what waits of one person holds over all spellings of their name."""
    monkeypatch.setattr("signoff.deciding.MAX_WAITING", 2)
    submit(engine, "dana")
    submit(engine, "Dana")
    submit(engine, "omar")
    with pytest.raises(Refused, match="2 actions of DANA wait"):
        submit(engine, "DANA")
