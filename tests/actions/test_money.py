"""Amounts: exact decimals from plain text or integers, nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import format_money, read_decimal
from signoff.actions.money import MAX_MINOR_UNITS, check_money, currency_decimals, from_minor_units, to_minor_units, write_money

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    "value",
    [
        "1_000",
        "1,000",
        "1e3",
        "1E3",
        " 5 ",
        "5 ",
        "5\n",
        "１５０",
        "٣",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "",
        "+5",
        "05",
        ".5",
        "5.",
        1.5,
        float("nan"),
        float("inf"),
        True,
        False,
        None,
        [],
        ["5"],
        {},
        b"5",
        10**18,
        Decimal("NaN"),
        Decimal("-Infinity"),
    ],
    ids=ascii,
)
def test_what_is_no_plain_decimal_is_refused(value: object) -> None:
    """Everything but plain ASCII decimal text, integers and finite decimals is refused, and the error says what to write."""
    with pytest.raises(ValueError, match=r'such as "150\.00"'):
        read_decimal(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [("150.00", "150.00"), ("0", "0"), ("-1.5", "-1.5"), (150, "150"), (Decimal("2.50"), "2.50"), (Decimal("1E+2"), "100")],
)
def test_plain_decimals_are_read_exactly(value: object, number: str) -> None:
    """Plain text, integers and decimals become the very number that was written."""
    assert str(read_decimal(value)) == number


def test_there_is_one_zero() -> None:
    """Minus zero is read as zero, so that equal numbers have equal texts."""
    assert str(read_decimal("-0.0")) == "0.0"


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("0", "USD", "more than 0"),
        ("-0.01", "USD", "more than 0"),
        ("1.005", "USD", r"more decimals than USD has \(2\)"),
        ("1.000", "USD", r"more decimals than USD has \(2\)"),
        ("150.5", "JPY", r"more decimals than JPY has \(0\)"),
        ("90071992547409.92", "USD", r"larger than 90,071,992,547,409\.91 USD"),
        ("1", "usd", '"usd" is not a currency code'),
        ("1", "XXX", '"XXX" is not a currency code'),
    ],
)
def test_what_is_no_amount_is_refused(amount: str, currency: str, reason: str) -> None:
    """An amount is more than zero, fits the currency's decimals and the ledger, and the currency exists."""
    with pytest.raises(ValueError, match=reason):
        check_money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "text", "shown"),
    [
        ("150", "USD", "150.00", "150.00 USD"),
        ("1000.5", "USD", "1000.50", "1,000.50 USD"),
        ("150", "JPY", "150", "150 JPY"),
        ("1500", "KWD", "1500.000", "1,500.000 KWD"),
        ("0.0001", "CLF", "0.0001", "0.0001 CLF"),
    ],
)
def test_amounts_are_written_with_their_currency_s_decimals(amount: str, currency: str, text: str, shown: str) -> None:
    """Canonical text and text for people have the decimals of the currency."""
    assert (write_money(Decimal(amount), currency), format_money(Decimal(amount), currency)) == (text, shown)


@given(st.integers(1, MAX_MINOR_UNITS), CURRENCIES)
def test_minor_units_are_exact(units: int, currency: str) -> None:
    """From minor units to text and back no unit is lost, up to the largest amount."""
    text = write_money(from_minor_units(units, currency), currency)
    assert to_minor_units(read_decimal(text), currency) == units


@pytest.mark.parametrize(
    ("code", "decimals"), [("USD", 2), ("JPY", 0), ("ISK", 0), ("TND", 3), ("UYW", 4), ("XCG", 2), ("ZWG", 2)]
)
def test_currencies_have_the_decimals_of_iso_4217(code: str, decimals: int) -> None:
    """The number of decimals is the one that ISO 4217's list of 2026 states."""
    assert currency_decimals(code) == decimals


@pytest.mark.parametrize("code", ["BGN", "HRK", "ANG", "XAU", "XTS", "", "ＵＳＤ", "us"])
def test_what_is_no_active_currency_is_refused(code: str) -> None:
    """Withdrawn currencies, metals, test codes and other text are no currencies."""
    with pytest.raises(ValueError, match="is not a currency code of ISO 4217"):
        currency_decimals(code)
