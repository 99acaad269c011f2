"""The one place that imports SQLite: how the file is opened, locked, migrated, and lent to an action.

If the standard `sqlite3` opened and closed a file that this module has open in the same process, SQLite's locks on it
would be dropped. So nothing else imports an SQLite library, and a test that tampers does it from another process.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from stat import S_ISREG
from typing import Any, Protocol

from signoff.errors import Busy, DatabaseError, OutcomeUnknown, SignoffError, TransactionLost, UsageError

from .locks import LOCK_TIMEOUT, locked, lower
from .remembered import Remembered

try:  # the wheel carries a newer SQLite than most systems have
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite  # type: ignore[no-redef]  # the same interface, for systems that have no wheel

APPLICATION_ID = 0x5369676E  # "Sign", in the file's header
SCHEMA = (
    ("signoff.1", "schema.sql"),
    ("signoff.2", "counters.sql"),
    ("signoff.3", "routes.sql"),
    ("signoff.4", "keys.sql"),
    ("signoff.5", "approvals.sql"),
    ("signoff.6", "leases.sql"),
    ("signoff.7", "reminders.sql"),
    ("signoff.8", "secrets.sql"),
    ("signoff.9", "waiting.sql"),
    ("signoff.11", "conversations.sql"),
)
OWN_TABLES = frozenset(
    {
        *("policies", "plans", "actions", "edits", "approvals", "votes", "counted", "secret_fields"),
        *("conversations", "messages"),
        *("entries", "chains", "log", "heads"),
    }
)
_START_AGAIN = "start again, and look at what is there"
MAX_DAMAGES = 20  # that are told
MAX_NAME = 40  # characters of a migration's name that are shown
CACHED = 512  # statements that stay prepared; a plan's life takes more than the usual 128
SAFE_WAL = (3, 51, 3)  # before it, a checkpoint by another process could corrupt a WAL file

Row = tuple[Any, ...]

_ALLOWED = frozenset({sqlite.SQLITE_SELECT, sqlite.SQLITE_RECURSIVE, sqlite.SQLITE_FUNCTION})
_READS = frozenset({sqlite.SQLITE_READ})
_ALLOWED_ON_TABLES = {False: _READS, True: _READS | {sqlite.SQLITE_INSERT, sqlite.SQLITE_UPDATE, sqlite.SQLITE_DELETE}}
# Statements are authorised when they are prepared, and kept by their text: so that none that was prepared with more
# rights is used again, an action's statements have texts of their own.
_PREFIXES = {False: "/* lent for reading */ ", True: "/* lent for writing */ "}


class Migration(Protocol):
    """A numbered step of a schema: its name, and its statements."""

    @property
    def name(self) -> str: ...
    @property
    def sql(self) -> str: ...


class Database:
    """An open connection. One thread owns it."""

    def __init__(
        self,
        path: Path,
        *,
        create: bool,
        timeout: float = LOCK_TIMEOUT,
        version: tuple[int, int, int] = sqlite.sqlite_version_info,
    ) -> None:
        """Open the file at *path*, or make it where *create* says so. *timeout* is how long to wait for others, in seconds.

        Raises UsageError where there is none, and DatabaseError where it cannot be used.
        """
        self.path = path.resolve()
        self._lock = self.sibling(".lock")
        self._shown = str(path)  # as errors name it
        self.timeout = timeout
        self.remembered = Remembered()
        self._checked: int | None = None  # at which version of the file it was seen that no newer one of us has migrated it
        self._at: int | None = None  # its version in the transaction that is open, once that is known
        self._lending: frozenset[int] | None = None  # what an action's code may do to tables, while the transaction is lent
        self._unknown: str | None = None  # why nobody knows what the last commit came to
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
            raise _translate(error, self._shown) from error
        return rows

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Several statements that see one and the same state. Raises DatabaseError where the file is not at its path any more."""
        self._check_free()
        self._check_file()
        self.execute("BEGIN")
        try:
            yield
        finally:
            self._at = None
            self._roll_back()

    @contextmanager
    def writing(self, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """A transaction that is durable when the block ends, or did not happen when it raises.

        *then* is called once it is durable, before anybody else may write.

        Raises Busy where another process writes for too long, and DatabaseError where the file is not at its path any
        more, or a newer version has migrated it. Raises OutcomeUnknown where the commit itself fails; then this connection is
        closed, and never used again.
        """
        self._check_free()
        with self._locked_for_writing():
            self._check_file()
            self.execute("BEGIN IMMEDIATE")
            try:
                self._check_version()
                yield
                self._commit()
            except BaseException:
                self.remembered.forget()  # it may be of what did not happen
                self._roll_back()
                raise
            finally:
                self._at = None
            then()

    @contextmanager
    def lent(self, *, writing: bool) -> Iterator["Lent"]:
        """The transaction that is open now, lent to an action's code.

        It may use every table but Signoff's own, reading only unless *writing*; it cannot end the transaction. What it
        wrote is undone where the block raises. Raises TransactionLost where the code made SQLite roll the whole
        transaction back, and DatabaseError where the disk failed under the code, whatever it made of that.
        """
        lent = Lent(self._connection, prefix=_PREFIXES[writing])
        self.execute("SAVEPOINT lent")
        self._lending = _ALLOWED_ON_TABLES[writing]
        kept = False
        try:
            yield lent
            kept = True
        finally:
            lent.end()
            self._lending = None
            if lent.failure is not None:
                raise _translate(lent.failure, self._shown) from lent.failure
            if not self._connection.in_transaction:  # INSERT OR ROLLBACK, or a trigger's RAISE(ROLLBACK)
                raise TransactionLost("an action's code rolled the whole transaction back; nothing of it was recorded")
            if not kept:
                self.execute("ROLLBACK TO lent")
            self.execute("RELEASE lent")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that is open now, which is undone alone where the block raises.

        Raises TransactionLost where nothing is left of the transaction then.
        """
        self.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException as error:
            self.remembered.forget()  # it may be of what did not happen
            if not self._connection.in_transaction:
                raise _lost(error) from error
            self.execute("ROLLBACK TO attempt")
            self.execute("RELEASE attempt")
            raise
        self.execute("RELEASE attempt")

    def migrate(self, migrations: Sequence[Migration], then: Callable[[], None] = lambda: None) -> None:
        """Bring the schema up to date: Signoff's own tables, then what *migrations* say. Each step runs once.

        *then* is called in the same transaction, where any of them ran.

        Raises DatabaseError where the file was made by a newer version.
        """
        applied = self._applied()
        self._refuse_newer(applied)
        wanted = {("signoff", name) for name, _ in SCHEMA} | {("actions", step.name) for step in migrations}
        if wanted - applied:
            self._apply(migrations, then)

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

    def version(self) -> int:
        """A number that changes when another connection has changed the file; never while a transaction is open."""
        if self._at is not None:
            return self._at
        ((version,),) = self.execute("PRAGMA data_version")
        if self._connection.in_transaction:
            self._at = int(version)
        return int(version)

    def is_as_remembered(self) -> bool:
        """Whether no other connection has changed the file since what is remembered of it was so. Raises as `reading` does."""
        self._check_free()
        self._check_file()
        return self.version() == self.remembered.version

    def schema_problems(self) -> list[str]:
        """How Signoff's own tables differ from how they were made: a trigger, a view in a table's place, a lost constraint."""
        rows = self.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
        found = {row for row in rows if OWN_TABLES & {row[1].lower(), row[2].lower()}}
        return [
            f"the {kind} {name} on Signoff's table {table} is not as Signoff makes it"
            for kind, name, table, _ in sorted(found ^ _own_schema(), key=str)
        ]

    def damages(self) -> list[str]:
        """What SQLite finds wrong with the file, at most MAX_DAMAGES of it: above all an index that lies about its table."""
        found = self.execute(f"PRAGMA integrity_check({MAX_DAMAGES})")
        return (
            [] if found == [("ok",)] else [f"the database file is damaged, or an index was altered: {told}" for (told,) in found]
        )

    def _commit(self) -> None:
        """End the transaction, durably.

        After an error nothing is tried again here: the system may have dropped what a flush failed for, and a second one that
        succeeds would say nothing of it. SQLite takes a connection's failed commit back when it is closed.
        """
        try:
            self.execute("COMMIT")
        except Busy:  # others read a file with a rollback journal: nothing was written yet
            raise
        except SignoffError as error:
            self._unknown = str(error)
            self._connection.close()
            raise OutcomeUnknown(f"nobody knows whether the last change was stored: {error}; {_START_AGAIN}") from error

    def _roll_back(self) -> None:
        """Undo the transaction, where SQLite has not done so by itself."""
        if self._unknown is None and self._connection.in_transaction:
            self.execute("ROLLBACK")

    def _authorize(self, operation: int, table: str | None, function: str | None, *_: object) -> int:
        """SQLite asks this when it prepares a statement: everything is allowed but while the transaction is lent."""
        if self._lending is None:
            return sqlite.SQLITE_OK
        if operation in _ALLOWED:
            return sqlite.SQLITE_DENY if function == "load_extension" else sqlite.SQLITE_OK
        own = table is None or table in OWN_TABLES or table.startswith(("sqlite_", "_sqlite_"))
        return sqlite.SQLITE_OK if operation in self._lending and not own else sqlite.SQLITE_DENY

    def _configure(self, version: tuple[int, int, int], *, create: bool) -> None:
        # EXTRA is FULL, and flushes the folder when a rollback journal is removed: else a power cut brings that back, and undoes
        # what was committed.
        checks = ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
        for setting in (*checks, "synchronous = EXTRA", "secure_delete = ON"):
            self.execute(f"PRAGMA {setting}")
        self._connection.set_authorizer(self._authorize)
        tables = self._has_tables()  # first: another process may be making the file
        ((identity,),) = self.execute("PRAGMA application_id")
        if identity != APPLICATION_ID and tables:
            raise DatabaseError(f'"{self._shown}" is a database of another program; name another file with --db')
        # The name stands in the file's header from the very commit on that makes the tables: so they are counted anew.
        if not create and (identity != APPLICATION_ID or not self._has_tables()):
            raise DatabaseError(f'"{self._shown}" is empty; `signoff run` makes it a database, --db names another')
        is_wal = self.execute("PRAGMA journal_mode") == [("wal",)]
        if version >= SAFE_WAL and not is_wal:
            with self._locked_for_writing():  # SQLite does not wait here: of two that change it, one would fail
                self.execute("PRAGMA journal_mode = WAL")
        elif version < SAFE_WAL and is_wal:
            raise DatabaseError(
                f'"{self._shown}" is in WAL mode, which SQLite {".".join(map(str, version))} can corrupt; '
                "install pysqlite3, or SQLite 3.51.3 or newer"
            )

    def _refuse_newer(self, applied: set[tuple[str, str]]) -> None:
        newer = [str(name) for group, name in applied if group == "signoff" and name not in dict(SCHEMA)]
        if newer:
            newest = max(newer, key=lambda name: (len(name), name))[:MAX_NAME]  # signoff.10 comes after signoff.9
            raise DatabaseError(f'"{self._shown}" was made by a newer version of Signoff ({newest}); install that one')

    def _check_version(self) -> None:
        """Raises DatabaseError where a newer version has migrated the file since: it may hold what we would break."""
        version = self.version()
        if version != self._checked:
            self._refuse_newer(self._applied())
            self._checked = version

    def _has_tables(self) -> bool:
        return bool(self.execute("SELECT 1 FROM sqlite_master LIMIT 1"))

    def _applied(self) -> set[tuple[str, str]]:
        if not self.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"):
            return set()
        return {(group, name) for group, name in self.execute("SELECT migration_set, name FROM _sqlite_migrations")}

    def _apply(self, migrations: Sequence[Migration], then: Callable[[], None]) -> None:
        import sqlite_utils  # 80 ms, and only a new or older file needs it

        with self.writing(), self._translated():
            database = sqlite_utils.Database(self._connection, execute_plugins=False)
            self.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for group, steps in (("signoff", _own_steps()), ("actions", [(step.name, step.sql) for step in migrations])):
                pending = sqlite_utils.Migrations(group)
                for name, sql in steps:
                    pending(name=name)(_Script(self, sql))
                pending.apply(database)
            then()

    def _check_free(self) -> None:
        """Raises UsageError inside a transaction of this very connection: it would wait for itself."""
        if self._unknown is None and self._connection.in_transaction:
            raise UsageError(f'a transaction of "{self._shown}" is open already; do it in that one')

    def _check_file(self) -> None:
        """Raises DatabaseError where others would not see what is written: they open what is at the path now.

        Raises OutcomeUnknown where an earlier commit failed.
        """
        if self._unknown is not None:
            raise OutcomeUnknown(f"an earlier change may not have been stored: {self._unknown}; {_START_AGAIN}")
        if _identity(self.path) != self._file:
            raise DatabaseError(f'"{self._shown}" was removed or replaced while it was open; start again')

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
            raise _translate(error, self._shown) from error


class Lent:
    """What an action's code is given: the open transaction, for as long as it is lent."""

    def __init__(self, connection: "sqlite.Connection", *, prefix: str) -> None:
        self._connection: sqlite.Connection | None = connection
        self._prefix = prefix
        self.failure: sqlite.DatabaseError | None = None  # of the file, not of the code

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all its rows. Raises TypeError once the action has ended."""
        if self._connection is None:
            raise TypeError("the transaction was lent to an action that has ended")
        if type(sql) is not str:  # another kind of text could do away with the prefix
            raise TypeError("a statement is a str")
        try:
            rows: list[Row] = self._connection.execute(self._prefix + sql, parameters).fetchall()
        except sqlite.DatabaseError as error:
            if _code_of(error) in _UNUSABLE:
                self.failure = error
            raise
        return rows

    def end(self) -> None:
        """Take the transaction back."""
        self._connection = None


class _Script:
    """The statements of one migration, as the function that sqlite-utils calls."""

    __name__ = "script"

    def __init__(self, database: Database, sql: str) -> None:
        self._database = database
        self._sql = sql

    def __call__(self, _: object) -> None:
        for statement in split_statements(self._sql):
            self._database.execute(statement)


@cache
def _own_schema() -> frozenset[Row]:
    """What `sqlite_master` holds of Signoff's own tables in a new file."""
    connection = sqlite.connect(":memory:")
    for _, sql in _own_steps():
        connection.executescript(sql)
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    connection.close()
    return frozenset(rows)


def _own_steps() -> list[tuple[str, str]]:
    folder = resources.files(__package__)
    return [(name, (folder / file).read_text(encoding="utf-8")) for name, file in SCHEMA]


def split_statements(sql: str) -> Iterator[str]:
    """The statements of *sql*, one after the other; a trigger's body stays whole."""
    statement = ""
    *ended, rest = sql.split(";")
    for part in ended:
        statement += part + ";"
        if sqlite.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + rest).strip():
        raise ValueError(f"a migration's last statement does not end: {(statement + rest).strip()[:60]}")


def _lost(error: BaseException) -> BaseException:
    """What is told where *error* took the whole transaction with it."""
    if isinstance(error, TransactionLost | DatabaseError):
        return error
    return TransactionLost(f"the whole transaction was rolled back, nothing of it was recorded: {error}")


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


def _code_of(error: sqlite.DatabaseError) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


# What is wrong with a file that cannot be used, and what to do.
_UNUSABLE = {
    sqlite.SQLITE_NOTADB: "is not a database; name another file with --db",
    sqlite.SQLITE_CORRUPT: "is damaged; restore a backup",
    sqlite.SQLITE_READONLY: "is read-only; make it and its folder writable",
    sqlite.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and is writable",
    sqlite.SQLITE_FULL: "cannot grow: the disk is full; make room",
    sqlite.SQLITE_IOERR: "cannot be read or written ({error}); check the disk",
}


def _translate(error: sqlite.DatabaseError, shown: str) -> Exception:
    code = _code_of(error)
    if code in (sqlite.SQLITE_BUSY, sqlite.SQLITE_LOCKED):
        return Busy(f'"{shown}" is locked by another program; try again when it has finished')
    if code in _UNUSABLE:
        return DatabaseError(f'"{shown}" {_UNUSABLE[code].format(error=error)}')
    # a table or column that is not there, text that is not UTF-8, a row where none can be
    if isinstance(error, sqlite.OperationalError | sqlite.IntegrityError):
        return DatabaseError(f'"{shown}" is not as Signoff made it ({error}); see `signoff audit verify`')
    return error
