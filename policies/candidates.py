"""Searching for situations that two policies decide otherwise: directed at the rules that differ, and bounded."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from math import prod
from random import Random
from typing import TypeAlias

from .changes import PolicyChange
from .consequences import Consequence
from .decision import DecisionEffect
from .everyday import first_situation
from .policy import Policy
from .probing import Probes
from .rule import Rule
from .situations import PartValue, Situation
from .touched import Pair, touched_pairs, touches_default

MAX_COMBINED = 400  # situations in which the parts that one rule reads are tried together
MAX_STARTS = 12  # situations in which a rule matches otherwise and nothing comes of it, because others decide
MAX_SHOWN = 2  # situations that are decided otherwise, in which everything else is tried, too: there may be other ways
MAX_OTHERS = 250  # situations for each of these
MAX_LED = 300  # situations that are tried to lead one rule out of the way, or to have one match
MAX_KEPT = 4  # of those that are gone on from
MAX_GOALS = 8  # rules of which one is led out of the way
MAX_DEPTH = 5  # rules that are led out of the way one after the other
MIN_SHARE = 48  # situations for each rule that differs, however many do
MAX_RANDOM = 300  # situations in which everything that any rule reads is tried together, at random

Candidates: TypeAlias = Callable[[Policy, Policy, str, PolicyChange, int], Iterator[Situation]]
Goal: TypeAlias = tuple[Policy, Rule, bool]  # a rule of a policy, and whether it shall match


def probe_candidates(old: Policy, new: Policy, type_: str, change: PolicyChange, most: int) -> Iterator[Situation]:
    """Situations of one action type that may be decided otherwise by *new* than by *old*, *most* of them at most.

    What a prover finds can stand in its place, or come before it: whoever takes candidates decides each of them.
    """
    base = first_situation(type_, new)
    pairs = touched_pairs(old, new, type_, change)
    default = touches_default(old, new, change)
    if base is None or not (pairs or default):
        return
    share = max(MIN_SHARE, most // (len(pairs) + 1))
    search = _Search(old=old, new=new, type=type_, base=base)
    yield base
    for pair in pairs:
        search.left = share
        yield from islice(search.around(pair, share), share)
    if default:
        search.left = share
        yield from islice(search.unspoken(), share)
    yield from search.anywhere()


def vary(probes: Probes, parts: Iterable[str], situation: Situation, most: int, seed: int = 0) -> Iterator[Situation]:
    """*situation* with other values of *parts*: all together, or where these are too many one at a time, then at random."""
    parts = tuple(parts)
    values = {part: probes.values(part, situation) for part in parts}
    if prod(len(values[part]) + 1 for part in parts) <= most:
        yield from _all_together(probes, parts, situation)
        return
    singles = [(part, value) for part in parts for value in values[part][: max(1, most // (2 * len(parts)))]]
    for part, value in singles:
        if (single := situation.changed(part, value)) is not None:
            yield single
    random = Random(seed)  # the same every time: no secret is made of it
    for _ in range(most - len(singles)):
        changed = situation
        for part in parts:
            options = probes.values(part, changed)
            if options and random.random() < 0.8:
                changed = changed.changed(part, random.choice(options)) or changed
        yield changed


def _all_together(probes: Probes, parts: tuple[str, ...], situation: Situation) -> Iterator[Situation]:
    if not parts:
        yield situation
        return
    yield from _all_together(probes, parts[1:], situation)
    for value in probes.values(parts[0], situation):
        if (changed := situation.changed(parts[0], value)) is not None:
            yield from _all_together(probes, parts[1:], changed)


@dataclass(kw_only=True)
class _Search:
    old: Policy
    new: Policy
    type: str
    base: Situation
    left: int = 0  # situations that may still be tried to lead others out of the way
    _probes: dict[tuple[int, ...], Probes] = field(default_factory=dict)

    def around(self, pair: Pair, most: int) -> Iterator[Situation]:
        """Situations in which a pair of rules matches otherwise, and nothing else keeps that from counting; about *most*."""
        probes = self._probes_of([pair.old], [pair.new])
        starts: dict[tuple[bool, bool, bool], list[Situation]] = {}
        for situation in vary(probes, probes.parts, self.base, min(MAX_COMBINED, most * 3 // 4)):
            yield situation
            how = (*self._matching(pair, situation), self._differs(situation))
            if self._matters(pair, how[:2]):
                starts.setdefault(how, []).append(situation)
        for how, same in starts.items():
            for start in same[:MAX_SHOWN] if how[2] else ():
                yield from self._others(start, min(MAX_OTHERS, most // 8))
            for start in same[: MAX_STARTS // len(starts) + 1]:
                yield from self._lead(start, lambda one: self._matters(pair, self._matching(pair, one)), pair, (), MAX_DEPTH)

    def unspoken(self) -> Iterator[Situation]:
        """Situations for which no allow rule speaks."""
        yield from self._lead(self.base, lambda one: True, None, (), MAX_DEPTH + len(self._allowing))

    def anywhere(self) -> Iterator[Situation]:
        """Everything that any rule reads, tried together at random."""
        yield from self._others(self.base, MAX_RANDOM)

    def _others(self, start: Situation, most: int) -> Iterator[Situation]:
        """*start* with other values of whatever any rule reads: one part at a time at first, then several at random."""
        if not self._values:
            return
        singles = [(part, value) for part, values in self._values.items() for value in values[: most // (2 * len(self._values))]]
        changes: list[Situation | None] = [start.changed(part, value) for part, value in singles]
        yield from (changed for changed in changes if changed is not None)
        random = Random(most)
        for _ in range(most - len(singles)):
            changed = start
            for part, options in self._values.items():
                if options and random.random() < 0.5:
                    changed = changed.changed(part, random.choice(options)) or changed
            yield changed

    def _lead(
        self, start: Situation, wanted: Callable[[Situation], bool], pair: Pair | None, kept: tuple[Goal, ...], depth: int
    ) -> Iterator[Situation]:
        """Go on from *start*, in which something would count but for other rules: one after the other is led out of the way.

        *wanted* must stay true, and so must what was reached before. Ends with the first situation that is decided otherwise.
        """
        if depth == 0 or self.left <= 0 or self._differs(start):
            return
        for goal in self._in_the_way(start, pair):
            if self.left <= 0:
                return
            for reached in islice(self._reach(start, goal, wanted, pair, kept), MAX_KEPT):
                yield reached
                if self._differs(reached):
                    return
                yield from self._lead(reached, wanted, pair, (*kept, goal), depth - 1)

    def _in_the_way(self, situation: Situation, pair: Pair | None) -> list[Goal]:
        """What would have to match, or not to match, for another decision."""
        own = pair.ids if pair else frozenset[str]()
        goals: dict[tuple[str, bool], Goal] = {}
        for policy in (self.old, self.new):
            rules = self._rules[id(policy)]
            decision = situation.decided_by(policy)
            behind = [rules[id_] for id_ in decision.rules if id_ in rules and id_ not in own]
            if pair is None:
                behind += [rule for rule in policy.document.rules if self._is_granting(policy, rule, situation)]
            goals |= {(rule.id, False): (policy, rule, False) for rule in behind}
            if pair is not None and decision.effect is DecisionEffect.DENY and not decision.rules:
                allowing = [one for one in policy.document.rules if one in self._allowing and one.id not in own]
                goals |= {(rule.id, True): (policy, rule, True) for rule in allowing}
        return list(goals.values())[:MAX_GOALS]

    def _reach(
        self,
        start: Situation,
        goal: Goal,
        wanted: Callable[[Situation], bool],
        pair: Pair | None,
        kept: tuple[Goal, ...],
    ) -> Iterator[Situation]:
        """Situations like *start* in which *goal* is reached, and everything from before still holds."""
        goals = (goal, *kept)
        asked = [[rule for policy, rule, _ in goals if policy is whose] for whose in (self.old, self.new)]
        probes = self._probes_of([*asked[0], pair.old if pair else None], [*asked[1], pair.new if pair else None])
        own = [[goal[1]] if goal[0] is whose else [] for whose in (self.old, self.new)]
        for changed in islice(vary(probes, self._probes_of(*own).parts, start, MAX_LED), self.left):
            self.left -= 1
            if all(_speaks(policy, rule, changed) is there for policy, rule, there in (goal, *kept)) and wanted(changed):
                yield changed

    def _probes_of(self, old: Iterable[Rule | None], new: Iterable[Rule | None]) -> Probes:
        chosen = [[rule for rule in rules if rule is not None] for rules in (old, new)]
        key = tuple(id(rule) for rules in chosen for rule in (*rules, None))
        if key not in self._probes:
            self._probes[key] = Probes.of(self.type, [self.old, self.new], chosen)
        return self._probes[key]

    def _matching(self, pair: Pair, situation: Situation) -> tuple[bool, bool]:
        old = pair.old is not None and _speaks(self.old, pair.old, situation)
        return old, pair.new is not None and _speaks(self.new, pair.new, situation)

    def _matters(self, pair: Pair, how: tuple[bool, bool]) -> bool:
        return how[0] is not how[1] or (pair.asks and all(how))

    def _differs(self, situation: Situation) -> bool:
        old, new = (Consequence.of(situation.decided_by(policy), policy) for policy in (self.old, self.new))
        return old != new

    def _is_granting(self, policy: Policy, rule: Rule, situation: Situation) -> bool:
        return rule in self._allowing and _speaks(policy, rule, situation)

    @cached_property
    def _values(self) -> dict[str, list[PartValue]]:
        """What all rules for the type tell apart, by part."""
        probes = Probes.of(self.type, [self.old, self.new])
        return {part: probes.values(part, self.base) for part in probes.parts}

    @cached_property
    def _rules(self) -> dict[int, dict[str, Rule]]:
        return {id(policy): {rule.id: rule for rule in policy.document.rules} for policy in (self.old, self.new)}

    @cached_property
    def _allowing(self) -> list[Rule]:
        rules = (*self.old.document.rules, *self.new.document.rules)
        return [rule for rule in rules if rule.effect is DecisionEffect.ALLOW and self.type in rule.types]


def _speaks(policy: Policy, rule: Rule, situation: Situation) -> bool:
    """Whether *rule* counts; one that fails does where that is the stricter way."""
    return rule.counts(policy.matches(rule.id, situation.action, situation.context(policy)))
