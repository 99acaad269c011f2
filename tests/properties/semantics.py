"""What the rules of a file come to, in plain words: each rule is asked by itself, and the rest is written down here again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import permutations

from signoff.actions import Action
from signoff.audit import ActionRecord, PlanRecord
from signoff.grounding import grounded_fields
from signoff.policies import Context, DecisionEffect, Policy, parse_policy
from signoff.testing import PolicyFile, PolicyRule

from .world import REGISTRY

MINUTES = {"5m": 5, "20m": 20}
HOURS = {None: 24, "30m": 0.5, "1h": 1, "24h": 24, "2d": 48}  # to sign; None is where a rule does not say


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What must become of an action."""

    effect: DecisionEffect
    seats: dict[str, int] = field(default_factory=dict)  # who must sign; empty unless it is to be approved
    hours: float = 0  # to sign
    own_vote: bool = False  # whether the requester's own vote counts
    stand_ins: dict[str, dict[str, int]] = field(default_factory=dict)  # by seat, who else may sign after how many minutes


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What one rule asks, or the default, or an action's caution."""

    seats: dict[str, int]
    hours: float
    own_vote: bool = False
    then: tuple[str, str] | None = None


def wanted(file: PolicyFile, plan: PlanRecord, record: ActionRecord, now: datetime) -> Wanted:
    """What *file* wants of an action of an accepted plan at the time *now*."""
    action = REGISTRY.load(record.body)
    grounded = grounded_fields(action, plan.request)
    context = Context(actor=plan.requester, grounded=grounded, plan_size=len(plan.actions), now=now)
    met = [rule for rule in file.rules if _speaks(file, rule, action, context)]
    if any(rule.effect is DecisionEffect.DENY for rule in met):
        return Wanted(effect=DecisionEffect.DENY)
    granted = any(rule.effect is DecisionEffect.ALLOW for rule in met)
    careful = action.caution() is not None
    if (not granted and file.default is None) or (careful and file.approvers is None):
        return Wanted(effect=DecisionEffect.DENY)
    asking = [_asked(file, rule) for rule in met if rule.effect is DecisionEffect.APPROVE]
    hours = HOURS[file.within]
    asking += [] if granted else [Asks(seats={str(file.default): 1}, hours=hours)]
    asking += [Asks(seats={str(file.approvers): 1}, hours=hours)] if careful else []
    if not asking:
        return Wanted(effect=DecisionEffect.ALLOW)
    seats = {seat: max(each.seats.get(seat, 0) for each in asking) for one in asking for seat in one.seats}
    return Wanted(
        effect=DecisionEffect.APPROVE,
        seats=seats,
        hours=min(one.hours for one in asking),
        own_vote=all(one.own_vote for one in asking),
        stand_ins={seat: others for seat in seats if (others := _stand_ins(seat, asking))},
    )


def _asked(file: PolicyFile, rule: PolicyRule) -> Asks:
    seats = dict(rule.by or ((str(file.approvers), 1),))
    return Asks(seats=seats, hours=HOURS[rule.within or file.within], own_vote=rule.own_vote, then=rule.then)


def _stand_ins(seat: str, asking: list[Asks]) -> dict[str, int]:
    """Who may fill *seat* as well: where all who ask for it name the same, after the longest time."""
    thens = {one.then for one in asking if seat in one.seats}
    names = {then[1] for then in thens if then is not None}
    if None in thens or len(names) != 1 or names == {seat}:
        return {}
    return {names.pop(): max(MINUTES[then[0]] for then in thens if then is not None)}


def can_fill(file: PolicyFile, want: Wanted, requester: str, votes: Mapping[str, float]) -> bool:
    """Whether those who voted, each so many minutes after they were asked, can take all seats: every way is tried."""
    places = [seat for seat, count in want.seats.items() for _ in range(count)]
    return any(
        all(_may_take(file, want, requester, voter, votes[voter], seat) for voter, seat in zip(chosen, places, strict=True))
        for chosen in permutations(sorted(votes), len(places))
    )


def _may_take(file: PolicyFile, want: Wanted, requester: str, voter: str, minutes: float, seat: str) -> bool:
    if voter == requester:
        return want.own_vote and _stands_for(file, voter, seat)
    late = (who for who, after in want.stand_ins.get(seat, {}).items() if minutes >= after)
    return any(_stands_for(file, voter, who) for who in (seat, *late))


def _stands_for(file: PolicyFile, voter: str, who: str) -> bool:
    return who == f"person:{voter}" or voter in file.roles.get(who, ())


def _speaks(file: PolicyFile, rule: PolicyRule, action: Action, context: Context) -> bool:
    """Whether *rule* counts for *action*. One that cannot be worked out counts where that is the stricter way."""
    allowing = replace(rule, effect=DecisionEffect.ALLOW, by=None, within=None, own_vote=False, then=None)
    alone = replace(file, default=None, approvers=next(iter(file.roles)), rules=(allowing,))
    decision = _load(alone.source).decide(action, context)
    return rule.effect is not DecisionEffect.ALLOW if decision.failed else decision.effect is not DecisionEffect.DENY


@lru_cache(maxsize=64)
def _load(source: bytes) -> Policy:
    return parse_policy(source, "policies.yaml", REGISTRY)
