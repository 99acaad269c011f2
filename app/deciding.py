"""What the Engine asks of a policy: judge a plan's actions, and tell whose votes count."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signoff.actions import Action, Lookup, Redaction, fold_name
from signoff.audit import UNTOUCHED, ActionRecord, Approval, ApprovalStatus, Choice, PlanRecord, Status, Vote
from signoff.planner import ActionPlan, PlannedAction
from signoff.policies import PERSON, Context, CounterValue, Decision, DecisionEffect, Policy, Seat, StandIn, fill_seats

from .actor import Actor, Identification
from .canonical import Json
from .errors import ActionInvalid, PlanInvalid, Refused
from .grounding import Grounding

MAX_WAITING = 200  # actions of one requester that were accepted and not started, when a plan adds to what waits

SHOWN_PEOPLE = 10  # of a role, where it is told who may sign


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One action of a plan, and what was decided about it in which context."""

    number: int
    needs: tuple[int, ...]
    action: Action
    context: Context
    decision: Decision
    counters: Mapping[str, str]  # what the counters were that the rules for it read, as text


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


def judge_plan(plan: ActionPlan, grounding: Grounding, counting: Counts) -> tuple[Judgement, ...]:
    """What the policy says about each action of a resolved plan. What may happen counts for the actions after it."""
    judged: list[Judgement] = []
    lost: set[int] = set()
    for number, planned in enumerate(plan.actions, 1):
        judged.append(judge(planned.action, number, planned.needs, grounding, len(plan.actions), counting))
        if judged[-1].decision.effect is DecisionEffect.DENY or lost & {*planned.needs}:
            lost.add(number)
        else:
            counting.reserve(planned.action, number)
    return tuple(judged)


def judge(
    action: Action, number: int, needs: tuple[int, ...], grounding: Grounding, plan_size: int, counting: Counts
) -> Judgement:
    """What the policy says about one resolved action."""
    policy = counting.policy
    context = Context(
        actor=counting.requester,
        grounded=grounding(action),
        plan_size=plan_size,
        now=counting.now,
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


def as_seats(approval: Approval) -> tuple[Seat, ...]:
    """The seats that *approval* asks for."""
    return tuple(Seat(role=role, count=count) for role, count in sorted(approval.seats.items()))


def as_stand_ins(stand_ins: Iterable[StandIn]) -> dict[str, dict[str, int]]:
    """Who may fill which seat after how many seconds, as an approval stores it."""
    told: dict[str, dict[str, int]] = {}
    for one in stand_ins:
        told.setdefault(one.role, {})[one.who] = one.after
    return told


def may_fill(policy: Policy, approval: Approval, person: str, at: datetime) -> frozenset[str]:
    """The seats of *approval* that *person*'s vote fills under the roles in force now, where it is cast at *at*.

    A seat that stayed empty is open to those who stand in, though never to the requester.
    """
    held = policy.seats_of(person)
    if _is_same_person(person, approval.requester):
        return held & approval.seats.keys() if approval.own_vote else frozenset()
    return (held & approval.seats.keys()) | {seat for seat, who in open_seats(approval, at) if who in held}


def open_seats(approval: Approval, at: datetime) -> list[tuple[str, str]]:
    """The seats of *approval* that have stayed empty for long enough at *at*, each with who may fill it, too."""
    ways = [(seat, who) for seat, others in sorted(approval.stand_ins.items()) for who in sorted(others)]
    return [(seat, who) for seat, who in ways if approval.open_at(seat, who) <= at]


def stood_in_for(policy: Policy, approval: Approval, person: str, at: datetime) -> list[str]:
    """The seats of *approval* that *person* may fill at *at* only as one who stands in."""
    return sorted(may_fill(policy, approval, person, at) - policy.seats_of(person))


def counted_voters(policy: Policy, approval: Approval, votes: Sequence[Vote]) -> dict[str, frozenset[str]]:
    """Those whose unused approving votes count under the roles in force now, with the seats that they fill."""
    return {
        vote.voter.id: may_fill(policy, approval, vote.voter.id, vote.at)
        for vote in votes
        if vote.choice is Choice.APPROVE
        and vote.used is None
        and vote.digest == approval.digest
        and (approval.own_vote or not _is_same_person(vote.voter.id, approval.requester))
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


def check_voter(policy: Policy, approval: Approval, actor: Actor, choice: Choice, votes: Sequence[Vote], now: datetime) -> None:
    """Raises Refused where *actor* may not vote so on *approval* now. Who may approve may reject, at any time before the end."""
    if approval.status is not ApprovalStatus.WAITING:
        raise Refused(f"{approval.id} is decided: it is {approval.status}")
    if _is_same_person(actor.id, approval.requester) and not approval.own_vote:
        raise Refused(f"{actor.id} asked for {approval.id} and cannot decide it; somebody else must, or cancel {approval.plan}")
    _check_identity(policy, actor)
    if not may_fill(policy, approval, actor.id, now):
        raise Refused(f"{actor.id} may not decide {approval.id}: it needs {needed(policy, approval, now)}")
    if choice is Choice.APPROVE:
        _check_seat(policy, approval, actor, votes, now)


def _check_identity(policy: Policy, actor: Actor) -> None:
    if not _identity_counts(policy, actor):
        raise Refused(
            f"{actor.id} is only claimed, and {policy.name} does not let claimed identities decide;"
            ' write "identity: claimed" there if it should'
        )


def _check_seat(policy: Policy, approval: Approval, actor: Actor, votes: Sequence[Vote], now: datetime) -> None:
    seats, voters = as_seats(approval), counted_voters(policy, approval, votes)
    seating = fill_seats(seats, voters)
    renewed = fill_seats(seats, voters | {actor.id: may_fill(policy, approval, actor.id, now)})
    earlier = {vote.voter.id for vote in votes if _is_same_person(vote.voter.id, actor.id)}
    # It waits though it is complete: roles were given back. That releases nothing; somebody who may sign says that it shall.
    fills = seating.complete or sum(renewed.filled.values()) > sum(seating.filled.values())
    if earlier and not (fills and earlier == {actor.id}):
        raise Refused(f"{actor.id} has already voted on {approval.id}; it still needs somebody else")
    if not fills:
        raise Refused(f"{actor.id} fills no seat of {approval.id} that is still empty: it needs {needed(policy, approval, now)}")


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


def check_canceller(policy: Policy, plan: PlanRecord, actor: Actor, approvals: Sequence[Approval], now: datetime) -> None:
    """Raises Refused where *actor* may not cancel *plan* now, or nothing in it is left to cancel."""
    waiting = [approval for approval in approvals if approval.status is ApprovalStatus.WAITING]
    signs = any(may_fill(policy, approval, actor.id, now) for approval in waiting)
    may_approve = _identity_counts(policy, actor) and (signs or policy.approvers in policy.roles_of(actor.id))
    if actor.id != plan.requester.id and not may_approve:
        raise Refused(f"{actor.id} did not ask for {plan.id} and may not approve in it; ask {plan.requester.id} to cancel it")
    if not any(action.status in UNTOUCHED for action in plan.actions):
        raise Refused(f"nothing in {plan.id} is left to cancel")


def check_resolver(policy: Policy, decision: Decision, plan: PlanRecord, number: int, actor: Actor) -> None:
    """Raises Refused where *actor* may not say now whether an action of *plan*, which is decided so, was done."""
    what, status = f"action {number} of {plan.id}", plan.action(number).status
    if status is not Status.IN_DOUBT:
        raise Refused(f"{what} is {status}, and not in doubt: there is nothing to resolve")
    if _is_same_person(actor.id, plan.requester.id):
        raise Refused(f"{actor.id} asked for {what} and cannot resolve it; somebody else must")
    _check_identity(policy, actor)
    may = {seat.role for seat in decision.seats} | ({policy.approvers} if policy.approvers is not None else set())
    if not policy.seats_of(actor.id) & may:
        names = " or ".join(sorted(who.removeprefix(PERSON) for who in may)) or "the `approvers` of the policies, which name none"
        raise Refused(f"{actor.id} may not resolve {what}: that is for {names}")


def needed(policy: Policy, approval: Approval, now: datetime) -> str:
    """Who must sign *approval*, in words: `1 manager (mira, omar)`."""
    return ", ".join(needed_for(policy, approval, seat, now) for seat in sorted(approval.seats))


def needed_for(policy: Policy, approval: Approval, seat: str, now: datetime) -> str:
    """Who fills *seat* of *approval*, in words: `1 manager (mira, omar) or, from 2026-03-02 11:30 UTC on, finance (fay)`."""
    words = _people_words(policy, approval, seat, own_vote=approval.own_vote)
    told = f"{approval.seats[seat]} {words}" if not seat.startswith(PERSON) else words
    for who in sorted(approval.stand_ins.get(seat, ())):
        opens = approval.open_at(seat, who)
        when = "" if opens <= now else f", from {opens:%Y-%m-%d %H:%M} UTC on,"
        told += f" or{when} {_people_words(policy, approval, who, own_vote=False)}"
    return told


def signers(policy: Policy, approval: Approval, who: str, *, own_vote: bool) -> tuple[str, ...]:
    """The people of a role, or the one person; the requester only where their *own_vote* counts."""
    return tuple(p for p in policy.people(who) if own_vote or not _is_same_person(p, approval.requester))


def signers_now(policy: Policy, approval: Approval, seat: str, now: datetime) -> tuple[str, ...]:
    """The people who may fill *seat* of *approval* now."""
    others = [who for open_, who in open_seats(approval, now) if open_ == seat]
    standing_in = (p for who in others for p in signers(policy, approval, who, own_vote=False))
    return tuple(dict.fromkeys([*signers(policy, approval, seat, own_vote=approval.own_vote), *standing_in]))


def _people_words(policy: Policy, approval: Approval, who: str, *, own_vote: bool) -> str:
    people = signers(policy, approval, who, own_vote=own_vote)
    if who.startswith(PERSON):
        return people[0] if people else f"{who.removeprefix(PERSON)}, who asked and cannot"
    return f"{who} ({name_people(people) or 'nobody'})"


def name_people(people: Sequence[str]) -> str:
    """*people* in words, the first of many."""
    more = len(people) - SHOWN_PEOPLE
    return ", ".join(people[:SHOWN_PEOPLE]) + (f" and {more:,} more" if more > 0 else "")


def _is_same_person(one: str, other: str) -> bool:
    """Whether two ids are one person's: another spelling of one's own name makes nobody a second person."""
    return fold_name(one) == fold_name(other)


def _identity_counts(policy: Policy, actor: Actor) -> bool:
    return actor.how is not Identification.CLAIMED or policy.identity == Identification.CLAIMED
