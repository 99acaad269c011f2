"""Deciding: how fast, beside a hand-written if/elif chain and beside other engines, with the same rules and actions.

All run in one process, in turn, round after round, and what is compared is CPU time. Before anything is timed, every
action that is timed is decided by all, and the effects must be equal. The chain and the other engines give an effect;
`Policy.decide` a whole Decision: every rule behind it, the seats.
"""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import TypeAlias, cast

from bench import malformed
from bench.contests import CASES, Case, Contest, count_effects, keyed, mixed
from bench.report import Figure, format_figures, format_rows, percentile
from bench.rivals import RIVALS, Answer, Rival
from signoff.actions import Action, Registry, bank_registry
from signoff.policies import Context, DecisionEffect, Policy, parse_policy

SIZES = (5, 50, 500, 5_000)  # rules
ROUNDS = 15
RIVAL_ROUNDS = 3
LAP = 300_000_000  # nanoseconds that a rival has for one lap: the slow ones are asked about fewer actions
FEWEST = 10  # actions in a lap of the slowest
SINGLE_ROUNDS = 3  # in which every decision is timed by itself
LOADS = 7

Chain: TypeAlias = Callable[[Action, Context], DecisionEffect]
Decide: TypeAlias = Callable[[Action, Context], object]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How we and the chain did. Times are in nanoseconds per decision, of CPU but for those of single ones."""

    ours: float  # median over the rounds
    chain: float
    ratio: float  # chain / ours, median over the rounds: more than 1 is faster than the chain
    p50: float  # of single decisions
    p99: float
    first_p99: float  # of single decisions by a policy that was just loaded


@dataclass(frozen=True, kw_only=True)
class RivalTiming:
    """How another engine did."""

    rival: Rival
    nanoseconds: float  # per decision, median over the rounds
    ratio: float  # chain / rival, as above
    load: float  # milliseconds to prepare the rules, once
    actions: int  # in a lap


def check_agreement(name: str, expected: Sequence[DecisionEffect], found: Sequence[DecisionEffect], contest: Contest) -> None:
    """Raise AssertionError where the engine *name* gives an action another effect than is *expected*."""
    for (action, _), wanted, effect in zip(contest.cases, expected, found, strict=False):
        if effect is not wanted:
            raise AssertionError(f"{contest.title}: {action!r} is {effect} for {name}, and {wanted} for signoff")


def time_contest(contest: Contest, policy: Policy, chain: Chain, registry: Registry) -> Timing:
    """We and the chain on all actions, in turn."""
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


def time_rival(rival: Rival, contest: Contest, chain: Chain, expected: Sequence[DecisionEffect]) -> RivalTiming:
    """Another engine and the chain, in turn, on as many actions as it decides in one lap's time."""
    start = process_time_ns()
    answer = rival.prepare(contest.strictest_first)
    load = process_time_ns() - start
    requests = contest.requests
    answer(requests[:FEWEST])  # warm
    actions = int(min(len(requests), max(FEWEST, LAP / _answer_lap(answer, requests[:FEWEST]))))
    check_agreement(rival.distribution, expected, answer(requests[:actions]), contest)
    laps = [(_answer_lap(answer, requests[:actions]), _lap(chain, contest.cases[:actions])) for _ in range(RIVAL_ROUNDS)]
    return RivalTiming(
        rival=rival,
        nanoseconds=median(lap for lap, _ in laps),
        ratio=median(theirs / lap for lap, theirs in laps),
        load=load / 1e6,
        actions=actions,
    )


def time_load(contest: Contest, registry: Registry) -> float:
    """Milliseconds of CPU to read, check and compile the file: median. The garbage collector looks at nothing else."""
    laps = []
    gc.collect()
    gc.freeze()
    for _ in range(LOADS):
        start = process_time_ns()
        parse_policy(contest.source, "policies.yaml", registry)
        laps.append((process_time_ns() - start) / 1e6)
    gc.unfreeze()
    return median(laps)


def measure_memory(contest: Contest, registry: Registry) -> tuple[float, float]:
    """MiB that a policy holds: just loaded, and after it decided all actions."""
    gc.collect()
    tracemalloc.start()
    policy = parse_policy(contest.source, "policies.yaml", registry)
    gc.collect()
    loaded = tracemalloc.get_traced_memory()[0]
    for action, context in contest.cases:
        policy.decide(action, context)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return loaded / 2**20, used / 2**20


def main() -> None:
    """Print all of it."""
    registry = bank_registry()
    present = [rival for rival in RIVALS if rival.version]
    rows: list[tuple[str, ...]] = [("rules", "decisions/s", "chain/s", "beside the chain", "p50", "p99", "first p99", "load")]
    beside = [("rules", "signoff", "chain", *(rival.distribution for rival in present))]
    loads = [("rules", "signoff", *(rival.distribution for rival in present))]
    figures: list[Figure] = []
    counted: list[str] = []
    fewer: list[str] = []
    later: list[tuple[Contest, Chain, list[DecisionEffect], Timing, float]] = []  # others come when we are through
    for make in (keyed, mixed):
        loaded: dict[int, float] = {}
        for size in SIZES:
            contest = make(size, registry)
            policy, chain = parse_policy(contest.source, "policies.yaml", registry), compile_chain(contest.chain_source)
            effects = [policy.decide(*case).effect for case in contest.cases]
            check_agreement("the chain", effects, [chain(*case) for case in contest.cases], contest)
            counted.append(f"{contest.title}: " + ", ".join(f"{n} {one}" for one, n in count_effects(effects).items()))
            timing = time_contest(contest, policy, chain, registry)
            loaded[size] = time_load(contest, registry)
            rows.append(_row(contest, timing, loaded[size]))
            figures += _figures(contest, timing, loaded[size])
            later.append((contest, chain, effects, timing, loaded[size]))
        figures += _growth(make(SIZES[-1], registry), loaded, registry)
    for contest, chain, effects, timing, load in later:
        rivals = [time_rival(rival, contest, chain, effects) for rival in present]
        beside.append(_beside(contest, timing, rivals))
        loads.append((contest.title, f"{load:,.1f} ms", *(f"{one.load:,.1f} ms" for one in rivals)))
        fewer += [f"{one.rival.distribution} {one.actions} at {contest.title}" for one in rivals if one.actions < CASES]
    notes = [
        f"{CASES:,} actions each; all gave every one the same effect before anything was timed ({'; '.join(counted)})",
        f"CPU time, medians of {ROUNDS} rounds in turn, and of {LOADS} loads",
        "p50 and p99 are of single decisions, in time that passes, without what the clock takes",
        "first p99: by a policy just loaded, which has not yet worked out what each set of matching rules comes to",
        "the chain gives an effect only and stops at the first match; ours names every matching rule, the seats and the deadline",
    ]
    print("\n".join(["## Deciding", "", *format_rows(rows), ""]))
    print(format_figures(figures, notes) + "\n")
    print("\n".join(["## Beside other engines", "", *format_rows(beside), "", *format_rows(loads), "", *_told(fewer)]) + "\n")
    malformed.main(registry)


def compile_chain(source: str) -> Chain:
    """The function that *source*, a hand-written chain, defines."""
    names: dict[str, object] = {"Decimal": Decimal, "DecisionEffect": DecisionEffect}
    exec(source, names)
    return cast(Chain, names["decide"])


def _told(fewer: Sequence[str]) -> list[str]:
    """How the other engines were asked, and which are not here."""
    lines = [
        f"- CPU time per decision, and beside the chain in the same rounds: medians of {RIVAL_ROUNDS}; to load, once",
        "- zen-engine decides a batch on several cores at once: the time that passes is up to so many times less",
        f"- all {CASES:,} actions were checked and timed, but of the slow ones fewer: {'; '.join(fewer) or 'none'}",
        "- amounts are cents as integers for the other engines; requests are made ready before anything is timed",
    ]
    for rival in RIVALS:
        if rival.version:
            lines.append(f"- {rival.distribution} {rival.version}: {rival.how}")
        else:
            lines.append(f"- {rival.distribution} is not installed: `make bench` does that")
    return lines


def _answer_lap(answer: Answer, requests: Sequence[dict[str, object]]) -> float:
    """Nanoseconds of CPU per decision of another engine."""
    start = process_time_ns()
    answer(requests)
    return (process_time_ns() - start) / len(requests)


def _lap(decide: Decide, cases: Sequence[Case]) -> float:
    """Nanoseconds of CPU per decision, over all *cases*: what else runs on the machine takes none of them."""
    start = process_time_ns()
    for action, context in cases:
        decide(action, context)
    return (process_time_ns() - start) / len(cases)


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


def _row(contest: Contest, timing: Timing, load: float) -> tuple[str, ...]:
    singles = (f"{nanoseconds:,.0f} ns" for nanoseconds in (timing.p50, timing.p99, timing.first_p99))
    speeds = (f"{1e9 / timing.ours:,.0f}", f"{1e9 / timing.chain:,.0f}", f"{timing.ratio:.2f}x")
    return (contest.title, *speeds, *singles, f"{load:.1f} ms")


def _beside(contest: Contest, timing: Timing, rivals: Sequence[RivalTiming]) -> tuple[str, ...]:
    ours, chain = f"{timing.ours / 1000:,.2f} us, {timing.ratio:.2g}x", f"{timing.chain / 1000:,.2f} us"
    return (contest.title, ours, chain, *(f"{one.nanoseconds / 1000:,.1f} us, {one.ratio:.2g}x" for one in rivals))


def _growth(contest: Contest, loaded: dict[int, float], registry: Registry) -> list[Figure]:
    """How loading grows with the rules, and what the largest policy holds."""
    times = loaded[5_000] / loaded[500]
    held, used = measure_memory(contest, registry)
    return [
        Figure(what=f"{contest.title}: load, beside 500 rules", reached=f"{times:.1f} times"),
        Figure(what=f"{contest.title}: memory", reached=f"{held:.1f} MiB loaded, {used:.1f} MiB after {CASES:,} decisions"),
    ]


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
