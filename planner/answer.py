"""What a planner answers: a plan, or exactly one reason why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import PlanInvalid

from .characters import character_problem
from .context import Context
from .plan import ActionPlan

MAX_REQUEST = 10_000  # characters in one request


class Outcome(StrEnum):
    """What came of a request."""

    PLAN = "plan"
    QUESTION = "question"  # to the user: something is missing or unclear
    REFUSAL = "refusal"  # a model would not
    TRUNCATED = "truncated"  # the answer was cut off
    FILTERED = "filtered"  # a provider's content filter stopped it
    PROVIDER_ERROR = "provider_error"  # no answer: network, quota, server
    MALFORMED = "malformed"  # an answer that is no valid plan


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A planner's answer. It holds a plan exactly when its outcome is PLAN, and a message exactly when it is not."""

    outcome: Outcome
    planner: str  # who planned, for people: "built-in rules planner, no AI model"
    plan: ActionPlan | None = None
    message: str = ""  # for the user: the question, or why there is no plan
    model: str | None = None  # the model's name; None where none was asked
    attempts: int = 1  # how often the planner tried
    tokens: int | None = None  # in all attempts together; None where nothing counts them
    disputed: tuple[str, ...] = ()  # in words, where a second opinion differs; empty where nobody was asked, or agrees
    record: Mapping[str, Json] = field(default_factory=dict)  # how it came about, for the log: digests, mode, time; no secrets

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.PLAN) is not (self.plan is not None):
            raise ValueError(f"the outcome {self.outcome} does not go with {'a' if self.plan else 'no'} plan")
        if (self.outcome is Outcome.PLAN) is bool(self.message):
            raise ValueError(f"the outcome {self.outcome} does not go with {'a' if self.message else 'no'} message")


class Planner(Protocol):
    """Turns a request into a plan, or says why it does not."""

    @property
    def label(self) -> str:
        """Who plans, for people: "built-in rules planner, no AI model"."""

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """Plan *request* for *actor*, who was shown, or brought, *context*. Raises PlanInvalid for a request that `check_request`
        refuses, or a context that `check_context` does, and nothing else."""


def check_request(request: str) -> None:
    """Raises PlanInvalid for a request that is empty or unreasonable, before any work is done on it.

    Unreasonable is one of more than MAX_REQUEST characters, with more than 30 accents on one letter, or with half of
    a surrogate pair, which is no character and can be neither stored nor sent.
    """
    if len(request) > MAX_REQUEST:
        raise PlanInvalid([f"the request holds {len(request):,} characters; at most {MAX_REQUEST:,} are accepted, so shorten it"])
    if not request.strip():
        raise PlanInvalid(['the request is empty; say what to do, such as "send $20 to Alice"'])
    problem = character_problem(request)
    if problem is not None:
        raise PlanInvalid([f"the request holds {problem}"])
