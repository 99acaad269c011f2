"""Characters that no file of rules may hold."""

import unicodedata

from signoff.actions import show_text

from .diagnostics import Report, Span


def check_characters(report: Report, what: str) -> bool:
    """Whether *what* the report is on holds nothing that a person does not see, or sees as something else.

    The rest is reported, comments included: each kind once on a line.

    YAML ends lines where editors do not (a lone CR, U+0085, U+2028, U+2029), so a rule could hide behind a `#`; CSV ends
    rows at a lone CR.
    """
    found = False
    for number, line in enumerate(report.lines):
        text = line.replace("\t", " ")
        if not text.isprintable():  # else there is none: a faster question
            for character in dict.fromkeys(text):
                if show_text(character) != character:
                    _report_character(character, Span(number, text.index(character)), report, what)
                    found = True
    return not found


def _report_character(character: str, place: Span, report: Report, what: str) -> None:
    name = unicodedata.name(character, "control character").lower()
    ends_line = character in "\r\x85\u2028\u2029"
    report.error(
        "character",
        f"U+{ord(character):04X} ({name}) cannot stand in {what}",
        place,
        "end the line with a line feed" if ends_line else "remove it",
    )
