"""Reading a server's answer: whatever it holds, it is read as something, and a stream or a part is never a plan."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signoff.planner import Mode, Outcome
from signoff.planner.completion import read_error, read_reply

# The words that an answer is made of, so that what is drawn comes near to one.
_KEYS = st.sampled_from(
    [
        *("choices", "message", "content", "tool_calls", "function", "name", "arguments", "refusal", "finish_reason", "usage"),
        *("total_tokens", "error", "object", "incomplete_details", "reason", "delta", "detail"),
    ]
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_LEAVES |= st.sampled_from(["plan", "stop", "length", "content_filter", "response", "assistant", "{}", '{"actions": []}'])
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5), max_leaves=20
)
_FUNCTIONS = st.fixed_dictionaries({}, optional={"name": st.just("plan") | _VALUES, "arguments": st.text() | _VALUES})
_CALLS = st.lists(st.fixed_dictionaries({}, optional={"id": _VALUES, "function": _FUNCTIONS | _VALUES}), max_size=2)
_MESSAGES = st.fixed_dictionaries(
    {}, optional={"content": st.just("{}") | _VALUES, "tool_calls": _CALLS | _VALUES, "refusal": _VALUES}
)
_CHOICES = st.lists(
    st.fixed_dictionaries({"message": _MESSAGES | _VALUES, "delta": _MESSAGES | _VALUES}, optional={"finish_reason": _VALUES}),
    max_size=2,
)
_COMPLETIONS = st.fixed_dictionaries({"choices": _CHOICES | _VALUES}, optional={"usage": _VALUES, "error": _VALUES})
_BODIES = _COMPLETIONS | _VALUES


@given(body=_BODIES, mode=st.sampled_from(Mode))
def test_every_answer_is_something(body: Any, mode: Mode) -> None:
    """Any JSON is read as one outcome: a plan to be read only where there is text for it, and never a question."""
    reply = read_reply(json.dumps(body), mode)
    assert reply.outcome is not Outcome.QUESTION
    if reply.outcome is Outcome.PLAN:
        assert reply.text
    else:
        assert reply.reason or reply.text.strip()
    assert reply.reason.isprintable()  # words of ours; the other side's stand in `text`
    assert json.dumps(reply.as_completion(mode, "m"), ensure_ascii=False).encode()
    assert all(isinstance(part, str) for part in read_error(json.dumps(body)))


@given(body=st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")), mode=st.sampled_from(Mode))
def test_every_text_is_something(body: str, mode: Mode) -> None:
    """Any text is read without an error, JSON or not, and holds no plan by itself."""
    assert read_reply(body, mode).outcome is not Outcome.PLAN


@given(events=st.lists(_BODIES, max_size=5), mode=st.sampled_from(Mode))
def test_no_stream_holds_a_plan(events: list[Any], mode: Mode) -> None:
    """Whatever the events of a stream hold, what is made of them is no plan."""
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    reply = read_reply(body, mode)
    assert reply.final
    assert reply.outcome is not Outcome.PLAN


@given(body=_COMPLETIONS, mode=st.sampled_from(Mode), cut=st.integers(min_value=1))
def test_no_part_of_an_answer_holds_a_plan(body: Any, mode: Mode, cut: int) -> None:
    """The beginning of an answer, as a broken connection leaves it, holds no plan."""
    whole = json.dumps(body)
    reply = read_reply(whole[: -min(cut, len(whole))], mode)
    assert reply.outcome is Outcome.PROVIDER_ERROR
