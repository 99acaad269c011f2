"""What rules read of a conversation: whose word a value is, how many actions there are, and what counters count."""

from collections.abc import Callable, Mapping

from signoff import Engine
from signoff.replaying import replay
from tests.app.banking import DANA, MIRA, Change, assert_verifies, only_approval, sign, statuses
from tests.app.conversations import call, calls, talking, words
from tests.conftest import RULES, rules

BALANCE = call("check_balance")
SMALL = call("transfer", to="Alice", amount="20.00")
LARGE = call("transfer", to="Alice", amount="150.00")
COUNTER = "{sum: amount, of: transfer, by: [actor.id, currency]"
GROUNDED = RULES + "  - {id: made-up, deny: transfer, when: not in_request(amount)}\n"


def test_only_the_users_words_ground_a_value(changed_rules: Change, open_engine: Callable[..., Engine]) -> None:
    """What a result holds, or the model says, is not the user's word, wherever it is copied; a value that the user wrote is."""
    engine = open_engine(rules(GROUNDED))
    copied = call("transfer", to="Alice", amount="1000.00")
    talk = talking(
        engine,
        calls(BALANCE, words="I shall send 77."),
        calls(copied, call("transfer", to="Alice", amount="77.00")),
        words("No."),
    )
    record = talk.chat.say("check my balance and send it all to Alice")
    assert talk.told(1)[0]["result"]["balance"] == "1000.00"
    assert statuses(record) == ["done", "denied", "denied"]
    assert {"made-up"} <= {*record.actions[1].rules}
    sources = engine.sources(record)
    assert [sources[number].sources["amount"] for number in (2, 3)] == ["tool:1", "none"]
    assert (sources[2].sources["to"], sources[2].marks["amount"]) == ("request", "from tool:1, untrusted")


def test_words_ground_only_what_was_called_for_after_them(open_engine: Callable[..., Engine]) -> None:
    """All that the user wrote so far counts; what they write later grounds nothing that was called for before."""
    engine = open_engine(rules(GROUNDED.replace("deny: transfer, when: not in", "approve: transfer, when: not in")))
    ask = call("transfer", to="Alice", amount="33.00")
    talk = talking(engine, words("How much?"), calls(ask), calls(call("transfer", to="Bob", amount="20.00")), words("Done."))
    talk.chat.say("send Alice and Bob something, 20 dollars for Bob")
    record = talk.chat.say("you choose for Alice")
    card = engine.card(only_approval(engine, record).id)
    assert (card.found["amount"], card.found["to"]) == ("no", "yes")
    assert card.request == "send Alice and Bob something, 20 dollars for Bob\nyou choose for Alice"
    engine.cancel(record.id, DANA)
    record = talk.chat.go_on()
    assert statuses(record) == ["cancelled", "done"]
    talking(engine, *talk.talker._turns, words("33?"), plan=record.id).chat.say("33? who said 33?")
    assert engine.explain(record.id, 1)[1].context.grounded == frozenset({"to"})


def test_counters_and_sizes_span_the_conversation(open_engine: Callable[..., Engine]) -> None:
    """A counter over the plan counts every call of the conversation, and `plan.size` all actions up to those of the turn."""
    text = RULES.replace("rules:\n", "counters:\n  moved: {sum: amount, of: transfer, by: [currency], window: plan}\nrules:\n", 1)
    engine = open_engine(
        rules(
            text
            + "  - {id: cap, deny: transfer, when: counters.moved > 50}\n  - {id: long, deny: deposit, when: plan.size > 3}\n"
        )
    )
    deposit = call("deposit", amount="1.00")
    talk = talking(
        engine,
        calls(SMALL, call("transfer", to="Bob", amount="20.00")),
        calls(call("transfer", to="Bob", amount="30.00"), call("deposit", amount="2.00")),
        calls(deposit),
        words("Done."),
    )
    record = talk.chat.say("send money")
    assert statuses(record) == ["done", "done", "denied", "denied", "denied"]
    assert [action.rules for action in record.actions[2:]] == [("cap",), ("long",), ("long",)]
    assert [record.size_for(number) for number in (1, 2, 3, 4, 5)] == [2, 2, 4, 4, 5]
    assert_verifies(engine)


def test_a_counter_over_a_day_counts_a_call_from_when_it_was_made(open_engine: Callable[..., Engine]) -> None:
    """What was accepted between two turns of a conversation counts for the later one, and not for the earlier."""
    text = RULES.replace(
        "rules:\n", "counters:\n  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}\nrules:\n", 1
    )
    engine = open_engine(rules(text + "  - {id: cap, deny: transfer, when: counters.sent > 250}\n"))
    talk = talking(engine, calls(LARGE), calls(call("transfer", to="Bob", amount="60.00")), words("Done."))
    record = talk.chat.say("send 150 to Alice")
    other = talking(engine, calls(call("transfer", to="Bob", amount="90.00")), words("Done.")).chat.say("90 to Bob")
    assert statuses(other) == ["done"]
    sign(engine, only_approval(engine, record), MIRA)
    record = talk.chat.go_on()
    assert statuses(record) == ["done", "denied"]
    assert record.actions[1].rules == ("cap",)
    assert_verifies(engine)


def test_rules_can_tell_what_a_result_said(open_engine: Callable[..., Engine]) -> None:
    """A value that stands only in what an earlier call gave has that call as its source: then, later, and in a replay."""
    text = RULES + "  - {id: from-a-tool, approve: transfer, when: 'source_of(amount) startswith \"tool:\"', by: finance}\n"
    engine = open_engine(rules(text))
    copied = [call("transfer", to="Alice", amount=amount) for amount in ("1000.00", "30.00")]
    talk = talking(engine, calls(BALANCE), calls(*copied), words("Done."))
    record = talk.chat.say("check my balance, then send 30 to Alice, and the rest, too")
    assert [action.rules for action in record.actions[1:]] == [("large-transfer", "very-large", "from-a-tool"), ("everyday",)]
    assert engine.explain(record.id, 2)[1].context.sources["amount"] == "tool:1"
    with engine.store.read() as tx:
        found = [one for plan in replay(tx, rules(text), engine.registry) for one in plan]
    assert [one.now for one in found] == [one.then for one in found]


def test_a_call_counts_the_same_when_it_is_decided_again(open_engine: Callable[..., Engine]) -> None:
    """Right before it runs, a call counts what was accepted before it, and nothing of what came after: as when it was made."""
    text = RULES.replace("rules:\n", f"counters:\n  sent: {COUNTER}, window: day}}\nrules:\n", 1)
    engine = open_engine(rules(text + "  - {id: cap, deny: transfer, when: counters.sent > 900}\n"))
    talk = talking(engine, words("How much?"), calls(LARGE), words("Done."))
    talk.chat.say("send Alice something")
    talking(engine, calls(SMALL), words("Done.")).chat.say("20 to Alice")
    record = talk.chat.say("150")
    talking(engine, calls(SMALL), words("Done.")).chat.say("20 to Alice, again")
    sign(engine, only_approval(engine, record), MIRA)
    record = talk.chat.go_on()
    with engine.store.read() as tx:
        decided = [one.data["decision"] for one in tx.entries(record.id) if "decision" in one.data]
    assert [one["counters"] for one in decided if isinstance(one, Mapping)] == [{"sent": "170.00 USD"}] * 2
    assert_verifies(engine)
