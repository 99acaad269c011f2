"""What the store holds, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from signoff.actor import Actor, Identification
from signoff.canonical import Json

from .conversations import Conversation, words_of

SYSTEM = "system"  # the chain of Entries that belong to no plan


class Status(StrEnum):
    """Where an action stands, and where it can go from there."""

    READY = "ready"  # → executing, waiting, denied, skipped, cancelled
    WAITING = "waiting"  # → approved, rejected, expired, cancelled, skipped; edited: waiting, ready, denied
    APPROVED = "approved"  # → executing, waiting, denied, expired, skipped, cancelled; edited: waiting, ready, denied
    EXECUTING = "executing"  # → executing (next attempt), done, failed, in_doubt
    IN_DOUBT = "in_doubt"  # → done, ready (a person resolved it)
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # something it needs did not happen


NEXT: Mapping[Status, frozenset[Status]] = {
    Status.READY: frozenset({Status.EXECUTING, Status.WAITING, Status.DENIED, Status.SKIPPED, Status.CANCELLED}),
    Status.WAITING: frozenset({Status.APPROVED, Status.REJECTED, Status.EXPIRED, Status.CANCELLED, Status.SKIPPED}),
    Status.APPROVED: frozenset(
        {Status.EXECUTING, Status.WAITING, Status.DENIED, Status.EXPIRED, Status.SKIPPED, Status.CANCELLED}
    ),
    Status.EXECUTING: frozenset({Status.EXECUTING, Status.DONE, Status.FAILED, Status.IN_DOUBT}),
    Status.IN_DOUBT: frozenset({Status.DONE, Status.READY}),
}

ENDED = frozenset(Status) - NEXT.keys()
NOT_DONE = ENDED - {Status.DONE}  # what needs one of these is skipped
UNTOUCHED = frozenset({Status.READY, Status.WAITING, Status.APPROVED})  # nothing was started yet
BOUNDED = frozenset({Status.WAITING, Status.APPROVED})  # by a deadline


class ApprovalStatus(StrEnum):
    """Where an approval stands."""

    WAITING = "waiting"  # → every other
    APPROVED = "approved"  # its seats were filled; → replaced, expired, cancelled, skipped
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    REPLACED = "replaced"  # decided again: edited, under changed rules or after a doubt; a new approval asks where rules want one


class Choice(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who executes an action outside the database."""

    fence: int  # the number of the Entry that tells of it: a later lease has a higher one
    worker: str  # a process, as HOST:PROCESS
    until: datetime  # nobody else takes the action over before, as long as that process is there


@dataclass(frozen=True, kw_only=True)
class ActionRecord:
    """One action of an accepted plan."""

    plan: str
    number: int
    revision: int
    type: str
    effect: str
    body: bytes  # the resolved action as canonical JSON
    digest: str
    title: str
    needs: tuple[int, ...]
    key: str  # the idempotency key
    status: Status
    attempt: int  # how often it was started
    result: Json
    error: str | None
    rules: tuple[str, ...]
    lease: Lease | None = None  # while it is executed, or its receiver asked, outside the database


@dataclass(frozen=True, kw_only=True)
class GivenContext:
    """A text that a plan's planner was given beside the request."""

    source: str  # what it is, for rules and people
    trust: str  # trusted, or untrusted: anybody could have written it
    text: str


@dataclass(frozen=True, kw_only=True)
class PlanRecord:
    """An accepted plan with its actions as they stand."""

    id: str
    requester: Actor
    request: str | None  # what the user wrote; untrusted
    planner: str  # what made the plan
    proposed: bytes
    at: datetime
    actions: tuple[ActionRecord, ...]
    context: tuple[GivenContext, ...] = ()  # what the planner was given beside the request
    disputed: tuple[str, ...] = ()  # in words, where a second opinion was another plan
    planned: Mapping[str, Json] | None = None  # what the planner says of its work: model, attempts, tokens, record; untrusted
    conversation: Conversation | None = None  # where it grows, call by call

    def request_for(self, number: int) -> str | None:
        """What the user had written when action *number* was asked for, or is asked for now."""
        return self.request if self.conversation is None else "\n".join(self.words_for(number))

    def words_for(self, number: int) -> tuple[str, ...]:
        """The same, each message of a conversation apart; empty where nobody wrote anything."""
        if self.conversation is None:
            return () if self.request is None else (self.request,)
        return words_of(self.conversation.before(number))

    def size_for(self, number: int) -> int:
        """How many actions the plan had when action *number* was accepted, with those that were accepted together with it."""
        return len(self.actions) if self.conversation is None else self.conversation.size_with(number)

    def action(self, number: int) -> ActionRecord:
        return self.actions[number - 1]

    def can_run(self, action: ActionRecord) -> bool:
        """Whether *action* is allowed or approved, and every action that it needs is done."""
        return action.status in (Status.READY, Status.APPROVED) and all(
            self.action(number).status is Status.DONE for number in action.needs
        )


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A request for sign-off of one action."""

    id: str
    plan: str
    number: int
    revision: int
    digest: str  # of the action that is to be signed
    requester: str
    asks: str  # digest of the seats and the rules that asked
    seats: Mapping[str, int]  # how many of each role must sign; a person's own seat is named `person:mira`
    reasons: tuple[Mapping[str, Json], ...]  # the rules that asked, with the values they read
    policy: str
    status: ApprovalStatus
    asked: datetime
    expires: datetime
    own_vote: bool = False  # whether the requester's own vote counts
    stand_ins: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # seat → who may fill it, too → seconds after asking
    remind: datetime | None = None  # from when on people are to be reminded, where it waits then
    reminded: datetime | None = None  # when they were
    editors: tuple[str, ...] = ()  # who edited the action before it was asked for: they cannot sign it

    def open_at(self, seat: str, who: str) -> datetime:
        """From when on *who* may fill *seat*, too."""
        return self.asked + timedelta(seconds=self.stand_ins[seat][who])


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One person's change of an action that waited: what it was before, and who wrote the next revision."""

    plan: str
    number: int
    revision: int  # that was replaced
    body: bytes  # of that revision
    digest: str
    editor: Actor
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One person's approve or reject on an approval."""

    approval: str
    voter: Actor
    choice: Choice
    reason: str | None
    digest: str  # of the action that the voter was shown
    at: datetime
    used: int | None = None  # the attempt that consumed it
    card: str | None = None  # digest of the card that the voter was shown; None: it was not kept yet


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the audit log."""

    number: int  # 1, 2, 3, ... over the whole log
    chain: str  # the plan's id, or "system"
    place: int  # 1, 2, 3, ... within the chain
    at: datetime
    actor: Actor
    event: str
    action: int | None  # the number of the action it is about
    data: Mapping[str, Json]
    body: bytes  # the canonical JSON of all of this, exactly as it was hashed
    hash: bytes


@lru_cache(maxsize=64)  # one transaction writes the same time again and again
def write_time(at: datetime) -> str:
    """*at* as UTC text of fixed width, which sorts as time does: `2026-03-01T09:30:00.000000Z`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_time(text: str) -> datetime:
    """The moment that *text*, written by `write_time`, stands for. Raises ValueError for any other text."""
    at = datetime.fromisoformat(text)
    if len(text) != len("2026-03-01T09:30:00.000000Z") or not text.endswith("Z"):
        raise ValueError(f"{text[:40]!r} is no time as the store writes it")
    return at


@lru_cache(maxsize=256, typed=True)  # the same few people do most of what is recorded
def read_actor(id_: object, how: object, os_user: object) -> Actor:
    """The actor that was stored so. Raises ValueError or TypeError where it is none."""
    if not isinstance(id_, str) or not isinstance(os_user, int | None):
        raise TypeError("an actor's id is text, and its user a number")
    return Actor(id=id_, how=Identification(str(how)), os_user=os_user)


def write_actor(actor: Actor) -> dict[str, Json]:
    """*actor* as it stands in an Entry."""
    return {"id": actor.id, "how": actor.how.value, "os_user": actor.os_user}
