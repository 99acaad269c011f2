"""Where conditions change their mind: the numbers and the texts that they compare the parts of a situation with."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import TypeAlias

from signoff.actions import Action, Kind, fold_name

from .content import Document
from .dates import WEEKDAYS
from .rule import Rule
from .situations import ACTOR, ASKED, COUNTED, DATE, SOURCE, TRUSTED, Situation
from .syntax import (
    Arithmetic,
    Call,
    Cash,
    Comparison,
    Counted,
    Default,
    Entry,
    Expression,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    Negative,
    Number,
    Predicate,
    SourceOf,
    Text,
    Texts,
    Trusted,
    children,
    walk,
)
from .tables import Cell

MAX_FORMS = 16  # that one side of a comparison is taken apart into
MAX_ZEROS = 20_000  # sums of one type
MAX_ITEMS = 40  # texts of one list or table that are tried, beside those that stand in one of the files only

Sum: TypeAlias = Mapping[str | Entry, Decimal]  # what numbers add up to: each with its factor; "" is the constant
LENGTH = "len("  # before the name of a field in that of its length, which is no part


@dataclass(kw_only=True)
class Boundaries:
    """What the conditions of some rules, for actions of one type, compare the parts of a situation with."""

    zeros: list[tuple[Sum, Document]] = field(default_factory=list)  # sums whose sign decides a comparison
    texts: dict[str, dict[str, None]] = field(default_factory=dict)  # by part: texts that it is compared with
    patterns: dict[str, dict[str, None]] = field(default_factory=dict)  # by part: patterns that it must match
    parts: dict[str, None] = field(default_factory=dict)  # all that is read, in the order written
    pieces: set[str] = field(default_factory=set)  # parts that are asked for a piece of their text
    related: set[str] = field(default_factory=set)  # parts that are compared with another
    people: bool = False  # whether roles are read
    _folded: dict[tuple[int, str, str | None], dict[str, Cell]] = field(default_factory=dict)  # columns by folded key

    def add(self, rule: Rule, type_: str, document: Document, apart: Mapping[str, frozenset[str]]) -> None:
        """Take in what *rule* compares; *apart* are the texts of lists and tables that stand in one file only."""
        if type_ not in rule.types:
            return
        reader = _Reader(self, document.types[type_], document, apart)
        for condition in rule.conditions:
            for tree in walk(condition.tree):
                reader.read(tree)

    def numbers(self, part: str, situation: Situation) -> Iterator[Decimal]:
        """The values of a number at which a comparison changes, where all else is as it is in *situation*."""
        for form, document in self.zeros:
            factor = form.get(part, Decimal(0))
            if not factor:
                continue
            total: Decimal | None = Decimal(0)
            for name, times in form.items():
                value = self._value_of(name, situation, document) if name != part else Decimal(0)
                total = None if total is None or value is None else total + times * value
            if total is not None:
                yield -total / factor

    def _value_of(self, name: str | Entry, situation: Situation, document: Document) -> Decimal | None:
        """A number that a sum reads, in *situation*."""
        if isinstance(name, Entry):
            cell = self._cell(name, situation, document)
            return cell if isinstance(cell, Decimal) else None
        if name == "":
            return Decimal(1)
        if name.startswith(LENGTH):
            held = situation.value(name[len(LENGTH) : -1])
            return Decimal(len(held)) if isinstance(held, str | tuple) else None
        value = situation.value(name)
        return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None

    def _cell(self, tree: Entry, situation: Situation, document: Document) -> Cell | None:
        place = (id(document), tree.table, tree.column)
        if place not in self._folded:
            cells = document.tables[tree.table].columns[tree.column].cells
            self._folded[place] = {fold_name(key): cell for key, cell in cells.items()}
        key = _text_of(tree.key, situation)
        return None if key is None else self._folded[place].get(fold_name(key))


@dataclass(frozen=True)
class _Reader:
    """Reads one condition into boundaries."""

    found: Boundaries
    action: type[Action]
    document: Document
    apart: Mapping[str, frozenset[str]]

    def read(self, tree: Expression) -> None:
        match tree:
            case Comparison(operands=operands):
                for left, right in pairwise(operands):
                    self._compare(left, right)
                self._link(operands)
            case Predicate(operator="matches", left=left, right=Text(value=pattern)):
                for part in self._text_parts(left):
                    self.found.patterns.setdefault(part, {})[pattern] = None
            case Predicate(left=left, right=right):
                self.found.pieces.update(self._text_parts(left))
                self._link((left, right))
            case Entry(table=table, key=key):
                self._link((key, Keys(name=table, start=0, end=0)))
        self._note(tree)

    def _note(self, tree: Expression) -> None:
        """Remember which part *tree* reads."""
        match tree:
            case Name(name=name) if name in self.action.fields:
                self.found.parts[name] = None
            case Counted(name=name):
                self.found.parts[COUNTED + name] = None
                counter = self.document.counters[name]
                if counter.field is not None and counter.field in self.action.fields:
                    self.found.parts[counter.field] = None
            case InRequest(field=Name(name=name)) if name in self.action.fields:
                self.found.parts[f"{ASKED}{name})"] = None
            case SourceOf(field=Name(name=name)) if name in self.action.fields:
                self.found.parts[f"{SOURCE}{name})"] = None
            case Trusted(field=Name(name=name)) if name in self.action.fields:
                self.found.parts[f"{TRUSTED}{name})"] = None
            case Known(name="now.weekday"):
                self.found.parts[DATE] = None
            case Known(name="actor.roles"):
                self.found.parts[ACTOR] = None
                self.found.people = True
            case Known(name=name):
                self.found.parts[name] = None

    def _compare(self, left: Expression, right: Expression) -> None:
        """The sums whose sign tells how two numbers compare."""
        pairs = product(self._sums(left), self._sums(right))
        for one, other in islice(pairs, max(0, min(MAX_FORMS**2, MAX_ZEROS - len(self.found.zeros)))):
            self.found.zeros.append((_added(one, other, -1), self.document))

    def _sums(self, tree: Expression) -> list[Sum]:
        """What *tree* adds up; of `min`, `max`, `abs` and `default` each of the values that it may be. Empty: no number."""
        match tree:
            case Number(value=value) | Cash(value=value):
                return [{"": value}]
            case Name(name=name) if name in self.action.fields and self.action.fields[name].kind in _NUMERIC:
                return [{name: Decimal(1)}]
            case Counted(name=name):
                return [self._counter(name)]
            case Known(name="plan.size" | "now.hour" as name):
                return [{name: Decimal(1)}]
            case Default(field=name, otherwise=otherwise):
                return self._sums(name) + self._sums(otherwise)
            case Entry():
                return [{tree: Decimal(1)}]
            case Negative(operand=operand):
                return [_scaled(one, Decimal(-1)) for one in self._sums(operand)]
            case Call(function="min" | "max", operands=operands):
                return [one for operand in operands for one in self._sums(operand)][:MAX_FORMS]
            case Call(function="abs", operands=(operand,)):
                return [_scaled(one, sign) for one in self._sums(operand) for sign in (Decimal(1), Decimal(-1))][:MAX_FORMS]
            case Call(function="len", operands=(operand,)):
                return [{f"{LENGTH}{part})": Decimal(1)} for part in self._text_parts(operand)[:1]]
            case Arithmetic(operator="*", left=left, right=right):
                return self._products(left, right)
            case Arithmetic(operator=operator, left=left, right=right):
                sign = 1 if operator == "+" else -1
                pairs = product(self._sums(left), self._sums(right))
                return [_added(one, other, sign) for one, other in islice(pairs, MAX_FORMS)]
        return []

    def _products(self, left: Expression, right: Expression) -> list[Sum]:
        """One side is a constant, or else what a table holds: then one for each of its numbers."""
        sides = self._sums(left), self._sums(right)
        if {""} not in [one.keys() for side in sides for one in side[:1]]:
            sides = self._held(left) or sides[0], self._held(right) or sides[1]
        pairs = islice(product(*sides), MAX_FORMS)
        return [made for one, other in pairs if (made := _multiplied(one, other)) is not None]

    def _held(self, tree: Expression) -> list[Sum]:
        """The numbers of a table, those that stand in one of the files only first."""
        if not isinstance(tree, Entry):
            return []
        cells = self.document.tables[tree.table].columns[tree.column].cells
        apart = self.apart.get(f"tables.{tree.table}", frozenset())
        ordered = sorted(cells.items(), key=lambda one: one[0] not in apart)
        numbers = dict.fromkeys(cell for _, cell in ordered if isinstance(cell, Decimal))
        found: list[Sum] = [{"": number} for number in islice(numbers, MAX_FORMS)]
        return found

    def _counter(self, name: str) -> Sum:
        """A counter: what was counted before, and what the action itself adds."""
        counter = self.document.counters[name]
        before: Sum = {COUNTED + name: Decimal(1)}
        type_ = next(type_ for type_, known in self.document.types.items() if known is self.action)
        if type_ not in counter.types and "*" not in counter.types:
            return before
        return _added(before, {"" if counter.field is None else counter.field: Decimal(1)}, 1)

    def _link(self, trees: Iterable[Expression]) -> None:
        """Let every text that stands in *trees* be tried for every part in them."""
        trees = tuple(trees)
        parts = [part for tree in trees for part in self._text_parts(tree)]
        texts = [text for tree in trees for text in self._texts(tree)] if parts else []
        if len(parts) > 1:
            self.found.related.update(parts)
        for part in parts:
            self.found.texts.setdefault(part, {}).update(dict.fromkeys(texts))

    def _text_parts(self, tree: Expression) -> list[str]:
        match tree:
            case Name(name=name) | Default(field=Name(name=name)):
                found = self.action.fields.get(name)
                return [name] if found is not None else []
            case Known(name="now.date" | "now.weekday"):
                return [DATE]
            case Known(name="actor.id"):
                return [ACTOR]
            case SourceOf(field=Name(name=name)) if name in self.action.fields:
                return [f"{SOURCE}{name})"]
            case Call(function="lower", operands=(operand,)):
                return self._text_parts(operand)
        return []

    def _texts(self, tree: Expression) -> list[str]:
        match tree:
            case Text(value=text):
                return [text]
            case Texts(values=texts):
                return list(texts)
            case Listed(name=name):
                return self._some(f"lists.{name}", self.document.lists[name])
            case Keys(name=name):
                return self._some(f"tables.{name}", self.document.tables[name].keys)
            case Known(name="actor.roles"):
                return list(self.document.roles)
            case Entry(table=table, column=column):
                cells = self.document.tables[table].columns[column].cells.values()
                return list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))[:MAX_ITEMS]
            case Default() | Call(function="lower"):
                return [text for child in children(tree) for text in self._texts(child)]
        return []

    def _some(self, name: str, texts: tuple[str, ...]) -> list[str]:
        """Of the texts of a list or a table those that only one of the files has, and some others."""
        apart = self.apart.get(name, frozenset())
        changed = [text for text in texts if text in apart]
        return changed[:MAX_ITEMS] + [text for text in texts if text not in apart][:MAX_ITEMS]


_NUMERIC = (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER)


def _added(one: Sum, other: Sum, sign: int) -> Sum:
    return {name: one.get(name, Decimal(0)) + sign * other.get(name, Decimal(0)) for name in {**one, **other}}


def _scaled(one: Sum, factor: Decimal) -> Sum:
    return {name: factor * value for name, value in one.items()}


def _multiplied(one: Sum, other: Sum) -> Sum | None:
    """One of them is a constant, as the language has it."""
    if one.keys() == {""}:
        return _scaled(other, one[""])
    return _scaled(one, other[""]) if other.keys() == {""} else None


def _text_of(tree: Expression, situation: Situation) -> str | None:
    """The text that a table is asked for."""
    match tree:
        case Text(value=text):
            return text
        case Name(name=name):
            value = situation.value(name)
            return value if isinstance(value, str) else None
        case Default(field=name, otherwise=otherwise):
            return _text_of(name, situation) or _text_of(otherwise, situation)
        case Call(operands=(operand,)):
            return _text_of(operand, situation)
        case Known(name="actor.id"):
            return situation.actor.id
        case SourceOf(field=field):
            return situation.source_of(field.name)
        case Known(name="now.date"):
            return str(situation.value(DATE))
        case Known(name="now.weekday"):
            day = situation.value(DATE)
            return WEEKDAYS[day.weekday()] if isinstance(day, date) else None
    return None
