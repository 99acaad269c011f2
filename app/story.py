"""The story of a plan: all that the store and the log know of its actions, decisions, signatures and attempts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from signoff.audit import ActionRecord, Approval, ApprovalStatus, Choice, Delegation, Entry, PlanRecord, Reading, Status, Vote
from signoff.policies import Policy

from .canonical import Json
from .deciding import Judgement, told_decision, told_reasons
from .errors import ActionInvalid
from .signers import Signers

_ENDS = frozenset({Status.DONE, Status.FAILED, Status.IN_DOUBT})  # of an attempt


@dataclass(frozen=True, kw_only=True)
class CastVote:
    """A vote as its Entry tells it, and what became of it."""

    entry: Entry
    choice: Choice
    reason: str | None
    digest: str  # of the action that the voter was shown
    card: str | None  # digest of the card that they were shown; older votes do not tell it
    spoken_for: tuple[str, ...]  # who had handed them the seats for which they voted
    stands_in: tuple[str, ...]  # seats that they filled because they had stayed empty
    used: int | None  # the attempt that used it
    standing: str  # whether it counts, in words


@dataclass(frozen=True, kw_only=True)
class Signature:
    """An approval with its votes, those that were replaced by a later one of the same person included."""

    approval: Approval
    status: str  # as it stands now: a passed deadline counts
    needs: str  # who must sign, by the rules in force now
    votes: tuple[CastVote, ...]
    reminded: Entry | None
    delegations: tuple[Delegation, ...]  # by which somebody voted for somebody else


@dataclass(kw_only=True)
class Attempt:
    """One start of an action, and what is known of it."""

    number: int
    started: Entry
    approval: str | None  # whose votes it used
    answers: list[Entry] = field(default_factory=list)  # what it, or its receiver, gave on the way: retry, probed, late
    ended: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class ActionStory:
    """All that is known of one action."""

    record: ActionRecord
    decisions: tuple[Entry, ...]  # each Entry that tells of one
    now: Mapping[str, Json]  # what the rules in force now say, as an Entry would tell it; empty where they cannot
    reasons: Sequence[Mapping[str, Json]]  # the rules behind that, with the values that they read
    problem: str  # why the rules in force say nothing; empty where they do
    differs: bool  # whether they decide otherwise than was decided last, or read other values
    signatures: tuple[Signature, ...]
    attempts: tuple[Attempt, ...]
    edits: tuple[Entry, ...]  # which made it another revision
    resolved: tuple[Entry, ...]
    refused: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is known of a plan."""

    plan: PlanRecord
    actions: tuple[ActionStory, ...]
    entries: tuple[Entry, ...]  # its chain of the log
    now: datetime

    def of(self, number: int) -> "Story":
        """The part of it that is about one action, with what is about the plan as a whole."""
        entries = tuple(entry for entry in self.entries if entry.action in (None, number))
        actions = tuple(one for one in self.actions if one.record.number == number)
        return Story(plan=self.plan, actions=actions, entries=entries, now=self.now)


def read_story(
    reading: Reading, plan: PlanRecord, policy: Policy, decide: Callable[[ActionRecord], Judgement], now: datetime
) -> Story:
    """All that is known of *plan*, whose chain was verified; *decide* tells what the rules in force say about an action."""
    entries = tuple(reading.entries(plan.id))
    actions = tuple(_action(reading, action, policy, decide, entries, now) for action in plan.actions)
    return Story(plan=plan, actions=actions, entries=entries, now=now)


def _action(
    reading: Reading,
    record: ActionRecord,
    policy: Policy,
    decide: Callable[[ActionRecord], Judgement],
    chain: Sequence[Entry],
    now: datetime,
) -> ActionStory:
    entries = [entry for entry in chain if entry.action == record.number]
    decisions = tuple(entry for entry in entries if isinstance(entry.data.get("decision"), Mapping))
    approvals = reading.approvals_of(record.plan, record.number)
    told: dict[str, Json] = {}
    reasons: list[dict[str, Json]] = []
    problem = ""
    try:
        judged = decide(record)
        told, reasons = told_decision(judged), told_reasons(policy, judged)
    except ActionInvalid as error:
        problem = str(error)
    return ActionStory(
        record=record,
        decisions=decisions,
        now=told,
        reasons=reasons,
        problem=problem,
        differs=not problem and _differs(decisions, approvals, told, reasons),
        signatures=tuple(_signature(reading, one, policy, entries, now) for one in approvals),
        attempts=tuple(_attempts(entries)),
        edits=tuple(entry for entry in entries if entry.event == "edited"),
        resolved=tuple(entry for entry in entries if entry.event == "resolved"),
        refused=tuple(entry for entry in entries if entry.event == "refused"),
    )


def _differs(
    decisions: Sequence[Entry], approvals: Sequence[Approval], told: Mapping[str, Json], reasons: Sequence[Mapping[str, Json]]
) -> bool:
    last = cast(Mapping[str, Json], decisions[-1].data["decision"]) if decisions else {}
    names = ("effect", "rules", "failed", "seats", "counters")
    if any(last.get(name) != told.get(name) for name in names):
        return True
    asked = approvals[-1].reasons if approvals and last.get("effect") == "approve" else ()
    return bool(asked) and [_read(one) for one in asked] != [_read(one) for one in reasons]


def _read(reason: Mapping[str, Json]) -> dict[str, Json]:
    """What a rule says and read; where it stands in its file is no difference."""
    return {name: value for name, value in reason.items() if name != "place"}


def _signature(reading: Reading, approval: Approval, policy: Policy, entries: Sequence[Entry], now: datetime) -> Signature:
    votes = reading.votes(approval.id)
    signers = Signers.of(reading, policy, approval, now)
    counted = signers.counted(votes)
    voted = [entry for entry in entries if entry.event == "voted" and entry.data["approval"] == approval.id]
    cast_votes = tuple(_cast(entry, votes, approval, counted) for entry in voted)
    passed = approval.status in (ApprovalStatus.WAITING, ApprovalStatus.APPROVED) and approval.expires <= now
    told = (entry for entry in entries if entry.event == "reminded" and entry.data["approval"] == approval.id)
    return Signature(
        approval=approval,
        status="expired" if passed and not any(vote.used for vote in votes) else approval.status.value,
        needs=signers.needed,
        votes=cast_votes,
        reminded=next(told, None),
        delegations=tuple(_delegations(reading, cast_votes)),
    )


def _cast(entry: Entry, votes: Sequence[Vote], approval: Approval, counted: Mapping[str, object]) -> CastVote:
    data = entry.data
    stored = next((vote for vote in votes if vote.voter.id == entry.actor.id and vote.at == entry.at), None)
    return CastVote(
        entry=entry,
        choice=Choice(str(data["choice"])),
        reason=None if data["reason"] is None else str(data["reason"]),
        digest=str(data["digest"]),
        card=None if data.get("card") is None else str(data["card"]),
        spoken_for=tuple(map(str, cast(Sequence[Json], data.get("for", [])))),
        stands_in=tuple(map(str, cast(Sequence[Json], data.get("stands_in", [])))),
        used=stored.used if stored else None,
        standing=_standing(stored, approval, counted),
    )


def _standing(vote: Vote | None, approval: Approval, counted: Mapping[str, object]) -> str:
    if vote is None:
        return "replaced by a later vote"
    if vote.used is not None:
        return f"used by attempt {vote.used}"
    if vote.choice is Choice.REJECT:
        return "ended it"
    if approval.status not in (ApprovalStatus.WAITING, ApprovalStatus.APPROVED):
        return "not used"
    return "counts, not used yet" if counted.get(vote.voter.id) else "does not count by the rules in force now"


def _delegations(reading: Reading, votes: Sequence[CastVote]) -> Iterator[Delegation]:
    """The delegations by which *votes* were for somebody else."""
    given = reading.delegations() if any(vote.spoken_for for vote in votes) else ()
    for one in given:
        if any(
            one.by.id in vote.spoken_for and one.to == vote.entry.actor.id and one.number < vote.entry.number
            and (one.ended is None or vote.entry.at <= one.ended)
            for vote in votes
        ):  # fmt: skip
            yield one


def _attempts(entries: Sequence[Entry]) -> Iterator[Attempt]:
    attempt: Attempt | None = None
    found: list[Attempt] = []
    for entry in entries:
        if entry.event == Status.EXECUTING:
            approval = entry.data.get("approval")
            number = int(str(entry.data["attempt"]))
            attempt = Attempt(number=number, started=entry, approval=None if approval is None else str(approval))
            found.append(attempt)
        elif entry.event == "late":
            found[int(str(entry.data["attempt"])) - 1].answers.append(entry)
        elif attempt is not None and entry.event in ("retry", "probed"):
            attempt.answers.append(entry)
        elif attempt is not None and attempt.ended is None and entry.event in _ENDS:
            attempt.ended = entry
    yield from found
