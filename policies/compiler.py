"""Rules to Python functions: one per action type, and one for each text that an index of it holds.

A function works out which rules match, as a tuple of marks: `i` for the type's rule number `i`, `-1 - i` where its condition
failed. What such a tuple comes to is worked out when it first comes up.

    def decide(a, c):                           # transfer, five rules
        v0 = a.to
        v1 = a.amount
        fv0 = k7(v0)                            # text is compared folded
        m = k0                                  # (): deny rules first; where one matches, no other is asked
        try:
            if fv0 in k1: m = k2                # (4,)
        except k3: m += k4                      # (4, -5)
        if m: return k5[m]
        m = k6                                  # (0,): rules without a condition match always
        ...
        return k5[m]

Where many rules can match only where one text is among a few, they are not asked one after the other. An index holds for
each text such a function of the rules that ask for it, and of all that ask for none; in it that is not asked again. It is
made when the text first comes up. Of several texts that rules could be looked up by, the one with the most values is taken.

    def decide(a, c): return k0[a.to](a, c)

Rules that differ only in the number that they compare the same thing with are searched: see `bisecting`.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType
from typing import Generic, TypeAlias, TypeVar, cast

from signoff.actions import Action

from .bisecting import MIN_SORTED, Alike, Limit, limit_of, search, structure
from .decision import Context, DecisionEffect
from .decision_table import DecisionTable, Finish, Marks
from .keys import Index, Keyed, conjuncts, keys_of, most_selective
from .lowering import Lowering
from .python_nodes import PLACE, load
from .rule import Rule
from .shapes import Shape
from .syntax import Comparison, Expression
from .world import ConditionFailed, World

MIN_INDEXED = 8  # rules that ask for one text: fewer are asked one after the other
MAX_DEFAULTS = 24  # constants of a function that are copied whenever it is called

Outcome = TypeVar("Outcome")
Test: TypeAlias = Callable[[Action, Context], bool]
Matching: TypeAlias = Callable[[Action, Context], Marks]  # of some of the rules: which match
Asked: TypeAlias = Mapping[int, tuple[Comparison, ...]]  # rules by number, with what of them is known to hold

_SECTIONS = ((DecisionEffect.DENY,), (DecisionEffect.APPROVE, DecisionEffect.ALLOW))  # where the first matches, it decides


def compile_type(
    action: type[Action], type_: str, rules: Sequence[Rule], world: World, finish: Finish[Outcome]
) -> Callable[[Action, Context], Outcome]:
    """The function that decides actions of one type; *rules* are those that speak for it, in the file's order."""
    return _Type(type_, tuple(rules), Lowering(action.fields, world), DecisionTable(tuple(rules), finish)).compile()


def compile_rule(action: type[Action], type_: str, rule: Rule, world: World) -> Test:
    """The function that says whether the conditions of one rule are met. It raises where they fail."""
    lowering = Lowering(action.fields, world)
    test = _all(_parts(type_, rule, lowering)) or lowering.bind(True)
    return cast(Test, _function([ast.Return(test, **PLACE)], lowering, {}))


def compile_operands(
    action: type[Action], comparison: Comparison, shapes: Mapping[Expression, Shape], world: World
) -> Callable[[Action, Context], Sequence[object]]:
    """The function that gives what *comparison* compares, as it compares it. It raises where the comparison would."""
    lowering = Lowering(action.fields, world)
    made = lowering.condition(comparison, shapes)
    operands = [made.left, *made.comparators] if isinstance(made, ast.Compare) else [made]
    returned = ast.Return(ast.Tuple(operands, ast.Load(), **PLACE), **PLACE)
    return cast(Callable[[Action, Context], Sequence[object]], _function([returned], lowering, {}))


def compile_part(action: type[Action], tree: Expression, shapes: Mapping[Expression, Shape], world: World) -> Test:
    """The function that says whether one part of a condition is true. It raises where it fails."""
    lowering = Lowering(action.fields, world)
    return cast(Test, _function([ast.Return(lowering.condition(tree, shapes), **PLACE)], lowering, {}))


def answer_of(test: Test, action: Action, context: Context) -> bool | None:
    """What *test* says of an action; None where it fails."""
    try:
        return bool(test(action, context))
    except Exception:  # whatever it is: a condition that cannot be worked out counts on the strict side
        return None


def why_failed(error: Exception) -> str:
    """Why a condition failed, for people."""
    return str(error) if isinstance(error, ConditionFailed) else f"its values cannot be compared ({type(error).__name__})"


@dataclass
class _Type(Generic[Outcome]):
    """The rules for one action type, becoming functions."""

    type_: str
    rules: tuple[Rule, ...]
    plain: Lowering  # in which nothing is made: others begin as it does
    outcomes: DecisionTable[Outcome]
    keys: dict[int, tuple[Keyed, ...]] = field(default_factory=dict)  # by which a rule can be looked up
    codes: dict[object, CodeType] = field(default_factory=dict)  # by what they do

    def compile(self) -> Callable[[Action, Context], Outcome]:
        """The function that decides."""
        asked: Asked = {number: () for number, rule in enumerate(self.rules) if rule.when or rule.unless}
        if len(asked) >= MIN_INDEXED:
            self.keys = {number: keys_of(self.rules[number], self.type_, self.plain) for number in asked}
        indexed = self._choose(asked)
        if not indexed:
            return self._deciding(asked, {})
        others = {number: asked[number] for number in asked if number not in indexed}
        rest: dict[DecisionEffect, Matching] = {}
        if len(others) >= MIN_INDEXED:
            rest = {effects[0]: self._matching(some) for effects in _SECTIONS if (some := self._of(others, effects))}
            others = {}
        lowering = Lowering(self.plain.fields, self.plain.world)
        index = self._index(asked, indexed, lambda found: self._deciding({**others, **found}, rest), self._deciding(others, rest))
        return cast(
            Callable[[Action, Context], Outcome], _function([ast.Return(_call(index(lowering)), **PLACE)], lowering, self.codes)
        )

    def _deciding(self, asked: Asked, rest: Mapping[DecisionEffect, Matching]) -> Callable[[Action, Context], Outcome]:
        """The function that decides by the rules *asked*, by those that always match, and by those of *rest*."""
        lowering = Lowering(self.plain.fields, self.plain.world)
        outcome = ast.Subscript(lowering.bind(self.outcomes), load("m"), ast.Load(), **PLACE)
        made: list[ast.stmt] = []
        for effects in _SECTIONS:
            some, always = self._of(asked, effects), self._always(effects)
            statements = self._ask(some, lowering, always)
            if effects[0] in rest:
                statements.append(_add(_call(lowering.bind(rest[effects[0]]))))
            if effects is _SECTIONS[-1]:
                made += [*statements, ast.Return(outcome, **PLACE)]
            elif some or always or effects[0] in rest:
                made += [*statements, ast.If(load("m"), [ast.Return(outcome, **PLACE)], [], **PLACE)]
        return cast(Callable[[Action, Context], Outcome], _function(made, lowering, self.codes))

    def _matching(self, asked: Asked) -> Matching:
        """The function that says which of the rules *asked* match."""
        lowering = Lowering(self.plain.fields, self.plain.world)
        statements = [*self._ask(asked, lowering, ()), ast.Return(load("m"), **PLACE)]
        return cast(Matching, _function(statements, lowering, self.codes))

    def _ask(self, asked: Asked, lowering: Lowering, always: Marks) -> list[ast.stmt]:
        """Sets `m` to *always* and what matches of the rules *asked*: looked up, else searched, else asked one by one."""
        indexed = self._choose(asked)
        if indexed:
            index = self._index(asked, indexed, self._matching, None)
            found = [_set("h", index(lowering)), ast.If(load("h"), [_add(_call(load("h")))], [], **PLACE)]
            return self._ask({number: asked[number] for number in asked if number not in indexed}, lowering, always) + found
        parts = {number: _parts(self.type_, self.rules[number], lowering, known) for number, known in asked.items()}
        alike: dict[Alike, list[tuple[int, Limit]]] = {}
        for number in parts if len(parts) >= MIN_SORTED else ():
            if (limit := limit_of(parts[number], lowering)) is not None:
                alike.setdefault(limit.alike, []).append((number, limit))
        searched = [found for found in alike.values() if len(found) >= MIN_SORTED]
        together = {number for found in searched for number, _ in found}
        made = [_set("m", lowering.bind(always)), *(self._search(found, lowering) for found in searched)]
        for number in [number for number in parts if number not in together]:
            made.append(self._ask_one(number, parts[number], lowering, always if len(made) == 1 else None))
        return made

    def _ask_one(self, number: int, parts: Sequence[ast.expr], lowering: Lowering, before: Marks | None) -> ast.stmt:
        """Adds the rule to `m` where all *parts* hold. What `m` holds *before* need not be added to, where it is known."""
        added = _add(lowering.bind((number,))) if before is None else _set("m", lowering.bind((*before, number)))
        test = _all(parts)
        return _try(ast.If(test, [added], [], **PLACE) if test else added, self._failed([number]), lowering)

    def _search(self, found: Sequence[tuple[int, Limit]], lowering: Lowering) -> ast.stmt:
        """Adds to `m` what matches of rules that are *found* to be alike. Where one fails, all do."""
        added = _add(search(found, self.outcomes.mark, lowering))
        test = _all(found[0][1].guards)
        failed = self._failed([number for number, _ in found])
        return _try(ast.If(test, [added], [], **PLACE) if test else added, failed, lowering)

    def _failed(self, numbers: Sequence[int]) -> Marks:
        """What rules come to whose conditions fail: deny and approve rules count as matched, allow rules not."""
        strict = [number for number in numbers if self.rules[number].effect is not DecisionEffect.ALLOW]
        marks = (*strict, *(-1 - number for number in numbers))
        return marks if len(marks) <= 2 else (self.outcomes.mark(marks, slice(None)),)

    def _choose(self, asked: Asked) -> dict[int, Keyed]:
        """Those of the rules *asked* that are looked up, and by what."""
        if len(asked) < MIN_INDEXED:
            return {}
        keyed = {
            number: [one for one in self.keys.get(number, ()) if one.comparison not in known] for number, known in asked.items()
        }
        return most_selective(keyed, MIN_INDEXED)

    def _index(
        self, asked: Asked, indexed: Mapping[int, Keyed], make: Callable[[Asked], object], others: object
    ) -> Callable[[Lowering], ast.expr]:
        """The expression for what an index over the rules *indexed* holds for an action."""
        by_text: dict[str, dict[int, tuple[Comparison, ...]]] = {}
        for number, one in indexed.items():
            for text in one.texts:
                by_text.setdefault(text, {})[number] = (*asked[number], one.comparison)
        key = next(iter(indexed.values())).key
        index = Index(key, {text: partial(make, found) for text, found in by_text.items()}, others)
        return lambda lowering: ast.Subscript(lowering.bind(index), key.load(), ast.Load(), **PLACE)

    def _of(self, asked: Asked, effects: Iterable[DecisionEffect]) -> Asked:
        return {number: known for number, known in asked.items() if self.rules[number].effect in effects}

    def _always(self, effects: Iterable[DecisionEffect]) -> Marks:
        """The rules of *effects* without a condition."""
        return tuple(
            number for number, rule in enumerate(self.rules) if rule.effect in effects and not (rule.when or rule.unless)
        )


def _parts(type_: str, rule: Rule, lowering: Lowering, known: Sequence[Comparison] = ()) -> list[ast.expr]:
    """What must hold for *rule* to match, from left to right, without what is *known* to."""
    parts: list[ast.expr] = []
    if rule.when:
        asked = [part for part in conjuncts(rule.when.tree) if part not in known]
        parts += [lowering.condition(part, rule.when.shapes[type_]) for part in asked]
    if rule.unless:
        parts.append(ast.UnaryOp(ast.Not(), lowering.condition(rule.unless.tree, rule.unless.shapes[type_]), **PLACE))
    return parts


def _all(parts: Sequence[ast.expr]) -> ast.expr | None:
    """Whether all *parts* hold; None where there are none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return ast.BoolOp(ast.And(), list(parts), **PLACE)


def _function(statements: list[ast.stmt], lowering: Lowering, codes: dict[object, CodeType]) -> FunctionType:
    """The Python function of `a`, the action, and `c`, the context, that loads what is read, and then runs *statements*.

    The few constants of a short one are defaults of its arguments, so that functions that differ in nothing else share
    one of the *codes*: it is compiled once, and stays where the processor finds it.
    """
    attributes = lowering.attributes.items()
    loads = [_set(local, ast.Attribute(load("a"), attribute, ast.Load(), **PLACE)) for attribute, local in attributes]
    folds = [_set(local, made) for local, made in lowering.folded.items()]
    body = [*loads, *folds, *statements]
    if len(lowering.names) > MAX_DEFAULTS:
        return FunctionType(_code(body, ()), dict(lowering.names))
    alike = (len(lowering.names), structure(body))
    if alike not in codes:
        codes[alike] = _code(body, tuple(lowering.names))
    return FunctionType(codes[alike], {}, "decide", tuple(lowering.names.values()))


def _code(body: list[ast.stmt], constants: tuple[str, ...]) -> CodeType:
    module = ast.parse("def decide(a, c): pass")
    (definition,) = module.body
    assert isinstance(definition, ast.FunctionDef)
    definition.args.args += [ast.arg(name, None, None, **PLACE) for name in constants]
    definition.body = body
    code = compile(module, "<policy>", "exec")
    (inner,) = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return inner


def _try(statement: ast.stmt, failed: Marks, lowering: Lowering) -> ast.stmt:
    """*statement*; where it raises, *failed* is added to `m`."""
    handler = ast.ExceptHandler(lowering.bind(Exception), None, [_add(lowering.bind(failed))], **PLACE)
    return ast.Try([statement], [handler], [], [], **PLACE)


def _add(found: ast.expr) -> ast.stmt:
    return ast.AugAssign(ast.Name("m", ast.Store(), **PLACE), ast.Add(), found, **PLACE)


def _call(function: ast.expr) -> ast.expr:
    return ast.Call(function, [load("a"), load("c")], [], **PLACE)


def _set(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store(), **PLACE)], value, None, **PLACE)
