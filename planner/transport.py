"""The way to a server and back: what leaves is listed, what comes in is bounded, and every failure says what to do about it."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from httpx2 import Client, HTTPError, InvalidURL, Request, Response, StreamError, TimeoutException
from openai import OpenAIError

from .answer import Outcome
from .completion import Reply, read_error, read_reply
from .endpoint import LONG_SECRET, Endpoint
from .mode import Mode

MAX_ANSWER_BYTES = 4 * 1024 * 1024  # of one answer, unpacked
MAX_ERROR_BYTES = 64 * 1024  # of an answer that only tells an error

# All that is sent beside the body, its length, the host and the key. The client would add the operating system, the versions
# of it and of Python, and whatever OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS hold.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "signoff",
}

_REMEDIES = {
    400: "the server or the model may not know this form of answer: try the other SIGNOFF_MODE, or another SIGNOFF_MODEL",
    401: "check OPENAI_API_KEY",
    402: "check the account that OPENAI_API_KEY belongs to",
    403: "check what OPENAI_API_KEY may use",
    404: "check SIGNOFF_MODEL, and OPENAI_BASE_URL, which usually ends in /v1",
    405: "check OPENAI_BASE_URL, which usually ends in /v1",
    413: "ask for less at once",
    422: "the server or the model may not know this form of answer: try the other SIGNOFF_MODE, or another SIGNOFF_MODEL",
    429: "wait, or check the account's limits",
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
        super().__init__(timeout=timeout, follow_redirects=False)
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
        except (HTTPError, InvalidURL, StreamError) as error:
            reply = self._lost(error)
        self._hear(reply)
        if reply.final:
            raise NoPlan(reply)
        return Response(200, json=reply.complete(self._mode, self._model), request=request)

    def _bare(self, request: Request) -> Request:
        """*request* with the headers that are listed, and the key."""
        headers = _HEADERS | {"Authorization": self._endpoint.authorization}
        return Request(request.method, request.url, headers=headers, content=request.content, extensions=request.extensions)

    def _read(self, response: Response) -> Reply:
        status = response.status_code
        largest = MAX_ANSWER_BYTES if response.is_success else MAX_ERROR_BYTES
        try:
            body = self._body(response, largest)
        finally:
            response.close()
        if not response.is_success:
            return self._refused(status, body or b"")
        if body is None:
            return _failed(f"the answer of {self._endpoint.host} is larger than {largest:,} bytes, so it is not read")
        try:
            text = self._endpoint.hide(body.decode("utf-8-sig"), shortest=LONG_SECRET)
            reply = read_reply(text, self._mode)
        except UnicodeDecodeError:
            return _failed(f"the answer of {self._endpoint.host} is not UTF-8; {_REMEDIES[405]}")
        if reply.outcome is Outcome.PROVIDER_ERROR and b"<html" in body[:1024].lower():
            return _failed(f"{self._endpoint.host} answers with a web page; {_REMEDIES[405]}")
        return reply

    def _body(self, response: Response, largest: int) -> bytes | None:
        """All of the body; None where it is larger than *largest* bytes. Raises TimeoutException where it takes too long."""
        deadline = monotonic() + self._seconds
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > largest:
                return None
            if monotonic() > deadline:
                raise TimeoutException("the answer does not end")
        return bytes(body)

    def _refused(self, status: int, body: bytes) -> Reply:
        said = read_error(body.decode("utf-8", "replace"))
        if 300 <= status < 400:
            what, remedy = "sends us elsewhere", "that is not followed; set OPENAI_BASE_URL to where the server is"
        elif status < 500:
            what, remedy = "refuses the request", _REMEDIES.get(status, "check OPENAI_BASE_URL")
        else:
            what, remedy = "failed", "try again later"
        quoted = f': "{self._endpoint.redact(said)}"' if said else ""
        return _failed(f"{self._endpoint.host} {what} (HTTP {status}){quoted}; {remedy}")

    def _lost(self, error: Exception) -> Reply:
        host = self._endpoint.host
        if isinstance(error, TimeoutException):
            return _failed(f"no answer from {host} within {self._seconds:g} seconds; try again, or raise SIGNOFF_MODEL_TIMEOUT")
        reason = self._endpoint.redact(str(error)).rstrip(".") or type(error).__name__
        return _failed(f"no answer from {host}: {reason}; is the server running, and OPENAI_BASE_URL right?")


def _failed(reason: str) -> Reply:
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason)
