"""Proofs about all actions: what is proved, what is refuted and by which action, and what cannot be told."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from unittest.mock import patch

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import ProverMissing
from signoff.policies import (
    Context,
    DecisionEffect,
    Policy,
    Proof,
    Verdict,
    find_dead_rules,
    find_difference,
    parse_policy,
    prove,
)
from signoff.policies.prover import violates
from signoff.policies.solver_search import Search
from signoff.policies.sources import is_trusted, source_of
from signoff.testing import actions, policies

ALLOW, APPROVE, DENY = DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY
Load = Callable[[str], Policy]
EVERY = '"*"'

HEAD = """version: 1
currency: USD
zone: Europe/Berlin
approvers: manager
roles: {manager: [mira, omar], finance: [fay, finn, fred]}
lists: {family: [Alice, Bob], blocked: [Mallory Ltd], holidays: ["2026-12-24"]}
tables: {cap: {Alice: 100, Bob: 2.5}, kind: {Alice: Good, Bob: Bad}}
counters:
  sent: {sum: amount, of: transfer, by: [currency], window: day}
  times: {count: transfer, window: plan}
"""


def proved(load: Load, rules: str, never: str) -> bool:
    """Whether one invariant is proved; it is refuted otherwise."""
    outcome = the_proof(load, rules, never).outcome
    assert outcome is not Verdict.UNKNOWN
    return outcome is Verdict.PROVED


def the_proof(load: Load, rules: str, never: str, head: str = HEAD) -> Proof:
    """What becomes of one invariant; an example is one that the policy confirms."""
    policy = load(f"{head}rules:\n{rules}\ninvariants:\n{never}\n")
    (proof,) = prove(policy)
    if proof.counterexample is not None:
        example = proof.counterexample
        assert violates(policy, proof.invariant, example.action, example.context)
        assert example.decision == policy.decide(example.action, example.context)
    return proof


def rule(effect: str, when: str = "", unless: str = "", by: str = "", type_: str = "transfer", id_: str = "") -> str:
    """A rule as the file has it."""
    lines = [f"- id: {id_ or effect}", f"  {effect}: {type_}"]
    lines += [f"  when: |\n    {when}"] if when else []
    lines += [f"  unless: |\n    {unless}"] if unless else []
    lines += [f"  by: {by}"] if by else []
    return "\n".join(lines)


def never(what: str, when: str = "", unless: str = "", without: str = "") -> str:
    """An invariant as the file has it."""
    lines = [f"- never: {what}"]
    lines += [f"  when: |\n    {when}"] if when else []
    lines += [f"  unless: |\n    {unless}"] if unless else []
    lines += [f"  without: {without}"] if without else []
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("approve", "invariant"),
    [
        ("amount > 100", "amount > 100"),
        ("amount > 100", "amount >= 100.01 USD"),
        ("amount > 100", "amount * 2 > 200.01"),
        ("amount > 100", 'currency != "USD"'),
        ("to in lists.family", 'to in ["alice", " BOB "]'),
        ("to not in tables.cap", "to in lists.blocked"),
        ("amount > tables.cap[to]", 'to == "Bob" and amount == 2.51'),
        ("amount > tables.cap[to]", 'to == "Mallory Ltd"'),
        ('to startswith "A"', 'to == "alice"'),
        ('to matches "[AB].*"', "to in lists.family"),
        ("not in_request(amount)", "not in_request(amount)"),
        ("not in_request(amount)", 'source_of(amount) != "request"'),
        ('source_of(to) not in ["request", "payees"]', 'source_of(to) == "invoice"'),
        ("not trusted(to)", 'source_of(to) == "none"'),
        ("not in_request(to)", "not trusted(to)"),
        ('source_of(to) startswith "email"', 'source_of(to) in ["email:7", "email"]'),
        ("source_of(to) != source_of(amount)", "in_request(to) and not in_request(amount)"),
        ('source_of(to) != "request" or disputed', "disputed and in_request(to)"),
        ('actor.id != "mira"', '"finance" in actor.roles'),
        ('"manager" not in actor.roles', 'actor.id == "dana"'),
        ("plan.size > 1", "plan.size >= 2"),
        ("plan.size <= 100", "true"),
        ('now.weekday in ["saturday", "sunday"]', 'now.date == "2026-12-26"'),
        ("now.hour < 8 or now.hour >= 18", "now.hour == 18"),
        ("now.date >= '2026-01-01'", "now.date in lists.holidays"),
        ("counters.sent > 100", "amount > 100"),
        ("counters.times >= 1", "true"),
        ("to == from", 'to == "Alice" and from == "ALICE"'),
        ("min(amount, 100) >= 100", "abs(amount) > 99.99"),
        ("len(lower(to)) == 5", 'to == "alice"'),
        ('tables.kind[to] == "GOOD"', 'to == "Alice"'),
    ],
)
def test_what_rules_ask_is_proved(load: Load, approve: str, invariant: str) -> None:
    """What an approve rule asks for is never simply allowed, in whatever other words the invariant says it."""
    rules = f"{rule('allow')}\n{rule('approve', approve)}"
    assert proved(load, rules, never("allow transfer", invariant))
    assert not proved(load, rule("allow"), never("allow transfer", invariant))


@pytest.mark.parametrize(
    ("approve", "invariant", "shown"),
    [
        ("amount > 100", "amount >= 100", {"amount": "100.00"}),
        ("amount >= 0.5 and amount < 9_000_000", "amount > 0.3", {"amount": "0.31"}),
        ('to == "Alice"', "to in lists.family", {"to": "Bob"}),
        ("amount > tables.cap[to]", 'to == "Bob" and amount > 2.4', {"amount": "2.41", "to": "Bob"}),
        ('currency == "USD"', "true", {}),
        ("from != 'checking'", "to == from", {"to": "checking", "from": "checking"}),
    ],
)
def test_what_slips_through_is_shown(load: Load, approve: str, invariant: str, shown: dict[str, str]) -> None:
    """A refuted invariant names the smallest amount, and the very payee, that slip through."""
    proof = the_proof(load, f"{rule('allow')}\n{rule('approve', approve)}", never("allow transfer", invariant))
    assert proof.counterexample is not None
    wire = proof.counterexample.action.wire()
    assert {name: wire[name] for name in shown} == shown
    assert proof.counterexample.decision.rules == ("allow",)


def test_the_context_that_slips_through_is_shown(load: Load) -> None:
    """Who asks, when, in how large a plan and with which counters stands beside the action."""
    rules = f"{rule('allow')}\n{rule('approve', 'now.hour < 8 or counters.sent > 50 or plan.size > 3')}"
    asked = '"finance" in actor.roles and now.weekday == "sunday" and counters.sent > 40 and plan.size > 2'
    proof = the_proof(load, rules, never("allow transfer", asked))
    assert proof.counterexample is not None
    context = proof.counterexample.context
    assert context.actor.id in ("fay", "finn", "fred")
    assert context.now is not None
    assert context.now.weekday() == 6
    assert (context.plan_size, context.counters) == (3, {"sent": context.counters["sent"]})
    assert Decimal(40) < Decimal(str(context.counters["sent"])) <= 50


@pytest.mark.parametrize(
    ("allow", "invariant", "source", "trusted", "disputed"),
    [
        ("trusted(to)", "not in_request(to)", "elsewhere", True, False),
        ('source_of(to) != "none"', "not trusted(to)", "elsewhere", False, False),
        ('source_of(to) == "invoice"', "true", "invoice", False, False),
        ('not in_request(to) and source_of(to) != "elsewhere"', "true", "none", False, False),
        ('source_of(to) not in ["request", "none", "elsewhere"]', "true", "elsewhere:2", False, False),
        ("in_request(to)", "disputed", "request", True, True),
    ],
)
def test_the_source_that_slips_through_is_shown(
    load: Load, allow: str, invariant: str, source: str, trusted: bool, disputed: bool
) -> None:
    """Where a value stands, whether that is trusted, and whether the plan is disputed stand beside the action."""
    proof = the_proof(load, rule("allow", allow), never("allow transfer", invariant))
    assert proof.counterexample is not None
    context = proof.counterexample.context
    assert (source_of(context, "to"), is_trusted(context, "to"), context.disputed) == (source, trusted, disputed)


def test_values_may_stand_in_different_sources(load: Load) -> None:
    """No rule keeps two values from standing in two sources that nobody names, and one of them from being trusted alone."""
    asked = "trusted(to) and not trusted(amount) and not in_request(to) and source_of(to) != source_of(amount)"
    apart = ' and source_of(amount) != "none"'
    bare = "version: 1\ncurrency: USD\n"  # in which no other text is named that could be a source
    proof = the_proof(load, rule("allow", asked + apart), never("allow transfer"), bare)
    assert proof.counterexample is not None
    sources = proof.counterexample.context.sources
    assert {*sources} == {"to", "amount"}
    assert sources["to"] != sources["amount"]


def test_what_fails_is_on_the_strict_side(load: Load) -> None:
    """A failing approve rule asks, a failing allow rule allows nothing, a failing `unless` exempts nobody."""
    over = "amount > 100"
    assert proved(load, f"{rule('allow')}\n{rule('approve', over)}", never("allow transfer", 'currency == "EUR"'))
    assert proved(load, rule("allow", "amount < 100"), never("allow transfer", 'currency == "EUR"'))
    exempt = f"{rule('allow')}\n{rule('approve', unless='amount < 50')}"
    assert proved(load, exempt, never("allow transfer", 'currency == "EUR"'))
    assert not proved(load, exempt, never("allow transfer", 'currency == "USD"'))


def test_a_failing_invariant_is_meant_strictly(load: Load) -> None:
    """A `when` of an invariant that fails counts as true, and its failing `unless` exempts nobody."""
    assert proved(load, rule("allow", 'currency == "USD"'), never("allow transfer", "amount > 9_999_999_999_999_999"))
    assert not proved(load, rule("allow"), never("allow transfer", "amount > 9_999_999_999_999_999"))
    assert not proved(load, rule("allow"), never("allow transfer", unless="amount > 0.001"))
    assert proved(load, rule("allow", 'currency == "USD"'), never("allow transfer", unless="amount > 0.001"))


def test_seats_that_an_approval_must_have(load: Load) -> None:
    """`without` is violated by an approval that needs fewer of one of the seats."""
    two, one = "{role: finance, count: 2}", "{role: finance, count: 1}"
    meant = never("approve transfer", "amount > 100", without=two)
    assert proved(load, f"{rule('allow')}\n{rule('approve', 'amount > 50', by=two)}", meant)
    assert not proved(load, f"{rule('allow')}\n{rule('approve', 'amount > 50', by=one)}", meant)
    assert not proved(load, f"{rule('allow')}\n{rule('approve', 'amount > 150', by=two)}\n{rule('approve', id_='other')}", meant)
    assert proved(load, rule("allow"), meant)
    default = HEAD + "default: {approve: finance}\n"
    assert the_proof(load, rule("allow", "amount < 9"), never("approve transfer", without=one), default).outcome is Verdict.PROVED


def test_every_type_of_an_invariant_is_asked(load: Load) -> None:
    """An invariant for several types, or all, is refuted by an action of any of them."""
    blocked = "has(to) and to in lists.blocked"
    rules = f"{rule('allow', type_='[transfer, pay_bill, order]')}\n{rule('deny', blocked, type_=EVERY)}"
    assert proved(load, rules, never("allow *", blocked))
    proof = the_proof(load, rules, never("allow *", 'has(biller) and biller == "Mallory Ltd"'))
    assert proof.counterexample is not None
    assert proof.counterexample.action.type == "pay_bill"


def test_what_may_be_left_out(load: Load) -> None:
    """Optional fields are left out, given, and given defaults; what is left out is not in the request."""
    bill = "{}\n{}".format(rule("allow", type_="pay_bill"), rule("approve", "default(amount, 200) > 100", type_="pay_bill"))
    assert proved(load, bill, never("allow pay_bill", "not has(amount)"))
    assert proved(load, bill, never("allow pay_bill", "has(amount) and amount > 100"))
    assert not proved(load, bill, never("allow pay_bill", "has(amount) and amount > 99"))
    for there in ("in_request(amount)", "trusted(amount)", 'source_of(amount) != "none"'):
        assert proved(load, rule("allow", there, type_="pay_bill"), never("allow pay_bill", "not has(amount)"))
    for nowhere in ('source_of(amount) == "none"', "not trusted(amount)"):
        assert not proved(load, rule("allow", nowhere, type_="pay_bill"), never("allow pay_bill", "not has(amount)"))


def test_fields_of_every_kind(load: Load) -> None:
    """Lists, choices, truths, numbers and amounts in two currencies are encoded."""
    allow = rule("allow", type_="order")
    for asked, meant in [
        ('"red" in tags', 'tags contains "RED" and len(tags) < 3'),
        ('"red" in tags', '"red" in tags and "blue" in tags'),
        ('"red" in tags and "blue" in tags', '"red" in tags and "blue" in tags and len(tags) == 2'),
        ("3 in sizes", "3 in sizes and urgent"),
        ('speed == "fast" or urgent', "speed == 'fast' and not urgent"),
        ("quantity * 2 + 1 > 10", "quantity >= 5"),
        ("weight > 0.5", "weight == 0.500000000000000001"),
        ("has(fee) and fee >= price", "has(fee) and fee == price * 2 and fee_currency == currency"),
        ("has(note) and len(lower(note)) == 1", 'has(note) and note == "x"'),
        ("len(default(tags, [])) > 1", "len(tags) == 2"),
    ]:
        asking = rule("approve", asked, type_="order")
        assert proved(load, f"{allow}\n{asking}", never("allow order", meant)), asked
        assert not proved(load, allow, never("allow order", meant)), meant


def test_what_cannot_be_encoded_is_named(load: Load) -> None:
    """What is asked of texts that no rule names may be anything: the proof names it, and still holds. Some are tried."""
    pattern = 'to matches "INV-[0-9]+"'
    rules = f"{rule('allow')}\n{rule('approve', pattern)}"
    proof = the_proof(load, rules, never("allow transfer", pattern))
    assert (proof.outcome, proof.opaque) == (Verdict.PROVED, (pattern,))
    proof = the_proof(load, rule("allow"), never("allow transfer", pattern))
    assert proof.counterexample is not None
    assert proof.counterexample.action.wire()["to"] == "INV-0"
    pattern = 'to matches "[[:alpha:]]+z"'
    proof = the_proof(load, rule("allow"), never("allow transfer", pattern))
    assert (proof.outcome, proof.opaque, proof.counterexample) == (Verdict.UNKNOWN, (pattern,), None)
    assert proof.reason == "no action that was tried confirms it"


def test_an_actions_own_caution_is_opaque(careful_registry: Registry) -> None:
    """Caution may be either: what does not depend on it is proved, and an example is one that the policy confirms."""
    large = 'currency == "USD" and amount > 5_000'
    invariants = [never("deny wire"), never("allow wire", large), never("approve wire")]
    text = "\n".join([f"{HEAD}rules:", rule("allow", type_="wire"), "invariants:", *invariants])
    first, second, third = prove(parse_policy(text.encode(), "p", careful_registry))
    assert first.outcome is Verdict.PROVED
    assert (second.outcome, second.opaque) == (Verdict.UNKNOWN, ("the caution of wire",))
    assert third.counterexample is not None
    assert third.counterexample.action.caution() == "a wire of 1,000 or more"


def test_a_question_has_a_time(load: Load) -> None:
    """A solver that does not answer in time proves nothing."""
    with patch.object(Search, "_check", lambda self, time: z3.unknown):
        proof = the_proof(load, rule("allow"), never("allow transfer", "amount > 100"))
    assert (proof.outcome, proof.reason) == (Verdict.UNKNOWN, "the solver gave no answer in time")


def test_without_the_solver(load: Load) -> None:
    """Without z3 the error names the extra."""
    policy = load(f"{HEAD}rules:\n{rule('allow')}\n")
    with patch("signoff.policies.prover.find_spec", return_value=None), pytest.raises(ProverMissing, match=r"signoff\[prove\]"):
        prove(policy)


def test_a_difference_between_two_policies(load: Load) -> None:
    """An action that the new rules let through and the old ones did not is found, and none where there is none."""
    old = load(f"{HEAD}rules:\n{rule('allow')}\n{rule('approve', 'amount > 100')}\n")
    new = load(f"{HEAD}rules:\n{rule('allow')}\n{rule('approve', 'amount > 120')}\n")
    found = find_difference(old, new, "transfer", APPROVE, ALLOW)
    assert found.action is not None
    assert found.action.wire()["amount"] == "100.01"
    assert find_difference(old, new, "transfer", ALLOW, APPROVE).outcome is Verdict.PROVED
    assert find_difference(new, old, "transfer", ALLOW, APPROVE).outcome is Verdict.REFUTED


def test_roles_and_lists_of_two_policies(load: Load) -> None:
    """Two policies read their own roles, lists and tables."""
    text = f"{HEAD}rules:\n{rule('allow', chr(39) + 'manager' + chr(39) + ' in actor.roles or to in lists.family')}\n"
    old, new = load(text), load(text.replace("[mira, omar]", "[mira, zoe]").replace("family: [Alice, Bob]", "family: [Alice]"))
    looser, stricter = (find_difference(old, new, "transfer", a, b) for a, b in ((DENY, ALLOW), (ALLOW, DENY)))
    assert looser.context is not None
    assert looser.context.actor.id == "zoe"
    assert stricter.outcome is Verdict.REFUTED


def test_dead_rules(load: Load) -> None:
    """A rule that another one covers is dead; one that changes an effect, the seats or the time to sign is not."""
    covered = rule("approve", "amount > 200", id_="covered")
    empty = rule("deny", "to in lists.blocked and to in lists.family", id_="never")
    rules = [rule("allow"), rule("approve", "amount > 100"), covered, empty]
    dead = [one for one in find_dead_rules(load(f"{HEAD}rules:\n" + "\n".join(rules) + "\n")) if one]
    assert [(one.rule.id, one.outcome) for one in dead] == [("covered", Verdict.PROVED), ("never", Verdict.PROVED)]
    for more in ("\n  by: finance", "\n  within: 1h"):
        rules[2] = covered + more
        assert [one.rule.id for one in find_dead_rules(load(f"{HEAD}rules:\n" + "\n".join(rules) + "\n")) if one] == ["never"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_action_contradicts_what_is_proved(registry: Registry, data: st.DataObject) -> None:
    """What is proved of generated rules no generated action violates; what refutes them the compiled policy confirms."""
    held = data.draw(policies(registry))
    invariants = "".join(f"- never: {effect} {type_}\n" for effect in DecisionEffect for type_ in registry)
    policy = parse_policy(held.source + f"invariants:\n{invariants}".encode(), "p", registry)
    proofs = prove(policy)
    for proof in proofs:
        if proof.counterexample is not None:
            assert violates(policy, proof.invariant, proof.counterexample.action, proof.counterexample.context)
    for action in data.draw(st.lists(actions(registry), max_size=4)):
        context = Context(actor=Actor(id="ann"), grounded=frozenset(), plan_size=1, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
        for proof in proofs:
            assert proof.outcome is not Verdict.PROVED or not violates(policy, proof.invariant, action, context)


def test_large_tables_are_bounded(load: Load) -> None:
    """Numbers of tables are encoded up to a bound; beyond it they may be any, which is named, and proofs still hold."""
    head = HEAD.replace("{Alice: 100, Bob: 2.5}", "{" + ", ".join(f"Payee {number}: {number}" for number in range(1, 21)) + "}")
    rules = f"{rule('allow')}\n{rule('approve', 'amount > tables.cap[to]')}"
    capped = never("allow transfer", 'to == "Payee 7" and amount > 7')
    assert the_proof(load, rules, capped, head).outcome is Verdict.PROVED
    with patch("signoff.policies.symbols.MAX_CASES", 19):
        proof = the_proof(load, rules, capped, head)
        assert (proof.outcome, proof.opaque) == (Verdict.UNKNOWN, ("tables.cap[to]",))
        assert the_proof(load, rules, never("allow transfer", "amount > tables.cap[to]"), head).outcome is Verdict.PROVED
