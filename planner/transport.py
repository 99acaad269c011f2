"""The way to a server and back: what leaves is listed, what comes in is bounded, and every failure says what to do about it."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from socket import SHUT_RDWR
from ssl import SSLContext
from threading import Timer
from time import monotonic
from typing import Any
from urllib.request import getproxies, proxy_bypass

from httpx2 import URL, AsyncClient, Client, HTTPError, InvalidURL, Request, Response, StreamError, TimeoutException
from openai import OpenAIError

from signoff.canonical import digest

from .answer import Outcome
from .completion import MEANING, Reply, read_error, read_reply
from .endpoint import Endpoint
from .mode import Mode
from .sampling import VARIABLES, refused_parameter

MAX_ANSWER_BYTES = 4 * 1024 * 1024  # of one answer
MAX_ERROR_BYTES = 64 * 1024  # of an answer that only tells an error

# All that is sent beside the body, its length, the host and the key. The client would add the operating system, the versions
# of it and of Python, and whatever OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS hold.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "signoff",
}

WHOLE = (200, 201)  # statuses of an answer that is all there; others of success tell of a part, or of nothing

_OTHER_FORM = "the server or the model may not know this form of answer: try another SIGNOFF_MODE, or another SIGNOFF_MODEL"
_LESS = "ask for less at once"
_NOBODY = "is the server running, and OPENAI_BASE_URL right?"
_PACKED = "is packed although that was not asked for; turn it off at the server or its proxy"
_ADDRESS = "check OPENAI_BASE_URL, which usually ends in /v1"
_REMEDIES: Mapping[int | str, str] = {  # by status, or by code
    400: _OTHER_FORM,
    401: "check OPENAI_API_KEY",
    402: "check the account that OPENAI_API_KEY belongs to",
    403: "check what OPENAI_API_KEY may use",
    404: "check SIGNOFF_MODEL, and OPENAI_BASE_URL, which usually ends in /v1",
    405: _ADDRESS,
    413: _LESS,
    422: _OTHER_FORM,
    429: "wait, or check the account's limits",
    "context_length_exceeded": f"{_LESS}, or set SIGNOFF_ANSWER_TOKENS lower",
}


class NoPlan(OpenAIError):
    """An answer that ends the talk with the server. An OpenAIError, because its client hands on only those as they are."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


class _Channel:
    """What stands before an HTTP client and makes it one for one request to a planner: a few exchanges with one server.

    Each answer that the server gives is told to *hear*, and the clients above see only what was understood of it.
    It follows no redirects. Proxies and certificates are found as everywhere else: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        mode: Mode,
        timeout: float,
        hear: Callable[[Reply], None],
        trusted: SSLContext | bool = True,  # the certificates; True: read now, which takes a tenth of a second
    ) -> None:
        client: dict[str, Any] = {"timeout": timeout, "follow_redirects": False, "verify": trusted}
        super().__init__(**client | {"trust_env": not endpoint.direct})
        self._exchange = partial(Exchange, endpoint, model, mode, timeout, hear)
        self._seconds = timeout


class Channel(_Channel, Client):
    """An HTTP client that waits in its thread."""

    _line: Any = None  # the connection, once there is one

    def send(self, request: Request, **_: Any) -> Response:
        """Send *request*, and give back the one message that was understood. Raises NoPlan where there is none."""
        exchange = self._exchange(request)
        exchange.request.extensions["trace"] = self._connected
        with exchange.read(), self._in_time():
            response = super().send(exchange.request, stream=True, follow_redirects=False)
            try:
                if exchange.opens(response):
                    for chunk in response.iter_raw():
                        if not exchange.takes(chunk):
                            break
            finally:
                response.close()
        return exchange.understood()

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Within it the connection is closed after the time: else a byte now and then would keep it for as long as one likes."""
        watch = Timer(self._seconds, self._hang_up)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _connected(self, event: str, about: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._line = about["return_value"]

    def _hang_up(self) -> None:
        line = None if self._line is None else self._line.get_extra_info("socket")
        if line is not None:
            with suppress(OSError):  # it is closed already
                line.shutdown(SHUT_RDWR)


class AsyncChannel(_Channel, AsyncClient):
    """A Channel that waits without holding its thread."""

    async def send(self, request: Request, **_: Any) -> Response:
        """As of a Channel."""
        exchange = self._exchange(request)
        with exchange.read():
            async with asyncio.timeout(self._seconds):
                response = await super().send(exchange.request, stream=True, follow_redirects=False)
                try:
                    if exchange.opens(response):
                        async for chunk in response.aiter_raw():
                            if not exchange.takes(chunk):
                                break
                finally:
                    await response.aclose()
        return exchange.understood()


class Exchange:
    """One request and its answer: all that is decided about them, whoever waits for the bytes and in which way."""

    def __init__(
        self, endpoint: Endpoint, model: str, mode: Mode, seconds: float, hear: Callable[[Reply], None], request: Request
    ) -> None:
        self._endpoint = endpoint
        self._model = model
        self._mode = mode
        self._seconds = seconds
        self._hear = hear
        self._sent: dict[str, Any] = json.loads(request.content)
        self._body = bytearray()
        self._has_begun = False  # whether an answer came
        self._deadline = monotonic() + seconds
        self.request = self._bare(request)

    def opens(self, response: Response) -> bool:
        """Whether the body of *response* is to be read."""
        self._status, self._success = response.status_code, response.is_success
        self._largest = MAX_ANSWER_BYTES if self._status in WHOLE else MAX_ERROR_BYTES
        self._packed = response.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")
        self._has_begun = True
        return not self._packed

    def takes(self, chunk: bytes) -> bool:
        """Whether more is wanted after *chunk* of the body. Raises TimeoutException after the time."""
        self._body += chunk
        if monotonic() > self._deadline:
            raise TimeoutException("the answer does not end")
        return len(self._body) <= self._largest

    @contextmanager
    def read(self) -> Iterator[None]:
        """Within it the request is sent, and its body taken; then there is a reply, also where that failed."""
        whole = None
        try:
            yield
            reply = self._read()
            whole = digest(bytes(self._body)) if 0 < len(self._body) <= self._largest else None
        except (HTTPError, InvalidURL, StreamError, TimeoutError, UnicodeError) as error:
            if isinstance(error, UnicodeError) and self._has_begun:
                raise  # of whoever hears the answer, which is no failure of the server; before, it is a host that is no name
            reply = self._lost(error, self.request.url)
        form = self._sent.get("response_format") or self._sent.get("tools")
        prompt = json.dumps({"form": form, "messages": self._sent.get("messages")}, sort_keys=True, separators=(",", ":"))
        self._reply = replace(reply, prompt=digest(prompt.encode()), digest=whole)

    def understood(self) -> Response:
        """The one message that was understood of the answer, for the clients. Raises NoPlan where there is none."""
        self._hear(self._reply)
        if self._reply.final:
            raise NoPlan(self._reply)
        shown = replace(self._reply, text=self._endpoint.hide(self._reply.text))
        return Response(200, json=shown.as_completion(self._mode, self._model), request=self.request)

    def _bare(self, request: Request) -> Request:
        """*request* with the headers that are listed, the key, and the query, which stays out of the URL that clients log."""
        headers = _HEADERS | {"Authorization": self._endpoint.authorization}
        query = b"?" + self._endpoint.query if self._endpoint.query else b""
        extensions = {**request.extensions, "target": request.url.raw_path + query}
        return Request(request.method, request.url, headers=headers, content=request.content, extensions=extensions)

    def _read(self) -> Reply:
        host = self._endpoint.host
        if not self._success:
            return self._refused(self._status, bytes(self._body[:MAX_ERROR_BYTES]))
        if self._status not in WHOLE:
            return _failed(f"{host} answers with HTTP {self._status}, which is no whole answer; {_ADDRESS}")
        if self._packed:
            return _failed(f"the answer of {host} {_PACKED}")
        if len(self._body) > self._largest:
            return _failed(f"the answer of {host} is larger than {self._largest:,} bytes, so it is not read; {_LESS}")
        return self._whole(bytes(self._body))

    def _whole(self, body: bytes) -> Reply:
        host = self._endpoint.host
        try:
            reply = read_reply(body.decode("utf-8-sig"), self._mode)
        except UnicodeDecodeError:
            return _failed(f"the answer of {host} is not UTF-8; {_ADDRESS}")
        if reply.outcome is Outcome.PROVIDER_ERROR and b"<html" in body[:1024].lower():
            return _failed(f"{host} answers with a web page; {_ADDRESS}")
        return reply

    def _refused(self, status: int, body: bytes) -> Reply:
        said, code, about = read_error(body.decode("utf-8", "replace"))
        if code == "content_filter":
            return Reply(outcome=Outcome.FILTERED, reason=MEANING[Outcome.FILTERED], text=said)
        if 300 <= status < 400:
            what, remedy = "sends us elsewhere", "that is not followed; set OPENAI_BASE_URL to where the server is"
        elif status < 500:
            what, remedy = "refuses the request", self._remedy(status, code, f"{about} {said}")
        else:
            what, remedy = "failed", "try again later"
        quoted = f': "{self._endpoint.redact(said)}"' if said else ""
        return _failed(f"{self._endpoint.host} {what} (HTTP {status}){quoted}; {remedy}")

    def _remedy(self, status: int, code: str, said: str) -> str:
        """What to do where the server refuses the request with *status*, an error's *code*, and what it *said*."""
        if status in (400, 422) and (name := refused_parameter(said, self._sent)) is not None:
            return f"the server or the model does not take `{name}` as it is: {VARIABLES[name]}=none leaves it out"
        if status == 400 and "context length" in said:
            return _REMEDIES["context_length_exceeded"]
        return _REMEDIES.get(code) or _REMEDIES.get(status, "check OPENAI_BASE_URL")

    def _lost(self, error: Exception, url: URL) -> Reply:
        host = self._endpoint.host
        if isinstance(error, TimeoutException | TimeoutError) or monotonic() > self._deadline:
            return _failed(f"no answer from {host} within {self._seconds:g} seconds; try again, or raise SIGNOFF_MODEL_TIMEOUT")
        reason = self._endpoint.redact(str(error)).rstrip(".") or type(error).__name__
        proxy = None if self._endpoint.direct else _proxy(url)
        remedy = f"the way leads over {proxy}: check it, and NO_PROXY" if proxy else _NOBODY
        return _failed(f"no answer from {host}: {reason}; {remedy}")


def no_way(host: str, error: Exception) -> Reply:
    """What an *error* of making a channel is. It is told without its own words, which may hold a proxy's password."""
    return _failed(f"no way to {host} ({type(error).__name__}); check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE")


def _proxy(url: URL) -> str | None:
    """The variable that names the proxy on the way to *url*, by the rules of urllib; None where there is none."""
    proxies = getproxies()
    name = next((name for name in (url.scheme, "all") if proxies.get(name)), None)
    return None if name is None or proxy_bypass(url.host) else f"{name.upper()}_PROXY"


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason)
