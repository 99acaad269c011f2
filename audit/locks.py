"""Locks of the operating system: they end with the process that holds them, however it ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signoff.errors import Busy, DatabaseError

LOCK_TIMEOUT = 10.0  # seconds to wait for another process


@contextmanager
def locked(path: Path, message: str, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold the lock on the file at *path*. Raises Busy with *message* where another process keeps it for *timeout* seconds.

    It is never the database file itself: closing that descriptor would drop SQLite's own locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise DatabaseError(f'"{path}" cannot be opened ({lower(error.strerror)}); make its folder writable') from error
    try:
        lock(path, descriptor, message, timeout)
        yield
    finally:
        with suppress(OSError):  # the file holds nothing, and its lock ends also where closing it is answered with an error
            os.close(descriptor)


def lock(path: Path, descriptor: int, message: str, timeout: float) -> None:
    """Lock the open file at *path* until its *descriptor* is closed. Raises as `locked` does."""
    deadline = time.monotonic() + timeout
    pause = 0.0002
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Busy(message) from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)
        except OSError as error:
            raise DatabaseError(f'"{path}" cannot be locked ({lower(error.strerror)}); keep it on a disk that can') from error
        else:
            return


def lower(text: str | None) -> str:
    return text[:1].lower() + text[1:] if text else "no reason given"
