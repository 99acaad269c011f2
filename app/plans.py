"""Stored plans: found, verified against the log, and brought up to date."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from signoff.audit import (
    ActionRecord,
    PlanRecord,
    Reading,
    Writing,
    verify_plan,
)
from signoff.policies import Policy

from .actor import Actor
from .deadlines import ends_of
from .deciding import Judgement, as_stand_ins, told_reasons
from .errors import UsageError

SYSTEM_ACTOR = Actor(id="signoff")  # what happens by itself: deadlines, skipped actions, recovery

_T = TypeVar("_T")


class Verifier:
    """Gives plans whose stored state is what their chains in the log say."""

    def plan(self, tx: Reading, id_: str) -> PlanRecord:
        """The plan *id_*. It is verified where it was not before, or another connection has written since.

        Raises UsageError where there is none, and LogInvalid where it was altered.
        """
        if id_ not in tx.remembered.verified:
            verify_plan(tx, id_)
        return known(tx.plan(id_), id_)


def known(found: _T | None, id_: str) -> _T:
    """*found*, which was looked up by *id_*. Raises UsageError where there is none."""
    if found is None:
        raise UsageError(f'there is no "{id_[:64]}"; `signoff queue` lists what waits, `signoff audit log` what was')
    return found


def settle(tx: Writing, plan: PlanRecord) -> PlanRecord:
    """Record deadlines that have passed, and skip what needs an action that will not happen."""
    ends = ends_of(tx, plan, tx.now)
    if not ends:
        return plan
    moved = (
        tx.move(action, ends[action.number][0], SYSTEM_ACTOR, error=ends[action.number][1]) if action.number in ends else action
        for action in plan.actions
    )
    return replace(plan, actions=tuple(moved))


def ask(tx: Writing, policy: Policy, record: ActionRecord, judged: Judgement, requester: Actor) -> None:
    """Ask for the sign-off that *judged* wants of *record*."""
    decision = judged.decision
    assert decision.within is not None
    expires = tx.now + timedelta(seconds=decision.within)
    tx.ask(
        record,
        SYSTEM_ACTOR,
        requester=requester.id,
        asks=decision.asks,
        seats={seat.role: seat.count for seat in decision.seats},
        reasons=told_reasons(policy, judged),
        policy=policy.digest,
        own_vote=decision.own_vote,
        stand_ins=as_stand_ins(decision.stand_ins),
        expires=expires,
        remind=None if decision.remind is None else expires - timedelta(seconds=decision.remind),
    )
