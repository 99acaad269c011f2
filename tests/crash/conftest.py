"""Prepared processes, and databases in the states that crashes start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .jobs import Job
from .processes import Zygote, zygote_running
from .sweeping import copy_world
from .world import opened


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """A process that forks those which are killed."""
    with zygote_running() as running:
        yield running


@pytest.fixture(scope="session")
def new_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which nothing was asked for yet."""
    database = tmp_path_factory.mktemp("new") / "signoff.db"
    with opened(database):
        return database


@pytest.fixture(scope="session")
def new_outside(new_bank: Path, receiver_port: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a receiver in a process of its own."""
    database = copy_world(new_bank, tmp_path_factory.mktemp("outside") / "new")
    database.with_suffix(".port").write_text(str(receiver_port))
    return database


@pytest.fixture
def waiting_transfer(new_bank: Path, tmp_path: Path) -> Path:
    """A database with the bank's plan, whose second action waits for a manager."""
    database = copy_world(new_bank, tmp_path / "waiting")
    with opened(database) as world:
        world.submit("bank")
    return database


@pytest.fixture
def signed_transfer(waiting_transfer: Path) -> Path:
    """A database with the bank's plan, whose second action was signed and can run."""
    with opened(waiting_transfer) as world:
        world.approve()
    return waiting_transfer


@pytest.fixture
def signed_notice(new_bank: Path, tmp_path: Path) -> Path:
    """A database with the notices' plan, whose second action was signed and can run."""
    database = copy_world(new_bank, tmp_path / "signed")
    with opened(database) as world:
        world.submit("notices")
        world.approve()
    return database


@pytest.fixture
def interrupted_notice(zygote: Zygote, new_bank: Path, tmp_path: Path) -> Path:
    """A database whose executor was killed in the middle of the first OPAQUE effect."""
    database = copy_world(new_bank, tmp_path / "interrupted")
    (ended,) = zygote.run(Job(database=str(database), verb="live", plan="notices", label="in the effect"))
    assert ended.label == "in the effect"
    return database
