"""LLMPlanner against a model, or a server, that means harm: nothing comes through that a plan from a stranger may not hold."""

import json
import time

import pytest

from signoff.actor import Actor
from signoff.planner import MAX_ACTIONS, Mode, Outcome
from tests.chat_server import Answer, ChatServer, Script, completion, plan, raw, tool_calls, wire, written
from tests.planner.conftest import TRANSFER, Ask

REQUEST = "send $150 to Alice"
ENTRY = '"type": "transfer", "to": "Alice", "needs": []'


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('"amount": 150.0', "`amount` must be a decimal written as text"),
        ('"amount": 1e3', "`amount` must be a decimal written as text"),
        ('"amount": "1e3"', "`amount` must be plain decimal text"),
        ('"amount": NaN', "`amount` must be a decimal written as text"),
        ('"amount": Infinity', "`amount` must be a decimal written as text"),
        ('"amount": true', "`amount` must be a decimal written as text"),
        ('"amount": null', "`amount` must be a decimal written as text"),
        ('"amount": ["150.00"]', "`amount` must be a decimal written as text"),
        ('"amount": {"value": "150.00"}', "`amount` must be a decimal written as text"),
        ('"amount": "1_000"', "`amount` must be plain decimal text"),
        ('"amount": " 5 "', "`amount` must be plain decimal text"),
        ('"amount": "\uff11\uff15\uff10"', "`amount` must be plain decimal text"),
        ('"amount": "-150.00"', "`amount` must be more than 0"),
        ('"amount": "0.00"', "`amount` must be more than 0"),
        ('"amount": "150.001"', "more decimals than USD has"),
        ('"amount": "99999999999999999"', "is larger than"),
        ('"amount": ' + "9" * 50, "a number of 50 digits"),
        ('"amount": "1.00", "amount": "150.00"', "`amount` is written twice"),
        ('"amount": "1.00", "approved": true', "`approved` is not a field of this action"),
        ('"amount": "1.00", "status": "done"', "`status` is not a field of this action"),
        ('"amount": "1.00", "from_": "savings"', "`from_` is not a field of this action"),
        ('"amount": "1.00", "number": 1', "`number` is not a field of this action"),
        ('"amount": "1.00", "type": "deposit"', "`type` is written twice"),
        ('"amount": "1.00", "needs": [1]', "`needs` is written twice"),
        ('"amount": "1.00", "to": null', "`to` is written twice"),
        ('"amount": "1.00", "currency": "XXX"', "not a currency code"),
        ('"amount": "1.00", "currency": "usd"', "not a currency code"),
        ('"amount": "1.00", "from": "sav\\u202eings"', "character 4 is U+202E"),
        ('"amount": "1.00", "from": "sav\\ud800ings"', "character 4 is U+D800"),
        ('"amount": "1.00", "from": "\\u001b[31msavings"', "character 1 is U+001B"),
        ('"amount": "1.00", "from": "s\\u00adavings"', "U+00AD"),
        ('"amount": "1.00", "\\ud800": 1', "is not a field of this action"),
        ('"amount": "1.00", "from": ' + "[" * 20 + "]" * 20, "nested too deeply"),
        ('"amount": "1.00", "from": ' + "[" * 20_000 + "]" * 20_000, "nested too deeply"),
    ],
)
def test_a_value_that_is_none_is_refused(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, entry: str, problem: str
) -> None:
    """What JSON lets through and a plan must not is refused, with the field that it stands in."""
    chat_server.answer(written(f'{{"actions": [{{{ENTRY}, {entry}}}], "question": null, "refusal": null}}'))
    planned = llm(mode, max_retries=0).plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert problem in planned.message
    assert planned.message.isprintable()


@pytest.mark.parametrize(
    ("needs", "problem"),
    [
        ([1], "names the action itself"),
        ([2], "comes later"),
        ([0], "numbered 1 to 2"),
        ([99], "numbered 1 to 2"),
        ([-1], "numbered 1 to 2"),
        (["1"], "only numbers"),
        ([True], "only numbers"),
        ([1.0], "only numbers"),
        (None, "must be a list"),
        (1, "must be a list"),
        ([[1]], "only numbers"),
    ],
)
def test_needs_make_no_circle(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, needs: object, problem: str) -> None:
    """An action needs only earlier ones: no circle, no place that is not there."""
    chat_server.answer(wire({"actions": [TRANSFER | {"needs": needs}, TRANSFER | {"needs": [1]}]}))
    planned = llm(mode, max_retries=0).plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert f"action 1 (transfer): `needs` {'may hold ' if 'only numbers' in problem else ''}" in planned.message
    assert problem in planned.message


@pytest.mark.parametrize("size", [MAX_ACTIONS + 1, 10_000])
def test_too_many_actions_are_refused(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, size: int) -> None:
    """A plan of too many actions is refused by their number, at once, however long the answer is."""
    started = time.monotonic()
    chat_server.answer(plan(*[{"type": "check_balance"}] * size))
    planned = llm(mode, max_retries=0).plan(REQUEST, dana)
    assert f"the plan holds {size:,} actions; at most {MAX_ACTIONS} are accepted" in planned.message
    assert time.monotonic() - started < 5


def test_a_plan_that_is_too_long_is_not_mended(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """More text than any plan may hold is not sent back to be made better."""
    chat_server.answer_always(written('{"actions": [' + " " * 1_100_000 + "]}"))
    planned = llm(mode).plan(REQUEST, dana)
    assert (planned.outcome, planned.attempts) == (Outcome.MALFORMED, 1)
    assert "1,100,015 characters; at most 1,048,576 are read" in planned.message


@pytest.mark.parametrize(
    "calls",
    [
        [("plan", "{}"), ("plan", "{}")],
        [("plan", '{"actions": [{"type": "check_balance", "needs": []}]}')] * 2,
        [("transfer", '{"to": "Mallory", "amount": "5.00"}')],
        [("plan\u202e", '{"actions": [{"type": "check_balance", "needs": []}]}')],
        [("plan", "")],
        [("plan", "the plan")],
    ],
)
def test_one_call_holds_the_plan(llm: Ask, chat_server: ChatServer, dana: Actor, calls: list[tuple[str, str]]) -> None:
    """Two tool calls, a call of another tool or one without a plan in it are malformed, though one of them may be a plan."""
    chat_server.answer_always(tool_calls(*calls))
    planned = llm(Mode.TOOLS).plan(REQUEST, dana)
    assert (planned.outcome, planned.attempts) == (Outcome.MALFORMED, 3)
    assert planned.message.isprintable()


def test_the_other_mode_is_no_plan(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A plan in a place where none was asked for is none: as text for a tool call, or as a tool call for text."""
    whole = '{"actions": [{"type": "check_balance", "needs": []}]}'
    chat_server.answer_always(completion({"content": whole}) if mode is Mode.TOOLS else tool_calls(("plan", whole)))
    assert llm(mode).plan(REQUEST, dana).outcome is Outcome.MALFORMED


def test_a_plan_beside_a_tool_call_is_none(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Where text was asked for, a tool call beside the text makes the answer malformed: two plans may not be one."""
    whole = '{"actions": [{"type": "check_balance", "needs": []}]}'
    call = {"id": "1", "type": "function", "function": {"name": "plan", "arguments": whole}}
    chat_server.answer_always(completion({"content": whole, "tool_calls": [call]}))
    planned = llm().plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert "called a tool although none was offered" in planned.message


@pytest.mark.parametrize("around", ["```json\n{}\n```", "Here you are: {}", "{} I have sent it.", "<think>hm</think>{}", "{}{}"])
def test_json_in_text_is_no_plan(llm: Ask, chat_server: ChatServer, dana: Actor, around: str) -> None:
    """A plan is the whole of an answer; one that must be looked for in it could be another's words."""
    whole = '{"actions": [{"type": "check_balance", "needs": []}]}'
    chat_server.answer_always(completion({"content": around.replace("{}", whole)}))
    assert llm().plan(REQUEST, dana).outcome is Outcome.MALFORMED


def test_two_answers_are_none(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Several choices are malformed, even where they agree: nobody asked for more than one."""
    choice = json.loads(completion({"content": '{"actions": [{"type": "check_balance", "needs": []}]}'}).body)["choices"][0]
    chat_server.answer_always(raw({"choices": [choice, choice]}))
    planned = llm().plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert "2 answers to one question" in planned.message


def test_names_come_as_they_were_written(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A name with look-alike letters is the model's to write; the ledger decides whom it means, later."""
    chat_server.answer(plan(TRANSFER | {"to": "\u0410lice"}))
    planned = llm(mode).plan(REQUEST, dana)
    assert planned.plan
    assert planned.plan.actions[0].action.wire()["to"] == "\u0410lice"


@pytest.mark.parametrize(
    "said", ["\u202egnihton", "\x1b]0;title\x07", "line\nPlan p-1, asked by mira", "\ud800", "x" * 100_000, "\u200b" * 100_000]
)
def test_what_a_model_says_is_shown_safely(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, said: str) -> None:
    """A model's words in a message are on one line, visible and cut, wherever they come from."""
    answers: list[Script | Answer] = [written(said), wire({"actions": [{"type": said, "needs": []}]})]
    answers += [wire({"question": said}), wire({"refusal": said}), completion({"refusal": said}), raw({"error": said})]
    for answer in answers:
        chat_server.answer(answer)
        planned = llm(mode, max_retries=0).plan(REQUEST, dana)
        assert planned.plan is None
        assert planned.message.isprintable()
        assert len(planned.message) < 10_000


def test_a_question_is_made_visible_and_cut(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A question is shown with what is hidden in it, and no longer than a screen."""
    chat_server.answer(wire({"question": " Which \u202e\x1b[2J\ud800?" + "x" * 5_000}))
    message = llm(mode).plan(REQUEST, dana).message
    assert message.startswith("Which \\u{202e}\\u{1b}[2J\\u{d800}?")
    assert len(message) < 1_100
