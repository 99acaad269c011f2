"""The store: queue, approvals and audit log in one SQLite file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Self

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import LogInvalid, UsageError

from .database import Database
from .keys import Keys
from .leases import BEATS, TERM, Heart, Leases
from .locks import LOCK_TIMEOUT
from .reading import Reading
from .records import ActionRecord
from .rotation import ROTATED
from .schema import Migration
from .sealing import Seal, make_seal, open_seal
from .tree import Frontier
from .writing import Writing


def system_clock() -> datetime:
    return datetime.now(UTC)


class Store:
    """An open store. One thread owns it; many processes may have the same file open."""

    def __init__(
        self,
        database: Database,
        seal: Seal,
        *,
        key: Path,
        clock: Callable[[], datetime],
        ids: Callable[[int], str],
        lease: float = TERM,
    ) -> None:
        self._database = database
        self._seal = seal
        # Beside the key: where it is not beside the database, whoever can write there cannot take it away below who executes.
        self.leases = Leases(key.resolve().with_suffix(".run"), term=lease)
        self._heart = Heart(lease / BEATS)
        self._ids = ids
        self.clock = clock
        self.path = database.path

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        key: Path | None = None,
        migrations: Sequence[Migration] = (),
        clock: Callable[[], datetime] = system_clock,
        ids: Callable[[int], str] = token_hex,
        timeout: float = LOCK_TIMEOUT,
        lease: float = TERM,
    ) -> Self:
        """Open the file at *path*, and make or migrate it where needed.

        *key* is the path of its key file (None: the same, with `.key` at its end), which is made together with the
        database; *ids* gives that many random bytes in hexadecimal; *timeout* is how long to wait for others, and *lease* for
        how long nobody takes over what is executed here though no heartbeat came, in seconds.
        Raises UsageError where there is no file and *create* is false, DatabaseError where it cannot be used, KeyFileError
        where the key cannot, LogInvalid where another key seals it, or where it is from before there were keys and does not
        verify, Busy where another process holds it.
        """
        key_file = key or path.with_name(f"{path.name}.key")
        database = Database(path, create=create, timeout=timeout)
        sealed: list[Frontier | None] = []
        try:
            check = partial(_check_unsealed, database)
            database.migrate(migrations, then=lambda: sealed.append(make_seal(database, key_file, check)))
            seal = open_seal(database, key_file)
            for frontier in filter(None, sealed):  # an older file is not put back from now on, though nothing is added yet
                seal.kept.write(frontier)
        except BaseException:
            database.close()
            raise
        return cls(database, seal, key=key_file, clock=clock, ids=ids, lease=lease)

    @property
    def keys(self) -> Keys:
        """The keys of this database."""
        return self._seal.keys

    def close(self) -> None:
        self._heart.close()
        self.leases.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """Read one consistent state."""
        kept = self._seal.kept.read()
        with self._database.reading():
            yield Reading(self._database, self._seal, kept)

    @contextmanager
    def write(self) -> Iterator[Writing]:
        """One transaction: all of it is durable when the block ends, or none of it where it raises.

        Raises LogInvalid, too, where a copy of the database was written at the same time.
        """
        wrote: list[Writing] = []
        with ExitStack() as undone:
            with self._database.writing(then=lambda: wrote[0].committed()):
                kept = self._seal.kept.read()  # while nobody else may write: what was kept before may be less by now
                tx = Writing(self._database, self._seal, kept, now=self.clock(), ids=self._ids)
                wrote.append(tx)
                undone.push(tx.undone)
                try:
                    yield tx
                    tx.seal()
                except BaseException:
                    tx.undone.close()  # while nobody else can write: whoever writes next may want what it held
                    raise
            tx.undone.pop_all()

    def accept(self, actor: Actor, reason: str) -> None:
        """Take this database for the newest, though it does not go on from the head that was kept: a backup was put back.

        It is recorded, with who says so. Raises UsageError where it does go on from it, LogInvalid where nobody vouches for it.
        """
        kept = self._seal.kept.read()
        wrote: list[Writing] = []
        with self._database.writing(then=lambda: self._seal.kept.reset(wrote[0].end())):
            tx = Writing(self._database, self._seal, Frontier(), now=self.clock(), ids=self._ids)
            if kept is not None and self._seal.goes_on(self._database, kept, tx.end()):
                raise UsageError("the database goes on from the head that was kept: there is nothing to accept")
            wrote.append(tx)
            told: dict[str, Json] = {"kept": None if kept is None else kept.size, "entries": tx.end().size, "reason": reason}
            tx.log("accepted", actor, told)
            tx.seal()

    def rekey(self, new: Keys, actor: Actor, told: Mapping[str, Json]) -> None:
        """Put *new* keys in the place of the database's, and record it in the same transaction with what is *told*."""
        seal = self._seal.rekeyed(new)
        with self.write() as tx:
            tx.log(ROTATED, actor, told)
            tx.rekey(seal)
        self._seal = seal

    def keep_head(self) -> None:
        """Keep the head of the log with the keys in force, durably: after that, those before are not needed any more."""
        kept = self._seal.kept.read()
        with self._database.writing():
            self._seal.kept.write(self._seal.read(self._database, kept).frontier, durably=True)

    def holds(self, action: ActionRecord) -> bool:
        """Whether the lease of *action* is still the one that it has here: one look, where nobody else has written since."""
        known = self._database.remembered.plans.get(action.plan)
        if known is not None and self._database.is_as_remembered():
            return known.action(action.number).lease == action.lease
        with self.read() as reading:
            return reading.holds(action)

    def beating(self, action: ActionRecord) -> AbstractContextManager[None]:
        """Keep the lease of *action* while a block lasts, by a connection of its own."""
        return self._heart.beating(lambda: self._renew(action))

    def _renew(self, action: ActionRecord) -> bool:
        kept = self._seal.kept.read()
        database = Database(self.path, create=False, timeout=self._database.timeout)
        try:
            with database.writing():
                tx = Writing(database, self._seal, kept, now=self.clock(), ids=self._ids)
                return tx.renew(action, self.leases.term)
        finally:
            database.close()


def _check_unsealed(database: Database, seal: Seal) -> None:
    """Raises LogInvalid where a file that nothing vouched for until now does not verify: it is not sealed as it is."""
    from .verify import verify_store  # only a new or older file needs it

    problems = verify_store(Reading(database, seal, Frontier())).problems
    if problems:
        raise LogInvalid(
            f'"{database.path}" is of an older version and was altered, so it gets no key, and nothing in it was changed:'
            f" {problems[0]} (problem 1 of {len(problems)}); put a backup back, or look at it with the version that made it"
        )
