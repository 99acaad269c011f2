"""Conditions that can be read, and hardly say what was meant: each is a warning.

Two things are found, where they hold for every action type that the rule speaks for: a text that what it is compared
with can never be, and a part of a condition that is the same for every action.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

from signoff.actions import Kind, fold_name

from .certainty import certain
from .dates import WEEKDAYS, is_date, is_weekday
from .diagnostics import Report, quote, suggest
from .lookups import Lookups, Tests, failing
from .naming import Setting
from .nodes import Scalar
from .people import is_id
from .rule import Groups
from .shapes import is_currency
from .sources import NONE, REQUEST, is_source
from .syntax import (
    And,
    Comparison,
    Default,
    Entry,
    Expression,
    Keys,
    Known,
    Listed,
    Name,
    Not,
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


@dataclass(frozen=True)
class Doubts:
    """Looks through conditions without errors."""

    setting: Setting
    roles: Groups
    report: Report
    source: Scalar
    lookups: Lookups  # of the whole file
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
        return all(certain(tree, fields) is value for fields in self.setting.types.values())

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


def _otherwise(value: Expression) -> str | None:
    """The text that *value* can be beside what its field can."""
    match value:
        case Default(otherwise=Text(value=text)):
            return text
    return None
