"""Database files that cannot be used: one error that names the file and the remedy, and the file stays as it is."""

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff import cli as command_line
from signoff.audit.schema import APPLICATION_ID
from tests.app.conftest import BALANCE, SQL, TRANSFER, CommandLine, Ran
from tests.corpus.files import UNSEALED, altered, copied

Protected = Callable[..., Ran]

READING = [["queue"], ["audit", "log"], ["audit", "verify"]]
WRITING = [["run", "deposit 5"], ["resume"]]
EVERY = {  # the commands that have to do with a database, and what they need
    "plan": ["deposit 5"],
    "chat": ["--list"],
    "run": ["deposit 5"],
    "resume": [],
    "queue": [],
    "show": ["{plan}"],
    "approve": ["{id}", "--as", "mira", "--digest", "{digest}"],
    "reject": ["{id}", "--as", "mira", "--reason", "no"],
    "resolve": ["{plan}/1", "--as", "mira", "--done", "--reason", "seen"],
    "cancel": ["{plan}", "--as", "dana"],
    "policies explain": ["{plan}"],
    "policies diff": ["{policies}"],
    "policies pin": ["--as", "mira"],
    "policies load": ["{policies}", "--as", "mira"],
    "policies unpin": ["--as", "mira"],
    "policies replay": ["{policies}"],
    "audit log": [],
    "audit verify": [],
    "audit accept": ["--as", "mira", "--reason", "a backup"],
    "audit key": [],
    "audit checkpoint": [],
    "audit export": ["--to", "export"],
    "audit receipt": ["{id}", "--as", "mira", "--to", "receipt"],
    "audit rotate": ["--as", "mira"],
    "audit witness": ["--state", "{database}.state", "--db", "{database}"],
    "delegate": ["--list"],
    "edit": ["{id}", "--as", "mira", "--set", "amount=1.00", "--reason", "less"],
    "worker": ["--drain"],
}
WITHOUT_DATABASE = {  # a tour has one of its own
    *("demo", "bench planner", "policies check", "policies test", "policies prove", "policies schema"),
}
HOLD = f"""{SQL}
connection.execute("PRAGMA locking_mode = EXCLUSIVE" if sys.argv[2] == "wholly" else "SELECT 1")
connection.execute("BEGIN EXCLUSIVE")
print(flush=True)
import time
time.sleep(60)
"""
# Root may write everywhere. Without its capabilities it is the files' owner like any other user (Linux, capset(2)).
DROP_ROOT = """
import ctypes, os
if os.geteuid() == 0:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0
"""
SMALL_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
"""


def files(folder: Path) -> dict[str, bytes]:
    """Every file in *folder* with its content, but SQLite's own and the locks."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix not in (".db-shm", ".lock", ".run")}


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=" ".join)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"hello, this is a letter and no database\n" * 40, "is not a database", id="text"),
        pytest.param(b"SQLite format 3\x00" + b"\xff" * 4_000, "signoff.db", id="a false header"),
    ],
)
def test_file_that_is_no_database(cli: CommandLine, command: list[str], content: bytes, told: str) -> None:
    """A file that is no database is named, and stays as it is."""
    cli.database.write_bytes(content)
    before = files(cli.folder)
    cli(*command).failed(2, 'signoff.db"', told)
    assert files(cli.folder) == before


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=" ".join)
def test_database_of_another_program(cli: CommandLine, command: list[str]) -> None:
    """A database that another program made is refused, with the option that names another, and stays as it is."""
    cli.tamper("CREATE TABLE songs (name TEXT)")
    before = cli.dump()
    cli(*command).failed(2, 'signoff.db" is a database of another program', "--db")
    assert cli.dump() == before


@pytest.mark.parametrize("command", [*READING, ["resume"], ["show", "p-1"], ["approve", "a1", "--as", "mira"]], ids=" ".join)
def test_missing_database(cli: CommandLine, command: list[str]) -> None:
    """Where there is no database, a command that needs one says how to make or name it, and makes none."""
    cli(*command).failed(2, f'there is no database at "{cli.database}"', "`signoff run` makes one", "--db")
    assert not cli.database.exists()


@pytest.mark.parametrize("command", [["queue"], ["run", "deposit 5"]], ids=" ".join)
def test_folder_in_place_of_the_database(cli: CommandLine, command: list[str]) -> None:
    """A folder is no database."""
    cli(*command, "--db", str(cli.folder)).failed(2, f'"{cli.folder}" is no regular file', "--db")


def test_database_in_a_folder_that_is_not_there(cli: CommandLine) -> None:
    """Where the database's folder is missing, the error says so and no folder is made."""
    cli("run", "deposit 5", "--db", str(cli.folder / "no" / "a.db")).failed(2, 'a.db" cannot be opened', "folder exists")
    assert not (cli.folder / "no").exists()


def test_database_of_a_newer_version(cli: CommandLine) -> None:
    """Every command that has to do with a database refuses one that a newer version made, by its name, and leaves it as it is."""
    approval = cli.waiting()
    for name in ("'signoff.99'", "'signoff.101'", "x'ff'"):
        cli.tamper(f"INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('signoff', {name}, '2030')")
    before, stored = files(cli.folder), cli.dump()
    for command, rest in EVERY.items():
        arguments = [one.format(**approval, policies=cli.policies, database=cli.database) for one in rest]
        ran = cli.wide(*command.split(), *arguments)
        ran.failed(2, 'signoff.db" was made by a newer version of Signoff (signoff.101)', "install that one")
    assert cli.dump() == stored
    assert files(cli.folder) == before


def test_every_command_meets_the_newer_version() -> None:
    """The commands of the test above are all that there are, but those that have no database."""
    parser = vars(command_line)["_parser"]
    commands = {*_commands(parser(""))}
    assert commands == EVERY.keys() | WITHOUT_DATABASE
    assert all(command in {*_commands(parser(command.split(" ")[0]))} for command in commands)  # each alone, too


def _commands(parser: ArgumentParser, before: str = "") -> Iterator[str]:
    """The commands of *parser*, each with the words that lead to it."""
    verbs = next((action.choices for action in parser._actions if isinstance(action, _SubParsersAction)), None)
    if verbs is None:
        yield before
    else:
        for name, verb in verbs.items():
            yield from _commands(verb, f"{before} {name}".strip())


@pytest.mark.parametrize("command", [*READING, ["resume"]], ids=" ".join)
def test_named_database_without_tables(cli: CommandLine, command: list[str]) -> None:
    """A file that only says it is one of ours is empty: a command that makes no database makes none of it, and no key."""
    cli.tamper(f"PRAGMA application_id = {APPLICATION_ID}")
    before = files(cli.folder)
    cli(*command).failed(2, 'signoff.db" is empty', "`signoff run` makes it a database")
    assert files(cli.folder) == before
    assert cli("run", "deposit 5").code == 0
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("command", [*READING, *WRITING], ids=" ".join)
def test_our_tables_under_another_name(cli: CommandLine, command: list[str]) -> None:
    """A file with our tables that says another program made it is not ours."""
    cli.submit(BALANCE)
    cli.tamper("PRAGMA application_id = 7")
    before = cli.dump()
    cli(*command).failed(2, 'signoff.db" is a database of another program', "--db")
    assert cli.dump() == before


@pytest.mark.parametrize("command", [["queue"], ["run", "deposit 5"]], ids=" ".join)
def test_older_database_that_is_read_only(cli: CommandLine, protected: Protected, command: list[str]) -> None:
    """An older file that may not be written cannot be brought up to date: that is told, and it gets no key."""
    older = copied(UNSEALED[-1], cli.folder / "older")
    older.chmod(0o400)
    before = files(older.parent)
    protected(*command, "--db", str(older)).failed(2, 'signoff.db" is read-only', "make it and its folder writable")
    assert {name: data for name, data in files(older.parent).items() if data} == before  # SQLite's log is empty


@pytest.mark.parametrize("version", UNSEALED)
def test_older_database_that_was_altered(cli: CommandLine, version: int) -> None:
    """Every command says that an older file was altered, and how many problems there are, with the log's exit code."""
    older = copied(version, cli.folder / "older")
    altered(older, "UPDATE actions SET status = 'approved' WHERE status = 'waiting'")
    for command in (*READING, *WRITING):
        told = "is of an older version and was altered", "the log tells another status", "(problem 1 of "
        cli.wide(*command, "--db", str(older)).failed(6, *told)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for long."""
    monkeypatch.setenv("SIGNOFF_TIMEOUT", "0.1")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", [*WRITING, ["approve"], ["reject"], ["cancel"]], ids=lambda command: command[0])
def test_database_that_another_program_writes(cli: CommandLine, command: list[str]) -> None:
    """While another program holds the database for writing, a command that writes says so, to try again, and changes nothing."""
    approval = cli.waiting()
    rest = {
        "approve": [approval["id"], "--as", "mira", "--digest", approval["digest"]],
        "reject": [approval["id"], "--as", "mira", "--reason", "no"],
        "cancel": [approval["plan"], "--as", "dana"],
    }
    before = cli.dump()
    with cli.meanwhile(HOLD, str(cli.database), "for writing"):
        cli(*command, *rest.get(command[0], [])).failed(1, 'signoff.db" is locked by another program', "try again")
    assert cli.dump() == before


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", [["queue"], ["show", "p-1"], ["run", "deposit 5"]], ids=" ".join)
def test_database_that_another_program_keeps_to_itself(cli: CommandLine, command: list[str]) -> None:
    """While another program lets nobody even read, every command says that the file is locked, and to try again."""
    cli.submit(BALANCE)
    with cli.meanwhile(HOLD, str(cli.database), "wholly"):
        cli(*command).failed(1, 'signoff.db" is locked by another program', "try again")


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "3601"])
def test_time_to_wait_is_a_number_of_seconds(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A time to wait that is none is wrong use."""
    monkeypatch.setenv("SIGNOFF_TIMEOUT", text)
    cli("queue").failed(2, "SIGNOFF_TIMEOUT", text, "number of seconds")


@pytest.mark.usefixtures("impatient")
def test_queue_is_read_while_another_program_writes(cli: CommandLine) -> None:
    """Reading waits for nobody who writes."""
    approval = cli.waiting()
    with cli.meanwhile(HOLD, str(cli.database), "for writing"):
        assert cli("queue", "--json").json["approvals"] == [approval]


@pytest.fixture
def protected(cli: CommandLine) -> Iterator[Protected]:
    """Run a command as somebody for whom the permissions of files count, even where the tests run as root."""
    cli.submit(BALANCE, TRANSFER)
    yield lambda *arguments: cli.main_after(DROP_ROOT, *arguments)
    cli.folder.chmod(0o700)
    cli.database.chmod(0o600)


def test_read_only_file(cli: CommandLine, protected: Protected) -> None:
    """A database file that may not be written is named as read-only, with the remedy, and stays as it is."""
    before = cli.dump()
    cli.database.chmod(0o400)
    protected("run", "deposit 5").failed(2, 'signoff.db" is read-only', "make it and its folder writable")
    assert cli.dump() == before


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_writing_in_a_read_only_folder(cli: CommandLine, protected: Protected, command: list[str]) -> None:
    """In a folder that may not be written, a command that writes names what it cannot write, and the remedy."""
    before = files(cli.folder)
    cli.folder.chmod(0o500)
    protected(*command).failed(2, "signoff.db", "writable")
    assert files(cli.folder) == before


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_in_a_read_only_folder(cli: CommandLine, protected: Protected, command: list[str]) -> None:
    """In a folder that may not be written, a command that only reads ends without a traceback and changes nothing."""
    before = files(cli.folder)
    cli.folder.chmod(0o500)
    ran = protected(*command)
    if ran.code not in (0, 3):
        ran.failed(2, "signoff.db", "writable")
    assert "Traceback" not in ran.err
    assert files(cli.folder) == before


def test_unreadable_file(cli: CommandLine, protected: Protected) -> None:
    """A database that may not be read is named, with what to check."""
    cli.database.chmod(0)
    protected("queue").failed(2, 'signoff.db" cannot be opened')


def test_new_database_in_a_read_only_folder(cli: CommandLine, protected: Protected) -> None:
    """Where no file can be made, the error names the database and says what to check."""
    cli.folder.chmod(0o500)
    protected("run", "deposit 5", "--db", str(cli.folder / "new.db")).failed(2, 'new.db" cannot be opened', "writable")


def test_full_disk(cli: CommandLine) -> None:
    """Where the file cannot grow, the error names it, and nothing of the plan is stored."""
    cli.submit(BALANCE)
    before = cli.dump()
    cli.main_after(SMALL_FILES, "run", "deposit 5").failed(2, 'signoff.db" ')
    assert cli.dump() == before
