"""Conditions as trees: frozen, each node with the place of its characters in the condition's text.

Nodes are compared by identity, so that what the checker finds out about one can be kept beside it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
Operator: TypeAlias = Literal["+", "-", "*"]
TextOperator: TypeAlias = Literal["startswith", "endswith", "contains", "matches"]
Function: TypeAlias = Literal["min", "max", "abs", "len", "lower"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Tree:
    """What all nodes have: the characters from `start` up to `end`."""

    start: int
    end: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Number(Tree):
    """`10_000`, `0.5`."""

    value: Decimal


@dataclass(frozen=True, eq=False, kw_only=True)
class Cash(Tree):
    """`90 EUR`."""

    value: Decimal
    currency: str  # an ISO 4217 code


@dataclass(frozen=True, eq=False, kw_only=True)
class Text(Tree):
    """`"Alice"`, `'Alice'`."""

    value: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth(Tree):
    """`true`, `false`."""

    value: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Texts(Tree):
    """`["Alice", "Bob"]`."""

    values: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Name(Tree):
    """A field of the action: `amount`."""

    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Listed(Tree):
    """`lists.family`."""

    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Counted(Tree):
    """`counters.sent_today`."""

    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Known(Tree):
    """What the context knows."""

    name: Literal["actor.id", "actor.roles", "plan.size", "now.hour", "now.weekday", "now.date", "disputed"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Keys(Tree):
    """`tables.limits`: its keys."""

    name: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Entry(Tree):
    """`tables.limits[to]`, `tables.limits[to].daily`."""

    table: str
    key: "Expression"
    column: str | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Has(Tree):
    """`has(amount)`: the action has the field and it was given."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class InRequest(Tree):
    """`in_request(amount)`: the user wrote the value."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class SourceOf(Tree):
    """`source_of(amount)`: the name of what the value stands in."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class Trusted(Tree):
    """`trusted(amount)`: the value stands in the request or in a trusted context."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class Default(Tree):
    """`default(amount, 0)`: the field, or the constant where it was not given."""

    field: Name
    otherwise: "Expression"


@dataclass(frozen=True, eq=False, kw_only=True)
class Call(Tree):
    """`max(amount, 5)`, `len(note)`."""

    function: Function
    operands: tuple["Expression", ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Negative(Tree):
    """`-amount`."""

    operand: "Expression"


@dataclass(frozen=True, eq=False, kw_only=True)
class Arithmetic(Tree):
    """`amount + 5`."""

    operator: Operator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Tree):
    """`0 < amount <= 100`: every neighbouring pair compared, from left to right."""

    operands: tuple["Expression", ...]  # one more than comparators
    comparators: tuple[Comparator, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Predicate(Tree):
    """`to startswith "Acme"`."""

    operator: TextOperator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, eq=False, kw_only=True)
class Not(Tree):
    """`not has(amount)`."""

    operand: "Expression"


@dataclass(frozen=True, eq=False, kw_only=True)
class And(Tree):
    """`a and b and c`, from left to right, as far as needed."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Or(Tree):
    """`a or b or c`, from left to right, as far as needed."""

    operands: tuple["Expression", ...]


Expression: TypeAlias = (
    Number | Cash | Text | Truth | Texts | Name | Listed | Counted | Keys | Entry | Known | Has | InRequest | SourceOf | Trusted
    | Default | Call | Negative | Arithmetic | Comparison | Predicate | Not | And | Or
)  # fmt: skip


def children(tree: Expression) -> tuple[Expression, ...]:
    """The trees right below *tree*, in the order written."""
    match tree:
        case Comparison() | And() | Or() | Call():
            return tree.operands
        case Entry():
            return (tree.key,)
        case Arithmetic() | Predicate():
            return (tree.left, tree.right)
        case Not() | Negative():
            return (tree.operand,)
        case Has() | InRequest() | SourceOf() | Trusted():
            return (tree.field,)
        case Default():
            return (tree.field, tree.otherwise)
    return ()


def walk(tree: Expression) -> Iterator[Expression]:
    """*tree* and all trees in it, in the order written."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def substitute(tree: Expression, old: Expression, new: Expression, made: dict[Expression, Expression]) -> Expression:
    """*tree* with *new* in the place of *old*, and new nodes above it; *made* gets each of them, with what it stands for."""
    if tree is old:
        made[new] = old
        return new
    changed: dict[str, Any] = {}  # by the name of the part
    for name, part in vars(tree).items():
        if isinstance(part, Tree):
            other: object = substitute(cast(Expression, part), old, new, made)
        elif isinstance(part, tuple) and any(isinstance(one, Tree) for one in part):
            other = tuple(substitute(one, old, new, made) for one in part)
        else:
            continue
        if other != part:
            changed[name] = other
    if not changed:
        return tree
    copy = replace(tree, **changed)
    made[copy] = tree
    return copy


def parts_read(tree: Expression) -> dict[str, Expression]:
    """What *tree* reads, in the order written, by its name: `amount`, `in_request(to)`, `lists.family`, `tables.limits[to]`."""
    match tree:
        case Name(name=name) | Known(name=name):
            return {name: tree}
        case Listed(name=name):
            return {f"lists.{name}": tree}
        case Keys(name=name):
            return {f"tables.{name}": tree}
        case Counted(name=name):
            return {f"counters.{name}": tree}
        case InRequest(field=name):
            return {f"in_request({name.name})": tree}
        case SourceOf(field=name):
            return {f"source_of({name.name})": tree}
        case Trusted(field=name):
            return {f"trusted({name.name})": tree}
    found = {name: part for child in children(tree) for name, part in parts_read(child).items()}
    if isinstance(tree, Entry):
        found[_entry_name(tree)] = tree
    return found


def _entry_name(tree: Entry) -> str:
    match tree.key:
        case Text(value=text):
            key = json.dumps(text, ensure_ascii=False)
        case _:
            key = ", ".join(parts_read(tree.key))
    return f"tables.{tree.table}[{key}]" + (f".{tree.column}" if tree.column else "")


def spell(tree: Expression) -> str:
    """*tree* in one spelling, equal for conditions that differ in spaces, brackets and digits such as `1_0.0` only."""
    parts = [_spell_part(part) for name, part in vars(tree).items() if name not in ("start", "end")]
    return f"({type(tree).__name__} {' '.join(parts)})"


def _spell_part(part: object) -> str:
    match part:
        case Tree():
            return spell(cast(Expression, part))
        case tuple():
            return f"[{' '.join(map(_spell_part, part))}]"
        case Decimal():
            text = f"{part:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
    return json.dumps(part)
