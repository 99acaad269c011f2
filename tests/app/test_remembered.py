"""What an open engine remembers of the file: never more than the file says, whoever has written to it since."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import ActionRecord, ApprovalStatus, Choice, PlanRecord, Status, Store, verify_plan, verify_store
from signoff.errors import LogInvalid, Refused, UsageError
from signoff.planner import ActionPlan
from signoff.testing import FakeClock
from tests.app.banking import OUTBOX
from tests.conftest import rules
from tests.properties.tampering import Tamperer, tampering

from .conftest import CommandLine

DANA, MIRA = Actor(id="dana"), Actor(id="mira")


@pytest.fixture
def tamperer() -> Iterator[Tamperer]:
    with tampering() as started:
        yield started


@pytest.fixture
def opened(cli: CommandLine) -> Iterator[Engine]:
    """An engine over the command line's database, which stays open."""
    registry = bank_registry()
    with Store.open(cli.database, migrations=registry.migrations) as store:
        yield Engine(store, rules(), registry)


def waiting(engine: Engine) -> PlanRecord:
    """A plan that was just accepted: a deposit that is done, and a transfer that waits. The engine remembers it."""
    given = ({"type": "deposit", "amount": "1.00"}, {"type": "transfer", "to": "Alice", "amount": "150.00"})
    plan = engine.submit(ActionPlan.of(*map(engine.registry.read, given)), DANA)
    assert [one.status for one in plan.actions] == [Status.DONE, Status.WAITING]
    return engine.plan(plan.id)


def test_what_another_process_did_is_seen(opened: Engine, cli: CommandLine) -> None:
    """A vote of another process, and what it ran, stand in what is read next, though the plan was remembered."""
    plan = waiting(opened)
    (approval,) = opened.approvals_of(plan.id)
    assert cli.process("approve", approval.id, "--as", "mira", "--digest", approval.digest).code == 0
    assert opened.plan(plan.id).actions[1].status is Status.DONE
    assert opened.approvals_of(plan.id) == []
    with pytest.raises(Refused, match="is decided"):
        opened.approve(approval.id, MIRA, digest=approval.digest)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE actions SET title = 'Transfer 1.00 USD to Alice'",
        "UPDATE actions SET status = 'approved' WHERE status = 'waiting'",
        "UPDATE approvals SET status = 'approved'",
        "UPDATE approvals SET expires = '2999-01-01T00:00:00.000000Z'",
        "DELETE FROM approvals",
        "DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)",
        "CREATE TRIGGER t AFTER UPDATE ON actions BEGIN UPDATE actions SET title = 'x'; END",
    ],
)
def test_what_another_process_altered_is_found(opened: Engine, cli: CommandLine, tamperer: Tamperer, sql: str) -> None:
    """A remembered plan that is altered in the file is neither shown nor run, and no vote on it counts."""
    plan = waiting(opened)
    (approval,) = opened.approvals_of(plan.id)
    tamperer.write(cli.database, (sql, ()))
    with pytest.raises(LogInvalid):
        opened.plan(plan.id)
    with pytest.raises((LogInvalid, UsageError)):  # the approval itself may be gone
        opened.approve(approval.id, MIRA, digest=approval.digest)
    with pytest.raises(LogInvalid):
        opened.resume(DANA, plan=plan.id)


def test_a_trigger_of_another_process_lets_nothing_be_accepted(opened: Engine, cli: CommandLine, tamperer: Tamperer) -> None:
    """A plan that is accepted here counts as verified only where no trigger could have had a hand in it."""
    waiting(opened)
    tamperer.write(cli.database, ("CREATE TRIGGER t AFTER INSERT ON votes BEGIN SELECT 1; END", ()))
    with pytest.raises(LogInvalid, match="trigger t"):
        waiting(opened)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM votes",
        "UPDATE votes SET choice = 'reject'",
        "UPDATE votes SET voter = 'fay'",
        "UPDATE heads SET hashes = zeroblob(length(hashes))",
    ],
)
def test_votes_that_another_process_altered_are_found(opened: Engine, cli: CommandLine, tamperer: Tamperer, sql: str) -> None:
    """Votes, and where chains end, are remembered; altered in the file, nothing more is signed by them."""
    given = {"type": "transfer", "to": "Alice", "amount": "600.00"}
    plan = opened.submit(ActionPlan.of(opened.registry.read(given)), DANA)
    (approval,) = opened.approvals_of(plan.id)
    opened.approve(approval.id, MIRA, digest=approval.digest)
    with opened.store.read() as tx:
        assert [vote.voter for vote in tx.votes(approval.id)] == [MIRA]
    tamperer.write(cli.database, (sql, ()))
    with pytest.raises(LogInvalid):
        opened.approve(approval.id, Actor(id="fay"), digest=approval.digest)


def test_votes_that_were_rolled_back_are_forgotten(engine: Engine) -> None:
    """A vote of a transaction that fails, whole or in a part of it, was never cast."""
    plan = waiting(engine)
    (approval,) = engine.approvals_of(plan.id)
    with pytest.raises(ZeroDivisionError), engine.store.write() as tx:
        tx.vote(approval, MIRA, Choice.APPROVE, None)
        assert len(tx.votes(approval.id)) == 1
        raise ZeroDivisionError
    with engine.store.write() as tx:
        with pytest.raises(ZeroDivisionError), tx.attempt():
            tx.vote(approval, MIRA, Choice.APPROVE, None)
            assert len(tx.votes(approval.id)) == 1
            raise ZeroDivisionError
        assert tx.votes(approval.id) == []
    assert engine.approve(approval.id, MIRA, digest=approval.digest).status is ApprovalStatus.APPROVED
    with engine.store.read() as tx:
        assert verify_store(tx).problems == ()


def test_engines_that_take_turns_remember_nothing_old(open_engine: Callable[..., Engine]) -> None:
    """What one connection remembers of where chains end is no older than what another one has written since."""
    engines = [open_engine() for _ in range(3)]
    plans = [waiting(one) for _ in range(4) for one in engines]
    for number, plan in enumerate(plans):
        (approval,) = engines[number % 2].approvals_of(plan.id)
        engines[(number + 1) % 3].approve(approval.id, MIRA, digest=approval.digest)
    for one in engines:
        with one.store.read() as tx:
            assert verify_store(tx).problems == ()
            assert all(len(tx.votes(approval.id)) == 1 for plan in plans for approval in tx.approvals_of(plan.id))


def test_what_was_rolled_back_is_forgotten(engine: Engine) -> None:
    """A transaction that fails leaves nothing behind in memory: not the state of an action, an approval, a plan or the time."""
    plan = waiting(engine)
    with pytest.raises(ZeroDivisionError), engine.store.write() as tx:
        tx.move(plan.actions[1], Status.REJECTED, MIRA)
        assert tx.approvals_of(plan.id)[0].status is ApprovalStatus.REJECTED
        assert tx.plan(plan.id) != plan
        raise ZeroDivisionError
    assert engine.plan(plan.id) == plan
    with engine.store.read() as read:
        assert [one.status for one in read.approvals_of(plan.id)] == [ApprovalStatus.WAITING]
    (approval,) = engine.approvals_of(plan.id)
    engine.approve(approval.id, MIRA, digest=approval.digest)
    assert engine.resume(MIRA)[0].actions[1].status is Status.DONE


def test_what_is_remembered_is_what_would_be_read(open_engine: Callable[..., Engine]) -> None:
    """After every step, a plan is to the engine that took the step what it is to one that reads the file anew."""
    engine, other = open_engine(), open_engine()
    plan = waiting(engine)
    (approval,) = engine.approvals_of(plan.id)
    assert other.plan(plan.id) == plan
    engine.approve(approval.id, MIRA, digest=approval.digest)
    assert other.plan(plan.id) == engine.plan(plan.id)
    (ended,) = engine.resume(MIRA)
    assert other.plan(plan.id) == ended
    assert ended.actions[1].result is not None


def test_a_plan_is_read_once(engine: Engine) -> None:
    """As long as nobody else writes, a plan that was read is not read again, and not verified again."""
    plan = waiting(engine)
    ran: list[str] = []
    engine.store._database._connection.set_trace_callback(ran.append)
    assert engine.plan(plan.id) == plan
    assert [sql for sql in ran if "actions" in sql or "entries" in sql or "approvals" in sql] == []


def test_verification_reads_the_file(engine: Engine) -> None:
    """What is verified is what stands in the file, not what is remembered of it."""
    plan = waiting(engine)
    with engine.store.read() as tx:
        tx.remembered.plans[plan.id] = replace(plan, planner="somebody else")
        verify_plan(tx, plan.id)
        assert tx.plan(plan.id) == plan
        tx.remembered.plans[plan.id] = replace(plan, planner="somebody else")
        assert verify_store(tx).problems == ()


def test_what_another_took_over_before_it_was_sent_is_not_sent(open_wide: Engine, database: Path, clock: FakeClock) -> None:
    """Right before an effect one look tells whether another process has written; what it took over is not sent."""
    ahead = FakeClock(clock.at + timedelta(minutes=5))

    def take_over(_: ActionRecord) -> None:
        with Store.open(database, create=False, clock=ahead) as store:
            Engine(store, open_wide.policy, open_wide.registry).resume(MIRA)

    with open_wide.watched(lambda one: take_over(one) if one.status is Status.EXECUTING else None):
        plan = open_wide.submit(ActionPlan.of(open_wide.registry.read({"type": "send_message", "to": "ann"})), DANA)
    assert OUTBOX == []
    assert plan.actions[0].status is Status.IN_DOUBT
    open_wide.submit(ActionPlan.of(open_wide.registry.read({"type": "send_message", "to": "ann"})), DANA)
    assert len(OUTBOX) == 1
