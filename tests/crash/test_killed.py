"""A process is killed at every point of a plan's life, and a fresh one goes on from the file."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from signal import SIGXFSZ

from .checking import Outcome
from .jobs import Ended, Job
from .processes import Zygote
from .sweeping import Crash, copy_world, crash_everywhere, look, whole_life

FIRST_SIZE = 32_768  # bytes of the file that SQLite keeps beside the log; it needs that one at least
STEP = 7_919  # bytes; so that files are cut off anywhere, not only between pages


def failures(crashes: list[Crash]) -> dict[str, tuple[str, ...]]:
    """What went wrong, by the point at which a process was killed."""
    return {f"{number} {crash.label}": crash.problems for number, crash in enumerate(crashes, 1) if crash.problems}


def look_for_secrets(database: Path, plan: str, ended: Ended, whole: Outcome) -> Crash:
    """Look as ever, and for secret values in the bytes of every file, as they were left and once all is done."""
    left = [path.name for path in database.parent.iterdir() if path.is_file() and b"sesame" in path.read_bytes()]
    crash = look(database, plan, ended, whole)
    left += [path.name for path in database.parent.iterdir() if path.is_file() and b"sesame" in path.read_bytes()]
    return replace(crash, problems=(*crash.problems, *(f"{name} holds a secret" for name in left)))


def test_read_and_local_actions_are_done_once(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Killed anywhere in the life of READ and LOCAL actions, nothing is stored or each is done once, and the log tells it."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    assert whole.statuses == ("done",) * 4
    crashes = list(crash_everywhere(zygote, new_bank, tmp_path, Job(verb="live", plan="bank"), whole))
    assert failures(crashes) == {}
    assert {(crash.accepted, crash.interrupted, crash.statuses) for crash in crashes} == {
        (False, (), whole.statuses),
        (True, (), whole.statuses),
    }


def test_opaque_actions_are_done_at_most_once(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Killed anywhere in the life of OPAQUE actions, one that was started is in doubt and not run again, all others run once."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    assert whole.statuses == ("done",) * 4
    crashes = list(crash_everywhere(zygote, new_bank, tmp_path, Job(verb="live", plan="notices"), whole))
    assert failures(crashes) == {}
    assert {(crash.accepted, crash.interrupted, crash.statuses) for crash in crashes} == {
        (False, (), whole.statuses),
        (True, (), whole.statuses),
        (True, (1,), ("in_doubt", "done", "ready", "done")),
        (True, (2,), ("done", "in_doubt", "done", "ready")),
        (True, (4,), ("done", "done", "done", "in_doubt")),
    }
    for label, left in {
        "before the effect": (),
        "in the effect": ("begins",),
        "after the effect": ("begins", "ends"),
    }.items():
        there = [(crash.interrupted, crash.left) for crash in crashes if crash.label == label]
        assert there == [((1,), left), ((2,), left), ((4,), left)]


def test_secrets_serve_whoever_goes_on(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Killed anywhere in the life of actions with secret values, each that runs has its own, and no file has any of them."""
    whole = whole_life(new_bank, tmp_path / "whole", "logins")
    assert whole.statuses == ("done",) * 4
    crashes = list(crash_everywhere(zygote, new_bank, tmp_path, Job(verb="live", plan="logins"), whole, look_for_secrets))
    assert failures(crashes) == {}
    assert {(crash.accepted, crash.interrupted) for crash in crashes} == {
        *((False, ()), (True, ()), (True, (1,)), (True, (2,)), (True, (4,))),
    }


def test_a_killed_recovery_is_recovered(zygote: Zygote, new_bank: Path, interrupted_notice: Path, tmp_path: Path) -> None:
    """Killed anywhere while it goes on after an earlier kill, what was in doubt stays so, and all others run at most once."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    crashes = list(crash_everywhere(zygote, interrupted_notice, tmp_path, Job(verb="go on", plan="notices"), whole))
    assert failures(crashes) == {}
    assert {crash.interrupted for crash in crashes} == {(1,), (1, 2), (1, 4)}
    assert {crash.accepted for crash in crashes} == {True}


def test_a_file_is_made_whole_or_not_at_all(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Killed anywhere while it makes a new database, the next process makes it, and one bank opens with its balances."""
    whole = whole_life(new_bank, tmp_path / "whole", "bank")
    (tmp_path / "none").mkdir()
    crashes = list(crash_everywhere(zygote, tmp_path / "none" / "signoff.db", tmp_path, Job(verb="open", plan="bank"), whole))
    assert failures(crashes) == {}
    assert {crash.accepted for crash in crashes} == {False}


def test_a_commit_cut_off_in_the_middle_did_not_happen(zygote: Zygote, new_bank: Path, tmp_path: Path) -> None:
    """Ended in the middle of a write, after any number of bytes, a process leaves a file that goes on as after a kill."""
    whole = whole_life(new_bank, tmp_path / "whole", "notices")
    crashes: list[Crash] = []
    for size in count(FIRST_SIZE, STEP):
        database = copy_world(new_bank, tmp_path / str(size))
        (ended,) = zygote.run(Job(database=str(database), verb="live", plan="notices", size=size))
        if ended.signal is None:
            break
        assert ended.signal == SIGXFSZ
        crashes.append(look(database, "notices", ended, whole))
    assert failures(crashes) == {}
    assert {(crash.accepted, crash.interrupted) for crash in crashes} >= {(False, ()), (True, (1,)), (True, (2,)), (True, (4,))}
