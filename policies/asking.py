"""Reading what an approve rule asks for: who signs, how many of them, and until when."""

from dataclasses import dataclass

from .decision import DecisionEffect, Seat
from .diagnostics import quote, suggest
from .nodes import Items, Node, Scalar
from .parser import read_number
from .reader import Held, Reader
from .rule import Groups

MAX_COUNT = 100  # people of one role who must sign
MAX_COUNTED = 12  # characters of a whole number
MAX_WITHIN = 366 * 24 * 60 * 60  # seconds
_UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


@dataclass(frozen=True)
class AskingReader:
    """Reads `by` and `within`."""

    roles: Groups
    approvers: str | None
    reader: Reader

    def seats(self, node: Node, entries: Held, effect: DecisionEffect | None) -> tuple[Seat, ...]:
        """Who must sign; nobody where that is wrong, or the rule does not ask."""
        if effect is not DecisionEffect.APPROVE:
            if effect is not None and "by" in entries:
                self.reader.report.error(
                    "effect",
                    f"`by` stands only in an approve rule, and this is {_a(effect)}",
                    entries["by"][0].span,
                    "leave it out",
                )
            return ()
        if "by" not in entries:
            if self.approvers is None:
                hint = "write `by: ROLE` here, or `approvers: ROLE` at the top"
                self.reader.report.error("missing-key", "nobody is named who approves", node.span, hint)
                return ()
            return (Seat(self.approvers, 1),)
        return self._by(entries["by"][1])

    def _by(self, node: Node) -> tuple[Seat, ...]:
        if isinstance(node, Items):
            self.reader.report.error(
                "not-supported", "several roles in `by` are not supported yet", node.span, "write a rule for each role"
            )
            return ()
        if isinstance(node, Scalar):
            role = read_role(self.reader, node, "`by`", self.roles)
            return () if role is None else (Seat(role, 1),)
        meant = self.reader.check_keys(node.entries, "`by`", ("role", "count"))
        if "role" not in node.entries:
            if "role" not in meant:
                self.reader.report.error("missing-key", "`by` needs a `role`", node.span, "write role: manager")
            return ()
        role = read_role(self.reader, node.entries["role"][1], "`role`", self.roles)
        count = self._count(node.entries["count"][1]) if "count" in node.entries else 1
        if role is None or count is None:
            return ()
        members = len(self.roles[role] or ())
        if 0 < members < count:
            message = f"`by` asks for {count} of {role}, and {role} has {members} {'member' if members == 1 else 'members'}"
            self.reader.report.error("seats", message, node.entries["count"][1].span, f"lower the count, or add people to {role}")
        return (Seat(role, count),)

    def _count(self, node: Node) -> int | None:
        text = self.reader.text(node, "`count`")
        if text is None:
            return None
        count = _whole(text)
        if count is not None and 1 <= count <= MAX_COUNT:
            return count
        self.reader.wrong(node, f"`count` must be a whole number from 1 to {MAX_COUNT}, not {quote(text)}")
        return None

    def within(self, entries: Held, effect: DecisionEffect | None) -> int | None:
        """Seconds to sign; None where the rule does not say."""
        if "within" not in entries:
            return None
        key, node = entries["within"]
        if effect is not DecisionEffect.APPROVE:
            if effect is not None:
                self.reader.report.error(
                    "effect", f"`within` stands only in an approve rule, and this is {_a(effect)}", key.span, "leave it out"
                )
            return None
        text = self.reader.text(node, "`within`")
        if text is None:
            return None
        number, unit = _whole(text[:-1]), _UNITS.get(text[-1:])
        if number is None or unit is None or not 1 <= number * unit <= MAX_WITHIN:
            self.reader.wrong(
                node, f"`within` must be a time of at most 366 days, not {quote(text)}", "write one such as 30m, 24h or 2d"
            )
            return None
        return number * unit


def read_role(reader: Reader, node: Node, what: str, roles: Groups) -> str | None:
    """The name of a role that exists and has at least one member."""
    name = reader.text(node, what)
    if name is None:
        return None
    if name not in roles:
        hint = suggest(name, roles, "add it under `roles`")
        reader.report.error("unknown-role", f"there is no role {quote(name)}", node.span, hint)
        return None
    if roles[name] == ():
        reader.report.error("seats", f"nobody has the role {name}, so nobody could sign", node.span, f"add people to {name}")
    return name


def _whole(text: str) -> int | None:
    value = read_number(text) if len(text) <= MAX_COUNTED and "." not in text else None
    return None if value is None else int(value)


def _a(effect: DecisionEffect) -> str:
    return f"{'an' if effect is DecisionEffect.ALLOW else 'a'} {effect} rule"
