"""Groundedness: which values of an action the user really wrote."""

import pytest

from signoff.actions import Action, bank_registry
from signoff.grounding import grounded_fields
from signoff.planner import Amount


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
    ],
)
def test_an_amount_is_found_where_it_was_written_as_a_whole(amount: str, request_: str, found: bool) -> None:
    """A part of a number, or a number beside a word that changes it, is not an amount that the user wrote."""
    assert ("amount" in grounded_fields(transfer(amount=amount), request_)) is found


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
