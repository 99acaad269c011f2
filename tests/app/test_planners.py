"""Which planner is chosen, and what the environment may say about it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

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
from tests.chat_server import ChatServer, question

KEY = "sk-test-3f9a"
HOST = "127.0.0.1:9"
URL = f"http://{HOST}/v1"
RULES = "built-in rules planner, no AI model"
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
        ({"SIGNOFF_PLANNER": "gpt"}, 'SIGNOFF_PLANNER is "gpt"; write one of auto, llm, local, rules'),
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


@pytest.mark.parametrize(
    ("environment", "choice"),
    [
        ({"SIGNOFF_LOCAL_MODEL": "none.gguf"}, None),
        ({"SIGNOFF_LOCAL_MODEL": "none.gguf", "OPENAI_API_KEY": KEY}, None),
        ({"SIGNOFF_LOCAL_MODEL": "none.gguf", "OPENAI_API_KEY": KEY}, "local"),
        ({"SIGNOFF_PLANNER": "local", "SIGNOFF_LOCAL_MODEL": "none.gguf"}, None),
        ({"SIGNOFF_PLANNER": "rules", "SIGNOFF_LOCAL_MODEL": "none.gguf", "SIGNOFF_SECOND_OPINION": "local"}, None),
    ],
)
def test_a_local_model_is_loaded_where_it_is_named(environment: Mapping[str, str], choice: str | None) -> None:
    """A local model comes before one elsewhere, and a file that is not there is told."""
    with pytest.raises(UsageError, match=r'the local model "none.gguf" \(SIGNOFF_LOCAL_MODEL\) is not there'):
        choose_planner(Settings.read(environment, planner=choice), bank_registry())


@pytest.mark.parametrize("choice", ["rules", "llm"])
def test_a_local_model_that_is_not_chosen_is_not_loaded(choice: str) -> None:
    """Another planner that is asked for does not look at the file."""
    settings = Settings.read({"SIGNOFF_LOCAL_MODEL": "none.gguf", "OPENAI_API_KEY": KEY}, planner=choice)
    assert type(choose_planner(settings, bank_registry())) in (RulesPlanner, LLMPlanner)


@pytest.mark.parametrize("tokens", ["0", "-5", "10000001", "many"])
def test_an_answer_of_a_local_model_is_bounded_as_one_is_told(tmp_path: Path, tokens: str) -> None:
    """SIGNOFF_ANSWER_TOKENS, which a cut answer says to raise, is what bounds one here, too: a number that is none is refused."""
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF\x03\0\0\0")
    settings = Settings.read({"SIGNOFF_LOCAL_MODEL": str(model), "SIGNOFF_ANSWER_TOKENS": tokens})
    with pytest.raises(UsageError, match="SIGNOFF_ANSWER_TOKENS"):
        choose_planner(settings, bank_registry())


def test_a_local_model_needs_its_file_named() -> None:
    """`--planner local` without SIGNOFF_LOCAL_MODEL is wrong use, and says what to set."""
    with pytest.raises(UsageError, match="set SIGNOFF_LOCAL_MODEL to a GGUF file"):
        choose_planner(Settings.read({}, planner="local"), bank_registry())


@pytest.mark.parametrize(
    ("environment", "choice", "said", "label"),
    [
        ({"OPENAI_BASE_URL": URL, "SIGNOFF_MODEL": "big"}, None, "rules", f"model big at 127.0.0.1:9; second opinion: {RULES}"),
        (
            {"OPENAI_BASE_URL": URL, "SIGNOFF_MODEL": "big"},
            None,
            "small",
            f"model big at {HOST}; second opinion: model small at {HOST}",
        ),
        ({"OPENAI_BASE_URL": URL}, "rules", "small", f"{RULES}; second opinion: model small at {HOST}"),
        (
            {"SIGNOFF_SECOND_BASE_URL": URL, "SIGNOFF_SECOND_OPINION": "small"},
            None,
            None,
            f"{RULES}; second opinion: model small at {HOST}",
        ),
        (
            {"SIGNOFF_SECOND_OPINION": "small", "OPENAI_API_KEY": KEY, "SIGNOFF_MODEL": "big"},
            None,
            "rules",
            f"model big at api.openai.com; second opinion: {RULES}",
        ),
        ({"SIGNOFF_SECOND_OPINION": ""}, None, None, RULES),
    ],
)
def test_a_second_opinion_is_given_by_whom_is_named(
    environment: Mapping[str, str], choice: str | None, said: str | None, label: str
) -> None:
    """The option counts first, then SIGNOFF_SECOND_OPINION: the rules, or a model, at the first one's server or its own."""
    settings = Settings.read(environment, planner=choice, second_opinion=said)
    assert choose_planner(settings, bank_registry()).label == label


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SIGNOFF_SECOND_OPINION": "rules"}, "would be the same planner's"),
        ({"SIGNOFF_SECOND_OPINION": "big", "SIGNOFF_MODEL": "big", "OPENAI_BASE_URL": URL}, "would be the same planner's"),
        ({"SIGNOFF_SECOND_OPINION": "small"}, "no model is set up for the second opinion"),
        ({"SIGNOFF_SECOND_OPINION": "\x1b", "OPENAI_BASE_URL": URL}, "a model's name"),
        ({"SIGNOFF_SECOND_OPINION": "small", "SIGNOFF_SECOND_BASE_URL": "nowhere"}, "base URL"),
    ],
)
def test_a_second_opinion_that_cannot_be_had_is_wrong_use(environment: Mapping[str, str], told: str) -> None:
    """A second opinion of the first planner, or of a model that cannot be asked, stops the command."""
    with pytest.raises(UsageError, match=told):
        choose_planner(Settings.read(environment), bank_registry())


def test_a_key_goes_to_its_own_server_alone(chat_server: ChatServer) -> None:
    """A second model at a server of its own is not sent the first one's key; at the first one's server it is."""
    chat_server.answer_always(question("Which?"))
    there = {"OPENAI_API_KEY": KEY, "SIGNOFF_SECOND_OPINION": "small"}
    own = {"SIGNOFF_SECOND_BASE_URL": chat_server.url}
    for environment in (
        there | own,
        there | own | {"SIGNOFF_SECOND_KEY": "sk-second-1"},
        there | {"OPENAI_BASE_URL": chat_server.url},
    ):
        settings = Settings.read(environment, planner="rules")
        answer = choose_planner(settings, bank_registry()).plan("check my balance", settings.requester)
        assert answer.disputed == ("the second opinion is a question: Which?",)
        assert "sk-second-1" not in repr((settings, answer))
    sent = [asked.headers["authorization"] for asked in chat_server.asked]
    assert sent == ["Bearer none", "Bearer sk-second-1", f"Bearer {KEY}"]
