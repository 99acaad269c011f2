"""A database is three files: itself, its key, and the head that is kept beside the key."""

from collections.abc import Mapping
from pathlib import Path

SUFFIXES = ("", ".key", ".key.head")  # of their names


def copy_database(source: Path, target: Path) -> Path:
    """Copy a closed database with its key, and return where the copy is."""
    write_files(target, read_files(source))
    return target


def read_files(database: Path) -> Mapping[str, bytes]:
    """What a closed database consists of, by the ends of the files' names."""
    return {suffix: database.with_name(database.name + suffix).read_bytes() for suffix in SUFFIXES}


def write_files(database: Path, files: Mapping[str, bytes]) -> None:
    """Make *database* of what `read_files` gave."""
    for suffix, data in files.items():
        file = database.with_name(database.name + suffix)
        file.touch(mode=0o600)
        file.write_bytes(data)
