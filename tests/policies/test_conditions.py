"""What a condition means, and which guards the checker follows."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from signoff.actions import Action
from signoff.actor import Actor
from signoff.policies import Context, DecisionEffect, Policy

Load = Callable[[str], Policy]
Make = Callable[..., Action]

START = (
    "version: 1\ncurrency: USD\nroles: {manager: [mira], clerk: [dana, mira]}\nlists: {family: [Alice, Bob], none: []}\nrules:\n"
)
ORDER = {
    "to": "Alice",
    "quantity": 5,
    "weight": "2.50",
    "urgent": True,
    "tags": ["red", "blue"],
    "sizes": [1, 5],
    "price": "100.00",
}


def rule(condition: str, types: str = "order") -> str:
    """A file with one deny rule."""
    return f"{START}- id: a\n  deny: {types}\n  when: |\n    {condition}\n- id: b\n  allow: '*'\n"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("quantity == 5", True),
        ("quantity != 5", False),
        ("quantity > 4.5", True),
        ("quantity in sizes", True),
        ("quantity - 1 not in sizes", True),
        ("weight == 2.5", True),
        ("weight * 2 == 5", True),
        ("0.1 + 0.2 == 0.3", True),
        (
            "weight * 1_000_000_000_000_000.000_000_000_000_001 == 2_500_000_000_000_000.000_000_000_000_002_5",
            True,
        ),
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 3 - 2 == 5", True),
        ("-quantity == -5", True),
        ("--quantity == 5", True),
        ("- weight < 0", True),
        ("1 < quantity < 6", True),
        ("1 < quantity < 5", False),
        ("9 > quantity > 4 > 3", True),
        ('to == "Alice"', True),
        ("to == ' aLICE '", True),
        ("to != 'alice'", False),
        ('to in ["bob", "\uff21lice"]', True),
        ("to not in ['ALICE']", False),
        ("'alice' in ['ALICE']", True),
        ("'RED' in tags", True),
        ("default(note, 'X') == 'x'", True),
        ("speed == 'SLOW'", False),
        ("currency == 'usd'", False),
        ("actor.id == 'Dana'", False),
        ("'Clerk' in actor.roles", False),
        ("actor.id in ['DANA']", False),
        ('"Alice" == to', True),
        ('to == "\u0410lice"', True),
        ('to in ["Bob", "Alice"]', True),
        ("to in []", False),
        ("to in lists.family", True),
        ("to in lists.none", False),
        ("to not in lists.family", False),
        ('"red" in tags', True),
        ('"green" in tags', False),
        ('speed == "slow"', True),
        ("urgent", True),
        ("urgent == false", False),
        ("not urgent", False),
        ("not urgent or true", True),
        ("not (urgent or true)", False),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not false and not false", True),
        ("not quantity == 4", True),
        ("has(note)", False),
        ("has(to)", True),
        ("has(note) and note == 'x'", False),
        ("default(note, 'x') == 'x'", True),
        ("default(limit, 7) == 7", True),
        ("default(limit, -7) < 0", True),
        ("default(fee, 7) == 7", True),
        ("default(tags, ['a']) == tags", None),
        ("price > 99.99", True),
        ("price >= 100.00 and price <= 100", True),
        ("price * 2 == 200", True),
        ("2 * price - 50 == 150", True),
        ("-price < 0", True),
        ("price + price == 200", True),
        ("in_request(to)", True),
        ("in_request(price)", False),
        ("source_of(to) == 'request'", True),
        ("source_of(price) == 'invoice'", True),
        ("source_of(price) in ['request', 'invoice']", True),
        ("source_of(price) not in ['Invoice', 'INVOICE']", True),
        ("lower(source_of(price)) == 'INVOICE'", True),
        ("source_of(quantity) == 'none'", True),
        ("source_of(note) == 'none'", True),
        ("source_of(price) startswith 'inv' and source_of(price) endswith 'oice'", True),
        ("len(source_of(price)) == 7", True),
        ("source_of(price) > 'a'", None),
        ("source_of(price)", None),
        ("trusted(to)", True),
        ("trusted(price)", False),
        ("trusted(weight)", True),
        ("trusted(quantity)", False),
        ("trusted(note)", False),
        ("disputed", False),
        ("not plan.disputed", True),
        ("disputed == false", True),
        ("actor.id == 'dana'", True),
        ("'clerk' in actor.roles", True),
        ("'manager' in actor.roles", False),
        ("plan.size == 1", True),
    ],
)
def test_a_condition_is_worked_out(
    condition: str, expected: bool | None, load: Load, report_on: Callable[[str], str], action: Make, context: Context
) -> None:
    """A condition has the value that its words say, exactly; None stands for one that is not accepted."""
    if expected is None:
        assert "error[type]" in report_on(rule(condition))
        return
    sources, trusted = {"price": "invoice", "weight": "stock", "speed": "request"}, frozenset({"weight", "quantity"})
    context = replace(context, sources=sources, trusted=trusted)
    decision = load(rule(condition)).decide(action("order", **ORDER), context)
    assert (decision.effect is DecisionEffect.DENY) is expected
    assert decision.failed == ()


@pytest.mark.parametrize(
    "condition",
    [
        "has(limit) and limit > 1",
        "not has(limit) or limit > 1",
        "not (has(limit) and has(note)) or (limit > 1 and note == 'x')",
        "has(limit) and (urgent or limit > 1)",
        "(has(limit) and urgent) and limit > 1",
        "not (has(limit) and urgent) or limit > 1",
        "has(limit) and has(fee) and fee > 1 and limit > 1",
        "not not has(limit) and limit > 1",
        "not (not has(limit) or urgent) and limit > 1",
        "(has(limit) and urgent or has(limit) and not urgent) and limit > 1",
        "(not has(limit) and urgent) or not has(limit) or limit > 1",
        "default(limit, 0) > 1",
    ],
)
def test_a_guard_is_accepted(condition: str, load: Load, action: Make, context: Context) -> None:
    """What is read behind a guard loads, and decides whether the field is given or not."""
    policy = load(rule(condition))
    for given in ({}, {"limit": 5}, {"note": "x"}, {"limit": 0, "note": "x", "fee": "3.00"}):
        assert policy.decide(action("order", **ORDER, **given), context).failed == ()


@pytest.mark.parametrize(
    "condition",
    [
        "limit > 1",
        "has(limit) or limit > 1",
        "not has(limit) and limit > 1",
        "limit > 1 and has(limit)",
        "has(note) and limit > 1",
        "(has(limit) or urgent) and limit > 1",
        "not (has(limit) and urgent) and limit > 1",
        "(has(limit) == true) and limit > 1",
        "in_request(limit) and limit > 1",
        "limit in sizes",
        "limit + 1 > 2",
    ],
)
def test_a_missing_guard_is_an_error(condition: str, report_on: Callable[[str], str]) -> None:
    """A field that may be left out cannot be read where it is not known to be given."""
    assert "error[optional]: `limit` may be left out of order" in report_on(rule(condition))


def test_a_guard_in_when_holds_in_unless(load: Load, report_on: Callable[[str], str]) -> None:
    """`unless` is reached only where `when` is true, so what `when` knows it knows."""
    text = START + "- id: a\n  deny: order\n  when: WHEN\n  unless: limit > 1\n"
    assert len(load(text.replace("WHEN", "has(limit)")).document.rules) == 1
    assert "error[optional]" in report_on(text.replace("WHEN", "urgent"))


def test_a_type_without_the_field(load: Load, action: Make, context: Context) -> None:
    """In a rule for several types `has` is false where the type has no such field, and `default` gives the constant."""
    policy = load(rule('has(to) and to == "Alice"', types="'*'"))
    assert policy.decide(action("transfer", to="Alice", amount="1.00"), context).rules == ("a",)
    assert policy.decide(action("check_balance"), context).rules == ("b",)
    policy = load(rule("default(amount, 5) >= 5", types="[transfer, check_balance]"))
    assert policy.decide(action("check_balance"), context).rules == ("a",)
    assert policy.decide(action("transfer", to="Alice", amount="1.00"), context).rules == ("b",)


@pytest.mark.parametrize(
    ("condition", "currency", "fee_currency", "failed"),
    [
        ("price > 1", "EUR", "USD", "price is in EUR and is compared with USD"),
        ("1 > price", "EUR", "USD", "price is in EUR and is compared with USD"),
        ("has(fee) and price > fee", "EUR", "USD", "fee is in USD and is compared with EUR"),
        ("has(fee) and price > fee", "EUR", "EUR", ""),
        ("has(fee) and price + fee > 1", "USD", "EUR", "fee is in EUR and is compared with USD"),
        ("has(fee) and price * 2 - fee * 3 > fee", "JPY", "EUR", "fee is in EUR and is compared with JPY"),
        ("default(fee, 1) > 1", "USD", "EUR", "fee is in EUR and is compared with USD"),
        ("price + 1 > 5", "EUR", "USD", "price is in EUR and is compared with USD"),
        ("price > 0", "EUR", "USD", ""),
        ("has(fee) and price - fee > 0", "EUR", "EUR", ""),
        ("0 < price < 1_000", "EUR", "USD", "price is in EUR and is compared with USD"),
        ("price + 0 > 0", "EUR", "USD", "price is in EUR and is compared with USD"),
        ("urgent or price > 1", "EUR", "USD", ""),
    ],
)
def test_money_meets_money_in_one_currency(
    condition: str, currency: str, fee_currency: str, failed: str, load: Load, action: Make, context: Context
) -> None:
    """A comparison of amounts in two currencies fails, with the reason; plain numbers are in the file's."""
    policy = load(rule(condition))
    price = "100" if currency == "JPY" else "100.00"
    fields = ORDER | {"price": price, "currency": currency, "fee": "1.00", "fee_currency": fee_currency}
    order = action("order", **fields)
    assert policy.decide(order, context).failed == (("a",) if failed else ())
    reasons = [explanation.failed for explanation in policy.explain(order, context) if explanation.rule == "a"]
    assert reasons == [failed] or not failed


def test_a_number_longer_than_decimals_hold(load: Load, action: Make, context: Context) -> None:
    """Sums and products are exact beyond the 28 digits that Python's decimals have by default."""
    policy = load(rule("weight * 1_000_000_000_000 + 0.000_000_000_000_000_001 > weight * 1_000_000_000_000"))
    order = action("order", **(ORDER | {"weight": "999999999999999999.999999999999999999"}))
    assert policy.decide(order, context).effect is DecisionEffect.DENY


def test_names_of_fields_that_are_words_in_python(load: Load, action: Make, context: Context) -> None:
    """A field is written as plans write it: `from`."""
    policy = load(rule('from == "savings"', types="transfer"))
    assert policy.decide(action("transfer", to="A", amount="1.00", **{"from": "savings"}), context).rules == ("a",)
    assert policy.decide(action("transfer", to="A", amount="1.00"), context).rules == ("b",)


def test_texts_are_compared_composed(load: Load, action: Make, context: Context) -> None:
    """A name in a rule or a list matches an action's, however its accents are written in the file."""
    split, composed = "Jose\u0301", "Jos\u00e9"
    transfer = action("transfer", to=split, amount="1.00")
    assert load(rule(f'to == "{split}"', "transfer")).decide(transfer, context).rules == ("a",)
    assert load(rule(f'to in ["{composed}"]', "transfer")).decide(transfer, context).rules == ("a",)
    listed = rule("to in lists.none", "transfer").replace("none: []", f"none: [{split}]")
    assert load(listed).decide(transfer, context).rules == ("a",)


SPELLINGS = [
    "mallory ltd", "' Mallory Ltd'", "Mallory  Ltd", "M\u0430llory Ltd",
    '"Mallory Ltd\\u200d"', '"Mallory\\u00a0Ltd"', "\uff2dallory Ltd",
]  # fmt: skip


@pytest.mark.parametrize("written", SPELLINGS)
def test_spelling_hides_nobody(written: str, load: Load, action: Make, context: Context) -> None:
    """However a name is spelt in a list or a text, it is the one that was resolved: case, spaces, look-alikes, joiners."""
    text = rule("to in lists.none", "transfer").replace("none: []", f"none: [{written}]")
    transfer = action("transfer", to="Mallory Ltd", amount="1.00")
    assert load(text).decide(transfer, context).rules == ("a",)
    constant = written.strip("'\"").encode().decode("unicode_escape") if "\\" in written else written.strip("'")
    assert load(rule(f'to == "{constant}"', "transfer")).decide(transfer, context).rules == ("a",)
    assert load(rule('to == "Mallory Ltd"', "transfer")).decide(
        action("transfer", to=constant, amount="1.00"), context
    ).rules == ("a",)


def test_two_fields_are_compared_folded(load: Load, action: Make, context: Context) -> None:
    """A field of names is folded whatever it meets, another field, an actor or a currency."""
    order = action("order", **ORDER | {"to": "DANA", "note": "dana", "tags": ["Dana"]})
    for condition in ("has(note) and to == note", "to in tags", "to == actor.id", "default(note, 'x') in tags"):
        assert load(rule(condition)).decide(order, context).rules == ("a",)


def test_money_without_a_currency_of_the_file(load: Load, action: Make, context: Context) -> None:
    """0 is the same in every currency, so to compare with it needs none."""
    policy = load("version: 1\nrules:\n- {id: a, deny: transfer, when: amount > 0}\n")
    assert policy.decide(action("transfer", to="A", amount="1.00"), context).rules == ("a",)


def test_the_plan_and_its_actor_are_read(load: Load, action: Make) -> None:
    """`plan.size`, `actor.id` and `actor.roles` come from the context and the file."""
    policy = load(rule("plan.size > 2 and 'manager' in actor.roles and actor.id != 'dana'"))
    for actor, size, matches in (("mira", 3, True), ("mira", 2, False), ("dana", 3, False), ("nobody", 3, False)):
        context = Context(actor=Actor(id=actor), grounded=frozenset(), plan_size=size)
        assert (policy.decide(action("order", **ORDER), context).rules == ("a",)) is matches


@pytest.mark.parametrize("value", ["NO", "on", "22:30", "1_000", "~x", "2026-01-01", "0x1F", "1e3"])
def test_yaml_does_not_reinterpret_texts(value: str, load: Load) -> None:
    """What YAML takes for truths, times, dates and numbers stays the text that was written."""
    assert load(f"version: 1\nroles: {{m: [{value}]}}\nlists: {{l: [{value}]}}\nrules: []\n").lists["l"] == (value,)


@pytest.mark.parametrize(("within", "seconds"), [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("2d", 172_800), ("'1d'", 86_400)])
def test_times_are_read(within: str, seconds: int, load: Load, action: Make, context: Context) -> None:
    """`within` counts seconds, minutes, hours or days."""
    policy = load(f"{START}- id: a\n  approve: order\n  by: manager\n  within: {within}\n- id: b\n  allow: order\n")
    assert policy.decide(action("order", **ORDER), context).within == seconds
