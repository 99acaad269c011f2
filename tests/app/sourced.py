"""A request, what stands beside it, and plans that were made of both."""

from collections.abc import Sequence
from typing import Any

from signoff import Engine
from signoff.actions import bank_registry
from signoff.audit import PlanRecord
from signoff.planner import ActionPlan, Context, Outcome, Planned, Trust
from signoff.sources import Grounds, grounded_in

from .banking import DANA, plan_of

REQUEST = "pay the invoice to Alice, please"
INVOICE = Context(source="invoice", text="INVOICE 4711\nfrom Mallory Ltd\nin all: $150.00")
PAYEES = Context(source="payees", text="Alice\nBob\nMallory Ltd\nSavings", trust=Trust.TRUSTED)
BESIDE = (INVOICE, PAYEES)


def sources(text: str | None, context: Sequence[Context] = (), **fields: str) -> Grounds:
    """Where the values of a transfer stand."""
    action = bank_registry().read({"type": "transfer", "to": "Alice", "amount": "150", "from": "savings"} | fields)
    return grounded_in(text, context)(action)


def disputed(plan: ActionPlan, *differences: str, **told: Any) -> Planned:
    """A planner's answer, which a second opinion disputes."""
    return Planned(outcome=Outcome.PLAN, plan=plan, planner="model m", disputed=differences, **told)


def ask(engine: Engine, *actions: dict[str, Any], request: str = REQUEST, **how: Any) -> PlanRecord:
    """Submit what a planner made of a request and an invoice."""
    plan = plan_of(engine, *actions)
    planned = disputed(plan, *how.pop("disputed", ()), **how)
    return engine.submit(plan, DANA, request=request, planner=planned, context=BESIDE)
