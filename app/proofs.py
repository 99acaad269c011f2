"""What a solver adds to the commands on policies files, how proofs are shown, and their form in `--json` output."""

import time
from collections.abc import Iterator, Sequence

import orjson
from rich.table import Table
from rich.text import Text

from signoff.policies import (
    EXTRA,
    Context,
    Diagnostic,
    Differences,
    Example,
    Finding,
    Outcome,
    Policy,
    PolicyChange,
    Proof,
    Situation,
    broken_promises,
    find_differences,
    find_looser,
    idle_rules_proved,
    probe_candidates,
    prover_installed,
    review_policy,
    time_zone,
)

from .canonical import Json
from .errors import Exit
from .output import plain, plain_lines

MAX_SECONDS = 5.0  # that `policies check` looks for rules that decide nothing

_STYLES = {Outcome.PROVED: "green", Outcome.REFUTED: "red", Outcome.UNKNOWN: "yellow"}


def exit_of(proofs: Sequence[Proof]) -> Exit:
    """The exit code: everything must be proved."""
    return Exit.DONE if all(proof.outcome is Outcome.PROVED for proof in proofs) else Exit.POLICIES


def doubts_of(policy: Policy) -> tuple[Diagnostic, ...]:
    """All that `policies check` finds, in the order of its places: with the solver also invariants that do not hold, and rules
    that decide nothing, as far as that is found out in MAX_SECONDS."""
    found = review_policy(policy)
    if not prover_installed():
        return found
    end = time.monotonic() + MAX_SECONDS
    idle = idle_rules_proved(policy, found, lambda: time.monotonic() < end)
    return tuple(
        sorted((*found, *broken_promises(policy), *idle), key=lambda one: (one.file != policy.name, one.line, one.column))
    )


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
        yield from (_situation(one, old, new) for one in found[type_] if one.outcome is Outcome.REFUTED)
        yield from probe_candidates(old, new, type_, change, most)

    proved = all(one.outcome is Outcome.PROVED for told in found.values() for one in told)
    return find_differences(old, new, candidates=candidates, proved=proved)


def _situation(found: Finding, old: Policy, new: Policy) -> Situation:
    """The action that was found, in its context, as any policy can decide it."""
    assert found.action is not None
    assert found.context is not None
    return Situation.of(found.action, found.context, {**old.counters, **new.counters}, time_zone(new.zone))


def format_proofs(proofs: Sequence[Proof]) -> Table:
    """Each invariant with what became of it."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("line")
    table.add_column("invariant", overflow="fold")
    table.add_column("outcome")
    for proof in proofs:
        outcome = Text(proof.outcome.value, style=_STYLES[proof.outcome])
        table.add_row(str(proof.invariant.line), plain(proof.invariant.text), outcome)
    return table


def format_details(proof: Proof, policy: Policy) -> Text | None:
    """What shows that an invariant does not hold, or why that cannot be told; None where it is proved."""
    if proof.outcome is Outcome.PROVED:
        return None
    title = f"{policy.name}:{proof.invariant.line}: {proof.invariant.text}"
    shown = _example_lines(proof.counterexample, policy) if proof.counterexample else _unknown_lines(proof)
    because = [f"because    {proof.invariant.because}"] if proof.invariant.because else []
    return plain_lines([title, *(f"  {line}" for line in (*because, *shown))])


def format_opaque(proofs: Sequence[Proof]) -> Text | None:
    """What could not be encoded; None where all could."""
    names = sorted({name for proof in proofs for name in proof.opaque})
    return plain_lines(["not encoded, and taken to be anything:", *(f"  {name}" for name in names)]) if names else None


def _unknown_lines(proof: Proof) -> Iterator[str]:
    yield f"not proved  {proof.reason}"
    if proof.opaque:
        yield f"not encoded {'; '.join(proof.opaque)}"


def _example_lines(example: Example, policy: Policy) -> Iterator[str]:
    context, decision = example.context, example.decision
    yield f"action     {orjson.dumps(example.action.wire()).decode()}"
    yield f"asked by   {context.actor.id}"
    yield f"when       {_time(context)}"
    yield f"plan       {context.plan_size} {'action' if context.plan_size == 1 else 'actions'}"
    yield f"in request {', '.join(sorted(context.grounded)) or 'nothing'}"
    for name, told in policy.counters_told(example.action, context).items():
        yield f"counter    {name}: {told}"
    seats = ", ".join(map(str, decision.seats))
    rules = ", ".join(decision.rules) or "the default"
    yield f"decided    {decision.effect} by {rules}" + (f", to be signed by {seats}" if seats else "")


def _time(context: Context) -> str:
    return "the time is not known" if context.now is None else f"{context.now:%Y-%m-%d %H:%M} UTC"


def proof_json(proof: Proof, policy: Policy) -> dict[str, Json]:
    """An invariant and what became of it, in `--json` output."""
    return {
        "line": proof.invariant.line,
        "invariant": proof.invariant.text,
        "because": proof.invariant.because or None,
        "outcome": proof.outcome.value,
        "counterexample": _example_json(proof.counterexample, policy) if proof.counterexample else None,
        "opaque": list(proof.opaque),
        "reason": proof.reason or None,
    }


def _example_json(example: Example, policy: Policy) -> dict[str, Json]:
    context, decision = example.context, example.decision
    return {
        "action": example.action.wire(),
        "actor": context.actor.id,
        "now": None if context.now is None else context.now.isoformat(),
        "plan_size": context.plan_size,
        "in_request": sorted(context.grounded),
        "counters": dict(policy.counters_told(example.action, context)),
        "decision": decision.effect.value,
        "rules": list(decision.rules),
        "seats": {seat.role: seat.count for seat in decision.seats},
        "failed": list(decision.failed),
    }
