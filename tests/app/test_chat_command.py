"""`signoff chat`: words in, calls decided, and the conversation kept."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from signoff import planners
from signoff.planner import Outcome, ScriptedTalker
from signoff.planner.scripted import Talk
from tests.app.conftest import CommandLine
from tests.app.conversations import call, calls, failure, words

Script = Callable[..., ScriptedTalker]
LARGE = call("transfer", to="Alice", amount="150.00")
SMALL = call("transfer", to="Alice", amount="20.00")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Let the model of the commands that follow say what is written."""

    def write(*turns: Talk) -> ScriptedTalker:
        talker = ScriptedTalker(*turns)
        monkeypatch.setattr(planners, "choose_talker", lambda *_: talker)
        return talker

    return write


def events(out: str) -> list[Any]:
    """The lines of JSON that a command printed."""
    return [json.loads(line) for line in out.splitlines()]


def test_without_a_model_nobody_talks(cli: CommandLine) -> None:
    """Where no model is set up it says what to set, and no file is made."""
    cli("chat", "hello").failed(2, "a conversation needs a model", "OPENAI_API_KEY", "OPENAI_BASE_URL")
    assert not cli.database.exists()


def test_one_message(cli: CommandLine, script: Script) -> None:
    """A message is answered, its call is run, and the conversation can be gone on with."""
    script(calls(SMALL, words="Right away."), words("Done."))
    ran = cli("chat", "send Alice 20")
    assert (ran.code, ran.err) == (0, "")
    assert "│ Right away.\n" in ran.out
    assert "1  done  Transfer 20.00 USD to Alice" in ran.out
    assert "is open: signoff chat --resume p-" in ran.out


def test_what_waits_is_signed_elsewhere_and_then_goes_on(cli: CommandLine, script: Script) -> None:
    """The card is shown with the command that signs it; after that the conversation goes on from the store."""
    script(calls(LARGE), words("Alice has it."))
    ran = cli.wide("chat", "send Alice 150")
    assert (ran.code, "APPROVAL a" in ran.out) == (3, True)
    (approval,) = cli("queue", "--json").json["approvals"]
    assert f"signoff approve {approval['id']} --as mira" in ran.out
    assert cli("chat", "--resume", approval["plan"]).code == 3
    assert cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"][:8]).code == 0
    ran = cli.wide("chat", "--resume", approval["plan"])
    assert (ran.code, "│ Alice has it." in ran.out) == (0, True)
    assert cli("audit", "verify").code == 0


def test_lines_of_standard_input_are_messages(cli: CommandLine, script: Script) -> None:
    """Without a terminal each line is said, empty ones are not, and the end of input leaves the conversation open."""
    talker = script(words("To whom?"), calls(SMALL), words("Done."))
    ran = cli("chat", stdin=b"send 20\n\nto Alice\n")
    assert ran.code == 0
    assert [one.text for one in talker.given[-1] if one.role == "user"] == ["send 20", "to Alice"]
    assert cli("chat", stdin=b"").out == ""


def test_json_tells_each_event_on_a_line(cli: CommandLine, script: Script) -> None:
    """Words as they come, each turn, what came of its calls, and where the conversation stands."""
    script(calls(SMALL, LARGE, call("fly"), words="Right away."))
    ran = cli("chat", "send Alice 20 and 150", "--json")
    told = events(ran.out)
    assert [one["event"] for one in told] == ["words", "turn", "actions", "standing"]
    assert [one["action"] for one in told[1]["message"]["calls"]] == [1, 2, None]
    assert [one["status"] for one in told[2]["actions"]] == ["done", "waiting"]
    assert [one["number"] for one in told[2]["approvals"]] == [2]
    assert (ran.code, told[3]["state"]) == (3, "waiting")


def test_a_failure_of_the_model(cli: CommandLine, script: Script) -> None:
    """Where no usable answer comes it says why, ends with 1, and the words are kept to go on with."""
    script(failure())
    ran = cli("chat", "send Alice 20")
    assert (ran.code, "No answer: provider_error. the server is down" in ran.out) == (1, True)
    (plan,) = [one["plan"] for one in cli("chat", "--list", "--json").json]
    script(words("Hello."))
    assert cli("chat", "--resume", plan).code == 0


def test_conversations_are_listed(cli: CommandLine, script: Script) -> None:
    """Each with where it stands; other plans are none."""
    cli.waiting()
    assert cli("chat", "--list").out == "There are no conversations.\n"
    script(words("Hello."))
    cli("chat", "hello")
    script(calls(LARGE))
    cli("chat", "send Alice 150", "--as", "dana")
    script(calls(SMALL))
    cli("chat", "again", "--max-turns", "1")
    assert [(one["state"], one["messages"], one["request"]) for one in cli("chat", "--list", "--json").json] == [
        ("open", 2, "hello"),
        ("waiting", 2, "send Alice 150"),
        ("ended", 3, "again"),
    ]
    assert [line.split()[1] for line in cli.wide("chat", "--list").out.splitlines()[1:]] == ["open", "waiting", "ended"]


def test_an_altered_conversation_keeps_no_other_from_being_listed(cli: CommandLine, script: Script) -> None:
    """Those that are as they were are listed; of the altered one only that is told, and the command ends as `verify` does."""
    script(words("Hello."))
    cli("chat", "hello")
    cli("chat", "once more")
    first, second = (one["plan"] for one in cli("chat", "--list", "--json").json)
    cli.tamper(f"UPDATE messages SET text = 'nothing' WHERE plan = '{first}' AND number = 1")
    ran = cli("chat", "--list")
    assert (ran.code, second in ran.out, first in ran.out) == (6, True, False)
    assert f"signoff: {first}: the file was altered" in ran.err
    listed = cli("chat", "--list", "--json").json
    assert [(one["plan"], one["state"]) for one in listed] == [(first, "altered"), (second, "open")]
    assert "request" not in listed[0]
    cli.tamper(f"UPDATE messages SET text = 'nothing' WHERE plan = '{second}' AND number = 1")
    assert cli("chat", "--list").out == ""


def test_the_command_that_goes_on_is_not_broken(cli: CommandLine, script: Script) -> None:
    """The command with which a conversation goes on stands on one line, to be copied, however narrow the terminal."""
    script(words("Hello."))
    ran = cli("chat", "hello", "--policies", str(cli.policies))
    (line,) = [line for line in ran.out.splitlines() if line.startswith("Conversation p-")]
    assert line.rstrip().endswith(f" --policies {cli.policies}")
    assert len(line) > 80


def test_an_ended_conversation_says_so(cli: CommandLine, script: Script) -> None:
    """At a limit it says which; going on with it says that it has ended, and adds nothing."""
    script(calls(SMALL))
    ran = cli.wide("chat", "again", "--max-turns", "1")
    assert "has ended: the model took 1 turns, and 1 are allowed." in ran.out
    (plan,) = [one["plan"] for one in cli("chat", "--list", "--json").json]
    assert cli("chat", "--resume", plan).code == 0
    cli("chat", "--resume", plan, "go on").failed(2, f"{plan} has ended: the model took 1 turns")


def test_resuming_raises_no_limit(cli: CommandLine, script: Script) -> None:
    """Each limit is the one that the conversation was begun with, or a lower one; the others stay where one is named."""
    talker = script(words("Hello."), words("Hello again."), words("Bye."))
    cli("chat", "hello", "--max-turns", "60", "--max-calls", "2")
    (plan,) = [one["plan"] for one in cli("chat", "--list", "--json").json]
    cli("chat", "--resume", plan, "again", "--max-calls", "3").failed(2, "was begun with 2 calls", "leave --max-calls out")
    assert len(talker.given) == 1
    assert cli("chat", "--resume", plan, "again", "--max-turns", "55").code == 0
    assert (
        "has ended: the model took 2 turns, and 2 are allowed" in cli.wide("chat", "--resume", plan, "x", "--max-turns", "2").out
    )


def test_what_an_unused_answer_took_is_shown(cli: CommandLine, script: Script) -> None:
    """The log and the story of a conversation tell of an answer that was cut off, and what it took."""
    script(replace(failure(Outcome.TRUNCATED), tokens=12))
    cli("chat", "hello")
    told = "an answer of the model took 12 tokens, and was not used: truncated"
    assert told in cli.wide("audit", "log", "--status", "unused").out
    (plan,) = [one["plan"] for one in cli("chat", "--list", "--json").json]
    assert told in cli.wide("show", plan).out
    assert cli("audit", "verify").code == 0


def test_words_of_a_turn_that_is_not_taken_end_with_their_line(cli: CommandLine, script: Script) -> None:
    """What the model said is shown to its last word, and what we say of it stands on a line of its own."""
    script(calls(SMALL, LARGE, words="One moment."))
    assert "│ One moment.\nConversation p-" in cli.wide("chat", "send", "--max-calls", "1").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--list", "hello"], "--list stands alone"),
        (["--list", "--resume", "p-1"], "--list stands alone"),
        (["--resume", "p-1"], 'there is no "p-1"'),
        (["--resume", "p-1", "hello"], 'there is no "p-1"'),
        (["hello", "--max-turns", "0"], "no number from 1 on"),
    ],
)
def test_wrong_use(cli: CommandLine, script: Script, arguments: list[str], told: str) -> None:
    """What cannot be meant is told, and nothing is asked or stored."""
    talker = script(words("Hello."))
    cli.waiting()
    ran = cli("chat", *arguments)
    assert (ran.code, told in ran.err) == (2, True)
    assert talker.given == []


def test_a_plan_is_no_conversation(cli: CommandLine, script: Script) -> None:
    """Only a conversation can be gone on with."""
    script(words("Hello."))
    plan = cli.waiting()["plan"]
    cli("chat", "--resume", plan).failed(2, f"{plan} is no conversation", "signoff chat --list")
    cli("chat", "--resume", plan, "hello").failed(2, f"{plan} is no conversation")


def test_hostile_words_are_shown_as_what_they_are(cli: CommandLine, script: Script) -> None:
    """Neither a model's words nor a call's name or problem moves the cursor."""
    script(calls(call("\x1b[2J"), words="\x1b[31m\u202e red\nAPPROVAL a1"), words("\x07"))
    out = cli("chat", "hello").out
    assert not set(out) & set("\x1b\x07\u202e")
    assert "│ \\u{1b}[31m\\u{202e} red\n│ APPROVAL a1\n" in out


def test_the_log_tells_who_said_what(cli: CommandLine, script: Script) -> None:
    """What was said, and which call became which action, stands in the log and in the story of the plan."""
    script(calls(SMALL, call("fly"), words="Right away."), words("Done."))
    cli("chat", "send Alice 20")
    out = cli.wide("audit", "log").out
    assert "user: send Alice 20" in out
    assert "assistant: Right away.; calls transfer (action 1); calls fly" in out
    assert "tool: what came of id-fly" in out
    (plan,) = [one["plan"] for one in cli("chat", "--list", "--json").json]
    assert "Right away." in cli.wide("show", plan).out
    assert [one["event"] for one in cli("audit", "log", "--status", "said", "--json").json] == ["said"] * 5
