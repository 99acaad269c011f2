"""How what is stored is told by Entries: what verification compares."""

from collections.abc import Mapping

from signoff.canonical import Json, digest

from .records import Approval, ApprovalStatus, Edit, GivenContext, Lease, PlanRecord, Status, Vote, write_time

ACCEPTED = ("revision", "type", "effect", "digest", "title", "needs", "key", "rules")  # of an action, in its first Entry
MOVED = ("attempt", "error", "result", "rules")  # of an action, in the Entry of every move

CLOSES: Mapping[Status, ApprovalStatus] = {  # what an action's move makes of its open approval
    Status.APPROVED: ApprovalStatus.APPROVED,
    Status.REJECTED: ApprovalStatus.REJECTED,
    Status.EXPIRED: ApprovalStatus.EXPIRED,
    Status.CANCELLED: ApprovalStatus.CANCELLED,
    Status.SKIPPED: ApprovalStatus.SKIPPED,
    Status.READY: ApprovalStatus.REPLACED,
    Status.WAITING: ApprovalStatus.REPLACED,
    Status.DENIED: ApprovalStatus.REPLACED,
}


def told_context(context: GivenContext) -> dict[str, Json]:
    """*context* as it stands in the Entry of its plan: without its text, which is stored beside the log alone."""
    return {
        "source": context.source,
        "trust": context.trust,
        "digest": digest(context.text.encode()),
        "length": len(context.text),
    }


def told_origin(plan: PlanRecord) -> dict[str, Json]:
    """A plan's origin as it stands in its Entry, beside the request and the planner: only what there is of it."""
    told: dict[str, Json] = {"context": [told_context(one) for one in plan.context]} if plan.context else {}
    told |= {"disputed": list(plan.disputed)} if plan.disputed else {}
    return told | ({} if plan.planned is None else {"planned": dict(plan.planned)})


def told_approval(approval: Approval) -> dict[str, Json]:
    """*approval* as it stands in the Entry that asks."""
    return {
        "id": approval.id,
        "revision": approval.revision,
        "digest": approval.digest,
        "requester": approval.requester,
        "asks": approval.asks,
        "seats": dict(approval.seats),
        "reasons": list(approval.reasons),
        "policy": approval.policy,
        "asked": write_time(approval.asked),
        "expires": write_time(approval.expires),
        "own_vote": approval.own_vote,
        "stand_ins": {seat: dict(others) for seat, others in approval.stand_ins.items()},
        "remind": None if approval.remind is None else write_time(approval.remind),
        "editors": list(approval.editors),
    }


def told_edit(edit: Edit) -> dict[str, Json]:
    """*edit* as it stands in its Entry, beside the editor and the time, where `before` is its digest."""
    return {"revision": edit.revision, "digest": edit.digest, "reason": edit.reason}


def told_lease(lease: Lease) -> dict[str, Json]:
    """*lease* as it stands in the Entry that begins it, beside its first end, which heartbeats move on."""
    return {"fence": lease.fence, "worker": lease.worker}


def told_vote(vote: Vote) -> dict[str, Json]:
    """*vote* as it stands in its Entry, beside the voter and the time."""
    return {
        "approval": vote.approval,
        "choice": vote.choice.value,
        "reason": vote.reason,
        "digest": vote.digest,
        "card": vote.card,
    }
