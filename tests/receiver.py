"""A real receiver of effects: an HTTP service in a process of its own, which counts what happened to it by itself.

Each test has a box of its own. `POST /BOX/plain` is an effect whenever it arrives; `POST /BOX/keyed` is one once for
each Idempotency-Key; `GET /BOX/effects/KEY` says whether it happened. How the next requests are treated is set with
`POST /BOX/script` and, for questions, `POST /BOX/answers`; after that all is well. A request may also say itself how the
first one with its key is treated. `POST /BOX/forget` is what a receiver does when its window is over.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock
from types import MappingProxyType
from typing import Any

PATIENCE = 60.0  # seconds


class Treatment(StrEnum):
    """What becomes of a request."""

    WELL = "well"
    DROP = "drop"  # it happens, and the connection is closed without an answer
    ERROR = "error"  # it happens, and the answer is 500
    REFUSE = "refuse"  # it does not happen, and the answer says so: 422
    LOSE = "lose"  # it does not happen, and the connection is closed without an answer
    HOLD = "hold"  # it happens, and is answered, only when the box is released


@dataclass
class Box:
    """What arrived of one test."""

    script: deque[str] = field(default_factory=deque)
    answers: deque[str] = field(default_factory=deque)
    requests: Counter[str] = field(default_factory=Counter)  # by key
    effects: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    known: set[str] = field(default_factory=set)  # the keys that are not forgotten
    released: Event = field(default_factory=Event)

    def copied(self) -> "Box":
        """Another one to which the same has happened."""
        return Box(requests=self.requests.copy(), effects=self.effects.copy(), known=self.known.copy())


BOXES: defaultdict[str, Box] = defaultdict(Box)
LOCK = Lock()


class Handler(BaseHTTPRequestHandler):
    """Treats one request."""

    def do_POST(self) -> None:
        """An effect, or something that a test sets."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "null")
        _, name, verb = self.path.split("/", 2)
        box = BOXES[name]
        match verb:
            case "script" | "answers":
                getattr(box, verb).extend(body)
                self._answer(200, None)
            case "forget":
                box.known.clear()
                self._answer(200, None)
            case "copy":
                BOXES[name] = BOXES[body].copied()
                self._answer(200, None)
            case "set":
                effects, requests = Counter(body["effects"]), Counter(body["requests"])
                BOXES[name] = Box(effects=effects, requests=requests, known=set(effects))
                self._answer(200, None)
            case "release":
                box.released.set()
                self._answer(200, None)
            case _:
                self._effect(box, self.headers["Idempotency-Key"], once=verb == "keyed")

    def do_GET(self) -> None:
        """A question, or what a test wants to know."""
        _, name, verb, *key = self.path.split("/")
        box = BOXES[name]
        if verb == "told":
            with LOCK:
                self._answer(200, {"requests": box.requests, "effects": box.effects, "asked": box.asked})
            return
        with LOCK:
            box.asked[key[0]] += 1
            treatment = box.answers.popleft() if box.answers else Treatment.WELL
            happened = box.effects[key[0]] > 0
        if treatment == Treatment.HOLD:
            assert box.released.wait(PATIENCE)
        self._end(treatment, {"happened": happened})

    def _effect(self, box: Box, key: str, *, once: bool) -> None:
        with LOCK:
            box.requests[key] += 1
            said = self.headers["Treatment"] if box.requests[key] == 1 else Treatment.WELL
            treatment = box.script.popleft() if box.script else said
        if treatment == Treatment.HOLD:
            assert box.released.wait(PATIENCE)
        if treatment not in (Treatment.REFUSE, Treatment.LOSE):
            with LOCK:
                box.effects[key] += not (once and key in box.known)
                box.known.add(key)
        self._end(treatment, {"receipt": key[:8]})

    def _end(self, treatment: str, answer: Any) -> None:
        if treatment in (Treatment.DROP, Treatment.LOSE):
            self.close_connection = True
        else:
            self._answer({Treatment.ERROR: 500, Treatment.REFUSE: 422}.get(Treatment(treatment), 200), answer)

    def _answer(self, code: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Listens to many processes at once."""

    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that is gone is nothing to tell."""


@dataclass(frozen=True)
class Receiver:
    """One test's box at the receiver, as tests and actions see it."""

    port: int
    box: str

    def script(self, *treatments: Treatment) -> None:
        """Treat the next requests so."""
        self._ask("POST", "script", list(treatments))

    def answers(self, *treatments: Treatment) -> None:
        """Treat the next questions so."""
        self._ask("POST", "answers", list(treatments))

    def forget(self) -> None:
        """Know no key any more."""
        self._ask("POST", "forget", None)

    def copy_from(self, box: str) -> None:
        """Know what happened to another *box*."""
        self._ask("POST", "copy", box)

    def set(self, effects: Mapping[str, int], requests: Mapping[str, int]) -> None:
        """Be as it was when these had happened, by key."""
        self._ask("POST", "set", {"effects": effects, "requests": requests})

    def release(self) -> None:
        """Let what is held go on."""
        self._ask("POST", "release", None)

    def told(self, what: str = "effects") -> list[int]:
        """How often each effect, request or question of `asked` came, the most frequent first, by the receiver's own count."""
        return sorted(self.by_key(what).values(), reverse=True)

    def by_key(self, what: str = "effects") -> dict[str, int]:
        """The same, by key."""
        counted: dict[str, int] = self._ask("GET", "told")[1][what]
        return {key: count for key, count in counted.items() if count}

    def send(
        self, key: str, *, keyed: bool, first: str = Treatment.WELL, answering: Callable[[], None] = lambda: None
    ) -> tuple[int, Any]:
        """Send an effect, as an action does. Raises OSError or HTTPException where no answer comes.

        The *first* request with that key is treated so; *answering* is called when an answer has begun to come.
        """
        return self._ask("POST", "keyed" if keyed else "plain", {}, {"Idempotency-Key": key, "Treatment": first}, answering)

    def asked(self, key: str) -> bool:
        """Ask whether it happened, as an action's probe does. Raises as `send` does."""
        return bool(self._ask("GET", f"effects/{key}")[1]["happened"])

    def _ask(
        self,
        verb: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        answering: Callable[[], None] = lambda: None,
    ) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(verb, f"/{self.box}/{path}", json.dumps(body), dict(headers))
            answer = connection.getresponse()
            answering()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@contextmanager
def receiver_running() -> Iterator[int]:
    """A receiver in a process of its own, which ends with the block; gives its port."""
    command = [sys.executable, "-W", "error", __file__]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def main() -> None:
    """Listen until killed, and tell on which port."""
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
