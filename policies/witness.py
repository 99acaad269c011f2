"""From what a solver found back to a real action and a real context."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from itertools import chain, count, islice

import z3
from pydantic import ValidationError

from signoff.actions import Action, Field, Kind, Secret, from_minor_units
from signoff.actor import Actor

from .dates import time_zone
from .decision import Context, CounterValue
from .logic import Number, Whole
from .situations import ELSEWHERE
from .sources import NONE, REQUEST
from .symbols import DECIMALS, Clock, Counted, Symbols
from .texts import TextSymbol
from .world import fold

MAX_LISTED = 100  # values that a field of several is given at most
_SPARE = 987_654_321  # a number that no rule asks for
USUAL = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday morning, where nothing else is asked for
SOMEBODY = "Somebody"  # a text that no rule names


@dataclass(frozen=True)
class Witness:
    """What a model says, as values."""

    symbols: Symbols
    model: z3.ModelRef

    def situation(self) -> tuple[Action, Context] | None:
        """The action and the context; None where no such action can be made."""
        try:
            wire = {name: value for name, found in self._fields() if (value := self._value(found)) is not None}
            action = self.symbols.action.model_validate({"type": self.symbols.type_} | wire, by_alias=True, by_name=False)
            return action, self._context()
        except (ValidationError, ValueError, OverflowError):
            return None

    def _fields(self) -> list[tuple[str, Field]]:
        return list(self.symbols.fields.items())

    def _context(self) -> Context:
        actor = self._made("actor")
        requested = (name for name in self.symbols.fields if self._is_true(self._made("requested", name)))
        size = self._made("plan.size")
        return Context(
            actor=Actor(id=self._actor(actor) if isinstance(actor, TextSymbol) else SOMEBODY.lower()),
            grounded=frozenset(requested),
            plan_size=int(self._number(size)) if isinstance(size, Number) else 1,
            now=self._now(),
            counters=dict(self._counters()),
            sources=dict(self._sources()),
            trusted=frozenset(name for name in self.symbols.fields if self._is_true(self._made("trusted", name))),
            disputed=self._is_true(self._made("disputed")),
        )

    def _value(self, found: Field) -> object:
        """The value of a field; None leaves it out."""
        given = self._made("given", found.name)
        asked = any(key[1:2] == (found.name,) for key in self.symbols.made)
        info = self.symbols.action.model_fields[found.attribute]
        if (given is not None and not self._is_true(given)) or (not asked and not info.is_required()):
            return None
        if found.many:
            return self._several(found)
        return self._one(found)

    def _one(self, found: Field) -> object:
        match found.kind:
            case Kind.BOOLEAN:
                return self._is_true(self._made("truth", found.name))
            case Kind.TEXT | Kind.CURRENCY:
                return self._text(found)
            case Kind.SECRET:
                return Secret.reference((*found.choices, "SECRET")[0])
        number = self._made("number", found.name)
        value = self._number(number) if isinstance(number, Number) else Fraction(1)
        if found.kind is Kind.MONEY:
            return from_minor_units(int(value), self._currency(found))
        return _plain(value, found)

    def _currency(self, found: Field) -> str:
        assert found.currency is not None
        holder = self.symbols.fields[found.currency]
        value = self._value(holder)
        if value is None:
            value = self.symbols.action.model_fields[holder.attribute].get_default(call_default_factory=True)
        return str(value)

    def _text(self, found: Field) -> str:
        symbol = self._made("text", found.name)
        if not isinstance(symbol, TextSymbol):
            usual = "USD" if found.kind is Kind.CURRENCY else SOMEBODY
            return found.choices[0] if found.choices else usual
        text = self._of(symbol)
        length = self._made("length", f"len({found.name})")
        if not isinstance(length, Number):
            return text
        wanted = int(self._number(length))
        return text[:wanted] if self._whole(symbol.index) >= len(symbol.values) else text.ljust(wanted)

    def _of(self, symbol: TextSymbol) -> str:
        """One spelling of a text."""
        index = self._whole(symbol.index)
        if index < len(symbol.values):
            return symbol.values[index]
        taken = frozenset(map(fold, symbol.values))
        unnamed = (name for name in _names() if fold(name) not in taken)
        return next(islice(unnamed, index - len(symbol.values), None))

    def _sources(self) -> Iterator[tuple[str, str]]:
        """What each value stands in, where it is not the request."""
        for (name,), symbol in self.symbols.having("source", TextSymbol):
            index = self._whole(symbol.index)
            unnamed = (other for other in _elsewhere() if other not in symbol.values)
            beyond = index - len(symbol.values)
            source = symbol.values[index] if beyond < 0 else next(islice(unnamed, beyond, None))
            if source not in (REQUEST, NONE):
                yield name, source

    def _actor(self, symbol: TextSymbol) -> str:
        """Who asks: somebody whom rules name, or whom the folded text names in another spelling, or nobody known."""
        folded = self._made("folded actor")
        index = self._whole(symbol.index)
        if index < len(symbol.values) or not isinstance(folded, TextSymbol):
            return symbol.values[index] if index < len(symbol.values) else self._of(symbol).lower()
        text = self._of(folded)
        return next((one for one in (text, text.lower(), text.upper(), text.title()) if one not in symbol.values), text)

    def _several(self, found: Field) -> list[object]:
        """The values of a field that holds several."""
        made = list(self.symbols.having("holds", z3.BoolRef))
        items: list[object] = []
        for how in ("exact", "folded"):
            held = [item for (name, spelt, item), holds in made if (name, spelt) == (found.name, how) and self._is_true(holds)]
            taken = {fold(item) for item in items if isinstance(item, str)}
            items += [_spelling(item, found) for item in held if fold(item) not in taken]
        size = self._made("size", found.name)
        wanted = int(self._number(size)) if isinstance(size, Number) else len(items)
        if not len(items) <= wanted <= MAX_LISTED:
            raise ValueError(f"{wanted} values of {found.name}")
        return items + (items[:1] or [self._spare(found)]) * (wanted - len(items))

    def _spare(self, found: Field) -> object:
        """A value that no rule asks for."""
        if found.kind is Kind.TEXT:
            asked = {item for (name, _, item), _ in self.symbols.having("holds", z3.BoolRef) if name == found.name}
            return next((choice for choice in found.choices if choice not in asked), SOMEBODY)
        return False if found.kind is Kind.BOOLEAN else _plain(Fraction(_SPARE), found)

    def _now(self) -> datetime | None:
        known = self._made("known", "now")
        if known is not None and not self._is_true(known):
            return None
        for (zone,), clock in self.symbols.having("clock", Clock):
            day = date.fromordinal(self._whole(clock.day.day))
            return datetime.combine(day, time(self._whole(clock.hour), 30), tzinfo=time_zone(zone)).astimezone(UTC)
        return USUAL

    def _counters(self) -> Iterator[tuple[str, CounterValue | None]]:
        for (name, _), counted in self.symbols.having("counter", Counted):
            yield name, self._counter(counted)

    def _counter(self, counted: Counted) -> CounterValue | None:
        if not self._is_true(counted.known):
            return None
        units = self._whole(counted.units)
        if counted.currency is None:
            return units
        return from_minor_units(units, self._text(self.symbols.fields[counted.currency]))

    def _made(self, *key: str) -> object:
        return self.symbols.made.get(key)

    def _number(self, number: Number) -> Fraction:
        return Fraction(self._whole(number.parts), number.parts_of_one)

    def _whole(self, whole: Whole) -> int:
        if isinstance(whole, int):
            return whole
        found = self.model.eval(whole, True)
        assert isinstance(found, z3.IntNumRef)
        return found.as_long()

    def _is_true(self, made: object) -> bool:
        if isinstance(made, z3.BoolRef):
            return z3.is_true(self.model.eval(made, True))
        return made is True


def _spelling(item: str, found: Field) -> object:
    """A value of a field that holds several: of a text that is only known folded, the choice that is meant."""
    if found.kind is not Kind.TEXT:
        return _plain(Fraction(item), found)
    return item if item in found.choices else next((choice for choice in found.choices if fold(choice) == item), item)


def _plain(value: Fraction, found: Field) -> object:
    """A number that is no money, exactly."""
    return int(value) if found.kind is Kind.INTEGER else Decimal(f"{int(value * 10**DECIMALS)}e-{DECIMALS}")


def _elsewhere() -> Iterator[str]:
    return chain([ELSEWHERE], (f"{ELSEWHERE}:{number}" for number in count(2)))


def _names() -> Iterator[str]:
    return chain([SOMEBODY, "Somebody Else"], (f"{SOMEBODY} {number}" for number in count(3)))
