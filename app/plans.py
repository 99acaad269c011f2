"""Stored plans: found, verified against the log, and brought up to date."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from signoff.actions import Action, Registry
from signoff.audit import ActionRecord, PlanRecord, Reading, Status, Writing, verify_plan
from signoff.policies import DecisionEffect, Policy

from .actor import Actor
from .canonical import Json, canonical, digest
from .deadlines import ends_of
from .deciding import Judgement, as_stand_ins, denial, told_reasons
from .errors import ActionInvalid, ClockError, UsageError

SYSTEM_ACTOR = Actor(id="signoff")  # what happens by itself: deadlines, skipped actions, recovery

_T = TypeVar("_T")

_FIRST = {
    DecisionEffect.ALLOW: Status.READY,
    DecisionEffect.APPROVE: Status.WAITING,
    DecisionEffect.DENY: Status.DENIED,
}


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


def action_of(plan: PlanRecord, number: int) -> ActionRecord:
    """The action *number* of *plan*. Raises UsageError where *plan* has no such action."""
    if not 1 <= number <= len(plan.actions):
        raise UsageError(f"{plan.id} has no action {number}; its actions are numbered 1 to {len(plan.actions)}")
    return plan.action(number)


def load_action(record: ActionRecord, registry: Registry) -> Action:
    """The stored action. Raises ActionInvalid where its type is not known any more, or does not accept it."""
    try:
        return registry.load(record.body)
    except ActionInvalid:
        raise
    except Exception as error:  # the action's own code
        raise ActionInvalid([f"the action's own check failed ({type(error).__name__})"]) from error


def check_clock(tx: Writing) -> None:
    """Raises ClockError where no deadline can be judged."""
    if tx.behind:
        raise ClockError("the clock stands before the newest entry of the log, so no deadline can be judged; set it right")


def as_record(policy: Policy, plan: str, judged: Judgement, revision: int = 1) -> ActionRecord:
    """A decided action as it is stored: a revision that nobody has signed or started yet.

    Its key is made here, once: no other action has it, and no other revision.
    """
    body = judged.action.canonical()
    place: list[Json] = [plan, judged.number, digest(body), *([revision] if revision > 1 else [])]
    return ActionRecord(
        plan=plan,
        number=judged.number,
        revision=revision,
        type=judged.action.type,
        effect=judged.action.effect.value,
        body=body,
        digest=digest(body),
        title=judged.action.title(),
        needs=judged.needs,
        key=digest(canonical(place)),
        status=_FIRST[judged.decision.effect],
        attempt=0,
        result=None,
        error=denial(policy, judged) if judged.decision.effect is DecisionEffect.DENY else None,
        rules=judged.decision.rules,
    )


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
