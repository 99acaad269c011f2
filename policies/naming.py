"""What the names in a condition stand for: fields of the action, lists, tables and counters. A wrong one is reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from signoff.actions import Field, Kind, show_text

from .counters import ACTOR, Counters
from .diagnostics import Report, quote, suggest
from .nodes import Scalar
from .remedies import remedy_for_name
from .rule import Groups
from .shapes import UNKNOWN, Shape, shape_of_field
from .syntax import Cash, Counted, Expression, Name, Number, Text, Texts, Tree, Truth
from .tables import Tables

Names: TypeAlias = frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a rule's conditions are checked against."""

    types: Mapping[str, Mapping[str, Field]]  # the fields of each action type that the rule speaks for
    lists: Groups
    tables: Tables
    counters: Counters
    currency: str | None  # of plain numbers
    every: bool = False  # whether the rule was written for "*"

    def has_field(self, name: str) -> bool:
        """Whether any of the types has a field *name*."""
        return any(name in fields for fields in self.types.values())


@dataclass(frozen=True)
class Naming:
    """The names in the conditions of one rule, for one action type."""

    type_: str
    setting: Setting
    report: Report
    source: Scalar
    said: set[tuple[Tree, str]]  # errors by place and code: what is wrong for several types is said once
    shapes: dict[Expression, Shape] = field(default_factory=dict)  # found so far, by node

    def _possible(self, tree: Number | Cash | Text | Truth | Texts) -> None:
        """Refuse texts that no action can hold: comparing with them would silently never match."""
        texts = tree.values if isinstance(tree, Texts) else (tree.value,) if isinstance(tree, Text) else ()
        for text in texts:
            if show_text(text) != text:
                self._error("text", f"no action's text can hold a character of {quote(text)}", tree, "remove it")

    def _name(self, tree: Name, given: Names, *, value: bool = True) -> Shape:
        """The shape of a field that must be there; of its *value*, which must be given too."""
        if not self._require_somewhere(tree):
            return UNKNOWN
        found = self.setting.types[self.type_].get(tree.name)
        guard = _guard(tree.name)
        if found is None:
            if tree.name not in given:
                self._error("optional", f"{self.type_} has no field `{tree.name}`, and the rule speaks for it too", tree, guard)
            return UNKNOWN
        if self._is_secret(tree, found):
            return UNKNOWN
        if found.optional and value and tree.name not in given:
            self._error("optional", f"`{tree.name}` may be left out of {self.type_}", tree, guard)
        return shape_of_field(found)

    def _is_secret(self, tree: Name, found: Field) -> bool:
        """Whether a field is a secret, which is reported: nothing about its value may show in what is decided."""
        if found.kind is Kind.SECRET:
            message = f"`{tree.name}` of {self.type_} is a secret: rules may only ask whether it is given"
            self._error("secret", message, tree, f"write has({tree.name})")
        return found.kind is Kind.SECRET

    def _require_somewhere(self, tree: Name) -> bool:
        if self.setting.has_field(tree.name):
            return True
        known = sorted({name for fields in self.setting.types.values() for name in fields})
        hint = remedy_for_name(tree.name) or (f"did you mean `lists.{tree.name}`?" if tree.name in self.setting.lists else "")
        hint = hint or suggest(tree.name, [*known, "disputed"], "write a text in quotes, a list as lists.NAME" if known else "")
        self._error("unknown-name", f"{self._nobody()} field `{tree.name}`", tree, hint)
        return False

    def _nobody(self) -> str:
        types = list(self.setting.types)
        if len(types) == 1:
            return f"{types[0]} has no"
        return "no action type has a" if self.setting.every else f"none of {', '.join(types)} has a"

    def _listed(self, tree: Tree, name: str) -> Shape:
        if name not in self.setting.lists:
            known = [f"lists.{known}" for known in self.setting.lists]
            self._error(
                "unknown-name", f"there is no list `{name}`", tree, suggest(f"lists.{name}", known, "add it under `lists`")
            )
        return Shape(Kind.TEXT, many=True)

    def _counter(self, tree: Counted, given: Names) -> Shape:
        """The shape of a counter: it has a value where the action has its keys."""
        if tree.name not in self.setting.counters:
            known = [f"counters.{known}" for known in self.setting.counters]
            hint = suggest(f"counters.{tree.name}", known, "add it under `counters`")
            self._error("unknown-name", f"there is no counter `{tree.name}`", tree, hint)
        counter = self.setting.counters.get(tree.name)
        keys = {key: kind for key, kind in counter.by.items() if key != ACTOR} if counter else {}
        if counter is None or not all(self._keyed(tree, key, kind, given) for key, kind in keys.items()):
            return UNKNOWN
        return Shape(counter.kind)

    def _keyed(self, tree: Counted, key: str, kind: Kind, given: Names) -> bool:
        """Whether the action has a counter's *key* where it is read; reported where it may lack it."""
        found = self.setting.types[self.type_].get(key)
        whose, guard = f"by which `{self._text(tree)}` is kept", _guard(key)
        if found is None:
            if key not in given:
                message = f"{self.type_} has no field `{key}`, {whose}, and the rule speaks for it too"
                self._error("optional", message, tree, guard)
            return False
        if found.optional and key not in given:
            self._error("optional", f"`{key}` may be left out of {self.type_}, {whose}", tree, guard)
            return False
        if found.many or found.kind is not kind:
            self._error("type", f"`{key}` of {self.type_} is not what the key `{key}` of `{self._text(tree)}` is", tree)
            return False
        return True

    def _has_table(self, tree: Tree, name: str) -> bool:
        if name in self.setting.tables:
            return True
        known = [f"tables.{known}" for known in self.setting.tables]
        hint = suggest(f"tables.{name}", known, "add it under `tables`")
        self._error("unknown-name", f"there is no table `{name}`", tree, hint)
        return False

    def _text(self, tree: Tree) -> str:
        return self.source.excerpt(tree.start, tree.end)

    def _error(self, code: str, message: str, tree: Tree, hint: str = "") -> None:
        if (tree, code) in self.said:
            return
        self.said.add((tree, code))
        self.report.error(code, message, self.source.place(tree.start, tree.end), hint)


def _guard(name: str) -> str:
    """How to ask for a field first: which of the two is on the strict side depends on the rule."""
    return f"write not has({name}) or ..., if it is meant then, too; else has({name}) and ..."
