"""Tampering: whatever is changed in the file behind the store's back is found."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import Store, verify_plan, verify_store
from signoff.errors import KeyFileError, LogInvalid
from signoff.planner import ActionPlan, read_plan
from tests.conftest import RULES, rules
from tests.files import copy_database

DANA, MIRA, OMAR = (Actor(id=name) for name in ("dana", "mira", "omar"))

# Runs in a process of its own: makes a copy of the file for each script, and runs the script on it.
TAMPER = """
import hashlib, json, shutil, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
for target, script in json.load(sys.stdin):
    for suffix in "", ".key", ".key.head":
        shutil.copy(sys.argv[1] + suffix, target + suffix)
    connection = sqlite.connect(target, isolation_level=None)
    connection.create_function("digest", 1, lambda body: hashlib.sha256(body).digest())
    connection.create_function("leaf", 1, lambda body: hashlib.sha256(b"\\0" + body).digest())
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE name GLOB 'entries_*'").fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    connection.executescript(script)
    for _, sql in triggers:
        connection.execute(sql)
    connection.close()
"""

LISTED = """
import json, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(sys.argv[1])
tables = "policies", "plans", "actions", "approvals", "votes", "entries", "chains", "counted", "log", "heads"
print(json.dumps([(t, name, kind) for t in tables for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({t})")]))
"""

COUNTING = RULES.replace(
    "rules:",
    """counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}
rules:
  - id: rich
    deny: transfer
    when: counters.sent > 1_000_000""",
)

# Columns that say nothing which the log vouches for.
UNTOLD = {
    ("plans", "sequence"),  # the order of rows
    ("log", "one"),  # the number of the only row
    ("approvals", "sequence"),
}


@pytest.fixture
def played(open_engine: Callable[..., Engine], database: Path, tmp_path: Path) -> Path:
    """A closed file in which actions are done, denied, skipped, approved by two people, rejected, and waiting."""
    engine = open_engine(rules(COUNTING))
    for amounts in (("150.00", "1.00"), ("700.00",), ("300.00", "2.00"), ("200.00",)):
        engine.submit(plan_of(engine, *amounts), DANA, request="pay Alice")
    engine.submit(plan_of(engine, "5.00", to="Mallory Ltd"), DANA)
    with engine.store.read() as tx:
        approvals = [approval for approval, _ in tx.queue()]
    engine.approve(approvals[0].id, MIRA, digest=approvals[0].digest, reason="as agreed")
    engine.resume(MIRA)
    engine.approve(approvals[1].id, OMAR, digest=approvals[1].digest)
    engine.reject(approvals[2].id, MIRA, reason="too much")
    engine.store.close()
    return copy_database(database, tmp_path / "played.db")


def plan_of(engine: Engine, *amounts: str, to: str = "Alice") -> ActionPlan:
    actions = [{"type": "transfer", "to": to, "amount": amount, "needs": []} for amount in amounts]
    return read_plan(json.dumps({"actions": actions}), engine.registry)


def tamper(played: Path, scripts: list[str]) -> list[Path]:
    """A copy of *played* for each of *scripts*, on which that SQL was run by another process."""
    targets = [played.with_name(f"tampered-{number}.db") for number in range(len(scripts))]
    told = json.dumps([(str(target), script) for target, script in zip(targets, scripts, strict=True)])
    subprocess.run([sys.executable, "-c", TAMPER, str(played)], input=told, text=True, check=True, timeout=120)
    return targets


def problems(path: Path) -> tuple[str, ...]:
    try:
        with Store.open(path, create=False) as store, store.read() as tx:
            return verify_store(tx).problems
    except (LogInvalid, KeyFileError) as error:
        return (str(error),)


def columns(played: Path) -> list[tuple[str, str, str]]:
    listed = subprocess.run([sys.executable, "-c", LISTED, str(played)], capture_output=True, check=True, timeout=60)
    return [(table, name, kind) for table, name, kind in json.loads(listed.stdout)]


def test_untouched_file_verifies(played: Path) -> None:
    """Nothing is found in a file that nobody touched, and what cannot be known is said."""
    with Store.open(played, create=False) as store, store.read() as tx:
        found = verify_store(tx)
    assert (found.problems, found.plans) == ((), 5)
    assert any("key file" in spot for spot in found.blind_spots)


def test_every_edited_column_is_found(played: Path) -> None:
    """An edit of any column of any row of Signoff's tables is found, whatever the column holds."""
    edits = []
    for table, name, kind in columns(played):
        if (table, name) in UNTOLD:
            continue
        changed = {
            "TEXT": f"coalesce({name}, '') || 'x'",
            "INTEGER": f"coalesce({name}, 0) + 1000",
            "BLOB": f"CAST(coalesce({name}, '') || 'x' AS BLOB)",
        }[kind]
        for order in ("ASC", "DESC"):
            first = "rowid" if table in ("policies", "plans", "approvals", "entries", "log") else f"{name} || ''"
            pick = f"SELECT {first} FROM {table} ORDER BY 1 {order} LIMIT 1"
            edits.append(f"UPDATE {table} SET {name} = {changed} WHERE {first} IS ({pick})")
    assert len(edits) > 100
    missed = [edit for edit, target in zip(edits, tamper(played, edits), strict=True) if not problems(target)]
    assert missed == []


def test_every_removed_row_is_found(played: Path) -> None:
    """A removed row of any table is found: an Entry, a plan, an action, an approval, a vote, a policy, the end of a chain."""
    with Store.open(played, create=False) as store, store.read() as tx:
        entries = len(list(tx.entries()))
    cuts = [f"DELETE FROM {table}" for table in {table for table, _, _ in columns(played)}]
    cuts += [f"DELETE FROM entries WHERE number = {number}" for number in range(1, entries + 1)]
    cuts += [
        "DELETE FROM plans WHERE sequence = 2",
        "DELETE FROM actions WHERE number = 2",
        "DELETE FROM votes WHERE voter = 'omar'",
    ]
    assert [cut for cut, target in zip(cuts, tamper(played, cuts), strict=True) if not problems(target)] == []


CUT = "DELETE FROM entries WHERE number > (SELECT max(number) FROM entries) - {0};"
WIPE = "".join(
    f"DELETE FROM {table} WHERE {column} IN {{0}};"
    for table, column in (("entries", "chain"), ("chains", "chain"), ("approvals", "plan"), ("actions", "plan"), ("plans", "id"))
)
PATCH = (
    "DELETE FROM chains WHERE chain NOT IN (SELECT chain FROM entries);"
    "UPDATE chains SET (length, head) ="
    " (SELECT place, hash FROM entries WHERE entries.chain = chains.chain ORDER BY place DESC LIMIT 1);"
)
FORGE = (
    "INSERT INTO votes SELECT id, 'zoe', 'claimed', NULL, 'approve', NULL, digest, asked, NULL"
    " FROM approvals WHERE status = 'waiting'"
)
SWAP = "UPDATE entries SET number = -number WHERE number IN (5, 6); UPDATE entries SET number = 11 + number WHERE number < 0"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (CUT.format(1), "its end was cut off"),
        (CUT.format(1) + PATCH, "was edited: the log tells another"),
        (CUT.format(20) + PATCH, "is stored but is not in the log"),
        ("DELETE FROM entries; DELETE FROM chains", "has no entries"),
        (
            SWAP,
            "was moved",
        ),
        (WIPE.format("(SELECT id FROM plans WHERE sequence = 2)"), "is missing"),
        (
            "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'mira', 'dana') AS BLOB);"
            "UPDATE entries SET hash = digest(body), leaf = leaf(body);" + PATCH,
            "does not follow the entry before it",
        ),
        ("CREATE TRIGGER evil AFTER INSERT ON votes BEGIN DELETE FROM entries; END", "trigger evil"),
        (
            FORGE,
            "is not in the log",
        ),
        ("UPDATE actions SET status = 'approved' WHERE status = 'waiting'", "was edited: the log tells another status"),
        (
            "UPDATE actions SET body = CAST(replace(CAST(body AS TEXT), 'Alice', 'Bob') AS BLOB)",
            "its bytes do not have the digest",
        ),
    ],
)
def test_tampering_is_named(played: Path, script: str, told: str) -> None:
    """What an attacker would try is found, and told as what it is: cut ends, moved entries, forged votes and states."""
    (target,) = tamper(played, [script])
    assert told in "\n".join(problems(target))


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE actions SET status = 'approved' WHERE status = 'waiting'",
        "UPDATE actions SET body = CAST(replace(CAST(body AS TEXT), 'Alice', 'Bob') AS BLOB)",
        FORGE.replace("zoe", "mira"),
        "UPDATE approvals SET seats = '{\"manager\":0}' WHERE status = 'waiting'",
        "UPDATE approvals SET requester = 'eve'; UPDATE plans SET requester = 'eve'",
        "UPDATE votes SET used = NULL",
    ],
)
def test_altered_plan_is_neither_signed_nor_run(played: Path, script: str, open_engine: Callable[..., Engine]) -> None:
    """What was altered in the file is not voted on and not run; the error says so, and nothing changes."""
    (target,) = tamper(played, [script])
    registry = bank_registry()
    policy = rules(COUNTING)
    with Store.open(target, create=False, migrations=registry.migrations) as store:
        engine = Engine(store, policy, registry)
        with store.read() as tx:
            plans = tx.plans()
            waiting = [approval for plan in plans for approval in tx.approvals_of(plan) if approval.status == "waiting"]
            before = len(list(tx.entries()))
        altered = 0
        for plan in plans:
            with store.read() as tx:
                try:
                    verify_plan(tx, plan)
                except LogInvalid:
                    altered += 1
                else:
                    continue
            with pytest.raises(LogInvalid, match=r"was altered|was edited"):
                engine.resume(MIRA, plan=plan)
            for approval in waiting:
                if approval.plan == plan:
                    with pytest.raises(LogInvalid, match=r"was altered|was edited"):
                        engine.approve(approval.id, OMAR, digest=approval.digest)
        with store.read() as tx:
            assert len(list(tx.entries())) == before
    assert altered > 0


def test_altered_plan_does_not_hold_up_others(open_engine: Callable[..., Engine], database: Path, tmp_path: Path) -> None:
    """Of two plans that could go on, the altered one is refused and the other one runs."""
    engine = open_engine()
    plans = [engine.submit(plan_of(engine, "150.00"), DANA) for _ in range(2)]
    for plan in plans:
        (approval,) = engine.approvals_of(plan.id)
        engine.approve(approval.id, MIRA, digest=approval.digest)
    engine.store.close()
    original = copy_database(database, tmp_path / "original.db")
    (target,) = tamper(original, [f"UPDATE actions SET title = 'Transfer 1.50 USD' WHERE plan = '{plans[0].id}'"])
    registry = bank_registry()
    with Store.open(target, migrations=registry.migrations, clock=engine.store.clock) as store:
        engine = Engine(store, engine.policy, registry)
        with pytest.raises(LogInvalid, match=plans[0].id):
            engine.resume(MIRA)
        assert engine.plan(plans[1].id).actions[0].status == "done"
        with pytest.raises(LogInvalid, match=r"was altered|was edited"):
            engine.plan(plans[0].id)


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TRIGGER evil AFTER INSERT ON Votes BEGIN UPDATE actions SET status = 'approved'; END",
        "UPDATE policies SET active = NULL",
        "UPDATE policies SET source = CAST(source || ' ' AS BLOB)",
        "UPDATE policies SET outline = '{}'",
    ],
)
def test_altered_rules_or_tables_stop_the_engine(played: Path, script: str, open_engine: Callable[..., Engine]) -> None:
    """Where the tables or the recorded policies are not what the log tells, nothing is decided at all."""
    (target,) = tamper(played, [script])
    policy = open_engine().policy
    with Store.open(target, create=False) as store, pytest.raises(LogInvalid, match="was altered"):
        Engine(store, policy, bank_registry())
