"""A command on a pseudo-terminal, with its screen as a person sees it."""

import errno
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ROWS = 24
PATIENCE = 20.0  # seconds
INTERRUPT = "\x03"  # Ctrl-C
END = "\x04"  # Ctrl-D

_ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Session:
    """A process on a terminal of its own. Everything that it showed is in `shown`, and what a person sees of it in `text`."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], columns: int = 80) -> None:
        self._terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        kept = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={"TERM": "xterm"} | kept,
            cwd=folder,
        )
        os.close(theirs)
        self.shown = b""
        self._screen = pyte.HistoryScreen(columns, ROWS, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self._mark = 0  # the line from which on `wait_for` looks
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()

    @property
    def lines(self) -> list[str]:
        """Every line that was on the screen, those that have left it at the top included."""
        width = self._screen.columns
        gone = ["".join(row[column].data for column in range(width)) for row in self._screen.history.top]
        return [line.rstrip() for line in (*gone, *self._screen.display)]

    @property
    def text(self) -> str:
        """What stands below the place where `type` typed last, as one line with single spaces."""
        return " ".join(" ".join(self.lines[self._mark :]).split())

    def wait_for(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until *text* stands on the screen below what was typed last, and give all that stands there."""
        return self._wait(lambda shown: text in shown, repr(text), patience)

    def wait_for_end(self, text: str, times: int = 1) -> str:
        """Wait until what stands below what was typed last ends with *text*, for at least the *times* th time."""
        return self._wait(lambda shown: shown.endswith(text) and shown.count(text) >= times, f"{text!r} at the end", PATIENCE)

    def type(self, text: str) -> None:
        """Type *text*, as keys; a lone surrogate stands for a byte that is no UTF-8."""
        self._mark = len(self._screen.history.top) + self._screen.cursor.y
        os.write(self._terminal, text.encode(errors="surrogateescape"))

    def say(self, line: str, until: str) -> str:
        """Type *line* and the enter key, and wait for *until*."""
        self.type(line + "\r")
        return self.wait_for(until)

    def ended(self, again: str = "") -> int:
        """Wait for the end of the process, and give its exit code. *again* is typed every second until then."""
        deadline = time.monotonic() + PATIENCE
        while self._read(1):
            assert time.monotonic() < deadline, f"still there after {PATIENCE} s:\n" + "\n".join(self.lines)
            if again and not select.select([self._terminal], [], [], 1)[0]:
                os.write(self._terminal, again.encode())
        return self.process.wait(PATIENCE)

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does."""
        if self._open:
            os.close(self._terminal)
            self._open = False

    def _wait(self, is_there: Callable[[str], bool], what: str, patience: float) -> str:
        deadline = time.monotonic() + patience
        while not is_there(self.text):
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"there is no {what}, but:\n" + "\n".join(self.lines))
        return self.text

    def _read(self, patience: float) -> bool:
        """Read what the process shows within *patience* seconds. Gives False once the process has ended."""
        if not select.select([self._terminal], [], [], patience)[0]:
            return True
        try:
            read = os.read(self._terminal, 65_536)
        except OSError as error:  # how Linux tells that the other side ended
            if error.errno != errno.EIO:
                raise
            return False
        self.shown += read
        self._stream.feed(read)
        return bool(read)
