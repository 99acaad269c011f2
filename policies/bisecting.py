"""Rules that differ only in the number that they compare the same thing with: one search instead of many comparisons.

when: amount > 100                          m += t[bisect_left(k, amount)]
when: amount > 250                          # k: (100, 250, 900), t: nothing, the first, the first two, all three
when: amount > 900
"""

import ast
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from .decision_table import Marks
from .lowering import Lowering
from .python_nodes import PLACE

MIN_SORTED = 4  # rules that compare the same thing: fewer are asked one after the other

Alike: TypeAlias = tuple[object, ...]  # equal for what is compared under the same conditions in the same direction
Mark: TypeAlias = Callable[[Marks, slice], int]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A rule's last condition, where it compares something with a number."""

    alike: Alike
    guards: tuple[ast.expr, ...]  # the conditions before it
    value: ast.expr  # what is compared
    comparator: type[ast.cmpop]
    number: Decimal | int


def limit_of(parts: Sequence[ast.expr], lowering: Lowering) -> Limit | None:
    """The limit of a rule with the conditions *parts*; None where it ends with something else."""
    match parts[-1] if parts else None:
        case ast.Compare(
            left=value, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE() as comparator], comparators=[ast.Name(id=bound)]
        ):
            number = lowering.names.get(bound)
            if isinstance(number, Decimal | int) and not isinstance(number, bool):
                alike = (type(comparator), *map(structure, (value, *parts[:-1])))
                return Limit(alike=alike, guards=tuple(parts[:-1]), value=value, comparator=type(comparator), number=number)
    return None


def search(found: Sequence[tuple[int, Limit]], mark: Mark, lowering: Lowering) -> ast.expr:
    """The expression for the marks of those of the rules *found*, all alike, whose comparison holds."""
    ordered = sorted(found, key=lambda one: one[1].number)
    rules = tuple(rule for rule, _ in ordered)
    first = found[0][1]
    upper = first.comparator in (ast.Gt, ast.GtE)  # it holds for all numbers up to a place, else from one on
    places = range(len(rules) + 1)
    held = [slice(0, place) if upper else slice(place, None) for place in places]
    marks = tuple((mark(rules, part),) if rules[part] else () for part in held)
    side = bisect_left if first.comparator in (ast.Gt, ast.LtE) else bisect_right
    numbers = lowering.bind(tuple(limit.number for _, limit in ordered))
    place = ast.Call(lowering.bind(side), [numbers, first.value], [], **PLACE)
    return ast.Subscript(lowering.bind(marks), place, ast.Load(), **PLACE)


def structure(node: object) -> object:
    """Equal for expressions that are the same."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.AST():
            return (type(node), *[structure(getattr(node, name)) for name in node._fields if name != "ctx"])
        case list():
            return tuple(map(structure, node))
    return node
