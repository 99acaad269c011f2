"""Routes: whether people can fill seats, and without whom they cannot."""

from hypothesis import given
from hypothesis import strategies as st

from signoff.policies import PERSON, Seat, StandIn, fill_seats
from signoff.policies.routes import Route, combine_routes, empty_seats, indispensable_people, members

ROLES = ["finance", "legal", "manager"]
PEOPLE = "abcdefg"

roles = st.fixed_dictionaries(dict.fromkeys(ROLES, st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True).map(tuple)))
names = st.sampled_from([*ROLES, PERSON + "a", PERSON + "z"])


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Seats of roles and people, with others who may stand in."""
    counts = draw(st.dictionaries(names, st.integers(1, 3), min_size=1, max_size=3))
    seats = tuple(Seat(role, 1 if role.startswith(PERSON) else count) for role, count in sorted(counts.items()))
    others = draw(st.dictionaries(names, st.integers(1, 3), max_size=2))
    stand_ins = tuple(StandIn(seat.role, who, after) for seat in seats for who, after in others.items() if who != seat.role)
    return Route(seats=seats, stand_ins=stand_ins, own_vote=draw(st.booleans()))


def is_filled(route: Route, held: dict[str, tuple[str, ...]], without: str = "", *, standing_in: bool = False) -> bool:
    """Whether everybody but one fills all seats."""
    ways = [(seat.role, seat.role) for seat in route.seats] + [(o.role, o.who) for o in route.stand_ins if standing_in]
    voters = {p: frozenset(seat for seat, who in ways if p in members(who, held)) for p in f"{PEOPLE}z" if p != without}
    return fill_seats(route.seats, voters).complete


@given(routes(), roles)
def test_seats_that_stay_empty(route: Route, held: dict[str, tuple[str, ...]]) -> None:
    """Seats stay empty where all people together do not fill them."""
    assert (empty_seats(route.seats, held) == 0) == is_filled(route, held)


@given(routes(), roles)
def test_without_whom_it_cannot_be_signed(route: Route, held: dict[str, tuple[str, ...]]) -> None:
    """Those are named, and no others, without whom seats that can be filled cannot be, with all who stand in."""
    if is_filled(route, held, standing_in=True):
        wanted = {person for person in f"{PEOPLE}z" if not is_filled(route, held, person, standing_in=True)}
        assert set(indispensable_people(route, held)) == wanted


@given(st.lists(routes(), min_size=1, max_size=3), routes(), roles, st.sets(st.sampled_from(f"{PEOPLE}z")), st.integers(0, 4))
def test_one_more_route_never_makes_signing_easier(
    several: list[Route], more: Route, held: dict[str, tuple[str, ...]], signed: set[str], time: int
) -> None:
    """Whoever signs at whatever time: what does not fill some routes together does not fill them and one more."""

    def filled(route: Route) -> bool:
        ways = [(seat.role, seat.role) for seat in route.seats]
        ways += [(one.role, one.who) for one in route.stand_ins if one.after <= time]
        voters = {person: frozenset(seat for seat, who in ways if person in members(who, held)) for person in sorted(signed)}
        return fill_seats(route.seats, voters).complete

    before, after = combine_routes(several), combine_routes([*several, more])
    assert filled(before) or not filled(after)
    assert before.own_vote or not after.own_vote


def test_two_spellings_are_one_person() -> None:
    """Seats that only two spellings of one id could fill stay empty, and whoever is in both is named once."""
    held = {"manager": ("mira",), "finance": ("Mira",), "legal": ("MIRA", "lee")}
    assert empty_seats([Seat("manager", 1), Seat("finance", 1)], held) == 1
    assert empty_seats([Seat("manager", 1), Seat(f"{PERSON}Mira", 1)], held) == 1
    assert empty_seats([Seat("manager", 1), Seat("legal", 1)], held) == 0
    assert indispensable_people(Route(seats=(Seat("finance", 1), Seat("legal", 1))), held) == ["Mira", "lee"]
