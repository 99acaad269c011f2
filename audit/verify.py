"""Verification: does the log hold together, and is every stored state the one that the log tells?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from signoff.canonical import Json, canonical, digest
from signoff.errors import LogInvalid
from signoff.folding import fold_name

from .conversations import told_message
from .counting import counted_rows
from .database import Row
from .delegations import delegation_problems
from .heads import head_leaf, root_over
from .log import START, entry_problems
from .pins import pin_problems
from .reading import Reading
from .records import SYSTEM, ApprovalStatus, Entry, PlanRecord, Status, read_time, write_actor, write_time
from .rows import entry_of
from .telling import ACCEPTED, CLOSES, MOVED, told_approval, told_edit, told_lease, told_vote
from .tree import Frontier

BLIND_SPOTS = (
    "whoever can read the key file can rewrite the log and its seal: only a checkpoint that is kept elsewhere tells of that",
    "entries younger than the newest checkpoint elsewhere can go together with the head that is kept beside the key",
    "the tables of the actions themselves, such as the demo bank's ledger, are no part of the log",
)

_State = dict[str, Json]

# Of an approval; older Entries do not tell it.
_SINCE: _State = {"own_vote": False, "stand_ins": {}, "remind": None, "editors": []}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What `audit verify` found."""

    entries: int
    plans: int
    problems: tuple[str, ...]
    blind_spots: tuple[str, ...] = BLIND_SPOTS


def verify_store(reading: Reading) -> Verification:
    """Check the whole log, and every stored plan, action, approval, vote and policy against it."""
    reading.remembered.forget()  # what stands in the file now is what counts
    rows = reading.entry_rows()
    chains: dict[str, list[Row]] = {SYSTEM: []}
    for row in rows:
        chains.setdefault(row[1], []).append(row)
    plans = reading.plans()
    problems = [
        *_head_problems(reading, rows),
        *_gaps(rows),
        *reading.schema_problems(),
        *reading.damages(),
        *_strays(set(plans), chains.keys() | reading.ends().keys()),
    ]
    problems += [f"{plan} counts in a counter but is not stored" for plan in sorted(reading.plans_counted() - set(plans))]
    problems += [f"{plan} has secrets but is not stored" for plan in sorted(reading.plans_with_secrets() - set(plans))]
    problems += [f"{plan} has messages but is no conversation" for plan in reading.stray_conversations()]
    for chain in sorted(chains.keys() | set(plans)):
        problems += _chain_problems(reading, chain, chains.get(chain, []))
    return Verification(entries=len(rows), plans=len(plans), problems=tuple(problems))


def verify_plan(reading: Reading, plan: str) -> None:
    """Check one plan's chain, and its stored state against it. Raises LogInvalid where they do not agree."""
    reading.forget(plan)  # what stands in the file now is what counts
    reading.vouched_end(plan)
    _raise_first(plan, [*reading.schema_problems(), *_chain_problems(reading, plan, reading.entry_rows(plan))])
    if reading.plan(plan) is not None:
        reading.remembered.verified.add(plan)


def verify_policies(reading: Reading) -> None:
    """Check which policies were and are in force against the log. Raises LogInvalid where they do not agree."""
    reading.vouched_end(SYSTEM)
    _raise_first("the policies", [*reading.schema_problems(), *_chain_problems(reading, SYSTEM, reading.entry_rows(SYSTEM))])


def verify_complete(reading: Reading) -> None:
    """Check that no Entry and no plan is missing from the log, or only in it. Raises LogInvalid where one is."""
    _raise_first("the log", [*reading.missing()])


def _raise_first(what: str, problems: list[str]) -> None:
    if problems:
        raise LogInvalid(f"{what}: the file was altered, so nothing of it is run: {problems[0]}; see `signoff audit verify`")


def _head_problems(reading: Reading, rows: list[Row]) -> Iterator[str]:
    """Whether the log's head is sealed, goes on from what was kept, and is the head of these *rows* and their chains."""
    try:
        head = reading.log_head()
    except LogInvalid as error:
        yield str(error)
        return
    if Frontier().extend(leaf for *_, leaf in rows) != head.frontier:
        yield f"the entries are not the {head.size} for which the log's head stands"
    ends = reading.ends()
    try:
        root = root_over([head_leaf(chain, end.length, end.hash) for chain, end in ends.items()])
    except ValueError:  # no chain is as long as that
        root = None
    if [end.leaf for end in ends.values()] != list(range(head.chains)) or root != head.heads:
        yield "the chains do not end where the log's head says"
        return
    for chain in ends:
        try:
            reading.vouched_end(chain)
        except LogInvalid as error:
            yield str(error)


def _gaps(rows: list[Row]) -> Iterator[str]:
    expected = 1
    for number, *_ in rows:
        if number != expected:
            yield f"entry {expected} is missing: entry {number} follows"
        expected = number + 1


def _strays(plans: set[str], chains: set[str]) -> Iterator[str]:
    for chain in sorted(chains - plans - {SYSTEM}):
        yield f"{chain} is in the log but is not stored"
    for plan in sorted(plans - chains):
        yield f"{plan} is stored but has no entries"


def _chain_problems(reading: Reading, chain: str, rows: list[Row]) -> Iterator[str]:
    """What is wrong with the *rows* of one chain, with its recorded end, and with the state that it vouches for."""
    entries: list[Entry] = []
    head = START
    for row in rows:
        try:
            yield from entry_problems(row, head)
            entries.append(entry_of(row))
        except (LogInvalid, ValueError, KeyError, TypeError):
            yield f"entry {row[0]} cannot be read: it was altered"
        head = row[4]
    recorded = reading.head(chain)
    if recorded != ((len(rows), head) if rows else None):
        length = recorded[0] if recorded else 0
        yield f"{chain} has {len(rows)} entries, and {length} were recorded: its end was cut off or changed"
    try:
        yield from _policy_problems(reading, entries) if chain == SYSTEM else _state_problems(reading, chain, entries)
    except (KeyError, ValueError, TypeError, AttributeError, LogInvalid) as error:
        yield f"{chain} cannot be checked: {error}"


@dataclass(kw_only=True)
class _Told:
    """What a plan's Entries say about it."""

    plan: _State = field(default_factory=dict)
    actions: dict[str, _State] = field(default_factory=dict)
    approvals: dict[str, _State] = field(default_factory=dict)
    votes: dict[str, _State] = field(default_factory=dict)
    edits: dict[str, _State] = field(default_factory=dict)
    conversation: dict[str, _State] = field(default_factory=dict)  # by plan: one, or none
    messages: dict[str, _State] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)  # by action, until when it was held when its lease began

    def read(self, entry: Entry) -> None:
        data = dict(entry.data)
        number = str(entry.action)
        match entry.event:
            case "submitted":
                data.pop("policy")
                if data.pop("conversation", False):
                    self.conversation[entry.chain] = {"ended": None}
                self.plan = data | {"requester": write_actor(entry.actor), "at": write_time(entry.at)}
            case "said":
                self._say(entry)
            case "ended":
                self._going(entry)["ended"] = data["reason"]
            case "decided":
                data.pop("decision")
                self.actions[number] = data | {"attempt": 0, "result": None, "lease": None}
            case "asked":
                self.approvals[str(data["id"])] = _SINCE | data | {"status": "waiting", "number": number, "reminded": None}
            case "voted":
                self.votes[f"{data['approval']} {entry.actor.id}"] = data | {
                    "voter": write_actor(entry.actor),
                    "at": write_time(entry.at),
                    "used": None,
                }
            case "reminded":
                self.approvals[str(data["approval"])]["reminded"] = write_time(entry.at)
            case "edited":
                self._edit(number, entry)
            case "refused" | "late" | "resolved":
                pass
            case "retry" | "probed":
                read_time(str(data["due"]))  # what is put off goes on by it
                self._move(number, data, entry)
            case _:
                self._move(number, data, entry)

    def _going(self, entry: Entry) -> _State:
        """The conversation that *entry* goes on with. Raises ValueError where there is none, or it has ended."""
        if self.conversation.get(entry.chain, {"ended": ""})["ended"] is not None:
            raise ValueError(f"entry {entry.number} goes on with a conversation that has ended, or is none")
        return self.conversation[entry.chain]

    def _say(self, entry: Entry) -> None:
        self._going(entry)
        if entry.data["message"] != len(self.messages) + 1:
            raise ValueError(f"entry {entry.number} is not the next of what was said")
        self.messages[str(entry.data["message"])] = dict(entry.data)

    def _edit(self, number: str, entry: Entry) -> None:
        """Another revision takes an action's place, and nothing that was asked or signed for the one before stands."""
        data, before = entry.data, self.actions[number]
        if data["before"] != before["digest"] or data["revision"] != int(str(before["revision"])) + 1:
            raise ValueError(f"entry {entry.number} edits a revision that action {number} did not have")
        self.edits[f"{number} {before['revision']}"] = {
            "revision": before["revision"],
            "digest": data["before"],
            "reason": data["reason"],
            "editor": write_actor(entry.actor),
            "at": write_time(entry.at),
        }
        self.actions[number] = before | {name: data[name] for name in (*ACCEPTED, "status", "error")} | {"result": None}
        self._close(number, ApprovalStatus.REPLACED)

    def _close(self, number: str, status: ApprovalStatus) -> None:
        for approval in self.approvals.values():
            if approval["number"] == number and approval["status"] in ("waiting", "approved"):
                approval["status"] = status.value

    def _move(self, number: str, data: _State, entry: Entry) -> None:
        lease = _told_lease(entry)
        self.terms[number] = "" if lease is None else str(lease.pop("until"))
        self.actions[number] |= {name: data[name] for name in ("status", *MOVED)} | {"lease": lease}
        status = Status(str(data["status"]))
        if status in CLOSES:
            self._close(number, CLOSES[status])
        for vote in self.votes.values():
            if vote["approval"] == data.get("approval") and vote["choice"] == "approve" and status is Status.EXECUTING:
                vote["used"] = data["attempt"]


def _told_lease(entry: Entry) -> _State | None:
    """The lease that *entry* begins. Raises ValueError where its fence is not the number of the entry, which only grows."""
    lease = entry.data.get("lease")
    if lease is None:
        return None
    if not isinstance(lease, dict) or lease["fence"] != entry.number:
        raise ValueError(f"entry {entry.number} tells of a lease that is not its own")
    return dict(lease)


def _state_problems(reading: Reading, plan: str, entries: list[Entry]) -> Iterator[str]:
    record = reading.plan(plan)
    if record is None:
        return
    told = _Told()
    for entry in entries:
        told.read(entry)
    stored = _stored(reading, record)
    for name, told_state, stored_state in (
        ("plan", {plan: told.plan}, {plan: stored.plan}),
        ("action", told.actions, stored.actions),
        ("approval", told.approvals, stored.approvals),
        ("vote", told.votes, stored.votes),
        ("edit", told.edits, stored.edits),
        ("conversation", told.conversation, stored.conversation),
        ("message", told.messages, stored.messages),
    ):
        yield from _differences(plan, name, told_state, stored_state)
    people = {"", fold_name(record.requester.id)}  # rows from before they were noted name nobody
    for number, person in enumerate(reading.people(plan), 1):
        if person not in people:
            yield f"{plan}: action {number} was edited: it is stored as somebody else's"
    for action in record.actions:
        if action.lease is not None and write_time(action.lease.until) < told.terms.get(str(action.number), ""):
            yield f"{plan}: action {action.number} was edited: its lease ends before the time that the log tells"
    yield from _count_problems(reading, record, entries)
    yield from reading.secret_problems(record)


def _count_problems(reading: Reading, plan: PlanRecord, entries: list[Entry]) -> Iterator[str]:
    """Where what is stored of what a plan's actions count for is not what its actions and its log say."""
    counters = reading.counters()
    right = set(counted_rows(counters.values(), plan, entries) if counters and entries else ())
    stored = reading.counted(plan.id)
    for number in sorted({row.number for row in right ^ set(stored)}):
        names = [name for name, one in counters.items() if one.digest in {row.counter for row in right ^ set(stored)}]
        yield f"{plan.id}: what action {number} counts for in {', '.join(names) or 'no counter'} is not what its log tells"


def _differences(plan: str, what: str, told: Mapping[str, _State], stored: Mapping[str, _State]) -> Iterator[str]:
    for key in sorted(told.keys() - stored.keys()):
        yield f"{plan}: {what} {key} is in the log but is not stored"
    for key in sorted(stored.keys() - told.keys()):
        yield f"{plan}: {what} {key} is stored but is not in the log"
    for key in sorted(told.keys() & stored.keys()):
        names = [name for name in stored[key] if canonical(stored[key][name]) != canonical(told[key].get(name))]
        if names:
            yield f"{plan}: {what} {key} was edited: the log tells another {', '.join(names)}"


def _stored(reading: Reading, plan: PlanRecord) -> _Told:
    """What is stored of a plan, in the form in which the log tells it. Raises ValueError where something is stored twice."""
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
        lease = None if action.lease is None else told_lease(action.lease)
        _put(stored.actions, str(action.number), state | {"status": action.status.value, "lease": lease})
    for approval in reading.approvals_of(plan.id):
        state = told_approval(approval) | {"status": approval.status.value, "number": str(approval.number)}
        state["reminded"] = None if approval.reminded is None else write_time(approval.reminded)
        _put(stored.approvals, approval.id, state)
        for vote in reading.votes(approval.id):
            state = told_vote(vote) | {"voter": write_actor(vote.voter), "at": write_time(vote.at), "used": vote.used}
            _put(stored.votes, f"{vote.approval} {vote.voter.id}", state)
    for edit in reading.edits(plan.id):
        state = told_edit(edit) | {"editor": write_actor(edit.editor), "at": write_time(edit.at)}
        _put(stored.edits, f"{edit.number} {edit.revision}", state)
    if plan.conversation is not None:
        stored.conversation[plan.id] = {"ended": plan.conversation.ended}
        stored.messages |= {str(one.number): told_message(one) for one in plan.conversation.messages}
    return stored


def _put(states: dict[str, _State], key: str, state: _State) -> None:
    if key in states:
        raise ValueError(f"{key} is stored twice")
    states[key] = state


def _policy_problems(reading: Reading, entries: list[Entry]) -> Iterator[str]:
    told = [entry.data for entry in entries if entry.event == "policy"]
    newest = {str(one["digest"]): (one["name"], one["outline"]) for one in told}
    stored = reading.policies()
    for recorded, name, source, outline, _ in stored:
        if digest(source) != recorded:
            yield f"the stored policy {recorded[:8]} was edited: its bytes do not have that digest"
        if recorded in newest and newest[recorded] != (name, digest(outline.encode())):
            yield f"the stored policy {recorded[:8]} was edited: the log tells another name or outline"
    yield from pin_problems(entries)
    yield from delegation_problems(entries)
    if {recorded for recorded, *_ in stored} != newest.keys():
        yield "the stored policies are not the ones that the log tells"
    active = [(recorded, mark) for recorded, *_, mark in stored if mark is not None]
    if active != [(str(one["digest"]), 1) for one in told[-1:]]:
        yield "the policy marked as in force is not the one that the log tells"
    elif told and reading.active_policy() != told[-1]["digest"]:
        yield "the index of the policies leads to another one in force than the log tells"
