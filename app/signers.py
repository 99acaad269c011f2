"""Who may sign an approval, whose votes count, and who is one person with whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from signoff.actions import fold_name
from signoff.audit import Approval, Choice, Delegation, Reading, Vote
from signoff.policies import PERSON, Policy, Seat, Seating, fill_seats

from .actor import Actor, Identification
from .errors import Refused

SHOWN_PEOPLE = 10  # of a role, where it is told who may sign


@dataclass(frozen=True, kw_only=True)
class Signers:
    """Who may sign one approval, under the rules in force now."""

    policy: Policy
    approval: Approval
    requester: Actor
    now: datetime
    delegations: tuple[Delegation, ...] = ()  # that hold now

    @classmethod
    def of(cls, reading: Reading, policy: Policy, approval: Approval, now: datetime) -> Self:
        """Those who may sign *approval*, which is stored, *now*."""
        plan = reading.plan(approval.plan)
        assert plan is not None
        handed = delegations_held(reading, policy, now)
        return cls(policy=policy, approval=approval, requester=plan.requester, now=now, delegations=handed)

    @property
    def seats(self) -> tuple[Seat, ...]:
        """The seats that the approval asks for."""
        return tuple(Seat(role=role, count=count) for role, count in sorted(self.approval.seats.items()))

    def is_requester(self, actor: Actor) -> bool:
        """Whether *actor* is who asked."""
        return is_requester(self.policy, actor, self.requester)

    def may_fill(self, actor: Actor, at: datetime) -> frozenset[str]:
        """The seats that *actor*'s vote fills under the roles in force now, where it is cast at *at*.

        These are their own, and those of whoever handed theirs to them.
        """
        return self._own(actor, at).union(*self._handed(actor, at).values())

    def _own(self, actor: Actor, at: datetime) -> frozenset[str]:
        """A seat that stayed empty is open to those who stand in, though never to the requester."""
        held = self.policy.seats_of(actor.id)
        if self.is_requester(actor):
            return held & self.approval.seats.keys() if self.approval.own_vote else frozenset()
        return (held & self.approval.seats.keys()) | {seat for seat, who in open_seats(self.approval, at) if who in held}

    def _handed(self, actor: Actor, at: datetime, voted: Collection[str] = ()) -> dict[str, frozenset[str]]:
        """The seats of those who handed theirs to *actor* before *at*, but for those who *voted* themselves.

        A delegate hands nothing on. Nobody gets anything of who asked, nor gives it to them.
        """
        if self.is_requester(actor):
            return {}
        return {
            one.by.id: self._own(one.by, at)
            for one in self.delegations
            if one.to == actor.id
            and one.since <= at
            and not self.is_requester(one.by)
            and not any(is_same_person(one.by.id, voter) for voter in voted)
        }

    def stood_in_for(self, actor: Actor) -> list[str]:
        """The seats that *actor* may fill now only as one who stands in."""
        return sorted(self._own(actor, self.now) - self.policy.seats_of(actor.id))

    def spoken_for(self, actor: Actor, votes: Sequence[Vote]) -> list[str]:
        """Those whose seats *actor* fills now beside their own, beside the *votes* that were cast."""
        voted = [voter for voter in self.counted(votes) if voter != actor.id]
        own = self._own(actor, self.now)
        return sorted(person for person, seats in self._handed(actor, self.now, voted).items() if seats - own)

    def counted(self, votes: Sequence[Vote]) -> dict[str, frozenset[str]]:
        """Those whose unused approving votes count now, with the seats that they fill.

        Where somebody signed and who they handed their seats to did, too, the seats are filled once: by themselves.
        """
        counted = [
            vote
            for vote in votes
            if vote.choice is Choice.APPROVE
            and vote.used is None
            and vote.digest == self.approval.digest
            and (self.approval.own_vote or not self.is_requester(vote.voter))
            and identity_counts(self.policy, vote.voter)
        ]
        voted = [vote.voter.id for vote in counted]
        return {
            vote.voter.id: self._own(vote.voter, vote.at).union(*self._handed(vote.voter, vote.at, voted).values())
            for vote in counted
        }

    def with_vote(self, votes: Sequence[Vote], actor: Actor) -> Seating:
        """How the seats were filled if *actor* signed now, beside *votes*."""
        vote = Vote(
            approval=self.approval.id,
            voter=actor,
            choice=Choice.APPROVE,
            reason=None,
            digest=self.approval.digest,
            at=self.now,
        )
        return self.seating([*(one for one in votes if one.voter.id != actor.id), vote])

    def seating(self, votes: Sequence[Vote]) -> Seating:
        """How the votes that count fill the seats that the approval asks for."""
        return fill_seats(self.seats, self.counted(votes))

    def fill(self, seats: Sequence[Seat], votes: Sequence[Vote]) -> bool:
        """Whether the votes that count fill every one of *seats*, which may be others than the approval asks for."""
        return fill_seats(seats, self.counted(votes)).complete

    def people(self, who: str, *, own_vote: bool) -> tuple[str, ...]:
        """The people of a role, or the one person; the requester only where their *own_vote* counts."""
        return tuple(p for p in self.policy.people(who) if own_vote or not is_same_person(p, self.requester.id))

    def people_now(self, seat: str) -> tuple[str, ...]:
        """The people who may fill *seat* now."""
        others = [who for open_, who in open_seats(self.approval, self.now) if open_ == seat]
        standing_in = (p for who in others for p in self.people(who, own_vote=False))
        people = [*self.people(seat, own_vote=self.approval.own_vote), *standing_in]
        return tuple(dict.fromkeys([*people, *(to for to, _ in self._delegates(people))]))

    def _delegates(self, people: Collection[str]) -> list[tuple[str, str]]:
        """Who signs for whom of *people* now; nobody who asked, and for nobody who did."""
        return [
            (one.to, one.by.id)
            for one in self.delegations
            if one.by.id in people and not self.is_requester(one.by) and not is_same_person(one.to, self.requester.id)
        ]

    @property
    def needed(self) -> str:
        """Who must sign, in words: `1 manager (mira, omar)`."""
        return ", ".join(map(self.needed_for, sorted(self.approval.seats)))

    def needed_for(self, seat: str) -> str:
        """Who fills *seat*, in words: `1 manager (mira, omar) or, from 2026-03-02 11:30 UTC on, finance (fay)`."""
        approval = self.approval
        words = self._words(seat, own_vote=approval.own_vote)
        told = f"{approval.seats[seat]} {words}" if not seat.startswith(PERSON) else words
        for who in sorted(approval.stand_ins.get(seat, ())):
            opens = approval.open_at(seat, who)
            when = "" if opens <= self.now else f", from {opens:%Y-%m-%d %H:%M} UTC on,"
            told += f" or{when} {self._words(who, own_vote=False)}"
        return told

    def _words(self, who: str, *, own_vote: bool) -> str:
        people = self.people(who, own_vote=own_vote)
        handed = [f"{to} for {by}" for to, by in self._delegates(people)]
        if who.startswith(PERSON):
            return " or ".join([*people, *handed]) if people else f"{who.removeprefix(PERSON)}, who asked and cannot"
        return f"{who} ({name_people([*people, *handed]) or 'nobody'})"


def delegations_held(reading: Reading, policy: Policy, now: datetime) -> tuple[Delegation, ...]:
    """The delegations that hold now. Where the rules in force allow none, the log is not even asked."""
    if policy.delegation is None:
        return ()
    return tuple(one for one in reading.delegations() if why_void(policy, one, now) is None)


def why_void(policy: Policy, one: Delegation, now: datetime) -> str | None:
    """Why a delegation does not hold now under the rules in force; None where it does."""
    if one.ended is not None:
        return "it was taken back, or replaced"
    if policy.delegation is None:
        return f"{policy.name} allows none"
    if end_of(policy, one) <= now:
        return "its time is over"
    if not identity_counts(policy, one.by):
        return f"{one.by.id} was only {one.by.how}"
    strange = [person for person in (one.by.id, one.to) if person not in policy.signing]
    return f"{policy.name} does not name {strange[0]} any more" if strange else None


def end_of(policy: Policy, one: Delegation) -> datetime:
    """When a delegation ends: at the time that it says, or sooner where the rules in force allow less by now."""
    return min(one.until, one.since + timedelta(seconds=policy.delegation or 0))


def open_seats(approval: Approval, at: datetime) -> list[tuple[str, str]]:
    """The seats of *approval* that have stayed empty for long enough at *at*, each with who may fill it, too."""
    ways = [(seat, who) for seat, others in sorted(approval.stand_ins.items()) for who in sorted(others)]
    return [(seat, who) for seat, who in ways if approval.open_at(seat, who) <= at]


def name_people(people: Sequence[str]) -> str:
    """*people* in words, the first of many."""
    more = len(people) - SHOWN_PEOPLE
    return ", ".join(people[:SHOWN_PEOPLE]) + (f" and {more:,} more" if more > 0 else "")


def is_same_person(one: str, other: str) -> bool:
    """Whether two ids are one person's: another spelling of one's own name makes nobody a second person."""
    return fold_name(one) == fold_name(other)


def is_requester(policy: Policy, actor: Actor, requester: Actor) -> bool:
    """Whether *actor* is who asked: by their name or, where nobody is taken at their word, by the operating system's user.

    Whoever asked with `--as` under another name is the user who ran that command, and no second person.
    """
    if is_same_person(actor.id, requester.id):
        return True
    return policy.identity != Identification.CLAIMED and actor.os_user is not None and actor.os_user == requester.os_user


def identity_counts(policy: Policy, actor: Actor) -> bool:
    """Whether what *actor* decides counts, as far as it is known who they are."""
    match policy.identity:
        case Identification.CLAIMED:
            return True
        case Identification.OS:
            return actor.how is Identification.OS
    return actor.how is not Identification.CLAIMED


def check_identity(policy: Policy, actor: Actor) -> None:
    """Raises Refused where nothing counts that *actor* decides, as far as it is known who they are."""
    if identity_counts(policy, actor):
        return
    if policy.identity == Identification.OS:
        raise Refused(
            f"{actor.id} is only {actor.how}, and {policy.name} lets only the operating system's users decide (identity: os);"
            f" run this as the user {actor.id}, or leave --as out to decide as who you are"
        )
    raise Refused(
        f"{actor.id} is only claimed, and {policy.name} does not let claimed identities decide;"
        ' write "identity: claimed" there if it should, or leave --as out to decide as who you are'
    )
