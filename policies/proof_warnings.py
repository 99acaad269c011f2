"""What a solver finds out about a file, told as diagnostics: invariants that do not hold, rules that decide nothing."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import orjson

from .diagnostics import Diagnostic, Report, TooManyDiagnostics
from .files import own_text
from .policy import Policy
from .prover import Proof, Verdict, find_dead_rules, prove
from .rule import Rule


def check_invariants(policy: Policy, going: Callable[[], bool]) -> tuple[Diagnostic, ...]:
    """An error for each invariant of *policy* that an action breaks, a warning for each that could not be proved.

    Raises ProverMissing without the solver.
    """
    report = Report(policy.name, own_text(policy.source))
    with suppress(TooManyDiagnostics):
        for proof in prove(policy, going) if policy.document.invariants else ():
            _tell(proof, report)
    return report.diagnostics


def _tell(proof: Proof, report: Report) -> None:
    place = proof.invariant.span
    if proof.outcome is Verdict.REFUTED:
        hint = "mend the rules, or say it with `unless`; `signoff policies prove` tells more"
        report.error("invariant", f"`{proof.invariant.text}` does not hold: {_shown(proof)}", place, hint)
    elif proof.outcome is Verdict.UNKNOWN:
        opaque = f"; not understood: {', '.join(proof.opaque)}" if proof.opaque else ""
        report.warning("invariant", f"`{proof.invariant.text}` could not be proved: {proof.reason}{opaque}", place)


def idle_rules_proved(policy: Policy, found: tuple[Diagnostic, ...], going: Callable[[], bool]) -> Iterator[Diagnostic]:
    """A warning for each rule that decides nothing, beside those that are *found* to: without all of them nothing changes.

    No more is asked once *going* says so. Raises ProverMissing without the solver.
    """
    told = {(one.line - 1, one.column - 1) for one in found if one.code in ("covered", "never")}
    report = Report(policy.name, own_text(policy.source))
    kept = [rule for rule in policy.document.rules if (rule.span.line, rule.span.column) not in told]
    left = kept.copy()
    while left and going():
        idle = _next_idle(policy, kept, left, going)
        if idle is not None:
            kept.remove(idle)
            message = f"{idle.id} decides nothing: the solver proved it of all actions"
            if idle.when and (idle.when.span.line, idle.when.span.column) in told:
                continue  # it was said that its condition is never true
            report.warning("covered", message, idle.span, "leave it out, or change one of those that count with it")
    yield from report.diagnostics


def _next_idle(policy: Policy, kept: list[Rule], left: list[Rule], going: Callable[[], bool]) -> Rule | None:
    """The first of the rules *left* that decides nothing beside those *kept*; those before it are taken out of what is left."""
    document = replace(policy.document, rules=tuple(kept))
    reduced = Policy(name=policy.name, source=policy.source, digest=policy.digest, document=document, warnings=())
    for rule, dead in zip(tuple(left), find_dead_rules(reduced, tuple(left)), strict=True):
        left.remove(rule)
        if dead is not None and dead.outcome is Verdict.PROVED:
            return rule
        if not going():
            return None
    return None


def _shown(proof: Proof) -> str:
    """The action that breaks an invariant, and what decides it."""
    example = proof.counterexample
    assert example is not None
    rules = ", ".join(example.decision.rules) or "the default"
    return f"{orjson.dumps(example.action.wire()).decode()}, asked by {example.context.actor.id}, is decided by {rules}"
