"""Verification: does the log hold together, and is every stored state the one that the log tells?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from signoff.canonical import Json, digest
from signoff.errors import LogInvalid

from .database import Row
from .log import START, entry_problems
from .reading import Reading, read_row
from .records import SYSTEM, Entry, PlanRecord, Status, write_actor, write_time
from .writing import ACCEPTED, CLOSES, MOVED, told_approval, told_vote

BLIND_SPOTS = (
    "there is no key yet: whoever can write the file can rewrite the log and every hash in it, unseen",
    "a copy of the whole file from an earlier day, or one whose newest plans were removed with all their entries, looks whole",
    "the tables of the actions themselves, such as the demo bank's ledger, are no part of the log",
)

_State = dict[str, Json]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What `audit verify` found."""

    entries: int
    plans: int
    problems: tuple[str, ...]
    blind_spots: tuple[str, ...] = BLIND_SPOTS


def verify_store(reading: Reading) -> Verification:
    """Check the whole log, and every stored plan, action, approval, vote and policy against it."""
    problems: list[str] = []
    chains: dict[str, list[Entry]] = {SYSTEM: []}
    heads: dict[str, bytes] = {}
    count = 0
    for row in reading.entry_rows():
        count += 1
        if row[0] != count:
            problems.append(f"entry {count} is missing: entry {row[0]} follows")
            count = row[0]
        problems += _read_into(chains, heads, row)
    for chain in sorted(chains.keys() | reading.heads().keys()):
        problems += _head_problems(reading, chain, len(chains.get(chain, ())), heads.get(chain, START))
    plans = reading.plans()
    for plan in sorted(set(plans) ^ (chains.keys() - {SYSTEM})):
        problems.append(f"plan {plan} has entries in the log but is not stored" if plan in chains else f"{plan} has no entries")
    for plan in plans:
        problems += _state_problems(reading, plan, chains.get(plan, []))
    problems += _policy_problems(reading, chains[SYSTEM])
    problems += [f"the trigger {name} stands on one of Signoff's own tables" for name in reading.foreign_triggers()]
    return Verification(entries=count, plans=len(plans), problems=tuple(problems))


def verify_plan(reading: Reading, plan: str) -> None:
    """Check one plan's chain, and its stored state against it. Raises LogInvalid where they do not agree."""
    chains: dict[str, list[Entry]] = {}
    heads: dict[str, bytes] = {}
    problems = [problem for row in reading.entry_rows(plan) for problem in _read_into(chains, heads, row)]
    problems += _head_problems(reading, plan, len(chains.get(plan, ())), heads.get(plan, START))
    problems += _state_problems(reading, plan, chains.get(plan, []))
    problems += [f"the trigger {name} stands on one of Signoff's own tables" for name in reading.foreign_triggers()]
    if problems:
        raise LogInvalid(f"{plan} was altered, and nothing of it is run: {problems[0]}; see `signoff audit verify`")


def _read_into(chains: dict[str, list[Entry]], heads: dict[str, bytes], row: Row) -> list[str]:
    chain = row[1]
    try:
        problems = list(entry_problems(row, heads.get(chain, START)))
        chains.setdefault(chain, []).append(read_row(row))
    except (LogInvalid, ValueError, KeyError, TypeError):
        problems = [f"entry {row[0]} cannot be read: it was altered"]
    heads[chain] = row[4]
    return problems


def _head_problems(reading: Reading, chain: str, length: int, head: bytes) -> Iterator[str]:
    recorded = reading.head(chain)
    if recorded is None:
        if length:
            yield f"the end of {chain} is not recorded"
    elif recorded != (length, head):
        yield f"{chain} ends at entry {length} of {recorded[0]}: its end was cut off or changed"


@dataclass(kw_only=True)
class _Told:
    """What a plan's Entries say about it."""

    plan: _State = field(default_factory=dict)
    actions: dict[str, _State] = field(default_factory=dict)
    approvals: dict[str, _State] = field(default_factory=dict)
    votes: dict[str, _State] = field(default_factory=dict)

    def read(self, entry: Entry) -> None:
        data = dict(entry.data)
        number = str(entry.action)
        match entry.event:
            case "submitted":
                data.pop("policy")
                self.plan = data | {"requester": write_actor(entry.actor), "at": write_time(entry.at)}
            case "decided":
                data.pop("decision")
                self.actions[number] = data | {"attempt": 0, "result": None}
            case "asked":
                self.approvals[str(data["id"])] = data | {"status": "waiting", "number": number}
            case "voted":
                self.votes[f"{data['approval']} {entry.actor.id}"] = data | {
                    "voter": write_actor(entry.actor),
                    "at": write_time(entry.at),
                    "used": None,
                }
            case "refused":
                pass
            case _:
                self._move(number, data)

    def _move(self, number: str, data: _State) -> None:
        self.actions[number] |= {name: data[name] for name in ("status", *MOVED)}
        status = Status(str(data["status"]))
        for approval in self.approvals.values():
            if approval["number"] == number and approval["status"] in ("waiting", "approved") and status in CLOSES:
                approval["status"] = CLOSES[status].value
        for vote in self.votes.values():
            if vote["approval"] == data.get("approval") and vote["choice"] == "approve" and status is Status.EXECUTING:
                vote["used"] = data["attempt"]


def _state_problems(reading: Reading, plan: str, entries: list[Entry]) -> Iterator[str]:
    told = _Told()
    try:
        for entry in entries:
            told.read(entry)
        record = reading.plan(plan)
        assert record is not None
        stored = _stored(reading, record)
    except (KeyError, ValueError, TypeError, LogInvalid) as error:
        yield f"{plan} cannot be checked: its entries do not tell a whole story ({error})"
        return
    for name, told_state, stored_state in (
        ("plan", {plan: told.plan}, {plan: stored.plan}),
        ("action", told.actions, stored.actions),
        ("approval", told.approvals, stored.approvals),
        ("vote", told.votes, stored.votes),
    ):
        yield from _differences(plan, name, told_state, stored_state)
    for action in record.actions:
        if digest(action.body) != action.digest:
            yield f"{plan}: action {action.number} was edited: its bytes do not have the digest that was decided"


def _differences(plan: str, what: str, told: Mapping[str, _State], stored: Mapping[str, _State]) -> Iterator[str]:
    for key in sorted(told.keys() - stored.keys()):
        yield f"{plan}: {what} {key} is in the log but is not stored"
    for key in sorted(stored.keys() - told.keys()):
        yield f"{plan}: {what} {key} is stored but is not in the log"
    for key in sorted(told.keys() & stored.keys()):
        names = [name for name in stored[key] if stored[key][name] != told[key].get(name)]
        if names:
            yield f"{plan}: {what} {key} was edited: the log tells another {', '.join(names)}"


def _stored(reading: Reading, plan: PlanRecord) -> _Told:
    stored = _Told()
    stored.plan = {
        "request": plan.request,
        "planner": plan.planner,
        "proposed": digest(plan.proposed),
        "requester": write_actor(plan.requester),
        "at": write_time(plan.at),
    }
    for action in plan.actions:
        names = dict.fromkeys([*ACCEPTED, *MOVED])
        state: _State = {name: getattr(action, name) for name in names}
        lists: _State = {"needs": list(action.needs), "rules": list(action.rules)}
        stored.actions[str(action.number)] = state | lists | {"status": action.status.value}
    for approval in reading.approvals_of(plan.id):
        state = told_approval(approval) | {"status": approval.status.value, "number": str(approval.number)}
        stored.approvals[approval.id] = state
        for vote in reading.votes(approval.id):
            told = told_vote(vote) | {"voter": write_actor(vote.voter), "at": write_time(vote.at), "used": vote.used}
            stored.votes[f"{vote.approval} {vote.voter.id}"] = told
    return stored


def _policy_problems(reading: Reading, entries: list[Entry]) -> Iterator[str]:
    told = [entry.data for entry in entries if entry.event == "policy"]
    newest = {str(one["digest"]): (one["name"], one["outline"]) for one in told}
    stored = reading.policies()
    for recorded, name, source, outline, _ in stored:
        if digest(source) != recorded:
            yield f"the stored policy {recorded[:8]} was edited: its bytes do not have that digest"
        if recorded in newest and newest[recorded] != (name, digest(outline.encode())):
            yield f"the stored policy {recorded[:8]} was edited: the log tells another name or outline"
    if {recorded for recorded, *_ in stored} != newest.keys():
        yield "the stored policies are not the ones that the log tells"
    active = [(recorded, mark) for recorded, *_, mark in stored if mark is not None]
    if active != [(str(one["digest"]), 1) for one in told[-1:]]:
        yield "the policy marked as in force is not the one that the log tells"
