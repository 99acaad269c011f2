"""Truths and whole numbers that may be known, or stand for all that they can be: Python's own, or expressions of z3.

What is known is worked out at once, so that no more than the rest becomes an expression. This module imports z3, which
is an optional extra: it is imported only where something is to be proved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from z3 import And, ArithRef, BoolRef, If, Not, Or

from .syntax import Comparator

Truth: TypeAlias = bool | BoolRef
Whole: TypeAlias = int | ArithRef

_SIGNS = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def every(*parts: Truth) -> Truth:
    """Whether all of *parts* are true."""
    unknown: list[BoolRef] = []
    for part in parts:
        if part is False:
            return False
        if not isinstance(part, bool):
            unknown.append(part)
    return And(unknown) if len(unknown) > 1 else unknown[0] if unknown else True


def some(*parts: Truth) -> Truth:
    """Whether one of *parts* is true, or more."""
    unknown: list[BoolRef] = []
    for part in parts:
        if part is True:
            return True
        if not isinstance(part, bool):
            unknown.append(part)
    return Or(unknown) if len(unknown) > 1 else unknown[0] if unknown else False


def negate(part: Truth) -> Truth:
    """Whether *part* is false."""
    return not part if isinstance(part, bool) else Not(part)


def implies(condition: Truth, part: Truth) -> Truth:
    """Whether *part* is true wherever *condition* is."""
    return some(negate(condition), part)


def same(one: Truth, other: Truth) -> Truth:
    """Whether both are true, or both false."""
    if isinstance(one, bool):
        return other if one else negate(other)
    if isinstance(other, bool):
        return one if other else negate(one)
    return one == other


def compare(sign: str, left: Whole, right: Whole) -> Truth:
    """`left < right` and the like."""
    found: Truth = _SIGNS[sign](left, right)
    return found


def within(index: Whole, numbers: Iterable[int]) -> Truth:
    """Whether *index* is one of *numbers*: asked for as ranges, which are few where neighbours belong together."""
    return some(*(index == low if low == high else every(index >= low, index <= high) for low, high in _ranges(numbers)))


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


@dataclass(frozen=True)
class Number:
    """An exact number: so many parts, of which `parts_of_one` make one."""

    parts: Whole
    parts_of_one: int = 1

    @classmethod
    def of(cls, value: Fraction) -> "Number":
        """A number that is known."""
        return cls(value.numerator, value.denominator)

    @property
    def known(self) -> Fraction | None:
        """Its value, where it is known."""
        return Fraction(self.parts, self.parts_of_one) if isinstance(self.parts, int) else None

    def __add__(self, other: "Number") -> "Number":
        left, right, scale = _aligned(self, other)
        return Number(left + right, scale)

    def __neg__(self) -> "Number":
        return Number(-self.parts, self.parts_of_one)

    def times(self, factor: Fraction) -> "Number":
        """It, multiplied by a number that is known."""
        return Number(self.parts * factor.numerator, self.parts_of_one * factor.denominator)

    def compared(self, sign: Comparator, other: "Number") -> Truth:
        """`self < other` and the like."""
        left, right, _ = _aligned(self, other)
        return compare(sign, left, right)


def choose(condition: Truth, first: Number, second: Number) -> Number:
    """The first number where *condition* is true, else the second."""
    if isinstance(condition, bool):
        return first if condition else second
    left, right, scale = _aligned(first, second)
    return Number(If(condition, left, right), scale)  # type: ignore[arg-type]  # z3 takes Python's whole numbers too


def chosen(cases: Sequence[tuple[Truth, Number]], otherwise: Number) -> Number:
    """The number of the first case that is true."""
    for condition, number in reversed(cases):
        otherwise = choose(condition, number, otherwise)
    return otherwise


def _aligned(one: Number, other: Number) -> tuple[Whole, Whole, int]:
    scale = lcm(one.parts_of_one, other.parts_of_one)
    left, right = scale // one.parts_of_one, scale // other.parts_of_one
    return one.parts if left == 1 else one.parts * left, other.parts if right == 1 else other.parts * right, scale
