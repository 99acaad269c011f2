"""The command line in a folder of its own: called in this process, as a process, or on a terminal."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signoff import Engine
from signoff.actions import Migration, Registry, bank_registry
from signoff.audit import Approval, new_keys, write_keys
from signoff.cli import main
from tests.app.banking import OUTBOX, Open, only_approval, scribble, send_message, submit, transfer
from tests.app.sessions import INTERRUPT, Session
from tests.app.talks import RULES_ALONE, Talk, talking
from tests.conftest import RULES

SIGNOFF = (sys.executable, "-m", "signoff")
SQL = """
import json, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None)
"""
TAMPER = """
triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name GLOB 'entries_*'").fetchall()
for name, _ in triggers:
    connection.execute(f"DROP TRIGGER {name}")
connection.execute(sys.argv[2])
for _, sql in triggers:
    connection.execute(sql)
"""
_DUMP = f"""{SQL}
tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
print(json.dumps({{table: [repr(row) for row in connection.execute(f"SELECT * FROM {{table}}")] for table in tables}}))
"""
TRANSFER = {"type": "transfer", "to": "Alice", "amount": "150.00", "currency": "USD", "needs": []}
DEPOSIT = {"type": "deposit", "amount": "40.00", "currency": "USD", "needs": []}
BALANCE = {"type": "check_balance", "account": "checking", "needs": []}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)

    def failed(self, code: int, *parts: str) -> str:
        """Its one line on standard error, once all of this is so: the exit code, no output, no traceback, and every part."""
        assert (self.code, self.out) == (code, ""), self.err
        assert self.err.startswith("signoff: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err
        return self.err


class CommandLine:
    """Runs `signoff` commands on one database and one policies file, 80 columns wide and without colour."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.database = folder / "signoff.db"
        self.policies = folder / "policies.yaml"
        self.policies.write_text(RULES)
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        environment = {"SIGNOFF_DB": self.database, "SIGNOFF_POLICIES": self.policies, "COLUMNS": 80, "NO_COLOR": 1}
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        for name in ("FORCE_COLOR", "LINES", "PYTHONUNBUFFERED", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run one command in this process, without a terminal."""
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse ends like this
            code = int(end.code or 0)
        out, err = self._capsys.readouterr()
        return Ran(code=code, out=out, err=err)

    def wide(self, *arguments: str) -> Ran:
        """Run one command in this process, 400 columns wide, so that no text is wrapped."""
        with self._monkeypatch.context() as patch:
            patch.setenv("COLUMNS", "400")
            return self(*arguments)

    def process(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run one command as a process of its own, without a terminal."""
        ended = subprocess.run([*SIGNOFF, *arguments], input=stdin, capture_output=True, timeout=60, cwd=self.folder)
        return Ran(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode())

    def main_after(self, code: str, *arguments: str) -> Ran:
        """Run one command as a process of its own that first runs *code*."""
        command = [sys.executable, "-c", f"{code}\nimport sys\nfrom signoff.cli import main\nsys.exit(main())", *arguments]
        ended = subprocess.run(command, capture_output=True, timeout=60, text=True)
        return Ran(code=ended.returncode, out=ended.stdout, err=ended.stderr)

    def session(self, *arguments: str, columns: int = 80, **environment: str) -> Session:
        """Run one command on a terminal of its own, in this folder."""
        return Session([*SIGNOFF, *arguments], self.folder, os.environ | environment, columns)

    def terminal(self, *arguments: str, typed: str, at: str = "to leave it:", columns: int = 80) -> Ran:
        """Run one command on a terminal, and type *typed* when *at* stands there. Both streams come as `out`."""
        with self.session(*arguments, columns=columns) as session:
            if typed:
                session.wait_for(at)
                session.type(typed)
            code = session.ended(again=typed if typed == INTERRUPT else "")  # Python loses one right before it reads a line
        return Ran(code=code, out=session.shown.decode().replace("\r\n", "\n"), err="")

    def plan_file(self, *actions: Mapping[str, object]) -> str:
        """A file that holds a plan of *actions*, and its name."""
        return self.text_file("plan.json", json.dumps({"actions": actions}))

    def text_file(self, name: str, text: str) -> str:
        """A file that holds *text*, and its name."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def submit(self, *actions: Mapping[str, object]) -> Any:
        """Run a plan of *actions*, and give what `--json` tells of it."""
        return self("run", "--plan", self.plan_file(*actions), "--json").json

    def waiting(self, action: Mapping[str, object] = TRANSFER) -> Any:
        """Run a plan whose one action waits, and give its approval as `--json` tells it."""
        (approval,) = self.submit(action)["approvals"]
        return approval

    def script(self, code: str, *arguments: str) -> str:
        """Run Python code in another process, and give what it prints."""
        command = [sys.executable, "-c", code, str(self.database), *arguments]
        return subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout

    @contextmanager
    def meanwhile(self, code: str, *arguments: str) -> Iterator[None]:
        """Run Python code in another process as long as the block lasts, once it has printed a line."""
        with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout
                assert process.stdout.readline()
                yield
            finally:
                process.kill()

    def tamper(self, sql: str) -> None:
        """Change the database from another process, behind Signoff's back."""
        self.script(f"{SQL}{TAMPER}", sql)

    def dump(self) -> dict[str, list[str]]:
        """Everything that the database holds: the rows of each table."""
        told: dict[str, list[str]] = json.loads(self.script(_DUMP))
        return told

    def balance(self) -> str:
        """What dana's checking account holds, as a plan of its own is told."""
        (action,) = self.submit(BALANCE)["actions"]
        return str(action["result"]["balance"])


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, over no database yet."""
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def unchanged(cli: CommandLine) -> Callable[[Sequence[str]], Ran]:
    """Run a command that must change nothing in the database."""

    def run(arguments: Sequence[str], stdin: bytes = b"") -> Ran:
        before = cli.dump()
        ran = cli(*arguments, stdin=stdin)
        assert cli.dump() == before
        return ran

    return run


@pytest.fixture
def open_wide(open_engine: Open, changed_rules: Callable[..., Any]) -> Engine:
    """An engine whose registry holds an OPAQUE action, and a LOCAL one that misbehaves."""
    OUTBOX.clear()
    bank = bank_registry()
    notes = Migration("notes.1", "CREATE TABLE note (text TEXT UNIQUE) STRICT;")
    registry = Registry(*bank.values(), send_message, scribble, migrations=[*bank.migrations, notes])
    asked = "  - {id: ask, approve: send_message, when: to == 'boss'}\n  - id: blocked"
    return open_engine(changed_rules("  - id: blocked", asked, registry), registry)


@pytest.fixture
def bank(cli: CommandLine) -> CommandLine:
    """The demo bank's files, under the rules that ship, which a test may edit."""
    cli.policies.write_text(RULES_ALONE)
    return cli


@pytest.fixture
def demo(bank: CommandLine) -> Iterator[Talk]:
    """A demo that waits for a line."""
    with talking(bank) as talk:
        yield talk


@pytest.fixture
def waiting(engine: Engine) -> Approval:
    """A transfer of 600 to Alice that one manager and two of finance must sign."""
    return only_approval(engine, submit(engine, transfer("600.00"), request="send Alice 600"))


@pytest.fixture
def log(cli: CommandLine) -> CommandLine:
    """A log of a few entries, with keys."""
    cli.submit(BALANCE)
    key = cli.folder / "signoff.db.key"
    if not key.exists():
        write_keys(key, new_keys())
    return cli
