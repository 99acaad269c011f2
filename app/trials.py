"""A policies file's own tests: run, and measured by what they try and what they would notice."""

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.policies import (
    Boundary,
    Diagnostic,
    Mutation,
    Policy,
    RuleCoverage,
    Trial,
    cover_rules,
    failures,
    find_boundaries,
    find_survivors,
    match_rules,
)

from .supposing import judge_case

MAX_MEASURED = 10_000_000  # rules times actions of tests: each rule is asked about each action


@dataclass(frozen=True, kw_only=True)
class TrialRun:
    """What the tests of a file came to."""

    trials: tuple[Trial, ...]
    failures: tuple[Diagnostic, ...]
    measured: bool  # whether it is small enough for what follows, which else is empty
    rules: tuple[RuleCoverage, ...]
    boundaries: tuple[Boundary, ...]
    mutation: Mutation | None  # None while a test fails: such tests cannot tell a mistake from what is right

    @property
    def passed(self) -> bool:
        """Whether every test passes."""
        return all(trial.passed for trial in self.trials)


def try_tests(policy: Policy) -> tuple[Trial, ...]:
    """Every test of *policy* with what it decides: pure, without a store."""
    return tuple(Trial(case=case, judged=judge_case(case, policy)) for case in policy.document.tests)


def run_tests(policy: Policy) -> TrialRun:
    """Run the tests of *policy*, and measure them."""
    trials = try_tests(policy)
    asked = len(policy.document.rules) * sum(len(trial.judged) for trial in trials)
    measured = asked <= MAX_MEASURED
    heard = match_rules(policy, trials) if measured else ()
    return TrialRun(
        trials=trials,
        failures=failures(policy, trials),
        measured=measured,
        rules=cover_rules(policy, heard) if measured else (),
        boundaries=find_boundaries(policy, heard) if measured else (),
        mutation=find_survivors(policy, heard) if measured and all(trial.passed for trial in trials) else None,
    )


def failed_tests(policy: Policy) -> Sequence[Diagnostic]:
    """A diagnostic for each test of *policy* that fails."""
    return failures(policy, try_tests(policy))
