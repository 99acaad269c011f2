from decimal import Decimal

import pytest

from signoff.planner import Amount, amounts_in, numbers_in
from signoff.planner.amounts import read_amounts
from signoff.planner.tokens import Part, tokenize


def amounts(text: str) -> list[tuple[str, str | None]]:
    """The amounts read in *text*, each as decimal text with its currency."""
    return [(f"{token.amount:f}", token.currency) for token in read_amounts(tokenize(text)) if token.amount is not None]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$150", "150", "USD"),
        ("$ 150", "150", "USD"),
        ("150 dollars", "150", "USD"),
        ("150 USD", "150", "USD"),
        ("150usd", "150", "USD"),
        ("$150 dollars", "150", "USD"),
        ("50$", "50", "USD"),
        ("US$50", "50", "USD"),
        ("USD 50", "50", "USD"),
        ("EUR50", "50", "EUR"),
        (".5", "0.5", None),
        ("$.50", "0.50", "USD"),
        ("€20", "20", "EUR"),
        ("20 €", "20", "EUR"),
        ("£9.5", "9.5", "GBP"),
        ("1,500.00", "1500.00", None),
        ("€1.500,00", "1500.00", "EUR"),
        ("1.5k", "1500.0", None),
        ("2K", "2000", None),
        ("2 grand", "2000", None),
        ("2000", "2000", None),
        ("seventy dollars", "70", "USD"),
        ("seventy-five bucks", "75", "USD"),
        ("one hundred and seventy five bucks", "175", "USD"),
        ("a hundred and fifty", "150", None),
        ("fifteen hundred", "1500", None),
        ("ten thousand", "10000", None),
        ("two hundred thousand", "200000", None),
        ("two thousand and twenty", "2020", None),
        ("twenty dollars and fifty cents", "20.5", "USD"),
        ("fifty cents", "0.5", "USD"),
        ("a dollar", "1", "USD"),
        ("20 us dollars", "20", "USD"),
        ("1500 dollars usd", "1500", "USD"),
        ("one hundered and fourty dollars", "140", "USD"),
        ("0", "0", None),
    ],
)
def test_reads_amounts(text: str, amount: str, currency: str | None) -> None:
    """Amounts in figures and in words are read exactly, with the currency that is written."""
    (token,) = read_amounts(tokenize(text))
    assert (token.part, token.text) == (Part.AMOUNT, text)
    assert amounts(text) == [(amount, currency)]


@pytest.mark.parametrize(
    "text",
    ["1,50", "1.500", "1,5000", "-50", "CA$50", "A$50", "HK$50", "x50", "50th", "50%", "50/2", "#50", "007", "$5 euros", "1.5kk",
     "five fifty dollars", "２０", "a pound", "9" * 40, "1.2.3", "$50 CAD"],
)  # fmt: skip
def test_leaves_what_can_be_read_in_two_ways(text: str) -> None:
    """What is no amount, or could be two different ones, is never read as one as a whole."""
    assert [token.part for token in read_amounts(tokenize(text))] != [Part.AMOUNT]


def test_two_amounts_stay_two() -> None:
    """An "and" that begins something new does not join two amounts."""
    assert amounts("one hundred and deposit forty") == [("100", None), ("40", None)]
    assert amounts("four and sixty seven dollars") == [("4", None), ("67", "USD")]


@pytest.mark.parametrize(
    "text",
    ["five fifty", "1 500", "$5 50", "+1 555 123", "IBAN DE89 3704 0044", "one million two hundred thousand", "1 million 200",
     "one million and two hundred thousand", "five dollars and fifty", "5, 500", "$1, 200", "1'500", "10:30", "25+25"],
)  # fmt: skip
def test_no_part_of_an_unreadable_number_is_read(text: str) -> None:
    """Where numbers stand together and cannot be read as one, none of them is read alone."""
    assert amounts(text) == []


@pytest.mark.parametrize(
    "text",
    ["half a million", "a quarter of a million", "a million and a half", "$5 billion", "5 bn", "2 lakh", "3 dozen",
     "50 percent", "50 percent of 100", "50 % of 100", "half of 100", "5 ½", "2 times", "$50 per month", "the 10k run",
     "one of them", "half a dollar", "fourtyish dollars"],
)  # fmt: skip
def test_words_that_make_another_number_are_not_overlooked(text: str) -> None:
    """A number beside a scale, a share or a rate is not what it would be alone."""
    assert amounts(text) == []


@pytest.mark.parametrize(
    ("text", "amount"),
    [("(50 dollars)", "50"), ("50: lunch", "50"), ("amount=50", "50"), ('"50"', "50"), ("**$50**", "50"), ("~50", "50"),
     ("50,- please", "50"), ("a\n50\n60 b", "50"), ("5, 60", "5"), ("$5, $500", "5")],
)  # fmt: skip
def test_marks_around_a_number_do_not_hide_it(text: str, amount: str) -> None:
    """Brackets, quotes, stars and the like stand beside a number, and are no part of it."""
    assert amount in {found for found, _ in amounts(text)}


def test_amounts_in_a_text_keep_their_currency() -> None:
    """The amounts of a text come with the currency that is written, and without one where there is none."""
    assert amounts_in("send $50, 60 euros or seventy") == {
        Amount(Decimal(50), "USD"),
        Amount(Decimal(60), "EUR"),
        Amount(Decimal(70), None),
    }


@pytest.mark.parametrize(
    "text",
    ["on 20 May", "on May 20", "20 of November", "by 20.11", "in 3 days", "by 2026", "invoice 4711", "account no. 12", "room 7"],
)
def test_numbers_of_dates_and_references_are_no_amounts(text: str) -> None:
    """A number of a date, a time or a reference is a number that the text names, and no amount of money."""
    assert amounts_in(f"{text}: send $50") == {Amount(Decimal(50), "USD")}
    assert amounts_in(f"send 50 dollars to May {text}") == {Amount(Decimal(50), "USD")}


def test_numbers_are_all_that_are_counted() -> None:
    """Every number that is read is one, whatever it counts."""
    assert numbers_in("a room for 3 days at $50, invoice 4711") == {Decimal(3), Decimal(50), Decimal(4711)}
