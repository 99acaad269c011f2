"""LLMPlanner where no answer comes: every failure of the way there and back is told with its reason and its remedy."""

import base64
import gzip
import logging
import socket
import time
import traceback

import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import PlanInvalid
from signoff.planner import LLMPlanner, Mode, Outcome, Planned
from tests.chat_server import TOKENS, ChatServer, completion, plan, question, raw, refusal, written
from tests.planner.conftest import KEY, TRANSFER, Ask

REQUEST = "send $150 to Alice"


def failed(planned: Planned, outcome: Outcome = Outcome.PROVIDER_ERROR) -> str:
    """The message of an answer without a plan, once it is one line with no secret and nothing hidden in it."""
    assert (planned.outcome, planned.plan) == (outcome, None)
    assert planned.message.isprintable()
    assert len(planned.message) < 700
    assert KEY not in repr(planned)
    return planned.message


@pytest.mark.parametrize(
    ("status", "body", "parts"),
    [
        (
            400,
            {"error": {"message": "Unknown parameter: 'tools'."}},
            ["refuses the request (HTTP 400)", "Unknown", "SIGNOFF_MODE"],
        ),
        (401, {"error": {"message": f"Incorrect API key: {KEY}."}}, ["(HTTP 401)", "Incorrect API key: ***.", "OPENAI_API_KEY"]),
        (402, {"error": "Insufficient balance"}, ["(HTTP 402)", '"Insufficient balance"', "account"]),
        (403, {"detail": "Country not supported"}, ["(HTTP 403)", '"Country not supported"']),
        (404, {"message": "model not found"}, ["(HTTP 404)", '"model not found"', "SIGNOFF_MODEL", "/v1"]),
        (405, "", ["(HTTP 405)", "/v1"]),
        (413, {"error": None}, ["(HTTP 413)", "ask for less"]),
        (418, {"error": {"message": {"deep": [1]}}}, ["(HTTP 418)", "OPENAI_BASE_URL"]),
        (422, {"detail": [{"msg": "x"}]}, ["(HTTP 422)", "SIGNOFF_MODE"]),
        (429, {"error": {"message": "You exceeded your current quota"}}, ["(HTTP 429)", "quota", "wait"]),
        (500, "<html><body>Internal Server Error</body></html>", ["failed (HTTP 500)", "try again later"]),
        (503, {"error": {"message": "a\nb\u202e\x1b[31mc"}}, ["failed (HTTP 503)", "a b\\u{202e}\\u{1b}[31mc"]),
        (529, b"\xff\xfe", ["failed (HTTP 529)"]),
    ],
)
def test_a_refused_request_is_told(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, status: int, body: object, parts: list[str]
) -> None:
    """An HTTP status that is no success names the server, the status, what it said, and what to do; it is asked once."""
    chat_server.answer_always(raw(body, status))
    planned = llm(mode).plan(REQUEST, dana)
    message = failed(planned)
    assert message.startswith(f"127.0.0.1:{chat_server.port} ")
    assert [part for part in parts if part not in message] == []
    assert (len(chat_server.asked), planned.attempts, planned.tokens) == (1, 1, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """Neither the request nor the key goes anywhere but to the server that was named."""
    with ChatServer().running() as elsewhere:
        elsewhere.answer_always(plan(TRANSFER))
        chat_server.answer(raw("", status, headers={"Location": f"{elsewhere.url}/chat/completions"}))
        message = failed(llm().plan(REQUEST, dana))
        assert elsewhere.asked == []
    assert f"sends us elsewhere (HTTP {status}); that is not followed" in message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!DOCTYPE html><html><body>Welcome</body></html>", "answers with a web page; check OPENAI_BASE_URL"),
        ("", "something that is no JSON"),
        ("I sent the money.", "something that is no JSON"),
        ('{"choices": [{"mess', "something that is no JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        ("[" * 100_000, "something that is no JSON"),
        ('{"choices": ' * 40 + "1" + "}" * 40, "something that is no JSON"),
        ("9" * 10_000, "something that is no JSON"),
        ({"error": {"message": "upstream is down", "code": 502}}, "upstream is down"),
        ({"error": {"code": 502}}, "the server reports an error"),
    ],
)
def test_an_answer_that_is_none_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, body: object, said: str) -> None:
    """A success whose body is no JSON, or tells of an error, is a failure of the server."""
    chat_server.answer(raw(body))
    assert said in failed(llm().plan(REQUEST, dana))


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], 1, "text", {"choices": None}, {"choices": []}, {"choices": {}}, {"choices": "none"}),
        *({"choices": [None]}, {"choices": [1]}, {"choices": [{}]}, {"choices": [{"message": None}]}),
        *({"choices": [{"message": {"tool_calls": 1}}]}, {"choices": [{"message": {"tool_calls": [None]}}]}),
        *({"choices": [{"message": {"tool_calls": [{"function": None}]}}]}, {"choices": [{"message": {"content": ["{}"]}}]}),
        *({"choices": [{"finish_reason": 7, "message": {"refusal": 7}}], "usage": "much"}, {"object": "response", "output": []}),
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "plan", "arguments": {"actions": []}}}]}}]},
        {"choices": [{"message": {"function_call": {"name": "plan", "arguments": "{}"}}}]},
    ],
    ids=str,
)
def test_a_wrong_shape_is_malformed(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, body: object) -> None:
    """JSON of whatever shape that is no chat completion with one answer is malformed, and breaks nothing."""
    chat_server.answer_always(raw(b'"text"' if body == "text" else body))
    assert failed(llm(mode).plan(REQUEST, dana), Outcome.MALFORMED)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        *(("length", Outcome.TRUNCATED), ("max_tokens", Outcome.TRUNCATED), ("content_filter", Outcome.FILTERED)),
        *(("SAFETY", Outcome.FILTERED), ("error", Outcome.PROVIDER_ERROR)),
    ],
)
def test_a_stopped_answer_is_not_used(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, reason: str, outcome: Outcome
) -> None:
    """An answer that was cut off or filtered is not used, even where what is there reads as a whole plan."""
    whole = '{"actions": [{"type": "check_balance", "needs": []}]}'
    call = {"id": "1", "type": "function", "function": {"name": "plan", "arguments": whole}}
    chat_server.answer(completion({"content": whole, "tool_calls": [call]}, finish_reason=reason))
    planned = llm(mode).plan(REQUEST, dana)
    failed(planned, outcome)
    assert (planned.attempts, planned.tokens) == (1, TOKENS)


def test_a_stream_is_not_used(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """A server that streams although nobody asked gives no plan: the end of a cut stream looks like the end of a whole one."""
    delta = {"choices": [{"index": 0, "delta": {"content": '{"actions": []}'}, "finish_reason": "stop"}]}
    chat_server.answer(raw(f"data: {raw(delta).body.decode()}\n\ndata: [DONE]\n\n", content_type="text/event-stream"))
    assert "a stream although none was asked for" in failed(llm().plan(REQUEST, dana), Outcome.MALFORMED)


@pytest.mark.parametrize("cut", [0, 1, 200])
def test_a_broken_connection_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, cut: int) -> None:
    """A connection that breaks before the answer is whole is a failure, whatever came."""
    answer = plan(TRANSFER)
    chat_server.answer(lambda asked: raw(answer(asked).body, cut=cut))
    assert "no answer from 127.0.0.1" in failed(llm().plan(REQUEST, dana))


@pytest.mark.parametrize(("wait", "drip"), [(20, 0), (0, 0.05)])
def test_waiting_ends(llm: Ask, chat_server: ChatServer, dana: Actor, wait: float, drip: float) -> None:
    """A server that says nothing, or a byte now and then, is waited for as long as was said."""
    chat_server.answer(raw(" " * 1_000, wait=wait, drip=drip))
    started = time.monotonic()
    message = failed(llm(timeout=0.3).plan(REQUEST, dana))
    assert time.monotonic() - started < 5
    assert "within 0.3 seconds; try again, or raise SIGNOFF_MODEL_TIMEOUT" in message


@pytest.mark.parametrize("status", [200, 500])
def test_a_huge_answer_is_not_read(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """Fifty megabytes are given up after the first few, whatever the status."""
    chat_server.answer(raw(b" " * 50_000_000, status))
    assert ("is larger than 4,194,304 bytes" if status == 200 else "HTTP 500") in failed(llm().plan(REQUEST, dana))


def test_a_packed_answer_is_bounded_unpacked(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """A few bytes that unpack to many are given up like many bytes; nobody was asked to pack them."""
    packed = gzip.compress(b" " * 50_000_000)
    chat_server.answer(raw(packed, headers={"Content-Encoding": "gzip"}))
    assert "is larger than 4,194,304 bytes" in failed(llm().plan(REQUEST, dana))
    assert chat_server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Length": "many"}, {"Transfer-Encoding": "chunked"}])
def test_nonsense_in_headers_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, headers: dict[str, str]) -> None:
    """Headers that do not fit the body are a failure of the server."""
    chat_server.answer(raw({"choices": []}, headers=headers))
    assert "no answer from 127.0.0.1" in failed(llm().plan(REQUEST, dana))


def test_nobody_there_is_told(registry: Registry, dana: Actor) -> None:
    """A port that nobody listens at, and a name that does not exist, are told by name."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for host in (f"127.0.0.1:{port}", "nobody.invalid"):
        planned = LLMPlanner(registry, model="m", base_url=f"http://{host}/v1", api_key=KEY, timeout=10).plan(REQUEST, dana)
        assert failed(planned).startswith(f"no answer from {host}: ")


def test_a_server_may_need_no_key(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """Where there is a base URL and no key, a word in its place is sent, as such servers want it."""
    chat_server.answer(plan(TRANSFER))
    assert llm(api_key=None).plan(REQUEST, dana).plan
    assert chat_server.asked[0].headers["authorization"] == "Bearer none"


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


def test_only_settings_read_the_environment(
    llm: Ask, chat_server: ChatServer, dana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What OpenAI's client finds in the environment by itself is not sent, nor may it name another server or key."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://nobody.invalid/v1")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer sk-custom\nX-Custom: 1\nHost: nobody.invalid")
    chat_server.answer(plan(TRANSFER), plan(TRANSFER))
    assert llm().plan(REQUEST, dana).plan
    assert llm(api_key=None).plan(REQUEST, dana).plan
    with_key, without = (asked.headers for asked in chat_server.asked)
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert without["authorization"] == "Bearer none"
    assert not {"openai-organization", "openai-project", "x-custom"} & with_key.keys()
    assert not [name for name in with_key if name.startswith("x-")]
    assert with_key["host"] == f"127.0.0.1:{chat_server.port}"


def test_a_proxy_is_used_as_everywhere(llm: Ask, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY names the way to the server, as for other programs: companies often have no other."""
    with ChatServer().running() as proxy:
        proxy.answer(plan(TRANSFER))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert llm(base_url="http://model.invalid/v1").plan(REQUEST, dana).plan
        assert proxy.asked[0].headers["host"] == "model.invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "gopher://ann:p4ss@localhost"),
        ("ALL_PROXY", "socks5://ann:p4ss@localhost"),
        ("SSL_CERT_FILE", "/no/such/file"),
    ],
)
def test_a_way_that_cannot_be_used_is_told(llm: Ask, dana: Actor, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A proxy or a certificate that cannot be used is a failure like others, told without its password."""
    monkeypatch.setenv(name, value)
    message = failed(llm(base_url="https://model.invalid/v1").plan(REQUEST, dana))
    assert message.startswith("no way to model.invalid (")
    assert name in message
    assert "p4ss" not in message


@pytest.mark.parametrize("status", [200, 201, 203])
def test_any_success_is_one(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """A plan that comes with another status of success is a plan; one without a body is none."""
    chat_server.answer(raw({"choices": [{"message": {"content": '{"question": "Which?"}'}}]}, status), raw("", 204))
    assert llm().plan(REQUEST, dana).outcome is Outcome.QUESTION
    assert "something that is no JSON" in failed(llm().plan(REQUEST, dana))


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


def test_what_cannot_be_sent_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clients fail before anything is sent, that is told too."""
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Name: Zo\u00eb \u0410")
    planned = llm().plan(REQUEST, dana)
    assert "the model could not be asked: UnicodeEncodeError" in failed(planned)
    assert chat_server.asked == []
