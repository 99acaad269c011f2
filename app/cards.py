"""The approval card: everything that somebody must see before they sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from signoff.actions import Action, Kind, Lookup, Registry, show_field
from signoff.audit import Approval, PlanRecord, Reading, Vote
from signoff.policies import Policy, fill_seats

from .deciding import as_seats, counted_voters, needed_for, signers_now
from .grounding import grounded_fields


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
    now: datetime


def read_card(reading: Reading, approval: Approval, plan: PlanRecord, policy: Policy, registry: Registry, now: datetime) -> Card:
    """Collect what belongs to *approval*, as it stands *now*. Raises ActionInvalid where the stored action is not one."""
    action = registry.load(plan.action(approval.number).body)
    votes = reading.votes(approval.id)
    seating = fill_seats(as_seats(approval), counted_voters(policy, approval, votes))
    return Card(
        approval=approval,
        plan=plan,
        details=_details(reading, action, plan),
        found=_found(action, plan.request),
        people={role: signers_now(policy, approval, role, now) for role in approval.seats},
        later=tuple(p for times in approval.stand_ins.values() for who in times for p in policy.people(who)),
        needs={role: needed_for(policy, approval, role, now) for role in approval.seats},
        filled=seating.filled,
        votes=tuple(votes),
        now=now,
    )


def _details(reading: Reading, action: Action, plan: PlanRecord) -> dict[str, str]:
    """The action's own lines; where its code cannot tell them now, its fields, and why."""
    try:
        with reading.lent() as lent:
            return action.details(Lookup(actor=plan.requester, tx=lent))
    except Exception as error:
        fields = {name: show_field(value) for name, value in action.wire().items() if name != "type" and value is not None}
        return fields | {"problem": str(error)}


def _found(action: Action, request: str | None) -> dict[str, str]:
    grounded = grounded_fields(action, request)
    return {
        name: "yes" if name in grounded else "no (the default)" if _is_default(action, field.attribute) else "no"
        for name, field in action.fields.items()
        if getattr(action, field.attribute) is not None and field.kind is not Kind.SECRET
    }


def _is_default(action: Action, attribute: str) -> bool:
    return bool(type(action).model_fields[attribute].default == getattr(action, attribute))
