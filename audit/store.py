"""The store: queue, approvals and audit log in one SQLite file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Self

from .database import Database, Migration
from .locks import LOCK_TIMEOUT
from .reading import Reading
from .writing import Writing


def system_clock() -> datetime:
    return datetime.now(UTC)


class Store:
    """An open store. One thread owns it; many processes may have the same file open."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], ids: Callable[[int], str]) -> None:
        self._database = database
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
    ) -> Self:
        """Open the file at *path*, and make or migrate it where needed.

        *ids* gives that many random bytes in hexadecimal; *timeout* is how long to wait for others, in seconds.
        Raises UsageError where there is no file and *create* is false, DatabaseError where it cannot be used, Busy where
        another process holds it.
        """
        database = Database(path, create=create, timeout=timeout)
        try:
            database.migrate(migrations)
        except BaseException:
            database.close()
            raise
        return cls(database, clock=clock, ids=ids)

    def close(self) -> None:
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
        with self._database.writing():
            tx = Writing(self._database, now=self.clock(), ids=self._ids)
            yield tx
        for then in tx.after_commit:
            then()

    def executing(self, timeout: float | None = None) -> AbstractContextManager[None]:
        """Be the one process that executes actions. Raises Busy where another one is for too long; None: as when opened."""
        return self._database.executing(timeout)
