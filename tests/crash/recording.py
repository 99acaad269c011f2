"""What a process writes to the disk, tells people and sends to receivers, in the order in which it does."""

import fcntl
import os
import pickle
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from signoff import Engine

from . import world
from .disk import FolderSynced, Named, Opened, Operation, Synced, Truncated, Written
from .jobs import Job
from .seam import OK, Seam


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A verb returned: whoever called it relies on all Entries that there are."""

    entries: tuple[str, ...]  # their digests, in order


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An action outside the database sets out to have its effect."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Received:
    """What the receivers have got so far."""

    notices: str
    effects: dict[str, int] = field(default_factory=dict)  # by key, at the receiver in a process of its own
    requests: dict[str, int] = field(default_factory=dict)


Recorded = Operation | Acknowledged | Begun | Received


class Recorder:
    """Records the operations on one folder from when it is made, and lets those calls fail that *job* names.

    The calls are those of SQLite's VFS (`open`, `read`, `write`, `truncate`, `sync`, `delete`, `lock`, `map`, `shared
    lock`), and Python's on Signoff's own files (`os.open`, `os.fsync`, `os.close`, `flock`, `fcntl`, `stat`).
    """

    def __init__(self, job: Job) -> None:
        self._database = Path(job.database).resolve()
        self._job = job
        self._calls: Counter[str] = Counter()
        self._numbers: dict[int, int] = {}  # SQLite's open files
        self._descriptors: dict[int, int] = {}  # Python's
        self._opened = 0
        self.failed = False
        self.recorded: list[Recorded] = []

    def watch(self) -> None:
        """Record from now on."""
        self._seam = Seam(self)  # kept: SQLite points into it
        self._watch_files()
        self._watch_verbs()
        self._watch_receivers()

    def write(self) -> None:
        """Write what was recorded to where the job says."""
        if self._job.record:
            Path(self._job.record).write_bytes(pickle.dumps(self.recorded))

    # -- what SQLite does

    def fails(self, call: str) -> int:
        """Whether this call is one that is to fail: its error, else 0."""
        if call != self._job.fails:
            return OK
        self._calls[call] += 1
        if not self._job.at <= self._calls[call] < self._job.at + self._job.times:
            return OK
        self.failed = True
        return self._job.code

    def opened(self, file: int, path: str) -> None:
        self._numbers[file] = self._open(Path(path))

    def written(self, file: int, offset: int, data: bytes) -> None:
        self.recorded.append(Written(file=self._numbers[file], offset=offset, data=data))

    def truncated(self, file: int, size: int) -> None:
        self.recorded.append(Truncated(file=self._numbers[file], size=size))

    def synced(self, file: int, *, well: bool) -> None:
        self.recorded.append(Synced(file=self._numbers[file], well=well))

    def deleted(self, path: str) -> None:
        self.recorded.append(Named(name=Path(path).name))

    def folder_synced(self) -> None:
        self.recorded.append(FolderSynced())

    def _open(self, path: Path) -> int:
        self._opened += 1
        self.recorded.append(Opened(file=self._opened, name=path.name))
        return self._opened

    # -- what Python does with Signoff's own files

    def _watch_files(self) -> None:
        for module, name in (
            (os, "open"),
            (os, "fsync"),
            (os, "close"),
            (os, "pwrite"),
            (os, "rename"),
            (os, "replace"),
            (os, "link"),
            (os, "unlink"),
        ):
            self._replace(module, name, getattr(self, f"_os_{name}", None) or self._renamed)
        self._replace(fcntl, "flock", self._flock)
        self._replace(fcntl, "fcntl", self._fcntl)
        self._replace(Path, "stat", self._stat)

    def _replace(self, owner: Any, name: str, ours: Callable[..., Any]) -> None:
        theirs = getattr(owner, name)
        patch.object(owner, name, lambda *arguments, **named: ours(theirs, *arguments, **named)).start()

    def _raise(self, call: str, path: object) -> None:
        if code := self.fails(call):
            raise OSError(code, os.strerror(code), str(path))

    def _is_ours(self, path: Any) -> bool:
        """Whether it is the database or stands beside it under its name."""
        if isinstance(path, int):
            return False
        told = Path(os.fsdecode(path))
        return told.parent == self._database.parent and told.name.startswith(self._database.name)

    def _os_open(self, theirs: Callable[..., int], path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if not self._is_ours(path):
            return theirs(path, flags, *arguments, **named)
        self._raise("os.open", path)
        descriptor = theirs(path, flags, *arguments, **named)
        if flags & (os.O_WRONLY | os.O_RDWR):
            self._descriptors[descriptor] = self._open(Path(os.fsdecode(path)))
        return descriptor

    def _os_close(self, theirs: Callable[[int], None], descriptor: int) -> None:
        ours = self._descriptors.pop(descriptor, None) is not None
        theirs(descriptor)
        if ours:
            self._raise("os.close", descriptor)

    def _os_pwrite(self, theirs: Callable[..., int], descriptor: int, data: bytes, offset: int) -> int:
        if descriptor in self._descriptors:
            self.recorded.append(Written(file=self._descriptors[descriptor], offset=offset, data=data))
        return theirs(descriptor, data, offset)

    def _os_fsync(self, theirs: Callable[[int], None], descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self.recorded.append(FolderSynced())
            theirs(descriptor)
        elif descriptor in self._descriptors:
            self._os_sync(theirs, descriptor, self._descriptors[descriptor])
        else:
            theirs(descriptor)

    def _os_sync(self, theirs: Callable[[int], None], descriptor: int, file: int) -> None:
        """What was written before is told now."""
        content = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        self.recorded += [Truncated(file=file, size=len(content)), Written(file=file, offset=0, data=content)]
        code = self.fails("os.fsync")
        self.recorded.append(Synced(file=file, well=not code))
        if code:
            raise OSError(code, os.strerror(code))
        theirs(descriptor)

    def _renamed(self, theirs: Callable[..., None], path: Any, to: Any = None, **named: Any) -> None:
        if to is None:
            theirs(path, **named)
        else:
            theirs(path, to, **named)
        if self._is_ours(path):
            name = Path(os.fsdecode(path)).name
            self.recorded.append(Named(name=name) if to is None else Named(name=Path(os.fsdecode(to)).name, before=name))

    def _flock(self, theirs: Callable[..., None], descriptor: int, operation: int) -> None:
        self._raise("flock", descriptor)
        theirs(descriptor, operation)

    def _fcntl(self, theirs: Callable[..., Any], descriptor: int, operation: int, argument: Any = 0) -> Any:
        self._raise("fcntl", descriptor)
        return theirs(descriptor, operation, argument)

    def _stat(self, theirs: Callable[..., Any], path: Path, **named: Any) -> Any:
        if self._is_ours(path):
            self._raise("stat", path)
        return theirs(path, **named)

    # -- what people and receivers see

    def _watch_verbs(self) -> None:
        for verb in ("submit", "approve", "resume"):
            self._replace(Engine, verb, self._verb)

    def _verb(self, theirs: Callable[..., Any], engine: Engine, *arguments: Any, **named: Any) -> Any:
        answer = theirs(engine, *arguments, **named)
        job, self._job = self._job, Job(verb="")  # what a test reads does not fail
        with engine.store.read() as tx:
            entries = tuple(entry.hash.hex() for entry in tx.entries())
        self._job = job
        self.recorded.append(Acknowledged(entries=entries))
        return answer

    def _watch_receivers(self) -> None:
        receiver = world._Receiver
        append, send = receiver.append, receiver.send

        def append_and_tell(self_: world._Receiver, line: str) -> None:
            self.recorded.append(Begun(key=line.partition(" ")[0]))
            append(self_, line)
            self._receive(self_)

        def send_and_tell(self_: world._Receiver, key: str, first: str, *, keyed: bool) -> str:
            self.recorded.append(Begun(key=key))
            try:
                return send(self_, key, first, keyed=keyed)
            finally:
                self._receive(self_)

        patch.object(receiver, "append", append_and_tell).start()
        patch.object(receiver, "send", send_and_tell).start()

    def _receive(self, receiver: world._Receiver) -> None:
        notices = receiver.file.read_text() if receiver.file.exists() else ""
        outside = receiver.outside
        effects, requests = ({}, {}) if outside is None else (outside.by_key("effects"), outside.by_key("requests"))
        self.recorded.append(Received(notices=notices, effects=effects, requests=requests))
