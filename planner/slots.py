"""The slots of phrasings: amounts and names as they stand in a request.

A reader is given the tokens and a place, and gives every way to read the slot there: the place behind it, and the value.
An empty value says that nothing was named, so the action's own default holds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from .tokens import Part, Token, join
from .vocabulary import (
    ACCOUNT_KINDS,
    ACCOUNT_WORDS,
    BALANCE_FILLERS,
    BILL_WORDS,
    NOT_AN_ACCOUNT,
    PURPOSES,
    RESERVED,
    SMALL_NAME_WORDS,
    is_misspelt,
)

Reader: TypeAlias = Callable[[Sequence[Token], int], Iterator[tuple[int, str | Token]]]

MAX_NAME_WORDS = 4
_VAGUE = frozenset({"due", "overdue", "outstanding", "unpaid", "online"})  # said of a bill, but not whose it is
_OWN = frozenset({"my", "the", "our"})


def _amount(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    if at < len(tokens) and tokens[at].part is Part.AMOUNT:
        yield at + 1, tokens[at]


def _names(tokens: Sequence[Token], at: int) -> Iterator[int]:
    """The places behind a name that begins at *at*: one word, two words and so on."""
    for end in range(at + 1, min(at + MAX_NAME_WORDS, len(tokens)) + 1):
        token = tokens[end - 1]
        of_bank = token.word == "of" and end - 1 > at and tokens[end - 2].word == "bank"
        if token.part is not Part.WORD or (token.word in RESERVED and not of_bank):
            return
        if not of_bank:
            yield end


def _person(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Somebody who gets money: "Alice", "Katy Parrow"; no account, and nobody who sends bills."""
    for end in _names(tokens, at):
        name = tokens[at:end]
        if _is_one_name(name) and name[-1].word not in BILL_WORDS | ACCOUNT_KINDS:
            yield end, join(name)


def _payee(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where money goes: a person, or an account that is named."""
    yield from _person(tokens, at)
    yield from ((end, value) for end, value in _own_account(tokens, at) if value != "")


def _biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What stands before "bill": "electric", "Acme Utilities"."""
    for end in _names(tokens, at):
        if not tokens[end - 1].word.endswith("'s") and tokens[at].word not in _VAGUE:
            yield end, join(tokens[at:end])


def _known_biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """A name that says itself that it sends bills."""
    yield from ((end, value) for end, value in _biller(tokens, at) if tokens[end - 1].word in BILL_WORDS)


def _account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account: "savings", "my emergency savings account", "household"; "my account" names none."""
    own = at < len(tokens) and tokens[at].word in _OWN
    begin = at + own
    if own and _is_account_word(tokens, begin):
        yield begin + 1, ""
    for end in _names(tokens, begin):
        name = tokens[begin:end]
        if NOT_AN_ACCOUNT.intersection(token.word for token in name):
            return
        kind = name[-1].word in ACCOUNT_KINDS
        if _is_account_word(tokens, end):
            yield end + 1, join(name)
        elif kind or (not own and _is_one_name(name)):
            yield end, join(name)


def _own_account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account that says itself that it is one: "my account", "savings", "the household account"."""
    yield from ((end, value) for end, value in _account(tokens, at) if _is_account(tokens[at:end]))


def _which(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Which account a balance is asked of, with the words around it that name none: "my current bank account"."""
    begin = at + (at < len(tokens) and tokens[at].word in _OWN | {"that", "this"})
    yield begin, ""
    named: list[Token] = []
    for end in range(begin + 1, min(begin + MAX_NAME_WORDS + 2, len(tokens)) + 1):
        token = tokens[end - 1]
        filler = token.word in BALANCE_FILLERS or (token.word == "bank" and not named)
        if token.part is not Part.WORD or token.word in NOT_AN_ACCOUNT | BILL_WORDS or token.word.endswith("'s"):
            return
        if not filler:
            if token.word in RESERVED:
                return
            named.append(token)
        yield end, join(named)


def _purpose(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What a transfer is for, in one or two words that cannot mean anything else: "lunch", "the movie tickets"."""
    begin = _behind_determiner(tokens, at)
    for end in range(begin + 1, min(begin + 2, len(tokens)) + 1):
        if tokens[end - 1].word not in PURPOSES:
            return
        yield end, ""


def _wish(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What money is wanted for, in a few words: "a new bike". Nothing is done for it."""
    for end in _names(tokens, _behind_determiner(tokens, at)):
        yield end, ""


def _behind_determiner(tokens: Sequence[Token], at: int) -> int:
    return at + (at < len(tokens) and tokens[at].word in _OWN | {"a", "an", "some", "his", "her", "their", "your"})


def _is_account_word(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].word in ACCOUNT_WORDS


def _is_account(written: Sequence[Token]) -> bool:
    return written[-1].word in ACCOUNT_WORDS | ACCOUNT_KINDS


def _is_one_name(name: Sequence[Token]) -> bool:
    """Whether the words look like one name, and not like a name with something said about it: "Alice secretly"."""
    if len(name) > 3 or name[-1].word.endswith("'s"):
        return False
    capital = [token.text[:1].isupper() for token in name if token.word not in SMALL_NAME_WORDS]
    if len(name) > 1 and not all(capital):
        return not any(capital) and not any(_is_remark(token.word) for token in name[1:])
    return True


def _is_remark(word: str) -> bool:
    return word.endswith(("ly", "ing")) or is_misspelt(word)


SLOTS: Mapping[str, Reader] = {
    "amount": _amount,
    "person": _person,
    "payee": _payee,
    "biller": _biller,
    "known_biller": _known_biller,
    "account": _account,
    "own_account": _own_account,
    "which": _which,
    "purpose": _purpose,
    "wish": _wish,
}
