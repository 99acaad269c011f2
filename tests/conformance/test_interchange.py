"""The Agent Approval Interchange Specification's own tests of a backend, over a store of ours."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
from aais.backends import ApprovalStateBackend
from aais.testing import BackendConformance

from signoff.audit.database import Database

from .interchange import PATIENCE, StoreBackend

ROOT = Path(__file__).parents[2]
CASES = sorted(name for name in dir(BackendConformance) if name.startswith("test_"))
NOT_APPLICABLE: dict[str, str] = {}  # every case applies
WAITS_FOR_ITSELF = "test_nested_transaction_on_second_handle_raises"  # the whole patience long, so it has less


class OverAStore(BackendConformance):
    """The tests, over stores in *folder*."""

    def __init__(self, folder: Path, patience: float = PATIENCE) -> None:
        self._paths = (folder / f"{number}.db" for number in count())
        self._patience = patience

    def make_backend(self) -> ApprovalStateBackend:
        """A new store."""
        return StoreBackend(next(self._paths), self._patience)

    def reopen_backend(self, backend: ApprovalStateBackend) -> ApprovalStateBackend:
        """The same file, opened anew."""
        assert isinstance(backend, StoreBackend)
        return StoreBackend(backend.path, self._patience)

    def corrupt_backend(self, backend: ApprovalStateBackend, raw: bytes) -> None:
        """Store *raw*."""
        assert isinstance(backend, StoreBackend)
        with backend.transaction() as tx:
            tx.store_raw(raw)

    def subprocess_backend_factory(self, backend: ApprovalStateBackend) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """How a process of its own opens the same file."""
        assert isinstance(backend, StoreBackend)
        return StoreBackend, (backend.path, self._patience)


def run(case: str, suite: BackendConformance) -> None:
    """Run one of the tests. Raises what it raises."""
    suite.setup_method()
    try:
        getattr(suite, case)()
    finally:
        suite.teardown_method()


@pytest.mark.parametrize("case", CASES)
def test_a_store_passes(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the specification's tests passes; one is skipped only where it is listed, and no listed one would pass."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])  # processes of its own import the backend from here
    skipped = None
    try:
        run(case, OverAStore(tmp_path, patience=0.2 if case == WAITS_FOR_ITSELF else PATIENCE))
    except SkipTest as skip:
        skipped = str(skip)
    assert (skipped is not None) == (case in NOT_APPLICABLE), skipped


def test_there_are_as_many_tests_as_were_read() -> None:
    """A release with other tests than those that were read is read again before it is trusted."""
    assert len(CASES) == 20


@contextmanager
def without_locks(self: Database, **_: object) -> Iterator[None]:
    """A write transaction that begins as a reading one and takes no lock."""
    self.execute("BEGIN")
    try:
        yield
    finally:
        self.execute("COMMIT")


@contextmanager
def without_an_end(self: Database, **_: object) -> Iterator[None]:
    """A write transaction that is never committed."""
    self.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        self.execute("ROLLBACK")


@contextmanager
def without_a_way_out(self: Database, **_: object) -> Iterator[None]:
    """A write transaction inside another one is taken as a part of it."""
    nested = self._connection.in_transaction
    if not nested:
        self.execute("BEGIN IMMEDIATE")
    yield
    if not nested:
        self.execute("COMMIT")


@pytest.mark.parametrize(
    ("broken", "case"),
    [
        (without_locks, "test_transactions_exclude_each_other_across_threads"),
        (without_an_end, "test_save_load_round_trip_and_second_handle"),
        (without_a_way_out, "test_nested_transaction_on_same_handle_raises"),
    ],
)
def test_a_broken_store_fails(broken: Any, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With our transactions broken in one way, a test of the specification's fails."""
    suite = OverAStore(tmp_path, patience=0.2)
    with suite.make_backend().transaction():  # the file is made by what is not broken
        pass
    monkeypatch.setattr(Database, "writing", broken)
    with pytest.raises(AssertionError):
        run(case, OverAStore(tmp_path, patience=0.2))


def test_what_was_saved_before_an_error_is_not_kept(tmp_path: Path) -> None:
    """A transaction that raises after it has saved changes nothing, which the specification asks for and does not try."""
    suite = OverAStore(tmp_path)
    backend = suite.make_backend()
    with backend.transaction() as tx:
        tx.save({"n": 1})
    before = backend.version()
    with pytest.raises(ZeroDivisionError), backend.transaction() as tx:
        tx.save({"n": 2})
        raise ZeroDivisionError
    assert backend.version() == before
    with suite.reopen_backend(backend).transaction() as tx:
        assert tx.load() == {"n": 1}


def test_a_process_that_is_killed_while_it_saves_changes_nothing(tmp_path: Path) -> None:
    """What a process saved that was killed inside its transaction is not there, and others go on at once."""
    backend = StoreBackend(tmp_path / "signoff.db", patience=0.2)
    with backend.transaction() as tx:
        tx.save({"n": 1})
    code = (
        "import os, pathlib, signal\n"
        f"from {StoreBackend.__module__} import StoreBackend\n"
        f"with StoreBackend(pathlib.Path({str(backend.path)!r})).transaction() as tx:\n"
        "    tx.save({'n': 2})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == -signal.SIGKILL
    with backend.transaction() as tx:
        assert tx.load() == {"n": 1}
        tx.save({"n": 3})
    assert backend.exists()
