"""Proofs: how long it takes to encode rules for all actions of a type, and then to answer one question about them.

The rules are those that deciding is measured with, and the questions invariants: some are proved, some refuted. Every
outcome is compared with what the rules are known to do before anything is timed.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter_ns

from bench.contests import keyed, mixed
from bench.report import Figure, format_figures, format_rows
from signoff.actions import bank_registry
from signoff.policies import Invariant, Policy, Verdict, find_dead_rules, parse_policy
from signoff.policies.prover import violates
from signoff.policies.questions import Question

SIZES = (50, 500)  # rules
ROUNDS = 7
TARGETS = {50: 11.0, 500: 118.0}  # milliseconds for one question
INVARIANTS = {
    "keyed": """
invariants:
  - {never: allow transfer, when: 'to in ["Payee 007", "Payee 042"] and amount > 1_000'}
  - {never: deny transfer}
  - {never: allow transfer, when: 'amount > 100 and to == "Somebody"'}
  - {never: approve transfer, when: amount < 51}
""",
    "not keyed": """
invariants:
  - {never: allow transfer, when: amount > 10_000}
  - {never: deny transfer, when: plan.size < 20}
  - {never: allow transfer, when: amount > 8_000 and in_request(amount)}
  - {never: approve transfer, when: amount < 2_100}
""",
}
EXPECTED = (Verdict.PROVED, Verdict.PROVED, Verdict.REFUTED, Verdict.REFUTED)


def ask(policy: Policy, question: Question, invariant: Invariant, *, everyday: bool = True) -> Verdict:
    """What becomes of one invariant."""
    found = question.ask(lambda one: one.violates(invariant), partial(violates, policy, invariant), everyday=everyday)
    return found.outcome


def check_outcomes(policy: Policy) -> None:
    """Raises AssertionError where an outcome is not what the rules are known to do."""
    question = Question.about("transfer", policy)
    outcomes = tuple(ask(policy, question, invariant) for invariant in policy.document.invariants)
    if outcomes != EXPECTED:
        raise AssertionError(f"the outcomes are {outcomes}")


def time_of(work: Callable[[], object]) -> float:
    """Milliseconds: median."""
    laps = []
    for _ in range(ROUNDS):
        start = perf_counter_ns()
        work()
        laps.append((perf_counter_ns() - start) / 1e6)
    return median(laps)


def main() -> None:
    """Print all of it."""
    registry = bank_registry()
    rows: list[tuple[str, ...]] = [("rules", "encode", "proved", "refuted", "the same, told plainly", "dead rules of all")]
    figures: list[Figure] = []
    for make in (keyed, mixed):
        for size in SIZES:
            contest = make(size, registry)
            policy = parse_policy(contest.source + INVARIANTS[contest.name].encode(), "policies.yaml", registry)
            check_outcomes(policy)
            encode = time_of(partial(Question.about, "transfer", policy))
            question, invariants = Question.about("transfer", policy), policy.document.invariants
            proved = median(time_of(partial(ask, policy, question, invariant)) for invariant in invariants[:2])
            bare = median(time_of(partial(ask, policy, question, one, everyday=False)) for one in invariants[2:])
            plain = median(time_of(partial(ask, policy, question, one)) for one in invariants[2:])
            start = perf_counter_ns()
            dead = sum(one is not None for one in find_dead_rules(policy))
            all_rules = (perf_counter_ns() - start) / 1e6
            times = (f"{milliseconds:,.1f} ms" for milliseconds in (encode, proved, bare, plain))
            rows.append((contest.title, *times, f"{dead} in {all_rules / 1e3:,.1f} s"))
            worst, target = max(proved, bare), TARGETS[size]
            reached, wanted = f"{worst:.1f} ms", f"<= {target:.0f} ms"
            figures.append(Figure(what=f"{contest.title}: a question", reached=reached, target=wanted, met=worst <= target))
    notes = [
        f"medians of {ROUNDS} rounds; a file is encoded once for each action type, whatever is asked about it then",
        "refuted: until an action is found that the compiled policy confirms",
        "told plainly: the same with the smallest amounts and everyday values, as `signoff policies prove` shows it",
    ]
    print("\n".join(["## Proofs", "", *format_rows(rows), ""]))
    print(format_figures(figures, notes))


if __name__ == "__main__":
    main()
