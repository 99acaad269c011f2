"""Reading what a server answers to a chat completions request: what it is, before anybody takes it for a plan.

Everything in it is the other side's to choose. What is understood becomes a Reply; nothing raises.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from signoff.canonical import MAX_INTEGER, Json

from .answer import Outcome
from .mode import Mode
from .strict_json import MAX_PLAN_BYTES, JsonObject, json_object, nests_deeper
from .wire import NAME

MAX_ANSWER_DEPTH = 32  # of a server's whole answer; the plan in it is text of its own
MAX_DETAILS = 5  # of an error that is a list, which are told

# Why a model stopped, in the words of OpenAI and of other servers: where its answer is a whole one, and where it is none.
# A word that stands in neither may mean anything, so an answer that ends with it is not used.
_ENDED = {"", "stop", "tool_calls", "function_call", "eos", "eos_token", "end_turn", "tool_use", "stop_sequence"}
_STOPPED = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length", "context_length"), Outcome.TRUNCATED),
    **dict.fromkeys(("content_filter", "safety", "recitation", "blocklist"), Outcome.FILTERED),
    **dict.fromkeys(("prohibited_content", "spii", "sensitive"), Outcome.FILTERED),
    "refusal": Outcome.REFUSAL,
    "error": Outcome.PROVIDER_ERROR,
}
MEANING = {
    Outcome.TRUNCATED: "the model's answer was cut off at its limit, so nothing of it is used; ask for less at once, or raise "
    "SIGNOFF_ANSWER_TOKENS",
    Outcome.FILTERED: "the provider's content filter stopped the answer; word the request differently",
    Outcome.REFUSAL: "the model refuses",
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
    model: str = ""  # the model's name and the word that its answer ended with, as the server says them
    finish: str = ""
    digest: str | None = None  # of the body as it came; None where none came
    prompt: str | None = None  # the digest of what was sent: messages, and the form of the answer

    def as_completion(self, mode: Mode, model: str) -> dict[str, Json]:
        """What the model wrote, as a chat completion: all that the clients are given, and send back to have it mended.

        It is never empty, which servers refuse. In a tool call it is the arguments where they are a JSON object, because
        servers read those again; else it stands beside the call.
        """
        text = self.text.encode(errors="replace").decode().strip() or "(nothing)"
        message: dict[str, Json] = {"role": "assistant", "content": text}
        if mode is Mode.TOOLS:
            called = isinstance(_json(text), Mapping)
            function: Json = {"name": NAME, "arguments": text if called else "{}"}
            message["content"] = None if called else text
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        choice: Json = {"index": 0, "finish_reason": "stop", "message": message}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}


def read_reply(body: str, mode: Mode) -> Reply:
    """What *body*, a server's answer to a request that it took, is."""
    if body.lstrip().startswith(("data:", "event:", ":")):
        return _stream(body)
    value = read_object(body)
    if isinstance(value, Reply):
        return value
    last = _mapping(next(iter(_list(value.get("choices"))), None))
    model, finish = _name(value.get("model")), _name(last.get("finish_reason"))
    return replace(_completion(value, mode), tokens=tokens_of(value.get("usage")), model=model, finish=finish)


def read_object(text: str) -> Mapping[str, object] | Reply:
    """The JSON object that a server wrote as *text*, an answer or a part of a stream; a Reply where it is none, or an error."""
    value = _json(text)
    if value is None:
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason="the server answers with something that is no JSON")
    if not isinstance(value, Mapping):
        return Reply(outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion")
    if _repeats(value):
        return Reply(outcome=Outcome.MALFORMED, reason="the server's answer holds a key twice, so it can be read in two ways")
    if value.get("error"):
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason=MEANING[Outcome.PROVIDER_ERROR], text=error_text(value))
    return value


def error_text(value: object) -> str:
    """What a server's error says, in the places where servers write it; empty where it says nothing."""
    for key in ("error", "message", "detail"):
        if isinstance(value, Mapping) and value.get(key):
            found = value[key]
            return found if isinstance(found, str) else error_text(found)
    return "; ".join(filter(None, map(_detail, value[:MAX_DETAILS]))) if isinstance(value, list) else ""


def _detail(value: object) -> str:
    """One mistake of a list, with where in the request it is: `{"loc": ["body", "seed"], "msg": "not permitted"}`."""
    said, place = _mapping(value).get("msg"), [part for part in _list(_mapping(value).get("loc")) if isinstance(part, str)]
    return f"{'.'.join(place)}: {said}" if isinstance(said, str) and place else said if isinstance(said, str) else ""


def read_error(body: str) -> tuple[str, str, str]:
    """What the error in *body* says, its code, and the parameter that it is about; each empty where there is none."""
    value = _json(body)
    error = _mapping(_mapping(value).get("error"))
    code, param = (found if isinstance(found := error.get(key), str) else "" for key in ("code", "param"))
    return error_text(value), code, param


def _json(body: str) -> object:
    """The value in *body*; None where it is no JSON that can be read."""
    try:
        value: object = json.loads(body, object_pairs_hook=json_object)
    except (ValueError, RecursionError):
        return None
    return None if nests_deeper(value, MAX_ANSWER_DEPTH) else value


def _repeats(value: object) -> bool:
    """Whether *value* holds an object with a key that was written more than once."""
    if isinstance(value, list):
        return any(_repeats(item) for item in value)
    return isinstance(value, JsonObject) and (bool(value.repeated) or any(_repeats(item) for item in value.values()))


def _completion(value: Mapping[str, object], mode: Mode) -> Reply:
    if value.get("object") == "response":
        return _other_api(value)
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices:
        return Reply(outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion: it holds no choices")
    messages = [_message(choice) for choice in choices]
    ended = [reply for choice, message in zip(choices, messages, strict=True) if (reply := stopped(choice, message))]
    if ended:
        return ended[0]
    if len(choices) > 1:
        return _malformed(f"the server gave {len(choices)} answers to one question")
    return _tool_call(messages[0]) if mode is Mode.TOOLS else _content(messages[0])


def _message(choice: object) -> Mapping[str, object]:
    return _mapping(_mapping(choice).get("message"))


def stopped(choice: object, message: Mapping[str, object]) -> Reply | None:
    """Why this answer is no whole one, or is none at all. None where it may hold a plan."""
    word = _mapping(choice).get("finish_reason")
    word = "" if word is None else word
    if not isinstance(word, str):
        return Reply(
            outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion: its `finish_reason` is no text"
        )
    refusal = message.get("refusal")
    if word.lower() not in _ENDED:
        return _unfinished(word, refusal or message.get("content"))
    return Reply(outcome=Outcome.REFUSAL, text=refusal) if isinstance(refusal, str) and refusal.strip() else None


def _unfinished(word: str, said: object) -> Reply:
    """What an answer is that ended with *word*, beside which the model *said* something."""
    outcome = _STOPPED.get(word.lower())
    if outcome is None:
        reason = "the answer ended for a reason that is not known, so nothing of it is used; try again later"
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason, text=word)
    text = text_of(said) or "" if outcome is Outcome.REFUSAL else ""
    return Reply(outcome=outcome, reason=MEANING[outcome], text=text)


def _tool_call(message: Mapping[str, object]) -> Reply:
    calls, content = _functions(message), text_of(message.get("content"))
    if not calls:
        return _malformed("the model wrote text and made no plan" if content else "the model's answer is empty", content)
    written = "\n".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
    if len(calls) > 1:
        return _malformed(f"the model made {len(calls)} tool calls where one holds the whole plan", written)
    if calls[0].get("name") != NAME:
        return _malformed("the model called another tool than the one that was offered", written)
    arguments = calls[0].get("arguments")
    if not isinstance(arguments, str) or not arguments.strip():
        return _malformed("the model's tool call holds no arguments as text", written)
    return _candidate(arguments)


def _functions(message: Mapping[str, object]) -> list[Mapping[str, object]]:
    """What the model calls in *message*, by the name of today (`tool_calls`) or of old (`function_call`)."""
    calls = [_mapping(_mapping(call).get("function")) for call in _list(message.get("tool_calls"))]
    old = _mapping(message.get("function_call"))
    return [*calls, old] if any(old.values()) else calls


def _content(message: Mapping[str, object]) -> Reply:
    content = text_of(message.get("content"))
    if message.get("tool_calls") or _functions(message):
        return _malformed("the model called a tool although none was offered", content)
    if content is None:
        return _malformed("the model's content is no text")
    if not content.strip():
        return _malformed("the model's answer is empty")
    if not content.lstrip().startswith(("{", "[")):
        around = "{" in content
        return _malformed("the model wrote text around its JSON" if around else "the model wrote text and made no plan", content)
    return _candidate(content)


def text_of(content: object) -> str | None:
    """The text of *content*, which some servers give as a list of parts. None where it is anything but text."""
    if isinstance(content, str | None):
        return content or ""
    parts = [_mapping(part) for part in _list(content)] or [{}]
    texts = [part.get("text") if part.get("type") == "text" else None for part in parts]
    return "".join(map(str, texts)) if all(isinstance(text, str) for text in texts) else None


def _candidate(text: str) -> Reply:
    """*text* may be a plan. One that is too large for that is not sent back to be mended."""
    if len(text) > MAX_PLAN_BYTES:
        reason = f"the model wrote {len(text):,} characters; at most {MAX_PLAN_BYTES:,} are read"
        return Reply(outcome=Outcome.MALFORMED, reason=reason)
    return Reply(outcome=Outcome.PLAN, text=text, final=False)


def _malformed(reason: str, text: str | None = None) -> Reply:
    """No plan, but an answer that the model is asked to mend where it is not too large to be sent back."""
    text = text or ""
    return Reply(outcome=Outcome.MALFORMED, reason=reason, text=text, final=len(text) > MAX_PLAN_BYTES)


def _other_api(value: Mapping[str, object]) -> Reply:
    """An answer in the form of OpenAI's Responses API, which some servers give at this address too."""
    reason = _mapping(value.get("incomplete_details")).get("reason")
    outcome = _STOPPED.get(reason) if isinstance(reason, str) else None
    if outcome is not None:
        return Reply(outcome=outcome, reason=MEANING[outcome])
    return Reply(outcome=Outcome.MALFORMED, reason="the server answers in the form of another API and not as a chat completion")


def _stream(body: str) -> Reply:
    """What a stream is, which nobody asked for. No plan is ever taken from one: a cut stream looks like a whole one."""
    events = [event for event in _events(body) if isinstance(event, Mapping)]
    errors = [error_text(event) for event in events if event.get("error")]
    if errors:
        return Reply(outcome=Outcome.PROVIDER_ERROR, reason=MEANING[Outcome.PROVIDER_ERROR], text=errors[0])
    choices = [choice for event in events for choice in _list(event.get("choices")) if isinstance(choice, Mapping)]
    tokens = next((found for event in events if (found := tokens_of(event.get("usage"))) is not None), None)
    refusal = "".join(str(delta["refusal"]) for choice in choices if (delta := _mapping(choice.get("delta"))).get("refusal"))
    if refusal:
        return Reply(outcome=Outcome.REFUSAL, text=refusal, tokens=tokens)
    reply = next((reply for choice in choices if (reply := stopped(choice, {}))), None)
    reason = "the server sends a stream although none was asked for; a cut one looks whole, so nothing of it is used"
    return replace(reply or Reply(outcome=Outcome.MALFORMED, reason=reason), tokens=tokens)


def _events(body: str) -> Iterator[object]:
    return (_json(line.removeprefix("data:")) for line in body.splitlines() if line.startswith("data:"))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _name(said: object) -> str:
    return said if isinstance(said, str) else ""


def tokens_of(usage: object) -> int | None:
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return total if type(total) is int and 0 <= total <= MAX_INTEGER else None
