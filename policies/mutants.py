"""Mutants: a file with one small mistake in one rule. Tests that do not notice it would not notice that mistake either."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from .content import Document
from .decision import PERSON, DecisionEffect, Seat
from .rule import Condition, Rule
from .shapes import shape_of_constant
from .syntax import Cash, Comparator, Expression, Number, Text, substitute
from .thresholds import Threshold, move, show_number, thresholds_of

_OTHER: dict[Comparator, Comparator] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A change of one rule."""

    number: int  # the place of the rule in the file, from 0
    rule: Rule
    other: Rule | None  # what stands in its place; None: nothing
    change: str  # in words: "`large-transfer` is dropped", "100 is 100.01 in `large-transfer`"

    @property
    def is_asked_anew(self) -> bool:
        """Whether the conditions are others, so that the rule may speak about other actions."""
        return self.other is not None and (self.other.when, self.other.unless) != (self.rule.when, self.rule.unless)


def mutants_of(document: Document) -> Iterator[Mutant]:
    """Every mutant of the file, rule after rule."""
    for number, rule in enumerate(document.rules):
        for change, other in _changes(rule, document):
            yield Mutant(number=number, rule=rule, other=other, change=change)


def with_mutant(document: Document, mutant: Mutant) -> Document:
    """The file's content with *mutant* in the place of its rule."""
    rules = document.rules
    changed = (mutant.other,) if mutant.other is not None else ()
    return replace(document, rules=(*rules[: mutant.number], *changed, *rules[mutant.number + 1 :]))


def _changes(rule: Rule, document: Document) -> Iterator[tuple[str, Rule | None]]:
    """Each mistake in words, with the rule that has it."""
    yield f"`{rule.id}` is dropped", None
    yield from _effects(rule, document)
    if rule.when:
        yield f"`{rule.id}` has no `when`", replace(rule, when=None)
    if rule.unless:
        yield f"`{rule.id}` has no `unless`", replace(rule, unless=None)
    yield from _moved(rule, document)
    yield from _seats(rule, document)


def _effects(rule: Rule, document: Document) -> Iterator[tuple[str, Rule]]:
    """The rule with the other effects; one that did not ask before asks the approvers, or else any role."""
    for effect in DecisionEffect:
        if effect is rule.effect:
            continue
        role = document.approvers or next((role for role, people in document.roles.items() if people), None)
        seats = (Seat(role, 1),) if effect is DecisionEffect.APPROVE and role else ()
        if seats or effect is not DecisionEffect.APPROVE:
            other = replace(rule, effect=effect, seats=seats, within=None, stand_ins=(), own_vote=False)
            yield f"`{rule.id}` becomes {effect}", other


def _seats(rule: Rule, document: Document) -> Iterator[tuple[str, Rule]]:
    """The rule with one person less of each seat; where only one person signs, somebody else."""
    for seat in rule.seats:
        others = tuple(other for other in rule.seats if other != seat)
        name = seat.role.removeprefix(PERSON)
        if seat.count > 1:
            fewer = tuple(sorted((*others, Seat(seat.role, seat.count - 1))))
            yield f"`{rule.id}` needs {seat.count - 1} of {name} instead of {seat.count}", replace(rule, seats=fewer)
        elif others:
            yield f"`{rule.id}` does not need {name}", replace(rule, seats=others)
        elif role := next((role for role, people in document.roles.items() if people and role != seat.role), None):
            yield f"`{rule.id}` needs {role} instead of {name}", replace(rule, seats=(Seat(role, 1),))


def _moved(rule: Rule, document: Document) -> Iterator[tuple[str, Rule]]:
    """The rule with each limit one step lower and higher, and with each comparison that takes the limit in, or leaves it out."""
    seen: set[Expression] = set()
    for threshold in thresholds_of(rule):
        unit = threshold.unit(document.currency)
        for by in (unit, -unit) if threshold.limit not in seen else ():
            if other := _other_limit(threshold, by, document.currency):
                yield f"{_moved_text(threshold, by, unit)} in `{rule.id}`", other
        seen.add(threshold.limit)
        place, comparators = threshold.place, threshold.comparison.comparators
        turned = _OTHER[comparators[place]]
        swapped = (*comparators[:place], turned, *comparators[place + 1 :])
        comparison = replace(threshold.comparison, comparators=swapped)
        excerpt = threshold.condition.excerpt
        text = f"`{threshold.text}` is `{excerpt(threshold.left)} {turned} {excerpt(threshold.right)}` in `{rule.id}`"
        yield text, _with(threshold, threshold.comparison, comparison)


def _other_limit(threshold: Threshold, by: Decimal, currency: str | None) -> Rule | None:
    """The rule with another limit; None where it would be none: no later day, or money in no currency."""
    limit = threshold.limit
    moved = move(limit, by)
    if isinstance(limit, Text) and isinstance(moved, Text) and moved.value == limit.value:
        return None
    if isinstance(limit, Number) and threshold.is_money and currency is None:
        return None
    return _with(threshold, limit, moved)


def _moved_text(threshold: Threshold, by: Decimal, unit: Decimal) -> str:
    limit = threshold.limit
    written = threshold.condition.excerpt(limit)
    match move(limit, by):
        case Number(value=value):
            return f"{written} is {show_number(value, Decimal(1) if value == int(value) else unit)}"
        case Cash(value=value, currency=currency):
            return f"{written} is {show_number(value, unit)} {currency}"
        case Text(value=text):
            return f'{written} is "{text}"'
    return f"`{written}` is `{written} {'-' if by < 0 else '+'} {show_number(abs(by), unit)}`"


def _with(threshold: Threshold, old: Expression, new: Expression) -> Rule:
    """The rule of *threshold* with *new* in the place of *old*."""
    made: dict[Expression, Expression] = {}
    condition = threshold.condition
    tree = substitute(condition.tree, old, new, made)
    shapes = {}
    for type_, known in condition.shapes.items():
        shapes[type_] = {**known, **{copy: known[node] for copy, node in made.items() if node in known}}
        if isinstance(new, Number | Cash):
            shapes[type_][new] = shape_of_constant(new)
    other = Condition(text=condition.text, tree=tree, shapes=shapes, source=condition.source)
    return replace(threshold.rule, when=other) if threshold.part == "when" else replace(threshold.rule, unless=other)
