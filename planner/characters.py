"""What texts from outside must not hold, before any work is done on them."""

import unicodedata

MAX_MARKS = 30  # accents on one letter, as in the stream-safe text of UAX 15: more take quadratic time to bring in order


def character_problem(text: str) -> str | None:
    """What *text* holds that can be neither stored nor sent, or takes too long to compare, and where. None where it is none."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"half a character, at character {error.start + 1:,}; remove it"
    marks = 0
    for place, character in enumerate(text, 1):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MAX_MARKS:
            return f"more than {MAX_MARKS} accents in a row, at character {place:,}; remove them"
    return None
