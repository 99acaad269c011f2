"""What stands in a policies file and is used by nothing in it: lists, tables, counters and roles; and types no rule allows."""

from collections.abc import Iterator

from .content import Document
from .decision import DecisionEffect
from .diagnostics import Report
from .rule import Rule
from .syntax import Comparison, Counted, Entry, Expression, Keys, Known, Listed, Predicate, Text, children, walk

MAX_NAMED = 10  # action types in one warning


def warn_of_unused(document: Document, report: Report) -> None:
    """Warn of every name that nothing asks for, at its place."""
    trees = list(_trees(document))
    used = {name for tree in trees for part in walk(tree) if (name := _name(part))}
    for kind, one, names in (
        ("lists", "list", document.lists),
        ("tables", "table", document.tables),
        ("counters", "counter", document.counters),
    ):
        for name in names:
            if f"{kind}.{name}" not in used:
                place = document.places.get(f"{kind}.{name}")
                report.warning("unused", f"no rule reads the {one} `{name}`", place, "leave it out")
    roles = _roles_used(document, trees)
    for role in document.roles if roles is not None else ():
        if roles is not None and role not in roles:
            place = document.places.get(f"roles.{role}")
            report.warning("unused", f"nothing asks for the role `{role}`", place, "leave it out")


def warn_of_unspoken(document: Document, report: Report) -> None:
    """Warn of action types that are always denied because no allow rule names them, and no rule says so."""
    if document.default is not None or not document.rules:
        return
    spoken = {type_ for rule in document.rules if _speaks_out(rule) for type_ in rule.types}
    unspoken = [type_ for type_ in document.types if type_ not in spoken]
    if not unspoken:
        return
    asking = {type_ for rule in document.rules if rule.effect is DecisionEffect.APPROVE for type_ in rule.types}
    each, them = ("it is", "it") if len(unspoken) == 1 else ("they are", "them")
    message = f"no allow rule speaks for {_listed(unspoken)}, so {each} always denied"
    hint = f"name {them} in an allow rule, or in a deny rule where that is meant"
    if asking & {*unspoken}:
        hint = f"an approve rule alone grants nothing: {hint}"
    report.warning("unspoken", message, document.places.get("rules"), hint)


def _speaks_out(rule: Rule) -> bool:
    """Whether *rule* lets its types be more than denied, or says on purpose that they never are."""
    meant = rule.effect is DecisionEffect.DENY and rule.actions != ("*",) and not (rule.when or rule.unless)
    return rule.effect is DecisionEffect.ALLOW or meant


def _listed(names: list[str]) -> str:
    shown, more = names[:MAX_NAMED], len(names) - MAX_NAMED
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _trees(document: Document) -> Iterator[Expression]:
    """Every condition of the file, and every value that a reason shows."""
    yield from (condition.tree for condition in document.conditions)
    for rule in document.rules:
        yield from (part for part in rule.reason if not isinstance(part, str))


def _name(tree: Expression) -> str | None:
    match tree:
        case Listed(name=name):
            return f"lists.{name}"
        case Keys(name=name) | Entry(table=name):
            return f"tables.{name}"
        case Counted(name=name):
            return f"counters.{name}"
    return None


def _roles_used(document: Document, trees: list[Expression]) -> set[str] | None:
    """The roles that something asks for; None where a condition may ask for any."""
    named = [*(rule.seats for rule in document.rules), *(invariant.without for invariant in document.invariants)]
    used = {seat.role for seats in (document.changes, *named) for seat in seats}
    used |= {one.who for rule in document.rules for one in rule.stand_ins}
    used |= {document.default.role} if document.default else set()
    used |= {document.approvers} if document.approvers is not None else set()
    for tree in trees:
        asked = _asked_of_roles(tree)
        if asked is None:
            return None
        used |= asked
    return used


def _asked_of_roles(tree: Expression) -> set[str] | None:
    """The texts that *tree* looks for in `actor.roles`; None where it does something else with them."""
    match tree:
        case Known(name="actor.roles"):
            return None
        case Comparison(operands=(Text(value=text), Known(name="actor.roles"))):
            return {text}
        case Predicate(operator="contains", left=Known(name="actor.roles"), right=Text(value=text)):
            return {text}
    found: set[str] = set()
    for child in children(tree):
        asked = _asked_of_roles(child)
        if asked is None:
            return None
        found |= asked
    return found
