"""The larger pictures: an approval card, the rules in force, and why an action was decided as it was."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import ActionRecord, ApprovalStatus, Choice, PlanRecord
from signoff.policies import Policy, Rule, name_seat

from .canonical import Json
from .cards import Card
from .deciding import Judgement, told_reasons
from .output import format_seats, format_span, format_state, group_digest, plain, plain_lines

SHOWN_REQUEST = 500  # characters of a request on a card
SHOWN_OTHERS = 10  # actions beside the one to sign


def format_card(card: Card) -> RenderableType:
    """The approval card. Nothing on it may be missing."""
    approval, plan = card.approval, card.plan
    action = plan.action(approval.number)
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        Text(f"APPROVAL {approval.id} · action {approval.number} of {len(plan.actions)} · plan {plan.id}", style="bold"),
        Text(_standing(card), style="yellow"),
    )
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    for name, value in card.details.items():
        rows.add_row(f"  {name}", plain(value))
    rows.add_row("Asked by", plain(str(plan.requester)))
    rows.add_row("The request", format_request(plan.request))
    found = " · ".join(f"{name} {where}" for name, where in card.found.items())
    rows.add_row("Found in it", plain(found if plan.request is not None else "nothing"))
    for reason in approval.reasons:
        rows.add_row("Because", format_reason(reason))
    rows.add_row("Needs", plain(_need(card)))
    for vote in card.votes:
        verb = "Signed" if vote.choice is Choice.APPROVE else "Rejected"
        why = f": {vote.reason}" if vote.reason else ""
        spoken = " for " + ", ".join(people) if (people := card.spoken_for.get(vote.voter.id)) else ""
        rows.add_row(verb, plain(f"by {vote.voter}{spoken} at {vote.at:%Y-%m-%d %H:%M:%S} UTC{why}"))
    rows.add_row("Others", plain(_others(plan, approval.number)))
    rows.add_row("Digest", Text(group_digest(approval.digest)))
    return Group(head, Padding(Text(show_text(action.title), style="bold"), (0, 1)), Padding(rows, (0, 1)))


def format_request(request: str | None) -> Text:
    """What the user wrote, as what it is: from outside."""
    if request is None:
        return Text("none: no user's words came with the plan")
    more = len(request) - SHOWN_REQUEST
    cut = f" … and {more:,} more characters; `signoff show PLAN --json` has all" if more > 0 else ""
    return Text("(untrusted) ", style="red").append(Text(f'"{show_text(request[:SHOWN_REQUEST])}"{cut}', style="default"))


def format_reason(reason: Mapping[str, Json]) -> Text:
    place = ", ".join(str(reason[name]) for name in ("rule", "place") if reason[name])
    lines = [f"{place}: {reason['because']}" if reason["because"] else place]
    values = reason["values"]
    assert isinstance(values, Sequence)
    read = ", ".join(f"{name} was {value}" for name, value in values)  # type: ignore[misc,str-unpack]  # pairs, as told_reasons writes them
    if reason["condition"]:
        lines.append(f"{reason['condition']}" + (f"     {read}" if read else ""))
    if reason["failed"]:
        lines.append(f"could not be judged, so it counts as matched: {reason['failed']}")
    return plain_lines(lines)


def _standing(card: Card) -> str:
    approval = card.approval
    if approval.status is not ApprovalStatus.WAITING:
        return f"is {approval.status}"
    if approval.expires <= card.now:
        return "is expired"
    return f"waits {format_span(card.now - approval.asked)}, expires in {format_span(approval.expires - card.now)}"


def _need(card: Card) -> str:
    seats = sorted(card.approval.seats.items())
    parts = [f"{card.needs[role]}, {card.filled.get(role, 0)} of {count} so far" for role, count in seats]
    requester = card.approval.requester
    return "; ".join([*parts, f"{requester}'s own vote counts" if card.approval.own_vote else f"not {requester}"])


def _others(plan: PlanRecord, number: int) -> str:
    others = [f"{action.number} {action.title} {action.status}" for action in plan.actions if action.number != number]
    more = len(others) - SHOWN_OTHERS
    rest = [f"and {more} more: `signoff show {plan.id}` lists them"] if more > 0 else []
    return " · ".join(others[:SHOWN_OTHERS] + rest) or "none"


def format_why(record: ActionRecord, judged: Judgement, policy: Policy) -> RenderableType:
    """Where an action stands, what the rules in force say about it, and each rule behind that with the values it read."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    rows.add_row("Action", plain(f"{record.number} of {record.plan}: {record.title}"))
    error = plain(f": {record.error}" if record.error else "")
    rows.add_row("Stands", Text.assemble(format_state(record.status), error))
    rows.add_row("Decided by", plain(", ".join(record.rules) or "the default: no rule allows it"))
    rows.add_row(f"{policy.name} now", format_state(judged.decision.effect.value))
    reasons = told_reasons(policy, judged)
    for reason in reasons:
        rows.add_row("Because", format_reason(reason))
    for because in policy.reasons(judged.decision, judged.action, judged.context):
        if because not in [reason["because"] for reason in reasons]:
            rows.add_row("Because", plain(because))
    return rows


def format_rules(policy: Policy) -> RenderableType:
    """A policies file: what it says about people and defaults, and its rules."""
    document = policy.document
    default = f"approve by {document.default.role}" if document.default else "deny"
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_row(Text(policy.name, style="bold"), plain(f"digest {group_digest(policy.digest)}, where no rule allows: {default}"))
    for role, people in document.roles.items():
        rows.add_row(plain(role), plain(", ".join(people) or "nobody"))
    for rule in document.rules:
        told = plain(f" {', '.join(rule.actions)}{_told(rule)}")
        rows.add_row(plain(rule.id), Text.assemble(format_state(rule.effect.value), told))
    return rows


def _told(rule: Rule) -> str:
    """What a rule says beside its effect and actions."""
    when = f" when {rule.condition}" if rule.when else f" {rule.condition}" if rule.condition else ""
    seats = f"; {format_seats({seat.role: seat.count for seat in rule.seats})}" if rule.seats else ""
    others = sorted({f" or {name_seat(one.who)} after {format_span(timedelta(seconds=one.after))}" for one in rule.stand_ins})
    return when + seats + "".join(others) + ("; the requester's own vote counts" if rule.own_vote else "")
