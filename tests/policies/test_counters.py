"""Counters in a policies file: what is read of them, and how conditions read their values."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

import pytest

from signoff.actions import Action, Money, Registry
from signoff.policies import Context, CounterValue, PoliciesInvalid, Policy, compare_policies, parse_policy

from .conftest import Idle, Order, Transfer

Load = Callable[[str], Policy]
Make = Callable[..., Action]

FILE = """version: 1
currency: USD
zone: Europe/Berlin
approvers: manager
roles: {manager: [mira]}
counters:
  sent_today: {sum: amount, of: [transfer], by: [actor.id, currency], window: day}
  pieces: {sum: quantity, of: order, by: [to], window: 90m}
  actions: {count: "*", window: plan}
rules:
- id: everyday
  allow: [transfer, order, check_balance]
- id: cap
  deny: transfer
  when: counters.sent_today > 100
- id: many
  deny: "*"
  when: counters.actions >= 3
- id: pieces
  deny: order
  when: counters.pieces * 2 > 10.5 and to == "Bob"
"""


def decided(policy: Policy, action: Action, context: Context, **counters: CounterValue | None) -> tuple[str, tuple[str, ...]]:
    decision = policy.decide(action, replace(context, counters=counters))
    return decision.effect.value, decision.failed


def test_what_counters_are(load: Load) -> None:
    """A counter is a field or nothing, types, keys and a window; a `day` is one of the file's zone."""
    assert load(FILE).outline()["counters"] == {
        "sent_today": {
            "field": "amount",
            "types": ["transfer"],
            "by": ["actor.id", "currency"],
            "window": "day",
            "zone": "Europe/Berlin",
        },
        "pieces": {"field": "quantity", "types": ["order"], "by": ["to"], "window": 5_400, "zone": None},
        "actions": {
            "field": None,
            "types": ["*"],
            "by": [],
            "window": "plan",
            "zone": None,
        },
    }


def test_which_counters_are_read(load: Load) -> None:
    """A policy tells for each action type which counters its rules read, so that no others are worked out."""
    policy = load(FILE)
    assert policy.counters_read("transfer") == ("sent_today", "actions")
    assert policy.counters_read("order") == ("pieces", "actions")
    assert policy.counters_read("check_balance") == ("actions",)


@pytest.mark.parametrize(("sent", "effect"), [("100.00", "allow"), ("100.01", "deny")])
def test_money_is_compared_exactly(load: Load, action: Make, context: Context, sent: str, effect: str) -> None:
    """A sum of money is compared with plain numbers in the file's currency, to the cent."""
    transfer = action("transfer", to="Bob", amount="1.00")
    assert decided(load(FILE), transfer, context, sent_today=Decimal(sent), actions=1) == (effect, ())


def test_money_in_another_currency_fails(load: Load, action: Make, context: Context) -> None:
    """A sum in a currency that is not the file's cannot be compared with a plain number, so the deny rule counts."""
    transfer = action("transfer", to="Bob", amount="1.00", currency="EUR")
    assert decided(load(FILE), transfer, context, sent_today=Decimal("1.00"), actions=1) == ("deny", ("cap",))
    policy = load(FILE)
    told = policy.explain(transfer, replace(context, counters={"sent_today": Decimal("1.00"), "actions": 1}))
    assert told[0].failed == "counters.sent_today is in EUR and is compared with USD"
    assert told[0].values == (("counters.sent_today", "1.00 EUR"),)


@pytest.mark.parametrize(("pieces", "effect"), [(5, "allow"), (6, "deny")])
def test_whole_numbers_are_calculated_with(load: Load, action: Make, context: Context, pieces: int, effect: str) -> None:
    """Sums of whole numbers and counts are numbers as others are."""
    order = action("order", to="bob", quantity=1, weight="1", price="1.00")
    assert decided(load(FILE), order, context, pieces=pieces, actions=1) == (effect, ())


def test_a_counter_without_a_value_fails(load: Load, action: Make, context: Context) -> None:
    """Where a counter has no value, a rule that reads it is as strict as it can be, and says why."""
    transfer = action("transfer", to="Bob", amount="1.00")
    for counters in ({"actions": 1}, {"actions": 1, "sent_today": None}):
        assert decided(load(FILE), transfer, context, **counters) == ("deny", ("cap",))
    (told,) = load(FILE).explain(transfer, replace(context, counters={"actions": 1}))
    assert (told.failed, told.values) == ("counters.sent_today has no value here", (("counters.sent_today", "unknown"),))


def test_a_counter_compared_with_the_amount(load: Load, action: Make, context: Context) -> None:
    """A sum is in the action's own currency, so it can be compared with its amount and added to it."""
    policy = load(FILE.replace("counters.sent_today > 100", "counters.sent_today - amount >= amount"))
    transfer = action("transfer", to="Bob", amount="5.00", currency="EUR")
    assert decided(policy, transfer, context, sent_today=Decimal("9.99"), actions=1) == ("allow", ())
    assert decided(policy, transfer, context, sent_today=Decimal("10.00"), actions=1) == ("deny", ())


def test_a_type_may_lack_the_keys_behind_has(load: Load, action: Make, context: Context) -> None:
    """A rule for several types may read a counter behind `has` of the keys that some of them lack."""
    policy = load(
        FILE.replace("deny: order", "deny: [order, check_balance]").replace(
            "counters.pieces * 2", "has(to) and counters.pieces * 2"
        )
    )
    assert decided(policy, action("check_balance"), context, actions=1) == ("allow", ())


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [
        ("by: [actor.id, currency], window: day", "by: [currency], window: day", "sent_today"),
        ("zone: Europe/Berlin", "zone: Asia/Tokyo", "sent_today"),
        ("window: plan", "window: day", "actions"),
    ],
)
def test_a_changed_counter_may_be_looser(load: Load, old: str, new: str, looser: str) -> None:
    """A changed counter is named among what may let more through, with the rules that read it."""
    change = compare_policies(load(FILE).outline(), load(FILE.replace(old, new)).outline())
    assert change.counters_changed == (looser,)
    assert [told for told in change.looser if told.startswith(f"the counter {looser} changed, and ")] != []


def test_a_counter_that_is_spelt_otherwise_is_the_same(load: Load) -> None:
    """Whether one type stands in a list makes no other counter."""
    spelt = FILE.replace("of: [transfer]", "of: transfer")
    assert load(spelt).outline()["counters"] == load(FILE).outline()["counters"]


class Parcel(Idle):
    """Its `to` is a number, its `amount` whole, and its price in another field's currency."""

    type: Literal["parcel"] = "parcel"
    to: int
    amount: int
    price: Annotated[Decimal, Money("paid_in")]
    paid_in: str = "USD"
    currency: Literal["USD"] = "USD"


@pytest.mark.parametrize(
    ("counter", "when", "said"),
    [
        (
            "sum: amount, of: [transfer, parcel], by: [currency]",
            "has(to)",
            "7:15: error[type]: `amount` is not of one kind, or not in one currency, in transfer and in parcel",
        ),
        (
            "sum: price, of: [order, parcel], by: [currency]",
            "has(to)",
            "7:15: error[type]: `price` is not of one kind, or not in one currency, in order and in parcel",
        ),
        ("count: [transfer, parcel], by: [to]", "has(to)", "7:42: error[type]: `to` is of another kind in parcel"),
        (
            "count: transfer, by: [to]",
            "counters.sent > 1",
            "11:9: error[type]: `to` of parcel is not what the key `to` of `counters.sent` is",
        ),
    ],
)
def test_types_must_agree(counter: str, when: str, said: str) -> None:
    """What is added up, and each key, must be the same in every type that counts or asks."""
    registry = Registry(Transfer, Order, Parcel)
    text = (
        "version: 1\ncurrency: USD\napprovers: manager\nroles:\n  manager: [mira]\n"
        f"counters:\n  sent: {{{counter}, window: day}}\nrules:\n- id: a\n  deny: [transfer, parcel]\n  when: {when}\n"
    )
    with pytest.raises(PoliciesInvalid) as caught:
        parse_policy(text.encode(), "policies.yaml", registry)
    assert said in str(caught.value)


def test_counters_are_bounded(report_on: Callable[[str], str]) -> None:
    """A file has at most 100 counters."""
    counters = "".join(f"  c{number}: {{count: '*', window: day}}\n" for number in range(101))
    assert "error[too-many]: a file has at most 100 counters, not 101" in report_on(f"version: 1\ncounters:\n{counters}")
