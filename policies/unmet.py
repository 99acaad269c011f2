"""Why a rule that speaks for an action did not match: the first part of its conditions that was false."""

from collections.abc import Iterator
from dataclasses import dataclass

from signoff.actions import Action

from .compiler import compile_part
from .content import Document
from .decision import Context, DecisionEffect
from .rule import Condition, Rule
from .syntax import And, Expression
from .values import values_in
from .world import World


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """A rule that speaks for an action, and did not match."""

    rule: str  # its id
    effect: DecisionEffect
    place: str  # `policies.yaml:28`
    part: str  # of its conditions, what was false: `amount > 10_000`; `unless to in lists.family` where that held
    values: tuple[tuple[str, str], ...]  # what the part reads, in the order written


def why_unmet(rule: Rule, name: str, action: Action, context: Context, document: Document, world: World) -> Unmet | None:
    """Why *rule*, of the file *name*, did not match *action*; None where it did, or where its conditions failed."""
    try:
        found = _false_part(rule, action, context, world)
    except Exception:  # a failed condition counts on the strict side, and `Policy.explain` tells why
        return None
    if found is None:
        return None
    condition, part = found
    return Unmet(
        rule=rule.id,
        effect=rule.effect,
        place=f"{name}:{rule.line}",
        part=("unless " if condition is rule.unless else "") + condition.excerpt(part),
        values=values_in(part, action, context, document, world),
    )


def _false_part(rule: Rule, action: Action, context: Context, world: World) -> tuple[Condition, Expression] | None:
    """The condition that kept *rule* from matching, with the first part of it that was not as it must be."""
    if rule.when:
        for part in _all_of(rule.when.tree):
            if not compile_part(type(action), part, rule.when.shapes[action.type], world)(action, context):
                return rule.when, part
    if rule.unless and compile_part(type(action), rule.unless.tree, rule.unless.shapes[action.type], world)(action, context):
        return rule.unless, rule.unless.tree
    return None


def _all_of(tree: Expression) -> Iterator[Expression]:
    """What must hold for *tree* to hold, part by part."""
    if isinstance(tree, And):
        for operand in tree.operands:
            yield from _all_of(operand)
    else:
        yield tree
