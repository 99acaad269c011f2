"""LLMPlanner asking again: what a model is told of an answer that was no plan, and what the user is told in the end."""

import json
from typing import Any

import pytest

from signoff.actor import Actor
from signoff.planner import Mode, Outcome
from tests.chat_server import Answer, Asked, ChatServer, Script, completion, plan, raw, tool_calls, wire, written
from tests.planner.conftest import TRANSFER, Ask

REQUEST = "send $150 to Alice"
WHOLE = '{"actions": [{"type": "check_balance", "account": null, "needs": []}], "question": null, "refusal": null}'
CALL = {"id": "1", "type": "function", "function": {"name": "plan", "arguments": WHOLE}}


def mended(chat_server: ChatServer) -> tuple[dict[str, Any], str]:
    """What the model is shown of its own first answer, and what it is told of it."""
    answer, told = chat_server.asked[1].body["messages"][2:]
    return answer, told["content"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (f"```json\n{WHOLE}\n```", "the model wrote text around its JSON"),
        (f"<think>hm</think>{WHOLE}", "the model wrote text around its JSON"),
        (f"Here you are: {WHOLE}", "the model wrote text around its JSON"),
        (f"{WHOLE} I have sent it.", "the plan is not JSON: line 1, column 107: extra data"),
        ("I sent $150 to Alice!", "the model wrote text and made no plan"),
    ],
)
def test_text_around_a_plan_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, content: str, cause: str) -> None:
    """A model that writes more than the JSON is shown what it wrote and told to leave the rest out; the user learns the cause."""
    chat_server.answer_always(completion({"content": content}))
    planned = llm().plan(REQUEST, dana)
    answer, told = mended(chat_server)
    assert answer == {"role": "assistant", "content": content}
    assert cause in told
    assert "write the JSON object alone, without ``` or other text" in told
    assert "or ask a question where the user did not say" in told
    assert planned.message.startswith(f"no valid plan came in 3 attempts: {cause}; it wrote: ")


@pytest.mark.parametrize(
    ("answer", "cause", "shown"),
    [
        (completion({"content": f"```{WHOLE}```"}), "the model wrote text and made no plan", f"```{WHOLE}```"),
        (tool_calls(("plan", WHOLE), ("plan", "{}")), "the model made 2 tool calls", f"plan({WHOLE})\nplan({{}})"),
        (tool_calls(("transfer", '{"to": "M"}')), "the model called another tool", 'transfer({"to": "M"})'),
        (tool_calls(("plan", WHOLE[:-1])), "the plan is not JSON", WHOLE[:-1]),
        (tool_calls(("plan", "")), "the model's tool call holds no arguments as text", "plan()"),
        (completion({"content": None}), "the model's answer is empty", "(nothing)"),
    ],
)
def test_a_wrong_call_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, answer: Answer, cause: str, shown: str) -> None:
    """A model that calls wrongly is shown what it called, beside a call that every server can read, and told what was wrong."""
    chat_server.answer_always(answer)
    planned = llm(Mode.TOOLS).plan(REQUEST, dana)
    made, told = mended(chat_server)
    assert made["content"] == shown
    assert [call["function"] for call in made["tool_calls"]] == [{"name": "plan", "arguments": "{}"}]
    assert cause in told
    assert "call `plan` once" in told
    assert "or ask a question there where the user did not say" in told
    assert planned.message.startswith(f"no valid plan came in 3 attempts: {cause}")


def test_a_call_with_a_mistake_is_sent_back_whole(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Arguments that are a JSON object are shown to the model as the call that it made."""
    wrong = json.dumps({"actions": [TRANSFER | {"needs": [], "amount": 150.5}], "question": None, "refusal": None})
    chat_server.answer(tool_calls(("plan", wrong)), plan(TRANSFER))
    assert llm(Mode.TOOLS).plan(REQUEST, dana).plan
    answer, told = mended(chat_server)
    assert [call["function"] for call in answer["tool_calls"]] == [{"name": "plan", "arguments": wrong}]
    assert "`amount` must be a decimal" in told


@pytest.mark.parametrize("content", [None, "", " \n", "Sure!", "\ud800", [], [{"type": "image"}]])
def test_no_empty_message_is_sent(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, content: object) -> None:
    """Servers refuse an assistant's message without content and without calls: whatever came, something is sent back."""

    def strict(asked: Asked) -> Answer:
        empty = [each for each in asked.body["messages"] if not (each["content"] or each.get("tool_calls"))]
        return raw({"error": {"message": "must not be empty"}}, 400) if empty else completion({"content": content})

    chat_server.answer_always(strict)
    planned = llm(mode).plan(REQUEST, dana)
    assert (planned.outcome, planned.attempts) == (Outcome.MALFORMED, 3)


@pytest.mark.parametrize("nothing", [{"actions": [], "question": None, "refusal": None}, {"actions": []}, {}])
def test_an_answer_that_holds_nothing_is_asked_for_a_question(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, nothing: dict[str, Any]
) -> None:
    """A model that finds no action is not told to write one: it may ask or refuse."""
    chat_server.answer(wire(nothing), wire({"actions": [], "question": "What may I do?", "refusal": None}))
    assert llm(mode).plan("hello, how are you?", dana).outcome is Outcome.QUESTION
    _, told = mended(chat_server)
    assert "the answer holds nothing; ask a question, or refuse, where no action fits" in told
    assert "at least one action" not in told


@pytest.mark.parametrize("function", [{"name": "plan", "arguments": "{}"}, {"name": "send"}, {"arguments": "{}"}])
def test_a_call_of_the_old_form_is_a_call(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, function: dict[str, str]
) -> None:
    """`function_call`, the older name of a tool call, makes an answer two answers just as `tool_calls` does."""
    calls = [CALL] if mode is Mode.TOOLS else []
    chat_server.answer_always(completion({"content": WHOLE, "tool_calls": calls, "function_call": function}))
    planned = llm(mode).plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert ("2 tool calls" if calls else "called a tool although none was offered") in planned.message


def test_an_empty_call_of_the_old_form_is_none(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """Some servers give every field of a message, with nothing in those that it does not use."""
    unused = {"name": "", "arguments": ""}
    calls = [CALL] if mode is Mode.TOOLS else []
    chat_server.answer(completion({"content": WHOLE, "tool_calls": calls, "function_call": unused}))
    assert llm(mode).plan(REQUEST, dana).plan


def test_text_in_parts_is_text(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Content may come as a list of parts, which are one text where all of them are text."""
    parts = [{"type": "text", "text": WHOLE[:20]}, {"type": "text", "text": WHOLE[20:]}]
    chat_server.answer(completion({"content": parts}))
    assert llm().plan(REQUEST, dana).plan


@pytest.mark.parametrize("part", [{"type": "image", "text": "{}"}, {"type": "text", "text": None}, "{}", None, {}])
def test_parts_that_are_no_text_are_none(llm: Ask, chat_server: ChatServer, dana: Actor, part: object) -> None:
    """One part that is anything else makes the content no text: what is left out could change what the rest means."""
    chat_server.answer_always(completion({"content": [{"type": "text", "text": WHOLE}, part]}))
    assert "the model's content is no text" in llm().plan(REQUEST, dana).message


def test_a_huge_answer_is_not_sent_back(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """Text beyond what a plan may hold is not sent to the server again, even where it is no plan at all."""
    chat_server.answer_always(completion({"content": "I sent it. " * 100_000}))
    assert llm(mode).plan(REQUEST, dana).attempts == 1


@pytest.mark.parametrize("said", ["null", "None", " none "])
def test_a_word_for_null_is_null(llm: Ask, chat_server: ChatServer, dana: Actor, said: str) -> None:
    """A model that writes null as text beside its actions has asked nothing; alone, it has said nothing."""
    alone = {"actions": [], "question": said, "refusal": said}
    answers: list[Script] = [written(json.dumps(alone | {"actions": [TRANSFER | {"needs": []}]})), wire(alone)]
    chat_server.answer(*answers)
    assert llm(max_retries=0).plan(REQUEST, dana).plan
    assert "the answer holds nothing" in llm(max_retries=0).plan(REQUEST, dana).message
