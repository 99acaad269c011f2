"""Patterns of `matches`: regular expressions that RE2 matches in time linear in the text, whatever the pattern.

The library is loaded by the first pattern that is read.
"""

from collections.abc import Callable
from typing import TypeAlias

from signoff.actions import fold_name

MAX_PATTERN = 300  # characters
MAX_PATTERNS = 100  # in one file
MAX_STEPS = 2_000  # of one pattern, repetitions written out: the longest text then takes less than a tenth of a second
MAX_MEMORY = 2**19  # bytes that one pattern may take, compiled and while it is matched

FullMatch: TypeAlias = Callable[[str], object | None]  # something where the whole text matches


class PatternError(ValueError):
    """Raised for a pattern that cannot be used. The text says why."""


def compile_pattern(text: str, *, folded: bool) -> FullMatch:
    """What matches the whole of a text: of a *folded* one, or of one as it is. Raises PatternError.

    In a pattern for folded texts letters are folded as they are in texts, and capital ones match small ones.
    """
    import re2

    if len(text) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    options.case_sensitive = not folded
    options.dot_nl = True
    try:
        made = re2.compile(_fold(text) if folded else text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise PatternError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from error
    if made.programsize > MAX_STEPS:
        raise PatternError(f"its repetitions come to more than {MAX_STEPS:,} steps; write * or + for large ones")
    return made.fullmatch


def _fold(pattern: str) -> str:
    """*pattern* with its letters beyond ASCII folded: the rest may be signs of the pattern language.

    What folds to such a sign, as a full-width bar does, stands for that character.
    """
    return "".join(letter if letter.isascii() else _fold_letter(letter) for letter in pattern)


def _fold_letter(letter: str) -> str:
    folded = " " if letter.isspace() else fold_name(letter) or letter
    return "".join(f"\\{sign}" if sign.isascii() and not (sign.isalnum() or sign.isspace()) else sign for sign in folded)
