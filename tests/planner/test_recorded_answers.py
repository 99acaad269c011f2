"""Answers of real servers, recorded elsewhere (see data/README.md), each given by a server on this machine."""

import json
from pathlib import Path
from typing import Any

import pytest

from signoff.actor import Actor
from signoff.planner import Mode, Outcome
from tests.chat_server import ChatServer, raw, wire
from tests.chat_server import written as written_text
from tests.planner.conftest import Ask, Way

CASES = json.loads((Path(__file__).parent / "data" / "openai_answers.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_recorded_answer_is_reported_as_what_it_is(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way, case: dict[str, Any]
) -> None:
    """Each of the 31 answers, given to whatever is asked in any mode and way, ends in the outcome that its label expects."""
    stream = case["format"] == "sse"
    content_type = "text/event-stream" if stream else "application/json"
    chat_server.answer_always(raw(case["response"], case["facts"]["http_status"], content_type=content_type))
    planned = way(llm(mode), "send $150 to Alice", dana)
    assert planned.outcome is Outcome(case["expected"])
    assert planned.plan is None
    assert planned.message.isprintable()


ALICE = {"type": "transfer", "to": "Alice", "amount": "150.00", "currency": "USD", "from": "checking", "needs": [1]}
BALANCE: dict[str, Any] = {"type": "check_balance", "account": None, "needs": []}
TRUE: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "one action": ({"actions": [ALICE | {"needs": []}]}, [ALICE | {"needs": []}]),
    "two actions, one that needs the other": (
        {"actions": [BALANCE, ALICE], "question": None, "refusal": None},
        [BALANCE | {"account": "checking"}, ALICE],
    ),
    "null for what was not said": (
        {"actions": [ALICE | {"currency": None, "from": None, "needs": []}], "question": "", "refusal": "null"},
        [ALICE | {"needs": []}],
    ),
    "a whole number for an amount": ({"actions": [ALICE | {"amount": 150, "needs": []}]}, [ALICE | {"needs": []}]),
}


@pytest.mark.parametrize("name", TRUE)
def test_a_true_plan_comes_through(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way, name: str) -> None:
    """Beside all that is none, a plan that is one is taken, in any mode and way."""
    written, wanted = TRUE[name]
    chat_server.answer(wire(written))
    planned = way(llm(mode), "check my balance, then send $150 to Alice", dana)
    assert planned.plan
    assert [action.wire() for action in planned.plan.actions] == wanted


@pytest.mark.parametrize("key", ["actions", "to", "question"])
def test_a_key_that_is_written_twice_is_no_plan(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way, key: str
) -> None:
    """JSON that says a thing twice is malformed in any mode and way: neither the first nor the last is taken."""
    whole = json.dumps({"actions": [ALICE | {"needs": []}], "question": None, "refusal": None})
    twice = whole.replace(f'"{key}":', f'"{key}": null, "{key}":', 1)
    chat_server.answer_always(written_text(twice))
    planned = way(llm(mode), "send $150 to Alice", dana)
    assert (planned.outcome, planned.plan) == (Outcome.MALFORMED, None)
    assert "twice" in planned.message


def test_all_cases_are_there() -> None:
    """There are 31 answers, and among them every outcome but a plan and a question."""
    assert len(CASES) == 31
    assert {case["expected"] for case in CASES} == set(Outcome) - {Outcome.PLAN, Outcome.QUESTION}
