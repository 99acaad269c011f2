"""Which rules speak about the actions of a file's tests, and which rules no test reaches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .compiler import Test, answer_of, compile_rule
from .policy import Policy
from .rule import Rule
from .trials import Judged, Trial


@dataclass(kw_only=True)
class RuleMatches:
    """An action of a test with every rule that speaks about it, also those that a stricter one leaves without effect."""

    trial: Trial
    place: int  # of the action in its test
    one: Judged
    rules: dict[int, bool] = field(default_factory=dict)  # by the rule's place in the file: whether its condition failed

    def matches(self, number: int, rule: Rule) -> bool:
        """Whether *rule*, at place *number*, counts as matched: one whose condition failed does on the strict side."""
        return number in self.rules and rule.counts(None if self.rules[number] else True)


@dataclass(frozen=True, kw_only=True)
class RuleCoverage:
    """How far the tests try one rule."""

    rule: Rule
    behind: int  # tests with a decision that it is behind
    matched: int  # tests in which it matches, also where a stricter rule decides
    untried: tuple[str, ...]  # action types that it names, and for which it is behind no decision


def match_rules(policy: Policy, trials: Sequence[Trial]) -> tuple[RuleMatches, ...]:
    """Every action of *trials*, with the rules that speak about it."""
    heard = [RuleMatches(trial=trial, place=place, one=one) for trial in trials for place, one in enumerate(trial.judged)]
    by_type: dict[str, list[RuleMatches]] = {}
    for speaking in heard:
        by_type.setdefault(speaking.one.action.type, []).append(speaking)
    for type_, same in by_type.items():
        action = policy.document.types[type_]
        for number, rule in enumerate(policy.document.rules):
            if type_ in rule.types:
                _ask(number, compile_rule(action, type_, rule, policy.world), same)
    return tuple(heard)


def _ask(number: int, test: Test, heard: Iterable[RuleMatches]) -> None:
    for speaking in heard:
        answer = answer_of(test, speaking.one.action, speaking.one.context)
        if answer is not False:
            speaking.rules[number] = answer is None


def cover_rules(policy: Policy, heard: Sequence[RuleMatches]) -> tuple[RuleCoverage, ...]:
    """How far the tests try each rule, in the file's order."""
    behind: dict[str, list[RuleMatches]] = {}
    for speaking in heard:
        for id_ in speaking.one.decision.rules:
            behind.setdefault(id_, []).append(speaking)
    matched: dict[int, set[int]] = {}
    for speaking in heard:
        for number in speaking.rules:
            if speaking.matches(number, policy.document.rules[number]):
                matched.setdefault(number, set()).add(id(speaking.trial))
    return tuple(
        _use(rule, behind.get(rule.id, []), len(matched.get(number, ()))) for number, rule in enumerate(policy.document.rules)
    )


def _use(rule: Rule, behind: Sequence[RuleMatches], matched: int) -> RuleCoverage:
    tried = {speaking.one.action.type for speaking in behind}
    named = () if "*" in rule.actions or not behind else rule.types
    return RuleCoverage(
        rule=rule,
        behind=len({id(speaking.trial) for speaking in behind}),
        matched=matched,
        untried=tuple(type_ for type_ in named if type_ not in tried),
    )
