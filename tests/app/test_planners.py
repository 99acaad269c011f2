"""Which planner is chosen, and what the environment may say about it."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from signoff.actions import bank_registry
from signoff.errors import UsageError
from signoff.planner import (
    ANSWER_TOKENS,
    MODEL_TIMEOUT,
    SEED,
    TEMPERATURE,
    TOKEN_BUDGET,
    LLMPlanner,
    LLMTalker,
    Mode,
    RulesPlanner,
)
from signoff.planners import choose_planner, choose_talker
from signoff.settings import DEFAULT_MODEL, PlannerChoice, Settings

KEY = "sk-test-3f9a"
URL = "http://127.0.0.1:9/v1"
_PLAN = """
import sys
from signoff.actions import bank_registry
from signoff.planners import choose_planner, choose_talker
from signoff.settings import Settings
settings = Settings.read({}, planner=sys.argv[1])
choose_planner(settings, bank_registry()).plan("check my balance", settings.requester)
print({"openai", "instructor", "httpx2"} & set(sys.modules))
"""


@pytest.mark.parametrize(
    ("choice", "environment", "chosen"),
    [
        (None, {}, RulesPlanner),
        (None, {"OPENAI_API_KEY": KEY}, LLMPlanner),
        (None, {"OPENAI_BASE_URL": URL}, LLMPlanner),
        (None, {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": " "}, RulesPlanner),
        (None, {"OPENAI_API_KEY": KEY, "SIGNOFF_PLANNER": "rules"}, RulesPlanner),
        ("auto", {"OPENAI_API_KEY": KEY, "SIGNOFF_PLANNER": "rules"}, LLMPlanner),
        ("auto", {"SIGNOFF_PLANNER": "llm"}, RulesPlanner),
        ("llm", {"OPENAI_API_KEY": KEY}, LLMPlanner),
        ("llm", {"OPENAI_BASE_URL": URL}, LLMPlanner),
        ("rules", {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": URL}, RulesPlanner),
        ("rules", {"OPENAI_BASE_URL": "no address", "OPENAI_API_KEY": "no key"}, RulesPlanner),
    ],
)
def test_a_planner_is_chosen(choice: str | None, environment: Mapping[str, str], chosen: type) -> None:
    """The option counts first, then SIGNOFF_PLANNER; `auto` takes a model where a key or a base URL is set."""
    assert type(choose_planner(Settings.read(environment, planner=choice), bank_registry())) is chosen


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({"SIGNOFF_PLANNER": "llm"}, ["OPENAI_API_KEY", "OPENAI_BASE_URL", "--planner rules"]),
        ({"OPENAI_BASE_URL": "localhost:8080"}, ["OPENAI_BASE_URL", "http://localhost:11434/v1"]),
        ({"OPENAI_API_KEY": f"{KEY} {KEY}"}, ["OPENAI_API_KEY"]),
        ({"OPENAI_API_KEY": KEY, "SIGNOFF_MODEL": "\x1b"}, ["SIGNOFF_MODEL"]),
        ({"OPENAI_API_KEY": KEY, "SIGNOFF_MODEL_TIMEOUT": "0"}, ["SIGNOFF_MODEL_TIMEOUT"]),
    ],
)
def test_a_model_that_cannot_be_asked_is_wrong_use(environment: Mapping[str, str], parts: list[str]) -> None:
    """A model that is wanted and not set up, or set up wrongly, is told with the names to set; no secret is repeated."""
    with pytest.raises(UsageError) as caught:
        choose_planner(Settings.read(environment), bank_registry())
    assert [part for part in parts if part not in str(caught.value)] == []
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SIGNOFF_PLANNER": "gpt"}, 'SIGNOFF_PLANNER is "gpt"; write one of auto, llm, rules'),
        ({"SIGNOFF_MODE": "xml"}, 'SIGNOFF_MODE is "xml"; write one of json_schema, tools, json'),
        ({"SIGNOFF_MODEL_TIMEOUT": "soon"}, 'SIGNOFF_MODEL_TIMEOUT is "soon"; write a number of seconds from 0 to 3600'),
        ({"SIGNOFF_TEMPERATURE": "hot"}, 'SIGNOFF_TEMPERATURE is "hot"; write a number, or none'),
        ({"SIGNOFF_TEMPERATURE": "nan"}, "the temperature (SIGNOFF_TEMPERATURE) is a number from 0 to 2, or none"),
        ({"SIGNOFF_SEED": "1.5"}, 'SIGNOFF_SEED is "1.5"; write a number, or none'),
        ({"SIGNOFF_SEED": "-1"}, "the seed (SIGNOFF_SEED) is a whole number from 0 to 2**53 - 1, or none"),
        ({"SIGNOFF_ANSWER_TOKENS": "0"}, "the number of tokens (SIGNOFF_ANSWER_TOKENS) is from 1 to 10000000, or none"),
        ({"SIGNOFF_TOKEN_BUDGET": "much"}, 'SIGNOFF_TOKEN_BUDGET is "much"; write a number, or none'),
        ({"SIGNOFF_NARROW": "yes"}, 'SIGNOFF_NARROW is "yes"; write 1 or 0'),
    ],
)
def test_a_setting_of_ours_is_checked(environment: Mapping[str, str], told: str) -> None:
    """A setting with a value that it cannot have is told with those it can, where a planner is chosen by it."""
    settings = Settings.read({"OPENAI_API_KEY": KEY, **environment})
    with pytest.raises(UsageError) as caught:
        choose_planner(settings, bank_registry())
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("choice", "environment"),
    [
        ("rules", {"SIGNOFF_MODE": "xml"}),
        ("rules", {"SIGNOFF_PLANNER": "gpt"}),
        (None, {"SIGNOFF_PLANNER": "rules", "SIGNOFF_MODE": "xml", "SIGNOFF_MODEL_TIMEOUT": "soon", "SIGNOFF_NARROW": "yes"}),
    ],
)
def test_the_rules_need_no_setting_of_a_model(choice: str | None, environment: Mapping[str, str]) -> None:
    """A mistake in what only a model would use does not stop the rules planner."""
    settings = Settings.read({"OPENAI_API_KEY": KEY, **environment}, planner=choice)
    assert type(choose_planner(settings, bank_registry())) is RulesPlanner


@pytest.mark.parametrize("environment", [{"OPENAI_API_KEY": KEY}, {"OPENAI_BASE_URL": URL}])
@pytest.mark.parametrize("choice", ["auto", "rules"])
def test_a_model_talks_where_one_is_set_up(environment: Mapping[str, str], choice: str) -> None:
    """A conversation is always with a model, whichever planner plans: with the one that is set up."""
    settings = Settings.read({"SIGNOFF_MODEL": "qwen3", **environment}, planner=choice)
    talker = choose_talker(settings, bank_registry())
    assert isinstance(talker, LLMTalker)
    assert talker.label.startswith("model qwen3 at ")


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({}, ["a conversation needs a model", "OPENAI_API_KEY", "OPENAI_BASE_URL"]),
        ({"OPENAI_BASE_URL": "localhost:8080"}, ["OPENAI_BASE_URL", "http://localhost:11434/v1"]),
        ({"OPENAI_API_KEY": KEY, "SIGNOFF_MODEL_TIMEOUT": "soon"}, ["SIGNOFF_MODEL_TIMEOUT"]),
        ({"OPENAI_API_KEY": f"{KEY} {KEY}"}, ["OPENAI_API_KEY"]),
    ],
)
def test_a_conversation_without_a_model_is_wrong_use(environment: Mapping[str, str], parts: list[str]) -> None:
    """Where no model is set up, or wrongly, what to set is told; no secret is repeated."""
    with pytest.raises(UsageError) as caught:
        choose_talker(Settings.read(environment), bank_registry())
    assert [part for part in parts if part not in str(caught.value)] == []
    assert KEY not in str(caught.value)


def test_settings_have_defaults() -> None:
    """Without an environment the planner is chosen by what is set up, and the model and its mode have names."""
    settings = Settings.read({})
    assert (settings.planner, settings.model.name, settings.model.mode) == (PlannerChoice.AUTO, DEFAULT_MODEL, Mode.JSON_SCHEMA)
    assert (settings.model.key, settings.model.base_url, settings.model.timeout) == (None, None, MODEL_TIMEOUT)


def test_how_a_model_answers_can_be_set() -> None:
    """Temperature, seed and the bounds on tokens have defaults, can be set, and are left out by `none`."""
    names = ("temperature", "seed", "answer_tokens", "token_budget", "narrow")
    model = Settings.read({"SIGNOFF_MODEL": "qwen3"}).model
    assert [getattr(model, name) for name in names] == [TEMPERATURE, SEED, ANSWER_TOKENS, TOKEN_BUDGET, False]
    said = dict(zip(names, ("0.7", "3", "100", "200", "1"), strict=True))
    model = Settings.read({f"SIGNOFF_{name.upper()}": value for name, value in said.items()}).model
    assert [getattr(model, name) for name in names] == [0.7, 3, 100, 200, True]
    model = Settings.read({f"SIGNOFF_{name.upper()}": "none" for name in names[:4]}).model
    assert [getattr(model, name) for name in names[:4]] == [None] * 4


def test_the_default_model_is_told_no_temperature() -> None:
    """OpenAI's default model refuses every temperature but its own, so none is sent to it unless one is set."""
    assert Settings.read({}).model.temperature is None
    assert Settings.read({"SIGNOFF_TEMPERATURE": "1"}).model.temperature == 1


def test_the_default_model_is_one_that_the_client_knows() -> None:
    """The model that is asked without SIGNOFF_MODEL is one of those that OpenAI's client lists."""
    code = (
        "from typing import get_args; from openai.types import ChatModel; from signoff.settings import DEFAULT_MODEL;"
        "print(DEFAULT_MODEL in get_args(ChatModel))"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "True\n"


def test_secrets_are_in_no_repr() -> None:
    """The key, and a base URL that may hold a password, are not in the settings' text."""
    shown = repr(Settings.read({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://ann:p4ss@host/v1"}))
    assert KEY not in shown
    assert "p4ss" not in shown


@pytest.mark.parametrize("choice", ["rules", "auto"])
def test_the_clients_are_imported_only_to_ask(choice: str) -> None:
    """Where no model is asked, neither openai nor instructor is imported."""
    ran = subprocess.run([sys.executable, "-c", _PLAN, choice], check=True, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "set()\n"
