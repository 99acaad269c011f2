"""The open transaction, lent to an action's code: what that may do with it, and for how long."""

from collections.abc import Sequence

from .schema import OWN_TABLES
from .sqlite import Row, is_of_the_file, sqlite

_ALLOWED = frozenset({sqlite.SQLITE_SELECT, sqlite.SQLITE_RECURSIVE, sqlite.SQLITE_FUNCTION})
_READS = frozenset({sqlite.SQLITE_READ})
_ALLOWED_ON_TABLES = {False: _READS, True: _READS | {sqlite.SQLITE_INSERT, sqlite.SQLITE_UPDATE, sqlite.SQLITE_DELETE}}
# Statements are authorised when they are prepared, and kept by their text: so that none that was prepared with more
# rights is used again, an action's statements have texts of their own.
_PREFIXES = {False: "/* lent for reading */ ", True: "/* lent for writing */ "}


class Authorizer:
    """What may be done with the tables: anything, but while the transaction is lent."""

    def __init__(self) -> None:
        self._lending: frozenset[int] | None = None  # what an action's code may do to tables, while the transaction is lent

    def lend(self, *, writing: bool) -> None:
        """From now on it is an action's code that asks: it may read, and change what is not ours where it is *writing*."""
        self._lending = _ALLOWED_ON_TABLES[writing]

    def end(self) -> None:
        """From now on it is we who ask."""
        self._lending = None

    def authorize(self, operation: int, table: str | None, function: str | None, *_: object) -> int:
        """SQLite asks this when it prepares a statement: everything is allowed but while the transaction is lent."""
        if self._lending is None:
            return sqlite.SQLITE_OK
        if operation in _ALLOWED:
            return sqlite.SQLITE_DENY if function == "load_extension" else sqlite.SQLITE_OK
        own = table is None or table in OWN_TABLES or table.startswith(("sqlite_", "_sqlite_"))
        return sqlite.SQLITE_OK if operation in self._lending and not own else sqlite.SQLITE_DENY


class Lent:
    """What an action's code is given: the open transaction, for as long as it is lent."""

    def __init__(self, connection: sqlite.Connection, *, writing: bool) -> None:
        self._connection: sqlite.Connection | None = connection
        self._prefix = _PREFIXES[writing]
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
            if is_of_the_file(error):
                self.failure = error
            raise
        return rows

    def end(self) -> None:
        """Take the transaction back."""
        self._connection = None
