"""What vouches for the log: its head, sealed with the store key by every transaction that adds to it.

Whoever can write the file but has no key can neither add an Entry, nor change one, nor put a plan back to an earlier
state: the seal tells where the log and each of its chains end. A whole file of an earlier day has a seal that is right;
the head that is kept beside the key tells that the log was longer.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from signoff.canonical import canonical, parse
from signoff.errors import KeyFileError, LogInvalid

from .database import Database
from .heads import EMPTY, head_leaf, put_head
from .kept import KeptHead
from .keys import Keys, new_keys, read_keys, same, write_keys
from .tree import Frontier

COLUMNS = "origin, store_key, signer, size, frontier, newest, chains, heads, mac"


@dataclass(frozen=True, kw_only=True)
class LogHead:
    """Where the log ends."""

    origin: str  # its name
    store_key: str  # id of the key that seals it
    signer: str  # the public key of who signs its checkpoints
    frontier: Frontier  # of the tree over its Entries
    newest: str  # when the newest of them was written; empty where there is none
    chains: int  # how many there are
    heads: bytes  # the root of the tree over where they end

    @property
    def size(self) -> int:
        """How many Entries it has."""
        return self.frontier.size

    def mac(self, keys: Keys) -> bytes:
        """What only who has the store key can make of it."""
        told = [self.origin, self.store_key, self.signer, self.frontier.to_bytes().hex(), self.newest]
        return keys.mac(b"head", canonical([*told, self.chains, self.heads.hex()]))


@dataclass(frozen=True)
class Seal:
    """The keys of a database, and the head that is kept beside them."""

    keys: Keys
    kept: KeptHead

    def read(self, database: Database, kept: Frontier | None) -> LogHead:
        """The log's head. *kept* was read before the transaction began.

        Raises LogInvalid where another seals it, and where it does not go on from what was kept.
        """
        head, mac = _stored(database)
        if head.store_key != self.keys.store_id or not same(mac, head.mac(self.keys)):
            raise LogInvalid(
                "the log's head was not sealed with the database's key: the file was altered; see `signoff audit verify`"
            )
        ((newest,),) = database.execute("SELECT coalesce(max(number), 0) FROM entries")
        if newest != head.size:
            raise LogInvalid(f"the log has {head.size} entries, and the newest is entry {newest}; see `signoff audit verify`")
        if kept is None:
            raise LogInvalid(
                f'there is no head of the log in "{self.kept.path}", so nobody knows whether the database is the newest;'
                " put that file back, or see `signoff audit accept`"
            )
        if not self.goes_on(database, kept, head.frontier):
            raise LogInvalid(
                f"the database is not the newest: its log has {head.size} entries, and does not go on from the {kept.size} that"
                " it had; put the newest one back, or see `signoff audit accept`"
            )
        return head

    def goes_on(self, database: Database, kept: Frontier, head: Frontier) -> bool:
        """Whether the stored log, which ends at *head*, begins with all of what was *kept*."""
        return kept.size <= head.size and kept.extend(_leaves(database, kept.size, head.size)) == head

    def write(self, database: Database, head: LogHead) -> None:
        """Put *head* in the place of the one before."""
        keys = (head.store_key, head.signer)
        row = (*keys, head.size, head.frontier.to_bytes(), head.newest, head.chains, head.heads, head.mac(self.keys))
        assigned = "store_key = ?, signer = ?, size = ?, frontier = ?, newest = ?, chains = ?, heads = ?, mac = ?"
        database.execute(f"UPDATE log SET {assigned}", row)

    def rekeyed(self, new: Keys) -> "Seal":
        """The seal of the same database with *new* keys, which reads what was kept with those before, too."""
        return Seal(new, KeptHead(self.kept.path, new, (self.keys, *self.kept.older)))


def open_seal(database: Database, key_file: Path) -> Seal:
    """What vouches for *database*. Raises KeyFileError where its key is not in that file."""
    head, _ = _stored(database)
    found = read_keys(key_file)
    for keys in found:
        if (keys.origin, keys.store_id) == (head.origin, head.store_key) and head.signer.split("+")[1:2] == [keys.signer_id]:
            return Seal(keys, KeptHead.beside(key_file, keys, tuple(one for one in found if one != keys)))
    raise KeyFileError(
        f'"{key_file}" is the key of {found[0].origin}, and the database is {head.origin} with the key {head.store_key};'
        " put the right one there, or name it with SIGNOFF_KEY"
    )


def make_seal(database: Database, key_file: Path, check: Callable[[Seal], None]) -> Frontier | None:
    """Vouch for *database*, which is new, or from before there were keys, in the transaction that is open.

    *check* is called with the seal before anything is written outside the transaction, and raises where what is stored does
    not deserve it. Returns the head that is to be kept once that is durable; None where there is a seal. Raises LogInvalid
    where there is no log to seal, and KeyFileError where the key at that path belongs to another database, or to one that
    this is no more.
    """
    if database.execute("SELECT 1 FROM log"):
        return None
    found = key_file.exists()
    keys = read_keys(key_file)[0] if found else new_keys()
    seal = Seal(keys, KeptHead.beside(key_file, keys))
    try:
        head = _head_of(database, keys)
    except ValueError as error:  # no chain is as long as that
        raise LogInvalid(f'"{database.path}" is of an older version and was altered, so it gets no key: {error}') from error
    if found:
        _check_unused(database, key_file, seal.kept, head)
    row = (head.origin, head.store_key, head.signer, head.size, head.frontier.to_bytes(), head.newest, head.chains, head.heads)
    database.execute(f"INSERT INTO log (one, {COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, head.mac(keys)))
    check(seal)
    seal.kept.write(Frontier())  # before the key: so a key without it was used before
    seal.kept.flush()
    if not found:
        write_keys(key_file, keys)
    return head.frontier


def _check_unused(database: Database, key_file: Path, kept: KeptHead, head: LogHead) -> None:
    """Raises KeyFileError where the key in that file has vouched for a log before: it vouches for no other one.

    Else whoever takes the seal out of a file, and says that an older version made it, would have it sealed with the right key.
    """
    before = kept.read()
    if before is not None and before.size:
        raise KeyFileError(
            f'"{key_file}" is the key of a database whose log has {before.size} entries, and "{database.path}" is not it;'
            f' put that one back, or, to begin anew, move the key and "{kept.path}" away'
        )
    if before is None and head.size:
        raise KeyFileError(
            f'"{key_file}" has no head of the log in "{kept.path}" beside it, and "{database.path}" has a log and no seal; put'
            " what is missing back, or, where the key was never used, move it away"
        )


def _head_of(database: Database, keys: Keys) -> LogHead:
    """The head of the log as it is stored, whose chains get their places in the tree of heads."""
    heads, chains = EMPTY, database.execute("SELECT chain, length, head FROM chains ORDER BY chain")
    for place, (chain, length, head) in enumerate(chains):
        database.execute("UPDATE chains SET leaf = ? WHERE chain = ?", (place, chain))
        heads = put_head(database, place, head_leaf(chain, length, head), place + 1)
    return LogHead(
        origin=keys.origin,
        store_key=keys.store_id,
        signer=keys.public,
        frontier=Frontier().extend(_leaves(database, 0, None)),
        newest=_newest(database),
        chains=len(chains),
        heads=heads,
    )


def _newest(database: Database) -> str:
    """When the newest Entry was written; empty where there is none, or none that can be read, which verification tells."""
    for (body,) in database.execute("SELECT body FROM entries ORDER BY number DESC LIMIT 1"):
        with suppress(ValueError, KeyError):
            return str(parse(body)["at"])
    return ""


def _leaves(database: Database, after: int, upto: int | None) -> Sequence[bytes]:
    if after == upto:
        return ()
    rows = database.execute(
        "SELECT leaf FROM entries WHERE number > ? AND number <= coalesce(?, number) ORDER BY number", (after, upto)
    )
    return [leaf for (leaf,) in rows]


def _stored(database: Database) -> tuple[LogHead, bytes]:
    """The log's head as it is stored, and its seal. Raises LogInvalid where there is none that can be read."""
    try:
        ((origin, store_key, signer, size, frontier, newest, chains, heads, mac),) = database.execute(
            f"SELECT {COLUMNS} FROM log"
        )
        head = LogHead(
            origin=origin,
            store_key=store_key,
            signer=signer,
            frontier=Frontier.from_bytes(frontier),
            newest=newest,
            chains=chains,
            heads=heads,
        )
        if head.size != size:
            raise ValueError(f"{size} is not the size of its tree")
        if not 0 <= chains <= size:
            raise ValueError(f"{size} entries are not in {chains} chains")
    except (ValueError, TypeError) as error:
        raise LogInvalid(f"the log's head cannot be read ({error}): the file was altered; see `signoff audit verify`") from error
    return head, mac
