"""Effects outside the database: run, asked about, and given up where they take too long."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from signoff.actions import Action, Call, Ending, Execution, Result
from signoff.audit import ActionRecord, Writing

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
    sent: bool = False  # whether an earlier attempt may have reached its receiver; told of what refers to secrets


class Outside:
    """Runs what was started, and knows which attempts still run though nobody waits for them any more."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._running: list[tuple[ActionRecord, Call[Result]]] = []

    def execute(self, started: Started, run: Callable[[Action, Execution], Result]) -> Result:
        """Let *run* do what was started. After its timeout it is given up, and nobody knows what it came to."""
        if started.until is not None and self._clock() >= started.until:
            return Result(ending=Ending.IN_DOUBT, error="its receiver's window was over before it was sent")
        work, timeout = partial(run, started.action, started.execution), started.action.timeout
        result = work() if timeout is None else self._within(timeout, work, started)
        if started.asking and result.ending is Ending.FAILED and self._still_runs(started.record):
            return Result(ending=Ending.IN_DOUBT, error=f"{result.error}, but an attempt that was given up still runs")
        return result

    def tell_late(self, tx: Writing) -> None:
        """Record what came of attempts that were given up. That is evidence, and moves nothing."""
        late = [one for one in self._running if one[1].ended()]
        for record, call in late:
            try:
                result = call.result()
            except BaseException as error:  # such as a SystemExit, which was meant for its thread alone
                result = Result(ending=Ending.IN_DOUBT, error=type(error).__name__)
            data: dict[str, Json] = {"attempt": record.attempt, "ending": result.ending.value}
            data |= {"result": result.value, "error": result.error}
            tx.log("late", SYSTEM_ACTOR, data, plan=record.plan, action=record.number)
        if late:
            tx.after_commit.append(lambda: self._forget(late))

    def _within(self, timeout: float, work: Callable[[], Result], started: Started) -> Result:
        call = Call(work)
        known = [] if started.asking else [(started.record, call)]
        self._running += known  # also where Ctrl-C ends the wait for it
        if call.ended(timeout):
            self._forget(known)
            return call.result()
        what = "the receiver did not say" if started.asking else "no answer"
        return Result(ending=Ending.IN_DOUBT, error=f"{what} within {timeout:g} s")

    def _still_runs(self, record: ActionRecord) -> bool:
        place = (record.plan, record.number)
        return any((one.plan, one.number) == place and not call.ended() for one, call in self._running)

    def _forget(self, ended: list[tuple[ActionRecord, Call[Result]]]) -> None:
        self._running = [one for one in self._running if one not in ended]
