"""Voters are placed so that as many seats as possible are filled."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.policies import Seat, Seating, fill_seats
from signoff.policies.seating import irreplaceable_voters

ROLES = ["finance", "legal", "manager"]


def test_a_person_with_two_roles_makes_room() -> None:
    """Who could sit on either of two seats moves to the one that nobody else can take."""
    seats = [Seat("finance", 1), Seat("manager", 1)]
    voters = {"both": frozenset({"finance", "manager"}), "fay": frozenset({"finance"})}
    assert fill_seats(seats, voters) == Seating(filled={"finance": 1, "manager": 1}, complete=True, used=("both", "fay"))


def test_one_person_fills_one_seat() -> None:
    """A person with both roles cannot sign for both."""
    seats = [Seat("finance", 1), Seat("manager", 1)]
    seating = fill_seats(seats, {"both": frozenset({"finance", "manager"})})
    assert (sum(seating.filled.values()), seating.complete, seating.used) == (1, False, ("both",))


def test_the_first_voters_are_used() -> None:
    """Voters who are not needed, or have no role that is asked, fill no seat."""
    voters = {"lee": frozenset({"legal"}), "mira": frozenset({"manager"}), "omar": frozenset({"manager"})}
    assert fill_seats([Seat("manager", 1)], voters) == Seating(filled={"manager": 1}, complete=True, used=("mira",))


@pytest.mark.parametrize("voters", [{}, {"lee": frozenset[str]()}])
def test_nobody(voters: dict[str, frozenset[str]]) -> None:
    """Without voters nothing is filled; without seats everything is."""
    assert fill_seats([Seat("manager", 2)], voters) == Seating(filled={"manager": 0}, complete=False, used=())
    assert fill_seats([], voters) == Seating(filled={}, complete=True, used=())


@given(
    st.dictionaries(st.sampled_from(ROLES), st.integers(1, 3)),
    st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from(ROLES)), max_size=6),
)
def test_as_many_as_possible(counts: dict[str, int], voters: dict[str, frozenset[str]]) -> None:
    """No other placement of the same voters, of all that there are, fills more seats."""
    best = 0
    for choice in product(*([None, *sorted(roles & counts.keys())] for roles in voters.values())):
        taken = [role for role in choice if role]
        if all(taken.count(role) <= count for role, count in counts.items()):
            best = max(best, len(taken))
    seating = fill_seats([Seat(role, count) for role, count in counts.items()], voters)
    assert sum(seating.filled.values()) == best == len(seating.used)
    assert all(seating.filled[role] <= count for role, count in counts.items())
    assert seating.complete == (best == sum(counts.values()))


@given(
    st.dictionaries(st.sampled_from(ROLES), st.integers(1, 3)),
    st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from(ROLES)), max_size=6),
)
def test_who_cannot_be_replaced(counts: dict[str, int], voters: dict[str, frozenset[str]]) -> None:
    """Those are named, in order, without whom fewer seats are filled, whether or not all are."""
    seats = [Seat(role, count) for role, count in counts.items()]

    def filled(left_out: str = "") -> int:
        return sum(fill_seats(seats, {one: roles for one, roles in voters.items() if one != left_out}).filled.values())

    wanted = [one for one in voters if filled(one) < filled()]
    assert irreplaceable_voters(seats, voters) == wanted


@contextmanager
def counted_searches() -> Iterator[list[int]]:
    """One item for each search for a seat, as long as the block lasts."""
    calls: list[int] = []

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "_seat":
            calls.append(1)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("more", [0, 1], ids=["all are filled", "one stays empty"])
def test_work_grows_with_the_seats(more: int) -> None:
    """Ten thousand voters, each with two of a hundred roles that lead to each other, are placed in bounded work."""
    seats = [*(Seat(f"r{number:02}", 1) for number in range(100)), *(Seat("nobody's", 1) for _ in range(more))]
    voters = {f"p{number}": frozenset({f"r{number % 100:02}", f"r{(number + 1) % 100:02}"}) for number in range(10_000)}
    with counted_searches() as calls:
        assert sum(fill_seats(seats, voters).filled.values()) == 100
    assert 100 <= len(calls) <= 100 * 100 + 10_000 * more
    with counted_searches() as calls:
        irreplaceable_voters(seats, voters)
    assert 10_000 <= len(calls) <= 2 * (100 * 100 + 10_000)
