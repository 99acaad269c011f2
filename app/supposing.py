"""Cases that are only supposed: an action or a plan decided as it would be, without a store."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from signoff.actions import Action, currency_decimals, from_minor_units
from signoff.audit import rows_of_action
from signoff.planner import ActionPlan, Context, PlannedAction, Trust
from signoff.policies import Case, CounterValue, Policy

from .actor import Actor
from .canonical import Json
from .counting import counters_of
from .deciding import Judgement, judge_plan
from .sources import Grounding, given_fields, grounded_in

_PLAN = ""  # stands for the id of a plan that is not stored


@dataclass(kw_only=True)
class Supposed:
    """Counts for the actions of one plan, where what was counted before is given.

    The value for an action is: what was counted before, what the actions of the plan before it hold, and the action itself
    once, where the counter counts its type. They are asked for in the order of the plan.
    """

    policy: Policy
    now: datetime | None
    requester: Actor
    before: Mapping[str, Decimal]  # by counter, under every key; 0 where one is left out
    _held: dict[tuple[str, str], int | None] = field(default_factory=dict)  # by counter and key; None: not known

    def values(self, action: Action, number: int) -> dict[str, CounterValue | None]:
        """The value of each counter that the rules for *action* read; None where it does not say what it adds."""
        names = self.policy.counters_read(action.type)
        body: Mapping[str, Json] = action.wire() if names else {}
        return {name: self._value(name, action, body) for name in names}

    def reserve(self, action: Action, number: int) -> None:
        """Let *action* count for those after it."""
        if self.policy.counters:
            body = (number, action.type, action.canonical())
            for row in rows_of_action(counters_of(self.policy).values(), _PLAN, self.requester.id, 0, body):
                before = self._held.get((row.counter, row.key), 0)
                self._held[row.counter, row.key] = None if before is None or row.amount is None else before + row.amount

    def _value(self, name: str, action: Action, body: Mapping[str, Json]) -> CounterValue | None:
        counter = counters_of(self.policy)[name]
        held = self._held.get((counter.digest, counter.key(_PLAN, self.requester.id, body)), 0)
        mine = counter.amount(body) if counter.counts(action.type) else 0
        if held is None or mine is None:
            return None
        before = self.before.get(name, Decimal(0))
        currency = self.policy.counters[name].currency
        if currency is None:
            return int(before) + held + mine
        code = body.get(currency)
        if not isinstance(code, str):
            return None
        return from_minor_units(int(before.scaleb(currency_decimals(code))) + held + mine, code)


def judge_case(case: Case, policy: Policy) -> tuple[Judgement, ...]:
    """What *policy* says about each action of one of its tests, by the very way in which plans are decided."""
    plan = ActionPlan(
        actions=tuple(PlannedAction(action=action, needs=needs) for action, needs in zip(case.actions, case.needs, strict=True))
    )
    supposed = Supposed(policy=policy, now=case.now, requester=case.actor, before=case.before)
    return judge_plan(plan, _grounding_of(case), supposed)


def _grounding_of(case: Case) -> Grounding:
    """Where the values of a test stand: in what the test says, or in a request that holds them all."""
    if case.request is None:
        return lambda action: replace(given_fields(action), disputed=case.disputed)
    trusts = {True: Trust.TRUSTED, False: Trust.UNTRUSTED}
    contexts = [Context(source=one.source, text=one.text, trust=trusts[one.trusted]) for one in case.contexts]
    return grounded_in(case.request, contexts, disputed=case.disputed)
