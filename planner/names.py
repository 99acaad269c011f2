"""Names as they stand in a request: of whom, from which word to which, and whether they look like one."""

from collections.abc import Iterator, Sequence

from .no_names import holds_other_word, is_surname
from .tokens import Part, Token
from .vocabulary import (
    ACCOUNT_KINDS,
    BILL_WORDS,
    BILLERS,
    BRANDS,
    CARD_WORDS,
    PURPOSES,
    RELATIONS,
    SMALL_NAME_WORDS,
    is_misspelt,
    is_reserved,
)

MAX_NAME_WORDS = 4
OWN = frozenset({"my", "the", "our"})
SENDS_BILLS = BILL_WORDS | BILLERS | BRANDS
NO_PERSON = SENDS_BILLS | ACCOUNT_KINDS | CARD_WORDS


def names(tokens: Sequence[Token], at: int) -> Iterator[int]:
    """The places behind a name that begins at *at*: one word, two words and so on."""
    for end in range(at + 1, min(at + MAX_NAME_WORDS, len(tokens)) + 1):
        token = tokens[end - 1]
        of_bank = token.word == "of" and end - 1 > at and tokens[end - 2].word == "bank"
        if token.part is not Part.WORD or (is_reserved(token.word) and not of_bank) or holds_other_word(token.word):
            return
        if not of_bank:
            yield end


def is_one_name(name: Sequence[Token]) -> bool:
    """Whether the words look like one name, and not like a name with something said about it: "Alice secretly"."""
    if len(name) > 3 or name[-1].word.endswith("'s"):
        return False
    capital = [token.text[:1].isupper() for token in name if token.word not in SMALL_NAME_WORDS]
    remark = any(_is_remark(token.word) for token in name[1:])
    if len(name) == 2 and len(set(capital)) == 2:  # "Jane smith"
        return not remark and is_surname(name[1].word) and name[1].word not in PURPOSES | RELATIONS | NO_PERSON
    if len(name) > 1 and not all(capital):
        small = all(is_surname(token.word) for token in name[1:] if token.word not in SMALL_NAME_WORDS)
        return not any(capital) and not remark and small
    return True


def _is_remark(word: str) -> bool:
    return word.endswith(("ly", "ing")) or is_misspelt(word)
