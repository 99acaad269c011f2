"""The zygote, as the tests see it."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from signal import SIGKILL
from typing import Any

from .jobs import Ended, Job

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds in which a process ends or stops, at the latest


class Zygote:
    """Runs jobs, each in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, *jobs: Job) -> list[int]:
        """Start processes that set out together, and return their ids."""
        started: list[int] = self._ask({"start": [asdict(job) for job in jobs]})
        return started

    def wait(self, process: int) -> Ended:
        """What became of a process that was started, once it has ended or stopped."""
        return Ended(**self._ask({"wait": process}))

    def run(self, *jobs: Job) -> list[Ended]:
        """Start processes that set out together, and wait for them."""
        return [self.wait(process) for process in self.start(*jobs)]

    def _ask(self, request: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        assert select.select([self._process.stdout], [], [], PATIENCE)[0], f"no answer to {request}"
        line = self._process.stdout.readline()
        assert line, "the zygote ended"
        return json.loads(line)


@contextmanager
def zygote_running(without: str = "") -> Iterator[Zygote]:
    """A zygote that ends with the block, and whatever it started with it. It cannot import the module *without*."""
    code = f"import sys; sys.modules[{without!r}] = None; from {__package__}.zygote import main; main()"
    command = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0
    ) as process:
        try:
            yield Zygote(process)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(PATIENCE) == 0, "the zygote failed"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, SIGKILL)
