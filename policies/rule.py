"""A rule, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from signoff.canonical import Json, canonical, digest

from .decision import DEFAULT_WITHIN, DecisionEffect, Seat, StandIn
from .diagnostics import Span
from .nodes import Scalar
from .reasons import Reason
from .shapes import Shape
from .syntax import Counted, Expression, parts_read, spell, walk

Groups: TypeAlias = Mapping[str, tuple[str, ...] | None]  # roles or lists by name; None: with a mistake, so not known


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A checked condition."""

    text: str  # as written
    tree: Expression
    shapes: Mapping[str, Mapping[Expression, Shape]]  # of its nodes, for each action type that its rule speaks for
    source: Scalar  # where it stands

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.source.place(self.tree.start, self.tree.end)

    def excerpt(self, tree: Expression) -> str:
        """The part of the text that *tree*, which was read from it, is; on one line."""
        return " ".join(self.source.text[tree.start : tree.end].split())


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of the file."""

    id: str
    line: int  # its first one, from 1
    span: Span  # of its id
    effect: DecisionEffect
    actions: tuple[str, ...]  # as written; ("*",) for all
    types: tuple[str, ...]  # the action types that it speaks for
    when: Condition | None
    unless: Condition | None
    seats: tuple[Seat, ...]  # empty unless approve
    within: int | None  # seconds; the file's where the rule does not say, None where neither does
    because: str  # as written; empty where the rule does not say
    reason: Reason  # the same, with the values that it shows
    stand_ins: tuple[StandIn, ...] = ()  # who may fill its seats later
    own_vote: bool = False  # whether the requester's own vote counts, as far as this rule goes
    remind: int | None = None  # how many seconds before their time is over people are reminded; None: not

    def counts(self, answer: bool | None) -> bool:
        """Whether it counts as matched where its conditions gave *answer*: where they failed, a strict rule does."""
        return not self.grants if answer is None else answer

    @property
    def grants(self) -> bool:
        """Whether it is an allow rule: the others count as matched where their conditions fail."""
        return self.effect is DecisionEffect.ALLOW

    @property
    def condition(self) -> str:
        """Its conditions as one text."""
        parts = [self.when.text if self.when else "", f"unless {self.unless.text}" if self.unless else ""]
        return " ".join(part for part in parts if part)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those that it has: `when`, then `unless`."""
        return tuple(condition for condition in (self.when, self.unless) if condition is not None)

    @property
    def reads(self) -> list[str]:
        """The names that its conditions read, each once, in the order written."""
        return list(self.parts)

    @cached_property
    def parts(self) -> dict[str, Expression]:
        """What its conditions read, by name, in the order written."""
        trees = [condition.tree for condition in self.conditions]
        return {name: part for tree in trees for name, part in parts_read(tree).items()}

    @cached_property
    def counters(self) -> frozenset[str]:
        """The counters that its conditions read, and its reason shows."""
        shown = [part for part in self.reason if not isinstance(part, str)]
        trees = [condition.tree for condition in self.conditions] + shown
        return frozenset(node.name for tree in trees for node in walk(tree) if isinstance(node, Counted))

    @property
    def deadline(self) -> int:
        """Seconds to sign where it asks alone."""
        return DEFAULT_WITHIN if self.within is None else self.within

    @cached_property
    def asks(self) -> str:
        """Digest of what the rule means, however it is spelt: spaces, brackets, order and defaults make no difference."""
        meaning: dict[str, Json] = {
            "actions": sorted(self.actions),
            "when": spell(self.when.tree) if self.when else None,
            "unless": spell(self.unless.tree) if self.unless else None,
            "by": [{"role": seat.role, "count": seat.count} for seat in sorted(self.seats)],
            "within": self.deadline,
        }
        content = {key: value for key, value in self.content().items() if key != "remind"}  # it asks nobody for anything else
        return digest(canonical(content | meaning))

    def content(self) -> dict[str, Json]:
        """What the rule says, as canonical JSON can hold it. Where it stands in the file is no part of it."""
        content: dict[str, Json] = {
            "id": self.id,
            "effect": self.effect.value,
            "actions": list(self.actions),
            "when": self.when.text if self.when else None,
            "unless": self.unless.text if self.unless else None,
            "by": [{"role": seat.role, "count": seat.count} for seat in self.seats],
            "within": self.within,
            "because": self.because or None,
        }
        if self.remind is not None:
            content["remind"] = self.remind
        if self.own_vote:
            content["self"] = "allowed"
        if self.stand_ins:
            content["then"] = [{"role": one.role, "who": one.who, "after": one.after} for one in sorted(self.stand_ins)]
        return content
