"""A process is killed at every point of the life of effects at another process, which counts them by itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from .checking import standing_problems
from .jobs import Job
from .processes import Zygote
from .sweeping import copy_world, crash_everywhere, look_outside, whole_life
from .world import opened

LIFE = Job(verb="live", plan="outside")


def test_effects_outside_happen_as_often_as_they_should(zygote: Zygote, new_outside: Path, tmp_path: Path) -> None:
    """Killed anywhere, with a receiver that loses requests and answers: IDEMPOTENT and PROBE happen once, OPAQUE never twice."""
    whole = whole_life(new_outside, tmp_path / "whole", "outside")
    assert whole.statuses == ("done",) * 6
    assert [action.attempt for action in whole.plan.actions] == [2, 1, 2, 1, 2, 1]
    crashes = list(crash_everywhere(zygote, new_outside, tmp_path, LIFE, whole, look_outside))
    assert {f"{number} {crash.label}": crash.problems for number, crash in enumerate(crashes, 1) if crash.problems} == {}
    assert {crash.interrupted for crash in crashes} == {(), (1,), (1, 3), (1, 3, 4), (3,), (2,), (5,)}
    struck = [crash.label for crash in crashes]
    assert [struck.count(f"{when} the effect") for when in ("before", "in", "after")] == [8, 4, 4]
    assert [struck.count(f"{when} the question") for when in ("before", "after")] == [2, 2]


def test_a_killed_recovery_repeats_nothing(zygote: Zygote, new_outside: Path, tmp_path: Path) -> None:
    """Killed anywhere while it goes on after an earlier kill, in the middle of an OPAQUE effect, all of that still holds."""
    whole = whole_life(new_outside, tmp_path / "whole", "outside")
    interrupted = copy_world(new_outside, tmp_path / "interrupted")
    (ended,) = zygote.run(replace(LIFE, database=str(interrupted), label="in the effect"))
    assert ended.label == "in the effect"
    with opened(interrupted) as world:
        assert sorted(world.receipts().values()) == [1, 1]  # the first attempts at 1 and 4
    job = Job(verb="resume", plan="outside")
    crashes = list(crash_everywhere(zygote, interrupted, tmp_path, job, whole, look_outside))
    assert {f"{number} {crash.label}": crash.problems for number, crash in enumerate(crashes, 1) if crash.problems} == {}
    assert {crash.interrupted for crash in crashes} == {(1, 3, 4), (3, 4), (4,)}


@pytest.mark.parametrize(
    ("bug", "seen"),
    [
        ("new key for each attempt", "which no action sent"),
        ("exception is failed", "action 1 (idempotent) is failed, and its effect happened 1 times"),
        ("nobody is asked", "action 2 (probe) is done, and its effect happened 2 times"),
        (None, None),
    ],
)
def test_a_missing_protection_is_seen(
    zygote: Zygote, new_outside: Path, tmp_path: Path, bug: str | None, seen: str | None
) -> None:
    """With one protection taken away, the receiver's own count tells; without a bug nothing is wrong."""
    database = copy_world(new_outside, tmp_path / "bug")
    (ended,) = zygote.run(replace(LIFE, database=str(database), bug=bug))
    assert ended.signal is None
    with opened(database) as world:
        problems = list(standing_problems(world))
    assert any(seen in problem for problem in problems) if seen else problems == [], problems
