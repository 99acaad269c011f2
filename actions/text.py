"""Text from outside: what an action accepts, how it is compared, and how it is shown."""

import unicodedata

MAX_TEXT = 10_000  # characters in one text field

_JOINERS = "\u200c\u200d"  # needed to write Persian and many Indic scripts, and without effect on order
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})

# Lower-case Cyrillic, Greek and Armenian letters that are drawn like Latin ones
# (Unicode Technical Standard 39, confusables.txt, single letters only).
_DRAWN_LIKE = {
    "a": "аα", "b": "вβ", "c": "с", "d": "ԁ", "e": "еε", "g": "ց", "h": "һнհ", "i": "іιıӏ", "j": "ј", "k": "кκ", "m": "м",
    "n": "ηո", "o": "оοօ", "p": "рρ", "q": "ԛ", "s": "ѕ", "t": "тτ", "u": "υս", "v": "ѵν", "w": "ѡω", "x": "хχ", "y": "уγ",
}  # fmt: skip
_LOOK_ALIKES = str.maketrans(
    {other: latin for latin, others in _DRAWN_LIKE.items() for other in others} | dict.fromkeys(_JOINERS)
)


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


def fold_name(name: str) -> str:
    """What two spellings of one name have in common: case, spacing, joiners and look-alike letters are gone."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join(unicodedata.normalize("NFKC", letters.translate(_LOOK_ALIKES)).split())


def show_text(text: str) -> str:
    """*text* for a person's eyes: control, bidirectional and invisible characters written as `\\u{202e}`."""
    return "".join(f"\\u{{{ord(c):x}}}" if _is_refused(c) else c for c in text)


def _is_refused(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED and character not in _JOINERS
