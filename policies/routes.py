"""Approval routes: what several rules that ask come to together, and whether the people of a file can fill it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from signoff.actions import fold_name

from .decision import PERSON, Seat, StandIn
from .rule import Groups
from .seating import fill_seats, irreplaceable_voters

SHOWN_PEOPLE = 3  # in a warning


@dataclass(frozen=True, kw_only=True)
class Route:
    """Who must sign."""

    seats: tuple[Seat, ...]
    stand_ins: tuple[StandIn, ...] = ()
    own_vote: bool = False  # whether the requester's own vote counts


def combine_routes(routes: Sequence[Route]) -> Route:
    """What satisfies all of *routes*: every seat, each with its largest count.

    What makes signing easier holds only where nobody who asks objects: the requester's own vote counts where every
    route says so, and somebody may stand in for a seat where every route that asks for this seat says so, after the
    longest of their times.
    """
    counts: dict[str, int] = {}
    told: dict[str, list[dict[str, int]]] = {}  # by seat, of each route that asks for it: who may stand in, after how long
    for route in routes:
        others: dict[str, dict[str, int]] = {seat.role: {} for seat in route.seats}
        for one in route.stand_ins:
            if one.role in others:
                others[one.role][one.who] = one.after
        for seat in route.seats:
            counts[seat.role] = max(seat.count, counts.get(seat.role, 0))
            told.setdefault(seat.role, []).append(others[seat.role])
    return Route(
        seats=tuple(Seat(role, count) for role, count in sorted(counts.items())),
        stand_ins=tuple(
            StandIn(role=role, who=who, after=max(times[who] for times in told[role]))
            for role in sorted(counts)
            for who in sorted(set[str].intersection(*map(set, told[role])))
        ),
        own_vote=all(route.own_vote for route in routes),
    )


def empty_seats(seats: Sequence[Seat], roles: Groups, stand_ins: Sequence[StandIn] = ()) -> int:
    """How many seats stay empty where everybody signs, and who may stand in does."""
    return sum(seat.count for seat in seats) - sum(fill_seats(seats, _voters(seats, roles, stand_ins)).filled.values())


def indispensable_people(route: Route, roles: Groups) -> list[str]:
    """Those without whom the seats cannot be filled, with whoever may stand in: what they ask for themselves stays unsigned."""
    return irreplaceable_voters(route.seats, _voters(route.seats, roles, route.stand_ins))


def show_people(people: Sequence[str]) -> str:
    """Any one of *people*, as a warning names them."""
    return " or ".join(people[:SHOWN_PEOPLE]) + (" or another" if len(people) > SHOWN_PEOPLE else "")


def _voters(seats: Sequence[Seat], roles: Groups, stand_ins: Sequence[StandIn]) -> dict[str, frozenset[str]]:
    """People with the seats they may fill: of each role one more than there are seats, as more make no difference.

    Two spellings of an id are one person, named as first found.
    """
    enough = sum(seat.count for seat in seats) + 1
    opened: dict[str, set[str]] = {}  # by who may fill them, the seats
    for seat in seats:
        opened.setdefault(seat.role, set()).add(seat.role)
    for one in stand_ins:
        opened.setdefault(one.who, set()).add(one.role)
    named: dict[str, str] = {}  # by folded id, the person
    held: dict[str, set[str]] = {}
    for who in opened:
        for person in members(who, roles)[:enough]:
            held.setdefault(named.setdefault(_folded(person), person), set())
    for who, filled in opened.items():
        for person in members(who, roles):
            if (name := named.get(_folded(person))) is not None:
                held[name] |= filled
    return {person: frozenset(seats) for person, seats in held.items()}


@lru_cache(maxsize=2**14)
def _folded(person: str) -> str:
    return fold_name(person)


def members(who: str, roles: Groups | Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The people whom a seat's name stands for: those of the role, or the one person."""
    return (who.removeprefix(PERSON),) if who.startswith(PERSON) else roles.get(who) or ()
