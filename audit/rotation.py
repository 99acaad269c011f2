"""Which key signs a log, and since when: each key of a log but the first was introduced by the one before it.

The Entry `rotated` holds a note that the old key signed over to the new one, and the new one signed, too. So whoever has any
one of the keys can tell which of them may sign a head of the log at which size.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from signoff.canonical import Json

from .keys import Keys
from .notes import Checkpoint, KeyKind, PublicKey, read_note, read_public_key, sign_note

ROTATED = "rotated"  # the event
_FIRST = "signoff-rotation@v1"


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """One key took another one's place."""

    number: int  # of the Entry that tells it
    old: PublicKey
    new: PublicKey


@dataclass(frozen=True, kw_only=True)
class KeyHistory:
    """The keys of a log, the first one first, each with the number of the Entry since which it signs."""

    keys: tuple[tuple[int, PublicKey], ...]

    def at(self, size: int) -> PublicKey:
        """The key that signs the head of the log at *size* Entries."""
        return [key for since, key in self.keys if since <= size][-1]

    def check(self, checkpoint: Checkpoint) -> None:
        """Raises ValueError where *checkpoint* is of another log, or not signed by the key that was the log's at its size."""
        key = self.at(checkpoint.size)
        if checkpoint.origin != key.name:
            raise ValueError(f'it is of the log "{checkpoint.origin[:80]}", and not of "{key.name}"')
        checkpoint.note.check(key)


def write_rotation(old: Keys, new: Keys) -> dict[str, Json]:
    """What the Entry tells with which *new* takes the place of *old*."""
    note = sign_note(f"{_FIRST}\n{old.origin}\n{old.public}\n{new.public}\n", old, new)
    return {"public_key": new.public, "store_key": new.store_id, "statement": note.to_bytes().decode()}


def read_rotation(number: int, data: Mapping[str, Json]) -> Rotation:
    """What the Entry *number* tells of keys; both have signed it. Raises ValueError where they have not."""
    note = read_note(str(data.get("statement")).encode())
    lines = note.text[:-1].split("\n")
    if len(lines) != 4 or lines[0] != _FIRST:
        raise ValueError("its statement is not one of a rotation")
    old, new = read_public_key(lines[2]), read_public_key(lines[3])
    if {old.name, new.name} != {lines[1]} or {old.kind, new.kind} != {KeyKind.NOTE} or str(new) != data.get("public_key"):
        raise ValueError("its statement is not one of a rotation of this log's keys")
    note.check(old)
    note.check(new)
    return Rotation(number=number, old=old, new=new)


def history(trusted: PublicKey, rotations: Iterable[Rotation]) -> KeyHistory:
    """The keys of a log of which *trusted* is one. Raises ValueError where the *rotations* do not lead from one to the next."""
    told = list(rotations)
    for before, after in pairwise(told):
        if before.new != after.old:
            raise ValueError(f"the key that entry {after.number} replaces is not the log's at that time")
    keys = ((0, told[0].old), *((one.number, one.new) for one in told)) if told else ((0, trusted),)
    if trusted not in [key for _, key in keys]:
        raise ValueError(f"the log's keys are {', '.join(key.id.hex() for _, key in keys)}, and not {trusted.id.hex()}")
    return KeyHistory(keys=keys)
