"""One call to the operating system fails, or all from one on: the first such call, the second, to the last of a plan's life."""

import errno
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from .disk import Synced
from .jobs import Job
from .power import SHORT, Image, cut_anywhere, files_of, judge, known_at_last, record
from .processes import Zygote
from .sweeping import copy_world, whole_life
from .world import opened

LIFE = Job(verb="live")
OURS = {None, "DatabaseError", "HeadNotKept", "KeyFileError", "OutcomeUnknown", "Busy"}
FOR_GOOD = 1_000_000  # calls
# Whoever goes on puts the rules in force, which the log tells, also where nothing was accepted before.
RULES_ALONE = f"nothing was accepted, but the log tells {(('policy', None, 'dana'),)}"
# SQLite's own codes: https://www.sqlite.org/rescode.html
BUSY, FULL, CANTOPEN = 5, 13, 14
IO_READ, IO_WRITE, IO_SYNC, IO_TRUNCATE, IO_DELETE, IO_LOCK, IO_MAP = 266, 778, 1034, 1546, 2570, 3850, 5386


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A kind of call that fails."""

    call: str
    code: int
    step: int = 1  # of the short run: each so manieth call
    fewest: int = 1  # such calls that a life has
    plan: str = "notices"

    def __str__(self) -> str:
        return f"{self.call} {self.code} {self.plan}"


LENGTHS = pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.long)], ids=["short", "long"])
FAILING = [
    Failing(call="open", code=CANTOPEN, fewest=2),
    Failing(call="read", code=IO_READ, step=26, fewest=20),
    Failing(call="read", code=IO_READ, step=20, fewest=20, plan="bank"),
    Failing(call="write", code=FULL, step=45, fewest=100),
    Failing(call="write", code=IO_WRITE, step=70, fewest=100, plan="bank"),
    Failing(call="truncate", code=IO_TRUNCATE),
    Failing(call="sync", code=IO_SYNC, step=2, fewest=7),
    Failing(call="sync", code=IO_SYNC, step=4, fewest=7, plan="bank"),
    Failing(call="delete", code=IO_DELETE),
    Failing(call="lock", code=IO_LOCK),
    Failing(call="lock", code=BUSY),
    Failing(call="map", code=IO_MAP),
    Failing(call="shared lock", code=IO_LOCK, step=35, fewest=50),
    Failing(call="os.open", code=errno.ENOSPC, step=6, fewest=8),
    Failing(call="os.close", code=errno.EIO, step=6, fewest=8),
    Failing(call="flock", code=errno.ENOLCK, step=6, fewest=8),
    Failing(call="fcntl", code=errno.ENOLCK, fewest=3),
    Failing(call="stat", code=errno.EIO, step=8, fewest=8),
]


@LENGTHS
@pytest.mark.parametrize("times", [1, FOR_GOOD], ids=["once", "for good"])
@pytest.mark.parametrize("failing", FAILING, ids=str)
def test_a_call_fails(zygote: Zygote, new_bank: Path, tmp_path: Path, failing: Failing, times: int, long: bool) -> None:
    """The verb says so in an error of ours, what was acknowledged stands, and a fresh process goes on to the right end."""
    if failing.code == BUSY and times == FOR_GOOD:
        times = 3  # each is waited for
    whole = whole_life(new_bank, tmp_path / "whole", failing.plan)
    wrong, last = {}, 0
    for at in count(1, 1 if long else failing.step):
        database = copy_world(new_bank, tmp_path / str(at))
        job = replace(LIFE, database=str(database), plan=failing.plan, fails=failing.call, at=at, times=times, code=failing.code)
        ended, recorded = record(zygote, job)
        if not ended.failed:
            break
        image = Image(at=at, files=files_of(database), known=known_at_last(recorded))
        verdict = judge(image, tmp_path / "image" / "signoff.db", failing.plan, whole)
        last = at
        if verdict.problems or ended.error not in OURS or "not as Signoff made it" in (ended.said or ""):
            wrong[at] = (ended, verdict.problems)
    assert wrong == {}
    assert last + failing.step > failing.fewest, "too few calls failed"


def test_a_failed_commit_ends_the_use_of_a_connection(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Once the flush of a commit has failed, the same process can neither read nor write, also where flushes succeed again."""
    database = copy_world(new_bank, tmp_path / "run")
    recorded = record(zygote, replace(LIFE, database=str(copy_world(new_bank, tmp_path / "count")), verb="open"))[1]
    flushes = sum(isinstance(one, Synced) for one in recorded)
    job = Job(database=str(database), verb="insist", plan="bank", fails="sync", at=flushes + 2, code=IO_SYNC)
    ended, _ = record(zygote, job)
    assert (ended.failed, ended.said) == (True, "OutcomeUnknown OutcomeUnknown OutcomeUnknown")
    with opened(database) as world:
        assert world.plans() == []
        world.live("bank")


@LENGTHS
@pytest.mark.parametrize("version", [None, (3, 40, 1)], ids=["write-ahead log", "rollback journal"])
def test_a_failed_flush_is_not_trusted_later(
    zygote: Zygote, tmp_path: Path, version: tuple[int, int, int] | None, long: bool
) -> None:
    """What a failed flush dropped is missed by nothing that was acknowledged after it, by this process or by the next."""
    template = tmp_path / "new" / "signoff.db"
    template.parent.mkdir()
    zygote.run(Job(database=str(template), verb="open", version=version))
    whole = whole_life(template, tmp_path / "whole", "notices")
    wrong = {}
    for at in count(1, 1 if long else 3):
        database = copy_world(template, tmp_path / str(at))
        before = files_of(database)
        job = Job(database=str(database), verb="live", plan="notices", version=version, fails="sync", at=at, code=IO_SYNC)
        ended, failed = record(zygote, job)
        if not ended.failed:
            break
        _, went_on = record(zygote, Job(database=str(database), verb="go on", version=version))
        for image in cut_anywhere(before, [*failed, *went_on], replace(SHORT, share=0.5 if long else 0.05)):
            verdict = judge(image, tmp_path / "image" / "signoff.db", "notices", whole)
            problems = [problem for problem in verdict.problems if problem != RULES_ALONE]
            if problems:
                wrong[at, image.at] = problems
    assert wrong == {}
    assert at > 7
