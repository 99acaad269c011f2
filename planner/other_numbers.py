"""Numbers that are no amounts of money although they are written like one: of dates, times and years, and after "invoice"."""

import re
from collections.abc import Sequence

from .tokens import Part, Token

_MONTH_WORDS = """
january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
"""
MONTHS = frozenset(_MONTH_WORDS.split())
_AMBIGUOUS = frozenset({"may", "april", "june", "august", "jan", "mar", "jun", "dec"})  # people's names, and other words, too
_SPAN_WORDS = """
day days week weeks month months year years hour hours hr hrs minute minutes min mins second seconds am pm o'clock
"""
_SPANS = frozenset(_SPAN_WORDS.split())
_BEFORE_DATES = frozenset({"on", "by", "before", "until", "till", "since", "after", "from", "of", "in", "next", "last"})
_BEFORE_YEARS = frozenset({"in", "by", "since", "until", "till", "during", "year"})
_REFERENCE_WORDS = """
account acct invoice order ref reference number no nr num iban room flat apt page ticket case id contract phone
"""
_BEFORE_NUMBERS = frozenset(_REFERENCE_WORDS.split())
_YEAR = re.compile(r"(19|20)[0-9]{2}")
_DAY_AND_MONTH = re.compile(r"(0?[1-9]|[12][0-9]|3[01])\.(0?[1-9]|1[0-2])")


def is_other_number(tokens: Sequence[Token], at: int) -> bool:
    """Whether the number at *at*, beside which no currency is written, is one of a date, a time, or a reference."""
    number, after = tokens[at].text, _word(tokens, at + 1)
    before, earlier = _word(tokens, at - 1), _word(tokens, at - 2)
    if after in _SPANS or after in MONTHS or (after == "of" and _word(tokens, at + 2) in MONTHS):
        return True
    if before in MONTHS and (before not in _AMBIGUOUS or earlier in _BEFORE_DATES):
        return True
    if before in _BEFORE_YEARS and _YEAR.fullmatch(number):
        return True
    if before in _BEFORE_DATES and _DAY_AND_MONTH.fullmatch(number):
        return True
    return before in _BEFORE_NUMBERS or (at > 1 and tokens[at - 1].text in (".", ":", "#") and earlier in _BEFORE_NUMBERS)


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].word if 0 <= at < len(tokens) and tokens[at].part is Part.WORD else ""
