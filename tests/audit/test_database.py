"""The SQLite file: how it is opened, what is refused, and what an action's code may do with it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from signoff.audit.database import Database
from signoff.audit.locks import locked
from signoff.audit.schema import OWN_TABLES, SCHEMA, split_statements
from signoff.errors import Busy, DatabaseError, TransactionLost, UsageError


class Step:
    """A migration of a user's own."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = name
        self.sql = sql


NOTES = Step(
    "notes.1",
    """
    CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TRIGGER note_bomb AFTER INSERT ON note WHEN new.text = 'bomb' BEGIN
        SELECT RAISE(ROLLBACK, 'boom');
    END;
    """,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new database with a table of a user's own."""
    made = Database(tmp_path / "signoff.db", create=True)
    made.migrate([NOTES])
    yield made
    made.close()


def notes(database: Database) -> list[str]:
    return [text for (text,) in database.execute("SELECT text FROM note ORDER BY id")]


def test_settings_in_force(database: Database) -> None:
    """Commits are durable (EXTRA), the journal is a write-ahead log, references are checked, foreign schemas are not trusted."""
    read = {name: database.execute(f"PRAGMA {name}")[0][0] for name in ("synchronous", "journal_mode", "foreign_keys")}
    assert read == {"synchronous": 3, "journal_mode": "wal", "foreign_keys": 1}
    assert database.execute("PRAGMA trusted_schema") == [(0,)]


def test_own_tables_are_all_of_the_schema(database: Database) -> None:
    """The list of tables that actions may not touch names every table of the schema, so none was forgotten."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {name for name in tables if not name.startswith(("sqlite_", "_sqlite_"))} == OWN_TABLES | {"note"}


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A database that is not there is wrong use where none is to be made, and none is made."""
    with pytest.raises(UsageError, match="no database"):
        Database(tmp_path / "none.db", create=False)
    assert not (tmp_path / "none.db").exists()


def test_text_file_is_no_database(tmp_path: Path) -> None:
    """A file that is not a database is refused and left as it was."""
    path = tmp_path / "letter.db"
    path.write_text("Dear Mira, " * 100, encoding="utf-8")
    with pytest.raises(DatabaseError, match="is not a database"):
        Database(path, create=True)
    assert path.read_text(encoding="utf-8").startswith("Dear Mira")


def test_other_programs_database_is_refused(tmp_path: Path) -> None:
    """A database that another program made is refused."""
    path = tmp_path / "other.db"
    in_another_process(path, "CREATE TABLE theirs (x)")
    with pytest.raises(DatabaseError, match="another program"):
        Database(path, create=True)


def test_newer_schema_is_refused(database: Database) -> None:
    """A file with a migration that this version does not know is refused, with the remedy."""
    in_another_process(
        database.path,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('signoff', 'signoff.99', '')",
    )
    newer = Database(database.path, create=False)
    with pytest.raises(DatabaseError, match="newer version"):
        newer.migrate([])
    newer.close()


def test_old_library_refuses_wal_file(database: Database) -> None:
    """A library in which WAL can be corrupted refuses a WAL file and says what to install."""
    with pytest.raises(DatabaseError, match="install pysqlite3"):
        Database(database.path, create=False, version=(3, 40, 1))


def test_old_library_uses_rollback_journal_for_new_file(tmp_path: Path) -> None:
    """The same library makes a new file with a rollback journal."""
    made = Database(tmp_path / "new.db", create=True, version=(3, 40, 1))
    assert made.execute("PRAGMA journal_mode") == [("delete",)]
    made.close()


def test_migrations_run_once(database: Database) -> None:
    """Opening a file that is up to date changes nothing in it."""
    before = database.execute("SELECT * FROM _sqlite_migrations")
    database.migrate([NOTES])
    assert database.execute("SELECT * FROM _sqlite_migrations") == before
    assert [name for _, _, name, _ in before] == [*dict(SCHEMA), "notes.1"]


def test_broken_migration_leaves_nothing(tmp_path: Path) -> None:
    """A migration that fails half-way leaves no table of any migration behind."""
    made = Database(tmp_path / "new.db", create=True)
    with pytest.raises(Exception, match="syntax error"):
        made.migrate([Step("bad.1", "CREATE TABLE one (x); CREATE TABEL two (x);")])
    assert made.execute("SELECT count(*) FROM sqlite_master") == [(0,)]
    made.close()


def test_triggers_stay_whole() -> None:
    """A trigger's body is not taken apart at its semicolons."""
    assert len(list(split_statements(NOTES.sql))) == 2
    with pytest.raises(ValueError, match="does not end"):
        list(split_statements("CREATE TABLE x (y)"))


def test_write_is_rolled_back_when_it_raises(database: Database) -> None:
    """A write transaction that raises leaves nothing."""
    with pytest.raises(RuntimeError), database.writing():
        database.execute("INSERT INTO note (text) VALUES ('a')")
        raise RuntimeError
    assert notes(database) == []


@pytest.mark.parametrize(
    "sql",
    [
        *(f"DELETE FROM {table}" for table in sorted(OWN_TABLES)),
        "SELECT * FROM votes",
        "UPDATE actions SET status = 'approved'",
        "WITH x AS (SELECT * FROM entries) SELECT * FROM x",
        "INSERT INTO note SELECT number, chain FROM entries",
        "DELETE FROM sqlite_master",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT mine",
        "RELEASE lent",
        "BEGIN",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA journal_mode = DELETE",
        "CREATE TABLE mine (x)",
        "CREATE TEMP TABLE mine (x)",
        "CREATE TEMP TRIGGER mine AFTER INSERT ON votes BEGIN SELECT 1; END",
        "CREATE TRIGGER mine AFTER INSERT ON note BEGIN DELETE FROM votes; END",
        "DROP TABLE note",
        "ALTER TABLE note ADD COLUMN more",
        "ATTACH ':memory:' AS other",
        "VACUUM",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
    ],
)
def test_action_may_not(database: Database, sql: str) -> None:
    """An action's code can neither reach Signoff's own tables nor end the transaction that it was lent."""
    with database.writing():
        database.execute("INSERT INTO note (text) VALUES ('before')")
        with (
            pytest.raises(Exception, match=r"not authorized|prohibited|may not be modified|cannot VACUUM"),
            database.lent(writing=True) as lent,
        ):
            lent.execute("INSERT INTO note (text) VALUES ('during')")
            lent.execute(sql)
    assert notes(database) == ["before"]


def test_statement_prepared_before_is_checked_again(database: Database) -> None:
    """The very text of a statement that Signoff itself has run is refused from an action's code."""
    sql = "SELECT count(*) FROM votes"
    database.execute(sql)
    with database.writing(), pytest.raises(Exception, match=r"not authorized|prohibited"), database.lent(writing=True) as lent:
        lent.execute(sql)
    assert database.execute(sql) == [(0,)]


def test_kind_of_text_cannot_do_away_with_the_check(database: Database) -> None:
    """A statement is plain text: a kind of str with ideas of its own is refused."""

    class Sly(str):
        __slots__ = ()

        def __radd__(self, other: str) -> str:
            return str(self)

    sql = Sly("UPDATE policies SET active = NULL")
    database.execute(str(sql))
    with database.writing(), pytest.raises(TypeError, match="is a str"), database.lent(writing=True) as lent:
        lent.execute(sql)


def test_reading_action_cannot_write(database: Database) -> None:
    """What is lent for reading refuses to write."""
    with database.writing(), pytest.raises(Exception, match="not authorized"), database.lent(writing=False) as lent:
        lent.execute("INSERT INTO note (text) VALUES ('x')")
    assert notes(database) == []


def test_undo_keeps_the_rest(database: Database) -> None:
    """What was lent can be undone alone."""
    with database.writing():
        database.execute("INSERT INTO note (text) VALUES ('kept')")
        with suppress(RuntimeError), database.lent(writing=True) as lent:
            lent.execute("INSERT INTO note (text) VALUES ('undone')")
            raise RuntimeError
    assert notes(database) == ["kept"]


def test_lent_transaction_dies_with_the_action(database: Database) -> None:
    """An action's code cannot keep the transaction for later."""
    with database.writing():
        with database.lent(writing=True) as lent:
            lent.execute("INSERT INTO note (text) VALUES ('x')")
        with pytest.raises(TypeError, match="has ended"):
            lent.execute("INSERT INTO note (text) VALUES ('y')")
    assert notes(database) == ["x"]


def test_a_commit_that_must_wait_can_be_tried_again(tmp_path: Path) -> None:
    """Where another program reads a file with a rollback journal for too long, a commit did not happen; it can be tried again."""
    made = Database(tmp_path / "signoff.db", create=True, timeout=0.05, version=(3, 40, 1))
    made.migrate([NOTES])
    code = (
        "import sys\n"
        "try:\n    import pysqlite3.dbapi2 as s\nexcept ImportError:\n    import sqlite3 as s\n"
        "c = s.connect(sys.argv[1], isolation_level=None)\nc.execute('BEGIN')\nc.execute('SELECT * FROM note').fetchall()\n"
        "print(flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(made.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        with pytest.raises(Busy, match="locked by another program"), made.writing():
            made.execute("INSERT INTO note (text) VALUES ('first')")
        reader.communicate()
    with made.writing():
        made.execute("INSERT INTO note (text) VALUES ('second')")
    assert notes(made) == ["second"]
    made.close()


@pytest.mark.parametrize(
    "sql", ["INSERT OR ROLLBACK INTO note (text) VALUES ('once')", "INSERT INTO note (text) VALUES ('bomb')"]
)
def test_lost_transaction_is_noticed(database: Database, sql: str) -> None:
    """An action's code that makes SQLite roll everything back is noticed, and nothing of the transaction stays."""
    with pytest.raises(TransactionLost), database.writing():
        database.execute("INSERT INTO note (text) VALUES ('once')")
        with database.lent(writing=True) as lent:
            lent.execute(sql)
    assert notes(database) == []
    with database.writing():
        database.execute("INSERT INTO note (text) VALUES ('after')")
    assert notes(database) == ["after"]


def test_lock_names_what_holds_it(tmp_path: Path) -> None:
    """A lock that another holds for too long is an error with the given words."""
    with locked(tmp_path / "x.lock", "busy"), pytest.raises(Busy, match="busy"), locked(tmp_path / "x.lock", "busy", 0.05):
        pass
    with locked(tmp_path / "x.lock", "busy", 0.05):
        assert (tmp_path / "x.lock").stat().st_mode & 0o777 == 0o600


def test_lock_follows_no_link(tmp_path: Path) -> None:
    """A link in the lock's place is refused: it could make us create or keep open a file of somebody else's."""
    (tmp_path / "x.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(DatabaseError, match="cannot be opened"), locked(tmp_path / "x.lock", "busy"):
        pass
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TRIGGER evil AFTER INSERT ON votes BEGIN DELETE FROM entries; END",
        "CREATE TRIGGER evil AFTER INSERT ON VOTES BEGIN DELETE FROM entries; END",
        "DROP TABLE votes; CREATE VIEW votes AS SELECT 1",
        "DROP TABLE votes",
        "DROP TABLE chains; CREATE TABLE chains (chain TEXT, length INTEGER, head BLOB)",
        "DROP INDEX actions_open",
        "CREATE UNIQUE INDEX more ON entries (chain)",
        "ALTER TABLE votes ADD COLUMN more TEXT",
    ],
)
def test_changed_schema_is_seen(database: Database, change: str) -> None:
    """Whatever somebody changes in the making of Signoff's own tables is found; a user's own tables are their own."""
    assert database.schema_problems() == []
    in_another_process(database.path, change)
    assert database.schema_problems() != []


def in_another_process(path: Path, sql: str) -> None:
    """Run *sql* on the file at *path* as another program would."""
    code = (
        "import sys\n"
        "try:\n    import pysqlite3.dbapi2 as s\nexcept ImportError:\n    import sqlite3 as s\n"
        "c = s.connect(sys.argv[1], isolation_level=None)\nc.executescript(sys.argv[2])\nc.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(path), sql], check=True, timeout=60)


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
def test_file_that_is_not_at_its_path_any_more(database: Database, replaced: bool) -> None:
    """Where the file was removed, or another one put in its place, nothing is read or written any more: nobody would see it."""
    for suffix in ("", "-wal", "-shm"):
        database.path.with_name(database.path.name + suffix).unlink(missing_ok=True)
    if replaced:
        Database(database.path, create=True).close()
    for transaction in (database.reading, database.writing):
        with pytest.raises(DatabaseError, match="removed or replaced"), transaction():
            pass


@pytest.mark.parametrize("inner", ["reading", "writing"])
@pytest.mark.parametrize("outer", ["reading", "writing"])
def test_a_transaction_inside_another_one_is_an_error_at_once(outer: str, inner: str, database: Database) -> None:
    """Whoever begins a transaction inside another one of the same connection is told so, and the outer one goes on."""
    with getattr(database, outer)():
        with pytest.raises(UsageError, match="is open already"), getattr(database, inner)():
            pass
        assert notes(database) == []
