"""Laws over generated policies and actions: the compiled policy and the plain reading of its rules agree."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.actions import Action, Registry
from signoff.policies import DecisionEffect, compare_policies, compiler, parse_policy
from tests.policies.oracle import DEFAULTS, START, STRICTNESS, Case, Drawn, cases, expected, load, rules


@settings(max_examples=500, deadline=None)
@given(st.lists(rules, min_size=1, max_size=5), st.lists(cases, min_size=1, max_size=4), DEFAULTS)
def test_the_compiled_policy_agrees_with_a_plain_one(
    registry: Registry, drawn: list[Drawn], several: list[Case], default: str
) -> None:
    """A compiled policy decides as a plain reading of its rules does, failures included, with an index and without."""
    policy = load(registry, drawn, default)
    with patch.object(compiler, "MIN_INDEXED", 1):
        indexed = load(registry, drawn, default)
    for case in several:
        action: Action = registry.read(case.fields)
        decision = policy.decide(action, case.context)
        assert indexed.decide(action, case.context) == decision
        assert (decision.effect, set(decision.rules), set(decision.failed)) == expected(drawn, case, default)
        explained = {explanation.rule: bool(explanation.failed) for explanation in policy.explain(action, case.context)}
        assert explained.keys() == {*decision.rules, *decision.failed}
        assert {id_ for id_, failed in explained.items() if failed} == set(decision.failed)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(rules, min_size=2, max_size=5), cases, DEFAULTS)
def test_the_order_of_rules_never_matters(
    registry: Registry, data: st.DataObject, drawn: list[Drawn], case: Case, default: str
) -> None:
    """Rules in another order give the same effect, seats, time and digest of what was asked."""
    order = data.draw(st.permutations(range(len(drawn))))
    action = registry.read(case.fields)
    one = load(registry, drawn, default).decide(action, case.context)
    other = load(registry, drawn, default, order).decide(action, case.context)
    assert (one.effect, one.seats, one.within, one.asks) == (other.effect, other.seats, other.within, other.asks)
    assert (sorted(one.rules), sorted(one.failed)) == (sorted(other.rules), sorted(other.failed))


@settings(max_examples=150, deadline=None)
@given(st.lists(rules, max_size=4), rules.filter(lambda rule: rule.effect is not DecisionEffect.ALLOW), cases, DEFAULTS)
def test_approve_and_deny_rules_only_tighten(
    registry: Registry, drawn: list[Drawn], added: Drawn, case: Case, default: str
) -> None:
    """An added approve or deny rule never lets more through, takes no seat away, and gives no more time."""
    action = registry.read(case.fields)
    before = (
        parse_policy(f"{START}default: {default}\nrules: [{{id: none, allow: check_balance}}]\n".encode(), "p", registry)
        if not drawn
        else load(registry, drawn, default)
    )
    one = before.decide(action, case.context)
    other = load(registry, [*drawn, added], default).decide(action, case.context)
    assert STRICTNESS[other.effect] >= STRICTNESS[one.effect]
    if other.effect is DecisionEffect.APPROVE:
        counts = {seat.role: seat.count for seat in other.seats}
        assert all(counts[seat.role] >= seat.count for seat in one.seats)
        assert one.within is None or (other.within or 0) <= one.within


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(rules, min_size=1, max_size=4), cases, DEFAULTS)
def test_what_a_comparison_leaves_out_lets_nothing_more_through(
    registry: Registry, data: st.DataObject, drawn: list[Drawn], case: Case, default: str
) -> None:
    """Where a comparison of two policies finds nothing looser, no decision is: not its effect, its seats or its time."""
    changed = list(drawn)
    number = data.draw(st.integers(0, len(drawn) - 1))
    changed[number] = replace(drawn[number], within=data.draw(st.sampled_from(["", "1h", "24h", "48h"])), by=data.draw(rules).by)
    changed += data.draw(st.lists(rules, max_size=1))
    before, after = load(registry, drawn, default), load(registry, changed, default)
    if not compare_policies(before.outline(), after.outline()).looser:
        action = registry.read(case.fields)
        one, other = before.decide(action, case.context), after.decide(action, case.context)
        assert STRICTNESS[other.effect] >= STRICTNESS[one.effect]
        if other.effect is one.effect is DecisionEffect.APPROVE:
            counts = {seat.role: seat.count for seat in other.seats}
            assert all(counts.get(seat.role, 0) >= seat.count for seat in one.seats)
            assert (other.within or 0) <= (one.within or 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(rules, min_size=1, max_size=4), cases, DEFAULTS)
def test_a_decision_is_pure(registry: Registry, drawn: list[Drawn], case: Case, default: str) -> None:
    """The same file, action and context give an equal decision, asked twice and loaded twice."""
    action = registry.read(case.fields)
    policy = load(registry, drawn, default)
    assert policy.decide(action, case.context) == policy.decide(action, case.context)
    assert policy.decide(action, case.context) == load(registry, drawn, default).decide(action, case.context)
