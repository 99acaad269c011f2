"""The demo bank's own policies.yaml, for the demo bank's actions."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from signoff.actions import bank_registry
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.policies import Context, Decision, DecisionEffect, Policy, Seat, load_policy

FILE = Path(__file__).parent.parent.parent / "policies.yaml"
MANAGER, FINANCE = Seat("manager", 1), Seat("finance", 2)


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The file at the root."""
    return load_policy(FILE, bank_registry())


def decide(policy: Policy, fields: Mapping[str, Json], *, grounded: bool = True) -> Decision:
    """The decision on an action whose amount the user wrote, or did not."""
    context = Context(actor=Actor(id="dana"), grounded=frozenset({"amount"} if grounded else ()), plan_size=1)
    return policy.decide(bank_registry().read(fields), context)


def test_what_is_warned_of(policy: Policy) -> None:
    """The file loads with two warnings: nothing checks who votes, and what one of finance asks for, two of them cannot sign."""
    assert [warning.code for warning in policy.warnings] == ["identity", "seats"]


@pytest.mark.parametrize(
    ("to", "amount", "effect", "rules", "seats"),
    [
        ("Alice", "100.00", DecisionEffect.ALLOW, ("everyday",), ()),
        ("Alice", "100.01", DecisionEffect.APPROVE, ("large-transfer",), (MANAGER,)),
        ("Carol", "10000.00", DecisionEffect.APPROVE, ("large-transfer",), (MANAGER,)),
        ("Carol", "10000.01", DecisionEffect.APPROVE, ("large-transfer", "very-large"), (FINANCE, MANAGER)),
        ("Alice", "10000.01", DecisionEffect.APPROVE, ("large-transfer",), (MANAGER,)),
        ("Mallory Ltd", "1.00", DecisionEffect.DENY, ("blocked",), ()),
    ],
)
def test_transfers(
    to: str, amount: str, effect: DecisionEffect, rules: tuple[str, ...], seats: tuple[Seat, ...], policy: Policy
) -> None:
    """Transfers over 100 need a manager, over 10,000 outside the family finance too; the blocked payee gets none."""
    decision = decide(policy, {"type": "transfer", "to": to, "amount": amount})
    assert (decision.effect, decision.rules, decision.seats) == (effect, rules, seats)


def test_an_amount_that_nobody_asked_for(policy: Policy) -> None:
    """A transfer or payment whose amount is not in the request needs a manager."""
    for fields in ({"type": "transfer", "to": "Alice"}, {"type": "pay_bill", "biller": "Acme Utilities"}):
        assert decide(policy, fields | {"amount": "5.00"}, grounded=False).rules == ("not-asked-for",)
        assert decide(policy, fields | {"amount": "5.00"}).effect is DecisionEffect.ALLOW


@pytest.mark.parametrize(
    ("fields", "effect"),
    [
        ({"type": "check_balance"}, DecisionEffect.ALLOW),
        ({"type": "deposit", "amount": "5000.00"}, DecisionEffect.ALLOW),
        ({"type": "withdraw", "amount": "500.00"}, DecisionEffect.ALLOW),
        ({"type": "withdraw", "amount": "500.01"}, DecisionEffect.APPROVE),
        ({"type": "pay_bill", "biller": "Acme Utilities", "amount": "84.20"}, DecisionEffect.ALLOW),
        ({"type": "pay_bill", "biller": "Acme Utilities", "amount": "500.01"}, DecisionEffect.APPROVE),
        ({"type": "pay_bill", "biller": "Acme Utilities"}, DecisionEffect.APPROVE),
        ({"type": "transfer", "to": "Alice", "amount": "1.00", "currency": "EUR"}, DecisionEffect.APPROVE),
    ],
)
def test_the_other_actions(fields: dict[str, Json], effect: DecisionEffect, policy: Policy) -> None:
    """Small everyday actions run; large ones, bills of unknown amount and other currencies wait."""
    assert decide(policy, fields).effect is effect
