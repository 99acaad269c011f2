"""Which planner plans: a model where one is set up, else the rules planner. Who gives a second opinion, and which model talks."""

from functools import partial
from typing import TYPE_CHECKING

from .errors import UsageError
from .settings import ModelSettings, PlannerChoice, Settings

if TYPE_CHECKING:
    from signoff.actions import Registry
    from signoff.planner import Planner, Talker


def choose_planner(settings: Settings, registry: "Registry") -> "Planner":
    """The planner that *settings* ask for. Raises UsageError for a model that cannot be asked.

    The clients that a model is asked through are imported only where one is asked: that takes most of a second.
    """
    choice = _choice(settings)
    if settings.second is None:
        return _planner(choice, settings.model, settings, registry)
    second = _named(settings.second)
    if second is choice and (choice is not PlannerChoice.LLM or settings.second == settings.model):
        raise UsageError(f"the second opinion ({settings.second.name}) would be the same planner's; name another one")
    from signoff.planner import SecondOpinion

    if second is PlannerChoice.LLM and not settings.second.is_set_up:
        raise UsageError(
            f'no model is set up for the second opinion ("{settings.second.name[:40]}"); set SIGNOFF_SECOND_BASE_URL or '
            "OPENAI_BASE_URL, or SIGNOFF_SECOND_KEY, or write rules"
        )
    first = _planner(choice, settings.model, settings, registry)
    return SecondOpinion(first, _planner(second, settings.second, settings, registry))


def _choice(settings: Settings) -> PlannerChoice:
    """Who plans. A local model that is named comes before one elsewhere: what it is asked stays on the machine."""
    if settings.planner is not PlannerChoice.AUTO:
        return settings.planner
    if settings.local_model is not None:
        return PlannerChoice.LOCAL
    return PlannerChoice.LLM if settings.model.is_set_up else PlannerChoice.RULES


def _named(second: ModelSettings) -> PlannerChoice:
    """What the name of a second opinion stands for: `rules`, `local`, or a model."""
    known = {choice.value: choice for choice in (PlannerChoice.RULES, PlannerChoice.LOCAL)}
    return known.get(second.name, PlannerChoice.LLM)


def _planner(choice: PlannerChoice, model: ModelSettings, settings: Settings, registry: "Registry") -> "Planner":
    if choice is PlannerChoice.RULES:
        from signoff.planner import RulesPlanner

        return RulesPlanner(registry)
    if choice is PlannerChoice.LOCAL:
        return _local(settings, registry)
    if not model.is_set_up:
        raise UsageError(
            "no model is set up; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key, or use --planner rules"
        )
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


def _local(settings: Settings, registry: "Registry") -> "Planner":
    if settings.local_model is None:
        raise UsageError("no local model is named; set SIGNOFF_LOCAL_MODEL to a GGUF file, or name another one, such as rules")
    from signoff.planner import LocalPlanner

    make = partial(LocalPlanner, registry, model=settings.local_model, timeout=settings.model.timeout)
    tokens = settings.model.answer_tokens if settings.model.said_answer_tokens else None
    return make() if tokens is None else make(answer_tokens=tokens)


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
