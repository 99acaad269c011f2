"""The head of the log is made from Entries that follow one another, and from no others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.actor import Actor
from signoff.audit import Store
from signoff.audit.checkpoints import checked
from signoff.audit.log import entry_hash, leaf_hash
from signoff.audit.log_reading import BATCH
from signoff.audit.sqlite import Row
from signoff.errors import LogInvalid


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store whose log has two chains."""
    with Store.open(tmp_path / "db") as opened:
        with opened.write() as tx:
            for number in range(1, 9):
                tx.log("policy", Actor(id='","chain":"p-2","data":{'), {"n": number}, plan=f"p-{number % 2}")
        yield opened


def rows_of(store: Store) -> list[Row]:
    with store.read() as tx:
        return list(tx.rows_in_order())


def test_whole_rows_have_their_leaves(store: Store) -> None:
    """Every row is given with the leaf of its bytes."""
    rows = rows_of(store)
    assert list(checked(rows)) == [(row, leaf_hash(row[3])) for row in rows]


def test_rows_of_a_long_log_come_in_parts(store: Store) -> None:
    """No row is left out where one part ends and the next begins."""
    with store.write() as tx:
        for number in range(BATCH):
            tx.log("policy", Actor(id="dana"), {"n": number}, plan="p-1")
    assert [row[0] for row in rows_of(store)] == list(range(1, BATCH + 9))


@pytest.mark.parametrize("column", range(6))
@pytest.mark.parametrize("at", [0, 3, 7])
def test_an_altered_row_is_found(store: Store, column: int, at: int) -> None:
    """Another number, chain, place, body, hash or leaf than was written is told, with the entry's number."""
    rows = rows_of(store)
    row = list(rows[at])
    row[column] = {0: 50, 1: "p-2", 2: 50, 3: row[3].replace(b'"n":', b'"m":')}.get(column, bytes(32))
    with pytest.raises(LogInvalid, match=f"entry {at + 1} was altered"):
        list(checked([*rows[:at], tuple(row), *rows[at + 1 :]]))


@pytest.mark.parametrize("at", [0, 3, 6])
def test_a_row_made_anew_is_found(store: Store, at: int) -> None:
    """An Entry that was rewritten with its hashes is told at the next one of its chain, as long as there is one."""
    rows = rows_of(store)
    number, chain, place, body, *_ = rows[at]
    body = body.replace(b'"n":', b'"m":')
    altered = [*rows[:at], (number, chain, place, body, entry_hash(body), leaf_hash(body)), *rows[at + 1 :]]
    if at < 6:
        with pytest.raises(LogInvalid, match=f"entry {at + 3} was altered"):
            list(checked(altered))
    else:  # nothing but the tree's root tells that
        assert len(list(checked(altered))) == 8


def test_a_missing_or_exchanged_row_is_found(store: Store) -> None:
    """An Entry that is missing, comes twice, or stands in another one's place is told."""
    rows = rows_of(store)
    for altered in (rows[1:], [*rows[:3], *rows[4:]], [*rows[:2], *rows[1:]], [*rows[:2], rows[3], rows[2], *rows[4:]]):
        with pytest.raises(LogInvalid, match="was altered, moved or removed"):
            list(checked(altered))
