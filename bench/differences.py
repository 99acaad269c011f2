"""Comparing two policies, and finding what would alter a decision: how many situations a second, and how long in all.

The files are those of the bench of deciding, with one threshold changed in the middle, or every one of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

from bench.contests import Contest, keyed, mixed
from bench.report import format_rows
from signoff import Actor
from signoff.actions import Registry, bank_registry
from signoff.policies import Differences, Nearest, Policy, Situation, find_differences, nearest_changes, parse_policy

SIZES = (50, 500)  # rules
LAPS = 3
LONG = 3.0  # seconds, after which there are no more laps


@dataclass(frozen=True, kw_only=True)
class Lap:
    """What was done, and how long it took."""

    seconds: float  # median
    tried: int  # situations


def time_differences(contest: Contest, registry: Registry, edit: Callable[[str], str]) -> Lap:
    """Compare the file with itself after *edit*. Raises AssertionError where nothing was found."""
    old = parse_policy(contest.source, "old.yaml", registry)
    new = parse_policy(edit(contest.source.decode()).encode(), "new.yaml", registry)
    laps: list[float] = []
    found: Differences | None = None
    while len(laps) < LAPS and sum(laps) < LONG:
        start = perf_counter()
        found = find_differences(old, new)
        laps.append(perf_counter() - start)
    assert found is not None
    assert found.ways, contest.title
    return Lap(seconds=median(laps), tried=found.tried)


def time_nearest(contest: Contest, registry: Registry) -> Lap:
    """Find what would alter the decision about the first action of the bench."""
    policy: Policy = parse_policy(contest.source, "policies.yaml", registry)
    action = contest.cases[0][0]
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    situation = Situation(action=action, actor=Actor(id="dana"), now=now, zone=UTC, grounded=frozenset(action.fields))
    laps: list[float] = []
    found: Nearest | None = None
    for _ in range(LAPS):
        start = perf_counter()
        found = nearest_changes(situation, policy)
        laps.append(perf_counter() - start)
    assert found is not None
    return Lap(seconds=median(laps), tried=found.tried)


def edit_one(text: str) -> str:
    """Another threshold in the middle one of the rules that have one."""
    places = [found.span() for found in re.finditer(r"amount > \d+", text)]
    start, end = places[len(places) // 2]
    return f"{text[:start]}amount > 1{text[end:]}"


def edit_all(text: str) -> str:
    """Every threshold one more."""
    return re.sub(r"amount > (\d+)", lambda found: f"amount > {int(found[1]) + 1}", text)


def main() -> None:
    """Print all of it."""
    registry = bank_registry()
    rows: list[tuple[str, ...]] = [("what", "rules", "situations", "time", "situations/s")]
    for make in (keyed, mixed):
        for size in SIZES:
            contest = make(size, registry)
            laps = (
                ("diff, one rule edited", time_differences(contest, registry, edit_one)),
                ("diff, every rule edited", time_differences(contest, registry, edit_all)),
                ("explain: nearest changes", time_nearest(contest, registry)),
            )
            rows += [
                (what, contest.title, f"{lap.tried:,}", f"{lap.seconds * 1e3:,.0f} ms", f"{lap.tried / lap.seconds:,.0f}")
                for what, lap in laps
            ]
    print("\n".join(["## Differences and explanations", "", *format_rows(rows)]))
