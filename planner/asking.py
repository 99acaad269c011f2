"""Asking a model for one plan: what is sent, every reply to it, and what it all comes to.

Nothing here waits. Whoever sends and waits, in a thread or in a task, is told here what comes next.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from ssl import SSLContext
from time import monotonic
from typing import Any, TypeVar

from httpx2 import create_ssl_context
from instructor.core import InstructorRetryException, ResponseParsingError

from signoff.actions import Kind, Registry
from signoff.canonical import MAX_INTEGER, Json
from signoff.errors import PlanInvalid

from .answer import Outcome, Planned
from .completion import Reply
from .context import Context
from .endpoint import Endpoint
from .form import PlanForm, form_of, read_by
from .mode import Mode
from .narrowing import Candidates
from .plan import ActionPlan
from .prompt import write_messages
from .sampling import Sampling
from .transport import AsyncChannel, Channel, NoPlan, no_way
from .wire import NAME, Answer, Schema, read_answer, wire_schema

MAX_WORDS = 1_000  # characters of a question or a refusal that the user is shown
PROBLEMS_TOLD = 3  # of a malformed answer that the user is shown

# What a model is told beside its mistakes. The question is there because a model that must mend an answer tends to guess.
_JSON_ALONE = "write the JSON object alone, without ``` or other text, or ask a question where the user did not say"
_MEND = {
    Mode.JSON_SCHEMA: _JSON_ALONE,
    Mode.JSON: _JSON_ALONE,
    Mode.TOOLS: f"call `{NAME}` once, with all of it as the arguments, or ask a question there where the user did not say",
}

AnyChannel = TypeVar("AnyChannel", Channel, AsyncChannel)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How one model is asked, whatever the request."""

    registry: Registry
    endpoint: Endpoint
    model: str
    mode: Mode
    timeout: float
    retries: int
    sampling: Sampling
    instructions: str = field(repr=False)
    schema: Schema = field(repr=False)
    narrow: bool

    @property
    def label(self) -> str:
        """Who plans, for people: the model and the server that it is asked at."""
        return f"model {self.endpoint.redact(self.model)} at {self.endpoint.host}"

    @cached_property
    def trusted(self) -> SSLContext:
        """The certificates that are trusted, read once. Raises OSError where SSL_CERT_FILE names none."""
        return create_ssl_context()


class Asking:
    """One request on its way to a model and back."""

    def __init__(self, setup: Setup, request: str, context: Sequence[Context]) -> None:
        self._setup = setup
        self._messages = write_messages(setup.instructions, request, context)
        self._candidates = Candidates.of(request, context, setup.registry) if setup.narrow else None
        self._replies: list[Reply] = []
        self._answer: Answer | None = None
        self._started = monotonic()

    @property
    def parameters(self) -> dict[str, Any]:
        """What instructor is to create an answer with."""
        setup = self._setup
        schema = setup.schema if self._candidates is None else wire_schema(setup.registry, self._candidates)
        return {
            "response_model": PlanForm,
            "model": setup.model,
            "messages": self._messages,
            "max_retries": setup.retries,
            "extra_body": form_of(setup.mode, schema) | setup.sampling.parameters(setup.endpoint.host),
        }

    def open(self, kind: type[AnyChannel]) -> AnyChannel:
        """The way to the server. Raises NoPlan for a proxy or a certificate that cannot be used."""
        setup = self._setup
        try:
            return kind(setup.endpoint, setup.model, setup.mode, setup.timeout, self._replies.append, setup.trusted)
        except (OSError, ValueError, ImportError) as error:
            self._replies.append(no_way(setup.endpoint.host, error))
            raise NoPlan(self._replies[-1]) from error

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Within it the model is asked. Whatever goes wrong with that ends it, and is told by `planned`."""
        with read_by(self._read_last):
            try:
                yield
            except NoPlan:
                pass
            except InstructorRetryException as error:  # raised for whatever fails; what failed is in the replies
                if not self._replies:
                    self._replies.append(_unsent(error))

    def take(self, form: PlanForm) -> None:
        """Take the answer that was read at last."""
        self._answer = form.answer

    def planned(self) -> Planned:
        """What came of it."""
        return self._without() if self._answer is None else self._answered(self._answer)

    def _read_last(self) -> Answer:
        """The answer in the last reply. Raises ResponseParsingError, on which the model is asked again, with what was wrong."""
        reply = self._replies[-1]
        try:
            return self._read(reply)
        except PlanInvalid as error:
            if self._is_spent():
                raise NoPlan(reply) from error  # which ends it
            mode = self._setup.mode
            raise ResponseParsingError(f"{error}\n{_MEND[mode]}", mode=mode) from error

    def _read(self, reply: Reply) -> Answer:
        """The answer in *reply*. Raises PlanInvalid, in words that may be shown, with every problem in it."""
        if reply.outcome is not Outcome.PLAN:
            raise PlanInvalid([reply.reason])
        try:
            answer = read_answer(reply.text, self._setup.registry)
            if answer.plan is not None and self._candidates is not None:
                self._candidates.check(answer.plan)
        except PlanInvalid as error:
            raise PlanInvalid([self._setup.endpoint.redact(problem) for problem in error.problems]) from None
        return answer

    def _answered(self, answer: Answer) -> Planned:
        """What *answer*, the last reply as it was read, is for the user."""
        endpoint = self._setup.endpoint
        if answer.plan is None:
            words = endpoint.redact(answer.words, MAX_WORDS)
            said = f'the model refuses: "{words}"' if answer.outcome is Outcome.REFUSAL else words
            return self._told(answer.outcome, message=said)
        if endpoint.is_repeated_in(answer.plan):
            return self._told(Outcome.MALFORMED, message=f"no valid plan came in {self._attempts()}: the answer repeats the key")
        return self._told(Outcome.PLAN, plan=answer.plan)

    def _without(self) -> Planned:
        """What the last reply is, where none of them held a plan."""
        last = self._replies[-1]
        quoted = f'"{self._setup.endpoint.redact(last.text)}"'
        match last.outcome:
            case Outcome.REFUSAL:
                return self._told(last.outcome, message="the model refuses" + (f": {quoted}" if last.text else ""))
            case Outcome.PLAN | Outcome.MALFORMED:
                told = (
                    f"no valid plan came in {self._attempts()}: {self._problems(last)}{self._end()}{self._written(last, quoted)}"
                )
                return self._told(Outcome.MALFORMED, message=told)
        return self._told(last.outcome, message=last.reason + (f"; it says: {quoted}" if last.text else ""))

    def _written(self, last: Reply, quoted: str) -> str:
        fields = (field for action in self._setup.registry.values() for field in action.fields.values())
        if last.text and any(field.kind is Kind.SECRET for field in fields):
            return "; what it wrote is not repeated, as it may hold a secret"
        return f"; it wrote: {quoted}" if last.text else ""

    def _problems(self, reply: Reply) -> str:
        try:
            self._read(reply)
        except PlanInvalid as error:
            more = len(error.problems) - PROBLEMS_TOLD
            shown = error.problems[:PROBLEMS_TOLD]
            return "; ".join([*shown, f"and {more} more problems"] if more > 0 else shown)
        return "the clients did not take it"

    def _attempts(self) -> str:
        return "1 attempt" if len(self._replies) == 1 else f"{len(self._replies)} attempts"

    def _tokens(self) -> int | None:
        """What the server counted in all replies together; None where it counts nothing."""
        counted = [reply.tokens for reply in self._replies if reply.tokens is not None]
        return min(sum(counted), MAX_INTEGER) if counted else None

    def _is_spent(self) -> bool:
        budget = self._setup.sampling.token_budget
        return budget is not None and (self._tokens() or 0) >= budget

    def _end(self) -> str:
        """Why the model was not asked again, where it could have been."""
        if not self._is_spent() or self._replies[-1].final or len(self._replies) > self._setup.retries:
            return ""
        used, budget = self._tokens() or 0, self._setup.sampling.token_budget or 0
        return f"; {used:,} tokens are used of {budget:,}, so the model is not asked again: raise SIGNOFF_TOKEN_BUDGET for that"

    def _told(self, outcome: Outcome, *, message: str = "", plan: ActionPlan | None = None) -> Planned:
        return Planned(
            outcome=outcome,
            planner=self._setup.label,
            plan=plan,
            message=message,
            model=self._setup.endpoint.redact(self._setup.model),
            attempts=len(self._replies),
            tokens=self._tokens(),
            record=self._record(),
        )

    def _record(self) -> dict[str, Json]:
        """How it came about, for the log: short texts, whole numbers and digests, with nothing of the request or the answer."""
        last, redact = self._replies[-1], self._setup.endpoint.redact
        return {
            "planner": "model",
            "model": redact(last.model) or None,  # as the server says it; another than was asked may have answered
            "mode": str(self._setup.mode),
            "narrowed": self._setup.narrow,
            "attempts": len(self._replies),
            "tokens": self._tokens(),
            "seconds": f"{monotonic() - self._started:.3f}",
            "finish": redact(last.finish) or None,
            "prompt": last.prompt,
            "answer": last.digest,
            **self._setup.sampling.record(),
        }


def _unsent(error: InstructorRetryException) -> Reply:
    remedy = "unset OPENAI_CUSTOM_HEADERS, and check OPENAI_BASE_URL"
    reason = f"the model could not be asked: {type(error.__cause__).__name__}; {remedy}"
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason)
