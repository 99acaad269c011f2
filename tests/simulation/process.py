"""A simulated process: a store and an engine of its own over the one file, a clock of its own, and ways to fail."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signoff import Actor, Engine
from signoff.audit import ActionRecord, Store
from signoff.audit.database import Database
from signoff.audit.sealing import open_seal
from signoff.errors import Busy, DatabaseError, SignoffError
from signoff.worker import Wake, Worker

from .bank import REGISTRY
from .receiver import SKEW

if TYPE_CHECKING:
    from .simulation import Simulation

ROBOT = Actor(id="robot")  # who goes on, for the log


class Crash(BaseException):
    """The process ends here: nothing after it is done, and only what was committed stays."""


class Fails(Enum):
    """How a process, or its disk, fails."""

    BEFORE = "it ends before a statement"
    AFTER = "it ends after a statement"
    BEFORE_COMMIT = "it ends before a commit"
    AFTER_COMMIT = "it ends after a commit"
    BUSY = "another program holds the file"
    BUSY_COMMIT = "another program reads the file when it commits"
    READ_ERROR = "a statement cannot be read or written"
    COMMIT_LOST = "a commit fails, and is not there"
    COMMIT_KEPT = "a commit fails, and is there"


_COMMITS = frozenset({Fails.BEFORE_COMMIT, Fails.AFTER_COMMIT, Fails.BUSY_COMMIT, Fails.COMMIT_LOST, Fails.COMMIT_KEPT})
_ENDS_BEFORE = frozenset({Fails.BEFORE, Fails.BEFORE_COMMIT})
_BUSY = frozenset({Fails.BUSY, Fails.BUSY_COMMIT})
_ERRORS = frozenset({Fails.READ_ERROR, Fails.COMMIT_LOST, Fails.COMMIT_KEPT})


@dataclass(kw_only=True)
class Fault:
    """What fails in one verb, and at which statement of its kind."""

    kind: Fails
    left: int
    met: bool = False

    def meets(self, sql: str) -> bool:
        """Whether it is *sql* that fails."""
        wanted = (
            sql == "COMMIT"
            if self.kind in _COMMITS
            else sql == "BEGIN IMMEDIATE"
            if self.kind is Fails.BUSY
            else not sql.startswith("ROLLBACK")
        )
        self.left -= wanted
        if self.met or not wanted or self.left >= 0:
            return False
        self.met = True
        return True


class Connection(Database):
    """A connection to the real file, at which a process may fail, and before whose transactions others may come."""

    def __init__(self, path: Path, process: "Process") -> None:
        self._process = process
        super().__init__(path, create=False, timeout=0)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, or fail at it."""
        process = self._process
        process.check_alive()
        if process.fault is None or not process.fault.meets(sql):
            return super().execute(sql, parameters)
        kind = process.fault.kind
        if kind in _ENDS_BEFORE:
            process.crash()
        if kind in _BUSY:
            raise Busy("another program holds the file")
        rows = [] if kind in (Fails.COMMIT_LOST, Fails.READ_ERROR) else super().execute(sql, parameters)
        if kind in _ERRORS:
            raise DatabaseError("the disk failed")
        process.crash()
        return rows

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that reads; others may come before it."""
        self._process.pause()
        with super().reading():
            yield

    @contextmanager
    def writing(self, then: Callable[[], None] = lambda: None) -> Iterator[None]:
        """A transaction that writes; others may come before it."""
        self._process.pause()
        with super().writing(then):
            yield


class SimulatedStore(Store):
    """A store whose heart beats only when the simulation lets it."""

    process: "Process"

    def beating(self, action: ActionRecord) -> AbstractContextManager[None]:
        """Keep the lease of *action* as far as the simulation lets that happen."""
        return self.process.beating(action)

    def beat(self, action: ActionRecord) -> None:
        """Renew the lease of *action* as the heart does; a beat that cannot be made is left out."""
        with suppress(SignoffError):
            self._renew(action)


class Round(Wake):
    """Ends a worker's round as soon as it would wait."""

    worker: Worker

    def wait(self, seconds: float) -> bool:
        """Do not."""
        self.worker.stop()
        return True


class Process:
    """One of several that have the file open, all in this thread."""

    def __init__(self, simulation: "Simulation", name: str) -> None:
        self._simulation = simulation
        self.name = name
        self._lives = 0
        self._store: SimulatedStore | None = None
        self.engine: Engine
        self.alive = False
        self.fault: Fault | None = None
        self.skew = timedelta()
        self.stands: datetime | None = None  # the time at which its clock stands still
        self.hanging: list[Callable[[], None]] = []  # calls that were given up, or may be, and did not send anything yet
        self.beats: list[ActionRecord] = []  # what it executes

    def clock(self) -> datetime:
        """What its clock shows: never farther from the true time than SKEW."""
        now = self._simulation.now
        return now + self.skew if self.stands is None else max(self.stands, now - SKEW)

    def start(self) -> None:
        """Begin anew, from the file alone."""
        self.end()
        self._lives += 1
        self.alive, self.fault = True, None
        connection = Connection(self._simulation.database, self)
        key = connection.sibling(".key")
        seal = open_seal(connection, key)
        store = SimulatedStore(connection, seal, key=key, clock=self.clock, ids=self._simulation.ids)
        store.process, self._store = self, store
        store.leases.worker = f"{self.name}:{self._lives}"
        self.engine = Engine(store, self._simulation.file, REGISTRY, sleep=self.sleep)

    def end(self) -> None:
        """Be gone, with all that only this process knew."""
        self.kill()
        if self._store is not None:
            self._store.close()
            self._store = None

    def kill(self) -> None:
        """Drop what the operating system takes back from a dead process; whatever it does next ends it."""
        self.alive = False
        self.hanging.clear()
        self.beats.clear()
        if self._store is not None:
            for fence in [*self._store.leases._held]:
                self._store.leases.release(fence)

    def crash(self) -> None:
        """End here."""
        self.kill()
        raise Crash

    def check_alive(self) -> None:
        """Raises Crash where the process was ended meanwhile."""
        if not self.alive:
            raise Crash

    def pause(self) -> None:
        """Let others come."""
        self.check_alive()
        self._simulation.interleave()
        self.check_alive()

    def sleep(self, seconds: float) -> None:
        """Let time go by, and others come."""
        self._simulation.pass_time(timedelta(seconds=seconds))
        self.pause()

    def work(self) -> None:
        """One round of a worker: all that can go on now."""
        wake = Round()
        wake.worker = Worker(self.engine, ROBOT, wake=wake, poll=0, trouble=self._trouble, refresh=lambda _: self.take_up())
        wake.worker.run()

    def _trouble(self, plan: str | None, error: SignoffError) -> None:
        self._simulation.expect(self, error)

    def take_up(self) -> None:
        """Decide by the file as it is now."""
        self.engine.take_up(lambda: self._simulation.file)

    @contextmanager
    def beating(self, action: ActionRecord) -> Iterator[None]:
        """Hold *action*: heartbeats come for it when time goes by, or do not."""
        self.beats.append(action)
        try:
            yield
        finally:
            if action in self.beats:
                self.beats.remove(action)

    def beat(self) -> None:
        """Renew what is held."""
        for action in [*self.beats]:
            if self._store is not None:
                self._store.beat(action)
