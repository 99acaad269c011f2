"""Groundedness: which values of an action the user really wrote."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import Action, Money, Registry, action, bank_registry
from signoff.canonical import Json
from signoff.grounding import grounded_fields
from signoff.planner import Amount


@action
def book(
    account: str = "x",
    guests: tuple[str, ...] = (),
    days: int = 1,
    weight: Decimal = Decimal(1),
    price: Annotated[Decimal, Money(currency="currency")] = Decimal(1),
    currency: str = "USD",
    deposits: tuple[Annotated[Decimal, Money(currency="currency")], ...] = (),
    insured: bool = False,
) -> Json:
    """Book something."""
    return None


BOOKING = Registry(book)


def booked(**fields: Json) -> Action:
    """A booking."""
    return BOOKING.read({"type": "book", **fields})


def transfer(to: str = "Alice", amount: str = "50", currency: str = "USD") -> Action:
    """A transfer from savings."""
    fields = {"to": to, "amount": amount, "currency": currency, "from": "savings"}
    return bank_registry().read({"type": "transfer", **fields})


TRANSFER = transfer(to="Mallory Ltd", amount="150.00")


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("send $150 to Mallory Ltd from my savings", {"to", "amount", "currency", "from"}),
        ("SEND 150.00 usd to mallory   LTD", {"to", "amount", "currency"}),
        ("send one hundred and fifty dollars to Mallory Ltd.", {"to", "amount", "currency"}),
        ("send 150 to Маllory Ltd", {"to", "amount"}),  # a Cyrillic M and a
        ("send 1500 to Mallory Ltdx", set()),
        ("send 1,150 to Mallory", set()),
        ("send 0.150 to Ltd Mallory", set()),
        ("send -150 to mallory-ltd", set()),
        ("", set()),
    ],
)
def test_values_are_found_as_whole_words(request_: str, found: set[str]) -> None:
    """A value is found where it stands as whole words, however it is spelt, and not inside another one."""
    assert grounded_fields(TRANSFER, request_) == found


@pytest.mark.parametrize(
    ("to", "request_", "found"),
    [
        ("Alice", "pay Alice.", True),
        ("Alice", "Alice, 50", True),
        ("Alice", "Alice's 50", True),
        ("Alice", "Alice’s 50", True),
        ("Alice", "@Alice **Alice** (Alice)", True),
        ("Alice", "alice@bank.com", False),
        ("Alice", "Alice_Smith", False),
        ("Alice", "Alice-Marie", False),
        ("Alice", "alice.smith", False),
        ("Alice", "Alice\u0301", False),
        ("O'Brien", "pay O’Brien", True),
        ("Brien", "pay O'Brien", False),
        ("C++ Ltd", "send 5 to C Ltd", False),
        ("C++ Ltd", "send 5 to c++ ltd", True),
        ("राम", "send 5 to रिम", False),
        ("राम", "send 5 to राम", True),
        ("☃", "send 5 to ☃", False),
    ],
)
def test_what_belongs_to_a_word_is_part_of_it(to: str, request_: str, found: bool) -> None:
    """Vowel signs and joining marks belong to a word; marks of punctuation around it, and a possessive, do not."""
    assert ("to" in grounded_fields(transfer(to=to), request_)) is found


@pytest.mark.parametrize(
    ("currency", "request_", "found"),
    [
        ("USD", "50 bucks", True),
        ("GBP", "50 pounds", True),
        ("JPY", "50 yen", True),
        ("INR", "₹50", True),
        ("EUR", "50€", True),
        ("USD", "50USD", True),
        ("USD", "50 PLN", False),
        ("PLN", "50 PLN", True),
        ("JPY", "¥50", True),
        ("CAD", "50 Canadian dollars", True),
        ("EUR", "50 in euros", True),
        ("EUR", "50 euro cents", False),
        ("USD", "USD50", True),
        ("USD", "A$50", False),
        ("USD", "CA$50", False),
        ("USD", "HK$50", False),
        ("USD", "50 Canadian dollars", False),
        ("USD", "pay the dollar store 50", False),
        ("TOP", "ever 50 top", False),
        ("TRY", "try 50", False),
        ("MOP", "send 50 to mop", False),
        ("ALL", "all 50", False),
    ],
)
def test_a_currency_is_found_where_an_amount_is_in_it(currency: str, request_: str, found: bool) -> None:
    """A currency counts where an amount is written in it, and not where its code or name is some other word."""
    assert ("currency" in grounded_fields(transfer(currency=currency), request_)) is found


@pytest.mark.parametrize(
    ("amount", "request_", "found"),
    [
        ("50", "(50 dollars)", True),
        ("50", "50: lunch", True),
        ("50", "amount=50", True),
        ("50", "**$50**", True),
        ("0.5", "send .5", True),
        ("50", "five fifty", False),
        ("200000", "one million two hundred thousand", False),
        ("123", "+1 555 123", False),
        ("1000000", "half a million", False),
        ("5", "$5 billion", False),
        ("50", "50 percent of 100", False),
        ("10000", "the 10k run", False),
        ("50", "¥50", False),
        ("50", "50 ¢", False),
        ("50", "50₽", False),
        ("50", "50 pesos", False),
        ("50", "50 Mexican pesos", False),
        ("50", "50 Canadian dollars", False),
        ("50", "50 in Hong Kong dollars", False),
        ("50", "50 in euros", False),
        ("50", "50 in us dollars", True),
        ("50", "50 pence", False),
        ("50", "50 euro cents", False),
        ("50", "50 USD cents", False),
        ("50", "50 PLN", False),
        ("50", "RUB 50", False),
        ("50", "＄50", True),
        ("50", "50 to Rand", True),
        ("50", "PAY BOB 50", True),
        ("5", "five point five dollars", False),
        ("5", "5 point 5", False),
    ],
)
def test_an_amount_is_found_where_it_was_written_as_a_whole(amount: str, request_: str, found: bool) -> None:
    """A part of a number, or a number beside a word that changes it, is not an amount that the user wrote."""
    assert ("amount" in grounded_fields(transfer(amount=amount), request_)) is found


@pytest.mark.parametrize(
    ("to", "request_", "found"),
    [
        ("Ann", "50 each to Ann, Bob and Carl", True),
        ("Bob", "50 each to Ann, Bob and Carl", True),
        ("Carl", "50 each to Ann, Bob and Carl", True),
        ("Ann Bob", "50 each to Ann, Bob and Carl", False),
        ("Bob and Carl", "50 each to Ann; Bob, and Carl", False),
        ("Alice Martin", "50 to Alice, Martin gets 20", False),
        ("Alice Martin", "50 to Alice. Martin gets 20", False),
        ("Alice Martin", "50 to Alice (Martin knows)", False),
        ("Alice Martin", "Alice / Martin", False),
        ("Alice Martin", "Alice - Martin", False),
        ("Alice Martin", "Alice & Martin", False),
        ("Alice Martin", "to:\n- Alice\n- Martin", False),
        ("Alice Martin", "50 to Alice — Martin gets 20", False),
        ("Alice Martin", "Alice–Martin", False),
        ("Alice Martin", "50 to Alice → Martin is told", False),
        ("Alice Martin", "Alice=50, then 50 • Alice • Martin", False),
        ("Alice Martin", "付给 Alice、Martin", False),
        ("Alice Martin", "Alice。Martin", False),
        ("Alice Martin", "Alice \\ Martin < Alice > Martin", False),
        ("Alice → Martin", "pay Alice → Martin 50", True),
        ("Alice Martin", "50 to “Alice” **Martin**", True),
        ("Alice Martin", "50 to alice   MARTIN's savings", True),
        ("Alice Martin", "50 to Alice", False),  # what a registered name is longer by, nobody wrote
        ("Acme, Inc.", "pay Acme, Inc. 50", True),
        ("Acme, Inc.", "pay Acme Inc 50", True),
        ("Acme Inc", "pay Acme, Inc. 50", False),
        ("St. Mary", "pay St Mary", True),
        ("St Mary", "pay St. Mary", True),
        ("Smith & Sons", "pay Smith & Sons", True),
        ("Smith Sons", "pay Smith & Sons", False),
        ("Bob", "pay Bobby", False),
        ("Ann", "the annual fee", False),
        ("Carl", "Carl's and Ann's", True),
        ("James", "James' rent", True),
        ("1234", "pay account 1234", True),
        ("1234", "pay $1234", False),
        ("1234", "pay 1234€", False),
        ("1234", "pay 1234.50", False),
        ("234", "pay 1,234", False),
        ("30", "at 10:30", False),
        ("11", "on 20/11/2026", False),
    ],
)
def test_names_are_found_one_by_one(to: str, request_: str, found: bool) -> None:
    """Names in a list are found each, and not together; what stands around a name is no part of it, a number's parts are."""
    assert ("to" in grounded_fields(transfer(to=to), request_)) is found


@pytest.mark.parametrize(
    ("account", "request_", "found"),
    [
        ("DE89370400440532013000", "pay to DE89 3704 0044 0532 0130 00.", True),
        ("DE89370400440532013000", "pay to de89-3704-0044-0532-0130-00, please", True),
        ("DE89 3704 0044 0532 0130 00", "pay to DE89370400440532013000", True),
        ("DE89370400440532013000", "(DE89 3704 0044 0532 0130 00)", True),
        ("DE89370400440532013000", "pay to DE89 3704 0044 0532 0130 01", False),
        ("DE89370400440532", "pay to DE89 3704 0044 0532 0130 00", False),  # whole groups, and a part of the number
        ("37040044", "pay to DE89 3704 0044 0532 0130 00", False),
        ("DE89370400440532013000", "pay 50 euros to DE89 3704 0044 0532 0130 00 by Friday", True),
        ("DE893704004405320130", "pay to DE89 3704 0044 0532 013000", False),  # a part of a group
        ("70400440", "pay to DE89 3704 0044 0532 0130 00", False),
        ("4111111111111111", "card 4111-1111-1111-1111", True),
        ("12345678", "pay 1234 5678", True),
        ("12345678", "pay 1234, 5678", False),
        ("12345678", "pay 1234 and 5678", False),
        ("12345678", "pay 1234.5678", False),
        ("12345678", "pay 1234\n5678", False),
        ("123456", "pay 123 456", False),  # too short to be sure
        ("together", "to get her", False),
        ("DE89370400440532013000", "pay to ＤＥ８９ 3704 0044 0532 0130 00", True),
        ("DE89370400440532013000", "pay to DЕ89 3704 0044 0532 0130 00", True),  # a Cyrillic letter, as with names
    ],
)
def test_account_numbers_are_found_in_groups(account: str, request_: str, found: bool) -> None:
    """A long number is found with spaces or hyphens between its groups, and only as a whole."""
    assert ("account" in grounded_fields(booked(account=account), request_)) is found


@pytest.mark.parametrize(
    ("amount", "currency", "request_", "found"),
    [
        ("70", "USD", "seventy dollars", {"price", "currency"}),
        ("150", "USD", "a hundred and fifty", {"price"}),
        ("1500", "USD", "$1.5k", {"price", "currency"}),
        ("2500", "EUR", "€2.500,00", {"price", "currency"}),
        ("2500", "USD", "€2.500,00", set()),  # 2500 of another money
        ("20", "EUR", "50 EUR and 20 USD", set()),
        ("20", "EUR", "50 EUR and 20", {"price", "currency"}),  # there is no other currency
        ("20", "EUR", "50 EUR and 60 USD, then 20", {"price"}),
        ("20", "EUR", "50 EUR", set()),
        ("500", "USD", "1500", set()),
        ("500", "USD", "$5,00,500", set()),
        ("100", "USD", "half of 100", set()),
        ("100", "USD", "twice 50", set()),
        ("50", "USD", "twice 50", {"price"}),
        ("50", "USD", "double 50", set()),
        ("100", "USD", "50 and 50", set()),
        ("20", "USD", "50 on the 20th", set()),
        ("20", "USD", "50 on 20 November", set()),
        ("20", "USD", "50 on November 20", set()),
        ("20", "USD", "50 on May 20", set()),
        ("20", "USD", "pay May 20", {"price"}),  # May is somebody
        ("20", "USD", "pay May 20 dollars on May 3", {"price", "currency"}),
        ("3", "USD", "50 in 3 days", set()),
        ("5", "USD", "50 at 5pm", set()),
        ("2026", "USD", "50 by 2026", set()),
        ("2026", "USD", "send 2026 to Bob", {"price"}),
        ("20.11", "USD", "50 by 20.11", set()),
        ("20.11", "USD", "send 20.11 to Bob", {"price"}),
        ("4711", "USD", "pay invoice 4711", set()),
        ("4711", "USD", "pay invoice no. 4711", set()),
        ("4711", "USD", "pay $4711 on invoice 12", {"price", "currency"}),
        ("12", "USD", "pay $4711 on invoice 12", set()),
        ("50", "USD", "ｓｅｎｄ ５０", set()),
        ("50", "USD", "send 5O", set()),  # a letter
        ("50", "USD", "send fìfty", set()),
    ],
)
def test_money_is_found_with_its_currency(amount: str, currency: str, request_: str, found: set[str]) -> None:
    """An amount is found where it was written in that currency, or in none; a number of a date or a reference is no amount."""
    assert grounded_fields(booked(price=amount, currency=currency), request_) & {"price", "currency"} == found


def test_numbers_that_are_no_money_are_found_as_such() -> None:
    """What counts days is found where days are counted, and what weighs where it is weighed; a truth value nowhere."""
    found = grounded_fields(booked(days=3, weight="2.5", insured=True), "true: 3 days, 2.5 kg, for $50")
    assert found & {"days", "weight", "insured", "price"} == {"days", "weight"}


def test_a_list_is_found_where_all_of_it_is() -> None:
    """A list stands in a request where each of its items does, in whatever order."""
    three = booked(guests=["Carl", "Ann", "Bob"], deposits=["50", "20"])
    assert {"guests", "deposits"} <= grounded_fields(three, "50 each for Ann and Bob, 20 for Carl")
    assert not {"guests", "deposits"} & grounded_fields(three, "50 each for Ann and Bob")


_WORDS = st.sampled_from(["Alice", "Martin", "Bob", "Ann", "pay", "to", "the", "twice", "Rent", "O'Brien", "Ltd"])
_AROUND = st.sampled_from(["", "(", '"', "**", "- ", "@"])
_BEHIND = st.sampled_from(["", ".", ",", "!", ")", "'s", ":"])


@given(st.lists(_WORDS, max_size=4), st.lists(_WORDS, min_size=1, max_size=3), _AROUND, _BEHIND, st.lists(_WORDS, max_size=4))
def test_a_name_is_found_wherever_it_is_written(
    before: Sequence[str], name: Sequence[str], around: str, behind: str, after: Sequence[str]
) -> None:
    """A name is found in any text that holds it, however it is spelt and set off; not where letters or a break are in it."""
    action = transfer(to=" ".join(name))

    def found(written: str) -> bool:
        return "to" in grounded_fields(action, " ".join([*before, written, *after]))

    assert found(around + "  ".join(name).upper() + behind)
    alone = transfer(to=" ".join(name) + "x")
    assert "to" not in grounded_fields(alone, " ".join([*before, *name, *after]))
    if len(name) > 1 and not {*before, *after} & {*name}:
        assert not found(", ".join(name))


@given(st.integers(1, 10**9), st.sampled_from(["{}", "${}", "{} dollars", "USD {}", "{} each", "({})", "{}, please"]))
def test_an_amount_is_found_wherever_it_is_written_and_no_part_of_it(amount: int, form: str) -> None:
    """An amount is found in each form of it; what it begins or ends with, or goes on to, is not."""
    request_ = "send " + form.format(amount) + " to Bob"
    assert "price" in grounded_fields(booked(price=str(amount)), request_)
    for other in (f"{amount}0", f"1{amount}", str(amount)[1:].lstrip("0"), str(amount)[:-1], f"{amount}.5"):
        if other and other != str(amount):
            assert "price" not in grounded_fields(booked(price=other), request_)


def test_one_request_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many actions are looked for in a request, and however often, it is read only once."""
    readings: list[str] = []

    def read(text: str) -> frozenset[Amount]:
        readings.append(text)
        return frozenset()

    monkeypatch.setattr("signoff.grounding.amounts_in", read)
    for to in ("Alice", "Bob", "Alice"):
        grounded_fields(transfer(to=to), "a request that no other test makes")
    assert len(readings) == 1


def test_no_request_grounds_nothing() -> None:
    """Where no user wrote anything, no value comes from the user."""
    assert grounded_fields(TRANSFER, None) == frozenset()


def test_hostile_request_takes_linear_time() -> None:
    """A request as long as is accepted is searched at once, whatever it holds."""
    for piece in ("mallory ", "150 ", "one hundred and ", "$", "Ltd-", "5, ", "'s ", "\u0327\u0301" * 15 + "a"):
        assert "from" not in grounded_fields(TRANSFER, piece * (10_000 // len(piece)))
