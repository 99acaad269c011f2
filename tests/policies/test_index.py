"""Many rules that ask first what one text is are looked up, not asked one after the other, and decide the same."""

from collections.abc import Callable
from types import FunctionType
from unittest.mock import patch

import pytest

from signoff.actions import Action
from signoff.policies import Context, Policy, compiler
from signoff.policies.decision_table import MAX_NUMBERS, MAX_REMEMBERED, DecisionTable

HEAD = """\
version: 1
currency: USD
approvers: manager
roles: {manager: [mira, omar]}
lists: {family: [Alice, Bob], empty: []}
rules:
- {id: everyday, allow: "*"}
"""
PAYEES = [f"Payee {number}" for number in range(20)]
KEYED = "".join(
    f'- {{id: r{number}, approve: transfer, when: to == "{payee}" and amount > {number}}}\n'
    for number, payee in enumerate(PAYEES)
)
OTHERS = """\
- {id: turned, approve: transfer, when: "'Payee 3' == to"}
- id: several
  approve: transfer
  when: |
    to in ["Payee 3", "payee 4"]
- {id: listed, approve: transfer, when: to in lists.family}
- {id: nobody, approve: transfer, when: to in lists.empty}
- {id: guarded, deny: "*", when: has(to) and to == "Payee 5" and has(amount)}
- {id: other-first, approve: transfer, when: amount > 1_000 and to == "Payee 6"}
- {id: unless, approve: transfer, when: to == "Payee 7", unless: amount > 5}
- {id: either, approve: transfer, when: to == "Payee 8" or amount > 5_000}
- {id: note, approve: order, when: has(note) and note == "x"}
- {id: currency, approve: transfer, when: currency == "EUR"}
"""


@pytest.fixture(scope="module")
def both(load: Callable[[str], Policy]) -> tuple[Policy, Policy]:
    """The same rules with an index wherever one can be, and with none."""
    with patch.object(compiler, "MIN_INDEXED", 1):
        indexed = load(HEAD + KEYED + OTHERS)
    with patch.object(compiler, "MIN_INDEXED", 10_000):
        return indexed, load(HEAD + KEYED + OTHERS)


@pytest.mark.parametrize("payee", [*PAYEES, "PAYEE 3", "  payee  3", "Pаyee 3", "Alice", "Bob", "Mallory", "None"])
@pytest.mark.parametrize(("amount", "currency"), [("1.00", "USD"), ("100.00", "USD"), ("6000.00", "USD"), ("3.00", "EUR")])
def test_index_decides_the_same(
    both: tuple[Policy, Policy], action: Callable[..., Action], context: Context, payee: str, amount: str, currency: str
) -> None:
    """With an index every transfer is decided as without: rules, failures, seats and reasons, whatever the spelling."""
    indexed, plain = both
    transfer = action("transfer", to=payee.strip(), amount=amount, currency=currency)
    for _ in range(2):  # an index makes its functions when they are first asked for
        assert indexed.decide(transfer, context) == plain.decide(transfer, context)


@pytest.mark.parametrize("note", [None, "x", "y"])
def test_text_that_was_not_given_is_looked_up(
    both: tuple[Policy, Policy], action: Callable[..., Action], context: Context, note: str | None
) -> None:
    """A field that was left out finds nothing in an index, and is decided the same."""
    order = action("order", to="Payee 5", quantity=1, weight="1", price="1.00", note=note)
    assert both[0].decide(order, context) == both[1].decide(order, context)


def test_condition_that_fails_before_the_key_still_fails(
    load: Callable[[str], Policy], action: Callable[..., Action], context: Context
) -> None:
    """Where something that can fail stands before the key, it is asked for every action: in another currency it counts."""
    rules = "".join(
        f'- {{id: f{number}, deny: transfer, when: amount > 50 and to == "{payee}"}}\n' for number, payee in enumerate(PAYEES)
    )
    decision = load(HEAD + rules).decide(action("transfer", to="Nobody", amount="1.00", currency="EUR"), context)
    assert len(decision.failed) == len(PAYEES)


def test_rules_for_other_texts_are_not_asked(
    load: Callable[[str], Policy], action: Callable[..., Action], context: Context
) -> None:
    """Of many rules by payee only those for this payee are compiled and asked."""
    with patch.object(compiler, "FunctionType", wraps=FunctionType) as made:
        policy = load(HEAD + KEYED)
        loaded = made.call_count
        for _ in range(3):
            assert policy.decide(action("transfer", to="Payee 3", amount="9.00"), context).rules == ("r3",)
            assert policy.decide(action("transfer", to="Nobody", amount="9.00"), context).rules == ("everyday",)
    assert made.call_count == loaded + 1


def test_what_is_remembered_is_bounded(load: Callable[[str], Policy]) -> None:
    """Whatever sets of rules match, few of them are remembered where they are large: memory is bounded, answers are right."""
    (rule,) = load("version: 1\nrules: [{id: a, allow: transfer}]\n").document.rules
    outcomes = DecisionTable((rule,) * 3_000, lambda matched, failed: (len(matched), len(failed)))
    for size in range(1_000, 3_000):
        assert outcomes[(*range(size), -1)] == (size, 1)
    assert 0 < sum(map(len, outcomes)) <= MAX_NUMBERS
    for number in range(2 * MAX_REMEMBERED):
        assert outcomes[(number % 3_000,) * (number // 3_000 + 1)] == (number // 3_000 + 1, 0)
    assert len(outcomes) <= MAX_REMEMBERED
