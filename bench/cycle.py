"""One cycle: a plan of three actions is submitted, pauses at the third, is approved, and resumed to its end.

Every step is durable before the next. A process of its own runs the cycles; started under `strace`, its flushes are the
calls of fsync and fdatasync that the kernel saw between two cycles, which it marks by yielding the processor.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter_ns, process_time_ns
from typing import Annotated

from bench.report import Figure, format_figures, format_rows, percentile
from bench.tracing import count_calls, mark
from signoff import Actor, Engine
from signoff.actions import Effect, Execution, Money, Registry, action, bank_registry
from signoff.audit import Status, Store, Writing
from signoff.canonical import Json
from signoff.planner import ActionPlan
from signoff.policies import parse_policy

WARM_UP = 50  # cycles before any that count
TIMED = 400  # cycles
COUNTED = 100  # cycles whose flushes and commits are counted
KINDS = {"local": "READ and LOCAL", "external": "external (OPAQUE)"}
FLUSHES = {"local": 5, "external": 6}  # at most, in the median
CPU = 400  # microseconds, at most

RULES = b"""\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira]
rules:
  - id: everyday
    allow: "*"
  - id: large
    approve: [transfer, wire]
    when: amount > 100
    by: manager
"""

DANA = Actor(id="dana")
MIRA = Actor(id="mira")


@action(effect=Effect.OPAQUE)
def wire(execution: Execution, to: str, amount: Annotated[Decimal, Money("currency")], currency: str = "USD") -> Json:
    """Send money outside; here nothing is sent, so that only what Signoff does is measured."""
    return execution.key


class CountingStore(Store):
    """A store that counts its commits. Every change comes with an Entry, so a transaction without one wrote nothing."""

    commits = 0

    @contextmanager
    def write(self) -> Iterator[Writing]:
        with super().write() as tx:
            before = len(tx.entry_rows())
            yield tx
            changed = len(tx.entry_rows()) != before
        self.commits += changed


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """What a number of cycles took, each."""

    cpu: list[float]  # microseconds, of user and system
    wall: list[float]  # microseconds
    commits: list[int]  # that wrote something; empty where they were not counted


def bank_and_wire() -> Registry:
    """The demo bank's actions, and `wire`."""
    bank = bank_registry()
    return Registry(*bank.values(), wire, migrations=bank.migrations)


def make_plan(registry: Registry, kind: str) -> ActionPlan:
    """The plan of a cycle of *kind*."""
    given: dict[str, tuple[dict[str, Json], ...]] = {
        "local": (
            {"type": "check_balance"},
            {"type": "deposit", "amount": "150.00"},
            {"type": "transfer", "to": "Alice", "amount": "150.00"},
        ),
        "external": tuple({"type": "wire", "to": "Alice", "amount": amount} for amount in ("40.00", "60.00", "150.00")),
    }
    return ActionPlan.of(*map(registry.read, given[kind]))


def run_cycle(engine: Engine, plan: ActionPlan) -> None:
    """Submit, pause, approve, resume. Raises AssertionError where it does not go that way."""
    paused = engine.submit(plan, DANA)
    assert [one.status for one in paused.actions] == [Status.DONE, Status.DONE, Status.WAITING]
    (approval,) = engine.approvals_of(paused.id)
    engine.approve(approval.id, MIRA, digest=approval.digest)
    (ended,) = engine.resume(DANA, plan=paused.id)
    assert [one.status for one in ended.actions] == [Status.DONE] * 3


def run_cycles(kind: str, folder: Path, cycles: int, *, count: bool) -> Cycles:
    """Run *cycles* of *kind* in a new database in *folder*, one after the other, after WARM_UP others.

    Where *count* is true commits are counted, which takes time of its own.
    """
    registry = bank_and_wire()
    plan = make_plan(registry, kind)
    cpu: list[float] = []
    wall: list[float] = []
    commits: list[int] = []
    store: Store
    with (CountingStore if count else Store).open(folder / "cycle.db", migrations=registry.migrations) as store:
        engine = Engine(store, parse_policy(RULES, "policies.yaml", registry), registry)
        for _ in range(WARM_UP):
            run_cycle(engine, plan)
        for _ in range(cycles):
            before = store.commits if isinstance(store, CountingStore) else 0
            mark()
            started, used = perf_counter_ns(), process_time_ns()
            run_cycle(engine, plan)
            cpu.append((process_time_ns() - used) / 1000)
            wall.append((perf_counter_ns() - started) / 1000)
            if isinstance(store, CountingStore):
                commits.append(store.commits - before)
        mark()
    return Cycles(cpu=cpu, wall=wall, commits=commits)


def measure(kind: str, place: Path, cycles: int, *, count: bool = False) -> Cycles:
    """Run cycles in a process of their own, in a new folder in *place*."""
    with TemporaryDirectory(dir=place, prefix="signoff-bench-") as folder:
        command = _command(kind, folder, cycles, count=count)
        ran = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
        return Cycles(**json.loads(ran.stdout))


def count_flushes(kind: str, place: Path) -> list[int] | None:
    """How often each cycle flushed, as the kernel saw it; None where nothing can trace system calls here."""
    with TemporaryDirectory(dir=place, prefix="signoff-bench-") as folder:
        return count_calls(_command(kind, folder, COUNTED, count=False))


def _command(kind: str, folder: str, cycles: int, *, count: bool) -> list[str]:
    return [sys.executable, "-m", "bench.cycle", kind, folder, str(cycles), "count" if count else "time"]


def main() -> None:
    """Print all of it."""
    rows: list[tuple[str, ...]] = [
        ("actions", "stored on", "flushes", "commits", "CPU", "p99 CPU", "wall", "p99 wall", "CPU first, last 50")
    ]
    figures: list[Figure] = []
    traced = True
    for kind, name in KINDS.items():
        for place in places():
            flushes = count_flushes(kind, place)
            commits = measure(kind, place, COUNTED, count=True).commits
            timed = measure(kind, place, TIMED)
            traced = traced and flushes is not None
            rows.append(
                (
                    name,
                    filesystem(place),
                    "not counted" if flushes is None else spread(flushes),
                    spread(commits),
                    *(f"{value:,.0f} us" for value in _middle_and_end(timed.cpu)),
                    *(f"{value:,.0f} us" for value in _middle_and_end(timed.wall)),
                    f"{median(timed.cpu[:50]):,.0f}, {median(timed.cpu[-50:]):,.0f} us",
                )
            )
            figures += _figures(f"{name}, {filesystem(place)}", kind, flushes, commits, median(timed.cpu))
    print("\n".join(["## Pause, approve, resume: three actions, the third approved", "", *format_rows(rows), ""]))
    print(format_figures(figures, _notes(traced=traced)))


def _notes(*, traced: bool) -> list[str]:
    counted = (
        "flushes are the calls of fsync, fdatasync and the like that strace saw; a checkpoint of the WAL adds some now and then"
        if traced
        else "strace cannot run here, so commits are shown: each flushes at least once, which neither meets nor misses the target"
    )
    return [
        f"medians of {TIMED} cycles after {WARM_UP} others in a process of its own; CPU is user and system time",
        f"{counted}; {COUNTED} cycles were counted, and a commit is a transaction that wrote something",
        "where the last 50 cycles took more CPU than the first 50, the cost of a step grows with what the database holds",
        "a cycle is submit, look up the approval, approve, resume; READ and LOCAL are a balance, a deposit and a transfer on the"
        " demo bank's ledger, the external actions do nothing",
    ]


def _figures(name: str, kind: str, flushes: Sequence[int] | None, commits: Sequence[int], cpu: float) -> list[Figure]:
    most, target = FLUSHES[kind], f"<= {FLUSHES[kind]}"
    if flushes is None:
        first = Figure(what=f"{name}: commits, flushes not counted", reached=f"{median(commits):g}", target=target)
    else:
        first = Figure(what=f"{name}: flushes", reached=f"{median(flushes):g}", target=target, met=median(flushes) <= most)
    return [first, Figure(what=f"{name}: CPU", reached=f"{cpu:,.0f} us", target=f"<= {CPU} us", met=cpu <= CPU)]


def places() -> list[Path]:
    """Where databases are made: on disk, and in memory where there is such a place."""
    return [place for place in (Path("/var/tmp"), Path("/dev/shm")) if os.access(place, os.W_OK)]


def filesystem(place: Path) -> str:
    """The kind of file system that *place* is on."""
    mounts = Path("/proc/mounts")
    lines = [line.split() for line in mounts.read_text().splitlines()] if mounts.exists() else []
    over = [(len(fields[1]), fields[2]) for fields in lines if place.is_relative_to(fields[1])]
    return max(over)[1] if over else str(place)


def spread(counts: Sequence[int]) -> str:
    """The median, and what else there was: `5 (mean 5.02; 7 in 1 of 100)`."""
    middle = median(counts)
    others = ", ".join(f"{value} in {times}" for value, times in sorted(Counter(counts).items()) if value != middle)
    return f"{middle:g}" + (f" (mean {mean(counts):.2f}; {others} of {len(counts)})" if others else "")


def _middle_and_end(values: Sequence[float]) -> tuple[float, float]:
    return median(values), percentile(values, 99)


if __name__ == "__main__":
    kind, folder, cycles, mode = sys.argv[1:]
    print(json.dumps(vars(run_cycles(kind, Path(folder), int(cycles), count=mode == "count"))))
