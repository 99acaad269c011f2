"""The log's past plans under other policies: what would have been decided, beside what was.

Every action is decided again as when its plan was accepted: as it was resolved and stored, for its requester, at that
time, with the request and the size of its plan. A counter has the value that it would have had: what really counted then
of plans accepted before, however their actions ended later, and of the plan itself what the new policies do not deny. Plans
that were refused as a whole, edits, and the second decision right before execution, are not replayed. In a conversation each
action is decided as when the model called for it, by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, cast

from signoff.actions import Registry
from signoff.audit import ActionRecord, Edit, Entry, Past, PlanRecord, Reading, verify_complete, verify_plan, verify_policies
from signoff.policies import DecisionEffect, Policy

from .canonical import Json
from .cards import money_of
from .counting import PastCounting, counters_of
from .deciding import judge, told_decision
from .errors import ActionInvalid, LogInvalid
from .plans import load_action
from .sources import grounding_of

PAGE = 500  # plans that are looked up together

Told: TypeAlias = Mapping[str, Json]  # a decision, as it stands in an Entry
Sums: TypeAlias = dict[tuple[str, str], Decimal]  # by field and currency

_STRICTNESS = (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY)


class Change(StrEnum):
    """What other policies make of a decision."""

    LOOSER = "looser"  # it would have been let through, or decided by people, more easily
    STRICTER = "stricter"
    SAME = "same"  # the same effect and the same people; other rules may be behind it
    UNKNOWN = "unknown"  # the action cannot be read any more


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One action of the past, with both decisions."""

    plan: PlanRecord
    action: ActionRecord
    then: Told
    now: Told | None  # None: it cannot be decided again
    change: Change
    problem: str = ""  # why it cannot
    money: tuple[tuple[str, str, Decimal], ...] = ()  # the fields that hold money, with currency and amount


@dataclass(kw_only=True)
class Summary:
    """What a replay came to."""

    plans: int = 0
    changes: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    let_through: Sums = field(default_factory=dict)  # of what is allowed now, and was not then
    held: Sums = field(default_factory=dict)  # of what was allowed then, and is not now

    @property
    def actions(self) -> int:
        """How many actions there were."""
        return sum(self.changes.values())

    def add(self, replayed: Iterable[Replayed]) -> None:
        """Count the actions of one plan."""
        for one in replayed:
            self.plans += one.action.number == 1  # of a conversation each action comes by itself
            self.changes[one.change] += 1
            allowed = [told is not None and told["effect"] == DecisionEffect.ALLOW for told in (one.then, one.now)]
            if one.now is None or allowed[0] == allowed[1]:
                continue
            sums = self.let_through if allowed[1] else self.held
            for name, currency, amount in one.money:
                sums[name, currency] = sums.get((name, currency), Decimal(0)) + amount


def replay(
    reading: Reading, policy: Policy, registry: Registry, *, since: datetime | None = None, limit: int | None = None
) -> Iterator[tuple[Replayed, ...]]:
    """The actions of each past plan, in the order of acceptance, as *policy* decides them.

    Only plans accepted *since* then, and only the newest *limit* of them. Each plan that counts is verified. Raises
    LogInvalid where the log, or a plan, was altered.
    """
    verify_policies(reading)
    verify_complete(reading)
    past = Past(counters_of(policy).values())
    first = 0 if limit is None else reading.accepted_last(limit)
    for accepted in _acceptances(reading, 0 if past.matters else first):
        wanted = accepted.number >= first and (since is None or accepted.at >= since)
        if not (wanted or past.matters):
            continue
        plan, entries = _read(reading, accepted)
        only = accepted.action if plan.conversation else None
        if plan.conversation and only is None:
            continue  # it begins with no action
        past.go_on(accepted.number, accepted.at)
        edits = reading.edits(plan.id) if any(action.revision > 1 for action in plan.actions) else []
        if wanted:
            named = plan.id if plan.conversation else None
            counting = PastCounting(policy=policy, now=accepted.at, requester=plan.requester, plan=named, past=past)
            yield tuple(_replay_plan(_as_accepted(plan, entries, edits), entries, counting, registry, only))
        past.add(plan, entries, edits, only)


def compare_decisions(then: Told, now: Told) -> Change:
    """What became of a decision. Where other people sign, it is looser as soon as one signature is not needed any more."""
    before, after = (_STRICTNESS.index(DecisionEffect(str(told["effect"]))) for told in (then, now))
    if before != after:
        return Change.LOOSER if after < before else Change.STRICTER
    if _is_easier(then, now):
        return Change.LOOSER
    return Change.STRICTER if _is_easier(now, then) else Change.SAME


def _acceptances(reading: Reading, first: int) -> Iterator[Entry]:
    """The Entries with which plans were accepted, from the number *first* on, a page at a time."""
    while page := reading.acceptances(first, PAGE):
        yield from page
        first = page[-1].number + 1


def _read(reading: Reading, accepted: Entry) -> tuple[PlanRecord, list[Entry]]:
    """The plan that was *accepted*, with its Entries, verified."""
    if accepted.place == 1 or accepted.chain not in reading.remembered.verified:  # of a conversation each action comes here
        verify_plan(reading, accepted.chain)
    plan = reading.plan(accepted.chain)
    if plan is None:
        raise LogInvalid(f"{accepted.chain} is in the log but is not stored; see `signoff audit verify`")
    return plan, reading.entries(accepted.chain)


def _as_accepted(plan: PlanRecord, entries: Iterable[Entry], edits: Iterable[Edit]) -> PlanRecord:
    """*plan* with each action as it was before anybody edited it."""
    first: dict[int, Edit] = {}
    for edit in edits:
        first.setdefault(edit.number, edit)
    titles = {entry.action: str(entry.data["title"]) for entry in entries if entry.event == "decided"}
    actions = (
        replace(one, revision=1, body=was.body, digest=was.digest, title=titles[one.number]) if was else one
        for one in plan.actions
        for was in [first.get(one.number)]
    )
    return replace(plan, actions=tuple(actions))


def _replay_plan(
    plan: PlanRecord, entries: Iterable[Entry], counting: PastCounting, registry: Registry, only: int | None
) -> Iterator[Replayed]:
    """Each action of *plan*, in order, or *only* that one. What is not denied now counts for those after it, as does what
    cannot be decided.
    """
    decided = _decisions(plan, entries)
    lost: set[int] = set()
    for record in plan.actions if only is None else [plan.action(only)]:
        then = decided[record.number]
        try:
            action = load_action(record, registry)
        except ActionInvalid as error:
            replayed = Replayed(plan=plan, action=record, then=then, now=None, change=Change.UNKNOWN, problem=str(error))
            effect = DecisionEffect(str(then["effect"]))
        else:
            grounding, size = grounding_of(plan, record.number), plan.size_for(record.number)
            judged = judge(action, record.number, record.needs, grounding, size, counting)
            now, effect = told_decision(judged), judged.decision.effect
            change = compare_decisions(then, now)
            replayed = Replayed(plan=plan, action=record, then=then, now=now, change=change, money=tuple(money_of(action)))
        if effect is DecisionEffect.DENY or lost & {*record.needs}:
            lost.add(record.number)
        else:
            counting.hold(record.number, record.type, record.body)
        yield replayed


def _decisions(plan: PlanRecord, entries: Iterable[Entry]) -> dict[int | None, Told]:
    """How each action of *plan* was decided when it was accepted, by number. Raises LogInvalid where that cannot be read."""
    try:
        decided = {entry.action: cast(Told, entry.data["decision"]) for entry in entries if entry.event == "decided"}
        for told in decided.values():
            compare_decisions(told, told)
            ", ".join(cast(Iterable[str], told["rules"]))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise LogInvalid(f"{plan.id}: a recorded decision cannot be read ({error}): it was altered") from error
    return decided


def _is_easier(then: Told, now: Told) -> bool:
    """Whether signing is easier *now*: a signature less, the requester's own vote, or somebody who may stand in (earlier)."""
    before, after = (cast(Mapping[str, int], told["seats"]) for told in (then, now))
    if any(after.get(seat, 0) < count for seat, count in before.items()):
        return True
    if now.get("own_vote", False) and not then.get("own_vote", False):
        return True
    times, earlier = (cast(Mapping[str, Mapping[str, int]], told.get("stand_ins", {})) for told in (now, then))
    return any(
        who not in earlier.get(seat, {}) or seconds < earlier[seat][who]
        for seat in before.keys() & times.keys()
        for who, seconds in times[seat].items()
    )
