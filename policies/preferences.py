"""What people would rather see in a counterexample, where it makes no difference: everyday values, in this order."""

from collections.abc import Iterator

from z3 import BoolRef

from .logic import Number, Truth, compare, negate
from .sources import NONE
from .symbols import Clock, Counted, Symbols
from .texts import TextSymbol
from .witness import SOMEBODY, USUAL


def preferences(symbols: Symbols, currency: str | None) -> Iterator[Truth]:
    """What is tried to be so, one after the other; *currency* is the policy's."""
    yield from (negate(truth) for _, truth in symbols.having("opaque", BoolRef))
    for _, length in symbols.having("length", Number):
        yield length.compared("==", Number(len(SOMEBODY)))
        yield length.compared(">=", Number(max(map(len, symbols.texts), default=0)))
    yield from (known for _, known in symbols.having("known", BoolRef))
    for _, clock in symbols.having("clock", Clock):
        yield compare("==", clock.day.day, USUAL.toordinal())
        yield compare("==", clock.hour, USUAL.hour)
    yield from (size.compared("==", Number(1)) for _, size in symbols.having("plan.size", Number))
    yield from (counted.known for _, counted in symbols.having("counter", Counted))
    yield from (requested for _, requested in symbols.having("requested", BoolRef))
    for _, source in symbols.having("source", TextSymbol):
        yield source.among(source.places[NONE])
        yield source.other
    yield from (negate(disputed) for _, disputed in symbols.having("disputed", BoolRef))
    for _, text in symbols.having("text", TextSymbol):
        yield text.among([text.values.index(currency)]) if currency in text.values and not text.others else text.other
    yield from (actor.other for _, actor in symbols.having("actor", TextSymbol))
    for what in ("given", "holds", "truth"):
        yield from (negate(truth) for _, truth in symbols.having(what, BoolRef))
    yield from (size.compared("<=", Number(2)) for _, size in symbols.having("size", Number))


def amounts(symbols: Symbols) -> Iterator[Number]:
    """What should be as small as it can: sums of money."""
    for (name,), number in symbols.having("number", Number):
        if symbols.fields[name].currency is not None:
            yield number
