"""Counting anew, from the stored actions and the log: what a new or changed counter counts."""

from collections.abc import Iterable, Mapping

from .counting import CountedRow, Counter, counted_rows
from .reading import Reading
from .verify import verify_plan
from .writing import Writing


def recount(tx: Writing, counters: Mapping[str, Counter]) -> None:
    """Make the stored rows those of *counters*, which are about to be in force; rows of counters that stay are kept.

    Raises LogInvalid where a plan that counts was altered.
    """
    wanted = {counter.digest: counter for counter in counters.values()}
    stored = {counter.digest for counter in tx.counters().values()}
    new = [counter for digest, counter in wanted.items() if digest not in stored]
    rows = counted_anew(tx, new)
    tx.uncount(stored - wanted.keys())
    tx.count(rows)


def counted_anew(reading: Reading, counters: Iterable[Counter]) -> list[CountedRow]:
    """What *counters* count of all stored actions. Each plan is verified. Raises LogInvalid where one was altered."""
    types = {type_ for counter in counters for type_ in counter.types}
    rows: list[CountedRow] = []
    for id_ in reading.plans_with(types) if types else ():
        verify_plan(reading, id_)
        plan = reading.plan(id_)
        assert plan is not None
        rows += counted_rows(counters, plan, reading.entries(id_))
    return rows
