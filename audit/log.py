"""The audit log: Entries in hash chains, one chain for each plan and one for the system."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import orjson

from signoff.actor import Actor
from signoff.canonical import MAX_INTEGER, Json, canonical, parse
from signoff.errors import LogInvalid

from .database import Database, Row
from .records import Entry, read_actor, read_time, write_actor, write_time

START = bytes(32)  # what the first Entry of a chain names as the hash before it
COLUMNS = "number, chain, place, body, hash, leaf"


def append_entry(
    database: Database,
    *,
    chain: str,
    at: datetime,
    actor: Actor,
    event: str,
    action: int | None = None,
    data: Mapping[str, Json],
) -> Entry:
    """Add one Entry to the log, in the transaction that is open."""
    remembered = database.remembered
    if remembered.number is None:
        ((remembered.number,),) = database.execute("SELECT coalesce(max(number), 0) FROM entries")
    number = remembered.number + 1
    if number > MAX_INTEGER:
        raise LogInvalid(f"the log ends at entry {number - 1}, which nobody wrote; see `signoff audit verify`")
    if chain not in remembered.heads:
        heads = database.execute("SELECT length, head FROM chains WHERE chain = ?", (chain,))
        remembered.heads[chain] = heads[0] if heads else (0, START)
    length, head = remembered.heads[chain]
    body = canonical(
        {
            "number": number,
            "chain": chain,
            "place": length + 1,
            "previous": head.hex(),
            "at": write_time(at),
            "actor": write_actor(actor),
            "event": event,
            "action": action,
            "data": data,
        }
    )
    row = (number, chain, length + 1, body, entry_hash(body), leaf_hash(body))
    database.execute(f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)
    database.execute(
        "INSERT INTO chains (chain, length, head) VALUES (?, ?, ?)"
        " ON CONFLICT (chain) DO UPDATE SET length = excluded.length, head = excluded.head",
        (chain, length + 1, row[4]),
    )
    remembered.appended(number, chain, (length + 1, row[4]))
    told = orjson.loads(body)["data"]  # as it is read again
    return Entry(
        number=number,
        chain=chain,
        place=row[2],
        at=at,
        actor=actor,
        event=event,
        action=action,
        data=told,
        body=body,
        hash=row[4],
    )


def read_entry(row: Row) -> Entry:
    """The Entry in a row of COLUMNS. Raises ValueError, KeyError or TypeError where the body is not an Entry's."""
    number, chain, place, body, hash_, _ = row
    told = parse(body)
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
    told = parse(body)
    if (told["number"], told["chain"], told["place"]) != (number, chain, place):
        yield f"entry {number} was moved: it was written as entry {told['number']}, {told['chain']} {told['place']}"
    if told["previous"] != previous.hex():
        yield f"entry {number} does not follow the entry before it in {chain}: one was edited, removed or reordered"
