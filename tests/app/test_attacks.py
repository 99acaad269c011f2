"""What somebody does who can write the database and all files beside it, but has no key: nothing unsigned runs, nothing twice."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff import Actor, Engine
from signoff.actions import Registry
from signoff.audit import Store, verify_store, write_time
from signoff.errors import KeyFileError, LogInvalid, Refused
from tests.conftest import rules
from tests.properties.tampering import Tamperer, tampering

from .banking import (
    DANA,
    MEANWHILE,
    MIRA,
    OUTBOX,
    Change,
    Open,
    message,
    only_approval,
    plan_of,
    send_message,
    sign,
    statuses,
    submit,
    transfer,
)

MALLORY = Actor(id="mallory")

# Another process: runs each SQL statement, and brings the tables' definitions up to date after each `PRAGMA`.
LIE = """
import sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
for part in sys.argv[2:]:  # each is run by a connection of its own, which reads the schema anew
    connection = sqlite.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.executescript(part)
    connection.close()
"""

# Another process: an engine that goes on with a plan, and stands still inside each transaction until it is told to go on.
SLOW = """
import sys
from pathlib import Path
from signoff import Actor, Engine
from signoff.actions import Effect, Execution, Registry, action
from signoff.audit.store import Store, system_clock
from tests.conftest import rules

@action(effect=Effect.OPAQUE)
def send_message(execution: Execution, to: str, how: str = "well") -> str:
    with open(sys.argv[2], "a") as outbox:
        outbox.write(to + "\\n")
    return to

def clock():
    print("asks", flush=True)
    sys.stdin.readline()
    return system_clock()

registry = Registry(send_message)
with Store.open(Path(sys.argv[1]), migrations=registry.migrations, clock=clock) as store:
    Engine(store, rules(sys.argv[4], registry), registry).resume(Actor(id="worker"), sys.argv[3])
"""

MESSAGES = """\
version: 1
currency: USD
identity: claimed
approvers: manager
roles:
  manager: [mira, omar]
rules:
  - {id: all, allow: "*"}
"""


@pytest.fixture
def tamperer() -> Iterator[Tamperer]:
    with tampering() as started:
        yield started


def lie(database: Path, *parts: str) -> None:
    """Run SQL in another process that may write the schema."""
    subprocess.run([sys.executable, "-c", LIE, str(database), *parts], check=True, timeout=60)


@contextmanager
def going_on(database: Path, outbox: Path, plan: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that goes on with *plan*, and stands still inside its first transaction."""
    command = [sys.executable, "-c", SLOW, str(database), str(outbox), plan, MESSAGES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "asks\n"
            yield process
        finally:
            process.kill()


def test_two_write_ahead_logs_run_nothing_twice(database: Path, tmp_path: Path) -> None:
    """Whoever takes write-ahead log and lock away below an open engine does not get a plan run by that one and another."""
    registry, outbox = Registry(send_message), tmp_path / "outbox"
    with Store.open(database, migrations=registry.migrations) as store:
        engine = Engine(store, rules(MESSAGES, registry), registry)
        plan = engine.submit(plan_of(engine, message()), DANA, run=False)
    with going_on(database, outbox, plan.id) as first:  # it is about to record that it executes
        for end in ("-wal", "-shm", ".lock"):
            database.with_name(database.name + end).unlink()
        with going_on(database, outbox, plan.id) as second:
            told = [process.communicate("\n" * 100, timeout=60)[1] for process in (second, first)]
    assert outbox.read_text().splitlines() == ["ann"]
    assert (second.returncode, first.returncode) == (0, 1), told
    assert "another copy of the database was written at the same time" in told[1]


def test_the_chain_of_the_system_is_not_taken_away(open_engine: Open, changed_rules: Change, tamperer: Tamperer) -> None:
    """Whoever removes all that the log tells of policies does not undo a pin: nothing is decided by a file that is not pinned."""
    engine = open_engine()
    submit(engine, transfer("50.00"))
    engine.pin(MIRA)
    submit(engine, transfer("51.00"))  # the newest Entry is not of that chain
    engine.store.close()
    everything = [f"DELETE FROM {table} WHERE chain = 'system'" for table in ("entries", "chains")]
    tamperer.write(engine.store.path, *((sql, ()) for sql in [*everything, "DELETE FROM policies"]))
    with pytest.raises(LogInvalid, match="the chain system was removed"):
        submit(open_engine(changed_rules("amount > 100", "amount > 900")), transfer("800.00"))


def test_an_index_does_not_lead_to_policies_that_are_not_in_force(
    open_engine: Open, changed_rules: Change, tamperer: Tamperer
) -> None:
    """An index that tells of other policies than their table does not put those in force in place of the pinned ones."""
    loose = changed_rules("amount > 100", "amount > 900")
    submit(open_engine(loose), transfer("1.00"))
    engine = open_engine()
    submit(engine, transfer("1.00"))
    engine.pin(MIRA)
    engine.store.close()
    lie(
        engine.store.path,
        "CREATE TABLE was AS SELECT sql FROM sqlite_schema WHERE name = 'policies'",
        # the index goes on from here without its table
        f"UPDATE policies SET active = NULL; UPDATE policies SET active = 1 WHERE digest = '{loose.digest}'",
        "UPDATE sqlite_schema SET sql = replace(sql, 'INTEGER UNIQUE', 'INTEGER') WHERE name = 'policies';"
        "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'sqlite_autoindex_policies_2';"
        "DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_policies_2'",
        f"UPDATE policies SET active = CASE digest WHEN '{loose.digest}' THEN NULL ELSE 1 END",
        "UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = 'policies';"
        "INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept; DROP TABLE was",
    )
    with pytest.raises(LogInvalid, match="the index of the policies leads to another one"):
        submit(open_engine(loose), transfer("800.00"))


def test_an_index_does_not_lead_to_an_approval_that_nobody_verified(engine: Engine) -> None:
    """A forged approval that only its id leads to lets nobody edit, sign or reject what the genuine one asks for."""
    plan = submit(engine, transfer("150.00"))
    approval = only_approval(engine, plan)
    names = "'approvals_of_action', 'approvals_waiting', 'approvals_to_remind'"
    columns = "plan, number, revision, digest, requester, asks, reasons, policy, status, asked, expires"
    seats = '{"person:mallory":1}'
    lie(
        engine.store.path,
        "CREATE TABLE was AS SELECT sql FROM sqlite_schema WHERE name = 'approvals';"
        f"CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name IN ({names});"
        f"DELETE FROM sqlite_schema WHERE name IN ({names})",
        f"UPDATE approvals SET id = 'zzz' WHERE id = '{approval.id}';"
        f"INSERT INTO approvals (id, seats, {columns}) SELECT '{approval.id}', '{seats}', {columns} FROM approvals",
        "UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL UNIQUE', 'TEXT NOT NULL') WHERE name = 'approvals';"
        "INSERT INTO kept SELECT * FROM sqlite_schema WHERE name = 'sqlite_autoindex_approvals_1';"
        "DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_approvals_1'",
        f"UPDATE approvals SET id = '{approval.id}'",
        "UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = 'approvals';"
        "INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept; DROP TABLE was",
    )
    with pytest.raises(Refused, match="mallory may not decide"):
        engine.edit(approval.id, MALLORY, {"to": "Bob", "amount": "90.00"}, reason="for me")
    with engine.store.read() as tx:
        assert any("index" in problem for problem in verify_store(tx).problems)


def test_rules_that_were_replaced_decide_no_more(open_engine: Open, tamperer: Tamperer) -> None:
    """Whoever marks older policies as in force, while a process runs a plan by those, does not have it go on by them."""
    registry = Registry(send_message)
    strict = rules(MESSAGES.replace("rules:", "rules:\n  - {id: none, deny: '*'}"), registry)
    engine, other = (open_engine(rules(MESSAGES, registry), registry) for _ in range(2))

    def replace() -> None:
        other.take_up(lambda: strict)
        submit(other, message("nobody"))
        tamperer.write(engine.store.path, ("UPDATE policies SET active = NULL", ()))
        tamperer.write(engine.store.path, ("UPDATE policies SET active = 1 WHERE digest = ?", (engine.policy.digest,)))

    submit(engine, message("first"))
    MEANWHILE.append(replace)
    with pytest.raises(LogInvalid, match="the policy marked as in force is not the one that the log tells"):
        submit(engine, message("second"), message("third", needs=(1,)))
    assert [line.split()[0] for line in OUTBOX] == ["first", "second"]


def test_an_index_that_calls_the_past_present_keeps_no_plan_from_running(engine: Engine) -> None:
    """Where an index tells that something done is being executed, nothing becomes of that, and other plans go on."""
    done = submit(engine, transfer("50.00"))
    lie(
        engine.store.path,
        "UPDATE actions SET status = 'executing'",
        "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'actions_open';"
        "DELETE FROM sqlite_schema WHERE name = 'actions_open'",
        "UPDATE actions SET status = 'done'",
        "INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept",
    )
    assert statuses(submit(engine, transfer("51.00"))) == ["done"]
    assert statuses(engine.resume(DANA, done.id)[0]) == ["done"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_kept_head_is_waited_for_by_nobody(engine: Engine, make: Callable[[Path], None]) -> None:
    """A pipe or a folder in the place of the head that is kept is told in a line, and nothing is decided."""
    submit(engine, transfer("50.00"))
    path = engine.store.path.with_name(f"{engine.store.path.name}.key.head")
    path.unlink()
    make(path)
    with pytest.raises(KeyFileError, match="which keeps the head of the log, cannot be read"):
        submit(engine, transfer("51.00"))


# Another process: writes votes into the pages of the database file, without SQLite, as those who signed would have them.
FORGE = """
import os, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
database, approval, digest, at = sys.argv[1:]
sqlite.connect(database).execute("PRAGMA wal_checkpoint(PASSIVE)")
with open(database, "rb") as file:
    before = file.read()
with open(database + ".copy", "wb") as file:
    file.write(before)
copy = sqlite.connect(database + ".copy", isolation_level=None)
copy.execute("PRAGMA journal_mode = DELETE")
for voter in ("fay", "finn"):
    values = (approval, voter, digest, at)
    copy.execute("INSERT INTO votes VALUES (?, ?, 'claimed', NULL, 'approve', NULL, ?, ?, NULL, NULL)", values)
copy.close()
with open(database + ".copy", "rb") as file:
    after = file.read()
with open(database, "r+b") as file:
    for place in range(4096, len(after), 4096):
        if after[place : place + 4096] != before[place : place + 4096]:
            file.seek(place)
            file.write(after[place : place + 4096])
            print(place)
"""


def test_votes_that_are_written_without_sqlite_do_not_count(open_engine: Open) -> None:
    """Votes that somebody writes into the file's pages, below an open engine that SQLite tells nothing of it, fill no seat."""
    submit(open_engine(), transfer("1.00"))
    engine = open_engine()
    plan = submit(engine, transfer("600.00"))
    approval = only_approval(engine, plan)
    at = write_time(engine.store.clock())
    command = [sys.executable, "-c", FORGE, str(engine.store.path), approval.id, approval.digest, at]
    assert subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE).stdout
    sign(engine, approval, MIRA)
    assert statuses(engine.resume(MIRA, plan.id)[0]) == ["waiting"]
    with pytest.raises(LogInvalid, match=r"vote .* is stored but is not in the log"):
        open_engine().plan(plan.id)
