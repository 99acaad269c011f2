"""A worker: goes on with whatever can go on, plan after plan as they were accepted, until it is told to stop.

Many workers may have one file open. What one of them executes, or is asked about, is its own as long as its lease holds;
every one goes on with what others have left (see `recovery`).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from time import sleep

from signoff.audit import Reading, write_time

from .actor import Actor
from .engine import Engine
from .errors import Busy, DatabaseError, LogInvalid, PolicyChanged, SignoffError
from .recovery import is_free
from .retrying import Patience, due_of

POLL = 1.0  # seconds between two looks at a file in which nothing happens
AGAIN = timedelta(seconds=30)  # after which a plan is tried again that could not go on

Trouble = Callable[[str | None, SignoffError], None]


class Wake:
    """Wakes a worker at once, from any thread and from a signal's handler: call it where there is something to do."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[None] = SimpleQueue()  # the one wait of Python's that a signal's handler may end

    def __call__(self) -> None:
        self._calls.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is called, and return whether it was."""
        with suppress(Empty):
            self._calls.get(timeout=seconds)
            with suppress(Empty):
                while True:
                    self._calls.get_nowait()
            return True
        return False


class Worker:
    """Goes on with plans by an engine of its own. The thread that made the engine runs it."""

    def __init__(
        self,
        engine: Engine,
        actor: Actor,
        *,
        wake: Wake | None = None,
        poll: float = POLL,
        trouble: Trouble = lambda plan, error: None,
        refresh: Callable[[bool], None] = lambda changed: None,
    ) -> None:
        """*actor* is who goes on, for the log; *poll* is in seconds.

        *trouble* is told once what keeps a plan, or with None everything, from going on. *refresh* lets the engine decide by
        other rules where they were edited; it is told whether another process has *changed* what is in force.
        """
        self._engine = engine
        self._actor = actor
        self._wake = wake or Wake()
        self._poll = poll
        self._trouble = trouble
        self._refresh = refresh
        self._stopped = False
        self._again: dict[str, datetime] = {}  # plans that could not go on, and when they are tried again
        self._told: dict[str | None, str] = {}  # what was told of them

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped

    def stop(self) -> None:
        """Let the action that runs end, and start no other. For other threads and for a signal's handler, too."""
        self._stopped = True
        self._wake()

    def run(self, *, drain: bool = False) -> None:
        """Go on until `stop`; with *drain* only until nothing can go on by itself, now or when it is due.

        Raises DatabaseError where the file cannot be used any more.
        """
        before: _Look | None = None
        while not self._stopped:
            self._take_up(changed=False)
            look = self._look()
            if look.plans and look == before:  # none of them has moved
                self._wake.wait(self._poll)
                before = None
                continue
            if look.plans:
                self._go_on(look)
            elif drain and not look.later:
                return
            else:
                self._idle(look)
            before = look

    def _go_on(self, look: "_Look") -> None:
        """Go on with what was found, but for what others have done meanwhile."""
        for plan in look.plans:
            if self._version() != look.version:
                found = self._look()
                look = replace(look, version=found.version, plans=found.plans)
            if plan in look.plans and not self._stopped:
                self._go_on_with(plan)

    def _go_on_with(self, plan: str) -> None:
        patience = Patience(sleep=sleep, left=0, for_others=False, stopped=lambda: self._stopped)
        try:
            self._engine.resume(self._actor, plan, patience=patience)
        except DatabaseError:
            raise
        except PolicyChanged:
            self._take_up(changed=True)
        except Busy as error:
            self._tell(None, error)
        except SignoffError as error:
            self._again[plan] = self._engine.store.clock() + AGAIN
            self._tell(plan, error)
        else:
            self._again.pop(plan, None)
            for mended in (plan, None):
                self._told.pop(mended, None)

    def _version(self) -> int:
        with self._engine.store.read() as tx:
            return tx.version()

    def _take_up(self, *, changed: bool) -> None:
        try:
            self._refresh(changed)
        except SignoffError as error:
            self._tell(None, error)

    def _tell(self, plan: str | None, error: SignoffError) -> None:
        """Tell of *error* once: not in every round, and not of every plan that it keeps from going on."""
        if str(error) not in self._told.values():
            self._trouble(plan, error)
        self._told[plan] = str(error)

    def _look(self) -> "_Look":
        """What can go on now, and when to look again though nobody has written."""
        now = self._engine.store.clock()
        with self._engine.store.read() as tx:
            version, newest, deadline = tx.version(), tx.newest_number(), tx.next_deadline()
            held = [(fence, until) for _, _, fence, until in tx.executing_places() if fence is not None]
            put_off = list(_put_off(tx))
            found = {*tx.plans_runnable(), *tx.plans_overdue(now), *self._left(tx, now)}
            found |= {plan for plan, due in put_off if due is None or due <= now}
            in_order = tx.in_order(found)
        times = [write_time(due) for _, due in put_off if due] + [until for _, until in held] + ([deadline] if deadline else [])
        return _Look(
            plans=tuple(plan for plan in in_order if plan not in self._again or self._again[plan] <= now),
            later=any(plan not in self._again for plan, _ in put_off),
            times=tuple(sorted(times)),
            fences=tuple(fence for fence, _ in held),
            version=version,
            newest=newest,
        )

    def _left(self, tx: Reading, now: datetime) -> Iterator[str]:
        """The plans in which nobody executes any more what was started."""
        leases = self._engine.store.leases
        for plan, _, fence, until in tx.executing_places():
            if fence is not None and is_free(leases, fence, until, write_time(now)):
                yield plan

    def _idle(self, look: "_Look") -> None:
        """Wait until somebody calls or has written, something is due, or a process that executes is gone."""
        store = self._engine.store
        while not self._wake.wait(self._poll) and not self._stopped:
            self._engine.record_late()
            self._take_up(changed=False)
            now = store.clock()
            due = bool(look.times) and look.times[0] <= write_time(now)
            if (
                self._version() != look.version
                or due
                or any(map(store.leases.is_gone, look.fences))
                or any(at <= now for at in self._again.values())
            ):
                return


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a worker found in the file."""

    plans: tuple[str, ...]  # that can go on now, as they were accepted
    later: bool  # whether something goes on by itself once it is due
    times: tuple[str, ...]  # when something is due, as the store writes times: deadlines, leases, what was put off
    fences: tuple[int, ...]  # of what is executed now
    version: int  # of the file
    newest: int  # the number of the newest Entry


def _put_off(tx: Reading) -> Iterator[tuple[str, datetime | None]]:
    """The plans with something that goes on later, and when; None where that is at once, or the plan cannot be read."""
    for plan, number, fence, _ in tx.executing_places():
        if fence is None:
            try:
                yield plan, due_of(tx, plan, number)
            except LogInvalid:  # whoever goes on with it is told
                yield plan, None
