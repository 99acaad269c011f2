"""The head of the log that is kept beside the key: what finds a database that was put back to an earlier day.

It is written after each commit and not flushed: whoever kills the process cannot take it back, and after a power cut it may
be older than the database, but never newer. Two slots are written in turn, so that one of them is whole whenever a process
dies; a power cut can tear both, so a third one is written and flushed now and then, when the others are on the disk.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from signoff.errors import KeyFileError, LogInvalid

from .keys import Keys, same
from .locks import LOCK_TIMEOUT, lock
from .tree import Frontier

_SLOT = 2_048  # bytes: room for 53 hashes, which no log outgrows
_MARK = b"signoff head 1\n"
_MAC = 32  # bytes
_SLOTS, _FLUSHED = 3, 0  # the first one is flushed
_WRITE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_AT_MOST = 8  # slots whose bytes are known: those that are there, and a few of before


@dataclass(frozen=True)
class KeptHead:
    """The file beside a key."""

    path: Path
    keys: Keys
    older: tuple[Keys, ...] = ()  # that the key file holds, too, while they are replaced
    # what slots hold, by their bytes: the same bytes hold the same
    _known: dict[bytes, tuple[Frontier | None]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def beside(cls, key_file: Path, keys: Keys, older: tuple[Keys, ...] = ()) -> "KeptHead":
        """The one that belongs to the key file at that path."""
        return cls(key_file.with_name(f"{key_file.name}.head"), keys, older)

    def read(self) -> Frontier | None:
        """The newest head that was kept; None where there is no such file, or nothing in it was written with this key.

        Raises KeyFileError where it cannot be read.
        """
        return _newest(map(self._opened, self._slots()))

    def write(
        self, frontier: Frontier, follows: Callable[[Frontier | None], bool] = lambda _: True, *, durably: bool = False
    ) -> None:
        """Keep *frontier* in the place of the older of the two that are not flushed, where it *follows* what is kept by now.

        Or *durably*, in the place that is. Nobody else writes between that question and the end: this file alone is where
        whoever can write the database, its locks and its write-ahead log included, has no hand in. Raises LogInvalid where
        it does not follow, and KeyFileError.
        """
        with self._locked() as descriptor:
            found = [self._opened(os.pread(descriptor, _SLOT, at)) for at in range(0, _SLOTS * _SLOT, _SLOT)]
            if not follows(_newest(found)):
                raise LogInvalid(
                    "another copy of the database was written at the same time, or one that its log was taken from: what was"
                    " just stored here is not in the log that is kept, and nothing of it is run; see `signoff audit verify`"
                )
            slot = self._slot(frontier)
            self._know(slot, frontier)
            if durably:
                os.fsync(descriptor)  # while this one is written, another one is whole
                os.pwrite(descriptor, slot, _SLOT * _FLUSHED)
                os.fsync(descriptor)
            else:
                sizes = [-1 if one is None else one.size for one in found[_FLUSHED + 1 :]]
                os.pwrite(descriptor, slot, _SLOT * (_FLUSHED + 1 + sizes.index(min(sizes))))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, which no other process writes as long as the block lasts. Raises KeyFileError, also for its errors."""
        try:
            descriptor = os.open(self.path, _WRITE, 0o600)
            try:
                lock(self.path, descriptor, f'another process writes to "{self.path}"; try again', LOCK_TIMEOUT)
                yield descriptor
            finally:
                with suppress(OSError):  # what was written stands, and the lock ends also where closing it is an error
                    os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(
                f'"{self.path}", which keeps the head of the log, cannot be written ({reason}); make it and its folder writable'
            ) from error

    def reset(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of all that was kept, however much more that was. Raises KeyFileError."""
        with self._locked() as descriptor:
            for at in range(_SLOT, _SLOTS * _SLOT, _SLOT):
                os.pwrite(descriptor, bytes(_SLOT), at)
        self.write(frontier, durably=True)

    def _slots(self) -> list[bytes]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                data = os.pread(descriptor, _SLOTS * _SLOT, 0)
            finally:
                with suppress(OSError):  # it was read
                    os.close(descriptor)
        except FileNotFoundError:
            data = b""
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}", which keeps the head of the log, cannot be read ({reason}); try again') from error
        return [data[at : at + _SLOT].ljust(_SLOT, b"\0") for at in range(0, _SLOTS * _SLOT, _SLOT)]

    def _slot(self, frontier: Frontier) -> bytes:
        told = _MARK + frontier.to_bytes()
        return (len(told).to_bytes(2, "big") + told + _mac(self.keys, told)).ljust(_SLOT, b"\0")

    def _opened(self, slot: bytes) -> Frontier | None:
        """What a slot holds; None where that is not what was written there. The same bytes are not looked into again."""
        known = self._known.get(slot)
        return (known or self._know(slot, self._checked(slot)))[0]

    def _know(self, slot: bytes, frontier: Frontier | None) -> tuple[Frontier | None]:
        if len(self._known) >= _AT_MOST:
            self._known.clear()
        self._known[slot] = (frontier,)
        return (frontier,)

    def _checked(self, slot: bytes) -> Frontier | None:
        size = int.from_bytes(slot[:2], "big")
        told, mac = slot[2 : 2 + size], slot[2 + size : 2 + size + _MAC]
        if len(slot) < _SLOT or not told.startswith(_MARK) or not self._is_ours(mac, told):
            return None
        return Frontier.from_bytes(told.removeprefix(_MARK))

    def _is_ours(self, mac: bytes, told: bytes) -> bool:
        return any(same(mac, _mac(keys, told)) for keys in (self.keys, *self.older))


def _newest(found: Iterable[Frontier | None]) -> Frontier | None:
    return max((one for one in found if one is not None), key=lambda one: one.size, default=None)


def _mac(keys: Keys, told: bytes) -> bytes:
    return keys.mac(b"kept head", keys.origin.encode(), told)
