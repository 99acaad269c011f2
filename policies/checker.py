"""Is a condition right for the fields of an action? Names, types, and fields that may be left out.

`has(x)` is followed through `and`, `or` and `not`: what is read behind it is known to be given. Where an action type
has no field `x`, `has(x)` is false, and what stands behind it is never reached.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

from signoff.actions import Kind, fold_name

from .agreement import Agreement
from .diagnostics import suggest
from .naming import Names
from .shapes import TRUTH, UNKNOWN, Shape, fit, product_shape, shape_of_constant, shape_of_field, sum_shape
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

_NOTHING: Names = frozenset()
_KNOWN = {
    "actor.id": Shape(Kind.TEXT),
    "actor.roles": Shape(Kind.TEXT, many=True),
    "plan.size": Shape(Kind.INTEGER),
    "now.hour": Shape(Kind.INTEGER),
    "now.weekday": Shape(Kind.TEXT),
    "now.date": Shape(Kind.TEXT, date=True),
    "disputed": TRUTH,
}


@dataclass(frozen=True)
class Facts:
    """What is known to be given where a condition is true, and where it is false."""

    if_true: Names = _NOTHING
    if_false: Names = _NOTHING


@dataclass(frozen=True)
class Checker(Agreement):
    """Checks the conditions of one rule for one action type."""

    def condition(self, tree: Expression, given: Names = _NOTHING) -> Facts:
        """Check that *tree* is true or false, where the fields *given* are known to be given."""
        facts = self._truth(tree, given)
        shape = self.shapes[tree]
        if not shape.truth and not shape.unknown:
            hint = f"compare it: {self._text(tree)} > 0" if shape.numeric else "compare it with =="
            hint = f'ask with in: "..." in {self._text(tree)}' if shape.many else hint
            self._error("type", f"a condition is true or false, and `{self._text(tree)}` is {shape}", tree, hint)
        return facts

    def value(self, tree: Expression) -> Shape:
        """Check *tree* as something that is shown, given or not."""
        return self._shape(tree, frozenset(name for fields in self.setting.types.values() for name in fields))

    def _truth(self, tree: Expression, given: Names) -> Facts:
        match tree:
            case Has(field=name):
                self._require_somewhere(name)
                self.shapes[tree] = TRUTH
                return Facts(if_true=frozenset({name.name}))
            case Not(operand=operand):
                facts = self.condition(operand, given)
                self.shapes[tree] = TRUTH
                return Facts(facts.if_false, facts.if_true)
            case And(operands=operands):
                facts = self._sequence(operands, given, all_true=True)
                self.shapes[tree] = TRUTH
                return facts
            case Or(operands=operands):
                facts = self._sequence(operands, given, all_true=False)
                self.shapes[tree] = TRUTH
                return facts
        self._shape(tree, given)
        return Facts()

    def _sequence(self, operands: tuple[Expression, ...], given: Names, *, all_true: bool) -> Facts:
        """The facts of operands joined by `and` (*all_true*) or `or`.

        The next operand is reached only where the ones before were all true (false): `through` is what is known
        then. Where it ends early, at any of them, only what is known in every such case is: `out`.
        """
        through: Names = _NOTHING
        out: Names | None = None
        for operand in operands:
            facts = self.condition(operand, given | through)
            on, off = (facts.if_true, facts.if_false) if all_true else (facts.if_false, facts.if_true)
            out = through | off if out is None else out & (through | off)
            through |= on
        assert out is not None
        return Facts(through, out) if all_true else Facts(out, through)

    def _shape(self, tree: Expression, given: Names) -> Shape:
        shape = self._find(tree, given)
        self.shapes[tree] = shape
        return shape

    def _find(self, tree: Expression, given: Names) -> Shape:
        match tree:
            case Number() | Cash() | Text() | Truth() | Texts():
                self._possible(tree)
                return shape_of_constant(tree)
            case Name():
                return self._name(tree, given)
            case Listed(name=name):
                return self._listed(tree, name)
            case Keys(name=name):
                self._has_table(tree, name)
                return Shape(Kind.TEXT, many=True)
            case Entry():
                return self._entry(tree, given)
            case Counted():
                return self._counter(tree, given)
            case Known():
                return self._known(tree)
            case Call():
                return self._call(tree, given)
            case InRequest(field=name) | Trusted(field=name):
                self._name(name, given, value=False)
                return TRUTH
            case SourceOf(field=name):
                self._name(name, given, value=False)
                return Shape(Kind.TEXT)
            case Default():
                return self._default(tree)
            case Negative(operand=operand):
                shape = self._shape(operand, given)
                return shape if self._is_numeric(operand, shape) else UNKNOWN
            case Arithmetic():
                return self._arithmetic(tree, given)
            case Comparison():
                self._comparison(tree, given)
                return TRUTH
            case Predicate():
                self._predicate(tree, given)
                return TRUTH
            case Has() | Not() | And() | Or():
                self._truth(tree, given)
                return TRUTH

    def _known(self, tree: Known) -> Shape:
        if self._text(tree) == "disputed" and "disputed" in self.setting.types[self.type_]:
            hint = "write plan.disputed for the plan's, or default(disputed, ...) for the field"
            self._error("unknown-name", f"{self.type_} has a field `disputed`, and the plan may be disputed", tree, hint)
        return _KNOWN[tree.name]

    def _default(self, tree: Default) -> Shape:
        otherwise = tree.otherwise
        if not isinstance(otherwise, Number | Cash | Text | Truth | Texts):
            self._error("type", "`default` takes a constant where the field is not given", otherwise, "write a number or a text")
            return UNKNOWN
        constant = self._shape(otherwise, _NOTHING)
        if not self._require_somewhere(tree.field):
            return UNKNOWN
        found = self.setting.types[self.type_].get(tree.field.name)
        if found is None:
            return constant
        if self._is_secret(tree.field, found):
            return UNKNOWN
        shape = shape_of_field(found)
        if not (shape == Shape(constant.kind, many=constant.many) or fit(shape, constant)):
            self._error("type", f"`{tree.field.name}` is {shape} and cannot default to {constant}", otherwise)
            return UNKNOWN
        if shape.kind is Kind.MONEY and constant.kind is Kind.MONEY:
            return Shape(Kind.MONEY, code=constant.code)
        if shape.kind is Kind.MONEY:
            self._require_currency(otherwise)
            return Shape(Kind.MONEY, plain=True)
        return sum_shape(shape, Shape(constant.kind)) if shape.numeric else shape

    def _arithmetic(self, tree: Arithmetic, given: Names) -> Shape:
        left, right = self._shape(tree.left, given), self._shape(tree.right, given)
        numeric = [self._is_numeric(tree.left, left), self._is_numeric(tree.right, right)]
        if not all(numeric) or left.unknown or right.unknown:
            return UNKNOWN
        if tree.operator == "*":
            if left.kind is right.kind is Kind.MONEY:
                self._error("type", "money cannot be multiplied by money", tree.right, "multiply by a plain number")
                return UNKNOWN
            if not (left.written or right.written):
                self._error(
                    "type", "one side of `*` must be a constant", tree.right, "compare with a sum, or multiply by a number"
                )
                return UNKNOWN
            return product_shape(left, right)
        if not fit(left, right):
            self._mismatch(tree.left, tree.right, left, right, "added to" if tree.operator == "+" else "subtracted from")
            return UNKNOWN
        made = sum_shape(left, right)
        if made.plain:
            self._require_currency(tree)
        self._one_currency(tree, left, right)
        return made

    def _entry(self, tree: Entry, given: Names) -> Shape:
        key = self._shape(tree.key, given)
        inner = tree.key.operands[0] if isinstance(tree.key, Call) else tree.key
        if not isinstance(inner, Name | Default | Text | Known | SourceOf) or not (
            key.unknown or (key.kind is Kind.TEXT and not key.many)
        ):
            hint = f"write tables.{tree.table}[to], a field that is text"
            self._error("type", f"the key of a table is one text, and `{self._text(tree.key)}` is not", tree.key, hint)
            return UNKNOWN
        if not self._has_table(tree, tree.table):
            return UNKNOWN
        table = self.setting.tables[tree.table]
        if table is None or key.unknown:
            return UNKNOWN
        if tree.column in table.columns:
            return table.columns[tree.column].shape
        if tree.column is None:
            column = next(iter(table.columns))
            message = f"the table `{tree.table}` has columns, and this names none"
            self._error("unknown-name", message, tree, f"write tables.{tree.table}[...].{column}")
        elif None in table.columns:
            hint = f"leave out .{tree.column}"
            self._error("unknown-name", f"the table `{tree.table}` has no columns", tree, hint)
        else:
            known = [column for column in table.columns if column]
            hint = suggest(tree.column, known, f"there are {', '.join(known[:10])}")
            self._error("unknown-name", f"the table `{tree.table}` has no column `{tree.column}`", tree, hint)
        return UNKNOWN

    def _call(self, tree: Call, given: Names) -> Shape:
        shapes = [self._shape(operand, given) for operand in tree.operands]
        match tree.function:
            case "len":
                if all(shape.unknown or shape.many or shape.kind is Kind.TEXT for shape in shapes):
                    return Shape(Kind.INTEGER)
                self._error("type", f"`len` asks for a text or a list, and `{self._text(tree.operands[0])}` is {shapes[0]}", tree)
            case "lower":
                if all(shape.unknown or (shape.kind is Kind.TEXT and not shape.many) for shape in shapes):
                    return Shape(Kind.TEXT)
                self._error("type", f"`lower` asks for a text, and `{self._text(tree.operands[0])}` is {shapes[0]}", tree)
            case "abs" | "min" | "max":
                return self._greatest(tree, shapes)
        return UNKNOWN

    def _greatest(self, tree: Call, shapes: list[Shape]) -> Shape:
        """The shape of `min`, `max` and `abs`."""
        numeric = [self._is_numeric(operand, shape) for operand, shape in zip(tree.operands, shapes, strict=True)]
        if not all(numeric) or any(shape.unknown for shape in shapes):
            return UNKNOWN
        made = shapes[0]
        for operand, shape in zip(tree.operands[1:], shapes[1:], strict=True):
            if not fit(made, shape):
                self._mismatch(tree.operands[0], operand, made, shape, "compared with")
                return UNKNOWN
            made = sum_shape(made, shape)
        if made.plain:
            self._require_currency(tree)
        self._one_currency(tree, *shapes)
        return replace(made, zero=False)

    def _predicate(self, tree: Predicate, given: Names) -> None:
        left, right = self._shape(tree.left, given), self._shape(tree.right, given)
        if left.unknown or right.unknown:
            return
        if left.many and tree.operator == "contains":
            self._membership(tree.right, tree.left, right, left)
            return
        for operand, shape in ((tree.left, left), (tree.right, right)):
            if shape.kind is not Kind.TEXT or shape.many:
                hint = f'ask with in: "..." in {self._text(operand)}' if shape.many else ""
                self._error("type", f"`{tree.operator}` asks for text, and `{self._text(operand)}` is {shape}", operand, hint)
                return
        if tree.operator == "matches":
            self._pattern(tree)
        elif isinstance(tree.right, Text) and not fold_name(tree.right.value):
            self._error("text", "every text holds the empty text", tree.right, "write what is looked for")

    def _comparison(self, tree: Comparison, given: Names) -> None:
        for operand in tree.operands:
            self._shape(operand, given)
        for comparator, (left, right) in zip(tree.comparators, pairwise(tree.operands), strict=True):
            self._pair(comparator, left, right)
        self._one_currency(tree, *(self.shapes[operand] for operand in tree.operands))
