"""What can be asked of the store, inside a transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from signoff.canonical import canonical
from signoff.commitment import Opening

from .ciphertexts import open_secrets, secret_problems
from .counting import COUNTED, CountedRow, Counter, Total, counters_in
from .database import Database, Lent, Row
from .log import COLUMNS, ChainEnd, chain_end
from .pins import Pins, read_pins
from .records import ENDED, SYSTEM, ActionRecord, Approval, Entry, PlanRecord, Vote, write_time
from .rows import ACTION, APPROVAL, PLAN, VOTE, action_of, approval_of, entry_of, plan_of, vote_of
from .sealing import LogHead, Seal
from .tree import Frontier

_OPEN = "status IN ('ready', 'approved', 'waiting', 'executing', 'in_doubt')"  # to the letter as in the index actions_open


class Reading:
    """The queries of an open transaction."""

    def __init__(self, database: Database, seal: Seal, kept: Frontier | None) -> None:
        """*kept* is the head of the log that was kept before the transaction began."""
        self._database = database
        self._seal = seal
        self._kept = kept
        self._head: LogHead | None = None

    def log_head(self) -> LogHead:
        """Where the log ends, as the transaction found it. Raises LogInvalid where nobody vouches for that."""
        if self._head is None:
            self._head = self._seal.read(self._database, self._kept)
        return self._head

    def vouched_end(self, chain: str) -> ChainEnd | None:
        """Where a chain ends, as the transaction found it. Raises LogInvalid where the log's head does not vouch for that."""
        return chain_end(self._database, chain, self.log_head())

    def lent(self, *, writing: bool = False) -> AbstractContextManager[Lent]:
        """This transaction, for an action's code."""
        return self._database.lent(writing=writing)

    def plan(self, id_: str) -> PlanRecord | None:
        """The plan *id_* with its actions, or None."""
        rows = self._database.execute(f"SELECT {PLAN} FROM plans WHERE id = ?", (id_,))
        if not rows:
            return None
        actions = self._database.execute(f"SELECT {ACTION} FROM actions WHERE plan = ? ORDER BY number", (id_,))
        return replace(plan_of(rows[0]), actions=tuple(map(action_of, actions)))

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

    def plans_to_resume(self, now: datetime) -> list[str]:
        """The ids of the plans in which something can go on: it may run, was interrupted, or its deadline has passed."""
        rows = self._database.execute(
            f"SELECT id FROM plans WHERE id IN (SELECT plan FROM actions WHERE {_OPEN} AND status NOT IN ('waiting', 'in_doubt'))"
            " OR id IN (SELECT plan FROM approvals WHERE status = 'waiting' AND expires <= ?) ORDER BY sequence",
            (write_time(now),),
        )
        return [id_ for (id_,) in rows]

    def executing(self) -> list[ActionRecord]:
        """The actions that are marked as being executed."""
        return self._open_actions("status = 'executing'")

    def in_doubt(self) -> list[ActionRecord]:
        """The actions of which nobody knows whether they happened."""
        return self._open_actions("status = 'in_doubt'")

    def _open_actions(self, condition: str) -> list[ActionRecord]:
        rows = self._database.execute(f"SELECT {ACTION} FROM actions WHERE {_OPEN} AND {condition} ORDER BY plan, number")
        return list(map(action_of, rows))

    def approval(self, id_: str) -> Approval | None:
        """The approval *id_*, or None."""
        rows = self._database.execute(f"SELECT {APPROVAL} FROM approvals WHERE id = ?", (id_,))
        return approval_of(rows[0]) if rows else None

    def queue(self) -> list[tuple[Approval, ActionRecord]]:
        """What waits for sign-off, the oldest first. A passed deadline is for the reader to see."""
        actions = {(action.plan, action.number): action for action in self._open_actions("status = 'waiting'")}
        rows = self._database.execute(f"SELECT {APPROVAL} FROM approvals WHERE status = 'waiting' ORDER BY sequence")
        approvals = map(approval_of, rows)
        return [(one, actions[key]) for one in approvals if (key := (one.plan, one.number)) in actions]

    def approvals_of(self, plan: str, number: int | None = None) -> list[Approval]:
        """The approvals of a plan, or of one of its actions, the oldest first."""
        sql = f"SELECT {APPROVAL} FROM approvals WHERE plan = ? AND number = coalesce(?, number) ORDER BY sequence"
        return list(map(approval_of, self._database.execute(sql, (plan, number))))

    def votes(self, approval: str) -> list[Vote]:
        """The votes on an approval, in the order in which they were cast."""
        rows = self._database.execute(
            f"SELECT {VOTE} FROM votes WHERE approval = ? ORDER BY at, voter",
            (approval,),
        )
        return list(map(vote_of, rows))

    def active_policy(self) -> str | None:
        """The digest of the policy in force, or None in a new store."""
        rows = self._database.execute("SELECT digest FROM policies WHERE active = 1")
        return str(rows[0][0]) if rows else None

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
        rows = self._database.execute("SELECT outline FROM policies WHERE active = 1")
        return counters_in(rows[0][0]) if rows else {}

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

    def accepted(self, plan: str) -> int:
        """The number of the Entry with which *plan* was accepted."""
        ((number,),) = self._database.execute("SELECT number FROM entries WHERE chain = ? AND place = 1", (plan,))
        return int(number)

    def acceptances(self, first: int, count: int) -> list[Entry]:
        """The Entries with which plans were accepted, in order: at most *count*, from the number *first* on."""
        rows = self._database.execute(
            f"SELECT {COLUMNS} FROM entries WHERE number >= ? AND place = 1 AND chain <> ? ORDER BY number LIMIT ?",
            (first, SYSTEM, count),
        )
        return list(map(entry_of, rows))

    def accepted_last(self, count: int) -> int:
        """The number of the Entry with which the first of the newest *count* plans was accepted; 0 where there are fewer."""
        rows = self._database.execute(
            "SELECT number FROM entries WHERE place = 1 AND chain <> ? ORDER BY number DESC LIMIT 1 OFFSET ?", (SYSTEM, count - 1)
        )
        return int(rows[0][0]) if rows else 0

    def missing(self) -> Iterator[str]:
        """What is missing: Entries, and plans that are not both stored and in the log."""
        ((entries, newest),) = self._database.execute("SELECT count(*), coalesce(max(number), 0) FROM entries")
        if entries != newest:
            yield f"the log has {entries} entries, and its newest is entry {newest}"
        logged = "SELECT DISTINCT chain FROM entries UNION SELECT chain FROM chains"
        for (chain,) in self._database.execute(f"{logged} EXCEPT SELECT id FROM plans EXCEPT SELECT ?", (SYSTEM,)):
            yield f"{chain} is in the log but is not stored"
        for (plan,) in self._database.execute("SELECT id FROM plans EXCEPT SELECT chain FROM entries"):
            yield f"{plan} is stored but has no entries"

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
            f"SELECT DISTINCT approvals.plan FROM actions JOIN approvals USING (plan, number) WHERE actions.{_OPEN}"
            " AND actions.status IN ('waiting', 'approved') AND approvals.status IN ('waiting', 'approved')"
            " AND expires <= ? ORDER BY approvals.plan",
            (write_time(now),),
        )
        return [id_ for (id_,) in rows]

    def waiting(self) -> list[tuple[str, int]]:
        """Everybody of whom actions are accepted and not started, with how many."""
        return self._database.execute(
            f"SELECT requester, count(*) FROM actions JOIN plans ON plans.id = actions.plan WHERE {_OPEN}"
            " AND status IN ('ready', 'waiting', 'approved') GROUP BY requester"
        )

    def entries(self, chain: str | None = None) -> list[Entry]:
        """The audit log in order, whole or one chain of it."""
        return list(map(entry_of, self.entry_rows(chain)))

    def entries_after(self, number: int, count: int) -> list[Entry]:
        """The first *count* Entries with a number higher than *number*, in order."""
        sql = f"SELECT {COLUMNS} FROM entries WHERE number > ? ORDER BY number LIMIT ?"
        return list(map(entry_of, self._database.execute(sql, (number, count))))

    def newest_entries(self, count: int) -> list[Entry]:
        """The last *count* Entries of the audit log, in order."""
        rows = self._database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number DESC LIMIT ?", (count,))
        return [entry_of(row) for row in reversed(rows)]

    def entry_rows(self, chain: str | None = None) -> list[Row]:
        """The rows of the log in order, as they are stored, for verification."""
        if chain is None:
            return self._database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number")
        return self._database.execute(f"SELECT {COLUMNS} FROM entries WHERE chain = ? ORDER BY place", (chain,))

    def ends(self) -> dict[str, ChainEnd]:
        """Where each chain is recorded to end, in the order of the tree over that."""
        rows = self._database.execute("SELECT chain, length, head, leaf FROM chains ORDER BY leaf")
        return {chain: ChainEnd(length, head, leaf) for chain, length, head, leaf in rows}

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """The recorded length and last hash of one chain."""
        rows = self._database.execute("SELECT length, head FROM chains WHERE chain = ?", (chain,))
        return (rows[0][0], rows[0][1]) if rows else None

    def pins(self) -> Pins:
        """Whether the policies in force are pinned, and who wants what of them, as the log tells."""
        return read_pins(self.entries(SYSTEM))

    def policies(self) -> list[Row]:
        """Every policy that was in force: its digest, name, source, outline, and 1 where it is now."""
        return self._database.execute("SELECT digest, name, source, outline, active FROM policies")

    def version(self) -> int:
        """A number that changes when another connection has changed the file."""
        return self._database.version()

    def schema_problems(self) -> list[str]:
        """How Signoff's own tables differ from how they were made."""
        return self._database.schema_problems()
