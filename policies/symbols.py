"""Any action of one type, and any context: a symbol for each part of them that rules read.

A symbol is made when a rule first reads what it stands for; what always holds of it is a constraint. Several policies
over one registry share symbols, so that they can be asked about the same action.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import lcm
from typing import TypeVar

import z3

from signoff.actions import MAX_MINOR_UNITS, Action, Field, Kind, currency_codes
from signoff.canonical import MAX_INTEGER

from .counters import Counter
from .dates import WEEKDAYS, is_date
from .logic import Number, Truth, Whole, compare, every, implies, negate, same
from .sources import NONE, REQUEST, is_source
from .texts import DateSymbol, TextSymbol
from .world import fold

MAX_PLAN = 100  # actions in one plan
MAX_LENGTH = 200_000  # characters of a text: more than the longest, which folding may lengthen
MAX_CASES = 5_000  # numbers of tables that are told to the solver
DECIMALS = 18  # of a number that is no money

_Symbol = TypeVar("_Symbol")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time in one zone."""

    known: Truth
    hour: Whole
    day: DateSymbol
    weekday: TextSymbol


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The value of a counter: a whole number, or so many of the smallest unit of a currency."""

    known: Truth
    units: Whole
    currency: str | None  # of a sum of money: the field that names it


@dataclass(kw_only=True)
class Symbols:
    """An action of one type, and a context."""

    type_: str
    action: type[Action]
    texts: tuple[str, ...]  # that rules name, one spelling of each: fields that hold any text are told apart by these
    ids: tuple[str, ...]  # of people whom rules or roles name, as they are
    space: z3.Context = field(default_factory=z3.Context)  # of all expressions
    constraints: list[Truth] = field(default_factory=list)
    cases: int = 0  # that numbers were defined by, all together
    opaque: set[str] = field(default_factory=set)  # what could not be encoded: its text in the rules
    made: dict[tuple[str, ...], object] = field(default_factory=dict)  # symbols by what they stand for
    held: dict[tuple[str, bool], z3.ArithRef] = field(default_factory=dict)  # how many of a field's values are asked for so far

    @property
    def fields(self) -> dict[str, Field]:
        """The action's fields."""
        return dict(self.action.fields)

    def given(self, name: str) -> Truth:
        """Whether a field is there and has a value."""
        found = self.action.fields.get(name)
        if found is None or not found.optional:
            return found is not None
        return self._once(("given", name), lambda: z3.Bool(f"has({name})", self.space))

    def text(self, name: str) -> TextSymbol:
        """The value of a text field."""
        return self._once(("text", name), lambda: self._text(self.action.fields[name]))

    def _text(self, found: Field) -> TextSymbol:
        if found.choices or found.kind is Kind.CURRENCY:
            values, others = found.choices or currency_codes(), 0
        else:
            values, others = self.texts, self._free_texts
        index = self._integer(found.name, 0, len(values) + others - 1)
        return TextSymbol(name=found.name, index=index, values=values, others=others, exact=not others)

    @cached_property
    def _free_texts(self) -> int:
        """How many others there can be at once: one for each field that can hold any text, and one for who asks."""
        return 1 + sum(is_free(found) for found in self.action.fields.values())

    def number(self, name: str) -> Number:
        """The value of a field that is a number; of money, in the smallest unit of its currency."""
        return self._once(("number", name), lambda: self._number(self.action.fields[name]))

    def _number(self, found: Field) -> Number:
        match found.kind:
            case Kind.MONEY:
                return Number(self._integer(found.name, 1, MAX_MINOR_UNITS))
            case Kind.INTEGER:
                return Number(self._integer(found.name, -MAX_INTEGER, MAX_INTEGER))
        limit = 10 ** (2 * DECIMALS) - 1
        return Number(self._integer(found.name, -limit, limit), 10**DECIMALS)

    def truth(self, name: str) -> Truth:
        """The value of a field that is true or false."""
        return self._once(("truth", name), lambda: z3.Bool(name, self.space))

    def holds(self, name: str, item: str, *, exact: bool) -> Truth:
        """Whether a field that holds several values holds *item*: any spelling of it unless *exact*."""
        key = ("holds", name, "exact" if exact else "folded", item)
        return self._once(key, lambda: self._held(f"{item!r} in {name}, {key[2]}", name, exact))

    def _held(self, shown: str, name: str, exact: bool) -> Truth:
        """Whether a field holds one more value; it holds no fewer than all that it is said to hold."""
        held = z3.Bool(shown, self.space)
        count = z3.Int(f"up to {shown}", self.space)
        one, none = z3.IntVal(1, self.space), z3.IntVal(0, self.space)
        self.constraints.append(count == self.held.get((name, exact), none) + z3.If(held, one, none))
        self.constraints.append(self.size(name).compared(">=", Number(count)))
        self.held[name, exact] = count
        return held

    def size(self, name: str) -> Number:
        """How many values a field holds."""
        return self._once(("size", name), lambda: Number(self._integer(f"len({name})", 0, MAX_LENGTH)))

    def length(self, name: str, *, folded: bool) -> Number:
        """The number of characters of a text that has many spellings, or that no rule names."""
        shown = f"len(lower({name}))" if folded else f"len({name})"
        self.opaque.add(shown)
        return self._once(("length", shown), lambda: Number(self._integer(shown, 0, MAX_LENGTH)))

    def requested(self, name: str) -> Truth:
        """Whether the user wrote the value of a field: never of one that is not given."""
        return name in self.action.fields and self._once(("requested", name), lambda: self._requested(name))

    def _requested(self, name: str) -> Truth:
        requested = z3.Bool(f"in_request({name})", self.space)
        self.constraints.append(implies(requested, self.given(name)))
        return requested

    def source(self, name: str) -> TextSymbol:
        """What the value of a field stands in: the request where, and only where, the user wrote it."""
        return self._once(("source", name), lambda: self._source(name))

    def _source(self, name: str) -> TextSymbol:
        others = len(self.action.fields)  # one for each: they may all stand in others
        index = self._integer(f"source_of({name})", 0, len(self._sources) + others - 1)
        made = TextSymbol(name=f"source_of({name})", index=index, values=self._sources, others=others)
        self.constraints.append(same(self.requested(name), made.among(made.places[REQUEST])))
        self.constraints.append(implies(negate(self.given(name)), made.among(made.places[NONE])))
        return made

    @cached_property
    def _sources(self) -> tuple[str, ...]:
        """The names of sources that rules may ask for: a text has one spelling at most that can be one."""
        return tuple(dict.fromkeys((REQUEST, NONE, *filter(is_source, map(fold, self.texts)))))

    def trusted(self, name: str) -> Truth:
        """Whether the value of a field stands in the request, or in another source that is trusted."""
        return name in self.action.fields and self._once(("trusted", name), lambda: self._trusted(name))

    def _trusted(self, name: str) -> Truth:
        trusted, source = z3.Bool(f"trusted({name})", self.space), self.source(name)
        self.constraints.append(implies(self.requested(name), trusted))
        self.constraints.append(implies(trusted, negate(source.among(source.places[NONE]))))
        return trusted

    @property
    def disputed(self) -> Truth:
        """Whether a second opinion planned otherwise."""
        return self._once(("disputed",), lambda: z3.Bool("disputed", self.space))

    @property
    def actor(self) -> TextSymbol:
        """Who asks."""
        return self._once(("actor",), self._actor)

    def _actor(self) -> TextSymbol:
        index = self._integer("actor.id", 0, len(self.ids))
        return TextSymbol(name="actor.id", index=index, values=self.ids, others=1)

    @property
    def folded_actor(self) -> TextSymbol:
        """Who asks, where spellings make no difference."""
        return self._once(("folded actor",), self._folded_actor)

    def _folded_actor(self) -> TextSymbol:
        index = self._integer("folded actor.id", 0, len(self.texts) + self._free_texts - 1)
        places = {fold(text): place for place, text in enumerate(self.texts)}
        for number, person in enumerate(self.ids):
            self.constraints.append(implies(compare("==", self.actor.index, number), index == places[fold(person)]))
        return TextSymbol(name="actor.id", index=index, values=self.texts, others=self._free_texts, exact=False)

    @property
    def plan_size(self) -> Number:
        """How many actions the plan has."""
        return self._once(("plan.size",), lambda: Number(self._integer("plan.size", 1, MAX_PLAN)))

    def clock(self, zone: str | None) -> Clock:
        """The time in *zone*; None is UTC."""
        return self._once(("clock", zone or "UTC"), lambda: self._clock(zone or "UTC"))

    def _clock(self, zone: str) -> Clock:
        day = self._integer(f"day in {zone}", 1, date.max.toordinal())
        weekday = self._integer(f"weekday in {zone}", 0, 6)
        self.constraints.append(weekday == (day - 1) % 7)  # the first of January of year 1 is a Monday
        dates = tuple(text for text in self.texts if is_date(text))
        days = tuple(date.fromisoformat(text).toordinal() for text in dates)
        return Clock(
            known=self._once(("known", "now"), lambda: z3.Bool("now is known", self.space)),
            hour=self._integer(f"hour in {zone}", 0, 23),
            day=DateSymbol(name="now.date", index=0, values=dates, others=1, day=day, days=days),
            weekday=TextSymbol(name="now.weekday", index=weekday, values=WEEKDAYS),
        )

    def counter(self, name: str, counter: Counter) -> Counted:
        """The value of a counter. It holds the action itself, where it counts its type."""
        return self._once(("counter", name, str(counter.content())), lambda: self._counter(f"counters.{name}", counter))

    def _counter(self, shown: str, counter: Counter) -> Counted:
        units = z3.Int(f"{shown} {counter.content()}", self.space)
        counted = self.type_ in counter.types or counter.types == ("*",)
        if counter.field is None:
            self.constraints.append(units >= int(counted))
        elif counter.currency is not None:
            self.constraints.append(units >= 0)
            if counted:
                mine = self.number(counter.field).compared("<=", Number(units))
                self.constraints.append(implies(self.given(counter.field), mine))
        known = z3.Bool(f"{shown} {counter.content()} is known", self.space)
        return Counted(known=known, units=units, currency=counter.currency)

    @property
    def caution(self) -> Truth:
        """Whether the action asks for approval by itself."""
        if self.action.caution is Action.caution:
            return False
        return self.unknown("caution", f"the caution of {self.type_}")

    def unknown(self, key: str, shown: str) -> Truth:
        """A truth that could not be encoded, and may be either; the same for the same *key*."""
        self.opaque.add(shown)
        return self._once(("opaque", key), lambda: z3.Bool(f"opaque {key}", self.space))

    def defined(self, cases: Sequence[tuple[Truth, Number]], shown: str, owner: int) -> Number:
        """A number that is that of the one case which is true; any number where the cases come to too many."""
        self.cases += len(cases)
        scale = lcm(*(number.parts_of_one for _, number in cases))
        if self.cases > MAX_CASES:
            return self.free(shown, owner, scale)
        made = Number(z3.Int(f"number {len(self.constraints)}", self.space), scale)
        self.constraints.append(every(*(implies(condition, made.compared("==", number)) for condition, number in cases)))
        return made

    def named(self, truth: Truth) -> Truth:
        """The same truth by a name of its own, so that what is built on it does not grow with it."""
        if isinstance(truth, bool):
            return truth
        made = z3.Bool(f"truth {len(self.constraints)}", self.space)
        self.constraints.append(same(made, truth))
        return made

    def free(self, shown: str, owner: int, parts_of_one: int) -> Number:
        """A number that could not be encoded, and may be any; *owner* is the number of the policy that reads it."""
        self.opaque.add(shown)
        name = f"opaque {shown} of {owner} in {parts_of_one}"
        return self._once(("free", name), lambda: Number(z3.Int(name, self.space), parts_of_one))

    def having(self, what: str, kind: type[_Symbol]) -> Iterator[tuple[tuple[str, ...], _Symbol]]:
        """The symbols made so far that stand for *what*, each with the rest of its key."""
        for (first, *names), made in list(self.made.items()):
            if first == what and isinstance(made, kind):
                yield tuple(names), made

    def _integer(self, name: str, low: int, high: int) -> z3.ArithRef:
        made = z3.Int(name, self.space)
        self.constraints.append(every(made >= low, made <= high))
        return made

    def _once(self, key: tuple[str, ...], make: Callable[[], _Symbol]) -> _Symbol:
        """The symbol that *key* stands for, made where it is first asked for."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]  # type: ignore[return-value]  # a key always stands for symbols of one kind


def is_free(found: Field) -> bool:
    """Whether a field can hold any text."""
    return found.kind is Kind.TEXT and not found.many and not found.choices
