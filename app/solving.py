"""What a solver adds to the commands on policies files; without it they do with less, and say so."""

import time
from collections.abc import Callable, Iterator

from signoff.policies import (
    EXTRA,
    Diagnostic,
    Differences,
    Finding,
    Policy,
    PolicyChange,
    Situation,
    Verdict,
    check_invariants,
    find_differences,
    find_looser,
    idle_rules_proved,
    probe_candidates,
    prover_installed,
    review_policy,
    time_zone,
)

MAX_SECONDS = 5.0  # that `policies check` looks for rules that decide nothing
MAX_PROVING = 30.0  # seconds that the invariants of one file are asked about before it is put in force, or checked


def doubts_of(policy: Policy) -> tuple[Diagnostic, ...]:
    """All that `policies check` finds, in the order of its places: with the solver also invariants that do not hold, and rules
    that decide nothing, as far as that is found out in MAX_SECONDS."""
    found = review_policy(policy)
    if not prover_installed():
        return found
    told = (*found, *doubtful_invariants(policy), *idle_rules_proved(policy, found, lasting(MAX_SECONDS)))
    return tuple(sorted(told, key=lambda one: (one.file != policy.name, one.line, one.column)))


def doubtful_invariants(policy: Policy) -> tuple[Diagnostic, ...]:
    """What of the invariants does not hold or could not be proved, as far as that is found out in MAX_PROVING."""
    return check_invariants(policy, lasting(MAX_PROVING))


def lasting(seconds: float) -> Callable[[], bool]:
    """Says for so many seconds that there is time left."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def missing_solver(policy: Policy) -> str | None:
    """What is not known of *policy* because the solver is not installed; None where it is."""
    if prover_installed():
        return None
    count = len(policy.document.invariants)
    several = f"{count} {'invariant is' if count == 1 else 'invariants are'} not proved, and " if count else ""
    return f"without the solver z3 {several}rules are compared as far as their conditions show it; install it with `{EXTRA}`"


def compare(old: Policy, new: Policy) -> Differences:
    """How *new* decides otherwise than *old*; with the solver it is also proved, or not, that no effect gets less strict."""
    if not prover_installed():
        return find_differences(old, new)
    found = {type_: find_looser(old, new, type_) for type_ in new.document.types}

    def candidates(old: Policy, new: Policy, type_: str, change: PolicyChange, most: int) -> Iterator[Situation]:
        yield from (_situation(one, old, new) for one in found[type_] if one.outcome is Verdict.REFUTED)
        yield from probe_candidates(old, new, type_, change, most)

    proved = all(one.outcome is Verdict.PROVED for told in found.values() for one in told)
    return find_differences(old, new, candidates=candidates, proved=proved)


def _situation(found: Finding, old: Policy, new: Policy) -> Situation:
    """The action that was found, in its context, as any policy can decide it."""
    assert found.action is not None
    assert found.context is not None
    return Situation.of(found.action, found.context, {**old.counters, **new.counters}, time_zone(new.zone))
