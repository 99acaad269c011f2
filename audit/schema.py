"""Signoff's own tables: the numbered steps that make them, and what they are in a new file."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Protocol

from .sqlite import Row, sqlite

APPLICATION_ID = 0x5369676E  # "Sign", in the file's header
MAX_NAME = 40  # characters of a migration's name that are shown
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
    ("signoff.10", "origins.sql"),
    ("signoff.11", "conversations.sql"),
)
OWN_TABLES = frozenset(
    {
        *("policies", "plans", "actions", "edits", "approvals", "votes", "counted", "secret_fields"),
        *("conversations", "messages"),
        *("entries", "chains", "log", "heads"),
    }
)


class Migration(Protocol):
    """A numbered step of a schema: its name, and its statements."""

    @property
    def name(self) -> str: ...
    @property
    def sql(self) -> str: ...


class Script:
    """The statements of one migration, as the function that sqlite-utils calls."""

    __name__ = "script"

    def __init__(self, execute: Callable[[str], list[Row]], sql: str) -> None:
        self._execute = execute
        self._sql = sql

    def __call__(self, _: object) -> None:
        for statement in split_statements(self._sql):
            self._execute(statement)


def wanted_steps(migrations: Iterable[Migration]) -> set[tuple[str, str]]:
    """The steps that a file is to have had, by group and name: Signoff's own, and *migrations*."""
    return {("signoff", name) for name, _ in SCHEMA} | {("actions", step.name) for step in migrations}


def newest_unknown(applied: Iterable[tuple[str, str]]) -> str | None:
    """The last of the *applied* steps of ours that this version does not know; None where it knows them all."""
    newer = [str(name) for group, name in applied if group == "signoff" and name not in dict(SCHEMA)]
    return max(newer, key=lambda name: (len(name), name))[:MAX_NAME] if newer else None  # signoff.10 comes after signoff.9


@cache
def own_schema() -> frozenset[Row]:
    """What `sqlite_master` holds of Signoff's own tables in a new file."""
    connection = sqlite.connect(":memory:")
    for _, sql in own_steps():
        connection.executescript(sql)
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    connection.close()
    return frozenset(rows)


def differences(rows: Iterable[Row]) -> list[str]:
    """How Signoff's own tables among *rows*, which are all of `sqlite_master`, differ from those of a new file."""
    found = {row for row in rows if OWN_TABLES & {row[1].lower(), row[2].lower()}}
    return [
        f"the {kind} {name} on Signoff's table {table} is not as Signoff makes it"
        for kind, name, table, _ in sorted(found ^ own_schema(), key=str)
    ]


def own_steps() -> list[tuple[str, str]]:
    """The name and the statements of each step of Signoff's own."""
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
