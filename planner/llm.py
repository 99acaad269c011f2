"""A planner that asks a language model, over any server that speaks OpenAI's chat completions.

The model sees the request as a user's message, after fixed instructions, and answers in the wire form. Its answer is read
like a plan from a stranger. What it says beside a plan changes nothing.
"""

import logging
from typing import Any, Self

import instructor
from instructor.core import InstructorRetryException, ResponseParsingError
from openai import OpenAI
from pydantic import GetJsonSchemaHandler, InstanceOf
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import PlanInvalid, UsageError

from .answer import Outcome, Planned, check_request
from .completion import Reply
from .endpoint import Endpoint
from .mode import Mode
from .plan import ActionPlan
from .prompt import system_prompt
from .transport import Channel
from .wire import DESCRIPTION, NAME, Answer, Schema, read_answer, wire_schema

DEFAULT_TIMEOUT = 120.0  # seconds for one answer
DEFAULT_RETRIES = 2  # how often a model is asked again after a malformed answer
MAX_RETRIES = 10
MAX_MODEL = 200  # characters of a model's name
MAX_PROBLEMS = 3  # of a malformed answer that the user is shown

_MODES = {Mode.JSON_SCHEMA: instructor.Mode.JSON_SCHEMA, Mode.TOOLS: instructor.Mode.TOOLS}

# instructor logs every failed attempt as an error, with what the model wrote; without a handler Python prints that.
logging.getLogger("instructor").addHandler(logging.NullHandler())


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
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_RETRIES,
    ) -> None:
        if not (model.strip() and model.isprintable() and len(model) <= MAX_MODEL):
            raise UsageError(f"a model's name (SIGNOFF_MODEL) holds 1 to {MAX_MODEL} characters, all of them visible")
        if timeout <= 0:
            raise UsageError("the time to wait for a model (SIGNOFF_MODEL_TIMEOUT) must be more than 0 seconds")
        if not 0 <= max_retries <= MAX_RETRIES:
            raise UsageError(f"a model is asked again 0 to {MAX_RETRIES} times, not {max_retries}")
        self._registry = registry
        self._endpoint = Endpoint.at(base_url, api_key)
        self._model = model
        self._mode = mode
        self._timeout = timeout
        self._retries = max_retries
        self._form = _form(registry)
        self._strict = _strict(mode, wire_schema(registry))
        self._prompt = system_prompt(registry)

    @property
    def label(self) -> str:
        """Who plans, for people: the model and the server that it is asked at."""
        return f"model {self._endpoint.redact(self._model)} at {self._endpoint.host}"

    def plan(self, request: str, actor: Actor) -> Planned:
        """The plan, or why there is none. Raises PlanInvalid for a request that `check_request` refuses."""
        check_request(request)
        replies: list[Reply] = []
        try:
            channel = Channel(self._endpoint, self._model, self._mode, self._timeout, replies.append)
        except (OSError, ValueError, ImportError) as error:  # a proxy or a certificate that cannot be used
            return self._without([_no_way(self._endpoint.host, error)])
        with channel:
            try:
                answer = self._ask(request, channel)
            except InstructorRetryException as error:  # raised for whatever fails; what failed is in the replies
                return self._without(replies or [_unsent(error)])
        if answer.plan is not None:
            return self._planned(replies, Outcome.PLAN, plan=answer.plan)
        words = self._endpoint.hide(answer.words)
        said = f'the model refuses: "{words}"' if answer.outcome is Outcome.REFUSAL else words
        return self._planned(replies, answer.outcome, message=said)

    def _ask(self, request: str, channel: Channel) -> Answer:
        """Ask until an answer can be read. The key is not the clients' to know: the channel adds it."""
        client = OpenAI(
            api_key="added by the channel",
            base_url=self._endpoint.url,
            default_query=self._endpoint.query,
            http_client=channel,
            timeout=self._timeout,
            max_retries=0,
        )
        form = instructor.from_openai(client, mode=_MODES[self._mode]).create(
            response_model=self._form,
            model=self._model,
            messages=[{"role": "system", "content": self._prompt}, {"role": "user", "content": request}],
            max_retries=self._retries,
            extra_body=self._strict,
        )
        return form.answer

    def _without(self, replies: list[Reply]) -> Planned:
        """What the last of *replies* is, none of which held a plan."""
        last = replies[-1]
        quoted = f'"{self._endpoint.redact(last.text)}"'
        match last.outcome:
            case Outcome.REFUSAL:
                return self._planned(replies, last.outcome, message=f"the model refuses: {quoted}")
            case Outcome.PLAN | Outcome.MALFORMED:
                times = "1 attempt" if len(replies) == 1 else f"{len(replies)} attempts"
                wrong = last.reason or self._problems(last.text)
                told = f"no valid plan came in {times}: {wrong}" + (f"; it wrote: {quoted}" if last.text else "")
                return self._planned(replies, Outcome.MALFORMED, message=told)
        told = last.reason + (f"; it says: {quoted}" if last.text else "")
        return self._planned(replies, last.outcome, message=told)

    def _problems(self, text: str) -> str:
        try:
            read_answer(text, self._registry)
        except PlanInvalid as error:
            more = len(error.problems) - MAX_PROBLEMS
            shown = [self._endpoint.redact(problem) for problem in error.problems[:MAX_PROBLEMS]]
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
    """What instructor is given as the model of an answer: it reads the raw text with our own reader."""

    answer: InstanceOf[Answer]


def _form(registry: Registry) -> type[PlanForm]:
    class RegisteredForm(PlanForm):
        @classmethod
        def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
            return {"title": NAME, "description": DESCRIPTION, **wire_schema(registry)}

        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
            try:
                return cls(answer=read_answer(str(json_data), registry))
            except PlanInvalid as error:
                raise ResponseParsingError(str(error), mode=NAME) from error

    RegisteredForm.__name__ = NAME
    return RegisteredForm


def _strict(mode: Mode, schema: Schema) -> dict[str, Json]:
    """What makes the server keep to *schema*. Given past instructor, which leaves `strict` out in either mode."""
    if mode is Mode.JSON_SCHEMA:
        return {"response_format": {"type": "json_schema", "json_schema": {"name": NAME, "strict": True, "schema": schema}}}
    function: Json = {"name": NAME, "description": DESCRIPTION, "strict": True, "parameters": schema}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": NAME}},
    }


def _unsent(error: InstructorRetryException) -> Reply:
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=f"the model could not be asked: {type(error.__cause__).__name__}")


def _no_way(host: str, error: Exception) -> Reply:
    """Told without the error's own words, which may hold a proxy's password."""
    remedy = "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE"
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=f"no way to {host} ({type(error).__name__}); {remedy}")
