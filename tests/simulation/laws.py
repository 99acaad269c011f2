"""What holds in every simulated world, read from the log, the receiver and the actions' own table; told as what does not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from signoff.audit import ENDED, ActionRecord, Approval, Entry, PlanRecord, Reading, Status, read_time, verify_store
from signoff.policies import Policy

from .bank import CAP, policies
from .receiver import Receiver

_UNSURE = frozenset({Status.IN_DOUBT, Status.EXECUTING})


@dataclass(frozen=True, kw_only=True)
class State:
    """All that is stored, read in one transaction."""

    plans: tuple[PlanRecord, ...]
    approvals: dict[str, Approval]
    entries: tuple[Entry, ...]
    rows: Counter[str]  # that LOCAL actions wrote, by key
    problems: tuple[str, ...]  # that verification found

    @property
    def actions(self) -> list[ActionRecord]:
        """The actions of all plans."""
        return [action for plan in self.plans for action in plan.actions]


def read_state(tx: Reading) -> State:
    """The state that *tx* sees."""
    plans = [plan for id_ in tx.plans() if (plan := tx.plan(id_)) is not None]
    with tx.lent() as lent:
        rows = Counter(str(key) for (key,) in lent.execute("SELECT key FROM note"))
    return State(
        plans=tuple(plans),
        approvals={one.id: one for plan in plans for one in tx.approvals_of(plan.id)},
        entries=tuple(tx.entries()),
        rows=rows,
        problems=verify_store(tx).problems,
    )


def standing_problems(state: State, receiver: Receiver) -> Iterator[str]:
    """What is wrong at any time."""
    yield from state.problems
    yield from _effect_problems(state, receiver)
    yield from _signing_problems(state)
    yield from _lease_problems(state)
    yield from _holding_problems(state)
    yield from _cap_problems(state)


def acknowledged_problems(state: State, acknowledged: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """What a verb had returned, and is not so any more."""
    plans = {plan.id: plan for plan in state.plans}
    voted = {(str(one.data["approval"]), one.actor.id) for one in state.entries if one.event == "voted"}
    for what, id_, *told in acknowledged:
        if what == "vote" and (id_, told[0]) not in voted:
            yield f"the vote of {told[0]} for {id_} is lost"
        if what != "vote" and id_ not in plans:
            yield f"{id_} was accepted, and is lost"
        elif what == "plan" and len(plans[id_].actions) != int(told[0]):
            yield f"{id_} had {told[0]} actions"
        elif what == "ended" and plans[id_].action(int(told[0])).status != told[1]:
            yield f"{id_} action {told[0]} was {told[1]}, and is {plans[id_].action(int(told[0])).status}"


def end_problems(state: State) -> Iterator[str]:
    """What did not come to an end, once nothing failed any more and everybody did their part."""
    for action in state.actions:
        if action.status not in ENDED:
            yield f"{action.plan} action {action.number} ({action.type}) is still {action.status}: {action.error}"


def _effect_problems(state: State, receiver: Receiver) -> Iterator[str]:
    happened = receiver.happened + state.rows
    for action in state.actions:
        if action.type == "look":
            continue
        times = happened.pop(action.key, 0)
        wanted = {0, 1} if action.status in _UNSURE and action.effect != "local" else {int(action.status is Status.DONE)}
        if times not in wanted:
            what = f"{action.plan} action {action.number} ({action.type})"
            yield f"{what} is {action.status}, and its effect happened {times} times"
    yield from (f"an effect happened for {key}, which is no action's key" for key in happened)


def _signing_problems(state: State) -> Iterator[str]:
    """What was started without the votes that its decision asked for, too late, or on votes that had been used."""
    used: Counter[str] = Counter()
    signed: dict[tuple[str, int | None], bool] = {}  # whether the newest intent of an action was signed
    known = {policy.digest: policy for policy in policies()}
    for place, entry in enumerate(state.entries):
        key = (entry.chain, entry.action)
        if entry.event in ("decided", "waiting", "ready", "edited"):
            signed[key] = False
        if entry.event != "executing":
            continue
        what = f"{entry.chain} action {entry.action} started"
        decision, id_ = entry.data["decision"], entry.data.get("approval")
        assert isinstance(decision, dict)
        if decision["effect"] == "deny":
            yield f"{what} though it was denied"
        if id_ is not None:
            signed[key] = True
            used[str(id_)] += 1
            policy = known[str(decision["policy"])]
            yield from (f"{what} {problem}" for problem in _vote_problems(state, place, policy, dict(decision["seats"])))
        elif decision["effect"] == "approve" and not signed.get(key):
            yield f"{what}, and nobody had signed it"
    yield from (f"the votes on {id_} were used {times} times" for id_, times in used.items() if times > 1)


def _vote_problems(state: State, place: int, policy: Policy, seats: dict[str, int]) -> Iterator[str]:
    """What is wrong with the votes that the Entry at *place* uses."""
    entry = state.entries[place]
    approval = state.approvals[str(entry.data["approval"])]
    if entry.at >= approval.expires:
        yield f"after the deadline of {approval.id}"
    voters: dict[str, set[str]] = {}
    for one in state.entries[:place]:
        if one.event == "voted" and one.data["approval"] == approval.id and one.data["choice"] == "approve":
            if one.data["digest"] != approval.digest or one.at >= approval.expires:
                yield f"on a vote for something else, or that came too late: {one.number}"
            voters[one.actor.id] = {one.actor.id, *_handed_to(state.entries[:place], one.actor.id)}
    voters.pop(approval.requester, None)
    held = {who: {role for person in people for role in policy.roles_of(person)} for who, people in voters.items()}
    if not _can_fill(list(held.values()), [seat for seat, count in seats.items() for _ in range(count)]):
        yield f"on votes of {sorted(voters)}, and {seats} were asked"


def _handed_to(entries: Sequence[Entry], who: str) -> set[str]:
    """Those who ever handed their seats to *who*: more than may count."""
    return {one.actor.id for one in entries if one.event == "delegated" and one.data["to"] == who}


def _can_fill(voters: list[set[str]], seats: list[str]) -> bool:
    """Whether each of *seats* gets a voter of its own: every way is tried."""
    if not seats:
        return True
    first, *others = seats
    return any(first in roles and _can_fill(voters[:at] + voters[at + 1 :], others) for at, roles in enumerate(voters))


def _lease_problems(state: State) -> Iterator[str]:
    """What was taken over before its lease was over, from a process that was still there."""
    until: dict[tuple[str, int | None], str] = {}
    for entry in state.entries:
        key, lease, error = (entry.chain, entry.action), entry.data.get("lease"), str(entry.data.get("error"))
        if "its lease was over" in error and entry.at < read_time(until.get(key, "9999-01-01T00:00:00.000000Z")):
            yield f"entry {entry.number} takes {entry.chain} action {entry.action} over before its lease is over"
        if isinstance(lease, dict):
            until[key] = str(lease["until"])


def _holding_problems(state: State) -> Iterator[str]:
    """What was recorded of an effect outside by who did not hold it then."""
    outside = {(one.plan, one.number) for one in state.actions if one.effect not in ("read", "local")}
    held: dict[tuple[str, int | None], str] = {}  # by whom: an attempt, a question, or somebody who says what came of it
    for entry in state.entries:
        key = (entry.chain, entry.action)
        if key not in outside:
            continue
        if entry.event in ("executing", "asking", "resolved"):
            held[key] = entry.event
        elif entry.event in ("done", "failed", "in_doubt", "retry", "probed"):
            wanted = "asking" if "happened" in entry.data else ""
            by = held.pop(key, "nobody")
            told_by_itself = "not tried again" in str(entry.data["error"]) or entry.actor.id == "signoff"
            if by != (wanted or by) or (by in ("asking", "nobody") and not wanted and not told_by_itself):
                yield f"entry {entry.number} says {entry.event} of {entry.chain} action {entry.action}, which is held by {by}"


def _cap_problems(state: State) -> Iterator[str]:
    """Who spent more in a day than the rules ever let anybody."""
    actions = {(plan.id, action.number): (plan.requester.id, action) for plan in state.plans for action in plan.actions}
    spent = sorted(
        (actions[entry.chain, entry.action][0], f"{entry.at:%Y-%m-%d}", entry.chain, entry.action)
        for entry in state.entries
        if entry.action is not None and entry.data.get("status") == "done"
    )
    for (who, day), ended in groupby(spent, key=lambda one: one[:2]):
        cents = sum(_cents(actions[plan, number][1]) for _, _, plan, number in ended)
        if cents > CAP:
            yield f"{who} spent {cents} on {day}"


def _cents(action: ActionRecord) -> int:
    return int(action.body.partition(b'"cents":')[2].partition(b",")[0].strip(b"}") or 0)
