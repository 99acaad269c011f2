"""What is certain of a condition before any action is seen: that it is true for all of them, or for none."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

from signoff.actions import Field, Kind

from .syntax import And, Call, Comparator, Comparison, Expression, Has, Known, Name, Not, Number, Or, Texts, Truth

Fields: TypeAlias = Mapping[str, Field]

_LEAST_MONEY = Decimal("0.0001")  # amounts are more than zero, and no currency has more than four decimals
_LAST_HOUR = 23
_TURNED: dict[Comparator, Comparator] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "in": "in", "not in": "not in",
}  # fmt: skip


def certain(tree: Expression, fields: Fields) -> bool | None:
    """What *tree* is for every action with *fields*; None where that depends on the action."""
    match tree:
        case Truth(value=value):
            return value
        case Has(field=name):
            found = fields.get(name.name)
            return False if found is None else None if found.optional else True
        case Not(operand=operand):
            inner = certain(operand, fields)
            return None if inner is None else not inner
        case And(operands=operands):
            return _joined([certain(operand, fields) for operand in operands], ends=False)
        case Or(operands=operands):
            return _joined([certain(operand, fields) for operand in operands], ends=True)
        case Comparison(operands=operands, comparators=comparators):
            pairs = zip(comparators, pairwise(operands), strict=True)
            return _joined([_pair(comparator, left, right, fields) for comparator, (left, right) in pairs], ends=False)
    return None


def _joined(parts: list[bool | None], *, ends: bool) -> bool | None:
    """`and` (*ends* at false) or `or` (*ends* at true) over what is certain of its parts."""
    if ends in parts:
        return ends
    return None if None in parts else not ends


def _pair(comparator: Comparator, left: Expression, right: Expression, fields: Fields) -> bool | None:
    if comparator in ("in", "not in"):
        return comparator == "not in" if isinstance(right, Texts) and not right.values else None
    if isinstance(left, Number):
        comparator, left, right = _TURNED[comparator], right, left
    if not isinstance(right, Number):
        return None
    if isinstance(left, Known) and left.name == "now.hour" and right.value >= _LAST_HOUR:
        beyond = right.value > _LAST_HOUR
        match comparator:
            case ">" | "<=":
                return comparator == "<="
            case ">=" | "==" | "<" | "!=" if beyond:
                return comparator in ("<", "!=")
    least = least_value(left, fields)
    if least is None:
        return None
    match comparator:
        case "<" if right.value <= least:
            return False
        case "<=" | "==" if right.value < least:
            return False
        case ">" | "!=" if right.value < least:
            return True
        case ">=" if right.value <= least:
            return True
    return None


def least_value(tree: Expression, fields: Fields) -> Decimal | None:
    """The least value that *tree* can have, where it has one."""
    match tree:
        case Known(name="plan.size"):
            return Decimal(1)
        case Known(name="now.hour") | Call(function="len"):
            return Decimal(0)
        case Name(name=name) if (found := fields.get(name)) and found.kind is Kind.MONEY and not found.many:
            return _LEAST_MONEY
    return None
