"""A second opinion in tasks: nobody holds them up, and what is cancelled is no dispute."""

import asyncio
from collections.abc import Sequence
from threading import Barrier

import pytest

from signoff.actor import Actor
from signoff.planner import Context, Planned, RulesPlanner, SecondOpinion
from tests.chat_server import ChatServer, raw
from tests.planner.conftest import Ask

REQUEST = "send $150 to Alice"


def test_no_planner_holds_a_task_up(rules: RulesPlanner, dana: Actor) -> None:
    """Planners that hold their thread are waited for in tasks: as many as there are requests plan at the same time."""
    together = Barrier(3)

    class Blocking:
        label = "a planner that waits"

        def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
            together.wait(20)
            return rules.plan(request, actor, context)

    async def ask() -> list[Planned]:
        planner = SecondOpinion(rules, Blocking())
        return await asyncio.gather(*(planner.aplan(REQUEST, dana) for _ in range(3)))

    assert [one.disputed for one in asyncio.run(ask())] == [()] * 3


def test_a_cancelled_opinion_is_cancelled(llm: Ask, rules: RulesPlanner, chat_server: ChatServer, dana: Actor) -> None:
    """A task that is cancelled while the second planner is asked ends as cancelled, and is no dispute."""
    chat_server.answer(raw("", wait=20))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(SecondOpinion(rules, llm()).aplan(REQUEST, dana), 1))
    assert len(chat_server.asked) == 1
