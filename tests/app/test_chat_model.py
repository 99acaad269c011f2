"""`signoff chat` with a server on this machine that talks, streamed as real ones are: in processes, killed, and at a terminal."""

import json
import re
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.app.conftest import SIGNOFF, CommandLine
from tests.chat_server import MODEL, Answer, Asked, ChatServer, raw
from tests.chat_streams import turn

LARGE = {"to": "alice", "amount": "150.00", "currency": None, "from": None}
SMALL = {"to": "Bob", "amount": "20.00", "currency": None, "from": None}
BLOCKED = {"to": "Mallory Ltd", "amount": "5.00", "currency": None, "from": None}
BALANCE = {"account": None}


@pytest.fixture
def model(cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in an environment that names the test's server."""
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)
    monkeypatch.setenv("SIGNOFF_MODEL", MODEL)
    return cli


def sign(model: CommandLine, *options: str) -> str:
    """Sign the one thing that waits, in a process of its own, and give its plan."""
    (approval,) = model("queue", "--json").json["approvals"]
    ran = model.process("approve", approval["id"], "--as", "mira", "--digest", approval["digest"][:8], *options)
    assert "voted" in model("audit", "log", approval["plan"]).out, ran
    return str(approval["plan"])


def told(asked: Asked) -> list[Any]:
    """What the model was told of its last calls."""
    return [json.loads(text) for text in asked.results.values()]


def test_a_conversation_over_three_processes(model: CommandLine, chat_server: ChatServer) -> None:
    """Asked, paused, signed by another process, gone on with by a third: the model is told of all calls, each by its id."""
    chat_server.answer(turn("One moment.", ("transfer", SMALL), ("transfer", BLOCKED), ("transfer", LARGE)), turn("All done."))
    ran = model.process("chat", "send Bob 20, Mallory Ltd 5 and Alice 150")
    assert (ran.code, ran.err, "│ One moment.\n" in ran.out) == (3, "", True)
    plan = sign(model)
    ran = model.process("chat", "--resume", plan)
    assert (ran.code, "│ All done.\n" in ran.out) == (0, True)
    last = chat_server.asked[1]
    assert [(one["action"], one["status"]) for one in told(last)] == [(1, "done"), (2, "denied"), (3, "done")]
    assert list(last.results) == [call["id"] for call in last.messages[1]["tool_calls"]]
    assert [one["role"] for one in last.messages] == ["user", "assistant", "tool", "tool", "tool"]
    assert model("audit", "verify").code == 0


def test_a_rejection_reaches_the_model_with_its_reason(model: CommandLine, chat_server: ChatServer) -> None:
    """What an approver wrote is told, as data."""
    chat_server.answer(turn("", ("transfer", LARGE)), turn("I see."))
    model("chat", "send Alice 150")
    (approval,) = model("queue", "--json").json["approvals"]
    model("reject", approval["id"], "--as", "mira", "--reason", "ask her first")
    assert model("chat", "--resume", approval["plan"]).code == 0
    assert [(one["status"], one["reason"]) for one in told(chat_server.asked[1])] == [
        ("rejected", "rejected by mira: ask her first")
    ]


def test_a_call_that_cannot_be_read_is_asked_anew(model: CommandLine, chat_server: ChatServer) -> None:
    """The model is told what was wrong with a call, and the next one is run."""
    wrong = '{"to": "Bob", "to": "Alice", "amount": "20.00", "currency": null, "from": null}'
    chat_server.answer(turn("", ("transfer", wrong)), turn("", ("transfer", SMALL)), turn("Done."))
    ran = model("chat", "send Bob 20")
    assert ran.code == 0
    (first,) = told(chat_server.asked[1])
    assert (first["status"], first["problems"]) == ("not_read", ["`to` is written twice; write it once"])
    assert [one["status"] for one in told(chat_server.asked[2])] == ["done"]


def test_a_server_that_fails_changes_nothing(model: CommandLine, chat_server: ChatServer) -> None:
    """An error of the server is told; the words are kept, and the conversation goes on when it answers again."""
    chat_server.answer(raw({"error": {"message": "overloaded"}}, 503))
    ran = model("chat", "send Bob 20")
    assert (ran.code, "No answer: provider_error." in ran.out) == (1, True)
    (plan,) = [one["plan"] for one in model("chat", "--list", "--json").json]
    chat_server.answer(turn("", ("transfer", SMALL)), turn("Done."))
    assert model("chat", "--resume", plan).code == 0
    assert [one["status"] for one in model("show", plan, "--json").json["actions"]] == ["done"]


def test_a_process_that_is_killed_while_the_model_answers(model: CommandLine, chat_server: ChatServer) -> None:
    """Nothing of a turn that was not stored is run: another process asks again, and each call is run once."""
    asked, release = Event(), Event()

    def late(request: Asked) -> Answer:
        asked.set()
        release.wait(20)
        return turn("", ("transfer", SMALL))(request)

    chat_server.answer(late)
    process = subprocess.Popen([*SIGNOFF, "chat", "send Bob 20"], cwd=model.folder, stdout=subprocess.DEVNULL)
    assert asked.wait(20)
    process.kill()
    process.wait(20)
    release.set()
    (plan,) = [one["plan"] for one in model("chat", "--list", "--json").json]
    assert model("show", plan, "--json").json["actions"] == []
    chat_server.answer(turn("", ("transfer", SMALL)), turn("Done."))
    assert model("chat", "--resume", plan).code == 0
    assert [(one["status"], one["attempt"]) for one in model("show", plan, "--json").json["actions"]] == [("done", 1)]
    assert [one["role"] for one in chat_server.asked[1].messages] == ["user"]


def test_two_processes_that_go_on_at_once(model: CommandLine, chat_server: ChatServer) -> None:
    """Both are answered by the model; one stores its turn and runs it, the other is told, and has run nothing."""
    chat_server.answer(raw({"error": {"message": "overloaded"}}, 503))
    model("chat", "send Bob 20")
    (plan,) = [one["plan"] for one in model("chat", "--list", "--json").json]
    both = Event()

    def together(request: Asked) -> Answer:
        if len(chat_server.asked) >= 3:
            both.set()
        assert both.wait(20)
        return turn("", ("transfer", SMALL))(request)

    chat_server.answer(together, together)
    chat_server.answer_always(turn("Done."))
    command = [*SIGNOFF, "chat", "--resume", plan]
    processes = [
        subprocess.Popen(command, cwd=model.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    assert [error for error in errors if error] == [f"signoff: {plan} was continued by another process; look again\n"]
    assert [(one["status"], one["attempt"]) for one in model("show", plan, "--json").json["actions"]] == [("done", 1)]
    assert model("audit", "verify").code == 0


@pytest.mark.parametrize("options", [(), ("--no-run",)], ids=["and ran it", "only"])
def test_at_a_terminal(model: CommandLine, chat_server: ChatServer, options: tuple[str, ...]) -> None:
    """Words come as they are streamed, what waits goes on by itself once another process has signed, and /end ends it."""
    chat_server.answer(
        turn("Hello, \x1b[31mdana\u202e.\nAPPROVAL a1", pause=0.01),
        turn("One moment.", ("transfer", LARGE), ("check_balance", BALANCE)),
        turn("Alice has it."),
    )
    with model.session("chat") as session:
        session.wait_for("Ctrl-D leaves")
        session.wait_for("dana>")
        shown = session.say("hello", until="│ APPROVAL a1")
        assert "│ Hello, \\u{1b}[31mdana\\u{202e}." in shown
        session.wait_for_end("dana>")
        shown = session.say("send Alice 150", until="signoff approve")
        assert re.search(r"APPROVAL a\w+ · action 1 of 2", shown)
        session.wait_for_end("dana>")
        plan = sign(model, *options)
        session.wait_for("│ Alice has it.")
        session.wait_for_end("dana>")
        session.type("/end\r")
        session.wait_for(f"Conversation {plan} has ended: dana ended it.")
        assert session.ended() == 0
    assert [one["state"] for one in model("chat", "--list", "--json").json] == ["ended"]


def test_a_command_that_is_none_is_told_to_no_model(model: CommandLine, chat_server: ChatServer) -> None:
    """What begins with a stroke is meant for the program: an unknown one is told, and said to nobody."""
    with model.session("chat") as session:
        session.wait_for_end("dana>")
        session.say("/queue", until='there is no command "/queue"; /quit leaves, /end ends the conversation for good')
        session.wait_for_end("dana>")
        session.type("/quit\r")
        assert session.ended() == 0
    assert chat_server.asked == []


def test_ctrl_c_ends_the_line_that_has_begun(model: CommandLine, chat_server: ChatServer) -> None:
    """Words that are broken off are followed by a line of ours that says how it goes on: at a terminal, and after one message."""
    chat_server.answer_always(turn("word " * 200, pause=0.05))
    with model.session("chat") as session:
        session.wait_for_end("dana>")
        session.say("hello", until="│ word word")
        session.type("\x03")
        session.wait_for("an empty line goes on with it.")
        assert [line for line in session.lines if line.startswith("Interrupted. What was said is stored")]
    with model.session("chat", "hello") as session:
        session.wait_for("│ word word")
        session.type("\x03")
        assert session.ended() == 130
        starts = [line for line in session.lines if line.startswith(("Conversation p-", "signoff: interrupted; "))]
        assert "is open: signoff chat --resume p-" in starts[0]
        assert len(starts) == 2


def test_a_terminal_shows_what_was_said_before(model: CommandLine, chat_server: ChatServer, tmp_path: Path) -> None:
    """Resumed at a terminal, a conversation is shown from its beginning, and goes on."""
    chat_server.answer(turn("To whom?"), turn("", ("transfer", SMALL)), turn("Bob has it."))
    model("chat", "send 20")
    (plan,) = [one["plan"] for one in model("chat", "--list", "--json").json]
    with model.session("chat", "--resume", plan) as session:
        session.wait_for("dana> send 20")
        session.wait_for("│ To whom?")
        session.wait_for_end("dana>", times=2)
        session.say("to Bob", until="│ Bob has it.")
        session.wait_for_end("dana>")
        session.type("/quit\r")
        session.wait_for(f"Conversation {plan} is open: signoff chat --resume {plan}")
        assert session.ended() == 0


def test_a_terminal_shows_what_was_said_elsewhere(model: CommandLine, chat_server: ChatServer) -> None:
    """A "yes" typed over what another process went on with is not said: that is shown first, and then it counts."""
    chat_server.answer(turn("Shall I send 5?"), turn("Shall I send 20?"), turn("", ("transfer", SMALL)), turn("Bob has it."))
    with model.session("chat") as session:
        session.wait_for("Ctrl-D leaves")
        session.wait_for("dana>")
        session.say("send Bob something", until="│ Shall I send 5?")
        session.wait_for_end("dana>")
        (plan,) = [one["plan"] for one in model("chat", "--list", "--json").json]
        assert model.process("chat", "--resume", plan, "rather 20").code == 0
        shown = session.say("yes", until="look again")
        assert "dana> rather 20" in shown
        assert "│ Shall I send 20?" in shown
        assert len(chat_server.asked) == 2
        session.wait_for_end("dana>")
        session.say("yes", until="│ Bob has it.")
        session.wait_for_end("dana>")
        session.type("/quit\r")
        assert session.ended() == 0
