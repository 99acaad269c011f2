"""Survivors: mutants that no test of the file notices.

A mutant changes one rule, and what the tests decide is known: so only what that rule says is asked anew, and what it
comes to is combined with what the others said. The actions of a plan count for those after them unless they are denied;
a test that passes expects of each action what was decided. So where the same are denied, everybody after them reads the
same, and where not, the mutant is noticed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .compiler import answer_of, compile_rule
from .mutants import Mutant, mutants_of
from .policy import Policy
from .rule import Rule
from .rule_coverage import RuleMatches
from .trials import is_expected

MAX_MUTANTS = 20_000  # of one file that are tried
MAX_ASKED = 4_000_000  # times that a changed rule is asked about an action


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """How many mutants the tests notice."""

    noticed: int
    survivors: tuple[Mutant, ...]
    left_out: int  # that were too many to try

    @property
    def tried(self) -> int:
        """How many were tried."""
        return self.noticed + len(self.survivors)


@dataclass(kw_only=True)
class _Hunt:
    """Tries mutants of one policy on the actions of its tests, all of which pass."""

    policy: Policy
    by_type: dict[str, list[RuleMatches]]
    by_rule: dict[int, list[RuleMatches]]
    asked: int = 0

    def notices(self, mutant: Mutant) -> bool:
        """Whether a test fails with *mutant*."""
        if not mutant.is_asked_anew or mutant.other is None:
            heard = self.by_rule.get(mutant.number, ())
            self.asked += len(heard)
            return any(self._differs(mutant, speaking, speaking.rules[mutant.number]) for speaking in heard)
        return any(self._notices(mutant, mutant.other, type_) for type_ in mutant.other.types if type_ in self.by_type)

    def _notices(self, mutant: Mutant, other: Rule, type_: str) -> bool:
        """The same for a changed condition, and the actions of one type."""
        test = compile_rule(self.policy.document.types[type_], type_, other, self.policy.world)
        for speaking in self.by_type[type_]:
            self.asked += 1
            answer = answer_of(test, speaking.one.action, speaking.one.context)
            failed = None if answer is False else answer is None
            if failed != speaking.rules.get(mutant.number) and self._differs(mutant, speaking, failed):
                return True
        return False

    def _differs(self, mutant: Mutant, speaking: RuleMatches, failed: bool | None) -> bool:
        """Whether what is decided about an action is not what its test expects; *failed*: None where the rule does not speak."""
        spoken = {**speaking.rules, mutant.number: failed}
        rules: dict[int, Rule | None] = {number: self.policy.document.rules[number] for number in spoken}
        rules[mutant.number] = mutant.other
        spoke = [(rule, spoken[number]) for number, rule in sorted(rules.items()) if rule is not None]
        matched = [rule for rule, failed in spoke if failed is not None and rule.counts(None if failed else True)]
        decision = self.policy.combine(speaking.one.action, matched, [rule for rule, failed in spoke if failed])
        return not is_expected(speaking.trial.case, speaking.place, decision)


def find_survivors(policy: Policy, heard: Sequence[RuleMatches]) -> Mutation:
    """Try every mutant of *policy* on the actions of its tests, all of which must pass."""
    hunt = _Hunt(policy=policy, by_type={}, by_rule={})
    for speaking in heard:
        hunt.by_type.setdefault(speaking.one.action.type, []).append(speaking)
        for number in speaking.rules:
            hunt.by_rule.setdefault(number, []).append(speaking)
    return _hunt(hunt, mutants_of(policy.document))


def _hunt(hunt: _Hunt, mutants: Iterable[Mutant]) -> Mutation:
    noticed, left_out = 0, 0
    survivors: list[Mutant] = []
    for mutant in mutants:
        if noticed + len(survivors) >= MAX_MUTANTS or hunt.asked >= MAX_ASKED:
            left_out += 1
        elif hunt.notices(mutant):
            noticed += 1
        else:
            survivors.append(mutant)
    return Mutation(noticed=noticed, survivors=tuple(survivors), left_out=left_out)
