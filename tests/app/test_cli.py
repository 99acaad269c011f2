"""What each command prints, for people and as JSON."""

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.app.conftest import BALANCE, DEPOSIT, TRANSFER, CommandLine

REQUEST = "Check my balance, then send $150 to Alice and deposit 40"
COMMANDS = ["demo", "plan", "run", "resume", "queue", "show", "approve", "reject", "resolve", "cancel", "delegate"]
COMMANDS += ["policies", "audit"]
WITHDRAW_TOO_MUCH = {"type": "withdraw", "amount": "9000.00", "currency": "USD", "needs": []}


def test_plan_shows_decisions_and_stores_nothing(cli: CommandLine) -> None:
    """`plan` shows each action with its decision and rules, says that nothing was stored, and stores nothing."""
    cli.submit(BALANCE)
    before = cli.dump()
    ran = cli("plan", REQUEST)
    assert "Planned by the built-in rules planner, no AI model. Nothing was stored or run." in ran.out
    for part in ("Check balance", "Transfer 150.00 USD", "approve", "large-transfer", "Deposit 40.00 USD", "everyday"):
        assert part in ran.out
    assert ran.code == 3
    assert cli.dump() == before


def test_plan_as_json(cli: CommandLine) -> None:
    """`plan --json` tells for each action what it is, what it needs and what would be decided."""
    told = cli("plan", REQUEST, "--json").json
    assert "no AI model" in told["planner"]
    assert [(one["number"], one["type"], one["needs"], one["decision"], one["rules"]) for one in told["actions"]] == [
        (1, "check_balance", [], "allow", ["everyday"]),
        (2, "transfer", [1], "approve", ["large-transfer"]),
        (3, "deposit", [], "allow", ["everyday"]),
    ]
    assert told["actions"][1]["seats"] == {"manager": 1}
    assert len(told["actions"][1]["digest"]) == 64


def test_run_runs_what_is_allowed_and_tells_how_to_sign_the_rest(cli: CommandLine) -> None:
    """`run` shows what came of each action, and names the approval, who signs and the command for it."""
    ran = cli.wide("run", REQUEST)
    (approval,) = cli("queue", "--json").json["approvals"]
    text = " ".join(ran.out.split())
    assert "balance 1000.00" in text
    assert "balance 1040.00" in text
    assert f"{approval['id']} (action 2) needs 1 manager (mira, omar): signoff approve {approval['id']} --as WHO" in text
    assert ran.code == 3


def test_run_as_json(cli: CommandLine) -> None:
    """`run --json` tells the plan, who asked with which words, each action's status, and the approvals that wait."""
    told = cli("run", REQUEST, "--json").json
    assert told["request"] == REQUEST
    assert told["requester"]["id"] == "dana"
    assert [action["status"] for action in told["actions"]] == ["done", "waiting", "done"]
    assert told["actions"][2]["result"]["balance"] == "1040.00"
    (approval,) = told["approvals"]
    assert approval.keys() >= {"id", "plan", "number", "action", "digest", "rules", "seats", "expires"}
    assert (approval["plan"], approval["number"], approval["rules"]) == (told["plan"], 2, ["large-transfer"])
    assert approval["seats"] == {"manager": 1}
    assert approval["action"]["to"] == "Alice"
    assert approval["digest"] == told["actions"][1]["digest"]


def test_run_reads_a_plan_from_a_file_or_standard_input(cli: CommandLine) -> None:
    """`run --plan` takes a plan as JSON from a file, and from standard input where the file is called -."""
    plan = json.dumps({"actions": [DEPOSIT]})
    from_file = cli("run", "--plan", cli.text_file("plan.json", plan), "--json").json
    from_input = cli("run", "--plan", "-", "--json", stdin=plan.encode()).json
    assert [told["actions"][0]["result"]["balance"] for told in (from_file, from_input)] == ["1040.00", "1080.00"]
    assert from_file["request"] is None
    assert "plan.json" in from_file["planner"]


def test_unclear_request_gets_a_question(cli: CommandLine) -> None:
    """A request that is not understood ends as a question and exit code 1, and stores no plan."""
    cli.submit(BALANCE)
    before = cli.dump()
    ran = cli("run", "send some money to Carol")
    assert "How much should I send to Carol?" in ran.out
    assert cli("run", "send some money to Carol", "--json").json["outcome"] == "question"
    assert ran.code == 1
    assert cli.dump() == before


def test_queue_lists_what_waits(cli: CommandLine) -> None:
    """`queue` shows each approval with its action, plan, requester, seats and time left."""
    approval = cli.waiting()
    text = " ".join(cli("queue").out.split())
    for part in (approval["id"], "Transfer 150.00 USD", approval["plan"], "dana", "1 manager", "23:59", "Alice"):
        assert part in text


def test_queue_as_json(cli: CommandLine) -> None:
    """`queue --json` tells the approvals that wait and the actions in doubt."""
    approval = cli.waiting()
    assert cli("queue", "--json").json == {"approvals": [approval], "in_doubt": []}


def test_empty_queue_says_so(cli: CommandLine) -> None:
    """Where nothing waits, `queue` says so and ends with 0."""
    cli.submit(BALANCE)
    ran = cli("queue")
    assert (ran.out, ran.code) == ("Nothing waits for sign-off.\n", 0)


def test_show_tells_a_plan(cli: CommandLine) -> None:
    """`show` with a plan's id shows its actions, and `--json` tells the same as `run` did."""
    told = cli.submit(BALANCE, TRANSFER)
    shown = cli("show", told["plan"], "--json").json
    assert {name: shown[name] for name in told} == told
    ran = cli("show", told["plan"])
    assert f"Plan {told['plan']}, asked by dana (claimed" in ran.out
    assert ran.code == 0


def test_show_tells_an_approval(cli: CommandLine) -> None:
    """`show` with an approval's id shows its card; `--json` tells the approval and all that is on the card."""
    approval = cli.waiting()
    told = cli("show", approval["id"], "--json").json
    assert told.items() >= approval.items()
    assert told.keys() >= {"request", "details", "found", "people", "filled", "votes"}
    assert cli("show", approval["id"]).out.startswith(f"APPROVAL {approval['id']} · action 1 of 1 · plan {approval['plan']}")


def test_resume_without_a_plan_runs_all_that_can_go_on(cli: CommandLine) -> None:
    """`resume` alone goes on with every plan in which something can go on, and tells each as it then stands."""
    for approval in (cli.waiting(), cli.waiting()):
        cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--no-run")
    cli.waiting()
    told = cli("resume", "--json").json
    assert [plan["actions"][0]["status"] for plan in told] == ["done", "done"]


def test_resume_with_nothing_to_do_says_so(cli: CommandLine) -> None:
    """Where nothing can go on, `resume` says so, as JSON with an empty list, and ends with 0."""
    cli.submit(BALANCE)
    ran = cli("resume")
    assert (ran.out, ran.code) == ("Nothing can go on.\n", 0)
    assert cli("resume", "--json").json == []


def test_resume_is_recorded_as_its_caller(cli: CommandLine) -> None:
    """What `resume` runs is recorded as started by `--as WHO`, or else by the operating system's user."""
    for who in ([], ["--as", "omar"]):
        approval = cli.waiting()
        cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--no-run")
        cli("resume", approval["plan"], *who)
    actors = [entry["actor"] for entry in cli("audit", "log", "--json").json if entry["event"] == "executing"]
    assert [actor["how"] for actor in actors] == ["os", "claimed"]
    assert actors[1]["id"] == "omar"


def test_a_vote_that_serves_no_more_is_told(cli: CommandLine) -> None:
    """Where the rules that asked were changed since, the vote counts for nothing: who asks again is told."""
    waiting = cli.waiting()
    cli.policies.write_text(cli.policies.read_text().replace("amount > 100", "amount > 90"))
    ran = cli.wide("approve", waiting["id"], "--as", "mira", "--digest", f"{waiting['digest'][:4]} {waiting['digest'][4:8]} …")
    (again,) = cli("queue", "--json").json["approvals"]
    assert ran.code == 3
    told = f"{waiting['id']} asked under other rules than are in force now: {again['id']} asks again, and needs votes"
    assert ran.out.splitlines()[-1] == told
    assert again["id"] != waiting["id"]


def test_reject_ends_the_action_and_skips_what_needs_it(cli: CommandLine) -> None:
    """`reject` shows the reason, and what needed the action is skipped; the vote is in the log."""
    plan = cli.submit(TRANSFER, DEPOSIT | {"needs": [1]})
    ran = cli.wide("reject", plan["approvals"][0]["id"], "--as", "omar", "--reason", "not today")
    assert ran.code == 0
    assert "rejected by omar: not today" in ran.out
    told = cli("show", plan["plan"], "--json").json
    assert [action["status"] for action in told["actions"]] == ["rejected", "skipped"]
    assert told["approvals"] == []
    assert "reject" in [entry["data"].get("choice") for entry in cli("audit", "log", plan["plan"], "--json").json]


def test_reject_as_json(cli: CommandLine) -> None:
    """`reject --json` tells the plan as it then stands."""
    told = cli("reject", cli.waiting()["id"], "--as", "omar", "--reason", "no", "--json").json
    assert told["actions"][0]["status"] == "rejected"


@pytest.mark.parametrize("who", ["dana", "mira"], ids=["the requester", "an approver"])
def test_cancel_ends_what_was_not_started(cli: CommandLine, who: str) -> None:
    """The requester, or somebody who may approve, cancels what waits; what was done stays done."""
    plan = cli.submit(BALANCE, TRANSFER)["plan"]
    ran = cli("cancel", plan, "--as", who, "--json")
    assert [action["status"] for action in ran.json["actions"]] == ["done", "cancelled"]
    assert ran.code == 0
    assert f"cancelled by {who}" in cli.wide("show", plan).out


def test_audit_log_tells_everything_in_order(cli: CommandLine) -> None:
    """`audit log` shows every Entry with number, time, chain, event and actor; with a plan's id only that plan's."""
    plan = cli.submit(BALANCE, TRANSFER)["plan"]
    entries = cli("audit", "log", "--json").json
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["event"] for entry in entries[:2]] == ["policy", "submitted"]
    assert [entry["chain"] for entry in entries[:2]] == ["system", plan]
    assert {entry["chain"] for entry in cli("audit", "log", plan, "--json").json} == {plan}
    assert [entry["event"] for entry in cli("audit", "log", "system", "--json").json] == ["policy"]
    out = cli("audit", "log").out
    assert out.split()[:4] == ["entry", "at", "(UTC)", "chain"]
    assert "submitted" in out


def test_audit_verify_says_what_it_cannot_know(cli: CommandLine) -> None:
    """`audit verify` tells how much it checked, and what it cannot see without a key."""
    cli.submit(BALANCE)
    ran = cli("audit", "verify")
    assert "The log verifies: 5 entries" in ran.out
    assert "whoever can read the key file" in " ".join(ran.out.split())
    told = cli("audit", "verify", "--json").json
    assert (told["verified"], told["entries"], told["problems"]) == (True, 5, [])
    assert told["cannot_know"]


def test_policies_check_of_a_valid_file(cli: CommandLine) -> None:
    """`policies check` names the file, counts its rules, and shows its warnings."""
    ran = cli("policies", "check")
    assert "policies.yaml is valid: 4 rules, 2 warnings, digest" in ran.out
    assert "policies.yaml:5:1: warning[identity]" in ran.out
    assert ran.code == 0


def test_policies_check_as_json(cli: CommandLine) -> None:
    """`policies check --json` tells whether the file is valid, and each diagnostic with its code and place."""
    told = cli("policies", "check", "--json").json
    assert (told["valid"], told["errors"], told["warnings"]) == (True, 0, 2)
    assert told["digest"]
    assert [(one["code"], one["line"]) for one in told["diagnostics"]] == [("identity", 5), ("seats", 23)]
    cli.policies.write_text(cli.policies.read_text().replace("amount > 100", "amuont > 100"))
    ran = cli("policies", "check", "--json")
    wrong = [one for one in ran.json["diagnostics"] if one["severity"] == "error"]
    assert (ran.code, ran.json["valid"], ran.json["errors"]) == (5, False, 1)
    assert wrong[0] == {
        "code": "unknown-name",
        "severity": "error",
        "file": "policies.yaml",
        "line": 16,
        "column": 11,
        "length": 6,
        "message": "transfer has no field `amuont`",
        "hint": "did you mean `amount`?",
        "source": "    when: amuont > 100",
    }
    assert [(one["code"], one["line"], one["column"]) for one in wrong] == [("unknown-name", 16, 11)]


def test_policies_check_finds_what_a_load_does_not(cli: CommandLine) -> None:
    """`policies check` also tells of rules that decide nothing, which no other command looks for."""
    again = "  - id: again\n    deny: transfer\n    when: to in lists.blocked and amount > 5\n"
    cli.policies.write_text(cli.policies.read_text() + again)
    ran = cli("policies", "check")
    assert "warning[covered]: again decides nothing: the deny rule blocked on line" in ran.out
    assert "5 rules, 3 warnings" in ran.out
    assert "covered" in [one["code"] for one in cli("policies", "check", "--json").json["diagnostics"]]


def test_policies_schema(cli: CommandLine) -> None:
    """`policies schema` prints the schema for the registered actions, by which the file in use is valid."""
    schema = cli("policies", "schema").json
    assert schema["$defs"]["type"]["enum"] == ["check_balance", "deposit", "withdraw", "transfer", "pay_bill"]
    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(cli.policies.read_text()))) == []


def test_error_as_json(cli: CommandLine) -> None:
    """With `--json` an error goes to standard output as code, message and problems, with the same exit code."""
    cli.submit(BALANCE)
    ran = cli("run", "--plan", cli.plan_file({"type": "fly", "needs": []}, DEPOSIT | {"amount": "0"}), "--json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.json["error"]["code"] == "plan-invalid"
    assert len(ran.json["error"]["problems"]) == 2


def test_help_names_every_command_and_exit_code(cli: CommandLine) -> None:
    """`--help` lists every command and what each exit code means; every command has a help of its own."""
    ran = cli("--help")
    text = " ".join(ran.out.split())
    assert all(f" {command} " in text for command in COMMANDS)
    assert all(f" {code} " in text.partition("Exit codes:")[2] for code in range(8))
    assert [cli(command, "--help").code for command in COMMANDS] == [0] * len(COMMANDS)
    assert "4 it does or may" in cli.wide("policies", "diff", "--help").out
    assert "--count" in cli("policies", "explain", "--help").out


def test_version(cli: CommandLine) -> None:
    """`--version` tells name and version."""
    assert cli("--version").out.startswith("signoff 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "deposit 5", "--plan", "plan.json"],
        ["queue", "--as", "mira"],
        ["approve"],
        ["reject", "a1", "--as", "mira"],
        ["cancel"],
        ["resolve", "p-1/1", "--as", "mira", "--reason", "seen"],
        ["resolve", "p-1/1", "--as", "mira", "--done", "--not-done", "--reason", "seen"],
        ["resolve", "p-1/1", "--as", "mira", "--done"],
        ["audit"],
        ["policies"],
    ],
    ids=" ".join,
)
def test_wrong_usage(cli: CommandLine, arguments: list[str]) -> None:
    """A command with too few, too many or unknown arguments ends with 2 and one error."""
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith("signoff")
    assert not cli.database.exists()


def test_demo_has_no_json(cli: CommandLine) -> None:
    """`demo --json` is wrong usage, told as JSON, and names the command that has it."""
    ran = cli("demo", "--json")
    assert (ran.code, ran.err, ran.json["error"]["code"]) == (2, "", "usage")
    assert "`signoff run --json` has" in ran.json["error"]["message"]


def test_options_win_over_the_environment(cli: CommandLine) -> None:
    """`--db` and `--policies` are used instead of SIGNOFF_DB and SIGNOFF_POLICIES."""
    other = cli.folder / "other.db"
    strict = cli.text_file("strict.yaml", "version: 1\ndefault: deny\nrules:\n  - id: nothing\n    deny: '*'\n")
    ran = cli("run", "deposit 5", "--db", str(other), "--policies", strict)
    assert ran.code == 4
    assert other.exists()
    assert not cli.database.exists()


def test_module_is_the_same_command(cli: CommandLine) -> None:
    """`python -m signoff` gives the output and the exit code of the command."""
    approval = cli.waiting()
    ran = cli.process("queue", "--json")
    assert (ran.code, ran.err) == (3, "")
    assert ran.json["approvals"] == [approval]


def test_defaults_are_files_in_the_working_directory(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without options and environment, signoff.db and policies.yaml of the working directory are used."""
    for name in ("SIGNOFF_DB", "SIGNOFF_POLICIES"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(cli.folder)
    assert cli("run", "deposit 5").code == 0
    assert cli.database.exists()


def test_too_little_money_fails_the_action(cli: CommandLine) -> None:
    """An action that the ledger refuses is shown as failed with what there is and what was asked for."""
    told = cli.submit(WITHDRAW_TOO_MUCH)
    (action,) = told["actions"]
    assert action["status"] == "failed"
    assert "1,000.00 USD" in action["error"]
    assert "9,000.00 USD" in action["error"]
