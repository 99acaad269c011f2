"""Who executes now: locks that end with their process, and heartbeats that keep a lease.

Nobody else takes an action over before its lease is over, or the process that holds it is gone. That is seen by a lock
of the operating system on one byte of `FILE.run`, beside the key: the byte at the lease's fence. The file stays empty: a
lock needs no byte that is there. Where the system has no such locks (only Linux has them here), a lease's end alone
frees an action.
"""

import fcntl
import os
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from signoff.canonical import MAX_INTEGER
from signoff.errors import Busy, DatabaseError, SignoffError

from .locks import lower

TERM = 30.0  # seconds for which a lease holds, from its beginning and from each heartbeat
BEATS = 3  # in one term

_FLOCK = "hhqqi4x"  # struct flock: kind, whence, start, length, process (0: the open file holds it, not the process)
_LOCKS = sys.platform == "linux"


class Leases:
    """What is executed here, as other processes see it. One thread owns it."""

    def __init__(self, path: Path, *, worker: str | None = None, term: float = TERM) -> None:
        """*path* is the file whose bytes are locked; *worker* is how this process is named, *term* is in seconds."""
        self.worker = worker or f"{os.uname().nodename}:{os.getpid()}"
        self.term = term
        self._path = path
        self._descriptor: int | None = None
        self._held: set[int] = set()

    def hold(self, fence: int) -> None:
        """Be seen to execute under *fence*, until `release`, or until this process is gone, however it ends."""
        if _LOCKS:
            try:
                self._lock(fcntl.F_OFD_SETLK, fcntl.F_WRLCK, fence)
            except BlockingIOError as error:
                raise Busy(f'another process executes under the fence {fence} of "{self._path}"; try again') from error
        self._held.add(fence)

    def release(self, fence: int) -> None:
        """Execute no more under *fence*."""
        if fence in self._held and _LOCKS:
            self._lock(fcntl.F_OFD_SETLK, fcntl.F_UNLCK, fence)
        self._held.discard(fence)

    def is_here(self, fence: int) -> bool:
        """Whether *fence* is held by us."""
        return fence in self._held

    def is_gone(self, fence: int) -> bool:
        """Whether it is sure that no process is left that executes under *fence*."""
        return _LOCKS and not self.may_run(fence)

    def may_run(self, fence: int) -> bool:
        """Whether what was started under *fence* may still run, here or, as far as the system can tell, elsewhere."""
        if fence in self._held or not _LOCKS or not 0 < fence <= MAX_INTEGER:  # a fence of an altered file is nobody's
            return fence in self._held
        kind, *_ = struct.unpack(_FLOCK, self._lock(fcntl.F_OFD_GETLK, fcntl.F_WRLCK, fence))
        return bool(kind != fcntl.F_UNLCK)

    def close(self) -> None:
        """Close the file where nothing is held: an attempt that was given up and still runs is seen until the process ends."""
        if self._descriptor is not None and not self._held:
            with suppress(OSError):  # the file holds nothing, and its locks end also where closing it is answered with an error
                os.close(self._descriptor)
            self._descriptor = None

    def _lock(self, command: int, kind: int, fence: int) -> bytes:
        try:
            answer = fcntl.fcntl(self._file(), command, struct.pack(_FLOCK, kind, os.SEEK_SET, fence, 1, 0))
        except BlockingIOError:
            raise
        except OSError as error:
            raise DatabaseError(
                f'"{self._path}" cannot be locked ({lower(error.strerror)}); keep it on a disk that can'
            ) from error
        assert isinstance(answer, bytes)
        return answer

    def _file(self) -> int:
        """The file that is locked, opened once: another one of our own would not see what this one holds as ours."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                reason = lower(error.strerror)
                raise DatabaseError(f'"{self._path}" cannot be opened ({reason}); make its folder writable') from error
        return self._descriptor


class Heartbeat:
    """Renews a lease while a block lasts, in a thread of its own; what ends before the first beat is due costs none."""

    def __init__(self, renew: Callable[[], bool], every: float) -> None:
        """*renew* says whether the lease still holds; *every* is in seconds."""
        self._renew = renew
        self._every = every
        self._ended = Event()
        self._thread = Thread(target=self._beat, name="signoff heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._every):
            try:
                if not self._renew():
                    return
            except SignoffError:  # somebody writes for long, or the disk is full: the next beat may do
                continue
