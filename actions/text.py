"""Text from outside: what an action accepts, how it is compared, and how it is shown."""

import unicodedata
from collections.abc import Mapping

from signoff.canonical import Json
from signoff.folding import fold_name as fold_name

REFERENCE = "secret"  # the key under which the name stands that a secret field refers to
MAX_TEXT = 10_000  # characters in one text field

_JOINERS = "\u200c\u200d"  # needed to write Persian and many Indic scripts, and without effect on order
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def accept_text(value: str) -> str:
    """*value* in Unicode's composed form (NFC).

    Raises ValueError for control, escape, bidirectional and other invisible characters, and for text over MAX_TEXT.
    """
    text = unicodedata.normalize("NFC", value) if len(value) <= MAX_TEXT else value
    if len(text) > MAX_TEXT:  # composing can lengthen: what is stored must be accepted again
        raise ValueError(f"holds {len(text):,} characters; at most {MAX_TEXT:,} are accepted")
    for place, character in enumerate(text, 1):
        if _is_refused(character):
            name = unicodedata.name(character, "control character")
            raise ValueError(f"character {place} is U+{ord(character):04X} ({name.lower()}); remove it")
    return text


def show_field(value: Json) -> str:
    """The value of an action's field, as JSON has it, for a person; of a secret only what it refers to."""
    if isinstance(value, Mapping):
        name = value.get(REFERENCE)
        return "a secret" if name is None else f"the secret {name}"
    return str(value)


def show_text(text: str) -> str:
    """*text* for a person's eyes: control, bidirectional and invisible characters written as `\\u{202e}`."""
    return "".join(f"\\u{{{ord(c):x}}}" if _is_refused(c) else c for c in text)


def _is_refused(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED and character not in _JOINERS
