"""Looking for an action and a context of which something is true, and that the compiled policy confirms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import z3

from signoff.actions import Action

from .decision import Context
from .logic import Number, Truth, every, negate, same
from .preferences import amounts, preferences
from .symbols import Symbols
from .texts import TextSymbol
from .witness import Witness

QUESTION_TIME = 10_000  # milliseconds for one question to the solver
DETAIL_TIME = 500  # milliseconds for one more about what was found
MAX_TRIES = 20  # of what was found and then not confirmed
SEED = 1
LARGE = 10**8  # of a currency's smallest unit

Confirm: TypeAlias = Callable[[Action, Context], bool]


class Ending(StrEnum):
    """How looking for an action ends."""

    NONE = "none"  # there is none
    FOUND = "found"  # there is one, and the compiled policy confirms it
    UNCONFIRMED = "unconfirmed"  # what was found the compiled policy does not confirm
    TIMEOUT = "timeout"  # the solver did not answer in time


@dataclass(frozen=True, kw_only=True)
class Found:
    """What looking for an action came to."""

    ending: Ending
    action: Action | None = None
    context: Context | None = None


@dataclass
class Search:
    """Looks for actions of one type; what is known of the symbols is told to the solver once."""

    symbols: Symbols
    currency: str | None  # that people would rather see
    _told: int = 0

    def __post_init__(self) -> None:
        self._solver = z3.SimpleSolver(ctx=self.symbols.space)
        self._solver.set("random_seed", SEED)

    def find(self, wanted: Truth, confirm: Confirm, *, everyday: bool = True) -> Found:
        """An action and a context of which *wanted* is true, and that *confirm* accepts; of *everyday* values where it can."""
        self._tell_constraints()
        self._solver.push()
        try:
            self._tell(wanted)
            return self._look(confirm, everyday)
        finally:
            self._solver.pop()

    def _look(self, confirm: Confirm, everyday: bool) -> Found:
        """Try what the solver finds, one after the other, until one is confirmed."""
        answer = self._check(QUESTION_TIME)
        if answer == z3.unsat:
            return Found(ending=Ending.NONE)
        for _ in range(MAX_TRIES):
            if answer == z3.unknown:
                return Found(ending=Ending.TIMEOUT)
            if answer == z3.unsat:  # all the rest was tried
                break
            first = self._solver.model()
            for model in self._models(first, everyday):
                situation = Witness(self.symbols, model).situation()
                if situation is not None and confirm(*situation):
                    return Found(ending=Ending.FOUND, action=situation[0], context=situation[1])
            self._tell(negate(every(*self._features(first))))
            answer = self._check(QUESTION_TIME)
        return Found(ending=Ending.UNCONFIRMED)

    def _models(self, first: z3.ModelRef, everyday: bool) -> Iterator[z3.ModelRef]:
        """What the solver found; the same as people would rather see it, before that where it is wanted; and with more money."""
        if not everyday:
            yield first
        yield self._everyday(first)
        if everyday:
            yield first
        yield self._large(first)

    def _large(self, model: z3.ModelRef) -> z3.ModelRef:
        """The same with sums of money that are not small, as far as that can be."""
        depth = 0
        for number in amounts(self.symbols):
            found = self._also(number.compared(">=", Number(LARGE, number.parts_of_one)), model)
            depth, model = (depth, model) if found is None else (depth + 1, found)
        self._forget(depth)
        return model

    def _everyday(self, model: z3.ModelRef) -> z3.ModelRef:
        """The same as people would rather see it, as far as that can be."""
        depth = 0
        for truth in preferences(self.symbols, self.currency):
            found = self._also(truth, model)
            depth, model = (depth, model) if found is None else (depth + 1, found)
        for number in amounts(self.symbols):
            low, high = 1, _value(model, number)
            while low < high:
                middle = (low + high) // 2
                found = self._also(number.compared("<=", Number(middle, number.parts_of_one)), model)
                if found is None:
                    low = middle + 1
                else:
                    depth, model = depth + 1, found
                    high = _value(model, number)
        self._forget(depth)
        return model

    def _also(self, truth: Truth, model: z3.ModelRef) -> z3.ModelRef | None:
        """A model of which *truth* is true too, and which is told to the solver then; None where there is none in time."""
        self._solver.push()
        self._tell(truth)
        if truth is True or (truth is not False and z3.is_true(model.eval(truth, True))):
            return model
        if self._check(DETAIL_TIME) == z3.sat:
            return self._solver.model()
        self._solver.pop()
        return None

    def _forget(self, depth: int) -> None:
        for _ in range(depth):
            self._solver.pop()

    def _features(self, model: z3.ModelRef) -> Iterator[Truth]:
        """What tells one try from another: everything but numbers."""
        for made in self.symbols.made.values():
            if isinstance(made, z3.BoolRef):
                yield same(made, z3.is_true(model.eval(made, True)))
            elif isinstance(made, TextSymbol) and not isinstance(made.index, int):
                found = model.eval(made.index, True)
                assert isinstance(found, z3.IntNumRef)
                yield made.index == found.as_long()

    def _tell_constraints(self) -> None:
        for constraint in self.symbols.constraints[self._told :]:
            self._tell(constraint)
        self._told = len(self.symbols.constraints)

    def _tell(self, truth: Truth) -> None:
        if truth is not True:
            self._solver.add(z3.BoolVal(False, self.symbols.space) if truth is False else truth)

    def _check(self, time: int) -> z3.CheckSatResult:
        self._solver.set("timeout", time)
        return self._solver.check()


def _value(model: z3.ModelRef, number: Number) -> int:
    if isinstance(number.parts, int):
        return number.parts
    found = model.eval(number.parts, True)
    assert isinstance(found, z3.IntNumRef)
    return found.as_long()
