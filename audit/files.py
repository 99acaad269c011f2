"""Files beside the database: read with a bound and without following links, written whole and durably."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from signoff.errors import UsageError

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The regular file at *path*, to read. Raises UsageError where there is none, or a link or a device instead."""
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise _unusable(path, "read", error) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError(f'"{path}" is no regular file; name one')
    with os.fdopen(descriptor, "rb") as file:
        yield file


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of the file at *path*. Raises UsageError where it cannot be read, or has more than *limit* bytes."""
    with opened(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UsageError(f'"{path}" has more than {limit} bytes, so it is not what is meant')
    return data


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Put *data* at *path* in the place of what is there, durably: after a crash one of the two is whole. Raises UsageError."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, _NEW, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, "written", error) from error


def append_file(path: Path, data: bytes) -> None:
    """Add *data* to the end of the file at *path*, which is made where there is none, durably. Raises UsageError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, "written", error) from error


def sync_folder(path: Path) -> None:
    """Make durable which files the folder at *path* holds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, verb: str, error: OSError) -> UsageError:
    reason = (error.strerror or "no reason given").lower()
    return UsageError(f'"{path}" cannot be {verb} ({reason}); name another file, or mend that')
