"""LLMPlanner where what comes is no answer, or no whole one: every one is told as what it is."""

from typing import Any

import pytest

from signoff.actor import Actor
from signoff.planner import Mode, Outcome
from tests.chat_server import TOKENS, ChatServer, completion, raw
from tests.planner.conftest import Ask, failed

REQUEST = "send $150 to Alice"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!DOCTYPE html><html><body>Welcome</body></html>", "answers with a web page; check OPENAI_BASE_URL"),
        ("", "something that is no JSON"),
        ("I sent the money.", "something that is no JSON"),
        ('{"choices": [{"mess', "something that is no JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        ("[" * 100_000, "something that is no JSON"),
        ('{"choices": ' * 40 + "1" + "}" * 40, "something that is no JSON"),
        ("9" * 10_000, "something that is no JSON"),
        ({"error": {"message": "upstream is down", "code": 502}}, "upstream is down"),
        ({"error": {"code": 502}}, "the server reports an error"),
    ],
)
def test_an_answer_that_is_none_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, body: object, said: str) -> None:
    """A success whose body is no JSON, or tells of an error, is a failure of the server."""
    chat_server.answer(raw(body))
    assert said in failed(llm().plan(REQUEST, dana))


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], 1, "text", {"choices": None}, {"choices": []}, {"choices": {}}, {"choices": "none"}),
        *({"choices": [None]}, {"choices": [1]}, {"choices": [{}]}, {"choices": [{"message": None}]}),
        *({"choices": [{"message": {"tool_calls": 1}}]}, {"choices": [{"message": {"tool_calls": [None]}}]}),
        *({"choices": [{"message": {"tool_calls": [{"function": None}]}}]}, {"choices": [{"message": {"content": ["{}"]}}]}),
        *({"choices": [{"finish_reason": 7, "message": {"refusal": 7}}], "usage": "much"}, {"object": "response", "output": []}),
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "plan", "arguments": {"actions": []}}}]}}]},
        {"choices": [{"message": {"function_call": {"name": "plan", "arguments": "{}"}}}]},
    ],
    ids=str,
)
def test_a_wrong_shape_is_malformed(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, body: object) -> None:
    """JSON of whatever shape that is no chat completion with one answer is malformed, and breaks nothing."""
    chat_server.answer_always(raw(b'"text"' if body == "text" else body))
    assert failed(llm(mode).plan(REQUEST, dana), Outcome.MALFORMED)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        *(("length", Outcome.TRUNCATED), ("max_tokens", Outcome.TRUNCATED), ("content_filter", Outcome.FILTERED)),
        *(("model_length", Outcome.TRUNCATED), ("context_length", Outcome.TRUNCATED), ("MAX_TOKENS", Outcome.TRUNCATED)),
        *((word, Outcome.FILTERED) for word in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "sensitive")),
        *(("refusal", Outcome.REFUSAL), ("error", Outcome.PROVIDER_ERROR)),
        *((word, Outcome.PROVIDER_ERROR) for word in ("abort", "insufficient_system_resource", "network_error", "load", " ")),
        *((number, Outcome.MALFORMED) for number in (7, 0, False)),
    ],
)
def test_a_stopped_answer_is_not_used(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, reason: Any, outcome: Outcome
) -> None:
    """An answer that was cut off or filtered is not used, even where what is there reads as a whole plan."""
    whole = '{"actions": [{"type": "check_balance", "needs": []}]}'
    call = {"id": "1", "type": "function", "function": {"name": "plan", "arguments": whole}}
    chat_server.answer(completion({"content": whole, "tool_calls": [call]}, finish_reason=reason))
    planned = llm(mode).plan(REQUEST, dana)
    failed(planned, outcome)
    assert (planned.attempts, planned.tokens) == (1, TOKENS)


def test_an_end_that_is_not_known_is_named(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """The word that an answer ended with is told where nobody knows it, with nothing hidden in it."""
    chat_server.answer(completion({"content": '{"question": "Which?"}'}, finish_reason="ab\u202eort\n"))
    assert failed(llm().plan(REQUEST, dana)).endswith('nothing of it is used; try again later; it says: "ab\\u{202e}ort"')


@pytest.mark.parametrize(
    "reason",
    [
        *(None, "", "stop", "STOP", "tool_calls", "function_call", "eos", "eos_token", "end_turn", "tool_use", "stop_sequence"),
    ],
)
def test_a_whole_answer_is_used(llm: Ask, chat_server: ChatServer, dana: Actor, reason: str | None) -> None:
    """The words of several servers for an answer that came to its end are known, and so is none at all."""
    chat_server.answer(completion({"content": '{"question": "Which?"}'}, finish_reason=reason))
    assert llm().plan(REQUEST, dana).outcome is Outcome.QUESTION


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"finish_reason": "length", "finish_reason": "stop", "message": {"content": "%s"}}]}',
        '{"choices": [{"message": {"content": "no", "content": "%s"}}]}',
        '{"choices": [], "choices": [{"message": {"content": "%s"}}]}',
    ],
)
def test_an_answer_that_says_a_thing_twice_is_malformed(llm: Ask, chat_server: ChatServer, dana: Actor, body: str) -> None:
    """A key written twice around the plan is as wrong as one in it: neither the first nor the last is taken."""
    chat_server.answer(raw(body % '{\\"question\\": \\"Which?\\"}'))
    assert "holds a key twice" in failed(llm().plan(REQUEST, dana), Outcome.MALFORMED)


def test_a_stream_is_not_used(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """A server that streams although nobody asked gives no plan: the end of a cut stream looks like the end of a whole one."""
    delta = {"choices": [{"index": 0, "delta": {"content": '{"actions": []}'}, "finish_reason": "stop"}]}
    chat_server.answer(raw(f"data: {raw(delta).body.decode()}\n\ndata: [DONE]\n\n", content_type="text/event-stream"))
    assert "a stream although none was asked for" in failed(llm().plan(REQUEST, dana), Outcome.MALFORMED)
