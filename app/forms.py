"""What `--json` prints: each thing in one form, wherever it is printed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

from signoff.audit import ActionRecord, Approval, Delegation, Edit, Entry, PlanRecord, told_context, write_actor, write_time

from .canonical import Json

if TYPE_CHECKING:  # both need pydantic, and `signoff queue` must not wait for it
    from signoff.planner import Planned
    from signoff.policies import Diagnostic

    from .batches import Batch, Sums
    from .cards import Card
    from .deciding import Judgement
    from .editing import Changes
    from .pinning import PinChange
    from .sources import Grounds


def print_json(value: Json) -> None:
    """Write *value* to standard output as indented JSON."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def plan_json(
    plan: PlanRecord, approvals: Sequence[Approval] = (), grounds: "Mapping[int, Grounds] | None" = None
) -> dict[str, Json]:
    """A plan in `--json` output; *grounds* tell by number where the values of its actions stand."""
    return {
        "plan": plan.id,
        "requester": write_actor(plan.requester),
        "request": plan.request,
        "planner": plan.planner,
        "planned": None if plan.planned is None else dict(plan.planned),
        "context": [told_context(one) for one in plan.context],
        "disputed": list(plan.disputed),
        "at": write_time(plan.at),
        "actions": [action_json(action, (grounds or {}).get(action.number)) for action in plan.actions],
        "approvals": [approval_json(approval, plan.action(approval.number)) for approval in approvals],
    }


def action_json(action: ActionRecord, grounds: "Grounds | None" = None) -> dict[str, Json]:
    """An action in `--json` output; where its values stand only where *grounds* tell."""
    told: dict[str, Json] = {} if grounds is None else {"sources": sources_json(grounds)}
    return told | {
        "number": action.number,
        "type": action.type,
        "action": orjson.loads(action.body),
        "revision": action.revision,
        "digest": action.digest,
        "needs": list(action.needs),
        "status": action.status.value,
        "rules": list(action.rules),
        "attempt": action.attempt,
        "result": action.result,
        "error": action.error,
    }


def sources_json(grounds: "Grounds") -> dict[str, Json]:
    """Where the values of an action stand, in `--json` output."""
    return {name: {"source": one, "trusted": name in grounds.trusted} for name, one in grounds.sources.items()}


def approval_json(approval: Approval, action: ActionRecord) -> dict[str, Json]:
    """An approval in `--json` output."""
    return {
        "id": approval.id,
        "plan": approval.plan,
        "number": approval.number,
        "revision": approval.revision,
        "action": orjson.loads(action.body),
        "digest": approval.digest,
        "requester": approval.requester,
        "rules": [reason["rule"] for reason in approval.reasons],
        "reasons": list(approval.reasons),
        "seats": dict(approval.seats),
        "stand_ins": [
            {"seat": seat, "who": who, "from": write_time(approval.open_at(seat, who))}
            for seat, others in sorted(approval.stand_ins.items())
            for who in sorted(others)
        ],
        "own_vote": approval.own_vote,
        "editors": list(approval.editors),
        "status": approval.status.value,
        "asked": write_time(approval.asked),
        "expires": write_time(approval.expires),
        "remind": None if approval.remind is None else write_time(approval.remind),
        "reminded": None if approval.reminded is None else write_time(approval.reminded),
    }


def card_json(card: "Card") -> dict[str, Json]:
    """An approval card in `--json` output."""
    shown: dict[str, Json] = {"digest": card.digest, "content": card.content}
    told: dict[str, Json] = {
        "request": card.request,
        "details": dict(card.details),
        "found": dict(card.found),
        "sources": sources_json(card.grounds),
        "context": [told_context(one) for one in card.plan.context],
        "disputed": list(card.plan.disputed),
        "edits": [edit_json(edit, changes) for edit, changes in card.edits],
        "people": {role: list(people) for role, people in card.people.items()},
        "filled": dict(card.filled),
        "votes": [
            {
                "voter": write_actor(vote.voter),
                "choice": vote.choice.value,
                "reason": vote.reason,
                "at": write_time(vote.at),
                "for": list(card.spoken_for.get(vote.voter.id, ())),
                "card": vote.card,
            }
            for vote in card.votes
        ],
        "card": shown,
    }
    return approval_json(card.approval, card.action) | told


def batch_json(batch: "Batch") -> dict[str, Json]:
    """Several approvals that are decided together in `--json` output."""
    from signoff.actions import write_money

    def sums(amounts: "Sums") -> dict[str, Json]:
        return {currency: write_money(amount, currency) for currency, amount in sorted(amounts.items())}

    return {
        "digest": batch.digest,
        "approvals": [card_json(card) for card in batch.cards],
        "totals": sums(batch.sums),
        "payees": [{"payee": one.payee, "actions": one.actions, "totals": sums(one.sums)} for one in batch.payees],
        "plans": [{"plan": plan, "beside": beside} for plan, beside in batch.beside.items()],
    }


def edit_json(edit: Edit, changes: "Changes") -> dict[str, Json]:
    """An edit in `--json` output, with the revision that it replaced."""
    return {
        "revision": edit.revision,
        "action": orjson.loads(edit.body),
        "digest": edit.digest,
        "editor": write_actor(edit.editor),
        "reason": edit.reason,
        "at": write_time(edit.at),
        "changes": {name: {"from": old, "to": new} for name, (old, new) in changes.items()},
    }


def delegation_json(one: Delegation, void: str | None) -> dict[str, Json]:
    """A delegation in `--json` output; *void* is why it does not hold, if so."""
    return {
        "from": write_actor(one.by),
        "to": one.to,
        "since": write_time(one.since),
        "until": write_time(one.until),
        "reason": one.reason,
        "holds": void is None,
        "void": void,
    }


def planned_json(planned: "Planned") -> dict[str, Json]:
    """Who planned, and what it took, in `--json` output."""
    return {
        "planner": planned.planner,
        "model": planned.model,
        "attempts": planned.attempts,
        "tokens": planned.tokens,
        "record": dict(planned.record),
        "disputed": list(planned.disputed),
    }


def judgement_json(one: "Judgement") -> dict[str, Json]:
    """An action of a plan that was not submitted, in `--json` output."""
    return {
        "number": one.number,
        "type": one.action.type,
        "action": one.action.wire(),
        "digest": one.action.digest(),
        "needs": list(one.needs),
        "decision": one.decision.effect.value,
        "rules": list(one.decision.rules),
        "seats": {seat.role: seat.count for seat in one.decision.seats},
        "counters": dict(one.counters),
        "sources": sources_json(one.grounds),
        "stand_ins": [{"seat": other.role, "who": other.who, "after": other.after} for other in one.decision.stand_ins],
        "own_vote": one.decision.own_vote,
    }


def pin_change_json(change: "PinChange") -> dict[str, Json]:
    """A change of pinned policies in `--json` output."""
    return {
        "verb": change.verb.value,
        "digest": change.digest,
        "replaces": change.replaces,
        "made": change.made,
        "agreed": list(change.agreed),
        "needs": change.needs,
        "expires": write_time(change.expires),
        "change": change.change.to_json(),
    }


def entry_line(entry: Entry) -> str:
    """An Entry as JSON on one line."""
    return orjson.dumps(entry_json(entry)).decode()


def check_json(found: "Sequence[Diagnostic]", digest: str | None = None) -> dict[str, Json]:
    """What `policies check` found in `--json` output; *digest* is that of a valid file."""
    counts = Counter(one.severity.value for one in found)
    counted: dict[str, Json] = {"errors": counts["error"], "warnings": counts["warning"]}
    told: dict[str, Json] = {"valid": False} if digest is None else {"valid": True, "digest": digest}
    return told | counted | {"diagnostics": [_diagnostic_json(one) for one in found]}


def _diagnostic_json(one: "Diagnostic") -> dict[str, Json]:
    return {
        "code": one.code,
        "severity": one.severity.value,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "length": one.length,
        "message": one.message,
        "hint": one.hint,
        "source": one.source,
    }


def entry_json(entry: Entry) -> dict[str, Json]:
    """An Entry in `--json` output."""
    told: dict[str, Json] = orjson.loads(entry.body)
    return told | {"hash": entry.hash.hex()}
