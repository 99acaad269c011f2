"""The life of a plan: submit, decide, run, pause, approve, reject, resume, cancel."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from signoff import Actor, Engine, Refused, UsageError
from signoff.actions import bank_registry
from signoff.audit import Store
from signoff.errors import ClockError, PlanInvalid
from signoff.testing import CountingIds, FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    Change,
    Open,
    assert_verifies,
    balance,
    deposit,
    events,
    only_approval,
    plan_of,
    sign,
    statuses,
    submit,
    transfer,
    withdraw,
)


def test_independent_actions_go_on_while_one_waits(engine: Engine) -> None:
    """What is allowed runs at once, also behind an action that waits; only what needs that one is held."""
    plan = submit(engine, {"type": "check_balance"}, transfer("150.00"), deposit("40.00"), transfer("1", needs=(2,)))
    assert statuses(plan) == ["done", "waiting", "done", "ready"]
    approval = only_approval(engine, plan)
    sign(engine, approval, MIRA)
    assert statuses(engine.plan(plan.id)) == ["done", "approved", "done", "ready"]
    (plan,) = engine.resume(MIRA)
    assert statuses(plan) == ["done", "done", "done", "done"]
    assert balance(engine) == "889.00"
    assert_verifies(engine)


def test_names_are_resolved_before_anything_is_decided(engine: Engine) -> None:
    """What is stored, digested and run names the registered payee, not what the plan wrote."""
    plan = submit(engine, transfer("5.00", to="  aLICE "))
    assert json.loads(plan.actions[0].body)["to"] == "Alice"
    blocked = submit(engine, transfer("5.00", to="mallory  LTD"))
    assert statuses(blocked) == ["denied"]
    assert blocked.actions[0].error == "denied by blocked"


def test_unknown_names_store_nothing(engine: Engine) -> None:
    """A plan with unknown names is refused whole, with every one of them."""
    with pytest.raises(PlanInvalid) as caught:
        submit(engine, transfer("5.00", to="Zoe"), transfer("5.00", to="Alicia"))
    assert len(caught.value.problems) == 2
    assert "action 2 (transfer)" in caught.value.problems[1]
    with engine.store.read() as tx:
        assert (tx.plans(), list(tx.entries())) == ([], [])


def test_rejection_skips_what_needs_it(engine: Engine) -> None:
    """A rejected action ends with its reason, and everything that needs it, directly or not, is skipped."""
    plan = submit(engine, transfer("150.00"), transfer("1", needs=(1,)), transfer("2", needs=(2,)), transfer("3"))
    engine.reject(only_approval(engine, plan).id, MIRA, reason="not today")
    plan = engine.plan(plan.id)
    assert statuses(plan) == ["rejected", "skipped", "skipped", "done"]
    assert [one.error for one in plan.actions[:3]] == [
        "rejected by mira: not today",
        "it needs action 1, which is rejected",
        "it needs action 2, which is skipped",
    ]
    assert_verifies(engine)


def test_denied_and_failed_needs_skip(engine: Engine) -> None:
    """What needs a denied or a failed action is skipped."""
    plan = submit(
        engine,
        transfer("1", to="Mallory Ltd"),
        transfer("2", needs=(1,)),
        withdraw("9999.00"),
        transfer("3", needs=(3,)),
    )
    assert statuses(plan) == ["denied", "skipped", "failed", "skipped"]
    assert "holds 1,000.00 USD" in str(plan.actions[2].error)
    assert balance(engine) == "1000.00"


def test_expiry(engine: Engine, clock: FakeClock) -> None:
    """A passed deadline counts at once for every reader, is recorded by the next writer, and is not a rejection."""
    plan = submit(engine, transfer("150.00"))
    approval = only_approval(engine, plan)
    clock.move(timedelta(hours=24))
    assert statuses(engine.plan(plan.id)) == ["expired"]
    assert engine.approvals_of(plan.id) == []
    with pytest.raises(Refused, match="expired"):
        sign(engine, approval, MIRA)
    assert events(engine, plan.id)[-2:] == ["expired", "refused"]
    assert_verifies(engine)


def test_deadline_says_nothing_about_what_is_done(engine: Engine, clock: FakeClock) -> None:
    """What was done in time stays done when its deadline passes."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.resume(MIRA)
    clock.move(timedelta(hours=48))
    assert statuses(engine.plan(plan.id)) == ["done"]
    assert engine.resume(MIRA) == ()


def test_deadline_bounds_execution(engine: Engine, clock: FakeClock) -> None:
    """What was signed in time and not run in time is not run."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    clock.move(timedelta(hours=24))
    (plan,) = engine.resume(MIRA, plan=plan.id)
    assert statuses(plan) == ["expired"]
    assert balance(engine) == "1000.00"


def test_clock_behind_the_log_runs_nothing_approved(engine: Engine, clock: FakeClock) -> None:
    """A clock that stands before the newest Entry cannot judge a deadline, so what was approved does not run."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    clock.move(timedelta(hours=-1))
    with pytest.raises(ClockError):
        engine.resume(MIRA)
    assert statuses(engine.plan(plan.id)) == ["approved"]


def test_two_roles_must_sign(engine: Engine) -> None:
    """Matching rules combine: all roles sign, each as often as the largest count says, and one person fills one seat."""
    plan = submit(engine, transfer("600.00"))
    approval = only_approval(engine, plan)
    assert approval.seats == {"manager": 1, "finance": 2}
    sign(engine, approval, FAY, MIRA)
    assert statuses(engine.plan(plan.id)) == ["waiting"]
    with pytest.raises(Refused, match="fills no seat"):
        sign(engine, approval, OMAR)
    sign(engine, approval, FINN)
    assert statuses(engine.resume(MIRA)[0]) == ["done"]
    assert_verifies(engine)


@pytest.mark.parametrize(
    ("actor", "digest", "match"),
    [
        (DANA, None, "cannot decide it"),
        (FAY, None, "needs 1 manager"),
        (Actor(id="nobody"), None, "needs 1 manager"),
        (Actor(id="Mira"), None, "needs 1 manager"),
        (MIRA, "", "is not the digest"),
        (MIRA, "0" * 64, "is not the digest"),
    ],
)
def test_refused_vote_is_recorded_and_changes_nothing(engine: Engine, actor: Actor, digest: str | None, match: str) -> None:
    """The requester, somebody without the role and somebody who saw something else cannot sign; the attempt is logged."""
    plan = submit(engine, transfer("150.00"))
    approval = only_approval(engine, plan)
    with pytest.raises(Refused, match=match):
        engine.approve(approval.id, actor, digest=approval.digest if digest is None else digest)
    assert only_approval(engine, plan) == approval
    assert events(engine, plan.id)[-1] == "refused"
    with engine.store.read() as tx:
        assert tx.votes(approval.id) == []
    assert_verifies(engine)


def test_deciding_twice_is_refused(engine: Engine) -> None:
    """One person has one vote, and what is decided stays decided."""
    plan = submit(engine, transfer("600.00"))
    approval = only_approval(engine, plan)
    sign(engine, approval, MIRA)
    with pytest.raises(Refused, match="already voted"):
        sign(engine, approval, MIRA)
    engine.reject(approval.id, FAY, reason="no")
    with pytest.raises(Refused, match="is rejected"):
        sign(engine, approval, FINN)
    with pytest.raises(Refused, match="is rejected"):
        engine.reject(approval.id, FINN, reason="no")


def test_claimed_identity_counts_only_where_the_policies_say(open_engine: Open, changed_rules: Change) -> None:
    """Without `identity: claimed` nobody can sign by claiming to be somebody."""
    engine = open_engine(changed_rules("identity: claimed\n", ""))
    plan = submit(engine, transfer("150.00"))
    with pytest.raises(Refused, match="only claimed"):
        sign(engine, only_approval(engine, plan), MIRA)
    assert statuses(engine.plan(plan.id)) == ["waiting"]


def test_tightened_rule_takes_back_what_was_signed(engine: Engine, changed_rules: Change) -> None:
    """A rule that asks for more than the votes fill sends an approved action back to waiting, with a new approval."""
    plan = submit(engine, transfer("150.00"))
    old = only_approval(engine, plan)
    sign(engine, old, MIRA)
    engine.policy = changed_rules("amount > 500", "amount > 120")
    (plan,) = engine.resume(MIRA)
    assert statuses(plan) == ["waiting"]
    new = only_approval(engine, plan)
    assert (new.id != old.id, new.seats) == (True, {"manager": 1, "finance": 2})
    sign(engine, new, MIRA, FAY, FINN)
    assert statuses(engine.resume(MIRA)[0]) == ["done"]
    assert_verifies(engine)


def test_deny_before_execution_denies(engine: Engine, changed_rules: Change) -> None:
    """What the rules deny when it is to run does not run, whoever signed it."""
    plan = submit(engine, transfer("150.00"), transfer("1", needs=(1,)))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.policy = changed_rules("[Mallory Ltd]", "[Mallory Ltd, Alice]")
    assert statuses(engine.resume(MIRA)[0]) == ["denied", "skipped"]
    assert balance(engine) == "1000.00"


def test_unrelated_edit_costs_nobody_their_vote(engine: Engine, changed_rules: Change) -> None:
    """An edit to another rule, or somebody joining the role, leaves a vote valid."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.policy = changed_rules("[mira, omar]", "[mira, omar, olga]")
    engine.policy = changed_rules("[Mallory Ltd]", "[Mallory Ltd, Bob]")
    assert statuses(engine.resume(MIRA)[0]) == ["done"]


def test_edit_to_the_rule_that_asked_asks_again(engine: Engine, changed_rules: Change) -> None:
    """A vote is bound to the rule that asked for it: where that one says something else, it is asked again."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.policy = changed_rules("amount > 100", "amount > 99")
    assert statuses(engine.resume(MIRA)[0]) == ["waiting"]


def test_vote_of_somebody_who_lost_the_role_does_not_count(engine: Engine, changed_rules: Change) -> None:
    """Votes are checked against the roles in force when they are used."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.policy = changed_rules("[mira, omar]", "[omar]")
    (plan,) = engine.resume(OMAR)
    assert statuses(plan) == ["waiting"]
    sign(engine, only_approval(engine, plan), OMAR)
    assert statuses(engine.resume(OMAR)[0]) == ["done"]


def test_loosened_rule_releases_nothing_that_waits(engine: Engine, changed_rules: Change) -> None:
    """What waits goes on waiting when the rules would allow it now."""
    plan = submit(engine, transfer("150.00"))
    engine.policy = changed_rules("amount > 100", "amount > 499")
    assert engine.resume(MIRA) == ()
    assert statuses(engine.plan(plan.id)) == ["waiting"]
    assert statuses(submit(engine, transfer("150.00"))) == ["done"]


def test_ready_action_is_decided_again(engine: Engine, changed_rules: Change) -> None:
    """An action that was allowed waits for sign-off where the rules ask for it by the time it may run."""
    plan = submit(engine, transfer("150.00"), transfer("90.00", needs=(1,)))
    sign(engine, only_approval(engine, plan), MIRA)
    engine.policy = changed_rules("  - id: blocked", "  - {id: small, approve: transfer, when: amount < 100}\n  - id: blocked")
    assert statuses(engine.resume(MIRA)[0]) == ["done", "waiting"]
    assert_verifies(engine)


def test_one_vote_serves_one_of_two_identical_transfers(engine: Engine) -> None:
    """Two actions that are the same to the byte need a vote each."""
    plan = submit(engine, transfer("150.00"), transfer("150.00"))
    first, second = engine.approvals_of(plan.id)
    assert first.digest == second.digest
    sign(engine, first, MIRA)
    assert statuses(engine.resume(MIRA)[0]) == ["done", "waiting"]
    sign(engine, second, MIRA)
    assert statuses(engine.resume(MIRA)[0]) == ["done", "done"]
    assert balance(engine) == "700.00"


def test_policy_change_is_recorded(engine: Engine, changed_rules: Change) -> None:
    """The log tells who first decided by a changed file, what changed in the roles, and what became looser."""
    submit(engine, transfer("1"))
    engine.policy = changed_rules("[mira, omar]", "[mira, omar, dana]")
    submit(engine, transfer("1"), actor=DANA)
    with engine.store.read() as tx:
        first, second = (entry for entry in tx.entries("system") if entry.event == "policy")
    assert first.data["change"] is None
    assert (second.actor, second.data["digest"]) == (DANA, engine.policy.digest)
    assert "dana" in json.dumps(second.data["change"])
    assert_verifies(engine)


def test_cancel(engine: Engine) -> None:
    """The requester or somebody who may approve cancels what was not started; others may not, and nothing is cancelled twice."""
    plan = submit(engine, transfer("1"), transfer("150.00"), transfer("2", needs=(2,)))
    with pytest.raises(Refused, match="did not ask"):
        engine.cancel(plan.id, Actor(id="eve"))
    assert statuses(engine.cancel(plan.id, DANA)) == ["done", "cancelled", "cancelled"]
    with pytest.raises(Refused, match="nothing in"):
        engine.cancel(plan.id, DANA)
    other = submit(engine, transfer("150.00"))
    assert statuses(engine.cancel(other.id, OMAR)) == ["cancelled"]
    assert_verifies(engine)


def test_unknown_ids_are_wrong_use(engine: Engine) -> None:
    """What does not exist cannot be decided, shown, resumed or cancelled, and leaves no Entry."""
    for verb in (
        lambda: engine.approve("a0", MIRA, digest="0" * 64),
        lambda: engine.reject("a0", MIRA, reason="x"),
        lambda: engine.cancel("p-0", MIRA),
        lambda: engine.resume(MIRA, plan="p-0"),
        lambda: engine.plan("p-0"),
        lambda: engine.card("a0"),
    ):
        with pytest.raises(UsageError, match="there is no"):
            verb()
    with engine.store.read() as tx:
        assert list(tx.entries()) == []


def test_preview_stores_nothing(engine: Engine) -> None:
    """A preview decides like a submission, and leaves no trace."""
    judged = engine.preview(plan_of(engine, transfer("1"), transfer("150.00"), transfer("1", to="Mallory Ltd")), DANA)
    assert [one.decision.effect.value for one in judged] == ["allow", "approve", "deny"]
    with engine.store.read() as tx:
        assert (tx.plans(), list(tx.entries())) == ([], [])


def test_same_inputs_give_the_same_log(tmp_path: Path, changed_rules: Change) -> None:
    """With the same clock and ids, the same inputs give the same log byte for byte."""

    def play(name: str) -> list[bytes]:
        registry = bank_registry()
        with Store.open(tmp_path / name, migrations=registry.migrations, clock=FakeClock(), ids=CountingIds()) as store:
            engine = Engine(store, changed_rules("within: 24h", "within: 24h"), registry)
            plan = submit(engine, transfer("150.00"), transfer("5"), request="send 150 to Alice")
            sign(engine, only_approval(engine, plan), MIRA)
            engine.resume(MIRA)
            with store.read() as tx:
                return [entry.body for entry in tx.entries()]

    assert play("one.db") == play("two.db")
