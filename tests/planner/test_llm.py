"""LLMPlanner over the real clients and a server on this machine: what is sent, and what an answer becomes."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from signoff.actions import Registry, action
from signoff.actor import Actor
from signoff.errors import PlanInvalid, UsageError
from signoff.planner import ActionPlan, LLMPlanner, Mode, Outcome, Planner, read_plan
from signoff.planner.wire import wire_schema
from tests.chat_server import MODEL, TOKENS, ChatServer, completion, plan, question, raw, refusal, wire, written
from tests.planner.conftest import KEY, TRANSFER, Ask

REQUEST = "send $150 to Alice"


@pytest.fixture
def transfer(registry: Registry) -> ActionPlan:
    """150.00 USD to Alice."""
    return read_plan('{"actions": [{"type": "transfer", "to": "Alice", "amount": "150.00", "needs": []}]}', registry)


def test_a_plan_comes_back(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, transfer: ActionPlan) -> None:
    """A plan in the wire form becomes an ActionPlan, with who planned, the model, the attempts and the tokens."""
    chat_server.answer(plan(TRANSFER))
    planner: Planner = llm(mode)
    planned = planner.plan(REQUEST, dana)
    assert planned.plan == transfer
    assert planned.planner == f"model {MODEL} at 127.0.0.1:{chat_server.port}"
    assert (planned.outcome, planned.model, planned.attempts, planned.tokens) == (Outcome.PLAN, MODEL, 1, TOKENS)


def test_a_question_comes_back(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A model may ask, and what it asks is the message."""
    chat_server.answer(question("To whom?"))
    planned = llm(mode).plan("send $150", dana)
    assert (planned.outcome, planned.message) == (Outcome.QUESTION, "To whom?")


def test_a_refusal_comes_back(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A model may refuse, in the wire form or as the API's own refusal."""
    chat_server.answer(refusal("That is theft."), completion({"content": None, "refusal": "I cannot help with that."}))
    first, second = (llm(mode).plan(REQUEST, dana) for _ in range(2))
    assert (first.outcome, first.message) == (Outcome.REFUSAL, 'the model refuses: "That is theft."')
    assert (second.outcome, second.message) == (Outcome.REFUSAL, 'the model refuses: "I cannot help with that."')


def test_what_is_sent_is_listed(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, registry: Registry) -> None:
    """One POST carries the model, two messages, the form of the answer, how it is chosen, and the headers that are needed."""
    chat_server.answer(plan(TRANSFER))
    llm(mode).plan(REQUEST, dana)
    (asked,) = chat_server.asked
    form = {"tools", "tool_choice"} if mode is Mode.TOOLS else {"response_format"}
    assert asked.path == "/v1/chat/completions"
    assert asked.body.keys() == {"model", "messages", "temperature", "seed", "max_tokens"} | form
    assert asked.body["model"] == MODEL
    assert asked.headers.keys() == {
        *("accept", "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent")
    }
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    if mode is Mode.JSON:
        assert asked.body["response_format"] == {"type": "json_object"}
    else:
        strict = asked.body["tools"][0]["function"] if mode is Mode.TOOLS else asked.body["response_format"]["json_schema"]
        assert (strict["name"], strict["strict"]) == ("plan", True)
    assert asked.schema == wire_schema(registry)


def test_the_schema_is_told_where_the_server_is_not_given_it(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """In JSON mode, and only there, the instructions hold the schema; they always hold the word that servers look for."""
    chat_server.answer(plan(TRANSFER))
    llm(mode).plan(REQUEST, dana)
    instructions = chat_server.asked[0].body["messages"][0]["content"]
    assert ("The JSON schema of the answer:" in instructions) is (mode is Mode.JSON)
    assert "JSON" in instructions


def test_the_request_is_sent_as_it_is(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """The user's text is one message of its own, character for character: no template in it is rendered."""
    text = "  send {{ 7*7 }} {% raw %} {user} %s \\n\t $5 to Zoë \U0001f600 http://x/y.png \n"
    chat_server.answer(plan(TRANSFER))
    llm(mode).plan(text, dana)
    system, user = chat_server.asked[0].body["messages"]
    assert user == {"role": "user", "content": text}
    assert system["role"] == "system"
    assert "7*7" not in system["content"]


def test_instructions_are_the_same_for_all(llm: Ask, chat_server: ChatServer) -> None:
    """What a model is told beside the request depends on the registry alone, and names every action."""
    chat_server.answer_always(plan(TRANSFER))
    for who, text in (("dana", "send $150 to Alice"), ("mira", "send $1 to Bob")):
        llm().plan(text, Actor(id=who))
    first, second = (asked.body["messages"][0]["content"] for asked in chat_server.asked)
    assert first == second
    assert all(f"- {type_}: " in first for type_ in ("check_balance", "deposit", "withdraw", "transfer", "pay_bill"))


def test_a_malformed_answer_is_mended(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, transfer: ActionPlan) -> None:
    """A model that answers wrongly is asked again, with what was wrong; attempts and tokens count both."""
    chat_server.answer(plan(TRANSFER | {"amount": 150.5}), plan(TRANSFER))
    planned = llm(mode).plan(REQUEST, dana)
    assert planned.plan == transfer
    assert (planned.attempts, planned.tokens) == (2, 2 * TOKENS)
    asked = chat_server.asked[1].body["messages"]
    assert [message["role"] for message in asked[:2]] == ["system", "user"]
    assert "150.5" in json.dumps(asked[2])
    assert "`amount` must be a decimal written as text" in asked[-1]["content"]


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_attempts_are_bounded(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, retries: int) -> None:
    """A model is asked again as often as was said, and the last answer is told as what it is."""
    chat_server.answer_always(completion({"content": "I sent $150 to Alice!"}))
    planned = llm(mode, max_retries=retries).plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert len(chat_server.asked) == planned.attempts == retries + 1
    assert planned.tokens == (retries + 1) * TOKENS
    times = "1 attempt" if not retries else f"{retries + 1} attempts"
    assert planned.message == (
        f'no valid plan came in {times}: the model wrote text and made no plan; it wrote: "I sent $150 to Alice!"'
    )


def test_tokens_are_counted_where_the_server_counts(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """An answer without a count adds none, and without any count there is none."""
    chat_server.answer(completion({"content": "{}"}, tokens=None), plan(TRANSFER))
    assert llm().plan(REQUEST, dana).tokens == TOKENS
    chat_server.answer(completion({"content": "{}"}, tokens=None))
    assert llm(max_retries=0).plan(REQUEST, dana).tokens is None


@pytest.mark.parametrize("total", ["30", True, -1, 2**53, 1.5, None, [30]])
def test_only_counts_are_counted(llm: Ask, chat_server: ChatServer, dana: Actor, total: object) -> None:
    """A total of tokens that is no count is left out."""
    answer = json.loads(completion({"content": '{"actions": [], "question": "Which?"}'}).body)
    chat_server.answer(raw(answer | {"usage": {"total_tokens": total}}))
    planned = llm().plan(REQUEST, dana)
    assert (planned.outcome, planned.tokens) == (Outcome.QUESTION, None)


def test_null_is_not_given(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """Null for a field with a default is the default; for a field without one it is a mistake."""
    chat_server.answer(plan({"type": "pay_bill", "biller": "Acme", "amount": None, "currency": None, "from": None}))
    planned = llm(mode).plan("pay my Acme bill", dana)
    assert planned.plan
    assert planned.plan.actions[0].action.wire() == {
        "type": "pay_bill", "biller": "Acme", "amount": None, "currency": "USD", "from": "checking"
    }  # fmt: skip
    chat_server.answer(plan(TRANSFER | {"to": None}))
    planned = llm(mode, max_retries=0).plan(REQUEST, dana)
    assert "action 1 (transfer): `to` must be text" in planned.message


def test_own_actions_are_planned(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A registry of one's own is all that is needed: its schema is sent, and its actions come back."""

    @action
    def remind(who: str, tags: tuple[str, ...] = (), urgent: bool | None = None) -> None:
        """Remind somebody."""

    chat_server.answer(plan({"type": "remind", "who": "Ann", "tags": ["a", "b"], "urgent": None}))
    planned = llm(mode, registry=Registry(remind)).plan("remind Ann", dana)
    assert planned.plan == ActionPlan.of(remind.model_validate({"who": "Ann", "tags": ("a", "b")}))
    (entry,) = chat_server.asked[0].schema["properties"]["actions"]["items"]["anyOf"]
    assert entry["required"] == ["type", "who", "tags", "urgent", "needs"]


@pytest.mark.parametrize("beside", ["", "I sent the money!", "I'll plan that.", None])
def test_text_beside_a_tool_call_changes_nothing(llm: Ask, chat_server: ChatServer, dana: Actor, beside: str | None) -> None:
    """What a model says beside its tool call is no part of the plan, nor is an empty refusal one."""
    call = {
        "id": "",
        "type": "function",
        "function": {"name": "plan", "arguments": json.dumps({"actions": [TRANSFER | {"needs": []}]})},
    }
    chat_server.answer(completion({"content": beside, "refusal": "", "tool_calls": [call]}, finish_reason=""))
    assert llm(Mode.TOOLS).plan(REQUEST, dana).outcome is Outcome.PLAN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"actions": [], "question": null, "refusal": null}', "the answer holds nothing"),
        ('{"actions": [{"type": "check_balance", "needs": []}], "question": "Sure?"}', "holds question beside something else"),
        ('{"actions": [], "question": "Sure?", "refusal": "No"}', "holds question and refusal beside something else"),
        ('{"actions": [], "question": "Sure?", "done": true}', "holds question beside something else"),
        ('{"actions": [], "question": ["Sure?"]}', "`question` must be text or null"),
        ('{"question": "a", "question": "b"}', "holds question beside something else"),
        ('{"actions": [], "actions": [{"type": "check_balance", "needs": []}]}', "`actions` is written twice"),
        ("[]", "the plan is not a JSON object"),
    ],
)
def test_an_answer_is_one_thing(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, text: str, problem: str) -> None:
    """Actions, a question or a refusal: both, neither, or one of them written twice is no answer."""
    chat_server.answer(written(text))
    planned = llm(mode, max_retries=0).plan(REQUEST, dana)
    assert planned.outcome is Outcome.MALFORMED
    assert problem in planned.message


def test_a_bad_request_is_not_sent(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """A request that is empty, too long or no text is refused before anybody is asked."""
    for text in ("", " \n", "a" * 10_001, "send $5 to \ud800"):
        with pytest.raises(PlanInvalid):
            llm().plan(text, dana)
    assert chat_server.asked == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"model": " "}, "SIGNOFF_MODEL"),
        ({"model": "m" * 201}, "SIGNOFF_MODEL"),
        ({"model": "m\u202e"}, "SIGNOFF_MODEL"),
        ({"model": "m\ud800"}, "SIGNOFF_MODEL"),
        ({"timeout": 0}, "SIGNOFF_MODEL_TIMEOUT"),
        ({"max_retries": -1}, "asked again"),
        ({"max_retries": 11}, "asked again"),
        ({"base_url": "localhost:11434"}, "OPENAI_BASE_URL"),
        ({"base_url": "ftp://localhost/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://localhost:port/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://[::1/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://[v1.x]/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://1.2.3.400/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://a b/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://<host>/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://a%20b/v1"}, "OPENAI_BASE_URL"),
        ({"base_url": "http://localhost/" + "a" * 70_000}, "OPENAI_BASE_URL"),
        ({"base_url": "http://localhost/v1?code=" + "a" * 70_000}, "OPENAI_BASE_URL"),
        ({"registry": Registry()}, "holds no action"),
        ({"base_url": None, "api_key": None}, "OPENAI_API_KEY"),
        ({"api_key": "sk-one sk-two"}, "OPENAI_API_KEY"),
        ({"api_key": "sk-\u043e"}, "OPENAI_API_KEY"),
        ({"api_key": "sk-a\nX-Evil: 1"}, "OPENAI_API_KEY"),
    ],
)
def test_what_cannot_work_is_wrong_use(llm: Ask, options: dict[str, object], problem: str) -> None:
    """Options that no request could be sent with are refused at once, by the name that they have in the environment."""
    with pytest.raises(UsageError, match=problem) as caught:
        llm(**options)
    assert "sk-" not in str(caught.value)


def test_openai_is_asked_where_no_server_is_named(registry: Registry) -> None:
    """Without a base URL the server is OpenAI's, and the label says so."""
    assert LLMPlanner(registry, model="gpt-x", api_key=KEY).label == "model gpt-x at api.openai.com"


def test_one_planner_serves_many_threads(llm: Ask, chat_server: ChatServer, mode: Mode) -> None:
    """Requests that are planned at the same time do not see each other's answers."""
    chat_server.answer_always(lambda asked: wire({"actions": [], "question": f"{asked.words}?"})(asked))
    planner = llm(mode)
    with ThreadPoolExecutor(8) as pool:
        planned = list(pool.map(lambda number: planner.plan(f"request {number}", Actor(id="dana")), range(40)))
    assert [one.message for one in planned] == [f"request {number}?" for number in range(40)]


ASK = """
import sys
import time
from signoff import Actor
from signoff.actions import bank_registry
from signoff.planner import LLMPlanner
planner = LLMPlanner(bank_registry(), model="m", base_url=sys.argv[1])
try:
    planner.plan("send $5 to Alice", Actor(id="dana"))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_passes(chat_server: ChatServer) -> None:
    """Ctrl-C while the model thinks ends the call at once, and is no outcome of it."""
    chat_server.answer(raw(b"", wait=30))
    with subprocess.Popen(
        [sys.executable, "-c", ASK, chat_server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not chat_server.asked and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err) == (b"interrupted\n", b"")
