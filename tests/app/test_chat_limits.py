"""How much a conversation may take: of a model, of a user, and of what waits."""

from dataclasses import replace

import pytest

from signoff import Engine
from signoff.chat import MAX_MISTAKES, Limits, Standing, standing_of
from signoff.errors import PlanInvalid, UsageError
from signoff.planner import Outcome
from signoff.settings import MAX_TOKENS
from signoff.told_calls import conversation_of
from tests.app.banking import DANA, assert_verifies, statuses
from tests.app.conversations import Talking, call, calls, failure, said, talking, words


def test_mistakes_are_bounded(engine: Engine) -> None:
    """After so many turns that cannot be read the model is not asked again until the user speaks."""
    wrong = calls(call("fly"))
    talk = talking(engine, *[wrong] * MAX_MISTAKES, words("I cannot fly."))
    record = talk.chat.say("fly to Rome")
    assert (len(talk.talker.given), standing_of(record)) == (MAX_MISTAKES, Standing.OPEN)
    assert talk.chat.go_on() == record
    assert said(talk.chat.say("then do not"))[-1] == ("assistant", "I cannot fly.")


@pytest.mark.parametrize(
    ("limits", "reason", "done"),
    [
        (Limits(turns=2), "the model took 2 turns, and 2 are allowed", 2),
        (Limits(calls=2), "the model called for 1 actions after 2, and 2 are allowed", 2),
        (Limits(tokens=25), "the model took 30 tokens, and 25 are allowed", 3),
    ],
)
def test_limits_end_a_conversation(engine: Engine, limits: Limits, reason: str, done: int) -> None:
    """At a limit the conversation ends for good, and says which it was."""
    script = [calls(call("check_balance", id_=f"c{number}")) for number in range(9)]
    talk = talking(engine, *script, limits=limits)
    record = talk.chat.say("look at my balance again and again")
    assert (standing_of(record), statuses(record)) == (Standing.ENDED, ["done"] * done)
    assert record.conversation is not None
    assert record.conversation.ended == reason
    assert talk.chat.go_on() == record
    with pytest.raises(UsageError, match="has ended: the model"):
        talking(engine, *script, plan=record.id).chat.say("go on")
    assert_verifies(engine)


def test_tokens_of_answers_that_are_not_used_count(engine: Engine) -> None:
    """An answer that is cut off takes tokens, too: they are told by the log, and the conversation ends when they are too many."""
    cut = replace(failure(Outcome.TRUNCATED), tokens=12, record={"finish": "length"})
    talk = talking(engine, cut, limits=Limits(tokens=30))
    record = talk.chat.say("look at my balance")
    assert (standing_of(talk.chat.go_on()), standing_of(talk.chat.go_on())) == (Standing.OPEN, Standing.OPEN)
    again = talking(engine, cut, plan=record.id)
    record = again.chat.go_on()
    assert (again.talker.given, said(record)) == ([], [("user", "look at my balance")])
    assert conversation_of(record).ended == "the model took 36 tokens, and 30 are allowed"
    with engine.store.read() as tx:
        unused = [dict(one.data) for one in tx.entries(record.id) if one.event == "unused"]
    told = {"talker": talk.talker.label, "finish": "length"}
    assert unused == [{"outcome": "truncated", "tokens": 12, "record": told}] * 3
    assert_verifies(engine)


@pytest.mark.parametrize(("outcome", "counts"), [(Outcome.PROVIDER_ERROR, False), (Outcome.MALFORMED, True)])
def test_only_an_answer_is_estimated(engine: Engine, outcome: Outcome, counts: bool) -> None:
    """Where nobody counted, a server that did not answer has taken nothing, and whatever answered has."""
    record = talking(engine, failure(outcome)).chat.say("look at my balance")
    assert (engine.conversing.wasted(record.id) > 0) is counts


def test_limits_are_those_that_a_conversation_was_begun_with(engine: Engine) -> None:
    """Whoever goes on with it may lower them, and not raise them: then nothing is said, asked or run."""
    script = [calls(call("check_balance", id_=f"c{number}")) for number in range(99)]
    begun = Limits(turns=60, calls=2, tokens=1_000)
    record = talking(engine, calls(call("check_balance")), words("There."), limits=begun).chat.say("look at my balance")
    for name in ("turns", "calls", "tokens"):
        higher = talking(engine, *script, plan=record.id, limits=replace(begun, **{name: getattr(begun, name) + 1}))
        for go_on in (higher.chat.go_on, lambda chat=higher.chat: chat.say("again")):
            with pytest.raises(UsageError, match=rf"was begun with [\d,]+ {name} .* leave --max-{name} out, or start another"):
                go_on()
        assert (higher.talker.given, engine.plan(record.id)) == ([], record)
    lower = talking(engine, *script, plan=record.id, limits=replace(begun, turns=2)).chat.say("again")
    assert conversation_of(lower).ended == "the model took 2 turns, and 2 are allowed"
    other = talking(engine, *script, limits=begun).chat.say("look at my balance")
    assert conversation_of(other).ended == "the model called for 1 actions after 2, and 2 are allowed"
    assert_verifies(engine)


def test_without_limits_those_hold_that_it_was_begun_with(engine: Engine) -> None:
    """Where the one who goes on names none, a conversation takes what it was begun with, be that more than the default."""
    record = talking(engine, words("Hello."), limits=Limits(turns=2, tokens=10**6)).chat.say("hello")
    talk = talking(engine, words("-"), words("Hello.", tokens=MAX_TOKENS), plan=record.id)
    assert standing_of(talk.chat.say("hello again")) is Standing.OPEN
    assert conversation_of(talk.chat.say("and again")).ended == "the model took 2 turns, and 2 are allowed"


def test_tokens_that_nobody_counts_are_estimated(engine: Engine) -> None:
    """Where a server does not count tokens, all that was told and said is counted, so that the limit holds."""
    script = [calls(call("check_balance", id_=f"c{number}"), words="x" * 400, tokens=None) for number in range(99)]
    talk = talking(engine, *script, limits=Limits(tokens=1_000))
    record = talk.chat.say("look at my balance again and again")
    assert standing_of(record) is Standing.ENDED
    assert len(record.actions) < 5


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001, "half \ud800"])
def test_words_that_cannot_be_taken(engine: Engine, text: str) -> None:
    """What is no request is no message: nothing is stored, at the beginning and later."""
    talk = talking(engine, words("Hello."))
    with pytest.raises((PlanInvalid, UsageError)):
        talk.chat.say(text)
    with engine.store.read() as tx:
        assert tx.plans() == []
    record = talk.chat.say("hello")
    with pytest.raises((PlanInvalid, UsageError)):
        talk.chat.say(text)
    assert engine.plan(record.id) == record


def test_one_requester_leaves_only_so_much_waiting(engine: Engine) -> None:
    """Where a turn would leave too much waiting, none of its calls is accepted, and the model is told why."""
    many = [call("transfer", id_=f"c{number}", to="Alice", amount="150.00") for number in range(70)]
    records: list[Talking] = []
    for _ in range(3):
        records.append(talking(engine, calls(*many), words("I see.")))
        record = records[-1].chat.say("send Alice 150 very often")
    assert record.actions == ()
    assert "140 actions of dana wait, and this plan adds 70" in records[-1].told()[0]["problems"][0]
    assert_verifies(engine)


@pytest.mark.parametrize(("size", "most"), [(1, 100), (10_000, 10)])
def test_what_a_user_says_is_bounded(engine: Engine, size: int, most: int) -> None:
    """So many messages, and so many characters, fit into one conversation; the next one is refused, and changes nothing."""
    record = talking(engine, failure()).chat.say("x" * size)
    for last in range(1, most):
        engine.conversing.say(record.id, last, DANA, "x" * size)
    record = engine.plan(record.id)
    with pytest.raises(UsageError, match="as many words of its user as a conversation may; start another one"):
        engine.conversing.say(record.id, most, DANA, "x")
    assert engine.plan(record.id) == record
