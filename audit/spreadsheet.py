"""The log as a table for spreadsheets: none of its cells is taken for a formula."""

import csv
import io
from collections.abc import Mapping

from signoff.canonical import Json, canonical

COLUMNS = ("number", "chain", "place", "at", "actor", "how", "event", "action", "data")
_BEGINNING = "\ufeff"  # by which spreadsheets know that the file is UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # with what a formula begins, in full width, too


def header() -> bytes:
    """The table's first line."""
    return (_BEGINNING + _line(COLUMNS)).encode()


def entry_line(told: Mapping[str, Json]) -> bytes:
    """The line of an Entry, of which *told* is what its bytes say."""
    actor = told["actor"]
    if not isinstance(actor, dict):
        raise ValueError("an entry's actor is an object")
    cells = {**told, "actor": actor["id"], "how": actor["how"], "data": canonical(told["data"]).decode()}
    return _line([_cell(cells[name]) for name in COLUMNS]).encode()


def _cell(value: Json) -> str:
    """*value* as text that no spreadsheet takes for a formula: an apostrophe before what would begin one."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _line(cells: "tuple[str, ...] | list[str]") -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
