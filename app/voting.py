"""Votes: one person approves or rejects what waits."""

from signoff.audit import ActionRecord, Approval, Choice, Status, Store, Writing

from .actor import Actor
from .deciding import as_seats, check_voter, seats_filled, stood_in_for
from .errors import Refused, UsageError
from .in_force import InForce
from .plans import Verifier, check_clock, known, settle
from .refusals import checked_reason, log_refusal, refused, storable

MIN_DIGEST = 8  # hexadecimal digits of the digest that an approver must name


class Voting:
    """Records votes, and moves what they decide."""

    def __init__(self, store: Store, in_force: InForce, verifier: Verifier) -> None:
        self._store = store
        self._in_force = in_force
        self._verifier = verifier

    def approve(self, id_: str, actor: Actor, digest: str, reason: str | None) -> Approval:
        """Record a vote for an approval, whose action has a digest that begins with *digest*."""
        return self._vote(id_, actor, Choice.APPROVE, reason, storable("the digest", digest))

    def reject(self, id_: str, actor: Actor, reason: str) -> Approval:
        """Record a vote against an approval, which ends the action and skips what needs it."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason; say why")
        return self._vote(id_, actor, Choice.REJECT, reason, None)

    def _vote(self, id_: str, actor: Actor, choice: Choice, reason: str | None, shown: str | None) -> Approval:
        if reason is not None:
            checked_reason(reason)
        self._in_force.vet()
        with self._store.write() as tx:
            self._in_force.adopt(tx, actor)
            plan = settle(tx, self._verifier.plan(tx, known(tx.approval(id_), id_).plan))
            approval = known(tx.approval(id_), id_)
            check_clock(tx)
            refusal = refused(lambda: self._check(tx, approval, actor, choice, shown))
            if refusal is None:
                tx.vote(approval, actor, choice, reason, stood_in_for(self._in_force.policy, approval, actor.id, tx.now))
                self._count(tx, plan.action(approval.number), approval, actor, choice, reason)
            else:
                log_refusal(tx, refusal, actor, choice.value, plan.id, approval.number)
        if refusal is not None:
            raise refusal
        with self._store.read() as read:
            return known(read.approval(id_), id_)

    def _check(self, tx: Writing, approval: Approval, actor: Actor, choice: Choice, shown: str | None) -> None:
        """Raises Refused where *actor* may not vote so now, or was not *shown* this."""
        check_voter(self._in_force.policy, approval, actor, choice, tx.votes(approval.id), tx.now)
        if shown is not None:
            _check_digest(approval, shown)

    def _count(
        self, tx: Writing, record: ActionRecord, approval: Approval, actor: Actor, choice: Choice, reason: str | None
    ) -> None:
        """Move *record* where the vote decides it."""
        if choice is Choice.REJECT:
            tx.move(record, Status.REJECTED, actor, error=f"rejected by {actor.id}: {reason}")
            settle(tx, known(tx.plan(record.plan), record.plan))
        elif seats_filled(self._in_force.policy, as_seats(approval), approval, tx.votes(approval.id)):
            tx.move(record, Status.APPROVED, actor)


def _check_digest(approval: Approval, shown: str) -> None:
    if len(shown) < MIN_DIGEST or not approval.digest.startswith(shown.lower()):
        raise Refused(
            f'"{shown[:64]}" is not the digest of {approval.id} (8 digits or more); '
            f"look at it with `signoff show {approval.id}` and give the digest that it shows"
        )
