"""What the chat server answers in a conversation: turns, which come as a stream where one is asked for, and streams by hand.

server.answer(turn("One moment.", ("transfer", TRANSFER), ("check_balance", {"account": None})), turn("Done."))
server.asked[1].results  # what the model was told of the calls before, by id
server.answer(stream(chunk({"content": "Hel"}), chunk({"content": "lo"}), chunk({}, "stop"), done=False))
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.chat_server import MODEL, TOKENS, Answer, Asked, Script, completion


def chunk(delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """One event of a stream, with a part of a message."""
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish_reason, "logprobs": None}
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion.chunk",
        "created": 1_750_000_000,
        "model": MODEL,
        "choices": [choice],
    }


def call_part(index: int, arguments: str, *, id: str | None = None, name: str | None = None) -> dict[str, Any]:
    """One event of a stream, with a part of a call: the first one has its id and the tool's name."""
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    part = {"index": index, "function": function} | ({} if id is None else {"id": id, "type": "function"})
    return chunk({"tool_calls": [part]})


def usage(tokens: int = TOKENS) -> dict[str, Any]:
    """The event that says how many tokens a stream took."""
    counted = {"prompt_tokens": 20, "completion_tokens": tokens - 20, "total_tokens": tokens}
    return chunk({}) | {"choices": [], "usage": counted}


def event(data: object, end: str = "\n\n") -> bytes:
    """A server-sent event with *data*: text as it is, everything else as JSON."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}{end}".encode()


def stream(*events: object, done: bool = True, **how: Any) -> Answer:
    """A stream of *events*, each in a piece of its own; bytes are sent as they are."""
    pieces = [part if isinstance(part, bytes) else event(part) for part in (*events, *(["[DONE]"] if done else []))]
    return Answer(body=b"", pieces=pieces, content_type="text/event-stream", **how)


def turn(words: str = "", *calls: tuple[str, Mapping[str, Any] | str], **how: Any) -> Script:
    """A model's turn in a conversation: its words, and its calls, each the name of a tool and its arguments.

    The id of a call tells how many messages came before, and its number: `call_1_1` is the first after the user's first words.
    """

    def script(asked: Asked) -> Answer:
        made = [
            {
                "id": f"call_{len(asked.messages)}_{number}",
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for number, (name, given) in enumerate(calls, 1)
        ]
        reason = "tool_calls" if made else "stop"
        if not asked.body.get("stream"):
            return completion({"content": words or None} | ({"tool_calls": made} if made else {}), finish_reason=reason)
        return stream(*_parts(words, made), chunk({}, reason), usage(), **how)

    return script


def _parts(words: str, calls: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events that a turn comes in: word by word, and each call's arguments in two halves."""
    yield chunk({"role": "assistant", "content": None if calls and not words else ""})
    for place, word in enumerate(words.split(" ") if words else []):
        yield chunk({"content": f" {word}" if place else word})
    for index, call in enumerate(calls):
        arguments = call["function"]["arguments"]
        yield call_part(index, "", id=call["id"], name=call["function"]["name"])
        yield call_part(index, arguments[: len(arguments) // 2])
        yield call_part(index, arguments[len(arguments) // 2 :])
