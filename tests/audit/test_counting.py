"""What counters count: exact sums, found by an index, and keys in one spelling."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.audit import PLACE, CountedRow, Counter, Store, Total, add_up, read_counters
from signoff.canonical import MAX_INTEGER, Json

ROWS = [
    *(
        CountedRow("c", "[]", f"2026-03-02T00:00:00.{number:06d}Z", number, 1, f"p-{number}", MAX_INTEGER)
        for number in range(3_000)
    ),
    CountedRow("c", "[]", "held", 4_000, 1, "p-a", -7),
    CountedRow("c", "[]", "held", 4_000, 2, "p-a", None),
    CountedRow("c", '["other"]', "held", 4_000, 1, "p-b", 1),
    CountedRow("d", "[]", "held", 4_000, 1, "p-c", 1),
]


@pytest.fixture
def counted(database: Path) -> Iterator[Store]:
    """A store with ROWS, of actions that are not there."""
    with Store.open(database) as store:
        store._database.execute("PRAGMA foreign_keys = OFF")
        with store.write() as tx:
            tx.count(ROWS)
        yield store


@pytest.mark.parametrize(
    ("since", "place", "left_out", "wanted"),
    [
        ("", (PLACE, 0), [], Total(3_000 * MAX_INTEGER - 7, 1)),  # more than 64 bits hold
        ("2026-03-02T00:00:00.002999Z", (PLACE, 0), [], Total(MAX_INTEGER - 7, 1)),
        ("2026-03-02T00:00:00.003000Z", (PLACE, 0), [], Total(-7, 1)),
        ("2026-03-03", (4_000, 2), [], Total(-7, 0)),
        ("2026-03-03", (4_000, 1), [], Total(0, 0)),
        ("2026-03-03", (PLACE, 0), [("p-a", 2)], Total(-7, 0)),
        ("2026-03-03", (PLACE, 0), [("p-a", 1), ("p-a", 2)], Total(0, 0)),
        ("", (2, 1), [("p-1", 1)], Total(MAX_INTEGER, 0)),
    ],
)
def test_totals_are_exact(
    counted: Store, since: str, place: tuple[int, int], left_out: list[tuple[str, int]], wanted: Total
) -> None:
    """The database's total is exact, and the one that is added up without it."""
    with counted.read() as tx:
        assert tx.total("c", "[]", since, place, left_out) == wanted
    assert add_up([row for row in ROWS if row.counter == "c"], "[]", since, place, left_out) == wanted


def test_totals_are_found_by_an_index(counted: Store) -> None:
    """Only the rows of one counter, one key and one window are looked at."""
    ran: list[str] = []
    counted._database._connection.set_trace_callback(ran.append)
    with counted.read() as tx:
        tx.total("c", "[]", "2026-03-03", (PLACE, 0))
    (query,) = (sql for sql in ran if "sum(" in sql)
    plan = [str(row[3]) for row in counted._database.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert plan[0] == "SEARCH counted USING PRIMARY KEY (counter=? AND key=? AND done>?)"


@pytest.mark.parametrize(
    ("value", "amount"),
    [("150.00", 15_000), ("150", 150), ("0.001", 1), (7, 7), (-7, -7), (None, None), (True, None), ("1e3", None), ("", None)],
)
def test_what_an_action_adds(value: Json, amount: int | None) -> None:
    """Money adds its smallest units, a whole number itself; what is neither is unknown."""
    content = {"field": "amount", "types": ["pay"], "by": ["to", "actor.id"], "window": "plan", "zone": None}
    counter: Counter = read_counters({"sent": content})["sent"]
    assert counter.amount({"amount": value}) == amount
    assert counter.key("p-1", "Dana", {"to": "  ANN "}) == '["p-1","ann","dana"]'
    assert (counter.counts("pay"), counter.counts("send")) == (True, False)
