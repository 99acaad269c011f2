"""What `signoff policies test` shows: each test, what the tests try, and what they would not notice."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from signoff.policies import Boundary, Mutation, Policy, RuleCoverage, Side, Trial, format_diagnostic

from .canonical import Json
from .output import console, format_state, make_table, plain, plain_lines, print_text
from .trials import TrialRun

SHOWN_SURVIVORS = 50  # mutants that no test notices; `--json` has all
SHOWN_EFFECTS = 10  # of one plan


def print_run(policy: Policy, run: TrialRun) -> None:
    """Print everything that came of a file's tests. What names a place in the file is never wrapped."""
    out = console()
    out.print(_trials(run.trials))
    for one in run.failures:
        print("\n" + format_diagnostic(one))
    passed = sum(trial.passed for trial in run.trials)
    out.print(f"\n{passed:,} of {len(run.trials):,} tests pass.\n")
    if not run.measured:
        out.print("There are too many rules and tests to tell what these tests do not try.")
        return
    out.print(_rules(run.rules))
    if run.boundaries:
        out.print()
        out.print(_boundaries(run.boundaries))
    out.print()
    if run.mutation is None:
        out.print("Mutants are tried once every test passes.")
    else:
        for line in _mutation(policy, run.mutation):
            print_text(line)


def run_json(policy: Policy, run: TrialRun) -> dict[str, Json]:
    """The same in `--json` output."""
    return {
        "passed": run.passed,
        "digest": policy.digest,
        "tests": [_trial_json(trial) for trial in run.trials],
        "diagnostics": [vars(one) for one in run.failures],
        "measured": run.measured,
        "rules": [
            {
                "rule": use.rule.id,
                "line": use.rule.line,
                "behind": use.behind,
                "matched": use.matched,
                "untried": list(use.untried),
            }
            for use in run.rules
        ],
        "boundaries": [
            {
                "rule": one.rule.id,
                "line": one.rule.line,
                "threshold": one.text,
                **{side.value: side in one.tried for side in Side},
                "covered": one.covered,
                "missing": list(one.missing),
            }
            for one in run.boundaries
        ],
        "mutants": None if run.mutation is None else _mutation_json(run.mutation),
    }


def _trials(trials: Sequence[Trial]) -> RenderableType:
    table = make_table("line", "test", "expected", "got", "rules")
    for trial in trials:
        case = trial.case
        got = [one.decision.effect.value for one in trial.judged]
        rules = dict.fromkeys(id_ for one in trial.judged for id_ in one.decision.rules or ("default",))
        table.add_row(
            str(case.line),
            plain(case.name or "; ".join(action.title() for action in case.actions[:2]) + _more(len(case.actions) - 2)),
            plain(_effects([effect.value for effect in case.expect])),
            format_state(_effects(got)) if trial.passed else Text(_effects(got), style="bold red"),
            plain(", ".join(rules)),
        )
    return table


def _effects(effects: Sequence[str]) -> str:
    """Effects in a line; one where all are the same."""
    if len({*effects}) == 1:
        return effects[0]
    return ", ".join(effects[:SHOWN_EFFECTS]) + _more(len(effects) - SHOWN_EFFECTS)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _rules(uses: Sequence[RuleCoverage]) -> RenderableType:
    table = make_table("line", "rule", "effect", "tests", "")
    for use in uses:
        style = "" if use.behind else "red"
        effect = format_state(use.rule.effect.value)
        table.add_row(str(use.rule.line), plain(use.rule.id), effect, Text(str(use.behind), style=style), plain(_note(use)))
    covered = sum(use.behind > 0 for use in uses)
    return Group(table, plain(f"{covered} of {len(uses)} rules are behind a test's decision{_share(covered, len(uses))}."))


def _note(use: RuleCoverage) -> str:
    """What no test tries of a rule."""
    if not use.matched:
        return "matches in no test"
    if not use.behind:
        return "a stricter rule decides wherever it matches"
    return f"never for {', '.join(use.untried)}" if use.untried else ""


def _boundaries(found: Sequence[Boundary]) -> RenderableType:
    table = make_table("line", "threshold", *(side.value for side in Side), "")
    for one in found:
        sides = ["yes" if side in one.tried else "no" if side in one.possible else "-" for side in Side]
        table.add_row(str(one.rule.line), plain(one.text), *sides, plain_lines(one.missing))
    covered = sum(one.covered for one in found)
    told = f"{covered} of {len(found)} thresholds are tried below, at and above{_share(covered, len(found))}."
    return Group(table, plain(told))


def _mutation(policy: Policy, mutation: Mutation) -> Iterator[str]:
    for mutant in mutation.survivors[:SHOWN_SURVIVORS]:
        yield f"{policy.name}:{mutant.rule.line}: no test notices that {mutant.change}"
    more = len(mutation.survivors) - SHOWN_SURVIVORS
    if more > 0:
        yield f"and {more:,} more: --json lists them all"
    yield f"{mutation.noticed:,} of {mutation.tried:,} mutants are noticed{_share(mutation.noticed, mutation.tried)}."
    if mutation.left_out:
        yield f"{mutation.left_out:,} more were not tried: they are too many."


def _share(part: int, whole: int) -> str:
    """A share in whole percent, never rounded up to all."""
    return f" ({100 * part // whole} %)" if whole else ""


def _trial_json(trial: Trial) -> Json:
    return {
        "name": trial.case.name,
        "line": trial.case.line,
        "passed": trial.passed,
        "expect": [effect.value for effect in trial.case.expect],
        "actions": [
            {
                "action": one.action.wire(),
                "decision": one.decision.effect.value,
                "rules": list(one.decision.rules),
                "seats": {seat.role: seat.count for seat in one.decision.seats},
            }
            for one in trial.judged
        ],
    }


def _mutation_json(mutation: Mutation) -> Json:
    return {
        "tried": mutation.tried,
        "noticed": mutation.noticed,
        "left_out": mutation.left_out,
        "survivors": [
            {"rule": mutant.rule.id, "line": mutant.rule.line, "change": mutant.change} for mutant in mutation.survivors
        ],
    }
