"""How an explanation is shown: in words, and as `--json` has it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import write_time
from signoff.planner import NONE, REQUEST
from signoff.policies import CAUTION, Consequence, Explanation, NearChange, Situation, Unmet

from .canonical import Json
from .explaining import Explained
from .output import format_state, group_digest, plain, plain_lines
from .telling import part_json, situation_json, tell_fields, tell_outcome, tell_part, tell_signing, tell_time

SHOWN_UNMET = 20  # rules that did not match
SHOWN_CHANGES = 20
SHOWN_REQUEST = 200  # characters


def format_explained(explained: Explained) -> RenderableType:
    """What is decided and by which rules, what the others lacked, and what would alter it."""
    parts: list[RenderableType] = [Text(show_text(explained.action.title()), style="bold"), Padding(_head(explained), (0, 2))]
    reasons = [reason for one in _deciding(explained) for reason in _reason(one)]
    parts += _section("Decided by", reasons or [plain(_unspoken(explained))])
    unmet = [_unmet(one) for one in explained.policy.unmet(explained.action, explained.context)]
    parts += _section("Did not match", _cut(unmet, SHOWN_UNMET, "rules"))
    changes = [_change(one, explained) for one in explained.nearest.changes]
    nearest = _cut(changes, SHOWN_CHANGES, "changes") or [plain(_no_change(explained))]
    if not explained.nearest.complete:
        nearest.append(plain("not every value was tried: the rules name too many"))
    parts += _section("Would be decided otherwise with", nearest)
    return Group(*parts)


def _now_json(explained: Explained) -> Json:
    """What the rules in force now decide, of an action of the log."""
    now, in_force = explained.decision_now, explained.in_force
    if now is None or in_force is None:
        return None
    told: dict[str, Json] = {"rules": list(now.rules), "policy": in_force.digest, "differs": explained.differs_now}
    return Consequence.of(now, in_force).to_json() | told


def explained_json(explained: Explained) -> dict[str, Json]:
    """An explanation in `--json` output."""
    outcome = Consequence.of(explained.decision, explained.policy)
    logged = explained.logged
    return {
        "situation": situation_json(explained.situation),
        "request": explained.request,
        "request_assumed": explained.assumed,
        "sources": {
            name: {"source": source, "trusted": name in explained.context.trusted}
            for name, source in explained.context.sources.items()
        },
        "disputed": explained.context.disputed,
        "policy": {"name": explained.policy.name, "digest": explained.policy.digest},
        "logged": None if logged is None else {
            "plan": logged.plan, "number": logged.number, "entry": logged.entry, "decision": dict(logged.decision),
            "agrees": logged.agrees_with(explained.decision),
            "expires": write_time(logged.expires) if logged.expires else None,
        },
        "decision": outcome.to_json() | {
            "rules": list(explained.decision.rules),
            "counters": dict(explained.policy.counters_told(explained.action, explained.context)),
            "reasons": list(explained.policy.reasons(explained.decision, explained.action, explained.context)),
        },
        "decided_now": _now_json(explained),
        "because": [_explanation_json(one) for one in _deciding(explained)],
        "unmet": [_unmet_json(one) for one in explained.policy.unmet(explained.action, explained.context)],
        "nearest": [_change_json(one, explained.situation) for one in explained.nearest.changes],
        "tried": explained.nearest.tried,
        "complete": explained.nearest.complete,
    }  # fmt: skip


def _head(explained: Explained) -> Table:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, style="dim")
    rows.add_column(overflow="fold")
    situation, decision, policy = explained.situation, explained.decision, explained.policy
    rows.add_row("Action", plain(tell_fields(explained.action) or "without fields"))
    rows.add_row("Asked by", plain(f"{explained.context.actor}, {tell_time(explained.context.now, policy, situation)}"))
    rows.add_row("The request", plain(_request(explained)))
    if elsewhere := _elsewhere(explained):
        rows.add_row("Not in it", plain(elsewhere))
    if explained.context.disputed:
        rows.add_row("Disputed", Text("a second opinion on the request was another plan", style="red"))
    told = policy.counters_told(explained.action, explained.context)
    if told:
        rows.add_row("Counted", plain(", ".join(f"{name} {value}" for name, value in told.items())))
    rows.add_row("Decided", Text.assemble(format_state(decision.effect.value), plain(_by_policy(explained))))
    outcome = Consequence.of(decision, policy)
    if outcome.seats:
        until = explained.logged.expires if explained.logged else None
        ends = f"; until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        rows.add_row("Signed", plain(" ".join(tell_signing(outcome, situation.actor.id)) + ends))
    for name, text in _notes(explained):
        rows.add_row(name, Text(show_text(text), style="yellow"))
    return rows


def _request(explained: Explained) -> str:
    if explained.assumed:
        return "assumed to hold every value"
    if explained.request is None:
        return "none: no user's words came with the plan"
    cut = "…" if len(explained.request) > SHOWN_REQUEST else ""
    return f'"{explained.request[:SHOWN_REQUEST]}{cut}"'


def _elsewhere(explained: Explained) -> str:
    """The fields whose value stands in no word of the user, each with where it does."""
    sources, trusted = explained.context.sources, explained.context.trusted
    if explained.request is None and {*sources.values()} <= {NONE}:
        return ""
    told = {
        name: "nowhere" if source == NONE else f"{source} ({'trusted' if name in trusted else 'untrusted'})"
        for name, source in sources.items()
        if source != REQUEST
    }
    return ", ".join(f"{name}: {where}" for name, where in told.items())


def _by_policy(explained: Explained) -> str:
    logged, policy = explained.logged, explained.policy
    if logged is None:
        return f", says {policy.name}"
    return f", said {policy.name} (digest {group_digest(policy.digest)}), as entry {logged.entry} of the log tells"


def _notes(explained: Explained) -> list[tuple[str, str]]:
    notes = []
    if explained.logged is not None and not explained.logged.agrees_with(explained.decision):
        told = explained.logged.decision
        notes.append(("But the log", f"tells {told.get('effect')}: an action's own code, or this program, has changed since"))
    if explained.differs_now and explained.in_force is not None and explained.decision_now is not None:
        rules = ", ".join(explained.decision_now.rules) or "default"
        outcome = Consequence.of(explained.decision_now, explained.in_force)
        told_now = f"{tell_outcome(outcome, explained.situation.actor.id)} ({rules})"
        digest = group_digest(explained.in_force.digest)
        notes.append(("But now", f"{explained.in_force.name} is another (digest {digest}): {told_now}"))
    return notes


def _section(title: str, lines: Sequence[Text]) -> list[RenderableType]:
    return [Text(title, style="bold"), *(Padding(line, (0, 0, 0, 2)) for line in lines)] if lines else []


def _deciding(explained: Explained) -> tuple[Explanation, ...]:
    return explained.policy.explain(explained.action, explained.context)


def _reason(one: Explanation) -> list[Text]:
    place = "" if one.rule == CAUTION else f" ({one.place})"
    first = f"{one.effect} {one.rule}{place}" + (f": {one.because}" if one.because else "")
    lines = [first, f"  {one.condition}" if one.condition else "  always"] if one.rule != CAUTION else [first]
    lines += [f"  {name} was {value}" for name, value in one.values]
    if one.failed:
        counts = "so it counts as not matched" if one.effect == "allow" else "so it counts as matched"
        lines.append(f"  could not be judged, {counts}: {one.failed}")
    return [plain_lines(lines)]


def _unspoken(explained: Explained) -> str:
    reasons = "; ".join(explained.policy.reasons(explained.decision, explained.action, explained.context))
    return f"the default: {reasons or 'no rule allows it'}"


def _unmet(one: Unmet) -> Text:
    values = ", ".join(f"{name} was {value}" for name, value in one.values)
    return plain(f"{one.effect} {one.rule} ({one.place}): {one.part}" + (f"     {values}" if values else ""))


def _change(one: NearChange, explained: Explained) -> Text:
    values = [tell_part(part, value, explained.situation) for part, value in one.values.items()]
    reach = f" or {one.reach}" if one.reach else ""
    why = f" ({'; '.join(one.looser)})" if one.looser and one.outcome.effect is explained.decision.effect else ""
    told = f"{' and '.join(values)}{reach}: {tell_outcome(one.outcome, explained.situation.actor.id)}{why}"
    return Text.assemble(("looser    ", "yellow") if one.is_looser else ("stricter  ", "cyan"), plain(told))


def _no_change(explained: Explained) -> str:
    nearest = explained.nearest
    return f"nothing was found: {nearest.tried:,} changes of one part and of two were tried"


def _cut(lines: Sequence[Text], most: int, what: str) -> list[Text]:
    more = len(lines) - most
    return [*lines[:most], *([plain(f"and {more:,} more {what}: --json has all")] if more > 0 else [])]


def _explanation_json(one: Explanation) -> dict[str, Json]:
    return {
        "rule": one.rule,
        "effect": one.effect.value,
        "place": one.place,
        "because": one.because,
        "condition": one.condition,
        "values": [[name, value] for name, value in one.values],
        "failed": one.failed,
    }


def _unmet_json(one: Unmet) -> dict[str, Json]:
    values: list[Json] = [[name, value] for name, value in one.values]
    return {"rule": one.rule, "effect": one.effect.value, "place": one.place, "part": one.part, "values": values}


def _change_json(one: NearChange, situation: Situation) -> dict[str, Json]:
    return {
        "change": {part: part_json(part, value, situation) for part, value in one.values.items()},
        "reach": one.reach or None,
        "looser": list(one.looser),
        "decision": one.outcome.to_json(),
    }
