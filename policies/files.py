"""Files beside a policies file, and the one text that holds a policies file together with them.

A name leads to a regular file inside the folder of the policies file, or below it: no step up, no link, no pipe.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias, cast

from signoff.canonical import Json, canonical, parse

from .nodes import MAX_BYTES

MAX_FILES = 20  # beside one policies file
MAX_TOTAL = 4 * MAX_BYTES  # bytes of them together

_BUNDLE = b"%signoff-policies 1\n"  # no policies file starts so: directives are refused
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe is opened without waiting for a writer

Read: TypeAlias = Callable[[str], bytes]  # the first bytes of the file of that name, MAX_BYTES + 1 at most


class FileRefused(Exception):
    """Raised where a file beside the policies file is not read. The text says why."""


class Files:
    """The files that one policies file names, read once each."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.held: dict[str, bytes] = {}

    def read(self, name: str) -> bytes:
        """The bytes of the file *name*. Raises FileRefused."""
        if name in self.held:
            return self.held[name]
        if len(self.held) == MAX_FILES:
            raise FileRefused(f"a policies file names at most {MAX_FILES} others")
        data = self._read(name)
        if len(data) > MAX_BYTES:
            raise FileRefused(f"{name} is larger than {MAX_BYTES:,} bytes")
        if len(data) + sum(map(len, self.held.values())) > MAX_TOTAL:
            raise FileRefused(f"the files that a policies file names hold at most {MAX_TOTAL:,} bytes together")
        self.held[name] = data
        return data


def read_nothing(name: str) -> bytes:
    """Refuses every file: there is no folder to read from."""
    raise FileRefused(f"{name} cannot be read: these policies were not read from a folder")


def read_beside(folder: Path) -> Read:
    """Reads the files in *folder* and below."""

    def read(name: str) -> bytes:
        *folders, last = name.split("/")
        try:
            place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for step in folders:
                    below = os.open(step, _FLAGS | os.O_DIRECTORY, dir_fd=place)
                    os.close(place)
                    place = below
                return _read_regular(os.open(last, _FLAGS, dir_fd=place), name)
            finally:
                os.close(place)
        except FileNotFoundError as error:
            raise FileRefused(f"there is no file {name} beside the policies file") from error
        except OSError as error:
            raise FileRefused(
                f"{name} cannot be read: {os.strerror(error.errno or 0).lower()}; links are not followed"
            ) from error

    return read


def _read_regular(descriptor: int, name: str) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileRefused(f"{name} is no regular file")
        return file.read(MAX_BYTES + 1)


def bundle(data: bytes, held: dict[str, bytes]) -> bytes:
    """A policies file and the files that it names as one text; the file's own bytes where it names none."""
    if not held:
        return data
    files: list[Json] = [[name, text.decode()] for name, text in sorted(held.items())]
    return _BUNDLE + canonical({"policies": data.decode(), "files": files})


def unbundle(data: bytes) -> tuple[bytes, Read] | None:
    """The policies file in a `bundle`, and how to read the files in it; None where *data* is something else."""
    if not data.startswith(_BUNDLE):
        return None
    try:
        found = parse(data.removeprefix(_BUNDLE))
        files = cast(Sequence[tuple[str, str]], found["files"])
        held = {name: content.encode() for name, content in files}
        return cast(str, found["policies"]).encode(), partial(_held, held)
    except (ValueError, TypeError, KeyError, AttributeError):  # it only starts like one
        return None


def own_text(source: bytes) -> str:
    """The text of the policies file itself in the source of a policy."""
    held = unbundle(source)
    return (source if held is None else held[0]).decode("utf-8-sig")


def _held(held: Mapping[str, bytes], name: str) -> bytes:
    if name not in held:
        raise FileRefused(f"there is no file {name} beside the policies file")
    return held[name]
