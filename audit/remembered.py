"""What one connection knows of the file without asking it again: for as long as nobody else has written.

Whatever another connection commits changes the file's version, and all is forgotten. What this one writes is put in here by
what writes it; where a transaction is rolled back, all is forgotten too. Nothing in here is ever more than the file said.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .records import ActionRecord, Approval, Choice, PlanRecord, Vote

if TYPE_CHECKING:
    from .log import ChainEnd
    from .sealing import LogHead

AT_MOST = 256  # plans: a process goes on with few at a time, and an intake with as many as wait
AT_MOST_VOTED = 25_600  # approvals: all that those plans may have


@dataclass(kw_only=True)
class Remembered:
    """Plans, and what was found out about them, at one version of the file."""

    version: int | None = None
    plans: dict[str, PlanRecord] = field(default_factory=dict)
    approvals: dict[str, list[Approval]] = field(default_factory=dict)  # all of a plan, by its id
    asked: dict[str, str] = field(default_factory=dict)  # approval → its plan, of those whose approvals are known
    votes: dict[str, list[Vote]] = field(default_factory=dict)  # all on an approval of those plans, by its id
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)  # of the tree of heads, by level and place
    verified: set[str] = field(default_factory=set)  # plans of which all that is stored is what their chains tell
    schema_is_right: bool = False
    active_policy: str | None = None  # digest of the one in force
    head: "LogHead | None" = None  # where the log ends
    ends: "dict[str, ChainEnd]" = field(default_factory=dict)  # where chains end

    def at(self, version: int) -> None:
        """The file is at *version* now."""
        if version != self.version:
            self.forget()
            self.version = version

    def forget(self) -> None:
        """Know nothing any more."""
        self.schema_is_right = False
        self.active_policy = None
        self.head = None
        self.ends.clear()
        self.nodes.clear()
        self._forget_plans()

    def _forget_plans(self) -> None:
        for known in (self.verified, self.plans, self.approvals, self.asked, self.votes):
            known.clear()

    def forget_plan(self, id_: str, approvals: Iterable[str]) -> None:
        """Know nothing of that plan any more, nor of the votes on its *approvals*."""
        self.verified.discard(id_)
        self.plans.pop(id_, None)
        self.approvals.pop(id_, None)
        for approval in {*approvals, *(one for one, plan in self.asked.items() if plan == id_)}:
            self.asked.pop(approval, None)
            self.votes.pop(approval, None)

    def plan(self, id_: str, read: Callable[[], PlanRecord | None]) -> PlanRecord | None:
        """The plan *id_*, which is *read* where it is not known."""
        known = self.plans.get(id_)
        if known is None and (known := read()) is not None:
            if len(self.plans) >= AT_MOST:
                self._forget_plans()
            self.plans[id_] = known
        return known

    def approvals_of(self, plan: str, read: Callable[[], list[Approval]]) -> list[Approval]:
        """All approvals of a plan, which are *read* where they are not known."""
        if plan not in self.plans:  # which bounds what is kept
            return read()
        known = self.approvals.get(plan)
        if known is None:
            known = self.approvals[plan] = read()
            self.asked.update((one.id, plan) for one in known)
        return known

    def votes_on(self, approval: str, read: Callable[[], list[Vote]]) -> list[Vote]:
        """The votes on an approval, which are *read* where they are not known: where its plan is verified.

        What counts is what was verified, or written here, and not what stands in the file later: somebody may write that
        without SQLite, which then tells nobody.
        """
        if approval not in self.votes:
            if len(self.votes) >= AT_MOST_VOTED:
                self.votes.clear()
                self.verified.clear()
            self.votes[approval] = read()
        return list(self.votes[approval])

    def voted(self, vote: Vote) -> None:
        """*vote* was written, in the place of an earlier one of that voter."""
        if vote.approval in self.votes:
            others = [one for one in self.votes[vote.approval] if one.voter.id != vote.voter.id]
            self.votes[vote.approval] = sorted([*others, vote], key=lambda one: (one.at, one.voter.id))

    def used(self, approval: str, attempt: int) -> None:
        """The votes on an approval that could serve were used for an attempt."""
        self.votes[approval] = [
            replace(one, used=attempt) if one.choice is Choice.APPROVE and one.used is None else one
            for one in self.votes.get(approval, ())
        ]

    def sealed(self, head: "LogHead", ends: "Mapping[str, ChainEnd]") -> None:
        """The log ends at *head* now, and its chains where *ends* says."""
        self.head = head
        if len(self.ends) > AT_MOST:
            self.ends.clear()
        self.ends.update(ends)

    def moved(self, action: ActionRecord) -> None:
        """*action* was written as it is given."""
        plan = self.plans.get(action.plan)
        if plan is not None:
            actions = (*plan.actions[: action.number - 1], action, *plan.actions[action.number :])
            self.plans[action.plan] = replace(plan, actions=actions)
