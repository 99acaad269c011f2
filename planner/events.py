"""Server-sent events, as the HTML standard has them: bytes in, in whatever pieces they come, and events out.

It is strict where other readers guess: bytes that are not UTF-8 are an error, and nothing is left out of a line. What it holds
is bounded by whoever feeds it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\r|\n")
_ERROR = "error"  # a field of its own in streams of older llama.cpp, where others send an event of this name


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream."""

    name: str  # empty where the stream says none
    data: str

    @property
    def is_error(self) -> bool:
        """Whether the server says that it tells of an error."""
        return self.name == _ERROR


class EventReader:
    """Reads the events of one stream."""

    def __init__(self) -> None:
        self._line = bytearray()  # the one that has not ended yet
        self._after_return = False  # whether the last byte ended a line, so that a line feed would belong to it
        self._is_first = True
        self._name = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that *piece* brings to their end. Raises UnicodeDecodeError for a line that is not UTF-8."""
        if not piece:
            return
        *lines, rest = _LINE_END.split(piece[1:] if self._after_return and piece.startswith(b"\n") else piece)
        self._after_return = piece.endswith(b"\r")
        for line in lines:
            self._line += line
            yield from self._take_line()
        self._line += rest

    def end(self) -> Iterator[Event]:
        """What a stream that is over left: servers leave out the empty line, or the last line's end."""
        yield from self._take_line()
        yield from self._event()

    def _take_line(self) -> Iterator[Event]:
        line = self._line.decode()
        self._line.clear()
        if self._is_first:
            line, self._is_first = line.removeprefix("\ufeff"), False
        if not line:
            yield from self._event()
            return
        field, _, value = line.partition(":")  # a comment has an empty name
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == _ERROR:
            self._name = _ERROR
            self._data.append(value)

    def _event(self) -> Iterator[Event]:
        if self._data:
            yield Event(self._name, "\n".join(self._data))
        self._name, self._data = "", []
