"""Leases: seen by other processes as long as they are held, kept by heartbeats, and over by the database's time."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import pytest

from signoff.audit import TERM, Store
from signoff.audit.leases import Heart, Leases
from signoff.errors import Busy

FENCE = 2**53 - 1  # as high as an Entry's number can be
HOLDER = """
import sys
from pathlib import Path
from signoff.audit.leases import Leases
leases = Leases(Path(sys.argv[1]))
leases.hold(7)
print(leases.worker, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[Leases]:
    """What one process executes: nothing yet."""
    opened = Leases(tmp_path / "x.run")
    yield opened
    opened.close()


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Leases]:
    """The same file, as another one sees it."""
    opened = Leases(tmp_path / "x.run")
    yield opened
    opened.close()


def test_what_is_held_is_seen(leases: Leases, others: Leases) -> None:
    """What one holds may run, for itself and for others, until it lets go; what it never held does not."""
    leases.hold(FENCE)
    assert (leases.may_run(FENCE), leases.is_here(FENCE), leases.is_gone(FENCE)) == (True, True, False)
    assert (others.may_run(FENCE), others.is_here(FENCE), others.is_gone(FENCE)) == (True, False, False)
    assert others.is_gone(FENCE - 1)
    others.hold(FENCE - 1)
    leases.release(FENCE)
    leases.release(FENCE)
    assert (leases.is_gone(FENCE), others.is_gone(FENCE), leases.may_run(FENCE - 1)) == (True, True, True)


def test_one_fence_is_held_once(leases: Leases, others: Leases) -> None:
    """What another one holds is not held, and letting go of it changes nothing for the other."""
    leases.hold(1)
    with pytest.raises(Busy, match="the fence 1"):
        others.hold(1)
    others.release(1)
    leases.close()
    assert not others.is_gone(1), "what is given up and still runs is not forgotten"
    leases.release(1)
    assert others.is_gone(1)


def test_a_process_that_is_killed_holds_nothing(leases: Leases, tmp_path: Path) -> None:
    """However a process ends, what it held is free at once, and nothing but the one empty file is left."""
    command = [sys.executable, "-W", "error", "-c", HOLDER, str(tmp_path / "x.run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        worker = holder.stdout.readline().strip()
        assert worker == f"{leases.worker.rpartition(':')[0]}:{holder.pid}"
        assert leases.may_run(7)
        holder.kill()
        holder.wait(60)
        assert leases.is_gone(7)
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("x.run", 0)]


def test_heartbeats_come_until_the_end(leases: Leases) -> None:
    """A lease is renewed as long as the block lasts, also after a beat that could not be made; then no more."""
    beats: list[int] = []
    enough = Event()

    def renew() -> bool:
        beats.append(1)
        if len(beats) == 2:
            raise Busy("another process writes")
        if len(beats) == 4:
            enough.set()
        return True

    with Heart(0.001).beating(renew):
        assert enough.wait(60)
    count = len(beats)
    assert count >= 4
    assert not Event().wait(0.01)
    assert len(beats) == count


def test_a_lost_lease_is_not_renewed_any_more() -> None:
    """Once the lease is another's, its heart does not beat for it."""
    beats: list[int] = []
    over = Event()

    def renew() -> bool:
        beats.append(1)
        over.set()
        return False

    with Heart(0.001).beating(renew):
        assert over.wait(60)
        assert not Event().wait(0.02)
    assert beats == [1]


def test_what_ends_soon_costs_no_beat() -> None:
    """An action that ends before the first beat is due renews nothing."""
    beats: list[int] = []

    def renew() -> bool:
        beats.append(1)
        return True

    with Heart(TERM).beating(renew):
        pass
    assert beats == []


def test_locks_stand_beside_the_key(tmp_path: Path) -> None:
    """Whoever can write beside the database, but not beside the key, makes nobody believe that an execution is over."""
    (tmp_path / "keys").mkdir()
    database, key = tmp_path / "signoff.db", tmp_path / "keys" / "bank.key"
    with Store.open(database, key=key) as store, Store.open(database, key=key) as other:
        store.leases.hold(5)
        for path in tmp_path.glob("signoff.db.*"):
            path.unlink()
        assert other.leases.may_run(5)
        store.leases.release(5)
        assert not other.leases.may_run(5)


def test_many_that_end_soon_share_a_thread() -> None:
    """One thread serves all that is held at once and one after the other, and every one of them gets its own beats."""
    beats: Counter[int] = Counter()
    enough = Event()

    def renew(number: int) -> bool:
        beats[number] += 1
        if len(beats) == 3 and min(beats.values()) >= 2:
            enough.set()
        return True

    heart, before = Heart(0.05), set(threads())
    for _ in range(20):
        with heart.beating(lambda: renew(0)):
            assert len(set(threads()) - before) <= 1
    beats.clear()
    with heart.beating(lambda: renew(1)), heart.beating(lambda: renew(2)), heart.beating(lambda: renew(3)):
        assert len(set(threads()) - before) <= 1
        assert enough.wait(60)
    heart.close()
