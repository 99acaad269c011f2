"""What `policies check` finds beside a load: warnings that take longer, or that only whoever writes the file wants to read."""

from collections.abc import Iterator, Mapping

from .condition_regions import RegionReader
from .content import Document
from .covering import idle_rules, readings
from .diagnostics import Diagnostic, Report
from .files import own_text
from .policy import Policy
from .quorums import warn_of_quorums
from .regions import Effort, OutOfEffort, TooComplex
from .rule import Condition, Rule
from .syntax import And, Comparison, Expression, Not, Or, children, spell
from .unused import warn_of_unspoken, warn_of_unused


def review_policy(policy: Policy) -> tuple[Diagnostic, ...]:
    """All warnings about *policy*, in the order of their places: those of its load, and what is doubtful about the whole."""
    report = Report(policy.name, own_text(policy.source), policy.warnings)
    document = policy.document
    warn_of_unused(document, report)
    warn_of_unspoken(document, report)
    effort = Effort()
    reading = readings(document, effort)
    try:
        warn_of_quorums(document, reading, report)
        _Conditions(reading, report).look_through(document)
        _warn_of_idle(document, reading, effort, report)
    except OutOfEffort:
        message = "there is too much in the rules to compare all of it, so what is never met may not all be told"
        report.warning("too-many", message, document.places.get("rules"), "write fewer rules, or use lists and tables")
    return report.diagnostics


def _warn_of_idle(document: Document, reading: Mapping[str, RegionReader], effort: Effort, report: Report) -> None:
    for idle in idle_rules(document.rules, reading, effort):
        rule, cover = idle.rule, idle.cover
        if cover is not None:
            message = (
                f"{rule.id} decides nothing: the {cover.effect} rule {cover.id} on line {cover.line} counts wherever it does"
            )
            report.warning("covered", message, rule.span, "leave it out, or change one of the two")
        elif not _is_said(rule, report):
            report.warning("never", f"{rule.id} decides nothing: no action meets its condition", rule.span, "leave it out")


def _is_said(rule: Rule, report: Report) -> bool:
    """Whether it was told of the whole `when` of *rule* that it is never true."""
    return rule.when is not None and report.has_warning("never", rule.when.source.place(rule.when.tree.start, rule.when.tree.end))


class _Conditions:
    """Looks for parts of conditions that no action meets, or that every one does."""

    def __init__(self, reading: Mapping[str, RegionReader], report: Report) -> None:
        self._reading, self._report = reading, report

    def look_through(self, document: Document) -> None:
        """All conditions of *document*."""
        for condition in document.conditions:
            self._part(condition, condition.tree)

    def _part(self, condition: Condition, tree: Expression) -> bool:
        """Whether something was said about *tree*: the smallest parts are named."""
        said = [self._part(condition, child) for child in children(tree)] if isinstance(tree, And | Or | Not) else []
        place = condition.source.place(tree.start, tree.end)
        if any(said) or self._report.has_warning("never", place) or self._report.has_warning("always", place):
            return True
        if isinstance(tree, And | Or):
            self._twice(condition, tree)
        if not isinstance(tree, And | Or | Not | Comparison):
            return False
        try:
            found = [self._reading[type_].outcomes(tree, shapes) for type_, shapes in condition.shapes.items()]
        except TooComplex:
            return False
        text = condition.source.excerpt(tree.start, tree.end)
        failing = "it can fail, and a deny or approve rule counts then" if any(each.failed for each in found) else ""
        if not any(each.true for each in found):
            self._report.warning("never", f"`{text}` is true for no action", place, failing)
            return True
        if isinstance(tree, Or) and not any(each.false for each in found):
            self._report.warning("always", f"`{text}` is false for no action", place, failing)
            return True
        return False

    def _twice(self, condition: Condition, tree: And | Or) -> None:
        """Warn of operands that stand in *tree* twice."""
        for operand in _repeated(tree):
            text = condition.source.excerpt(operand.start, operand.end)
            place = condition.source.place(operand.start, operand.end)
            self._report.warning("duplicate", f"`{text}` is given twice", place, "remove one")


def _repeated(tree: And | Or) -> Iterator[Expression]:
    seen: set[str] = set()
    for operand in tree.operands:
        spelled = spell(operand)
        if spelled in seen:
            yield operand
        seen.add(spelled)
