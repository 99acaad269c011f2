"""The executor: runs what may run, each action exactly as often as its effect allows.

`drive` takes one step after the other (see `stepping`) until nothing can go on. An external action's intent is durable
before it starts. Many processes execute at once: each external action under a lease (see `outside`), and what one leaves,
another takes over (see `recovery`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from signoff.actions import Registry, Result
from signoff.audit import ActionRecord, Status, Store, Writing

from .actor import Actor
from .errors import DatabaseError, HeadNotKept, OutcomeUnknown, TransactionLost
from .in_force import InForce
from .outside import Started
from .plans import Verifier
from .retrying import Patience
from .secret_fields import Lookup, no_secrets
from .stepping import Stepping
from .steps import GOING, Going, Step, Steps

Watch: TypeAlias = Callable[[ActionRecord], None]


class Executor(Stepping):
    """Runs the actions of accepted plans, beside other processes that do."""

    def __init__(
        self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier, secrets: Lookup = no_secrets
    ) -> None:
        super().__init__(store, registry, in_force, verifier, secrets)
        self._watch: Watch = lambda _: None

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[None]:
        """Tell *watch* of each external action that starts, and of each action that has ended, as long as the block lasts."""
        before, self._watch = self._watch, watch
        try:
            yield
        finally:
            self._watch = before

    def record_late(self) -> None:
        """Record what came of attempts that were given up, where something did."""
        if self._outside.has_late():
            with self._store.write() as tx:
                self._outside.tell_late(tx)

    def drive(self, plan: str, actor: Actor, patience: Patience, step: Step = GOING, steps: Steps | None = None) -> None:
        """Take one step after the other until nothing in *plan* can go on; *step* was taken before.

        What is tried again, or executed by another process, is waited for as long as *patience* lasts.
        """
        going, steps = Going(plan=plan, actor=actor, stopped=patience.stopped), steps or self
        while self._is_going(step, patience):
            started = step.started
            if started and not started.asking:
                self._watch(started.record)
            try:
                going = replace(going, started=started, result=None)
                going = replace(going, result=self._execute(started, steps) if started else None)
                step = steps.go_on(going)
            except HeadNotKept:  # it is recorded
                raise
            except OutcomeUnknown:  # what started ends as after a crash: nothing can be recorded here any more
                raise
            except BaseException:
                if going.result and not going.is_recorded():  # what is known must not be lost with what went wrong after it
                    steps.record(going)
                raise
            finally:
                if started:
                    self._outside.let_go(started)
                    self.abandon(started)

    def _is_going(self, step: Step, patience: Patience) -> bool:
        """Whether to go on after *step*, once what it ended is told and what it waits for is due."""
        for ended in step.ended:
            if ended.status is not Status.EXECUTING:
                self._watch(ended)
        if step.due is not None:
            return patience.wait((step.due - self._store.clock()).total_seconds())
        return patience.wait_for_others() if step.held else step.going

    def go_on(self, going: Going) -> Step:
        """Record what was executed, and take the next step, in a transaction of its own."""
        while True:
            try:
                with self._store.write() as tx:
                    step = self._step(tx, going)
                    tx.after_commit.append(partial(going.recorded.append, going.started))
                    return step
            except TransactionLost:
                continue  # nothing of it was recorded; the action that lost it is remembered and fails now

    def record(self, going: Going) -> None:
        """Record what was executed, in a transaction of its own."""
        with self._store.write() as tx:
            self.end(tx, going)

    def is_ours(self, record: ActionRecord) -> bool:
        """Whether *record* is still held by us."""
        return self._outside.is_ours(record)

    def go_on_inside(self, tx: Writing, going: Going) -> Step:
        """Record what was executed, and take all steps that can be taken in *tx*; one that fails is undone alone.

        An error after the first step is told when the next one is tried again.
        """
        ended: list[ActionRecord] = []
        while True:
            try:
                with tx.attempt():
                    step = self._step(tx, going)
            except (TransactionLost, DatabaseError):
                raise
            except BaseException:
                if not ended:
                    raise
                return Step(ended=ended, started=None, going=True)
            tx.after_commit.append(partial(going.recorded.append, going.started))
            ended += step.ended
            if step.started is not None:
                self._leave_to_caller(tx, step.started)
            if step.started is not None or not step.going:
                return replace(step, ended=ended)
            going = replace(going, started=None, result=None)

    def record_inside(self, tx: Writing, going: Going) -> None:
        """Record what was executed in *tx*; where that fails it is undone alone."""
        with tx.attempt():
            self.end(tx, going)

    def _leave_to_caller(self, tx: Writing, started: Started) -> None:
        """Let nobody take over what another thread is about to execute, until it does `abandon` that."""
        if started.record.lease is not None:
            self._elsewhere.add(started.record.lease.fence)
            tx.undone.callback(self.abandon, started)

    def abandon(self, started: Started) -> None:
        """Whatever is still held of *started* is not executed any more."""
        if started.record.lease is not None:
            self._elsewhere.discard(started.record.lease.fence)

    def _execute(self, started: Started, steps: Steps) -> Result:
        return self._outside.execute(started, partial(self._with_secrets, started), steps.is_ours)
