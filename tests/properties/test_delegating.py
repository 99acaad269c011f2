"""Laws of delegation: whoever handed seats to whom, nobody fills more of them than each person could once."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor
from signoff.audit import Approval, ApprovalStatus, Choice, Delegation, Vote
from signoff.signers import Signers
from tests.conftest import RULES, rules

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cat", "dan", "eve")
SEATS = st.dictionaries(st.sampled_from(["manager", "finance", "person:ann", "person:bob"]), st.integers(1, 3), min_size=1)
ROLES = st.fixed_dictionaries({role: st.sets(st.sampled_from(PEOPLE), min_size=1) for role in ("manager", "finance")})
HANDED = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)).map(
    lambda handed: {by: to for by, to in handed.items() if by != to}
)
VOTERS = st.lists(st.sampled_from(PEOPLE), unique=True)


def signers(roles: Mapping[str, set[str]], seats: Mapping[str, int], handed: Mapping[str, str], requester: str) -> Signers:
    """Those who may sign an approval with these seats."""
    named = {role: f"[{', '.join(sorted(people))}]" for role, people in roles.items()}
    text = (
        RULES.replace("[mira, omar]", named["manager"]).replace("[fay, finn]", named["finance"]).replace("count: 2", "count: 1")
    )
    approval = Approval(
        id="a1",
        plan="p-1",
        number=1,
        revision=1,
        digest="d",
        requester=requester,
        asks="",
        seats=seats,
        reasons=(),
        policy="",
        status=ApprovalStatus.WAITING,
        asked=NOW,
        expires=NOW + timedelta(days=1),
    )
    given = tuple(
        Delegation(number=n, by=Actor(id=by), to=to, since=NOW, until=approval.expires, reason=None)
        for n, (by, to) in enumerate(handed.items(), 1)
    )
    return Signers(policy=rules(text), approval=approval, requester=Actor(id=requester), now=NOW, delegations=given)


def vote(person: str) -> Vote:
    return Vote(approval="a1", voter=Actor(id=person), choice=Choice.APPROVE, reason=None, digest="d", at=NOW)


def most(voters: list[str], roles: Mapping[str, set[str]], seats: dict[str, int], handed: Mapping[str, str], asked: str) -> int:
    """The most seats that can be filled: each voter once, for themselves or one who handed theirs to them, each of these once."""

    def fill(left: list[str], spoken: frozenset[str], places: dict[str, int]) -> int:
        if not left:
            return 0
        first, *rest = left
        best = fill(rest, spoken, places)
        for person in {first, *(by for by, to in handed.items() if to == first)} - spoken - {asked}:
            held = {role for role, people in roles.items() if person in people} | {f"person:{person}"}
            for seat in held & {seat for seat, count in places.items() if count}:
                best = max(best, 1 + fill(rest, spoken | {person}, places | {seat: places[seat] - 1}))
        return best

    return fill([voter for voter in voters if voter != asked], frozenset(), dict(seats))


@given(ROLES, SEATS, HANDED, VOTERS, st.sampled_from(PEOPLE))
def test_nobody_fills_a_seat_twice(
    roles: dict[str, set[str]], seats: dict[str, int], handed: dict[str, str], voters: list[str], asked: str
) -> None:
    """Votes fill no more seats than people could who each sign once, for one person, and never less than without delegations."""
    votes = [vote(voter) for voter in voters]
    filled = sum(signers(roles, seats, handed, asked).seating(votes).filled.values())
    alone = sum(signers(roles, seats, {}, asked).seating(votes).filled.values())
    assert alone <= filled <= most(voters, roles, seats, handed, asked)


@given(ROLES, SEATS, HANDED, VOTERS, st.sampled_from(PEOPLE))
def test_who_may_fill_nothing_adds_nothing(
    roles: dict[str, set[str]], seats: dict[str, int], handed: dict[str, str], voters: list[str], asked: str
) -> None:
    """Who may fill no seat adds nothing by voting, and who asked may fill none, nor does anybody for them."""
    found = signers(roles, seats, handed, asked)
    votes = [vote(voter) for voter in voters]
    idle = [person for person in PEOPLE if not found.may_fill(Actor(id=person), NOW)]
    assert asked in idle
    assert found.seating(votes).filled == found.seating([one for one in votes if one.voter.id not in idle]).filled
    assert not any(asked in found.people_now(seat) for seat in seats)
