"""Edits and batches are whole or did not happen, wherever a process dies, and whoever comes at the same time."""

from itertools import count
from pathlib import Path

import pytest

from .checking import standing_problems
from .jobs import Job
from .processes import Zygote
from .sweeping import copy_world
from .world import World, opened

ROUNDS = 6
THREE = """{"actions": [
    {"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []},
    {"type": "transfer", "to": "Bob", "amount": "110.00", "needs": []},
    {"type": "transfer", "to": "Alice", "amount": "120.00", "needs": []}]}"""


@pytest.fixture
def three_waiting(new_bank: Path, tmp_path: Path) -> Path:
    """A database with a plan of three transfers, each of which waits for a manager."""
    database = copy_world(new_bank, tmp_path / "three")
    with opened(database) as world:
        world.submit(THREE)
    return database


def approvals(world: World) -> tuple[str, ...]:
    """How the approvals of the one plan stand."""
    (plan,) = world.plans()
    with world.store.read() as tx:
        return tuple(approval.status.value for approval in tx.approvals_of(plan))


def killed_everywhere(zygote: Zygote, template: Path, folder: Path, verb: str) -> set[tuple[str, ...]]:
    """How approvals stand after a process that does *verb* was killed, at each of its points."""
    found: set[tuple[str, ...]] = set()
    for point in count(1):
        database = copy_world(template, folder / f"{verb} {point}")
        (ended,) = zygote.run(Job(database=str(database), verb=verb, who="mira", point=point))
        if ended.signal is None:
            return found
        with opened(database) as world:
            assert list(standing_problems(world)) == [], ended.label
            found.add(approvals(world))
    return found


def test_an_edit_is_whole_or_did_not_happen(zygote: Zygote, waiting_transfer: Path, tmp_path: Path) -> None:
    """Killed anywhere in an edit, the first revision waits, or the second does in its place, with its counters and its log."""
    assert killed_everywhere(zygote, waiting_transfer, tmp_path, "edit") == {("waiting",), ("replaced", "waiting")}


def test_a_batch_is_whole_or_did_not_happen(zygote: Zygote, three_waiting: Path, tmp_path: Path) -> None:
    """Killed anywhere in a batch, nothing of it was signed, or all."""
    assert killed_everywhere(zygote, three_waiting, tmp_path, "approve all") == {("waiting",) * 3, ("approved",) * 3}


def test_an_edit_and_a_vote_at_once(zygote: Zygote, waiting_transfer: Path, tmp_path: Path) -> None:
    """Of an edit and a vote at the same moment each comes first or second, and no vote is for what it was not cast for."""
    for number in range(ROUNDS):
        database = copy_world(waiting_transfer, tmp_path / f"race {number}")
        edit, vote = zygote.run(
            Job(database=str(database), verb="edit", who="mira"), Job(database=str(database), verb="approve", who="omar")
        )
        with opened(database) as world:
            (plan,) = world.plans()
            action = world.engine.plan(plan).action(2)
            with world.store.read() as tx:
                votes = [(one.digest, action.digest) for found in tx.approvals_of(plan) for one in tx.votes(found.id)]
            assert (edit.error, vote.error) in {(None, None), (None, "Refused")}
            assert action.revision == 2
            signed = [mine for mine, now in votes if mine == now]
            assert (action.status == "approved") == bool(signed)
            assert list(standing_problems(world)) == []


def test_batches_that_overlap_at_once(zygote: Zygote, three_waiting: Path, tmp_path: Path) -> None:
    """Of two people who sign the same batch at the same moment one does, and of the other nothing counts."""
    for number in range(ROUNDS):
        database = copy_world(three_waiting, tmp_path / f"race {number}")
        ended = zygote.run(*(Job(database=str(database), verb="approve all", who=who) for who in ("mira", "omar")))
        assert [one.error for one in ended].count(None) == 1
        with opened(database) as world:
            (plan,) = world.plans()
            with world.store.read() as tx:
                voters = [vote.voter.id for found in tx.approvals_of(plan) for vote in tx.votes(found.id)]
            assert (approvals(world), len(voters), len(set(voters))) == (("approved",) * 3, 3, 1)
            assert list(standing_problems(world)) == []
