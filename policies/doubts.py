"""Conditions that can be read, and hardly say what was meant: each is a warning.

Two things are found, where they hold for every action type that the rule speaks for: a text that what it is compared
with can never be, and a part of a condition that is the same for every action.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import islice, pairwise
from typing import TypeAlias

from signoff.actions import Field, Kind, fold_name

from .dates import WEEKDAYS, is_date, is_weekday
from .diagnostics import MAX_DIAGNOSTICS, Report, quote, suggest
from .naming import Setting
from .nodes import Scalar
from .people import is_id
from .rule import Groups
from .shapes import is_currency
from .sources import NONE, REQUEST, is_source
from .syntax import (
    And,
    Call,
    Comparator,
    Comparison,
    Default,
    Entry,
    Expression,
    Has,
    Keys,
    Known,
    Listed,
    Name,
    Not,
    Number,
    Or,
    Predicate,
    SourceOf,
    Text,
    Texts,
    Tree,
    Truth,
    children,
    parts_read,
    walk,
)

Fields: TypeAlias = Mapping[str, Field]
Tests: TypeAlias = tuple[Callable[[str], bool], ...]

_LEAST_MONEY = Decimal("0.0001")  # amounts are more than zero, and no currency has more than four decimals
_LAST_HOUR = 23
_TURNED: dict[Comparator, Comparator] = {
    "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=", "in": "in", "not in": "not in",
}  # fmt: skip


@dataclass(frozen=True)
class Doubts:
    """Looks through conditions without errors."""

    setting: Setting
    roles: Groups
    report: Report
    source: Scalar
    lookups: "Lookups"  # of the whole file
    said: set[str] = field(default_factory=set)  # of texts that something never is

    def condition(self, tree: Expression) -> None:
        """Warn of what is doubtful in *tree*."""
        if self.report.full:
            return
        for part in walk(tree):
            if isinstance(part, Comparison):
                for left, right in pairwise(part.operands):
                    self._compared(left, right)
                    self._compared(right, left)
            if isinstance(part, Entry):
                self._looked_up(part)
        if not self._part(tree) and self._always(tree, True):
            self._warn("always", f"`{self._text(tree)}` is true for every action", tree)

    def _part(self, tree: Expression) -> bool:
        """Whether something was said about *tree*: the smallest parts are named that are the same for every action."""
        said = [self._part(child) for child in children(tree)] if isinstance(tree, And | Or | Not) else []
        if any(said):
            return True
        if isinstance(tree, Truth | Comparison | Predicate) and not parts_read(tree):
            self._warn("always", f"`{self._text(tree)}` reads nothing, so it is the same for every action", tree)
            return True
        if self._always(tree, False):
            self._warn("never", f"`{self._text(tree)}` is true for no action", tree)
            return True
        return False

    def _always(self, tree: Expression, value: bool) -> bool:
        return all(_certain(tree, fields) is value for fields in self.setting.types.values())

    def _compared(self, value: Expression, constant: Expression) -> None:
        """Warn of texts in *constant* that *value* can never be."""
        tests = self._tests(value)
        verb = "never holds" if self._is_several(value) else "is never"
        for text in self._never(tests, constant) if tests else ():
            message = f"`{self._text(value)}` {verb} {quote(text)}"
            if text != _otherwise(value) and message not in self.said:
                self._warn("never", message, constant, partial(self._remedy, value, text))
                self.said.add(message)

    def _is_several(self, value: Expression) -> bool:
        if isinstance(value, Name):
            return any(fields[value.name].many for fields in self.setting.types.values() if value.name in fields)
        return isinstance(value, Known) and value.name == "actor.roles"

    def _never(self, tests: Tests, constant: Expression) -> tuple[str, ...]:
        """Texts in *constant* that pass none of *tests*."""
        if isinstance(constant, Listed | Keys):
            name = (type(constant).__name__, constant.name)
            return self.lookups.never(tests, name, self._texts(constant))
        return tuple(failing(tests, self._texts(constant)))

    def _looked_up(self, entry: Entry) -> None:
        """Warn of a key that the table does not hold, and where it holds none that could be asked for."""
        table, key = self.setting.tables.get(entry.table), entry.key
        if table is None:
            return
        if isinstance(key, Text):
            if fold_name(key.value) not in self.lookups.folded(entry.table, table.keys):
                message = f"the table `{entry.table}` has no {quote(key.value)}, so this always fails"
                self._warn("never", message, key, lambda: suggest(key.value, table.keys, "add it to the table"))
        elif (tests := self._tests(key)) and not self.lookups.any(tests, entry.table, table.keys) and _otherwise(key) is None:
            message = f"no key of the table `{entry.table}` is ever `{self._text(key)}`, so this always fails"
            self._warn("never", message, key, lambda: next((self._remedy(key, text) for text in table.keys), "add one to it"))
        else:
            self._compared(key, Keys(name=entry.table, start=entry.start, end=entry.end))

    def _texts(self, constant: Expression) -> tuple[str, ...]:
        match constant:
            case Text(value=text):
                return (text,)
            case Texts(values=texts):
                return texts
            case Listed(name=name):
                return self.setting.lists.get(name) or ()
            case Keys(name=name):
                table = self.setting.tables.get(name)
                return () if table is None else table.keys
        return ()

    def _tests(self, value: Expression) -> Tests:
        """For each action type: whether a text can be *value*. Nothing where any text can, or none is known."""
        match value:
            case Known(name="actor.roles"):
                return (self.roles.__contains__,)
            case Known(name="actor.id"):
                return (is_id,)
            case SourceOf():
                return (is_source,)
            case Known(name="now.weekday"):
                return (is_weekday,)
            case Known(name="now.date"):
                return (is_date,)
            case Default(field=field):
                return self._tests(field)
            case Name(name=name):
                found = [fields[name] for fields in self.setting.types.values() if name in fields]
                if all(field.choices or field.kind is Kind.CURRENCY for field in found):
                    return tuple(dict.fromkeys(field.choices.__contains__ if field.choices else is_currency for field in found))
        return ()

    def _remedy(self, value: Expression, text: str) -> str:
        match value:
            case Known(name="actor.roles"):
                return suggest(text, self.roles, "add it under `roles`")
            case Known(name="now.weekday"):
                return suggest(text.casefold(), WEEKDAYS, "write one such as monday")
            case Known(name="now.date"):
                return "write one such as 2026-12-24"
            case Default(field=field):
                return self._remedy(field, text)
            case SourceOf():
                return suggest(text.casefold(), (REQUEST, NONE)) or "write lower case, such as invoice or email:4711"
            case Known():
                return "write an id as it is given to --as"
            case Name(name=name):
                known = [choice for fields in self.setting.types.values() if name in fields for choice in fields[name].choices]
                known += [text.upper()] if is_currency(text.upper()) else []
                return suggest(text.casefold(), known) or (
                    f"write {' or '.join(dict.fromkeys(known))}" if known else "write one such as USD"
                )
        return ""

    def _text(self, tree: Tree) -> str:
        return self.source.excerpt(tree.start, tree.end)

    def _warn(self, code: str, message: str, tree: Tree, remedy: Callable[[], str] = str) -> None:
        """Add a warning; its *remedy* is looked for only where the warning is new."""
        place = self.source.place(tree.start, tree.end)
        if not self.report.full and not self.report.holds(code, message, place):
            self.report.warning(code, message, place, remedy())


@dataclass(frozen=True)
class Lookups:
    """What was found out of the lists and tables of a file: each is gone through once, however many rules ask for it."""

    _failing: dict[tuple[Tests, tuple[str, str]], tuple[str, ...]] = field(default_factory=dict)
    _passing: dict[tuple[Tests, str], bool] = field(default_factory=dict)
    _folded: dict[str, frozenset[str]] = field(default_factory=dict)

    def never(self, tests: Tests, name: tuple[str, str], texts: Iterable[str]) -> tuple[str, ...]:
        """The first of *texts* that pass none of *tests*."""
        key = (tests, name)
        if key not in self._failing:
            self._failing[key] = tuple(islice(failing(tests, texts), MAX_DIAGNOSTICS))
        return self._failing[key]

    def any(self, tests: Tests, table: str, texts: Iterable[str]) -> bool:
        """Whether any of a table's keys passes one of *tests*."""
        key = (tests, table)
        if key not in self._passing:
            self._passing[key] = any(test(text) for text in texts for test in tests)
        return self._passing[key]

    def folded(self, table: str, texts: Iterable[str]) -> frozenset[str]:
        """A table's keys, folded."""
        if table not in self._folded:
            self._folded[table] = frozenset(map(fold_name, texts))
        return self._folded[table]


def _otherwise(value: Expression) -> str | None:
    """The text that *value* can be beside what its field can."""
    match value:
        case Default(otherwise=Text(value=text)):
            return text
    return None


def failing(tests: Tests, texts: Iterable[str]) -> Iterator[str]:
    """Those of *texts* that pass none of *tests*."""
    return (text for text in texts if not any(test(text) for test in tests))


def _certain(tree: Expression, fields: Fields) -> bool | None:
    """What *tree* is for every action with *fields*; None where that depends on the action."""
    match tree:
        case Truth(value=value):
            return value
        case Has(field=name):
            found = fields.get(name.name)
            return False if found is None else None if found.optional else True
        case Not(operand=operand):
            inner = _certain(operand, fields)
            return None if inner is None else not inner
        case And(operands=operands):
            return _joined([_certain(operand, fields) for operand in operands], ends=False)
        case Or(operands=operands):
            return _joined([_certain(operand, fields) for operand in operands], ends=True)
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
