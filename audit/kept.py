"""The head of the log that is kept beside the key: what finds a database that was put back to an earlier day.

It is written after each commit and never flushed: whoever kills the process cannot take it back, and after a power cut
it may be older than the database, but never newer. Two slots are written in turn, so that one of them is always whole.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from signoff.errors import KeyFileError

from .keys import Keys, same
from .tree import Frontier

_SLOT = 2_048  # bytes: room for 53 hashes, which no log outgrows
_MARK = b"signoff head 1\n"
_MAC = 32  # bytes
_AT_MOST = 8  # slots whose bytes are known: the two that are there, and a few of before


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
        slots = [frontier for frontier in map(self._opened, self._slots()) if frontier is not None]
        return max(slots, key=lambda frontier: frontier.size, default=None)

    def write(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of the older of the two. Raises KeyFileError."""
        sizes = [-1 if found is None else found.size for found in map(self._opened, self._slots())]
        slot = self._sealed(frontier).ljust(_SLOT, b"\0")
        self._know(slot, frontier)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                if sizes == [-1, -1]:
                    os.pwrite(descriptor, bytes(2 * _SLOT), 0)
                os.pwrite(descriptor, slot, _SLOT * sizes.index(min(sizes)))
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(
                f'"{self.path}", which keeps the head of the log, cannot be written ({reason}); make it and its folder writable'
            ) from error

    def flush(self) -> None:
        """Make it durable: a power cut may not take back what only the keys of before could read. Raises KeyFileError."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}" cannot be flushed ({reason}); check the disk') from error

    def reset(self, frontier: Frontier) -> None:
        """Keep *frontier* in the place of both, however much more was kept. Raises KeyFileError."""
        self.path.unlink(missing_ok=True)
        self.write(frontier)

    def _slots(self) -> tuple[bytes, bytes]:
        try:
            with self.path.open("rb", buffering=0) as file:
                data = file.read(2 * _SLOT)
        except FileNotFoundError:
            data = b""
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise KeyFileError(f'"{self.path}", which keeps the head of the log, cannot be read ({reason}); try again') from error
        return data[:_SLOT], data[_SLOT:]

    def _sealed(self, frontier: Frontier) -> bytes:
        told = _MARK + frontier.to_bytes()
        return len(told).to_bytes(2, "big") + told + _mac(self.keys, told)

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


def _mac(keys: Keys, told: bytes) -> bytes:
    return keys.mac(b"kept head", keys.origin.encode(), told)
