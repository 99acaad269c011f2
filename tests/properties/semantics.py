"""What the rules of a file come to, in plain words: each rule is asked by itself, and the rest is written down here again."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import permutations

from signoff.actions import Action
from signoff.audit import ActionRecord, PlanRecord
from signoff.grounding import grounded_fields
from signoff.policies import Context, DecisionEffect, Policy, parse_policy
from signoff.testing import PolicyFile, PolicyRule

from .world import REGISTRY

HOURS = {None: 24, "30m": 0.5, "1h": 1, "24h": 24, "2d": 48}  # to sign; None is where a rule does not say


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What must become of an action."""

    effect: DecisionEffect
    seats: dict[str, int]  # who must sign; empty unless it is to be approved
    hours: float  # to sign


def wanted(file: PolicyFile, plan: PlanRecord, record: ActionRecord, now: datetime) -> Wanted:
    """What *file* wants of an action of an accepted plan at the time *now*."""
    action = REGISTRY.load(record.body)
    grounded = grounded_fields(action, plan.request)
    context = Context(actor=plan.requester, grounded=grounded, plan_size=len(plan.actions), now=now)
    met = [rule for rule in file.rules if _speaks(file, rule, action, context)]
    if any(rule.effect is DecisionEffect.DENY for rule in met):
        return Wanted(effect=DecisionEffect.DENY, seats={}, hours=0)
    granted = any(rule.effect is DecisionEffect.ALLOW for rule in met)
    careful = action.caution() is not None
    if (not granted and file.default is None) or (careful and file.approvers is None):
        return Wanted(effect=DecisionEffect.DENY, seats={}, hours=0)
    asking = [((rule.by or (file.approvers, 1)), HOURS[rule.within]) for rule in met if rule.effect is DecisionEffect.APPROVE]
    asking += [] if granted else [((file.default, 1), 24)]
    asking += [((file.approvers, 1), 24)] if careful else []
    if not asking:
        return Wanted(effect=DecisionEffect.ALLOW, seats={}, hours=0)
    seats: dict[str, int] = {}
    for (role, count), _ in asking:
        seats[str(role)] = max(count, seats.get(str(role), 0))
    return Wanted(effect=DecisionEffect.APPROVE, seats=seats, hours=min(hours for _, hours in asking))


def can_fill(file: PolicyFile, seats: dict[str, int], voters: set[str]) -> bool:
    """Whether *voters* can take all *seats* under the roles of *file*, each person one: every way is tried."""
    places = [role for role, count in seats.items() for _ in range(count)]
    return any(
        all(voter in file.roles[role] for voter, role in zip(chosen, places, strict=True))
        for chosen in permutations(sorted(voters), len(places))
    )


def _speaks(file: PolicyFile, rule: PolicyRule, action: Action, context: Context) -> bool:
    """Whether *rule* counts for *action*. One that cannot be worked out counts where that is the stricter way."""
    allowing = replace(rule, effect=DecisionEffect.ALLOW, by=None, within=None)
    alone = replace(file, default=None, approvers=next(iter(file.roles)), rules=(allowing,))
    decision = _load(alone.source).decide(action, context)
    return rule.effect is not DecisionEffect.ALLOW if decision.failed else decision.effect is not DecisionEffect.DENY


@lru_cache(maxsize=64)
def _load(source: bytes) -> Policy:
    return parse_policy(source, "policies.yaml", REGISTRY)
