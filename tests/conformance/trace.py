"""One plan's Entries as a trace for `agentack check`, and who received its effects.

What was executed is not what the log says was: it is what a receiver outside got, which keeps its own count and works
out for itself what it was given. Each effect stands in the trace where the log has the intent of that attempt.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signoff.audit import Entry, write_time
from signoff.canonical import Json

Event = dict[str, Json]
UNDECIDED = {"expired", "cancelled", "skipped"}  # ends of an approval that nobody decided: not given, so denied


@dataclass(frozen=True)
class Received:
    """What somebody outside got, a line for each effect: the key it came with, and the digest of what it was."""

    file: Path

    def append(self, key: str, digest: str) -> None:
        """An effect."""
        with self.file.open("a") as lines:
            lines.write(f"{key} {digest}\n")

    def by_key(self) -> dict[str, list[str]]:
        """The digests that came with each key, in order."""
        found: dict[str, list[str]] = {}
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            key, digest = line.split()
            found.setdefault(key, []).append(digest)
        return found


@dataclass
class Course:
    """What the Entries read so far tell of one action."""

    id: str
    type: str
    digest: str
    key: str
    approval: str | None = None  # the newest one that was asked for
    expires: str | None = None
    decided: bool = False  # whether that one is
    received: list[str] = field(default_factory=list)  # digests of effects that no attempt accounts for yet


def write_trace(path: Path, entries: Sequence[Entry], received: Mapping[str, Sequence[str]]) -> None:
    """Write the trace of one plan's *entries*, whose effects were *received*, by key."""
    path.write_text("".join(json.dumps(event) + "\n" for event in events_of(entries, received)))


def events_of(entries: Sequence[Entry], received: Mapping[str, Sequence[str]]) -> Iterator[Event]:
    """The trace's events."""
    courses: dict[int, Course] = {}
    for entry in entries:
        for event in _events_of(entry, courses, received):
            yield _event(entry, event)
    for course in courses.values():  # effects beyond the attempts that the log knows
        for digest in course.received:
            yield _event(entries[-1], _executed(course, digest))
    yield _event(entries[-1], {"type": "session_end"})


def _events_of(entry: Entry, courses: dict[int, Course], received: Mapping[str, Sequence[str]]) -> Iterator[Event]:
    data = entry.data
    if entry.action is None:
        return
    if entry.event == "decided":
        course = Course(f"{entry.chain}/{entry.action}", str(data["type"]), str(data["digest"]), str(data["key"]))
        course.received = list(received.get(course.key, ()))
        courses[entry.action] = course
        yield {"type": "action_proposed", "action_id": course.id, "action": _action(course, course.digest)}
        if data["status"] == "denied":
            yield {"type": "action_blocked", "action_id": course.id, "reason": "denied"}
        return
    course = courses[entry.action]
    about: Event = {"action_id": course.id}
    if course.approval is not None:
        about["approval_id"] = course.approval
    match entry.event:
        case "asked":
            course.approval, course.expires, course.decided = str(data["id"]), str(data["expires"]), False
            action = _action(course, str(data["digest"]))
            yield {"type": "approval_requested", "action_id": course.id, "approval_id": course.approval, "action": action}
        case "voted" if data["choice"] == "reject":
            course.decided = True
            yield about | {"type": "approval_decision", "decision": "deny"}
        case "approved":
            course.decided = True
            yield about | {"type": "approval_decision", "decision": "allow", "expires_at": course.expires}
        case "executing" if course.received:
            yield _executed(course, course.received.pop(0))
        case "rejected" | "expired" | "cancelled" | "skipped" | "denied" | "failed":
            if entry.event in UNDECIDED and course.approval is not None and not course.decided:
                yield about | {"type": "approval_decision", "decision": "deny"}
            if entry.event == "cancelled":  # nothing more of the plan may start
                yield {"type": "interrupt", "reason": "cancelled"}
            yield about | {"type": "action_blocked", "reason": entry.event}


def _executed(course: Course, digest: str) -> Event:
    event: Event = {"type": "action_executed", "action_id": course.id, "action": _action(course, digest)}
    return event if course.approval is None else event | {"approval_id": course.approval}


def _action(course: Course, digest: str) -> Event:
    return {"tool": course.type, "operation": "run", "parameters": {"digest": digest}}


def _event(entry: Entry, event: Event) -> Event:
    return {**event, "schema_version": 2, "timestamp": write_time(entry.at), "session_id": entry.chain}
