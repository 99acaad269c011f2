"""How rules come to a decision: the strictest wins, approvals combine, failures count on the strict side."""

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from signoff.actions import Action, Registry, fold_name
from signoff.policies import (
    DEFAULT_WITHIN,
    Context,
    Decision,
    DecisionEffect,
    Explanation,
    Policy,
    Seat,
    load_policy,
    parse_policy,
)

Load = Callable[[str], Policy]
Make = Callable[..., Action]

START = """version: 1
currency: USD
approvers: manager
roles: {manager: [mira, omar], finance: [fay, finn], legal: [lee]}
lists: {blocked: [Mallory Ltd]}
"""


@pytest.fixture
def transfer(action: Make) -> Action:
    """150.00 USD to Alice."""
    return action("transfer", to="Alice", amount="150.00")


@pytest.fixture
def transfer_in_euro(action: Make) -> Action:
    """1.00 EUR to Alice."""
    return action("transfer", to="Alice", amount="1.00", currency="EUR")


def rules(*lines: str, start: str = START) -> str:
    """A file with one rule for each line `EFFECT KEY: VALUE; ...`, its ids r0, r1 and so on."""
    made = []
    for number, line in enumerate(lines):
        effect, *keys = line.split("; ")
        made.append(f"- id: r{number}\n  {effect}: transfer\n" + "".join(f"  {key}\n" for key in keys))
    return start + "rules:\n" + "".join(made) if made else start + "rules: []\n"


def test_deny_wins(load: Load, transfer: Action, context: Context) -> None:
    """A deny rule wins over approve and allow rules, and all that match are named."""
    decision = load(rules("allow", "deny; because: no", "approve", "deny; when: amount > 5")).decide(transfer, context)
    assert (decision.effect, decision.rules, decision.because) == (DecisionEffect.DENY, ("r1", "r3"), ("no",))
    assert (decision.seats, decision.within, decision.asks) == ((), None, "")


def test_approve_tightens_allow(load: Load, transfer: Action, context: Context) -> None:
    """An approve rule that matches makes an allowed action wait."""
    decision = load(rules("allow", "approve; because: large")).decide(transfer, context)
    assert (decision.effect, decision.rules, decision.because) == (DecisionEffect.APPROVE, ("r1",), ("large",))
    assert decision.within == DEFAULT_WITHIN


def test_allow(load: Load, transfer: Action, context: Context) -> None:
    """Where only allow rules match, the action is allowed, and they are named."""
    policy = load(rules("allow", "approve; when: amount > 150", "allow; when: amount == 150"))
    assert policy.decide(transfer, context) == Decision(
        effect=DecisionEffect.ALLOW,
        rules=("r0", "r2"),
        seats=(),
        within=None,
        asks="",
        policy=policy.digest,
        failed=(),
        because=(),
    )


def test_approve_grants_nothing(load: Load, transfer: Action, context: Context) -> None:
    """Where an approve rule matches and no allow rule, the default denies all the same."""
    decision = load(rules("approve")).decide(transfer, context)
    assert (decision.effect, decision.rules) == (DecisionEffect.DENY, ())
    assert decision.because == ("no allow rule speaks for it",)


def test_the_default_denies(load: Load, transfer: Action, context: Context) -> None:
    """Without any rule, and without `default`, everything is denied, and no rule is behind it."""
    decision = load(rules()).decide(transfer, context)
    assert (decision.effect, decision.rules, decision.seats) == (DecisionEffect.DENY, (), ())


def test_the_default_asks(load: Load, transfer: Action, context: Context) -> None:
    """`default: {approve: ROLE}` adds its seat to what approve rules ask where no allow rule speaks."""
    start = START + "default: {approve: legal}\n"
    decision = load(rules(start=start)).decide(transfer, context)
    assert (decision.effect, decision.rules, decision.seats) == (DecisionEffect.APPROVE, (), (Seat("legal", 1),))
    decision = load(rules("approve", start=start)).decide(transfer, context)
    assert (decision.rules, decision.seats) == (("r0",), (Seat("legal", 1), Seat("manager", 1)))
    assert load(rules("allow", start=start)).decide(transfer, context).effect is DecisionEffect.ALLOW
    assert load(rules("deny", start=start)).decide(transfer, context).effect is DecisionEffect.DENY


def test_approvals_combine(load: Load, transfer: Action, context: Context) -> None:
    """All roles sign; per role the largest count; within the shortest time."""
    policy = load(
        rules(
            "allow",
            "approve; by: {role: manager, count: 2}; within: 2h",
            "approve; by: manager; within: 30m",
            "approve; by: finance",
            "approve; by: legal; when: amount > 1_000",
        )
    )
    decision = policy.decide(transfer, context)
    assert decision.seats == (Seat("finance", 1), Seat("manager", 2))
    assert decision.within == 1_800
    assert decision.rules == ("r1", "r2", "r3")


@pytest.mark.parametrize(
    ("line", "effect", "matched"),
    [
        ("deny; when: amount > 100", DecisionEffect.DENY, ("r1",)),
        ("deny; unless: amount > 1", DecisionEffect.DENY, ("r1",)),
        ("deny; when: amount > 100; unless: to == 'Alice'", DecisionEffect.DENY, ("r1",)),
        ("deny; when: to == 'Bob'; unless: amount > 1", DecisionEffect.ALLOW, ("r0",)),
        ("approve; when: amount > 100", DecisionEffect.APPROVE, ("r1",)),
        ("approve; unless: amount > 1", DecisionEffect.APPROVE, ("r1",)),
    ],
)
def test_a_failing_condition_is_strict(
    line: str, effect: DecisionEffect, matched: tuple[str, ...], load: Load, transfer_in_euro: Action, context: Context
) -> None:
    """A deny or approve rule whose condition is reached and fails counts as matched, and is named as failed."""
    decision = load(rules("allow", line)).decide(transfer_in_euro, context)
    assert (decision.effect, decision.rules) == (effect, matched)
    assert decision.failed == (() if effect is DecisionEffect.ALLOW else ("r1",))


@pytest.mark.parametrize("line", ["allow; when: amount < 100", "allow; when: amount > 100", "allow; unless: amount > 100"])
def test_a_failing_allow_rule_grants_nothing(line: str, load: Load, transfer_in_euro: Action, context: Context) -> None:
    """An allow rule whose condition fails counts as not matched, and the explanation says why."""
    policy = load(rules(line))
    decision = policy.decide(transfer_in_euro, context)
    assert (decision.effect, decision.rules, decision.failed) == (DecisionEffect.DENY, (), ("r0",))
    (explanation,) = policy.explain(transfer_in_euro, context)
    assert explanation.failed == "amount is in EUR and is compared with USD"


@pytest.mark.parametrize(
    ("lines", "default", "within"),
    [
        (["allow", "approve; within: 48h"], "deny", 48 * 3_600),
        (["allow", "approve; within: 48h", "approve"], "deny", DEFAULT_WITHIN),
        (["allow", "approve; within: 2h", "approve"], "deny", 2 * 3_600),
        (["allow", "approve", "approve; within: 300d"], "deny", DEFAULT_WITHIN),
        (["approve; within: 48h"], "{approve: legal}", DEFAULT_WITHIN),
    ],
)
def test_the_shortest_time_counts(
    lines: list[str], default: str, within: int, load: Load, transfer: Action, context: Context
) -> None:
    """A rule that says no time, and the default, count as a day: only a longer time that stands alone is longer."""
    assert load(rules(*lines, start=f"{START}default: {default}\n")).decide(transfer, context).within == within


def test_caution_asks(careful_registry: Registry, context: Context) -> None:
    """An action's own caution makes it at least approve, by the approvers, under the name `caution`."""
    text = START + "rules:\n- {id: a, allow: wire}\n- {id: b, approve: wire, when: amount > 5_000, by: finance, within: 9d}\n"
    policy = parse_policy(text.encode(), "policies.yaml", careful_registry)

    def decide(amount: str) -> Decision:
        return policy.decide(careful_registry.read({"type": "wire", "to": "A", "amount": amount}), context)

    assert decide("999.00").effect is DecisionEffect.ALLOW
    asked = decide("1000.00")
    assert asked.within == DEFAULT_WITHIN
    assert (asked.effect, asked.rules, asked.seats) == (DecisionEffect.APPROVE, ("caution",), (Seat("manager", 1),))
    assert asked.because == ("a wire of 1,000 or more",)
    both = decide("6000.00")
    assert both.within == DEFAULT_WITHIN
    assert (both.rules, both.seats) == (("b", "caution"), (Seat("finance", 1), Seat("manager", 1)))
    assert len({asked.asks, both.asks, ""}) == 3
    failing = decide("13.00")
    assert (failing.rules, failing.because) == (("caution",), ("the action's own check failed (RuntimeError)",))


def test_caution_loosens_nothing(careful_registry: Registry, context: Context) -> None:
    """A denied action stays denied whatever its caution says; without approvers a caution denies."""
    wire = careful_registry.read({"type": "wire", "to": "A", "amount": "1000.00"})
    for text in (START + "rules: []\n", START + "rules:\n- {id: a, allow: wire}\n- {id: b, deny: wire}\n"):
        assert parse_policy(text.encode(), "p", careful_registry).decide(wire, context).effect is DecisionEffect.DENY
    nobody = "version: 1\nrules:\n- {id: a, allow: wire}\n"
    decision = parse_policy(nobody.encode(), "p", careful_registry).decide(wire, context)
    assert decision.effect is DecisionEffect.DENY
    assert decision.because == ("a wire of 1,000 or more", "the policies name no `approvers` who could sign")


def test_caution_beside_a_default_that_asks(careful_registry: Registry, context: Context) -> None:
    """Where the default asks and the action is careful, both seats must sign."""
    wire = careful_registry.read({"type": "wire", "to": "A", "amount": "1000.00"})
    text = START + "default: {approve: legal}\nrules: []\n"
    decision = parse_policy(text.encode(), "p", careful_registry).decide(wire, context)
    assert (decision.rules, decision.seats) == (("caution",), (Seat("legal", 1), Seat("manager", 1)))
    assert decision.because == ("no allow rule speaks for it", "a wire of 1,000 or more")


def test_an_unknown_type_is_denied(load: Load, careful_registry: Registry, context: Context) -> None:
    """An action of a type that the policies were not loaded for is denied, with the reason."""
    policy = load(START + "rules: [{id: a, allow: '*'}]\n")
    wire = careful_registry.read({"type": "wire", "to": "A", "amount": "1.00"})
    decision = policy.decide(wire, context)
    assert decision.effect is DecisionEffect.DENY
    assert decision.because == ("the policies were not loaded for the action type Wire",)
    assert policy.explain(wire, context) == ()


@pytest.mark.parametrize("amount", [None, "500", float("nan"), [], Decimal("NaN"), Decimal("sNaN")])
def test_an_action_made_without_validation_is_never_allowed(
    amount: object, load: Load, transfer: Action, context: Context
) -> None:
    """Values that no validated action has do not slip through a limit."""
    policy = load(rules("allow; when: amount <= 100", "deny; when: amount > 100"))
    broken = transfer.model_copy(update={"amount": amount})
    assert policy.decide(broken, context).effect is DecisionEffect.DENY


def test_an_action_without_its_fields_is_denied(load: Load, transfer: Action, context: Context) -> None:
    """An action that lacks a field it must have is denied, with the reason."""
    policy = load(rules("allow; unless: to == 'x'"))
    decision = policy.decide(type(transfer).model_construct(), context)
    assert decision.effect is DecisionEffect.DENY
    assert decision.because == ("the action could not be read (AttributeError)",)


def test_what_was_asked_has_a_digest(load: Load, transfer: Action, context: Context) -> None:
    """`asks` changes with the rules that asked, and with nothing else: not with other rules, order or members."""

    def asks(*lines: str, start: str = START) -> str:
        return load(rules(*lines, start=start)).decide(transfer, context).asks

    asked = asks("allow", "approve; when: amount > 100", "approve; by: finance")
    assert len(asked) == 64
    assert asks("allow", "approve; when: amount > 100", "approve; by: finance", "deny; when: amount > 900") == asked
    assert asks("allow", "approve; when: amount > 100", "approve; by: finance", start=START.replace("omar", "olga")) == asked
    assert asks("allow; when: amount > 1", "approve; when: amount > 100", "approve; by: finance") == asked
    text = rules("allow", "approve; when: amount > 100", "approve; by: finance")
    first, second = text.index("- id: r1"), text.index("- id: r2")
    swapped = text[:first] + text[second:] + text[first:second]
    assert load(swapped).decide(transfer, context).asks == asked
    for same in ("amount  >  100", "(amount > 1_00.0)", "'amount > 100'", "amount > 100\n  within: 24h"):
        assert asks("allow", f"approve; when: {same}", "approve; by: finance") == asked
    several = text.replace("approve: transfer", "approve: [transfer, order]").replace("amount > 100", "has(to)")
    turned = several.replace("[transfer, order]", "[order, transfer]")
    assert load(several).decide(transfer, context).asks == load(turned).decide(transfer, context).asks != asked
    for changed in (
        ("allow", "approve; when: amount >= 100", "approve; by: finance"),
        ("allow", "approve; when: not amount > 100", "approve; by: finance"),
        ("allow", "approve; unless: amount > 100", "approve; by: finance"),
        ("allow", "approve; when: amount > 101", "approve; by: finance"),
        ("allow", "approve; when: amount > 100; because: x", "approve; by: finance"),
        ("allow", "approve; when: amount > 100; within: 1h", "approve; by: finance"),
        ("allow", "approve; when: amount > 100; by: finance", "approve; by: finance"),
        ("allow", "approve; when: amount > 100", "approve; by: {role: finance, count: 2}"),
        ("allow", "approve; when: amount > 100", "approve; by: finance", "approve"),
    ):
        assert asks(*changed) != asked


def test_a_large_list_is_prepared_once(load: Load, transfer: Action, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty rules, and an explanation of all of them, do not prepare a large list anew for each."""
    names = [f"p{number}" for number in range(90_000)]
    start = START.replace("lists: {", f"lists: {{many: [{', '.join(names)}], ")
    folded: list[str] = []

    def fold(name: str) -> str:
        folded.append(name)
        return fold_name(name)

    monkeypatch.setattr("signoff.policies.world.fold_name", fold)
    policy = load(rules("allow", *["deny; when: to in lists.many or amount > 1"] * 60, start=start))
    assert len(policy.explain(transfer, context)) == 60
    assert len(names) <= len(folded) < 3 * len(names)


def test_an_explanation_says_what_was_read(load: Load, transfer: Action, context: Context) -> None:
    """Each rule behind a decision is explained with its place, its condition and the values that it read."""
    line = (
        "approve; when: amount > 100 and in_request(amount) and not in_request(from); unless: to in lists.blocked; because: large"
    )
    policy = load(
        rules("allow", line, "approve; when: has(to) and 'clerk' in actor.roles or plan.size > 0 and actor.id == 'dana'")
    )
    large, plan = policy.explain(transfer, context)
    assert large == Explanation(
        rule="r1",
        effect=DecisionEffect.APPROVE,
        place="policies.yaml:9",
        because="large",
        condition="amount > 100 and in_request(amount) and not in_request(from) unless to in lists.blocked",
        values=(
            ("amount", "150.00 USD"),
            ("in_request(amount)", "yes"),
            ("in_request(from)", "no"),
            ("to", "Alice"),
            ("lists.blocked", "Mallory Ltd"),
        ),
        failed="",
    )
    assert plan.values == (("to", "Alice"), ("actor.roles", "none"), ("plan.size", "1"), ("actor.id", "dana"))


def test_an_explanation_shows_every_kind_of_value(load: Load, action: Make, context: Context) -> None:
    """Lists are cut, truths are words, and what is not given says so."""
    when = "urgent or has(note) or quantity in sizes or 'x' in tags or weight > 1 or has(parts) or to in lists.many"
    policy = load(f"version: 1\nlists: {{many: [a, b, c, d, e, f, g]}}\nrules:\n- id: a\n  deny: order\n  when: {when}\n")
    order = action("order", to="A", quantity=1, weight="0.5", price="1234.50", sizes=[1], parts=["1.00", "2.00"])
    (explanation,) = policy.explain(order, context)
    assert dict(explanation.values) == {
        "urgent": "false",
        "note": "not given",
        "quantity": "1",
        "sizes": "1",
        "tags": "none",
        "weight": "0.5",
        "parts": "1.00 USD, 2.00 USD",
        "to": "A",
        "lists.many": "a, b, c, d, e and 2 more",
    }


def test_caution_is_explained(careful_registry: Registry, context: Context) -> None:
    """Among the explanations the action's own caution stands with its text."""
    text = START + "rules:\n- {id: a, allow: wire}\n"
    policy = parse_policy(text.encode(), "p", careful_registry)
    wire = careful_registry.read({"type": "wire", "to": "A", "amount": "1000.00"})
    (explanation,) = policy.explain(wire, context)
    assert (explanation.rule, explanation.place, explanation.because) == ("caution", "", "a wire of 1,000 or more")


def test_a_policy_says_what_is_in_it(load: Load) -> None:
    """Settings, roles, people, lists and the file itself can be read back."""
    text = START + "identity: claimed\nzone: UTC\ndefault: {approve: legal}\nrules: []\n"
    policy = load(text)
    assert (policy.name, policy.source, policy.identity) == ("policies.yaml", text.encode(), "claimed")
    assert (policy.currency, policy.zone, policy.default, policy.approvers) == ("USD", "UTC", DecisionEffect.APPROVE, "manager")
    assert policy.people("finance") == ("fay", "finn")
    assert policy.people("nobody") == ()
    assert policy.roles_of("lee") == {"legal"}
    assert policy.roles_of("dana") == frozenset()
    assert (policy.roles["manager"], policy.lists["blocked"]) == (("mira", "omar"), ("Mallory Ltd",))


def test_a_file_is_loaded_under_its_name(tmp_path: Path, registry: Registry) -> None:
    """Places show the file's name, and the digest is that of its bytes."""
    path = tmp_path / "bank.yaml"
    path.write_bytes(b"version: 1\nrules: []\n")
    policy = load_policy(path, registry)
    assert policy.name == "bank.yaml"
    assert policy.digest == sha256(path.read_bytes()).hexdigest()
