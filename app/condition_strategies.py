"""Hypothesis strategies for the conditions of rules: right for the fields of the action types that a rule speaks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from signoff.actions import Field, Kind, Registry, fold_name, read_decimal, show_text

from .strategies import CURRENCIES, WORDS, Drawn, Fields

_LONGEST = 60  # characters of a text in a generated condition
_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
_DEPTH = 2  # of `not`, `and` and `or` in each other
_EQUAL = ("==", "!=")
_ORDER = ("<", "<=", ">", ">=", "==", "!=")
_IN = ("in", "not in")
_TIMES = ('now.date {} "2026-03-02"', "now.hour {} 12", 'now.weekday in ["monday", "sunday"]')
_PATTERNS = ('".*"', '"[A-M].*"', '"[a-z]+ ?[a-z]*"', '".*[0-9]{2,}.*"')
_SOURCES = ('"request"', '"none"', '"invoice"', '"email"')
_SMALL = ("0", "1", "2", "0.5", "-1")

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Name:
    """A field as a rule for several action types sees it: what it is in each that has it."""

    name: str
    owners: tuple[tuple[Drawn, Field], ...]  # the types that have it
    there: bool  # whether every type that the rule speaks for has it, given or not
    sure: bool  # whether it is always given, too

    @property
    def shape(self) -> tuple[Kind, bool] | None:
        """Its kind, and whether it holds several; None where that differs from type to type."""
        shapes = {(Kind.TEXT if field.kind is Kind.CURRENCY else field.kind, field.many) for _, field in self.owners}
        return shapes.pop() if len(shapes) == 1 else None

    @property
    def is_text(self) -> bool:
        """Whether it is one text, wherever it is."""
        return self.shape == (Kind.TEXT, False)

    def constant(self, draw: st.DrawFn) -> str:
        """A value that it can have, as a condition spells it."""
        drawn, field = pick(draw, self.owners)
        currency = CURRENCIES[0] if field.kind is Kind.MONEY else None
        return spelt(field.kind, draw(drawn.values(field, currency)))


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What generated conditions may speak of."""

    drawn: Mapping[str, Drawn]  # by action type
    types: tuple[str, ...]  # that a rule may speak for
    names: tuple[Name, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()  # of numbers

    @classmethod
    def of(cls, registry: Registry, fields: Fields) -> "Vocabulary":
        """All of *registry*, with the values that *fields* gives."""
        return cls(drawn={type_: Drawn.of(registry, type_, fields.get(type_, {})) for type_ in registry}, types=tuple(registry))

    def with_context(
        self, *, people: tuple[str, ...], roles: tuple[str, ...], lists: tuple[str, ...], tables: tuple[str, ...] = ()
    ) -> "Vocabulary":
        """With what stands around the rules of one file."""
        return replace(self, people=people, roles=roles, lists=lists, tables=tables)

    def speaking_of(self, actions: tuple[str, ...]) -> "Vocabulary":
        """With the fields of the types that one rule speaks for."""
        types = self.types if actions == ("*",) else actions
        fields = {type_: self.drawn[type_].registry[type_].fields for type_ in types}
        return replace(
            self, names=tuple(self._name(name, fields) for name in dict.fromkeys(n for f in fields.values() for n in _read(f)))
        )

    def texts(self) -> st.SearchStrategy[str]:
        """Values of the text fields of all action types."""
        found = [
            drawn.values(field).filter(lambda value: isinstance(value, str))
            for drawn in self.drawn.values()
            for field in drawn.registry[drawn.type].fields.values()
            if field.kind is Kind.TEXT and not field.many
        ]
        return st.one_of(found) if found else st.sampled_from(WORDS)

    def _name(self, name: str, fields: Mapping[str, Mapping[str, Field]]) -> Name:
        owners = tuple((self.drawn[type_], held[name]) for type_, held in fields.items() if name in held)
        there = len(owners) == len(fields)
        sure = there and not any(field.optional for _, field in owners)
        return Name(name=name, owners=owners, there=there, sure=sure)


def _read(fields: Mapping[str, Field]) -> list[str]:
    """The names of those of *fields* whose values conditions may read."""
    return [name for name, field in fields.items() if field.kind is not Kind.SECRET]


@st.composite
def conditions(draw: st.DrawFn, vocabulary: Vocabulary) -> str:
    """Conditions that are right for every action type that *vocabulary* speaks of."""
    return _condition(draw, vocabulary, _DEPTH)


def pick(draw: st.DrawFn, options: Sequence[_T]) -> _T:
    """One of *options*; simpler ones stand first. Strategies are made once: a file is generated from hundreds of choices."""
    return options[draw(_places(len(options)))]


@cache
def _places(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, size - 1)


def spelt(kind: Kind, value: Any) -> str:
    """One constant as a condition spells it; of several values the first."""
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    if kind is Kind.BOOLEAN:
        return "true" if value else "false"
    if kind in _NUMBERS:
        return f"{Decimal(0) if value is None else read_decimal(value):f}"
    escaped = show_text(str(value or ""))[:_LONGEST].replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _condition(draw: st.DrawFn, words: Vocabulary, depth: int) -> str:
    match pick(draw, ("about", "about", "about", "context", "not", "and", "or")):
        case "about" if words.names:
            return _about(draw, pick(draw, words.names), words)
        case "not" if depth:
            return f"not ({_condition(draw, words, depth - 1)})"
        case ("and" | "or") as word if depth:
            return f"({_condition(draw, words, depth - 1)} {word} {_condition(draw, words, depth - 1)})"
    return _context(draw, words)


def _context(draw: st.DrawFn, words: Vocabulary) -> str:
    """What is asked of the context, and of nothing."""
    match pick(draw, ("size", "id", "role", "now", "now", "nothing", "disputed")):
        case "disputed":
            return "plan.disputed"
        case "now":
            return pick(draw, _TIMES).format(pick(draw, _ORDER))
        case "size":
            return f"plan.size {pick(draw, _ORDER)} {pick(draw, (1, 2, 3, 4))}"
        case "id":
            return f"actor.id {pick(draw, _EQUAL)} {spelt(Kind.TEXT, pick(draw, words.people))}"
        case "role":
            return f"{spelt(Kind.TEXT, pick(draw, words.roles))} in actor.roles"
    return pick(draw, ("true", "false"))


def _about(draw: st.DrawFn, name: Name, words: Vocabulary) -> str:
    """What is asked of one field, guarded where it may not be there."""
    match pick(draw, ("value", "value", "value", "has", "in_request", "source")):
        case "value" if name.shape not in (None, (Kind.MONEY, True)):
            return _value(draw, name, words)
        case ("in_request" | "source") as what:
            asked = f"in_request({name.name})" if what == "in_request" else _source(draw, name)
            return asked if name.there else f"(has({name.name}) and {asked})"
    return f"has({name.name})"


def _source(draw: st.DrawFn, name: Name) -> str:
    """What is asked of where a field's value stands."""
    source = pick(draw, _SOURCES)
    return pick(
        draw,
        (
            f"trusted({name.name})",
            f"source_of({name.name}) {pick(draw, _EQUAL)} {source}",
            f"source_of({name.name}) {pick(draw, _IN)} [{source}, {pick(draw, _SOURCES)}]",
            f"source_of({name.name}) startswith {source}",
        ),
    )


def _value(draw: st.DrawFn, name: Name, words: Vocabulary) -> str:
    """What is asked of a field's value, or of the constant in its place."""
    if name.sure:
        return _test(draw, name, name.name, words)
    kind, many = name.shape or (Kind.TEXT, False)
    guards = ("(has({0}) and ({1}))", "(not has({0}) or ({1}))")
    match pick(draw, ("guard", "default")):
        case "default" if not many or kind is Kind.TEXT:
            otherwise = "[]" if many else name.constant(draw)
            return _test(draw, name, f"default({name.name}, {otherwise})", words)
    return pick(draw, guards).format(name.name, _test(draw, name, name.name, words))


def _test(draw: st.DrawFn, name: Name, value: str, words: Vocabulary) -> str:
    """What is asked of *value*, which is *name* or stands for it."""
    match name.shape:
        case (_, True):
            several = f"{name.constant(draw)} {pick(draw, _IN)} {value}"
            return pick(draw, (several, f"{value} contains {name.constant(draw)}", f"len({value}) {pick(draw, _ORDER)} 1"))
        case (Kind.BOOLEAN, _):
            return pick(draw, (value, f"not {value}", f"{value} == true", f"{value} != true"))
        case (Kind.TEXT, _):
            return _text_test(draw, name, value, words)
    return _number_test(draw, name, value, words)


def _text_test(draw: st.DrawFn, name: Name, value: str, words: Vocabulary) -> str:
    match pick(draw, ("part", "equal", "part", "pattern", "table", "length", "listed", "in")):
        case "part":
            part = name.constant(draw)
            part = part if fold_name(part.strip('"')) else '"a"'
            return f"{value} {pick(draw, ('startswith', 'endswith', 'contains'))} {part}"
        case "pattern":
            return f"{value} matches {pick(draw, _PATTERNS)}"
        case "table" if words.tables:
            return f"{value} {pick(draw, _IN)} tables.{pick(draw, words.tables)}"
        case "length":
            return f"len(lower({value})) {pick(draw, _ORDER)} {pick(draw, (3, 5))}"
        case "equal":
            return f"{value} {pick(draw, _EQUAL)} {name.constant(draw)}"
        case "listed" if words.lists:
            return f"{value} {pick(draw, _IN)} lists.{pick(draw, words.lists)}"
    several = [name.constant(draw) for _ in range(pick(draw, (1, 2, 0)))]
    return f"{value} {pick(draw, _IN)} [{', '.join(several)}]"


def _number_test(draw: st.DrawFn, name: Name, value: str, words: Vocabulary) -> str:
    constant = name.constant(draw)
    kind, _ = name.shape or (Kind.TEXT, False)
    match pick(draw, ("compared", "between", "calculated", "function", "currency", "table")):
        case "function":
            called = pick(draw, ("abs({0})", "min({0}, {1})", "max({1}, {0})")).format(value, pick(draw, _SMALL))
            return f"{called} {pick(draw, _ORDER)} {constant}"
        case "currency" if kind is Kind.MONEY and value == name.name:
            return f"{value} {pick(draw, _ORDER)} {constant} {pick(draw, CURRENCIES)}"
        case "table" if words.tables and (keys := [each.name for each in words.names if each.sure and each.is_text]):
            key, table = pick(draw, keys), pick(draw, words.tables)
            asked = f"{value} {pick(draw, _ORDER)} tables.{table}[{key}]"
            return pick(draw, (f"({key} in tables.{table} and {asked})", asked))
        case "compared":
            return f"{value} {pick(draw, _ORDER)} {constant}"
        case "between":
            return f"{pick(draw, _SMALL)} < {value} <= {constant}"
    return f"{value} * {pick(draw, _SMALL)} + {pick(draw, _SMALL)} {pick(draw, _ORDER)} {constant}"
