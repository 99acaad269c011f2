"""Stored plans: found, verified against the log, and brought up to date."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from signoff.audit import (
    NOT_DONE,
    UNTOUCHED,
    ActionRecord,
    Approval,
    ApprovalStatus,
    PlanRecord,
    Reading,
    Status,
    Writing,
    verify_plan,
)
from signoff.policies import Policy

from .actor import Actor
from .deciding import Judgement, as_stand_ins, told_reasons
from .errors import UsageError

SYSTEM_ACTOR = Actor(id="signoff")  # what happens by itself: deadlines, skipped actions, recovery
OPEN = frozenset({ApprovalStatus.WAITING, ApprovalStatus.APPROVED})
BOUNDED = frozenset({Status.WAITING, Status.APPROVED})  # by a deadline

_T = TypeVar("_T")


class Verifier:
    """Gives plans whose stored state is what their chains in the log say."""

    def __init__(self) -> None:
        self._checked: tuple[str, int] | None = None  # the plan that was verified last, and the file's version then

    def plan(self, tx: Reading, id_: str) -> PlanRecord:
        """The plan *id_*. It is verified again only when another connection has written since.

        Raises UsageError where there is none, and LogInvalid where it was altered.
        """
        if self._checked != (id_, tx.version()):
            verify_plan(tx, id_)
            self._checked = (id_, tx.version())
        return known(tx.plan(id_), id_)


def known(found: _T | None, id_: str) -> _T:
    """*found*, which was looked up by *id_*. Raises UsageError where there is none."""
    if found is None:
        raise UsageError(f'there is no "{id_[:64]}"; `signoff queue` lists what waits, `signoff audit log` what was')
    return found


def settle(tx: Writing, plan: PlanRecord) -> PlanRecord:
    """Record deadlines that have passed, and skip what needs an action that will not happen."""
    bounded = any(action.status in BOUNDED for action in plan.actions)
    passed = expired(tx.approvals_of(plan.id), tx.now) if bounded else set()
    settled: list[ActionRecord] = []
    for action in plan.actions:
        lost = next((settled[number - 1] for number in action.needs if settled[number - 1].status in NOT_DONE), None)
        if action.status in UNTOUCHED and lost is not None:
            why = f"it needs action {lost.number}, which is {lost.status}"
            action = tx.move(action, Status.SKIPPED, SYSTEM_ACTOR, error=why)
        elif action.number in passed and action.status in BOUNDED:
            action = tx.move(action, Status.EXPIRED, SYSTEM_ACTOR, error="nobody decided in time")
        settled.append(action)
    return replace(plan, actions=tuple(settled))


def expired(approvals: Iterable[Approval], now: datetime) -> set[int]:
    """The numbers of the actions whose deadline has passed."""
    return {approval.number for approval in approvals if approval.status in OPEN and approval.expires <= now}


def ask(tx: Writing, policy: Policy, record: ActionRecord, judged: Judgement, requester: Actor) -> None:
    """Ask for the sign-off that *judged* wants of *record*."""
    assert judged.decision.within is not None
    tx.ask(
        record,
        SYSTEM_ACTOR,
        requester=requester.id,
        asks=judged.decision.asks,
        seats={seat.role: seat.count for seat in judged.decision.seats},
        reasons=told_reasons(policy, judged),
        policy=policy.digest,
        own_vote=judged.decision.own_vote,
        stand_ins=as_stand_ins(judged.decision.stand_ins),
        expires=tx.now + timedelta(seconds=judged.decision.within),
    )
