"""Signed notes and the checkpoints of a log, byte for byte as C2SP defines them, so that other programs sign and check them, too.

A note is text with signatures (https://c2sp.org/signed-note); a checkpoint is a note that tells how many Entries a log has and
the root of their tree (https://c2sp.org/tlog-checkpoint); a witness that saw it grow cosigns it
(https://c2sp.org/tlog-cosignature). What is read here is hostile until its signature was checked.
"""

import base64
import hashlib
from dataclasses import dataclass, replace
from enum import IntEnum

from .keys import Keys

MAX_NOTE = 65_536  # bytes
MAX_SIGNATURES = 64
MAX_SIZE = 2**53 - 1  # Entries
_HASH, _KEY_ID, _PUBLIC, _TIME, _SIGNATURE = 32, 4, 32, 8, 64  # bytes
_DASH = "\N{EM DASH} "  # how a signature's line begins


class KeyKind(IntEnum):
    """What a key signs: the byte that stands before it in its text."""

    NOTE = 1  # a note's text, with Ed25519
    COSIGNATURE = 4  # a time and a checkpoint's text, with Ed25519


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """What a signature is checked with: C2SP calls it a verifier key."""

    name: str
    kind: KeyKind
    public: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        """The first 4 bytes of the hash of its name, kind and bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_KEY_ID]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_write_base64(bytes([self.kind]) + self.public)}"

    def check(self, text: bytes, signature: bytes) -> None:
        """Raises ValueError where *signature* is not this key's of *text*."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if self.kind is KeyKind.COSIGNATURE:
            if len(signature) != _TIME + _SIGNATURE or signature[0] & 0x80:
                raise ValueError(f"the cosignature of {self.name} is none")
            text, signature = cosigned_text(text, int.from_bytes(signature[:_TIME])), signature[_TIME:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature as error:
            raise ValueError(f"the signature of {self.name} ({self.id.hex()}) is not of this text") from error


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One line under a note."""

    name: str
    key_id: bytes
    data: bytes

    def to_line(self) -> str:
        return f"{_DASH}{self.name} {_write_base64(self.key_id + self.data)}\n"


@dataclass(frozen=True, kw_only=True)
class Note:
    """Text with signatures, none of which was checked by reading it."""

    text: str  # ends with a line feed
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        return (self.text + "\n" + "".join(one.to_line() for one in self.signatures)).encode()

    def check(self, key: PublicKey) -> None:
        """Raises ValueError where *key* did not sign it. Signatures of other keys say nothing."""
        found = [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.id)]
        if not found:
            raise ValueError(f"it is not signed by {key.name} ({key.id.hex()})")
        key.check(self.text.encode(), found[0].data)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The head of a log at some time, signed."""

    origin: str  # the log's name
    size: int  # Entries
    root: bytes
    note: Note

    def to_bytes(self) -> bytes:
        return self.note.to_bytes()


def read_public_key(text: str) -> PublicKey:
    """The key that *text* (`name+id+data`) is. Raises ValueError where it is none, or its id is not its own."""
    parts = text.split("+", 2)
    if len(parts) != 3 or len(text) > MAX_NOTE:
        raise ValueError(f'"{text[:60]}" is no public key, as `name+id+data`')
    name, id_, data = _check_name(parts[0]), parts[1], _read_base64(parts[2])
    if len(data) != 1 + _PUBLIC or data[0] not in list(KeyKind):
        raise ValueError(f'"{text[:60]}" is no Ed25519 key')
    key = PublicKey(name=name, kind=KeyKind(data[0]), public=data[1:])
    if key.id.hex() != id_:
        raise ValueError(f'"{text[:60]}" is misspelt: its id would be {key.id.hex()}')
    return key


def read_note(data: bytes) -> Note:
    """The note in *data*, to the byte. Raises ValueError where it is none, is too long, or names one key twice."""
    if len(data) > MAX_NOTE:
        raise ValueError(f"a note has at most {MAX_NOTE} bytes")
    try:
        told = data.decode()
    except UnicodeDecodeError as error:
        raise ValueError("a note is UTF-8") from error
    if any(letter < " " and letter != "\n" for letter in told):
        raise ValueError("a note has no control characters")
    text, blank, lines = told.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise ValueError("a note is text, an empty line and signatures")
    signatures = tuple(map(_read_signature, lines[:-1].split("\n")))
    if len(signatures) > MAX_SIGNATURES:
        raise ValueError(f"a note has at most {MAX_SIGNATURES} signatures")
    if len({(one.name, one.key_id) for one in signatures}) < len(signatures):
        raise ValueError("one key signed the note twice")
    return Note(text=text + "\n", signatures=signatures)


def sign_note(text: str, *signers: Keys) -> Note:
    """*text*, which ends with a line feed, signed by the signing key of each of *signers*."""
    signatures = (
        Signature(name=one.origin, key_id=bytes.fromhex(one.signer_id), data=one.sign(text.encode())) for one in signers
    )
    return Note(text=text, signatures=tuple(signatures))


def sign_checkpoint(keys: Keys, size: int, root: bytes) -> Checkpoint:
    """The head of the log of *keys*, signed."""
    note = sign_note(f"{keys.origin}\n{size}\n{_write_base64(root)}\n", keys)
    return Checkpoint(origin=keys.origin, size=size, root=root, note=note)


def read_checkpoint(data: bytes) -> Checkpoint:
    """The checkpoint in *data*, to the byte; its signatures were not checked yet. Raises ValueError where it is none."""
    note = read_note(data)
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise ValueError("a checkpoint is an origin, a size and a root, in a line each")
    origin, size, root, *_ = lines  # lines that others may add are signed, too, and say nothing to us
    return Checkpoint(origin=origin, size=read_count(size), root=read_hash(root), note=note)


def read_checkpoints(data: bytes) -> tuple[Checkpoint, ...]:
    """The checkpoints in a file to which one was added after another, with an empty line between two.

    Raises ValueError where anything else is in it; the last one may have been cut off by a crash.
    """
    parts, text, signed = [], list[bytes](), False
    for line in data.splitlines(keepends=True):
        if signed and line == b"\n":  # behind a signature: the end of this one
            parts.append(b"".join(text))
            text, signed = [], False
            continue
        signed = line.startswith(_DASH.encode())
        text.append(line)
    return tuple(map(read_checkpoint, [*parts, b"".join(text)]))


def add_cosignature(checkpoint: Checkpoint, cosigner: Keys, at: int) -> Checkpoint:
    """*checkpoint* with the cosignature of a witness, made *at* that many seconds since the epoch."""
    key = cosigner_key(cosigner)
    data = at.to_bytes(_TIME) + cosigner.sign(cosigned_text(checkpoint.note.text.encode(), at))
    others = tuple(one for one in checkpoint.note.signatures if (one.name, one.key_id) != (key.name, key.id))
    signature = Signature(name=key.name, key_id=key.id, data=data)
    return replace(checkpoint, note=replace(checkpoint.note, signatures=(*others, signature)))


def cosigner_key(cosigner: Keys) -> PublicKey:
    """With what cosignatures of a witness are checked. It is never a log's key: what a key signs is told by its kind."""
    return replace(read_public_key(cosigner.public), kind=KeyKind.COSIGNATURE)


def cosigned_text(text: bytes, at: int) -> bytes:
    """What a witness signs."""
    return f"cosignature/v1\ntime {at}\n".encode() + text


def read_count(text: str) -> int:
    """The number that *text* writes as C2SP does: ASCII digits without leading zeros. Raises ValueError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 16) or (text[0] == "0" and text != "0") or int(text) > MAX_SIZE:
        raise ValueError(f'"{text[:20]}" is no number of entries')
    return int(text)


def read_hash(text: str) -> bytes:
    """The hash that *text* writes in base 64. Raises ValueError for anything else."""
    found = _read_base64(text)
    if len(found) != _HASH:
        raise ValueError(f'"{text[:60]}" is no hash of {_HASH} bytes')
    return found


def _read_signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise ValueError(f'"{line[:60]}" is no signature')
    data = _read_base64(encoded)
    if len(data) <= _KEY_ID:
        raise ValueError(f'"{line[:60]}" is no signature')
    return Signature(name=_check_name(name), key_id=data[:_KEY_ID], data=data[_KEY_ID:])


def _check_name(name: str) -> str:
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise ValueError(f'"{name[:60]}" is no name of a key')
    return name


def _write_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read_base64(text: str) -> bytes:
    """Raises ValueError where *text* is not written as `_write_base64` does: unused bits could hide something."""
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f'"{text[:60]}" is not base 64') from error
    if _write_base64(found) != text:
        raise ValueError(f'"{text[:60]}" is not base 64 as it is written')
    return found
