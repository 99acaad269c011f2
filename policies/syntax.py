"""Conditions as trees: frozen, each node with the place of its characters in the condition's text.

Nodes are compared by identity, so that what the checker finds out about one can be kept beside it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias, cast

Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
Operator: TypeAlias = Literal["+", "-", "*"]


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

    name: Literal["actor.id", "actor.roles", "plan.size"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Has(Tree):
    """`has(amount)`: the action has the field and it was given."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class InRequest(Tree):
    """`in_request(amount)`: the user wrote the value."""

    field: Name


@dataclass(frozen=True, eq=False, kw_only=True)
class Default(Tree):
    """`default(amount, 0)`: the field, or the constant where it was not given."""

    field: Name
    otherwise: "Expression"


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
    Number | Text | Truth | Texts | Name | Listed | Counted | Known | Has | InRequest | Default
    | Negative | Arithmetic | Comparison | Not | And | Or
)  # fmt: skip


def children(tree: Expression) -> tuple[Expression, ...]:
    """The trees right below *tree*, in the order written."""
    match tree:
        case Comparison() | And() | Or():
            return tree.operands
        case Arithmetic():
            return (tree.left, tree.right)
        case Not() | Negative():
            return (tree.operand,)
        case Has() | InRequest():
            return (tree.field,)
        case Default():
            return (tree.field, tree.otherwise)
    return ()


def walk(tree: Expression) -> Iterator[Expression]:
    """*tree* and all trees in it, in the order written."""
    yield tree
    for child in children(tree):
        yield from walk(child)


def names_read(tree: Expression) -> list[str]:
    """What *tree* reads, each once, in the order written: `amount`, `in_request(to)`, `lists.family`, `counters.sent`."""
    match tree:
        case Name(name=name) | Known(name=name):
            return [name]
        case Listed(name=name):
            return [f"lists.{name}"]
        case Counted(name=name):
            return [f"counters.{name}"]
        case InRequest(field=name):
            return [f"in_request({name.name})"]
    return list(dict.fromkeys(name for child in children(tree) for name in names_read(child)))


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
