"""Server-sent events: the same ones come out whatever the pieces in which the bytes come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.planner.events import Event, EventReader

_KNOWN = ["data: {}", "data:", "data", ": ping", "event: error", "error: boom", "id: 1", "", "", "retry: 5", "data: é€😀"]
_TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=6)
_LINES = st.lists(st.tuples(st.sampled_from(_KNOWN) | _TEXT, st.sampled_from(["\n", "\r\n", "\r"])), max_size=12)


def read(pieces: list[bytes]) -> list[Event]:
    """The events of a whole stream."""
    reader = EventReader()
    return [event for piece in pieces for event in reader.feed(piece)] + list(reader.end())


@given(lines=_LINES, drawn=st.data())
def test_pieces_do_not_matter(lines: list[tuple[str, str]], drawn: st.DataObject) -> None:
    """A stream cut anywhere, inside a character or between CR and LF too, holds the events that it holds in one piece."""
    whole = "".join(line + end for line, end in lines).encode()
    cuts = sorted(drawn.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert read(pieces) == read([whole])
    assert read([whole[place : place + 1] for place in range(len(whole))]) == read([whole])


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("data: 1\n\ndata: 2\n\n", [Event("", "1"), Event("", "2")]),
        ("data: 1\r\n\r\ndata: 2\r\n\r\n", [Event("", "1"), Event("", "2")]),
        ("data: 1\r\rdata: 2\r\r", [Event("", "1"), Event("", "2")]),
        ("\ufeffdata: 1\n\n", [Event("", "1")]),
        ("data:1\ndata:  2\n\n", [Event("", "1\n 2")]),
        (": OPENROUTER PROCESSING\n\n: ping\n\n\n", []),
        ("event: error\ndata: x\n\ndata: y\n\n", [Event("error", "x"), Event("", "y")]),
        ("error: x\n\ndata: y\n\n", [Event("error", "x"), Event("", "y")]),
        ("event: error\n\ndata: y\n\n", [Event("", "y")]),
        ("id: 7\nretry: 9\nnonsense\ndata: y\n\n", [Event("", "y")]),
        ("data: 1\n\ndata: [DONE]", [Event("", "1"), Event("", "[DONE]")]),
        ("data: 1\u2028\x85\x0b\n\n", [Event("", "1\u2028\x85\x0b")]),
        ("", []),
    ],
)
def test_events_are_as_the_standard_has_them(stream: str, events: list[Event]) -> None:
    """Fields, comments, line ends and names are read as the HTML standard says; errors also as older servers write them."""
    assert read([stream.encode()]) == events


def test_what_is_not_text_is_an_error() -> None:
    """Bytes that are not UTF-8 are not replaced by something else."""
    with pytest.raises(UnicodeDecodeError):
        read([b"data: \xff\n\n"])
    with pytest.raises(UnicodeDecodeError):
        read([b"data: \xe2\x82"])
