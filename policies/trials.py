"""Trials: a file's own tests with what was decided about them, and what is told where that is not what they expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from signoff.actions import Action

from .cases import Case
from .decision import Context, Decision, DecisionEffect, Explanation, Seat
from .diagnostics import Diagnostic, Report, TooManyDiagnostics
from .files import own_text
from .policy import Policy

SHOWN_RULES = 5  # of one decision
SHOWN_ACTIONS = 3  # of one plan

_REMEDY = "change the rules back, or what the test expects"


class Judged(Protocol):
    """What was decided about one action, in which context."""

    @property
    def action(self) -> Action:
        """The action."""

    @property
    def context(self) -> Context:
        """What was read beside it."""

    @property
    def decision(self) -> Decision:
        """What the policy said."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One of the file's tests, and what was decided about each of its actions."""

    case: Case
    judged: tuple[Judged, ...]

    @property
    def passed(self) -> bool:
        """Whether all of it is what the test expects."""
        return all(is_expected(self.case, place, one.decision) for place, one in enumerate(self.judged))


def is_expected(case: Case, place: int, decision: Decision) -> bool:
    """Whether *decision* about the action at *place* is what *case* expects.

    That is the effect; where the case names rules, all of them are behind it; where it names seats, they are these.
    """
    return (
        decision.effect is case.expect[place]
        and set(case.rules) <= {*decision.rules}
        and (case.seats is None or case.seats == decision.seats)
    )


def failures(policy: Policy, trials: Sequence[Trial]) -> tuple[Diagnostic, ...]:
    """A diagnostic for each of *trials* that is not what its test expects: what came instead, and the rules behind it."""
    failed = [trial for trial in trials if not trial.passed]
    if not failed:
        return ()
    report = Report(policy.name, own_text(policy.source))
    try:
        for trial in failed:
            name = f"{trial.case.name}: " if trial.case.name else ""
            report.error("test", name + _problems(policy, trial), trial.case.span, _REMEDY)
    except TooManyDiagnostics:
        pass
    return report.diagnostics


def _problems(policy: Policy, trial: Trial) -> str:
    """What is not as expected, for the first few actions of which that is so."""
    case = trial.case
    wrong = [place for place, one in enumerate(trial.judged) if not is_expected(case, place, one.decision)]
    told = [_problem(policy, trial, place) for place in wrong[:SHOWN_ACTIONS]]
    more = len(wrong) - SHOWN_ACTIONS
    return "; ".join(told + ([f"and {more} more actions"] if more > 0 else []))


def _problem(policy: Policy, trial: Trial, place: int) -> str:
    one = trial.judged[place]
    where = f"action {place + 1}: " if trial.case.whole else ""
    got = _outcome(one.decision.effect, one.decision.seats)
    return f"{where}expected {_wanted(trial.case, place)}, got {got}{_because(policy, one)}"


def _wanted(case: Case, place: int) -> str:
    by = f" by {', '.join(case.rules)}" if case.rules else ""
    return _outcome(case.expect[place], case.seats or ()) + by


def _outcome(effect: DecisionEffect, seats: tuple[Seat, ...]) -> str:
    people = ", ".join(map(str, seats))
    return f"{effect} ({people})" if people else str(effect)


def _because(policy: Policy, one: Judged) -> str:
    """The rules behind a decision, with the values that they read."""
    told = [_rule_told(found) for found in policy.explain(one.action, one.context)]
    if not one.decision.rules:
        told = [*one.decision.because, *told]
    more = len(told) - SHOWN_RULES
    rest = [f"and {more} more rules"] if more > 0 else []
    return f": {', '.join(told[:SHOWN_RULES] + rest)}" if told else ""


def _rule_told(found: Explanation) -> str:
    """A rule with its place, and what it read: `large-transfer on line 21 (amount > 100; amount was 150.00 USD)`."""
    read = ", ".join(f"{name} was {value}" for name, value in found.values)
    parts = [found.condition, found.failed or read]
    inside = "; ".join(part for part in parts if part)
    line = found.place.rpartition(":")[2]
    return found.rule + (f" on line {line}" if line else "") + (f" ({inside})" if inside else "")
