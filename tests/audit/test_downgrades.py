"""Files of an older version that were altered, or only look like it: they get no seal, and nothing of them changes."""

from pathlib import Path

import pytest

from signoff.audit import Store, verify_store
from signoff.audit.keys import Keys, read_keys, write_keys
from signoff.errors import DatabaseError, KeyFileError, LogInvalid
from tests.corpus.files import KEYS, UNSEALED, altered, contents, copied, dumped
from tests.corpus.world import MIRA

NEWEST_UNSEALED = UNSEALED[-1]

# What takes a sealed file back to how the version before left it.
UNSEAL = """
DROP TABLE log;
DROP TABLE heads;
DROP TRIGGER entries_are_kept;
DROP TRIGGER entries_stay_as_they_are;
ALTER TABLE chains DROP COLUMN leaf;
DELETE FROM _sqlite_migrations WHERE migration_set = 'signoff' AND name > 'signoff.3';
"""
FORGED = "UPDATE actions SET status = 'approved' WHERE status = 'waiting';"


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A database with key and kept head."""
    return copied(KEYS, tmp_path / "sealed")


@pytest.mark.parametrize("version", UNSEALED)
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        pytest.param(FORGED, "was edited: the log tells another status", id="a state"),
        pytest.param("UPDATE entries SET body = x'7b7d' WHERE number = 9", "entry 9 was edited", id="an entry"),
        pytest.param("UPDATE entries SET leaf = x'00' WHERE number = 9", "entry 9 was edited", id="a leaf"),
        pytest.param(
            "UPDATE entries SET body = x'78' WHERE number = (SELECT max(number) FROM entries)", "was edited", id="the newest"
        ),
        pytest.param("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)", "was cut off", id="the end"),
        pytest.param("DELETE FROM chains WHERE chain <> 'system'", "its end was cut off", id="the ends"),
        pytest.param("UPDATE chains SET length = 9223372036854775807", "beyond", id="a length"),
        pytest.param("UPDATE policies SET source = CAST(source || ' ' AS BLOB)", "policy", id="the rules"),
        pytest.param("UPDATE votes SET used = NULL", "was edited: the log tells another used", id="a vote to use again"),
        pytest.param(
            "CREATE TRIGGER more AFTER UPDATE ON chains BEGIN DELETE FROM votes; END", "the trigger more", id="a trigger"
        ),
    ],
)
def test_an_altered_older_file_is_not_sealed(version: int, tmp_path: Path, sql: str, told: str) -> None:
    """An older file that does not verify is refused; nothing in it changes, and there is no key that says it is right."""
    database = copied(version, tmp_path / "altered")
    altered(database, f"PRAGMA foreign_keys = OFF; {sql}")
    before = contents(database)
    for _ in range(2):
        with pytest.raises(LogInvalid, match=told):
            Store.open(database)
    assert contents(database) == before


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM _sqlite_migrations WHERE name = 'signoff.1'",
        "DROP TABLE _sqlite_migrations",
        "CREATE TABLE log (mine)",
        "UPDATE _sqlite_migrations SET name = 'signoff.4' WHERE name = 'signoff.3'",
    ],
)
def test_migrations_that_are_not_what_was_made(tmp_path: Path, sql: str) -> None:
    """Where the file's tables are not those of the migrations that it tells, it is refused, and stays as it is."""
    database = copied(NEWEST_UNSEALED, tmp_path / "altered")
    altered(database, sql)
    before = contents(database)
    with pytest.raises(DatabaseError, match="is not as Signoff made it"):
        Store.open(database)
    assert contents(database) == before


@pytest.mark.parametrize("forged", ["", FORGED], ids=["as it was", "forged"])
@pytest.mark.parametrize("head", [True, False], ids=["with its head", "without its head"])
def test_a_seal_that_was_taken_out_is_missed(sealed: Path, *, head: bool, forged: str) -> None:
    """A file without its seal, that says an older version made it, is not sealed anew with the key that it had."""
    altered(sealed, UNSEAL + forged)
    if not head:
        sealed.with_name("signoff.db.key.head").unlink()
    before = contents(sealed)
    with pytest.raises(KeyFileError, match="is the key of a database whose log has" if head else "has a log and no seal"):
        Store.open(sealed)
    assert contents(sealed) == before


def test_without_its_key_it_is_another_log(sealed: Path) -> None:
    """Whoever can also take away the key and the kept head has a file of an older version: it verifies, under another name.

    Who has the public key of the log that it was, or a checkpoint of it, sees that it is not that one.
    """
    (before,) = read_keys(sealed.with_name("signoff.db.key"))
    altered(sealed, UNSEAL)
    for suffix in (".key", ".key.head"):
        sealed.with_name(sealed.name + suffix).unlink()
    with Store.open(sealed) as store, store.read() as tx:
        assert verify_store(tx).problems == ()
        assert {store.keys.origin, store.keys.public, store.keys.store_id}.isdisjoint(
            {before.origin, before.public, before.store_id}
        )


def test_a_newer_version_migrates_it_meanwhile(sealed: Path) -> None:
    """A process that has the file open writes nothing more once a newer version has changed its tables; its own may change."""
    with Store.open(sealed) as store:
        altered(sealed, "CREATE TABLE bank_more (x)")
        with store.write():
            pass
        migrated = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('signoff', 'signoff.99', '2030')"
        before = altered(sealed, f"{migrated}; CREATE TABLE newer (x)")
        for _ in range(2):
            with pytest.raises(DatabaseError, match=r"newer version of Signoff \(signoff.99\)"), store.write() as tx:
                tx.log("refused", MIRA, {"verb": "none", "reason": "none"})
        assert dumped(sealed) == before


def test_a_key_whose_writing_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends before its key is written, or before the commit after it, leaves a file that gets its key."""
    database = copied(NEWEST_UNSEALED, tmp_path / "cut")

    def write_and_end(path: Path, *keys: Keys) -> None:
        write_keys(path, *keys)
        raise KeyboardInterrupt

    def end(path: Path, *keys: Keys) -> None:
        raise KeyboardInterrupt

    before = dumped(database)
    for cut in (end, write_and_end):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("signoff.audit.sealing.write_keys", cut)
            Store.open(database)
        assert dumped(database) == before
    with Store.open(database) as store, store.read() as tx:
        assert verify_store(tx).problems == ()
