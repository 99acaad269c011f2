"""Laws of what is stored: a plan, written and read back, and stored and read back, is the same to the byte."""

from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given

from signoff import accepting
from signoff.actions import Action, Effect, Execution, Money, Registry, model
from signoff.canonical import Json, canonical, digest, parse
from signoff.planner import ActionPlan, read_plan, write_plan
from signoff.testing import PolicyFile, plans

from .hunting import assert_caught
from .lives import EVERYDAY, Submit, submissions
from .world import REGISTRY, opened_bank

Amount = Annotated[Decimal, Money("currency")]


class Order(Action):
    """A field of every kind."""

    type: Literal["order"] = "order"
    effect = Effect.READ
    to: str
    quantity: int
    weight: Decimal
    urgent: bool = False
    speed: Literal["slow", "fast"] = "slow"
    note: str | None = None
    price: Amount
    fee: Amount | None = None
    currency: str = "USD"
    parts: tuple[Amount, ...] = ()
    tags: tuple[str, ...] = ()
    weights: tuple[Decimal, ...] | None = None

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None


ORDERS = Registry(Order)
ALL = PolicyFile(roles={"manager": ("omar",)}, lists={}, rules=(EVERYDAY,))


@given(plans(ORDERS))
def test_a_plan_read_back_is_the_same(plan: ActionPlan) -> None:
    """A plan of fields of every kind is read back from its bytes as an equal plan, whose bytes are the same."""
    written = write_plan(plan)
    read = read_plan(written, ORDERS)
    assert read == plan, "another plan was read"
    assert write_plan(read) == written, "other bytes were written"
    for planned in plan.actions:
        assert ORDERS.load(planned.action.canonical()) == planned.action, "another action was read"


@given(submissions)
def test_a_plan_that_was_stored_is_the_same(submitted: Submit) -> None:
    """What is stored of a plan are the bytes that were proposed, and each action's own; a restart changes none of them."""
    with opened_bank(ALL) as bank:
        if bank.do(submitted).refused:
            return
        (before,) = bank.plans()
        bank.restart()
        (after,) = bank.plans()
        assert after == before, "a restart changed it"
        assert after.proposed == write_plan(submitted.plan), "other bytes were stored"
        assert write_plan(read_plan(after.proposed, REGISTRY)) == after.proposed
        for action in after.actions:
            assert REGISTRY.load(action.body).canonical() == action.body == canonical(parse(action.body)), (
                "other bytes are loaded"
            )
            assert digest(action.body) == action.digest


def test_a_number_that_is_rounded_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a number is written with two decimals, another plan is read back."""
    monkeypatch.setattr(model, "write_decimal", lambda number: f"{number:.2f}")
    assert_caught(test_a_plan_read_back_is_the_same, plans(ORDERS), "another plan was read")


def test_a_resolved_plan_stored_as_proposed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the plan is stored as its names were resolved, its bytes are not those that were proposed."""
    monkeypatch.setattr(accepting, "write_plan", lambda plan: write_plan(plan).replace(b'"bob"', b'"Bob"'))
    assert_caught(test_a_plan_that_was_stored_is_the_same, submissions, "other bytes were stored")
