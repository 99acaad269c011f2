"""What a verb takes as plans gather in the file: with 10, 1,000 and 100,000 of them, half of which wait and half of which ended.

Statements and steps of SQLite's virtual machine are counted by SQLite itself, pages read as the kernel saw them: they tell
what time would tell only on a quiet machine. The plans are written through the store, in few transactions, each with all
that the log tells of it.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time_ns
from typing import TypeAlias

from bench.cycle import DANA, MIRA, RULES, bank_and_wire, filesystem, make_plan, places
from bench.report import Figure, format_figures, format_rows
from bench.tracing import count_calls, mark
from signoff import Actor, Engine
from signoff.audit import ActionRecord, Status, Store, Writing
from signoff.canonical import canonical, digest
from signoff.policies import parse_policy

SIZES = (10, 1_000, 100_000)  # plans
VERBS = ("submit", "what can go on", "approve", "resume one", "resume all")
COUNTED = 20  # cycles
AT_MOST = 1.5  # times as many steps as in the smallest file: a deeper tree takes a few more
READS = "pread64,read"
_AT_ONCE = 2_000  # plans in one transaction

Work: TypeAlias = dict[str, list[int]]  # by verb: of each cycle


@dataclass(frozen=True, kw_only=True)
class Grown:
    """What the verbs took in a file of one size: medians, by verb."""

    statements: dict[str, float]
    steps: dict[str, float]  # of SQLite's virtual machine
    cpu: dict[str, float]  # microseconds
    pages: dict[str, float] | None  # read from the file, with what stays in memory not counted; None: nothing can trace here


def fill(folder: Path, plans: int) -> None:
    """Make a file with so many *plans* of one action each; every second one waits, the others are done."""
    with _opened(folder) as (store, engine):
        engine.submit(make_plan(engine.registry, "external"), DANA)  # puts the policy in force
        for first in range(0, plans, _AT_ONCE):
            with store.write() as tx:
                for number in range(first, min(first + _AT_ONCE, plans)):
                    _add(tx, engine.policy.digest, Actor(id=f"person {number // 100}"), waits=number % 2 == 0)


def _add(tx: Writing, policy: str, actor: Actor, *, waits: bool) -> None:
    """Store one plan with what the log tells of it, as `submit` and `resume` would."""
    proposed = b'{"actions":[]}'
    plan = tx.add_plan(requester=actor, request=None, planner="bench", proposed=proposed, digest=digest(proposed), policy=policy)
    body = canonical({"type": "wire", "to": "Alice", "amount": "150.00" if waits else "50.00", "currency": "USD"})
    record = ActionRecord(
        plan=plan,
        number=1,
        revision=1,
        type="wire",
        effect="opaque",
        body=body,
        digest=digest(body),
        title="Wire",
        needs=(),
        key=digest(canonical([plan, 1, digest(body)])),
        status=Status.WAITING if waits else Status.READY,
        attempt=0,
        result=None,
        error=None,
        rules=("large",) if waits else ("everyday",),
    )
    tx.add_action(record, actor, {"effect": "approve" if waits else "allow"})
    if waits:
        expires = tx.now + timedelta(days=7)
        tx.ask(record, actor, requester=actor.id, asks="", seats={"manager": 1}, reasons=[], policy=policy, expires=expires)
        return
    executing = tx.move(record, Status.EXECUTING, actor)
    tx.move(executing, Status.DONE, actor)


def run_verbs(engine: Engine, around: Callable[[str, Callable[[], object]], None]) -> None:
    """One cycle, each of its verbs called through *around*."""
    plans: list[str] = []
    around("submit", lambda: plans.append(engine.submit(make_plan(engine.registry, "external"), DANA).id))
    approvals = engine.approvals_of(plans[0])
    around("what can go on", lambda: _what_can_go_on(engine))
    around("approve", lambda: engine.approve(approvals[0].id, MIRA, digest=approvals[0].digest))
    around("resume one", lambda: engine.resume(DANA, plan=plans[0]))
    around("resume all", lambda: engine.resume(DANA))


def _what_can_go_on(engine: Engine) -> None:
    """The question that `resume` without a plan begins with; nothing can, as nobody has signed."""
    with engine.store.read() as tx:
        assert tx.plans_to_resume(engine.store.clock()) == []


def count_work(folder: Path) -> tuple[Work, Work, Work]:
    """The statements, the steps and the CPU time of COUNTED cycles in the file in *folder*, by verb."""
    statements: Work = {verb: [] for verb in VERBS}
    steps: Work = {verb: [] for verb in VERBS}
    cpu: Work = {verb: [] for verb in VERBS}
    counted = [0, 0]

    def statement(_: str) -> None:
        counted[0] += 1

    def step() -> int:
        counted[1] += 1
        return 0

    def count(verb: str, call: Callable[[], object]) -> None:
        counted[:] = [0, 0]
        call()
        statements[verb].append(counted[0])
        steps[verb].append(counted[1])

    def time(verb: str, call: Callable[[], object]) -> None:
        used = process_time_ns()
        call()
        cpu[verb].append((process_time_ns() - used) // 1000)

    with _opened(folder) as (store, engine):
        for _ in range(COUNTED):
            run_verbs(engine, time)
        connection = store._database._connection
        connection.set_trace_callback(statement)
        connection.set_progress_handler(step, 1)
        for _ in range(COUNTED):
            run_verbs(engine, count)
    return statements, steps, cpu


def measure(place: Path, plans: int) -> Grown:
    """What the verbs take with so many *plans* in a file in *place*."""
    with TemporaryDirectory(dir=place, prefix="signoff-bench-") as folder:
        fill(Path(folder), plans)
        ran = subprocess.run(_command("count", folder), cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
        statements, steps, cpu = ({verb: median(counts) for verb, counts in one.items()} for one in json.loads(ran.stdout))
        read = count_calls(_command("trace", folder), calls=READS)
        pages = None
        if read is not None:
            each = len(VERBS) * 2  # marks before and after every verb
            pages = {verb: median(read[2 * number :: each]) for number, verb in enumerate(VERBS)}
        return Grown(statements=statements, steps=steps, cpu=cpu, pages=pages)


def main() -> None:
    """Print all of it."""
    place = places()[0]
    grown = {size: measure(place, size) for size in SIZES}
    rows: list[tuple[str, ...]] = [("verb", "plans", "statements", "steps", "pages read", "CPU")]
    figures: list[Figure] = []
    for verb in VERBS:
        for size, one in grown.items():
            pages = "not counted" if one.pages is None else f"{one.pages[verb]:g}"
            rows.append(
                (verb, f"{size:,}", f"{one.statements[verb]:g}", f"{one.steps[verb]:,g}", pages, f"{one.cpu[verb]:,.0f} us")
            )
        ratio = grown[SIZES[-1]].steps[verb] / grown[SIZES[0]].steps[verb]
        what = f"{verb}: steps with {SIZES[-1]:,} plans, beside {SIZES[0]}"
        figures.append(Figure(what=what, reached=f"{ratio:.2f}x", target=f"<= {AT_MOST}x", met=ratio <= AT_MOST))
    print("\n".join([f"## As plans gather in the file ({filesystem(place)})", "", *format_rows(rows), ""]))
    print(format_figures(figures, _NOTES))


_NOTES = (
    f"medians of {COUNTED} cycles of three external actions; half of the plans wait, half are done, each of one action",
    "steps are those of SQLite's virtual machine; a page counts as read where the kernel was asked for it",
    "what can go on is the question that `resume` without a plan begins with, and `resume all` all of that, where nothing can",
)


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[Store, Engine]]:
    registry = bank_and_wire()
    with Store.open(folder / "grown.db", migrations=registry.migrations) as store:
        yield store, Engine(store, parse_policy(RULES, "policies.yaml", registry), registry)


def _trace(folder: Path) -> None:
    def between_marks(_: str, call: Callable[[], object]) -> None:
        mark()
        call()
        mark()

    with _opened(folder) as (_, engine):
        for _turn in range(COUNTED):
            run_verbs(engine, between_marks)


def _command(task: str, folder: str) -> list[str]:
    return [sys.executable, "-m", "bench.growth", task, folder]


if __name__ == "__main__":
    task, where = sys.argv[1:]
    if task == "count":
        print(json.dumps(count_work(Path(where))))
    else:
        _trace(Path(where))
