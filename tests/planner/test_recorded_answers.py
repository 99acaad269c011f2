"""Answers of real servers, recorded elsewhere (see data/README.md), each given by a server on this machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from signoff.actor import Actor
from signoff.planner import Mode, Outcome
from tests.chat_server import ChatServer, raw
from tests.planner.conftest import Ask

CASES = json.loads((Path(__file__).parent / "data" / "openai_answers.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_recorded_answer_is_reported_as_what_it_is(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, case: dict[str, Any]
) -> None:
    """Each of the 31 answers, given to whatever is asked in either mode, ends in the outcome that its label expects."""
    stream = case["format"] == "sse"
    content_type = "text/event-stream" if stream else "application/json"
    chat_server.answer_always(raw(case["response"], case["facts"]["http_status"], content_type=content_type))
    planned = llm(mode).plan("send $150 to Alice", dana)
    assert planned.outcome is Outcome(case["expected"])
    assert planned.plan is None
    assert planned.message.isprintable()


def test_all_cases_are_there() -> None:
    """There are 31 answers, and among them every outcome but a plan and a question."""
    assert len(CASES) == 31
    assert {case["expected"] for case in CASES} == set(Outcome) - {Outcome.PLAN, Outcome.QUESTION}
