"""Situations, parts of them and outcomes in words, as people compare them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from signoff.actions import Action, Secret, format_money, show_field
from signoff.policies import Consequence, DecisionEffect, PartValue, Policy, Situation, name_seat, spell_time

from .canonical import Json

SHOWN_TEXT = 60  # characters of one text of an action


def tell_part(part: str, value: PartValue, situation: Situation) -> str:
    """A part of a situation with a value that it may have: `amount 100.00 USD`, `to "Alice"`, `in_request(amount) no`."""
    return f"{part} {tell_value(part, value, situation)}"


def tell_fields(action: Action) -> str:
    """The fields of an action that are given, in a line."""
    return ", ".join(f"{name} {_written(value)}" for name, value in action.wire().items() if name != "type" and value is not None)


def _written(value: Json) -> str:
    """A field's value without Python's own spelling of lists and truths."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else show_field(value)


def tell_value(part: str, value: PartValue, situation: Situation) -> str:
    """A value of a part, as people read it."""
    found = situation.action.fields.get(part)
    match value:
        case None:
            return "left out"
        case bool():
            return ("yes" if value else "no") if found is None else ("true" if value else "false")
        case Decimal():
            currency = situation.value(found.currency) if found is not None and found.currency else None
            return format_money(value, currency) if isinstance(currency, str) else f"{value:f}"
        case date():
            return f"{value} ({value:%A})".lower()
        case tuple():
            return "[" + ", ".join(tell_value(part, one, situation) for one in value) + "]"
        case str() if found is not None and found.kind == "text" and not found.choices:
            cut = value if len(value) <= SHOWN_TEXT else f"{value[:SHOWN_TEXT]}…"
            return f'"{cut}"'
    return str(value)


def tell_outcome(outcome: Consequence, requester: str) -> str:
    """What becomes of an action: `allow`, `approve by 2 finance (fay, finn) within 24h`."""
    return " ".join([outcome.effect.value, *tell_signing(outcome, requester)])


def tell_signing(outcome: Consequence, requester: str) -> Iterator[str]:
    """Who must sign and for how long they may; nothing unless it is to be approved."""
    if outcome.effect is not DecisionEffect.APPROVE:
        return
    people = dict(outcome.people)
    yield "by " + ", ".join(_seat(seat, count, people, outcome, requester) for seat, count in outcome.seats)
    yield f"within {spell_time(outcome.within or 0)}"
    if outcome.own_vote:
        yield f"(the own vote of {requester} counts)"
    for seat, who, seconds in outcome.stand_ins:
        yield f"or {name_seat(who)} for {name_seat(seat)} after {spell_time(seconds)}"
    if not outcome.claimed:
        yield "(claimed identities do not count)"


def _seat(seat: str, count: int, people: Mapping[str, tuple[str, ...]], outcome: Consequence, requester: str) -> str:
    if seat != name_seat(seat):
        return name_seat(seat)
    signing = [one for one in people.get(seat, ()) if outcome.own_vote or one != requester]
    return f"{count} {seat} ({', '.join(signing) or 'nobody'})"


def tell_time(now: datetime | None, policy: Policy, situation: Situation) -> str:
    """When it is asked, in the zone of the rules."""
    if now is None:
        return "at a time that is not known"
    local = now.astimezone(situation.zone) if situation.zone else now
    return f"on {local:%A} {local:%Y-%m-%d %H:%M} ({policy.zone or 'UTC'})"


def part_json(part: str, value: PartValue, situation: Situation) -> Json:
    """A value that a part of *situation* may have, as JSON has it: of a field as plans write it."""
    changed = situation.changed(part, value)
    if changed is not None and part in changed.action.fields:
        return changed.action.wire()[part]
    match value:
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case tuple():
            return [part_json(part, one, situation) for one in value]
        case Secret():
            return value.wire()
    return value


def situation_json(situation: Situation) -> dict[str, Json]:
    """A situation in `--json` output."""
    return {
        "action": situation.action.wire(),
        "as": situation.actor.id,
        "at": situation.now.isoformat() if situation.now else None,
        "in_request": sorted(situation.grounded),
        "sources": dict(sorted(situation.sources.items())),
        "trusted": sorted(situation.grounded | situation.trusted),
        "plan_size": situation.plan_size,
        "disputed": situation.disputed,
        "counted_before": {name: f"{value:f}" for name, value in situation.before.items()},
    }
