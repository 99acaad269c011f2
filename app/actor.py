"""Who asks or decides."""

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize

MAX_ID = 100  # characters

# Drawn as nothing or as a blank, although Unicode counts them as letters, marks or symbols.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)


class Identification(StrEnum):
    """How an actor's id was established."""

    CLAIMED = "claimed"  # somebody said so (`--as WHO`); nothing checked it
    OS = "os"  # the operating system's user of the process


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person or program, and how we know that it is that one.

    It carries no roles: policies map ids to roles.
    """

    id: str
    how: Identification = Identification.CLAIMED
    os_user: int | None = None  # uid of the process that spoke for the actor, where known

    def __post_init__(self) -> None:
        """Raises ValueError for an id that is empty, too long, padded, or holds what a screen does not show."""
        plain = self.id.isprintable() and self.id == self.id.strip() and not _INVISIBLE & {*self.id}
        if not self.id or len(self.id) > MAX_ID or not plain or self.id != normalize("NFC", self.id):
            raise ValueError(f"{self.id[:MAX_ID]!r} is no id; write a name of 1 to {MAX_ID} visible characters")

    @classmethod
    def of_process(cls) -> "Actor":
        """The operating system's user as whom this process runs, by login name; `uid-1000` where they have no usable one."""
        uid = os.getuid()
        try:
            return cls(id=pwd.getpwuid(uid).pw_name, how=Identification.OS, os_user=uid)
        except (KeyError, ValueError):  # a container may run as a user whom nobody named
            return cls(id=f"uid-{uid}", how=Identification.OS, os_user=uid)

    def __str__(self) -> str:
        known = "" if self.os_user is None else f", os user {self.os_user}"
        return f"{self.id} ({self.how}{known})"
