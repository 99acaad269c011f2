"""Approval routes: what several rules that ask come to together, and whether the people of a file can fill it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .decision import PERSON, Seat, StandIn
from .rule import Groups
from .seating import fill_seats


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
    for seat in (seat for route in routes for seat in route.seats):
        counts[seat.role] = max(seat.count, counts.get(seat.role, 0))
    return Route(
        seats=tuple(Seat(role, count) for role, count in sorted(counts.items())),
        stand_ins=tuple(stand_in for role in sorted(counts) for stand_in in _stand_ins(role, routes)),
        own_vote=all(route.own_vote for route in routes),
    )


def _stand_ins(role: str, routes: Sequence[Route]) -> Iterable[StandIn]:
    asking = [route for route in routes if any(seat.role == role for seat in route.seats)]
    told = [{one.who: one.after for one in route.stand_ins if one.role == role} for route in asking]
    for who in sorted(set.intersection(*(set(times) for times in told))):
        yield StandIn(role=role, who=who, after=max(times[who] for times in told))


def empty_seats(seats: Sequence[Seat], roles: Groups) -> int:
    """How many seats stay empty where everybody signs."""
    return sum(seat.count for seat in seats) - sum(fill_seats(seats, _voters(seats, roles, ())).filled.values())


def indispensable_people(route: Route, roles: Groups) -> list[str]:
    """Those without whom the seats cannot be filled, with whoever may stand in: what they ask for themselves stays unsigned."""
    voters = _voters(route.seats, roles, route.stand_ins)
    total = sum(seat.count for seat in route.seats)
    scarce = {seat.role for seat in route.seats if len(members(seat.role, roles)) <= total}  # of others somebody is always free
    seated = [one for one in fill_seats(route.seats, voters).used if voters[one] & scarce]
    return [one for one in seated if not fill_seats(route.seats, {p: r for p, r in voters.items() if p != one}).complete]


def _voters(seats: Sequence[Seat], roles: Groups, stand_ins: Sequence[StandIn]) -> dict[str, frozenset[str]]:
    """People with the seats they may fill: of each role one more than there are seats, as more make no difference."""
    enough = sum(seat.count for seat in seats) + 1
    found: dict[str, set[str]] = {}
    ways = [(seat.role, seat.role) for seat in seats] + [(one.role, one.who) for one in stand_ins]
    for _, who in ways:
        for person in members(who, roles)[:enough]:
            found.setdefault(person, set())
    for seat, who in ways:
        holders = set(members(who, roles))
        for person in found.keys() & holders:
            found[person].add(seat)
    return {person: frozenset(held) for person, held in found.items()}


def members(who: str, roles: Groups | Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The people whom a seat's name stands for: those of the role, or the one person."""
    return (who.removeprefix(PERSON),) if who.startswith(PERSON) else roles.get(who) or ()
