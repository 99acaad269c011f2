"""Deadlines that have passed, and what ends with them."""

from collections.abc import Iterable
from datetime import datetime

from signoff.audit import BOUNDED, NOT_DONE, UNTOUCHED, Approval, ApprovalStatus, PlanRecord, Reading, Status

OPEN = frozenset({ApprovalStatus.WAITING, ApprovalStatus.APPROVED})


def overdue(reading: Reading, now: datetime) -> list[tuple[str, int]]:
    """The actions, by plan and number, that `settle` would end now."""
    found = [plan for id_ in reading.plans_overdue(now) if (plan := reading.plan(id_)) is not None]
    return [(plan.id, number) for plan in found for number in ends_of(reading, plan, now)]


def ends_of(reading: Reading, plan: PlanRecord, now: datetime) -> dict[int, tuple[Status, str]]:
    """The actions that end by themselves *now*, by number: how, and why."""
    bounded = any(action.status in BOUNDED for action in plan.actions)
    passed = expired(reading.approvals_of(plan.id), now) if bounded else set()
    ends: dict[int, tuple[Status, str]] = {}
    statuses: list[Status] = []
    for action in plan.actions:
        lost = next((number for number in action.needs if statuses[number - 1] in NOT_DONE), None)
        if action.status in UNTOUCHED and lost is not None:
            ends[action.number] = (Status.SKIPPED, f"it needs action {lost}, which is {statuses[lost - 1]}")
        elif action.number in passed and action.status in BOUNDED:
            ends[action.number] = (Status.EXPIRED, "nobody decided in time")
        statuses.append(ends[action.number][0] if action.number in ends else action.status)
    return ends


def expired(approvals: Iterable[Approval], now: datetime) -> set[int]:
    """The numbers of the actions whose deadline has passed."""
    return {approval.number for approval in approvals if approval.status in OPEN and approval.expires <= now}
