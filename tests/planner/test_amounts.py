import pytest

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
    ["1,50", "1.500", "1,5000", "-50", ".50", "$.50", "CA$50", "x50", "50th", "50%", "50/2", "#50", "007", "$5 euros", "1.5kk",
     "five fifty dollars", "２０", "a dollar", "9" * 40, "1.2.3"],
)  # fmt: skip
def test_leaves_what_can_be_read_in_two_ways(text: str) -> None:
    """What is no amount, or could be two different ones, is never read as one as a whole."""
    assert [token.part for token in read_amounts(tokenize(text))] != [Part.AMOUNT]


def test_two_amounts_stay_two() -> None:
    """An "and" that begins something new does not join two amounts."""
    assert amounts("one hundred and deposit forty") == [("100", None), ("40", None)]
    assert amounts("four and sixty seven dollars") == [("4", None), ("67", "USD")]
