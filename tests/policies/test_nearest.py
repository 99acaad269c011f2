"""The nearest changes of a situation that alter what is decided."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from signoff.actions import Action, Registry
from signoff.actor import Actor
from signoff.policies import DecisionEffect, Policy, Situation, nearest_changes, parse_policy

Load = Callable[[str], Policy]
Act = Callable[..., Action]

HEAD = """version: 1
currency: USD
approvers: manager
identity: claimed
roles: {manager: [mira, omar], finance: [fay, finn]}
lists: {blocked: [Mallory Ltd]}
counters: {sent: {sum: amount, of: transfer, by: [currency], window: day}}
rules:
"""
BANK = (
    HEAD
    + """- {id: everyday, allow: "*"}
- {id: large, approve: transfer, when: amount > 100}
- {id: very-large, approve: transfer, when: amount > 10_000, by: {role: finance, count: 2}}
- {id: blocked, deny: transfer, when: to in lists.blocked}
"""
)


def asked(action: Action) -> Situation:
    """It is asked for by dana at noon; every value stands in the request."""
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return Situation(action=action, actor=Actor(id="dana"), now=now, zone=UTC, grounded=frozenset(action.fields))


def told(situation: Situation, policy: Policy) -> list[str]:
    """The nearest changes, a line each."""
    return [
        " ".join(
            [
                "looser" if one.is_looser else "stricter",
                *(
                    f"{part}={value:.2f}" if isinstance(value, Decimal) else f"{part}={value}"
                    for part, value in one.values.items()
                ),
                *([f"or {one.reach}"] if one.reach else []),
                *(["->", one.outcome.effect.value]),
                *(f"{seat}:{count}" for seat, count in one.outcome.seats),
            ]
        )
        for one in nearest_changes(situation, policy).changes
    ]


def test_the_nearest_changes_of_a_transfer(load: Load, action: Act) -> None:
    """Of each part the nearest value for each other decision, the least change first, looser and stricter ones named."""
    assert told(asked(action("transfer", to="Carol", amount="150.00")), load(BANK)) == [
        "looser amount=100.00 or less -> allow",
        "stricter to=Mallory Ltd -> deny",
        "stricter currency=EUR -> approve finance:2 manager:1",
        "stricter amount=10000.01 or more -> approve finance:2 manager:1",
    ]


def test_every_kind_of_decision_is_told(load: Load, action: Act) -> None:
    """From 12,000 both fewer signatures and none at all are told, with the nearest amount for each."""
    assert told(asked(action("transfer", to="Carol", amount="12000")), load(BANK))[:2] == [
        "looser amount=10000.00 -> approve manager:1",
        "looser amount=100.00 or less -> allow",
    ]


@pytest.mark.parametrize(
    ("rule", "fields", "before", "first"),
    [
        ("when: counters.sent > 1_000", {"amount": "600.00"}, 500, "looser amount=500.00 or less -> allow"),
        ("when: counters.sent > 1_000", {"amount": "600.00"}, 900, "looser counters.sent=400.00 or less -> allow"),
        ("when: counters.sent > 1_000", {"amount": "5.00"}, 1_001, "looser counters.sent=995.00 or less -> allow"),
        ("when: amount * 3 > 100", {"amount": "40.00"}, 0, "looser amount=33.33 or less -> allow"),
        ("when: now.hour >= 6 and now.hour < 13", {}, 0, "looser now.hour=13 or more -> allow"),
        ('when: now.weekday == "monday"', {}, 0, "looser now.date=2026-03-03 -> allow"),
        ("when: plan.size < 3", {}, 0, "looser plan.size=3 or more -> allow"),
        ("unless: '\"finance\" in actor.roles'", {}, 0, "looser actor.id=fay -> allow"),
        ("when: in_request(amount)", {}, 0, "looser in_request(amount)=False -> allow"),
        ("when: trusted(amount)", {}, 0, "looser trusted(amount)=False -> allow"),
        ('when: source_of(to) != "invoice"', {}, 0, "looser source_of(to)=invoice -> allow"),
        ("when: not disputed", {}, 0, "looser disputed=True -> allow"),
        ('when: to contains "o"', {"to": "Bob"}, 0, "looser to=x -> allow"),
    ],
)
def test_one_condition(rule: str, fields: dict[str, str], before: int, first: str, load: Load, action: Act) -> None:
    """The least change of each part that a condition reads is found; an amount moves what counters hold."""
    policy = load(f"{HEAD}- {{id: everyday, allow: transfer}}\n- id: stopped\n  deny: transfer\n  {rule}\n")
    situation = asked(action("transfer", **{"to": "Bob", "amount": "150.00", **fields}))
    situation = replace(situation, before={"sent": Decimal(before)})
    assert situation.decided_by(policy).effect is DecisionEffect.DENY
    changes = told(situation, policy)
    assert first in changes
    assert all(line.startswith("looser") for line in changes)


def test_a_text_that_no_condition_names(load: Load, action: Act) -> None:
    """A payee that is on no list is told where any other would do."""
    situation = asked(action("transfer", to="Mallory Ltd", amount="5.00"))
    assert told(situation, load(BANK)) == ["looser to=Somebody -> allow"]


def test_two_changes_at_once(load: Load, action: Act) -> None:
    """Where no single part alters the decision, two together are told."""
    policy = load(f"{HEAD}- {{id: all, allow: transfer}}\n- {{id: no, deny: transfer, when: amount > 5 or to == 'A'}}\n")
    situation = asked(action("transfer", to="A", amount="9.00"))
    (change,) = nearest_changes(situation, policy).changes
    assert set(change.values) == {"to", "amount"}
    assert change.values["to"] == "Somebody"
    assert change.is_looser


def test_nothing_alters_it(load: Load, action: Act) -> None:
    """Where no rule reads anything, nothing is found, and what was tried is told."""
    found = nearest_changes(asked(action("transfer", to="A", amount="9.00")), load(f"{HEAD}- {{id: no, deny: transfer}}\n"))
    assert (found.changes, found.complete) == ((), True)


def test_an_actions_own_caution(careful_registry: Registry) -> None:
    """What an action's own code compares is found by magnitudes, and bisected to the smallest unit."""
    policy = parse_policy(
        f"{HEAD.replace('counters', '#')}- {{id: all, allow: '*'}}\n".encode(), "policies.yaml", careful_registry
    )
    wire = careful_registry.read({"type": "wire", "to": "A", "amount": "2500.00"})
    assert told(asked(wire), policy)[0] == "looser amount=999.99 or less -> allow"
    small = careful_registry.read({"type": "wire", "to": "A", "amount": "20.00"})
    assert "stricter amount=1000.00 or more -> approve manager:1" in told(asked(small), policy)


def test_too_many_values_are_told(load: Load, action: Act) -> None:
    """Where rules name more texts than are tried, that is told."""
    named = [", ".join(f'"P{rule}-{number}"' for number in range(400)) for rule in range(3)]
    policy = load(
        HEAD + "".join(f"- {{id: r{rule}, deny: transfer, when: 'to in [{texts}]'}}\n" for rule, texts in enumerate(named))
    )
    found = nearest_changes(asked(action("transfer", to="A", amount="9.00")), policy)
    assert not found.complete
    assert found.tried <= 2_000
