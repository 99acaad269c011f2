"""A bank as plain dictionaries: the semantics of statuses, seats, needs and deadlines, written down a second time.

It knows nothing of the Engine. Its rules are Python functions beside the files that say the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

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
    id: str
    by: tuple[tuple[str, int], ...]  # roles, and how many of each sign; `person:fay` is one person
    hours: int = 24
    own: bool = False  # whether the requester's own vote counts
    then: tuple[int, str] | None = None  # after how many hours who may sign as well


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
    own: bool
    opens: Mapping[str, tuple[datetime, str]]  # by seat, from when on who may take it, too
    voters: dict[str, datetime] = field(default_factory=dict)  # and when they signed


@dataclass(kw_only=True)
class Action:
    """One action of a plan."""

    wire: Wire
    needs: tuple[int, ...]
    status: str
    approval: Approval | None = None
    editors: set[str] = field(default_factory=set)
    started: bool = False


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
        self.outside: set[int] = set()  # the wires of what was paid and booked

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
        if action.status != "waiting" or approval is None or not self._may_decide(plan, approval, who):
            return False
        if who in action.editors:
            return False
        before, signed = self._seated(plan, approval), approval.voters | {who: self.now}
        if before < sum(approval.seats.values()) and self._seated(plan, replace(approval, voters=signed)) == before:
            return False
        approval.voters = signed
        if self._filled(plan, approval):
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

    def edit(self, id_: str, number: int, who: str, changes: Wire) -> bool:
        """Change an action that waits, or was approved."""
        plan = self.plans[id_]
        self._settle(plan)
        action = plan.actions[number - 1]
        approval = action.approval
        if action.status not in WAITS or action.started or approval is None or who == plan.requester:
            return False
        if not self._may_decide(plan, approval, who):
            return False
        action.wire = {**action.wire, **changes}
        action.editors.add(who)
        action.status, action.approval = "ready", None
        self._decide(action)
        self._settle(plan)
        return True

    def cancel(self, id_: str, who: str) -> bool:
        """Cancel what is left of a plan."""
        plan = self.plans[id_]
        self._settle(plan)
        asked = [action.approval for action in plan.actions if action.status == "waiting" and action.approval]
        signs = any(self._may_decide(plan, approval, who) for approval in asked)
        may = who == plan.requester or signs or self._holds(who, "manager")
        left = [action for action in plan.actions if action.status in UNTOUCHED]
        if not may or not left:
            return False
        for action in left:
            action.status = "cancelled"
        return True

    def resolve(self, id_: str, number: int, who: str, done: bool) -> bool:
        """Say of what is in doubt whether it was done."""
        plan = self.plans[id_]
        self._settle(plan)
        action = plan.actions[number - 1]
        asked = () if self.rules.denies(action.wire) else self.rules.asked(action.wire)
        may = self._holds(who, "manager") or any(self._holds(who, seat) for rule in asked for seat, _ in rule.by)
        if action.status != "in_doubt" or who == plan.requester or not may:
            return False
        action.status, action.approval = "done" if done else "ready", None
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
                runnable.started = True
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
        return approval is not None and approval.asks == wanted.asks and self._filled(plan, approval)

    def _ask(self, rules: list[Asking]) -> Approval:
        seats: dict[str, int] = {}
        for seat, count in (one for rule in rules for one in rule.by):
            seats[seat] = max(count, seats.get(seat, 0))
        return Approval(
            seats=seats,
            asks=tuple(rules),
            expires=self.now + timedelta(hours=min((rule.hours for rule in rules), default=0)),
            own=all(rule.own for rule in rules),
            opens={seat: opens for seat in seats if (opens := self._opens(seat, rules))},
        )

    def _opens(self, seat: str, rules: list[Asking]) -> tuple[datetime, str] | None:
        """From when on others may take *seat*: where all who ask for it name the same, after the longest time."""
        thens = [rule.then for rule in rules if seat in dict(rule.by)]
        named = [then for then in thens if then is not None]
        if len(named) < len(thens) or len({who for _, who in named}) > 1 or named[0][1] == seat:
            return None
        return self.now + timedelta(hours=max(hours for hours, _ in named)), named[0][1]

    def _may_decide(self, plan: Plan, approval: Approval, who: str) -> bool:
        return any(self._may_take(plan, approval, who, self.now, seat) for seat in approval.seats)

    def _may_take(self, plan: Plan, approval: Approval, who: str, at: datetime, seat: str) -> bool:
        """Whether *who* takes *seat* where they sign *at* that time."""
        if who == plan.requester:
            return approval.own and self._holds(who, seat)
        opens, other = approval.opens.get(seat, (None, ""))
        return self._holds(who, seat) or (opens is not None and opens <= at and self._holds(who, other))

    def _holds(self, who: str, seat: str) -> bool:
        return seat == f"person:{who}" or who in self.rules.roles.get(seat, ())

    def _filled(self, plan: Plan, approval: Approval) -> bool:
        return self._seated(plan, approval) == sum(approval.seats.values())

    def _seated(self, plan: Plan, approval: Approval) -> int:
        """How many seats those who signed can take, each person one: every way is tried."""

        def most(voters: list[str], places: Mapping[str, int]) -> int:
            if not voters:
                return 0
            who, *others = voters
            taken = [
                seat for seat, left in places.items() if left and self._may_take(plan, approval, who, approval.voters[who], seat)
            ]
            return max(most(others, places), *(1 + most(others, {**places, seat: places[seat] - 1}) for seat in taken), 0)

        return most(list(approval.voters), approval.seats)

    def _run(self, wire: Wire) -> str:
        match wire["type"]:
            case "check_balance":
                return "done"
            case "note" | "look" | "call":
                return self._run_ours(str(wire["type"]), str(wire["how"]))
            case "pay" | "book":
                return self._run_outside(wire, str(wire["how"]))
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

    def _run_outside(self, wire: Wire, how: str) -> str:
        """What is paid is paid once, though nobody may know; of what is booked somebody knows."""
        if how in ("well", "raises"):
            self.outside.add(id(wire))
        unsure = {"pay": "in_doubt", "book": "done" if how == "raises" else "failed"}
        return OUTCOMES.get(how, unsure[str(wire["type"])])
