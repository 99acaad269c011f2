"""The way to a server and back: every failure of it is told with its reason and its remedy."""

import gzip
import json
import socket
import time

import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.planner import LLMPlanner, Mode, Outcome
from tests.chat_server import ChatServer, plan, raw
from tests.planner.conftest import KEY, TRANSFER, Ask, failed

REQUEST = "send $150 to Alice"


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


@pytest.mark.parametrize("packing", ["gzip", "gzip, gzip", "br", "GZIP", "unheard-of"])
def test_a_packed_answer_is_not_unpacked(llm: Ask, chat_server: ChatServer, dana: Actor, packing: str) -> None:
    """A body that may unpack to any size is refused as it is, and so is one that tells of an error."""
    body = gzip.compress(json.dumps({"choices": [{"message": {"content": '{"question": "Which?"}'}}]}).encode())
    headers = {"Content-Encoding": packing}
    chat_server.answer(raw(body, headers=headers), raw(gzip.compress(b'{"error": "boom"}'), 500, headers=headers))
    assert "is packed although that was not asked for; turn it off" in failed(llm().plan(REQUEST, dana))
    assert failed(llm().plan(REQUEST, dana)).endswith("failed (HTTP 500); try again later")
    assert chat_server.asked[0].headers["accept-encoding"] == "identity"


def test_an_answer_may_say_that_it_is_not_packed(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """`identity` is what was asked for."""
    body = {"choices": [{"message": {"content": '{"question": "Which?"}'}}]}
    chat_server.answer(raw(body, headers={"Content-Encoding": "identity"}))
    assert llm().plan(REQUEST, dana).outcome is Outcome.QUESTION


@pytest.mark.parametrize("headers", [{"Content-Length": "many"}, {"Transfer-Encoding": "chunked"}])
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


@pytest.mark.parametrize("status", [200, 201])
def test_a_whole_answer_is_read(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """An answer that was made for this request is read, whichever of the two statuses says so."""
    chat_server.answer(raw({"choices": [{"message": {"content": '{"question": "Which?"}'}}]}, status))
    assert llm().plan(REQUEST, dana).outcome is Outcome.QUESTION


@pytest.mark.parametrize("status", [202, 203, 204, 206, 207, 226])
def test_a_part_of_an_answer_is_not_read(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """Any other success is a part of an answer, another's version of it, or none at all."""
    chat_server.answer(raw({"choices": [{"message": {"content": '{"question": "Which?"}'}}]}, status))
    assert f"answers with HTTP {status}, which is no whole answer; check OPENAI_BASE_URL" in failed(llm().plan(REQUEST, dana))


@pytest.mark.parametrize("status", [400, 403])
def test_a_filtered_request_is_told_as_one(llm: Ask, chat_server: ChatServer, dana: Actor, status: int) -> None:
    """A server that refuses a request because of its filter says so in the error's code; that is no failure of the server."""
    chat_server.answer(raw({"error": {"message": "The prompt was filtered.", "code": "content_filter"}}, status))
    message = failed(llm().plan(REQUEST, dana), Outcome.FILTERED)
    assert "word the request differently" in message
    assert '"The prompt was filtered."' in message


def test_a_request_that_is_too_long_for_the_model_is_told(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """HTTP 400 with the code for a full context says to ask for less, not to try another form of answer."""
    chat_server.answer(raw({"error": {"message": "2048 tokens at most", "code": "context_length_exceeded"}}, 400))
    message = failed(llm().plan(REQUEST, dana))
    assert "ask for less at once" in message
    assert "SIGNOFF_MODE" not in message


@pytest.mark.parametrize(("name", "scheme"), [("HTTP_PROXY", "http"), ("ALL_PROXY", "http"), ("HTTPS_PROXY", "https")])
def test_a_proxy_that_does_not_answer_is_named(
    llm: Ask, dana: Actor, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    """Where the connection fails on the way over a proxy, the variable that names the proxy is told, and no password of it."""
    monkeypatch.setenv(name, "http://ann:proxy-pass-1@127.0.0.1:9")
    message = failed(llm(base_url=f"{scheme}://model.invalid/v1").plan(REQUEST, dana))
    assert f"the way leads over {name}: check it, and NO_PROXY" in message
    assert "proxy-pass-1" not in message
    monkeypatch.setenv("NO_PROXY", "model.invalid")
    assert name not in failed(llm(base_url=f"{scheme}://model.invalid/v1").plan(REQUEST, dana))


@pytest.mark.parametrize("host", ["a..b", "a" * 300])
def test_a_host_that_is_no_name_is_told(llm: Ask, dana: Actor, host: str) -> None:
    """A name that cannot be looked up at all is a failure with a remedy, and no error of ours."""
    assert "OPENAI_BASE_URL right?" in failed(llm(base_url=f"http://{host}/v1").plan(REQUEST, dana))


def test_what_cannot_be_sent_is_told(llm: Ask, chat_server: ChatServer, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clients fail before anything is sent, that is told too."""
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Name: Zo\u00eb \u0410")
    planned = llm().plan(REQUEST, dana)
    assert "the model could not be asked: UnicodeEncodeError; unset OPENAI_CUSTOM_HEADERS" in failed(planned)
    assert chat_server.asked == []
