"""The files of an export, read as what anybody may have put there: with bounds, without following links, and only known names."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path
from typing import Self

from signoff.canonical import Json, parse

from . import spreadsheet
from .files import opened, read_file

FORMAT = "signoff-export-1"
MANIFEST, CHECKPOINT, ENTRIES, ACTIONS = "manifest.json", "checkpoint", "entries.jsonl", "actions.jsonl"
PROOFS, TABLE, POLICIES = "proofs.jsonl", "entries.csv", "policies"
MAX_LINE = 16_777_216  # bytes of one line
MAX_MANIFEST = 16_777_216  # bytes: it names every policies file that there ever was
_FIELDS = {"format", "origin", "public_key", "plan", "entries", "files"}
_NAMES = re.compile(rf"{CHECKPOINT}|{ENTRIES}|{ACTIONS}|{PROOFS}|{TABLE}|{POLICIES}/[0-9a-f]{{64}}")


def read_manifest(folder: Path) -> dict[str, Json]:
    """What the manifest tells. Raises ValueError where it is none of an export, or of another version's."""
    data = read_file(folder / MANIFEST, MAX_MANIFEST)
    manifest = parse(data.removesuffix(b"\n"))
    if not data.endswith(b"\n") or manifest.keys() != _FIELDS:
        raise ValueError(f"{MANIFEST} is none of an export")
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {str(manifest['format'])[:40]}, and this version reads {FORMAT}")
    return manifest


def file_problems(folder: Path, manifest: Mapping[str, Json]) -> Iterator[str]:
    """Where the files in *folder* are not those that *manifest* names. Raises ValueError where it names what it may not."""
    named = manifest["files"]
    if not isinstance(named, dict) or not {CHECKPOINT, ENTRIES, ACTIONS} <= named.keys():
        raise ValueError(f"{MANIFEST} names no files of an export")
    for name in sorted(names_in(folder) - {MANIFEST} - named.keys()):
        yield f'"{name[:80]}" is in the folder, and {MANIFEST} does not name it'
    for name, told in sorted(named.items()):
        if not _NAMES.fullmatch(name):
            raise ValueError(f'{MANIFEST} names "{name[:80]}", which is no file of an export')
        hashed, size = file_hash(folder / name)
        if told != {"sha256": hashed, "size": size}:
            yield f"{name} was altered: it is not the file that {MANIFEST} names"


def names_in(folder: Path) -> set[str]:
    """The files in *folder* and in its folder of policies. Raises ValueError where that is a link."""
    policies = folder / POLICIES
    if policies.is_symlink():
        raise ValueError(f"{POLICIES} is a link")
    inner = {f"{POLICIES}/{path.name}" for path in policies.iterdir()} if policies.is_dir() else set[str]()
    return inner | {path.name for path in folder.iterdir() if path != policies}


def file_hash(path: Path) -> tuple[str, int]:
    """The SHA-256 and the size of the file at *path*."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def lines(path: Path) -> Iterator[bytes]:
    """The lines of the file at *path*, without their ends. Raises ValueError for one that is too long or has no end."""
    with opened(path) as file:
        while line := file.readline(MAX_LINE + 1):
            if not line.endswith(b"\n"):
                raise ValueError(f"a line of {path.name} is longer than {MAX_LINE} bytes, or was cut off")
            yield line[:-1]


class Table:
    """The table for spreadsheets, read beside the Entries; where there is none, nothing is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = ExitStack()
        self._file: BufferedReader | None = None
        self.problem: str | None = None

    def __enter__(self) -> Self:
        if self._path.exists() or self._path.is_symlink():
            self._file = self._open.enter_context(opened(self._path))
            self._expect(spreadsheet.header())
        return self

    def compare(self, told: Mapping[str, Json]) -> None:
        """Check that the next line is that of the Entry which tells this."""
        if told:
            self._expect(spreadsheet.entry_line(told))

    def __exit__(self, *_: object) -> None:
        with self._open:
            if self._file and not self.problem and self._file.read(1):
                self.problem = f"{TABLE} has lines that are no entry's"

    def _expect(self, line: bytes) -> None:
        if self._file and not self.problem and self._file.read(len(line)) != line:
            self.problem = f"{TABLE} tells otherwise than {ENTRIES}, near its byte {self._file.tell()}"
