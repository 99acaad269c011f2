"""Tables: what the rules of a file look up by a name. Reading those that stand in the file itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from signoff.actions import Kind, fold_name
from signoff.canonical import Json

from .diagnostics import quote
from .nodes import Entries, Node, Scalar
from .parser import MAX_DIGITS, read_number
from .reader import MAX_PEOPLE, Held, Reader
from .shapes import Shape

Cell: TypeAlias = str | Decimal | bool

TEXT = Shape(Kind.TEXT)
BOOLEAN = Shape(Kind.BOOLEAN)
NUMBER = Shape(Kind.DECIMAL)
FREE_NUMBER = Shape(Kind.DECIMAL, free=True)  # without a type of its own: a plain number, or money in the file's currency
MONEY = Shape(Kind.MONEY, plain=True)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    shape: Shape  # of each cell
    cells: Mapping[str, Cell]  # by key, as written


@dataclass(frozen=True, kw_only=True)
class Table:
    """What is known of each of some names."""

    keys: tuple[str, ...]  # in the file's order
    columns: Mapping[str | None, Column]  # by name; None alone: it holds one value for each key

    def outline(self) -> dict[str, Json]:
        """Its content, as canonical JSON can hold it."""
        return {
            "columns": [name or "" for name in self.columns],
            "rows": [[key, *(show_cell(column.cells[key]) for column in self.columns.values())] for key in self.keys],
        }


Tables: TypeAlias = Mapping[str, Table | None]  # by name; None: with a mistake, so not known


def show_cell(cell: Cell) -> str:
    """A cell as text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell if isinstance(cell, str) else f"{cell:f}"


def read_signed(text: str) -> Decimal | None:
    """The exact number that *text* is, with a minus before it or without. None where it is something else."""
    value = read_number(text.removeprefix("-"))
    return value.copy_negate() if value is not None and text.startswith("-") else value


def read_inline(reader: Reader, name: str, entries: Held, node: Node) -> Table | None:
    """A table that stands in the policies file: one value for each key, all numbers, all texts, or all true or false."""
    if len(entries) > MAX_PEOPLE:
        reader.report.error("too-many", f"the table `{name}` has at most {MAX_PEOPLE:,} keys", node.span)
        return None
    cells: dict[str, Cell] = {}
    shapes: dict[Shape, None] = {}
    spellings: dict[str, str] = {}
    for key_node, value_node in entries.values():
        key = reader.shown(key_node, f"a key of the table `{name}`")
        found = _cell(reader, value_node)
        if key is None or found is None:
            continue
        other = spellings.setdefault(fold_name(key), key)
        if other != key:
            message = f"{quote(key)} is {quote(other)} in another spelling, and is given twice in the table `{name}`"
            reader.report.error("duplicate", message, key_node.span, "remove one")
        cell, shape = found
        first = next(iter(shapes), shape)
        if shape != first:
            message = f"{quote(show_cell(cell))} is {shape}, and the first value of the table `{name}` is {first}"
            reader.report.error("table", message, value_node.span, "write texts in quotes, numbers without")
        shapes[shape] = None
        cells[key] = cell
    if not entries:
        reader.report.warning("empty", f"the table `{name}` is empty", node.span)
    shape = next(iter(shapes), FREE_NUMBER)
    return Table(keys=tuple(cells), columns={None: Column(shape=shape, cells=cells)})


def _cell(reader: Reader, node: Node) -> tuple[Cell, Shape] | None:
    if isinstance(node, Entries):
        hint = "one value for each key; several columns stand in a CSV file: {csv: FILE, key: COLUMN, columns: {...}}"
        reader.wrong(node, "a value of a table must be a number, a text, or true or false", hint)
        return None
    if isinstance(node, Scalar) and node.plain:
        if node.text in ("true", "false"):
            return node.text == "true", BOOLEAN
        if (number := read_signed(node.text)) is not None:
            if len(number.as_tuple().digits) > MAX_DIGITS:
                reader.report.error("too-long", f"a number has at most {MAX_DIGITS} digits", node.span)
                return None
            return number, FREE_NUMBER
    text = reader.shown(node, "a value of a table")
    return None if text is None else (text, TEXT)
