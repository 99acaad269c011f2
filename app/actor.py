"""Who asks or decides."""

from dataclasses import dataclass
from enum import StrEnum

MAX_ID = 100  # characters


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
        """Raises ValueError for an id that is empty, too long, or could be taken for something else on a screen."""
        if not self.id or len(self.id) > MAX_ID or not self.id.isprintable() or self.id != self.id.strip():
            raise ValueError(f"{self.id[:MAX_ID]!r} is no id; write a name of 1 to {MAX_ID} printable characters")

    def __str__(self) -> str:
        known = "" if self.os_user is None else f", os user {self.os_user}"
        return f"{self.id} ({self.how}{known})"
