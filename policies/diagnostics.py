"""What is wrong with a policies file, and where: found in any order, reported by place."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from signoff.errors import PolicyInvalid

MAX_DIAGNOSTICS = 50  # of one file: more than a person reads at once, and a bound on the work for garbage
MAX_EXCERPT = 160  # characters of a source line that are shown
MAX_SUGGESTED = 500  # known names that a misspelt one is compared with

_BREAKS = str.maketrans(dict.fromkeys("\r\x85\u2028\u2029", "\n"))  # what YAML 1.1 counts as the end of a line


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

    def __init__(self, file: str, text: str = "") -> None:
        self.file = file
        self.lines = split_lines(text)
        self._found: dict[tuple[str, int, int, str], Diagnostic] = {}

    def error(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        """Add an error; the same one at the same place counts once."""
        self._add(Severity.ERROR, code, message, span, hint)

    def warning(self, code: str, message: str, span: Span | None, hint: str = "") -> None:
        """Add a warning."""
        self._add(Severity.WARNING, code, message, span, hint)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, ordered by place."""
        return tuple(sorted(self._found.values(), key=lambda found: (found.line, found.column, found.code)))

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(found.severity is Severity.ERROR for found in self._found.values())

    def _add(self, severity: Severity, code: str, message: str, span: Span | None, hint: str) -> None:
        line, column = (span.line + 1, span.column + 1) if span else (0, 0)
        key = (code, line, column, severity.value)
        if key in self._found:
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
        if len(self._found) >= MAX_DIAGNOSTICS:
            raise TooManyDiagnostics


def split_lines(text: str) -> list[str]:
    """The lines of *text* as YAML counts them."""
    return text.replace("\r\n", "\n").translate(_BREAKS).split("\n")


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """ "did you mean `amount`?" where one of *known* is close to *word*, else *otherwise*."""
    close = get_close_matches(word[:64], list(known)[:MAX_SUGGESTED], n=1)
    return f"did you mean `{close[0]}`?" if close else otherwise


def quote(text: str) -> str:
    """*text* as messages show it: in double quotes, cut where it is long."""
    return f'"{_visible(text if len(text) <= 60 else text[:60] + "…")}"'


def format_diagnostic(diagnostic: Diagnostic) -> str:
    """*diagnostic* in the one form for all of them: place, code, message, the line, a caret, the remedy."""
    d = diagnostic
    place = f"{d.file}:{d.line}:{d.column}" if d.line else d.file
    head = f"{place}: {d.severity}[{d.code}]: {_visible(d.message)}"
    if not d.line:
        return f"{head}; {d.hint}" if d.hint else head
    number = str(d.line)
    source, column, length = _excerpt(_visible(d.source), d.column - 1, d.length)
    caret = " " * _width(source[:column]) + "^" * max(1, _width(source[column : column + length]))
    margin = " " * (3 + len(number))
    return f"{head}\n   {number} | {source}\n{margin} | {caret}{' ' + d.hint if d.hint else ''}"


def _excerpt(source: str, column: int, length: int) -> tuple[str, int, int]:
    if len(source) <= MAX_EXCERPT:
        return source, column, length
    start = max(0, min(column - MAX_EXCERPT // 2, len(source) - MAX_EXCERPT))
    cut = source[start : start + MAX_EXCERPT]
    head, tail = "…" if start else "", "…" if start + MAX_EXCERPT < len(source) else ""
    return head + cut + tail, column - start + len(head), min(length, MAX_EXCERPT - (column - start))


def _visible(text: str) -> str:
    """*text* with every character that could move or hide others replaced, one for one."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c == "\t" else c if _is_shown(c) else "\ufffd" for c in text)


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


def _width(text: str) -> int:
    """The columns that *text* takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)
