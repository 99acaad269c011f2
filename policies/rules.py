"""Reading the rules of a policies file."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from signoff.actions import Registry

from .checker import Checker, Facts, Setting, place
from .decision import CAUTION, DecisionEffect, Seat
from .diagnostics import Report, quote, suggest
from .nodes import Entries, Items, Node, Scalar
from .parser import parse
from .reader import MAX_NAME, Reader
from .rule import Condition, Rule
from .scanner import MAX_CONDITION, ConditionError
from .shapes import Shape
from .syntax import Expression

MAX_RULES = 10_000
MAX_COUNT = 100  # people of one role who must sign
MAX_WITHIN = 366 * 24 * 60 * 60  # seconds

_EFFECTS = tuple(effect.value for effect in (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY))
_KEYS = ("id", *_EFFECTS, "when", "unless", "by", "within", "because")
_LATER = ("self", "then")
_UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around the rules in the file."""

    registry: Registry
    currency: str | None
    approvers: str | None
    roles: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class RuleReader:
    """Reads rules one after the other."""

    around: Around
    report: Report
    lines: dict[str, int] = field(default_factory=dict)  # of the ids so far

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
        self._reader.check_keys(entries, "a rule", _KEYS, _LATER)
        id_ = self._id(node, entries)
        effect = self._effect(node, entries)
        actions = self._actions(entries[effect.value][1], effect) if effect else None
        types = self._types(actions)
        when, unless = self._conditions(entries, types, every=actions == ("*",))
        seats = self._seats(node, entries, effect)
        within = self._within(entries, effect)
        because = self._because(entries)
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
            seats=seats,
            within=within,
            because=because,
        )

    def _id(self, node: Node, entries: Mapping[str, tuple[Scalar, Node]]) -> str | None:
        if "id" not in entries:
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

    def _effect(self, node: Node, entries: Mapping[str, tuple[Scalar, Node]]) -> DecisionEffect | None:
        given = [name for name in entries if name in _EFFECTS]
        if not given:
            if not any(get_close_matches(name[:MAX_NAME], _EFFECTS) for name in entries):  # else said already
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

    def _conditions(
        self, entries: Mapping[str, tuple[Scalar, Node]], types: tuple[str, ...], *, every: bool
    ) -> tuple[Condition | None, Condition | None]:
        """`when` and `unless`, checked for every type; `unless` is reached where `when` is true."""
        setting = Setting(
            types={type_: self.around.registry[type_].fields for type_ in types},
            lists=self.around.lists,
            currency=self.around.currency,
            every=every,
        )
        when = self._parse(entries, "when")
        unless = self._parse(entries, "unless")
        facts = {type_: Facts() for type_ in types}
        shapes: list[dict[str, dict[Expression, Shape]]] = [{}, {}]
        for number, part in enumerate((when, unless)):
            if part is None:
                continue
            scalar, tree = part
            for type_ in types:
                checker = Checker(type_, setting, self.report, scalar)
                facts[type_] = checker.condition(tree, facts[type_].if_true)
                shapes[number][type_] = checker.shapes
        return (
            Condition(text=when[0].text.strip(), tree=when[1], shapes=shapes[0]) if when else None,
            Condition(text=unless[0].text.strip(), tree=unless[1], shapes=shapes[1]) if unless else None,
        )

    def _parse(self, entries: Mapping[str, tuple[Scalar, Node]], key: str) -> tuple[Scalar, Expression] | None:
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
            span = place(node, error.start, error.end)
            self.report.error(error.code, error.message, span, _comment(node) or error.hint)
            return None

    def _seats(self, node: Node, entries: Mapping[str, tuple[Scalar, Node]], effect: DecisionEffect | None) -> tuple[Seat, ...]:
        if effect is not DecisionEffect.APPROVE:
            if effect is not None and "by" in entries:
                self.report.error(
                    "effect",
                    f"`by` stands only in an approve rule, and this is {_a(effect)}",
                    entries["by"][0].span,
                    "leave it out",
                )
            return ()
        if "by" not in entries:
            if self.around.approvers is None:
                hint = "write `by: ROLE` here, or `approvers: ROLE` at the top"
                self.report.error("missing-key", "nobody is named who approves", node.span, hint)
                return ()
            return (Seat(self.around.approvers, 1),)
        return self._by(entries["by"][1])

    def _by(self, node: Node) -> tuple[Seat, ...]:
        if isinstance(node, Items):
            self.report.error(
                "not-supported", "several roles in `by` are not supported yet", node.span, "write a rule for each role"
            )
            return ()
        if isinstance(node, Scalar):
            role = read_role(self._reader, node, "`by`", self.around.roles)
            return () if role is None else (Seat(role, 1),)
        self._reader.check_keys(node.entries, "`by`", ("role", "count"))
        if "role" not in node.entries:
            self.report.error("missing-key", "`by` needs a `role`", node.span, "write role: manager")
            return ()
        role = read_role(self._reader, node.entries["role"][1], "`role`", self.around.roles)
        count = self._count(node.entries["count"][1]) if "count" in node.entries else 1
        if role is None or count is None:
            return ()
        members = len(self.around.roles[role])
        if 0 < members < count:
            message = f"`by` asks for {count} of {role}, and {role} has {members} {'member' if members == 1 else 'members'}"
            self.report.error("seats", message, node.entries["count"][1].span, f"lower the count, or add people to {role}")
        return (Seat(role, count),)

    def _count(self, node: Node) -> int | None:
        text = self._reader.text(node, "`count`")
        if text is None:
            return None
        count = _whole(text)
        if count is not None and 1 <= count <= MAX_COUNT:
            return count
        self._reader.wrong(node, f"`count` must be a whole number from 1 to {MAX_COUNT}, not {quote(text)}")
        return None

    def _within(self, entries: Mapping[str, tuple[Scalar, Node]], effect: DecisionEffect | None) -> int | None:
        if "within" not in entries:
            return None
        key, node = entries["within"]
        if effect is not DecisionEffect.APPROVE:
            if effect is not None:
                self.report.error(
                    "effect", f"`within` stands only in an approve rule, and this is {_a(effect)}", key.span, "leave it out"
                )
            return None
        text = self._reader.text(node, "`within`")
        if text is None:
            return None
        number, unit = _whole(text[:-1]), _UNITS.get(text[-1:])
        if number is None or unit is None or not 1 <= number * unit <= MAX_WITHIN:
            self._reader.wrong(
                node, f"`within` must be a time of at most 366 days, not {quote(text)}", "write one such as 30m, 24h or 2d"
            )
            return None
        return number * unit

    def _because(self, entries: Mapping[str, tuple[Scalar, Node]]) -> str:
        if "because" not in entries:
            return ""
        node = entries["because"][1]
        text = self._reader.shown(node, "`because`")
        if text is not None and ("{" in text or "}" in text):
            self.report.error("not-supported", "values in `because` are not supported yet", node.span, "write it without { and }")
        return unicodedata.normalize("NFC", text or "")


def read_role(reader: Reader, node: Node, what: str, roles: Mapping[str, tuple[str, ...]]) -> str | None:
    """The name of a role that exists and has at least one member."""
    name = reader.text(node, what)
    if name is None:
        return None
    if name not in roles:
        hint = suggest(name, roles, "add it under `roles`")
        reader.report.error("unknown-role", f"there is no role {quote(name)}", node.span, hint)
        return None
    if not roles[name]:
        reader.report.error("seats", f"nobody has the role {name}, so nobody could sign", node.span, f"add people to {name}")
    return name


def _comment(node: Scalar) -> str:
    """A remedy where an open quote before ` #` shows that YAML took the rest of a condition for a comment."""
    source = node.lines[0][node.span.column + len(node.text) :] if node.plain and len(node.lines) == 1 else ""
    cut = source.lstrip().startswith("#") and any(node.text.count(mark) % 2 for mark in "\"'")
    return "` #` starts a comment in YAML; write the condition after `|`, on a line of its own" if cut else ""


def _whole(text: str) -> int | None:
    digits = text.replace("_", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def _a(effect: DecisionEffect) -> str:
    return f"{'an' if effect is DecisionEffect.ALLOW else 'a'} {effect} rule"
