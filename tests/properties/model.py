"""A bank as plain dictionaries: the semantics of statuses, seats, needs and deadlines, written down a second time.

It knows nothing of the Engine. Its rules are Python functions beside the files that say the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations

Wire = Mapping[str, object]  # an action as a plan writes it
Seats = Mapping[str, int]

LOST = {"failed", "denied", "rejected", "expired", "cancelled", "skipped"}
WAITS = {"waiting", "approved"}
UNTOUCHED = {"ready", "waiting", "approved"}
OUTCOMES = {"well": "done", "refuses": "failed"}  # of our actions; `raises` depends on the effect


@dataclass(frozen=True, kw_only=True)
class Asking:
    """An approve rule."""

    type: str  # the action type that it speaks for
    text: str  # its condition, as the file has it
    when: Callable[[Wire], bool]  # the same
    role: str
    count: int
    hours: int = 24


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a file says: everything is allowed but for these."""

    roles: Mapping[str, tuple[str, ...]]
    asking: tuple[Asking, ...]
    denied: str = ""  # to whom transfers are denied

    def asked(self, action: Wire) -> list[Asking]:
        """The approve rules that match."""
        return [rule for rule in self.asking if rule.type == action["type"] and rule.when(action)]

    def denies(self, action: Wire) -> bool:
        """Whether the deny rule matches."""
        return action["type"] == "transfer" and action["to"] == self.denied


@dataclass(kw_only=True)
class Approval:
    """Who is asked, and who has signed."""

    seats: Seats
    asks: tuple[Asking, ...]  # the rules that asked
    expires: datetime
    voters: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class Action:
    """One action of a plan."""

    wire: Wire
    needs: tuple[int, ...]
    status: str
    approval: Approval | None = None


@dataclass(kw_only=True)
class Plan:
    """What somebody asked for."""

    requester: str
    actions: list[Action]


class Model:
    """What a bank should be like."""

    def __init__(self, rules: Rules, now: datetime) -> None:
        self.rules = rules
        self.now = now
        self.plans: dict[str, Plan] = {}
        self.balances = {"checking": 100_000, "savings": 500_000, "Alice": 0, "Bob": 0}
        self.notes = 0
        self.calls = 0

    # -- verbs: each says whether it may be done, and does it

    def submit(self, id_: str, wires: Sequence[Wire], requester: str) -> None:
        """Accept a plan, and run what may run."""
        plan = Plan(requester=requester, actions=[])
        self.plans[id_] = plan
        for wire in wires:
            needs = wire["needs"]
            assert isinstance(needs, list)
            plan.actions.append(Action(wire=wire, needs=tuple(needs), status="ready"))
            self._decide(plan.actions[-1])
        self._drive(plan)

    def approve(self, id_: str, number: int, who: str) -> bool:
        """Sign an action."""
        plan = self.plans[id_]
        self._settle(plan)
        action = plan.actions[number - 1]
        approval = action.approval
        if action.status != "waiting" or approval is None or who in approval.voters or not self._may_decide(plan, approval, who):
            return False
        if self._seated(plan, approval.seats, approval.voters | {who}) == self._seated(plan, approval.seats, approval.voters):
            return False
        approval.voters.add(who)
        if self._filled(plan, approval.seats, approval.voters):
            action.status = "approved"
        return True

    def reject(self, id_: str, number: int, who: str) -> bool:
        """Reject an action."""
        plan = self.plans[id_]
        self._settle(plan)
        action = plan.actions[number - 1]
        if action.status != "waiting" or action.approval is None or not self._may_decide(plan, action.approval, who):
            return False
        action.status = "rejected"
        self._settle(plan)
        return True

    def cancel(self, id_: str, who: str) -> bool:
        """Cancel what is left of a plan."""
        plan = self.plans[id_]
        self._settle(plan)
        asked = {
            role for action in plan.actions if action.status == "waiting" and action.approval for role in action.approval.seats
        }
        may = who == plan.requester or any(who in self.rules.roles.get(role, ()) for role in asked | {"manager"})
        left = [action for action in plan.actions if action.status in UNTOUCHED]
        if not may or not left:
            return False
        for action in left:
            action.status = "cancelled"
        return True

    def resume(self) -> None:
        """Go on with every plan."""
        for plan in self.plans.values():
            self._drive(plan)

    def shown(self, id_: str) -> list[str]:
        """The statuses of a plan, as they are shown: a deadline that has passed counts, though nobody has recorded it."""
        return ["expired" if self._is_late(action) else action.status for action in self.plans[id_].actions]

    # -- what follows from them

    def _drive(self, plan: Plan) -> None:
        while True:
            self._settle(plan)
            runnable = next((action for action in plan.actions if self._can_run(plan, action)), None)
            if runnable is None:
                return
            if self._may_run(plan, runnable):
                runnable.status = self._run(runnable.wire)

    def _settle(self, plan: Plan) -> None:
        for action in plan.actions:
            if action.status in UNTOUCHED and any(plan.actions[need - 1].status in LOST for need in action.needs):
                action.status = "skipped"
            elif self._is_late(action):
                action.status = "expired"

    def _is_late(self, action: Action) -> bool:
        return action.status in WAITS and action.approval is not None and action.approval.expires <= self.now

    def _can_run(self, plan: Plan, action: Action) -> bool:
        return action.status in ("ready", "approved") and all(plan.actions[need - 1].status == "done" for need in action.needs)

    def _decide(self, action: Action) -> None:
        if self.rules.denies(action.wire):
            action.status = "denied"
        elif rules := self.rules.asked(action.wire):
            action.status, action.approval = "waiting", self._ask(rules)

    def _may_run(self, plan: Plan, action: Action) -> bool:
        """Decide it again; where it may not run, it is denied, or waits for other votes."""
        rules = self.rules.asked(action.wire)
        if not self.rules.denies(action.wire) and (not rules or self._is_signed(plan, action, self._ask(rules))):
            return True
        self._decide(action)
        return False

    def _is_signed(self, plan: Plan, action: Action, wanted: Approval) -> bool:
        """Whether its votes are for what is wanted now, and still fill the seats."""
        approval = action.approval if action.status == "approved" else None
        return approval is not None and approval.asks == wanted.asks and self._filled(plan, wanted.seats, approval.voters)

    def _ask(self, rules: list[Asking]) -> Approval:
        seats: dict[str, int] = {}
        for rule in rules:
            seats[rule.role] = max(rule.count, seats.get(rule.role, 0))
        hours = min((rule.hours for rule in rules), default=0)
        return Approval(seats=seats, asks=tuple(rules), expires=self.now + timedelta(hours=hours))

    def _may_decide(self, plan: Plan, approval: Approval, who: str) -> bool:
        return who != plan.requester and any(who in self.rules.roles.get(role, ()) for role in approval.seats)

    def _filled(self, plan: Plan, seats: Seats, voters: set[str]) -> bool:
        return self._seated(plan, seats, voters) == sum(seats.values())

    def _seated(self, plan: Plan, seats: Seats, voters: set[str]) -> int:
        """How many seats *voters* can take, each person one: every way is tried."""
        places = [role for role, count in seats.items() for _ in range(count)]
        counted = sorted(voters - {plan.requester})
        return max(
            sum(who in self.rules.roles.get(role, ()) for who, role in zip(counted, order, strict=False))
            for order in permutations(places + [""] * len(counted))
        )

    def _run(self, wire: Wire) -> str:
        match wire["type"]:
            case "check_balance":
                return "done"
            case "note" | "look" | "call":
                return self._run_ours(str(wire["type"]), str(wire["how"]))
        cents = int(str(wire["amount"]).replace(".", ""))
        changes = {
            "deposit": {"checking": cents},
            "withdraw": {"checking": -cents},
            "transfer": {"checking": -cents, str(wire.get("to")): cents},
        }[str(wire["type"])]
        after = {name: self.balances[name] + change for name, change in changes.items()}
        if after["checking"] < 0:
            return "failed"
        self.balances |= after
        return "done"

    def _run_ours(self, type_: str, how: str) -> str:
        self.notes += type_ == "note" and how == "well"
        self.calls += type_ == "call" and how != "refuses"
        return OUTCOMES.get(how, "in_doubt" if type_ == "call" else "failed")
