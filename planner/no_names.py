"""Words that stand where names do and are none: a name that swallowed one of them would hide what it says."""

import unicodedata
from collections.abc import Sequence

from signoff.actions import currency_codes, fold_name

from .other_money import CURRENCY_WORDS
from .other_numbers import MONTHS
from .tokens import Token
from .vocabulary import is_reserved

_WHEN = """
mon tue tues wed weds thu thur thurs fri sat sun tmrw tmr tmw tmrrw tomo tonite nite wknd eod eow eom eoy cob atm mo yr hr wk
christmas xmas easter halloween thanksgiving hanukkah ramadan diwali valentine valentines juneteenth newyear noel
"""
_HOW_MUCH = """
approx approximate abt circa hlf min minimum maximum extra additional tops cap capped partial early late interest refund
discount penalty
"""
_TAKEN_BACK = """
nvm nm nvr jk kidding joke joking oops whoops wait nope nah naw abort scratch mistake correction meant hold delay defer postpone
refuse avoid actually basically nevermind lol lmao idk imo fyi btw brb cuz bc tho hypothetical fake mustn't haha hehe soonish
laterz
"""
_NOBODY = """
whoever whomever whichever noone nobodies self random stranger strangers people peoples person persons folks guys y'all yall
friends buddies pals brothers sisters parents kids children family relatives neighbors neighbours coworkers colleagues roommates
employees staff workers team group members customers clients vendors tenants contractors men women others recipient recipients
ppl peeps test
"""
_MONEY = "canadian mexican australian aussie crypto yen euros loonies toonies grand points shares miles"
_IN_NO_NAME = frozenset(_TAKEN_BACK.split())  # nor in an account's: "christmas savings" are one
_NO_NAME = frozenset({*f"{_WHEN} {_HOW_MUCH} {_NOBODY} {_MONEY}".split(), *_IN_NO_NAME, *CURRENCY_WORDS, *MONTHS, "max"})
_FORENAMES = frozenset({"max", "april", "june", "august", "jan"})  # before a surname
_MANY = frozenset({"group", "family", "team", "workers"})  # behind a company's name
_VOWELS = frozenset("aeiouy")
_SURNAME_WORDS = "lee kim ray fox cox roy rae ann lou jay joy law yi li"
_SURNAMES = frozenset(_SURNAME_WORDS.split())  # of few letters
_SHORT = 3  # letters; shorter words beside a name are "fri" or "eod" as likely as a surname


def holds_other_word(word: str) -> bool:
    """Whether *word*, or a part of it beside a hyphen, stands in no name, also in look-alike letters or in mixed ones."""
    if not word.isascii():
        scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
        if "LATIN" in scripts and len(scripts) > 1:
            return True
    folded = word if word.isascii() else fold_name(word)
    return any(part in _IN_NO_NAME or (part != word and is_reserved(part)) for part in (folded, *folded.split("-")))


def says_more(name: Sequence[Token]) -> bool:
    """Whether a word of *name* says something about it, or names nobody: a date, a limit, a doubt, a currency, "whoever"."""
    capitals = len(name) > 1 and all(token.text.istitle() for token in name)
    begin, end = capitals and name[0].word in _FORENAMES, len(name) - (capitals and name[-1].word in _MANY)
    code = any(token.word.upper() in currency_codes() for token in name[1:])
    return code or any(_is_no_name(token.word) for token in name[begin:end])


def _is_no_name(word: str) -> bool:
    parts = fold_name(word).split("-") if "-" in word or not word.isascii() else (word,)
    return word.endswith("n't") or any(part.removesuffix("'s") in _NO_NAME for part in parts)


def is_surname(word: str) -> bool:
    """Whether *word*, in small letters behind a name, can belong to it: not "tmrw", "fri" or "cad"."""
    if word.upper() in currency_codes() or _VOWELS.isdisjoint(word):
        return False
    return len(word) > _SHORT or word in _SURNAMES
