import pytest
from pydantic import ValidationError

from signoff.actions import Registry
from signoff.errors import PlanInvalid
from signoff.planner import MAX_ACTIONS, ActionPlan, PlannedAction, write_plan


def test_of_makes_independent_actions(registry: Registry) -> None:
    """ActionPlan.of gives a plan of actions that need nothing."""
    plan = ActionPlan.of(registry.read({"type": "check_balance"}), registry.read({"type": "deposit", "amount": "40"}))
    assert [(planned.action.type, planned.needs) for planned in plan.actions] == [("check_balance", ()), ("deposit", ())]


@pytest.mark.parametrize(("size", "reason"), [(0, "empty"), (MAX_ACTIONS + 1, "at most 100")])
def test_of_refuses_sizes(registry: Registry, size: int, reason: str) -> None:
    """ActionPlan.of refuses an empty plan, and more than MAX_ACTIONS actions."""
    with pytest.raises(PlanInvalid, match=reason):
        ActionPlan.of(*[registry.read({"type": "check_balance"})] * size)


@pytest.mark.parametrize("needs", [(1,), (2,), (0,), (-1,), (True,), (1.0,), ("1",), None])
def test_wrong_needs_are_refused_in_python(registry: Registry, needs: object) -> None:
    """The first action can need nothing, and needs are numbers without coercion."""
    action = registry.read({"type": "check_balance"})
    with pytest.raises(ValidationError):
        ActionPlan.model_validate({"actions": (PlannedAction.model_validate({"action": action, "needs": needs}),)})


def test_needs_may_not_repeat(registry: Registry) -> None:
    """An action cannot need the same action twice."""
    with pytest.raises(ValidationError, match="twice"):
        PlannedAction(action=registry.read({"type": "check_balance"}), needs=(1, 1))


def test_needs_must_be_given(registry: Registry) -> None:
    """Leaving out `needs` is no way to say that there are none."""
    with pytest.raises(ValidationError, match="needs"):
        PlannedAction.model_validate({"action": registry.read({"type": "check_balance"})})


def test_plans_and_their_hashes_are_equal_where_their_actions_are(registry: Registry) -> None:
    """Two plans of the same actions and needs are equal, and one that differs is not."""
    one = ActionPlan.of(registry.read({"type": "deposit", "amount": "40"}))
    same = ActionPlan.of(registry.read({"type": "deposit", "amount": "40.00"}))
    other = ActionPlan.of(registry.read({"type": "deposit", "amount": "41"}))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other


def test_the_wire_form_is_canonical(registry: Registry) -> None:
    """A plan is written as canonical JSON, every field named as plans name it."""
    plan = ActionPlan.of(registry.read({"type": "transfer", "to": "Alice", "amount": 150}))
    assert write_plan(plan) == (
        b'{"actions":[{"amount":"150.00","currency":"USD","from":"checking","needs":[],"to":"Alice","type":"transfer"}]}'
    )
    assert plan.model_dump() == plan.wire()
