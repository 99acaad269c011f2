"""A model of a disk whose power can be cut: what is durable, what is pending, and what may be found afterwards.

What was written to a file is pending until that file is synced, and a name that was made or removed is until its folder
is. After a power cut every pending change may be there, be missing, or be there in parts: a disk writes single sectors,
and it writes those of several files in any order. What a sync that failed should have made durable stays in doubt for
good: the system may have dropped it, and then a second sync that succeeds says nothing of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random

SECTOR = 512  # bytes that a disk writes whole or not at all


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file was opened at *name*, and made where there was none; from now on it has this number."""

    file: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Written:
    """Bytes were written to a file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Truncated:
    """A file was cut off, or extended, to *size* bytes."""

    file: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Synced:
    """A file was synced, or should have been."""

    file: int
    well: bool = True


@dataclass(frozen=True, kw_only=True)
class Named:
    """A name was given to the file that had the name *before*; "": taken away."""

    name: str
    before: str = ""


@dataclass(frozen=True, kw_only=True)
class FolderSynced:
    """The names were synced."""


Operation = Opened | Written | Truncated | Synced | Named | FolderSynced


class State(Enum):
    """How far a change to a file has come."""

    PENDING = "pending"  # → durable, doubtful
    DURABLE = "durable"
    DOUBTFUL = "doubtful"  # its sync failed


@dataclass
class Change:
    """One change to a file or a name."""

    when: int  # a number that grows with every operation
    what: Written | Truncated | Named
    state: State = State.PENDING


@dataclass(eq=False)
class File:
    """What a file held at first, and what was done to it since, oldest first."""

    content: bytes = b""
    changes: list[Change] = field(default_factory=list)

    def sync(self, *, well: bool) -> None:
        """Make durable what is pending, where it went *well*. What an earlier sync failed for is not pending any more."""
        for change in self.changes:
            if change.state is State.PENDING:
                change.state = State.DURABLE if well else State.DOUBTFUL
        done = next((at for at, change in enumerate(self.changes) if change.state is not State.DURABLE), len(self.changes))
        self.content = self.found(lambda _, change: [change.what], b"\0", self.changes[:done])
        del self.changes[:done]

    def found(self, keep: "Keep", fill: bytes, changes: list[Change] | None = None) -> bytes:
        """The bytes after these changes. A gap that nothing was written to reads as *fill*."""
        found = bytearray(self.content)
        for change in self.changes if changes is None else changes:
            for part in [change.what] if change.state is State.DURABLE else keep(self, change):
                assert not isinstance(part, Named)
                gap = (part.size if isinstance(part, Truncated) else part.offset) - len(found)
                found += (fill * (1 + gap // len(fill)))[: max(0, gap)]
                if isinstance(part, Truncated):
                    del found[part.size :]
                else:
                    found[part.offset : part.offset + len(part.data)] = part.data
        return bytes(found)


Keep = Callable[[File | None, Change], Sequence[Written | Truncated | Named]]
"""What was written of a change that is not durable: it, parts of it, or nothing. Names are no file's."""


class Disk:
    """A folder on a disk."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """It holds *files*, all of it durable."""
        self._names: dict[str, File | None] = {name: File(content) for name, content in files.items()}
        self._changed: list[tuple[Change, str, File | None]] = []  # names that are not durable: whose they are now
        self._files: dict[int, File] = {}
        self._time = 0

    def apply(self, operation: Operation) -> None:
        """Do what was recorded."""
        self._time += 1
        match operation:
            case Opened():
                if self._at(operation.name) is None:
                    self._name(Named(name=operation.name), File())
                self._files[operation.file] = self._at(operation.name) or File()
            case Written() | Truncated():
                self._files[operation.file].changes.append(Change(self._time, operation))
            case Synced():
                self._files[operation.file].sync(well=operation.well)
            case Named():
                if operation.before:
                    self._name(operation, self._at(operation.before))
                    self._name(Named(name=operation.before), None)
                else:
                    self._name(operation, None)
            case FolderSynced():
                self._names.update((name, file) for _, name, file in self._changed)
                self._changed.clear()

    def moments(self) -> list[int]:
        """When the changes were made that are not durable."""
        files = {*self._names.values(), *(file for _, _, file in self._changed)} - {None}
        changes = [change for file in files if file for change in file.changes] + [change for change, _, _ in self._changed]
        return sorted({change.when for change in changes if change.state is not State.DURABLE})

    def image(self, keep: Keep, fill: bytes = b"\0") -> dict[str, bytes]:
        """What is found after a power cut now, where *keep* says what of the changes that are not durable was written."""
        names = dict(self._names)
        for change, name, file in self._changed:
            if keep(None, change):
                names[name] = file
        return {name: file.found(keep, fill) for name, file in sorted(names.items()) if file is not None}

    def _at(self, name: str) -> File | None:
        """Whose *name* it is for those who look now."""
        return next((file for _, known, file in reversed(self._changed) if known == name), self._names.get(name))

    def _name(self, named: Named, file: File | None) -> None:
        self._changed.append((Change(self._time, named), named.name, file))


def all_of_it(_: File | None, change: Change) -> Sequence[Written | Truncated | Named]:
    """Everything was written, as if each change had been synced."""
    return [change.what]


def nothing_of_it(_: File | None, __: Change) -> Sequence[Written | Truncated | Named]:
    """Nothing was written that was not synced."""
    return []


def images(disk: Disk, random: Random, several: int) -> Iterator[dict[str, bytes]]:
    """What may be found after a power cut now: with all that is pending, with nothing of it, and *several* with some of it."""
    yield disk.image(all_of_it)
    yield disk.image(nothing_of_it)
    moments = disk.moments()
    for _ in range(several if moments else 0):
        fill = random.choice([b"\0", random.randbytes(SECTOR)])
        up_to = _up_to(random.choice(moments), random)
        yield disk.image(random.choice([up_to, _whole_changes(random), _sectors(random), _some_files(random)]), fill)


def _up_to(last: int, random: Random) -> Keep:
    """Everything was written in order, and the *last* of it in parts."""

    def keep(_: File | None, change: Change) -> Sequence[Written | Truncated | Named]:
        if change.when == last:
            return _torn(change, random, 0.5)
        return [change.what] if change.when < last else []

    return keep


def _whole_changes(random: Random) -> Keep:
    """Some changes were written, in any order."""
    chance = random.random()
    return lambda _, change: [change.what] if random.random() < chance else []


def _sectors(random: Random) -> Keep:
    """Some sectors of the changes were written."""
    chance = random.random()
    return lambda _, change: _torn(change, random, chance)


def _some_files(random: Random) -> Keep:
    """Some files were written, and others were not."""
    written: dict[File | None, bool] = {}
    return lambda file, change: [change.what] if written.setdefault(file, random.random() < 0.5) else []


def _torn(change: Change, random: Random, chance: float) -> Sequence[Written | Truncated | Named]:
    """Each sector of a *change* with that *chance*; of what has none, it or nothing."""
    if not isinstance(change.what, Written):
        return [change.what] if random.random() < chance else []
    return [part for part in _sectors_of(change.what) if random.random() < chance]


def _sectors_of(change: Written) -> Iterator[Written]:
    start, end = change.offset, change.offset + len(change.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        yield replace(change, offset=start, data=change.data[start - change.offset : stop - change.offset])
        start = stop
