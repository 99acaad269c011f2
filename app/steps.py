"""The steps that a plan takes: what may run, and what a step came to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from signoff.actions import INSIDE, Result
from signoff.audit import ActionRecord, Approval, PlanRecord, Status

from .actor import Actor
from .deciding import Judgement
from .outside import Started


def is_held(plan: PlanRecord) -> bool:
    """Whether a process executes something of *plan* outside the database."""
    return any(action.lease is not None for action in plan.actions)


def may_go_on(plan: PlanRecord) -> bool:
    """Whether something of *plan*, whose deadlines were looked at, may run or is being executed."""
    return any(action.status is Status.EXECUTING or plan.can_run(action) for action in plan.actions)


def runs_here_next(plan: PlanRecord) -> bool:
    """Whether what runs next of *plan* was, when it was accepted, one that runs inside a transaction of this database."""
    runnable = next((action for action in plan.actions if plan.can_run(action)), None)
    return runnable is not None and runnable.effect in {effect.value for effect in INSIDE}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step of a plan came to."""

    ended: list[ActionRecord]  # actions, with what they gave
    started: Started | None  # what must be executed now
    going: bool  # whether anything went on
    due: datetime | None = None  # when something that was put off goes on
    held: bool = False  # whether another process executes something of the plan


GOING = Step(ended=[], started=None, going=True)  # before the first


@dataclass(frozen=True, kw_only=True)
class Going:
    """A plan that goes on, and what was just executed of it."""

    plan: str
    actor: Actor
    started: Started | None = None
    result: Result | None = None
    lost: dict[int, str] = field(default_factory=dict)  # by number, why the transaction was lost in which an action ran
    stopped: Callable[[], bool] = lambda: False  # whether nothing is to be started any more
    recorded: list[Started | None] = field(default_factory=list)  # of which the results are recorded, durably

    def is_recorded(self) -> bool:
        """Whether what was just executed is recorded already, though an error came after that."""
        return any(one is self.started for one in self.recorded)


class Steps(Protocol):
    """Where steps are taken: in transactions of one's own, or in some that others share."""

    def go_on(self, going: Going) -> Step:
        """Record what was executed, and take the next step."""

    def record(self, going: Going) -> None:
        """Record what was executed alone."""

    def is_ours(self, record: ActionRecord) -> bool:
        """Whether *record* is still held by us."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """An action that may run now, and the approval whose votes that uses."""

    record: ActionRecord
    judged: Judgement
    approval: Approval | None
    requester: Actor

    @property
    def runs_here(self) -> bool:
        """Whether it is executed inside a transaction of this database."""
        return self.judged.action.effect in INSIDE
