"""New keys in the place of the old ones, so that a crash at any step leaves a database which has its keys.

1. The key file holds both pairs. 2. The log tells of the new one, in a note that the old one signed, and is sealed with the new
one. 3. The head is signed by the new one, and kept with it. 4. The key file holds the new pair alone. Which pair is in force is
what the log tells, at every step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.actor import Actor
from signoff.errors import KeyFileError

from .checkpoints import keep, keeping, kept_path, read_kept, rotations, sign_head
from .keys import Keys, new_keys, read_keys, write_keys
from .notes import Checkpoint
from .reading import Reading
from .rotation import write_rotation
from .store import Store


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What a rotation did."""

    old: Keys | None  # None: an earlier rotation was brought to its end, and nothing else
    new: Keys
    checkpoint: Checkpoint


def keys_in_force(reading: Reading, pairs: Sequence[Keys]) -> Keys:
    """Which of the *pairs* of a key file are the log's: the newest that it tells of, or the oldest pair where it tells of none.

    Raises KeyFileError where the file does not hold them.
    """
    try:
        told = rotations(reading)
    except ValueError as error:
        raise KeyFileError(f"the log does not tell which keys are its own ({error}); see `signoff audit verify`") from error
    if not told:
        return pairs[-1]
    for pair in pairs:
        if pair.public == str(told[-1].new):
            return pair
    raise KeyFileError(
        f"the key file does not hold the key {told[-1].new.id.hex()}, which the log tells of; put the right one back"
    )


def rotate(store: Store, path: Path, actor: Actor) -> Rotated:
    """Put new keys in the place of those in the file at *path*, or bring a rotation to its end that a crash interrupted.

    Raises KeyFileError where the keys cannot be used, LogInvalid where the log does not verify.
    """
    with keeping(path):
        pairs = read_keys(path)
        kept = read_kept(kept_path(path))
        with store.read() as tx:
            old = keys_in_force(tx, pairs)
            sign_head(tx, old, kept)  # a log that was altered is given no new key
        interrupted = len(pairs) > 1 and old == pairs[0]
        new = pairs[0] if len(pairs) > 1 else new_keys(old.origin)
        if not interrupted:
            write_keys(path, new, old, replace=True)
            store.rekey(new, actor, write_rotation(old, new))
        with store.read() as tx:
            head = sign_head(tx, new, kept)
        keep(kept_path(path), head)
        store.keep_head()
        write_keys(path, new, replace=True)
    return Rotated(old=None if interrupted else old, new=new, checkpoint=head)
