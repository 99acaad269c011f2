"""Several workers and people in one thread: whatever the seed lets happen, the laws hold; and they catch what breaks them."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from signoff.audit import Entry

from . import bugs
from .running import LawBroken, log_digest, simulate

SEEDS = 24  # of the short run
BATCH, BATCHES = 400, 18  # of the long one: an hour
ROOT = Path(__file__).parents[2]
# What happens in the short run, so that the laws say something: each event of the log that an error, a crash or a race brings.
EVENTS = {
    *("executing", "done", "failed", "in_doubt", "resolved", "ready", "retry", "asking", "probed", "late"),
    *("waiting", "approved", "rejected", "expired", "cancelled", "skipped", "edited", "refused", "delegated", "policy"),
}


@cache
def _log(seed: int) -> list[Entry]:
    return simulate(seed)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_laws_hold(seed: int) -> None:
    """Whatever happens in the world of this seed, no law is broken, and all of it comes to an end."""
    assert _log(seed), "something happened"


@pytest.mark.long
@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_laws_hold_for_long(batch: int) -> None:
    """The same in thousands of other worlds, some of which live longer."""
    for seed in range(10_000 + batch * BATCH, 10_000 + (batch + 1) * BATCH):
        simulate(seed, steps=240 if seed % 10 == 0 else 90)


def test_everything_happens() -> None:
    """The short run's worlds come upon everything that may happen, so that their laws are not kept by idleness."""
    entries = [entry for seed in range(SEEDS) for entry in _log(seed)]
    assert EVENTS - {entry.event for entry in entries} == set()
    assert "denied" in {entry.data.get("status") for entry in entries}, "somebody meets the limit"
    errors = " ".join(str(entry.data.get("error")) for entry in entries)
    causes = (
        "the process ended while",
        "its lease was over",
        "no answer within",
        "still runs",
        "the receiver says that it did not",
    )
    assert [cause for cause in causes if cause not in errors] == []
    workers = Counter(str(lease["worker"])[:2] for one in entries if isinstance(lease := one.data.get("lease"), dict))
    assert len(workers) == 4, workers


def test_a_seed_is_one_world() -> None:
    """The same seed gives the same log, byte for byte, also in another process with other hashes and other keys."""
    again = [entry.body for entry in simulate(3)]
    assert again == [entry.body for entry in _log(3)]
    assert again != [entry.body for entry in _log(4)]
    command = [sys.executable, "-m", "tests.simulation.running", "3", "--quiet"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split()[-1] == log_digest(_log(3))


@pytest.mark.parametrize(
    ("bug", "seed", "said"),
    [
        (bugs.no_fence, 18, "which is held by"),
        (bugs.no_compare_and_set, 0, "which is held by"),
        (bugs.effect_before_intent, 4, "its effect happened"),
        (bugs.no_lease, 0, "before its lease is over"),
        (bugs.zombies_are_believed_gone, 35, "its effect happened"),
        (bugs.interrupted_is_ready, 1, "its effect happened"),
        (bugs.exception_is_failed, 0, "its effect happened"),
        (bugs.no_is_taken_for_an_answer, 17, "its effect happened"),
        (bugs.no_window, 270, "its effect happened"),
        (bugs.nothing_is_forgotten, 42, "the file was altered"),
        (bugs.votes_serve_again, 27, "started after the deadline"),
        (bugs.any_votes_serve, 1, "were asked"),
        (bugs.no_deadline, 0, "after the deadline"),
        (bugs.nothing_is_held, 0, "counts for in spent is not what its log tells"),
    ],
)
def test_a_bug_is_seen(bug: Callable[[pytest.MonkeyPatch], None], seed: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one protection taken away, a world of the short run breaks a law: the first one tried is known to."""
    bug(monkeypatch)
    assert any(said in _broken_by(tried) for tried in (seed, *range(SEEDS))), f'no world is broken by "{said}"'


def _broken_by(seed: int) -> str:
    """What breaks in the world of *seed*, in a line; empty where nothing does."""
    try:
        simulate(seed)
    except LawBroken as broken:
        return str(broken).partition("\n")[0]
    return ""


def test_a_failure_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is broken is told with its seed and the command that shows it again."""
    bugs.exception_is_failed(monkeypatch)
    with pytest.raises(LawBroken, match="make simulate SEED=0 STEPS=90"):
        simulate(0)
