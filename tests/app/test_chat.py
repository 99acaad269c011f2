"""The tool-call chat: each call is an action like any other, and the model is told what came of it."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from signoff import Actor, Engine
from signoff.audit import verify_store
from signoff.chat import Standing, standing_of
from signoff.errors import Refused, SignoffError, UsageError
from signoff.news import OpenPlans
from signoff.planner import Outcome, Role
from tests.app.banking import DANA, MIRA, assert_verifies, only_approval, sign, statuses
from tests.app.conversations import call, calls, failure, said, talking, words

BALANCE = call("check_balance")
SMALL = call("transfer", to="Alice", amount="20.00")
LARGE = call("transfer", to="Alice", amount="150.00")
BLOCKED = call("transfer", to="Mallory Ltd", amount="5.00")


def test_words_alone_wait_for_the_user(engine: Engine) -> None:
    """A model that only speaks does nothing, and the user speaks next."""
    talk = talking(engine, words("To whom?"), words("How much?"))
    record = talk.chat.say("send money")
    assert (standing_of(record), record.actions, talk.listener.pieces) == (Standing.OPEN, (), ["To whom?"])
    assert talk.chat.go_on() == record
    record = talk.chat.say("to Alice")
    assert said(record) == [("user", "send money"), ("assistant", "To whom?"), ("user", "to Alice"), ("assistant", "How much?")]
    assert_verifies(engine)


def test_parallel_calls_are_decided_each_on_its_own(engine: Engine) -> None:
    """Of three calls in one turn one runs, one is denied, one waits; the model is asked again when that is signed."""
    talk = talking(engine, calls(SMALL, BLOCKED, LARGE, words="Right away."), words("All done."))
    record = talk.chat.say("send Alice 20 and 150, and Mallory Ltd 5")
    assert talk.listener.statuses == [["ready", "denied", "waiting"], ["done", "denied", "waiting"]]
    assert (standing_of(record), len(talk.talker.given)) == (Standing.WAITING, 1)
    sign(engine, only_approval(engine, record), MIRA)
    record = talk.chat.go_on()
    assert (standing_of(record), statuses(record)) == (Standing.OPEN, ["done", "denied", "done"])
    assert [one["status"] for one in talk.told()] == ["done", "denied", "done"]
    assert talk.told()[0] == {
        "action": 1,
        "status": "done",
        "reason": None,
        "result": record.actions[0].result,
        "edited": None,
        "problems": [],
    }
    assert talk.told()[1]["reason"] == "denied by blocked"
    assert_verifies(engine)


def test_a_turn_that_failed_is_asked_for_again(engine: Engine) -> None:
    """Nothing is said or done by an answer that cannot be used; whoever goes on asks the model anew."""
    first = talking(engine, failure())
    record = first.chat.say("send Alice 20")
    assert (said(record), len(first.listener.failures)) == ([("user", "send Alice 20")], 1)
    second = talking(engine, calls(SMALL), words("Done."), plan=record.id)
    assert statuses(second.chat.go_on()) == ["done"]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in (Outcome.PLAN, Outcome.QUESTION)])
def test_no_other_outcome_does_anything(engine: Engine, outcome: Outcome) -> None:
    """A turn that was cut off, filtered or refused runs no call, whatever calls it holds."""
    turn = failure(outcome)
    record = talking(engine, type(turn)(outcome=outcome, message="no", calls=(SMALL,))).chat.say("send Alice 20")
    assert (record.actions, standing_of(record)) == ((), Standing.OPEN)


def test_a_turn_that_holds_nothing_is_none(engine: Engine) -> None:
    """Neither words nor calls: nothing of it is stored, and the user is told so."""
    talk = talking(engine, words(" \n"))
    assert said(talk.chat.say("hello?")) == [("user", "hello?")]
    (failed,) = talk.listener.failures
    assert (failed.outcome, failed.message.partition(";")[0]) == (Outcome.MALFORMED, "the model's answer is empty")


def test_nobody_else_speaks_in_a_conversation(engine: Engine) -> None:
    """Words count as the requester's own, so only they say any; others may go on with what is stored."""
    record = talking(engine, words("To whom?")).chat.say("send money")
    with pytest.raises(Refused, match=f"{record.id} is the conversation of dana; finn cannot speak in it"):
        talking(engine, plan=record.id, actor=Actor(id="finn")).chat.say("to Alice, 20")
    assert talking(engine, plan=record.id, actor=Actor(id="finn")).chat.go_on() == record
    with engine.store.read() as tx:
        assert tx.entries(record.id)[-1].data["verb"] == "chat"


def test_nobody_speaks_while_something_waits(engine: Engine) -> None:
    """A call is answered before anybody says more, or ends the conversation."""
    talk = talking(engine, calls(LARGE))
    record = talk.chat.say("send Alice 150")
    with pytest.raises(UsageError, match="waits for what its actions come to; sign or cancel what waits"):
        talk.chat.say("and 20 to Bob")
    with pytest.raises(UsageError, match=f"cancel it first: signoff cancel {record.id}"):
        talk.chat.end("bye")


def test_what_came_of_calls_is_told_before_new_words(engine: Engine) -> None:
    """Where all calls have ended elsewhere the user may speak at once: the model hears of both in one turn."""
    record = talking(engine, calls(LARGE)).chat.say("send Alice 150")
    (approval,) = engine.approvals_of(record.id)
    engine.reject(approval.id, Actor(id="mira"), reason="too much")
    talk = talking(engine, calls(LARGE), words("Very well."), plan=record.id)
    assert said(talk.chat.say("what now?"))[-2:] == [("user", "what now?"), ("assistant", "Very well.")]
    assert [one["status"] for one in talk.told()] == ["rejected"]


def test_an_end_is_for_good(engine: Engine) -> None:
    """Whoever ends a conversation says why, and nobody adds to it after."""
    talk = talking(engine, words("Hello."))
    talk.chat.say("hello")
    assert standing_of(talk.chat.end("dana left")) is Standing.ENDED
    with pytest.raises(UsageError, match="has ended: dana left"):
        talk.chat.say("one more thing")
    assert_verifies(engine)


def test_a_conversation_goes_on_from_the_store_alone(database: Any, open_engine: Callable[..., Engine]) -> None:
    """Another process gives the model all that was said, to the letter, and goes on with what somebody signed meanwhile."""
    first = talking(open_engine(), calls(BALANCE, LARGE, words="Right away."), words("Done."))
    record = first.chat.say("check my balance and send Alice 150")
    other = open_engine()
    sign(other, only_approval(other, record), MIRA)
    second = talking(open_engine(), calls(), words("Done."), plan=record.id)
    record = second.chat.go_on()
    before = second.talker.given[0]
    assert [(one.role, one.text) for one in before[:2]] == [
        (Role.USER, "check my balance and send Alice 150"),
        (Role.ASSISTANT, "Right away."),
    ]
    assert before[1].calls == (BALANCE, LARGE)
    assert [one["status"] for one in second.told()] == ["done", "done"]
    assert said(record)[-1] == ("assistant", "Done.")


def test_what_was_released_elsewhere_is_not_run_twice(engine: Engine) -> None:
    """`resume`, a worker or a chat runs what was signed: whoever comes first, once."""
    talk = talking(engine, calls(LARGE), words("Done."))
    record = talk.chat.say("send Alice 150")
    sign(engine, only_approval(engine, record), MIRA)
    (record,) = engine.resume(MIRA, plan=record.id)
    assert (statuses(record), standing_of(record)) == (["done"], Standing.OPEN)
    record = talk.chat.go_on()
    assert [action.attempt for action in record.actions] == [1]
    with engine.store.read() as tx:
        assert verify_store(tx).problems == ()


def test_a_demo_follows_a_conversation_that_grows(engine: Engine, open_engine: Callable[..., Engine]) -> None:
    """Somebody at another terminal is told of what moved in it, and of what was added since they looked."""
    record = talking(engine, calls(LARGE)).chat.say("send Alice 150")
    plans = OpenPlans(engine)
    plans.note(record)
    other = open_engine()
    sign(other, only_approval(other, record), MIRA)
    talking(other, calls(), calls(BALANCE, BLOCKED), words("Done."), plan=record.id).chat.go_on()
    assert plans.have_news()
    console = Console(width=200, record=True, file=StringIO())
    for piece in plans.news(DANA):
        assert not isinstance(piece, SignoffError)
        console.print(piece)
    shown = console.export_text()
    assert "mira" in shown
    assert [state for state in ("1  done", "2  done", "3  denied") if state not in shown] == []
