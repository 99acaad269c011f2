"""A conversation under attack: by other users, by models, and by what was said before."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from signoff import Actor, Engine
from signoff.chat import Limits, Standing, standing_of
from signoff.conversing import conversation_of
from signoff.errors import Refused
from tests.app.banking import DANA, MIRA, assert_verifies, only_approval, sign, statuses
from tests.app.conversations import call, calls, talking, words
from tests.conftest import RULES, rules

FINN = Actor(id="finn")
LARGE = call("transfer", to="Alice", amount="150.00")
SMALL = call("transfer", to="Alice", amount="20.00")


def test_nobody_else_has_a_model_speak(engine: Engine) -> None:
    """Whoever brings another model to dana's conversation has it ask for nothing in her name: it is not even asked."""
    record = talking(engine, calls(LARGE, SMALL)).chat.say("send Alice 150 and 20")
    sign(engine, only_approval(engine, record), MIRA)
    theirs = talking(engine, words("-"), calls(call("transfer", to="Bob", amount="99.00")), plan=record.id, actor=MIRA)
    with pytest.raises(Refused, match="is the conversation of dana; mira cannot speak in it, have a model do so, or end it"):
        theirs.chat.go_on()
    record = engine.plan(record.id)
    assert (theirs.talker.given, statuses(record)) == ([], ["done", "done"])
    with pytest.raises(Refused, match="is the conversation of dana"):
        engine.conversing.take(record.id, conversation_of(record).last, MIRA, calls(SMALL), "a model")
    assert engine.plan(record.id) == record
    assert conversation_of(talking(engine, words("-"), words("Done."), plan=record.id).chat.go_on()).last == 5
    assert_verifies(engine)


def test_nobody_else_ends_a_conversation(engine: Engine) -> None:
    """Neither by hand nor by a limit of their own does somebody else end it."""
    record = talking(engine, calls(SMALL), words("Done.")).chat.say("send Alice 20")
    with pytest.raises(Refused, match="finn cannot"):
        talking(engine, plan=record.id, actor=FINN).chat.end("enough")
    engine.conversing.say(record.id, conversation_of(record).last, DANA, "and now?")
    with pytest.raises(Refused, match="finn cannot"):
        talking(engine, plan=record.id, actor=FINN, limits=Limits(turns=1)).chat.go_on()
    assert standing_of(engine.plan(record.id)) is Standing.OPEN
    with engine.store.read() as tx:
        assert tx.entries(record.id)[-1].data["verb"] == "chat"


def test_a_name_alone_does_not_speak_for_another_user(open_engine: Callable[..., Engine]) -> None:
    """Where nobody is taken at their word, another user of the system who takes the requester's name is refused: they could
    sign, under their own name, what they had said under the other."""
    engine = open_engine(rules(RULES.replace("identity: claimed", "identity: os")))
    mine, theirs = replace(DANA, os_user=7), replace(DANA, os_user=8)
    record = talking(engine, words("To whom?"), actor=mine).chat.say("send 20")
    with pytest.raises(Refused, match="dana is only claimed"):
        talking(engine, plan=record.id, actor=theirs).chat.say("to Bob")
    assert (
        standing_of(talking(engine, words("-"), words("Done."), plan=record.id, actor=mine).chat.say("to Alice")) is Standing.OPEN
    )
