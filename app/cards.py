"""The approval card: everything that somebody must see before they sign."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from signoff.actions import Action, Lookup, Registry
from signoff.audit import Approval, Entry, PlanRecord, Reading, Vote
from signoff.policies import Policy

from .grounding import grounded_fields
from .signers import Signers


@dataclass(frozen=True, kw_only=True)
class Card:
    """An approval with all that belongs to it."""

    approval: Approval
    plan: PlanRecord
    details: Mapping[str, str]  # of the action: from, to, ...
    found: Mapping[str, str]  # field → whether its value stands in the user's request
    people: Mapping[str, tuple[str, ...]]  # role → who may fill its seats now, the requester only where their own vote counts
    later: tuple[str, ...]  # who may stand in, now or later
    needs: Mapping[str, str]  # role → who fills its seats, and who may later, in words
    filled: Mapping[str, int]  # role → how many of its seats are filled by votes that count now
    votes: tuple[Vote, ...]
    spoken_for: Mapping[str, tuple[str, ...]]  # voter → who had handed them the seats for which they voted
    now: datetime


def read_card(reading: Reading, approval: Approval, plan: PlanRecord, policy: Policy, registry: Registry, now: datetime) -> Card:
    """Collect what belongs to *approval*, as it stands *now*. Raises ActionInvalid where the stored action is not one."""
    action = registry.load(plan.action(approval.number).body)
    votes = reading.votes(approval.id)
    signers = Signers.of(reading, policy, approval, now)
    return Card(
        approval=approval,
        plan=plan,
        details=_details(reading, action, plan),
        found=_found(action, plan.request),
        people={role: signers.people_now(role) for role in approval.seats},
        later=tuple(p for times in approval.stand_ins.values() for who in times for p in policy.people(who)),
        needs={role: signers.needed_for(role) for role in approval.seats},
        filled=signers.seating(votes).filled,
        votes=tuple(votes),
        spoken_for=spoken_for(reading.entries(plan.id) if votes else (), approval.id),
        now=now,
    )


def spoken_for(entries: Iterable[Entry], approval: str) -> dict[str, tuple[str, ...]]:
    """By voter on *approval*, those who had handed them their seats, as the Entry of their newest vote tells."""
    voted = [entry for entry in entries if entry.event == "voted" and entry.data["approval"] == approval]
    told = {entry.actor.id: entry.data.get("for", []) for entry in voted}
    return {voter: tuple(map(str, people)) for voter, people in told.items() if isinstance(people, list) and people}


def _details(reading: Reading, action: Action, plan: PlanRecord) -> dict[str, str]:
    """The action's own lines; where its code cannot tell them now, its fields, and why."""
    try:
        with reading.lent() as lent:
            return action.details(Lookup(actor=plan.requester, tx=lent))
    except Exception as error:
        fields = {name: str(value) for name, value in action.wire().items() if name != "type" and value is not None}
        return fields | {"problem": str(error)}


def _found(action: Action, request: str | None) -> dict[str, str]:
    grounded = grounded_fields(action, request)
    return {
        name: "yes" if name in grounded else "no (the default)" if _is_default(action, field.attribute) else "no"
        for name, field in action.fields.items()
        if getattr(action, field.attribute) is not None
    }


def _is_default(action: Action, attribute: str) -> bool:
    return bool(type(action).model_fields[attribute].default == getattr(action, attribute))
