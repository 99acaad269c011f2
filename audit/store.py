"""The store: queue, approvals and audit log in one SQLite file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Self

from .database import Database, Migration
from .leases import BEATS, TERM, Heartbeat, Leases
from .locks import LOCK_TIMEOUT
from .reading import Reading
from .records import ActionRecord
from .writing import Writing


def system_clock() -> datetime:
    return datetime.now(UTC)


class Store:
    """An open store. One thread owns it; many processes may have the same file open."""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime], ids: Callable[[int], str], lease: float = TERM
    ) -> None:
        self._database = database
        self.leases = Leases(database.sibling(".run"), term=lease)
        self._ids = ids
        self.clock = clock
        self.path = database.path

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        migrations: Sequence[Migration] = (),
        clock: Callable[[], datetime] = system_clock,
        ids: Callable[[int], str] = token_hex,
        timeout: float = LOCK_TIMEOUT,
        lease: float = TERM,
    ) -> Self:
        """Open the file at *path*, and make or migrate it where needed.

        *ids* gives that many random bytes in hexadecimal; *timeout* is how long to wait for others, and *lease* for how long
        nobody takes over what is executed here though no heartbeat came, in seconds.
        Raises UsageError where there is no file and *create* is false, DatabaseError where it cannot be used, Busy where
        another process holds it.
        """
        database = Database(path, create=create, timeout=timeout)
        try:
            database.migrate(migrations)
        except BaseException:
            database.close()
            raise
        return cls(database, clock=clock, ids=ids, lease=lease)

    def close(self) -> None:
        self.leases.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """Read one consistent state."""
        with self._database.reading():
            yield Reading(self._database)

    @contextmanager
    def write(self) -> Iterator[Writing]:
        """One transaction: all of it is durable when the block ends, or none of it where it raises."""
        with ExitStack() as undone:
            with self._database.writing():
                tx = Writing(self._database, now=self.clock(), ids=self._ids)
                undone.push(tx.undone)
                try:
                    yield tx
                except BaseException:
                    tx.undone.close()  # while nobody else can write: whoever writes next may want what it held
                    raise
            tx.undone.pop_all()
        for then in tx.after_commit:
            then()

    def beating(self, action: ActionRecord) -> Heartbeat:
        """Keep the lease of *action* while a block lasts, by a connection of its own."""
        return Heartbeat(lambda: self._renew(action), self.leases.term / BEATS)

    def _renew(self, action: ActionRecord) -> bool:
        database = Database(self.path, create=False, timeout=self._database.timeout)
        try:
            with database.writing():
                return Writing(database, now=self.clock(), ids=self._ids).renew(action, self.leases.term)
        finally:
            database.close()
