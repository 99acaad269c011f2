"""Putting a turn together: whatever the events of a stream are, they are a whole turn, or one outcome without a call."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.planner import MAX_TURN_CALLS, Call, Outcome
from signoff.planner.completion import Reply
from signoff.planner.events import EventReader
from signoff.planner.gathering import MAX_ARGUMENTS, Gathering, Voice
from signoff.planner.transport import NoPlan
from tests.chat_server import ChatServer
from tests.chat_streams import call_part, chunk, event, stream, usage
from tests.planner.conftest import KEY, TRANSFER, Talk, no_turn, said

CALL = call_part(0, json.dumps(TRANSFER), id="a", name="transfer")
STOP = chunk({}, "tool_calls")
WHOLE = [chunk({"content": "Ok. "}), call_part(0, '{"to":', id="a", name="transfer"), call_part(0, '"A"}'), STOP, usage()]


def gathered(data: bytes, heard: list[str]) -> list[tuple[str, tuple[Call, ...]]]:
    """The words and calls of a stream, where it holds a turn."""
    gathering, reader = Gathering(Voice(heard.append, (KEY,))), EventReader()
    reply: Reply | None = None
    try:
        any(gathering.take(found) for found in (*reader.feed(data), *reader.end()))
        return [gathering.result()]
    except NoPlan as error:
        reply = error.reply
    assert reply.outcome not in (Outcome.PLAN, Outcome.QUESTION)
    assert reply.reason or reply.text
    return []


def test_no_beginning_of_a_stream_gives_a_call() -> None:
    """Cut at each byte: there is no call before the event is whole that says why the turn ends."""
    data = b"".join(map(event, WHOLE))
    with_calls = [cut for cut in range(len(data)) if gathered(data[:cut], [])]
    assert min(with_calls) == data.index(event(STOP)) + len(event(STOP).rstrip())


def tool_part(**part: Any) -> dict[str, Any]:
    """One event of a stream, with what is a part of a call, or is none."""
    return chunk({"tool_calls": [part]})


FUNCTION = {"name": "transfer", "arguments": "{}"}


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([{"choices": 7}], "is no list"),
        ([{"choices": [7]}], "is no object"),
        ([{"choices": [{"index": 0, "delta": "x"}]}], "is no object"),
        ([{"choices": [{"index": 1, "delta": {"content": "x"}}]}], "several answers"),
        ([{"choices": [chunk({})["choices"][0], chunk({})["choices"][0] | {"index": 1}]}], "several answers"),
        ([[1]], "no chat completion"),
        ([b'data: {"choices": [], "choices": []}\n\n'], "holds a key twice"),
        ([chunk({"content": 7})], "is no text"),
        ([chunk({"refusal": {"x": 1}})], "is no text"),
        ([chunk({"tool_calls": {}})], "in a form that is not known"),
        ([chunk({"tool_calls": [7]})], "in a form that is not known"),
        ([chunk({"function_call": FUNCTION})], "in a form that is not known"),
        ([tool_part(index=0, id="a")], "in a form that is not known"),
        ([tool_part(index=0, type="custom", custom={"name": "x", "input": "rm"})], "in a form that is not known"),
        ([tool_part(index=0, function={"name": 7})], "are no text"),
        ([tool_part(index=0, function={"name": "x", "arguments": {"to": "A"}})], "are no text"),
        ([tool_part(index="0", function=FUNCTION)], "is no number"),
        ([tool_part(index=-1, function=FUNCTION)], "is no number"),
        ([tool_part(index=True, function=FUNCTION)], "is no number"),
        ([tool_part(index=0, function={"arguments": "{}"}), STOP], "names no tool"),
        ([CALL, call_part(1, "{}"), STOP], "names no tool"),
        ([CALL, call_part(0, "", name="deposit")], "two names"),
        ([tool_part(index=0, function={"name": "x" * 201}), STOP], "is too long"),
        ([tool_part(index=0, function={"name": "x\ud800"}), STOP], "half a character"),
        ([tool_part(index=0, function={"name": "x", "arguments": '"\ud800"'}), STOP], "half a character"),
        ([call_part(place, "{}", id=str(place), name="x") for place in range(MAX_TURN_CALLS + 1)], "more than 20 calls"),
        ([tool_part(function={"name": "x", "arguments": "{}"})] * (MAX_TURN_CALLS + 1), "more than 20 calls"),
        ([CALL, *[call_part(0, " " * 30_000)] * 4], f"more than {MAX_ARGUMENTS:,} characters"),
        ([chunk({"content": "Ok"}), STOP, CALL], "goes on after"),
        ([chunk({"content": "Ok"}, "stop"), chunk({"content": "!"})], "goes on after"),
        ([STOP], "is empty"),
        ([chunk({"content": " \n"}), STOP], "is empty"),
    ],
)
def test_a_wrong_shape_is_malformed(talker: Talk, chat_server: ChatServer, events: list[Any], reason: str) -> None:
    """A stream of any shape but that of one chat completion, or with more than a turn may hold, gives no call."""
    chat_server.answer(stream(*events))
    message = no_turn(said(talker())[0], Outcome.MALFORMED)
    assert message.startswith("the model's answer is of no use: ")
    assert reason in message


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["stop", "length", "a", "{}"])
)
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)
_FUNCTIONS = st.fixed_dictionaries({}, optional={"name": st.just("transfer") | _VALUES, "arguments": st.just("{}") | _VALUES})
_PARTS = st.fixed_dictionaries(
    {}, optional={"index": st.integers(0, 2) | _VALUES, "id": _VALUES, "function": _FUNCTIONS | _VALUES}
)
_DELTAS = st.fixed_dictionaries(
    {}, optional={"content": st.text() | _VALUES, "refusal": _VALUES, "tool_calls": st.lists(_PARTS, max_size=2) | _VALUES}
)
_CHOICES = st.fixed_dictionaries(
    {"delta": _DELTAS | _VALUES},
    optional={"finish_reason": st.sampled_from(["stop", "tool_calls", "", "length"]) | _VALUES, "index": _VALUES},
)
_CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(_CHOICES, max_size=1) | _VALUES}, optional={"usage": _VALUES, "model": _VALUES}
)


@given(chunks=st.lists(_CHUNKS | _VALUES, max_size=5))
def test_every_stream_is_something(chunks: list[Any]) -> None:
    """Whatever JSON the events of a stream are, they are a turn with calls that can be stored, or one outcome without."""
    heard: list[str] = []
    for words, calls in gathered(b"".join(map(event, map(json.dumps, chunks))), heard):
        assert words == "".join(heard)
        assert words.encode() or calls
        for call in calls:
            assert call.name.encode()
            assert call.arguments.encode() or call.arguments == ""
