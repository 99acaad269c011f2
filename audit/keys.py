"""The keys of a database, in a file outside it: one authenticates what is stored, one signs the log's checkpoints.

The file holds a line for each. The signing key is written as notes of C2SP write it (`PRIVATE+KEY+name+id+data`, see
https://c2sp.org/signed-note and golang.org/x/mod/sumdb/note), so that other programs can sign and verify with it.
"""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from signoff.errors import KeyFileError

SIZE = 32  # bytes of either key
MAX_FILE = 65_536  # bytes that are read of a key file
_ED25519 = b"\x01"  # what stands before an Ed25519 key in a note's key
_STORE, _SIGNER = "STORE+KEY", "PRIVATE+KEY"
_HEAD = "# The keys of a Signoff database. Whoever has them can forge its log: keep them secret, and a copy elsewhere.\n"


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Both keys of a database, and the name of its log."""

    origin: str  # the log's name in its checkpoints, such as `signoff-3f0a61c29b5e7d84`; it never changes
    store: bytes  # authenticates stored actions, votes and states, and encrypts secret fields
    seed: bytes  # the Ed25519 private key that signs checkpoints
    signer_id: str  # 8 hexadecimal digits: the key id of a C2SP note

    @cached_property
    def store_id(self) -> str:
        """What tells one store key from another: 16 hexadecimal digits."""
        return self.mac(b"id").hex()[:16]

    def mac(self, purpose: bytes, *parts: bytes) -> bytes:
        """HMAC-SHA256 of *parts* for one *purpose*, under the store key."""
        told = b"".join(len(part).to_bytes(8, "big") + part for part in (purpose, *parts))
        return hmac.digest(self.store, told, hashlib.sha256)

    @cached_property
    def public(self) -> str:
        """The public key, as notes write it: `name+id+data`. Whoever has it can verify checkpoints, and sign none."""
        return f"{self.origin}+{self.signer_id}+{base64.b64encode(_ED25519 + _public_of(self.seed)).decode()}"

    def sign(self, text: bytes) -> bytes:
        """The Ed25519 signature of *text*."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 40 ms, and few commands sign

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)


def same(mac: bytes, other: bytes) -> bool:
    """Whether two codes are the same, told in a time that does not tell where they differ."""
    return hmac.compare_digest(mac, other)


def new_keys(origin: str | None = None) -> Keys:
    """Keys that nobody else has; for the log *origin*, or a new one."""
    name = origin or f"signoff-{secrets.token_hex(8)}"
    seed = secrets.token_bytes(SIZE)
    return Keys(origin=name, store=secrets.token_bytes(SIZE), seed=seed, signer_id=note_key_id(name, _public_of(seed)))


def note_key_id(name: str, public: bytes) -> str:
    """The id of an Ed25519 *public* key of that *name*, as C2SP's signed notes define it."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).hexdigest()[:8]


def write_keys(path: Path, *keys: Keys, replace: bool = False) -> None:
    """Write a key file that only its owner can read, durably; over another one only where *replace* says so.

    Raises KeyFileError.
    """
    target = path.with_name(f"{path.name}.new" if replace else f"{path.name}.{secrets.token_hex(4)}.new")
    text = _HEAD + "".join(
        f"{_STORE}+{one.origin}+{one.store_id}+{base64.b64encode(one.store).decode()}\n"
        f"{_SIGNER}+{one.origin}+{one.signer_id}+{base64.b64encode(_ED25519 + one.seed).decode()}\n"
        for one in keys
    )
    try:
        if replace:
            target.unlink(missing_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            target.replace(path)
        else:  # whole or not at all, and never over one that is there
            os.link(target, path)
            target.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileError(f'the key file "{path}" cannot be written ({_reason(error)}); make its folder writable') from error


def read_keys(path: Path) -> tuple[Keys, ...]:
    """The keys in the file at *path*: a pair, or two while a rotation is under way.

    Raises KeyFileError where there is none, where others may read it, and where it holds no keys.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MAX_FILE).decode("ascii")
    except (OSError, ValueError) as error:
        told = _reason(error) if isinstance(error, OSError) else "it is no text"
        raise KeyFileError(f'the key file "{path}" cannot be read ({told}); put it back, or name it with SIGNOFF_KEY') from error
    if mode & 0o077:
        raise KeyFileError(f'the key file "{path}" can be read or written by others; `chmod 600` it')
    lines = [line.split("+") for line in text.splitlines() if line and not line.startswith("#")]
    try:
        found = tuple(_read_pair(store, signer) for store, signer in zip(lines[::2], lines[1::2], strict=True))
    except ValueError as error:
        raise KeyFileError(f'the key file "{path}" does not hold keys as Signoff writes them; put the right one back') from error
    if not found:
        raise KeyFileError(f'the key file "{path}" holds no keys; put the right one back')
    return found


def _read_pair(store: list[str], signer: list[str]) -> Keys:
    """Raises ValueError where the parts of two lines are not a store key and a signing key of one log."""
    secret, seed = _read_key(_STORE, store), _read_key(_SIGNER, signer)
    keys = Keys(origin=store[2], store=secret, seed=seed.removeprefix(_ED25519), signer_id=signer[3])
    if store[2] != signer[2] or store[3] != keys.store_id or (len(keys.store), len(keys.seed)) != (SIZE, SIZE):
        raise ValueError("not the keys of one log")
    return keys


def _read_key(kind: str, parts: list[str]) -> bytes:
    if parts[:2] != kind.split("+") or len(parts) < 5:
        raise ValueError(f"no {kind}")
    return base64.b64decode("+".join(parts[4:]), validate=True)  # base 64 has a plus of its own


def _public_of(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _reason(error: OSError) -> str:
    return (error.strerror or "no reason given").lower()
