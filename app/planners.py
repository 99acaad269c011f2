"""Which planner plans: a model where one is set up, else the rules planner. And which model talks."""

from typing import TYPE_CHECKING

from .errors import UsageError
from .settings import PlannerChoice, Settings

if TYPE_CHECKING:
    from signoff.actions import Registry
    from signoff.planner import Planner, Talker


def choose_planner(settings: Settings, registry: "Registry") -> "Planner":
    """The planner that *settings* ask for. Raises UsageError for a model that cannot be asked.

    The clients that a model is asked through are imported only where one is asked: that takes most of a second.
    """
    choice, model = settings.planner, settings.model
    if choice is PlannerChoice.LLM and not model.is_set_up:
        raise UsageError(
            "no model is set up; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key, or use --planner rules"
        )
    if choice is PlannerChoice.RULES or not model.is_set_up:
        from signoff.planner import RulesPlanner

        return RulesPlanner(registry)

    from signoff.planner import LLMPlanner

    return LLMPlanner(
        registry,
        model=model.name,
        base_url=model.base_url,
        api_key=model.key,
        mode=model.mode,
        timeout=model.timeout,
        temperature=model.temperature,
        seed=model.seed,
        answer_tokens=model.answer_tokens,
        token_budget=model.token_budget,
        narrow=model.narrow,
    )


def choose_talker(settings: Settings, registry: "Registry") -> "Talker":
    """The model that talks. Raises UsageError where none is set up, or it cannot be asked."""
    model = settings.model
    if not model.is_set_up:
        raise UsageError("a conversation needs a model; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key")
    from signoff.planner import LLMTalker

    return LLMTalker(
        registry,
        model=model.name,
        base_url=model.base_url,
        api_key=model.key,
        timeout=model.timeout,
        temperature=model.temperature,
        seed=model.seed,
        answer_tokens=model.answer_tokens,
    )
