"""With one protection taken away, these tests fail: so they would see it if it were missing."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest

from signoff import recovery
from signoff.errors import LogInvalid
from signoff.executor import Executor

from . import bugs
from .checking import life_problems, told
from .jobs import Job
from .processes import Zygote
from .sweeping import copy_world, crash_once, whole_life
from .world import opened


def test_an_effect_apart_from_its_result_is_seen(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Where a LOCAL effect is committed before its result, a kill between them shows it; without the bug it does no harm."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    job = Job(verb="live", plan="bank", label="UPDATE actions SET status = 'done'", bug="effect apart from result")
    problems = crash_once(zygote, new_bank, tmp_path / "bug", job, whole).problems
    assert _holds("action 1 is (<Status.IN_DOUBT: 'in_doubt'>", problems)
    assert crash_once(zygote, new_bank, tmp_path / "right", replace(job, bug=None), whole).problems == ()


def test_a_missing_transaction_is_seen(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Where every statement is committed by itself, a kill between two leaves what no log vouches for; else it does no harm."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    job = Job(verb="live", plan="bank", label="INSERT INTO chains", bug="no transaction")
    with pytest.raises(LogInvalid, match=r"was altered|the newest is entry"):
        crash_once(zygote, new_bank, tmp_path / "bug", job, whole)
    assert crash_once(zygote, new_bank, tmp_path / "right", replace(job, bug=None), whole).problems == ()


def test_a_count_apart_from_its_state_is_seen(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Where a counter is told of an action's end after that was committed, a kill between them shows it; else it does no harm."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    job = Job(verb="live", plan="bank", label="UPDATE counted", bug="count apart from state")
    with pytest.raises(LogInvalid, match="what action 2 counts for in sent is not what its log tells"):
        crash_once(zygote, new_bank, tmp_path / "bug", job, whole)
    assert crash_once(zygote, new_bank, tmp_path / "right", replace(job, bug=None), whole).problems == ()


def test_an_effect_before_its_intent_is_seen(zygote: Zygote, new_bank: Path, signed_notice: Path, tmp_path: Path) -> None:
    """Where an OPAQUE effect happens before the intent to run it is durable, a kill after it makes it happen twice."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    job = Job(verb="resume", plan="notices", label="after the effect", bug="effect before intent")
    problems = crash_once(zygote, signed_notice, tmp_path / "bug", job, whole).problems
    assert _holds("action 2 is done, and its effect began 2 and ended 2 times", problems)
    right = crash_once(zygote, signed_notice, tmp_path / "right", replace(job, bug=None), whole)
    assert (right.problems, right.interrupted) == ((), (2,))


def test_a_bug_in_the_recovery_is_seen(zygote: Zygote, new_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an interrupted OPAQUE action is run again instead of being in doubt, its second effect is seen."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    monkeypatch.setattr(Executor, "recover", bugs.interrupted_is_ready)
    job = Job(verb="live", plan="notices", label="after the effect")
    problems = crash_once(zygote, new_bank, tmp_path / "bug", job, whole).problems
    assert _holds("its effect began 2 and ended 2 times", problems)
    assert _holds("what was interrupted ran again", problems)


def test_a_lease_that_nobody_minds_is_seen(
    zygote: Zygote, new_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a process minds no other's lease, it takes a running action for one that was interrupted."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    database = copy_world(new_bank, tmp_path / "bug")
    job = Job(database=str(database), verb="submit", plan="notices", label="in the effect", signal=SIGSTOP)
    (holder,) = zygote.start(job)
    assert zygote.wait(holder).signal == SIGSTOP
    monkeypatch.setattr(recovery, "is_free", lambda *_: True)
    with opened(database) as world:
        world.go_on()
        os.kill(holder, SIGCONT)
        assert zygote.wait(holder).error is None
        assert _holds("action 1 is (<Status.IN_DOUBT: 'in_doubt'>", tuple(life_problems(world, whole, [])))
        assert ("late", 1, "signoff") in told(world)


def _holds(wanted: str, problems: Sequence[str]) -> bool:
    """Whether a problem is the *wanted* one. Shows them all where none is."""
    assert any(wanted in problem for problem in problems), problems
    return True
