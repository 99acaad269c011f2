"""Probing: the values that conditions can tell apart, and situations with one part changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signoff.actions import Action, Registry
from signoff.actor import Actor
from signoff.policies import Context, Policy, Situation, parse_policy
from signoff.policies.everyday import first_situation
from signoff.policies.probing import Probes
from signoff.policies.samples import sample_texts
from signoff.policies.sources import is_trusted, source_of
from tests.app.test_strategies import REGISTRIES, Bounded, Stubborn

Load = Callable[[str], Policy]
Act = Callable[..., Action]

HEAD = """version: 1
currency: USD
approvers: manager
roles: {manager: [mira, omar], finance: [fay, omar]}
lists: {blocked: [Mallory Ltd, Eve]}
tables: {limits: {Alice: 500, Bob: 90.5}}
counters: {sent: {sum: amount, of: transfer, by: [currency], window: day}, asked: {count: "*", window: 24h}}
rules:
- {id: everyday, allow: "*"}
- id: probed
  deny: transfer
  when: |
    """


@pytest.fixture
def values(load: Load, action: Act) -> Callable[..., list[object]]:
    """The values tried of one part, under one condition, beside a transfer of 150 to Alice."""

    def tried(condition: str, part: str, head: str = HEAD, **fields: object) -> list[object]:
        probes = Probes.of("transfer", [load(head + condition + "\n")])
        transfer = action("transfer", **{"to": "Alice", "amount": "150.00", **fields})
        return list(probes.values(part, situation_of(transfer)))

    return tried


def situation_of(action: Action) -> Situation:
    """It is asked for on a Monday at noon; every value stands in the request."""
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return Situation(action=action, actor=Actor(id="dana"), now=now, zone=UTC, grounded=frozenset(action.fields))


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("amount > 100", ["99.99", "100", "100.01"]),
        ("amount + 20 > 100", ["79.99", "80", "80.01"]),
        ("2 * amount - 1 >= 100", ["50.49", "50.50", "50.51"]),
        ("amount * 3 > 100", ["33.32", "33.33", "33.34", "33.35"]),
        ("0 < amount <= 70", ["69.99", "70", "70.01"]),
        ("-amount < -70", ["69.99", "70", "70.01"]),
        ("max(amount, 5) > 70", ["69.99", "70", "70.01"]),
        ("abs(amount - 100) < 30", ["69.99", "70", "70.01", "129.99", "130", "130.01"]),
        ("amount > 90 EUR", ["89.99", "90", "90.01"]),
        ("to in tables.limits and amount > tables.limits[to]", ["499.99", "500", "500.01"]),
        ("counters.sent > 1000", ["999.99", "1000", "1000.01"]),
    ],
)
def test_numbers_are_tried_at_their_boundaries(condition: str, numbers: list[str], values: Callable[..., list[object]]) -> None:
    """A number is tried where a condition changes its mind, and one smallest unit below and above that."""
    assert {Decimal(number) for number in numbers} <= {*values(condition, "amount")}


def test_the_smallest_unit_is_the_currencys(values: Callable[..., list[object]]) -> None:
    """Beside 100 JPY lie 99 and 101, and beside 100 KWD 99.999 and 100.001."""
    for currency, beside in (("JPY", ("99", "101")), ("KWD", ("99.999", "100.001"))):
        found = values("amount > 100", "amount", currency=currency, amount="150")
        assert {Decimal(number) for number in beside} <= {*found}


def test_numbers_depend_on_the_other_parts(load: Load, action: Act) -> None:
    """What a table holds is looked up for the payee at hand, and what was counted before is taken off the limit."""
    probes = Probes.of("transfer", [load(HEAD + "amount > tables.limits[to] or counters.sent > 1000\n")])
    situation = situation_of(action("transfer", to="bob", amount="150.00"))
    assert Decimal("90.51") in probes.values("amount", situation)
    assert Decimal("500.01") not in probes.values("amount", situation)
    assert Decimal("850.01") in probes.values("counters.sent", situation)
    spent = replace(situation, before={"sent": Decimal(400)})
    assert Decimal("600.01") in probes.values("amount", spent)


@pytest.mark.parametrize(
    ("condition", "part", "tried", "not_tried"),
    [
        ('to == "Zed"', "to", ["Zed", "Somebody"], ["Mallory Ltd"]),
        ("to in lists.blocked", "to", ["Mallory Ltd", "Eve", "Somebody"], ["Bob"]),
        ("to not in tables.limits", "to", ["Bob", "Somebody"], ["Eve"]),
        ('to == "Somebody"', "to", ["Somebody", "Somebody 2"], []),
        ('to startswith "Acme "', "to", ["Acme x"], []),
        ('to matches "[a-c]{3}-[0-9]+"', "to", ["aaa-0"], []),
        ('default(to, "x") == from', "to", ["checking"], []),
        ("len(to) > 12", "to", ["x" * 11, "x" * 12, "x" * 13], []),
        ('actor.id == "zoe"', "actor.id", ["anybody", "zoe"], ["mira"]),
        ('"manager" in actor.roles', "actor.id", ["anybody", "mira", "omar", "fay"], ["dana"]),
        ("now.hour < 6", "now.hour", [5, 6, 7], [23]),
        ('now.date == "2026-12-24"', "now.date", [date(2026, 12, 23), date(2026, 12, 24), date(2026, 12, 25)], []),
        ('now.weekday in ["saturday"]', "now.date", [date(2026, 3, 7), date(2026, 3, 3)], [date(2026, 3, 9)]),
        ("plan.size > 3", "plan.size", [2, 3, 4], [0]),
        ("plan.size > 100", "plan.size", [99, 100], [101]),
        ("in_request(amount)", "in_request(amount)", [False], [True]),
        ("trusted(amount)", "trusted(amount)", [False], [True]),
        ("disputed", "disputed", [True], [False]),
        ('source_of(to) == "invoice"', "source_of(to)", ["none", "invoice", "elsewhere"], ["request", "Somebody"]),
        ('source_of(to) startswith "email:"', "source_of(to)", ["email:", "email:x"], []),
        ('source_of(to) endswith ":7"', "source_of(to)", ["x:7"], [":7"]),
        ("len(source_of(to)) > 9", "source_of(to)", ["x" * 9, "x" * 10], []),
        ('lower(source_of(to)) == "PAGE x"', "source_of(to)", ["none"], ["PAGE x"]),
        ("counters.asked > 3", "counters.asked", [Decimal(1), Decimal(2), Decimal(3)], [Decimal(-1)]),
        ('currency == "CHF"', "currency", ["CHF", "EUR"], ["USD"]),
        ("amount > 90 GBP", "currency", ["GBP", "EUR"], ["JPY"]),
    ],
)
def test_what_is_tried(
    condition: str, part: str, tried: list[object], not_tried: list[object], values: Callable[..., list[object]]
) -> None:
    """Of every part the values are tried that a condition names, some that none names, and none that it cannot have."""
    found = values(condition, part)
    assert [value for value in tried if value not in found] == []
    assert [value for value in not_tried if value in found] == []


def test_only_what_rules_read_is_a_part(load: Load) -> None:
    """The parts are those that the rules for the type read, with the currency of their amounts; numbers come last."""
    text = HEAD + 'amount > 5 and in_request(to) and to == "A" and counters.asked > 1 and now.weekday == "monday"\n'
    assert Probes.of("transfer", [load(text)]).parts == (
        *("in_request(to)", "to", "now.date", "currency"),
        *("amount", "counters.asked"),
    )
    assert Probes.of("check_balance", [load(text)]).parts == ()


def test_lists_left_out_and_choices(load: Load, action: Act) -> None:
    """An optional field is tried without a value, a choice with each, a truth with both, a list empty, short and long."""
    text = HEAD.replace("transfer\n", "order\n", 1).replace("deny: transfer", "deny: order")
    text += 'has(note) and (urgent or speed == "slow" or "red" in tags or len(tags) > 2 or quantity > 5)\n'
    probes = Probes.of("order", [load(text)])
    order = situation_of(action("order", to="A", quantity=1, weight="1", price="1.00", note="x"))
    assert None in probes.values("note", order)
    assert probes.values("urgent", order) == [True]
    assert probes.values("speed", order) == ["fast"]
    assert {("red",), ("Somebody",)} <= {*probes.values("tags", order)}
    assert {len(value) for value in probes.values("tags", order) if isinstance(value, tuple)} == {1, 2, 3}
    assert {4, 5, 6} <= {*probes.values("quantity", order)}


def test_a_changed_part(action: Act) -> None:
    """A situation is changed in one part; a value that the action refuses gives none."""
    situation = situation_of(action("transfer", to="Alice", amount="150.50"))
    changed = situation.changed("currency", "JPY")
    assert changed is not None
    assert changed.action.wire()["amount"] == "150"
    for part, value in (
        ("amount", Decimal("0.001")),
        ("amount", Decimal(-1)),
        ("currency", "XXQ"),
        ("now.hour", 24),
        ("plan.size", 0),
    ):
        assert situation.changed(part, value) is None, part
    later = situation.changed("now.date", date(2026, 3, 7))
    assert later is not None
    assert later.now == datetime(2026, 3, 7, 12, tzinfo=UTC)
    unsaid = situation.changed("in_request(to)", False)
    assert unsaid is not None
    assert "to" not in unsaid.grounded
    assert situation.value("to") == "Alice"


def test_where_a_value_stands_is_changed(action: Act) -> None:
    """A value that is moved to another source is not trusted for that; one that is said to be trusted stands somewhere."""
    situation = situation_of(action("transfer", to="Alice", amount="150.50"))
    assert [situation.value(f"{what}(to)") for what in ("in_request", "source_of", "trusted")] == [True, "request", True]
    steps: list[tuple[str, str | bool, tuple[bool, str, bool]]] = [
        ("source_of(to)", "invoice", (False, "invoice", False)),
        ("trusted(to)", True, (False, "invoice", True)),
        ("source_of(to)", "page", (False, "page", False)),
        ("in_request(to)", False, (False, "none", False)),
        ("trusted(to)", True, (False, "elsewhere", True)),
        ("trusted(to)", False, (False, "elsewhere", False)),
        ("source_of(to)", "request", (True, "request", True)),
        ("trusted(to)", False, (False, "none", False)),
    ]
    for part, value, stands in steps:
        changed = situation.changed(part, value)
        assert changed is not None
        situation = changed
        assert tuple(situation.value(f"{what}(to)") for what in ("in_request", "source_of", "trusted")) == stands
        assert situation.value("source_of(amount)") == "request"


def test_a_situation_has_what_its_context_has(load: Load, action: Act) -> None:
    """Sources, trust and dispute go from a context into a situation and back; what stands nowhere is not trusted."""
    policy, transfer = load(HEAD + "disputed\n"), action("transfer", to="Alice", amount="150.50")
    context = Context(
        actor=Actor(id="dana"),
        grounded=frozenset({"amount"}),
        plan_size=1,
        sources={"to": "invoice", "amount": "request", "from": "request", "currency": "none"},
        trusted=frozenset({"amount", "to", "currency"}),
        disputed=True,
    )
    situation = Situation.of(transfer, context, policy.counters, UTC)
    assert (situation.sources, situation.trusted, situation.disputed) == ({"to": "invoice"}, frozenset({"to"}), True)
    again = situation.context(policy)
    assert all(source_of(again, name) == source_of(context, name) for name in transfer.fields)
    assert all(is_trusted(again, name) == is_trusted(context, name) for name in transfer.fields)
    assert again.disputed


def test_what_is_left_out_stands_in_no_request(action: Act) -> None:
    """A field that is left out is not in the request, and one that is given anew is."""
    bill = situation_of(action("pay_bill", biller="A", amount="5.00"))
    without = bill.changed("amount", None)
    assert without is not None
    assert "amount" not in without.grounded
    assert without.changed("in_request(amount)", True) is None
    assert without.changed("source_of(amount)", "invoice") is None
    assert without.changed("trusted(amount)", True) is None
    again = without.changed("amount", Decimal(7))
    assert again is not None
    assert "amount" in again.grounded


@pytest.mark.parametrize("name", sorted(REGISTRIES))
def test_an_everyday_action_of_every_type(name: str) -> None:
    """Of every action type a first valid action is made, whatever its bounds."""
    registry = REGISTRIES[name]
    policy = parse_policy(b"version: 1\ncurrency: EUR\nrules: []\n", "policies.yaml", registry)
    for type_ in registry:
        found = first_situation(type_, policy)
        assert found is not None, type_
        assert registry.read(found.action.wire()) == found.action


def test_an_action_that_cannot_be_made() -> None:
    """Where an action refuses everything that is tried, there is none; where bounds tell how, there is one."""
    registry = Registry(Stubborn, Bounded)
    policy = parse_policy(b"version: 1\nrules: []\n", "policies.yaml", registry)
    assert first_situation("stubborn", policy) is None
    bounded = first_situation("bounded", policy)
    assert bounded is not None
    assert registry.read(bounded.action.wire()) == bounded.action


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("abc", "abc"),
        ("(foo|bar)-[0-9]{2,4}", "bar-000"),
        ("[^x]y?", "X"),
        (r"\d+\.\w", "00.a"),
        ("(?i:a)b*", "ab"),
        ("", ""),
        ("[", None),
        ("a{2", None),
        ("(a", None),
    ],
)
def test_samples_of_patterns(pattern: str, text: str | None) -> None:
    """A pattern gives some texts that it may match; one that is not understood gives none."""
    assert (text in sample_texts(pattern)) if text is not None else sample_texts(pattern) == []
