"""What to write instead: for signs, words and names that other languages have and conditions do not."""

import unicodedata
from collections.abc import Mapping

from .shapes import is_currency

WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
IN_FILE_CURRENCY = "leave it out: plain numbers are in the file's currency"

SIGNS: Mapping[str, str] = {
    "&&": "write and",
    "||": "write or",
    "<>": "write !=",
    "=<": "write <=",
    "=>": "write >=",
    "**": "powers are not part of the language",
    "//": "multiply by a constant instead",
    "=": "write ==",
    "!": "write not",
    "/": "multiply by a constant instead: amount * 0.1",
    "%": "multiply by a constant instead: amount * 0.1",
    "#": "comments stand outside of conditions",
    "“": 'write "straight quotes"',
    "”": 'write "straight quotes"',
    "‘": "write 'straight quotes'",
    "’": "write 'straight quotes'",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "−": "write -",
    "×": "write *",
}
_SPELLINGS = {
    "none": "ask with has()",
    "null": "ask with has()",
    "is": "write ==, or ask with has()",
    "if": "write two rules",
    "between": "write 5 <= amount <= 6",
}
_INFIX = frozenset({"is", "if", "between"})  # mistakes only between two values: elsewhere they can be fields
_NAMES = {
    "actor": "write actor.id, or actor.roles",
    "counters": "write counters.NAME",
    "lists": "write lists.NAME",
    "no": "write false",
    "now": "write now.hour, now.weekday or now.date",
    "off": "write false",
    "on": "write true",
    "plan": "write plan.size, or disputed",
    "roles": "write actor.roles",
    "source_of": "write source_of(to)",
    "tables": "write tables.NAME[to]",
    "trusted": "write trusted(to)",
    "type": "name action types after allow, approve or deny",
    "yes": "write true",
}


def remedy_for_character(character: str) -> str:
    """What to write for a *character* that the language does not have."""
    if unicodedata.category(character) == "Sc":
        return IN_FILE_CURRENCY
    if character.isascii():
        return ""
    digit = unicodedata.digit(character, None)
    plain = unicodedata.normalize("NFKC", character) if digit is None else str(digit)
    return f"write {plain}" if plain.isascii() and plain.isprintable() else ""


def remedy_for_word(word: str, *, between: bool = False) -> str:
    """What to write for a *word* of another language; *between*, where a value has gone before."""
    small = word.lower()
    if small in WORDS:
        return f"write {small}" if small != word else ""
    return _SPELLINGS.get(small, "") if between or small not in _INFIX else ""


def remedy_for_name(name: str) -> str:
    """What to write for a *name* that is no field."""
    return _NAMES.get(name.lower(), "")


def remedy_for_number(before: str, sign: str, after: str) -> str:
    """What to write where *sign* stands between a number and what is no number, or does not belong: `5.`, `.5`, `1,000`."""
    match sign:
        case "." if before:
            return f"write {before}.0"
        case "." if after:
            return f"write 0.{after}"
        case "," if before and after:
            return f"write {before}_{after}"
    return ""


def is_currency_word(word: str) -> bool:
    """Whether *word* stands for a currency: `USD`, `usd`. A word of the language never does."""
    return word.lower() not in WORDS and is_currency(word.upper())


def remedy_for_yaml(problem: str, context: str) -> str:
    """What to write for what is not YAML; *problem* and *context* are the words of libyaml."""
    if "end of stream" in problem and "quoted scalar" in context:
        return "close the quote"
    if "flow" in context and "expected ','" in problem:
        return "close the bracket, and put a comma between two items"
    if "alias" in context:
        return 'write "*" in quotes'
    if "block scalar" in context:
        return "where a condition starts with >, name the field first: amount > 5"
    if "mapping values" in problem:
        return "where a text or a condition holds `: `, write it after `|`, on a line of its own"
    if "expected key" in problem and "block mapping" in context:
        return "where a condition starts with a quote, write it after `|`, on a line of its own"
    return ""
