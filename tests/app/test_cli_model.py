"""The command line with a model: a server on this machine plans, and everything after the plan is as with any planner."""

import json

import pytest

from tests.app.conftest import CommandLine
from tests.chat_server import MODEL, TOKENS, Answer, ChatServer, completion, plan, question, raw, wire

KEY = "sk-test-3f9a"
TRANSFER = {"type": "transfer", "to": "alice", "amount": "150.00", "currency": None, "from": None}
BALANCE = {"type": "check_balance", "account": None}
_QUICK = """
import sys
from signoff.cli import main
code = main(["queue"])
slow = {"openai", "instructor", "pydantic", "httpx2", "yaml", "signoff.chat_command", "signoff.proof_commands"}
print(sorted(slow & set(sys.modules)), int(code))
"""


@pytest.fixture
def model(cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in an environment that names the test's server, a key and a model."""
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("SIGNOFF_MODEL", MODEL)
    return cli


@pytest.mark.parametrize("mode", ["json_schema", "tools", "json", None])
def test_run_with_a_model(model: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch, mode: str | None) -> None:
    """`run` with a model plans, decides, runs and queues, and stores which model at which server planned."""
    if mode:
        monkeypatch.setenv("SIGNOFF_MODE", mode)
    chat_server.answer(plan(BALANCE, TRANSFER))
    ran = model("run", "Check my balance, then send $150 to Alice", "--planner", "llm", "--json")
    assert ran.code == 3
    label = f"model {MODEL} at 127.0.0.1:{chat_server.port}"
    assert ran.json["planner"] == label
    assert [action["status"] for action in ran.json["actions"]] == ["done", "waiting"]
    assert ran.json["actions"][1]["action"]["to"] == "Alice"  # as it is registered
    assert f"planned by: {label}" in model.wide("show", ran.json["plan"]).out
    assert ("tools" in chat_server.asked[0].body) is (mode == "tools")
    assert chat_server.asked[0].headers["authorization"] == f"Bearer {KEY}"


def test_how_a_model_answers_is_set_in_the_environment(
    model: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command sends, how much a model may write and of which values is what the variables say."""
    said = {"TEMPERATURE": "0.5", "SEED": "none", "ANSWER_TOKENS": "300", "TOKEN_BUDGET": "1", "NARROW": "1"}
    for name, value in said.items():
        monkeypatch.setenv(f"SIGNOFF_{name}", value)
    chat_server.answer(plan(TRANSFER | {"to": "Mallory"}))
    ran = model("run", "send $150 to Alice", "--json")
    assert (ran.code, ran.json["outcome"], ran.json["attempts"]) == (1, "malformed", 1)
    assert '`to` is "Mallory", which is not in the request' in ran.json["message"]
    assert "raise SIGNOFF_TOKEN_BUDGET" in ran.json["message"]
    body = chat_server.asked[0].body
    assert (body["temperature"], body["max_tokens"], "seed" in body) == (0.5, 300, False)


def test_auto_takes_the_model(model: CommandLine, chat_server: ChatServer) -> None:
    """Without an option the model that is set up plans; `--planner rules` takes the rules planner all the same."""
    chat_server.answer(plan(BALANCE))
    assert f"Planned by the model {MODEL} at 127.0.0.1" in model.wide("plan", "check my balance").out
    assert "rules planner" in model.wide("plan", "check my balance", "--planner", "rules").out
    assert len(chat_server.asked) == 1


def test_a_second_opinion_is_asked_for(model: CommandLine, chat_server: ChatServer) -> None:
    """`--second-opinion` has the rules plan beside the model, or a second model beside the first; both are shown and stored."""
    chat_server.answer_always(plan(TRANSFER))
    label = f"model {MODEL} at 127.0.0.1:{chat_server.port}; second opinion: built-in rules planner, no AI model"
    ran = model("run", "send $150 to Alice", "--second-opinion", "rules", "--json")
    assert (ran.code, ran.json["planner"]) == (3, label)
    assert label in model.wide("show", ran.json["plan"]).out
    told = model("plan", "send $150 to Alice", "--second-opinion", "other", "--json").json
    assert told["planner"].endswith(f"; second opinion: model other at 127.0.0.1:{chat_server.port}")
    assert [asked.body["model"] for asked in chat_server.asked] == [MODEL, MODEL, "other"]
    assert told["tokens"] == 2 * TOKENS
    wrong = model("plan", "send $150 to Alice", "--planner", "rules", "--second-opinion", "rules")
    assert (wrong.code, "same planner" in wrong.err) == (2, True)


def test_a_disputed_plan_waits_where_rules_say_so(model: CommandLine, chat_server: ChatServer) -> None:
    """What the rules planner reads otherwise than the model waits for a manager, told with the difference; the rest runs."""
    text = model.policies.read_text()
    doubt = "rules:\n  - {id: doubtful, approve: transfer, when: disputed, by: manager}\n"
    model.policies.write_text(text.replace("rules:\n", doubt, 1))
    chat_server.answer(plan({**TRANSFER, "amount": "25.00"}), plan({**TRANSFER, "amount": "20.00"}))
    wrong, right = (model("run", "send $20 to Alice", "--second-opinion", "rules", "--json") for _ in range(2))
    assert (wrong.code, wrong.json["actions"][0]["status"], wrong.json["actions"][0]["rules"]) == (3, "waiting", ["doubtful"])
    assert wrong.json["disputed"] == ["action 1: the second opinion has amount 20.00, the plan 25.00"]
    assert (right.code, right.json["actions"][0]["status"], right.json["disputed"]) == (0, "done", [])
    assert model("audit", "verify").code == 0


def test_plan_tells_what_it_took(model: CommandLine, chat_server: ChatServer) -> None:
    """`plan --json` tells the model, the attempts and the tokens; nothing is stored."""
    chat_server.answer(wire({"actions": 1}), plan(TRANSFER))
    told = model("plan", "send $150 to Alice", "--json").json
    assert (told["model"], told["attempts"], told["tokens"]) == (MODEL, 2, 2 * TOKENS)
    assert not model.database.exists()


def test_a_question_ends_the_command(model: CommandLine, chat_server: ChatServer) -> None:
    """A question of the model is told like one of the rules planner, with exit code 1."""
    chat_server.answer(question("To whom?"), question("To whom?"))
    ran = model("run", "send $150", "--json")
    assert (ran.code, ran.json["outcome"], ran.json["message"], ran.json["attempts"]) == (1, "question", "To whom?", 1)
    ran = model.wide("run", "send $150")
    assert "No plan: question. To whom?" in ran.out
    assert f"(model {MODEL} at 127.0.0.1:{chat_server.port})" in ran.out


@pytest.mark.parametrize("arguments", [["run"], ["plan"]])
def test_a_failure_ends_the_command(model: CommandLine, chat_server: ChatServer, arguments: list[str]) -> None:
    """A failure of the server is told with its reason and its remedy, with exit code 1, and nothing ran."""
    chat_server.answer_always(raw({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401))
    ran = model.wide(*arguments, "send $150 to Alice")
    assert ran.code == 1
    assert "No plan: provider_error. 127.0.0.1" in ran.out
    assert 'Incorrect API key provided: ***"; check OPENAI_API_KEY' in ran.out
    assert ran.err == ""


@pytest.mark.parametrize("answer", [raw("", 500), completion({"content": "Done!"})])
def test_the_clients_print_nothing(model: CommandLine, chat_server: ChatServer, answer: Answer) -> None:
    """What the clients log as errors reaches no terminal: standard error stays empty in a process of its own."""
    chat_server.answer_always(answer)
    ran = model.process("plan", "send $150 to Alice")
    assert (ran.code, ran.err) == (1, "")
    assert "No plan: " in ran.out


def test_a_claim_of_success_changes_nothing(model: CommandLine, chat_server: ChatServer) -> None:
    """A model that says it is done, without a plan, has done nothing: no plan is stored and no money moved."""
    before = model.balance()
    chat_server.answer_always(completion({"content": "Done! I sent $150 to Alice and approved it."}))
    ran = model("run", "send $150 to Alice", "--json")
    assert (ran.code, ran.json["outcome"], ran.json["attempts"]) == (1, "malformed", 3)
    assert model.balance() == before
    assert "Alice" not in json.dumps(model.dump()["plans"])


def test_the_key_is_stored_nowhere(model: CommandLine, chat_server: ChatServer) -> None:
    """Neither the database nor any output holds the key, whatever came of a request."""
    chat_server.answer(plan(TRANSFER | {"to": "Alice"}), question(f"{KEY}?"), plan(TRANSFER | {"to": KEY}), raw(KEY, 500))
    outputs = [model("run", "send $150 to Alice", *json_) for json_ in ([], ["--json"], ["--json"], [])]
    outputs += [model("audit", "log", "--json"), model("audit", "log"), model("queue", "--json")]
    assert [ran for ran in outputs if KEY in ran.out + ran.err] == []
    assert KEY not in json.dumps(model.dump())
    assert KEY.encode() not in model.database.read_bytes()


def test_wrong_use_leaves_no_file(cli: CommandLine) -> None:
    """`--planner llm` without a model is wrong use: it says what to set, and makes no database."""
    cli("run", "send $150 to Alice", "--planner", "llm").failed(2, "OPENAI_API_KEY", "OPENAI_BASE_URL", "--planner rules")
    assert not cli.database.exists()


def test_a_planner_that_is_none_is_wrong_use(cli: CommandLine) -> None:
    """`--planner` takes three names, and no command but those that plan takes it."""
    assert cli("run", "send $150 to Alice", "--planner", "gpt").code == 2
    assert cli("queue", "--planner", "rules").code == 2


@pytest.mark.parametrize("name", ["SIGNOFF_MODE", "SIGNOFF_MODEL_TIMEOUT", "SIGNOFF_PLANNER"])
def test_a_mistake_about_the_model_stops_no_other_command(model: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Commands that plan tell it as wrong use; those that ask no model, and `--planner rules`, go on."""
    model.submit({"type": "check_balance", "needs": []})
    monkeypatch.setenv(name, "tpyo")
    model("plan", "check my balance").failed(2, f'{name} is "tpyo"')
    assert model("queue").code == 0
    assert model("plan", "check my balance", "--planner", "rules").code == 0


def test_a_plan_from_a_file_asks_no_model(model: CommandLine, chat_server: ChatServer) -> None:
    """`run --plan FILE` needs no planner."""
    model.submit({"type": "check_balance", "needs": []})
    assert chat_server.asked == []


def test_the_queue_imports_no_client(model: CommandLine) -> None:
    """`signoff queue` imports neither the clients nor pydantic, even where a model is set up."""
    model.submit({"type": "check_balance", "needs": []})
    assert model.script(_QUICK).splitlines()[-1] == "[] 0"
