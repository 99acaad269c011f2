"""A language model that converses, over any server that speaks OpenAI's chat completions with tools.

The registry's actions are its tools. Its words are told on as they come; its calls come of a turn that is whole, and are
no more than what it would like: whether one runs is decided elsewhere.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from ssl import SSLContext
from time import monotonic

from httpx2 import create_ssl_context

from signoff.actions import Registry
from signoff.canonical import Json, digest
from signoff.errors import UsageError

from .answer import Outcome
from .completion import Reply, read_object
from .endpoint import Endpoint, check_model
from .gathering import Gathering, Voice
from .mode import ANSWER_TOKENS, MODEL_TIMEOUT, SEED, TEMPERATURE, Mode
from .overhearing import Listener
from .prompt import conversation_prompt
from .sampling import Sampling
from .tools import Tools
from .transport import Channel, NoPlan, no_way
from .turn import Call, Message, Turn

MAX_SAID_WORD = 100  # characters of a model's name or a reason in the record, as the server says them
_REFUSED = (400, 422)  # statuses of a request with something in it that the server does not take

# What is left out, or said in another way, where a server says that it does not take it. The last one is there because
# OpenAI's newer models take tools at this address only where they are told not to reason.
_OPTIONS = ("stream_options", "temperature", "seed", "max_completion_tokens", "strict", "reasoning_effort")
_NO_TOOLS = "the server or the model may know no tool calls: try another SIGNOFF_MODEL"


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One request, and what came back."""

    prompt: str  # the digest of what was sent
    listener: Listener
    gathering: Gathering
    words: str = ""
    calls: tuple[Call, ...] = ()
    reply: Reply | None = None  # why nothing of it is used

    @property
    def refusal(self) -> str:
        """What the server says of a request with something in it that it does not take; empty where it took all."""
        return self.listener.kept.decode(errors="replace") if self.listener.status in _REFUSED else ""


class LLMTalker:
    """Talks by asking a model for one turn after the other. One talker may be used by many threads."""

    def __init__(
        self,
        registry: Registry,
        *,
        model: str,
        base_url: str | None = None,  # OpenAI's own where there is none
        api_key: str | None = None,
        timeout: float = MODEL_TIMEOUT,  # seconds for one turn
        temperature: float | None = TEMPERATURE,  # None: not sent
        seed: int | None = SEED,  # None: not sent
        answer_tokens: int | None = ANSWER_TOKENS,  # of one turn at most; None: as many as the server gives
    ) -> None:
        check_model(model, timeout)
        if not registry:
            raise UsageError("the registry (--actions) holds no action, so there is nothing to call; give it one")
        self._endpoint = Endpoint.at(base_url, api_key)
        self._model = model
        self._timeout = timeout
        self._sampling = Sampling(temperature=temperature, seed=seed, answer_tokens=answer_tokens, token_budget=None)
        self._tools = Tools(registry)
        self._not_taken: frozenset[str] = frozenset()  # of _OPTIONS, by this server

    @property
    def label(self) -> str:
        """Who talks, for people: the model and the server that it is asked at."""
        return f"model {self._endpoint.redact(self._model)} at {self._endpoint.host}"

    @cached_property
    def _trusted(self) -> SSLContext:
        """The certificates that are trusted, read once. Raises OSError where SSL_CERT_FILE names none."""
        return create_ssl_context()

    def turn(self, messages: Sequence[Message], hear: Callable[[str], None]) -> Turn:
        """The model's next turn after *messages*. Its words are told to *hear* piece by piece, as they come."""
        started = monotonic()
        attempts = list(self._attempts(messages, hear))
        last, gathering = attempts[-1], attempts[-1].gathering
        tokens = gathering.tokens if last.reply is None or last.reply.tokens is None else last.reply.tokens
        record: dict[str, Json] = {
            "planner": "model",
            "model": self._said(gathering.model),  # as the server says it; another than was asked may have answered
            "attempts": len(attempts),
            "tokens": tokens,
            "seconds": f"{monotonic() - started:.3f}",
            "finish": self._said(gathering.finish),
            "prompt": last.prompt,
            "answer": last.listener.digest,
            **self._sampling.record(),
        }
        turn = self._taken(last, messages) if last.reply is None else self._without(last.reply)
        return replace(turn, tokens=tokens, record=record)

    def _attempts(self, messages: Sequence[Message], hear: Callable[[str], None]) -> Iterator[_Attempt]:
        """Ask, and ask again without what the server does not take, until it takes all, or says something else."""
        until = monotonic() + self._timeout
        not_taken = self._not_taken
        while True:
            body = self._body(messages, not_taken)
            attempt = self._attempt(json.dumps(body).encode(), hear)
            yield attempt
            named = _named_in(attempt.refusal, body, not_taken)
            if named is None or monotonic() > until:
                break
            not_taken |= {named}
        if attempt.listener.is_success:
            self._not_taken = not_taken

    def _attempt(self, body: bytes, hear: Callable[[str], None]) -> _Attempt:
        """Send *body*, and take in what comes back."""
        gathering = Gathering(Voice(hear, self._endpoint.hidden))
        listener = Listener(gathering)
        attempt = _Attempt(prompt=digest(body), listener=listener, gathering=gathering)
        try:
            words, calls = _result(listener, gathering, self._exchange(body, listener))
        except NoPlan as error:
            return replace(attempt, reply=error.reply)
        return replace(attempt, words=words, calls=calls)

    def _exchange(self, body: bytes, listener: Listener) -> Reply | None:
        """Send *body*; what the channel makes of the answer, which *listener* hears. Raises NoPlan for a bad stream."""
        replies: list[Reply] = []
        try:
            channel = Channel(self._endpoint, self._model, Mode.TOOLS, self._timeout, replies.append, self._trusted)
        except (OSError, ValueError, ImportError) as error:  # a proxy or a certificate that cannot be used
            return no_way(self._endpoint.host, error)
        channel.event_hooks = {"response": [listener.overhear]}
        with channel:
            request = channel.build_request("POST", f"{self._endpoint.url.rstrip('/')}/chat/completions", content=body)
            try:
                channel.send(request)
            except NoPlan:
                if not replies:  # of the listener
                    raise
        return replies[-1]

    def _body(self, messages: Sequence[Message], not_taken: frozenset[str]) -> dict[str, object]:
        """What is sent, but for what the server does not take."""
        body: dict[str, object] = {
            "model": self._model,
            "messages": [{"role": "system", "content": conversation_prompt()}, *map(self._tools.written, messages)],
            "tools": self._tools.schemas(strict="strict" not in not_taken),
            "stream": True,
        }
        body |= {"stream_options": {"include_usage": True}, **self._sampling.parameters(self._endpoint.host)}
        for name in not_taken & {"stream_options", "temperature", "seed"}:
            body.pop(name, None)
        if "max_completion_tokens" in not_taken:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return body | ({"reasoning_effort": "none"} if "reasoning_effort" in not_taken else {})

    def _taken(self, attempt: _Attempt, messages: Sequence[Message]) -> Turn:
        """The turn that came whole."""
        if any(map(self._repeats_a_secret, attempt.calls)):
            return Turn(outcome=Outcome.MALFORMED, message="the model's answer is of no use: a call in it repeats the key")
        outcome = Outcome.PLAN if attempt.calls else Outcome.QUESTION
        return Turn(outcome=outcome, words=attempt.words, calls=self._told_apart(attempt.calls, messages))

    def _told_apart(self, calls: Sequence[Call], messages: Sequence[Message]) -> tuple[Call, ...]:
        """*calls* with the types of actions for names, and each with an id unlike any other in the conversation."""
        taken = {call.id for message in messages for call in message.calls} | {""}
        made: list[Call] = []
        for call in calls:
            # Nine letters and digits, because Mistral takes no other ids.
            id_ = call.id if call.id not in taken else next(new for n in count(1) if (new := f"call{n:05}") not in taken)
            taken.add(id_)
            made.append(replace(call, id=id_, name=self._tools.type_of(call.name)))
        return tuple(made)

    def _repeats_a_secret(self, call: Call) -> bool:
        """Whether *call* holds the key or the password, which a server must not bring into what is stored."""
        written = f"{call.id} {call.name} {call.arguments}"
        with suppress(ValueError, RecursionError):  # for no JSON, which nobody reads
            written += json.dumps(json.loads(call.arguments))
        return any(secret in written or json.dumps(secret)[1:-1] in written for secret in self._endpoint.secrets)

    def _without(self, reply: Reply) -> Turn:
        """What *reply* is, in which there is no turn."""
        quoted = f'"{self._endpoint.redact(reply.text)}"' if reply.text.strip() else ""
        match reply.outcome:
            case Outcome.REFUSAL:
                told = "the model refuses" + (f": {quoted}" if quoted else "")
            case Outcome.MALFORMED:
                told = f"the model's answer is of no use: {reply.reason}"
            case _:
                before, other_form, _ = reply.reason.partition("the server or the model may not know this form of answer")
                told = before + (_NO_TOOLS if other_form else "") + (f"; it says: {quoted}" if quoted else "")
        return Turn(outcome=reply.outcome, message=told)

    def _said(self, text: str) -> str | None:
        """What a server says of itself, for the record."""
        return self._endpoint.redact(text, MAX_SAID_WORD) or None


def _result(listener: Listener, gathering: Gathering, reply: Reply | None) -> tuple[str, tuple[Call, ...]]:
    """The words and calls of an answer of which the channel made *reply*. Raises NoPlan where there are none."""
    if listener.is_success and listener.is_stream:
        return gathering.result()
    message = _only_choice(listener)
    if message is not None:
        gathering.take_whole(*message)
        return gathering.result()
    raise NoPlan(reply or Reply(outcome=Outcome.MALFORMED, reason="the server's answer is no chat completion"))


def _only_choice(listener: Listener) -> tuple[Mapping[str, object], Mapping[str, object], object] | None:
    """The completion, its one message and why it ends, where a server answers in one piece although a stream was asked for."""
    if not listener.is_success:
        return None
    value = read_object(listener.kept.decode("utf-8-sig", errors="replace"))
    choices = None if isinstance(value, Reply) else value.get("choices")
    if isinstance(value, Reply) or not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], Mapping):
        return None
    message = choices[0].get("message")
    return (value, message, choices[0].get("finish_reason")) if isinstance(message, Mapping) else None


def _named_in(refusal: str, body: Mapping[str, object], not_taken: frozenset[str]) -> str | None:
    """The one of _OPTIONS that a *refusal* of *body* is about, where asking without it may help."""
    sent = {"max_completion_tokens": "max_tokens", "strict": "tools", "reasoning_effort": "tools"}
    named = (name for name in _OPTIONS if name not in not_taken and re.search(rf"\b{name}\b", refusal))
    return next((name for name in named if sent.get(name, name) in body), None)
