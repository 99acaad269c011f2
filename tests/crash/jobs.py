"""What a process of these tests is told to do, and what became of it."""

from dataclasses import dataclass
from signal import SIGKILL


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one process is to do, and where it is to be struck by a signal.

    The points that it can be struck at are: before every SQL statement (those of triggers and migrations included),
    after every COMMIT, between an intent and its effect, and before, in and after every effect outside the database, and
    every question about one.
    """

    database: str = ""
    verb: str  # open, live, submit, resume, work, go on, approve, approve all, approve and resume, edit, cancel, insist, talk
    plan: str = "bank"
    who: str = "dana"
    point: int | None = None  # the number of the point, from 1
    label: str | None = None  # or the start of the point's name, which is then the first such one
    signal: int = SIGKILL
    bug: str | None = None  # a protection that is taken away: see bugs.py
    pragma: str | None = None  # set on the connection after Signoff's own
    version: tuple[int, int, int] | None = None  # what SQLite is taken for
    record: str | None = None  # a file for what is written to the disk, told to people, and sent to receivers
    fails: str | None = None  # a kind of call to the operating system that fails: see `seam.Seam` and `recording.Recorder`
    at: int = 1  # the number of the first such call that fails
    times: int = 1  # how many fail
    code: int = 0  # the error: SQLite's own code, or an errno for calls of Python's
    size: int | None = None  # bytes that no file may outgrow: the write that would is cut off there, and ends the process


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What became of a process."""

    signal: int | None  # what ended or stopped it; None where it ended by itself
    label: str  # the name of the point where it was struck
    error: str | None  # the class of the error that it ended with
    said: str | None = None  # its message
    failed: bool = False  # whether a call to the operating system failed
