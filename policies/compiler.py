"""Rules to one Python function per action type.

A function works out which rules match, as a tuple: `i` for the type's rule number `i`, `-1 - i` where its condition
failed. What such a tuple means is worked out when it first comes up.

    def decide(a, c):                           # transfer, five rules
        v0 = a.to
        v1 = a.amount
        fv0 = k8(v0)                            # text is compared folded
        m = k0                                  # (): deny rules first; where one matches, no other is asked
        try:
            if fv0 in k1: m += k2               # (4,)
        except k3: m += k4                      # (4, -5)
        if m: return k5(m) or k6(m)
        m = k7                                  # (0,): rules without a condition match always
        ...
        return k5(m) or k6(m)

Where many rules ask first of all what one text is, they are not asked one after the other: an index holds for each text a
function of those that ask for it, made when it first comes up, in which that is not asked again.

        h = k9.get(fv0)
        if h: m += h(a, c)
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Generic, TypeAlias, TypeVar, cast

from signoff.actions import Action

from .decision import Context, DecisionEffect
from .lowering import PLACE, Lowering, load
from .rule import Rule
from .shapes import Shape
from .syntax import And, Comparison, Expression, Has
from .world import ConditionFailed, World

MIN_INDEXED = 8  # rules that ask for one text first: fewer are asked one after the other
MAX_REMEMBERED = 4_096  # sets of matching rules, for each action type

Outcome = TypeVar("Outcome")
Finish: TypeAlias = Callable[[tuple[Rule, ...], tuple[Rule, ...]], Outcome]  # rules that matched, rules that failed
Test: TypeAlias = Callable[[Action, Context], bool]
Bucket: TypeAlias = Callable[[Action, Context], tuple[int, ...]]  # of the rules for one text: which match


def compile_type(
    action: type[Action], type_: str, rules: Sequence[Rule], world: World, finish: Finish[Outcome]
) -> Callable[[Action, Context], Outcome]:
    """The function that decides actions of one type; *rules* are those that speak for it, in the file's order."""
    lowering = Lowering(action.fields, world)
    body = _Body(type_, tuple(rules), lowering)
    outcomes = _Outcomes(tuple(rules), finish)
    statements = body.statements(lowering.bind(outcomes.known.get), lowering.bind(outcomes.work_out))
    return cast(Callable[[Action, Context], Outcome], _function(statements, lowering))


def compile_rule(action: type[Action], type_: str, rule: Rule, world: World) -> Test:
    """The function that says whether the conditions of one rule are met. It raises where they fail."""
    lowering = Lowering(action.fields, world)
    test = _condition(type_, rule, lowering) or lowering.bind(True)
    return cast(Test, _function([ast.Return(test, **PLACE)], lowering))


def compile_part(action: type[Action], tree: Expression, shapes: Mapping[Expression, Shape], world: World) -> Test:
    """The function that says whether one part of a condition is true. It raises where it fails."""
    lowering = Lowering(action.fields, world)
    return cast(Test, _function([ast.Return(lowering.condition(tree, shapes), **PLACE)], lowering))


def why_failed(error: Exception) -> str:
    """Why a condition failed, for people."""
    return str(error) if isinstance(error, ConditionFailed) else f"its values cannot be compared ({type(error).__name__})"


@dataclass
class _Outcomes(Generic[Outcome]):
    """What each set of matching rules means, worked out when it first comes up."""

    rules: tuple[Rule, ...]
    finish: Finish[Outcome]

    def __post_init__(self) -> None:
        self.known: dict[tuple[int, ...], Outcome] = {}

    def work_out(self, matched: tuple[int, ...]) -> Outcome:
        outcome = self.finish(
            tuple(self.rules[number] for number in sorted(matched) if number >= 0),
            tuple(self.rules[-1 - number] for number in sorted(matched, reverse=True) if number < 0),
        )
        if len(self.known) < MAX_REMEMBERED:
            self.known[matched] = outcome
        return outcome


@dataclass
class _Body:
    type_: str
    rules: tuple[Rule, ...]
    lowering: Lowering

    def statements(self, known: ast.expr, work_out: ast.expr) -> list[ast.stmt]:
        outcome = ast.BoolOp(ast.Or(), [_call_with_matched(known), _call_with_matched(work_out)], **PLACE)
        made: list[ast.stmt] = []
        if any(rule.effect is DecisionEffect.DENY for rule in self.rules):
            made += self._section(DecisionEffect.DENY)
            made.append(ast.If(load("m"), [ast.Return(outcome, **PLACE)], [], **PLACE))
        made += self._section(DecisionEffect.APPROVE, DecisionEffect.ALLOW)
        made.append(ast.Return(outcome, **PLACE))
        return made

    def _section(self, *effects: DecisionEffect) -> list[ast.stmt]:
        """Sets `m` to what matches among the rules of *effects*."""
        asked: list[ast.stmt] = []
        keyed: dict[str, list[_Keyed]] = {}
        for number, rule in enumerate(self.rules):
            if rule.effect not in effects or not (rule.when or rule.unless):
                continue
            found = _keyed(self.type_, number, rule, self.lowering)
            if found is None:
                asked.append(_ask(self.type_, number, rule, self.lowering))
            else:
                keyed.setdefault(found.local, []).append(found)
        for local, rules in keyed.items():
            if len(rules) < MIN_INDEXED:
                asked += [_ask(self.type_, found.number, found.rule, self.lowering) for found in rules]
            else:
                asked += self._look_up(local, rules)
        return [_set("m", self.lowering.bind(self._always(*effects))), *asked]

    def _look_up(self, local: str, rules: list["_Keyed"]) -> list[ast.stmt]:
        """Adds to `m` what matches among *rules*, which all ask for the text in *local* first."""
        by_text: dict[str, list[_Keyed]] = {}
        for found in rules:
            for text in found.texts:
                by_text.setdefault(text, []).append(found)
        index: dict[str, Bucket] = {}
        for text, same in by_text.items():
            index[text] = _Unmade(index, text, same, self.type_, self.lowering)
        looked_up = ast.Call(self.lowering.bind(index.get), [load(local)], [], **PLACE)
        matching = ast.Call(load("h"), [load("a"), load("c")], [], **PLACE)
        return [_set("h", looked_up), ast.If(load("h"), [_add(matching)], [], **PLACE)]

    def _always(self, *effects: DecisionEffect) -> tuple[int, ...]:
        return tuple(
            number for number, rule in enumerate(self.rules) if rule.effect in effects and not (rule.when or rule.unless)
        )


@dataclass(frozen=True, kw_only=True)
class _Keyed:
    """A rule that asks first of all whether one text is one of a few."""

    number: int
    rule: Rule
    local: str  # name of the text
    texts: tuple[str, ...]
    comparison: Comparison  # that asks for it


@dataclass
class _Unmade:
    """Rules that ask for one text, before they are asked for the first time: then they become a function in the index."""

    index: dict[str, Bucket]
    text: str
    rules: list[_Keyed]
    type_: str
    lowering: Lowering  # of the function that holds the index

    def __call__(self, action: Action, context: Context) -> tuple[int, ...]:
        lowering = Lowering(self.lowering.fields, self.lowering.world)
        asked = [_ask(self.type_, found.number, found.rule, lowering, found.comparison) for found in self.rules]
        body = [_set("m", lowering.bind(())), *asked, ast.Return(load("m"), **PLACE)]
        made = self.index[self.text] = cast(Bucket, _function(body, lowering))
        return made(action, context)


def _keyed(type_: str, number: int, rule: Rule, lowering: Lowering) -> _Keyed | None:
    """*rule* with the text that it asks for first; None where it asks for something else, whose failing would count."""
    if rule.when is None:
        return None
    tree = rule.when.tree
    for part in tree.operands if isinstance(tree, And) else (tree,):
        if isinstance(part, Comparison) and (key := lowering.key(part, rule.when.shapes[type_])) is not None:
            return _Keyed(number=number, rule=rule, local=key[0], texts=key[1], comparison=part)
        if not isinstance(part, Has):  # which cannot fail
            return None
    return None


def _ask(type_: str, number: int, rule: Rule, lowering: Lowering, known: Comparison | None = None) -> ast.stmt:
    """Adds the rule to `m` where its conditions hold; that *known* does is certain.

    Where they fail: deny and approve rules count as matched, allow rules not.
    """
    failed = -1 - number
    strict = (failed,) if rule.effect is DecisionEffect.ALLOW else (number, failed)
    test = _condition(type_, rule, lowering, known) or lowering.bind(True)
    handler = ast.ExceptHandler(lowering.bind(Exception), None, [_add(lowering.bind(strict))], **PLACE)
    matched = ast.If(test, [_add(lowering.bind((number,)))], [], **PLACE)
    return ast.Try([matched], [handler], [], [], **PLACE)


def _condition(type_: str, rule: Rule, lowering: Lowering, known: Comparison | None = None) -> ast.expr | None:
    """`when and not unless`, without what is *known* to be true; None where nothing is left to ask."""
    parts: list[ast.expr] = []
    if rule.when:
        tree = rule.when.tree
        operands = tree.operands if isinstance(tree, And) else (tree,)
        parts += [lowering.condition(operand, rule.when.shapes[type_]) for operand in operands if operand is not known]
    if rule.unless:
        parts.append(ast.UnaryOp(ast.Not(), lowering.condition(rule.unless.tree, rule.unless.shapes[type_]), **PLACE))
    if len(parts) < 2:
        return parts[0] if parts else None
    return ast.BoolOp(ast.And(), parts, **PLACE)


def _function(statements: list[ast.stmt], lowering: Lowering) -> FunctionType:
    """The Python function of `a`, the action, and `c`, the context, that loads what is read, and then runs *statements*."""
    module = ast.parse("def decide(a, c): pass")
    (definition,) = module.body
    assert isinstance(definition, ast.FunctionDef)
    attributes = lowering.attributes.items()
    loads = [_set(local, ast.Attribute(load("a"), attribute, ast.Load(), **PLACE)) for attribute, local in attributes]
    folds = [_set(local, made) for local, made in lowering.folded.items()]
    definition.body = [*loads, *folds, *statements]
    code = compile(module, "<policy>", "exec")
    (inner,) = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return FunctionType(inner, dict(lowering.names))


def _add(found: ast.expr) -> ast.stmt:
    return ast.AugAssign(ast.Name("m", ast.Store(), **PLACE), ast.Add(), found, **PLACE)


def _call_with_matched(function: ast.expr) -> ast.expr:
    return ast.Call(function, [load("m")], [], **PLACE)


def _set(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store(), **PLACE)], value, None, **PLACE)
