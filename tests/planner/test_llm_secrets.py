"""LLMPlanner and what is secret: the key, the password and the query go to the server, and are shown nowhere."""

import base64
import json
import logging
import subprocess
import sys
import traceback

import pytest

from signoff.actions import Registry, Secret, action
from signoff.actor import Actor
from signoff.errors import PlanInvalid
from signoff.planner import LLMPlanner, Mode, Outcome
from tests.chat_server import Answer, ChatServer, Script, completion, plan, question, raw, refusal, tool_calls, wire, written
from tests.planner.conftest import KEY, TRANSFER, Ask, failed

REQUEST = "send $150 to Alice"
ESCAPED = "\\u0073" + KEY[1:]  # as JSON may have it
ASK = """
import sys
from signoff import Actor
from signoff.actions import bank_registry
from signoff.planner import LLMPlanner
planner = LLMPlanner(bank_registry(), model="m", base_url=sys.argv[1], api_key=sys.argv[2])
print(planner.plan("check my balance", Actor(id="dana")).outcome)
"""


@pytest.fixture
def reminders() -> Registry:
    """An action with two texts."""

    @action
    def remind(what: str, day: str) -> None:
        """Remind somebody."""

    return Registry(remind)


def test_a_password_in_the_address_is_kept(registry: Registry, chat_server: ChatServer, dana: Actor) -> None:
    """User and password in a base URL are sent as HTTP has it, and shown nowhere; a query goes with every request."""
    url = f"http://ann:p%40ss-word@127.0.0.1:{chat_server.port}/v1?api-version=7-secret"
    planner = LLMPlanner(registry, model="m", base_url=url, api_key=KEY)
    chat_server.answer(plan(TRANSFER), raw({"error": {"message": "wrong: p@ss-word 7-secret p%40ss-word"}}, 401))
    planned, refused = planner.plan(REQUEST, dana), planner.plan(REQUEST, dana)
    assert planned.plan
    (asked, _) = chat_server.asked
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"ann:p@ss-word").decode()
    assert asked.path == "/v1/chat/completions?api-version=7-secret"
    assert '"wrong: *** *** ***"' in failed(refused)
    for shown in (repr(planner), repr(vars(planner)), repr(planned), repr(refused)):
        assert not [secret for secret in ("p@ss", "p%40", "7-secret", KEY) if secret in shown]


def test_what_is_sent_of_secrets_is_hidden_as_it_is_sent(registry: Registry, chat_server: ChatServer, dana: Actor) -> None:
    """A server that repeats the header or the address that it got, to their letters, gets neither into a message."""
    header = base64.b64encode(b"ann:p@ss-word").decode()
    url = f"http://ann:p%40ss-word@127.0.0.1:{chat_server.port}/v1?code=secret%2Fone&secret-two"
    said = f"Authorization: Basic {header}; POST /v1?code=secret%2Fone&secret-two; code is secret/one"
    chat_server.answer(raw({"error": {"message": said}}, 401), plan(TRANSFER | {"to": header}))
    planner = LLMPlanner(registry, model="m", base_url=url)
    assert '"Authorization: Basic ***; POST /v1?code=***&***; code is ***"' in failed(planner.plan(REQUEST, dana))
    assert planner.plan(REQUEST, dana).outcome is Outcome.MALFORMED


def test_a_secret_that_begins_with_another_is_hidden_whole(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Where the query holds a longer secret that the key is the beginning of, no end of it is left over."""
    chat_server.answer(raw({"error": {"message": f"wrong: {KEY}-and-more"}}, 401))
    assert '"wrong: ***"' in failed(llm(base_url=f"{chat_server.url}?code={KEY}-and-more").plan(REQUEST, dana))


def test_the_key_leaks_nowhere(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that sends the key back in every place gets it into no message, no log and no error's traceback."""
    caplog.set_level(logging.DEBUG)
    planner = llm(mode)
    headers = {"X-Key": KEY, "X-Request-Id": KEY}
    chat_server.answer(raw({"error": {"message": KEY * 3}}, 401, headers=headers))
    chat_server.answer(raw(f"<html>{KEY}", headers=headers))
    chat_server.answer(completion({"refusal": f"Your key is {KEY}"}))
    chat_server.answer(*[completion({"content": f"Your key is {KEY}"})] * 3)
    chat_server.answer(question(f"Is {KEY} your key?"), refusal(KEY), written(f'{{"question": "\\u{ord(KEY[0]):04x}{KEY[1:]}"}}'))
    chat_server.answer(plan(TRANSFER | {"to": KEY}))
    for _ in range(8):
        assert KEY not in repr(planner.plan(REQUEST, dana))
    assert KEY not in repr(planner)
    assert KEY not in repr(vars(planner))
    ours = [record for record in caplog.records if record.name.partition(".")[0] in ("instructor", "openai", "httpx2")]
    assert ours
    assert not [record for record in ours if KEY in record.getMessage()]
    with pytest.raises(PlanInvalid) as caught:
        planner.plan("", dana)
    inside = caught.tb.tb_next  # without this test's own variables
    told = traceback.TracebackException(caught.type, caught.value, inside, capture_locals=True)
    assert KEY not in "".join(told.format())


@pytest.mark.parametrize("query", ["api-version=2024-10-21", "day=2024-10-21&other=pay+the+rent"])
def test_no_plan_is_altered(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, reminders: Registry, query: str) -> None:
    """A plan that holds a value of the query, which is no secret, comes back as the model wrote it."""
    entry = {"type": "remind", "what": "pay the rent", "day": "2024-10-21"}
    chat_server.answer(plan(entry))
    planned = llm(mode, registry=reminders, base_url=f"{chat_server.url}?{query}").plan(REQUEST, dana)
    assert planned.plan
    assert planned.plan.actions[0].action.wire() == entry


@pytest.mark.parametrize(
    "answer",
    [
        plan(TRANSFER | {"to": KEY}),
        plan(TRANSFER | {"to": f"Alice {KEY}."}),
        written(json.dumps({"actions": [TRANSFER | {"needs": [], "to": KEY}]}).replace(KEY, ESCAPED)),
    ],
    ids=["alone", "in a text", "escaped"],
)
def test_a_plan_that_repeats_the_key_is_none(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, answer: Script) -> None:
    """A plan that would store the key is refused, however the key is written in it, and is not sent back to be mended."""
    chat_server.answer(answer)
    planned = llm(mode).plan(REQUEST, dana)
    assert (planned.outcome, planned.attempts) == (Outcome.MALFORMED, 1)
    assert planned.message == "no valid plan came in 1 attempt: the answer repeats the key"


def test_a_plan_that_repeats_the_password_is_none(registry: Registry, chat_server: ChatServer, dana: Actor) -> None:
    """The password of a base URL counts as the key does, as it is and as it is written in the URL."""
    url = chat_server.url.replace("//", "//ann:p%C3%A4ss%22word@")
    planner = LLMPlanner(registry, model="m", base_url=url)
    for payee in ('p\u00e4ss"word', "p%C3%A4ss%22word"):
        chat_server.answer(plan(TRANSFER | {"to": payee}))
        planned = planner.plan(REQUEST, dana)
        assert (planned.outcome, planned.plan) == (Outcome.MALFORMED, None)
        assert planned.message.endswith("the answer repeats the key")


@pytest.mark.parametrize("key", ["ollama", "EMPTY", "none", "a"])
def test_a_placeholder_for_a_key_is_no_secret(llm: Ask, chat_server: ChatServer, dana: Actor, key: str) -> None:
    """A short word that a server wants in the place of a key is hidden nowhere: it stands in many texts by chance."""
    planner = llm(api_key=key, model=f"{key}/llama")
    asked = f"A beautiful day; which {key} account?"
    chat_server.answer(question(asked), plan(TRANSFER | {"to": key}), raw({"error": {"message": asked}}, 500))
    assert planner.label.startswith(f"model {key}/llama at 127.0.0.1")
    assert planner.plan(REQUEST, dana).message == asked
    planned = planner.plan(REQUEST, dana)
    assert planned.plan
    assert planned.plan.actions[0].action.wire()["to"] == key
    assert f'"{asked}"' in planner.plan(REQUEST, dana).message


@pytest.mark.parametrize(
    "answer",
    [
        completion({"content": f"Your key is {KEY}"}),
        tool_calls(("plan", "{}"), (KEY, KEY)),
        wire({"actions": [{"type": KEY, "needs": []}], KEY: 1}),
    ],
    ids=["text", "calls", "keys"],
)
def test_the_key_is_not_sent_back(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, answer: Script | Answer) -> None:
    """What a model is shown of its own answer, and of what was wrong with it, does not hold the key."""
    chat_server.answer_always(answer)
    assert llm(mode).plan(REQUEST, dana).attempts == 3
    assert [asked for asked in chat_server.asked if KEY in json.dumps(asked.body)] == []


@pytest.mark.parametrize("level", ["debug", "info"])
def test_the_clients_log_no_secret(chat_server: ChatServer, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_LOG, which makes OpenAI's client say what it sends, shows neither key nor password nor query."""
    monkeypatch.setenv("OPENAI_LOG", level)
    url = chat_server.url.replace("//", "//ann:pass-secret@") + "?code=query-secret"
    chat_server.answer_always(plan({"type": "check_balance", "account": None}))
    command = [sys.executable, "-c", ASK, url, KEY]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "plan\n"
    assert "POST http" in ran.stderr
    assert [secret for secret in (KEY, "pass-secret", "query-secret") if secret in ran.stderr] == []
    assert chat_server.asked[0].path.endswith("?code=query-secret")


def test_a_query_goes_over_a_proxy_too(llm: Ask, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The query is sent with every request, whichever way it takes."""
    with ChatServer().running() as proxy:
        proxy.answer(plan(TRANSFER))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert llm(base_url="http://model.invalid/v1?code=a%20b").plan(REQUEST, dana).plan
        assert proxy.asked[0].path == "http://model.invalid/v1/chat/completions?code=a%20b"


def test_a_secret_that_the_model_writes_is_not_repeated(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A model that writes a value where a reference belongs is asked again, and what it wrote is not shown."""

    @action
    def log_in(password: Secret) -> None:
        """Log in."""

    registry = Registry(log_in)
    answers = [plan({"type": "log_in", "password": value, "needs": []}) for value in ("hunter2-hunter2", {"secret": "BANK"})]
    chat_server.answer(answers[0], answers[1], *[answers[0]] * 4)
    planned = llm(mode, registry=registry).plan("log in", dana)
    assert planned.plan is not None
    assert planned.plan.actions[0].action.wire() == {"type": "log_in", "password": {"secret": "BANK"}}
    message = failed(llm(mode, registry=registry).plan("log in", dana), Outcome.MALFORMED)
    assert "`password`" in message
    assert "hunter2" not in message
