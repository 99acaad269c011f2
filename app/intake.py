"""An intake: many threads of one process submit plans and vote at once, and share transactions.

One thread owns the engine and its store. Whatever waits while it commits goes together into its next transaction: so many
callers share a flush. What they are told is durable. An external effect runs in the thread of its caller, many at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Lock, Thread, current_thread
from time import sleep
from types import TracebackType
from typing import Any, Self, TypeVar

from signoff.audit import ActionRecord, Approval, PlanRecord, Writing
from signoff.planner import ActionPlan, Context, Planned

from .actor import Actor
from .engine import Engine
from .errors import Busy, Refused, TransactionLost, UsageError
from .executor import Executor
from .origin import origin_of
from .retrying import Patience
from .steps import Going, Step
from .turns import Alone, Shared, take_alone, take_turn
from .voting import Ballot, approving, rejecting

MAX_CALLERS = 1_000  # threads that may wait at once; one more is told to try again
MAX_TOGETHER = 128  # calls that one transaction takes: so long must other processes wait for theirs

T = TypeVar("T")


class Intake:
    """Takes plans and votes from many threads. Its verbs are the engine's, for any thread, and raise what the engine's raise."""

    def __init__(self, open_engine: Callable[[], AbstractContextManager[Engine]], *, max_callers: int = MAX_CALLERS) -> None:
        """*open_engine* is called once, in the thread that owns the engine from then on. Raises what it raises.

        Where *max_callers* wait already, a verb raises Busy at once, and nothing of it was done.
        """
        self._open_engine = open_engine
        self._max_callers = max_callers
        self._calls: SimpleQueue[Shared[Any] | Alone[Any] | None] = SimpleQueue()  # None: look whether all have gone
        self._changing = Lock()
        self._callers = 0
        self._closed = False
        self._failure: BaseException | None = None
        opened: Future[Executor] = Future()
        self._thread = Thread(target=self._serve, args=(opened,), name="signoff intake", daemon=True)
        self._thread.start()
        self._executor = opened.result()

    @property
    def waiting(self) -> int:
        """How many calls wait now for the thread that owns the engine."""
        return self._calls.qsize()

    @property
    def closed(self) -> bool:
        """Whether it takes no more calls."""
        return self._closed

    def close(self) -> None:
        """Take no more calls, and wait until those that were taken have their answers and the engine is closed.

        Raises what closing the engine raised.
        """
        with self._changing:
            self._closed = True
        self._calls.put(None)
        self._thread.join()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- verbs

    def submit(
        self,
        plan: ActionPlan,
        actor: Actor,
        *,
        request: str | None = None,
        planner: str | Planned = "given",
        context: Sequence[Context] = (),
        run: bool = True,
    ) -> PlanRecord:
        """Accept *plan* and run what may run, as `Engine.submit` does. An external effect runs in this thread."""
        origin = origin_of(request, planner, context)
        with self._calling():
            going = Going(plan="", actor=actor)  # which gets its id in there
            id_, step = self.shared_again(
                going, lambda engine, tx: engine.submit_inside(tx, plan, actor, going if run else None, origin)
            )
            if isinstance(id_, Refused):
                raise id_
            if step is not None:
                self._drive(replace(going, plan=id_), step)
            return self.alone(lambda engine: engine.plan(id_))

    def resume(self, actor: Actor, plan: str) -> PlanRecord:
        """Go on with *plan*, as `Engine.resume` does. An external effect runs in this thread."""
        with self._calling():
            going = Going(plan=plan, actor=actor)
            self._drive(going, self.shared_again(going, lambda engine, tx: engine.resume_inside(tx, going)))
            return self.alone(lambda engine: engine.plan(plan))

    def approve(
        self, approval: str, actor: Actor, *, digest: str, reason: str | None = None, card: str | None = None
    ) -> Approval:
        """Record *actor*'s vote for *approval*, as `Engine.approve` does."""
        cards = {} if card is None else {approval: card}
        return self.approve_all([approval], actor, digest=digest, reason=reason, cards=cards)[0]

    def approve_all(
        self,
        approvals: Sequence[str],
        actor: Actor,
        *,
        digest: str,
        reason: str | None = None,
        cards: Mapping[str, str] | None = None,
    ) -> tuple[Approval, ...]:
        """Record *actor*'s votes for all of *approvals*, or none, as `Engine.approve_all` does."""
        return self._vote(approving(approvals, actor, digest, reason, cards or {}))

    def reject(self, approval: str, actor: Actor, *, reason: str) -> Approval:
        """Record *actor*'s vote against *approval*, as `Engine.reject` does."""
        return self.reject_all([approval], actor, reason=reason)[0]

    def reject_all(self, approvals: Sequence[str], actor: Actor, *, reason: str) -> tuple[Approval, ...]:
        """Record *actor*'s votes against all of *approvals*, or none, as `Engine.reject_all` does."""
        return self._vote(rejecting(approvals, actor, reason))

    def call(self, work: Callable[[Engine], T]) -> T:
        """Let the thread that owns the engine do *work* with it, alone: every other verb, and whatever reads."""
        with self._calling():
            return self.alone(work)

    # -- in the caller's thread

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Raises UsageError once the intake is closed, and where it would wait for itself, and Busy where too many wait."""
        if current_thread() is self._thread:
            raise UsageError("this thread owns the intake's engine and would wait for itself; use the engine that it was given")
        with self._changing:
            if self._closed:
                raise UsageError("the intake is closed; open another one")
            if self._callers >= self._max_callers:
                raise Busy(f"{self._callers:,} callers wait already; try again when some of them have their answers")
            self._callers += 1
        try:
            yield
        finally:
            with self._changing:
                self._callers -= 1
            if self._closed:
                self._calls.put(None)

    def _vote(self, ballot: Ballot) -> tuple[Approval, ...]:
        with self._calling():
            refusal = self.shared(lambda engine, tx: engine.vote_inside(tx, ballot))
            if refusal is not None:
                raise refusal
            return self.alone(lambda engine: engine.approvals(ballot.ids))

    def _drive(self, going: Going, step: Step) -> None:
        """Go on with a plan until nothing in it can."""
        self._executor.drive(going.plan, going.actor, Patience(sleep=sleep), step, _Steps(self))

    def shared_again(self, going: Going, work: Callable[[Engine, Writing], T], *, decides: bool = True) -> T:
        """Do *work* in a shared transaction; once more where an action of it lost that, which then fails."""
        while True:
            known = len(going.lost)
            try:
                return self.shared(work, decides=decides)
            except TransactionLost:
                if len(going.lost) == known:
                    raise

    def shared(self, work: Callable[[Engine, Writing], T], *, decides: bool = True) -> T:
        """What *work* gives in a transaction that others share, once that is durable."""
        return self._answer_of(Shared(work=work, decides=decides))

    def alone(self, work: Callable[[Engine], T]) -> T:
        """What *work* gives between two transactions."""
        return self._answer_of(Alone(work=work))

    def _answer_of(self, call: Shared[T] | Alone[T]) -> T:
        self._calls.put(call)
        try:
            return call.answer.result()
        except BaseException:  # Ctrl-C ends the wait, not what is waited for
            call.answer.add_done_callback(self._abandon)
            raise

    def _abandon(self, answer: "Future[Any]") -> None:
        """Nobody executes what was started for a caller that does not wait any more: it is recovered as after a crash."""
        step = None if answer.exception() else _step_of(answer.result())
        if step is not None and step.started is not None:
            self._executor.abandon(step.started)

    # -- in the thread that owns the engine

    def _serve(self, opened: "Future[Executor]") -> None:
        try:
            with self._open_engine() as engine:
                opened.set_result(engine.executor)
                while not self._is_over():
                    self._take_all(engine)
        except BaseException as error:
            if opened.done():  # its callers have their answers
                self._failure = error
            else:
                opened.set_exception(error)

    def _is_over(self) -> bool:
        with self._changing:
            return self._closed and not self._callers

    def _take_all(self, engine: Engine) -> None:
        """Take what waits: all that shares goes together, and then the rest."""
        taken = [self._calls.get()]
        while len(taken) < MAX_TOGETHER:
            try:
                taken.append(self._calls.get_nowait())
            except Empty:
                break
        try:
            take_turn(engine, [call for call in taken if isinstance(call, Shared)])
            for call in taken:
                if isinstance(call, Alone):
                    take_alone(engine, call)
        except BaseException as error:  # of `wake`, which is somebody else's code: nobody waits for ever
            for call in taken:
                if call is not None and not call.answer.done():
                    call.answer.set_exception(error)


class _Steps:
    """Takes a plan's steps in transactions that others share."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def go_on(self, going: Going) -> Step:
        return self._intake.shared_again(going, lambda engine, tx: engine.executor.go_on_inside(tx, going), decides=False)

    def record(self, going: Going) -> None:
        self._intake.shared(lambda engine, tx: engine.executor.record_inside(tx, going), decides=False)

    def is_ours(self, record: ActionRecord) -> bool:
        return self._intake.alone(lambda engine: engine.executor.is_ours(record))


def _step_of(value: object) -> Step | None:
    """The step that a call gave, if it gave one."""
    return next((one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Step)), None)
