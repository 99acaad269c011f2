"""A planner that asks a language model, over any server that speaks OpenAI's chat completions.

The model sees the request as a user's message, after fixed instructions, and answers in the wire form. Its answer is read
like a plan from a stranger. What it says beside a plan changes nothing.
"""

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Self

import instructor
from instructor.core import InstructorRetryException, ResponseParsingError
from openai import OpenAI
from pydantic import GetJsonSchemaHandler, InstanceOf
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from signoff.actions import Kind, Registry
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import PlanInvalid, UsageError

from .answer import Outcome, Planned, check_request
from .completion import Reply
from .context import Context, check_context
from .endpoint import Endpoint
from .mode import MODEL_TIMEOUT, Mode
from .plan import ActionPlan
from .prompt import system_prompt
from .transport import Channel
from .wire import DESCRIPTION, NAME, Answer, Schema, read_answer, wire_schema

DEFAULT_RETRIES = 2  # how often a model is asked again after a malformed answer
MAX_RETRIES = 10
MAX_MODEL = 200  # characters of a model's name
MAX_WORDS = 1_000  # characters of a question or a refusal that the user is shown
PROBLEMS_TOLD = 3  # of a malformed answer that the user is shown

# What a model is told beside its mistakes. The question is there because a model that must mend an answer tends to guess.
_MEND = {
    Mode.JSON_SCHEMA: "write the JSON object alone, without ``` or other text, or ask a question where the user did not say",
    Mode.TOOLS: f"call `{NAME}` once, with all of it as the arguments, or ask a question there where the user did not say",
}
_MODES = {Mode.JSON_SCHEMA: instructor.Mode.JSON_SCHEMA, Mode.TOOLS: instructor.Mode.TOOLS}

# instructor logs every failed attempt as an error, with what the model wrote; without a handler Python prints that.
logging.getLogger("instructor").addHandler(logging.NullHandler())

# Reads the reply that came last to the request that is being planned in this thread. instructor hands its form only the text
# that it was given itself, and that is no reply: secrets are hidden in it.
_read_last: ContextVar[Callable[[], Answer]] = ContextVar("_read_last")


class LLMPlanner:
    """Plans by asking a model, and asks it again, with what was wrong, where its answer is no valid plan.

    Every other failure ends at once: it is told, not retried. One planner may be used by many threads.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        model: str,
        base_url: str | None = None,  # OpenAI's own where there is none
        api_key: str | None = None,
        mode: Mode = Mode.JSON_SCHEMA,
        timeout: float = MODEL_TIMEOUT,
        max_retries: int = DEFAULT_RETRIES,
        direct: bool = False,  # past every proxy: for a server on this machine
    ) -> None:
        if not (model.strip() and model.isprintable() and len(model) <= MAX_MODEL):
            raise UsageError(f"a model's name (SIGNOFF_MODEL) holds 1 to {MAX_MODEL} characters, all of them visible")
        if timeout <= 0:
            raise UsageError("the time to wait for a model (SIGNOFF_MODEL_TIMEOUT) must be more than 0 seconds")
        if not 0 <= max_retries <= MAX_RETRIES:
            raise UsageError(f"a model is asked again 0 to {MAX_RETRIES} times, not {max_retries}")
        if not registry:
            raise UsageError("the registry (--actions) holds no action, so there is nothing to plan; give it one")
        self._registry = registry
        self._endpoint = Endpoint.at(base_url, api_key, direct=direct)
        self._model = model
        self._mode = mode
        self._timeout = timeout
        self._retries = max_retries
        self._strict = _strict(mode, wire_schema(registry))
        self._prompt = system_prompt(registry)

    @property
    def label(self) -> str:
        """Who plans, for people: the model and the server that it is asked at."""
        return f"model {self._endpoint.redact(self._model)} at {self._endpoint.host}"

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The plan, or why there is none. Raises PlanInvalid for a request or a context that cannot be taken."""
        check_request(request)
        check_context(context)
        replies: list[Reply] = []
        try:
            channel = Channel(self._endpoint, self._model, self._mode, self._timeout, replies.append)
        except (OSError, ValueError, ImportError) as error:  # a proxy or a certificate that cannot be used
            return self._without([_no_way(self._endpoint.host, error)])
        reading = _read_last.set(lambda: self._taken(replies[-1]))
        try:
            with channel:
                answer = self._ask(request, self._client(channel))
        except InstructorRetryException as error:  # raised for whatever fails; what failed is in the replies
            return self._without(replies or [_unsent(error)])
        finally:
            _read_last.reset(reading)
        return self._answered(replies, answer)

    def _client(self, channel: Channel) -> OpenAI:
        """OpenAI's client. The key and the query are not its to know: the channel adds them."""
        return OpenAI(
            api_key="added by the channel",
            base_url=self._endpoint.url,
            http_client=channel,
            timeout=self._timeout,
            max_retries=0,
        )

    def _ask(self, request: str, client: OpenAI) -> Answer:
        """Ask until an answer can be read."""
        form = instructor.from_openai(client, mode=_MODES[self._mode]).create(
            response_model=PlanForm,
            model=self._model,
            messages=[{"role": "system", "content": self._prompt}, {"role": "user", "content": request}],
            max_retries=self._retries,
            extra_body=self._strict,
        )
        return form.answer

    def _taken(self, reply: Reply) -> Answer:
        """The answer in *reply*. Raises ResponseParsingError, on which instructor asks again, with what was wrong."""
        try:
            return self._read(reply)
        except PlanInvalid as error:
            raise ResponseParsingError(f"{error}\n{_MEND[self._mode]}", mode=self._mode) from error

    def _read(self, reply: Reply) -> Answer:
        """The answer in *reply*. Raises PlanInvalid, in words that may be shown, with every problem in it."""
        if reply.outcome is not Outcome.PLAN:
            raise PlanInvalid([reply.reason])
        try:
            return read_answer(reply.text, self._registry)
        except PlanInvalid as error:
            raise PlanInvalid([self._endpoint.redact(problem) for problem in error.problems]) from None

    def _answered(self, replies: list[Reply], answer: Answer) -> Planned:
        """What *answer*, the last of *replies* as it was read, is for the user."""
        if answer.plan is None:
            words = self._endpoint.redact(answer.words, MAX_WORDS)
            said = f'the model refuses: "{words}"' if answer.outcome is Outcome.REFUSAL else words
            return self._planned(replies, answer.outcome, message=said)
        if self._endpoint.is_repeated_in(answer.plan):
            told = f"no valid plan came in {_attempts(replies)}: the answer repeats the key"
            return self._planned(replies, Outcome.MALFORMED, message=told)
        return self._planned(replies, Outcome.PLAN, plan=answer.plan)

    def _without(self, replies: list[Reply]) -> Planned:
        """What the last of *replies* is, none of which held a plan."""
        last = replies[-1]
        quoted = f'"{self._endpoint.redact(last.text)}"'
        wrote = f"; it wrote: {quoted}" if last.text else ""
        if last.text and any(field.kind is Kind.SECRET for action in self._registry.values() for field in action.fields.values()):
            wrote = "; what it wrote is not repeated, as it may hold a secret"
        match last.outcome:
            case Outcome.REFUSAL:
                told = "the model refuses" + (f": {quoted}" if last.text else "")
                return self._planned(replies, last.outcome, message=told)
            case Outcome.PLAN | Outcome.MALFORMED:
                told = f"no valid plan came in {_attempts(replies)}: {self._problems(last)}"
                told += wrote
                return self._planned(replies, Outcome.MALFORMED, message=told)
        told = last.reason + (f"; it says: {quoted}" if last.text else "")
        return self._planned(replies, last.outcome, message=told)

    def _problems(self, reply: Reply) -> str:
        try:
            self._read(reply)
        except PlanInvalid as error:
            more = len(error.problems) - PROBLEMS_TOLD
            shown = error.problems[:PROBLEMS_TOLD]
            return "; ".join([*shown, f"and {more} more problems"] if more > 0 else shown)
        return "the clients did not take it"

    def _planned(self, replies: list[Reply], outcome: Outcome, *, message: str = "", plan: ActionPlan | None = None) -> Planned:
        counted = [reply.tokens for reply in replies if reply.tokens is not None]
        return Planned(
            outcome=outcome,
            planner=self.label,
            plan=plan,
            message=message,
            model=self._endpoint.redact(self._model),
            attempts=len(replies),
            tokens=sum(counted) if counted else None,
        )


class PlanForm(instructor.OpenAISchema):
    """What instructor is given as the model of an answer: it has the reply read that came last, by our own reader."""

    answer: InstanceOf[Answer]

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """None to speak of: the schema that is sent is given past instructor."""
        return {"title": NAME, "type": "object", "properties": {}}

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
        return cls(answer=_read_last.get()())


def _strict(mode: Mode, schema: Schema) -> dict[str, Json]:
    """What makes the server keep to *schema*. Given past instructor, which leaves `strict` out in either mode."""
    if mode is Mode.JSON_SCHEMA:
        return {"response_format": {"type": "json_schema", "json_schema": {"name": NAME, "strict": True, "schema": schema}}}
    function: Json = {"name": NAME, "description": DESCRIPTION, "strict": True, "parameters": schema}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": NAME}},
    }


def _attempts(replies: list[Reply]) -> str:
    return "1 attempt" if len(replies) == 1 else f"{len(replies)} attempts"


def _unsent(error: InstructorRetryException) -> Reply:
    remedy = "unset OPENAI_CUSTOM_HEADERS, and check OPENAI_BASE_URL"
    reason = f"the model could not be asked: {type(error.__cause__).__name__}; {remedy}"
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason)


def _no_way(host: str, error: Exception) -> Reply:
    """Told without the error's own words, which may hold a proxy's password."""
    remedy = "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE"
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=f"no way to {host} ({type(error).__name__}); {remedy}")
