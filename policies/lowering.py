"""Checked conditions to Python expressions.

The expressions are built as nodes of Python's own syntax tree. Nothing that a file's author wrote becomes source text
or a name: every constant is bound to a numbered global. What they compute is exact: decimals are added and multiplied
in a context that never rounds.

Text is compared folded, on both sides: case, spacing and look-alike letters make no difference, as they make none where
names are resolved. Constants and lists are folded here, a field's value once per decision. Where nothing but fields with
fixed choices, currencies and actors is compared, it is compared as it is.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Context as DecimalContext
from decimal import DivisionByZero, Inexact, InvalidOperation, Overflow

from signoff.actions import Field, Kind, fold_name

from .comparing import Reading
from .python_nodes import PLACE, compare, dotted, is_not_none, load
from .shapes import UNKNOWN, Shape
from .sources import NONE, is_trusted, source_of
from .syntax import (
    And,
    Arithmetic,
    Call,
    Cash,
    Comparison,
    Counted,
    Default,
    Entry,
    Expression,
    Has,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    Negative,
    Not,
    Number,
    Or,
    Predicate,
    SourceOf,
    Text,
    Texts,
    Trusted,
    Truth,
)
from .world import World, fail_currency, fail_missing, fold, fold_each, fold_part, read_counter

# Enough digits for the longest condition over the longest values; should it ever round, the condition fails instead.
_EXACT = DecimalContext(prec=10_000, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
_OPERATIONS: dict[str, Callable[..., object]] = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply}
_CALLS: dict[str, Callable[..., object]] = {"min": min, "max": max, "abs": abs}
_PYTHON: dict[str, Callable[[], ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult}
_COMPARATORS: dict[str, Callable[[], ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "in": ast.In, "not in": ast.NotIn,
}  # fmt: skip


@dataclass
class Lowering:
    """Lowers the conditions of one action type. `names` collects what the made code needs as globals."""

    fields: Mapping[str, Field]
    world: World
    names: dict[str, object] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)  # of the action: local name of each that is read
    folded: dict[str, ast.expr] = field(default_factory=dict)  # by the local name of what is folded: how it is made

    def __post_init__(self) -> None:
        self._bound: dict[tuple[object, object], str] = {}
        self._shapes: Mapping[Expression, Shape] = {}
        self._reading = Reading(fields=self.fields, counters=self.world.counters, currency=self.world.currency)

    def bind(self, value: object) -> ast.expr:
        """A global name that holds *value*."""
        try:
            key = (tuple(map(type, value)) if isinstance(value, tuple) else type(value), value)  # 1 is not 1.0, nor (1,) (1.0,)
            name = self._bound.setdefault(key, f"k{len(self._bound)}")
        except TypeError:  # not hashable
            name = self._bound.setdefault((id, id(value)), f"k{len(self._bound)}")
        self.names[name] = value
        return load(name)

    def condition(self, tree: Expression, shapes: Mapping[Expression, Shape]) -> ast.expr:
        """The Python expression for the condition *tree*."""
        self._shapes = shapes
        return self._lower(tree)

    def attribute(self, field: Field) -> ast.expr:
        """The value of a field, from the local name that it is loaded into first."""
        return load(self.attributes.setdefault(field.attribute, f"v{len(self.attributes)}"))

    def _attribute_folded(self, field: Field) -> ast.expr:
        """The folded value of a text field, from the local name that it is loaded into first."""
        value = self.attribute(field)
        name = f"f{self.attributes[field.attribute]}"
        if name not in self.folded:
            made = self._call(fold_each, value) if field.many else self._call(fold, value)
            self.folded[name] = ast.IfExp(is_not_none(value), made, value, **PLACE) if field.optional else made
        return load(name)

    def _lower(self, tree: Expression) -> ast.expr:
        match tree:
            case Text(value=text):
                return self.bind(text)
            case Number(value=value) | Cash(value=value):
                whole = value == value.to_integral_value()
                return self.bind(int(value) if whole else value)
            case Truth(value=truth):
                return self.bind(truth)
            case Texts(values=texts):
                return self.bind(frozenset(texts))
            case Listed(name=name):
                return self.bind(self.world.items(name, folded=False))
            case Keys(name=name):
                return self.bind(self.world.keys(name, folded=False))
            case Entry():
                return self._entry(tree, folded=False)
            case Known(name=name):
                return self._known(name)
            case Counted(name=name):
                return self._call(read_counter, dotted("c", "counters"), self.bind(name))
            case Name(name=name):
                found = self.fields.get(name)
                return self.attribute(found) if found else self._call(fail_missing, self.bind(name))
            case Has(field=name):
                found = self.fields.get(name.name)
                return is_not_none(self.attribute(found)) if found else self.bind(False)
            case InRequest() | SourceOf() | Trusted():
                return self._origin(tree)
            case Default():
                return self._default(tree)
            case Not(operand=operand):
                return ast.UnaryOp(ast.Not(), self._lower(operand), **PLACE)
            case And(operands=operands):
                return ast.BoolOp(ast.And(), [self._lower(operand) for operand in operands], **PLACE)
            case Or(operands=operands):
                return ast.BoolOp(ast.Or(), [self._lower(operand) for operand in operands], **PLACE)
            case Comparison():
                return self._comparison(tree)
            case Predicate():
                return self._predicate(tree)
            case Call(function="len", operands=(operand,)):
                return self._call(len, self._lower(operand))
            case Call(function="lower", operands=(operand,)):
                return self._folded(operand)
            case Arithmetic() | Negative() | Call():
                return self._numeric(tree, _Unit(None), decimal=self._is_decimal(tree))

    def _origin(self, tree: InRequest | SourceOf | Trusted) -> ast.expr:
        """Where a field's value stands; nowhere, where the action has no such field."""
        name = tree.field.name
        if isinstance(tree, InRequest):
            return compare(self.bind(name), ast.In(), dotted("c", "grounded"))
        asked, nothing = (source_of, NONE) if isinstance(tree, SourceOf) else (is_trusted, False)
        return self._call(asked, load("c"), self.bind(name)) if name in self.fields else self.bind(nothing)

    def _known(self, name: str) -> ast.expr:
        match name:
            case "actor.id":
                return dotted("c", "actor", "id")
            case "actor.roles":
                return self._call(self.world.roles.get, dotted("c", "actor", "id"), self.bind(frozenset[str]()))
            case "now.hour":
                return self._call(self.world.hour, load("c"))
            case "now.weekday":
                return self._call(self.world.weekday, load("c"))
            case "now.date":
                return self._call(self.world.date, load("c"))
            case "disputed":
                return dotted("c", "disputed")
        return dotted("c", "plan_size")

    def _default(self, tree: Default) -> ast.expr:
        found = self.fields.get(tree.field.name)
        otherwise = self._lower(tree.otherwise)
        if found is None:
            return otherwise
        return ast.IfExp(is_not_none(self.attribute(found)), self.attribute(found), otherwise, **PLACE)

    def _comparison(self, tree: Comparison) -> ast.expr:
        shapes = [self._shape(operand) for operand in tree.operands]
        if any(shape.unknown for shape in shapes):  # never reached: the type has no such field
            return self._call(fail_missing, self.bind("such field"))
        if any(shape.numeric for shape in shapes):
            unit = self._unit(tree.operands, shapes)
            decimal = any(shape.numeric and shape.kind is not Kind.INTEGER for shape in shapes)
            operands = [
                self._numeric(operand, unit, decimal=decimal) if shape.numeric else self._lower(operand)
                for operand, shape in zip(tree.operands, shapes, strict=True)
            ]
        elif any(shape.kind is Kind.TEXT for shape in shapes) and not self._reading.is_exact(tree.operands):
            operands = [self._folded(operand) for operand in tree.operands]
        else:
            operands = [self._lower(operand) for operand in tree.operands]
        return ast.Compare(operands[0], [_COMPARATORS[comparator]() for comparator in tree.comparators], operands[1:], **PLACE)

    def _predicate(self, tree: Predicate) -> ast.expr:
        left, right = self._shape(tree.left), self._shape(tree.right)
        if left.unknown or right.unknown:  # never reached: the type has no such field
            return self._call(fail_missing, self.bind("such field"))
        if left.many:  # contains
            operands = (tree.right, tree.left)
            return self._comparison(Comparison(operands=operands, comparators=("in",), start=tree.start, end=tree.end))
        exact = self._reading.is_exact((tree.left, tree.right))
        value = self._lower(tree.left) if exact else self._folded(tree.left)
        if tree.operator == "matches":
            assert isinstance(tree.right, Text)
            return is_not_none(self._call(self.world.pattern(tree.right.value, folded=not exact), value))
        part = self._lower(tree.right) if exact else self._folded(tree.right)
        if isinstance(tree.right, Text) and not exact:
            head, tail = tree.operator != "startswith", tree.operator != "endswith"
            part = self.bind(fold_part(tree.right.value, head=head, tail=tail))
        method = "__contains__" if tree.operator == "contains" else tree.operator
        return ast.Call(ast.Attribute(value, method, ast.Load(), **PLACE), [part], [], **PLACE)

    def _entry(self, tree: Entry, *, folded: bool) -> ast.expr:
        """What a table holds for a key, which is looked up folded wherever it is compared so."""
        exact = self._reading.is_exact((tree.key,))
        key = self._lower(tree.key) if exact else self._folded(tree.key)
        held = self.world.entries(tree.table, tree.column, by_folded=not exact, folded=folded)
        return ast.Subscript(self.bind(held), key, ast.Load(), **PLACE)

    def _folded(self, tree: Expression) -> ast.expr:
        """A text, or several, folded."""
        match tree:
            case Text(value=text):
                return self.bind(fold_name(text))
            case Texts(values=texts):
                return self.bind(frozenset(map(fold_name, texts)))
            case Listed(name=name):
                return self.bind(self.world.items(name, folded=True))
            case Keys(name=name):
                return self.bind(self.world.keys(name, folded=True))
            case Entry():
                return self._entry(tree, folded=True)
            case Call(function="lower", operands=(operand,)):
                return self._folded(operand)
            case Name(name=name) if name in self.fields:
                return self._attribute_folded(self.fields[name])
            case Default(field=Name(name=name), otherwise=otherwise):
                found, rest = self.fields.get(name), self._folded(otherwise)
                if found is None:
                    return rest
                value = self._attribute_folded(found)
                return ast.IfExp(is_not_none(value), value, rest, **PLACE)
            case Known(name="actor.id") | SourceOf():
                return self._call(fold, self._lower(tree))
            case Known(name="actor.roles"):
                return self._call(fold_each, self._lower(tree))
        return self._lower(tree)

    def _unit(self, operands: tuple[Expression, ...], shapes: list[Shape]) -> "_Unit":
        """What the money in one comparison must be in."""
        found = self._reading.unit(operands, shapes)
        if found.field is not None:
            return _Unit(self.attribute(self.fields[found.field]), found.field)
        return _Unit(None if found.code is None else self.bind(found.code))

    def _numeric(self, tree: Expression, unit: "_Unit", *, decimal: bool) -> ast.expr:
        """A number; every amount in it is checked to be in *unit*."""
        match tree:
            case Number(value=value) | Cash(value=value):
                whole = value == value.to_integral_value()
                return self.bind(int(value) if whole and not decimal else value)
            case Call(function="min" | "max" | "abs" as function, operands=operands):
                made = [self._numeric(operand, unit, decimal=decimal) for operand in operands]
                return self._call(_EXACT.abs if decimal and function == "abs" else _CALLS[function], *made)
            case Name(name=name):
                return self._amount(self.fields[name], unit)
            case Counted(name=name):
                return self._in_unit(self._lower(tree), self._reading.counter(name), unit)
            case Default(field=name, otherwise=otherwise):
                rest = self._numeric(otherwise, unit, decimal=decimal)
                found = self.fields.get(name.name)
                if found is None:
                    return rest
                return ast.IfExp(is_not_none(self.attribute(found)), self._amount(found, unit), rest, **PLACE)
            case Negative(operand=operand):
                positive = self._numeric(operand, unit, decimal=decimal)
                if decimal:
                    return self._call(_OPERATIONS["-"], self.bind(0), positive)
                return ast.UnaryOp(ast.USub(), positive, **PLACE)
            case Arithmetic(operator=operator, left=left, right=right):
                first = self._numeric(left, unit, decimal=decimal)
                second = self._numeric(right, unit, decimal=decimal)
                if decimal:
                    return self._call(_OPERATIONS[operator], first, second)
                return ast.BinOp(first, _PYTHON[operator](), second, **PLACE)
        return self._lower(tree)

    def _amount(self, found: Field, unit: "_Unit") -> ast.expr:
        return self._in_unit(self.attribute(found), found, unit)

    def _in_unit(self, value: ast.expr, found: Field, unit: "_Unit") -> ast.expr:
        if found.currency is None or unit.currency is None or found.currency == unit.field:
            return value
        mine = self._currency_of(found)
        failing = self._call(fail_currency, self.bind(found.name), mine, unit.currency)
        return ast.IfExp(compare(mine, ast.Eq(), unit.currency), value, failing, **PLACE)

    def _currency_of(self, found: Field) -> ast.expr:
        assert found.currency is not None
        return self.attribute(self.fields[found.currency])

    def _call(self, function: Callable[..., object], *arguments: ast.expr) -> ast.expr:
        return ast.Call(self.bind(function), list(arguments), [], **PLACE)

    def _shape(self, tree: Expression) -> Shape:
        return self._shapes.get(tree, UNKNOWN)

    def _is_decimal(self, tree: Expression) -> bool:
        return self._shape(tree).kind is not Kind.INTEGER


@dataclass(frozen=True)
class _Unit:
    """The currency that amounts in one comparison must be in."""

    currency: ast.expr | None  # its Python expression; None where there is no money
    field: str | None = None  # the action's field that it is taken from
