"""YAML as a tree of nodes that know their place, and nothing else that YAML can do.

Events come from the C parser where there is one. They are composed here, because `yaml.compose` on the C parser
crashes the process on deep nesting and hides duplicate keys and anchors. Scalars stay the text that was written.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TypeAlias

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .diagnostics import Report, Span
from .remedies import remedy_for_yaml

MAX_BYTES = 2**20  # of a policies file
MAX_SHOWN = 40  # characters of a condition that a message repeats
MAX_DEPTH = 30  # of mappings and lists in each other

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Scalar:
    """A text. `offset` places are exact in plain one-line scalars and in `|` blocks."""

    text: str
    span: Span
    style: str | None  # None: plain
    lines: tuple[str, ...] = ()  # the source lines that it stands on, the first one first

    @property
    def plain(self) -> bool:
        """Whether it was written without quotes, on one line or several."""
        return self.style is None

    @cached_property
    def _block(self) -> list[tuple[int, int]] | None:
        """Where each line of a `|` block starts: offset in the text, source column. None where they do not agree."""
        found, offset = [], 0
        for source, line in zip(self.lines[1:], self.text.split("\n"), strict=False):
            if not source.endswith(line):
                return None
            found.append((offset, len(source) - len(line)))
            offset += len(line) + 1
        return found

    def excerpt(self, start: int, end: int) -> str:
        """The characters from *start* up to *end* on one line, cut where they are many."""
        text = " ".join(line.strip() for line in self.text[start:end].split("\n"))
        return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"

    def place(self, start: int, end: int) -> Span:
        """Where the characters from *start* up to *end* of the text stand in the file; else where the scalar starts."""
        length = max(1, end - start)
        if self.plain and len(self.lines) == 1:
            return Span(self.span.line, self.span.column + start, length)
        if self.style == "|" and self._block:
            number = bisect_right(self._block, start, key=itemgetter(0)) - 1
            offset, column = self._block[number]
            rest = len(self.lines[1 + number]) - (column + start - offset)  # what it goes on to on the next line is not shown
            return Span(self.span.line + 1 + number, column + start - offset, max(1, min(length, rest)))
        return Span(self.span.line, self.span.column)


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    span: Span


@dataclass(frozen=True)
class Entries:
    """A mapping: its keys, each a text, with where they stand, in the order written."""

    entries: dict[str, tuple[Scalar, "Node"]]
    span: Span


Node: TypeAlias = Scalar | Items | Entries


class Unreadable(Exception):
    """Raised inside a load to end it: what follows cannot be read. The report says why."""


def compose(text: str, report: Report) -> Node | None:
    """The tree of the one document in *text*; None where it holds nothing. Raises Unreadable when it cannot go on."""
    composer = _Composer(text, report)
    try:
        return composer.document()
    except YAMLError as error:
        _report(error, report)
        raise Unreadable from error


class _Composer:
    def __init__(self, text: str, report: Report) -> None:
        self._events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
        self._report = report
        self._unknown = False  # whether something stands for what is not known, so that no more can be said

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report.error("documents", "a policies file is one document", _at(event), "remove what follows `---`")
                    raise Unreadable
                if event.version or event.tags:
                    self._report.error("directive", "directives are not read in a policies file", Span(0, 0), "remove the line")
                root = self._node(next(self._events), 0)
        if self._unknown:
            raise Unreadable
        return root

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            self._unknown = True
            self._report.error(
                "alias",
                f"`*{event.anchor}` is an alias, and aliases are not read",
                _at(event),
                'write the value, or "*" in quotes',
            )
            return Scalar("", _at(event), "alias")
        self._refuse_extras(event)
        match event:
            case ScalarEvent():
                return self._scalar(event)
            case SequenceStartEvent() | MappingStartEvent() if depth >= MAX_DEPTH:
                self._report.error("depth", f"nested more than {MAX_DEPTH} deep", _at(event))
                raise Unreadable
            case SequenceStartEvent():
                return Items(tuple(self._items(depth)), _at(event))
            case MappingStartEvent():
                return Entries(self._entries(depth), _at(event))
        raise AssertionError(f"a node cannot start with {type(event).__name__}")

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> dict[str, tuple[Scalar, Node]]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._report.error("key", "a key must be a text", key.span)
            elif key.plain and key.text == "<<":
                self._unknown = True
                self._report.error("merge-key", "merge keys (`<<`) are not read", key.span, "write the entries out")
            elif key.text in entries:
                first = entries[key.text][0].span.line + 1
                self._report.error("duplicate-key", f"`{key.text[:60]}` is given twice", key.span, f"first given on line {first}")
            else:
                entries[key.text] = (key, value)
        return entries

    def _scalar(self, event: ScalarEvent) -> Scalar:
        start, end = _at(event), event.end_mark
        assert end is not None
        style = None if event.style in (None, "") else str(event.style)
        lines = tuple(self._report.lines[start.line : end.line + 1])
        length = end.column - start.column if style is None and end.line == start.line else 1
        return Scalar(event.value, Span(start.line, start.column, max(1, length)), style, lines)

    def _refuse_extras(self, event: Event) -> None:
        if getattr(event, "anchor", None) is not None:
            self._report.error("anchor", "anchors (`&`) are not read", _at(event), "write the value where it is used")
        if getattr(event, "tag", None) is not None:
            self._unknown = True
            self._report.error(
                "tag", "tags (`!`) are not read", _at(event), "write the plain value; `not` negates in a condition"
            )


def _at(event: Event) -> Span:
    assert event.start_mark is not None  # only events that were made by hand have no marks
    return Span(event.start_mark.line, event.start_mark.column)


def _report(error: YAMLError, report: Report) -> None:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark, problem, context = error.problem_mark, error.problem or "", error.context or ""
        message = " ".join(part for part in ("not YAML:", problem, context) if part)
        opened = error.context_mark
        if opened is not None and ("end of stream" in problem or ("flow" in context and opened.line < mark.line)):
            mark = opened  # where what is not closed stands
        last = len(report.lines) - 1  # the parser counts one line more where the last one has no line feed
        place = Span(mark.line, mark.column) if mark.line <= last else Span(last, len(report.lines[last]))
        report.error("yaml", message, place, remedy_for_yaml(problem, context))
        return
    report.error("yaml", f"not YAML: {error}", None)
