"""Where values stand: what policies are told of it, and what sources can be called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import signoff.planner.context as planner
import signoff.policies.case_contexts as case_contexts
import signoff.policies.sources as sources
from signoff.actions import Action, Registry
from signoff.actor import Actor
from signoff.errors import PlanInvalid
from signoff.policies import Context, DecisionEffect, PoliciesInvalid, Policy, parse_policy
from signoff.policies.sources import is_source, is_trusted, source_of
from tests.policies.conftest import Idle

Load = Callable[[str], Policy]
Act = Callable[..., Action]

START = """version: 1
currency: USD
roles: {manager: [mira]}
tables: {most: {request: 100, invoice: 50}}
rules:
- {id: all, allow: '*'}
"""
ASKED = Context(actor=Actor(id="dana"), grounded=frozenset({"to"}), plan_size=1, now=datetime(2026, 3, 2, 9, tzinfo=UTC))


class Charge(Idle):
    """Money back, with a field that has the name of a word."""

    type: Literal["charge"] = "charge"
    to: str
    disputed: bool = False


@given(st.text(max_size=66) | st.from_regex(r"[a-z][a-z0-9_:.\-]{0,64}", fullmatch=True))
@example("request")
@example("none")
@example("a" * 64)
@example("a" * 65)
@example("email:4711")
@example("invoice\n")
@example("Invoice")
def test_sources_are_called_what_a_planner_may_call_them(text: str) -> None:
    """A context that a planner accepts has a name that rules can ask for; no other name is one, but for the two of our own."""
    try:
        planner.check_context([planner.Context(source=text, text="x")])
        accepted = True
    except PlanInvalid:
        accepted = False
    assert (is_source(text) and text not in (sources.REQUEST, sources.NONE)) is accepted


def test_the_words_and_bounds_are_the_planners() -> None:
    """Rules and planners mean the same by `request` and `none`, and a test may give as many contexts as a request."""
    assert (sources.REQUEST, sources.NONE) == (planner.REQUEST, planner.NONE)
    assert case_contexts.MAX_CONTEXTS == planner.MAX_CONTEXTS


names = st.sampled_from(["to", "amount", "from"])


@given(st.frozensets(names), st.dictionaries(names, st.sampled_from(["request", "none", "invoice"])), st.frozensets(names), names)
def test_a_context_cannot_contradict_itself(
    grounded: frozenset[str], held: dict[str, str], trusted: frozenset[str], name: str
) -> None:
    """Whatever a context holds: the request is the source of what is in it alone, and is trusted; what stands nowhere is not."""
    context = replace(ASKED, grounded=grounded, sources=held, trusted=trusted)
    assert (source_of(context, name) == "request") is (name in grounded)
    assert name not in grounded or is_trusted(context, name)
    assert not (is_trusted(context, name) and source_of(context, name) == "none")


@pytest.mark.parametrize(
    ("held", "effect"),
    [
        ({"amount": "invoice"}, DecisionEffect.DENY),  # more than 50
        ({"amount": "page"}, DecisionEffect.DENY),  # the table has no such key, so the rule fails
        ({}, DecisionEffect.DENY),
    ],
)
def test_a_table_by_source(held: dict[str, str], effect: DecisionEffect, load: Load, action: Act) -> None:
    """A source is the key of a table; where the table does not hold it, the rule is on the strict side."""
    policy = load(START + "- {id: much, deny: transfer, when: 'amount > tables.most[source_of(amount)]'}\n")
    transfer = action("transfer", to="Alice", amount="80.00")
    assert policy.decide(transfer, replace(ASKED, sources=held)).effect is effect
    assert policy.decide(transfer, replace(ASKED, grounded=frozenset({"amount"}))).effect is DecisionEffect.ALLOW
    told = {found.rule: found for found in policy.explain(transfer, replace(ASKED, sources=held))}["much"]
    assert ("source_of(amount)", held.get("amount", "none")) in told.values
    assert bool(told.failed) is (held.get("amount") != "invoice")


def test_rules_of_one_source_are_looked_up_with_the_others(load: Load, action: Act) -> None:
    """Among many rules by payee, one that asks for a source, for trust and for a dispute decides as it would alone."""
    condition = 'source_of(amount) == "invoice" and not trusted(amount) and disputed and to == "P7"'
    asked = f"- {{id: mine, deny: transfer, when: '{condition}'}}\n"
    many = "".join(f"- {{id: r{n}, approve: transfer, when: 'to == \"P{n}\" and amount > 5', by: manager}}\n" for n in range(40))
    policy = load(START + many + asked)
    transfer = action("transfer", to="P7", amount="80.00")
    for held, trusted, disputed, rules in (
        ({"amount": "invoice"}, frozenset[str](), True, ("mine",)),
        ({"amount": "invoice"}, frozenset({"amount"}), True, ("r7",)),
        ({"amount": "page"}, frozenset[str](), True, ("r7",)),
        ({"amount": "invoice"}, frozenset[str](), False, ("r7",)),
    ):
        decision = policy.decide(transfer, replace(ASKED, sources=held, trusted=trusted, disputed=disputed))
        assert decision.rules == rules


def test_a_field_that_is_called_disputed() -> None:
    """Where an action has a field `disputed`, the word alone is an error; both can be asked for, and are told apart."""
    registry = Registry(Charge)
    text = START.replace("- {id: all, allow: '*'}\n", "- {id: all, allow: charge}\n")
    with pytest.raises(PoliciesInvalid, match=r"charge has a field `disputed`, and the plan may be.*\n.*\n.*plan\.disputed"):
        parse_policy((text + "- {id: a, deny: charge, when: disputed}\n").encode(), "p", registry)
    for condition, field, plan, denied in (
        ("plan.disputed", True, False, False),
        ("plan.disputed", False, True, True),
        ("default(disputed, false)", True, False, True),
        ("default(disputed, false)", False, True, False),
    ):
        policy = parse_policy(f"{text}- {{id: a, deny: charge, when: '{condition}'}}\n".encode(), "p", registry)
        charge = registry.read({"type": "charge", "to": "Alice", "disputed": field})
        assert (policy.decide(charge, replace(ASKED, disputed=plan)).effect is DecisionEffect.DENY) is denied
