"""Rules that can never decide anything: their condition is never met, or another rule, as strict or stricter, always is then.

Without such a rule no decision is another one: neither its effect nor its seats, its deadline, whose votes count and who
may stand in. A deny or approve rule also counts where its condition fails, and so do the rules that cover it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .condition_regions import RegionReader
from .content import Document
from .decision import DecisionEffect, StandIn
from .regions import ALWAYS, Effort, Regions, Space, TooComplex, TruthRegions, Variable
from .rule import Rule
from .value_sets import Words
from .world import World

MAX_KEYS = 64  # texts under which one rule is found

Counting: TypeAlias = Mapping[str, Regions]  # by action type: where a rule counts as matched
Key: TypeAlias = tuple[Variable, str] | None  # one text that a variable must be; None: no such text

_COVERING = {
    DecisionEffect.ALLOW: (DecisionEffect.DENY, DecisionEffect.ALLOW),
    DecisionEffect.APPROVE: (DecisionEffect.DENY, DecisionEffect.APPROVE),
    DecisionEffect.DENY: (DecisionEffect.DENY,),
}


@dataclass(frozen=True)
class Idle:
    """A rule that decides nothing."""

    rule: Rule
    cover: Rule | None  # which always counts where it does; None: it never does


def readings(document: Document, effort: Effort) -> dict[str, RegionReader]:
    """What reads conditions, by action type."""
    world = World(currency=document.currency, lists=document.lists, roles={}, tables=document.tables, counters=document.counters)
    return {type_: RegionReader(action.fields, world, Space(effort)) for type_, action in document.types.items()}


def idle_rules(rules: Sequence[Rule], reading: Mapping[str, RegionReader], effort: Effort) -> Iterator[Idle]:
    """Those of *rules* that decide nothing, from the last one on, so that of two that cover each other the first one stays.

    Raises OutOfEffort where there is too much to compare.
    """
    counting = {rule.id: found for rule in rules if (found := counts(rule, reading)) is not None}
    kept: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in counting and not any(counting[rule.id].values()):
            yield Idle(rule, None)
        elif rule.id in counting:
            kept[rule.id] = rule
    index = _Index(reading, counting, effort)
    for rule in kept.values():
        index.add(rule)
    for rule in reversed(list(kept.values())):
        cover = next((other for other in index.candidates(rule) if index.covers(other, rule)), None)
        if cover is not None:
            index.gone.add(rule.id)
            yield Idle(rule, cover)


def may_meet(one: Rule, other: Rule, reading: Mapping[str, RegionReader]) -> bool:
    """Whether two rules may count for the same action, as far as that is known. Raises OutOfEffort."""
    first, second = counts(one, reading), counts(other, reading)
    shared = [type_ for type_ in one.types if type_ in other.types]
    try:
        return first is None or second is None or any(reading[type_].space.met(first[type_], second[type_]) for type_ in shared)
    except TooComplex:
        return True


def counts(rule: Rule, reading: Mapping[str, RegionReader]) -> Counting | None:
    """Where *rule* counts as matched, by action type; None where its conditions have too many regions."""
    try:
        return {type_: _counts(rule, type_, reading[type_]) for type_ in rule.types}
    except TooComplex:
        return None


def _counts(rule: Rule, type_: str, reading: RegionReader) -> Regions:
    met = TruthRegions(true=ALWAYS)
    if rule.when:
        met = reading.outcomes(rule.when.tree, rule.when.shapes[type_])
    if rule.unless:
        met = reading.space.both(met, reading.outcomes(rule.unless.tree, rule.unless.shapes[type_]).negated)
    return met.true if rule.effect is DecisionEffect.ALLOW else reading.space.either(met.true, met.failed)


@dataclass
class _Index:
    """Rules by what they ask for, so that those keyed by a text are compared with those that ask for the same one only."""

    reading: Mapping[str, RegionReader]
    counting: Mapping[str, Counting]
    effort: Effort
    gone: set[str] = field(default_factory=set)  # ids of rules that decide nothing, which cover none
    _held: dict[tuple[DecisionEffect, str, Key], list[Rule]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rule: Rule) -> None:
        for type_ in rule.types:
            for key in self._keys(self.counting[rule.id][type_], self.reading[type_].space):
                self._held[rule.effect, type_, key].append(rule)

    def _keys(self, regions: Regions, space: Space) -> Sequence[Key]:
        """The texts one of which every region asks for; where they are many, or there are none, the rule has no key."""
        for variable, first in regions[0].items() if regions else ():
            held = [region.get(variable) for region in regions]
            if not isinstance(first, Words) or not all(isinstance(words, Words) and not words.others for words in held):
                continue
            texts = frozenset(text for words in held if isinstance(words, Words) for text in words.texts)
            if len(texts) <= MAX_KEYS and space.domains[variable] != Words(texts):
                return [(variable, text) for text in sorted(texts)]
        return [None]

    def candidates(self, rule: Rule) -> Iterator[Rule]:
        """Rules that may cover *rule*, the strictest first."""
        type_, regions = next((type_, regions) for type_, regions in self.counting[rule.id].items() if regions)
        keys: list[Key] = [None]
        for variable, words in regions[0].items():
            if isinstance(words, Words) and not words.others:
                keys.append((variable, min(words.texts)))
        for effect in _COVERING[rule.effect]:
            for key in keys:
                yield from self._held.get((effect, type_, key), ())

    def covers(self, cover: Rule, rule: Rule) -> bool:
        """Whether *rule* decides nothing beside *cover*."""
        self.effort.spend()
        if cover is rule or cover.id in self.gone:
            return False
        if cover.effect is rule.effect is DecisionEffect.APPROVE and not _asks_no_less(cover, rule):
            return False
        covering = self.counting[cover.id]
        return all(
            not regions or (type_ in covering and self.reading[type_].space.covers(covering[type_], regions))
            for type_, regions in self.counting[rule.id].items()
        )


def _asks_no_less(cover: Rule, rule: Rule) -> bool:
    """Whether all that *rule* asks of who signs is asked by *cover*, too."""
    counts = {seat.role: seat.count for seat in cover.seats}
    return (
        all(counts.get(seat.role, 0) >= seat.count for seat in rule.seats)
        and cover.deadline <= rule.deadline
        and (rule.own_vote or not cover.own_vote)
        and all(_lets_in(cover.stand_ins, rule.stand_ins, seat.role) for seat in rule.seats)
    )


def _lets_in(cover: Sequence[StandIn], others: Sequence[StandIn], role: str) -> bool:
    """Whether whoever may stand in for *role* by *cover* may by *others* as well, and no later."""
    after = {one.who: one.after for one in others if one.role == role}
    return all(one.who in after and after[one.who] <= one.after for one in cover if one.role == role)
