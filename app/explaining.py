"""Why an action is decided as it is: one that is only supposed, or one of the log, under the rules that decided it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from signoff.actions import Action
from signoff.audit import Entry, PlanRecord
from signoff.planner import ActionPlan, check_request
from signoff.policies import (
    Consequence,
    Context,
    CounterValue,
    Decision,
    Nearest,
    PoliciesInvalid,
    Policy,
    Situation,
    nearest_changes,
    parse_policy,
    read_count,
    read_moment,
    time_zone,
)

from .actor import Actor
from .canonical import Json
from .deciding import judge_plan
from .engine import Engine
from .errors import LogInvalid, UsageError
from .plans import known
from .sources import given_fields, grounded_in, grounding_of
from .supposing import Supposed


@dataclass(frozen=True, kw_only=True)
class Logged:
    """The decision of the log that is explained."""

    plan: str
    number: int
    entry: int  # the number of the Entry that tells it
    decision: Mapping[str, Json]  # as it tells it
    expires: datetime | None  # of the approval that was asked for then

    def agrees_with(self, decision: Decision) -> bool:
        """Whether deciding once more gives what the log tells."""
        return (self.decision.get("effect"), self.decision.get("rules")) == (decision.effect.value, list(decision.rules))


@dataclass(frozen=True, kw_only=True)
class Explained:
    """An action with all that decides it."""

    policy: Policy  # that decides, or decided
    action: Action
    context: Context
    request: str | None  # what the user wrote
    assumed: bool  # whether a request that holds every value is assumed
    decision: Decision
    nearest: Nearest
    situation: Situation
    logged: Logged | None  # None: the action is only supposed
    in_force: Policy | None = None  # what would decide now, where that is another file
    decision_now: Decision | None = None  # what that would decide in the same circumstances

    @property
    def differs_now(self) -> bool:
        """Whether the rules in force now come to something else."""
        if self.in_force is None or self.decision_now is None:
            return False
        return Consequence.of(self.decision, self.policy) != Consequence.of(self.decision_now, self.in_force)


def explain_supposed(
    action: Action, policy: Policy, actor: Actor, *, now: datetime, request: str | None, before: Mapping[str, Decimal]
) -> Explained:
    """Why *policy* decides *action* as it does, where it is asked for so. Names in it are taken as they are.

    Without a *request* one is assumed that holds every value. *before* is what counters have counted, under every key.
    """
    if request is not None:
        check_request(request)
    grounding = given_fields if request is None else grounded_in(request)
    supposed = Supposed(policy=policy, now=now, requester=actor, before=before)
    (judged,) = judge_plan(ActionPlan.of(action), grounding, supposed)
    situation = Situation.of(action, judged.context, policy.counters, time_zone(policy.zone))
    situation = replace(situation, before={**before, **situation.before})
    return Explained(
        policy=policy,
        action=action,
        context=judged.context,
        request=request,
        assumed=request is None,
        decision=judged.decision,
        nearest=nearest_changes(situation, policy),
        situation=situation,
        logged=None,
    )


def explain_logged(engine: Engine, in_force: Policy, id_: str, number: int | None) -> Explained:
    """Why an action of the log was decided as it was: of a plan the newest decision, of an approval the one that asked.

    Who asked, when, for what, and what was counted are those of that decision, and so are the rules. Raises UsageError
    where there is no such action, and LogInvalid where the log was altered or does not hold what is needed.
    """
    plan, number, entry, expires = _find(engine, id_, number)
    told = entry.data["decision"]
    assert isinstance(told, Mapping)
    with engine.store.read() as tx:
        name, source = tx.source(str(told["policy"]))
    try:
        policy = parse_policy(source, name, engine.registry)
    except PoliciesInvalid as error:
        raise UsageError(
            f"{name} (digest {str(told['policy'])[:8]}), which decided it, does not fit the actions of today: {error}; "
            "name those of then with --actions"
        ) from error
    action = engine.registry.load(plan.action(number).body)
    grounds = grounding_of(plan, number)(action)
    context = Context(
        actor=plan.requester,
        grounded=grounds.grounded,
        plan_size=plan.size_for(number),
        now=entry.at,
        counters=_counted(told.get("counters", {}), policy, action),
        sources=grounds.sources,
        trusted=grounds.trusted,
        disputed=grounds.disputed,
    )
    situation = Situation.of(action, context, policy.counters, time_zone(policy.zone))
    same = in_force.digest == policy.digest
    return Explained(
        policy=policy,
        action=action,
        context=context,
        request=plan.request_for(number),
        assumed=False,
        decision=policy.decide(action, context),
        nearest=nearest_changes(situation, policy),
        situation=situation,
        logged=Logged(plan=plan.id, number=number, entry=entry.number, decision=told, expires=expires),
        in_force=None if same else in_force,
        decision_now=None if same else _with_counters_of(situation, policy, in_force).decided_by(in_force),
    )


def read_time_of_day(text: str, policy: Policy) -> datetime:
    """The time that `--at` names, in the zone of *policy*. Raises UsageError."""
    found = read_moment(text)
    if found is None:
        raise UsageError(f'--at is "{text[:40]}"; write a date and a time such as "2026-12-24 18:30"')
    return found.replace(tzinfo=time_zone(policy.zone) or UTC)


def read_counts(texts: Sequence[str], policy: Policy, action: Action) -> dict[str, Decimal]:
    """What counters have counted before *action*, from texts such as `sent_today=24_950`. Raises UsageError."""
    found: dict[str, Decimal] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in policy.counters:
            have = ", ".join(policy.counters) or "none"
            raise UsageError(f'--count: {policy.name} has no counter "{name[:60]}"; it has {have}')
        value, wanted = read_count(number, policy.counters[name], [action])
        if value is None or name in found:
            example = f"{name}={3 if policy.counters[name].currency is None else '24_950'}"
            raise UsageError(f'--count is "{text[:80]}"; write each counter once, with {wanted}: {example}')
        found[name] = value
    return found


def _find(engine: Engine, id_: str, number: int | None) -> tuple[PlanRecord, int, Entry, datetime | None]:
    """The plan, the action's number, the Entry with its decision, and until when it could be signed."""
    with engine.store.read() as tx:
        approval = None if id_.startswith("p-") else known(tx.approval(id_), id_)
    if approval is not None and number is not None:
        raise UsageError(f"{id_} is the approval of one action; leave the number {number} out")
    plan = engine.plan(approval.plan if approval else id_)
    number = approval.number if approval else _only(plan, number)
    with engine.store.read() as tx:
        entries = [entry for entry in tx.entries(plan.id) if entry.action == number]
        approvals = tx.approvals_of(plan.id, number)
    if approval is not None:
        asked = next((one.place for one in entries if one.event == "asked" and one.data.get("id") == id_), 0)
        entries = [entry for entry in entries if entry.place < asked]
    decided = [entry for entry in entries if isinstance(entry.data.get("decision"), Mapping)]
    if not decided:
        raise LogInvalid(f"the log tells no decision about action {number} of {plan.id}; see `signoff audit verify`")
    expires = next((one.expires for one in approvals if one.asked == decided[-1].at), None)
    return plan, number, decided[-1], expires


def _only(plan: PlanRecord, number: int | None) -> int:
    """The action that is meant: the one with that number, or the only one."""
    size = len(plan.actions)
    if number is None and size == 1:
        return 1
    if number is None:
        raise UsageError(f"{plan.id} has {size} actions; name one by its number: signoff policies explain {plan.id} 2")
    if not 1 <= number <= size:
        raise UsageError(f"{plan.id} has no action {number}; its actions are numbered 1 to {size}")
    return number


def _counted(told: Json, policy: Policy, action: Action) -> dict[str, CounterValue | None]:
    """The values of counters, from how the log tells them: `1,234.00 USD`, `3`, `unknown`."""
    texts = told if isinstance(told, Mapping) else {}
    found: dict[str, CounterValue | None] = {}
    for name in policy.counters_read(action.type):
        number = str(texts.get(name, "unknown")).split(" ")[0].replace(",", "")
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", number, re.ASCII):
            found[name] = None
        else:
            found[name] = int(number) if policy.counters[name].currency is None else Decimal(number)
    return found


def _with_counters_of(situation: Situation, policy: Policy, other: Policy) -> Situation:
    """*situation* for another policy: a counter that it counts otherwise has no value that is known."""
    names = other.counters_read(situation.action.type)
    new = {name for name in names if name not in situation.before or policy.counters.get(name) != other.counters[name]}
    return replace(situation, unknown=situation.unknown | new)
