"""Entries of the log in AgentBarrier's words."""

from collections.abc import Iterator, Mapping

from agentbarrier.models import AuditEvent, ReconciliationStatus

from signoff.audit import ENDED, Entry, PlanRecord

OF_RUNS = (AuditEvent.RUN_STARTED, AuditEvent.RUN_COMPLETED)
EVENTS: Mapping[str, AuditEvent] = {
    "submitted": AuditEvent.RUN_STARTED,
    "asked": AuditEvent.APPROVAL_REQUESTED,
    "approved": AuditEvent.APPROVED,
    "rejected": AuditEvent.REJECTED,
    "retry": AuditEvent.RECONCILIATION_STARTED,  # nobody knows what it came to: its receiver is asked
    "in_doubt": AuditEvent.RECONCILIATION_STARTED,  # the same: a person is asked
}
STATUSES: Mapping[AuditEvent, ReconciliationStatus] = {
    AuditEvent.RECONCILIATION_COMMITTED: ReconciliationStatus.COMMITTED,
    AuditEvent.RECONCILIATION_NOT_COMMITTED: ReconciliationStatus.NOT_COMMITTED,
    AuditEvent.RECONCILIATION_CONFLICT: ReconciliationStatus.CONFLICT,
    AuditEvent.RECONCILIATION_TIMED_OUT: ReconciliationStatus.UNAVAILABLE,
    AuditEvent.RECONCILIATION_UNAVAILABLE: ReconciliationStatus.UNAVAILABLE,
}
_SAID: Mapping[object, AuditEvent] = {
    True: AuditEvent.RECONCILIATION_COMMITTED,
    False: AuditEvent.RECONCILIATION_NOT_COMMITTED,
    "done": AuditEvent.RECONCILIATION_COMMITTED,
    "not done": AuditEvent.RECONCILIATION_NOT_COMMITTED,
}


def events_of(entry: Entry, plan: PlanRecord, *, last: bool) -> Iterator[AuditEvent]:
    """What *entry* is; the *last* one of a plan whose actions have all ended is also its end."""
    if entry.event in EVENTS:
        yield EVENTS[entry.event]
    if entry.event == "resolved":
        yield _SAID[entry.data["verb"]]
    if "happened" in entry.data:
        yield answer_of(entry)
    if last and all(action.status in ENDED for action in plan.actions):
        yield AuditEvent.RUN_COMPLETED


def answer_of(entry: Entry) -> AuditEvent:
    """What a receiver said that was asked whether an action happened."""
    happened, error = entry.data["happened"], str(entry.data["error"])
    if happened is not None:
        return _SAID[happened]
    if ReconciliationStatus.CONFLICT.value in error:
        return AuditEvent.RECONCILIATION_CONFLICT
    return AuditEvent.RECONCILIATION_TIMED_OUT if "within" in error else AuditEvent.RECONCILIATION_UNAVAILABLE
