"""How past plans under other policies are shown: as tables or as JSON, a page at a time, however many they are."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import cast

import orjson
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import write_actor, write_time
from signoff.policies import Policy

from .canonical import Json
from .output import console, format_seats, format_state, group_digest, make_table, plain, plain_lines
from .replaying import Change, Replayed, Summary, Sums, Told

PAGE = 200  # rows of one table
SPOOLED = 2**20  # bytes of JSON that are kept in memory

_STYLES = {Change.LOOSER: "red", Change.STRICTER: "yellow", Change.SAME: "", Change.UNKNOWN: "bold magenta"}


def print_replay(plans: Iterable[tuple[Replayed, ...]], policy: Policy, *, whole: bool) -> Summary:
    """Print what differs, or with *whole* everything, and what it comes to."""
    out, summary = console(), Summary()
    rows = _shown(plans, summary, whole=whole)
    while page := list(islice(rows, PAGE)):
        table = make_table("plan", "action", "asked (UTC)", "then", "now", "")
        for one in page:
            table.add_row(
                plain(f"{one.plan.id} #{one.action.number}"),
                plain(one.action.title),
                plain_lines([one.plan.requester.id, f"{one.plan.at:%Y-%m-%d %H:%M}"]),
                _format_decision(one.then),
                plain(one.problem) if one.now is None else _format_decision(one.now),
                Text(one.change, style=_STYLES[one.change]),
            )
        out.print(table)
    for line in _summary_lines(summary, policy):
        out.print(plain(line))
    return summary


def print_replay_json(plans: Iterable[tuple[Replayed, ...]], policy: Policy, *, whole: bool) -> Summary:
    """The same as JSON. It is written once all of it is known: an altered log leaves no half of it behind."""
    summary = Summary()
    with SpooledTemporaryFile(max_size=SPOOLED, mode="w+", encoding="utf-8") as spool:
        spool.write('{"actions": [')
        for number, one in enumerate(_shown(plans, summary, whole=whole)):
            spool.write(",\n" if number else "\n")
            spool.write(orjson.dumps(_replayed_json(one)).decode())
        told = {"name": policy.name, "digest": policy.digest}
        spool.write('],\n"policy": ' + orjson.dumps(told).decode())
        spool.write(',\n"summary": ' + orjson.dumps(_summary_json(summary)).decode() + "}\n")
        spool.seek(0)
        shutil.copyfileobj(spool, sys.stdout)
    return summary


def _shown(plans: Iterable[tuple[Replayed, ...]], summary: Summary, *, whole: bool) -> Iterator[Replayed]:
    """The actions to be shown, each counted in *summary*."""
    for replayed in plans:
        summary.add(replayed)
        yield from (one for one in replayed if whole or one.change is not Change.SAME)


def _format_decision(told: Told) -> Text:
    """A decision, on lines: the effect, who signs, and the rules behind it."""
    seats, rules = cast(Mapping[str, int], told["seats"]), cast(Iterable[str], told["rules"])
    lines = [format_seats(seats)] * bool(seats) + [", ".join(rules) or "default"]
    return format_state(str(told["effect"])).append("".join("\n" + show_text(line) for line in lines), style="not bold default")


def _summary_lines(summary: Summary, policy: Policy) -> Iterator[str]:
    counted = f"{_number(summary.plans, 'plan')}, {_number(summary.actions, 'action')}"
    changes = ", ".join(f"{summary.changes[change]:,} {change}" for change in (Change.LOOSER, Change.STRICTER, Change.SAME))
    yield f"{counted} under {policy.name} (digest {group_digest(policy.digest)}): {changes}."
    if summary.changes[Change.UNKNOWN]:
        yield f"{_number(summary.changes[Change.UNKNOWN], 'action')} cannot be decided again."
    if summary.let_through:
        yield f"Let through that was not: {_sums(summary.let_through)}."
    if summary.held:
        yield f"Not let through that was: {_sums(summary.held)}."


def _sums(sums: Sums) -> str:
    return ", ".join(f"{amount:,f} {currency} ({name})" for (name, currency), amount in sorted(sums.items()))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _replayed_json(one: Replayed) -> dict[str, Json]:
    return {
        "plan": one.plan.id,
        "number": one.action.number,
        "title": one.action.title,
        "action": orjson.loads(one.action.body),
        "requester": write_actor(one.plan.requester),
        "request": one.plan.request_for(one.action.number),
        "at": write_time(one.plan.at),
        "then": one.then,
        "now": one.now,
        "change": one.change.value,
        "problem": one.problem or None,
    }


def _summary_json(summary: Summary) -> dict[str, Json]:
    return {
        "plans": summary.plans,
        "actions": summary.actions,
        **{change.value: count for change, count in summary.changes.items()},
        "let_through": _sums_json(summary.let_through),
        "held": _sums_json(summary.held),
    }


def _sums_json(sums: Sums) -> list[Json]:
    return [{"field": name, "currency": currency, "sum": f"{amount:f}"} for (name, currency), amount in sorted(sums.items())]
