"""The head of the log that is kept beside the key: what finds a database that was put back to an earlier day.

It is written after each commit and never flushed: whoever kills the process cannot take it back, and after a power cut
it may be older than the database, but never newer. Two slots are written in turn, so that one of them is always whole.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import KeyFileError, LogInvalid

from .keys import Keys, same
from .locks import LOCK_TIMEOUT, lock
from .tree import Frontier

_SLOT = 2_048  # bytes: room for 53 hashes, which no log outgrows
_MARK = b"signoff head 1\n"
_MAC = 32  # bytes
_WRITE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True)
class KeptHead:
    """The file beside a key."""

    path: Path
    keys: Keys
    older: tuple[Keys, ...] = ()  # that the key file holds, too, while they are replaced

    @classmethod
    def beside(cls, key_file: Path, keys: Keys, older: tuple[Keys, ...] = ()) -> "KeptHead":
        """The one that belongs to the key file at that path."""
        return cls(key_file.with_name(f"{key_file.name}.head"), keys, older)

    def read(self) -> Frontier | None:
        """The newest head that was kept; None where there is no such file, or nothing in it was written with this key.

        Raises KeyFileError where it cannot be read.
        """
        return _newest(map(self._opened, self._slots()))

    def write(self, frontier: Frontier, follows: Callable[[Frontier | None], bool] = lambda _: True) -> None:
        """Keep *frontier* in the place of the older of the two, where it *follows* what is kept by now.

        Nobody else writes between that question and the end: this file alone is where whoever can write the database, its
        locks and its write-ahead log included, has no hand in. Raises LogInvalid where it does not follow, and KeyFileError.
        """
        with self._locked() as descriptor:
            found = [self._opened(os.pread(descriptor, _SLOT, at)) for at in (0, _SLOT)]
            if not follows(_newest(found)):
                raise LogInvalid(
                    "another copy of the database was written at the same time, or one that its log was taken from: what was"
                    " just stored here is not in the log that is kept, and nothing of it is run; see `signoff audit verify`"
                )
            sizes = [-1 if one is None else one.size for one in found]
            if sizes == [-1, -1]:
                os.pwrite(descriptor, bytes(2 * _SLOT), 0)
            os.pwrite(descriptor, self._slot(frontier), _SLOT * sizes.index(min(sizes)))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, which no other process writes as long as the block lasts. Raises KeyFileError, also for its errors."""
        try:
            descriptor = os.open(self.path, _WRITE, 0o600)
            try:
                lock(self.path, descriptor, f'another process writes to "{self.path}"; try again', LOCK_TIMEOUT)
                yield descriptor
            finally:
                with suppress(OSError):  # what was written stands, and the lock ends also where closing it is answered so
                    os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(
                f'"{self.path}", which keeps the head of the log, cannot be written ({reason}); make it and its folder writable'
            ) from error

    def flush(self) -> None:
        """Make it durable, and its name: a power cut may take back neither its beginning nor what only older keys could read.

        Raises KeyFileError.
        """
        try:
            for path, kind in ((self.path, os.O_RDWR | os.O_NOFOLLOW), (self.path.parent, os.O_RDONLY)):
                descriptor = os.open(path, kind | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}" cannot be flushed ({reason}); check the disk') from error

    def reset(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of both, however much more was kept. Raises KeyFileError."""
        with self._locked() as descriptor:
            for slot, at in ((self._slot(frontier), 0), (bytes(_SLOT), _SLOT)):
                os.pwrite(descriptor, slot, at)

    def _slots(self) -> tuple[bytes, bytes]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                data = os.pread(descriptor, 2 * _SLOT, 0)
            finally:
                with suppress(OSError):  # it was read
                    os.close(descriptor)
        except FileNotFoundError:
            data = b""
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}", which keeps the head of the log, cannot be read ({reason}); try again') from error
        return data[:_SLOT], data[_SLOT:]

    def _slot(self, frontier: Frontier) -> bytes:
        told = _MARK + frontier.to_bytes()
        return (len(told).to_bytes(2, "big") + told + _mac(self.keys, told)).ljust(_SLOT, b"\0")

    def _opened(self, slot: bytes) -> Frontier | None:
        """What a slot holds; None where that is not what was written there."""
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
