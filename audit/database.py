"""The open database: its transactions, what is lent of them to actions, and how older files are brought up to date."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from signoff.errors import Busy, DatabaseError, OutcomeUnknown, SignoffError, TransactionLost, UsageError

from .connection import Connection
from .lending import Lent
from .locks import LOCK_TIMEOUT
from .remembered import Remembered
from .schema import APPLICATION_ID, Migration, Script, differences, newest_unknown, own_steps, wanted_steps
from .sqlite import sqlite, translate

_START_AGAIN = "start again, and look at what is there"


class Database(Connection):
    """An open connection with its transactions. One thread owns it."""

    def __init__(
        self,
        path: Path,
        *,
        create: bool,
        timeout: float = LOCK_TIMEOUT,
        version: tuple[int, int, int] = sqlite.sqlite_version_info,
    ) -> None:
        """Open the file as a `Connection` does, and raise what that raises."""
        self.remembered = Remembered()
        self._checked: int | None = None  # at which version of the file it was seen that no newer one of us has migrated it
        self._at: int | None = None  # its version in the transaction that is open, once that is known
        self._unknown: str | None = None  # why nobody knows what the last commit came to
        super().__init__(path, create=create, timeout=timeout, version=version)

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
    def lent(self, *, writing: bool) -> Iterator[Lent]:
        """The transaction that is open now, lent to an action's code.

        It may use every table but Signoff's own, reading only unless *writing*; it cannot end the transaction. What it
        wrote is undone where the block raises. Raises TransactionLost where the code made SQLite roll the whole
        transaction back, and DatabaseError where the disk failed under the code, whatever it made of that.
        """
        lent = Lent(self._connection, writing=writing)
        self.execute("SAVEPOINT lent")
        self._authorizer.lend(writing=writing)
        kept = False
        try:
            yield lent
            kept = True
        finally:
            lent.end()
            self._authorizer.end()
            if lent.failure is not None:
                raise translate(lent.failure, self._shown) from lent.failure
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
        if wanted_steps(migrations) - applied:
            self._apply(migrations, then)

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
        return differences(self.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))

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

    def _refuse_newer(self, applied: set[tuple[str, str]]) -> None:
        if newest := newest_unknown(applied):
            raise DatabaseError(f'"{self._shown}" was made by a newer version of Signoff ({newest}); install that one')

    def _check_version(self) -> None:
        """Raises DatabaseError where a newer version has migrated the file since: it may hold what we would break."""
        version = self.version()
        if version != self._checked:
            self._refuse_newer(self._applied())
            self._checked = version

    def _applied(self) -> set[tuple[str, str]]:
        if not self.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"):
            return set()
        return {(group, name) for group, name in self.execute("SELECT migration_set, name FROM _sqlite_migrations")}

    def _apply(self, migrations: Sequence[Migration], then: Callable[[], None]) -> None:
        import sqlite_utils  # 80 ms, and only a new or older file needs it

        with self.writing(), self._translated():
            database = sqlite_utils.Database(self._connection, execute_plugins=False)
            self.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            for group, steps in (("signoff", own_steps()), ("actions", [(step.name, step.sql) for step in migrations])):
                pending = sqlite_utils.Migrations(group)
                for name, sql in steps:
                    pending(name=name)(Script(self.execute, sql))
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
        self._check_path()


def _lost(error: BaseException) -> BaseException:
    """What is told where *error* took the whole transaction with it."""
    if isinstance(error, TransactionLost | DatabaseError):
        return error
    return TransactionLost(f"the whole transaction was rolled back, nothing of it was recorded: {error}")
