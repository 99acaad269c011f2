"""A process that has everything imported, and forks a child for every job that it reads from standard input.

It has no thread and no open database; the children open theirs. Requests and answers are lines of JSON:
`{"start": [job, ...]}` starts children that set out together, and gives their process ids; `{"wait": id}` tells what
became of one once it has ended or stopped.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from signoff import Actor
from signoff.actions import Result
from signoff.audit.database import Database
from signoff.errors import SignoffError
from signoff.outside import Outside, Started

from .bugs import BUGS
from .jobs import Ended, Job
from .recording import Recorder
from .talking import talk_through
from .world import Reached, World, opened

_LABEL = 60  # characters
RAW = 1  # the exit code after an error that is none of ours


def main() -> None:
    """Answer requests until standard input ends, then end the children that are left."""
    with TemporaryDirectory() as folder, opened(Path(folder) / "warm.db"):
        pass  # whatever is imported late is imported now
    reports: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        answer = _start(request["start"], reports) if "start" in request else asdict(_wait(request["wait"], reports))
        print(json.dumps(answer), flush=True)
    for child in reports:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _start(jobs: Sequence[dict[str, Any]], reports: dict[int, int]) -> list[int]:
    gate, open_gate = os.pipe()
    started = []
    for job in jobs:
        report, write_report = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(open_gate)
            _run(Job(**job), gate, write_report)
        os.close(write_report)
        reports[child] = report
        started.append(child)
    os.close(gate)
    os.close(open_gate)
    return started


def _wait(child: int, reports: dict[int, int]) -> Ended:
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return Ended(signal=os.WSTOPSIG(status), label="", error=None)
    with os.fdopen(reports.pop(child)) as report:
        told: dict[str, Any] = {"label": "", "error": None}
        for line in report:
            told |= json.loads(line)
    struck = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    if struck is None and os.waitstatus_to_exitcode(status) not in (0, RAW):
        told["error"] = f"exit code {os.waitstatus_to_exitcode(status)}"
    return Ended(signal=struck, **told)


def _run(job: Job, gate: int, report: int) -> None:
    """Do *job* in this process, which ends here."""
    try:
        os.read(gate, 1)  # it ends when the last child was made
        _perform(job, report)
        os._exit(0)
    except SignoffError as refused:
        _tell(report, error=type(refused).__name__, said=str(refused))
        os._exit(0)
    except BaseException as error:
        sys.excepthook(*sys.exc_info())
        _tell(report, error=f"{type(error).__name__}, which is none of ours", said=str(error))
        os._exit(RAW)


def _tell(report: int, **told: str | bool | None) -> None:
    os.write(report, json.dumps(told).encode() + b"\n")


def _perform(job: Job, report: int) -> None:
    if job.bug is not None:
        BUGS[job.bug]()
    if job.size is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.size, job.size))
    fuse = _Fuse(job, report)
    fuse.watch()
    recorder = Recorder(job)
    if job.record:
        recorder.watch()
    try:
        with opened(Path(job.database), fuse.reached) as world:
            _do(world, job, report, fuse.reached)
    finally:
        recorder.write()
        _tell(report, failed=recorder.failed)


def _insist(world: World, plan: str) -> str:
    """Submit, read and resume, whatever comes of it, and return the errors."""
    errors = []
    for verb in (lambda: world.submit(plan), world.plans, world.resume):
        try:
            verb()
        except SignoffError as error:
            errors.append(type(error).__name__)
    return " ".join(errors)


def _do(world: World, job: Job, report: int, reached: Reached) -> None:
    match job.verb:
        case "talk":
            talk_through(world, reached)
        case "insist":
            _tell(report, said=_insist(world, job.plan))
        case "open":
            pass
        case "live":
            world.live(job.plan)
        case "submit":
            world.submit(job.plan)
        case "resume":
            world.resume()
        case "work":
            world.work()
        case "go on":
            world.go_on()
        case "approve":
            world.approve(Actor(id=job.who))
        case "approve and resume":
            world.approve(Actor(id=job.who))
            world.resume()
        case "approve all":
            world.approve_all(Actor(id=job.who))
        case "edit":
            world.edit(Actor(id=job.who))
        case "cancel":
            world.cancel(Actor(id=job.who))
        case _:
            raise ValueError(job.verb)


class _Fuse:
    """Counts the points that this process reaches, and strikes it at one of them."""

    def __init__(self, job: Job, report: int) -> None:
        self._job = job
        self._report = report
        self._passed = 0
        self._burnt = False

    def watch(self) -> None:
        """From now on every SQL statement, the end of every COMMIT and transaction, and what comes before effects are points."""
        configure, execute, send = Database._configure, Database.execute, Outside.execute

        def watched(database: Database, version: tuple[int, int, int], *, create: bool) -> None:
            database._connection.set_trace_callback(self.reached)
            configure(database, tuple(self._job.version or version), create=create)  # type: ignore[arg-type]  # JSON has no tuples
            if self._job.pragma:
                database.execute(f"PRAGMA {self._job.pragma}")

        def execute_and_tell(database: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            rows = execute(database, sql, parameters)
            if sql == "COMMIT":
                self.reached("after COMMIT")
            return rows

        def send_and_tell(outside: Outside, started: Started, *how: Any) -> Result:
            self.reached("intent recorded")
            return send(outside, started, *how)

        patch.object(Outside, "execute", send_and_tell).start()
        patch.object(Database, "_configure", watched).start()
        writing = Database.writing

        @contextmanager
        def write_and_tell(database: Database, then: Callable[[], None] = lambda: None) -> Iterator[None]:
            with writing(database, then):
                yield
            self.reached("others may write")

        patch.object(Database, "execute", execute_and_tell).start()
        patch.object(Database, "writing", write_and_tell).start()

    def reached(self, label: str) -> None:
        """Strike this process if this is the point."""
        self._passed += 1
        here = self._passed == self._job.point or (self._job.label is not None and label.startswith(self._job.label))
        if not here or self._burnt:
            return
        self._burnt = True
        _tell(self._report, label=label[:_LABEL])
        os.kill(os.getpid(), self._job.signal)


if __name__ == "__main__":
    main()
