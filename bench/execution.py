"""Pausing, approving and going on, beside other engines: flushes, CPU, time, and what a kill leaves.

Each engine runs in a process of its own, with its file in a folder of its own, and all processes stand ready at the same
time: round by round each runs a few cycles, so that what else the machine does meets all of them alike. Flushes are counted
in other runs, under strace. For the kills a process ends itself with SIGKILL inside an action, right after what the action
did outside is durable, and a new process goes on as the engine's docs say.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns, process_time_ns

from bench.cycle import filesystem, places, spread
from bench.engines import CONTENDERS, Act, Contender
from bench.report import Figure, format_figures, format_rows
from bench.tracing import count_calls, mark

ROUNDS = 20
IN_A_ROUND = 5  # cycles
WARM_UP = 20  # cycles before any that count
SLOW = {"DBOS": 5}  # of those whose cycle waits for polling: by how much fewer cycles
COUNTED = 20  # cycles whose flushes are counted
KILLED_AT = (2, 3)  # the action without an approval, and the one that was approved

_OURS = CONTENDERS[0].name


@dataclass(kw_only=True)
class Measured:
    """What one engine took in one place: a list of cycles for each round, in microseconds."""

    cpu: list[list[float]] = field(default_factory=list)
    wall: list[list[float]] = field(default_factory=list)


class Process:
    """An engine in a process of its own, which runs cycles when it is told to."""

    def __init__(self, contender: Contender, folder: str) -> None:
        self.name = contender.name
        self._process = subprocess.Popen(
            _command("cycles", contender, folder), cwd=_root(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, cycles: int) -> tuple[list[float], list[float]]:
        """Run so many *cycles*: the CPU and the time that each took, in microseconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(_fewer(self.name, cycles), file=self._process.stdin, flush=True)
        cpu, wall = json.loads(self._process.stdout.readline())
        return cpu, wall

    def end(self) -> None:
        self._process.communicate()


def compare(contenders: Sequence[Contender], place: Path) -> dict[str, Measured]:
    """Run all of *contenders* with their files in *place*, in turn."""
    measured = {one.name: Measured() for one in contenders}
    with ExitStack() as stack:
        processes = []
        for one in contenders:
            folder = stack.enter_context(TemporaryDirectory(dir=place, prefix="signoff-bench-"))
            processes.append(Process(one, folder))
            stack.callback(processes[-1].end)
        for process in processes:
            process.run(WARM_UP)
        for number in range(ROUNDS):
            first = number % len(processes)
            for process in processes[first:] + processes[:first]:
                cpu, wall = process.run(IN_A_ROUND)
                measured[process.name].cpu.append(cpu)
                measured[process.name].wall.append(wall)
    return measured


def count_flushes(contender: Contender, place: Path) -> list[int] | None:
    """How often each cycle flushed; None where nothing can trace here."""
    with TemporaryDirectory(dir=place, prefix="signoff-bench-") as folder:
        cycles = _fewer(contender.name, COUNTED)
        counted = count_calls(_command("cycles", contender, folder), task=f"3\n{cycles}\n")
    return None if counted is None else counted[-cycles:]


def kill(contender: Contender, place: Path, number: int) -> tuple[dict[int, int], str]:
    """Kill a process between what action *number* does and its record; how often each was done in the end, and what is told."""
    with TemporaryDirectory(dir=place, prefix="signoff-bench-") as folder:
        killed = subprocess.run(_command("kill", contender, folder, str(number)), cwd=_root(), capture_output=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        told = subprocess.run(_command("recover", contender, folder), cwd=_root(), capture_output=True, text=True, timeout=120)
        done = Counter(map(int, (Path(folder) / "effects").read_text().split()))
        return dict(done), told.stdout.strip() or told.stderr.strip().splitlines()[-1]


def main() -> None:
    """Print all of it."""
    contenders = [one for one in CONTENDERS if one.versions is not None]
    rows: list[tuple[str, ...]] = [("engine", "stored on", "flushes", "CPU", "time", "CPU beside external Signoff", "versions")]
    figures: list[Figure] = []
    for place in places():
        measured = compare(contenders, place)
        for one in contenders:
            rows.append(_row(one, place, measured, count_flushes(one, place)))
            figures += _figures(one, place, measured[one.name])
    print("\n".join(["## Pause, approve, resume, beside other engines", "", *format_rows(rows), ""]))
    print("\n".join(["## Killed between an effect and its record", "", *format_rows(_kill_rows(contenders)), ""]))
    print(format_figures(figures, _notes(contenders)))


def _row(one: Contender, place: Path, measured: dict[str, Measured], flushes: list[int] | None) -> tuple[str, ...]:
    mine, ours = measured[one.name], measured[_OURS]
    beside = median(median(a) / median(b) for a, b in zip(mine.cpu, ours.cpu, strict=True))
    return (
        one.name,
        filesystem(place),
        "not counted" if flushes is None else spread(flushes),
        f"{_middle(mine.cpu):,.0f} us",
        f"{_middle(mine.wall):,.0f} us",
        f"{beside:.2f}x",
        one.versions or "",
    )


def _figures(one: Contender, place: Path, measured: Measured) -> list[Figure]:
    if one.distributions:
        return []
    cpu = _middle(measured.cpu)
    return [Figure(what=f"{one.name}, {filesystem(place)}: CPU", reached=f"{cpu:,.0f} us", target="<= 400 us", met=cpu <= 400)]


def _kill_rows(contenders: Sequence[Contender]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("engine", "killed in action", "times that it was done", "after the recovery")]
    for one in contenders:
        for number in KILLED_AT if one.name != "Signoff, READ and LOCAL" else ():  # those do nothing outside
            done, told = kill(one, places()[0], number)
            rows.append((one.name, str(number), str(done.get(number, 0)), told))
    return rows


def _notes(contenders: Sequence[Contender]) -> list[str]:
    missing = [one.name for one in CONTENDERS if one not in contenders]
    return [
        f"medians of {ROUNDS} rounds of {IN_A_ROUND} cycles (DBOS 1) after {WARM_UP} others, all engines in turn, each in a"
        " process of its own; CPU is user and system time of all its threads",
        "beside external Signoff is the median of the rounds' ratios",
        f"flushes are the calls of fsync, fdatasync and the like that strace saw in {COUNTED} other cycles (DBOS 4)",
        *(f"{one.name}: {one.how}" for one in contenders),
        *([f"not installed: {', '.join(missing)}"] if missing else []),
    ]


def _middle(rounds: Iterable[Iterable[float]]) -> float:
    """The median of all cycles."""
    return median(chain.from_iterable(rounds))


def _fewer(name: str, cycles: int) -> int:
    return max(1, cycles // SLOW.get(name, 1))


def _command(task: str, contender: Contender, folder: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "bench.execution", task, contender.name, folder, *more]


def _root() -> Path:
    return Path(__file__).parents[1]


# -- in the processes


def run_cycles(contender: Contender, folder: Path) -> None:
    """Run as many cycles as each line of the standard input says, and answer with what they took."""
    with contender.open(folder, lambda _: None) as running, _answers() as answers:
        for line in sys.stdin:
            cpu: list[float] = []
            wall: list[float] = []
            for _ in range(int(line)):
                mark()
                started, used = perf_counter_ns(), process_time_ns()
                running.cycle()
                cpu.append((process_time_ns() - used) / 1000)
                wall.append((perf_counter_ns() - started) / 1000)
            mark()
            answers(json.dumps([cpu, wall]))


def deadly(folder: Path, number: int) -> Act:
    """An action that leaves a line outside and, the first time that it is *number*, does not come back."""
    effects = folder / "effects"

    def act(called: int) -> None:
        first = not effects.exists() or str(called) not in effects.read_text().split()
        with effects.open("a") as file:
            file.write(f"{called}\n")
            file.flush()
            os.fsync(file.fileno())
        if called == number and first:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


@contextmanager
def _answers() -> Iterator[Callable[[str], None]]:
    """The standard output for answers alone: what else is printed goes to the standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(kept, "w") as file:
        yield lambda text: print(text, file=file, flush=True)


if __name__ == "__main__":
    task, name, where, *more = sys.argv[1:]
    chosen = next(one for one in CONTENDERS if one.name == name)
    if task == "cycles":
        run_cycles(chosen, Path(where))
    else:
        with _answers() as answer, chosen.open(Path(where), deadly(Path(where), int(more[0]) if more else 0)) as opened:
            if task == "kill":
                opened.cycle()
            else:
                answer(opened.recover())
