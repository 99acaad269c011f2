"""The steps that a plan takes: what may run, and what a step came to."""

from dataclasses import dataclass
from datetime import datetime

from signoff.actions import INSIDE
from signoff.audit import ActionRecord, Approval, PlanRecord

from .actor import Actor
from .deciding import Judgement
from .outside import Started


def is_held(plan: PlanRecord) -> bool:
    """Whether a process executes something of *plan* outside the database."""
    return any(action.lease is not None for action in plan.actions)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step of a plan came to."""

    ended: list[ActionRecord]  # actions, with what they gave
    started: Started | None  # what must be executed now
    going: bool  # whether anything went on
    due: datetime | None = None  # when something that was put off goes on
    held: bool = False  # whether another process executes something of the plan


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
