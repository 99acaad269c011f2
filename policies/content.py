"""What a policies file says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from signoff.actions import Action

from .cases import Case
from .counters import Counter
from .decision import Seat
from .diagnostics import Span
from .invariants import Invariant
from .rule import Condition, Rule
from .tables import Table


@dataclass(frozen=True, kw_only=True)
class Document:
    """A policies file without errors."""

    currency: str | None
    zone: str | None
    default: Seat | None  # who signs what no allow rule speaks for; None: that is denied
    approvers: str | None
    identity: str | None
    roles: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Table]
    counters: Mapping[str, Counter]
    rules: tuple[Rule, ...]
    types: Mapping[str, type[Action]]  # the action types it was checked for
    within: int | None = None  # seconds to sign where no rule says
    remind: int | None = None  # seconds before a deadline, where no rule says
    delegation: int | None = None  # seconds for which somebody may hand their seats to another at most; None: nobody may
    changes: tuple[Seat, ...] = ()  # who agrees to a change of pinned policies; empty: the approvers
    tests: tuple[Case, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    places: Mapping[str, Span] = field(default_factory=dict)  # of its keys, and of names: `rules`, `lists.family`

    @property
    def conditions(self) -> list[Condition]:
        """Those of its rules and its invariants."""
        said: list[Rule | Invariant] = [*self.rules, *self.invariants]
        return [condition for one in said for condition in one.conditions]
