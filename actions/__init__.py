"""Typed actions: what can be done, and the code that does it."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .bank import bank_registry as bank_registry
    from .decorator import action as action
    from .effect import INSIDE as INSIDE
    from .effect import RETRIED as RETRIED
    from .effect import Effect as Effect
    from .effect import Retry as Retry
    from .field import Field as Field
    from .field import Kind as Kind
    from .ledger import check_ledger as check_ledger
    from .model import Action as Action
    from .model import Execution as Execution
    from .model import Lookup as Lookup
    from .model import Transaction as Transaction
    from .model import problems_of as problems_of
    from .money import MAX_MINOR_UNITS as MAX_MINOR_UNITS
    from .money import Money as Money
    from .money import currency_codes as currency_codes
    from .money import currency_decimals as currency_decimals
    from .money import format_money as format_money
    from .money import from_minor_units as from_minor_units
    from .money import read_decimal as read_decimal
    from .money import write_money as write_money
    from .redacting import Redaction as Redaction
    from .registry import Migration as Migration
    from .registry import Registry as Registry
    from .run import Ending as Ending
    from .run import Result as Result
    from .run import ask_action as ask_action
    from .run import run_action as run_action
    from .secret import MAX_SECRET as MAX_SECRET
    from .secret import NAME as NAME
    from .secret import Names as Names
    from .secret import Secret as Secret
    from .secret import reference_schema as reference_schema
    from .secret import secrets_in as secrets_in
    from .secret import with_secrets as with_secrets
    from .text import REFERENCE as REFERENCE
    from .text import fold_name as fold_name
    from .text import show_field as show_field
    from .text import show_text as show_text
    from .timed import Call as Call

__all__ = [
    "INSIDE",
    "MAX_MINOR_UNITS",
    "MAX_SECRET",
    "NAME",
    "REFERENCE",
    "RETRIED",
    "Action",
    "Call",
    "Effect",
    "Ending",
    "Execution",
    "Field",
    "Kind",
    "Lookup",
    "Migration",
    "Money",
    "Names",
    "Redaction",
    "Registry",
    "Result",
    "Retry",
    "Secret",
    "Transaction",
    "action",
    "ask_action",
    "bank_registry",
    "check_ledger",
    "currency_codes",
    "currency_decimals",
    "fold_name",
    "format_money",
    "from_minor_units",
    "problems_of",
    "read_decimal",
    "reference_schema",
    "run_action",
    "secrets_in",
    "show_field",
    "show_text",
    "with_secrets",
    "write_money",
]

__getattr__ = front_door(
    __name__,
    {
        "effect": ["INSIDE", "RETRIED", "Effect", "Retry"],
        "field": ["Field", "Kind"],
        "model": ["Action", "Execution", "Lookup", "Transaction", "problems_of"],
        "bank": ["bank_registry"],
        "decorator": ["action"],
        "ledger": ["check_ledger"],
        "money": [
            *("MAX_MINOR_UNITS", "Money", "currency_codes", "currency_decimals", "format_money", "from_minor_units"),
            *("read_decimal", "write_money"),
        ],
        "redacting": ["Redaction"],
        "registry": ["Migration", "Registry"],
        "run": ["Ending", "Result", "ask_action", "run_action"],
        "secret": ["MAX_SECRET", "NAME", "Names", "Secret", "reference_schema", "secrets_in", "with_secrets"],
        "text": ["REFERENCE", "fold_name", "show_field", "show_text"],
        "timed": ["Call"],
    },
)
