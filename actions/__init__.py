"""Typed actions: what can be done, and the code that does it."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .decorator import action as action
    from .model import Action as Action
    from .model import Effect as Effect
    from .model import Execution as Execution
    from .model import Field as Field
    from .model import Kind as Kind
    from .model import Lookup as Lookup
    from .model import Transaction as Transaction
    from .model import problems_of as problems_of
    from .money import Money as Money
    from .money import format_money as format_money
    from .money import read_decimal as read_decimal
    from .registry import Migration as Migration
    from .registry import Registry as Registry
    from .text import fold_name as fold_name
    from .text import show_text as show_text

__all__ = [
    "Action",
    "Effect",
    "Execution",
    "Field",
    "Kind",
    "Lookup",
    "Migration",
    "Money",
    "Registry",
    "Transaction",
    "action",
    "fold_name",
    "format_money",
    "problems_of",
    "read_decimal",
    "show_text",
]

__getattr__ = front_door(
    __name__,
    {
        "model": ["Action", "Effect", "Execution", "Field", "Kind", "Lookup", "Transaction", "problems_of"],
        "decorator": ["action"],
        "money": ["Money", "format_money", "read_decimal"],
        "registry": ["Migration", "Registry"],
        "text": ["fold_name", "show_text"],
    },
)
