"""What a policy says about an action, and about what it reads beside the action."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from signoff.actor import Actor

DEFAULT_WITHIN = 24 * 60 * 60  # seconds to sign for a rule that does not say, for the default and for caution
PERSON = "person:"  # before a person's id in the name of a seat that only they fill; no role's name holds a colon
CAUTION = "caution"  # stands among the rules of a Decision for the action's own caution

CounterValue: TypeAlias = Decimal | int  # money in the action's currency, or a whole number


class DecisionEffect(StrEnum):
    """What may happen to an action; of several that apply the strictest counts."""

    DENY = "deny"  # it is not run
    APPROVE = "approve"  # it waits until people have signed
    ALLOW = "allow"  # it may run


# As files name them.
EFFECTS = tuple(effect.value for effect in (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY))


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a policy reads beside the action."""

    actor: Actor  # who asked
    grounded: frozenset[str]  # the fields whose value the user wrote, by wire name
    plan_size: int  # how many actions the plan has
    now: datetime | None = None  # with a time zone; None: rules that ask for the time fail, on the strict side
    counters: Mapping[str, CounterValue | None] = field(default_factory=dict)  # by name, the action included; None: unknown
    sources: Mapping[str, str] = field(default_factory=dict)  # given field → where its value stands: "request", "invoice", "none"
    trusted: frozenset[str] = frozenset()  # the fields whose value stands in the request or in a trusted context
    disputed: bool = False  # whether a second opinion on the request was another plan


def name_seat(who: str) -> str:
    """A role's name, or a person's id, of what fills a seat."""
    return who.removeprefix(PERSON)


@dataclass(frozen=True, order=True)
class Seat:
    """People who must sign."""

    role: str  # the role's name, or `person:mira` for the one person
    count: int  # how many different ones

    def __str__(self) -> str:
        """Who they are, for people: `2 finance`, or `mira`."""
        return name_seat(self.role) if self.role.startswith(PERSON) else f"{self.count} {self.role}"


@dataclass(frozen=True, order=True)
class StandIn:
    """Who may fill a role's seats as well, once they have stayed empty for some time."""

    role: str  # whose seats
    who: str  # a role, or one person, as in Seat
    after: int  # seconds after signing was asked for


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a policy says about one action."""

    effect: DecisionEffect
    rules: tuple[str, ...]  # ids of the rules behind it, in the file's order, `caution` last; empty: the default decided
    seats: tuple[Seat, ...]  # who must sign, by role; empty unless approve
    within: int | None  # seconds to sign; None unless approve
    asks: str  # digest of the seats and of the rules that asked; empty unless approve
    policy: str  # digest of the policies file
    failed: tuple[str, ...]  # rules whose condition failed for this action, and so counted on the strict side
    because: tuple[str, ...]  # the reasons that these rules give, where they do, as written; `Policy.reasons` tells their values
    stand_ins: tuple[StandIn, ...] = ()  # who may fill seats later
    own_vote: bool = False  # whether the requester's own vote counts
    remind: int | None = None  # how many seconds before the time is over people are reminded; None: not


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why one rule is behind a decision."""

    rule: str  # its id, or `caution`
    effect: DecisionEffect
    place: str  # `policies.yaml:28`; empty for `caution`
    because: str  # the rule's reason, with the values that it names; empty where it gives none
    condition: str  # `amount > 100`, or `amount > 100 unless to in lists.family`; empty where it has none
    values: tuple[tuple[str, str], ...]  # what the condition reads, in the order written: ("amount", "150.00 USD")
    failed: str  # why the condition failed for this action; empty where it did not
