"""What a plan's Entries tell about it, and what is stored of it: in one form, so that verification can compare the two."""

from dataclasses import dataclass, field

from signoff.canonical import Json, digest

from .conversations import told_message
from .reading import Reading
from .records import ApprovalStatus, Entry, PlanRecord, Status, read_time, write_actor, write_time
from .telling import ACCEPTED, CLOSES, MOVED, told_approval, told_edit, told_lease, told_origin, told_vote

State = dict[str, Json]

# Of an approval; older Entries do not tell it.
_SINCE: State = {"own_vote": False, "stand_ins": {}, "remind": None, "editors": []}
# Of a plan; its Entry tells only what there is of it.
_NO_ORIGIN: State = {"context": [], "disputed": [], "planned": None}


@dataclass(kw_only=True)
class Told:
    """What a plan's Entries say about it."""

    plan: State = field(default_factory=dict)
    actions: dict[str, State] = field(default_factory=dict)
    approvals: dict[str, State] = field(default_factory=dict)
    votes: dict[str, State] = field(default_factory=dict)
    edits: dict[str, State] = field(default_factory=dict)
    conversation: dict[str, State] = field(default_factory=dict)  # by plan: one, or none
    messages: dict[str, State] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)  # by action, until when it was held when its lease began

    def read(self, entry: Entry) -> None:
        """Go on with *entry*. Raises KeyError, ValueError, TypeError or AttributeError where it tells what cannot be."""
        data = dict(entry.data)
        number = str(entry.action)
        match entry.event:
            case "submitted":
                data.pop("policy")
                if data.pop("conversation", False):
                    self.conversation[entry.chain] = {"ended": None}
                    data.pop("limits", None)
                self.plan = _NO_ORIGIN | data | {"requester": write_actor(entry.actor), "at": write_time(entry.at)}
            case "said":
                self._say(entry)
            case "unused":
                self._going(entry)
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

    def _going(self, entry: Entry) -> State:
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

    def _move(self, number: str, data: State, entry: Entry) -> None:
        lease = _told_lease(entry)
        self.terms[number] = "" if lease is None else str(lease.pop("until"))
        self.actions[number] |= {name: data[name] for name in ("status", *MOVED)} | {"lease": lease}
        status = Status(str(data["status"]))
        if status in CLOSES:
            self._close(number, CLOSES[status])
        for vote in self.votes.values():
            if vote["approval"] == data.get("approval") and vote["choice"] == "approve" and status is Status.EXECUTING:
                vote["used"] = data["attempt"]


def _told_lease(entry: Entry) -> State | None:
    """The lease that *entry* begins. Raises ValueError where its fence is not the number of the entry, which only grows."""
    lease = entry.data.get("lease")
    if lease is None:
        return None
    if not isinstance(lease, dict) or lease["fence"] != entry.number:
        raise ValueError(f"entry {entry.number} tells of a lease that is not its own")
    return dict(lease)


def read_stored(reading: Reading, plan: PlanRecord) -> Told:
    """What is stored of a plan, in the form in which the log tells it. Raises ValueError where something is stored twice."""
    stored = Told()
    stored.plan = _NO_ORIGIN | told_origin(plan)
    stored.plan |= {
        "request": plan.request,
        "planner": plan.planner,
        "proposed": digest(plan.proposed),
        "requester": write_actor(plan.requester),
        "at": write_time(plan.at),
    }
    for action in plan.actions:
        names = dict.fromkeys([*ACCEPTED, *MOVED])
        state: State = {name: getattr(action, name) for name in names}
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


def _put(states: dict[str, State], key: str, state: State) -> None:
    if key in states:
        raise ValueError(f"{key} is stored twice")
    states[key] = state
