"""What the Engine asks of a policy: judge a plan's actions, and tell whose votes count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from signoff.actions import Action, Lookup, fold_name
from signoff.audit import UNTOUCHED, ActionRecord, Approval, ApprovalStatus, Choice, PlanRecord, Vote
from signoff.planner import ActionPlan, PlannedAction
from signoff.policies import Context, Decision, DecisionEffect, Policy, Seat, fill_seats

from .actor import Actor, Identification
from .canonical import Json
from .counting import Counting
from .errors import ActionInvalid, PlanInvalid, Refused
from .grounding import grounded_fields

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


def resolve_plan(plan: ActionPlan, lookup: Lookup) -> ActionPlan:
    """*plan* with every name replaced by the registered one. Raises PlanInvalid with every name that is unknown."""
    problems: list[str] = []
    resolved: list[PlannedAction] = []
    for number, planned in enumerate(plan.actions, 1):
        try:
            resolved.append(PlannedAction(action=planned.action.resolve(lookup), needs=planned.needs))
        except ActionInvalid as error:
            problems += [f"action {number} ({planned.action.type}): {problem}" for problem in error.problems]
    if problems:
        raise PlanInvalid(problems)
    return ActionPlan(actions=tuple(resolved))


def judge_plan(plan: ActionPlan, request: str | None, counting: Counting) -> tuple[Judgement, ...]:
    """What the policy says about each action of a resolved plan. What may happen counts for the actions after it."""
    judged: list[Judgement] = []
    lost: set[int] = set()
    for number, planned in enumerate(plan.actions, 1):
        judged.append(judge(planned.action, number, planned.needs, request, len(plan.actions), counting))
        if judged[-1].decision.effect is DecisionEffect.DENY or lost & {*planned.needs}:
            lost.add(number)
        else:
            counting.reserve(planned.action, number)
    return tuple(judged)


def judge(
    action: Action, number: int, needs: tuple[int, ...], request: str | None, plan_size: int, counting: Counting
) -> Judgement:
    """What the policy says about one resolved action."""
    policy = counting.policy
    context = Context(
        actor=counting.requester,
        grounded=grounded_fields(action, request),
        plan_size=plan_size,
        counters=counting.values(action, number),
    )
    return Judgement(
        number=number,
        needs=needs,
        action=action,
        context=context,
        decision=policy.decide(action, context),
        counters=policy.counters_told(action, context),
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


def denial(decision: Decision) -> str:
    """Why an action is denied, in words."""
    reason = "; ".join(decision.because)
    rules = ", ".join(decision.rules)
    if not rules:
        return reason or "no rule allows it"
    return f"denied by {rules}" + (f": {reason}" if reason else "")


def as_seats(approval: Approval) -> tuple[Seat, ...]:
    """The seats that *approval* asks for."""
    return tuple(Seat(role=role, count=count) for role, count in sorted(approval.seats.items()))


def counted_voters(policy: Policy, approval: Approval, votes: Sequence[Vote]) -> dict[str, frozenset[str]]:
    """Those whose unused approving votes count under the roles in force now, with their roles."""
    return {
        vote.voter.id: policy.roles_of(vote.voter.id)
        for vote in votes
        if vote.choice is Choice.APPROVE
        and vote.used is None
        and vote.digest == approval.digest
        and not _is_same_person(vote.voter.id, approval.requester)
        and _identity_counts(policy, vote.voter)
    }


def seats_filled(policy: Policy, seats: tuple[Seat, ...], approval: Approval, votes: Sequence[Vote]) -> bool:
    """Whether the votes that count fill every one of *seats*."""
    return fill_seats(seats, counted_voters(policy, approval, votes)).complete


def votes_serve(
    policy: Policy, decision: Decision, record: ActionRecord, plan: PlanRecord, approval: Approval, votes: Sequence[Vote]
) -> bool:
    """Whether the votes on *approval* are for exactly this action, asked for by exactly these seats and rules, and fill them."""
    bound = (approval.plan, approval.number, approval.revision, approval.digest, approval.requester, approval.asks)
    now = (plan.id, record.number, record.revision, record.digest, plan.requester.id, decision.asks)
    return bound == now and seats_filled(policy, decision.seats, approval, votes)


def check_voter(policy: Policy, approval: Approval, actor: Actor, choice: Choice, votes: Sequence[Vote]) -> None:
    """Raises Refused where *actor* may not vote so on *approval* now. Who may approve may reject, at any time before the end."""
    if approval.status is not ApprovalStatus.WAITING:
        raise Refused(f"{approval.id} is decided: it is {approval.status}")
    if _is_same_person(actor.id, approval.requester):
        raise Refused(f"{actor.id} asked for {approval.id} and cannot decide it; somebody else must, or cancel {approval.plan}")
    if not _identity_counts(policy, actor):
        raise Refused(
            f"{actor.id} is only claimed, and {policy.name} does not let claimed identities decide;"
            ' write "identity: claimed" there if it should'
        )
    if not policy.roles_of(actor.id) & approval.seats.keys():
        raise Refused(f"{actor.id} may not decide {approval.id}: it needs {needed(policy, approval)}")
    if choice is Choice.APPROVE:
        _check_seat(policy, approval, actor, votes)


def _check_seat(policy: Policy, approval: Approval, actor: Actor, votes: Sequence[Vote]) -> None:
    if any(_is_same_person(vote.voter.id, actor.id) for vote in votes):
        raise Refused(f"{actor.id} has already voted on {approval.id}; it still needs somebody else")
    seats, voters = as_seats(approval), counted_voters(policy, approval, votes)
    before = sum(fill_seats(seats, voters).filled.values())
    after = sum(fill_seats(seats, voters | {actor.id: policy.roles_of(actor.id)}).filled.values())
    if after == before:
        raise Refused(f"{actor.id} fills no seat of {approval.id} that is still empty: it needs {needed(policy, approval)}")


def check_waiting(judged: Sequence[Judgement], waiting: Callable[[], list[tuple[str, int]]], actor: Actor) -> None:
    """Raises Refused where a plan leaves something waiting, and *actor* then has too much of that.

    What waits is held in counters: without a bound, somebody could use up other people's limits by asking alone.
    *waiting* tells everybody's accepted actions that were not started.
    """
    if not any(one.decision.effect is DecisionEffect.APPROVE for one in judged):
        return
    new = sum(one.decision.effect is not DecisionEffect.DENY for one in judged)
    before = sum(count for requester, count in waiting() if _is_same_person(requester, actor.id))
    if before + new > MAX_WAITING:
        raise Refused(
            f"{before:,} actions of {actor.id} wait, and this plan adds {new:,}: at most {MAX_WAITING:,} may; "
            "have some of them decided, or cancel a plan"
        )


def check_canceller(policy: Policy, plan: PlanRecord, actor: Actor, approvals: Sequence[Approval]) -> None:
    """Raises Refused where *actor* may not cancel *plan* now, or nothing in it is left to cancel."""
    roles = {role for approval in approvals if approval.status is ApprovalStatus.WAITING for role in approval.seats}
    may_approve = _identity_counts(policy, actor) and policy.roles_of(actor.id) & (roles | {policy.approvers})
    if actor.id != plan.requester.id and not may_approve:
        raise Refused(f"{actor.id} did not ask for {plan.id} and may not approve in it; ask {plan.requester.id} to cancel it")
    if not any(action.status in UNTOUCHED for action in plan.actions):
        raise Refused(f"nothing in {plan.id} is left to cancel")


def needed(policy: Policy, approval: Approval) -> str:
    """Who must sign *approval*, in words: `1 manager (mira, omar)`."""
    return ", ".join(
        f"{count} {role} ({', '.join(p for p in policy.people(role) if p != approval.requester) or 'nobody'})"
        for role, count in sorted(approval.seats.items())
    )


def _is_same_person(one: str, other: str) -> bool:
    """Whether two ids are one person's: another spelling of one's own name makes nobody a second person."""
    return fold_name(one) == fold_name(other)


def _identity_counts(policy: Policy, actor: Actor) -> bool:
    return actor.how is not Identification.CLAIMED or policy.identity == Identification.CLAIMED
