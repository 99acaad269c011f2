"""A process that writes into databases behind Signoff's back, for as long as the tests run.

It is another process because SQLite's locks are lost where one process opens a file a second time with another library.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_CODE = """
import json, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
for line in sys.stdin:
    database, statements = json.loads(line)
    connection = sqlite.connect(database)
    with connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name GLOB 'entries_*'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for sql, parameters in statements:
            connection.execute(sql, parameters)
        for _, sql in triggers:
            connection.execute(sql)
    connection.close()
    print("done", flush=True)
"""

Statement = tuple[str, Sequence[str]]


class Tamperer:
    """Writes into databases."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def write(self, database: Path, *statements: Statement) -> None:
        """Run SQL statements on *database*, in one transaction."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(database), statements]) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextmanager
def tampering() -> Iterator[Tamperer]:
    """A tamperer that ends with the block."""
    command = [sys.executable, "-c", _CODE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Tamperer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
