"""Start-up: how long the commands take from a shell, beside an interpreter that does nothing."""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.report import Figure, format_figures, format_rows
from signoff import Actor, Engine
from signoff.actions import Registry, bank_registry
from signoff.audit import Store
from signoff.errors import Exit
from signoff.planner import ActionPlan
from signoff.policies import load_policy

ROUNDS = 21
IMPORT_ROUNDS = 5
SLOWEST = 10  # imports that are listed
WAITING = 5  # approvals in the queue
WALL = 150  # milliseconds, at most, for `signoff queue`
ROOT = Path(__file__).parents[1]
NOTHING = "python -c pass"

_IMPORT = re.compile(r"import time: +(\d+) \| +(\d+) \|( +)(\S+)")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, and how long each of its runs took."""

    name: str
    line: Sequence[str]
    code: int  # that it exits with
    wall: list[float] = field(default_factory=list)  # milliseconds
    cpu: list[float] = field(default_factory=list)  # milliseconds, of user and system


def run_once(command: Command, folder: Path) -> None:
    """Run *command* in *folder* from a shell, and note what it took. Raises AssertionError where it exits as it should not."""
    before = getrusage(RUSAGE_CHILDREN)
    started = perf_counter()
    shell = ("/bin/sh", "-c", 'exec "$@"', "sh", *command.line)
    ran = subprocess.run(shell, cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL)
    command.wall.append((perf_counter() - started) * 1000)
    after = getrusage(RUSAGE_CHILDREN)
    command.cpu.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000)
    assert ran.returncode == command.code, f"{command.name} exits with {ran.returncode}"


def slowest_imports(line: Sequence[str], folder: Path) -> list[tuple[str, float, float]]:
    """The modules that *line* imports, with the median milliseconds of their own code and with what they import."""
    own: dict[str, list[float]] = defaultdict(list)
    total: dict[str, list[float]] = defaultdict(list)
    for _ in range(IMPORT_ROUNDS):
        timed = (sys.executable, "-X", "importtime", *line)
        ran = subprocess.run(timed, cwd=folder, env=environment(folder), capture_output=True, text=True)
        for mine, all_, _, module in _IMPORT.findall(ran.stderr):
            own[module].append(int(mine) / 1000)
            total[module].append(int(all_) / 1000)
    found = [(module, median(own[module]), median(total[module])) for module in own]
    return sorted(found, key=lambda each: each[2], reverse=True)


def fill_queue(folder: Path) -> None:
    """A demo bank in which WAITING transfers wait for sign-off, under the policies of the demo."""
    shutil.copy(ROOT / "policies.yaml", folder)
    registry: Registry = bank_registry()
    with Store.open(folder / "signoff.db", migrations=registry.migrations) as store:
        engine = Engine(store, load_policy(folder / "policies.yaml", registry), registry)
        transfer = registry.read({"type": "transfer", "to": "Alice", "amount": "150.00"})
        for _ in range(WAITING):
            engine.submit(ActionPlan.of(transfer), Actor(id="dana"), request="send $150 to Alice")


def main() -> None:
    """Print all of it."""
    script = str(Path(sys.executable).with_name("signoff"))
    commands = (
        Command(name=NOTHING, line=(sys.executable, "-c", "pass"), code=Exit.DONE),
        Command(name="signoff --version", line=(script, "--version"), code=Exit.DONE),
        Command(name="signoff queue", line=(script, "queue"), code=Exit.WAITING),
        Command(name="signoff run", line=(script, "run", "send $0.01 to Bob"), code=Exit.DONE),
    )
    with TemporaryDirectory(dir="/var/tmp", prefix="signoff-bench-") as name:
        folder = Path(name)
        fill_queue(folder)
        for number in range(ROUNDS + 1):
            for command in commands:
                run_once(command, folder)
                if number == 0:  # it compiled what it imports
                    command.wall.clear()
                    command.cpu.clear()
        imports = slowest_imports((script, "queue"), folder)
    print(_format(commands, imports))


def environment(folder: Path) -> dict[str, str]:
    """This process's, with compiled modules kept in *folder*: in some environments they are kept nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SIGNOFF_"))}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "pycache")}


def _format(commands: Sequence[Command], imports: Sequence[tuple[str, float, float]]) -> str:
    empty = median(commands[0].wall)
    rows = [("command", "wall", "CPU", f"beside `{NOTHING}`")]
    rows += [
        (one.name, f"{median(one.wall):.0f} ms", f"{median(one.cpu):.0f} ms", f"{median(one.wall) / empty:.1f}x")
        for one in commands
    ]
    queue = next(median(one.wall) for one in commands if one.name == "signoff queue")
    figure = Figure(what="signoff queue: wall", reached=f"{queue:.0f} ms", target=f"<= {WALL} ms", met=queue <= WALL)
    notes = [
        f"medians of {ROUNDS} rounds in turn, each started by a shell, with compiled modules at hand; {WAITING} approvals wait",
        "this is an editable install: the finder of editable packages adds a little that an installed wheel does not",
    ]
    listed = [("import", "with what it imports", "own code")]
    listed += [(module, f"{total:.1f} ms", f"{own:.1f} ms") for module, own, total in _telling(imports)]
    return "\n".join(
        [
            *("## Start-up", "", *format_rows(rows), "", format_figures([figure], notes), ""),
            *(f"The slowest imports of `signoff queue`, as -X importtime counts them (medians of {IMPORT_ROUNDS}):", ""),
            *format_rows(listed),
        ]
    )


def _telling(imports: Sequence[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """The slowest of *imports*: in total, and by their own code."""
    return list(dict.fromkeys([*imports[:SLOWEST], *sorted(imports, key=lambda each: each[1], reverse=True)[:SLOWEST]]))
