"""Reading the rules of a policies file."""

from dataclasses import dataclass, field

from .asking import AskingReader
from .checker import Checker
from .conditions import ConditionReader
from .decision import CAUTION, EFFECTS, DecisionEffect
from .diagnostics import Report, TooManyDiagnostics
from .naming import Setting
from .nodes import Items, Node, Scalar
from .reader import Held, Reader
from .reasons import Reason, parse_reason
from .routes import Route
from .rule import Rule
from .scanner import ConditionError
from .syntax import Tree

MAX_RULES = 10_000
MAX_ASKED = 500_000  # people who sign, squared and added up over the rules: what it takes to see whether they can

_KEYS = ("id", *EFFECTS, "when", "unless", "by", "within", "remind", "self", "then", "because")


@dataclass
class RuleReader:
    """Reads rules one after the other."""

    conditions: ConditionReader
    report: Report
    lines: dict[str, int] = field(default_factory=dict)  # of the ids so far
    asked: int = 0  # people who sign so far, squared
    routes: set[Route] = field(default_factory=set)  # that were checked so far

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
        conditions = self.conditions
        actions = conditions.actions(entries[effect.value][1], f"`{effect}`") if effect else None
        types = conditions.types(actions)
        setting = conditions.setting(types, every=actions == ("*",))
        when, unless = conditions.read(entries, setting)
        around = conditions.around
        asking = AskingReader(around.roles, around.approvers, around.within, around.remind, self._reader, self.routes)
        within = asking.within(entries, effect)
        route = asking.route(node, entries, effect, within)
        self._bound_signing(route, entries)
        because, reason = self._because(entries, setting)
        if id_ is None or effect is None or actions is None:
            return None
        return Rule(
            id=id_,
            line=node.span.line + 1,
            span=entries["id"][1].span,
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
            remind=asking.remind(entries, effect, within),
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
        given = [name for name in entries if name in EFFECTS]
        if not given:
            if meant.isdisjoint(EFFECTS):
                hint = "write one such as approve: transfer"
                self.report.error("effect", "a rule needs one of `allow`, `approve` and `deny`", node.span, hint)
            return None
        for extra in given[1:]:
            hint = "write two rules"
            self.report.error(
                "effect", f"a rule has one effect, and this one has `{given[0]}` already", entries[extra][0].span, hint
            )
        return DecisionEffect(given[0])

    def _bound_signing(self, route: Route, entries: Held) -> None:
        """Count the work that seats make; too much of it ends the load."""
        self.asked += sum(seat.count for seat in route.seats) ** 2
        if self.asked > MAX_ASKED:
            message = "the rules up to here ask too many people to sign: the squares of their numbers come to more than"
            key = next(iter(entries.values()))[0]
            self.report.error("too-many", f"{message} {MAX_ASKED:,}", key.span, "let fewer sign at once, or write fewer rules")
            raise TooManyDiagnostics

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
