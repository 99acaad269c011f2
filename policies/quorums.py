"""Who asks for what nobody else can sign, beside `by`: of `approvers` and the `default`, and of rules that match together."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from signoff.actions import Action

from .condition_regions import RegionReader
from .content import Document
from .covering import may_meet
from .decision import DecisionEffect, Seat
from .diagnostics import Report
from .routes import Route, combine_routes, empty_seats, indispensable_people, show_people
from .rule import Rule

MAX_ROUTES = 50  # different ones that are put together in pairs


def warn_of_quorums(document: Document, reading: Mapping[str, RegionReader], report: Report) -> None:
    """Warn of seats that stay empty where one certain person asks, and of those that several rules ask for together."""
    for key, what, route in _routes(document):
        people = indispensable_people(route, document.roles)
        if people:
            message = f"when {show_people(people)} asks, {what} cannot be signed: the requester's own vote does not count"
            report.warning("seats", message, document.places.get(key), "add people to the role")
    _warn_of_pairs(document, reading, report)


def _routes(document: Document) -> Iterator[tuple[str, str, Route]]:
    """What is asked for by no `by` of a rule: the key that says who signs, what for, and who."""
    if document.default is not None:
        yield "default", "what no allow rule speaks for", Route(seats=(document.default,))
    if document.approvers is not None and any(action.caution is not Action.caution for action in document.types.values()):
        yield "approvers", "what asks for approval by itself", Route(seats=(Seat(document.approvers, 1),))


def _route(rule: Rule) -> Route:
    return Route(seats=rule.seats, stand_ins=rule.stand_ins, own_vote=rule.own_vote)


def _warn_of_pairs(document: Document, reading: Mapping[str, RegionReader], report: Report) -> None:
    """Warn of rules whose seats can be filled, though not together with those of another rule, or of the default."""
    asking: dict[tuple[Route, tuple[str, ...]], Rule] = {}
    for rule in document.rules:
        if rule.effect is DecisionEffect.APPROVE and len(asking) < MAX_ROUTES:
            asking.setdefault((_route(rule), rule.types), rule)
    for one, other in combinations(asking.values(), 2):
        short = _too_few(document, _route(one), _route(other))
        if short and may_meet(one, other, reading):
            message = f"where {one.id} and {other.id} both match, {short}"
            report.warning("seats", message, other.span, "add people, or name other roles")
    granted = {type_ for rule in document.rules if _always_allows(rule) for type_ in rule.types}
    default = [Route(seats=(seat,)) for seat in (document.default,) if seat]
    for rule in asking.values() if default else ():
        short = _too_few(document, _route(rule), *default)
        if short and not granted.issuperset(rule.types):
            message = f"where {rule.id} matches and no allow rule does, {short}: the `default` asks as well"
            report.warning("seats", message, rule.span, "add people, or name other roles")


def _too_few(document: Document, *routes: Route) -> str:
    """How many must sign for all of *routes*, and how many can; empty where enough can."""
    together = combine_routes(routes)
    count = sum(seat.count for seat in together.seats)
    empty = empty_seats(together.seats, document.roles, together.stand_ins)
    return f"{count} people must sign, and only {count - empty} can" if empty else ""


def _always_allows(rule: Rule) -> bool:
    return rule.effect is DecisionEffect.ALLOW and not (rule.when or rule.unless)
