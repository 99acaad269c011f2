"""Words as they are meant: what is plainly misspelt, and names of several words that hold one which other names do not.

Only words that say what to do, and currencies, are read with one letter wrong. Names and numbers are never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .amounts import NUMBER_WORDS, UNITS
from .grammar import phrase_length, phrases
from .tokens import Part, Token, join
from .vocabulary import ACCOUNT_KINDS, ACCOUNT_NUMBER, ACCOUNT_WORDS, FIXED_NAMES, MENDED, RESERVED

_FIXED = phrases(FIXED_NAMES)
_MENDED_LENGTHS = range(min(map(len, MENDED)) - 1, max(map(len, MENDED)) + 2)
_ORDINALS = frozenset({"first", "second", "third", "new", "old"})
_OF_BANKS = frozenset({"bank", "account", "credit union", *ACCOUNT_KINDS})
_NAMES_OF_ACCOUNTS = frozenset({"deposit", "cash", "bills", "new", "second", "third"})
_BEFORE_ACCOUNTS = frozenset({"from", "to", "into", "in", "on", "of", "at", "with", "using", "check"})
_NUMBERED = phrases(
    tuple(
        f"{account}{before}"
        for account in ("account", "acct", "account number", "acct number")
        for before in ("", " #", " ending in", " ending with")
    )
)
_CONTRACTED = {  # written without the apostrophe
    "ive": "i've", "id": "i'd", "im": "i'm", "weve": "we've", "thats": "that's", "theres": "there's", "whats": "what's",
    "hows": "how's", "wheres": "where's", "lets": "let's", "dont": "don't", "doesnt": "doesn't", "didnt": "didn't",
    "cant": "can't",
    "couldnt": "couldn't", "isnt": "isn't", "youd": "you'd", "itd": "it'd", "wouldnt": "wouldn't", "havent": "haven't",
}  # fmt: skip
_SHORT = 3  # letters at most on each side of an "&" in a name: AT&T


def read_words(tokens: Sequence[Token]) -> list[Token]:
    """*tokens* with misspelt words mended, where only one can be meant, and fixed names put together to one word."""
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        length = phrase_length(_FIXED, tokens, at) or _initials(tokens, at) or _ordinal_name(tokens, at)
        if numbered := _numbered_account(tokens, at):
            made.append(Token(Part.WORD, tokens[at + numbered - 1].text, ACCOUNT_NUMBER, tokens[at].glued))
            length = numbered
        elif length:
            made.append(_joined(tokens[at : at + length]))
        elif _names_account(tokens, at):
            made.append(replace(tokens[at], word=f"{tokens[at].word} account"))
        else:
            made.append(_mended(tokens[at]))
        at += max(length, 1)
    return made


def _joined(name: Sequence[Token]) -> Token:
    return Token(
        Part.WORD, join(name), "".join(f"{'' if token.glued else ' '}{token.word}" for token in name).strip(), name[0].glued
    )


def _numbered_account(tokens: Sequence[Token], at: int) -> int:
    """How many tokens an account takes at *at* that is named by its number: "from account 4471"; 0 elsewhere."""
    length = phrase_length(_NUMBERED, tokens, at)
    if not length or at + length >= len(tokens) or (length == 1 and (at == 0 or tokens[at - 1].word not in _BEFORE_ACCOUNTS)):
        return 0
    number, after = tokens[at + length], tokens[at + length + 1 : at + length + 2]
    ends = all(token.part in (Part.WORD, Part.MARK) and not _counts(token) for token in after)
    return length + 1 if number.part is Part.NUMBER and number.text.isdigit() and ends else 0


def _counts(token: Token) -> bool:
    """Whether *token* makes an amount of the number before it: "50 dollars", "5 hundred", "5k"."""
    return token.word.split("-")[0] in NUMBER_WORDS or token.word in UNITS or (token.glued and token.part is Part.WORD)


def _initials(tokens: Sequence[Token], at: int) -> int:
    """How many tokens a name like "AT&T" takes at *at*; 0 where there is none."""
    three = tokens[at : at + 3]
    whole = len(three) == 3 and three[1].text == "&" and three[1].glued and three[2].glued
    return 3 if whole and all(token.part is Part.WORD and len(token.word) <= _SHORT for token in three[::2]) else 0


def _ordinal_name(tokens: Sequence[Token], at: int) -> int:
    """How many tokens a name like "First Tennessee" takes at *at*, where the next word says that it is a bank's; 0 elsewhere."""
    three = [token.word for token in tokens[at : at + 3]]
    return 2 if len(three) == 3 and three[0] in _ORDINALS and three[1] not in RESERVED and three[2] in _OF_BANKS else 0


def _names_account(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at *at*, which no other name holds, names an account: "my deposit account"."""
    three = [token.word for token in tokens[max(at - 1, 0) : at + 2]]
    return len(three) == 3 and three[0] in ("my", "our", "the") and three[1] in _NAMES_OF_ACCOUNTS and three[2] in ACCOUNT_WORDS


def _mended(token: Token) -> Token:
    if token.part is Part.WORD and token.word in _CONTRACTED:
        return replace(token, word=_CONTRACTED[token.word])
    if token.part is not Part.WORD or token.word in RESERVED or len(token.word) not in _MENDED_LENGTHS:
        return token
    near = _NEAR.get(token.word, set()).union(*(_NEAR.get(shorter, set()) for shorter in _shortened(token.word)))
    meant = {word for word in near if _is_one_off(token.word, word)}
    return replace(token, word=meant.pop()) if len(meant) == 1 else token


def _is_one_off(written: str, word: str) -> bool:
    """Whether *written* is *word* with one letter wrong, missing, too many, or two that stand side by side exchanged."""
    same = next((place for place, (one, other) in enumerate(zip(written, word, strict=False)) if one != other), None)
    if same is None:
        return abs(len(written) - len(word)) == 1
    rest, wanted = written[same:], word[same:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:] or (rest[1::-1] + rest[2:]) == wanted


def _shortened(word: str) -> set[str]:
    """*word* with one letter left out, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _near(words: Sequence[str]) -> Mapping[str, set[str]]:
    """*words* by themselves and by what is left of them without one letter."""
    table: dict[str, set[str]] = {}
    for word in words:
        for key in (word, *_shortened(word)):
            table.setdefault(key, set()).add(word)
    return table


_NEAR = _near(MENDED)
