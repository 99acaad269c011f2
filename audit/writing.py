"""What can be written to the store, inside a transaction: each change of state together with its Entry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.canonical import digest as hashed
from signoff.commitment import Opening

from . import storing
from .approval_writing import ApprovalWriting
from .ciphertexts import delete_secrets, put_secrets
from .conversations import (
    ASSISTANT,
    USER,
    MessageRecord,
    add_message,
    close_conversation,
    open_conversation,
    told_message,
)
from .counting import CALLED, CountedRow
from .records import BOUNDED, ENDED, NEXT, ActionRecord, ApprovalStatus, GivenContext, Lease, PlanRecord, Status, write_time
from .telling import ACCEPTED, CLOSES, MOVED, told_lease, told_origin


class Writing(ApprovalWriting):
    """An open transaction that may write."""

    def add_plan(
        self,
        *,
        requester: Actor,
        request: str | None,
        planner: str,
        proposed: bytes,
        digest: str,
        policy: str,
        context: Sequence[GivenContext] = (),
        disputed: Sequence[str] = (),
        planned: Mapping[str, Json] | None = None,
        conversation: bool = False,
        limits: Mapping[str, int] | None = None,
    ) -> str:
        """Accept a plan, whose actions are added next, and return its id; that of a *conversation* grows, within *limits*."""
        plan = "p-" + self._free_id("SELECT 1 FROM plans WHERE id = 'p-' || ?")
        record = PlanRecord(
            id=plan,
            requester=requester,
            request=request,
            planner=planner,
            proposed=proposed,
            at=self.now,
            actions=(),
            context=tuple(context),
            disputed=tuple(disputed),
            planned=planned,
        )
        storing.put_plan(self._database, record)
        data: dict[str, Json] = {"request": request, "planner": planner, "proposed": digest, "policy": policy}
        data |= told_origin(record)
        if conversation:
            open_conversation(self._database, plan)
            data["conversation"] = True
            data |= {} if limits is None else {"limits": dict(limits)}
        self.log("submitted", requester, data, plan=plan)
        if not self.schema_problems():  # then no trigger has a hand in it: it is stored as it is told
            self.remembered.verified.add(plan)
        return plan

    def say(self, plan: str, message: MessageRecord, actor: Actor, record: Mapping[str, Json] | None = None) -> None:
        """Add the next *message* to a conversation; *record* is how a model came to it.

        Raises Busy where somebody else went on with the conversation, or ended it.
        """
        add_message(self._database, plan, message)
        self.remembered.plans.pop(plan, None)
        told = told_message(message) | {"message": message.number}
        told |= {"text": message.text} if message.role in (USER, ASSISTANT) else {}  # a tool's stands with its action
        told |= {} if record is None else {"record": record}
        self.log("said", actor, told, plan=plan)

    def waste(self, plan: str, actor: Actor, outcome: str, tokens: int, record: Mapping[str, Json]) -> None:
        """Record that an answer of a model in a conversation, of which nothing is used, took *tokens*."""
        self.log("unused", actor, {"outcome": outcome, "tokens": tokens, "record": record}, plan=plan)

    def end_conversation(self, plan: str, last: int, actor: Actor, reason: str) -> None:
        """End a conversation whose last message has that number, for good. Raises Busy as `say` does."""
        close_conversation(self._database, plan, last, reason)
        self.remembered.plans.pop(plan, None)
        self.log("ended", actor, {"reason": reason}, plan=plan)

    def add_action(self, action: ActionRecord, actor: Actor, decision: Mapping[str, Json], *, call: str | None = None) -> None:
        """Add an action in the state that its first decision gave it; *actor* asked for it, by a *call* in a conversation."""
        storing.put_action(self._database, action, actor.id)
        told: dict[str, Json] = {name: getattr(action, name) for name in ACCEPTED}
        data = told | {"status": action.status.value, "decision": decision, "error": action.error}
        data |= {} if call is None else {CALLED: call}
        self.remembered.plans.pop(action.plan, None)
        self.log("decided", actor, data, plan=action.plan, action=action.number)

    def move(
        self,
        action: ActionRecord,
        status: Status,
        actor: Actor,
        *,
        error: str | None = None,
        result: Json = None,
        rules: Sequence[str] | None = None,
        data: Mapping[str, Json] | None = None,
        lease: Lease | None = None,
    ) -> ActionRecord:
        """Take *action* and its open approval to *status*, and record it. Raises Busy where somebody else moved it.

        From then on it is held under *lease*, or under none. Raises LeaseLost where *action* was held, and is not any more.
        """
        if status not in NEXT.get(action.status, ()):
            raise ValueError(f"{action.plan} {action.number} cannot go from {action.status} to {status}")
        moved = replace(
            action,
            status=status,
            attempt=action.attempt + (status is Status.EXECUTING),
            error=error,
            result=storing.as_stored(result),
            rules=action.rules if rules is None else tuple(rules),
            lease=lease,
        )
        if self._store_state(action, moved) and status in ENDED:
            self._settle_count(moved)
        if status in ENDED and delete_secrets(self._database, moved):
            self.after_commit.append(self._database.empty_wal)
        if status in CLOSES:
            self._close_approval(action, CLOSES[status])
        self._log_state(status, moved, actor, data or {})
        return moved

    def edit(
        self,
        action: ActionRecord,
        revised: ActionRecord,
        editor: Actor,
        *,
        approval: str,
        reason: str,
        changes: Mapping[str, Json],
        decision: Mapping[str, Json],
    ) -> None:
        """Put *revised*, in the state that its decision gave it, in the place of *action*, which waits or was approved.

        What *action* counted goes; its open *approval* is closed. Raises Busy where somebody else moved it.
        """
        if action.status not in BOUNDED or action.attempt or revised.revision != action.revision + 1:
            raise ValueError(f"{action.plan} {action.number} is {action.status}: it cannot become revision {revised.revision}")
        storing.revise_action(self._database, action, revised)
        storing.put_edit(self._database, action, editor, reason, self.now)
        self.remembered.plans.pop(action.plan, None)
        self._close_approval(action, ApprovalStatus.REPLACED)
        storing.delete_counted(self._database, action)
        told: dict[str, Json] = {name: getattr(revised, name) for name in ACCEPTED}
        told |= {"approval": approval, "before": action.digest, "changes": changes, "reason": reason}
        told |= {"status": revised.status.value, "decision": decision, "error": revised.error}
        self.log("edited", editor, told, plan=action.plan, action=action.number)

    def put_off(
        self,
        action: ActionRecord,
        event: str,
        actor: Actor,
        *,
        error: str | None,
        data: Mapping[str, Json],
        lease: Lease | None = None,
    ) -> ActionRecord:
        """Record that *action*, which is being executed, goes on later, and why; or, with a *lease*, that its receiver is asked.

        Raises Busy and LeaseLost as `move` does.
        """
        if action.status is not Status.EXECUTING:
            raise ValueError(f"{action.plan} {action.number} is {action.status}, so there is nothing to go on with")
        moved = replace(action, error=error, lease=lease)
        self._store_state(action, moved)
        self._log_state(event, moved, actor, data)
        return moved

    def lease(self, worker: str, term: float) -> Lease:
        """A lease of *term* seconds for what the next Entry tells of: its number is the fence."""
        return Lease(fence=self.newest_number() + 1, worker=worker, until=self.now + timedelta(seconds=term))

    def renew(self, action: ActionRecord, term: float) -> bool:
        """Hold *action* for *term* seconds from now on, and return whether its lease is still the one that it has here."""
        return storing.renew_lease(self._database, action, self.now + timedelta(seconds=term))

    def _store_state(self, action: ActionRecord, moved: ActionRecord) -> bool:
        """Put *moved* in the place of *action*, and return whether it counts. Raises Busy and LeaseLost as `move` does."""
        counts = storing.move_action(self._database, action, moved)
        self.remembered.moved(moved)
        return counts

    def _log_state(self, event: str, moved: ActionRecord, actor: Actor, data: Mapping[str, Json]) -> None:
        told: dict[str, Json] = {name: getattr(moved, name) for name in MOVED} | {"status": moved.status.value} | dict(data)
        if moved.lease is not None:
            told["lease"] = told_lease(moved.lease) | {"until": write_time(moved.lease.until)}
        entry = self.log(event, actor, told, plan=moved.plan, action=moved.number)
        assert moved.lease is None or moved.lease.fence == entry.number

    def put_secrets(self, action: ActionRecord, openings: Mapping[str, Opening]) -> None:
        """Store the values of *action*'s secret fields, encrypted, in the place of those of its earlier revision.

        They go in the transaction in which it ends.
        """
        put_secrets(self._database, self._seal.keys, action, openings)

    def count(self, rows: Iterable[CountedRow]) -> None:
        """Add what actions count for."""
        storing.put_counted(self._database, rows)

    def uncount(self, counters: Iterable[str]) -> None:
        """Remove what the counters with these digests count."""
        for counter in counters:
            self._database.execute("DELETE FROM counted WHERE counter = ?", (counter,))

    def _settle_count(self, ended: ActionRecord) -> None:
        """What was held for an action that is done counts from now on as done now; of any other end nothing is left."""
        storing.settle_counted(self._database, ended, self.now)

    def activate_policy(
        self,
        *,
        digest: str,
        name: str,
        source: bytes,
        outline: bytes,
        actor: Actor,
        data: Json,
        confirmed: list[int] | None = None,
    ) -> None:
        """Make the policy *digest* the one in force, and record the change; *confirmed* are Entries of those who agreed."""
        self.remembered.active_policy = None
        self._counters = None
        storing.put_policy(self._database, digest=digest, name=name, source=source, outline=outline)
        agreed: dict[str, Json] = {} if confirmed is None else {"confirmed": confirmed}
        self.log("policy", actor, {"digest": digest, "name": name, "outline": hashed(outline), "change": data} | agreed)
