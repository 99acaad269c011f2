"""An auditor's own program, which shares no code with Signoff: an export, a receipt and a rotation, read as docs/audit.md tells.

It is written from RFC 6962 (section 2.1), RFC 9162 (section 2.1.3) and the pages signed-note, tlog-checkpoint, tlog-cosignature
and tlog-proof of C2SP, with the standard library and `cryptography` alone. It is slow, and gives up at the first thing wrong.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """Something does not verify."""


def need(holds: bool, what: str) -> None:
    if not holds:
        raise Wrong(what)


# RFC 6962, section 2.1


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH, over hashes of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def path_root(m: int, n: int, leaf: bytes, path: list[bytes]) -> bytes:
    """The root to which PATH(m, D[n]) of section 2.1.1 leads, by its own recursion."""
    if n == 1:
        need(not path, "the path is too long")
        return leaf
    need(bool(path), "the path is too short")
    k = 1
    while 2 * k < n:
        k *= 2
    if m < k:
        return hashlib.sha256(b"\x01" + path_root(m, k, leaf, path[:-1]) + path[-1]).digest()
    return hashlib.sha256(b"\x01" + path[-1] + path_root(m - k, n - k, leaf, path[:-1])).digest()


# C2SP


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    kind: int
    public: bytes


def read_key(text: str) -> Key:
    name, id_, data = text.split("+", 2)
    raw = base64.b64decode(data)
    need(hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] == id_, "the key's id is not its own")
    return Key(name, bytes.fromhex(id_), raw[0], raw[1:])


def open_note(data: bytes, key: Key) -> str:
    """The text of a note that *key* signed."""
    text, lines = data.decode().rsplit("\n\n", 1)
    need(lines.endswith("\n"), "the note is cut off")
    for line in lines[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        signature = base64.b64decode(encoded)
        if (dash, name, signature[:4]) == ("\u2014", key.name, key.id):
            message, signed = f"{text}\n".encode(), signature[4:]
            if key.kind == 4:
                message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signed[:8], "big") + message
                signed = signed[8:]
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(signed, message)
            except InvalidSignature:
                raise Wrong("the signature is wrong") from None
            return f"{text}\n"
    raise Wrong(f"not signed by {key.name} {key.id.hex()}")


def open_checkpoint(data: bytes, key: Key) -> tuple[int, bytes]:
    """The size and root that *key* signed."""
    origin, size, root = open_note(data, key).split("\n")[:3]
    need(origin == key.name, "another log")
    return int(size), base64.b64decode(root)


# What is Signoff's own


def entries_of(folder: Path) -> list[bytes]:
    data = (folder / "entries.jsonl").read_bytes()
    need(data == b"" or data.endswith(b"\n"), "the last line is cut off")
    return data.split(b"\n")[:-1]


def one_way(body: bytes) -> Any:
    """The value of JSON that is written in the one way in which entries are: sorted, dense, UTF-8."""
    told = json.loads(body)
    need(
        json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == body, "not written as entries are"
    )
    return told


def keys_of(told: list[Any], trusted: Key) -> list[tuple[int, Key]]:
    """The keys of the log, each with the entry since which it signs, from the first to the last."""
    keys: list[tuple[int, Key]] = []
    for entry in told:
        if entry["event"] == "rotated" and entry["chain"] == "system":
            note = entry["data"]["statement"].encode()
            _, origin, old, new = note.decode().split("\n")[:4]
            for key in (read_key(old), read_key(new)):
                need(key.name == origin, "another log's key")
                open_note(note, key)
            if not keys:
                keys = [(0, read_key(old))]
            need(keys[-1][1] == read_key(old), "the keys do not follow one another")
            keys.append((entry["number"], read_key(new)))
    keys = keys or [(0, trusted)]
    need(trusted in [key for _, key in keys], "the log has other keys")
    return keys


def audit_export(folder: Path, public_key: str, kept: list[bytes] | None = None) -> int:
    """How many entries the export of a whole log holds, once all of it was checked. Raises Wrong, or whatever reading raises."""
    bodies = entries_of(folder)
    told = [one_way(body) for body in bodies]
    heads: dict[str, tuple[int, str]] = {}
    for number, (entry, body) in enumerate(zip(told, bodies, strict=True), 1):
        place, previous = heads.get(entry["chain"], (0, "0" * 64))
        need(
            (entry["number"], entry["place"], entry["previous"]) == (number, place + 1, previous),
            f"entry {number} does not follow",
        )
        heads[entry["chain"]] = (place + 1, hashlib.sha256(body).hexdigest())
    keys = keys_of(told, read_key(public_key))
    leaves = [leaf_hash(body) for body in bodies]
    for data in [(folder / "checkpoint").read_bytes(), *(kept or [])]:
        size = int(data.split(b"\n")[1])
        found, root = open_checkpoint(data, [key for since, key in keys if since <= size][-1])
        need(found <= len(leaves) and tree_hash(leaves[:found]) == root, f"not the entries of the checkpoint of {found}")
    need(int((folder / "checkpoint").read_text().split("\n")[1]) == len(bodies), "entries that the checkpoint does not tell")
    named = {entry["data"].get("digest") for entry in told}
    for body in (folder / "actions.jsonl").read_bytes().split(b"\n")[:-1]:
        need(hashlib.sha256(body).hexdigest() in named, "an action that no entry names")
    for path in (folder / "policies").iterdir():
        need(hashlib.sha256(path.read_bytes()).hexdigest() == path.name and path.name in named, "a policy that no entry names")
    return len(bodies)


def audit_receipt(data: bytes, public_key: str) -> Any:
    """The vote's entry of a receipt, once it was checked."""
    head, checkpoint = data.split(b"\n\n", 1)
    first, extra, index, *path = head.decode().split("\n")
    need(first == "c2sp.org/tlog-proof@v1", "no proof")
    held = json.loads(base64.b64decode(extra.removeprefix("extra ")))
    told = [{"event": "rotated", "chain": "system", **one} for one in held["rotations"]]
    keys = keys_of(told, read_key(public_key))
    size = int(checkpoint.split(b"\n")[1])
    size, root = open_checkpoint(checkpoint, [key for since, key in keys if since <= size][-1])
    body, number = held["entry"].encode(), int(index.removeprefix("index "))
    need(number < size, "beyond the log")
    need(path_root(number, size, leaf_hash(body), [base64.b64decode(one) for one in path]) == root, "not in the log")
    entry = one_way(body)
    need(
        entry["event"] == "voted" and entry["data"]["digest"] == hashlib.sha256(held["action"].encode()).hexdigest(),
        "not the action",
    )
    return entry
