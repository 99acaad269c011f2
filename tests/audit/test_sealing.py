"""What only the key can vouch for: a file that was rewritten, put back, emptied, or comes without its key."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import Store, verify_plan, verify_store
from signoff.audit.database import Database
from signoff.audit.heads import EMPTY, has_head, put_heads, root_over
from signoff.audit.kept import KeptHead
from signoff.audit.keys import new_keys, read_keys, write_keys
from signoff.audit.remembered import Remembered
from signoff.audit.tree import Frontier
from signoff.errors import KeyFileError, LogInvalid, UsageError
from signoff.planner import read_plan
from signoff.testing import FakeClock
from tests.conftest import RULES, rules
from tests.files import copy_database, read_files

DANA, MIRA = Actor(id="dana"), Actor(id="mira")
TRANSFER = '{"actions": [{"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []}]}'

# Another process: takes the rows of one plan, and of all that vouches for the log, from an earlier copy of the file.
PUT_BACK = """
import sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None)
connection.execute("ATTACH ? AS earlier", (sys.argv[2],))
plan, sealed = sys.argv[3], sys.argv[4] == "with the seal"
triggers = connection.execute("SELECT name, sql FROM main.sqlite_schema WHERE name GLOB 'entries_*'").fetchall()
for name, _ in triggers:
    connection.execute(f"DROP TRIGGER main.{name}")
for table, column in (("entries", "chain"), ("chains", "chain"), ("actions", "plan"), ("approvals", "plan")):
    connection.execute(f"DELETE FROM main.{table} WHERE {column} = ?", (plan,))
    connection.execute(f"INSERT INTO main.{table} SELECT * FROM earlier.{table} WHERE {column} = ?", (plan,))
connection.execute("DELETE FROM main.votes")
connection.execute("INSERT INTO main.votes SELECT * FROM earlier.votes")
for table in ("log", "heads") if sealed else ():
    connection.execute(f"DELETE FROM main.{table}")
    connection.execute(f"INSERT INTO main.{table} SELECT * FROM earlier.{table}")
for _, sql in triggers:
    connection.execute(sql)
connection.close()
"""


@pytest.fixture
def signed(open_engine: Callable[..., Engine], database: Path) -> Callable[[], Engine]:
    """An engine over a database in which one plan was signed and not run, and another one waits; each time opened again."""
    engine = open_engine()
    for _ in range(2):
        engine.submit(read_plan(TRANSFER, engine.registry), DANA)
    with engine.store.read() as tx:
        approval = tx.queue()[0][0]
    engine.approve(approval.id, MIRA, digest=approval.digest)
    engine.store.close()
    return open_engine


def run_and_close(signed: Callable[[], Engine]) -> None:
    engine = signed()
    assert engine.resume(MIRA)[0].actions[0].status == "done"
    engine.store.close()


def first_plan(path: Path) -> str:
    with Store.open(path, create=False) as store, store.read() as tx:
        return tx.plans()[0]


def problems(path: Path) -> tuple[str, ...]:
    with Store.open(path, create=False) as store, store.read() as tx:
        return verify_store(tx).problems


@pytest.mark.parametrize("how", ["without the seal", "with the seal"])
def test_a_plan_that_was_put_back_does_not_run_twice(
    signed: Callable[[], Engine], database: Path, tmp_path: Path, how: str
) -> None:
    """The genuine rows of a signed plan, put back after it ran, with or without an earlier seal, run nothing again."""
    earlier = copy_database(database, tmp_path / "earlier.db")
    plan = first_plan(earlier)
    engine = signed()
    assert [action.status for action in engine.resume(MIRA)[0].actions] == ["done"]
    engine.store.close()
    subprocess.run([sys.executable, "-c", PUT_BACK, str(database), str(earlier), plan, how], check=True, timeout=60)
    with pytest.raises(LogInvalid, match=r"and the newest is entry 9|is not the newest"):
        signed().resume(MIRA, plan=plan)
    assert problems(database) != ()


def test_a_whole_database_that_was_put_back_is_not_used(signed: Callable[[], Engine], database: Path, tmp_path: Path) -> None:
    """A file of an earlier day, right in itself, neither decides nor runs; what stands in it can be looked at."""
    earlier = read_files(database)[""]
    run_and_close(signed)
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(earlier)
    with pytest.raises(LogInvalid, match="is not the newest: its log has 9 entries, and does not go on from the 11"):
        signed().resume(MIRA)
    assert any("is not the newest" in problem for problem in problems(database))


def test_a_backup_is_accepted_by_somebody(signed: Callable[[], Engine], database: Path, clock: FakeClock) -> None:
    """Whoever puts a backup back says so, once; the log tells who and how much was lost, and everything goes on."""
    earlier = read_files(database)[""]
    run_and_close(signed)
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(earlier)
    with Store.open(database, clock=clock) as store:
        store.accept(MIRA, "the disk died")
        with pytest.raises(UsageError, match="nothing to accept"):
            store.accept(MIRA, "once more")
        with store.read() as tx:
            (accepted,) = [entry for entry in tx.entries() if entry.event == "accepted"]
    assert dict(accepted.data) == {"kept": 11, "entries": 9, "reason": "the disk died"}
    assert [action.status for action in signed().resume(MIRA)[0].actions] == ["done"]
    assert problems(database) == ()


def test_a_kept_head_that_is_gone_is_missed(signed: Callable[[], Engine], database: Path, clock: FakeClock) -> None:
    """Without the head beside the key nobody knows whether the database is the newest: that has to be accepted."""
    database.with_name(f"{database.name}.key.head").unlink()
    with pytest.raises(LogInvalid, match="put that file back, or see `signoff audit accept`"):
        signed().resume(MIRA)
    with Store.open(database, clock=clock) as store:
        store.accept(MIRA, "the file was lost")
    assert signed().resume(MIRA)[0].actions[0].status == "done"


def test_a_database_needs_its_key(signed: Callable[[], Engine], database: Path, tmp_path: Path) -> None:
    """Without its key, or with another's, a database is not opened."""
    key = database.with_name(f"{database.name}.key")
    right = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyFileError, match="put it back"):
        signed()
    write_keys(key, new_keys())
    with pytest.raises(KeyFileError, match="is the key of signoff-"):
        signed()
    key.write_bytes(right)
    key.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        signed()
    key.chmod(0o600)
    signed()


def test_a_key_does_not_begin_anew(signed: Callable[[], Engine], database: Path) -> None:
    """Where the database is gone or empty, its key makes no other one: that would hide what was lost."""
    for end in ("", "-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    with pytest.raises(KeyFileError, match=r"whose log has 9 entries, and .* is not it"):
        signed()
    database.unlink()
    database.touch()
    with pytest.raises(KeyFileError, match="whose log has 9 entries"):
        signed()


def test_a_key_whose_making_was_cut_off_is_used(tmp_path: Path) -> None:
    """A key without a database, as a crash at the very beginning leaves it, gets one."""
    write_keys(tmp_path / "signoff.db.key", new_keys())
    (keys,) = read_keys(tmp_path / "signoff.db.key")
    with Store.open(tmp_path / "signoff.db") as store:
        assert store.keys == keys


def test_whoever_rewrites_everything_lacks_the_key(signed: Callable[[], Engine], database: Path, tmp_path: Path) -> None:
    """A log that somebody made with another key, right in itself, is not this database's."""
    elsewhere = tmp_path / "elsewhere.db"
    with Store.open(elsewhere, migrations=bank_registry().migrations) as store:
        engine = Engine(store, rules(RULES), bank_registry())
        engine.submit(read_plan(TRANSFER, engine.registry), DANA)
    database.write_bytes(elsewhere.read_bytes())
    with pytest.raises(KeyFileError, match="put the right one there"):
        signed()


def test_an_entry_of_ones_own_is_not_sealed(signed: Callable[[], Engine], database: Path) -> None:
    """An Entry that was added with every hash right, and a seal made without the key, stops everything."""
    code = PUT_BACK.split('connection.execute("ATTACH')[0] + "connection.execute(\"UPDATE log SET newest = '2000'\")"
    subprocess.run([sys.executable, "-c", code, str(database)], check=True, timeout=60)
    with pytest.raises(LogInvalid, match="was not sealed with the database's key"):
        signed().resume(MIRA)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE chains SET length = 9223372036854775807", "the chains do not end where the log's head says"),
        ("UPDATE log SET chains = 9223372036854775807", "the log's head cannot be read"),
        ("UPDATE log SET chains = -1", "the log's head cannot be read"),
    ],
)
def test_numbers_that_no_log_reaches(signed: Callable[[], Engine], database: Path, sql: str, told: str) -> None:
    """Numbers too large for canonical JSON, or too small for any log, are told as altered, by verification as by a verb."""
    with Store.open(database) as store:
        code = PUT_BACK.split('connection.execute("ATTACH')[0] + "connection.execute(sys.argv[2])"
        subprocess.run([sys.executable, "-c", code, str(database), sql], check=True, timeout=60)
        with store.read() as tx:
            assert any(told in problem for problem in verify_store(tx).problems)
    with pytest.raises(LogInvalid):
        signed().resume(MIRA)


def test_a_kept_head_may_be_older(signed: Callable[[], Engine], database: Path) -> None:
    """A process that was killed between its commit and the kept head, or a power cut, costs nothing."""
    head = database.with_name(f"{database.name}.key.head")
    older = head.read_bytes()
    run_and_close(signed)
    head.write_bytes(older)
    with Store.open(database) as store, store.read() as tx:
        assert verify_store(tx).problems == ()
        verify_plan(tx, tx.plans()[0])


def test_one_slot_of_the_kept_head_may_be_torn(tmp_path: Path) -> None:
    """Whichever of the two is torn, at whatever byte, the other one is read; the newer one where both are whole."""
    keys = new_keys()
    kept = KeptHead(tmp_path / "head", keys)
    assert kept.read() is None
    heads = [Frontier().extend([bytes([number]) * 32] * number) for number in range(4)]
    for head in heads:
        kept.write(head)
        assert kept.read() == head
    whole = kept.path.read_bytes()
    for at in (0, 1, 20, 60):
        torn = bytearray(whole)
        torn[at] ^= 1
        kept.path.write_bytes(torn)
        assert kept.read() in heads[2:]
    kept.path.write_bytes(bytes(len(whole)))
    assert kept.read() is None
    assert KeptHead(kept.path, new_keys()).read() is None


def test_a_kept_head_is_looked_into_again_only_where_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written or read here before is known by its bytes; what somebody else put there is looked into."""
    keys, other = new_keys(), new_keys()
    kept = KeptHead(tmp_path / "head", keys)
    heads = [Frontier().extend([bytes([number]) * 32] * number) for number in range(4)]
    for head in heads[:3]:
        kept.write(head)
    checked: list[bytes] = []
    check = KeptHead._checked

    def check_and_count(self: KeptHead, slot: bytes) -> Frontier | None:
        checked.append(slot)
        return check(self, slot)

    monkeypatch.setattr(KeptHead, "_checked", check_and_count)
    assert kept.read() == kept.read() == heads[2]
    assert checked == []
    KeptHead(kept.path, keys).write(heads[3])
    checked.clear()
    assert kept.read() == kept.read() == heads[3]
    assert len(checked) == 1
    kept.path.unlink()
    KeptHead(kept.path, other).write(heads[3])
    assert kept.read() is None


@given(st.lists(st.tuples(st.integers(0, 70), st.binary(min_size=32, max_size=32)), max_size=60))
def test_the_tree_of_heads_is_the_same_made_anew(changes: list[tuple[int, bytes]]) -> None:
    """However chains come and change, the root is that over all of them, and each stands in it, and nothing else does."""
    leaves: list[bytes] = []
    database, root = _Rows(), EMPTY
    for place, leaf in changes:
        at = min(place, len(leaves))
        leaves[at : at + 1] = [leaf]
        root = put_heads(database, {at: leaf}, len(leaves))
    assert root == root_over(leaves)
    for at, leaf in enumerate(leaves):
        assert has_head(database, at, leaf, len(leaves), root)
        assert not has_head(database, at, bytes(32), len(leaves), root) or leaf == bytes(32)
        assert not has_head(database, at, leaf, len(leaves), bytes(32))


@pytest.mark.parametrize("chains", [1, 2, 31, 32, 33, 1023, 1024, 1025, 1100])
def test_the_tree_of_heads_grows(chains: int) -> None:
    """A tree that gets another level keeps what it had."""
    leaves = [os.urandom(32) for _ in range(chains)]
    database, root = _Rows(), EMPTY
    for at, leaf in enumerate(leaves):
        root = put_heads(database, {at: leaf}, at + 1)
    assert root == root_over(leaves)
    assert all(has_head(database, at, leaf, chains, root) for at, leaf in enumerate(leaves))


class _Rows(Database):
    """The table of the tree alone, in memory."""

    def __init__(self) -> None:
        self._rows: dict[tuple[object, object], object] = {}
        self.remembered = Remembered()

    def execute(self, _: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        level, place, *node = parameters
        if node:
            (self._rows[level, place],) = node
        return [(self._rows[level, place],)] if (level, place) in self._rows else []
