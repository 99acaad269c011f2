"""The slots of phrasings that hold an account: "savings", "my joint account at Chase", "the visa"."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from .names import MAX_NAME_WORDS, OWN, is_one_name, names
from .no_names import says_more
from .other_numbers import MONTHS
from .tokens import Part, Token, join
from .vocabulary import (
    ACCOUNT_KINDS,
    ACCOUNT_NUMBER,
    ACCOUNT_WORDS,
    BALANCE_FILLERS,
    BANKS,
    BILL_WORDS,
    BRANDS,
    CARD_KINDS,
    CARD_WORDS,
    NOT_AN_ACCOUNT,
    PURPOSES,
    RELATIONS,
    TIME_OFF,
    is_reserved,
)

Reader: TypeAlias = Callable[[Sequence[Token], int], Iterator[tuple[int, str | Token]]]

_ACCOUNT_NAMES = frozenset({"household", "emergency", "primary", "tier", "yield", "rainy day"})  # where nobody says "account"
_LETTERS = frozenset("bcdefgh")  # what accounts are named behind "account a"
_BEHIND_A = frozenset({"to", "into", "over", "and", "please", "thanks"})  # behind the account "a"
_NUMBER = frozenset({ACCOUNT_NUMBER})
_SAYS_ACCOUNT = ACCOUNT_WORDS | ACCOUNT_KINDS | _NUMBER
_CARD = CARD_WORDS | CARD_KINDS | BRANDS
_ENDS_ACCOUNT = ACCOUNT_KINDS | _CARD
_AT = frozenset({"at", "with"})
# What says which balance is meant, or what to do to it, and never whose account's it is.
_NO_NAME_WORDS = """
average mean highest lowest biggest smallest maximum projected expected estimated predicted future past opening closing starting
beginning ending historical original find view see display review verify read hear access look hide erase change reset lower lose
raise increase decrease reduce freeze fix adjust edit update notify email text alert remind dear nevermind
"""
_NO_NAME = MONTHS | frozenset(_NO_NAME_WORDS.split())
_CODE = 3  # letters
_A, _ONE, _OF = frozenset({"a"}), frozenset({"one"}), frozenset({"of"})


def account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account of one's own: "savings", "my emergency savings account", "account b"; "my account" names none."""
    for end, value in _any_account(tokens, at):
        if not any(_is_somebodys(token) for token in tokens[at:end]):
            yield end, value


def _is_somebodys(token: Token) -> bool:
    """Whether *token* says whose an account is: "bob's", "wife", "moms"."""
    related = token.word.removesuffix("s").removesuffix("'") in RELATIONS or token.word in RELATIONS
    return related or (token.word.endswith("'s") and token.word not in ACCOUNT_KINDS | BANKS)


def _any_account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account, also somebody else's: "my account at Chase", "steve's account"."""
    for end, name in _account_alone(tokens, at):
        yield end, name
        if _is_account(tokens[at:end]) and end < len(tokens) and tokens[end].word in _AT:
            written = at + (tokens[at].word in OWN)  # a kind stays as it was written: "savings at Chase" are not "savings"
            yield from ((last, join(tokens[written:last]) if name else where) for last, where in bank(tokens, end + 1))


def _account_alone(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
    own = at < len(tokens) and tokens[at].word in OWN
    begin = at + own
    if _stands(_NUMBER, tokens, begin):
        yield begin + 1, tokens[begin].text
    if _stands(ACCOUNT_WORDS, tokens, begin):
        if own:
            yield begin + 1, ""
        if begin + 1 < len(tokens) and tokens[begin + 1].part is Part.WORD and _is_code(tokens[begin + 1]):
            yield begin + 2, tokens[begin + 1].text
    if not own and (_is_letter_a(tokens, at) or _stands(_LETTERS, tokens, at)):
        yield at + 1, tokens[at].text
    for end in names(tokens, begin):
        name = tokens[begin:end]
        if _stands(ACCOUNT_WORDS, tokens, end) or (own and _stands(_ONE, tokens, end)):
            yield end + 1, "" if name[0].word == "bank" and len(name) == 1 else join(name)
        elif name[0].word == "bank" and len(name) == 2 and name[-1].word in ACCOUNT_KINDS:  # "my bank savings"
            yield end, name[-1].text
        elif name[-1].word in _ENDS_ACCOUNT | _ACCOUNT_NAMES or _is_bank(name):
            yield end, join(name)


def _is_code(token: Token) -> bool:
    """Whether *token* can be all that an account is called: "b", "xyz"."""
    short = len(token.word) <= _CODE and not is_reserved(token.word) and token.word not in PURPOSES and not says_more([token])
    return short or len(token.word) == 1


def _is_letter_a(tokens: Sequence[Token], at: int) -> bool:
    """Whether an account is named "a" at *at*: nothing stands behind it that it could be the article of."""
    last = at + 1 >= len(tokens) or tokens[at + 1].part is Part.MARK or tokens[at + 1].word in _BEHIND_A
    return _stands(_A, tokens, at) and last


def own_account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account of one's own that says itself that it is one: "my account", "savings", "the household account"."""
    yield from _named(account, tokens, at)


def _named(read: Reader, tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    for end, value in read(tokens, at):
        written = tokens[at:end]
        words = {token.word for token in written}
        named = not words.isdisjoint(ACCOUNT_WORDS | _AT) or _is_account(written) or _is_bank(written)
        told = written[-1].word in _SAYS_ACCOUNT  # "the mortgage account", "amex savings"
        if named and (told or words.isdisjoint(NOT_AN_ACCOUNT - TIME_OFF)):
            yield end, value


def place(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where money goes from, in "from penfed to chime": any name. It is looked up among the user's own accounts, or refused."""
    for end in names(tokens, at):
        name = tokens[at:end]
        if is_one_name(name) and not says_more(name) and _NO_NAME.isdisjoint(token.word for token in name):
            yield end, join(name)


def own_payee(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account that says itself that it is one, and which, where money goes."""
    yield from ((end, value) for end, value in _named(_any_account, tokens, at) if value != "")


def card(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account that things are charged to: "my visa", "the debit card"."""
    yield from ((end, value) for end, value in account(tokens, at) if tokens[end - 1].word in _CARD)


def bank(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where an account is: "chase", "Wells Fargo"."""
    for end in names(tokens, at):
        if is_one_name(tokens[at:end]) and not NOT_AN_ACCOUNT.intersection(token.word for token in tokens[at:end]):
            yield end, join(tokens[at:end])


def which(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Which account a balance is asked of, with the words around it that name none: "my current bank account"."""
    begin = at + (at < len(tokens) and tokens[at].word in OWN | {"that", "this"})
    yield begin, ""
    named: list[Token] = []
    for end in range(begin + 1, min(begin + MAX_NAME_WORDS + 2, len(tokens)) + 1):
        token, before = tokens[end - 1], tokens[end - 2].word if end > begin + 1 else ""
        if token.part is not Part.WORD or token.word in BILL_WORDS:
            return
        if token.word in CARD_WORDS or (token.word in CARD_KINDS and _stands(CARD_WORDS, tokens, end)):
            if not named or named[-1].word in CARD_KINDS:  # "credit card" alone is its name
                named.append(token)
            if token.word in CARD_WORDS:
                yield end, join(named)
            continue
        possessive = token.word.endswith("'s") and token.word not in ACCOUNT_KINDS
        named_for = token.word in TIME_OFF and _stands(_SAYS_ACCOUNT, tokens, end)
        if (token.word in NOT_AN_ACCOUNT - BRANDS and not named_for) or (possessive and not _stands(CARD_WORDS, tokens, end)):
            return
        of_bank = token.word == "of" and before == "bank" and bool(named)
        filler = token.word in BALANCE_FILLERS or (token.word == "bank" and not named and not _stands(_OF, tokens, end))
        if not filler:
            if (is_reserved(token.word) and not of_bank) or (token.word in _NO_NAME and not named):
                return
            named.append(token)
        if not of_bank:
            yield end, join(named)


def kind(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account by its kind alone: "my savings"."""
    yield from ((end, value) for end, value in which(tokens, at) if end > at and tokens[end - 1].word in ACCOUNT_KINDS)


def _stands(words: frozenset[str], tokens: Sequence[Token], at: int) -> bool:
    """Whether one of *words* stands at *at*."""
    return at < len(tokens) and tokens[at].word in words


def _is_account(written: Sequence[Token]) -> bool:
    """Whether the last word of *written* says that it is an account: "savings account", "the Chase one"."""
    return written[-1].word in _SAYS_ACCOUNT or (len(written) > 2 and written[-1].word == "one" and written[0].word in OWN)


def _is_bank(name: Sequence[Token]) -> bool:
    """Whether *name* is plainly a bank's, so that "my Chase" is an account there."""
    last = name[-1].word
    if last in BANKS or (name[0].word == "bank" and last != "bank"):
        return True
    return len(name) > 1 and last in ("bank", "credit union") and name[-2].word not in OWN
