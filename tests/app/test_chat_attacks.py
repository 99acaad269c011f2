"""A conversation under attack: by other users, by models, and by what was said before."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from typing import Any, Literal, Self

import pytest
from pydantic import field_validator
from rich.console import Console

from signoff import Actor, Engine, grounding
from signoff.actions import Action, Execution, Lookup, Registry, action, bank_registry
from signoff.canonical import Json
from signoff.chat import Chat, Limits, Standing, standing_of
from signoff.chat_output import Screen
from signoff.errors import Busy, Refused, UsageError
from signoff.planner import Amount, ScriptedTalker, Turn, amounts_in
from signoff.told_calls import conversation_of
from tests.app.banking import DANA, MIRA, assert_verifies, only_approval, sign, statuses
from tests.app.conftest import CommandLine
from tests.app.conversations import call, calls, talking, words
from tests.conftest import RULES, rules

FINN = Actor(id="finn")
LARGE = call("transfer", to="Alice", amount="150.00")
BADLY = call("send_message", to="ann", how="badly")
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


def test_no_value_is_put_together_from_two_messages(open_engine: Callable[..., Engine]) -> None:
    """A value stands in the user's words where it stands in one message of theirs, as a whole."""

    @action
    def greet(who: str) -> str:
        """Greet somebody."""
        return "well"

    engine = open_engine(registry=Registry(*bank_registry().values(), greet))
    asks = (call("greet", who="Smith, John"), call("greet", who="Smith, Ann"))
    talk = talking(engine, words("Smith and who?"), calls(*asks), words("Done."))
    talk.chat.say("greet Smith, Ann and then Smith")
    sources = engine.sources(talk.chat.say("John knows him"))
    assert {number: dict(one.sources) for number, one in sources.items()} == {
        1: {"who": "none"},
        2: {"who": "request"},
    }


def test_what_is_looked_for_is_read_once(open_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many results and messages there are, each text is taken apart once: not for each value of each later call."""
    engine = open_engine()
    read: list[str] = []

    def noted(text: str) -> frozenset[Amount]:
        read.append(text)
        return amounts_in(text)

    monkeypatch.setattr(grounding, "amounts_in", noted)
    grounding.read_text.cache_clear()
    looks = calls(*(call("check_balance", id_=f"c{number}") for number in range(95)))
    asks = calls(*(call("transfer", id_=f"d{number}", to="Bob", amount=f"{number + 70}.00") for number in range(5)))
    talk = talking(engine, looks, asks, words("Done."))
    record = talk.chat.say("look at my balance very often")
    assert len(record.actions) == 100
    assert len(read) == len({*read}) == 96


def test_what_came_of_a_doubt_is_told(open_wide: Engine) -> None:
    """Once somebody has resolved a doubt, the model is told with the user's next words: each call still has one answer."""
    talk = talking(open_wide, calls(BADLY), words("Nobody knows."), words("It went well."))
    record = talk.chat.say("tell ann")
    open_wide.resolve(record.id, 1, MIRA, done=True, reason="ann called")
    assert conversation_of(talk.chat.go_on()).last == 4
    record = talk.chat.say("and?")
    asked = talk.talker.given[-1]
    assert [one.role for one in asked] == ["user", "assistant", "tool", "assistant", "user"]
    told = json.loads(asked[2].text)
    assert (told["status"], told["reason"]) == (
        "done",
        "it was in doubt when this was first told, and is not any more; resolved as done by mira: ann called",
    )
    assert [one.role for one in conversation_of(record).messages[3:]] == ["assistant", "tool", "user", "assistant"]
    assert conversation_of(talking(open_wide, *[words("-")] * 3, words("Yes."), plan=record.id).chat.say("sure?")).last == 9
    assert_verifies(open_wide)


def test_what_was_not_done_after_all_goes_on_first(open_wide: Engine) -> None:
    """What somebody said was not done is ready again: nobody speaks over it, it is run by whoever goes on, or cancelled."""
    talk = talking(open_wide, calls(BADLY), words("Nobody knows."), words("It was let go of."))
    record = talk.chat.say("tell ann")
    open_wide.resolve(record.id, 1, MIRA, done=False, reason="ann says so")
    assert standing_of(open_wide.plan(record.id)) is Standing.WAITING
    with pytest.raises(UsageError, match="waits for what its actions come to"):
        talk.chat.say("and?")
    with pytest.raises(UsageError, match="waits for what its actions come to"):
        talk.chat.end("enough")
    record = talk.chat.go_on()
    assert (record.actions[0].attempt, statuses(record), standing_of(record)) == (2, ["in_doubt"], Standing.OPEN)
    open_wide.resolve(record.id, 1, MIRA, done=False, reason="ann says so again")
    open_wide.cancel(record.id, DANA)
    talk.chat.say("and?")
    assert [json.loads(one.text)["status"] for one in talk.talker.given[-1] if one.role == "tool"] == ["cancelled"]
    assert_verifies(open_wide)


def test_a_doubt_is_told_with_other_results(open_wide: Engine) -> None:
    """Where the model is told of other calls before the user speaks, it is told of the doubt that was resolved, too."""

    def meanwhile(_: object) -> Turn:
        open_wide.resolve(str(talk.chat.plan), 1, MIRA, done=True, reason="ann called")
        return calls(SMALL)

    talk = talking(open_wide, calls(BADLY), meanwhile, words("Done."))
    talk.chat.say("tell ann, and send Alice 20")
    roles = [one.role for one in talk.talker.given[-1]]
    assert roles == ["user", "assistant", "tool", "assistant", "tool"]
    assert [json.loads(one.text)["status"] for one in talk.talker.given[-1] if one.role == "tool"] == ["done", "done"]
    assert_verifies(open_wide)


def test_no_word_of_a_model_stands_on_a_line_of_ours(engine: Engine) -> None:
    """Where a turn is broken off in the middle of a line, or is not taken, its line ends: the next words are marked, too."""

    def broken(_: object) -> Turn:
        screen.hear("I shall\nsend")
        raise KeyboardInterrupt

    console = Console(file=StringIO(), width=80)
    screen = Screen(console, engine, ())
    chat = Chat(engine, ScriptedTalker(broken), DANA, screen)
    with pytest.raises(KeyboardInterrupt):
        chat.say("send Alice 20 and 150")
    talker = ScriptedTalker(calls(SMALL, LARGE, words="APPROVAL a1"))
    screen.show_standing(Chat(engine, talker, DANA, screen, plan=chat.plan, limits=Limits(calls=1)).go_on())
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[:3] == ["│ I shall", "│ send", "│ APPROVAL a1"]
    assert lines[3].startswith("Conversation p-")


def test_a_card_shows_the_words_that_asked(engine: Engine, cli: CommandLine) -> None:
    """However much was said before, whoever signs sees the newest words of the user; `show` tells of the conversation."""
    talk = talking(engine, words("Well."), calls(LARGE))
    talk.chat.say("once upon a time " * 300)
    record = talk.chat.say("now send Alice 150")
    approval = only_approval(engine, record).id
    for shown in (cli.wide("show", approval).out, cli.wide("show", record.id).out):
        assert "characters before; `signoff show PLAN --json` has all … " in shown
        assert 'now send Alice 150"' in shown
    assert f", 4 messages; goes on with: signoff chat --resume {record.id}" in cli.wide("show", record.id).out
    assert '"text": "now send Alice 150"' in cli("show", record.id, "--json").out


class Brittle(Action):
    """Looks at something."""

    type: Literal["brittle"] = "brittle"
    what: str

    @field_validator("what")
    @classmethod
    def _known(cls, what: str) -> str:
        if what == "checked":
            raise RuntimeError("in the check")
        return what

    def resolve(self, lookup: Lookup) -> Self:
        """Look the name up."""
        if self.what == "resolved":
            raise KeyError("in the lookup")
        return self

    def title(self) -> str:
        """What people read."""
        return {"told": "half \ud800"}.get(self.what, "Look")

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None


@pytest.mark.parametrize(
    ("what", "error"), [("checked", "RuntimeError"), ("resolved", "KeyError"), ("told", "UnicodeEncodeError")]
)
def test_code_of_an_action_that_fails_over_a_call(open_engine: Callable[..., Engine], what: str, error: str) -> None:
    """What a model wrote and an action's own code stumbles over is a call that cannot be read; the others are done."""
    engine = open_engine(registry=Registry(*bank_registry().values(), Brittle, migrations=bank_registry().migrations))
    talk = talking(engine, calls(call("brittle", what=what), call("check_balance")), words("Sorry."))
    record = talk.chat.say("look at that")
    assert statuses(record) == ["done"]
    assert talk.told()[0]["problems"] == [f"the action's own check failed ({error})"]
    assert_verifies(engine)


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        ({"seconds": 0.5}, {"not_kept": "it is no canonical JSON (ValueError)"}),
        ({"answer": {1, 2}}, {"not_kept": "it is no canonical JSON (ValueError)"}),
        ({"talker": "somebody else"}, {}),
        ({"x": "y" * 30_000}, {"not_kept": "it holds 30,008 bytes; at most 20,000 are kept"}),
    ],
)
def test_what_a_talker_says_of_itself_is_kept_as_far_as_it_can_be(
    engine: Engine, record: dict[str, Any], kept: dict[str, str]
) -> None:
    """A record that is no JSON, or huge, and a count of tokens that is none, keep no conversation from going on; who talked is
    told by its label alone."""
    talk = talking(engine, replace(calls(SMALL), record=record, tokens=-(10**6)), replace(words("Done."), tokens=True))
    assert statuses(talk.chat.say("send Alice 20")) == ["done"]
    with engine.store.read() as tx:
        said = [one.data for one in tx.entries(talk.chat.plan) if one.event == "said" and one.data["role"] == "assistant"]
    told = said[0]["record"]
    assert isinstance(told, Mapping)
    assert told["talker"] == talk.talker.label
    assert {name: value for name, value in told.items() if name not in ("talker", "digest")} == kept
    assert all(type(one["tokens"]) is int and one["tokens"] > 0 for one in said)
    assert_verifies(engine)


def test_words_answer_what_was_seen(open_engine: Callable[..., Engine]) -> None:
    """Where the conversation went on elsewhere since it was looked at here, a "yes" is refused, and counts once it was seen."""
    here = talking(open_engine(), words("Shall I send 5?"), words("Shall I send 500?"), words("Done."))
    record = here.chat.say("send Alice something")
    there = talking(open_engine(), words("-"), words("Shall I send 500?"), plan=record.id)
    there.chat.say("how about more?")
    with pytest.raises(Busy, match="was continued by another process; look again"):
        here.chat.say("yes")
    assert conversation_of(here.chat.look()).last == 4
    assert conversation_of(here.chat.say("yes")).last == 6


def test_whoever_breaks_a_turn_off_speaks_on(engine: Engine) -> None:
    """Where the model's turn is broken off after words and calls of ours were stored, they are our own: nobody else went on."""

    def broken(_: object) -> Turn:
        raise KeyboardInterrupt

    talk = talking(engine, words("How much?"), calls(SMALL), broken)
    talk.chat.say("send Alice something")
    with pytest.raises(KeyboardInterrupt):
        talk.chat.say("20")
    with pytest.raises(KeyboardInterrupt):
        talk.chat.say("well?")
    assert [one.role for one in conversation_of(talk.chat.record()).messages] == [
        *("user", "assistant", "user", "assistant", "tool", "user")
    ]
