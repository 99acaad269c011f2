"""`signoff bench planner`: what it prints, what it exits with, and whom it asks."""

import json
from pathlib import Path

import pytest

from tests.app.conftest import CommandLine
from tests.chat_server import MODEL, ChatServer, plan, question, raw

RULES = "built-in rules planner, no AI model"
TRANSFER = {"type": "transfer", "to": "alice", "amount": "50.00"}
WIRE = TRANSFER | {"currency": None, "from": None}
REQUESTS = [
    {"text": "send Alice $50", "plans": [[TRANSFER]], "source": "ours"},
    {"text": "send Alice some money", "plans": [[]], "source": "ours"},
    {"text": "kindly see to it that Alice has $50", "plans": [[TRANSFER]], "source": "theirs"},
    {"text": "check my balance", "plans": [[]], "source": "theirs"},
]
WRONG = {"text": "send Bob $50", "plans": [[TRANSFER], []]}


def requests_file(cli: CommandLine, *requests: object) -> str:
    """A file of *requests*, and its name."""
    return cli.text_file("requests.jsonl", "\n".join(json.dumps(one) for one in requests))


def test_prints_how_well_the_rules_did(cli: CommandLine) -> None:
    """There is a row for each source and one for all; nothing is stored."""
    ran = cli.wide("bench", "planner", requests_file(cli, *REQUESTS))
    assert ran.code == 0, ran.err
    first, head, ours, theirs, everything = ran.out.strip().splitlines()
    assert first == f"{RULES}: 2 of 4 right (50.0%)"
    assert head.split("  ")[0].strip() == "from"
    assert ours.split()[:8] == ["ours", "2", "1", "1", "0", "0", "0", "0"]
    assert theirs.split()[:8] == ["theirs", "2", "0", "0", "1", "1", "0", "0"]
    assert everything.split()[:8] == ["all", "4", "1", "1", "1", "1", "0", "0"]
    assert everything.endswith(" ms")
    assert not cli.database.exists()


@pytest.mark.parametrize("option", ["-v", "--failures"])
def test_shows_what_was_not_right(cli: CommandLine, option: str) -> None:
    """With --failures every request that was not answered rightly is shown, with what was asked or planned."""
    out = " ".join(cli.wide("bench", "planner", requests_file(cli, *REQUESTS), option).out.split())
    assert "3 asked kindly see to it that Alice has $50 I " in out
    assert "4 wrong, only reads check my balance check_balance: account checking" in out
    assert "some money" not in out


def test_a_wrong_plan_that_changes_something_has_an_exit_code(cli: CommandLine) -> None:
    """A wrong plan that would have moved money is exit code 4, and --json tells which it was."""
    ran = cli("bench", "planner", requests_file(cli, *REQUESTS, WRONG), "--json", "--planner", "rules")
    assert ran.code == 4
    (told,) = ran.json["planners"]
    assert told["planner"] == RULES
    assert {name: source["requests"] for name, source in told["sources"].items()} == {
        "ours": 2,
        "theirs": 2,
        "unnamed": 1,
        "all": 5,
    }
    assert told["sources"]["all"]["right"] == 2
    assert told["sources"]["all"]["verdicts"]["wrong, changes"] == 1
    assert told["sources"]["all"]["microseconds"] > 0
    assert [failure["line"] for failure in told["failures"]] == [3, 4, 5]
    assert told["failures"][-1]["plan"][0]["to"] == "Bob"


def test_a_model_is_scored_beside_the_rules(cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a model is set up both are asked; --planner says which one alone."""
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)
    monkeypatch.setenv("SIGNOFF_MODEL", MODEL)
    chat_server.answer(plan(WIRE), question("How much?"), plan(WIRE))
    file = requests_file(cli, *REQUESTS[:3])
    both = cli("bench", "planner", file, "--json").json["planners"]
    assert [one["planner"] for one in both] == [RULES, f"model {MODEL} at 127.0.0.1:{chat_server.port}"]
    assert [one["sources"]["all"]["right"] for one in both] == [2, 3]
    cli("bench", "planner", file, "--planner", "rules")
    assert len(chat_server.asked) == 3


def test_every_planner_is_scored_alone(
    cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second opinion is asked for no score; a local model that is named stands in no other model's place."""
    monkeypatch.setenv("SIGNOFF_SECOND_OPINION", "rules")
    file = requests_file(cli, *REQUESTS[:1])
    (alone,) = cli("bench", "planner", file, "--planner", "rules", "--json").json["planners"]
    assert alone["planner"] == RULES
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)
    monkeypatch.setenv("SIGNOFF_LOCAL_MODEL", str(tmp_path / "none.gguf"))
    chat_server.answer_always(plan(WIRE))
    for options in ((), ("--planner", "local")):
        cli("bench", "planner", file, *options).failed(2, "none.gguf", "is not there")
    (model,) = cli("bench", "planner", file, "--planner", "llm", "--json").json["planners"]
    assert model["planner"].startswith("model ")
    assert "second opinion" not in model["planner"]


def test_a_model_that_answers_nothing_is_not_asked_for_long(
    cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After three requests without an answer it ends with the reason; one without an answer is exit code 1."""
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)
    monkeypatch.setenv("SIGNOFF_MODEL", MODEL)
    refused = raw(b'{"error": {"message": "no such key"}}', status=401)
    chat_server.answer(refused, refused, refused)
    command = ["bench", "planner", requests_file(cli, *REQUESTS), "--planner", "llm"]
    cli(*command).failed(1, "gave no answer to 3 requests in a row", "401")
    chat_server.answer(refused, refused, refused)
    assert f"{RULES}: " in cli(*command[:3]).out  # what was asked before is not lost
    chat_server.answer(plan(WIRE), question("How much?"), refused, plan(WIRE))
    assert cli(*command).code == 1


def test_a_file_that_is_not_there_or_holds_something_else(cli: CommandLine, tmp_path: Path) -> None:
    """A wrong file is wrong use, and is told with its place."""
    cli("bench", "planner", str(tmp_path / "no.jsonl")).failed(2, "no.jsonl", "cannot be read")
    cli("bench", "planner", cli.text_file("a.jsonl", '{"text": "a"}')).failed(2, "a.jsonl:1: no labelled request")
    assert cli("bench", "planner").code == 2


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ({"type": "transfr"}, "a.jsonl:1: there is no action `transfr`; write one of check_balance, "),
        ({"type": "deposit", "amont": "5"}, "a.jsonl:1: deposit has no field `amont`; its fields are amount, "),
    ],
)
def test_a_label_that_no_plan_can_be_is_told(cli: CommandLine, label: dict[str, str], told: str) -> None:
    """A misspelt action or field in a label is wrong use: it would count against every planner for good."""
    path = cli.text_file("a.jsonl", json.dumps({"text": "deposit 5", "plans": [[label]]}))
    cli("bench", "planner", path).failed(2, told)


def test_nothing_wrong_is_shown_as_nothing(cli: CommandLine) -> None:
    """Where all was right, -v has no table of what was not."""
    path = cli.text_file("a.jsonl", json.dumps(REQUESTS[0]))
    assert cli("bench", "planner", path, "-v").out.count("request") == cli("bench", "planner", path).out.count("request")


def test_requests_from_standard_input(cli: CommandLine) -> None:
    """A dash reads the requests from standard input."""
    assert "1 of 1 right" in cli("bench", "planner", "-", stdin=json.dumps(REQUESTS[0]).encode()).out
