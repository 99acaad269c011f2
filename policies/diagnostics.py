"""What is wrong with a policies file, and where: found in any order, reported by place."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from signoff.actions import show_text
from signoff.errors import PolicyInvalid

MAX_DIAGNOSTICS = 50  # errors of one file, and warnings: more than a person reads at once, and a bound on the work for garbage
MAX_EXCERPT = 160  # characters of a source line that are shown
SHOWN_TYPES = 10  # known action types that are told of
MAX_SUGGESTED = 500  # known names that a misspelt one is compared with


class Severity(StrEnum):
    """What a diagnostic means for the file."""

    ERROR = "error"  # the file is not used
    WARNING = "warning"  # it is used, but look at this


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One finding in a policies file."""

    code: str  # stable: `unknown-name`
    severity: Severity
    file: str
    line: int  # from 1; 0 where it is about the file as a whole
    column: int  # from 1; 0 where it is about the file as a whole
    message: str
    source: str = ""  # the line it is about
    length: int = 1  # characters under the caret
    hint: str = ""  # the remedy, where there is one


class PoliciesInvalid(PolicyInvalid):
    """A policies file with errors. Its text is the whole report."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n\n".join(format_diagnostic(diagnostic) for diagnostic in self.diagnostics))


class TooManyDiagnostics(Exception):
    """Raised inside a load to end it: enough was found."""


@dataclass(frozen=True)
class Span:
    """A place in the file: line and column from 0, and how many characters."""

    line: int
    column: int
    length: int = 1


class Report:
    """Collects the diagnostics of one file."""

    def __init__(self, file: str, text: str = "", found: Iterable[Diagnostic] = ()) -> None:
        self.file = file
        self.lines = split_lines(text)
        self._found = {(one.file, one.line, one.column, one.code, one.message): one for one in found}
        self._count = dict.fromkeys(Severity, 0)
        for one in self._found.values():
            self._count[one.severity] += 1

    def beside(self, file: str, text: str) -> "Report":
        """A report on another file that the first one names. What it finds stands in this report."""
        other = Report(file, text)
        other._found, other._count = self._found, self._count
        return other

    def error(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        """Add an error; the same one at the same place counts once. Too many of them end the load."""
        self._add(Severity.ERROR, code, message, span, hint)

    def unknown_action(self, name: str, known: Iterable[str], span: Span | None) -> None:
        """Add an error for the *name* of an action type that is none of those *known*, or of a program that was not named."""
        types = list(known)
        hint = suggest(name, types, f"known are {', '.join(types[:SHOWN_TYPES])}; name your own with --actions MODULE:NAME")
        self.error("unknown-action", f"there is no action type {quote(name)}", span, hint)

    def warning(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        """Add a warning; too many of them are left out."""
        self._add(Severity.WARNING, code, message, span, hint)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, ordered by place: first what is in the file itself."""
        found = self._found.values()
        return tuple(sorted(found, key=lambda one: (one.file != self.file, one.file, one.line, one.column, one.code)))

    def has_warning(self, code: str, span: Span) -> bool:
        """Whether there is a warning with that code at the place."""
        place = (self.file, span.line + 1, span.column + 1, code)
        return any(key[:4] == place for key in self._found)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return self._count[Severity.ERROR] > 0

    @property
    def full(self) -> bool:
        """Whether more warnings are left out."""
        return self._count[Severity.WARNING] == MAX_DIAGNOSTICS

    def holds(self, code: str, message: str, span: Span) -> bool:
        """Whether this was found at this place already."""
        return (self.file, span.line + 1, span.column + 1, code, message) in self._found

    def _add(self, severity: Severity, code: str, message: str, span: Span | None, hint: str) -> None:
        line, column = (span.line + 1, span.column + 1) if span else (0, 0)
        key = (self.file, line, column, code, message)
        if key in self._found or self._count[severity] == MAX_DIAGNOSTICS:
            return
        source = self.lines[span.line] if span and span.line < len(self.lines) else ""
        self._found[key] = Diagnostic(
            code=code,
            severity=severity,
            file=self.file,
            line=line,
            column=column,
            message=message,
            source=source,
            length=span.length if span else 1,
            hint=hint,
        )
        self._count[severity] += 1
        if self._count[Severity.ERROR] == MAX_DIAGNOSTICS:
            raise TooManyDiagnostics


def split_lines(text: str) -> list[str]:
    """The lines of *text* as editors and YAML count them: whatever else YAML takes for a line's end is refused before."""
    return text.replace("\r\n", "\n").split("\n")


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """ "did you mean `amount`?" where one of *known* is close to *word*, else *otherwise*."""
    close = close_to(word, known)
    return f"did you mean `{close[0]}`?" if close else otherwise


def close_to(word: str, known: Iterable[str]) -> list[str]:
    """The one of *known* that *word* may be meant for, where there is one."""
    return get_close_matches(word[:64], list(known)[:MAX_SUGGESTED], n=1)


def quote(text: str) -> str:
    """*text* as messages show it: in double quotes, cut where it is long."""
    return f'"{show_text(text if len(text) <= 60 else text[:60] + "…")}"'


def format_diagnostic(diagnostic: Diagnostic) -> str:
    """*diagnostic* in the one form for all of them: place, code, message, the line, a caret, the remedy.

    Characters that could move or hide others are written out (`show_text`), wherever in it they come from.
    """
    d = diagnostic
    file, hint = show_text(d.file), show_text(d.hint)
    place = f"{file}:{d.line}:{d.column}" if d.line else file
    head = f"{place}: {d.severity}[{d.code}]: {show_text(d.message)}"
    if not d.line:
        return f"{head}; {hint}" if hint else head
    before, marked, after = (show_text(part) for part in _excerpt(d.source.replace("\t", " "), d.column - 1, d.length))
    caret = " " * _width(before) + "^" * max(1, _width(marked))
    margin = " " * (3 + len(str(d.line)))
    return f"{head}\n   {d.line} | {before}{marked}{after}\n{margin} | {caret}{' ' + hint if hint else ''}"


def _excerpt(source: str, column: int, length: int) -> tuple[str, str, str]:
    """What stands before, under and after the caret; of a long line the part around it."""
    start = max(0, min(column - MAX_EXCERPT // 2, len(source) - MAX_EXCERPT))
    end = start + MAX_EXCERPT
    marked = min(column + length, end)
    head, tail = "…" if start else "", "…" if end < len(source) else ""
    return head + source[start:column], source[column:marked], source[marked:end] + tail


def _width(text: str) -> int:
    """The columns that *text* takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # drawn into the one before, or a joiner
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
