"""Interventions: what people say of a plan otherwise than by votes. They cancel it, or resolve an action in doubt."""

from signoff.audit import UNTOUCHED, ActionRecord, ApprovalStatus, Status, Store, Writing

from .actor import Actor
from .deciding import can_cancel, check_canceller, check_resolver
from .errors import UsageError
from .executor import Executor
from .in_force import InForce
from .plans import Verifier, action_of, known, settle
from .recovery import check_ended
from .refusals import checked_reason, log_refusal, refused
from .signers import Signers


class Intervening:
    """Cancels plans, and resolves doubts."""

    def __init__(self, store: Store, in_force: InForce, verifier: Verifier, executor: Executor) -> None:
        self._store = store
        self._in_force = in_force
        self._verifier = verifier
        self._executor = executor

    def resolve(self, plan: str, number: int, actor: Actor, done: bool, reason: str) -> None:
        """Record whether an action in doubt was done. Raises Refused, UsageError and Busy."""
        if not checked_reason(reason).strip():
            raise UsageError("resolving needs a reason; say how you know")
        self._in_force.vet()
        with self._store.write() as tx:
            self._in_force.adopt(tx, actor)
            record = settle(tx, self._verifier.plan(tx, known(tx.plan(plan), plan).id))
            action = action_of(record, number)
            decision = self._executor.decide(tx, record, action).decision
            refusal = refused(lambda: check_resolver(self._in_force.policy, decision, record, number, actor))
            if refusal is not None:
                log_refusal(tx, refusal, actor, "resolve", plan, number)
            else:
                if not done:
                    check_ended(tx, self._store.leases, action)
                said = "done" if done else "not done"
                tx.log("resolved", actor, {"verb": said, "reason": reason}, plan=plan, action=number)
                status = Status.DONE if done else Status.READY
                tx.move(action, status, actor, error=f"resolved as {said} by {actor.id}: {reason}")
        if refusal is not None:
            raise refusal

    def cancel(self, plan: str, actor: Actor) -> None:
        """Cancel what was not started of *plan*. Raises Refused."""
        self._in_force.vet()
        with self._store.write() as tx:
            self._in_force.adopt(tx, actor)
            record = settle(tx, self._verifier.plan(tx, known(tx.plan(plan), plan).id))
            open_ = [one for one in tx.approvals_of(plan) if one.status is ApprovalStatus.WAITING]
            waiting = [Signers.of(tx, self._in_force.policy, one, tx.now) for one in open_]
            refusal = refused(lambda: check_canceller(self._in_force.policy, record, actor, waiting))
            if refusal is not None:
                log_refusal(tx, refusal, actor, "cancel", plan)
            for action in record.actions if refusal is None else ():
                if can_cancel(action):
                    self._cancel(tx, action, actor)
        if refusal is not None:
            raise refusal

    def _cancel(self, tx: Writing, action: ActionRecord, actor: Actor) -> None:
        if action.status in UNTOUCHED:
            tx.move(action, Status.CANCELLED, actor, error=f"cancelled by {actor.id}")
            return
        tx.move(action, Status.IN_DOUBT, actor, error=f"{action.error}; not tried again: cancelled by {actor.id}")
