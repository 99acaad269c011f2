"""What every bench prints: where it ran, and a table of figures beside their targets."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from signoff.audit import Store

_LIBRARIES = ("pydantic", "pydantic-core", "orjson", "PyYAML", "rich", "sqlite-utils")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of a table."""

    what: str
    reached: str
    target: str = ""  # empty: none was set
    met: bool | None = None  # None where there is no target


def format_machine() -> str:
    """The machine and the versions that the figures hold for, a line each."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return "\n".join(
        (
            f"date      {datetime.now(UTC):%Y-%m-%d}",
            f"machine   {_processor()}, {cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}",
            f"Python    {platform.python_version()} ({platform.python_implementation()}), SQLite {_sqlite_version()}",
            f"libraries {libraries}",
            f"signoff   {version('signoff')}",
        )
    )


def format_figures(figures: Sequence[Figure], notes: Sequence[str] = ()) -> str:
    """Figures beside their targets, and *notes* below."""
    rows = [("figure", "reached", "target", "")]
    rows += [(one.what, one.reached, one.target, _VERDICTS[one.met]) for one in figures]
    return "\n".join([*format_rows(rows), "", *(f"- {note}" for note in notes)]).rstrip()


def format_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """*rows*, the first of which is the head, as a Markdown table whose columns also line up as plain text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def percentile(samples: Sequence[float], percent: int) -> float:
    """The value that *percent* of *samples* do not exceed."""
    return quantiles(samples, n=100, method="inclusive")[percent - 1]


_VERDICTS = {True: "reached", False: "falls short", None: ""}


def _processor() -> str:
    """The processor's model, as the kernel names it where it does."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if sys.platform == "linux" and cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _sqlite_version() -> str:
    """The version of the SQLite that the store uses, which need not be Python's own."""
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "version.db") as store:
        with store.read() as tx, tx.lent() as lent:
            ((found,),) = lent.execute("SELECT sqlite_version()")
        return str(found)
