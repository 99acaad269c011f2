"""What `signoff bench planner` does: ask planners requests that somebody has labelled, and print how well they did."""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from . import forms, output
from .canonical import Json
from .commands import read_file
from .errors import Exit, SignoffError, UsageError
from .options import Verbs, add_command, formatter, no_actor
from .planners import choose_planner
from .settings import PlannerChoice, Settings

if TYPE_CHECKING:
    from rich.table import Table

    from signoff.actions import Registry
    from signoff.planner import LabelledRequest, Planner, Scored

_PATIENCE = 3  # requests in a row without an answer, after which no more are asked
_ALL = "all"


def add_commands(verbs: Verbs) -> None:
    """Add `signoff bench` to the command line."""
    bench = verbs.add_parser("bench", help="measure how well something does", formatter_class=formatter)
    look = add_command(
        bench.add_subparsers(metavar="COMMAND", required=True),
        "planner",
        bench_planner,
        "ask planners requests whose acceptable plans are known, and print how many they got right; nothing is stored or run",
    )
    look.epilog = (
        "A line of the file is one request: its text, its acceptable plans (an empty one says that nothing may be done), and "
        "where it is from: "
        '{"text": "pay Pat 50", "plans": [[{"type": "transfer", "to": "Pat", "amount": "50.00"}]], "source": "mine"}. '
        "Exit codes: 0 done, 1 a planner gave no answer, 2 wrong usage, 4 a wrong plan would have changed something."
    )
    look.add_argument("requests", metavar="FILE", help="the requests, one a line as JSON; - reads them from standard input")
    who = "only this planner (default: the rules planner, a local model where its file is named, and a model where one is set up)"
    choices = [choice.value for choice in (PlannerChoice.RULES, PlannerChoice.LOCAL, PlannerChoice.LLM)]
    look.add_argument("--planner", choices=choices, help=who)
    look.add_argument("-v", "--failures", action="store_true", help="show every request that was not answered rightly, too")
    no_actor(look)


def bench_planner(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff bench planner`."""
    from signoff.planner import read_requests

    from .registries import load_registry

    registry = load_registry(settings.actions)
    requests = read_requests(read_file(options.requests, "labelled requests"), options.requests)
    _check_labels(requests, registry, options.requests)
    scores: list[tuple[str, Sequence[Scored]]] = []
    for planner in _planners(settings, registry):
        scores.append((planner.label, _ask(planner, requests, settings)))
        if not settings.json:  # at once: the next one may give no answers, which ends it
            _print_score(*scores[-1], failures=options.failures)
    if settings.json:
        forms.print_json({"file": options.requests, "planners": [_score_json(label, scored) for label, scored in scores]})
    return _exit([one for _, scored in scores for one in scored])


def _check_labels(requests: "Sequence[LabelledRequest]", registry: "Registry", name: str) -> None:
    """Raises UsageError for a label that names an action or a field that there is not: no plan could ever be that one."""
    for request in requests:
        for wanted in (action for label in request.plans for action in label):
            type_ = str(wanted["type"])
            if type_ not in registry:
                raise UsageError(f"{name}:{request.line}: there is no action `{type_[:40]}`; write one of {', '.join(registry)}")
            fields = registry[type_].fields
            unknown = [field for field in wanted if field != "type" and field not in fields]
            if unknown:
                known = ", ".join(fields) or "none"
                raise UsageError(f"{name}:{request.line}: {type_} has no field `{unknown[0][:40]}`; its fields are {known}")


def _planners(settings: Settings, registry: "Registry") -> "list[Planner]":
    """The planner that is named, else all that can be asked; each alone, as a second opinion is part of no score."""
    choices = [settings.planner]
    if settings.planner is PlannerChoice.AUTO:
        choices = [PlannerChoice.RULES]
        choices += [PlannerChoice.LOCAL] if settings.local_model is not None else []
        choices += [PlannerChoice.LLM] if settings.model.is_set_up else []
    return [choose_planner(replace(settings, said_planner=choice.value, second=None), registry) for choice in choices]


def _ask(planner: "Planner", requests: "Sequence[LabelledRequest]", settings: Settings) -> "list[Scored]":
    """Ask *planner* all *requests*. Raises SignoffError once it answers nothing any more: the rest would not be better."""
    from signoff.planner import Verdict, score_request

    scored: list[Scored] = []
    for request in requests:
        scored.append(score_request(planner, request, settings.requester, perf_counter))
        last = scored[-_PATIENCE:]
        if len(last) == _PATIENCE and all(one.verdict is Verdict.UNANSWERED for one in last):
            why = last[-1].planned.message
            raise SignoffError(f"{planner.label} gave no answer to {_PATIENCE} requests in a row, the last time: {why}")
    return scored


def _exit(scored: "Sequence[Scored]") -> Exit:
    from signoff.planner import Verdict

    verdicts = {one.verdict for one in scored}
    if Verdict.UNANSWERED in verdicts:
        return Exit.FAILED
    return Exit.DENIED if Verdict.WRONG in verdicts else Exit.DONE


def _median(scored: "Sequence[Scored]") -> float:
    """The middle one of the seconds that the answers took."""
    from statistics import median

    return median(one.seconds for one in scored)


def _by_source(scored: "Sequence[Scored]") -> "dict[str, list[Scored]]":
    """*scored* by their source, and all of them at the end; only these where there is one source."""
    found: dict[str, list[Scored]] = {}
    for one in scored:
        found.setdefault(one.request.source or "unnamed", []).append(one)
    return ({} if len(found) == 1 else found) | {_ALL: list(scored)}


def _print_score(label: str, scored: "Sequence[Scored]", *, failures: bool) -> None:
    right = sum(one.verdict.is_right for one in scored)
    output.print_text(f"{label}: {right:,} of {len(scored):,} right ({right / len(scored):.1%})")
    out = output.console()
    out.print(_table(_by_source(scored)))
    if failures and right < len(scored):
        out.print(_failures([one for one in scored if not one.verdict.is_right]))
    out.print()


def _table(by_source: "dict[str, list[Scored]]") -> "Table":
    from signoff.planner import Verdict

    table = output.make_table("from", "requests", *(verdict.value for verdict in Verdict), "median time")
    for source, scored in by_source.items():
        verdicts = Counter(one.verdict for one in scored)
        counts = [f"{verdicts[verdict]:,}" for verdict in Verdict]
        table.add_row(output.plain(source), f"{len(scored):,}", *counts, _time(_median(scored)))
    return table


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _failures(scored: "Sequence[Scored]") -> "Table":
    table = output.make_table("line", "what", "request", "answer")
    for one in scored:
        answer = one.planned.message if one.planned.plan is None else "; ".join(_short(action) for action in _wires(one))
        table.add_row(str(one.request.line), one.verdict.value, output.plain(one.request.text), output.plain(answer))
    return table


def _short(wire: dict[str, Json]) -> str:
    fields = (f"{name} {value}" for name, value in wire.items() if name not in ("type", "needs") and value is not None)
    return f"{wire['type']}: {', '.join(fields)}"


def _wires(one: "Scored") -> list[dict[str, Json]]:
    return [] if one.planned.plan is None else [planned.wire() for planned in one.planned.plan.actions]


def _score_json(label: str, scored: "Sequence[Scored]") -> dict[str, Json]:
    from signoff.planner import Verdict

    return {
        "planner": label,
        "sources": {
            source: {
                "requests": len(some),
                "right": sum(one.verdict.is_right for one in some),
                "verdicts": {verdict.value: sum(one.verdict is verdict for one in some) for verdict in Verdict},
                "microseconds": round(_median(some) * 1e6),  # the median of a request
            }
            for source, some in _by_source(scored).items()
        },
        "failures": [_failure_json(one) for one in scored if not one.verdict.is_right],
    }


def _failure_json(one: "Scored") -> dict[str, Json]:
    return {
        "line": one.request.line,
        "text": one.request.text,
        "verdict": one.verdict.value,
        "outcome": one.planned.outcome.value,
        "message": one.planned.message,
        "plan": _wires(one),
    }
