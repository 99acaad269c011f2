"""Deciding: how fast, beside a hand-written if/elif chain that does the same checks on the same actions.

Both run in one process, in turn, round after round. Before anything is timed, every action is decided by both, and the
effects must be equal. The chain returns an effect; `Policy.decide` a whole Decision: every rule behind it, the seats.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from random import Random
from statistics import median
from time import perf_counter_ns
from typing import Any, TypeAlias, cast

from bench.report import Figure, format_figures, format_rows, percentile
from signoff import Actor
from signoff.actions import Action, Registry, bank_registry
from signoff.errors import ActionInvalid, PlanInvalid
from signoff.planner import read_plan
from signoff.policies import Context, DecisionEffect, Policy, parse_policy

SIZES = (5, 50, 500)  # rules
CASES = 2_000  # actions, each with a context
ROUNDS = 15
SINGLE_ROUNDS = 3  # in which every decision is timed by itself
LOADS = 7

Case: TypeAlias = tuple[Action, Context]
Chain: TypeAlias = Callable[[Action, Context], DecisionEffect]
Decide: TypeAlias = Callable[[Action, Context], object]

HEAD = """\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
  finance: [fay, finn]
rules:
  - id: everyday
    allow: transfer
"""

CHAIN_HEAD = """\
ALLOW, APPROVE, DENY = DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY

def decide(action, context):
    to = action.to
    amount = action.amount
    source = action.from_
    dollars = action.currency == "USD"
    written = "amount" in context.grounded
    size = context.plan_size
"""


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The same rules twice, and what both are asked."""

    name: str  # `keyed` or `not keyed`
    size: int  # rules
    source: bytes  # the policies file
    chain_source: str  # the if/elif chain, as Python
    cases: tuple[Case, ...]

    @property
    def title(self) -> str:
        return f"{self.size}, {self.name}"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How both did. Times are in nanoseconds per decision."""

    ours: float  # median over the rounds
    chain: float
    ratio: float  # chain / ours, median over the rounds: more than 1 is faster than the chain
    p50: float  # of single decisions
    p99: float
    first_p99: float  # of single decisions by a policy that was just loaded


def keyed(size: int, registry: Registry) -> Contest:
    """Rules that each name one payee and a threshold. Of ten actions, eight are for payees that a rule names."""
    random = Random(size)
    payees = [f"Payee {number:03}" for number in range(1, size)]
    limits = [50 + 7 * number % 400 for number in range(1, size)]
    rules = [
        f'  - id: payee-{number}\n    approve: transfer\n    when: to == "{payee}" and amount > {limit}\n    by: manager\n'
        for number, (payee, limit) in enumerate(zip(payees, limits, strict=True), 1)
    ]
    branches = [
        f'if to == "{payee}" and (not dollars or amount > {_constant(limit)}):\n        return APPROVE\n'
        for payee, limit in zip(payees, limits, strict=True)
    ]
    cases = [
        _case(
            registry,
            to=random.choice(payees) if random.random() < 0.8 else f"Somebody {random.randrange(100)}",
            cents=random.randrange(100, 60_000),
            currency="EUR" if random.random() < 0.02 else "USD",
        )
        for _ in range(CASES)
    ]
    return _contest("keyed", size, rules, branches, cases)


def mixed(size: int, registry: Registry) -> Contest:
    """Rules on amounts, accounts, the request and the plan, without a common key. Of ten actions, nine are simply allowed.

    The strictest counts, so the chain asks the deny rules first.
    """
    random = Random(size)
    rules: list[str] = []
    denials: list[str] = []
    approvals: list[str] = []
    for number in range(1, size):
        match number % 4:
            case 1:
                effect, condition = "approve", f"amount > {9_000 + number}"
                branch = f"not dollars or amount > {_constant(9_000 + number)}"
            case 2:
                effect, condition = "approve", f'from == "savings" and amount > {4_000 + number}'
                branch = f'source == "savings" and (not dollars or amount > {_constant(4_000 + number)})'
            case 3:
                effect, condition = "approve", f"not in_request(amount) and amount > {2_000 + number}"
                branch = f"not written and (not dollars or amount > {_constant(2_000 + number)})"
            case _:
                effect, condition = "deny", f"plan.size > {20 + number}"
                branch = f"size > {20 + number}"
        by = "" if effect == "deny" else "    by: manager\n"
        rules.append(f"  - id: rule-{number}\n    {effect}: transfer\n    when: {condition}\n{by}")
        outcome = "DENY" if effect == "deny" else "APPROVE"
        (denials if effect == "deny" else approvals).append(f"if {branch}:\n        return {outcome}\n")
    cases = [
        _case(
            registry,
            to="Alice",
            cents=random.randrange(200_000, 1_200_000) if (high := random.random() < 0.09) else random.randrange(100, 200_000),
            source="savings" if random.random() < 0.3 else "checking",
            currency="EUR" if high and random.random() < 0.1 else "USD",
            written=random.random() < 0.8,
            size=random.randrange(1, 600) if random.random() < 0.01 else random.randrange(1, 6),
        )
        for _ in range(CASES)
    ]
    return _contest("not keyed", size, rules, denials + approvals, cases)


def check_agreement(policy: Policy, chain: Chain, contest: Contest) -> dict[DecisionEffect, int]:
    """How many actions got which effect, the same from both. Raises AssertionError where they differ."""
    counts = dict.fromkeys(DecisionEffect, 0)
    for action, context in contest.cases:
        decision = policy.decide(action, context)
        expected = chain(action, context)
        if decision.effect is not expected:
            raise AssertionError(
                f"{contest.name}, {contest.size} rules: {action!r} is {decision.effect}, the chain says {expected}"
            )
        counts[expected] += 1
    return counts


def time_contest(contest: Contest, policy: Policy, chain: Chain, registry: Registry) -> Timing:
    """Both on all actions, in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(ROUNDS):
        for decide, laps in ((policy.decide, ours), (chain, theirs))[:: -1 if number % 2 else 1]:
            laps.append(_lap(decide, contest.cases))
    singles = [nanoseconds for _ in range(SINGLE_ROUNDS) for nanoseconds in _singles(policy.decide, contest.cases)]
    fresh = parse_policy(contest.source, "policies.yaml", registry)
    return Timing(
        ours=median(ours),
        chain=median(theirs),
        ratio=median(chain / our for chain, our in zip(theirs, ours, strict=True)),
        p50=median(singles),
        p99=percentile(singles, 99),
        first_p99=percentile(_singles(fresh.decide, contest.cases), 99),
    )


def time_load(contest: Contest, registry: Registry) -> float:
    """Milliseconds to read, check and compile the file: median."""
    laps = []
    for _ in range(LOADS):
        start = perf_counter_ns()
        parse_policy(contest.source, "policies.yaml", registry)
        laps.append((perf_counter_ns() - start) / 1e6)
    return median(laps)


def offer_malformed(registry: Registry) -> list[tuple[str, str, bool]]:
    """Ten malformed transfers offered to the whole path, where everything but the mistake is allowed.

    Each with what became of it, and whether it got through: whether it was allowed. Every one is offered twice, as
    JSON text to `read_plan` and as values to `Registry.read`, and counts as let through where either lets it.
    """
    policy = parse_policy((HEAD + _MALFORMED_RULE).encode(), "policies.yaml", registry)
    good: dict[str, Any] = {"type": "transfer", "to": "Alice", "amount": "50.00", "currency": "USD"}
    assert _offer(policy, partial(registry.read, good)).startswith("allow")
    found = []
    for what, field, value in _MALFORMED:
        wire = {name: one for name, one in (good | {field: value}).items() if one is not _MISSING}
        text = json.dumps({"actions": [wire | {"needs": []}]})
        outcomes = {_offer(policy, partial(_read_text, text, registry)), _offer(policy, partial(registry.read, wire))}
        told = " / ".join(sorted(outcomes))
        found.append((what, told, any(outcome.startswith("allow") for outcome in outcomes)))
    return found


def main() -> None:
    """Print all of it."""
    registry = bank_registry()
    rows: list[tuple[str, ...]] = [("rules", "decisions/s", "chain/s", "beside the chain", "p50", "p99", "first p99", "load")]
    figures: list[Figure] = []
    counted: list[str] = []
    for make in (keyed, mixed):
        for size in SIZES:
            contest = make(size, registry)
            policy, chain = parse_policy(contest.source, "policies.yaml", registry), compile_chain(contest.chain_source)
            counts = check_agreement(policy, chain, contest)
            counted.append(f"{contest.title}: " + ", ".join(f"{count} {one}" for one, count in counts.items()))
            timing, load = time_contest(contest, policy, chain, registry), time_load(contest, registry)
            rows.append(_row(contest, timing, load))
            figures += _figures(contest, timing, load)
    notes = [
        f"{CASES:,} actions each; both gave every one the same effect before anything was timed ({'; '.join(counted)})",
        f"medians of {ROUNDS} rounds in turn, and of {LOADS} loads; p50 and p99 are of single decisions, the clock's time off",
        "first p99: by a policy just loaded, which has not yet worked out what each set of matching rules comes to",
        "the chain gives an effect only and stops at the first match; ours names every matching rule, the seats and the deadline",
    ]
    print("\n".join(["## Deciding", "", *format_rows(rows), ""]))
    print(format_figures(figures, notes) + "\n")
    print(_format_malformed(offer_malformed(registry)))


def compile_chain(source: str) -> Chain:
    """The function that *source*, a hand-written chain, defines."""
    names: dict[str, object] = {"Decimal": Decimal, "DecisionEffect": DecisionEffect}
    exec(source, names)
    return cast(Chain, names["decide"])


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
    ('payee ["Alice"]', "to", ["Alice"]),
    ("payee 7", "to", 7),
)
_MALFORMED_RULE = """\
  - id: large
    approve: transfer
    when: amount > 100
    by: manager
"""


def _contest(name: str, size: int, rules: Sequence[str], branches: Sequence[str], cases: Sequence[Case]) -> Contest:
    constants = "".join(f"{found} = Decimal({found[1:]})\n" for found in sorted(set(re.findall(r"\bD\d+", "".join(branches)))))
    chain = "    el".join(["    " + branches[0], *branches[1:]]) + "    else:\n        return ALLOW\n"
    return Contest(
        name=name,
        size=size,
        source=(HEAD + "".join(rules)).encode(),
        chain_source=constants + CHAIN_HEAD + chain,
        cases=tuple(cases),
    )


def _constant(number: int) -> str:
    """How the chain names a number: a Decimal made once, which compares twice as fast as an int."""
    return f"D{number}"


def _case(
    registry: Registry,
    *,
    to: str,
    cents: int,
    currency: str = "USD",
    source: str = "checking",
    written: bool = True,
    size: int = 1,
) -> Case:
    amount = f"{cents // 100}.{cents % 100:02}"
    action = registry.read({"type": "transfer", "to": to, "amount": amount, "currency": currency, "from": source})
    grounded = frozenset({"to", "amount"} if written else {"to"})
    return action, Context(actor=Actor(id="dana"), grounded=grounded, plan_size=size)


def _lap(decide: Decide, cases: Sequence[Case]) -> float:
    """Nanoseconds per decision, over all *cases*."""
    start = perf_counter_ns()
    for action, context in cases:
        decide(action, context)
    return (perf_counter_ns() - start) / len(cases)


def _singles(decide: Decide, cases: Sequence[Case]) -> list[float]:
    """Nanoseconds of every single decision, without what reading the clock takes."""
    found = []
    empty = []
    for action, context in cases:
        start = perf_counter_ns()
        decide(action, context)
        end = perf_counter_ns()
        empty.append(perf_counter_ns() - end)
        found.append(end - start)
    clock = median(empty)
    return [max(0, nanoseconds - clock) for nanoseconds in found]


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


def _row(contest: Contest, timing: Timing, load: float) -> tuple[str, ...]:
    singles = (f"{nanoseconds:,.0f} ns" for nanoseconds in (timing.p50, timing.p99, timing.first_p99))
    speeds = (f"{1e9 / timing.ours:,.0f}", f"{1e9 / timing.chain:,.0f}", f"{timing.ratio:.2f}x")
    return (contest.title, *speeds, *singles, f"{load:.1f} ms")


def _figures(contest: Contest, timing: Timing, load: float) -> list[Figure]:
    """What DESIGN sets a target for."""
    title, ratio = contest.title, f"{timing.ratio:.2f}x"
    beside = f"{title}: beside the chain"
    loading = Figure(what=f"{title}: load", reached=f"{load:.1f} ms", target="<= 150 ms", met=load <= 150)
    match contest.size, contest.name:
        case 5, _:
            return [Figure(what=beside, reached=ratio, target=">= 0.5x", met=timing.ratio >= 0.5)]
        case 500, "keyed":
            return [
                Figure(what=beside, reached=ratio, target=">= 10x", met=timing.ratio >= 10),
                Figure(what=f"{title}: p50", reached=f"{timing.p50:,.0f} ns", target="<= 1,000 ns", met=timing.p50 <= 1_000),
                Figure(what=f"{title}: p99", reached=f"{timing.p99:,.0f} ns", target="<= 3,000 ns", met=timing.p99 <= 3_000),
                loading,
            ]
        case 500, _:
            return [Figure(what=beside, reached=ratio, target=">= 0.7x", met=timing.ratio >= 0.7), loading]
    return []


def _format_malformed(offered: Sequence[tuple[str, str, bool]]) -> str:
    through = sum(allowed for _, _, allowed in offered)
    lines = ["## Malformed actions", "", *format_rows([("offered", "what came of it"), *(told[:2] for told in offered)]), ""]
    reached = f"{through} of {len(offered)}"
    notes = [
        'the rule: transfers over 100 need approval; with "50.00" instead of the mistake the transfer is allowed',
        '"500" is no mistake here: amounts are exact decimals written as text, so it is read as 500 and the rule applies',
    ]
    return (
        "\n".join(lines)
        + "\n"
        + format_figures([Figure(what="let through", reached=reached, target="0 of 10", met=through == 0)], notes)
    )
