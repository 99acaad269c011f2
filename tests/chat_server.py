"""A small HTTP server on this machine that speaks OpenAI's chat completions, and answers what a test tells it to.

    server.answer(plan(TRANSFER), question("Which account?"))     # one for each request, in turn
    server.answer_always(lambda asked: plan(TRANSFER) if "Alice" in asked.words else question("To whom?"))

A plan, a question and a refusal come in the form that the request asks for: a tool call, or JSON as the message's content.
The turns of a conversation, and streams, are in chat_streams.py.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, TypeAlias

MODEL = "test-model"
TOKENS = 30  # that each completion says it took


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that the server got."""

    path: str
    headers: Mapping[str, str]  # names in lower case
    body: Any  # read as JSON

    @property
    def words(self) -> str:
        """What the user wrote."""
        users = (str(message["content"]) for message in self.body["messages"] if message["role"] == "user")
        return next(words for words in users if not words.startswith("Data from "))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said so far, after the instructions."""
        return [message for message in self.body["messages"] if message["role"] != "system"]

    @property
    def results(self) -> dict[str, str]:
        """What the model is told of the calls in its last turn, by the ids of the calls."""
        spoken = [place for place, message in enumerate(self.messages) if message["role"] == "assistant"]
        after = self.messages[max(spoken, default=0) :]
        return {message["tool_call_id"]: message["content"] for message in after if message["role"] == "tool"}

    @property
    def schema(self) -> dict[str, Any]:
        """The schema that the answer must keep to, which the instructions hold where the server is not given it."""
        tools, form = self.body.get("tools"), self.body.get("response_format")
        told: str = self.body["messages"][0]["content"].rpartition("The JSON schema of the answer:\n")[2]
        schema: dict[str, Any]
        if tools:
            schema = tools[0]["function"]["parameters"]
        else:
            schema = form["json_schema"]["schema"] if form["type"] == "json_schema" else json.loads(told)
        return schema


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server sends, and how."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0  # seconds before it answers
    drip: float = 0  # seconds between the bytes
    cut: int | None = None  # how many bytes are sent before the connection is closed
    pieces: Iterable[bytes] | None = None  # of a stream, sent one by one in place of the body
    pause: float = 0  # seconds between the pieces
    is_dropped: bool = False  # whether the connection breaks after the last piece


Script: TypeAlias = Callable[[Asked], Answer]


def completion(message: Mapping[str, Any], *, finish_reason: str | None = "stop", tokens: int | None = TOKENS) -> Answer:
    """A chat completion with one message."""
    choice = {"index": 0, "finish_reason": finish_reason, "logprobs": None, "message": {"role": "assistant", **message}}
    body = {"id": "chatcmpl-test", "object": "chat.completion", "created": 1_750_000_000, "model": MODEL, "choices": [choice]}
    usage = {"prompt_tokens": 20, "completion_tokens": (tokens or 0) - 20, "total_tokens": tokens}
    return raw(body if tokens is None else body | {"usage": usage})


def tool_calls(*calls: tuple[str, str]) -> Answer:
    """A completion that calls tools, each a name and its arguments as text."""
    made = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls, 1)
    ]
    return completion({"content": None, "tool_calls": made}, finish_reason="tool_calls")


def written(text: str) -> Script:
    """*text* where a plan is expected, in the form that is asked for."""

    def script(asked: Asked) -> Answer:
        return tool_calls(("plan", text)) if "tools" in asked.body else completion({"content": text, "refusal": None})

    return script


def wire(value: Mapping[str, Any]) -> Script:
    """A value in the wire form."""
    return written(json.dumps(value))


def plan(*actions: Mapping[str, Any]) -> Script:
    """A plan of *actions*."""
    return wire({"actions": [{"needs": [], **action} for action in actions], "question": None, "refusal": None})


def question(text: str) -> Script:
    """A question to the user."""
    return wire({"actions": [], "question": text, "refusal": None})


def refusal(text: str) -> Script:
    """A refusal in the wire form."""
    return wire({"actions": [], "question": None, "refusal": text})


def raw(body: object, status: int = 200, **how: Any) -> Answer:
    """Any answer: bytes and text as they are, everything else as JSON."""
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(body=data, status=status, **how)


class ChatServer:
    """The server, what it is told to answer, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._turns: deque[Script] = deque()
        self._always: Script = lambda _: raw({"error": {"message": "the test's script holds no more answers"}}, 500)
        self.stopping = Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._http.server_port

    @property
    def url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, *answers: Script | Answer) -> None:
        """Answer the next requests with *answers*, one each."""
        self._turns.extend(_script(answer) for answer in answers)

    def answer_always(self, answer: Script | Answer) -> None:
        """Answer with *answer* whenever no other is left."""
        self._always = _script(answer)

    def next_answer(self, asked: Asked) -> Answer:
        """The answer to *asked*, which is written down."""
        self.asked.append(asked)
        return (self._turns.popleft() if self._turns else self._always)(asked)

    @contextmanager
    def running(self) -> Iterator["ChatServer"]:
        """Serve as long as the block lasts."""
        thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self._http.shutdown()
            thread.join()
            self._http.server_close()


class _Http(ThreadingHTTPServer):
    request_queue_size = 128  # connections that wait to be taken; beyond that the system refuses them


def _script(answer: Script | Answer) -> Script:
    return (lambda _: answer) if isinstance(answer, Answer) else answer


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.close_connection = True
            if not self.path.split("?")[0].endswith("/chat/completions"):
                self._send(raw({"error": {"message": f"no such address: {self.path}"}}, 404))
                return
            self._send(server.next_answer(Asked(path=self.path, headers=headers, body=json.loads(body))))

        def do_GET(self) -> None:
            self.close_connection = True
            models = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "test"}]}
            self._send(raw(models) if self.path == "/v1/models" else raw({"error": {"message": "not found"}}, 404))

        def _send(self, answer: Answer) -> None:
            if server.stopping.wait(answer.wait):
                return
            try:
                self._write(answer)
            except (BrokenPipeError, ConnectionResetError):  # the other side had enough
                return

        def _write(self, answer: Answer) -> None:
            if answer.pieces is not None:
                self._stream(answer, answer.pieces)
                return
            self.send_response(answer.status)
            named = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), "Connection": "close"}
            for name, value in (named | dict(answer.headers)).items():
                self.send_header(name, value)
            if answer.cut != 0:
                self.end_headers()
            body = answer.body[: answer.cut]
            if not answer.drip:
                self.wfile.write(body)
            for place in range(len(body) if answer.drip else 0):
                self.wfile.write(body[place : place + 1])
                if server.stopping.wait(answer.drip):
                    return

        def _stream(self, answer: Answer, pieces: Iterable[bytes]) -> None:
            self.send_response(answer.status)
            named = {"Content-Type": answer.content_type, "Transfer-Encoding": "chunked", "Connection": "close"}
            for name, value in (named | dict(answer.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            for piece in pieces:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                if server.stopping.wait(answer.pause) if answer.pause else server.stopping.is_set():
                    return
            if not answer.is_dropped:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a test reads what was asked."""

    return Handler
