"""Reading what rules and invariants have in common: the action types that they name, and their conditions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from signoff.actions import Registry

from .checker import Checker, Facts
from .counters import Counters
from .diagnostics import Report, TooManyDiagnostics
from .doubts import Doubts
from .lookups import Lookups
from .naming import Setting
from .nodes import Entries, Items, Node, Scalar
from .parser import parse
from .patterns import MAX_PATTERNS
from .reader import Held, Reader
from .rule import Condition, Groups
from .scanner import MAX_CONDITION, ConditionError
from .shapes import Shape
from .syntax import Expression, Predicate, Tree, walk
from .tables import Tables

MAX_WORK = 100_000  # parts of conditions, each counted for every action type


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around the rules in the file."""

    registry: Registry
    currency: str | None
    approvers: str | None
    within: int | None  # seconds to sign where a rule does not say
    remind: int | None  # seconds before a deadline, where no rule says
    roles: Groups
    lists: Groups
    tables: Tables
    counters: Counters


@dataclass
class ConditionReader:
    """Reads conditions one after the other, and bounds the work that all of them make."""

    around: Around
    report: Report
    work: int = 0  # parts of conditions so far, times action types
    patterns: int = 0  # so far
    lookups: Lookups = field(default_factory=Lookups)

    @property
    def _reader(self) -> Reader:
        return Reader(self.report)

    def actions(self, node: Node, what: str) -> tuple[str, ...] | None:
        """The action types that *node*, which errors call *what*, names; ("*",) for all, None where that is wrong."""
        if isinstance(node, Items):
            if not node.items:
                self._reader.wrong(node, f"{what} names no action type", "write one such as transfer")
            return self._reader.items(node, what, self._action)
        if isinstance(node, Scalar) and node.text == "*":
            return ("*",)
        if isinstance(node, Entries):
            self._reader.wrong(
                node,
                f"{what} must name an action type, several in a list, or all",
                'write transfer, [transfer, pay_bill] or "*"',
            )
            return None
        action = self._action(node)
        return None if action is None else (action,)

    def _action(self, node: Node) -> str | None:
        name = self._reader.text(node, "an action type")
        if name is None:
            return None
        if name == "*":
            self._reader.wrong(node, '"*" stands alone, not in a list', 'write "*" without brackets')
        elif name not in self.around.registry:
            self.report.unknown_action(name, self.around.registry, node.span)
        else:
            return name
        return None

    def types(self, actions: Sequence[str] | None) -> tuple[str, ...]:
        """The types that *actions* stand for."""
        if actions is None:
            return ()
        return tuple(self.around.registry) if "*" in actions else tuple(actions)

    def setting(self, types: tuple[str, ...], *, every: bool) -> Setting:
        """What conditions about actions of *types* are checked against."""
        return Setting(
            types={type_: self.around.registry[type_].fields for type_ in types},
            lists=self.around.lists,
            tables=self.around.tables,
            counters=self.around.counters,
            currency=self.around.currency,
            every=every,
        )

    def read(self, entries: Held, setting: Setting) -> tuple[Condition | None, Condition | None]:
        """`when` and `unless`, checked for every type; `unless` is reached where `when` is true."""
        types = tuple(setting.types)
        when = self._parse(entries, "when")
        unless = self._parse(entries, "unless")
        self._bound([part[1] for part in (when, unless) if part], len(types), entries)
        facts = {type_: Facts() for type_ in types}
        shapes: list[dict[str, dict[Expression, Shape]]] = [{}, {}]
        said: set[tuple[Tree, str]] = set()
        for number, part in enumerate((when, unless)):
            if part is None:
                continue
            scalar, tree = part
            for type_ in types:
                checker = Checker(type_, setting, self.report, scalar, said)
                facts[type_] = checker.condition(tree, facts[type_].if_true)
                shapes[number][type_] = checker.shapes
            if not self.report.failed:
                Doubts(setting, self.around.roles, self.report, scalar, self.lookups).condition(tree)
        return (
            Condition(text=when[0].text.strip(), tree=when[1], shapes=shapes[0], source=when[0]) if when else None,
            Condition(text=unless[0].text.strip(), tree=unless[1], shapes=shapes[1], source=unless[0]) if unless else None,
        )

    def _bound(self, trees: list[Expression], types: int, entries: Held) -> None:
        """Count the work that conditions make; too much of it ends the load."""
        parts = [part for tree in trees for part in walk(tree)]
        self.work += types * (1 + len(parts))
        self.patterns += sum(1 for part in parts if isinstance(part, Predicate) and part.operator == "matches")
        if self.patterns > MAX_PATTERNS:
            key = next(iter(entries.values()))[0]
            hint = "write [0-9] and | into one pattern, or use lists"
            self.report.error("too-many", f"a file has at most {MAX_PATTERNS} patterns", key.span, hint)
            raise TooManyDiagnostics
        if self.work > MAX_WORK:
            key = next(iter(entries.values()))[0]
            message = f"the conditions up to here have more than {MAX_WORK:,} parts, each counted for every action type"
            self.report.error("too-many", message, key.span, "write fewer rules, or use lists")
            raise TooManyDiagnostics

    def _parse(self, entries: Held, key: str) -> tuple[Scalar, Expression] | None:
        if key not in entries:
            return None
        node = entries[key][1]
        if not isinstance(node, Scalar):
            self._reader.wrong(node, f"`{key}` must be a condition", "write one such as amount > 100, on one line or after `|`")
            return None
        if self._reader.text(node, f"`{key}`", most=MAX_CONDITION) is None:
            return None
        try:
            return node, parse(node.text)
        except ConditionError as error:
            span = node.place(error.start, error.end)
            self.report.error(error.code, error.message, span, _comment(node) or error.hint)
            return None


def _comment(node: Scalar) -> str:
    """A remedy where an open quote before ` #` shows that YAML took the rest of a condition for a comment."""
    source = node.lines[0][node.span.column + len(node.text) :] if node.plain and len(node.lines) == 1 else ""
    cut = source.lstrip().startswith("#") and any(node.text.count(mark) % 2 for mark in "\"'")
    return "` #` starts a comment in YAML; write the condition after `|`, on a line of its own" if cut else ""
