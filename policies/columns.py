"""Tables that stand in a CSV file beside the policies file: a header, a key, typed columns."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from signoff.actions import fold_name, show_text

from .characters import check_characters
from .diagnostics import Report, Span, quote, suggest
from .files import FileRefused, Files
from .nodes import Entries, Node
from .parser import MAX_DIGITS
from .reader import MAX_NAME, MAX_PEOPLE, MAX_VALUE, Held, Reader
from .shapes import Shape
from .tables import BOOLEAN, MONEY, NUMBER, TEXT, Cell, Column, Table, read_signed

MAX_COLUMNS = 50  # that are read

_TYPES: Mapping[str, Shape] = {"text": TEXT, "number": NUMBER, "money": MONEY, "boolean": BOOLEAN}
_KEYS = ("csv", "key", "columns")


@dataclass(frozen=True)
class TableFile:
    """Reads the tables that stand in CSV files."""

    reader: Reader
    files: Files
    currency: str | None

    def read(self, name: str, entries: Held, node: Node) -> Table | None:
        """The table `{csv: FILE, key: COLUMN, columns: {COLUMN: TYPE}}`."""
        report = self.reader.report
        meant = self.reader.check_keys(entries, "a table in a CSV file", _KEYS)
        for missing in (key for key in _KEYS if key not in entries and key not in meant):
            hint = "write {csv: limits.csv, key: payee, columns: {limit: money}}"
            report.error("missing-key", f"the table `{name}` needs `{missing}`", node.span, hint)
        if any(key not in entries for key in _KEYS):
            return None
        key = self.reader.text(entries["key"][1], "`key`", most=MAX_NAME)
        shapes = self._shapes(entries["columns"][1])
        file = self._file(entries["csv"][1])
        if key is None or shapes is None or file is None:
            return None
        lines = self._text(*file, entries["csv"][1])
        if lines is None:
            return None
        beside = report.beside(file[0], lines)
        if not check_characters(beside, "a table"):
            return None
        return _Rows(name, key, shapes, beside).table(lines)

    def _shapes(self, node: Node) -> dict[str, Shape] | None:
        if not isinstance(node, Entries) or not node.entries:
            self.reader.wrong(node, "`columns` must name at least one column and its type", "write {limit: money, note: text}")
            return None
        if len(node.entries) > MAX_COLUMNS:
            self.reader.report.error("too-many", f"a table has at most {MAX_COLUMNS} columns", node.span)
            return None
        found: dict[str, Shape] = {}
        for key, value in node.entries.values():
            name = self.reader.name(key, "a column", identifier=True)
            type_ = self.reader.one_of(value, "a column's type", _TYPES)
            if type_ == "money" and self.currency is None:
                message = "a column of money is in the file's currency, and the file does not name one"
                self.reader.report.error("currency", message, value.span, "add a line such as currency: USD")
            if name is None or type_ is None or type_ not in _TYPES:
                return None
            found[name] = _TYPES[type_]
        return found

    def _file(self, node: Node) -> tuple[str, bytes] | None:
        name = self.reader.shown(node, "`csv`")
        if name is None:
            return None
        if "\\" in name or name != str(PurePosixPath(name)) or name.startswith("/") or ".." in name.split("/") or name == ".":
            hint = "write a name such as limits.csv, or tables/limits.csv"
            self.reader.wrong(node, f"{quote(name)} does not lead to a file beside the policies file", hint)
            return None
        try:
            return name, self.files.read(name)
        except FileRefused as error:
            self.reader.report.error("file", str(error), node.span)
            return None

    def _text(self, name: str, data: bytes, node: Node) -> str | None:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            message = f"{name} is not UTF-8: byte {error.start:,}, on line {line}"
            self.reader.report.error("encoding", message, node.span, "save it as UTF-8")
            return None


@dataclass
class _Rows:
    """The rows of one CSV file. The report is on that file."""

    name: str
    key: str
    shapes: Mapping[str, Shape]
    report: Report

    def table(self, text: str) -> Table | None:
        rows = self._rows(text)
        header = next(rows, None)
        if header is None:
            self.report.error(
                "table", "the file is empty", None, f"start with a line such as {self.key},{next(iter(self.shapes))}"
            )
            return None
        if not self._check_header(header[1]):
            return None
        width, place = len(header[1]), {column: number for number, column in enumerate(header[1])}
        cells: dict[str, dict[str, Cell]] = {column: {} for column in self.shapes}
        keys: dict[str, str] = {}
        for line, row in rows:
            if len(row) != width:
                message = f"the row has {len(row)} {'cell' if len(row) == 1 else 'cells'}, and the header has {width}"
                self.report.error(
                    "table", message, Span(line, 0, len(self.report.lines[line])), 'put a text with a comma in "quotes"'
                )
                continue
            if len(keys) == MAX_PEOPLE:
                self.report.error("too-many", f"the table `{self.name}` has at most {MAX_PEOPLE:,} keys", Span(line, 0))
                return None
            key = self._key(row, line, place[self.key], keys)
            for column, shape in self.shapes.items():
                cell = self._cell(row, line, place[column], shape)
                if key is not None and cell is not None:
                    cells[column][key] = cell
        if self.report.failed:
            return None
        columns: dict[str | None, Column] = {
            column: Column(shape=shape, cells=cells[column]) for column, shape in self.shapes.items()
        }
        return Table(keys=tuple(keys.values()), columns=columns)

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not blank, with the line, from 0, that it ends on."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for row in reader:
                if row:
                    yield min(reader.line_num, len(self.report.lines)) - 1, row
        except csv.Error as error:
            line = max(0, min(reader.line_num, len(self.report.lines)) - 1)
            self.report.error(
                "table", f"not CSV: {error}", Span(line, 0), "put quotes around the whole cell, and double those in it"
            )

    def _check_header(self, header: list[str]) -> bool:
        for number, column in enumerate(header):
            if column in header[:number]:
                self.report.error(
                    "table", f"the column {quote(column)} is given twice", self._span(header, 0, number), "rename one"
                )
                return False
        for column in (self.key, *self.shapes):
            if column not in header:
                hint = suggest(column, header, f"the columns are {', '.join(map(quote, header[:10]))}")
                self.report.error("table", f"there is no column {quote(column)}", Span(0, 0, len(self.report.lines[0])), hint)
                return False
        return True

    def _key(self, row: list[str], line: int, place: int, keys: dict[str, str]) -> str | None:
        text = self._text(row, line, place)
        if text is None:
            return None
        folded = fold_name(text)
        if not folded:
            self.report.error("table", f"{quote(self.key)} is empty", self._span(row, line, place), "give every row a key")
            return None
        if folded in keys:
            other = "" if keys[folded] == text else f", as {quote(keys[folded])}"
            self.report.error("duplicate", f"{quote(text)} is given twice{other}", self._span(row, line, place), "remove one")
            return None
        keys[folded] = text
        return text

    def _cell(self, row: list[str], line: int, place: int, shape: Shape) -> Cell | None:
        text = row[place]
        if shape is TEXT:
            return self._text(row, line, place)
        if shape is BOOLEAN:
            if text in ("true", "false"):
                return text == "true"
            self.report.error("table", f"{quote(text)} is not true or false", self._span(row, line, place), "write true or false")
            return None
        number = read_signed(text) if len(text) <= MAX_DIGITS else None
        if number is None:
            hint = "write digits, such as 10_000 or 0.5"
            self.report.error("table", f"{quote(text)} is not {shape}", self._span(row, line, place), hint)
        return number

    def _text(self, row: list[str], line: int, place: int) -> str | None:
        text = row[place]
        if len(text) > MAX_VALUE:
            message = f"a cell has at most {MAX_VALUE:,} characters"
            self.report.error("too-long", message, self._span(row, line, place), "shorten it")
        elif show_text(text) != text:
            message = f"the cell holds a character that no action's text can hold: {quote(text)}"
            self.report.error("text", message, self._span(row, line, place), "remove it")
        else:
            return text
        return None

    def _span(self, row: list[str], line: int, place: int) -> Span:
        """Where a cell stands: exactly, in a row without quotes."""
        if self.report.lines[line].count('"'):
            return Span(line, 0, len(self.report.lines[line]))
        return Span(line, sum(len(cell) + 1 for cell in row[:place]), max(1, len(row[place])))
