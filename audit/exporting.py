"""The log as files that anybody can verify without the database and without a secret.

manifest.json   what stands in the folder: the log's name and public key, and every file's size and SHA-256
checkpoint      the head of the log, signed (a C2SP checkpoint)
entries.jsonl   the Entries in order, a line each: exactly the bytes that were hashed
actions.jsonl   the actions that Entries name by digest, a line each: exactly the bytes that were digested
policies/       the policies files that Entries name by digest, under that digest
proofs.jsonl    of one plan alone: for each Entry, what proves that it is in the log
entries.csv     for spreadsheets, where it was wanted
"""

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from signoff.canonical import Json, canonical, parse
from signoff.errors import LogInvalid, UsageError

from . import spreadsheet
from .checkpoints import Kept, checked, sign_leaves
from .export_files import ACTIONS, CHECKPOINT, ENTRIES, FORMAT, MANIFEST, POLICIES, PROOFS, TABLE
from .files import sync_folder
from .keys import Keys
from .notes import Checkpoint
from .reading import Reading
from .records import SYSTEM
from .rotation import ROTATED
from .sqlite import Row
from .tree import Tree


@dataclass(kw_only=True)
class _Written:
    """One file of an export, while it is written."""

    file: BinaryIO
    size: int = 0
    hashed: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> None:
        self.file.write(data)
        self.hashed.update(data)
        self.size += len(data)


class _Folder:
    """A new folder that appears whole, under its name, when the block ends, or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        self._open = ExitStack()
        self._files: dict[str, _Written] = {}

    def __enter__(self) -> Self:
        if self._path.exists() or self._path.is_symlink():
            raise UsageError(f'"{self._path}" is there already; name a new folder')
        try:
            self._new.mkdir()
        except OSError as error:
            raise UsageError(f'"{self._path}" cannot be made ({(error.strerror or "").lower()}); name another one') from error
        return self

    def new(self, name: str) -> _Written:
        """A new file in the folder."""
        path = self._new / name
        path.parent.mkdir(exist_ok=True)
        self._files[name] = _Written(file=self._open.enter_context(path.open("xb")))
        return self._files[name]

    def told(self) -> dict[str, Json]:
        """Every file's size and SHA-256."""
        return {name: {"size": one.size, "sha256": one.hashed.hexdigest()} for name, one in self._files.items()}

    def __exit__(self, kind: object, *_: object) -> None:
        with self._open:
            if kind is None:
                for one in self._files.values():
                    one.file.flush()
                    os.fsync(one.file.fileno())
        if kind is not None:
            shutil.rmtree(self._new, ignore_errors=True)
            return
        for folder in [self._new, *(path for path in self._new.iterdir() if path.is_dir())]:
            sync_folder(folder)
        self._new.rename(self._path)
        sync_folder(self._path.parent)


def write_export(
    path: Path, reading: Reading, keys: Keys, kept: Sequence[Kept], *, plan: str | None = None, table: bool = False
) -> Checkpoint:
    """Write the log, or one plan's part of it, to a new folder at *path*, and return the checkpoint that stands for it.

    Raises UsageError where the folder cannot be made, LogInvalid where the log was altered or does not go on from what
    was *kept*.
    """
    with _Folder(path) as folder:
        taken = _Taken(plan=plan)
        leaves = taken.write(checked(reading.rows_in_order()), folder, table=table)
        if plan is None:
            head = sign_leaves(reading, leaves, keys, kept)
        else:
            tree = Tree(leaves)
            head = sign_leaves(reading, tree.leaves, keys, kept)
            _write_proofs(folder, tree, taken.numbers)
        folder.new(CHECKPOINT).add(head.to_bytes())
        _write_named(folder, reading, plan, taken.policies)
        manifest: dict[str, Json] = {
            "format": FORMAT,
            "origin": keys.origin,
            "public_key": keys.public,
            "plan": plan,
            "entries": taken.count,
            "files": folder.told(),
        }
        folder.new(MANIFEST).add(canonical(manifest) + b"\n")
    return head


@dataclass(kw_only=True)
class _Taken:
    """Which Entries an export takes, and what they name."""

    plan: str | None
    count: int = 0
    numbers: list[int] = field(default_factory=list)  # of one plan's Entries
    policies: set[Json] = field(default_factory=set)  # that one plan's Entries name

    def write(self, rows: Iterable[tuple[Row, bytes]], folder: _Folder, *, table: bool) -> Iterator[bytes]:
        """The leaves of all *rows*, of which those that are wanted were written."""
        entries, lines = folder.new(ENTRIES), folder.new(TABLE) if table else None
        if lines:
            lines.add(spreadsheet.header())
        for row, leaf in rows:
            if self.plan is None or self._is_wanted(row):
                self.count += 1
                entries.add(row[3] + b"\n")
                if lines:
                    lines.add(spreadsheet.entry_line(parse(row[3])))
            yield leaf

    def _is_wanted(self, row: Row) -> bool:
        """Whether the Entry is of the plan, or tells of a key, without which its checkpoint may not be checked."""
        number, chain, _, body, *_ = row
        if chain not in (self.plan, SYSTEM):
            return False
        told = parse(body)
        if chain == SYSTEM and told["event"] != ROTATED:
            return False
        self.numbers.append(number)
        self.policies |= named_policies(told)
        return True


def named_policies(told: "dict[str, Json]") -> set[Json]:
    """The digests of the policies files that an Entry names, of which *told* is what its bytes say."""
    data = told["data"]
    if not isinstance(data, dict):
        return set()
    if told["event"] in ("submitted", "asked"):
        return {data.get("policy")}
    return {data.get("digest")} if told["event"] == "policy" else set()


def _write_proofs(folder: _Folder, tree: Tree, numbers: Iterable[int]) -> None:
    file = folder.new(PROOFS)
    for number in numbers:
        hashes = [base64.b64encode(one).decode() for one in tree.inclusion(number - 1)]
        file.add(canonical({"number": number, "hashes": hashes}) + b"\n")


def _write_named(folder: _Folder, reading: Reading, plan: str | None, policies: set[Json]) -> None:
    actions = folder.new(ACTIONS)
    for body in reading.bodies(plan):
        actions.add(body + b"\n")
    for digest, _, source, *_ in reading.policies():
        if plan is None or digest in policies:
            if hashlib.sha256(source).hexdigest() != digest:
                raise LogInvalid(f"the stored policy {digest[:8]} was altered; see `signoff audit verify`")
            folder.new(f"{POLICIES}/{digest}").add(source)
