"""What can be asked of the log, inside a transaction, and who vouches for it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property

from signoff.errors import LogInvalid

from .database import Database
from .delegations import DELEGATED, REVOKED, Delegation, read_delegations
from .lending import Lent
from .log import COLUMNS, ChainEnd, chain_end
from .pins import Pins, read_pins
from .records import SYSTEM, Entry
from .remembered import Remembered
from .rows import entry_of
from .sealing import LogHead, Seal
from .sqlite import Row
from .tree import Frontier

BATCH = 5_000  # rows that are read at once


class LogReading:
    """An open transaction, and the queries of its log."""

    def __init__(self, database: Database, seal: Seal, kept: Frontier | None) -> None:
        """*kept* is the head of the log that was kept before the transaction began."""
        self._database = database
        self._seal = seal
        self._kept = kept
        self._head: LogHead | None = None
        self._ends: dict[str, ChainEnd] = {}  # where chains ended when the transaction began, as the head vouches for

    @cached_property
    def remembered(self) -> Remembered:
        """What is known of the file as this transaction sees it."""
        self._database.remembered.at(self.version())
        return self._database.remembered

    def version(self) -> int:
        """A number that changes when another connection has changed the file; never while a transaction is open."""
        return self._database.version()

    def lent(self, *, writing: bool = False) -> AbstractContextManager[Lent]:
        """This transaction, for an action's code."""
        return self._database.lent(writing=writing)

    def schema_problems(self) -> list[str]:
        """How Signoff's own tables differ from how they were made. Only another connection could change that."""
        if self.remembered.schema_is_right:
            return []
        problems = self._database.schema_problems()
        self.remembered.schema_is_right = not problems
        return problems

    def damages(self) -> list[str]:
        """What SQLite finds wrong with the file: an index that tells otherwise than its table, a page that nothing leads to."""
        return self._database.damages()

    def log_head(self) -> LogHead:
        """Where the log ends, as the transaction found it. Raises LogInvalid where nobody vouches for that."""
        if self._head is None:
            known = self.remembered.head
            self._head = known if known and known.frontier == self._kept else self._seal.read(self._database, self._kept)
            self.remembered.head = self._head
        return self._head

    def vouched_end(self, chain: str) -> ChainEnd | None:
        """Where a chain ends, as the transaction found it. Raises LogInvalid where the log's head does not vouch for that."""
        end = chain_end(self._database, chain, self.log_head())
        if end is None and chain == SYSTEM and self.log_head().size:  # what is in force stands in every log, as its first Entry
            raise LogInvalid(f"the chain {SYSTEM} was removed from the log; see `signoff audit verify`")
        if end is not None:
            self._ends[chain] = end
        return end

    def ends(self) -> dict[str, ChainEnd]:
        """Where each chain is recorded to end, in the order of the tree over that."""
        rows = self._database.execute("SELECT chain, length, head, leaf FROM chains ORDER BY leaf")
        return {chain: ChainEnd(length, head, leaf) for chain, length, head, leaf in rows}

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """The recorded length and last hash of one chain."""
        if end := self._ends.get(chain):
            return end.length, end.hash
        rows = self._database.execute("SELECT length, head FROM chains WHERE chain = ?", (chain,))
        return (rows[0][0], rows[0][1]) if rows else None

    def newest_number(self) -> int:
        """The number of the last Entry of the log, 0 in an empty one."""
        ((number,),) = self._database.execute("SELECT coalesce(max(number), 0) FROM entries")
        return int(number)

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

    def rows_in_order(self) -> Iterator[Row]:
        """All rows of the log in order, a bounded number of them in memory."""
        after = -(2**63)  # a row that was altered may have any number
        while rows := self._database.execute(
            f"SELECT {COLUMNS} FROM entries WHERE number > ? ORDER BY number LIMIT {BATCH}", (after,)
        ):
            yield from rows
            after = rows[-1][0]

    def acceptances(self, first: int, count: int) -> list[Entry]:
        """The Entries with which plans were accepted, in order: at most *count*, from the number *first* on.

        Of a conversation each action was accepted by itself, with the Entry that told of its decision.
        """
        rows = self._database.execute(
            f"SELECT {COLUMNS} FROM entries WHERE number >= ? AND chain <> ? AND (place = 1 OR instr(body, ?)"
            " AND chain IN (SELECT plan FROM conversations)) ORDER BY number LIMIT ?",
            (first, SYSTEM, b'"event":"decided"', count),  # within a text its quotes would be escaped
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

    def pins(self) -> Pins:
        """Whether the policies in force are pinned, and who wants what of them, as the log tells."""
        return read_pins(self.entries(SYSTEM))

    def delegations(self) -> tuple[Delegation, ...]:
        """Who handed their seats to whom, the oldest first, as the log tells. Raises LogInvalid where it cannot be read."""
        rows = self._database.execute(  # only what may be one is read: whatever else holds these words says another event
            f"SELECT {COLUMNS} FROM entries WHERE chain = ? AND (instr(body, ?) OR instr(body, ?)) ORDER BY place",
            (SYSTEM, f'"event":"{DELEGATED}"'.encode(), f'"event":"{REVOKED}"'.encode()),
        )
        try:
            return read_delegations(map(entry_of, rows))
        except (ValueError, KeyError, TypeError) as error:
            raise LogInvalid(
                f"the delegations cannot be read ({error}): the log was altered; see `signoff audit verify`"
            ) from error
