"""What can be written to the store, inside a transaction: each change of state together with its Entry."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from signoff.actor import Actor
from signoff.canonical import Json, canonical
from signoff.canonical import digest as hashed
from signoff.commitment import Opening
from signoff.errors import Busy, HeadNotKept, KeyFileError, LeaseLost
from signoff.folding import fold_name

from .ciphertexts import delete_secrets, put_secrets, reseal
from .conversations import ASSISTANT, USER, MessageRecord, insert_message, told_message
from .counting import CALLED, COUNTED, HELD, CountedRow
from .database import Database
from .log import Appender
from .reading import Reading
from .records import (
    BOUNDED,
    ENDED,
    NEXT,
    SYSTEM,
    ActionRecord,
    Approval,
    ApprovalStatus,
    Choice,
    Entry,
    Lease,
    Status,
    Vote,
    read_time,
    write_time,
)
from .sealing import LogHead, Seal
from .telling import ACCEPTED, CLOSES, MOVED, told_approval, told_lease, told_vote
from .tree import Frontier

FLUSHED_EVERY = 1_000  # Entries, after which the head that is kept beside the key is flushed
FIRST_ID_BYTES = 2  # an id is as short as it can be for people to type, and grows where it is taken


class Writing(Reading):
    """An open transaction that may write. Time stands still in it, and never before the newest Entry."""

    def __init__(
        self, database: Database, seal: Seal, kept: Frontier | None, *, now: datetime, ids: Callable[[int], str]
    ) -> None:
        """Raises LogInvalid where what vouches for the log does not."""
        super().__init__(database, seal, kept)
        self._log = Appender(database, self.log_head())
        newest = self._log.head.newest
        self.behind = write_time(now) < newest  # whether the clock stands before the newest Entry
        self.now = read_time(newest) if self.behind else now
        self._ids = ids
        self.after_commit: list[Callable[[], None]] = []  # called when all of it is durable
        self.undone = ExitStack()  # what is called when it did not happen, or nobody knows

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of this transaction, which is undone alone where the block raises: as if it had never been begun.

        Raises TransactionLost where the whole transaction was rolled back.
        """
        mark, after, undone = self._log.mark(), len(self.after_commit), self.undone
        self.undone = ExitStack()
        try:
            with self._database.attempt():
                yield
        except BaseException:
            self._log.go_back(mark)
            self._counters = None  # they may be of a policy that is not in force after all
            del self.after_commit[after:]
            self.undone.close()
            raise
        else:
            undone.push(self.undone)
        finally:
            self.undone = undone

    def log(self, event: str, actor: Actor, data: Mapping[str, Json], *, plan: str = SYSTEM, action: int | None = None) -> Entry:
        """Add an Entry that stands for itself."""
        return self._log.append(chain=plan, at=self.now, actor=actor, event=event, action=action, data=data)

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """The length and last hash of one chain, with what this transaction added."""
        return self._log.end(chain) or super().head(chain)

    def newest_number(self) -> int:
        """The number of the last Entry, with what this transaction added: it was compared with the stored one before."""
        return self._log.head.size

    def end(self) -> Frontier:
        """The head of the log, with what this transaction added."""
        return self._log.head.frontier

    def seal(self) -> None:
        """Vouch for what was added, at the end of the transaction."""
        if self._log.finish():
            self._seal.write(self._database, self._log.head)

    def rekey(self, seal: Seal) -> None:
        """Let *seal* vouch for the log from this transaction on, and encrypt with its key what is secret."""
        reseal(self._database, self._seal.keys, seal.keys)
        self._seal = seal
        self._log.head = replace(self._log.head, store_key=seal.keys.store_id, signer=seal.keys.public)

    def committed(self) -> None:
        """What follows once all of it is durable, before anybody else may write: also where the head cannot be kept.

        Raises HeadNotKept, and LogInvalid as `_keep` does.
        """
        try:
            self._keep(self.log_head(), self._log.head)
        except KeyFileError as error:
            raise HeadNotKept(f"what was changed is stored, but {error}") from error
        finally:
            for then in self.after_commit:
                then()

    def _keep(self, before: LogHead, now: LogHead) -> None:
        """Keep the head of the log beside the key.

        Raises LogInvalid where what is kept by now is not what this transaction went on from: then its log is another one.
        """
        if now is not before:
            durably = now.size // FLUSHED_EVERY > before.size // FLUSHED_EVERY
            self._seal.kept.write(now.frontier, self._went_on_from, durably=durably)

    def _went_on_from(self, kept: Frontier | None) -> bool:
        found = self.log_head().frontier
        return kept == self._kept or (kept is not None and self._seal.goes_on(self._database, kept, found))

    def add_plan(
        self,
        *,
        requester: Actor,
        request: str | None,
        planner: str,
        proposed: bytes,
        digest: str,
        policy: str,
        conversation: bool = False,
    ) -> str:
        """Accept a plan, whose actions are added next, and return its id; that of a *conversation* grows."""
        plan = "p-" + self._free_id("SELECT 1 FROM plans WHERE id = 'p-' || ?")
        self._database.execute(
            "INSERT INTO plans (id, requester, how, os_user, request, planner, proposed, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (plan, requester.id, requester.how, requester.os_user, request, planner, proposed, write_time(self.now)),
        )
        data: dict[str, Json] = {"request": request, "planner": planner, "proposed": digest, "policy": policy}
        if conversation:
            self._database.execute("INSERT INTO conversations (plan, last) VALUES (?, 0)", (plan,))
            data["conversation"] = True
        self.log("submitted", requester, data, plan=plan)
        if not self.schema_problems():  # then no trigger has a hand in it: it is stored as it is told
            self.remembered.verified.add(plan)
        return plan

    def say(self, plan: str, message: MessageRecord, actor: Actor, record: Mapping[str, Json] | None = None) -> None:
        """Add the next *message* to a conversation; *record* is how a model came to it.

        Raises Busy where somebody else went on with the conversation, or ended it.
        """
        self._go_on_with(plan, "last = ?", message.number, message.number - 1)
        insert_message(self._database, plan, message)
        told = {"message": message.number} | told_message(message)
        told |= {"text": message.text} if message.role in (USER, ASSISTANT) else {}  # a tool's stands with its action
        told |= {} if record is None else {"record": record}
        self.log("said", actor, told, plan=plan)

    def end_conversation(self, plan: str, last: int, actor: Actor, reason: str) -> None:
        """End a conversation whose last message has that number, for good. Raises Busy as `say` does."""
        self._go_on_with(plan, "ended = ?", reason, last)
        self.log("ended", actor, {"reason": reason}, plan=plan)

    def _go_on_with(self, plan: str, change: str, value: int | str, last: int) -> None:
        sql = f"UPDATE conversations SET {change} WHERE plan = ? AND last = ? AND ended IS NULL RETURNING 1"
        if not self._database.execute(sql, (value, plan, last)):
            raise Busy(f"{plan} was continued, or ended, by another process; look again")
        self.remembered.plans.pop(plan, None)

    def add_action(self, action: ActionRecord, actor: Actor, decision: Mapping[str, Json], *, call: str | None = None) -> None:
        """Add an action in the state that its first decision gave it; *actor* asked for it, by a *call* in a conversation."""
        self._database.execute(
            "INSERT INTO actions (plan, number, revision, type, effect, body, digest, title, needs, key, status, error, rules,"
            " person) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                action.plan,
                action.number,
                action.revision,
                action.type,
                action.effect,
                action.body,
                action.digest,
                action.title,
                _json(action.needs),
                action.key,
                action.status,
                action.error,
                _json(action.rules),
                fold_name(actor.id),
            ),
        )
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
            result=_as_stored(result),
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
        place = (action.plan, action.number)
        if action.status not in BOUNDED or action.attempt or revised.revision != action.revision + 1:
            raise ValueError(f"{action.plan} {action.number} is {action.status}: it cannot become revision {revised.revision}")
        changed = self._database.execute(
            "UPDATE actions SET revision = ?, body = ?, digest = ?, title = ?, key = ?, status = ?, error = ?, result = NULL,"
            " rules = ? WHERE plan = ? AND number = ? AND revision = ? AND status = ? AND attempt = 0 RETURNING 1",
            (
                *(revised.revision, revised.body, revised.digest, revised.title, revised.key, revised.status, revised.error),
                *(_json(revised.rules), *place, action.revision, action.status),
            ),
        )
        if not changed:
            raise Busy(f"{action.plan} {action.number} was changed by another process; look again")
        self._database.execute(
            "INSERT INTO edits (plan, number, revision, body, digest, editor, how, os_user, reason, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(*place, action.revision, action.body, action.digest),
                *(editor.id, editor.how, editor.os_user, reason, write_time(self.now)),
            ),
        )
        self.remembered.plans.pop(action.plan, None)
        self._close_approval(action, ApprovalStatus.REPLACED)
        self._database.execute("DELETE FROM counted WHERE plan = ? AND number = ?", place)
        told: dict[str, Json] = {name: getattr(revised, name) for name in ACCEPTED}
        told |= {"approval": approval, "before": action.digest, "changes": changes, "reason": reason}
        told |= {"status": revised.status.value, "decision": decision, "error": revised.error}
        self.log("edited", editor, told, plan=action.plan, action=action.number)

    def _close_approval(self, action: ActionRecord, status: ApprovalStatus) -> None:
        self._database.execute(
            "UPDATE approvals SET status = ? WHERE plan = ? AND number = ? AND status IN ('waiting', 'approved')",
            (status, action.plan, action.number),
        )
        self.remembered.approvals.pop(action.plan, None)

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
        assert action.lease is not None
        until = write_time(self.now + timedelta(seconds=term))
        sql = "UPDATE actions SET held_until = max(held_until, ?) WHERE plan = ? AND number = ? AND fence = ? RETURNING 1"
        return bool(self._database.execute(sql, (until, action.plan, action.number, action.lease.fence)))

    def _store_state(self, action: ActionRecord, moved: ActionRecord) -> bool:
        """Put *moved* in the place of *action*, and return whether it counts. Raises Busy and LeaseLost as `move` does."""
        lease, fence = moved.lease, action.lease and action.lease.fence
        changed = self._database.execute(
            "UPDATE actions SET status = ?, attempt = ?, error = ?, result = ?, rules = ?, fence = ?, worker = ?, held_until = ?"
            " WHERE plan = ? AND number = ? AND status = ? AND attempt = ? AND fence IS ?"
            " RETURNING EXISTS (SELECT 1 FROM counted WHERE plan = actions.plan AND number = actions.number)",
            (
                *(moved.status, moved.attempt, moved.error, None if moved.result is None else canonical(moved.result)),
                *(_json(moved.rules), *((lease.fence, lease.worker, write_time(lease.until)) if lease else (None, None, None))),
                *(action.plan, action.number, action.status, action.attempt, fence),
            ),
        )
        if not changed and action.lease is not None:
            raise LeaseLost(f"{action.plan} {action.number} is not held any more under the fence {fence}; look again")
        if not changed:
            raise Busy(f"{action.plan} {action.number} was changed by another process; look again")
        self.remembered.moved(moved)
        return bool(changed[0][0])

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
        for row in rows:
            self._database.execute(
                f"INSERT INTO counted ({COUNTED}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (row.counter, row.key, row.done, row.accepted, row.number, row.plan, row.amount),
            )

    def uncount(self, counters: Iterable[str]) -> None:
        """Remove what the counters with these digests count."""
        for counter in counters:
            self._database.execute("DELETE FROM counted WHERE counter = ?", (counter,))

    def _settle_count(self, ended: ActionRecord) -> None:
        """What was held for an action that is done counts from now on as done now; of any other end nothing is left."""
        place = (ended.plan, ended.number)
        if ended.status is Status.DONE:
            self._database.execute(
                "UPDATE counted SET done = ? WHERE plan = ? AND number = ? AND done = ?", (write_time(self.now), *place, HELD)
            )
        else:
            self._database.execute("DELETE FROM counted WHERE plan = ? AND number = ?", place)

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
        told = told_approval(approval)
        self._database.execute(
            "INSERT INTO approvals (id, plan, number, revision, digest, requester, asks, seats, reasons, policy, status,"
            " asked, expires, own_vote, stand_ins, remind, editors) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(approval.id, action.plan, action.number, action.revision, action.digest, requester, asks),
                *(_json(seats), _json(reasons), policy, approval.status, told["asked"], told["expires"]),
                *(own_vote, _json(approval.stand_ins), told["remind"], _json(approval.editors)),
            ),
        )
        self.remembered.approvals.pop(action.plan, None)
        self.remembered.votes[approval.id] = []
        self.log("asked", actor, told, plan=action.plan, action=action.number)
        return approval

    def remind(self, approval: Approval, actor: Actor, data: Mapping[str, Json]) -> None:
        """Record that people are reminded of *approval*. Raises Busy where they were before, or somebody else decided it."""
        reminded = self._database.execute(
            "UPDATE approvals SET reminded = ? WHERE id = ? AND status = 'waiting' AND reminded IS NULL RETURNING 1",
            (write_time(self.now), approval.id),
        )
        if not reminded:
            raise Busy(f"{approval.id} was decided, or reminded of, by another process; look again")
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
        self._database.execute(
            "INSERT OR REPLACE INTO votes (approval, voter, how, os_user, choice, reason, digest, at, card)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (approval.id, voter.id, voter.how, voter.os_user, choice, reason, vote.digest, write_time(self.now), card),
        )
        self.remembered.voted(vote)
        also: dict[str, Json] = {"stands_in": list(stands_in)} if stands_in else {}
        also |= {"for": list(spoken_for)} if spoken_for else {}
        also |= {} if batch is None else {"batch": batch}
        self.log("voted", voter, told_vote(vote) | also, plan=approval.plan, action=approval.number)
        return vote

    def use_votes(self, approval: Approval, attempt: int) -> None:
        """Consume the votes on *approval* for an attempt, whose Entry names it. Raises Busy where they were consumed before."""
        used = self._database.execute(
            "UPDATE votes SET used = ? WHERE approval = ? AND choice = 'approve' AND used IS NULL RETURNING 1",
            (attempt, approval.id),
        )
        if not used:
            raise Busy(f"the votes on {approval.id} were used by another process; look again")
        self.remembered.used(approval.id, attempt)

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
        self._database.execute("UPDATE policies SET active = NULL WHERE active = 1")
        self._database.execute(
            "INSERT INTO policies (digest, name, source, outline, active) VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT (digest) DO UPDATE SET active = 1, name = excluded.name, outline = excluded.outline",
            (digest, name, source, outline.decode()),
        )
        agreed: dict[str, Json] = {} if confirmed is None else {"confirmed": confirmed}
        self.log("policy", actor, {"digest": digest, "name": name, "outline": hashed(outline), "change": data} | agreed)

    def _free_id(self, taken: str) -> str:
        size = FIRST_ID_BYTES
        while self._database.execute(taken, (id_ := self._ids(size),)):
            size += 1
        return id_


def _as_stored(value: Json) -> Json:
    """*value* as it is when it is read again: lists for tuples, text for members of an enumeration."""
    stored: Json = orjson.loads(canonical(value))
    return stored


def _json(value: Json) -> str:
    return canonical(value).decode()
