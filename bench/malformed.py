"""Ten malformed transfers offered to every engine, as a dict straight from a model: which of them come out as allowed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.contests import Asked, Contest, Request
from bench.report import Figure, format_figures, format_rows
from bench.rivals import RIVALS, Prepare, Unanswered
from signoff import Actor
from signoff.actions import Action, Registry
from signoff.errors import ActionInvalid, PlanInvalid
from signoff.planner import read_plan
from signoff.policies import Context, DecisionEffect, Policy, parse_policy

# Transfers over 100 need approval, one payee gets nothing; everything else is allowed.
RULES = (Asked(effect=DecisionEffect.DENY, to="Mallory"), Asked(effect=DecisionEffect.APPROVE, over=100))

_MISSING = object()
_MALFORMED: tuple[tuple[str, str, object], ...] = (
    ("amount missing", "amount", _MISSING),
    ("amount null", "amount", None),
    ('amount "500"', "amount", "500"),
    ("amount NaN", "amount", float("nan")),
    ("amount true", "amount", True),
    ("amount [500]", "amount", [500]),
    ("payee missing", "to", _MISSING),
    ("payee null", "to", None),
    ('payee ["Mallory"]', "to", ["Mallory"]),
    ("payee 7", "to", 7),
)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What an engine made of the ten, in their order."""

    engine: str
    outcomes: tuple[str, ...]  # `allow` where it got through

    @property
    def through(self) -> int:
        """How many of them were allowed."""
        return sum(outcome.startswith("allow") for outcome in self.outcomes)


def main(registry: Registry) -> None:
    """Print all of it."""
    ours = offer_to_us(registry)
    present = [rival for rival in RIVALS if rival.version]
    others = [_offer_to(rival.distribution, rival.prepare) for rival in present]
    others += [_offer_to(f"{rival.distribution}, typed", rival.strict) for rival in present if rival.strict]
    whats = [what for what, _, _ in _MALFORMED]
    told = [("offered", "what came of it"), *zip(whats, ours.outcomes, strict=True)]
    print("\n".join(["## Malformed actions", "", *format_rows(told), ""]))
    heads = ["offered", *(other.engine for other in others)]
    rows = [[what, *(other.outcomes[number] for other in others)] for number, what in enumerate(whats)]
    totals = ["allowed", *(f"{other.through} of {len(whats)}" for other in others)]
    if others:
        print("\n".join([*format_rows([heads, *rows, totals]), ""]))
    reached = Figure(what="allowed", reached=f"{ours.through} of {len(whats)}", target="0 of 10", met=ours.through == 0)
    notes = [
        "the rules: transfers over 100 need approval, Mallory gets nothing; everything else is allowed, so 50 for Alice",
        '"500" is no mistake for Signoff: amounts are exact decimals written as text, so it is read as 500 and the rule applies',
        "other engines get the same record as a dict, amounts in cents; where one raises, whoever calls it must refuse",
        "typed: told the types of a request: a Cedar schema, a JSON schema on zen's input, rule-engine's type resolver",
    ]
    print(format_figures([reached], notes))


def offer_to_us(registry: Registry) -> Offered:
    """Every one is offered twice, as JSON text to `read_plan` and as values to `Registry.read`; what both came to."""
    policy = parse_policy(Contest(name="malformed", asked=RULES, cases=()).source, "policies.yaml", registry)
    good: dict[str, Any] = {"type": "transfer", "to": "Alice", "amount": "50.00", "currency": "USD"}
    assert _offer(policy, partial(registry.read, good)).startswith("allow")
    found = []
    for _, field, value in _MALFORMED:
        wire = _broken(good, field, value)
        text = json.dumps({"actions": [wire | {"needs": []}]})
        outcomes = {_offer(policy, partial(_read_text, text, registry)), _offer(policy, partial(registry.read, wire))}
        found.append(" / ".join(sorted(outcomes)))
    return Offered(engine="signoff", outcomes=tuple(found))


def _offer_to(engine: str, prepare: Prepare) -> Offered:
    answer = prepare(RULES)
    good: Request = {"to": "Alice", "amount": 5_000, "currency": "USD", "source": "checking", "written": True, "size": 1}
    large = good | {"amount": 50_000}
    assert answer([good, large, good | {"to": "Mallory"}]) == [DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY]
    outcomes = []
    for _, field, value in _MALFORMED:
        cents = {"500": "50000"}.get(value, value) if isinstance(value, str) else [50_000] if value == [500] else value
        try:
            outcomes.append(str(*answer([_broken(good, field, cents)])))
        except Unanswered:
            outcomes.append("error")
        except Exception as error:
            outcomes.append(type(error).__name__)
    return Offered(engine=engine, outcomes=tuple(outcomes))


def _broken(good: dict[str, Any], field: str, value: object) -> dict[str, Any]:
    return {name: one for name, one in (good | {field: value}).items() if one is not _MISSING}


def _read_text(text: str, registry: Registry) -> Action:
    return read_plan(text, registry).actions[0].action


def _offer(policy: Policy, read: Callable[[], Action]) -> str:
    """What becomes of a transfer, from reading it to the decision."""
    try:
        action = read()
    except (ActionInvalid, PlanInvalid) as error:
        return f"refused: {error.problems[0].removeprefix('action 1 (transfer): ')}"
    decision = policy.decide(action, Context(actor=Actor(id="dana"), grounded=frozenset(), plan_size=1))
    return f"{decision.effect}, by {', '.join(decision.rules)}: amount {action.wire()['amount']}"
