"""Laws of running: in order, in time, exactly once, and the ledger always sums to zero."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import deadlines, intervening, plans, stepping
from signoff.actions import Effect, Ending, Migration, check_ledger
from signoff.actions import bank as bank_actions
from signoff.actions.ledger import post
from signoff.audit import (
    ENDED,
    UNTOUCHED,
    ActionRecord,
    ApprovalStatus,
    PlanRecord,
    Status,
    verify_store,
    writing,
)
from signoff.audit.log import Appender
from signoff.executor import Executor

from . import world
from .hunting import assert_caught
from .lives import Cancel, Life, Reject, Resume, SignTogether, Wait, allowed, lives, people, picks, signed_then
from .world import Bank, new_files, opened_bank

MAX_ROUNDS = 8  # in which everything that waits is decided: rules that stay the same ask for each action once
OPENING = {"checking": 200_000, "savings": 500_000}  # what customers hold at first, in cents
ONE_SIDED = """
DROP TRIGGER bank_transaction_post;
CREATE TRIGGER bank_transaction_post AFTER INSERT ON bank_transaction BEGIN
    INSERT INTO bank_posting (account, transaction_id, amount, balance)
    SELECT id, NEW.id, NEW.amount, balance + NEW.amount FROM bank_account WHERE id = NEW.credit;
END;
"""
ANYTHING = st.one_of(
    st.builds(Cancel, people, picks), st.builds(Reject, people, picks), st.builds(Resume), st.builds(SignTogether, picks)
)


@given(lives)
def test_an_action_runs_only_after_what_it_needs(life: Life) -> None:
    """Whatever has an effect comes after all that it needs is done."""
    with opened_bank(life.file) as bank:
        for moment in bank.live(life.verbs):
            for plan, action in moment.ran:
                for need in action.needs:
                    assert plan.action(need).status is Status.DONE, f"{action.title} ran before what it needs"
                    assert _place(bank, plan, need, Status.DONE) < _place(bank, plan, action.number, Status.EXECUTING)


@given(lives)
def test_every_plan_ends_once_everything_is_decided(life: Life) -> None:
    """When all that waits was signed or has expired, every action has ended or is held by one in doubt; the log verifies."""
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            assert list(_log_problems(bank)) == []
        _decide_everything(bank)
        for plan in bank.plans():
            for action in plan.actions:
                assert action.status in ENDED or _is_held(plan, action), f"{action.title} is still {action.status}"
        assert list(_log_problems(bank)) == []


@given(lives)
def test_every_action_ends_once_and_has_its_effect_once(life: Life) -> None:
    """However often and in whatever order people come, an action ends once, and has an effect once where that is done."""
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            pass
        _decide_everything(bank)
        bank.restart()
        bank.do(Resume())
        effects = bank.effects()
        for plan in bank.plans():
            for action in plan.actions:
                _check_effect(action, effects[action.key])
                _check_ended_once(bank, plan, action)
        assert effects.keys() <= {action.key for plan in bank.plans() for action in plan.actions}


@given(lives)
def test_the_ledger_always_sums_to_zero(life: Life) -> None:
    """After every verb all balances sum to zero, the ledger's own checks pass, and customers hold what done actions left them."""
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            assert bank.query("SELECT sum(balance) FROM bank_account") == [(0,)], "the balances do not sum to zero"
            with bank.store.read() as tx, tx.lent() as lent:
                assert check_ledger(lent) == []
            held = bank.query("SELECT name, sum(balance) FROM bank_account WHERE kind = 'customer' GROUP BY name")
            assert {str(name): cents for name, cents in held} == _expected_balances(bank), "customers hold something else"


@given(lives)
def test_what_does_not_end_well_leaves_nothing(life: Life) -> None:
    """Of a LOCAL action that is not done, nothing is in the database, whatever it wrote before it failed."""
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            effects = bank.effects()
            for action in (action for plan in bank.plans() for action in plan.actions):
                left = action.effect == Effect.LOCAL and action.status is not Status.DONE and effects[action.key]
                assert not left, f"{action.title} is {action.status} and left something"


@given(lives)
def test_a_deadline_bounds_votes_and_execution(life: Life) -> None:
    """After its deadline nobody signs an approval, and nothing runs that it allowed."""
    with opened_bank(life.file) as bank:
        for moment in bank.live(life.verbs):
            for plan, action in moment.ran:
                late = [
                    a for a in _approvals(bank, plan, action) if a.status is ApprovalStatus.APPROVED and a.expires <= bank.clock()
                ]
                assert late == [], f"{action.title} ran after its deadline"
            approvals = bank.approvals()
            with bank.store.read() as tx:
                voted = [(vote, approval) for approval in approvals for vote in tx.votes(approval.id)]
            assert all(vote.at < approval.expires for vote, approval in voted), "a vote came after the deadline"


def test_needs_that_do_not_matter_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where needs are ignored, an action runs before what it needs."""
    ready = (Status.READY, Status.APPROVED)
    monkeypatch.setattr(PlanRecord, "can_run", lambda plan, action: action.status in ready)
    monkeypatch.setattr(stepping, "settle", lambda tx, plan: plan)
    assert_caught(test_an_action_runs_only_after_what_it_needs, allowed, "ran before what it needs")


def test_a_plan_that_hangs_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what needs a lost action is not skipped, its plan never ends."""
    monkeypatch.setattr(deadlines, "NOT_DONE", frozenset())
    assert_caught(test_every_plan_ends_once_everything_is_decided, allowed, "is still ready")


def test_a_change_that_no_entry_tells_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a change of state is stored without an Entry, the log does not verify."""

    def forget(*arguments: Any, **named: Any) -> Any:
        return None if named["event"] == Status.CANCELLED else append(*arguments, **named)

    append = Appender.append
    monkeypatch.setattr(Appender, "append", forget)
    monkeypatch.setattr(plans, "verify_plan", lambda *_: None)
    cancelled = st.builds(Cancel, people, picks)
    assert_caught(test_every_plan_ends_once_everything_is_decided, signed_then(cancelled), "was edited: the log tells another")


def test_a_second_end_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what has ended can be cancelled, an action ends twice."""
    monkeypatch.setattr(intervening, "UNTOUCHED", UNTOUCHED | {Status.REJECTED, Status.DONE, Status.FAILED})
    monkeypatch.setattr("signoff.deciding.UNTOUCHED", frozenset(Status))
    monkeypatch.setattr(writing, "NEXT", dict.fromkeys(Status, frozenset(Status)))
    assert_caught(test_every_action_ends_once_and_has_its_effect_once, signed_then(ANYTHING, ANYTHING), "ended 2 times")


def test_a_second_run_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an action that is done counts as one that may run, its effect happens twice."""
    can_run = PlanRecord.can_run

    def again(plan: PlanRecord, action: ActionRecord) -> bool:
        return can_run(plan, action) or (action.status is Status.DONE and action.attempt < 2)

    monkeypatch.setattr(PlanRecord, "can_run", again)
    monkeypatch.setattr(writing, "NEXT", dict.fromkeys(Status, frozenset(Status)))
    assert_caught(test_every_action_ends_once_and_has_its_effect_once, allowed, "had its effect 2 times")


def test_an_effect_that_nobody_recorded_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a failed OPAQUE action is taken for one that did nothing, an effect stands behind a `failed`."""
    end = Executor._end

    def as_failed(self: Executor, tx: Any, started: Any, result: Any, actor: Any) -> list[ActionRecord]:
        return end(
            self, tx, started, replace(result, ending=Ending.FAILED) if result.ending is Ending.IN_DOUBT else result, actor
        )

    monkeypatch.setattr(Executor, "_end", as_failed)
    assert_caught(test_every_action_ends_once_and_has_its_effect_once, allowed, "is failed, and had its effect 1 times")


def test_a_posting_that_is_lost_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a ledger transaction posts one side only, the balances do not sum to zero."""
    flawed = new_files(Migration("flaw.1", ONE_SIDED))
    monkeypatch.setattr(world, "new_files", lambda: flawed)
    assert_caught(test_the_ledger_always_sums_to_zero, lives, "the balances do not sum to zero")


def test_two_sides_that_are_swapped_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where debit and credit are swapped, all sums to zero, and customers hold what they should not."""
    monkeypatch.setattr(
        bank_actions, "post", lambda run, action, debit, credit, *rest: post(run, action, credit, debit, *rest[:1])
    )
    assert_caught(test_the_ledger_always_sums_to_zero, lives, "customers hold something else")


def test_a_failure_that_is_kept_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a failed action's writes are not undone, they stay."""
    lent = writing.Writing.lent
    monkeypatch.setattr(writing.Writing, "lent", lambda self, writing=False: _Keeping(lent(self, writing=writing)))
    assert_caught(test_what_does_not_end_well_leaves_nothing, allowed, "and left something")


def test_a_deadline_that_passes_unseen_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a passed deadline is not seen, something runs after it."""
    monkeypatch.setattr(deadlines, "expired", lambda approvals, now: set())
    assert_caught(test_a_deadline_bounds_votes_and_execution, signed_then(st.just(Wait(48))), "ran after its deadline")


def test_a_vote_that_comes_too_late_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a passed deadline is not seen, a vote comes after it."""
    monkeypatch.setattr(deadlines, "expired", lambda approvals, now: set())
    late = signed_then(st.builds(SignTogether, picks)).map(
        lambda life: Life(life.file, (life.verbs[0], Wait(48), *life.verbs[1:]))
    )
    assert_caught(test_a_deadline_bounds_votes_and_execution, late, "a vote came after the deadline")


class _Keeping:
    """A lent transaction whose changes are kept even where it should undo them."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def __enter__(self) -> Any:
        return self._lent.__enter__()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._lent.__exit__(None, None, None)


def _decide_everything(bank: Bank) -> None:
    """Everybody signs whatever waits, and what nobody may sign expires, until nothing waits."""
    for _ in range(MAX_ROUNDS):
        waiting = bank.approvals(ApprovalStatus.WAITING)
        for pick in range(len(waiting)):
            bank.do(SignTogether(len(waiting) - 1 - pick))
        bank.do(Resume())
    bank.clock.move(timedelta(days=3))
    bank.do(Resume())


def _log_problems(bank: Bank) -> Iterator[str]:
    with bank.store.read() as tx:
        yield from verify_store(tx).problems


def _is_held(plan: PlanRecord, action: ActionRecord) -> bool:
    """Whether *action* is in doubt, or could run if one that it needs were not."""
    if action.status is Status.IN_DOUBT:
        return True
    needed = [plan.action(need) for need in action.needs]
    return action.status in (Status.READY, Status.APPROVED) and any(_is_held(plan, need) for need in needed)


def _place(bank: Bank, plan: PlanRecord, number: int, event: str) -> int:
    """Where in the log an action came to something, the last time."""
    with bank.store.read() as tx:
        return max(entry.number for entry in tx.entries(plan.id) if (entry.event, entry.action) == (event, number))


def _check_ended_once(bank: Bank, plan: PlanRecord, action: ActionRecord) -> None:
    with bank.store.read() as tx:
        told = [entry for entry in tx.entries(plan.id) if entry.action == action.number]
    ends = [entry for entry in told if entry.data.get("status") in ENDED]
    assert len(ends) == (action.status in ENDED), f"{action.title} ended {len(ends)} times"


def _check_effect(action: ActionRecord, times: int) -> None:
    if action.effect == Effect.READ:
        return
    allowed = {Status.DONE: {1}, Status.IN_DOUBT: {0, 1}}.get(action.status, {0})
    assert times in allowed, f"{action.title} is {action.status}, and had its effect {times} times"


def _approvals(bank: Bank, plan: PlanRecord, action: ActionRecord) -> list[Any]:
    return [approval for approval in bank.approvals() if (approval.plan, approval.number) == (plan.id, action.number)]


def _expected_balances(bank: Bank) -> Counter[str]:
    """What customers hold together in accounts of each name, by what is done."""
    held = Counter(OPENING)
    for record in (action for plan in bank.plans() for action in plan.actions if action.status is Status.DONE):
        result = record.result
        if not isinstance(result, dict) or "amount" not in result:
            continue
        cents = int(str(result["amount"]).replace(".", ""))
        match record.type:
            case "deposit":
                held["savings"] += cents
            case "transfer" if result["to"] == "savings":
                held.update({"checking": -cents, "savings": cents})
            case "transfer" | "withdraw" | "pay_bill":
                held["checking"] -= cents
    return held
