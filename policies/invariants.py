"""Invariants: what must hold for all actions, whatever the rules say; and how a file says so."""

from dataclasses import dataclass

from .conditions import ConditionReader
from .decision import EFFECTS, DecisionEffect, Seat
from .diagnostics import Report, Span, quote
from .nodes import Entries, Items, Node, Scalar
from .people import SeatReader
from .reader import Held, Reader
from .rule import Condition

MAX_INVARIANTS = 100

_KEYS = ("never", "when", "unless", "without", "because")
_EXAMPLE = "write one such as never: allow transfer"


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """What never becomes of actions of some types. A `when` that fails counts as true, a failing `unless` as false."""

    line: int  # its first one, from 1
    span: Span  # of `never`
    effect: DecisionEffect  # that the actions never get
    actions: tuple[str, ...]  # as written; ("*",) for all
    types: tuple[str, ...]  # the action types that it speaks for
    when: Condition | None
    unless: Condition | None
    without: tuple[Seat, ...]  # beside approve: only an approval that some of these seats are missing from is meant
    because: str  # empty where it does not say

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those that it has: `when`, then `unless`."""
        return tuple(condition for condition in (self.when, self.unless) if condition is not None)

    @property
    def text(self) -> str:
        """It in one line: `never allow transfer when amount > 100`."""
        seats = ", ".join(map(str, self.without))
        parts = [f"never {self.effect} {', '.join(self.actions)}", f"without {seats}" if seats else ""]
        parts += [f"when {self.when.text}" if self.when else "", f"unless {self.unless.text}" if self.unless else ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class InvariantReader:
    """Reads the `invariants` of a file."""

    conditions: ConditionReader
    report: Report

    @property
    def _reader(self) -> Reader:
        return Reader(self.report)

    def invariants(self, node: Node) -> tuple[Invariant, ...]:
        """All invariants without mistakes."""
        if not isinstance(node, Items):
            self._reader.wrong(node, "`invariants` must be a list", "write a line such as `- never: allow transfer` for each")
            return ()
        if len(node.items) > MAX_INVARIANTS:
            message = f"a file has at most {MAX_INVARIANTS} invariants, not {len(node.items):,}"
            self.report.error("too-many", message, node.span)
            return ()
        found = [self._invariant(item) for item in node.items]
        return tuple(invariant for invariant in found if invariant is not None)

    def _invariant(self, node: Node) -> Invariant | None:
        entries = self._reader.entries(node, "an invariant")
        if entries is None:
            return None
        meant = self._reader.check_keys(entries, "an invariant", _KEYS)
        if "never" not in entries:
            if "never" not in meant:
                self.report.error("missing-key", "an invariant needs `never`", node.span, _EXAMPLE)
            return None
        key, value = entries["never"]
        effect, actions = self._never(value)
        types = self.conditions.types(actions)
        when, unless = self.conditions.read(entries, self.conditions.setting(types, every=actions == ("*",)))
        without = self._without(entries, effect)
        because = self._reader.shown(entries["because"][1], "`because`") if "because" in entries else None
        if effect is None or actions is None:
            return None
        return Invariant(
            line=node.span.line + 1,
            span=key.span,
            effect=effect,
            actions=actions,
            types=types,
            when=when,
            unless=unless,
            without=without,
            because=because or "",
        )

    def _never(self, node: Node) -> tuple[DecisionEffect | None, tuple[str, ...] | None]:
        """The effect and the action types: `allow transfer`, `allow *`, or `allow: [transfer, pay_bill]` below it."""
        if isinstance(node, Entries):
            self._reader.check_keys(node.entries, "`never`", EFFECTS)
            given = [name for name in node.entries if name in EFFECTS]
            if len(given) != 1:
                self._reader.wrong(node, "`never` needs one of `allow`, `approve` and `deny`", _EXAMPLE)
                return None, None
            return DecisionEffect(given[0]), self.conditions.actions(node.entries[given[0]][1], f"`{given[0]}`")
        text = self._reader.text(node, "`never`")
        if text is None or not isinstance(node, Scalar):
            return None, None
        effect, _, type_ = text.partition(" ")
        if effect not in EFFECTS or not type_.strip():
            self._reader.wrong(node, f"`never` is an effect and an action type, not {quote(text)}", _EXAMPLE)
            return None, None
        start = len(text) - len(type_.lstrip())
        written = "*" if type_.strip() in ('"*"', "'*'") else type_.strip()
        named = Scalar(written, node.place(start, len(text)), node.style)
        return DecisionEffect(effect), self.conditions.actions(named, f"`{effect}`")

    def _without(self, entries: Held, effect: DecisionEffect | None) -> tuple[Seat, ...]:
        if "without" not in entries:
            return ()
        key, node = entries["without"]
        if effect is not None and effect is not DecisionEffect.APPROVE:
            message = "`without` says who must sign, and stands only beside never: approve"
            self.report.error("effect", message, key.span, "leave it out, or write never: approve")
            return ()
        return SeatReader(self.conditions.around.roles, self._reader, "`without`").seats(node)
