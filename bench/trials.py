"""A policies file's own tests: running them, and trying every mutant of its rules on them."""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter

from bench.contests import keyed, mixed
from bench.report import format_rows
from signoff.actions import Registry, bank_registry
from signoff.policies import Policy, parse_policy
from signoff.trials import TrialRun, failed_tests, run_tests, try_tests

RULES = 500
TESTS = 200
ROUNDS = 5


def with_tests(source: bytes, registry: Registry) -> Policy:
    """The policy in *source* with tests that expect what it decides: transfers at and around the first limits."""
    tests = "".join(
        f'  - {{do: {{type: transfer, to: "Payee {number // 2 + 1:03}", amount: "{50 + 7 * (number // 2 + 1) % 400}.'
        f'{number % 2:02}"}}, expect: deny}}\n'
        for number in range(TESTS)
    )
    policy = parse_policy(source + b"tests:\n" + tests.encode(), "policies.yaml", registry)
    effects = [trial.judged[0].decision.effect.value for trial in try_tests(policy)]
    lines = [line.replace("expect: deny", f"expect: {effect}") for line, effect in zip(tests.splitlines(), effects, strict=True)]
    return parse_policy(source + "\n".join(["tests:", *lines, ""]).encode(), "policies.yaml", registry)


def main() -> None:
    """Print all of it."""
    registry = bank_registry()
    rows = [("rules", "tests", "run", "measured", "mutants", "noticed")]
    for make in (keyed, mixed):
        contest = make(RULES, registry)
        policy = with_tests(contest.source, registry)
        assert not failed_tests(policy)
        run, whole = _time(partial(failed_tests, policy)), _time(partial(run_tests, policy))
        tried, noticed = _mutated(run_tests(policy))
        rows.append((contest.title, str(TESTS), f"{run:.0f} ms", f"{whole:,.0f} ms", f"{tried:,}", f"{noticed:,}"))
    notes = [
        f"medians of {ROUNDS} rounds; the file is read and compiled before",
        "run: what a changed file must pass before it is taken up; measured: all of `policies test`, no mutant left out",
    ]
    print("\n".join(["## A file's own tests", "", *format_rows(rows), "", *(f"- {note}" for note in notes)]))


def _mutated(run: TrialRun) -> tuple[int, int]:
    """How many mutants were tried, and noticed."""
    assert run.mutation is not None
    assert not run.mutation.left_out
    return run.mutation.tried, run.mutation.noticed


def _time(work: Callable[[], object]) -> float:
    """Milliseconds: median."""
    laps = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        laps.append((perf_counter() - start) * 1000)
    return median(laps)
