"""ActionPlan: what is to be done, in which order, and what needs what."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, InstanceOf, StrictInt, field_validator, model_serializer, model_validator
from pydantic import Field as Bounds

from signoff.actions import Action
from signoff.canonical import Json, canonical
from signoff.errors import PlanInvalid

MAX_ACTIONS = 100  # in one plan


class PlannedAction(BaseModel):
    """One action of a plan, and the numbers of the earlier actions that must be done first."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    action: InstanceOf[Action]
    needs: tuple[Annotated[StrictInt, Bounds(ge=1)], ...]  # empty: it needs no other action

    @field_validator("needs")
    @classmethod
    def _no_repetition(cls, needs: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(needs)) != len(needs):
            raise ValueError("names an action twice")
        return needs

    def wire(self) -> dict[str, Json]:
        """The flat form that plans are written in: the action's fields, and `needs` beside them."""
        return self.action.wire() | {"needs": list(self.needs)}


class ActionPlan(BaseModel):
    """An ordered tuple of actions. The number of an action is its place, counted from 1.

    Values are checked by pydantic (ValidationError); text is read with `read_plan`, which reports every problem at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    actions: tuple[PlannedAction, ...]

    @classmethod
    def of(cls, *actions: Action) -> Self:
        """A plan of *actions* that do not need each other. Raises PlanInvalid for none, and for more than MAX_ACTIONS."""
        problem = size_problem(len(actions))
        if problem is not None:
            raise PlanInvalid([problem])
        return cls(actions=tuple(PlannedAction(action=action, needs=()) for action in actions))

    def wire(self) -> dict[str, Json]:
        """The plan as JSON: `{"actions": [{"type": "transfer", ..., "needs": []}]}`."""
        return {"actions": [planned.wire() for planned in self.actions]}

    @model_validator(mode="after")
    def _check(self) -> Self:
        problem = size_problem(len(self.actions))
        if problem is not None:
            raise ValueError(problem)
        for number, planned in enumerate(self.actions, 1):
            for need in planned.needs:
                wrong = need_problem(need, number, len(self.actions))
                if wrong is not None:
                    raise ValueError(f"action {number} ({planned.action.type}): {wrong}")
        return self

    @model_serializer
    def _serialize(self) -> dict[str, object]:
        return dict(self.wire())

    def __eq__(self, other: object) -> bool:
        """Plans are equal where their actions and needs are, whichever registry's model they were made with."""
        return self.actions == other.actions if isinstance(other, ActionPlan) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.actions)


def size_problem(size: int) -> str | None:
    """Why a plan cannot hold *size* actions. None where it can."""
    if size == 0:
        return "the plan is empty; write at least one action"
    if size > MAX_ACTIONS:
        return f"the plan holds {size:,} actions; at most {MAX_ACTIONS} are accepted, so split it"
    return None


def need_problem(need: int, number: int, size: int) -> str | None:
    """Why action *number* of *size* actions cannot need action *need*. None where it can."""
    if 1 <= need < number:
        return None
    if need == number:
        return "`needs` names the action itself; name only earlier actions"
    if number < need <= size:
        return f"`needs` names action {need}, which comes later; name only earlier actions"
    return f"`needs` names action {need}, but the plan's actions are numbered 1 to {size}; name only earlier actions"


def write_plan(plan: ActionPlan) -> bytes:
    """The canonical bytes of *plan* in its wire form. `read_plan` gives the same plan back."""
    return canonical(plan.wire())
