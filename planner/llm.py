"""A planner that asks a language model, over any server that speaks OpenAI's chat completions.

The model sees the request as a user's message, after fixed instructions, and answers in the wire form. Its answer is read
like a plan from a stranger. What it says beside a plan changes nothing.
"""

from collections.abc import Sequence
from typing import Any

import instructor
from openai import AsyncOpenAI, OpenAI

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import UsageError

from .answer import Planned, check_request
from .asking import Asking, Setup
from .context import Context, check_context
from .endpoint import Endpoint, check_model
from .form import INSTRUCTOR_MODES
from .limits import check_schema
from .mode import ANSWER_TOKENS, MODEL_TIMEOUT, SEED, TEMPERATURE, TOKEN_BUDGET, Mode
from .narrowing import room_for_texts
from .prompt import system_prompt
from .sampling import Sampling
from .transport import AsyncChannel, Channel
from .wire import wire_schema

DEFAULT_RETRIES = 2  # how often a model is asked again after a malformed answer
MAX_RETRIES = 10


class LLMPlanner:
    """Plans by asking a model, and asks it again, with what was wrong, where its answer is no valid plan.

    Every other failure ends at once: it is told, not retried. One planner may be used by many threads and tasks.
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
        temperature: float | None = TEMPERATURE,  # None: not sent, for models that refuse it
        seed: int | None = SEED,  # None: not sent
        answer_tokens: int | None = ANSWER_TOKENS,  # of one answer at most; None: as many as the server gives
        token_budget: int | None = TOKEN_BUDGET,  # after which the model is not asked again; None: no such bound
        narrow: bool = False,  # only values that occur in the request
    ) -> None:
        check_model(model, timeout)
        if not 0 <= max_retries <= MAX_RETRIES:
            raise UsageError(f"a model is asked again 0 to {MAX_RETRIES} times, not {max_retries}")
        if not registry:
            raise UsageError("the registry (--actions) holds no action, so there is nothing to plan; give it one")
        schema = wire_schema(registry)
        check_schema(schema)
        if narrow:
            room_for_texts(registry)
        self._setup = Setup(
            registry=registry,
            endpoint=Endpoint.at(base_url, api_key),
            model=model,
            mode=mode,
            timeout=timeout,
            retries=max_retries,
            sampling=Sampling(temperature=temperature, seed=seed, answer_tokens=answer_tokens, token_budget=token_budget),
            instructions=system_prompt(registry, schema if mode is Mode.JSON else None),
            schema=schema,
            narrow=narrow,
        )

    @property
    def label(self) -> str:
        """Who plans, for people: the model and the server that it is asked at."""
        return self._setup.label

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The plan, or why there is none. Raises PlanInvalid for a request or a context that cannot be taken."""
        asking = self._asking(request, context)
        with asking.under_way(), asking.open(Channel) as channel:
            form = instructor.from_openai(OpenAI(**self._client, http_client=channel), mode=self._mode)
            asking.take(form.create(**asking.parameters))
        return asking.planned()

    async def aplan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """As `plan`, without holding the thread. A task that is cancelled meanwhile closes its connection."""
        asking = self._asking(request, context)
        with asking.under_way():
            async with asking.open(AsyncChannel) as channel:
                form = instructor.from_openai(AsyncOpenAI(**self._client, http_client=channel), mode=self._mode)
                asking.take(await form.create(**asking.parameters))
        return asking.planned()

    def _asking(self, request: str, context: Sequence[Context]) -> Asking:
        check_request(request)
        check_context(context)
        return Asking(self._setup, request, context)

    @property
    def _mode(self) -> instructor.Mode:
        return INSTRUCTOR_MODES[self._setup.mode]

    @property
    def _client(self) -> dict[str, Any]:
        """What OpenAI's clients are made with. The key and the query are not theirs to know: the channel adds them."""
        return {
            "api_key": "added by the channel",
            "base_url": self._setup.endpoint.url,
            "timeout": self._setup.timeout,
            "max_retries": 0,
        }
