"""Rules by the one text that they ask for: which can be looked up by it, by which of several, and the index itself."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from signoff.actions import Kind, fold_name

from .lowering import Lowering
from .python_nodes import dotted
from .rule import Rule
from .shapes import UNKNOWN, Shape
from .syntax import (
    And,
    Comparison,
    Expression,
    Has,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    Not,
    Or,
    SourceOf,
    Text,
    Texts,
    Trusted,
    Truth,
)

MAX_KEYS = 64  # texts of one condition that an index is made over
MIN_REMEMBERED = 256  # spellings that an index remembers, at least
SPELLINGS = 4  # that it remembers for each text which rules ask for

Found = TypeVar("Found")

_TEXTUAL = frozenset({Kind.TEXT, Kind.CURRENCY, Kind.BOOLEAN})


@dataclass(frozen=True)
class Key:
    """A text that rules can be looked up by."""

    path: tuple[str, ...]  # how code reads it: `a` is the action, `c` the context
    folded: bool  # whether it is compared folded

    def load(self) -> ast.expr:
        """Its value, as actions have it."""
        return dotted(*self.path)


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A comparison without which a rule does not match, and the texts with which alone it is true."""

    key: Key
    texts: tuple[str, ...]
    comparison: Comparison


def keys_of(rule: Rule, type_: str, lowering: Lowering) -> tuple[Keyed, ...]:
    """All by which *rule* can be looked up: nothing that is asked before could fail, and so count."""
    return tuple(_keys(rule, type_, lowering))


def conjuncts(tree: Expression) -> tuple[Expression, ...]:
    """What must all hold, from left to right."""
    return tree.operands if isinstance(tree, And) else (tree,)


class Index(dict[object, Found], Generic[Found]):
    """For each text, as actions have it, what was made for the rules that ask for it; *others* where none does.

    It is made when the text first comes up. Spellings that are folded alike share it. What was looked up is remembered as
    it was spelt, up to a bound, so that an index grows with the rules only, whatever texts come.
    """

    def __init__(self, key: Key, texts: Mapping[str, Callable[[], Found]], others: Found) -> None:
        super().__init__()
        self._key = key
        self._texts = texts
        self._others = others
        self._most = max(MIN_REMEMBERED, SPELLINGS * len(texts))
        self._made: dict[str, Found] = {}

    def __missing__(self, text: object) -> Found:
        asked = fold_name(text) if self._key.folded and text is not None else text  # type: ignore[arg-type]  # or it raises
        found = self._others
        if asked in self._texts:
            assert isinstance(asked, str)
            if asked not in self._made:
                self._made[asked] = self._texts[asked]()
            found = self._made[asked]
        if len(self) >= self._most:
            self.clear()
        self[text] = found
        return found


def most_selective(keyed: Mapping[int, Sequence[Keyed]], least: int) -> dict[int, Keyed]:
    """Of rules by number, those that one index is to hold, with what they ask of it: the key with the most texts.

    Empty where no key is asked for by *least* rules.
    """
    by_key: dict[Key, dict[int, Keyed]] = {}
    for number, several in keyed.items():
        for one in several:
            by_key.setdefault(one.key, {}).setdefault(number, one)
    usable = [rules for rules in by_key.values() if len(rules) >= least]
    return max(usable, key=_texts_asked, default={})


def _texts_asked(rules: Mapping[int, Keyed]) -> int:
    return len({text for one in rules.values() for text in one.texts})


def _keys(rule: Rule, type_: str, lowering: Lowering) -> Iterator[Keyed]:
    if rule.when is None:
        return
    shapes = rule.when.shapes[type_]
    for part in conjuncts(rule.when.tree):
        if not _cannot_fail(part, shapes):
            return
        if isinstance(part, Comparison) and (found := _key(part, shapes, lowering)) is not None:
            yield Keyed(key=found[0], texts=found[1], comparison=part)


def _key(comparison: Comparison, shapes: Mapping[Expression, Shape], lowering: Lowering) -> tuple[Key, tuple[str, ...]] | None:
    """The text that *comparison* asks for, and the texts with which alone it is true.

    None where it compares something else, or with too many texts.
    """
    match lowering.condition(comparison, shapes):
        case ast.Compare(left=asked, ops=[ast.Eq() | ast.In()], comparators=[ast.Name(id=bound)]) if bound in lowering.names:
            wanted = lowering.names[bound]
        case ast.Compare(left=ast.Name(id=bound), ops=[ast.Eq()], comparators=[asked]) if bound in lowering.names:
            wanted = lowering.names[bound]
        case _:
            return None
    texts = (wanted,) if isinstance(wanted, str) else wanted
    key = _key_of(asked, lowering)
    if key is None or not isinstance(texts, tuple | frozenset) or len(texts) > MAX_KEYS:
        return None
    return key, tuple(texts)


def _key_of(asked: ast.expr, lowering: Lowering) -> Key | None:
    match asked:
        case ast.Name(id=local):
            attribute = next((name for name, held in lowering.attributes.items() if held == local.removeprefix("f")), None)
            for found in lowering.fields.values():
                if found.attribute == attribute and found.kind in (Kind.TEXT, Kind.CURRENCY) and not found.many:
                    return Key(path=("a", attribute), folded=local.startswith("f"))
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="c"), attr="actor"), attr="id"):
            return Key(path=("c", "actor", "id"), folded=False)
    return None


def _cannot_fail(tree: Expression, shapes: Mapping[Expression, Shape]) -> bool:
    """Whether *tree* has a value for every action: it only compares texts and truths, or asks what was given."""
    match tree:
        case Has() | InRequest() | Trusted() | Known(name="disputed"):
            return True
        case Not(operand=operand):
            return _cannot_fail(operand, shapes)
        case And(operands=operands) | Or(operands=operands):
            return all(_cannot_fail(operand, shapes) for operand in operands)
        case Comparison(operands=operands):
            return all(_is_textual(operand, shapes) for operand in operands)
    return False


def _is_textual(tree: Expression, shapes: Mapping[Expression, Shape]) -> bool:
    match tree:
        case Text() | Texts() | Listed() | Keys() | Truth() | Known(name="actor.id" | "actor.roles") | SourceOf():
            return True
        case Name():
            return shapes.get(tree, UNKNOWN).kind in _TEXTUAL
    return False
