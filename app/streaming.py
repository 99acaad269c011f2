"""What a model says, shown as it comes: no piece of it can move the cursor, or look like a line of ours."""

from collections.abc import Callable

from rich.cells import cell_len

from signoff.actions import show_text

MARK = "│ "  # before every line of a model's words
TAB = "    "
NARROWEST = 20  # columns
MAX_MARKS = 8  # on one character, such as accents: terminals draw more of them over the lines above
WIDE = 2  # columns of a character in scripts that write no blanks: a line may break at each


class Streamed:
    """Writes words on marked lines of their own. What is cut over two pieces is no more dangerous than in one."""

    def __init__(self, write: Callable[[str], None], width: int) -> None:
        """*write* shows text on a terminal with so many columns."""
        self._write = write
        self._width = max(width, NARROWEST)
        self._column = 0  # 0: no line has begun
        self._marks = 0  # in a row, which take no column
        self._word = ""  # what has come of a word, which is held back until it ends: it stands on one line

    def add(self, piece: str) -> None:
        """Show the next piece. Control, bidirectional and invisible characters are written as escapes; lines are broken here."""
        shown = "".join(map(self._next, piece))
        if shown:
            self._write(shown)

    def end(self) -> None:
        """End the line that has begun."""
        shown = self._end_word() + ("\n" if self._column else "")
        self._column = 0
        if shown:
            self._write(shown)

    def _next(self, character: str) -> str:
        """What is written now that *character* has come."""
        if character == "\n":
            before = self._end_word() + ("" if self._column else MARK)
            self._column = 0
            return before + "\n"
        if character == " ":
            return self._end_word() + self._blank()
        text = TAB if character == "\t" else show_text(character)
        self._marks = 0 if cell_len(text) else self._marks + 1
        if self._marks > MAX_MARKS:
            text = f"\\u{{{ord(character):x}}}"
        if text == TAB or cell_len(text) == WIDE:
            return self._end_word() + self._placed(text)
        before = self._end_word() if cell_len(self._word + text) >= self._width - len(MARK) else ""
        self._word += text
        return before

    def _end_word(self) -> str:
        """What is written for the word that was held back."""
        word, self._word = self._word, ""
        return self._placed(word) if word else ""

    def _blank(self) -> str:
        """A blank; nothing where the line is full, so that none begins the next one."""
        if self._column + 1 < self._width:
            return self._placed(" ")
        self._column = self._width
        return ""

    def _placed(self, text: str) -> str:
        """*text* on this line, or on a new one where this one has no room for it."""
        before = "" if self._column else MARK
        self._column = self._column or len(MARK)
        size = cell_len(text)
        if self._column + size >= self._width and self._column > len(MARK):
            before, self._column = "\n" + MARK, len(MARK)
        self._column += size
        return before + text
