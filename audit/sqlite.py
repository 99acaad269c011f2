"""The one place that imports SQLite, and what its errors mean.

If the standard `sqlite3` opened and closed a file that the store has open in the same process, SQLite's locks on it would
be dropped. So nothing else imports an SQLite library, and a test that tampers does it from another process.
"""

from typing import Any

from signoff.errors import Busy, DatabaseError

try:  # the wheel carries a newer SQLite than most systems have
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite  # type: ignore[no-redef]  # the same interface, for systems that have no wheel

__all__ = ["Row", "is_of_the_file", "sqlite", "translate"]

Row = tuple[Any, ...]


def _code_of(error: sqlite.DatabaseError) -> int:
    """SQLite's primary result code."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


# What is wrong with a file that cannot be used, and what to do.
_OF_THE_FILE = {
    sqlite.SQLITE_NOTADB: "is not a database; name another file with --db",
    sqlite.SQLITE_CORRUPT: "is damaged; restore a backup",
    sqlite.SQLITE_READONLY: "is read-only; make it and its folder writable",
    sqlite.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and is writable",
    sqlite.SQLITE_FULL: "cannot grow: the disk is full; make room",
    sqlite.SQLITE_PROTOCOL: "cannot be locked ({error}); try again, on a file system that knows locks",
    sqlite.SQLITE_IOERR: "cannot be read or written ({error}); check the disk",
}


def is_of_the_file(error: sqlite.DatabaseError) -> bool:
    """Whether it is the file that cannot be used, and no statement that is wrong."""
    return _code_of(error) in _OF_THE_FILE


def translate(error: sqlite.DatabaseError, shown: str) -> Exception:
    """SQLite's *error* as ours, with the remedy; *shown* names the file."""
    code = _code_of(error)
    if code in (sqlite.SQLITE_BUSY, sqlite.SQLITE_LOCKED):
        return Busy(f'"{shown}" is locked by another program; try again when it has finished')
    if code in _OF_THE_FILE:
        return DatabaseError(f'"{shown}" {_OF_THE_FILE[code].format(error=error)}')
    # a table or column that is not there, text that is not UTF-8, a row where none can be
    if isinstance(error, sqlite.OperationalError | sqlite.IntegrityError):
        return DatabaseError(f'"{shown}" is not as Signoff made it ({error}); see `signoff audit verify`')
    return error
