"""What makes a commit survive, and how many of them a plan costs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from signoff.audit.connection import SAFE_WAL
from signoff.audit.database import Database
from signoff.planner import read_plan

from .world import DANA, opened

TRANSFER = '{"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []}'
LOCAL_AND_READ = ('{"type": "check_balance", "needs": []}', '{"type": "deposit", "amount": "40.00", "needs": []}', TRANSFER)
OPAQUE = (*(f'{{"type": "notify", "text": "{text}", "needs": []}}' for text in ("first", "third", "second")),)


@pytest.mark.parametrize(
    ("pragma", "value"), [("synchronous", 3), ("foreign_keys", 1), ("trusted_schema", 0), ("cell_size_check", 1)]
)
def test_the_connection_is_safe(new_bank: Path, pragma: str, value: int) -> None:
    """Every connection flushes at each commit (synchronous is EXTRA, which is 3) and checks references."""
    with opened(new_bank) as world:
        assert world.store._database.execute(f"PRAGMA {pragma}") == [(value,)]


def test_the_log_is_written_ahead(new_bank: Path) -> None:
    """The file is in WAL mode wherever SQLite is new enough not to corrupt it."""
    with opened(new_bank) as world:
        ((version,),) = world.store._database.execute("SELECT sqlite_version()")
        wanted = "wal" if tuple(map(int, version.split("."))) >= SAFE_WAL else "delete"
        assert world.store._database.execute("PRAGMA journal_mode") == [(wanted,)]


@pytest.mark.parametrize(("actions", "most"), [(LOCAL_AND_READ, 5), (OPAQUE, 6)], ids=["READ and LOCAL", "OPAQUE"])
def test_a_cycle_costs_few_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, actions: tuple[str, str, str], most: int
) -> None:
    """Three actions, the third signed before it runs, are durable at every step with few commits."""
    with opened(tmp_path / "signoff.db") as world:
        wrote = _count_commits(monkeypatch)
        world.engine.submit(read_plan(f'{{"actions": [{",".join(actions)}]}}', world.engine.registry), DANA)
        world.approve()
        world.resume()
        (plan,) = world.plans()
        assert [action.status for action in world.engine.plan(plan).actions] == ["done"] * 3
    assert wrote.count(True) == most


def _count_commits(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each COMMIT from now on, whether anything was written since the one before: else SQLite flushes nothing."""
    execute = Database.execute
    wrote: list[bool] = []
    changes = [-1]

    def counting(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        if sql == "COMMIT":
            changes.append(self._connection.total_changes)
            wrote.append(changes[-1] > changes[-2])
        return execute(self, sql, parameters)

    monkeypatch.setattr(Database, "execute", counting)
    return wrote
