"""What a model is told of its calls: JSON in one fixed form, in which everything is data.

{"action": 2, "status": "rejected", "reason": "rejected by mira: too much", "result": null, "edited": null, "problems": []}
"""

from collections.abc import Mapping

import orjson

from signoff.actions import show_field
from signoff.audit import ENDED, CallRecord, Conversation, PlanRecord, Reading, Status

from .canonical import Json, canonical
from .editing import compare_bodies
from .errors import UsageError

MAX_RESULT = 8_000  # characters of a result's JSON that a model is told
MAX_TOLD = 1_000  # characters of a reason, and of each of the first problems
MAX_PROBLEMS = 10
NOT_READ = "not_read"  # of a call that was no action, so nothing was decided or done
_MEANS = {
    Status.IN_DOUBT: "nobody knows whether it happened; do not do it again: ",
}
_KNOWN_NOW = "it was in doubt when this was first told, and is not any more"


def conversation_of(record: PlanRecord) -> Conversation:
    """The conversation that *record* is. Raises UsageError where it is none."""
    if record.conversation is None:
        raise UsageError(f"{record.id} is no conversation; `signoff chat --list` lists them")
    return record.conversation


def is_over(record: PlanRecord, call: CallRecord) -> bool:
    """Whether it is known what came of *call*, or nobody can know it for now."""
    return call.action is None or record.action(call.action).status in {*ENDED, Status.IN_DOUBT}


def untold(record: PlanRecord) -> tuple[CallRecord, ...]:
    """The calls of which the model was not told what came of them: not yet, or only that it was in doubt, where it is not now."""
    talk = conversation_of(record)
    told = {message.answers: message.text for message in talk.messages}
    return tuple(call for call in talk.calls if call.id not in told or _is_resolved(record, call, told[call.id]))


def is_pending(record: PlanRecord) -> bool:
    """Whether nobody may speak in the conversation *record* yet, for something of which the model is to be told is not over."""
    return not all(is_over(record, call) for call in untold(record))


def _is_resolved(record: PlanRecord, call: CallRecord, told: str) -> bool:
    """Whether *told* says that *call* is in doubt, and its action is not."""
    if call.action is None or record.action(call.action).status is Status.IN_DOUBT:
        return False
    return told.startswith(f'{{"action":{call.action},"status":"{Status.IN_DOUBT}"')


def tell_call(reading: Reading, record: PlanRecord, call: CallRecord) -> str:
    """What came of *call*, as the model is told. It holds no secret: results and reasons were stored without."""
    told: dict[str, Json] = {"action": None, "status": NOT_READ, "reason": None, "result": None, "edited": None, "problems": []}
    if call.action is None:
        told["problems"] = [problem[:MAX_TOLD] for problem in call.problems[:MAX_PROBLEMS]]
        return _text(told)
    action = record.action(call.action)
    reason = None if action.error is None else (_MEANS.get(action.status, "") + action.error)[:MAX_TOLD]
    edits = reading.edits(record.id, action.number) if action.revision > 1 else []
    edited: dict[str, Json] | None = None
    if edits:
        changes = compare_bodies(edits[0].body, action.body)
        edited = {name: [_shown(old), _shown(new)] for name, (old, new) in changes.items()}
        reason = "; ".join([f"edited by {edits[-1].editor.id}: {edits[-1].reason}"[:MAX_TOLD], *([reason] if reason else [])])
    if any(message.answers == call.id for message in conversation_of(record).messages):
        reason = "; ".join([_KNOWN_NOW, *([reason] if reason else [])])
    told |= {"action": action.number, "status": action.status.value, "reason": reason}
    return _text(told | {"result": _bounded(action.result), "edited": edited})


def _text(told: Mapping[str, Json]) -> str:
    return orjson.dumps(told).decode()


def _shown(value: Json) -> Json:
    """A field's value; of a secret only what it refers to."""
    return show_field(value) if isinstance(value, Mapping) else value


def _bounded(result: Json) -> Json:
    text = canonical(result).decode()
    if len(text) <= MAX_RESULT:
        return result
    return {"beginning": text[:MAX_RESULT], "characters": len(text), "note": "the result is longer than what is told of it"}
