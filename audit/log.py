"""The audit log: Entries in hash chains, one chain for each plan and one for the system."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import orjson

from signoff.actor import Actor
from signoff.canonical import Json, canonical, parse
from signoff.errors import LogInvalid

from .database import Database
from .heads import has_head, head_leaf, put_heads
from .records import Entry, read_actor, read_time, write_actor, write_time
from .sealing import LogHead
from .sqlite import Row

START = bytes(32)  # what the first Entry of a chain names as the hash before it
COLUMNS = "number, chain, place, body, hash, leaf"


@dataclass(frozen=True)
class ChainEnd:
    """Where a chain ends."""

    length: int
    hash: bytes
    leaf: int  # its place in the tree of heads


def chain_end(database: Database, chain: str, head: LogHead) -> ChainEnd | None:
    """Where *chain* ends; None where there is none. Raises LogInvalid where the log's *head* does not vouch for that."""
    rows = database.execute("SELECT length, head, leaf FROM chains WHERE chain = ?", (chain,))
    if not rows:
        return None
    length, hash_, leaf = rows[0]
    is_told = leaf is not None and 0 < length <= head.size  # no chain is longer than the log
    if not is_told or not has_head(database, leaf, head_leaf(chain, length, hash_), head.chains, head.heads):
        raise LogInvalid(
            f"{chain} does not end where the log's head says: its end was cut off or changed; see `signoff audit verify`"
        )
    return ChainEnd(length, hash_, leaf)


@dataclass(frozen=True)
class Mark:
    """Where the log stands in the middle of a transaction."""

    head: LogHead
    ends: Mapping[str, ChainEnd]  # of the chains that the transaction had gone on with


class Appender:
    """Adds Entries to the log, in the transaction that is open."""

    def __init__(self, database: Database, head: LogHead) -> None:
        """*head* is where the log ends."""
        self._database = database
        self._found = self.head = head
        self._ends: dict[str, ChainEnd] = {}  # of the chains that this transaction goes on with

    def append(
        self, *, chain: str, at: datetime, actor: Actor, event: str, action: int | None = None, data: Mapping[str, Json]
    ) -> Entry:
        """Add one Entry."""
        number, end = self.head.size + 1, self._ends.get(chain) or self._first(chain)
        told = write_time(at)
        body = canonical(
            {
                "number": number,
                "chain": chain,
                "place": end.length + 1,
                "previous": end.hash.hex(),
                "at": told,
                "actor": write_actor(actor),
                "event": event,
                "action": action,
                "data": data,
            }
        )
        row = (number, chain, end.length + 1, body, entry_hash(body), leaf_hash(body))
        self._database.execute(f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)
        self._ends[chain] = ChainEnd(end.length + 1, row[4], end.leaf)
        head = self.head  # made anew field by field: `replace` takes several times as long, and this is done for every Entry
        self.head = LogHead(
            origin=head.origin,
            store_key=head.store_key,
            signer=head.signer,
            frontier=head.frontier.append(row[5]),
            newest=told,
            chains=head.chains,
            heads=head.heads,
        )
        return Entry(
            number=number,
            chain=chain,
            place=row[2],
            at=at,
            actor=actor,
            event=event,
            action=action,
            data=orjson.loads(body)["data"],  # as it is read again
            body=body,
            hash=row[4],
        )

    def end(self, chain: str) -> tuple[int, bytes] | None:
        """The length of a chain and the hash of its last Entry, where this transaction went on with it."""
        end = self._ends.get(chain)
        return (end.length, end.hash) if end else None

    def finish(self) -> bool:
        """Record where the chains end that this transaction went on with, and return whether there are any."""
        for chain, end in self._ends.items():
            self._database.execute(
                "INSERT INTO chains (chain, length, head, leaf) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (chain) DO UPDATE SET length = excluded.length, head = excluded.head",
                (chain, end.length, end.hash, end.leaf),
            )
        if self._ends:
            leaves = {end.leaf: head_leaf(chain, end.length, end.hash) for chain, end in self._ends.items()}
            self.head = replace(self.head, heads=put_heads(self._database, leaves, self.head.chains))
            self._database.remembered.sealed(self.head, self._ends)
        return bool(self._ends)

    def mark(self) -> "Mark":
        """Where the log stands now, for `go_back`."""
        return Mark(self.head, dict(self._ends))

    def go_back(self, mark: "Mark") -> None:
        """Know nothing of what was added since *mark*; its rows were undone."""
        self.head, self._ends = mark.head, dict(mark.ends)

    def _first(self, chain: str) -> ChainEnd:
        """Where *chain* ends before this transaction; a new one gets its place in the tree of heads."""
        known = self._database.remembered.ends.get(chain)
        end = known or chain_end(self._database, chain, self._found)
        if end is None:
            end = ChainEnd(0, START, self.head.chains)
            self.head = replace(self.head, chains=self.head.chains + 1)
        self._ends[chain] = end
        return end


_told = lru_cache(maxsize=1)(parse)  # what is checked is read next


def read_entry(row: Row) -> Entry:
    """The Entry in a row of COLUMNS. Raises ValueError, KeyError or TypeError where the body is not an Entry's."""
    number, chain, place, body, hash_, _ = row
    told = _told(body)
    actor, data, event, action = told["actor"], told["data"], told["event"], told["action"]
    if not (isinstance(actor, dict) and isinstance(data, dict) and isinstance(event, str) and isinstance(action, int | None)):
        raise ValueError(f"entry {number} is not an Entry")
    return Entry(
        number=number,
        chain=chain,
        place=place,
        at=read_time(str(told["at"])),
        actor=read_actor(actor["id"], actor["how"], actor["os_user"]),
        event=event,
        action=action,
        data=data,
        body=body,
        hash=hash_,
    )


def entry_hash(body: bytes) -> bytes:
    """What the chain's next Entry names."""
    return hashlib.sha256(body).digest()


def leaf_hash(body: bytes) -> bytes:
    """The leaf of RFC 6962, section 2.1: SHA-256 of a zero byte and the Entry."""
    return hashlib.sha256(b"\0" + body).digest()


def entry_problems(row: Row, previous: bytes) -> Iterator[str]:
    """What is wrong with the Entry in *row*, whose chain stood at *previous* before it."""
    number, chain, place, body, hash_, leaf = row
    if hash_ != entry_hash(body) or leaf != leaf_hash(body):
        yield f"entry {number} was edited: its bytes do not have the hash that was recorded"
        return
    told = _told(body)
    if (told["number"], told["chain"], told["place"]) != (number, chain, place):
        yield f"entry {number} was moved: it was written as entry {told['number']}, {told['chain']} {told['place']}"
    if told["previous"] != previous.hex():
        yield f"entry {number} does not follow the entry before it in {chain}: one was edited, removed or reordered"
