"""What is left of an execution whose process is gone, or whose lease is over: who may take it over, and what becomes of it."""

from collections.abc import Collection

from signoff.actions import RETRIED
from signoff.audit import ActionRecord, Leases, Reading, Status, Writing, write_time

from .errors import Busy, LogInvalid
from .plans import SYSTEM_ACTOR, Verifier
from .retrying import tries_of


def recover(tx: Writing, leases: Leases, verifier: Verifier, elsewhere: Collection[int] = ()) -> list[str]:
    """Take care of what nobody executes any more, and return the ids of its plans.

    What can be tried again, or asked about, is put off until the plan goes on; all else is in doubt. The caller executes
    nothing but what is held under the fences *elsewhere*: what else it still holds itself was interrupted.
    """
    recovered = []
    for plan, number, fence, until in tx.executing_places():
        if fence in elsewhere:
            continue
        if fence is not None and not is_free(leases, fence, until, write_time(tx.now)):
            continue
        try:
            action = verifier.plan(tx, plan).action(number)
        except LogInvalid:  # nothing of that plan runs, and whoever resumes it is told; other plans go on
            continue
        if action.status is not Status.EXECUTING:  # an index that was altered says so
            continue
        if fence is None and tries_of(tx, action).due is not None:
            continue
        _take_over(tx, action, _cause(leases, action))
        recovered.append(plan)
    return recovered


def is_free(leases: Leases, fence: int, until: str, now: str) -> bool:
    """Whether what is held under *fence* may be taken over *now*. Times are as the store writes them."""
    return until <= now or leases.is_here(fence) or leases.is_gone(fence)


def check_ended(tx: Reading, leases: Leases, action: ActionRecord) -> None:
    """Raises Busy where an attempt at *action* still runs, as far as the operating system can tell."""
    for entry in tx.entries(action.plan):
        lease = entry.data.get("lease")
        attempted = entry.event == "executing" and entry.action == action.number
        if attempted and isinstance(lease, dict) and leases.may_run(entry.number):
            where = f"an attempt at {action.plan} action {action.number} still runs in the process {lease['worker']}"
            raise Busy(f"{where}, so nobody can know that it did not happen; wait for it, or end that process")


def _take_over(tx: Writing, action: ActionRecord, cause: str) -> None:
    if action.effect in RETRIED:
        tx.put_off(action, "retry", SYSTEM_ACTOR, error=cause, data={"due": write_time(tx.now)})
    else:
        tx.move(action, Status.IN_DOUBT, SYSTEM_ACTOR, error=cause)


def _cause(leases: Leases, action: ActionRecord) -> str:
    lease = action.lease
    if lease is None or leases.is_gone(lease.fence):
        return "the process ended while it was executed"
    if leases.is_here(lease.fence):
        return "it was interrupted while it was executed, and still runs"
    return f"its lease was over while {lease.worker} executed it"
