"""Reading what a server answers to a chat completions request: what it is, before anybody takes it for a plan.

Everything in it is the other side's to choose. What is understood becomes a Reply; nothing raises.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from signoff.canonical import MAX_INTEGER, Json

from .answer import Outcome
from .mode import Mode
from .strict_json import MAX_PLAN_BYTES, nests_deeper
from .wire import NAME

MAX_ANSWER_DEPTH = 32  # of a server's whole answer; the plan in it is text of its own

# Why a model stopped, where that means that its answer is no whole one. Other words for the same are those of other servers.
_STOPPED = {
    "length": Outcome.TRUNCATED,
    "max_tokens": Outcome.TRUNCATED,
    "max_output_tokens": Outcome.TRUNCATED,
    "content_filter": Outcome.FILTERED,
    "safety": Outcome.FILTERED,
    "error": Outcome.PROVIDER_ERROR,
}
_MEANING = {
    Outcome.TRUNCATED: "the model's answer was cut off at its limit, so nothing of it is used; ask for less at once",
    Outcome.FILTERED: "the provider's content filter stopped the answer; word the request differently",
    Outcome.PROVIDER_ERROR: "the server reports an error in its answer; try again later",
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer of a server, as far as it was understood."""

    outcome: Outcome  # PLAN: `text` is still to be read as one
    text: str = ""  # what the other side wrote, unchecked: the model, or with PROVIDER_ERROR the server
    reason: str = ""  # why there is no plan in it, in words of ours
    tokens: int | None = None  # None where the server counts none
    final: bool = True  # whether asking the model again is of no use

    def complete(self, mode: Mode, model: str) -> dict[str, Json]:
        """The one message that was understood, in the form of a chat completion: all that the clients are given."""
        planned = self.text if self.outcome is Outcome.PLAN else ""
        call: Json = {"id": "call_1", "type": "function", "function": {"name": NAME, "arguments": planned}}
        message: dict[str, Json] = {"role": "assistant", "content": planned if mode is Mode.JSON_SCHEMA else None}
        if mode is Mode.TOOLS and planned:
            message["tool_calls"] = [call]
        choice: Json = {"index": 0, "finish_reason": "stop", "message": message}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}


def read_reply(body: str, mode: Mode) -> Reply:
    """What *body*, a server's answer to a request that it took, is."""
    if body.lstrip().startswith(("data:", "event:", ":")):
        return _stream(body)
    value = _json(body)
    if value is None:
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason="the server answers with something that is no JSON")
    if not isinstance(value, Mapping):
        return Reply(outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion")
    if value.get("error"):
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason=_MEANING[Outcome.PROVIDER_ERROR], text=error_text(value))
    return replace(_completion(value, mode), tokens=_tokens(value.get("usage")))


def error_text(value: object) -> str:
    """What a server's error says, in the places where servers write it; empty where it says nothing."""
    for key in ("error", "message", "detail"):
        if isinstance(value, Mapping) and value.get(key):
            found = value[key]
            return found if isinstance(found, str) else error_text(found)
    return ""


def read_error(body: str) -> str:
    """What the error in *body* says; empty where it says nothing."""
    return error_text(_json(body))


def _json(body: str) -> object:
    """The value in *body*; None where it is no JSON that can be read."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return None if nests_deeper(value, MAX_ANSWER_DEPTH) else value


def _completion(value: Mapping[str, object], mode: Mode) -> Reply:
    if value.get("object") == "response":
        return _other_api(value)
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices:
        return Reply(outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion: it holds no choices")
    messages = [_message(choice) for choice in choices]
    stopped = [reply for choice, message in zip(choices, messages, strict=True) if (reply := _stopped(choice, message))]
    if stopped:
        return stopped[0]
    if len(choices) > 1:
        return _malformed(f"the server gave {len(choices)} answers to one question")
    return _tool_call(messages[0]) if mode is Mode.TOOLS else _content(messages[0])


def _message(choice: object) -> Mapping[str, object]:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    return message if isinstance(message, Mapping) else {}


def _stopped(choice: object, message: Mapping[str, object]) -> Reply | None:
    """Why this answer is no whole one, or is none at all. None where it may hold a plan."""
    reason = choice.get("finish_reason") if isinstance(choice, Mapping) else None
    outcome = _STOPPED.get(reason.lower()) if isinstance(reason, str) else None
    if outcome is not None:
        return Reply(outcome=outcome, reason=_MEANING[outcome])
    refusal = message.get("refusal")
    return Reply(outcome=Outcome.REFUSAL, text=refusal) if isinstance(refusal, str) and refusal.strip() else None


def _tool_call(message: Mapping[str, object]) -> Reply:
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or not calls:
        return _malformed("the model wrote text and made no plan", message.get("content"))
    if len(calls) > 1:
        return _malformed(f"the model made {len(calls)} tool calls where one holds the whole plan")
    function = calls[0].get("function") if isinstance(calls[0], Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or name != NAME:
        return _malformed("the model called another tool than the one that was offered", name)
    arguments = function.get("arguments")
    if not isinstance(arguments, str) or not arguments:
        return _malformed("the model's tool call holds no arguments as text")
    return _candidate(arguments)


def _content(message: Mapping[str, object]) -> Reply:
    content = message.get("content")
    if message.get("tool_calls"):
        return _malformed("the model called a tool although none was offered", content)
    if not isinstance(content, str) or not content.strip():
        return _malformed("the model's answer is empty")
    if not content.lstrip().startswith(("{", "[")):
        return _malformed("the model wrote text and made no plan", content)
    return _candidate(content)


def _candidate(text: str) -> Reply:
    """*text* may be a plan. One that is too large for that is not sent back to be mended."""
    if len(text) > MAX_PLAN_BYTES:
        reason = f"the model wrote {len(text):,} characters; at most {MAX_PLAN_BYTES:,} are read"
        return Reply(outcome=Outcome.MALFORMED, reason=reason)
    return Reply(outcome=Outcome.PLAN, text=text, final=False)


def _malformed(reason: str, text: object = "") -> Reply:
    return Reply(outcome=Outcome.MALFORMED, reason=reason, text=text if isinstance(text, str) else "", final=False)


def _other_api(value: Mapping[str, object]) -> Reply:
    """An answer in the form of OpenAI's Responses API, which some servers give at this address too."""
    details = value.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    outcome = _STOPPED.get(reason) if isinstance(reason, str) else None
    if outcome is not None:
        return Reply(outcome=outcome, reason=_MEANING[outcome])
    return Reply(outcome=Outcome.MALFORMED, reason="the server answers in the form of another API and not as a chat completion")


def _stream(body: str) -> Reply:
    """What a stream is, which nobody asked for. No plan is ever taken from one: a cut stream looks like a whole one."""
    events = [event for event in _events(body) if isinstance(event, Mapping)]
    errors = [error_text(event) for event in events if event.get("error")]
    if errors:
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason=_MEANING[Outcome.PROVIDER_ERROR], text=errors[0])
    choices = [choice for event in events for choice in _list(event.get("choices")) if isinstance(choice, Mapping)]
    tokens = next((found for event in events if (found := _tokens(event.get("usage"))) is not None), None)
    refusal = "".join(str(delta["refusal"]) for choice in choices if (delta := _delta(choice)).get("refusal"))
    if refusal:
        return Reply(outcome=Outcome.REFUSAL, text=refusal, tokens=tokens)
    stopped = (_stopped(choice, {}) for choice in choices)
    reply = next((reply for reply in stopped if reply), None)
    reason = "the server sends a stream although none was asked for; a cut one looks whole, so nothing of it is used"
    return replace(reply or Reply(outcome=Outcome.MALFORMED, reason=reason), tokens=tokens)


def _events(body: str) -> Iterator[object]:
    return (_json(line.removeprefix("data:")) for line in body.splitlines() if line.startswith("data:"))


def _delta(choice: Mapping[str, object]) -> Mapping[str, object]:
    delta = choice.get("delta")
    return delta if isinstance(delta, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tokens(usage: object) -> int | None:
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return total if type(total) is int and 0 <= total <= MAX_INTEGER else None
