"""From the bytes of a policies file to a Policy."""

import errno
import os
import stat
from pathlib import Path

from signoff.actions import Registry
from signoff.canonical import digest

from .characters import check_characters
from .content import Document
from .diagnostics import PoliciesInvalid, Report, TooManyDiagnostics
from .document import read_document
from .files import Files, Read, bundle, read_beside, read_nothing, unbundle
from .nodes import MAX_BYTES, Unreadable, compose
from .policy import Policy


def load_policy(path: Path, registry: Registry) -> Policy:
    """The policy in the file at *path*, checked for the action types of *registry*.

    Raises PoliciesInvalid, a PolicyInvalid, with every diagnostic.
    """
    report = Report(path.name)
    try:
        with open(path, "rb", opener=_open_regular) as file:  # Path.open takes no opener
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        report.error("file", f"there is no file {path}", None, "write one, or name another with --policies")
    except OSError as error:
        report.error("file", f"{path} cannot be read: {(error.strerror or 'no reason given').lower()}", None)
    if report.failed:
        raise PoliciesInvalid(report.diagnostics)
    return _policy(data, path.name, registry, read_beside(path.parent))


def _open_regular(path: str, flags: int) -> int:
    """Open a regular file. Anything else, such as a pipe that nobody writes to, could wait for ever."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "is a directory" if stat.S_ISDIR(mode) else "no regular file")


def parse_policy(data: bytes, name: str, registry: Registry) -> Policy:
    """The policy in *data*, a file's bytes or the source of a Policy; places in it show *name*.

    The bytes of a file name no tables in other files; the source of a Policy holds them.
    Raises PoliciesInvalid with every diagnostic.
    """
    held = unbundle(data)
    return _policy(data, name, registry, read_nothing) if held is None else _policy(held[0], name, registry, held[1])


def _policy(data: bytes, name: str, registry: Registry, read: Read) -> Policy:
    """The policy in a file's bytes; *read* gives the files that it names."""
    text = _decode(data, name)
    report = Report(name, text)
    files = Files(read)
    try:
        document = _read(text, registry, report, files)
    except (TooManyDiagnostics, Unreadable):
        document = None
    if document is None:
        raise PoliciesInvalid(report.diagnostics)
    source = bundle(data, files.held)
    return Policy(
        name=name,
        source=source,
        digest=digest(source),
        document=document,
        warnings=report.diagnostics,
        files=tuple(files.held),
    )


def _read(text: str, registry: Registry, report: Report, files: Files) -> Document | None:
    if not check_characters(report, "a policies file"):
        return None
    root = compose(text, report)
    if root is None:
        report.error("empty", "the file is empty", None, "start with version: 1 and rules:")
        return None
    return read_document(root, registry, report, files)


def _decode(data: bytes, name: str) -> str:
    report = Report(name)
    if len(data) > MAX_BYTES:
        report.error("too-large", f"the file is larger than {MAX_BYTES:,} bytes", None, "shorten its lists")
    else:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            report.error("encoding", f"the file is not UTF-8: byte {error.start:,}, on line {line}", None, "save it as UTF-8")
    raise PoliciesInvalid(report.diagnostics)
