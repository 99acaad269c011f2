"""The database file: how it is opened and set up, and the one way in which statements are run on it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from stat import S_ISREG

from signoff.errors import Busy, DatabaseError, UsageError

from .lending import Authorizer
from .locks import locked, lower
from .schema import APPLICATION_ID
from .sqlite import Row, sqlite, translate

MAX_DAMAGES = 20  # that are told
CACHED = 512  # statements that stay prepared; a plan's life takes more than the usual 128
SAFE_WAL = (3, 51, 3)  # before it, a checkpoint by another process could corrupt a WAL file


class Connection:
    """An open connection. One thread owns it."""

    def __init__(self, path: Path, *, create: bool, timeout: float, version: tuple[int, int, int]) -> None:
        """Open the file at *path*, or make it where *create* says so.

        *timeout* is how long to wait for others, in seconds; *version* is that of SQLite.

        Raises UsageError where there is none, and DatabaseError where it cannot be used.
        """
        self.path = path.resolve()
        self._lock = self.sibling(".lock")
        self._shown = str(path)  # as errors name it
        self.timeout = timeout
        self._authorizer = Authorizer()
        found = _stat(self.path)
        if not create and found is None:
            raise UsageError(f'there is no database at "{path}"; `signoff run` makes one, --db names another')
        if found is not None and not S_ISREG(found.st_mode):
            raise DatabaseError(f'"{path}" is no regular file; name a database file with --db')
        with self._translated():
            self._connection = sqlite.connect(
                f"{self.path.as_uri()}?mode={'rwc' if create else 'rw'}",
                uri=True,
                isolation_level=None,
                timeout=timeout,
                cached_statements=CACHED,
            )
        try:
            with self._translated():
                self._configure(version, create=create)
            self._file = _identity(self.path)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all its rows."""
        try:  # as `_translated` does, which takes as long as a short statement
            rows: list[Row] = self._connection.execute(sql, parameters).fetchall()
        except sqlite.DatabaseError as error:
            raise translate(error, self._shown) from error
        return rows

    def empty_wal(self) -> None:
        """Write what the write-ahead log holds into the file, and cut it off: what was deleted is not left in it.

        Where somebody reads an older state just then, a later checkpoint does it: at the latest when the file is closed.
        """
        ((wait,),) = self.execute("PRAGMA busy_timeout")
        self.execute("PRAGMA busy_timeout = 0")
        try:
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (Busy, DatabaseError):
            pass  # what was deleted stays deleted
        finally:
            self.execute(f"PRAGMA busy_timeout = {wait}")

    def damages(self) -> list[str]:
        """What SQLite finds wrong with the file, at most MAX_DAMAGES of it: above all an index that lies about its table."""
        found = self.execute(f"PRAGMA integrity_check({MAX_DAMAGES})")
        return (
            [] if found == [("ok",)] else [f"the database file is damaged, or an index was altered: {told}" for (told,) in found]
        )

    def _check_path(self) -> None:
        """Raises DatabaseError where others would not see what is written: they open what is at the path now."""
        if _identity(self.path) != self._file:
            raise DatabaseError(f'"{self._shown}" was removed or replaced while it was open; start again')

    def _configure(self, version: tuple[int, int, int], *, create: bool) -> None:
        # EXTRA is FULL, and flushes the folder when a rollback journal is removed: else a power cut brings that back, and undoes
        # what was committed.
        checks = ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
        for setting in (*checks, "synchronous = EXTRA", "secure_delete = ON"):
            self.execute(f"PRAGMA {setting}")
        self._connection.set_authorizer(self._authorizer.authorize)
        tables = self._has_tables()  # first: another process may be making the file
        ((identity,),) = self.execute("PRAGMA application_id")
        if identity != APPLICATION_ID and tables:
            raise DatabaseError(f'"{self._shown}" is a database of another program; name another file with --db')
        # The name stands in the file's header from the very commit on that makes the tables: so they are counted anew.
        if not create and (identity != APPLICATION_ID or not self._has_tables()):
            raise DatabaseError(f'"{self._shown}" is empty; `signoff run` makes it a database, --db names another')
        self._set_journal(version)

    def _set_journal(self, version: tuple[int, int, int]) -> None:
        """Give the file a write-ahead log, where SQLite is safe with one. Raises DatabaseError where it has one and is not."""
        is_wal = self.execute("PRAGMA journal_mode") == [("wal",)]
        if version >= SAFE_WAL and not is_wal:
            with self._locked_for_writing():  # SQLite does not wait here: of two that change it, one would fail
                self.execute("PRAGMA journal_mode = WAL")
        elif version < SAFE_WAL and is_wal:
            raise DatabaseError(
                f'"{self._shown}" is in WAL mode, which SQLite {".".join(map(str, version))} can corrupt; '
                "install pysqlite3, or SQLite 3.51.3 or newer"
            )

    def _has_tables(self) -> bool:
        return bool(self.execute("SELECT 1 FROM sqlite_master LIMIT 1"))

    def _locked_for_writing(self) -> AbstractContextManager[None]:
        return locked(self._lock, f'another process writes to "{self._shown}"; try again', self.timeout)

    def sibling(self, suffix: str) -> Path:
        """The file beside the database whose name goes on with *suffix*."""
        return self.path.with_name(self.path.name + suffix)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as ours, with the remedy."""
        try:
            yield
        except sqlite.DatabaseError as error:
            raise translate(error, self._shown) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells one file from another at the same path; None where there is none. Raises DatabaseError."""
    found = _stat(path)
    return None if found is None else (found.st_dev, found.st_ino)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DatabaseError(f'"{path}" cannot be looked up ({lower(error.strerror)}); check the disk') from error
