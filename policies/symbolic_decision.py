"""What becomes of any action of one type under a policy, as truths over symbols: what `Policy.decide` says of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .comparing import Reading
from .decision import DEFAULT_WITHIN, DecisionEffect, Seat
from .encoding import Encoding
from .invariants import Invariant
from .logic import Truth, every, negate, some
from .people import is_id
from .policy import Policy
from .rule import Condition, Rule
from .samples import sample_texts
from .symbols import Symbols
from .syntax import Entry, Keys, Listed, Predicate, Text, Texts, walk
from .tables import Table
from .world import fold


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What an action gets; one of them is true."""

    deny: Truth
    approve: Truth
    allow: Truth

    def __getitem__(self, effect: DecisionEffect) -> Truth:
        return {DecisionEffect.DENY: self.deny, DecisionEffect.APPROVE: self.approve, DecisionEffect.ALLOW: self.allow}[effect]


@dataclass(frozen=True)
class Judging:
    """The decisions of one policy about actions of one type."""

    policy: Policy
    symbols: Symbols
    encoding: Encoding
    groups: dict[tuple[object, ...], "Group"] = field(default_factory=dict)  # of rules, by what they have in common

    @classmethod
    def of(cls, policy: Policy, symbols: Symbols, number: int = 0) -> "Judging":
        """For one of several policies that share *symbols*."""
        document = policy.document
        reading = Reading(fields=symbols.action.fields, counters=document.counters, currency=document.currency)
        return cls(policy, symbols, Encoding(symbols=symbols, world=policy.world, reading=reading, number=number))

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Those that speak for the type."""
        return rules_for(self.policy, self.symbols.type_)

    @cached_property
    def effects(self) -> Effects:
        """What an action gets."""
        return self.effects_without(None)

    def effects_without(self, rule: Rule | None) -> Effects:
        """What an action would get if the file had not *rule*."""
        denied, asking, granted = (self._any_of(effect, rule) for effect in DecisionEffect)
        default, caution = self.policy.document.default, self.symbols.caution
        unsigned = False if self.policy.approvers is not None else caution
        deny = some(denied, negate(granted) if default is None else False, unsigned)
        free = every(granted, negate(asking), negate(caution))
        return Effects(deny=deny, approve=every(negate(deny), negate(free)), allow=every(negate(deny), free))

    def _any_of(self, effect: DecisionEffect, without: Rule | None) -> Truth:
        """Whether a rule of *effect* counts as matched."""
        return self._any((effect,), lambda rule: rule.effect is effect, without)

    def _any(self, key: tuple[object, ...], chosen: Callable[[Rule], bool], without: Rule | None) -> Truth:
        """Whether one of the rules *chosen*, which *key* names, counts as matched; *without* is left out."""
        if key not in self.groups:
            matches = {rule.id: self.encoding.matches(rule) for rule in self.rules if chosen(rule)}
            self.groups[key] = Group(matches, self.symbols)
        return self.groups[key].without(without.id) if without else self.groups[key].whole

    def asks_for(self, seat: Seat, without: Rule | None = None) -> Truth:
        """Whether an approval needs *seat*, or more of it."""
        covered = self._any(("seat", seat), lambda rule: any(_covers(one, seat) for one in rule.seats), without)
        default, approvers = self.policy.document.default, self.policy.approvers
        ungranted = default is not None and _covers(default, seat) and negate(self._any_of(DecisionEffect.ALLOW, without))
        careful = approvers is not None and _covers(Seat(approvers, 1), seat) and self.symbols.caution
        return some(covered, ungranted, careful)

    def violates(self, invariant: Invariant) -> Truth:
        """Whether an action gets what it never may. A `when` that fails counts as true, a failing `unless` as false."""
        when = self.encoding.asked(invariant.when, otherwise=True)
        unless = self.encoding.asked(invariant.unless, otherwise=False)
        meant = every(some(when.holds, when.fails), some(negate(unless.holds), unless.fails))
        signed = every(*(self.asks_for(seat) for seat in invariant.without)) if invariant.without else False
        return every(meant, self.effects[invariant.effect], negate(signed))

    def matters(self, rule: Rule) -> Truth:
        """Whether an action gets something else without *rule*: another effect, or others who sign, or another time to sign."""
        without = self.effects_without(rule)
        effects = some(*(every(self.effects[effect], negate(without[effect])) for effect in DecisionEffect))
        route = every(self.effects.approve, without.approve, self._changes_route(rule))
        return every(self.encoding.matches(rule), some(effects, route))  # the first follows, and is quick to work from

    def _changes_route(self, rule: Rule) -> Truth:
        """Whether *rule*, which matches, asks for more than the rest do. What stands in for whom is not encoded: it may be."""
        if rule.effect is not DecisionEffect.APPROVE:
            return False
        if any(one.stand_ins for one in self.rules):
            return True
        document = self.policy.document
        ungranted = document.default is not None and negate(self._any_of(DecisionEffect.ALLOW, rule))
        others = some(ungranted, self.symbols.caution)
        soon = self._any(("within", rule.deadline), lambda one: _asks(one) and one.deadline <= rule.deadline, rule)
        soon = some(soon, (document.within or DEFAULT_WITHIN) <= rule.deadline and others)
        strict = some(others, self._any(("strict",), lambda one: _asks(one) and not one.own_vote, rule))
        seats = some(*(negate(self.asks_for(seat, rule)) for seat in rule.seats))
        return some(seats, negate(soon), not rule.own_vote and negate(strict))


@dataclass(frozen=True)
class Group:
    """Some rules, by their ids: whether each counts as matched."""

    matches: Mapping[str, Truth]
    symbols: Symbols

    @cached_property
    def whole(self) -> Truth:
        """Whether one of them does."""
        return some(*self.matches.values())

    def without(self, id_: str) -> Truth:
        """Whether one of the others does: one before it, or one behind it."""
        if id_ not in self.matches:
            return self.whole
        return some(self._before[id_], self._behind[id_])

    @cached_property
    def _before(self) -> Mapping[str, Truth]:
        return self._so_far(list(self.matches.items()))

    @cached_property
    def _behind(self) -> Mapping[str, Truth]:
        return self._so_far(list(self.matches.items())[::-1])

    def _so_far(self, matches: Sequence[tuple[str, Truth]]) -> dict[str, Truth]:
        """For each rule whether one that comes first does: each built on the one before, so that all are no more than a few."""
        found: dict[str, Truth] = {}
        any_: Truth = False
        for id_, match in matches:
            found[id_] = any_
            any_ = self.symbols.named(some(any_, match))
        return found


def _asks(rule: Rule) -> bool:
    return rule.effect is DecisionEffect.APPROVE


def _covers(one: Seat, other: Seat) -> bool:
    return one.role == other.role and one.count >= other.count


def rules_for(policy: Policy, type_: str) -> tuple[Rule, ...]:
    """The rules that speak for an action type."""
    return tuple(rule for rule in policy.document.rules if type_ in rule.types)


def symbols_for(type_: str, *policies: Policy) -> Symbols:
    """Symbols for actions of one type that the rules of several policies are asked about."""
    named: dict[str, str] = {}
    people = [person for policy in policies for held in policy.roles.values() for person in held]
    texts = [text for policy in policies for text in _named(policy, type_)]
    for text in (*texts, *people):
        named.setdefault(fold(text), text)
    ids = tuple(dict.fromkeys(text for text in (*people, *texts) if is_id(text)))
    return Symbols(type_=type_, action=policies[0].document.types[type_], texts=tuple(named.values()), ids=ids)


def _named(policy: Policy, type_: str) -> Iterator[str]:
    """The texts that a policy's rules and invariants for one type ask for, some that match its patterns, and its roles."""
    for condition in conditions_for(policy, type_):
        patterns = {node.right for node in walk(condition.tree) if isinstance(node, Predicate) and node.operator == "matches"}
        for node in walk(condition.tree):
            match node:
                case Text(value=text):
                    yield from sample_texts(text) if node in patterns else (text,)
                case Texts(values=texts):
                    yield from texts
                case Listed(name=name):
                    yield from policy.lists[name]
                case Keys(name=name) | Entry(table=name):
                    yield from _held(policy.tables[name])
    yield from policy.roles


def _held(table: Table) -> Iterator[str]:
    yield from table.keys
    for column in table.columns.values():
        yield from (cell for cell in column.cells.values() if isinstance(cell, str))


def conditions_for(policy: Policy, type_: str) -> Iterator[Condition]:
    """The conditions of all rules and invariants that speak for an action type."""
    speaking: list[Rule | Invariant] = [*policy.document.rules, *policy.document.invariants]
    for one in speaking:
        if type_ in one.types:
            yield from one.conditions
