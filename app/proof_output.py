"""How proofs about policies are shown, and their form in `--json` output."""

from collections.abc import Iterator, Sequence

import orjson
from rich.table import Table
from rich.text import Text

from signoff.policies import Context, Example, Policy, Proof, Verdict

from .canonical import Json
from .errors import Exit
from .output import plain, plain_lines

_STYLES = {Verdict.PROVED: "green", Verdict.REFUTED: "red", Verdict.UNKNOWN: "yellow"}


def exit_of(proofs: Sequence[Proof]) -> Exit:
    """The exit code: everything must be proved."""
    return Exit.DONE if all(proof.outcome is Verdict.PROVED for proof in proofs) else Exit.POLICIES


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
    if proof.outcome is Verdict.PROVED:
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
    for name, source in sorted(context.sources.items()):
        yield f"elsewhere  {name}: {source}, {'trusted' if name in context.trusted else 'not trusted'}"
    if context.disputed:
        yield "disputed   yes"
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
        "sources": dict(sorted(context.sources.items())),
        "trusted": sorted(context.trusted),
        "disputed": context.disputed,
        "counters": dict(policy.counters_told(example.action, context)),
        "decision": decision.effect.value,
        "rules": list(decision.rules),
        "seats": {seat.role: seat.count for seat in decision.seats},
        "failed": list(decision.failed),
    }
