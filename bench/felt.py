"""Speed as it is felt: from a shell to the demo's first prompt, and from the enter key to a drawn plan."""

import os
import pty
import select
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.report import Figure, format_figures, format_rows, percentile
from bench.startup import ROOT, environment

ROUNDS = 15
REQUEST = "Check my balance, then send $150 to Alice and deposit 40"
PLAN = b"to checking"  # the last line of its plan
SHOWN = b"signoff approve"  # the last line of what it comes to
PROMPT = b"dana>"
PATIENCE = 30  # seconds
START = 500  # milliseconds, at most, until the prompt
DRAWN = 200  # milliseconds, at most, until the plan is drawn


@dataclass(frozen=True)
class Felt:
    """What was measured, in milliseconds."""

    start: list[float] = field(default_factory=list)  # until the first prompt
    first: list[float] = field(default_factory=list)  # until the first plan is drawn
    next: list[float] = field(default_factory=list)  # until a further plan is drawn
    whole: list[float] = field(default_factory=list)  # until it has run, and the card is shown


def measure(folder: Path, felt: Felt) -> None:
    """Start one demo in *folder*, ask twice, and leave."""
    ours, theirs = pty.openpty()
    shown = _Shown(ours)
    script = str(Path(sys.executable).with_name("signoff"))
    started = perf_counter()
    process = subprocess.Popen(
        [script, "demo", "--planner", "rules"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=folder,
        env=environment(folder.parent) | {"TERM": "xterm"},
    )
    os.close(theirs)
    try:
        shown.pass_by(PROMPT)
        felt.start.append((perf_counter() - started) * 1000)
        for asked in (felt.first, felt.next):
            typed = perf_counter()
            os.write(ours, REQUEST.encode() + b"\r")
            shown.pass_by(PLAN)
            asked.append((perf_counter() - typed) * 1000)
            shown.pass_by(SHOWN)
            felt.whole.append((perf_counter() - typed) * 1000)
            shown.pass_by(PROMPT)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def main() -> None:
    """Print all of it."""
    felt = Felt()
    with TemporaryDirectory(dir="/var/tmp", prefix="signoff-bench-") as name:
        for number in range(ROUNDS + 1):
            folder = Path(name) / ("warm" if number == 0 else str(number))
            folder.mkdir()
            shutil.copy(ROOT / "policies.yaml", folder)
            measure(folder, Felt() if number == 0 else felt)
    print(_format(felt))


class _Shown:
    """What a terminal shows, read bit by bit."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._left = b""

    def pass_by(self, wanted: bytes) -> None:
        """Read on until right behind *wanted*. Raises TimeoutError where it is never shown."""
        while wanted not in self._left:
            if not select.select([self._terminal], [], [], PATIENCE)[0]:
                raise TimeoutError(f"there is no {wanted!r}, but {self._left!r}")
            self._left += os.read(self._terminal, 65_536)
        self._left = self._left.partition(wanted)[2]


def _format(felt: Felt) -> str:
    rows = [("what", "median", "p90")]
    told = {
        "start of the demo, to its prompt": felt.start,
        "enter to a drawn plan, the first request": felt.first,
        "enter to a drawn plan, the next one": felt.next,
        "enter to what it came to, card included": felt.whole,
    }
    rows += [(what, f"{median(times):.0f} ms", f"{percentile(times, 90):.0f} ms") for what, times in told.items()]
    start, drawn = median(felt.start), median(felt.first)
    figures = [
        Figure(what="start of the demo", reached=f"{start:.0f} ms", target=f"<= {START} ms", met=start <= START),
        Figure(what="request to a drawn plan", reached=f"{drawn:.0f} ms", target=f"<= {DRAWN} ms", met=drawn <= DRAWN),
    ]
    notes = [f"medians of {ROUNDS} demos, each in a new folder: its database is made while it starts", "rules planner"]
    return "\n".join(["## Speed as it is felt", "", *format_rows(rows), "", format_figures(figures, notes)])
