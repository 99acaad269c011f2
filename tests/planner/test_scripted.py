import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import PlanInvalid, UsageError
from signoff.planner import (
    ActionPlan,
    Message,
    Outcome,
    Planned,
    Planner,
    Role,
    ScriptedPlanner,
    ScriptedTalker,
    Talker,
    Turn,
)

QUESTION = Planned(outcome=Outcome.QUESTION, message="To whom?", planner="a test")


def test_answers_come_in_turn(registry: Registry, dana: Actor) -> None:
    """A sequence is given one after the other, a bare plan with the script's label."""
    plan = ActionPlan.of(registry.read({"type": "check_balance"}))
    planner: Planner = ScriptedPlanner([QUESTION, plan])
    assert planner.plan("send $5", dana) is QUESTION
    second = planner.plan("check my balance", dana)
    assert (second.outcome, second.plan, second.planner) == (Outcome.PLAN, plan, "scripted planner, no AI model")


def test_an_exhausted_script_says_so(dana: Actor) -> None:
    """One request more than there are answers is an error."""
    planner = ScriptedPlanner([QUESTION])
    planner.plan("one", dana)
    with pytest.raises(UsageError, match="the script is exhausted: all 1 answers were given; add one for each request"):
        planner.plan("two", dana)


def test_answers_by_request(dana: Actor) -> None:
    """A mapping answers each request as often as it comes, and no other."""
    planner = ScriptedPlanner({"send $5": QUESTION})
    assert planner.plan("send $5", dana) is planner.plan("send $5", dana) is QUESTION
    with pytest.raises(UsageError, match='the script has no answer to "send \\$6"; add one'):
        planner.plan("send $6", dana)


def test_requests_are_checked_here_too(dana: Actor) -> None:
    """An empty request is refused before the script is asked."""
    with pytest.raises(PlanInvalid):
        ScriptedPlanner([QUESTION]).plan("", dana)


def test_a_scripted_talker_goes_on_where_the_conversation_stands() -> None:
    """The turn depends on how often the model spoke, so that another talker goes on; words are heard, and the end says so."""
    hello, bye = (Turn(outcome=Outcome.QUESTION, words=words) for words in ("Hello.", "Bye."))
    talker: Talker = ScriptedTalker(hello, lambda messages: bye)
    heard: list[str] = []
    user, model = Message(role=Role.USER, text="hello"), Message(role=Role.ASSISTANT, text="Hello.")
    assert talker.turn([user, model, user], heard.append) is bye
    assert talker.turn([user], heard.append) is hello
    assert heard == ["Bye.", "Hello."]
    with pytest.raises(UsageError, match="the script is exhausted: it holds 2 turns"):
        talker.turn([model, model], heard.append)
