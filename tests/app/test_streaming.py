"""What a model says as it comes: nothing of it moves the cursor, or begins a line of ours."""

import re

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.streaming import MARK, Streamed

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\r\b\x00\u2028\ud83d"
COLUMNS = 40


def shown(*pieces: str, width: int = COLUMNS) -> str:
    """What is written for *pieces*."""
    written: list[str] = []
    words = Streamed(written.append, width)
    for piece in pieces:
        words.add(piece)
    words.end()
    return "".join(written)


def test_words_stand_on_marked_lines() -> None:
    """Pieces make lines as they were meant, each with its mark."""
    assert shown("Hello, ", "dana.\nIt is ", "done.") == f"{MARK}Hello, dana.\n{MARK}It is done.\n"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_line_ends_between_words(size: int) -> None:
    """Wherever the pieces are cut, no word that fits on a line is cut in two, and no line begins with the blank before it."""
    text = "the payee is blocked, denied by a rule of the house " + "x" * 45 + " and so on"
    lines = [
        f"{MARK}the payee is blocked, denied by a",
        f"{MARK}rule of the house",
        f"{MARK}{'x' * 37}",
        f"{MARK}{'x' * 8} and so on",
    ]
    written = shown(*(text[place : place + size] for place in range(0, len(text), size)))
    assert [line.rstrip() for line in written.splitlines()] == lines


def test_a_word_is_shown_once_it_ended() -> None:
    """A word is held back until it is known to end, or its script needs no blanks; nothing else is."""
    written: list[str] = []
    words = Streamed(written.append, COLUMNS)
    for piece in ("Hel", "lo", ", da", "na", ". ", "漢", "字"):
        words.add(piece)
    assert written == [f"{MARK}Hello, ", "dana. ", "漢", "字"]


def test_an_escape_sequence_that_is_cut_in_two_does_nothing() -> None:
    """Wherever a sequence is cut, its first character is written as an escape."""
    for place in range(1, 4):
        sequence = "\x1b[2J"
        assert shown(sequence[:place], sequence[place:]) == f"{MARK}\\u{{1b}}[2J\n"


@given(st.lists(st.text(st.characters() | st.sampled_from(HOSTILE), max_size=60), max_size=8))
def test_nothing_hostile_is_written(pieces: list[str]) -> None:
    """Whatever comes, cut anywhere: every line is marked and narrower than the terminal, and no control character is in it."""
    lines = shown(*pieces).split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert line.startswith(MARK.rstrip())
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)


@pytest.mark.parametrize("text", ["APPROVAL a12c " * 20, "漢" * 100, "a" * 39 + "dana> " * 10, "\t" * 30])
def test_no_line_of_a_terminal_begins_without_the_mark(text: str) -> None:
    """On a real screen a long line is broken where the mark stands again: padding cannot forge a line of ours."""
    screen = pyte.Screen(COLUMNS, 60)
    pyte.Stream(screen).feed(shown(text).replace("\n", "\r\n"))
    lines = [line for line in screen.display if line.strip()]
    assert len(lines) > 2
    assert [line for line in lines if not line.startswith(MARK.rstrip())] == []


def test_marks_upon_one_character_are_bounded() -> None:
    """Accents without an end, which terminals draw over the lines above, are escapes beyond a few, over pieces, too."""
    written: list[str] = []
    streamed = Streamed(written.append, 10_000)
    for _ in range(5):
        streamed.add("\u0336" * 1_000)
    streamed.add("e\u0301\u0302")
    streamed.end()
    shown = "".join(written)
    assert (shown.count("\u0336"), shown.count("\\u{336}")) == (8, 4_992)
    assert shown.endswith("e\u0301\u0302\n")
