"""The life of a plan: submit, decide, run, pause, approve, reject, resume, cancel."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from signoff import Actor, Engine, Refused, UsageError
from signoff.actions import Action, Effect, Execution, Migration, Registry, action, bank_registry
from signoff.audit import Approval, PlanRecord, Store, verify_store
from signoff.canonical import Json
from signoff.errors import ActionInvalid, Busy, ClockError, NotDone, PlanInvalid, PolicyChanged
from signoff.planner import ActionPlan, read_plan
from signoff.policies import Policy
from signoff.testing import CountingIds, FakeClock

DANA, MIRA, OMAR, FAY, FINN = (Actor(id=name) for name in ("dana", "mira", "omar", "fay", "finn"))

Open = Callable[..., Engine]
Change = Callable[[str, str], Policy]
Wider = Callable[[str, str, Registry], Policy]


def plan_of(engine: Engine, *actions: dict[str, Any]) -> ActionPlan:
    """The plan of *actions* as JSON would write them; needs are empty where left out."""
    return read_plan(json.dumps({"actions": [{"needs": []} | one for one in actions]}), engine.registry)


def transfer(amount: str, to: str = "Alice", needs: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"type": "transfer", "to": to, "amount": amount, "needs": list(needs)}


def deposit(amount: str) -> dict[str, Any]:
    return {"type": "deposit", "amount": amount}


def withdraw(amount: str) -> dict[str, Any]:
    return {"type": "withdraw", "amount": amount}


def submit(engine: Engine, *actions: dict[str, Any], actor: Actor = DANA, request: str | None = None) -> PlanRecord:
    return engine.submit(plan_of(engine, *actions), actor, request=request)


def statuses(plan: PlanRecord) -> list[str]:
    return [one.status.value for one in plan.actions]


def only_approval(engine: Engine, plan: PlanRecord) -> Approval:
    (approval,) = engine.approvals_of(plan.id)
    return approval


def sign(engine: Engine, approval: Approval, *actors: Actor) -> None:
    for actor in actors:
        engine.approve(approval.id, actor, digest=approval.digest)


def balance(engine: Engine, account: str = "checking") -> str:
    record = submit(engine, {"type": "check_balance", "account": account})
    result = record.actions[0].result
    assert isinstance(result, dict)
    return str(result["balance"])


def events(engine: Engine, chain: str) -> list[str]:
    with engine.store.read() as tx:
        return [entry.event for entry in tx.entries(chain)]


def assert_verifies(engine: Engine) -> None:
    with engine.store.read() as tx:
        assert verify_store(tx).problems == ()


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


@action(effect=Effect.OPAQUE)
def send_message(execution: Execution, to: str, how: str = "well") -> Json:
    """Send a message, which nobody can take back: the effect is a line in the outbox."""
    OUTBOX.append(f"{to} {execution.key}")
    while MEANWHILE:
        MEANWHILE.pop()()
    if how == "refused":
        OUTBOX.pop()
        raise NotDone("the recipient is unknown")
    if how == "badly":
        raise ConnectionError("no answer")
    return {"to": to} if how == "well" else 1.5  # type: ignore[return-value]  # what cannot be recorded


class Mute(Exception):
    """An error that cannot even say what went wrong."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


@action(effect=Effect.LOCAL)
def scribble(execution: Execution, text: str) -> Json:
    """Write into the ledger in ways that must not work."""
    tx = execution.database
    if text == "or rollback":
        tx.execute("INSERT OR ROLLBACK INTO note VALUES ('twice'), ('twice')")
    if text == "own tables":
        tx.execute("UPDATE actions SET status = 'done'")
    if text == "surrogate":
        raise ValueError("bad name \ud800")
    if text == "mute":
        raise Mute
    if text == "too long":
        return "x" * 70_000
    raise ValueError("\x1b[2Jsomething went wrong")


OUTBOX: list[str] = []
MEANWHILE: list[Callable[[], object]] = []  # what others do while the message is on its way


@pytest.fixture
def open_wide(open_engine: Open, changed_rules: Callable[..., Any]) -> Engine:
    """An engine whose registry holds an OPAQUE action, and a LOCAL one that misbehaves."""
    OUTBOX.clear()
    bank = bank_registry()
    notes = Migration("notes.1", "CREATE TABLE note (text TEXT UNIQUE) STRICT;")
    registry = Registry(*bank.values(), send_message, scribble, migrations=[*bank.migrations, notes])
    asked = "  - {id: ask, approve: send_message, when: to == 'boss'}\n  - id: blocked"
    return open_engine(changed_rules("  - id: blocked", asked, registry), registry)


def message(to: str = "ann", how: str = "well", needs: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"type": "send_message", "to": to, "how": how, "needs": list(needs)}


def test_opaque_effects(open_wide: Engine) -> None:
    """An OPAQUE action that raises is in doubt and holds what needs it; NotDone alone makes it failed."""
    plan = submit(open_wide, message(), message(how="badly"), message(needs=(2,)), message(how="refused"), message(how="oddly"))
    assert statuses(plan) == ["done", "in_doubt", "ready", "failed", "done"]
    assert plan.actions[1].error == "ConnectionError: no answer"
    assert "cannot be recorded" in str(plan.actions[4].error)
    assert len(OUTBOX) == 3
    open_wide.resume(DANA)
    assert len(OUTBOX) == 3
    assert_verifies(open_wide)


def test_opaque_waits_and_runs_once(open_wide: Engine) -> None:
    """An approved OPAQUE action runs once, with the key that it got at acceptance."""
    plan = submit(open_wide, message("boss"))
    assert OUTBOX == []
    sign(open_wide, only_approval(open_wide, plan), MIRA)
    open_wide.resume(MIRA)
    open_wide.resume(MIRA)
    assert [f"boss {plan.actions[0].key}"] == OUTBOX


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("or rollback", "rolled the whole transaction back"),
        ("own tables", "not authorized"),
        ("too long", "too long to record"),
        ("raise", "something went wrong"),
    ],
)
def test_local_action_that_misbehaves_fails_alone(open_wide: Engine, text: str, error: str) -> None:
    """A LOCAL action that misbehaves is rolled back and failed, and the rest of its plan goes on."""
    plan = submit(open_wide, message(), {"type": "scribble", "text": text}, deposit("5"))
    assert statuses(plan) == ["done", "failed", "done"]
    assert error in str(plan.actions[1].error)
    assert len(OUTBOX) == 1
    assert balance(open_wide) == "1005.00"
    assert_verifies(open_wide)


def test_caution_asks_for_approval(open_engine: Open, changed_rules: Callable[..., Any]) -> None:
    """An action's own caution asks for approval where the rules would allow it."""

    class Careful(Action):
        """Something that wants a second look."""

        type: Literal["careful"] = "careful"
        effect = Effect.READ

        def run(self, execution: Execution) -> Json:
            return None

        def caution(self) -> str | None:
            return "the model was not sure"

    registry = Registry(Careful, *bank_registry().values(), migrations=bank_registry().migrations)
    engine = open_engine(changed_rules("within: 24h", "within: 24h", registry), registry)
    plan = submit(engine, {"type": "careful"})
    approval = only_approval(engine, plan)
    assert (approval.seats, approval.reasons[0]["because"]) == ({"manager": 1}, "the model was not sure")
    sign(engine, approval, MIRA)
    assert statuses(engine.resume(MIRA)[0]) == ["done"]


def test_lost_transaction_is_put_down_to_the_action_that_lost_it(open_wide: Engine, open_engine: Open) -> None:
    """Where another action becomes runnable before the retry, it runs, and the one that lost its transaction fails."""
    other = open_engine(open_wide.policy, open_wide.registry)
    plan = plan_of(open_wide, transfer("150.00"), {"type": "scribble", "text": "or rollback"})
    write = open_wide.store.write
    writes = iter(range(10))

    def write_after_another_has_signed() -> Any:
        if next(writes) == 2:  # submit, the lost one, the retry
            with other.store.read() as tx:
                ((approval, _),) = tx.queue()
            sign(other, approval, MIRA)
        return write()

    open_wide.store.write = write_after_another_has_signed  # type: ignore[method-assign]  # the moment that a race would hit
    assert statuses(open_wide.submit(plan, DANA)) == ["done", "failed"]
    assert balance(other) == "850.00"
    assert_verifies(other)


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


def test_result_is_kept_whatever_comes_after_it(open_wide: Engine) -> None:
    """What an external action gave is recorded also where the step after it cannot be taken."""
    write = open_wide.store.write
    writes = iter(range(10))

    def fail_once() -> Any:
        if next(writes) == 1:
            raise Busy("another process writes")
        return write()

    open_wide.store.write = fail_once  # type: ignore[method-assign]  # the moment in which another process holds the lock
    with pytest.raises(Busy):
        submit(open_wide, message(), message())
    with open_wide.store.read() as tx:
        (plan,) = tx.plans()
    assert statuses(open_wide.plan(plan)) == ["done", "ready"]
    assert_verifies(open_wide)


def test_plan_is_accepted_while_another_process_executes(engine: Engine, open_engine: Open) -> None:
    """Submitting waits for nobody's actions: what needs approval is queued at once, and what is ready runs when it can."""
    other = open_engine()
    with other.store.executing():
        assert statuses(submit(engine, transfer("150.00"))) == ["waiting"]


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


def test_doubt_is_told_by_the_run_that_finds_it(open_wide: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run after a crash returns the plans in which it found something in doubt."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("signoff.executor.run_action", die)
    with pytest.raises(KeyboardInterrupt):
        submit(open_wide, message())
    monkeypatch.undo()
    assert [statuses(plan) for plan in open_wide.resume(DANA)] == [["in_doubt"]]


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
    with pytest.raises(Refused, match="may not approve"):
        engine.cancel(plan.id, MIRA)
    assert statuses(engine.cancel(plan.id, DANA)) == ["cancelled"]


@pytest.mark.parametrize("kind", ["surrogate", "mute"])
def test_errors_that_cannot_be_written_are_told_all_the_same(open_wide: Engine, kind: str) -> None:
    """An action's error may hold what is no Unicode, or fail to say anything: the action fails, and the plan goes on."""
    plan = submit(open_wide, {"type": "scribble", "text": kind}, message())
    assert statuses(plan) == ["failed", "done"]
    assert_verifies(open_wide)


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
