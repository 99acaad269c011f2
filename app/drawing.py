"""The larger pictures: an approval card, the rules in force, and why an action was decided as it was."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signoff.actions import format_money, show_field, show_text
from signoff.audit import ActionRecord, ApprovalStatus, Choice, Edit, GivenContext, PlanRecord
from signoff.policies import Policy, Rule, name_seat

from .batches import Batch
from .canonical import Json
from .cards import Card
from .deciding import Judgement, told_reasons
from .editing import Changes
from .output import format_disputed, format_seats, format_span, format_state, group_digest, plain, plain_lines

SHOWN_REQUEST = 500  # characters of a request on a card
SHOWN_CARD = 8  # hexadecimal digits of a card's digest
SHOWN_OTHERS = 10  # actions beside the one to sign


def format_card(card: Card) -> RenderableType:
    """The approval card. Nothing on it may be missing."""
    approval, plan = card.approval, card.plan
    action = card.action
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(
        Text(
            f"APPROVAL {approval.id} · action {approval.number} of {len(plan.actions)}{_revision(action)} · plan {plan.id}",
            style="bold",
        ),
        Text(_standing(card), style="yellow"),
    )
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    for name, value in card.details.items():
        rows.add_row(f"  {name}", plain(value))
    for edit, changes in card.edits:
        rows.add_row("Edited", format_edit(edit, changes))
    rows.add_row("Asked by", plain(str(plan.requester)))
    rows.add_row("The request", format_words(plan, approval.number))
    rows.add_row("Found in it", _found(card))
    if plan.context:
        rows.add_row("Beside it", format_contexts(plan.context))
    if plan.disputed:
        rows.add_row("Disputed", format_disputed(plan.disputed))
    for reason in approval.reasons:
        rows.add_row("Because", format_reason(reason))
    rows.add_row("Needs", plain(_need(card)))
    for vote in card.votes:
        verb = "Signed" if vote.choice is Choice.APPROVE else "Rejected"
        why = f": {vote.reason}" if vote.reason else ""
        spoken = " for " + ", ".join(people) if (people := card.spoken_for.get(vote.voter.id)) else ""
        shown = "" if vote.card is None else f", shown card {group_digest(vote.card, SHOWN_CARD)}"
        rows.add_row(verb, plain(f"by {vote.voter}{spoken} at {vote.at:%Y-%m-%d %H:%M:%S} UTC{shown}{why}"))
    rows.add_row("Others", plain(_others(plan, approval.number)))
    rows.add_row("Digest", Text(group_digest(approval.digest)))
    rows.add_row("This card", Text(group_digest(card.digest, SHOWN_CARD)))
    return Group(head, Padding(Text(show_text(action.title), style="bold"), (0, 1)), Padding(rows, (0, 1)))


def format_batch(batch: Batch) -> RenderableType:
    """Several approvals that are decided together: each in short, and what they come to."""
    if len(batch.cards) == 1:
        return format_card(batch.cards[0])
    cards = [_in_short(card) for card in batch.cards]
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    for plan in {card.plan.id: card.plan for card in batch.cards}.values():
        size, beside = len(plan.actions), batch.beside[plan.id]
        left = f"{size - beside} of its {size} actions; {beside} not here" if beside else "all of its actions"
        rows.add_row("Plan", plain(f"{plan.id}, asked by {plan.requester}: {left}"))
        rows.add_row("The request", format_words(plan, size))
        if plan.context:
            rows.add_row("Beside it", format_contexts(plan.context))
        if plan.disputed:
            rows.add_row("Disputed", format_disputed(plan.disputed))
    for one in batch.payees:
        rows.add_row("Payee", plain(f"{one.payee or 'nobody named'}: {count_actions(one.actions)}, {format_sums(one.sums)}"))
    rows.add_row("In all", plain(f"{count_actions(len(batch.cards))}, {format_sums(batch.sums)}"))
    rows.add_row("Digest", Text(group_digest(batch.digest) + " of all together"))
    return Group(Text(f"{len(batch.cards)} APPROVALS", style="bold"), *cards, Padding(rows, (0, 1)))


def _in_short(card: Card) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    head = f"{card.approval.id} · {card.plan.id} #{card.approval.number}{_revision(card.action)} · {card.action.title}"
    for name, value in card.details.items():
        rows.add_row(f"  {name}", plain(value))
    if card.grounds.marks and _has_words(card.plan):
        rows.add_row("  found", _found(card))
    for edit, changes in card.edits:
        rows.add_row("  edited", format_edit(edit, changes))
    rows.add_row("  because", plain(", ".join(str(reason["rule"] or reason["because"]) for reason in card.approval.reasons)))
    rows.add_row("  needs", plain(_need(card)))
    rows.add_row("  it", plain(_standing(card)))
    return Group(Text(show_text(head), style="bold"), Padding(rows, (0, 1)))


def _found(card: Card) -> Text:
    """Which values the user wrote, and where the others stand."""
    if not _has_words(card.plan):
        return Text("nothing")
    marks = card.grounds.marks
    found = (Text(show_text(f"{name} {where}"), style="yellow" if name in marks else "") for name, where in card.found.items())
    return Text(" · ").join(found)


def _has_words(plan: PlanRecord) -> bool:
    """Whether there is anything in which a value can stand."""
    return plan.request is not None or bool(plan.context)


def format_contexts(context: Sequence[GivenContext]) -> Text:
    """What a planner was given beside the request, in short."""
    return plain(" · ".join(f"{one.source} ({one.trust}, {len(one.text):,} characters)" for one in context))


def count_actions(count: int) -> str:
    return f"{count:,} action{'' if count == 1 else 's'}"


def format_sums(sums: Mapping[str, Decimal]) -> str:
    """Amounts of several currencies: `450.00 USD, 100 JPY`."""
    return ", ".join(format_money(amount, currency) for currency, amount in sorted(sums.items())) or "no money"


def format_edit(edit: Edit, changes: Changes) -> Text:
    """Who changed what of an action, and why."""
    told = [f"{name} {show_field(old)} → {show_field(new)}" for name, (old, new) in changes.items()]
    return plain_lines([f"by {edit.editor} at {edit.at:%Y-%m-%d %H:%M:%S} UTC: {edit.reason}", *told])


def _revision(action: ActionRecord) -> str:
    return f", revision {action.revision}" if action.revision > 1 else ""


def format_words(plan: PlanRecord, number: int) -> Text:
    """What the user had written when action *number* was asked for, as what it is: from outside.

    Of a long conversation it is the newest, which asked for it.
    """
    request = plan.request_for(number)
    if request is None:
        return Text("none: no user's words came with the plan")
    more, before, after = len(request) - SHOWN_REQUEST, "", ""
    if more > 0 and plan.conversation is not None:
        before, request = f"{more:,} characters before; `signoff show PLAN --json` has all … ", request[-SHOWN_REQUEST:]
    elif more > 0:
        after, request = f" … and {more:,} more characters; `signoff show PLAN --json` has all", request[:SHOWN_REQUEST]
    return Text("(untrusted) ", style="red").append(Text(f'{before}"{show_words(request)}"{after}', style="default"))


def show_words(text: str) -> str:
    """What a user wrote, for a person's eyes and on one line: what they wrote in several messages is told apart by a ⏎."""
    return " ⏎ ".join(map(show_text, text.split("\n")))


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
    own = f"{requester}'s own vote counts" if card.approval.own_vote else f"not {requester}"
    return "; ".join([*parts, own, *(f"not {editor}, who edited it" for editor in card.approval.editors)])


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
