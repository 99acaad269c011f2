"""What can be asked of the store, inside a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from signoff.canonical import canonical
from signoff.commitment import Opening
from signoff.folding import fold_name

from .ciphertexts import open_secrets, secret_problems
from .conversations import read_conversation
from .counting import COUNTED, CountedRow, Counter, Total, accepted_by, counters_in
from .database import Database
from .log_reading import LogReading
from .records import ENDED, ActionRecord, Approval, Edit, PlanRecord, Vote, write_time
from .rows import ACTION, APPROVAL, EDIT, PLAN, VOTE, action_of, approval_of, edit_of, plan_of, vote_of
from .sealing import Seal
from .sqlite import Row
from .tree import Frontier

_UNTOUCHED = "status IN ('ready', 'waiting', 'approved')"  # to the letter as in the index actions_untouched
_OPEN = "status IN ('ready', 'approved', 'waiting', 'executing', 'in_doubt')"  # to the letter as in the index actions_open


class Reading(LogReading):
    """The queries of an open transaction."""

    def __init__(self, database: Database, seal: Seal, kept: Frontier | None) -> None:
        """*kept* is the head of the log that was kept before the transaction began."""
        super().__init__(database, seal, kept)
        self._counters: Mapping[str, Counter] | None = None  # of the policy in force

    def plan(self, id_: str) -> PlanRecord | None:
        """The plan *id_* with its actions, or None."""
        return self.remembered.plan(id_, partial(self._stored_plan, id_))

    def forget(self, plan: str) -> None:
        """Read all of *plan* anew from now on."""
        approvals = self._database.execute("SELECT id FROM approvals WHERE plan = ?", (plan,))
        self.remembered.forget_plan(plan, [id_ for (id_,) in approvals])

    def _stored_plan(self, id_: str) -> PlanRecord | None:
        rows = self._database.execute(
            f"SELECT {PLAN}, last, ended FROM plans LEFT JOIN conversations ON conversations.plan = plans.id WHERE plans.id = ?",
            (id_,),
        )
        if not rows:
            return None
        *row, last, ended = rows[0]
        actions = self._database.execute(f"SELECT {ACTION} FROM actions WHERE plan = ? ORDER BY number", (id_,))
        conversation = None if last is None else read_conversation(self._database, id_, last, ended)
        return replace(plan_of(tuple(row)), actions=tuple(map(action_of, actions)), conversation=conversation)

    def conversations(self) -> list[str]:
        """The ids of the plans that are conversations, the oldest first."""
        rows = self._database.execute("SELECT plan FROM conversations JOIN plans ON id = plan ORDER BY sequence")
        return [plan for (plan,) in rows]

    def open_secrets(self, action: ActionRecord) -> dict[str, Opening]:
        """The values of *action*'s secret fields, by field; none once it has ended.

        Raises LogInvalid where they are not those to which it is committed.
        """
        return {} if action.status in ENDED else open_secrets(self._database, self._seal.keys, action)

    def secret_problems(self, plan: PlanRecord) -> list[str]:
        """Where what is stored of the secret fields of *plan* is not what its actions are committed to."""
        return list(secret_problems(self._database, self._seal.keys, plan))

    def plans_with_secrets(self) -> set[str]:
        """The ids of the plans of which values of secret fields are stored."""
        return {plan for (plan,) in self._database.execute("SELECT DISTINCT plan FROM secret_fields")}

    def plans(self) -> list[str]:
        """The ids of all plans, in the order of their acceptance."""
        return [id_ for (id_,) in self._database.execute("SELECT id FROM plans ORDER BY sequence")]

    def stray_conversations(self) -> list[str]:
        """The ids under which something was said though there is no such conversation, or no such plan."""
        rows = self._database.execute(
            "SELECT plan FROM messages WHERE plan NOT IN (SELECT plan FROM conversations)"
            " UNION SELECT plan FROM conversations WHERE plan NOT IN (SELECT id FROM plans) ORDER BY plan"
        )
        return [plan for (plan,) in rows]

    def plans_to_resume(self, now: datetime) -> list[str]:
        """The ids of the plans in which something can go on: it may run, was interrupted, or its deadline has passed."""
        rows = self._database.execute(
            f"SELECT id FROM plans WHERE id IN (SELECT plan FROM actions WHERE {_OPEN} AND status = 'ready'"
            f" UNION SELECT plan FROM actions WHERE {_OPEN} AND status = 'approved'"
            f" UNION SELECT plan FROM actions WHERE {_OPEN} AND status = 'executing'"
            " UNION SELECT plan FROM approvals WHERE status = 'waiting' AND expires <= ?) ORDER BY sequence",
            (write_time(now),),
        )
        return [id_ for (id_,) in rows]

    def executing(self) -> list[ActionRecord]:
        """The actions that are marked as being executed."""
        return self._open_actions("status = 'executing'")

    def executing_places(self) -> list[tuple[str, int, int | None, str]]:
        """The same by plan and number, each with the fence of its lease, None where it was put off, and the lease's end."""
        return self._database.execute(
            "SELECT plan, number, fence, coalesce(held_until, '') FROM actions"
            f" WHERE {_OPEN} AND status = 'executing' ORDER BY plan, number"
        )

    def holds(self, action: ActionRecord) -> bool:
        """Whether the lease of *action* is still the one that it has here."""
        fence = action.lease and action.lease.fence
        where = "plan = ? AND number = ? AND fence IS ?"
        return bool(self._database.execute(f"SELECT 1 FROM actions WHERE {where}", (action.plan, action.number, fence)))

    def plans_runnable(self) -> list[str]:
        """The ids of the plans that have an action which may run, all that it needs being done."""
        rows = self._database.execute(
            f"WITH runnable AS (SELECT DISTINCT plan FROM actions WHERE {_OPEN} AND status IN ('ready', 'approved')"
            " AND NOT EXISTS (SELECT 1 FROM json_each(needs) JOIN actions AS needed"
            " ON needed.plan = actions.plan AND needed.number = value WHERE needed.status <> 'done'))"
            " SELECT id FROM plans WHERE id IN (SELECT plan FROM runnable) ORDER BY sequence"
        )
        return [id_ for (id_,) in rows]

    def in_order(self, plans: Iterable[str]) -> list[str]:
        """The ids of *plans*, in the order of their acceptance."""
        sql = "SELECT id FROM plans WHERE id IN (SELECT value FROM json_each(?)) ORDER BY sequence"
        return [id_ for (id_,) in self._database.execute(sql, (canonical(sorted(plans)).decode(),))]

    def next_deadline(self) -> str | None:
        """When, as `write_time` writes it, the first deadline passes that was not recorded; None where there is none."""
        rows = self._database.execute(
            f"SELECT min(expires) FROM actions JOIN approvals USING (plan, number) WHERE actions.{_OPEN}"
            " AND actions.status IN ('waiting', 'approved') AND approvals.status IN ('waiting', 'approved')"
        )
        return None if rows[0][0] is None else str(rows[0][0])

    def in_doubt(self) -> list[ActionRecord]:
        """The actions of which nobody knows whether they happened."""
        return self._open_actions("status = 'in_doubt'")

    def _open_actions(self, condition: str) -> list[ActionRecord]:
        rows = self._database.execute(f"SELECT {ACTION} FROM actions WHERE {_OPEN} AND {condition} ORDER BY plan, number")
        return list(map(action_of, rows))

    def approval(self, id_: str) -> Approval | None:
        """The approval *id_*, or None: as it stands among those of its plan, which are what is verified.

        An index that was altered may lead from an id to a row that no other query finds.
        """
        known = self.remembered.asked.get(id_)
        rows = [(known,)] if known else self._database.execute("SELECT plan FROM approvals WHERE id = ?", (id_,))
        return next((one for (plan,) in rows for one in self.approvals_of(plan) if one.id == id_), None)

    def queue(self) -> list[tuple[Approval, ActionRecord]]:
        """What waits for sign-off, the oldest first. A passed deadline is for the reader to see."""
        actions = {(action.plan, action.number): action for action in self._open_actions("status = 'waiting'")}
        rows = self._database.execute(f"SELECT {APPROVAL} FROM approvals WHERE status = 'waiting' ORDER BY sequence")
        approvals = map(approval_of, rows)
        return [(one, actions[key]) for one in approvals if (key := (one.plan, one.number)) in actions]

    def approvals_of(self, plan: str, number: int | None = None) -> list[Approval]:
        """The approvals of a plan, or of one of its actions, the oldest first."""
        found = self.remembered.approvals_of(plan, partial(self._stored_approvals, plan))
        return [one for one in found if number is None or one.number == number]

    def _stored_approvals(self, plan: str) -> list[Approval]:
        rows = self._database.execute(f"SELECT {APPROVAL} FROM approvals WHERE plan = ? ORDER BY sequence", (plan,))
        return list(map(approval_of, rows))

    def edits(self, plan: str, number: int | None = None) -> list[Edit]:
        """The edits of a plan's actions, or of one of them, the oldest first."""
        sql = f"SELECT {EDIT} FROM edits WHERE plan = ? AND number = coalesce(?, number) ORDER BY number, revision"
        return list(map(edit_of, self._database.execute(sql, (plan, number))))

    def votes(self, approval: str) -> list[Vote]:
        """The votes on an approval, in the order in which they were cast."""
        return self.remembered.votes_on(approval, partial(self._stored_votes, approval))

    def _stored_votes(self, approval: str) -> list[Vote]:
        rows = self._database.execute(
            f"SELECT {VOTE} FROM votes WHERE approval = ? ORDER BY at, voter",
            (approval,),
        )
        return list(map(vote_of, rows))

    def active_policy(self) -> str | None:
        """The digest of the policy in force, or None in a new store."""
        if self.remembered.active_policy is None:
            rows = self._database.execute("SELECT digest FROM policies WHERE active = 1")
            self.remembered.active_policy = str(rows[0][0]) if rows else None
        return self.remembered.active_policy

    def source(self, policy: str) -> tuple[str, bytes]:
        """The name and the bytes of the file with the digest *policy*, which was in force once."""
        ((name, source),) = self._database.execute("SELECT name, source FROM policies WHERE digest = ?", (policy,))
        return str(name), bytes(source)

    def outline(self, policy: str) -> bytes:
        """The outline (canonical JSON) of the policy with the digest *policy*, which was in force once."""
        ((outline,),) = self._database.execute("SELECT outline FROM policies WHERE digest = ?", (policy,))
        return bytes(outline.encode())

    def counters(self) -> Mapping[str, Counter]:
        """The counters of the policy in force, by name. Raises LogInvalid where it cannot be read."""
        if self._counters is None:
            rows = self._database.execute("SELECT outline FROM policies WHERE active = 1")
            self._counters = counters_in(rows[0][0]) if rows else {}
        return self._counters

    def total(
        self, counter: str, key: str, since: str, place: tuple[int, int], left_out: Sequence[tuple[str, int]] = ()
    ) -> Total:
        """What the counter with that digest holds of actions before *place* that are held, or were done *since* then.

        *place* is the number of an Entry with which a plan was accepted, and an action's number in it; *left_out* names
        actions by plan and number.
        """
        ((high, low, unknown),) = self._database.execute(
            "SELECT sum(amount / 1000000000), sum(amount % 1000000000), count(*) - count(amount) FROM counted"  # exact
            " WHERE counter = ? AND key = ? AND done >= ? AND (accepted, number) < (?, ?)"
            " AND plan || ' ' || number NOT IN (SELECT value FROM json_each(?))",
            (counter, key, since, *place, canonical([f"{plan} {number}" for plan, number in left_out]).decode()),
        )
        return Total((high or 0) * 1_000_000_000 + (low or 0), unknown)

    def counted(self, plan: str) -> list[CountedRow]:
        """What is stored of what the actions of *plan* count for."""
        return [CountedRow(*row) for row in self._database.execute(f"SELECT {COUNTED} FROM counted WHERE plan = ?", (plan,))]

    def plans_counted(self) -> set[str]:
        """The ids of the plans whose actions count."""
        return {id_ for (id_,) in self._database.execute("SELECT DISTINCT plan FROM counted")}

    def accepted(self, plan: str, number: int) -> int:
        """The number of the Entry with which action *number* of *plan* took its place among all: see `accepted_by`."""
        alone = "SELECT 1 FROM edits WHERE plan = ?1 AND number = ?2 UNION ALL SELECT 1 FROM conversations WHERE plan = ?1"
        if self._database.execute(alone, (plan, number)):
            return accepted_by(self.entries(plan), number)
        ((number,),) = self._database.execute("SELECT number FROM entries WHERE chain = ? AND place = 1", (plan,))
        return int(number)

    def plans_with(self, types: Iterable[str]) -> list[str]:
        """The ids of the plans that have actions of one of these types; "*" stands for all."""
        wanted = canonical(sorted(types)).decode()
        rows = self._database.execute(
            "WITH wanted AS (SELECT value FROM json_each(?)) SELECT DISTINCT plan FROM actions"
            " WHERE type IN wanted OR '*' IN wanted ORDER BY plan",
            (wanted,),
        )
        return [id_ for (id_,) in rows]

    def plans_overdue(self, now: datetime) -> list[str]:
        """The ids of the plans in which a deadline has passed and was not recorded yet."""
        rows = self._database.execute(
            "SELECT plan FROM approvals WHERE status = 'waiting' AND expires <= ?1 UNION SELECT approvals.plan FROM actions"
            f" JOIN approvals USING (plan, number) WHERE actions.{_OPEN} AND actions.status = 'approved'"
            " AND approvals.status = 'approved' AND expires <= ?1 ORDER BY plan",
            (write_time(now),),
        )
        return [id_ for (id_,) in rows]

    def plans_to_remind(self, now: datetime, count: int) -> list[str]:
        """The ids of plans in which people are to be reminded now of something that waits: of at most *count* such approvals."""
        rows = self._database.execute(
            "SELECT plan FROM approvals WHERE status = 'waiting' AND reminded IS NULL AND remind IS NOT NULL"
            " AND remind <= ? ORDER BY remind LIMIT ?",
            (write_time(now), count),
        )
        return list(dict.fromkeys(id_ for (id_,) in rows))

    def waiting(self, person: str) -> int:
        """How many actions of a person are accepted and not started; ids are one person's where they fold to the same."""
        folded = fold_name(person)
        ((known,),) = self._database.execute(f"SELECT count(*) FROM actions WHERE person = ? AND {_UNTOUCHED}", (folded,))
        older = self._database.execute(
            f"SELECT requester, count(*) FROM actions JOIN plans ON plans.id = plan WHERE person = '' AND {_UNTOUCHED}"
            " GROUP BY requester"
        )
        return int(known) + sum(int(count) for requester, count in older if fold_name(requester) == folded)

    def people(self, plan: str) -> list[str]:
        """Who asked for the actions of *plan*, as it is stored with them."""
        rows = self._database.execute("SELECT person FROM actions WHERE plan = ? ORDER BY number", (plan,))
        return [person for (person,) in rows]

    def bodies(self, plan: str | None = None) -> list[bytes]:
        """The bodies of all stored actions, or of a plan's, and of their older revisions, each once, by their digests."""
        rows = self._database.execute(
            "SELECT digest, body FROM actions WHERE plan = coalesce(?1, plan)"
            " UNION SELECT digest, body FROM edits WHERE plan = coalesce(?1, plan) ORDER BY digest",
            (plan,),
        )
        return [body for _, body in rows]

    def policies(self) -> list[Row]:
        """Every policy that was in force: its digest, name, source, outline, and 1 where it is now."""
        return self._database.execute("SELECT digest, name, source, outline, active FROM policies")
