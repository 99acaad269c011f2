"""A law of mutants: the short way in which they are tried finds what the honest way finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor
from signoff.actions import Action, Registry, bank_registry
from signoff.planner import ActionPlan
from signoff.policies import (
    Case,
    Context,
    DecisionEffect,
    Mutant,
    Policy,
    find_survivors,
    match_rules,
    mutants_of,
    parse_policy,
    with_mutant,
)
from signoff.policies.diagnostics import Span
from signoff.supposing import judge_case
from signoff.testing import PolicyFile, plans, policy_files
from signoff.trials import try_tests

from .hunting import assert_caught

BANK = bank_registry()
REGISTRY = Registry(*(BANK[type_] for type_ in ("transfer", "deposit", "check_balance")))  # few, as mutants compile for each
AMOUNTS: dict[str, st.SearchStrategy[Any]] = {
    "amount": st.sampled_from([Decimal(text) for text in ("100.00", "100.01", "150.00", "5.00")]),
    "currency": st.just("USD"),
}
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "transfer": AMOUNTS | {"to": st.sampled_from(["Alice", "Bob"])},
    "deposit": AMOUNTS,
}
COUNTED = """\
  - {id: split, approve: transfer, when: counters.sent > 150, by: manager}
  - {id: cap, deny: transfer, when: counters.sent >= 300, unless: counters.asked < 2}
  - {id: few, allow: "*", when: plan.size <= 3 or (has(currency) and 100 < counters.sent <= 5000)}
  - {id: some, allow: "*", when: has(amount) and amount <= 100}
counters:
  sent: {sum: amount, of: transfer, by: [currency], window: plan}
  asked: {count: "*", window: day, by: [actor.id]}
"""

Asked: TypeAlias = tuple[ActionPlan, bool, int, bool]  # a plan, whether the day is known, what was counted before, all expected
Tested: TypeAlias = tuple[PolicyFile, list[Asked]]

tested: st.SearchStrategy[Tested] = st.tuples(
    policy_files(REGISTRY, fields=FIELDS, max_rules=4),
    st.lists(
        st.tuples(plans(REGISTRY, fields=FIELDS, max_actions=4), st.booleans(), st.sampled_from([0, 1, 200]), st.booleans()),
        min_size=1,
        max_size=4,
    ),
)


@given(tested)
def test_the_short_way_is_the_honest_way(tested: Tested) -> None:
    """A mutant survives where, and only where, every test passes under the file with the mutant in the place of its rule."""
    policy = _policy(*tested)
    heard = match_rules(policy, try_tests(policy))
    short = {_named(mutant) for mutant in find_survivors(policy, heard).survivors}
    honest = {_named(mutant) for mutant in mutants_of(policy.document) if _survives(policy, mutant)}
    assert short == honest, f"{short ^ honest} are not what the honest way finds"


@given(tested)
def test_what_speaks_comes_to_what_is_decided(tested: Tested) -> None:
    """The rules that speak about an action come to the very decision that the policy makes."""
    policy = _policy(*tested)
    for speaking in match_rules(policy, try_tests(policy)):
        spoke = [(policy.document.rules[number], failed) for number, failed in sorted(speaking.rules.items())]
        matched = [rule for rule, failed in spoke if not (failed and rule.grants)]
        assert policy.combine(speaking.one.action, matched, [rule for rule, failed in spoke if failed]) == speaking.one.decision


def _never_fails(test: Callable[[Action, Context], bool], action: Action, context: Context) -> bool:
    try:
        return test(action, context)
    except Exception:
        return False


BUGS = {
    "a failing condition does not speak": ("answer_of", _never_fails),
    "only effects are looked at": ("is_expected", lambda case, place, decision: decision.effect is case.expect[place]),
    "a changed rule speaks always": ("compile_rule", lambda action, type_, rule, world: lambda action, context: True),
}


@pytest.mark.parametrize(("name", "wrong"), BUGS.values(), ids=BUGS.keys())
def test_the_law_finds_a_bug(name: str, wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a mistake in the short way, the law is broken."""
    monkeypatch.setattr(f"signoff.policies.mutation.{name}", wrong)
    assert_caught(test_the_short_way_is_the_honest_way, tested, "are not what the honest way finds")


def _policy(file: PolicyFile, asked: list[Asked]) -> Policy:
    """The policy with counters, and tests that expect what it decides."""
    source = file.source.decode().replace("rules: []\n", "rules:\n") + COUNTED
    policy = parse_policy(source.encode(), "policies.yaml", REGISTRY)
    return _with(policy, tests=tuple(_case(policy, *one) for one in asked))


def _case(policy: Policy, plan: ActionPlan, dated: bool, before: int, strict: bool) -> Case:
    case = Case(
        line=1,
        span=Span(0, 0),
        name="",
        actions=tuple(planned.action for planned in plan.actions),
        needs=tuple(planned.needs for planned in plan.actions),
        whole=len(plan.actions) > 1,
        actor=Actor(id="ann"),
        now=datetime(2026, 3, 2, 9, 30, tzinfo=UTC) if dated else None,
        request=None,
        contexts=(),
        disputed=before == 1,
        before={"sent": Decimal(before), "asked": Decimal(1)},
        expect=(DecisionEffect.ALLOW,) * len(plan.actions),
        rules=(),
        seats=None,
    )
    judged = judge_case(case, policy)
    expect = tuple(one.decision.effect for one in judged)
    if not strict or case.whole:
        return replace(case, expect=expect)
    decision = judged[0].decision
    return replace(case, expect=expect, rules=decision.rules, seats=decision.seats or None)


def _survives(policy: Policy, mutant: Mutant) -> bool:
    """Whether every test passes under a policy of its own for *mutant*."""
    other = Policy(
        name=policy.name,
        source=policy.source,
        digest=policy.digest,
        document=with_mutant(policy.document, mutant),
        warnings=(),
    )
    return all(trial.passed for trial in try_tests(other))


def _with(policy: Policy, tests: tuple[Case, ...]) -> Policy:
    document = replace(policy.document, tests=tests)
    return Policy(name=policy.name, source=policy.source, digest=policy.digest, document=document, warnings=())


def _named(mutant: Mutant) -> tuple[int, str]:
    return mutant.number, mutant.change
