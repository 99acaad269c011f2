"""Reminders: what still waits shortly before its time is over is told once, by whatever writes next."""

from collections.abc import Iterator
from dataclasses import dataclass

from signoff.audit import Approval, ApprovalStatus, Writing, write_time
from signoff.policies import Policy

from .errors import LogInvalid
from .plans import SYSTEM_ACTOR, Verifier, settle
from .signers import Signers

MAX_REMINDERS = 100  # that one transaction looks at


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """An approval that still waits shortly before its time is over."""

    approval: Approval
    people: tuple[str, ...]  # who may sign it now
    needs: str  # the same in words, seat by seat


def remind(tx: Writing, policy: Policy, verifier: Verifier) -> list[Reminder]:
    """Record every reminder that is due, and return them. Where none is, that is one look into an index.

    Each is an Entry `reminded` in its plan's chain, once; of a plan that was altered in the file there is none.
    """
    if tx.behind:  # with a clock set back nobody knows what is due
        return []
    found: list[Reminder] = []
    for plan in tx.plans_to_remind(tx.now, MAX_REMINDERS):
        try:
            settle(tx, verifier.plan(tx, plan))
        except LogInvalid:  # whoever goes on with that plan is told
            continue
        found += _remind_of(tx, policy, plan)
    return found


def _remind_of(tx: Writing, policy: Policy, plan: str) -> Iterator[Reminder]:
    """The reminders that are due in *plan*, each once it is recorded."""
    for approval in tx.approvals_of(plan):
        waits = approval.status is ApprovalStatus.WAITING and approval.reminded is None
        if not waits or approval.remind is None or approval.remind > tx.now:
            continue
        signers = Signers.of(tx, policy, approval, tx.now)
        people = tuple(dict.fromkeys(person for seat in sorted(approval.seats) for person in signers.people_now(seat)))
        told = {"people": list(people), "needs": signers.needed, "expires": write_time(approval.expires)}
        tx.remind(approval, SYSTEM_ACTOR, told)
        yield Reminder(approval=approval, people=people, needs=signers.needed)
