"""The approval card: everything that somebody must see before they sign."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from signoff.actions import Action, Kind, Lookup, Registry, show_field, show_text
from signoff.audit import ActionRecord, Approval, Edit, Entry, PlanRecord, Reading, Vote, write_actor, write_time
from signoff.policies import Policy

from .canonical import Json, canonical, digest, parse
from .editing import Changes, changes_of
from .signers import Signers
from .sources import Grounds, grounding_of


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an approval asks for: what stays the same as long as it waits."""

    approval: Approval
    plan: PlanRecord
    action: ActionRecord  # the revision that it asks for
    loaded: Action
    details: Mapping[str, str]  # of the action: from, to, ...
    edits: tuple[tuple[Edit, Changes], ...]  # of it, the oldest first, each with what it changed
    grounds: Grounds  # where the values of it stand

    @property
    def found(self) -> dict[str, str]:
        """Field → whether its value stands in the user's request, and where else it does: `no (from invoice, untrusted)`."""
        return self.grounds.found

    @property
    def request(self) -> str | None:
        """What the user had written when the action was asked for; untrusted."""
        return self.plan.request_for(self.approval.number)

    @property
    def content(self) -> dict[str, Json]:
        """Everything that it shows but what goes on by itself: the votes, the time left, who holds a role, how others stand."""
        approval, plan = self.approval, self.plan
        given: list[Json] = [[one.source, one.trust, digest(one.text.encode())] for one in plan.context]
        origin: dict[str, Json] = {"context": given} if given else {}
        origin |= {"disputed": list(plan.disputed)} if plan.disputed else {}
        return origin | {
            "approval": approval.id,
            "plan": plan.id,
            "number": approval.number,
            "revision": approval.revision,
            "digest": approval.digest,
            "action": parse(self.action.body),
            "title": show_text(self.action.title),
            "details": [[show_text(name), show_text(value)] for name, value in self.details.items()],
            "edits": [[edit.digest, write_actor(edit.editor), edit.reason, write_time(edit.at)] for edit, _ in self.edits],
            "requester": write_actor(plan.requester),
            "request": self.request,
            "found": dict(self.found),
            "reasons": list(approval.reasons),
            "seats": dict(approval.seats),
            "own_vote": approval.own_vote,
            "stand_ins": {seat: dict(others) for seat, others in approval.stand_ins.items()},
            "editors": list(approval.editors),
            "asked": write_time(approval.asked),
            "expires": write_time(approval.expires),
            "others": [[one.number, one.revision, one.title] for one in plan.actions if one.number != approval.number],
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of its content: what a vote holds of what its voter was shown."""
        return digest(canonical(self.content))


@dataclass(frozen=True, kw_only=True)
class Card(Asked):
    """An approval with all that belongs to it."""

    money: tuple[tuple[str, str, Decimal], ...]  # the fields of it that hold an amount, with its currency
    payee: str | None  # whom it names as who gets it
    people: Mapping[str, tuple[str, ...]]  # role → who may fill its seats now, the requester only where their own vote counts
    later: tuple[str, ...]  # who may stand in, now or later
    needs: Mapping[str, str]  # role → who fills its seats, and who may later, in words
    filled: Mapping[str, int]  # role → how many of its seats are filled by votes that count now
    votes: tuple[Vote, ...]
    spoken_for: Mapping[str, tuple[str, ...]]  # voter → who had handed them the seats for which they voted
    now: datetime


def read_asked(reading: Reading, approval: Approval, plan: PlanRecord, registry: Registry) -> Asked:
    """What *approval* asks for, as it stands, or did before somebody edited its action.

    Raises ActionInvalid where the stored action is not one.
    """
    record = plan.action(approval.number)
    edits = reading.edits(plan.id, approval.number) if record.revision > 1 else []
    changes = changes_of(edits, record)
    if approval.revision < record.revision:
        was = edits[approval.revision - 1]
        record = replace(record, revision=was.revision, body=was.body, digest=was.digest)
    action = registry.load(record.body)
    return Asked(
        approval=approval,
        plan=plan,
        action=replace(record, title=action.title()),
        loaded=action,
        details=_details(reading, action, plan),
        edits=tuple(changes[: approval.revision - 1]),
        grounds=grounding_of(plan, approval.number)(action),
    )


def read_card(reading: Reading, approval: Approval, plan: PlanRecord, policy: Policy, registry: Registry, now: datetime) -> Card:
    """Collect what belongs to *approval*, as it stands *now*, or did before somebody edited its action.

    Raises ActionInvalid where the stored action is not one.
    """
    asked = read_asked(reading, approval, plan, registry)
    votes = reading.votes(approval.id)
    signers = Signers.of(reading, policy, approval, now)
    others = [who for times in approval.stand_ins.values() for who in times]
    return Card(
        approval=approval,
        plan=plan,
        action=asked.action,
        loaded=asked.loaded,
        details=asked.details,
        edits=asked.edits,
        grounds=asked.grounds,
        money=tuple(money_of(asked.loaded)),
        payee=_payee(asked.loaded),
        people={role: signers.people_now(role) for role in approval.seats},
        later=tuple(p for who in others for p in signers.people(who, own_vote=False)),
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


def money_of(action: Action) -> Iterator[tuple[str, str, Decimal]]:
    """The fields of *action* that hold an amount of money, with its currency."""
    for one in action.fields.values():
        value = getattr(action, one.attribute)
        if one.kind is Kind.MONEY and one.currency is not None and value is not None:
            currency = str(action.wire()[one.currency])
            yield from ((one.name, currency, amount) for amount in (value if one.many else [value]))


def _payee(action: Action) -> str | None:
    field = action.fields.get(action.payee_field)
    value = None if field is None or field.many else getattr(action, field.attribute)
    return None if value is None else str(value)


def _details(reading: Reading, action: Action, plan: PlanRecord) -> dict[str, str]:
    """The action's own lines; where its code cannot tell them now, its fields, and why."""
    try:
        with reading.lent() as lent:
            return action.details(Lookup(actor=plan.requester, tx=lent))
    except Exception as error:
        fields = {name: show_field(value) for name, value in action.wire().items() if name != "type" and value is not None}
        return fields | {"problem": str(error)}
