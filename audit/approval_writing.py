"""How sign-off is asked for and given, inside a transaction: each change of an approval or a vote together with its Entry."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from signoff.actor import Actor
from signoff.canonical import Json

from . import storing
from .log_writing import LogWriting
from .records import ActionRecord, Approval, ApprovalStatus, Choice, Vote
from .telling import told_approval, told_vote


class ApprovalWriting(LogWriting):
    """An open transaction that may write approvals and votes."""

    def ask(
        self,
        action: ActionRecord,
        actor: Actor,
        *,
        requester: str,
        asks: str,
        seats: Mapping[str, int],
        reasons: Sequence[Mapping[str, Json]],
        policy: str,
        expires: datetime,
        own_vote: bool = False,
        stand_ins: Mapping[str, Mapping[str, int]] | None = None,
        remind: datetime | None = None,
    ) -> Approval:
        """Ask for sign-off of *action*."""
        approval = Approval(
            id="a" + self._free_id("SELECT 1 FROM approvals WHERE id = 'a' || ?"),
            plan=action.plan,
            number=action.number,
            revision=action.revision,
            digest=action.digest,
            requester=requester,
            asks=asks,
            seats=seats,
            reasons=tuple(reasons),
            policy=policy,
            status=ApprovalStatus.WAITING,
            asked=self.now,
            expires=expires,
            own_vote=own_vote,
            stand_ins=stand_ins or {},
            remind=remind,
            editors=self._editors(action),
        )
        storing.put_approval(self._database, approval)
        self.remembered.approvals.pop(action.plan, None)
        self.remembered.votes[approval.id] = []
        self.log("asked", actor, told_approval(approval), plan=action.plan, action=action.number)
        return approval

    def remind(self, approval: Approval, actor: Actor, data: Mapping[str, Json]) -> None:
        """Record that people are reminded of *approval*. Raises Busy where they were before, or somebody else decided it."""
        storing.put_reminder(self._database, approval, self.now)
        self.remembered.approvals.pop(approval.plan, None)
        self.log("reminded", actor, {"approval": approval.id} | dict(data), plan=approval.plan, action=approval.number)

    def _editors(self, action: ActionRecord) -> tuple[str, ...]:
        """Who edited *action*, in any of its revisions."""
        edits = self.edits(action.plan, action.number) if action.revision > 1 else []
        return tuple(dict.fromkeys(edit.editor.id for edit in edits))

    def vote(
        self,
        approval: Approval,
        voter: Actor,
        choice: Choice,
        reason: str | None,
        stands_in: Sequence[str] = (),
        spoken_for: Sequence[str] = (),
        batch: str | None = None,
        card: str | None = None,
    ) -> Vote:
        """Record a vote, which replaces an earlier one of that person. Who may cast it was checked before.

        *stands_in* are the seats that this voter may fill only because they stayed empty; *spoken_for* are those who handed
        theirs to this voter; *batch* is the digest of all that was decided with it, *card* that of what the voter was shown
        of this approval.
        """
        vote = Vote(
            approval=approval.id, voter=voter, choice=choice, reason=reason, digest=approval.digest, at=self.now, card=card
        )
        storing.put_vote(self._database, vote)
        self.remembered.voted(vote)
        also: dict[str, Json] = {"stands_in": list(stands_in)} if stands_in else {}
        also |= {"for": list(spoken_for)} if spoken_for else {}
        also |= {} if batch is None else {"batch": batch}
        self.log("voted", voter, told_vote(vote) | also, plan=approval.plan, action=approval.number)
        return vote

    def use_votes(self, approval: Approval, attempt: int) -> None:
        """Consume the votes on *approval* for an attempt, whose Entry names it. Raises Busy where they were consumed before."""
        storing.use_votes(self._database, approval, attempt)
        self.remembered.used(approval.id, attempt)

    def _close_approval(self, action: ActionRecord, status: ApprovalStatus) -> None:
        storing.close_approval(self._database, action, status)
        self.remembered.approvals.pop(action.plan, None)
