"""What the planner's tests share: a user, the demo bank's registry, and a model at a server of the test's own."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from signoff.actions import Registry, bank_registry
from signoff.actor import Actor
from signoff.canonical import canonical
from signoff.planner import LLMPlanner, LLMTalker, Message, Mode, Outcome, Planned, Role, RulesPlanner, Turn
from tests.chat_server import MODEL, ChatServer

KEY = "sk-test-3f9a"
TRANSFER: dict[str, Any] = {"type": "transfer", "to": "Alice", "amount": "150.00", "currency": None, "from": None}

USER = (Message(role=Role.USER, text="send $150 to Alice"),)

Ask: TypeAlias = Callable[..., LLMPlanner]
Talk: TypeAlias = Callable[..., LLMTalker]
Way: TypeAlias = Callable[..., Planned]  # of a planner, a request, an actor, and perhaps a context


@pytest.fixture
def dana() -> Actor:
    """The customer of the demo bank."""
    return Actor(id="dana")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The demo bank's actions."""
    return bank_registry()


@pytest.fixture(scope="session")
def rules(registry: Registry) -> RulesPlanner:
    """The rules planner of the demo bank."""
    return RulesPlanner(registry)


@pytest.fixture(params=list(Mode))
def mode(request: pytest.FixtureRequest) -> Mode:
    """Each way to ask a model for a plan."""
    found: Mode = request.param
    return found


@pytest.fixture(params=["plan", "aplan"])
def way(request: pytest.FixtureRequest) -> Way:
    """Each way to wait for a plan: in a thread, and in a task."""

    def plan(planner: LLMPlanner, *arguments: Any) -> Planned:
        if request.param == "plan":
            return planner.plan(*arguments)
        return asyncio.run(planner.aplan(*arguments))

    return plan


@pytest.fixture
def llm(registry: Registry, chat_server: ChatServer) -> Ask:
    """Make a planner that asks the test's server."""

    def make(mode: Mode = Mode.JSON_SCHEMA, **options: Any) -> LLMPlanner:
        asked: dict[str, Any] = {"model": MODEL, "base_url": chat_server.url, "api_key": KEY, "timeout": 10.0} | options
        return LLMPlanner(asked.pop("registry", registry), mode=mode, **asked)

    return make


@pytest.fixture
def talker(registry: Registry, chat_server: ChatServer) -> Talk:
    """Make a talker that asks the test's server."""

    def make(**options: Any) -> LLMTalker:
        asked: dict[str, Any] = {"model": MODEL, "base_url": chat_server.url, "api_key": KEY, "timeout": 10.0} | options
        return LLMTalker(asked.pop("registry", registry), **asked)

    return make


def said(talker: LLMTalker, messages: tuple[Message, ...] = USER) -> tuple[Turn, str]:
    """The next turn, and the words that were heard."""
    heard: list[str] = []
    return talker.turn(messages, heard.append), "".join(heard)


def no_turn(turn: Turn, outcome: Outcome = Outcome.PROVIDER_ERROR) -> str:
    """The message of a turn of which nothing is used, once it is one line with no secret and nothing hidden in it."""
    assert (turn.outcome, turn.words, turn.calls) == (outcome, "", ())
    assert turn.message.isprintable()
    assert 0 < len(turn.message) < 700
    assert KEY not in repr(turn)
    assert canonical(turn.record)
    return turn.message


def failed(planned: Planned, outcome: Outcome = Outcome.PROVIDER_ERROR) -> str:
    """The message of an answer without a plan, once it is one line with no secret and nothing hidden in it."""
    assert (planned.outcome, planned.plan) == (outcome, None)
    assert planned.message.isprintable()
    assert len(planned.message) < 700
    assert KEY not in repr(planned)
    return planned.message
