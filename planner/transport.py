"""The way to a server and back: what leaves is listed, what comes in is bounded, and every failure says what to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.request import getproxies, proxy_bypass

from httpx2 import URL, Client, HTTPError, InvalidURL, Request, Response, StreamError, TimeoutException
from openai import OpenAIError

from .answer import Outcome
from .completion import MEANING, Reply, read_error, read_reply
from .endpoint import Endpoint
from .mode import Mode

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

_WHOLE = (200, 201)  # statuses of an answer that is all there; others of success tell of a part, or of nothing

_OTHER_FORM = "the server or the model may not know this form of answer: try the other SIGNOFF_MODE, or another SIGNOFF_MODEL"
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
    "context_length_exceeded": _LESS,
}


class NoPlan(OpenAIError):
    """An answer that ends the talk with the server. An OpenAIError, because its client hands on only those as they are."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.reason)
        self.reply = reply


class Channel(Client):
    """An HTTP client for one request to a planner: a few exchanges with one server. It follows no redirects.

    Each answer that the server gives is told to *hear*, and the clients above see only what was understood of it.
    Proxies and certificates are found as everywhere else: HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE.
    """

    def __init__(self, endpoint: Endpoint, model: str, mode: Mode, timeout: float, hear: Callable[[Reply], None]) -> None:
        super().__init__(timeout=timeout, follow_redirects=False, trust_env=not endpoint.direct)
        self._endpoint = endpoint
        self._model = model
        self._mode = mode
        self._seconds = timeout
        self._hear = hear

    def send(self, request: Request, **_: Any) -> Response:
        """Send *request*, and give back the one message that was understood. Raises NoPlan where there is none."""
        request = self._bare(request)
        try:
            reply = self._read(super().send(request, stream=True, follow_redirects=False))
        except (HTTPError, InvalidURL, StreamError, UnicodeError) as error:  # the last for a host that is no name
            reply = self._lost(error, request.url)
        self._hear(reply)
        if reply.final:
            raise NoPlan(reply)
        shown = replace(reply, text=self._endpoint.hide(reply.text))
        return Response(200, json=shown.as_completion(self._mode, self._model), request=request)

    def _bare(self, request: Request) -> Request:
        """*request* with the headers that are listed, the key, and the query, which stays out of the URL that clients log."""
        headers = _HEADERS | {"Authorization": self._endpoint.authorization}
        query = b"?" + self._endpoint.query if self._endpoint.query else b""
        extensions = {**request.extensions, "target": request.url.raw_path + query}
        return Request(request.method, request.url, headers=headers, content=request.content, extensions=extensions)

    def _read(self, response: Response) -> Reply:
        status, host = response.status_code, self._endpoint.host
        packed = response.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")
        largest = MAX_ANSWER_BYTES if status in _WHOLE else MAX_ERROR_BYTES
        try:
            body = b"" if packed else self._body(response, largest)
        finally:
            response.close()
        if not response.is_success:
            return self._refused(status, body or b"")
        if status not in _WHOLE:
            return _failed(f"{host} answers with HTTP {status}, which is no whole answer; {_ADDRESS}")
        if packed:
            return _failed(f"the answer of {host} {_PACKED}")
        if body is None:
            return _failed(f"the answer of {host} is larger than {largest:,} bytes, so it is not read; {_LESS}")
        return self._understood(body)

    def _understood(self, body: bytes) -> Reply:
        host = self._endpoint.host
        try:
            reply = read_reply(body.decode("utf-8-sig"), self._mode)
        except UnicodeDecodeError:
            return _failed(f"the answer of {host} is not UTF-8; {_ADDRESS}")
        if reply.outcome is Outcome.PROVIDER_ERROR and b"<html" in body[:1024].lower():
            return _failed(f"{host} answers with a web page; {_ADDRESS}")
        return reply

    def _body(self, response: Response, largest: int) -> bytes | None:
        """All of the body as it came; None where it is larger than *largest* bytes. Raises TimeoutException after the time."""
        deadline = monotonic() + self._seconds
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > largest:
                return None
            if monotonic() > deadline:
                raise TimeoutException("the answer does not end")
        return bytes(body)

    def _refused(self, status: int, body: bytes) -> Reply:
        said, code = read_error(body.decode("utf-8", "replace"))
        if code == "content_filter":
            return Reply(outcome=Outcome.FILTERED, reason=MEANING[Outcome.FILTERED], text=said)
        if 300 <= status < 400:
            what, remedy = "sends us elsewhere", "that is not followed; set OPENAI_BASE_URL to where the server is"
        elif status < 500:
            what, remedy = "refuses the request", _REMEDIES.get(code) or _REMEDIES.get(status, "check OPENAI_BASE_URL")
        else:
            what, remedy = "failed", "try again later"
        quoted = f': "{self._endpoint.redact(said)}"' if said else ""
        return _failed(f"{self._endpoint.host} {what} (HTTP {status}){quoted}; {remedy}")

    def _lost(self, error: Exception, url: URL) -> Reply:
        host = self._endpoint.host
        if isinstance(error, TimeoutException):
            return _failed(f"no answer from {host} within {self._seconds:g} seconds; try again, or raise SIGNOFF_MODEL_TIMEOUT")
        reason = self._endpoint.redact(str(error)).rstrip(".") or type(error).__name__
        proxy = None if self._endpoint.direct else _proxy(url)
        remedy = f"the way leads over {proxy}: check it, and NO_PROXY" if proxy else _NOBODY
        return _failed(f"no answer from {host}: {reason}; {remedy}")


def _proxy(url: URL) -> str | None:
    """The variable that names the proxy on the way to *url*, by the rules of urllib; None where there is none."""
    proxies = getproxies()
    name = next((name for name in (url.scheme, "all") if proxies.get(name)), None)
    return None if name is None or proxy_bypass(url.host) else f"{name.upper()}_PROXY"


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason)
