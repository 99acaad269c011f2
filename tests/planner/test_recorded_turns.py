"""Answers of real servers, recorded elsewhere (see data/README.md), each taken as a model's turn in a conversation."""

import json
from pathlib import Path
from typing import Any

import pytest

from signoff.canonical import canonical
from signoff.planner import Message, Outcome, Role
from tests.chat_server import ChatServer, raw
from tests.planner.conftest import Talk

CASES = json.loads((Path(__file__).parent / "data" / "openai_answers.json").read_text(encoding="utf-8"))["cases"]

# What each is here, and how many calls are in it: text is words to the user, and several calls at once are a turn. Where this
# differs from `expected`, that is what the answer is to a planner for the demo bank.
TURNS = {
    "openai_sdk_test_parse_pydantic_model_refusal": (Outcome.REFUSAL, 0),
    "openai_sdk_test_parse_max_tokens_reached": (Outcome.TRUNCATED, 0),
    "openai_sdk_test_parse_multiple_pydantic_tools": (Outcome.PLAN, 2),
    "openai_sdk_test_pydantic_tool_model_all_types": (Outcome.PLAN, 1),
    "openai_sdk_test_parse_strict_tools": (Outcome.PLAN, 1),
    "openai_sdk_test_parse_pydantic_model_multiple_choices": (Outcome.MALFORMED, 0),
    "openai_sdk_test_parse_nothing": (Outcome.QUESTION, 0),
    "openai_sdk_test_parse_pydantic_model": (Outcome.QUESTION, 0),
    "test_dbos_agent_with_hitl_tool#0": (Outcome.PLAN, 2),
    "test_dbos_agent_with_hitl_tool#1": (Outcome.QUESTION, 0),  # a claim that it was done, in words: nothing is
    "test_dbos_agent_with_model_retry#0": (Outcome.PLAN, 1),
    "test_dbos_agent_with_model_retry#1": (Outcome.PLAN, 1),
    "test_tool_use_failed_error#0": (Outcome.PROVIDER_ERROR, 0),
    "test_tool_use_failed_error_with_text#0": (Outcome.PROVIDER_ERROR, 0),
    "test_compatible_api_with_tool_calls_without_id#0": (Outcome.PLAN, 1),
    "test_openrouter_tool_optional_parameters#0": (Outcome.PLAN, 1),  # its arguments are null
    "test_invalid_response#0": (Outcome.MALFORMED, 0),
    "test_max_completion_tokens#0": (Outcome.TRUNCATED, 0),
    "test_openrouter_stream_error#0": (Outcome.PROVIDER_ERROR, 0),  # a stream that ends in an error, and then [DONE]
    "test_openrouter_errors_raised#0": (Outcome.PROVIDER_ERROR, 0),
    "test_openai_responses_model_retry#0": (Outcome.MALFORMED, 0),
    "test_openai_responses_model_http_error#0": (Outcome.PROVIDER_ERROR, 0),
    "test_complex_agent_run_in_workflow#0": (Outcome.PLAN, 2),  # a stream with two calls at once
    "test_complex_agent_run_in_workflow#2": (Outcome.PLAN, 1),  # a stream with one call in 30 parts
    "test_snowflake_llama#0": (Outcome.QUESTION, 0),
    "test_deepseek_deferred_capability_with_thinking#0": (Outcome.PLAN, 1),
    "langchain_incomplete_response": (Outcome.TRUNCATED, 0),
    "langchain_schema_ok_value_bad": (Outcome.QUESTION, 0),
    "openai_sdk_stream_max_tokens": (Outcome.TRUNCATED, 0),
    "openai_sdk_stream_refusal": (Outcome.REFUSAL, 0),
    "openai_sdk_content_filter": (Outcome.FILTERED, 0),
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_recorded_answer_is_one_turn(talker: Talk, chat_server: ChatServer, case: dict[str, Any]) -> None:
    """Each of the 31 answers is the turn that the table says, with its calls as they were recorded, and nothing raises."""
    content_type = "text/event-stream" if case["format"] == "sse" else "application/json"
    chat_server.answer_always(raw(case["response"], case["facts"]["http_status"], content_type=content_type))
    heard: list[str] = []
    turn = talker().turn((Message(role=Role.USER, text="hello"),), heard.append)
    assert (turn.outcome, len(turn.calls)) == TURNS[case["id"]]
    used = turn.outcome in (Outcome.PLAN, Outcome.QUESTION)
    assert used is not bool(turn.message)
    assert turn.message.isprintable()
    assert turn.words == ("".join(heard) if used else "")
    recorded = case["facts"].get("tool_calls", [])
    written = [(call.name, call.arguments) for call in turn.calls]
    assert written in ([], [(call["name"], call["arguments"] or "") for call in recorded])
    assert canonical(turn.record)


def test_the_table_is_whole() -> None:
    """Every recorded answer has its place in the table, and every outcome is in it."""
    assert TURNS.keys() == {case["id"] for case in CASES}
    assert {outcome for outcome, _ in TURNS.values()} == set(Outcome)
