"""Texts and lists of texts in conditions, as terms over symbols."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from signoff.actions import Field

from .comparing import Reading
from .logic import Truth, every, negate, some
from .shapes import Shape
from .sources import NONE
from .symbols import Clock, Symbols
from .syntax import Call, Default, Entry, Expression, Keys, Known, Listed, Name, SourceOf, Text, Texts, Tree, spell, walk
from .texts import Part, TextTerm, spelt
from .world import World

MAX_ITEMS = 64  # texts that one text can be, where a list that the action holds is asked for it


@dataclass
class Wording:
    """Encodes for the actions of one type, by what one policy's conditions read beside them."""

    symbols: Symbols
    world: World
    reading: Reading
    number: int = 0  # which of several policies
    shapes: Mapping[Expression, Shape] = field(default_factory=dict)  # of the condition that is being encoded
    source: str = ""  # its text
    lacking: dict[str, Truth] = field(default_factory=dict)  # by how a table is asked: whether it has no such key

    @property
    def fields(self) -> Mapping[str, Field]:
        """The action's fields."""
        return self.reading.fields

    def text(self, tree: Expression, *, exact: bool) -> tuple[TextTerm, Truth]:
        """A text, and whether it cannot be had; where it is not read *exact*, only what it is folded counts."""
        match tree:
            case Text(value=text):
                return TextTerm.known(text), False
            case Name(name=name) if name in self.fields:
                return TextTerm.of(self.symbols.text(name), self.symbols.given(name)), False
            case Default():
                return self._default(tree)
            case Known(name="actor.id"):
                return TextTerm.of(self.symbols.actor if exact else self.symbols.folded_actor), False
            case Known():
                return self._time(tree)
            case SourceOf(field=Name(name=name)):
                return TextTerm.of(self.symbols.source(name)) if name in self.fields else TextTerm.known(NONE), False
            case Entry():
                return self._entry(tree)
            case Call(function="lower", operands=(operand,)):
                return self.text(operand, exact=False)
        return TextTerm.known(""), True  # the action type has no such field

    def _default(self, tree: Default) -> tuple[TextTerm, Truth]:
        name = tree.field.name
        otherwise, fails = self.text(tree.otherwise, exact=True)
        if name not in self.fields:
            return otherwise, fails
        given = self.symbols.given(name)
        rest = Part(guard=negate(given), symbol=None, texts=(otherwise.constant,))
        return TextTerm((*TextTerm.of(self.symbols.text(name), given).parts, rest)), False

    def _time(self, tree: Known) -> tuple[TextTerm, Truth]:
        clock = self.clock
        if clock is None:
            return TextTerm.known(""), True
        return TextTerm.of(clock.day if tree.name == "now.date" else clock.weekday), negate(clock.known)

    @property
    def clock(self) -> Clock | None:
        """The time in the file's zone; None where there is no time zone database."""
        return None if self.world.zone is None else self.symbols.clock(str(self.world.zone))

    def _entry(self, tree: Entry) -> tuple[TextTerm, Truth]:
        """The text that a table holds."""
        key, cell = self.cells(tree)
        held = key.mapped(lambda text: found if isinstance(found := cell(text), str) else None)
        return held, self.missing(tree)

    def cells(self, tree: Entry) -> tuple[TextTerm, Callable[[str], object]]:
        """The key that a table is asked for, and what it holds for a text."""
        exact = self.reading.is_exact((tree.key,))
        held = self.world.entries(tree.table, tree.column, by_folded=not exact, folded=False)
        return self.text(tree.key, exact=exact)[0], lambda text: held.get(spelt(text, exact=exact))

    def missing(self, tree: Entry) -> Truth:
        """Whether a table does not hold the key that it is asked for."""
        name = spell(tree)
        if name not in self.lacking:
            key, cell = self.cells(tree)
            unreadable = self.text(tree.key, exact=True)[1]
            self.lacking[name] = some(unreadable, key.mapped(lambda text: None if cell(text) is None else text).fails)
        return self.lacking[name]

    def contains(self, items: Expression, item: TextTerm, asked: Expression, *, exact: bool) -> Truth:
        """Whether the list *items* holds the text *item*, for which *asked* asks."""
        match items:
            case Texts(values=texts):
                return item.is_in({spelt(text, exact=exact) for text in texts}, exact=exact)
            case Listed(name=name):
                return item.is_in(self.world.items(name, folded=not exact), exact=exact)
            case Keys(name=name):
                return item.is_in(self.world.keys(name, folded=not exact), exact=exact)
            case Known(name="actor.roles"):
                return some(*(self._has_role(role, item, exact) for role in self._roles))
            case Name(name=name):
                return every(self.symbols.given(name), self._holds(name, item, asked, exact))
            case Default(field=Name(name=name), otherwise=otherwise) if name in self.fields:
                given = self.symbols.given(name)
                rest = every(negate(given), self.contains(otherwise, item, asked, exact=exact))
                return some(every(given, self._holds(name, item, asked, exact)), rest)
            case Default(otherwise=otherwise):
                return self.contains(otherwise, item, asked, exact=exact)
        return self.unknown(asked)

    @property
    def _roles(self) -> list[str]:
        return sorted({role for held in self.world.roles.values() for role in held})

    def _has_role(self, role: str, item: TextTerm, exact: bool) -> Truth:
        actor = self.symbols.actor
        holders = [index for index, person in enumerate(actor.values) if role in self.world.roles.get(person, ())]
        return every(item.is_in({spelt(role, exact=exact)}, exact=exact), actor.among(holders))

    def _holds(self, name: str, item: TextTerm, asked: Expression, exact: bool) -> Truth:
        """Whether a field that holds several texts holds *item*."""
        if len(item.texts) > MAX_ITEMS:
            return self.unknown(asked)
        found: list[Truth] = []
        for text in dict.fromkeys(spelt(text, exact=exact) for text in item.texts):
            if self._can_hold(name, text, exact):
                found.append(every(item.is_in({text}, exact=exact), self.symbols.holds(name, text, exact=exact)))
        return some(*found, False if item.constant is not None else every(item.other, self.unknown(asked)))

    def _can_hold(self, name: str, text: str, exact: bool) -> bool:
        choices = self.fields[name].choices
        return not choices or text in {spelt(choice, exact=exact) for choice in choices}

    def unknown(self, tree: Expression, key: str = "") -> Truth:
        """A truth that stands for *tree*, which cannot be encoded."""
        if not key:
            own = any(isinstance(node, Entry | Listed | Keys) for node in walk(tree))
            key = spell(tree) + (f" of {self.number}" if own else "")
        return self.symbols.unknown(key, self.excerpt(tree))

    def excerpt(self, tree: Tree) -> str:
        """*tree* as the condition has it."""
        return " ".join(self.source[tree.start : tree.end].split())
