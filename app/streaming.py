"""What a model says, shown as it comes: no piece of it can move the cursor, or look like a line of ours."""

from collections.abc import Callable

from rich.cells import cell_len

from signoff.actions import show_text

MARK = "│ "  # before every line of a model's words
TAB = "    "
NARROWEST = 20  # columns
MAX_MARKS = 8  # on one character, such as accents: terminals draw more of them over the lines above


class Streamed:
    """Writes words on marked lines of their own. What is cut over two pieces is no more dangerous than in one."""

    def __init__(self, write: Callable[[str], None], width: int) -> None:
        """*write* shows text on a terminal with so many columns."""
        self._write = write
        self._width = max(width, NARROWEST)
        self._column = 0  # 0: no line has begun
        self._marks = 0  # in a row, which take no column

    def add(self, piece: str) -> None:
        """Show the next piece. Control, bidirectional and invisible characters are written as escapes; lines are broken here."""
        shown = "".join(map(self._next, piece))
        if shown:
            self._write(shown)

    def end(self) -> None:
        """End the line that has begun."""
        if self._column:
            self._write("\n")
        self._column = 0

    def _next(self, character: str) -> str:
        """What is written for one character."""
        before = "" if self._column else MARK
        self._column = self._column or len(MARK)
        if character == "\n":
            self._column = 0
            return before + "\n"
        text = TAB if character == "\t" else show_text(character)
        self._marks = 0 if cell_len(text) else self._marks + 1
        if self._marks > MAX_MARKS:
            text = f"\\u{{{ord(character):x}}}"
        size = cell_len(text)
        if self._column + size >= self._width and self._column > len(MARK):
            before, self._column = "\n" + MARK, len(MARK)
        self._column += size
        return before + text
