"""What the Engine holds to against others: newer rules, clocks, spellings, texts, other processes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from signoff import Actor, Engine, Refused, UsageError
from signoff.audit.database import Database
from signoff.errors import ActionInvalid, ClockError, DatabaseError, OutcomeUnknown, PolicyChanged
from signoff.retrying import MOMENT, Patience
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    MEANWHILE,
    MIRA,
    OMAR,
    OUTBOX,
    Change,
    Open,
    Wider,
    assert_verifies,
    balance,
    deposit,
    message,
    only_approval,
    plan_of,
    sign,
    statuses,
    submit,
    transfer,
)


def test_older_rules_are_not_put_back(open_engine: Open, changed_rules: Change) -> None:
    """A process that read its rules before another one put newer rules in force neither decides by them nor puts them back."""
    stale, fresh = open_engine(), open_engine(changed_rules("[mira, omar]", "[omar]"))
    plan = submit(stale, transfer("150.00"))
    with pytest.raises(PolicyChanged):
        submit(fresh, transfer("1.00"))
    fresh = open_engine(changed_rules("[mira, omar]", "[omar]"))
    submit(fresh, transfer("1.00"))
    for verb in (
        lambda: sign(stale, only_approval(stale, plan), MIRA),
        lambda: stale.resume(MIRA),
        lambda: submit(stale, transfer("1.00")),
        lambda: stale.cancel(plan.id, DANA),
    ):
        with pytest.raises(PolicyChanged, match="other rules in force"):
            verb()
    with fresh.store.read() as tx:
        assert tx.active_policy() == fresh.policy.digest
    assert_verifies(fresh)


def test_rules_that_change_between_steps_stop_the_run(open_wide: Engine, open_engine: Open, changed_rules: Wider) -> None:
    """Where other rules are put in force while an external action runs, its result is kept, and no next one starts."""
    submit(open_wide, deposit("1"))
    other = open_engine(changed_rules("within: 24h", "within: 23h", open_wide.registry), open_wide.registry)
    MEANWHILE.append(lambda: other.submit(plan_of(other, transfer("150.00")), DANA))
    with pytest.raises(PolicyChanged):
        submit(open_wide, message(), message())
    assert len(OUTBOX) == 1
    with other.store.read() as tx:
        _, first, *_ = tx.plans()
    assert statuses(other.plan(first)) == ["done", "ready"]
    assert statuses(other.resume(DANA, plan=first)[0]) == ["done", "done"]
    assert_verifies(other)


def test_plan_runs_while_another_process_executes(open_wide: Engine, open_engine: Open) -> None:
    """Submitting waits for nobody's actions: what is ready runs at once, and so does what is released elsewhere."""
    other = open_engine(open_wide.policy, open_wide.registry)
    seen: list[list[str]] = []
    MEANWHILE.append(lambda: seen.append(statuses(submit(other, deposit("5"), message(), transfer("150.00")))))
    assert statuses(submit(open_wide, message(), deposit("1"))) == ["done", "done"]
    assert seen == [["done", "done", "waiting"]]
    assert len(OUTBOX) == 2
    assert_verifies(other)


def test_an_action_of_a_plan_is_never_run_by_two(open_wide: Engine, open_engine: Open) -> None:
    """Whoever goes on with a plan in which another process executes runs the rest, and leaves that action alone."""
    other = open_engine(open_wide.policy, open_wide.registry)
    seen: list[list[str]] = []

    def go_on() -> None:
        with other.store.read() as tx:
            (plan,) = tx.plans()
        patience = Patience(sleep=lambda _: None, left=1)
        seen.append(statuses(other.resume(DANA, plan, patience=patience)[0]))
        assert patience.left < MOMENT, "it waited for the other one"

    MEANWHILE.append(go_on)
    assert statuses(submit(open_wide, message(), deposit("1"), message() | {"needs": [1]})) == ["done", "done", "done"]
    assert seen == [["executing", "done", "ready"]]
    assert len(OUTBOX) == 2
    assert_verifies(other)


def test_one_plan_that_cannot_go_on_keeps_no_other(open_wide: Engine, open_engine: Open, changed_rules: Change) -> None:
    """Where a stored action's type is not registered any more, the other plans go on, and the error names the plan."""
    stuck = submit(open_wide, message("boss"))
    sign(open_wide, only_approval(open_wide, stuck), MIRA)
    plan = submit(open_wide, transfer("150.00"))
    sign(open_wide, only_approval(open_wide, plan), MIRA)
    narrow = open_engine()
    with pytest.raises(ActionInvalid, match=f"{stuck.id} action 1"):
        narrow.resume(MIRA)
    assert statuses(narrow.plan(plan.id)) == ["done"]


def test_clock_set_back_cannot_revive_a_deadline(engine: Engine, clock: FakeClock) -> None:
    """Time never runs back behind the log: what has expired by its newest Entry stays expired, and nobody votes meanwhile."""
    plan = submit(engine, transfer("150.00"))
    approval = only_approval(engine, plan)
    clock.move(timedelta(hours=30))
    submit(engine, transfer("1.00"))
    clock.move(timedelta(hours=-29))
    with pytest.raises(ClockError):
        sign(engine, approval, MIRA)
    clock.move(timedelta(hours=29))
    with pytest.raises(Refused, match="expired"):
        sign(engine, approval, MIRA)


def test_who_may_approve_may_reject(engine: Engine) -> None:
    """A rejection needs no empty seat, and somebody who has signed may think better of it."""
    first, second = (only_approval(engine, submit(engine, transfer("600.00"))) for _ in range(2))
    sign(engine, first, MIRA)
    engine.reject(first.id, OMAR, reason="no")
    sign(engine, second, MIRA)
    engine.reject(second.id, MIRA, reason="on second thoughts, no")
    assert [statuses(engine.plan(one.plan)) for one in (first, second)] == [["rejected"], ["rejected"]]
    assert_verifies(engine)


def test_another_spelling_is_no_second_person(open_engine: Open, changed_rules: Change) -> None:
    """Whoever asked cannot sign by writing their own name another way."""
    engine = open_engine(changed_rules("[mira, omar]", "[mira, omar, DANA]"))
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    with pytest.raises(Refused, match="cannot decide it"):
        sign(engine, approval, Actor(id="DANA"))


def test_claimed_approver_cannot_cancel_where_claims_do_not_count(open_engine: Open, changed_rules: Change) -> None:
    """Cancelling another's plan takes an identity that the policies accept."""
    engine = open_engine(changed_rules("identity: claimed\n", ""))
    plan = submit(engine, transfer("150.00"))
    with pytest.raises(Refused, match="mira is only claimed"):
        engine.cancel(plan.id, MIRA)
    assert statuses(engine.cancel(plan.id, DANA)) == ["cancelled"]


def test_texts_that_are_no_unicode_are_wrong_use(engine: Engine) -> None:
    """A lone surrogate could be neither stored nor digested, and is refused before anything else."""
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    for verb in (
        lambda: submit(engine, transfer("1.00"), request="\ud800"),
        lambda: engine.reject(approval.id, MIRA, reason="\ud800"),
        lambda: engine.approve(approval.id, MIRA, digest="\ud800" * 8),
    ):
        with pytest.raises(UsageError, match="surrogate"):
            verb()


def test_plan_that_is_only_accepted_is_run_by_resume(engine: Engine) -> None:
    """Told not to run, submitting decides and stores; whoever goes on runs it."""
    plan = engine.submit(plan_of(engine, deposit("5.00"), transfer("150.00")), DANA, run=False)
    assert statuses(plan) == ["ready", "waiting"]
    assert [statuses(plan) for plan in engine.resume(DANA)] == [["done", "waiting"]]
    assert balance(engine) == "1005.00"
    assert_verifies(engine)


def test_a_commit_that_fails_hides_behind_no_other_error(
    engine: Engine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one plan cannot go on, and the commit of another one's step fails, `resume` says that nobody knows."""
    signed = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, signed), MIRA)
    engine.submit(plan_of(engine, deposit("5")), DANA, run=False)
    clock.move(timedelta(hours=-1))
    with pytest.raises(ClockError):
        engine.resume(MIRA, signed.id)
    execute, commits = Database.execute, iter([False, True])

    def failing(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        if sql == "COMMIT" and next(commits):
            raise DatabaseError("the disk failed")
        return execute(self, sql, parameters)

    monkeypatch.setattr(Database, "execute", failing)
    with pytest.raises(OutcomeUnknown, match="the disk failed"):
        engine.resume(MIRA)
