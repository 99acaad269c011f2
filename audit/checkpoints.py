"""The head of the log, signed: made from the Entries as they are stored, and never where they do not go on from the last one."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import LogInvalid

from .files import append_file, read_file, write_file
from .keys import Keys
from .locks import LOCK_TIMEOUT, locked
from .log import START
from .notes import Checkpoint, read_checkpoints, read_public_key, sign_checkpoint
from .proofs import Extension
from .reading import Reading
from .records import SYSTEM
from .rotation import ROTATED, KeyHistory, Rotation, history, read_rotation
from .rows import entry_of
from .sqlite import Row
from .tree import Tree, roots_at

MAX_CHECKPOINTS = 16_777_216  # bytes of a file of checkpoints


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A head of the log that somebody keeps."""

    where: str  # the file, for people
    checkpoint: Checkpoint


def kept_path(key: Path) -> Path:
    """Where the last checkpoint is kept: beside the key file *key*."""
    return key.with_suffix(".checkpoint")


def keeping(key: Path, timeout: float = LOCK_TIMEOUT) -> AbstractContextManager[None]:
    """Be the one process that signs heads with the keys at *key*: of two, the slower would keep an older one."""
    return locked(key.with_suffix(".checkpoint.lock"), "another process signs a checkpoint; try again", timeout)


def read_kept(path: Path) -> list[Kept]:
    """The checkpoints in the file at *path*; none where there is no file. Raises LogInvalid where they cannot be read."""
    if not path.exists() and not path.is_symlink():
        return []
    try:
        found = read_checkpoints(read_file(path, MAX_CHECKPOINTS))
    except ValueError as error:
        raise LogInvalid(f'"{path}" does not hold checkpoints ({error}); see what happened to it, and put it right') from error
    return [Kept(where=str(path), checkpoint=one) for one in found]


def sign_head(reading: Reading, keys: Keys, kept: Sequence[Kept]) -> Checkpoint:
    """The head of the log as it is stored, signed.

    Raises LogInvalid where an Entry was altered, or the log does not begin with all that was *kept*.
    """
    return sign_leaves(reading, (leaf for _, leaf in checked(reading.rows_in_order())), keys, kept)


def sign_leaves(reading: Reading, leaves: Iterable[bytes], keys: Keys, kept: Sequence[Kept]) -> Checkpoint:
    """The head of the log that has these *leaves*, signed. Raises LogInvalid as `sign_head` does."""
    grown, roots = roots_at(leaves, [one.checkpoint.size for one in kept])
    known = key_history(reading, keys)
    for problem in [*reading.schema_problems(), *kept_problems(kept, roots, grown.size, known)]:
        raise LogInvalid(f"{problem}; nothing was signed: see `signoff audit verify`")
    return sign_checkpoint(keys, grown.size, grown.root())


def extend_head(reading: Reading, keys: Keys, kept: Sequence[Kept], old: Kept) -> Extension:
    """The head of the log, signed, with the proof that it goes on from *old*. Raises LogInvalid as `sign_head` does."""
    tree = Tree(leaf for _, leaf in checked(reading.rows_in_order()))
    head = sign_leaves(reading, tree.leaves, keys, [*kept, old])
    size = old.checkpoint.size
    return Extension(old=size, hashes=tree.consistency(size), checkpoint=head)


def kept_problems(kept: Iterable[Kept], roots: dict[int, bytes], size: int, keys: KeyHistory) -> Iterator[str]:
    """Why a log of *size* Entries with these *roots* does not begin with all that was *kept*."""
    for one in kept:
        told = one.checkpoint
        try:
            keys.check(told)
        except ValueError as error:
            yield f'a checkpoint in "{one.where}" is none of this log: {error}'
            continue
        if told.size > size:
            yield (
                f'the log has {size} entries, and the checkpoint in "{one.where}" told {told.size}: '
                "its newest were removed, or an older copy was put in its place"
            )
        elif told.root != roots[told.size]:
            yield f'the first {told.size} entries are not those of the checkpoint in "{one.where}": the log was rewritten'


def keep(path: Path, checkpoint: Checkpoint) -> None:
    """Keep *checkpoint* as the last one, durably."""
    write_file(path, checkpoint.to_bytes(), mode=0o600)


def publish(path: Path, checkpoint: Checkpoint, published: Sequence[Kept]) -> None:
    """Add *checkpoint* to the file at *path*, which only grows: nothing is added where it is the newest there already."""
    if not published or published[-1].checkpoint.note.text != checkpoint.note.text:
        append_file(path, (b"\n" if published else b"") + checkpoint.to_bytes())


def key_history(reading: Reading, keys: Keys) -> KeyHistory:
    """The keys of the log, as it tells them. Raises LogInvalid where it tells others than *keys*."""
    try:
        return history(read_public_key(keys.public), rotations(reading))
    except ValueError as error:
        raise LogInvalid(f"the log does not tell of this key: {error}; name the right one with SIGNOFF_KEY") from error


def rotations(reading: Reading) -> list[Rotation]:
    """How the keys of the log changed. Raises ValueError where an Entry tells it wrongly."""
    entries = map(entry_of, reading.entry_rows(SYSTEM))
    return [read_rotation(entry.number, entry.data) for entry in entries if entry.event == ROTATED]


def checked(rows: Iterable[Row]) -> Iterator[tuple[Row, bytes]]:
    """All rows of the log, each with its leaf, hashed anew.

    Raises LogInvalid at the first one that was altered, was moved, or does not follow the one before it.

    An Entry's canonical bytes end with its number, its place and the hash before it, so that none of them has to be parsed.
    """
    sha256, heads = hashlib.sha256, dict[str, tuple[int, bytes]]()
    for expected, row in enumerate(rows, 1):
        number, chain, place, body, hash_, leaf = row
        length, head = heads.get(chain, (0, START))
        end = f'","number":{expected},"place":{length + 1},"previous":"{head.hex()}"}}'
        if (
            number != expected
            or place != length + 1
            or not body.endswith(end.encode())
            or not body.startswith(f'{chain}","data":'.encode(), body.find(b',"chain":"') + len(b',"chain":"'))
            or hash_ != sha256(body).digest()
            or leaf != sha256(b"\0" + body).digest()
        ):
            raise LogInvalid(f"entry {expected} was altered, moved or removed; see `signoff audit verify`")
        heads[chain] = (place, hash_)
        yield row, leaf
