"""Amounts of money: exact decimals, each in a currency that decides how many decimals it has."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

MAX_MINOR_UNITS = 2**53 - 1  # so that an amount fits a JSON integer and SQLite's 64 bits, sums included

# ISO 4217 (list one, 2026): the active currencies by their number of decimals.
_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY "
    "COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR "
    "IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD "
    "NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
    "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_CURRENCIES = {code: decimals for decimals, codes in _DECIMALS.items() for code in codes.split()}

_SHOWN = 40  # characters of a wrong value that an error repeats
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", re.ASCII)


@dataclass(frozen=True)
class Money:
    """Marks a Decimal field as an amount of money, more than zero.

    `Annotated[Decimal, Money("currency")]` reads: in the currency that the field `currency` names.
    """

    currency: str  # the wire name of the sibling field that holds the ISO 4217 code


def currency_decimals(code: str) -> int:
    """The number of decimals of the currency *code*: 2 for USD, 0 for JPY. Raises ValueError for an unknown code."""
    if code not in _CURRENCIES:
        raise ValueError(f'"{code[:_SHOWN]}" is not a currency code of ISO 4217; write one such as USD')
    return _CURRENCIES[code]


@cache
def currency_codes() -> tuple[str, ...]:
    """All currencies of ISO 4217 that amounts can be in, those with two decimals first."""
    return tuple(sorted(_CURRENCIES, key=lambda code: (_CURRENCIES[code] != 2, code)))


def read_decimal(value: object) -> Decimal:
    """The exact decimal that *value* is: a Decimal, an integer, or ASCII text such as "150.00".

    Raises ValueError for everything else: floats, booleans, exponents, separators, spaces, NaN, infinities.
    """
    match value:
        case bool() | float():
            raise ValueError(f'must be a decimal written as text, such as "150.00", not {_name(value)}')
        case Decimal() if value.is_finite():
            text = f"{value:f}"
        case int():
            text = str(value) if abs(value) < 10**18 else "too long"
        case str():
            text = value
        case _:
            raise ValueError(f'must be a decimal written as text, such as "150.00", not {_name(value)}')
    if not _DECIMAL.fullmatch(text):
        raise ValueError('must be plain decimal text such as "150.00": ASCII digits and one point, nothing else')
    number = Decimal(text)
    return number if number else number.copy_abs()  # there is one zero


def check_money(amount: Decimal, currency: str) -> None:
    """Raises ValueError unless *amount* is more than zero, has no more decimals than *currency*, and is not too large."""
    decimals = currency_decimals(currency)
    if amount <= 0:
        raise ValueError("must be more than 0")
    if -int(amount.as_tuple().exponent) > decimals:  # zeros count too: to many readers "1.000" is a thousand
        raise ValueError(f"has more decimals than {currency} has ({decimals}); leave them out")
    if amount.scaleb(decimals) > MAX_MINOR_UNITS:
        raise ValueError(f"is larger than {format_money(from_minor_units(MAX_MINOR_UNITS, currency), currency)}")


def write_money(amount: Decimal, currency: str) -> str:
    """The canonical text of *amount*: `150.00` for USD, `150` for JPY."""
    return f"{amount:.{currency_decimals(currency)}f}"


def write_decimal(number: Decimal) -> str:
    """The canonical text of a *number* that is no money: equal numbers have equal texts."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_money(amount: Decimal, currency: str) -> str:
    """*amount* for a person: `1,000.00 USD`."""
    return f"{amount:,.{currency_decimals(currency)}f} {currency}"


def to_minor_units(amount: Decimal, currency: str) -> int:
    """*amount* as a whole number of the currency's smallest unit: 150.00 USD is 15000."""
    check_money(amount, currency)
    return int(amount.scaleb(currency_decimals(currency)))


@cache
def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-currency_decimals(currency))


def from_minor_units(units: int, currency: str) -> Decimal:
    """The amount that *units* of the currency's smallest unit are: 15000 of USD is 150.00."""
    return units * _unit(currency)


def _name(value: object) -> str:
    """What *value* is in JSON, for people."""
    names = {bool: "a truth value", float: "a number with a point", list: "a list", tuple: "a list"}
    return "null" if value is None else "an object" if isinstance(value, dict) else names.get(type(value), type(value).__name__)
