"""Laws over many rules that are alike: looked up and searched together, they decide as when asked one after the other."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FunctionType
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.actions import Action, Registry
from signoff.policies import Context, DecisionEffect, Policy, compiler
from signoff.policies.decision_table import MAX_REMEMBERED, DecisionTable
from signoff.policies.keys import MIN_REMEMBERED, SPELLINGS, Index, Key
from tests.policies.oracle import DEFAULTS, SIMPLE, Case, Drawn, Failing, Meaning, cases, exactly, expected, joined, load, rules

HEAD = """\
version: 1
currency: USD
approvers: manager
roles: {manager: [mira, omar]}
rules:
- {id: everyday, allow: "*"}
"""
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
KEYED: list[tuple[str, Meaning]] = [
    ("to == 'ALICE'", lambda case: case.to == "Alice"),
    ("'Bob' == to", lambda case: case.to == "Bob"),
    ("to in ['alice', 'bob']", lambda case: case.to in ("Alice", "Bob")),
    ("to in lists.family", lambda case: case.to in ("Alice", "Bob")),
    ("currency == 'EUR'", lambda case: case.fields["currency"] == "EUR"),
    ("actor.id == 'dana'", lambda case: case.context.actor.id == "dana"),
    ("actor.id in ['dana', 'eve']", lambda case: case.context.actor.id in ("dana", "eve")),
    ("speed == 'fast'", lambda case: case.fields["speed"] == "fast"),
    ("default(note, 'x') == 'x'", lambda case: case.fields.get("note") in (None, "x")),
    ("has(note) and note == 'X'", lambda case: case.fields.get("note") == "x"),
]
NUMBERS = ["-3", "0", "1", "2", "2.0", "100", "100.00", "99.99", "10_000"]


def threshold(name: str, sign: str, digits: str, code: str) -> tuple[str, Meaning]:
    """`quantity > 5`, `price * 2 <= 90 EUR`: what is worked out first fails where the currency is another."""

    def meaning(case: Case) -> bool:
        holds = ORDERED[sign]
        match name:
            case "plan.size":
                return holds(case.context.plan_size, exactly(digits))
            case "quantity" | "weight":
                return holds(case.number(name), exactly(digits))
        if case.fields["currency"] != (code or "USD") and (code or exactly(digits)):
            raise Failing
        return holds(case.number("price") * (2 if "*" in name else 1), exactly(digits))

    return f"{name} {sign} {digits}{' ' + code if code and name.startswith('price') else ''}", meaning


thresholds = st.builds(
    threshold,
    st.sampled_from(["plan.size", "quantity", "weight", "price", "price", "price * 2"]),
    st.sampled_from(sorted(ORDERED)),
    st.sampled_from(NUMBERS),
    st.sampled_from(["", "", "USD", "EUR"]),
)
guards = st.lists(st.sampled_from(KEYED) | st.sampled_from(SIMPLE), max_size=2)
alike = st.builds(
    Drawn,
    st.sampled_from(DecisionEffect),
    st.builds(
        lambda before, last: joined("and", [*before, last]) if before else last, guards, thresholds | st.sampled_from(KEYED)
    ),
    st.none() | st.none() | st.sampled_from(SIMPLE),
    st.just("manager"),
)


@contextmanager
def indexed_from(rules: int, searched: int) -> Iterator[None]:
    """While it lasts, so many rules are enough to be looked up, and to be searched."""
    with patch.object(compiler, "MIN_INDEXED", rules), patch.object(compiler, "MIN_SORTED", searched):
        yield


@settings(max_examples=200, deadline=None)
@given(st.lists(alike, min_size=1, max_size=16), st.lists(cases, min_size=1, max_size=4), DEFAULTS)
def test_rules_asked_together_decide_as_a_plain_reading_does(
    registry: Registry, drawn: list[Drawn], several: list[Case], default: str
) -> None:
    """However many rules an index and a search need, each action gets the rules, failures and effect that it should."""
    policies = []
    for least, sorted_ in ((1, 1), (2, 2), (3, 1), (8, 4), (100, 100)):
        with indexed_from(least, sorted_):
            policies.append(load(registry, drawn, default))
            for case in several:  # an index makes its functions when they are first asked for
                decision = policies[-1].decide(registry.read(case.fields), case.context)
                assert (decision.effect, set(decision.rules), set(decision.failed)) == expected(drawn, case, default)
                assert decision == replace(policies[0].decide(registry.read(case.fields), case.context), policy=decision.policy)


@settings(max_examples=150, deadline=None)
@given(st.lists(alike | rules, min_size=1, max_size=8), st.lists(cases, min_size=1, max_size=3), DEFAULTS)
def test_generated_rules_are_asked_together(registry: Registry, drawn: list[Drawn], several: list[Case], default: str) -> None:
    """So it is among rules of any kind."""
    with indexed_from(1, 1):
        policy = load(registry, drawn, default)
        for case in several:
            decision = policy.decide(registry.read(case.fields), case.context)
            assert (decision.effect, set(decision.rules), set(decision.failed)) == expected(drawn, case, default)


class CountedInt(int):
    """A number that counts how often it is compared."""

    asked = 0

    def __lt__(self, other: object) -> bool:
        CountedInt.asked += 1
        return int(self) < int(str(other))

    def __gt__(self, other: object) -> bool:
        CountedInt.asked += 1
        return int(self) > int(str(other))


@pytest.mark.parametrize(
    ("sign", "met"), [(">", range(299)), (">=", range(300)), ("<", range(300, 500)), ("<=", range(299, 500))]
)
def test_thresholds_are_searched(
    load: Callable[[str], Policy], action: Callable[..., Action], context: Context, sign: str, met: range
) -> None:
    """Of 500 rules that compare one number, those that hold are found with ten comparisons, and stand for one mark."""
    rules = "".join(f"- {{id: r{number}, approve: transfer, when: plan.size {sign} {number + 1}}}\n" for number in range(500))
    CountedInt.asked = 0
    with patch.object(DecisionTable, "_spread", autospec=True, side_effect=DecisionTable._spread) as spread:
        policy = load(HEAD + rules)
        decision = policy.decide(action("transfer", to="Bob", amount="1.00"), replace(context, plan_size=CountedInt(300)))
    assert decision.rules == tuple(f"r{number}" for number in met)
    assert CountedInt.asked <= 10
    assert len(spread.call_args.args[1]) <= 2


def test_failing_thresholds_all_count(load: Callable[[str], Policy], action: Callable[..., Action], context: Context) -> None:
    """Where what many rules compare is in another currency, every one of them fails: deny rules match, allow rules do not."""
    rules = "".join(f"- {{id: d{number}, deny: transfer, when: amount > {number}}}\n" for number in range(1, 20))
    allowed = "".join(f"- {{id: a{number}, allow: transfer, when: amount < {number}}}\n" for number in range(1, 20))
    euros = action("transfer", to="Bob", amount="0.50", currency="EUR")
    denied = load(HEAD + rules).decide(euros, context)
    assert denied.effect is DecisionEffect.DENY
    assert denied.rules == denied.failed == tuple(f"d{number}" for number in range(1, 20))
    unspoken = load(HEAD.replace('allow: "*"', "allow: check_balance") + allowed).decide(euros, context)
    assert (unspoken.effect, unspoken.rules) == (DecisionEffect.DENY, ())
    assert unspoken.failed == tuple(f"a{number}" for number in range(1, 20))


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ('currency == "USD" and to == "Payee {number}"', {"to": "Payee 7"}),
        ('to == "Payee {number}" and currency == "USD"', {"to": "Payee 7"}),
        ('in_request(to) and from != "savings" and to == "Payee {number}"', {"to": "Payee 7"}),
        ('actor.id == "person{number}" and to == "Bob"', {"to": "Bob"}),
    ],
)
def test_the_most_selective_key_is_taken(
    load: Callable[[str], Policy], action: Callable[..., Action], context: Context, condition: str, asked: dict[str, str]
) -> None:
    """Of several texts that rules ask for, they are looked up by the one with the most values, wherever it stands."""
    rules = "".join(f"- {{id: r{n}, approve: transfer, when: {condition.format(number=n)}}}\n" for n in range(40))
    transfer = action("transfer", amount="1.00", **asked)
    with (
        patch.object(compiler, "FunctionType", wraps=FunctionType) as made,
        patch.object(DecisionTable, "__init__", DecisionTable.__init__),
    ):
        policy = load(HEAD + rules)
        loaded = made.call_count
        someone = replace(context, actor=replace(context.actor, id="person7"))
        assert policy.decide(transfer, someone).rules == ("r7",)
        assert made.call_count == loaded + 1
        assert len(made.call_args.args[0].co_code) < 500  # what is done for this text


def test_other_rules_are_compiled_once(load: Callable[[str], Policy], action: Callable[..., Action], context: Context) -> None:
    """What every text has in common is not compiled anew for each: what is made for one text stays small."""
    keyed = "".join(f'- {{id: k{number}, approve: transfer, when: to == "Payee {number}"}}\n' for number in range(50))
    others = "".join(f'- {{id: o{number}, approve: transfer, when: not (to endswith "{number}")}}\n' for number in range(300))
    with patch.object(compiler, "FunctionType", wraps=FunctionType) as made:
        policy = load(HEAD + keyed + others)
        decision = policy.decide(action("transfer", to="Payee 7", amount="1.00"), context)
    assert decision.rules[:1] == ("k7",)
    assert len(decision.rules) == 300
    assert len(made.call_args.args[0].co_code) < 500


def test_an_index_forgets_texts_that_no_rule_asks_for() -> None:
    """However many texts come, an index stays bounded; what was made for a text is made once, whatever its spelling."""
    made: list[str] = []

    def make() -> str:
        made.append("Alice")
        return "for Alice"

    index = Index(Key(path=("a", "to"), folded=True), {"alice": make}, "for others")
    many = Index(Key(path=("a", "to"), folded=True), {f"payee {number}": make for number in range(500)}, "for others")
    for number in range(3_000):
        assert index[f"Somebody {number}"] == index[None] == many[f"Somebody {number}"] == "for others"
        assert len(index) <= MIN_REMEMBERED
        assert len(many) <= 500 * SPELLINGS
    assert {index["Alice"], index["ALICE"], index[" alice "]} == {"for Alice"}
    assert made == ["Alice"]
    with pytest.raises(TypeError):
        index[["Alice"]]


def test_what_sets_come_to_is_remembered_within_bounds() -> None:
    """However many sets of rules match, only so many are remembered."""
    outcomes: DecisionTable[int] = DecisionTable((), lambda matched, failed: len(matched))
    marks = [outcomes.mark((), slice(0, 0)) for _ in range(MAX_REMEMBERED + 10)]
    for mark in marks:
        assert outcomes[(mark,)] == 0
    assert len(outcomes) == MAX_REMEMBERED


def test_loading_takes_work_in_proportion_to_the_rules(load: Callable[[str], Policy]) -> None:
    """Four times as many rules take four times as many calls to read, check and compile, by whatever they are asked for."""

    def calls(size: int) -> int:
        keyed = (f'- {{id: k{number}, approve: transfer, when: to == "P{number}" and amount > 5}}\n' for number in range(size))
        alike = (f"- {{id: a{number}, deny: transfer, when: amount > {number + 5}}}\n" for number in range(size))
        made = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            load(HEAD + "".join(keyed) + "".join(alike))
        finally:
            sys.setprofile(before)
        return made

    calls(10)  # what is imported and remembered on the way counts for nothing
    assert calls(400) < 4.2 * calls(100)
