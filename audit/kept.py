"""The head of the log that is kept beside the key: what finds a database that was put back to an earlier day.

It is written after each commit and not flushed: whoever kills the process cannot take it back, and after a power cut it may
be older than the database, but never newer. Two slots are written in turn, so that one of them is whole whenever a process
dies; a power cut can tear both, so a third one is written and flushed now and then, when the others are on the disk.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import KeyFileError

from .keys import Keys, same
from .tree import Frontier

_SLOT = 2_048  # bytes: room for 53 hashes, which no log outgrows
_MARK = b"signoff head 1\n"
_MAC = 32  # bytes
_SLOTS, _FLUSHED = 3, 0  # the first one is flushed


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
        slots = [frontier for frontier in map(self._opened, self._slots()) if frontier is not None]
        return max(slots, key=lambda frontier: frontier.size, default=None)

    def write(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of the older of the two that are not flushed. Raises KeyFileError."""
        sizes = [-1 if found is None else found.size for found in map(self._opened, self._slots()[_FLUSHED + 1 :])]
        with self._file() as descriptor:
            os.pwrite(descriptor, self._slot(frontier), _SLOT * (_FLUSHED + 1 + sizes.index(min(sizes))))

    def write_durably(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place that is flushed. Raises KeyFileError."""
        with self._file() as descriptor:
            os.fsync(descriptor)  # while this one is written, another one is whole
            os.pwrite(descriptor, self._slot(frontier), _SLOT * _FLUSHED)
            os.fsync(descriptor)

    @contextmanager
    def _file(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(
                f'"{self.path}", which keeps the head of the log, cannot be written ({reason}); make it and its folder writable'
            ) from error

    def _slot(self, frontier: Frontier) -> bytes:
        return self._sealed(frontier).ljust(_SLOT, b"\0")

    def reset(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of all that was kept, however much more that was. Raises KeyFileError."""
        self.path.unlink(missing_ok=True)
        self.write_durably(frontier)

    def _slots(self) -> list[bytes]:
        try:
            with self.path.open("rb", buffering=0) as file:
                data = file.read(_SLOTS * _SLOT)
        except FileNotFoundError:
            data = b""
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}", which keeps the head of the log, cannot be read ({reason}); try again') from error
        return [data[at : at + _SLOT].ljust(_SLOT, b"\0") for at in range(0, _SLOTS * _SLOT, _SLOT)]

    def _sealed(self, frontier: Frontier) -> bytes:
        told = _MARK + frontier.to_bytes()
        return len(told).to_bytes(2, "big") + told + _mac(self.keys, told)

    def _opened(self, slot: bytes) -> Frontier | None:
        """What a slot holds; None where that is not what was written there."""
        size = int.from_bytes(slot[:2], "big")
        told, mac = slot[2 : 2 + size], slot[2 + size : 2 + size + _MAC]
        if len(slot) < _SLOT or not told.startswith(_MARK) or not self._is_ours(mac, told):
            return None
        return Frontier.from_bytes(told.removeprefix(_MARK))

    def _is_ours(self, mac: bytes, told: bytes) -> bool:
        return any(same(mac, _mac(keys, told)) for keys in (self.keys, *self.older))


def _mac(keys: Keys, told: bytes) -> bytes:
    return keys.mac(b"kept head", keys.origin.encode(), told)
