"""What two spellings of one name have in common. This module is a leaf: every folder may import it."""

import unicodedata

_JOINERS = "\u200c\u200d"  # without effect on what a name is

# Lower-case Cyrillic, Greek and Armenian letters that are drawn like Latin ones
# (Unicode Technical Standard 39, confusables.txt, single letters only).
_DRAWN_LIKE = {
    "a": "аα", "b": "вβ", "c": "с", "d": "ԁ", "e": "еε", "g": "ց", "h": "һнհ", "i": "іιıӏ", "j": "ј", "k": "кκ", "m": "м",
    "n": "ηո", "o": "оοօ", "p": "рρ", "q": "ԛ", "s": "ѕ", "t": "тτ", "u": "υս", "v": "ѵν", "w": "ѡω", "x": "хχ", "y": "уγ",
}  # fmt: skip
_LOOK_ALIKES = str.maketrans(
    {other: latin for latin, others in _DRAWN_LIKE.items() for other in others} | dict.fromkeys(_JOINERS)
)


def fold_name(name: str) -> str:
    """What two spellings of one name have in common: case, spacing, joiners and look-alike letters are gone."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join(unicodedata.normalize("NFKC", letters.translate(_LOOK_ALIKES)).split())
