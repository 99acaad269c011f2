"""What the Engine asks of a policy: judge a plan's actions, and whether somebody may vote, cancel or resolve."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signoff.actions import Action, Lookup, Redaction
from signoff.audit import BOUNDED, UNTOUCHED, ActionRecord, ApprovalStatus, Choice, PlanRecord, Status, Vote
from signoff.planner import ActionPlan, PlannedAction
from signoff.policies import PERSON, Context, CounterValue, Decision, DecisionEffect, Policy, StandIn

from .actor import Actor
from .canonical import Json
from .deadlines import OPEN
from .errors import ActionInvalid, PlanInvalid, Refused
from .signers import Signers, check_identity, identity_counts, is_requester, is_same_person
from .sources import Grounding, Grounds

MAX_WAITING = 200  # actions of one requester that were accepted and not started, when a plan adds to what waits


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One action of a plan, and what was decided about it in which context."""

    number: int
    needs: tuple[int, ...]
    action: Action
    context: Context
    decision: Decision
    counters: Mapping[str, str]  # what the counters were that the rules for it read, as text
    grounds: Grounds  # where its values stand


class Counts(Protocol):
    """Who asks for a plan, when, and what counters count for its actions."""

    @property
    def policy(self) -> Policy:
        """What decides."""

    @property
    def requester(self) -> Actor:
        """Who asks."""

    @property
    def now(self) -> datetime | None:
        """When; None: the time is not known."""

    def values(self, action: Action, number: int) -> dict[str, CounterValue | None]:
        """The value of each counter that the rules for *action* read; None where there is none."""

    def reserve(self, action: Action, number: int) -> None:
        """Let *action* count for those after it."""


def resolve_plan(plan: ActionPlan, lookup: Lookup) -> ActionPlan:
    """*plan* with every name replaced by the registered one. Raises PlanInvalid with every name that is unknown."""
    problems: list[str] = []
    resolved: list[PlannedAction] = []
    for number, planned in enumerate(plan.actions, 1):
        try:
            resolved.append(PlannedAction(action=planned.action.resolve(lookup), needs=planned.needs))
        except ActionInvalid as error:
            hidden = Redaction.of(planned.action)
            problems += [f"action {number} ({planned.action.type}): {hidden.text(problem)}" for problem in error.problems]
    if problems:
        raise PlanInvalid(problems)
    return ActionPlan(actions=tuple(resolved))


def judge_plan(plan: ActionPlan, grounding: Grounding, counting: Counts, before: int = 0) -> tuple[Judgement, ...]:
    """What the policy says about each action of a resolved plan. What may happen counts for the actions after it.

    The plan may be what is added to one that had so many actions *before*, and need none of them.
    """
    judged: list[Judgement] = []
    lost: set[int] = set()
    for number, planned in enumerate(plan.actions, before + 1):
        judged.append(judge(planned.action, number, planned.needs, grounding, before + len(plan.actions), counting))
        if judged[-1].decision.effect is DecisionEffect.DENY or lost & {*planned.needs}:
            lost.add(number)
        else:
            counting.reserve(planned.action, number)
    return tuple(judged)


def judge(
    action: Action, number: int, needs: tuple[int, ...], grounding: Grounding, plan_size: int, counting: Counts
) -> Judgement:
    """What the policy says about one resolved action."""
    policy, grounds = counting.policy, grounding(action)
    context = Context(
        actor=counting.requester,
        grounded=grounds.grounded,
        plan_size=plan_size,
        now=counting.now,
        counters=counting.values(action, number),
        sources=grounds.sources,
        trusted=grounds.trusted,
        disputed=grounds.disputed,
    )
    return Judgement(
        number=number,
        needs=needs,
        action=action,
        context=context,
        decision=policy.decide(action, context),
        counters=policy.counters_told(action, context),
        grounds=grounds,
    )


def told_decision(judged: Judgement) -> dict[str, Json]:
    """What was decided, as it stands in an Entry."""
    decision = judged.decision
    told: dict[str, Json] = {
        "effect": decision.effect.value,
        "rules": list(decision.rules),
        "failed": list(decision.failed),
        "seats": {seat.role: seat.count for seat in decision.seats},
        "policy": decision.policy,
    }
    if decision.stand_ins:
        told["stand_ins"] = as_stand_ins(decision.stand_ins)
    if decision.own_vote:
        told["own_vote"] = True
    return told | ({"counters": dict(judged.counters)} if judged.counters else {})


def told_reasons(policy: Policy, judged: Judgement) -> list[dict[str, Json]]:
    """The rules behind a decision, with the values that their conditions read."""
    return [
        {
            "rule": explanation.rule,
            "place": explanation.place,
            "because": explanation.because,
            "condition": explanation.condition,
            "values": [[name, value] for name, value in explanation.values],
            "failed": explanation.failed,
        }
        for explanation in policy.explain(judged.action, judged.context)
    ]


def denial(policy: Policy, judged: Judgement) -> str:
    """Why an action is denied, in words."""
    reason = "; ".join(policy.reasons(judged.decision, judged.action, judged.context))
    rules = ", ".join(judged.decision.rules)
    if not rules:
        return reason or "no rule allows it"
    return f"denied by {rules}" + (f": {reason}" if reason else "")


def as_stand_ins(stand_ins: Iterable[StandIn]) -> dict[str, dict[str, int]]:
    """Who may fill which seat after how many seconds, as an approval stores it."""
    told: dict[str, dict[str, int]] = {}
    for one in stand_ins:
        told.setdefault(one.role, {})[one.who] = one.after
    return told


def votes_serve(signers: Signers, decision: Decision, record: ActionRecord, plan: PlanRecord, votes: Sequence[Vote]) -> bool:
    """Whether the votes on an approval are for exactly this action, asked for by exactly these seats and rules, and fill them."""
    approval = signers.approval
    bound = (approval.plan, approval.number, approval.revision, approval.digest, approval.requester, approval.asks)
    now = (plan.id, record.number, record.revision, record.digest, plan.requester.id, decision.asks)
    return bound == now and signers.fill(decision.seats, votes)


def check_voter(signers: Signers, actor: Actor, choice: Choice, votes: Sequence[Vote]) -> None:
    """Raises Refused where *actor* may not vote so now. Who may approve may reject, at any time before the end."""
    approval = signers.approval
    if approval.status is not ApprovalStatus.WAITING:
        raise Refused(f"{approval.id} is decided: it is {approval.status}")
    if is_same_person(actor.id, signers.requester.id) and not approval.own_vote:
        raise Refused(f"{actor.id} asked for {approval.id} and cannot decide it; somebody else must, or cancel {approval.plan}")
    _check_decider(signers, actor)
    if choice is Choice.APPROVE and signers.has_edited(actor.id):
        raise Refused(f"{actor.id} edited what {approval.id} asks for and cannot sign it; it needs somebody else")
    if choice is Choice.APPROVE:
        _check_seat(signers, actor, votes)


def check_editor(signers: Signers, record: ActionRecord, actor: Actor) -> None:
    """Raises Refused where *actor* may not edit now the action that an approval asks for, or asked for.

    Who edited it before may again, and may reject it: they never sign it.
    """
    approval, what = signers.approval, f"action {record.number} of {record.plan}"
    if approval.status not in OPEN:
        raise Refused(f"{approval.id} is {approval.status}: only what waits or was approved, and was not started, can be edited")
    if record.status not in BOUNDED or record.attempt:
        raise Refused(f"{what} was started, so it cannot be edited any more; it is {record.status}")
    if signers.is_requester(actor):
        raise Refused(f"{actor.id} asked for {approval.id} and cannot edit it; cancel {approval.plan} and ask anew")
    _check_decider(signers, actor)


def _check_decider(signers: Signers, actor: Actor) -> None:
    """Raises Refused where *actor* may fill no seat now."""
    approval = signers.approval
    check_identity(signers.policy, actor)
    if signers.is_requester(actor) and not approval.own_vote:
        raise Refused(f"{actor.id} asked for {approval.id}, as {signers.requester.id}, and cannot decide it; somebody else must")
    if not signers.may_fill(actor, signers.now):
        raise Refused(f"{actor.id} may not decide {approval.id}: it needs {signers.needed}")


def _check_seat(signers: Signers, actor: Actor, votes: Sequence[Vote]) -> None:
    id_, seating = signers.approval.id, signers.seating(votes)
    renewed = signers.with_vote(votes, actor)
    earlier = {vote.voter.id for vote in votes if is_same_person(vote.voter.id, actor.id)}
    # It waits though it is complete: roles were given back. That releases nothing; somebody who may sign says that it shall.
    fills = seating.complete or sum(renewed.filled.values()) > sum(seating.filled.values())
    if earlier and not (fills and earlier == {actor.id}):
        raise Refused(f"{actor.id} has already voted on {id_}; it still needs somebody else")
    if not fills:
        raise Refused(f"{actor.id} fills no seat of {id_} that is still empty: it needs {signers.needed}")


def check_waiting(judged: Sequence[Judgement], waiting: Callable[[str], int], actor: Actor) -> None:
    """Raises Refused where a plan leaves something waiting, and *actor* then has too much of that.

    What waits is held in counters: without a bound, somebody could use up other people's limits by asking alone.
    *waiting* tells how many actions of a person are accepted and not started.
    """
    if not any(one.decision.effect is DecisionEffect.APPROVE for one in judged):
        return
    new = sum(one.decision.effect is not DecisionEffect.DENY for one in judged)
    before = waiting(actor.id)
    if before + new > MAX_WAITING:
        raise Refused(
            f"{before:,} actions of {actor.id} wait, and this plan adds {new:,}: at most {MAX_WAITING:,} may; "
            "have some of them decided, or cancel a plan"
        )


def check_canceller(policy: Policy, plan: PlanRecord, actor: Actor, waiting: Iterable[Signers]) -> None:
    """Raises Refused where *actor* may not cancel *plan* now, or nothing in it is left to cancel. *waiting* may sign in it."""
    counts, asked = identity_counts(policy, actor), is_requester(policy, actor, plan.requester)
    signs = any(signers.may_fill(actor, signers.now) for signers in waiting)
    may_approve = counts and not asked and (signs or policy.approvers in policy.roles_of(actor.id))
    if not may_approve and not (asked and (counts or actor.how is plan.requester.how)):
        check_identity(policy, actor)
        raise Refused(f"{actor.id} did not ask for {plan.id} and may not approve in it; ask {plan.requester.id} to cancel it")
    if not any(map(can_cancel, plan.actions)):
        raise Refused(f"nothing in {plan.id} is left to cancel")


def check_speaker(policy: Policy, plan: PlanRecord, actor: Actor) -> None:
    """Raises Refused where *actor* may not speak in the conversation *plan*, have a model do so, or end it.

    The words count as the requester's own, and what a model calls for as asked for by them: whoever chose the words or the
    model could otherwise sign what they had somebody else ask for.
    """
    if not is_same_person(actor.id, plan.requester.id):
        raise Refused(
            f"{plan.id} is the conversation of {plan.requester.id}; {actor.id} cannot speak in it, have a model do so, or end it,"
            " so start another one"
        )
    if (actor.how, actor.os_user) != (plan.requester.how, plan.requester.os_user):
        check_identity(policy, actor)


def can_cancel(action: ActionRecord) -> bool:
    """Whether *action* was not started yet, or was put off: nobody executes it now, and it would be tried again."""
    return action.status in UNTOUCHED or (action.status is Status.EXECUTING and action.lease is None)


def check_resolver(policy: Policy, decision: Decision, plan: PlanRecord, number: int, actor: Actor) -> None:
    """Raises Refused where *actor* may not say now whether an action of *plan*, which is decided so, was done."""
    what, status = f"action {number} of {plan.id}", plan.action(number).status
    if status is not Status.IN_DOUBT:
        raise Refused(f"{what} is {status}, and not in doubt: there is nothing to resolve")
    if is_same_person(actor.id, plan.requester.id):
        raise Refused(f"{actor.id} asked for {what} and cannot resolve it; somebody else must")
    check_identity(policy, actor)
    if is_requester(policy, actor, plan.requester):
        raise Refused(f"{actor.id} asked for {what}, as {plan.requester.id}, and cannot resolve it; somebody else must")
    may = {seat.role for seat in decision.seats} | ({policy.approvers} if policy.approvers is not None else set())
    if not policy.seats_of(actor.id) & may:
        names = " or ".join(sorted(who.removeprefix(PERSON) for who in may)) or "the `approvers` of the policies, which name none"
        raise Refused(f"{actor.id} may not resolve {what}: that is for {names}")
