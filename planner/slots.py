"""The slots of phrasings: amounts and names as they stand in a request.

A reader is given the tokens and a place, and gives every way to read the slot there: the place behind it, and the value.
An empty value says that nothing was named, so the action's own default holds.
"""

from collections.abc import Iterator, Mapping, Sequence

from .account_slots import Reader, account, bank, card, kind, own_account, own_payee, place, which
from .names import NO_PERSON, OWN, SENDS_BILLS, is_one_name, names
from .no_names import says_more
from .tokens import Part, Token, join
from .vocabulary import (
    ACCOUNT_KINDS,
    ACCOUNT_WORDS,
    BANKS,
    BILL_WORDS,
    BILLERS,
    BRANDS,
    CARD_KINDS,
    CARD_WORDS,
    ONE_OF_A_KIND,
    PURPOSES,
    RELATIONS,
    ROLES,
    is_misspelt,
    is_reserved,
)

_VAGUE_WORDS = """
due overdue outstanding unpaid online minimum final full partial extra additional regular usual automatic early late big small
debt debts single separate different certain various upcoming pending old entire
biggest largest highest smallest lowest cheapest latest oldest newest huge large little tiny cheap expensive wrong correct fake
attached enclosed following disputed unknown processing convenience overdraft cancellation termination advance
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())  # said of a bill, but not whose it is
_PREPAID_WORDS = "debit gift prepaid business birthday greeting report green id sim score"
_PAID_BEFORE = frozenset(_PREPAID_WORDS.split())  # cards that nothing is owed on
_FINANCED = frozenset({"car", "house", "home", "truck", "boat", "motorcycle", "medical", "dental", "hospital", "gym"})
_NAME_WORDS = (
    "this that student wells navy emergency household home house car cell credit debit charge bank american time charles"
)
_BEGINS_NAME = OWN | SENDS_BILLS | BANKS | ACCOUNT_KINDS | ACCOUNT_WORDS | frozenset(_NAME_WORDS.split())
_KINDS = frozenset({"life", "health", "renters", "homeowners", "auto", "tv", "natural", "city"})
_BEGINS_BILLER = _BEGINS_NAME | _FINANCED | _KINDS  # what stands in a biller before its last word, and is nobody's name
_ENDS_COMPANY = frozenset({"utilities", "utility", "energy", "wireless", "broadband", "company"})
_MAY_END_COMPANY = frozenset({"gas", "water", "electric", "power", "cable", "mobile", "cellular", "internet"})  # in capitals
_DUES_WORDS = "rent mortgage insurance loan loans tuition hoa utilities electric electricity cable"
_DUES = frozenset({*_DUES_WORDS.split(), "auto insurance", "auto loan"})  # what is nothing else but a bill
_COMPANY_WORDS = """
department dept co oil works service services plan premium provider district authority subscription membership board bank
"""
_BEHIND_SERVICE = BILL_WORDS | CARD_WORDS | CARD_KINDS | frozenset(_COMPANY_WORDS.split())
_FAMILIES = frozenset({"family", "kelly"})  # names in -ly
_PAID_FOR = PURPOSES | {"tax", "taxes", "fine", "fines"}
_THANKS = frozenset({"", "please", "thanks", "thank", "thx", "ty"})
_MAX_WISH = 12  # words
_PLACES = frozenset({"in", "on", "at", "from", "with"})  # before an account
_ENDS_WISH = frozenset({"and", "then", "after", "before", "if", "unless", "but", "or", "so", "also", "plus"})
_ENDS_WISH |= {"don't", "dont", "not", "never", "no", "cancel", "nevermind", "nope"}
_ORDERS = frozenset({"send", "pay", "withdraw", "give", "tell"})
_PERHAPS_ORDERS = frozenset({"put", "transfer", "move", "wire", "deposit", "shoot", "show"})  # or "a house deposit"
_ORDERED = OWN | {"it", "that", "this", "a", "an", "some", "me"}
_TO_DO = frozenset({"to", "i", "we", "can", "will", *OWN, "a", "an", "this", "that"})  # before what is no order of its own
_OF_BANKS = frozenset(
    {"loan", "loans", "card", "cards", "cash", "money", "credit", "mortgage", "overdraft", "balance", "interest", "statement"}
)


def _amount(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    if at < len(tokens) and tokens[at].part is Part.AMOUNT:
        yield at + 1, tokens[at]


def _person(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Somebody who gets money: "Alice", "Katy Parrow", "my friend Bob", "my mom"; no account, and nobody who sends bills."""
    related = at + 1 < len(tokens) and tokens[at].word in OWN and tokens[at + 1].word in RELATIONS
    begin = at + 2 if related else at
    if related and tokens[at + 1].word in (ONE_OF_A_KIND if tokens[at].word == "my" else ROLES):
        yield begin, tokens[at + 1].text
    for end in names(tokens, begin):
        name = tokens[begin:end]
        if is_one_name(name) and name[-1].word not in NO_PERSON and not says_more(name) and not _is_thing(name):
            yield end, join(name)


def _is_thing(name: Sequence[Token]) -> bool:
    """Whether *name* is what money is for or comes from, and nobody: "lunch", "parking ticket", "bob credit"."""
    return name[-1].word in CARD_KINDS or all(token.word in _PAID_FOR for token in name)


def _payee(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Where money goes: a person, or an account that is named."""
    yield from _person(tokens, at)
    yield from own_payee(tokens, at)


def _biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What stands before "bill": "electric", "Acme Utilities"; of "the Acme credit card" only the name."""
    for end in names(tokens, at):
        name = tokens[at:end]
        vague = _VAGUE.intersection(token.word for token in name)
        related = any(token.word.removesuffix("'s") in RELATIONS for token in name)
        if vague or related or says_more(name) or any(is_misspelt(token.word) for token in name):
            continue
        if name[-1].word not in ACCOUNT_KINDS and not _is_broken(name):
            yield end, join(_without_card(name))


def _is_broken(name: Sequence[Token]) -> bool:
    """Whether something is said of what *name* is billed for: "gas postpone", "supposedly gas"; "water department" is a name."""
    doubt = any(token.word.endswith("ly") and token.word not in BANKS | _FAMILIES for token in name)
    services = [at for at, token in enumerate(name) if token.word in BILL_WORDS]
    behind = name[services[0] + 1 :] if services else ()
    return doubt or any(token.word not in _BEHIND_SERVICE for token in behind)


def _known_biller(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """A name that says itself that it sends bills, a card's included."""
    for end, value in _biller(tokens, at):
        name = tokens[at:end]
        if _is_card(name) or (name[-1].word in SENDS_BILLS and _is_company(name) and name[0].word != "company"):
            yield end, value


def _is_card(name: Sequence[Token]) -> bool:
    """Whether *name* is a card that something is owed on; "card" alone names none."""
    last = name[-1].word in CARD_WORDS and len(name) > 1
    return last and not _PAID_BEFORE.intersection(token.word for token in name)


def _is_company(name: Sequence[Token]) -> bool:
    """Whether *name*, that of a bill's sender, holds nobody else's: "duke energy", "Pacific Gas", and not "bob phone"."""
    if name[-1].word in _ENDS_COMPANY or all(token.word in _BEGINS_BILLER for token in name[:-1]):
        return True
    return name[-1].word in _MAY_END_COMPANY and all(token.text[:1].isupper() for token in name)


def _due(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What is a bill even where nobody says so: "the rent", "my credit card"; "my phone" may be the thing itself."""
    for end, value in _known_biller(tokens, at):
        if tokens[end - 1].word in _DUES | BILLERS | CARD_WORDS:
            yield end, value


def _sender(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Whose a bill is, behind "from": nobody's whom one can pay it with, such as a bank or a card."""
    for end, value in _biller(tokens, at):
        if tokens[end - 1].word not in BANKS | BRANDS | CARD_WORDS | CARD_KINDS | ACCOUNT_WORDS:
            yield end, value


def _known_sender(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """The same behind "with", "at" or "on", where only a name that says itself that it sends bills is no date and no manner."""
    known = {end for end, _ in _known_biller(tokens, at)}
    yield from ((end, value) for end, value in _sender(tokens, at) if end in known)


def _company(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Who is paid for a service: a known biller, or a bank for its cards."""
    known = {end for end, _ in _known_biller(tokens, at)}
    yield from ((end, value) for end, value in _biller(tokens, at) if end in known or tokens[end - 1].word in BANKS)


def _service(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What a company is paid for: "phone", "car insurance". It is not needed."""
    for end, _ in _known_biller(tokens, at):
        if tokens[end - 1].word in BILL_WORDS | BRANDS and all(token.word in _BEGINS_BILLER for token in tokens[at:end]):
            yield end, ""


def _financed(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What "a car payment" is for."""
    if at < len(tokens) and tokens[at].word in _FINANCED:
        yield at + 1, tokens[at].text


def _plainly(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Nothing, where a name begins at *at* that can hold no other word before it: not "someday savings" or "bobs gas bill"."""
    if at + 1 >= len(tokens):
        return
    first, second = tokens[at], tokens[at + 1]
    capitals = first.text[:1].isupper() and second.text[:1].isupper()
    one_word = second.part is not Part.WORD or is_reserved(second.word)
    if first.word in _BEGINS_NAME or one_word or capitals:
        yield at, ""


def _last(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """Nothing, where no other order can follow that what stands before belongs to: "use savings and pay the rent"."""
    comma = at < len(tokens) and tokens[at].word == ","
    behind = tokens[at + comma].word if at + comma < len(tokens) else ""
    if behind in _THANKS or not (comma or behind in ("and", "to", "then")):
        yield at, ""


def _without_card(name: Sequence[Token]) -> Sequence[Token]:
    """*name* without "credit card" behind it, where something is left."""
    end = len(name)
    if name[-1].word in CARD_WORDS:
        end -= 1 + (end > 1 and name[-2].word in CARD_KINDS)
    return name[:end] or name


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
    for end in names(tokens, _behind_determiner(tokens, at)):
        yield end, ""


def _whatever(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What a balance is to be enough for, in any words that begin no other order: "a flight to Rome on Tuesday"."""
    for end in range(at + 1, min(at + _MAX_WISH, len(tokens)) + 1):
        token = tokens[end - 1]
        if token.part is Part.MARK or token.part is Part.OTHER or token.word in _ENDS_WISH:
            return
        if end - 1 > at and _is_order(tokens, end - 1):
            return
        if token.word in _PLACES and end < len(tokens) and tokens[end].word in OWN | {"what", "what's", "whats"}:
            return
        yield end, ""


def _is_order(tokens: Sequence[Token], at: int) -> bool:
    """Whether an order begins at *at*: "send $50", "pay my gas bill"; not in "to pay my gas bill" or "the deposit"."""
    word = tokens[at].word
    if word not in _ORDERS | _PERHAPS_ORDERS or tokens[at - 1].word in _TO_DO or at + 1 >= len(tokens):
        return False
    amount = any(token.amount is not None for token in tokens[at + 1 : at + 4])  # "send $50", "send my brother $50"
    return word in _ORDERS or amount or tokens[at + 1].word in _ORDERED or tokens[at + 1].text[:1].isupper()


def _goods(tokens: Sequence[Token], at: int) -> Iterator[tuple[int, str | Token]]:
    """What is bought, and not got from a bank: "a new bike", and not "a loan"."""
    for end, value in _whatever(tokens, at):
        if tokens[end - 1].word in _OF_BANKS:
            return
        yield end, value


def _behind_determiner(tokens: Sequence[Token], at: int) -> int:
    return at + (at < len(tokens) and tokens[at].word in OWN | {"a", "an", "some", "his", "her", "their", "your"})


SLOTS: Mapping[str, Reader] = {
    "amount": _amount,
    "person": _person,
    "payee": _payee,
    "biller": _biller,
    "known_biller": _known_biller,
    "due": _due,
    "sender": _sender,
    "known_sender": _known_sender,
    "company": _company,
    "service": _service,
    "financed": _financed,
    "plainly": _plainly,
    "last": _last,
    "account": account,
    "own_account": own_account,
    "own_payee": own_payee,
    "place": place,
    "which": which,
    "purpose": _purpose,
    "sum": _sum,
    "wish": _wish,
    "whatever": _whatever,
    "goods": _goods,
    "bank": bank,
    "card": card,
    "kind": kind,
}
