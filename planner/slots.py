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
    BANKS,
    BILL_WORDS,
    BILLERS,
    BRANDS,
    CARD_KINDS,
    CARD_WORDS,
    NOT_AN_ACCOUNT,
    PURPOSES,
    RELATIONS,
    SMALL_NAME_WORDS,
    TIME_OFF,
    is_misspelt,
    is_reserved,
)

Reader: TypeAlias = Callable[[Sequence[Token], int], Iterator[tuple[int, str | Token]]]

MAX_NAME_WORDS = 4
_VAGUE_WORDS = """
due overdue outstanding unpaid online minimum final full partial extra additional regular usual automatic early late big small
debt debts single separate different certain various upcoming pending old entire
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())  # said of a bill, but not whose it is
_SENDS_BILLS = BILL_WORDS | BILLERS | BRANDS
_PAID_BEFORE = frozenset({"debit", "gift", "prepaid", "business", "birthday", "greeting"})  # cards that nothing is owed on
_FINANCED = frozenset({"car", "house", "home", "truck", "boat", "motorcycle", "medical", "dental", "hospital", "gym"})
_NO_PERSON = _SENDS_BILLS | ACCOUNT_KINDS | CARD_WORDS
_MAX_WISH = 12  # words
_PLACES = frozenset({"in", "on", "at", "from", "with"})  # before an account
_ENDS_WISH = frozenset({"and", "then", "after", "before", "if", "unless", "but", "or", "so", "also", "plus"})
_OWN = frozenset({"my", "the", "our"})


def _amount(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    if at < len(tokens) and tokens[at].part is Part.AMOUNT:
        yield at + 1, tokens[at]


def _names(tokens: Sequence[Token], at: int) -> Iterator[int]:
    """The places behind a name that begins at *at*: one word, two words and so on."""
    for end in range(at + 1, min(at + MAX_NAME_WORDS, len(tokens)) + 1):
        token = tokens[end - 1]
        of_bank = token.word == "of" and end - 1 > at and tokens[end - 2].word == "bank"
        if token.part is not Part.WORD or (is_reserved(token.word) and not of_bank):
            return
        if not of_bank:
            yield end


def _person(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Somebody who gets money: "Alice", "Katy Parrow", "my friend Bob"; no account, and nobody who sends bills."""
    related = at + 1 < len(tokens) and tokens[at].word in _OWN and tokens[at + 1].word in RELATIONS
    begin = at + 2 if related else at
    for end in _names(tokens, begin):
        name = tokens[begin:end]
        if _is_one_name(name) and name[-1].word not in _NO_PERSON:
            yield end, join(name)


def _payee(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where money goes: a person, or an account that is named."""
    yield from _person(tokens, at)
    yield from ((end, value) for end, value in _own_account(tokens, at) if value != "")


def _biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What stands before "bill": "electric", "Acme Utilities"; of "the Acme credit card" only the name."""
    for end in _names(tokens, at):
        name = tokens[at:end]
        vague = _VAGUE.intersection(token.word for token in name)
        if vague or name[-1].word.removesuffix("'s") in RELATIONS or any(is_misspelt(token.word) for token in name):
            continue
        yield end, join(_without_card(name))


def _known_biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """A name that says itself that it sends bills, a card's included."""
    for end, value in _biller(tokens, at):
        name = tokens[at:end]
        card = name[-1].word in CARD_WORDS and not _PAID_BEFORE.intersection(token.word for token in name)
        if name[-1].word in _SENDS_BILLS or card:
            yield end, value


def _financed(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What "a car payment" is for."""
    if at < len(tokens) and tokens[at].word in _FINANCED:
        yield at + 1, tokens[at].text


def _without_card(name: Sequence[Token]) -> Sequence[Token]:
    """*name* without "credit card" behind it, where something is left."""
    end = len(name)
    if name[-1].word in CARD_WORDS:
        end -= 1 + (end > 1 and name[-2].word in CARD_KINDS)
    return name[:end] or name


def _account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account: "savings", "my emergency savings account", "my account at Chase", "account b"; "my account" names none."""
    for end, name in _account_alone(tokens, at):
        yield end, name
        if _is_account(tokens[at:end]) and end < len(tokens) and tokens[end].word in ("at", "with"):
            written = at + (tokens[at].word in _OWN)  # a kind stays as it was written: "savings at Chase" are not "savings"
            yield from ((last, join(tokens[written:last]) if name else bank) for last, bank in _bank(tokens, end + 1))


def _account_alone(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str]]:
    own = at < len(tokens) and tokens[at].word in _OWN
    begin = at + own
    if _is_account_word(tokens, begin):
        if own:
            yield begin + 1, ""
        if begin + 1 < len(tokens) and tokens[begin + 1].part is Part.WORD and len(tokens[begin + 1].word) == 1:
            yield begin + 2, tokens[begin + 1].text
    for end in _names(tokens, begin):
        name = tokens[begin:end]
        if _is_account_word(tokens, end):
            yield end + 1, "" if name[0].word == "bank" and len(name) == 1 else join(name)
        elif name[-1].word in ACCOUNT_KINDS | CARD_WORDS | BRANDS or _is_bank(name) or (not own and _is_one_name(name)):
            yield end, join(name)


def _own_account(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account that says itself that it is one: "my account", "savings", "the household account"."""
    for end, value in _account(tokens, at):
        written = tokens[at:end]
        if (any(map(_says_account, written)) or _is_bank(written)) and not (NOT_AN_ACCOUNT - TIME_OFF).intersection(
            token.word for token in written
        ):
            yield end, value


def _bank(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where an account is: "chase", "Wells Fargo"."""
    for end in _names(tokens, at):
        if _is_one_name(tokens[at:end]) and not NOT_AN_ACCOUNT.intersection(token.word for token in tokens[at:end]):
            yield end, join(tokens[at:end])


def _which(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Which account a balance is asked of, with the words around it that name none: "my current bank account"."""
    begin = at + (at < len(tokens) and tokens[at].word in _OWN | {"that", "this"})
    yield begin, ""
    named: list[Token] = []
    for end in range(begin + 1, min(begin + MAX_NAME_WORDS + 2, len(tokens)) + 1):
        token, before = tokens[end - 1], tokens[end - 2].word if end > begin + 1 else ""
        if token.part is not Part.WORD or token.word in BILL_WORDS:
            return
        if token.word in CARD_WORDS or (token.word in CARD_KINDS and _is_card_word(tokens, end)):
            if not named or named[-1].word in CARD_KINDS:  # "credit card" alone is its name
                named.append(token)
            if token.word in CARD_WORDS:
                yield end, join(named)
            continue
        possessive = token.word.endswith("'s") and token.word not in ACCOUNT_KINDS
        named_for = token.word in TIME_OFF and end < len(tokens) and _says_account(tokens[end])
        if (token.word in NOT_AN_ACCOUNT - BRANDS and not named_for) or (possessive and not _is_card_word(tokens, end)):
            return
        of_bank = token.word == "of" and before == "bank" and bool(named)
        filler = token.word in BALANCE_FILLERS or (token.word == "bank" and not named and not _goes_on_of(tokens, end))
        if not filler:
            if is_reserved(token.word) and not of_bank:
                return
            named.append(token)
        if not of_bank:
            yield end, join(named)


def _kind(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An account by its kind alone: "my savings"."""
    yield from ((end, value) for end, value in _which(tokens, at) if end > at and tokens[end - 1].word in ACCOUNT_KINDS)


def _is_card_word(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].word in CARD_WORDS


def _goes_on_of(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].word == "of"


def _purpose(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What a transfer is for, in one or two words that cannot mean anything else: "lunch", "the movie tickets"."""
    begin = _behind_determiner(tokens, at)
    for end in range(begin + 1, min(begin + 2, len(tokens)) + 1):
        if tokens[end - 1].word not in PURPOSES:
            return
        yield end, ""


def _sum(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """An amount that a balance is compared with. The question is answered with the balance, so it is not needed."""
    yield from ((end, "") for end, _ in _amount(tokens, at))


def _wish(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What money is wanted for, in a few words: "a new bike". Nothing is done for it."""
    for end in _names(tokens, _behind_determiner(tokens, at)):
        yield end, ""


def _whatever(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What a balance is to be enough for, in any words that begin no other order: "a flight to Rome on Tuesday"."""
    for end in range(at + 1, min(at + _MAX_WISH, len(tokens)) + 1):
        token = tokens[end - 1]
        if token.part is Part.MARK or token.part is Part.OTHER or token.word in _ENDS_WISH:
            return
        if token.word in _PLACES and end < len(tokens) and tokens[end].word in _OWN:
            return
        yield end, ""


def _behind_determiner(tokens: Sequence[Token], at: int) -> int:
    return at + (at < len(tokens) and tokens[at].word in _OWN | {"a", "an", "some", "his", "her", "their", "your"})


def _is_account_word(tokens: Sequence[Token], at: int) -> bool:
    return at < len(tokens) and tokens[at].word in ACCOUNT_WORDS


def _is_account(written: Sequence[Token]) -> bool:
    return _says_account(written[-1])


def _is_bank(name: Sequence[Token]) -> bool:
    """Whether *name* is plainly a bank's, so that "my Chase" is an account there."""
    return name[-1].word in BANKS or (len(name) > 1 and name[-1].word in ("bank", "credit union") and name[-2].word not in _OWN)


def _says_account(token: Token) -> bool:
    return token.word in ACCOUNT_WORDS | ACCOUNT_KINDS


def _is_one_name(name: Sequence[Token]) -> bool:
    """Whether the words look like one name, and not like a name with something said about it: "Alice secretly"."""
    if len(name) > 3 or name[-1].word.endswith("'s"):
        return False
    capital = [token.text[:1].isupper() for token in name if token.word not in SMALL_NAME_WORDS]
    remark = any(_is_remark(token.word) for token in name[1:])
    if len(name) == 2 and len(set(capital)) == 2:  # "Jane smith"
        return not remark and name[1].word not in PURPOSES | RELATIONS | _NO_PERSON
    if len(name) > 1 and not all(capital):
        return not any(capital) and not remark
    return True


def _is_remark(word: str) -> bool:
    return word.endswith(("ly", "ing")) or is_misspelt(word)


SLOTS: Mapping[str, Reader] = {
    "amount": _amount,
    "person": _person,
    "payee": _payee,
    "biller": _biller,
    "known_biller": _known_biller,
    "financed": _financed,
    "account": _account,
    "own_account": _own_account,
    "which": _which,
    "purpose": _purpose,
    "sum": _sum,
    "wish": _wish,
    "whatever": _whatever,
    "bank": _bank,
    "kind": _kind,
}
