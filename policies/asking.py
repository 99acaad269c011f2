"""Reading what an approve rule asks for: who signs, until when, and who else may if nobody does."""

from dataclasses import dataclass

from .decision import DEFAULT_WITHIN, DecisionEffect, Seat, StandIn
from .diagnostics import quote
from .nodes import Node
from .people import SeatReader, read_whole
from .reader import Held, Reader
from .routes import Route, empty_seats, indispensable_people, members, show_people
from .rule import Groups

MAX_WITHIN = 366 * 24 * 60 * 60  # seconds
MAX_STAND_INS = 1_000  # ways to stand in for the seats of one rule
_UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
_NOBODY = Route(seats=())


@dataclass(frozen=True)
class AskingReader:
    """Reads `by`, `within`, `self` and `then`."""

    roles: Groups
    approvers: str | None
    default_within: int | None  # what the file says for rules that do not
    default_remind: int | None  # the same
    reader: Reader
    checked: set[Route]  # which need not be looked at again

    def route(self, node: Node, entries: Held, effect: DecisionEffect | None, within: int | None) -> Route:
        """Who must sign; nobody where that is wrong, or the rule does not ask."""
        if effect is not DecisionEffect.APPROVE:
            for key in ("by", "self", "then"):
                self._misplaced(key, entries, effect)
            return _NOBODY
        seats = self._seats(node, entries)
        own_vote = "self" in entries and self.reader.one_of(entries["self"][1], "`self`", ("allowed",)) == "allowed"
        deadline = DEFAULT_WITHIN if within is None else within
        stand_ins = self._then(entries["then"][1], seats, deadline) if "then" in entries else ()
        route = Route(seats=seats, stand_ins=stand_ins, own_vote=own_vote)
        if "by" in entries:
            self._check(route, entries["by"][1], "`by`")
        else:
            self._check(route, entries[effect.value][0], "what the `approvers` sign")
        return route

    def within(self, entries: Held, effect: DecisionEffect | None) -> int | None:
        """Seconds to sign; None where neither the rule nor the file says."""
        if effect is not DecisionEffect.APPROVE:
            self._misplaced("within", entries, effect)
            return None
        return read_time(self.reader, entries["within"][1], "`within`") if "within" in entries else self.default_within

    def remind(self, entries: Held, effect: DecisionEffect | None, within: int | None) -> int | None:
        """Seconds before the deadline, at which people are reminded; None where neither the rule nor the file says."""
        if effect is not DecisionEffect.APPROVE:
            self._misplaced("remind", entries, effect)
            return None
        if "remind" not in entries:
            return self.default_remind
        remind = read_time(self.reader, entries["remind"][1], "`remind`")
        deadline = DEFAULT_WITHIN if within is None else within
        if remind is not None and remind >= deadline:
            message = f"`remind` must be less than the {spell_time(deadline)} in which they sign"
            self.reader.wrong(entries["remind"][1], message, "write less, or more for `within`")
        return remind

    def _misplaced(self, key: str, entries: Held, effect: DecisionEffect | None) -> None:
        if effect is not None and key in entries:
            message = f"`{key}` stands only in an approve rule, and this is {_a(effect)}"
            self.reader.report.error("effect", message, entries[key][0].span, "leave it out")

    def _seats(self, node: Node, entries: Held) -> tuple[Seat, ...]:
        if "by" in entries:
            return SeatReader(self.roles, self.reader, "`by`").seats(entries["by"][1])
        if self.approvers is None:
            hint = "write `by: ROLE` here, or `approvers: ROLE` at the top"
            self.reader.report.error("missing-key", "nobody is named who approves", node.span, hint)
            return ()
        return (Seat(self.approvers, 1),)

    def _then(self, node: Node, seats: tuple[Seat, ...], deadline: int) -> tuple[StandIn, ...]:
        """Who may fill *seats* as well after some time."""
        entries = self.reader.entries(node, "`then`")
        if entries is None:
            return ()
        meant = self.reader.check_keys(entries, "`then`", ("after", "ask"))
        for key, example in (("after", "after: 2h"), ("ask", "ask: finance")):
            if key not in entries and key not in meant:
                self.reader.report.error("missing-key", f"`then` needs `{key}`", node.span, f"write {example}")
        after = read_time(self.reader, entries["after"][1], "`after`") if "after" in entries else None
        asked = SeatReader(self.roles, self.reader, "`ask`", counted=False).seats(entries["ask"][1]) if "ask" in entries else ()
        if after is None or not asked or not seats:
            return ()
        if after >= deadline:
            message = f"`after` must be less than the {spell_time(deadline)} in which they sign"
            self.reader.wrong(entries["after"][1], message, "write less, or more for `within`")
        if len(seats) * len(asked) > MAX_STAND_INS:
            message = f"`then` opens {len(seats)} seats to {len(asked)} others: more than {MAX_STAND_INS:,} ways"
            self.reader.report.error("too-many", message, entries["ask"][1].span, "name fewer")
            return ()
        stand_ins = tuple(StandIn(seat.role, who.role, after) for seat in seats for who in asked if who.role != seat.role)
        if not stand_ins:
            self.reader.wrong(entries["ask"][1], "`ask` names only those who sign anyway", "name others, or leave `then` out")
        return stand_ins

    def _check(self, route: Route, node: Node, what: str) -> None:
        """Report seats that nobody can fill, and warn of those that stay empty where one certain person asks."""
        if route in self.checked or not all(members(seat.role, self.roles) for seat in route.seats):
            return  # a role without people was reported
        if not check_seats(self.reader, route.seats, self.roles, node, what):
            return
        self.checked.add(route)
        if not self.reader.report.failed and not route.own_vote and (people := indispensable_people(route, self.roles)):
            message = f"when {show_people(people)} asks, {what} cannot be signed: the requester's own vote does not count"
            self.reader.report.warning("seats", message, node.span, "add people, or let others stand in with `then`")


def check_seats(reader: Reader, seats: tuple[Seat, ...], roles: Groups, node: Node, what: str) -> bool:
    """Whether people of *roles*, which all have some, can fill *seats*; reported where not."""
    empty = empty_seats(seats, roles)
    if empty:
        count = sum(seat.count for seat in seats)
        message = f"{what} asks for {count} people, and only {count - empty} can sign: one person fills one seat"
        reader.report.error("seats", message, node.span, "name other roles, or add people to them")
    return not empty


def read_time(reader: Reader, node: Node, what: str) -> int | None:
    """Seconds, from a text such as 30m."""
    text = reader.text(node, what)
    if text is None:
        return None
    number, unit = read_whole(text[:-1]), _UNITS.get(text[-1:])
    if number is None or unit is None or not 1 <= number * unit <= MAX_WITHIN:
        message = f"{what} must be a time of at most 366 days, not {quote(text)}"
        reader.wrong(node, message, "write one such as 30m, 24h or 2d")
        return None
    return number * unit


def spell_time(seconds: int) -> str:
    """*seconds* as a file writes them: `24h`."""
    unit = next(unit for unit in ("h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def _a(effect: DecisionEffect) -> str:
    return f"{'an' if effect is DecisionEffect.ALLOW else 'a'} {effect} rule"
