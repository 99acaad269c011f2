"""Proofs over all actions: whether what never may happen can, and which action shows that it can.

The solver, z3, is an optional extra. A proof rests on the encoding of conditions, in which what cannot be encoded may be
anything; a counterexample rests on nothing but the compiled policy, which decides a real action in a real context.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from signoff.actions import Action
from signoff.errors import ProverMissing

from .compiler import answer_of, compile_part
from .decision import Context, Decision, DecisionEffect
from .invariants import Invariant
from .policy import Policy
from .rule import Condition, Rule

if TYPE_CHECKING:
    from .questions import Question

_LOOSER = (
    (DecisionEffect.DENY, DecisionEffect.ALLOW),
    (DecisionEffect.DENY, DecisionEffect.APPROVE),
    (DecisionEffect.APPROVE, DecisionEffect.ALLOW),
)
EXTRA = 'pip install "signoff[prove]"'


class Verdict(StrEnum):
    """What became of a question about all actions."""

    PROVED = "proved"  # it holds of every action in every context
    REFUTED = "refuted"  # an action shows that it does not; the compiled policy confirms it
    UNKNOWN = "not proved"  # neither


@dataclass(frozen=True, kw_only=True)
class Example:
    """An action in a context, and what the policy decides about it."""

    action: Action
    context: Context
    decision: Decision


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether an invariant holds of all actions."""

    invariant: Invariant
    outcome: Verdict
    counterexample: Example | None  # where it is refuted
    opaque: tuple[str, ...]  # what could not be encoded and was taken to be anything, as the file has it, sorted
    reason: str = ""  # why it is not proved, where it is not refuted either


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What looking for an action came to."""

    outcome: Verdict  # REFUTED: there is one; PROVED: there is none
    action: Action | None
    context: Context | None
    opaque: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class DeadRule:
    """A rule of which no action shows that it changes anything: an effect, who signs, or how long there is to sign."""

    rule: Rule
    outcome: Verdict  # PROVED: it never does; UNKNOWN: it could not be told
    opaque: tuple[str, ...]  # what could not be encoded
    reason: str = ""  # why it could not be told


def prover_installed() -> bool:
    """Whether the solver that proofs need is there."""
    return find_spec("z3") is not None


def prove(policy: Policy, going: Callable[[], bool] = lambda: True) -> tuple[Proof, ...]:
    """Every invariant of *policy*: proved, refuted by an example, or neither. Raises ProverMissing without the solver.

    Once *going* says so no more is asked: what is left is not proved.
    """
    _require_prover()
    from .questions import Question

    asked = {type_ for invariant in policy.document.invariants for type_ in invariant.types}
    questions = {type_: Question.about(type_, policy) for type_ in sorted(asked)}
    return tuple(
        _prove(policy, invariant, questions) if going() else _unasked(invariant) for invariant in policy.document.invariants
    )


def _unasked(invariant: Invariant) -> Proof:
    return Proof(
        invariant=invariant, outcome=Verdict.UNKNOWN, counterexample=None, opaque=(), reason="there was no time left to ask"
    )


def _prove(policy: Policy, invariant: Invariant, questions: Mapping[str, "Question"]) -> Proof:
    found = [_refute(policy, invariant, questions[type_]) for type_ in invariant.types]
    opaque = tuple(sorted({name for one in found for name in one.opaque}))
    for one in found:
        if one.action is not None and one.context is not None:
            example = Example(action=one.action, context=one.context, decision=policy.decide(one.action, one.context))
            return Proof(invariant=invariant, outcome=Verdict.REFUTED, counterexample=example, opaque=opaque)
    reason = next((one.reason for one in found if one.outcome is Verdict.UNKNOWN), "")
    outcome = Verdict.UNKNOWN if reason else Verdict.PROVED
    return Proof(invariant=invariant, outcome=outcome, counterexample=None, opaque=opaque, reason=reason)


def _refute(policy: Policy, invariant: Invariant, question: "Question") -> Finding:
    return question.ask(lambda one: one.violates(invariant), partial(violates, policy, invariant))


def violates(policy: Policy, invariant: Invariant, action: Action, context: Context) -> bool:
    """Whether *action* gets what it never may. A `when` that fails counts as true, a failing `unless` as false."""
    decision = policy.decide(action, context)
    if action.type not in invariant.types or decision.effect is not invariant.effect:
        return False
    counts = {seat.role: seat.count for seat in decision.seats}
    if invariant.without and all(counts.get(seat.role, 0) >= seat.count for seat in invariant.without):
        return False
    when = invariant.when is None or _holds(policy, invariant.when, action, context) is not False
    return when and (invariant.unless is None or not _holds(policy, invariant.unless, action, context))


def _holds(policy: Policy, condition: Condition, action: Action, context: Context) -> bool | None:
    """Whether a condition holds; None where it fails."""
    test = compile_part(type(action), condition.tree, condition.shapes[action.type], policy.world)
    return answer_of(test, action, context)


def find_difference(old: Policy, new: Policy, type_: str, before: DecisionEffect, after: DecisionEffect) -> Finding:
    """An action of *type_* that gets *before* by the old policy, and *after* by the new one.

    Both must be loaded for one registry. Raises ProverMissing without the solver.
    """
    _require_prover()
    from .questions import Question

    return _difference(Question.about(type_, old, new), (old, new), before, after)


def find_looser(old: Policy, new: Policy, type_: str) -> tuple[Finding, ...]:
    """For each way in which an action's effect can get less strict: an action of *type_* of which that is so, where there is one.

    Who must sign, and for how long, is not compared. Raises ProverMissing without the solver.
    """
    _require_prover()
    from .questions import Question

    question = Question.about(type_, old, new)
    return tuple(_difference(question, (old, new), before, after) for before, after in _LOOSER)


def _difference(question: "Question", policies: tuple[Policy, Policy], before: DecisionEffect, after: DecisionEffect) -> Finding:
    from .logic import every

    old, new = policies

    def confirm(action: Action, context: Context) -> bool:
        return old.decide(action, context).effect is before and new.decide(action, context).effect is after

    return question.ask(lambda one, other: every(one.effects[before], other.effects[after]), confirm)


def find_dead_rules(policy: Policy, rules: Sequence[Rule] | None = None) -> Iterator[DeadRule | None]:
    """Of each of *rules*, by default all: whether it could be left out and no decision would change, or that cannot be told.

    None where it changes something. Each is asked about when it is its turn. Raises ProverMissing without the solver.
    """
    _require_prover()
    from .questions import Question

    questions = {type_: Question.about(type_, policy) for type_ in policy.document.types}
    for rule in policy.document.rules if rules is None else rules:
        yield _dead(policy, rule, [questions[type_] for type_ in rule.types])


def _dead(policy: Policy, rule: Rule, questions: Sequence["Question"]) -> DeadRule | None:
    """*rule*, unless an action shows that it changes something."""
    told: list[Finding] = []
    for question in questions:
        found = question.ask(lambda one: one.matters(rule), partial(_changes, policy, rule), everyday=False)
        if found.outcome is Verdict.REFUTED:
            return None
        told.append(found)
    opaque = tuple(sorted({name for one in told for name in one.opaque}))
    reason = next((one.reason for one in told if one.outcome is Verdict.UNKNOWN), "")
    return DeadRule(rule=rule, outcome=Verdict.UNKNOWN if reason else Verdict.PROVED, opaque=opaque, reason=reason)


def _changes(policy: Policy, rule: Rule, action: Action, context: Context) -> bool:
    """Whether *action* gets something else without *rule*."""
    return _route(policy.decide(action, context)) != _route(policy.decide_without(rule.id, action, context))


def _route(decision: Decision) -> tuple[object, ...]:
    return decision.effect, decision.seats, decision.within, decision.stand_ins, decision.own_vote


def _require_prover() -> None:
    if not prover_installed():
        raise ProverMissing(f"proofs need the solver z3, which is not installed; install it with `{EXTRA}`")
