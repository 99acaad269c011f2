"""How a model chooses and how much it may write: what is sent of that, what servers refuse, and what all attempts may cost."""

import math
from typing import Any

import pytest

from signoff.actor import Actor
from signoff.errors import UsageError
from signoff.planner import ANSWER_TOKENS, SEED, Mode, Outcome
from signoff.planner.sampling import Sampling
from tests.chat_server import MODEL, TOKENS, ChatServer, completion, plan, raw
from tests.planner.conftest import TRANSFER, Ask, Way, failed

REQUEST = "send $150 to Alice"
SAID = {"temperature", "seed", "max_tokens"}


def test_the_likeliest_answer_is_asked_for(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """By default the temperature is 0, the seed is always the same, and an answer is bounded, at every attempt."""
    chat_server.answer(completion({"content": "no"}), plan(TRANSFER))
    assert llm(mode).plan(REQUEST, dana).plan
    for asked in chat_server.asked:
        assert {name: asked.body[name] for name in SAID} == {"temperature": 0, "seed": SEED, "max_tokens": ANSWER_TOKENS}


def test_what_is_set_is_sent(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Temperature, seed and the bound of one answer can be set; the budget is ours and is not sent."""
    chat_server.answer(plan(TRANSFER))
    llm(temperature=0.7, seed=0, answer_tokens=99, token_budget=1_000).plan(REQUEST, dana)
    body = chat_server.asked[0].body
    assert {name: body[name] for name in SAID} == {"temperature": 0.7, "seed": 0, "max_tokens": 99}
    assert body.keys() == {"model", "messages", "response_format"} | SAID


@pytest.mark.parametrize(("option", "name"), [("temperature", "temperature"), ("seed", "seed"), ("answer_tokens", "max_tokens")])
def test_each_can_be_left_out(llm: Ask, chat_server: ChatServer, dana: Actor, option: str, name: str) -> None:
    """What is None is not sent, for models and servers that refuse it."""
    chat_server.answer(plan(TRANSFER))
    llm(**{option: None}).plan(REQUEST, dana)
    assert SAID - chat_server.asked[0].body.keys() == {name}


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "max_completion_tokens"),
        ("API.OpenAI.com:443", "max_completion_tokens"),
        ("ours.openai.azure.com", "max_completion_tokens"),
        ("localhost:11434", "max_tokens"),
        ("openai.example", "max_tokens"),
        ("openrouter.ai", "max_tokens"),
    ],
)
def test_an_answer_is_bounded_by_the_name_that_the_server_knows(host: str, name: str) -> None:
    """OpenAI and Azure refuse the older name for newer models; servers on one's own machine may know no other."""
    assert Sampling(temperature=None, seed=None, answer_tokens=7).parameters(host) == {name: 7}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"temperature": -0.1}, "SIGNOFF_TEMPERATURE"),
        ({"temperature": 2.1}, "SIGNOFF_TEMPERATURE"),
        ({"temperature": math.nan}, "SIGNOFF_TEMPERATURE"),
        ({"temperature": math.inf}, "SIGNOFF_TEMPERATURE"),
        ({"seed": -1}, "SIGNOFF_SEED"),
        ({"seed": 2**53}, "SIGNOFF_SEED"),
        ({"answer_tokens": 0}, "SIGNOFF_ANSWER_TOKENS"),
        ({"answer_tokens": 10_000_001}, "SIGNOFF_ANSWER_TOKENS"),
        ({"token_budget": 0}, "SIGNOFF_TOKEN_BUDGET"),
    ],
)
def test_a_bound_that_cannot_be_is_wrong_use(llm: Ask, options: dict[str, Any], told: str) -> None:
    """What no server takes is refused when the planner is made, by its name in the environment."""
    with pytest.raises(UsageError, match=told):
        llm(**options)


@pytest.mark.parametrize(
    ("status", "error", "variable"),
    [
        (
            400,
            {
                "error": {
                    "message": "Unsupported value: 'temperature' does not support 0 with this model.",
                    "type": "invalid_request_error",
                    "param": "temperature",
                    "code": "unsupported_value",
                }
            },
            "SIGNOFF_TEMPERATURE",
        ),
        (400, {"error": {"message": "not with this model", "param": "seed", "code": None}}, "SIGNOFF_SEED"),
        (
            400,
            {
                "error": {
                    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                    "Use 'max_completion_tokens' instead.",
                    "code": "unsupported_parameter",
                }
            },
            "SIGNOFF_ANSWER_TOKENS",
        ),
        (422, {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "not permitted"}]}, "SIGNOFF_SEED"),
        (400, {"object": "error", "message": "[{'loc': ('body', 'temperature'), 'msg': 'no'}]"}, "SIGNOFF_TEMPERATURE"),
    ],
)
def test_a_refused_parameter_is_told_with_its_variable(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, status: int, error: object, variable: str
) -> None:
    """A server that does not take a parameter is told in the words that it says it in, with the variable that leaves it out."""
    chat_server.answer_always(raw(error, status))
    message = failed(llm(mode).plan(REQUEST, dana))
    assert f"(HTTP {status})" in message
    assert f"{variable}=none leaves it out" in message
    assert "SIGNOFF_MODE" not in message


def test_a_parameter_that_was_not_sent_is_not_the_cause(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Where a server speaks of what it was not sent, leaving it out is no remedy."""
    chat_server.answer(raw({"error": {"message": "temperature is needed", "param": "temperature"}}, 400))
    message = failed(llm(temperature=None).plan(REQUEST, dana))
    assert "SIGNOFF_TEMPERATURE" not in message
    assert "try another SIGNOFF_MODE" in message


def test_a_bound_beyond_the_context_is_told(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """vLLM refuses an answer that might not fit beside the request; the bound of an answer can be lowered."""
    said = "This model's maximum context length is 4096 tokens. However, you requested 8192 output tokens."
    chat_server.answer(raw({"error": {"message": said, "code": 400}}, 400))
    assert "set SIGNOFF_ANSWER_TOKENS lower" in failed(llm().plan(REQUEST, dana))


def test_an_answer_that_reached_its_bound_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """An answer that was cut off at the bound names the variable that raises it."""
    chat_server.answer(completion({"content": "{}"}, finish_reason="length"))
    assert "raise SIGNOFF_ANSWER_TOKENS" in failed(llm(mode).plan(REQUEST, dana), Outcome.TRUNCATED)


@pytest.mark.parametrize(("budget", "attempts"), [(1, 1), (TOKENS, 1), (TOKENS + 1, 2), (2 * TOKENS, 2), (1_000, 3)])
def test_a_used_up_budget_ends_it(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way, budget: int, attempts: int
) -> None:
    """Once the attempts together have used the budget, the model is not asked again, and the message says so."""
    chat_server.answer_always(completion({"content": "I sent it."}))
    planned = way(llm(mode, token_budget=budget), REQUEST, dana)
    message = failed(planned, Outcome.MALFORMED)
    assert (planned.attempts, len(chat_server.asked), planned.tokens) == (attempts, attempts, attempts * TOKENS)
    ended = f"{attempts * TOKENS} tokens are used of {budget:,}, so the model is not asked again: raise SIGNOFF_TOKEN_BUDGET"
    assert (ended in message) is (attempts < 3)
    assert "the model wrote text and made no plan" in message


def test_a_plan_that_used_the_budget_is_taken(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """The budget bounds how often a model is asked again; it is no reason to refuse a valid answer."""
    chat_server.answer(plan(TRANSFER))
    assert llm(token_budget=1).plan(REQUEST, dana).plan


def test_without_a_count_the_attempts_are_the_bound(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """A server that counts no tokens uses up no budget; how often it is asked stays bounded."""
    chat_server.answer_always(completion({"content": "I sent it."}, tokens=None))
    assert llm(token_budget=1).plan(REQUEST, dana).attempts == 3
    assert llm(token_budget=None).plan(REQUEST, dana).attempts == 3
    assert {asked.body["model"] for asked in chat_server.asked} == {MODEL}
