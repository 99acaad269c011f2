"""Probing: which values of the parts of a situation are worth trying, because some condition may tell them apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache, cached_property, lru_cache
from itertools import islice

from signoff.actions import Action, Field, Kind, Secret, fold_name, from_minor_units

from .cases import ANYBODY, MAX_ACTIONS
from .critical_values import LENGTH, Boundaries
from .dates import WEEKDAYS, is_date
from .everyday import OTHER_CURRENCIES, STRANGER
from .patterns import PatternError, compile_pattern
from .people import is_id
from .policy import Policy
from .rule import Rule
from .samples import sample_texts
from .situations import ACTOR, ASKED, COUNTED, DATE, DISPUTED, ELSEWHERE, HOUR, SIZE, SOURCE, TRUSTED, PartValue, Situation
from .sources import NONE, REQUEST, is_source
from .syntax import Cash, walk
from .tables import Cell, Table

MAX_VALUES = 1_000  # of one part
MAX_WORKED_OUT = 4_000  # before those that come twice are left out
LONGEST = 1_000  # characters of a text that is made because conditions ask for its length

_PLAIN = Decimal(10)
_MAGNITUDES = tuple(Decimal(10) ** power for power in range(8))  # of numbers that only an action's own code compares


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The values worth trying in situations of one action type, under some rules of one or several policies."""

    type: str
    policies: Sequence[Policy]
    boundaries: Boundaries
    cautious: bool = False  # whether the action's own code compares, too, nobody knows what with

    @classmethod
    def of(cls, type_: str, policies: Sequence[Policy], rules: Sequence[Iterable[Rule]] | None = None) -> "Probes":
        """What *rules*, those of each policy, tell apart; by default all that speak for the type."""
        apart = texts_apart(tuple(policies))
        boundaries = Boundaries()
        for policy, chosen in zip(policies, rules or [policy.document.rules for policy in policies], strict=True):
            for rule in chosen:
                boundaries.add(rule, type_, policy.document, apart)
        action = policies[0].document.types[type_]
        own = rules is None and action.caution is not Action.caution
        return cls(type=type_, policies=policies, boundaries=boundaries, cautious=own)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts of a situation that the rules read, those that depend on others behind these: numbers stand last."""
        fields = self._fields
        found = [part for part in self.boundaries.parts if self._is_there(part)]
        if DATE in found and self._zones_differ:
            found.append(HOUR)  # at which a day begins
        currencies = [held for part in found if part in fields and (held := fields[part].currency)]
        if self.cautious:
            found += [name for name in fields if name not in found]
        return tuple(sorted(dict.fromkeys([*found, *currencies]), key=self._depends))

    def values(self, part: str, situation: Situation) -> list[PartValue]:
        """Other values of *part* in *situation*, those that are most like an everyday one first."""
        now = situation.value(part)
        found = dict.fromkeys(islice(self._values(part, situation), MAX_WORKED_OUT))  # True and 1 are never values of one part
        return [value for value in found if value != now][:MAX_VALUES]

    def unit(self, part: str, situation: Situation) -> Decimal | None:
        """The smallest step of a number; None where *part* is none."""
        if part.startswith(COUNTED):
            counter = next(policy.counters[name] for policy in self.policies if (name := part[len(COUNTED) :]) in policy.counters)
            code = situation.value(counter.currency) if counter.currency else None
            return from_minor_units(1, code) if isinstance(code, str) else Decimal(1)
        if part in (HOUR, SIZE):
            return Decimal(1)
        found = self._fields.get(part)
        if found is None or found.many or found.kind not in (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER):
            return None
        if found.kind is Kind.INTEGER:
            return Decimal(1)
        if found.currency:
            return from_minor_units(1, str(situation.value(found.currency)))
        places = [_places(number) for number in self.boundaries.numbers(part, situation)]
        return Decimal(1).scaleb(-min(18, max([2, *places])))

    @property
    def _fields(self) -> Mapping[str, Field]:
        return self.policies[0].document.types[self.type].fields

    @property
    def _zones_differ(self) -> bool:
        return len({policy.zone for policy in self.policies}) > 1

    def _is_there(self, part: str) -> bool:
        circumstances = (COUNTED, ASKED, SOURCE, TRUSTED)
        return part in self._fields or part.startswith(circumstances) or part in (ACTOR, HOUR, DATE, SIZE, DISPUTED)

    def _depends(self, part: str) -> int:
        """How much of the rest it depends on: whether a value is trusted on where it stands, numbers on texts."""
        return 2 if self._is_number(part) else int(part.startswith(TRUSTED))

    def _is_number(self, part: str) -> bool:
        found = self._fields.get(part)
        return part.startswith(COUNTED) or (found is not None and found.kind in (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER))

    def _values(self, part: str, situation: Situation) -> Iterator[PartValue]:
        if part.startswith((ASKED, TRUSTED)) or part == DISPUTED:
            yield from (True, False)
        elif part.startswith(SOURCE):
            yield from self._sources(part, situation)
        elif part == ACTOR:
            yield from self._people()
        elif part == DATE:
            yield from self._dates(situation)
        elif part == HOUR:
            yield from (int(number) for number in self._numbers(part, situation) if 0 <= number <= 23)
            if self._zones_differ:
                yield from range(24)
        elif part == SIZE:
            yield from (int(number) for number in self._numbers(part, situation) if 1 <= number <= MAX_ACTIONS)
        elif part.startswith(COUNTED):
            yield from (number for number in self._numbers(part, situation) if number >= 0)
        elif part in self._fields:
            yield from self._field_values(self._fields[part], situation)

    def _field_values(self, found: Field, situation: Situation) -> Iterator[PartValue]:
        if found.many:
            yield from self._several(found, situation)
        elif found.kind is Kind.SECRET:
            yield Secret.reference((*found.choices, "SECRET")[0])
        else:
            yield from self._single(found, situation)
        if found.optional:
            yield None

    def _single(self, found: Field, situation: Situation) -> Iterator[str | int | bool | Decimal]:
        match found.kind:
            case Kind.BOOLEAN:
                yield from (True, False)
            case Kind.INTEGER:
                yield from (int(number) for number in self._numbers(found.name, situation))
            case Kind.MONEY | Kind.DECIMAL:
                yield from self._numbers(found.name, situation)
            case Kind.CURRENCY:
                named = self.boundaries.texts.get(found.name, ())
                files = [policy.currency for policy in self.policies if policy.currency]
                known = dict.fromkeys((*files, *self._codes, *named))
                others = [code for code in OTHER_CURRENCIES if code not in known]
                yield from found.choices or (*known, *others[:1])
            case Kind.TEXT:
                yield from found.choices or self._texts(found.name, situation)

    def _several(self, found: Field, situation: Situation) -> Iterator[tuple[str | int | bool | Decimal, ...]]:
        """Lists: none, one of each value, and of each length that a condition asks for."""
        one = Field(name=found.name, attribute=found.attribute, kind=found.kind, choices=found.choices, currency=found.currency)
        ones = list(self._single(one, situation))[:MAX_VALUES]
        yield ()
        yield from ((value,) for value in ones)
        for length in self._lengths(found.name, situation):
            yield tuple((ones or [1])[number % max(1, len(ones))] for number in range(length))

    def _texts(self, name: str, situation: Situation) -> Iterator[str]:
        """Texts that conditions ask for, longer ones that hold them, one that none of them names, and of each length."""
        known = list(self.boundaries.texts.get(name, ()))
        folded = {fold_name(text) for text in known}
        yield from known
        yield next(text for text in _strangers() if fold_name(text) not in folded)
        if name in self.boundaries.pieces:
            yield "x"  # which holds no piece of most others
            for text in known[:MAX_VALUES]:
                if (inner := text.strip()) and len(inner) < LONGEST:
                    yield from (f"{text}{'' if text[-1:].isspace() else ' '}x", f"x {inner}", f"{inner}x")
        for pattern in self.boundaries.patterns.get(name, ()):
            yield from _matching(pattern)
        for other in self._fields.values() if name in self.boundaries.related else ():
            value = situation.value(other.name)
            if other.name != name and other.kind is Kind.TEXT and isinstance(value, str):
                yield value
        yield from ("x" * length for length in self._lengths(name, situation))

    def _lengths(self, name: str, situation: Situation) -> Iterator[int]:
        for number in self.boundaries.numbers(f"{LENGTH}{name})", situation):
            for length in (int(number) - 1, int(number), int(number) + 1):
                if 0 <= length <= LONGEST:
                    yield length

    def _numbers(self, part: str, situation: Situation) -> Iterator[Decimal]:
        """Each number at which a condition changes, and the next ones below and above it."""
        unit = self.unit(part, situation) or Decimal(1)
        for number in self.boundaries.numbers(part, situation):
            if abs(number) < Decimal(10) ** 18:
                low, high = (_rounded(number, unit, how) for how in (ROUND_FLOOR, ROUND_CEILING))
                yield from dict.fromkeys((low, high, low - unit, high + unit))
        if part in self._fields:
            yield _PLAIN  # which nothing may tell from others, but from nothing at all
        if self.cautious:
            yield from _MAGNITUDES

    def _people(self) -> Iterator[str]:
        """Nobody in particular, one person of each set of roles, and whoever a condition names."""
        yield ANYBODY
        if self.boundaries.people or self.cautious:
            seen: set[tuple[frozenset[str], ...]] = set()
            for policy in self.policies:
                for person in dict.fromkeys(person for people in policy.roles.values() for person in people):
                    roles = tuple(policy.roles_of(person) for policy in self.policies)
                    if roles not in seen:
                        seen.add(roles)
                        yield person
        for text in self.boundaries.texts.get(ACTOR, ()):
            if is_id(text):
                yield text

    def _sources(self, part: str, situation: Situation) -> Iterator[str]:
        """The request, nothing, the sources that conditions ask for, longer ones that hold pieces, and one that none asks for."""
        pieces = self.boundaries.texts.get(part, ()) if part in self.boundaries.pieces else ()
        others = self._fields if part in self.boundaries.related else ()
        yield from (REQUEST, NONE)
        yield from filter(is_source, self._texts(part, situation))
        yield from filter(is_source, (f"{head}{piece}{tail}" for piece in pieces for head, tail in (("x", ""), ("x", "x"))))
        yield from (situation.source_of(name) for name in others)
        yield ELSEWHERE

    def _dates(self, situation: Situation) -> Iterator[date]:
        """The days that conditions name and those around them, and one of each day of the week."""
        today = situation.value(DATE)
        if not isinstance(today, date):
            return
        named = self.boundaries.texts.get(DATE, ())
        for text in named:
            if is_date(text) and date.min < (day := date.fromisoformat(text)) < date.max:
                yield from (day, day - timedelta(days=1), day + timedelta(days=1))
        if self._zones_differ or any(fold_name(text) in WEEKDAYS for text in named):
            yield from (today + timedelta(days=days) for days in range(1, 7) if (date.max - today).days > days)

    @cached_property
    def _codes(self) -> tuple[str, ...]:
        """The currencies that rules for the type name in amounts."""
        return tuple(dict.fromkeys(code for policy in self.policies for code in _codes_of(policy, self.type)))


@lru_cache(maxsize=8)
def texts_apart(policies: tuple[Policy, ...]) -> dict[str, frozenset[str]]:
    """The texts of each list, and the keys of each table, that do not stand in all of *policies*, or stand for something else."""
    found: dict[str, frozenset[str]] = {}
    for name in {name for policy in policies for name in policy.lists}:
        sets = [frozenset(policy.lists.get(name, ())) for policy in policies]
        found[f"lists.{name}"] = frozenset.union(*sets) - frozenset.intersection(*sets)
    for name in {name for policy in policies for name in policy.tables}:
        rows = [_rows(policy.tables.get(name)) for policy in policies]
        keys = {key for one in rows for key in one}
        found[f"tables.{name}"] = frozenset(key for key in keys if len({one.get(key) for one in rows}) > 1)
    return found


def _rows(table: Table | None) -> dict[str, tuple[tuple[str | None, Cell], ...]]:
    """What a table holds for each key."""
    if table is None:
        return {}
    return {key: tuple((column, held.cells[key]) for column, held in table.columns.items()) for key in table.keys}


@lru_cache(maxsize=64)
def _codes_of(policy: Policy, type_: str) -> tuple[str, ...]:
    """The currencies that the amounts in the rules for one action type are in."""
    found: dict[str, None] = {}
    for rule in policy.document.rules:
        for condition in rule.conditions if type_ in rule.types else ():
            for tree in walk(condition.tree):
                if isinstance(tree, Cash):
                    found[tree.currency] = None
    return tuple(found)


@cache
def _matching(pattern: str) -> tuple[str, ...]:
    """Texts that match a pattern of a condition."""
    try:
        matches = compile_pattern(pattern, folded=True)
    except PatternError:
        return ()
    return tuple(text for text in sample_texts(pattern) if matches(fold_name(text)))


def _strangers() -> Iterator[str]:
    yield STRANGER
    number = 2
    while True:
        yield f"{STRANGER} {number}"
        number += 1


def _rounded(number: Decimal, unit: Decimal, how: str) -> Decimal:
    return (number / unit).to_integral_value(how) * unit


def _places(number: Decimal) -> int:
    """The decimals of a number; of one that does not end, as many as are kept."""
    exponent = number.normalize().as_tuple().exponent
    return min(6, -exponent) if isinstance(exponent, int) and exponent < 0 else 0
