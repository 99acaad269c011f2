"""Reading the rules of a policies file."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from signoff.actions import Registry

from .asking import AskingReader
from .checker import Checker, Facts
from .counters import Counters
from .decision import CAUTION, DecisionEffect
from .diagnostics import Report, TooManyDiagnostics, quote, suggest
from .doubts import Doubts, Lookups
from .naming import Setting
from .nodes import Entries, Items, Node, Scalar
from .parser import parse
from .patterns import MAX_PATTERNS
from .reader import Held, Reader
from .reasons import Reason, parse_reason
from .routes import Route
from .rule import Condition, Groups, Rule
from .scanner import MAX_CONDITION, ConditionError
from .shapes import Shape
from .syntax import Expression, Predicate, Tree, walk
from .tables import Tables

MAX_RULES = 10_000
MAX_WORK = 100_000  # parts of conditions, each counted for every action type

_EFFECTS = tuple(effect.value for effect in (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY))
_KEYS = ("id", *_EFFECTS, "when", "unless", "by", "within", "self", "then", "because")


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around the rules in the file."""

    registry: Registry
    currency: str | None
    approvers: str | None
    within: int | None  # seconds to sign where a rule does not say
    roles: Groups
    lists: Groups
    tables: Tables
    counters: Counters


@dataclass
class RuleReader:
    """Reads rules one after the other."""

    around: Around
    report: Report
    lines: dict[str, int] = field(default_factory=dict)  # of the ids so far
    work: int = 0  # parts of conditions so far, times action types
    patterns: int = 0  # so far
    routes: set[Route] = field(default_factory=set)  # that were checked so far
    lookups: Lookups = field(default_factory=Lookups)

    @property
    def _reader(self) -> Reader:
        return Reader(self.report)

    def rules(self, node: Node) -> tuple[Rule, ...]:
        """All rules without mistakes."""
        if not isinstance(node, Items):
            self._reader.wrong(node, "`rules` must be a list", "write a line such as `- id: everyday` for each")
            return ()
        if len(node.items) > MAX_RULES:
            self.report.error("too-many", f"a file has at most {MAX_RULES:,} rules, not {len(node.items):,}", node.span)
            return ()
        found = [self._rule(item) for item in node.items]
        return tuple(rule for rule in found if rule is not None)

    def _rule(self, node: Node) -> Rule | None:
        entries = self._reader.entries(node, "a rule")
        if entries is None:
            return None
        meant = self._reader.check_keys(entries, "a rule", _KEYS)
        id_ = self._id(node, entries, meant)
        effect = self._effect(node, entries, meant)
        actions = self._actions(entries[effect.value][1], effect) if effect else None
        types = self._types(actions)
        setting = self._setting(types, every=actions == ("*",))
        when, unless = self._conditions(entries, setting)
        around = self.around
        asking = AskingReader(around.roles, around.approvers, around.within, self._reader, self.routes)
        within = asking.within(entries, effect)
        route = asking.route(node, entries, effect, within)
        because, reason = self._because(entries, setting)
        if id_ is None or effect is None or actions is None:
            return None
        return Rule(
            id=id_,
            line=node.span.line + 1,
            effect=effect,
            actions=actions,
            types=types,
            when=when,
            unless=unless,
            seats=route.seats,
            within=within,
            because=because,
            reason=reason,
            stand_ins=route.stand_ins,
            own_vote=route.own_vote,
        )

    def _id(self, node: Node, entries: Held, meant: set[str]) -> str | None:
        if "id" not in entries:
            if "id" not in meant:
                self.report.error("missing-key", "a rule needs an `id`", node.span, "write one such as id: large-transfer")
            return None
        value = entries["id"][1]
        id_ = self._reader.name(value, "an id")
        if id_ is None:
            return None
        if id_ == CAUTION:
            hint = "it stands for what an action's own code asks for; choose another"
            self.report.error("name", f"`{CAUTION}` cannot be a rule's id", value.span, hint)
        elif id_ in self.lines:
            self.report.error(
                "duplicate-id", f"two rules have the id `{id_}`", value.span, f"first given on line {self.lines[id_]}"
            )
        else:
            self.lines[id_] = value.span.line + 1
        return id_

    def _effect(self, node: Node, entries: Held, meant: set[str]) -> DecisionEffect | None:
        given = [name for name in entries if name in _EFFECTS]
        if not given:
            if meant.isdisjoint(_EFFECTS):
                hint = "write one such as approve: transfer"
                self.report.error("effect", "a rule needs one of `allow`, `approve` and `deny`", node.span, hint)
            return None
        for extra in given[1:]:
            hint = "write two rules"
            self.report.error(
                "effect", f"a rule has one effect, and this one has `{given[0]}` already", entries[extra][0].span, hint
            )
        return DecisionEffect(given[0])

    def _actions(self, node: Node, effect: DecisionEffect) -> tuple[str, ...] | None:
        if isinstance(node, Items):
            if not node.items:
                self._reader.wrong(node, f"`{effect}` names no action type", "write one such as transfer")
            return self._reader.items(node, f"`{effect}`", self._action)
        if isinstance(node, Scalar) and node.text == "*":
            return ("*",)
        if isinstance(node, Entries):
            self._reader.wrong(
                node,
                f"`{effect}` must name an action type, several in a list, or all",
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
            hint = suggest(name, self.around.registry, "known are " + ", ".join(list(self.around.registry)[:10]))
            self.report.error("unknown-action", f"there is no action type {quote(name)}", node.span, hint)
        else:
            return name
        return None

    def _types(self, actions: Sequence[str] | None) -> tuple[str, ...]:
        if actions is None:
            return ()
        return tuple(self.around.registry) if "*" in actions else tuple(actions)

    def _setting(self, types: tuple[str, ...], *, every: bool) -> Setting:
        return Setting(
            types={type_: self.around.registry[type_].fields for type_ in types},
            lists=self.around.lists,
            tables=self.around.tables,
            counters=self.around.counters,
            currency=self.around.currency,
            every=every,
        )

    def _conditions(self, entries: Held, setting: Setting) -> tuple[Condition | None, Condition | None]:
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
            Condition(text=when[0].text.strip(), tree=when[1], shapes=shapes[0]) if when else None,
            Condition(text=unless[0].text.strip(), tree=unless[1], shapes=shapes[1]) if unless else None,
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

    def _because(self, entries: Held, setting: Setting) -> tuple[str, Reason]:
        """The reason as written, and with the values that it shows."""
        if "because" not in entries:
            return "", ()
        node = entries["because"][1]
        text = self._reader.shown(node, "`because`")
        if text is None or not isinstance(node, Scalar):
            return "", ()
        try:
            reason = parse_reason(node.text)
        except ConditionError as error:
            self.report.error(error.code, error.message, node.place(error.start, error.end), error.hint)
            return "", ()
        said: set[tuple[Tree, str]] = set()
        for part in reason:
            if not isinstance(part, str):
                for type_ in setting.types:
                    Checker(type_, setting, self.report, node, said).value(part)
        return text, reason


def _comment(node: Scalar) -> str:
    """A remedy where an open quote before ` #` shows that YAML took the rest of a condition for a comment."""
    source = node.lines[0][node.span.column + len(node.text) :] if node.plain and len(node.lines) == 1 else ""
    cut = source.lstrip().startswith("#") and any(node.text.count(mark) % 2 for mark in "\"'")
    return "` #` starts a comment in YAML; write the condition after `|`, on a line of its own" if cut else ""
