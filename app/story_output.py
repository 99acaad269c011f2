"""The story of a plan as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import cast

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import Choice, Conversation, Entry, PlanRecord, Status
from signoff.policies import Policy

from .canonical import Json
from .drawing import SHOWN_CARD, format_contexts, format_reason, format_words
from .entry_output import gist_of
from .output import (
    format_disputed,
    format_seats,
    format_state,
    group_digest,
    how_to_resolve,
    outcome_of,
    plain,
    plain_lines,
)
from .story import ActionStory, Attempt, CastVote, Signature, Story

_PLAIN = frozenset({Status.DONE, Status.FAILED, Status.IN_DOUBT, Status.SKIPPED, Status.CANCELLED, Status.EXPIRED})


def format_story(story: Story, policy: Policy, *, headed: bool = True) -> RenderableType:
    """Everything about a plan, or about one action of it: what was asked, each action, and what happened when."""
    parts: list[RenderableType] = [_format_head(story)] if headed else []
    for one in story.actions:
        parts += [Text(), _title(one), Padding(_format_action(one, policy), (0, 0, 0, 2))]
    return Group(*parts, Text(), format_timeline(story))


def _format_head(story: Story) -> RenderableType:
    head = _rows()
    head.add_row("Asked by", plain(f"{story.plan.requester} at {_time(story.plan.at)} UTC"))
    head.add_row("The request", format_words(story.plan, len(story.plan.actions) + 1))
    if story.plan.conversation is not None:
        head.add_row("Talk", plain(_talk(story.plan, story.plan.conversation)))
    if story.plan.context:
        head.add_row("Beside it", format_contexts(story.plan.context))
    if story.plan.disputed:
        head.add_row("Disputed", format_disputed(story.plan.disputed))
    head.add_row("Planned by", plain(story.plan.planner))
    return head


def _talk(plan: PlanRecord, talk: Conversation) -> str:
    """Where the conversation *plan* stands."""
    from .chat import standing_of  # here, as most plans are none

    how = f"goes on with: signoff chat --resume {plan.id}" if talk.ended is None else talk.ended
    return f"{standing_of(plan)}, {talk.last} messages; {how}"


def format_timeline(story: Story) -> RenderableType:
    """What happened when, and by whom, a line for each Entry; nobody is told to have seen what no Entry says."""
    rows = Table.grid(padding=(0, 2))
    for _ in range(3):
        rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    alone = len(story.actions) == 1
    day = None
    for entry in story.entries:
        if entry.at.date() != day:
            day = entry.at.date()
            rows.add_row(Text(f"{day}", style="dim"), "", "", "")
        words = tell_event(entry)
        place = Text() if entry.action is None or alone else Text(f"action {entry.action}: ", style="dim")
        rows.add_row(
            Text(f"  {entry.at:%H:%M:%S}", style="dim"),
            Text(str(entry.number), style="dim"),
            plain(entry.actor.id),
            place + words,
        )
    return Group(Text("What happened (times are UTC, numbers those of the log)", style="bold"), rows)


def tell_event(entry: Entry) -> Text:
    """An Entry in words."""
    data, gist = entry.data, gist_of(entry)
    match entry.event:
        case "submitted":
            return plain(f'asked: "{data["request"]}"' if data["request"] is not None else "asked, in no words of a user")
        case "decided":
            return Text.assemble("decided: ", format_state(str(data["status"])), plain(f" by {_decided_by(data)}"))
        case "asked":
            return plain(
                f"{data['id']} asks for {format_seats(cast(Mapping[str, Json], data['seats']))}, until {_moment(data['expires'])}"
            )
        case "voted":
            verb = "signed" if data["choice"] == Choice.APPROVE else "rejected"
            spoken = f" for {', '.join(map(str, cast(Sequence[Json], data['for'])))}" if data.get("for") else ""
            return Text.assemble(
                (verb, "green" if verb == "signed" else "red"), plain(f" {data['approval']}{spoken}{_why(data['reason'])}")
            )
        case "reminded":
            return plain(
                f"reminded {', '.join(map(str, cast(Sequence[Json], data['people']))) or 'nobody'} of {data['approval']}"
            )
        case Status.APPROVED:
            return Text.assemble(format_state("approved"), ": every seat is filled")
        case Status.EXECUTING:
            votes = f", with the votes on {data['approval']}" if data.get("approval") else ""
            return Text.assemble(
                format_state("executing"), plain(f": attempt {data['attempt']}{votes}, decided by {_decided_by(data)}")
            )
        case Status.WAITING | Status.DENIED | Status.READY:
            return Text.assemble(
                format_state(entry.event), plain(f": {gist}" if gist else f": decided again by {_decided_by(data)}")
            )
        case "refused":
            return Text.assemble(format_state("refused"), plain(f" {gist}"))
        case "edited":
            return plain(f"edited: {gist}")
        case "resolved":
            return plain(f"found out: {gist}")
        case "late":
            return plain(f"attempt {data['attempt']}, which was given up, gave: {data['ending']} {gist}")
        case "retry" | "probed":
            return plain(f"{'will be tried again' if entry.event == 'retry' else 'its receiver was asked'}: {gist}")
    state = format_state(entry.event) if entry.event in _PLAIN else plain(entry.event)
    return Text.assemble(state, plain(f": {gist}" if gist else ""))


def _title(one: ActionStory) -> Text:
    record = one.record
    title = Text(f"Action {record.number} · {show_text(record.title)} · ", style="bold")
    return title + format_state(record.status)


def _format_action(one: ActionStory, policy: Policy) -> RenderableType:
    record = one.record
    rows = _rows()
    needs = f" · needs action {', '.join(map(str, record.needs))}" if record.needs else ""
    rows.add_row("Is", plain(f"{record.type}, effect {record.effect}, revision {record.revision}{needs}"))
    rows.add_row("Digest", Text(group_digest(record.digest)))
    if record.status is Status.IN_DOUBT:
        rows.add_row("In doubt", plain(f"{record.error}; find out: {how_to_resolve(record)}"))
    elif record.error is not None or record.result is not None:
        rows.add_row("Error" if record.error is not None else "Result", plain(outcome_of(record.error, record.result)))
    for entry in one.decisions:
        rows.add_row("Decided", plain_lines(_decision_lines(entry, policy)))
    for entry in one.edits:
        rows.add_row("Edited", plain(f"by {entry.actor} at {_time(entry.at)}: {gist_of(entry)}"))
    rows.add_row("Now", _format_now(one, policy))
    for signature in one.signatures:
        rows.add_row(signature.approval.id, _format_signature(signature))
    for attempt in one.attempts:
        rows.add_row(f"Attempt {attempt.number}", plain_lines(_attempt_lines(attempt)))
    for entry in one.resolved:
        rows.add_row("Resolved", plain(f"{gist_of(entry)}, by {entry.actor} at {_time(entry.at)}"))
    for entry in one.refused:
        rows.add_row("Refused", plain(f"{entry.actor}: {gist_of(entry)}, at {_time(entry.at)}"))
    return rows


def _decision_lines(entry: Entry, policy: Policy) -> Iterator[str]:
    told = cast(Mapping[str, Json], entry.data["decision"])
    rules = ", ".join(map(str, cast(Sequence[Json], told["rules"]))) or "the default"
    when = {"decided": "when it was asked for", "executing": f"before attempt {entry.data.get('attempt')}"}.get(
        entry.event, "again"
    )
    other = "" if told["policy"] == policy.digest else f", by policies of then ({str(told['policy'])[:8]})"
    yield f"{_time(entry.at)}, {when}: {told['effect']} by {rules}{other}"
    if counters := cast(Mapping[str, Json], told.get("counters", {})):
        yield "  " + ", ".join(f"counters.{name} was {value}" for name, value in counters.items())


def _format_now(one: ActionStory, policy: Policy) -> Text:
    """What the rules in force now say, with the values that they read, where that is not what was decided."""
    if one.problem:
        return plain(f"{policy.name} can say nothing: {one.problem}")
    if not one.differs:
        return plain(f"{policy.name} says the same")
    rules = ", ".join(map(str, cast(Sequence[Json], one.now["rules"]))) or "the default"
    lines = [Text.assemble(plain(f"{policy.name} says "), format_state(str(one.now["effect"])), plain(f" by {rules}"))]
    return Text("\n").join([*lines, *map(format_reason, one.reasons)])


def _format_signature(signature: Signature) -> Text:
    approval = signature.approval
    lines = [
        Text.assemble(
            format_state(signature.status),
            plain(f": asked {_time(approval.asked)} for {format_seats(approval.seats)}, until {_time(approval.expires)}"),
        )
    ]
    if signature.status == "waiting":
        lines.append(plain(f"needs {signature.needs}"))
    lines += map(format_reason, approval.reasons)
    if signature.reminded is not None:
        lines.append(plain(f"reminded at {_time(signature.reminded.at)}: {gist_of(signature.reminded)}"))
    lines += [Text("\n").join(map(plain, _vote_lines(vote))) for vote in signature.votes]
    for one in signature.delegations:
        times = f"since {_time(one.since)} until {_time(one.until)}"
        lines.append(plain(f"{one.to} signs for {one.by} {times} (entry {one.number}){_why(one.reason)}"))
    return Text("\n").join(lines)


def _vote_lines(vote: CastVote) -> Iterator[str]:
    verb = "signed" if vote.choice is Choice.APPROVE else "rejected"
    spoken = f" for {', '.join(vote.spoken_for)}" if vote.spoken_for else ""
    yield f"{verb} by {vote.entry.actor}{spoken} at {_time(vote.entry.at)}{_why(vote.reason)}"
    stood = f", standing in for {', '.join(vote.stands_in)}" if vote.stands_in else ""
    card = "" if vote.card is None else f", shown card {group_digest(vote.card, SHOWN_CARD)}"
    yield f"  for the action with the digest {group_digest(vote.digest)}{card}; {vote.standing}{stood}"


def _attempt_lines(attempt: Attempt) -> Iterator[str]:
    votes = f", with the votes on {attempt.approval}" if attempt.approval else ""
    yield f"started {_time(attempt.started.at)} by {attempt.started.actor.id}{votes}"
    for entry in attempt.answers:
        yield f"{entry.event} {_time(entry.at)}: {gist_of(entry)}"
    if attempt.ended is not None:
        gist = gist_of(attempt.ended)
        yield f"{attempt.ended.event} {_time(attempt.ended.at)}" + (f": {gist}" if gist else "")


def _decided_by(data: Mapping[str, Json]) -> str:
    decision = data.get("decision")
    rules = decision.get("rules") if isinstance(decision, Mapping) else data.get("rules")
    return ", ".join(map(str, cast(Sequence[Json], rules or ()))) or "the default"


def _why(reason: Json) -> str:
    return f": {reason}" if reason else ""


def _moment(text: Json) -> str:
    """A time as Entries tell it, for people."""
    return str(text)[:19].replace("T", " ")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _rows() -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    return rows
