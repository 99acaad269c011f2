"""Proofs as files, as C2SP defines them: that an Entry is in a log, and that a log goes on from an older head.

The first is a proof of inclusion (https://c2sp.org/tlog-proof); the second is what a witness is asked with
(`add-checkpoint` of https://c2sp.org/tlog-witness). What is read here is hostile until it was checked.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from .notes import Checkpoint, read_checkpoint, read_count, read_hash

MAX_PROOF = 8_388_608  # bytes of a proof's file
MAX_HASHES = 63
_FIRST = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, kw_only=True)
class InclusionProof:
    """That an Entry is in a log."""

    index: int  # from 0: the Entry's number, less one
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint
    extra: bytes = b""  # what a program adds for itself; nothing vouches for it

    def to_bytes(self) -> bytes:
        extra = [f"extra {base64.b64encode(self.extra).decode()}"] if self.extra else []
        return _write([_FIRST, *extra, f"index {self.index}"], self.hashes, self.checkpoint)


@dataclass(frozen=True, kw_only=True)
class Extension:
    """That the log of a checkpoint begins with all of what it was when it had fewer Entries."""

    old: int  # Entries
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint

    def to_bytes(self) -> bytes:
        return _write([f"old {self.old}"], self.hashes, self.checkpoint)


_Proof = TypeVar("_Proof", InclusionProof, Extension)


def read_inclusion(data: bytes) -> InclusionProof:
    """The proof of inclusion in *data*, to the byte; nothing of it was checked yet. Raises ValueError where it is none."""
    lines, checkpoint = _split(data)
    if lines[:1] != [_FIRST]:
        raise ValueError(f"a proof of inclusion begins with {_FIRST}")
    extra = b""
    if lines[1:2] and lines[1].startswith("extra "):
        extra = base64.b64decode(lines.pop(1).removeprefix("extra "), validate=True)
    index, hashes = _numbered("index", lines[1:])
    return _exactly(InclusionProof(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra), data)


def read_extension(data: bytes) -> Extension:
    """The proof of consistency in *data*, to the byte; nothing of it was checked yet. Raises ValueError where it is none."""
    lines, checkpoint = _split(data)
    old, hashes = _numbered("old", lines)
    return _exactly(Extension(old=old, hashes=hashes, checkpoint=checkpoint), data)


def _write(lines: Sequence[str], hashes: Sequence[bytes], checkpoint: Checkpoint) -> bytes:
    told = [*lines, *(base64.b64encode(one).decode() for one in hashes)]
    return "".join(f"{line}\n" for line in told).encode() + b"\n" + checkpoint.to_bytes()


def _split(data: bytes) -> tuple[list[str], Checkpoint]:
    """The lines before the empty one, and the checkpoint behind it."""
    if len(data) > MAX_PROOF:
        raise ValueError(f"a proof has at most {MAX_PROOF} bytes")
    before, blank, after = data.partition(b"\n\n")
    if not blank or not before.isascii():
        raise ValueError("a proof is lines of ASCII, an empty line and a checkpoint")
    return before.decode().split("\n"), read_checkpoint(after)


def _numbered(word: str, lines: Sequence[str]) -> tuple[int, tuple[bytes, ...]]:
    """The number in the first of *lines*, and the hashes in the others."""
    if not lines or not lines[0].startswith(f"{word} "):
        raise ValueError(f"a proof has a line `{word} NUMBER`")
    if len(lines) > MAX_HASHES + 1:
        raise ValueError(f"a proof has at most {MAX_HASHES} hashes")
    return read_count(lines[0].removeprefix(f"{word} ")), tuple(map(read_hash, lines[1:]))


def _exactly(proof: _Proof, data: bytes) -> _Proof:
    if proof.to_bytes() != data:
        raise ValueError("a proof is written in one way only")
    return proof
