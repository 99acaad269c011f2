"""What two spellings of one name have in common. This module is a leaf: every folder may import it."""

import unicodedata

# Drawn as nothing, wherever a font has nothing better, and no control characters (Unicode's DerivedCoreProperties.txt,
# Default_Ignorable_Code_Point): joiners, fillers, variation selectors.
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u200c\u200d" + "".join(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
_BLANK = "\u2800"  # a braille pattern without dots

# Letters that are drawn like Latin ones, small or capital (Unicode Technical Standard 39, confusables.txt, single letters
# only): Cyrillic, Greek and Armenian ones in lower case, Latin small capitals, Cherokee ones, which fold to capitals.
_DRAWN_LIKE = {
    "a": "аαɑᴀᎪ", "b": "вβʙᏴ", "c": "сᴄᏟ", "d": "ԁᴅᎠ", "e": "еεᴇᎬ", "f": "ꜰ", "g": "ցɡɢᏀ", "h": "һнհʜᎻ", "i": "іιıӏɩɪᎥ",
    "j": "јᴊᎫ", "k": "кκᴋᏦ", "l": "ʟꞁᏞ", "m": "мμᴍᎷ", "n": "ηոɴ", "o": "оοօᴏ", "p": "рρᴘᏢ", "q": "ԛ", "r": "ʀᎡ", "s": "ѕꜱᏚ",
    "t": "тτᴛᎢ", "u": "υսᴜ", "v": "ѵνᴠᏙ", "w": "ѡωᴡᎳ", "x": "хχ", "y": "уγʏᎩ", "z": "ζᴢᏃ",
}  # fmt: skip
_LOOK_ALIKES = str.maketrans(
    {other: latin for latin, others in _DRAWN_LIKE.items() for other in others} | dict.fromkeys(_INVISIBLE) | {_BLANK: " "}
)


def fold_name(name: str) -> str:
    """What two spellings of one name have in common: case, spacing, what is invisible and look-alike letters are gone."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return " ".join(unicodedata.normalize("NFKC", letters.translate(_LOOK_ALIKES)).split())
