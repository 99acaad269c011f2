"""The standard library's SQLite, in processes that have no other one: most are older than what a write-ahead log needs."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.audit.connection import SAFE_WAL

from .checking import outcome, standing_problems
from .jobs import Job
from .power import SHORT, cut_anywhere, files_of, judge, record
from .processes import Zygote, zygote_running
from .sweeping import copy_world, crash_everywhere, crash_once, look, whole_life
from .world import opened

LIFE = Job(verb="live")
JOURNAL, WAL = 1, 2  # byte 18 of a database file: https://www.sqlite.org/fileformat.html


@pytest.fixture(scope="module")
def version() -> tuple[int, ...]:
    """The version of the standard library's SQLite."""
    code = "import sqlite3; print(*sqlite3.sqlite_version_info)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return tuple(map(int, told.stdout.split()))


@pytest.fixture(scope="module")
def standard() -> Iterator[Zygote]:
    """A zygote whose processes have the standard library's SQLite only."""
    with zygote_running(without="pysqlite3") as running:
        yield running


@pytest.fixture
def made_by_it(standard: Zygote, tmp_path: Path) -> Path:
    """A database that it made, in which nothing was asked for yet."""
    database = tmp_path / "made" / "signoff.db"
    database.parent.mkdir()
    (ended,) = standard.run(Job(database=str(database), verb="open"))
    assert (ended.signal, ended.error) == (None, None), ended
    return database


def test_a_write_ahead_log_is_refused(standard: Zygote, version: tuple[int, ...], new_bank: Path, tmp_path: Path) -> None:
    """An older SQLite refuses a file with a write-ahead log, says what to install, and changes nothing in it."""
    database = copy_world(new_bank, tmp_path / "wal")
    assert files_of(database)["signoff.db"][18] == WAL
    (ended,) = standard.run(replace(LIFE, database=str(database)))
    if version >= SAFE_WAL:
        assert ended.error is None
    else:
        assert ended.error == "DatabaseError"
        assert "is in WAL mode" in str(ended.said)
        assert "install pysqlite3, or SQLite 3.51.3 or newer" in str(ended.said)
        assert files_of(database)["signoff.db"] == files_of(new_bank)["signoff.db"]


@pytest.mark.parametrize("plan", ["bank", "notices", "two signatures"])
def test_plans_live(standard: Zygote, version: tuple[int, ...], made_by_it: Path, plan: str) -> None:
    """A file that it makes has a rollback journal, and plans are run on it as with a newer SQLite."""
    verb = "submit" if plan == "two signatures" else "live"
    (ended,) = standard.run(Job(database=str(made_by_it), verb=verb, plan=plan))
    assert (ended.signal, ended.error) == (None, None), ended
    for who in ("mira", "omar") if plan == "two signatures" else ():
        (ended,) = standard.run(Job(database=str(made_by_it), verb="approve and resume", who=who))
        assert (ended.signal, ended.error) == (None, None), ended
    assert files_of(made_by_it)["signoff.db"][18] == (WAL if version >= SAFE_WAL else JOURNAL)
    with opened(made_by_it) as world:
        assert set(outcome(world).statuses) == {"done"}
        assert list(standing_problems(world)) == []


@pytest.mark.parametrize("label", ["INSERT INTO entries", "UPDATE actions", "COMMIT", "after COMMIT", "in the effect"])
def test_a_killed_process_is_recovered(standard: Zygote, made_by_it: Path, tmp_path: Path, label: str) -> None:
    """Killed at a point, it leaves a file from which a newer SQLite goes on."""
    whole = whole_life(made_by_it, tmp_path / "whole", "notices")
    assert crash_once(standard, made_by_it, tmp_path / "run", replace(LIFE, plan="notices", label=label), whole).problems == ()


@pytest.mark.long
def test_a_process_is_killed_anywhere(standard: Zygote, made_by_it: Path, tmp_path: Path) -> None:
    """Killed at any point, it leaves a file from which a newer SQLite goes on."""
    whole = whole_life(made_by_it, tmp_path / "whole", "notices")
    crashes = list(crash_everywhere(standard, made_by_it, tmp_path, replace(LIFE, plan="notices"), whole, look))
    assert [crash for crash in crashes if crash.problems] == []
    assert {crash.interrupted for crash in crashes} == {(), (1,), (2,), (4,)}


def test_the_power_is_cut(standard: Zygote, made_by_it: Path, tmp_path: Path) -> None:
    """With what that SQLite itself writes and syncs, a power cut loses nothing either."""
    whole = whole_life(made_by_it, tmp_path / "whole", "notices")
    run = copy_world(made_by_it, tmp_path / "run")
    before = files_of(run)
    ended, recorded = record(standard, replace(LIFE, database=str(run), plan="notices"))
    assert (ended.signal, ended.error) == (None, None), ended
    verdicts = [
        judge(image, tmp_path / "image" / "signoff.db", "notices", whole) for image in cut_anywhere(before, recorded, SHORT)
    ]
    assert [verdict.problems for verdict in verdicts if verdict.problems] == []
    assert len(verdicts) > 20
