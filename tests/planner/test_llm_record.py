"""The planner's own record: how an answer came about, as the log keeps it, with digests in the place of texts."""

import hashlib
import json
import re
from decimal import Decimal

import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.canonical import canonical
from signoff.planner import ANSWER_TOKENS, SEED, ActionPlan, Context, Mode, Outcome, RulesPlanner, ScriptedPlanner
from tests.chat_server import MODEL, TOKENS, Answer, Asked, ChatServer, completion, plan, raw
from tests.planner.conftest import KEY, TRANSFER, Ask, Way

REQUEST = "send $150 to Alice"


def sha256(data: bytes) -> str:
    """The digest of *data*."""
    return hashlib.sha256(data).hexdigest()


def prompt_of(asked: Asked) -> str:
    """The digest of what *asked* holds as messages and form of the answer, worked out here."""
    form = asked.body.get("response_format") or asked.body.get("tools")
    sent = {"messages": asked.body["messages"], "form": form}
    return sha256(json.dumps(sent, sort_keys=True, separators=(",", ":")).encode())


def test_a_plan_comes_with_its_record(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way) -> None:
    """Prompt, model, mode, attempts, tokens, time, the raw answer and how it was chosen are all told."""
    answers: list[bytes] = []

    def answer(asked: Asked) -> Answer:
        made = plan(TRANSFER)(asked)
        answers.append(made.body)
        return made

    chat_server.answer(completion({"content": "no"}), answer)
    planned = way(llm(mode, temperature=0.25), REQUEST, dana, [Context(source="page", text="x")])
    record = dict(planned.record)
    assert re.fullmatch(r"[0-9]+\.[0-9]{3}", str(record.pop("seconds")))
    assert record == {
        "planner": "model",
        "model": MODEL,
        "mode": str(mode),
        "narrowed": False,
        "attempts": 2,
        "tokens": 2 * TOKENS,
        "finish": "tool_calls" if mode is Mode.TOOLS else "stop",
        "prompt": prompt_of(chat_server.asked[1]),
        "answer": sha256(answers[0]),
        "temperature": "0.25",
        "seed": SEED,
        "answer_tokens": ANSWER_TOKENS,
    }
    assert canonical(planned.record)


def test_the_prompt_is_the_same_for_the_same_request(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """Its digest depends on what is sent alone: not on the key, the server or the time, and another request has another."""
    chat_server.answer_always(plan(TRANSFER))
    first = llm(mode).plan(REQUEST, dana).record["prompt"]
    assert llm(mode, api_key="sk-another-key").plan(REQUEST, dana).record["prompt"] == first
    assert llm(mode).plan(REQUEST + " ", dana).record["prompt"] != first
    assert llm(mode).plan(REQUEST, dana, [Context(source="page", text="x")]).record["prompt"] != first


@pytest.mark.parametrize(
    ("answer", "outcome", "answered"),
    [
        (completion({"content": "I sent it."}), Outcome.MALFORMED, True),
        (completion({"content": "{}"}, finish_reason="length"), Outcome.TRUNCATED, True),
        (raw({"error": {"message": "no"}}, 500), Outcome.PROVIDER_ERROR, True),
        (raw("", cut=0), Outcome.PROVIDER_ERROR, False),
        (raw("x" * 100, cut=50), Outcome.PROVIDER_ERROR, False),
    ],
    ids=["malformed", "truncated", "error", "nothing", "a part"],
)
def test_a_failure_has_its_record_too(
    llm: Ask, chat_server: ChatServer, dana: Actor, answer: Answer, outcome: Outcome, answered: bool
) -> None:
    """Where no plan came there is the same record; the digest of an answer only where one came whole."""
    chat_server.answer_always(answer)
    planned = llm().plan(REQUEST, dana)
    assert planned.outcome is outcome
    assert planned.record["answer"] == (sha256(answer.body) if answered else None)
    assert planned.record["prompt"] == prompt_of(chat_server.asked[-1])
    assert planned.record["attempts"] == planned.attempts
    assert canonical(planned.record)


def test_a_server_that_is_not_there_has_a_record(llm: Ask, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was sent there is no digest of it."""
    monkeypatch.setenv("HTTP_PROXY", "gopher://localhost")
    record = llm(base_url="http://model.invalid/v1").plan(REQUEST, dana).record
    assert (record["prompt"], record["answer"], record["model"], record["attempts"]) == (None, None, None, 1)


@pytest.mark.parametrize("name", [KEY * 2, "m" * 100_000, "\u202e\x1b[31mgpt\n", "\ud800", 7, None, ["m"], {"m": 1.5}])
def test_a_hostile_server_cannot_spoil_the_record(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, name: object
) -> None:
    """What a server says of itself is cut, made visible and rid of the key, and is left out where it is no text."""
    body = json.loads(plan(TRANSFER)(_asked(mode)).body)
    body |= {"model": name, "usage": {"total_tokens": 10**30}}
    chat_server.answer(raw(json.dumps(body)))
    planned = llm(mode).plan(REQUEST, dana)
    assert planned.plan
    assert len(canonical(planned.record)) < 2_000
    told = json.dumps(planned.record)
    assert KEY not in told
    assert "\\u202e" not in told
    assert (planned.record["model"] is None) is not isinstance(name, str)


def test_a_hostile_count_can_be_stored(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Counts that add up to more than the log's JSON holds are told as the most that it does."""
    chat_server.answer_always(completion({"content": "no"}, tokens=2**53 - 1))
    planned = llm(token_budget=None).plan(REQUEST, dana)
    assert (planned.attempts, planned.tokens, planned.record["tokens"]) == (3, 2**53 - 1, 2**53 - 1)
    assert canonical(planned.record)


def test_the_record_holds_nothing_of_what_was_said(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Neither the request, nor a context, nor the answer, nor the key stands in it: they have places of their own."""
    chat_server.answer(plan(TRANSFER | {"to": "Zebra"}))
    told = json.dumps(llm().plan("send $150 to Zebra", dana, [Context(source="page", text="Giraffe")]).record)
    assert [word for word in ("Zebra", "Giraffe", "150", KEY) if word in told] == []


def test_the_time_is_measured(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """An answer that takes a fifth of a second has taken that long."""
    answer = plan(TRANSFER)(_asked(Mode.JSON_SCHEMA))
    chat_server.answer(raw(answer.body, wait=0.2))
    assert Decimal(str(llm().plan(REQUEST, dana).record["seconds"])) >= Decimal("0.2")


def test_planners_without_a_model_say_what_they_are(registry: Registry, rules: RulesPlanner, dana: Actor) -> None:
    """The rules planner and a script have a record of one word."""
    assert rules.plan("check my balance", dana).record == {"planner": "rules"}
    assert rules.plan("hello", dana).record == {"planner": "rules"}
    scripted = ScriptedPlanner([ActionPlan.of(registry.read({"type": "check_balance"}))])
    assert scripted.plan("check my balance", dana).record == {"planner": "scripted"}


def _asked(mode: Mode) -> Asked:
    return Asked(path="", headers={}, body={"tools": []} if mode is Mode.TOOLS else {})
