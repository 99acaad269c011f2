"""Who of the voters fills which seat."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .decision import Seat


@dataclass(frozen=True, kw_only=True)
class Seating:
    """Voters placed on seats, as many as possible."""

    filled: Mapping[str, int]  # how many seats of each role are filled
    complete: bool  # whether all are
    used: tuple[str, ...]  # the voters who fill a seat, in the order they were given


def fill_seats(seats: Iterable[Seat], voters: Mapping[str, frozenset[str]]) -> Seating:
    """Place *voters*, each with the roles they have, so that as many of *seats* as possible are filled.

    One person fills one seat. Voters who come first are placed first and keep a seat, though not always the same
    one: somebody with two roles moves where that makes room (augmenting paths, so the number is the largest).
    """
    places = {seat.role: seat.count for seat in seats}
    seated = _place(places, voters)
    filled = {role: len(people) for role, people in seated.items()}
    placed = {voter for people in seated.values() for voter in people}
    return Seating(filled=filled, complete=filled == places, used=tuple(voter for voter in voters if voter in placed))


def irreplaceable_voters(seats: Iterable[Seat], voters: Mapping[str, frozenset[str]]) -> list[str]:
    """Those of *voters* without whom fewer of *seats* are filled, in the order given."""
    places = {seat.role: seat.count for seat in seats}
    seated = _place(places, voters)
    placed = {voter: role for role, people in seated.items() for voter in people}
    replaceable: set[str] = set()  # roles of which a seat that becomes free is filled again
    for voter in voters.keys() - placed.keys():
        _seat(voter, voters[voter], places, seated, voters, replaceable)  # in vain, as nobody can be added
    return [voter for voter in voters if voter in placed and placed[voter] not in replaceable]


def _place(places: Mapping[str, int], voters: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """The people on the seats of each role.

    A role where a search ended in vain is not searched again, so the work grows with the seats more than with the voters.
    """
    seated: dict[str, list[str]] = {role: [] for role in places}
    empty = sum(places.values())
    closed: set[str] = set()  # roles that stay full: none of those who sit there can move
    for voter, roles in voters.items():
        if not empty:
            break
        tried = set(closed)
        if _seat(voter, roles, places, seated, voters, tried):
            empty -= 1
        else:
            closed = tried
    return seated


def _seat(
    voter: str,
    roles: frozenset[str],
    places: Mapping[str, int],
    seated: dict[str, list[str]],
    voters: Mapping[str, frozenset[str]],
    tried: set[str],
) -> bool:
    """Whether *voter* could be given a seat, others moving where needed; *tried* are the roles not to ask again."""
    for role in sorted((roles & places.keys()) - tried):
        if role in tried:
            continue
        tried.add(role)
        if len(seated[role]) < places[role]:
            seated[role].append(voter)
            return True
        for other in seated[role]:
            if _seat(other, voters[other], places, seated, voters, tried):
                seated[role].remove(other)
                seated[role].append(voter)
                return True
    return False
