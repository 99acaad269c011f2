"""Effects outside the database: held under a lease, run, asked about, and given up where they take too long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock

from signoff.actions import Action, Call, Ending, Execution, Result
from signoff.audit import ActionRecord, Lease, Store, Writing

from .canonical import Json
from .plans import SYSTEM_ACTOR


@dataclass(frozen=True, kw_only=True)
class Started:
    """An action that is being executed, or about which its receiver is asked."""

    record: ActionRecord
    action: Action
    execution: Execution
    until: datetime | None = None  # before when it must be sent: its receiver's window ends then
    asking: bool = False
    earlier: tuple[int, ...] = ()  # the fences of the attempts before it, or of all where it is asked about
    sent: bool = False  # whether an earlier attempt may have reached its receiver; told of what refers to secrets


class Outside:
    """Runs what was started, and knows which attempts still run though nobody waits for them any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: list[tuple[ActionRecord, Call[Result]]] = []
        self._changing = Lock()  # of what runs, which several threads may add to

    def take(self, tx: Writing) -> Lease:
        """A lease for what the next Entry tells of, held from now on: `let_go` ends that, or that it is not recorded."""
        leases = self._store.leases
        lease = tx.lease(leases.worker, leases.term)
        leases.hold(lease.fence)
        tx.undone.callback(leases.release, lease.fence)
        return lease

    def execute(
        self, started: Started, run: Callable[[Action, Execution], Result], is_ours: Callable[[ActionRecord], bool]
    ) -> Result:
        """Let *run* do what was started, if it still *is_ours*. After its timeout it is given up, and nobody knows what it came
        to. For any thread."""
        try:
            if not is_ours(started.record):
                return Result(ending=Ending.FAILED, error="not sent: another process had taken it over")
            with self._store.beating(started.record):
                return self._run(started, run)
        except BaseException:
            self.let_go(started)
            raise

    def let_go(self, started: Started) -> None:
        """Hold it no more, once what it came to is recorded. What was given up is held as long as it runs."""
        lease = started.record.lease
        if lease is not None and not any(record.lease == lease for record, _ in self._running):
            self._store.leases.release(lease.fence)

    def tell_late(self, tx: Writing) -> None:
        """Record what came of attempts that were given up. That is evidence, and moves nothing."""
        late = [one for one in self._running if one[1].ended()]
        for record, call in late:
            try:
                result = call.result()
            except BaseException as error:  # such as a SystemExit, which was meant for its thread alone
                result = Result(ending=Ending.IN_DOUBT, error=type(error).__name__)
            tell_late(tx, record, result)
        if late:
            tx.after_commit.append(lambda: self._end(late))

    def has_late(self) -> bool:
        """Whether an attempt that was given up has ended, and nobody was told."""
        return any(call.ended() for _, call in self._running)

    def is_ours(self, record: ActionRecord) -> bool:
        """Whether *record* is still held by us. A process that was stopped before it sent anything sends nothing afterwards."""
        assert record.lease is not None
        if self._store.clock() < record.lease.until:
            return self._store.holds(record)
        with self._store.write() as tx:
            return tx.renew(record, self._store.leases.term)

    def _run(self, started: Started, run: Callable[[Action, Execution], Result]) -> Result:
        if started.until is not None and self._store.clock() >= started.until:
            return Result(ending=Ending.IN_DOUBT, error="its receiver's window was over before it was sent")
        work, timeout = partial(run, started.action, started.execution), started.action.timeout
        result = work() if timeout is None else self._within(timeout, work, started)
        if result.ending is Ending.FAILED and any(map(self._store.leases.may_run, started.earlier)):
            return Result(ending=Ending.IN_DOUBT, error=f"{result.error}, but an attempt that was given up still runs")
        return result

    def _within(self, timeout: float, work: Callable[[], Result], started: Started) -> Result:
        call = Call(work)
        known = [] if started.asking else [(started.record, call)]
        with self._changing:
            self._running = [*self._running, *known]  # also where Ctrl-C ends the wait for it
        if call.ended(timeout):
            self._forget(known)
            return call.result()
        what = "the receiver did not say" if started.asking else "no answer"
        return Result(ending=Ending.IN_DOUBT, error=f"{what} within {timeout:g} s")

    def _end(self, late: list[tuple[ActionRecord, Call[Result]]]) -> None:
        self._forget(late)
        for record, _ in late:
            if record.lease is not None:
                self._store.leases.release(record.lease.fence)

    def _forget(self, ended: list[tuple[ActionRecord, Call[Result]]]) -> None:
        with self._changing:
            self._running = [one for one in self._running if one not in ended]


def tell_late(tx: Writing, record: ActionRecord, result: Result, *, asked: bool = False) -> None:
    """Record what an attempt at *record*, or a question about it, gave when nobody waited for it any more."""
    data: dict[str, Json] = {"attempt": record.attempt, "ending": result.ending.value}
    data |= {"result": result.value, "error": result.error}
    if record.lease is not None:
        data["fence"] = record.lease.fence
    if asked:
        data["asked"] = True
    tx.log("late", SYSTEM_ACTOR, data, plan=record.plan, action=record.number)
