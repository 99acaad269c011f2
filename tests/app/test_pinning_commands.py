"""Pinned policies at the command line: processes that are killed, that race, and what people are told."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signoff.errors import Exit
from tests.app.banking import LOOSE, LOOSER, LOOSEST, TWO
from tests.app.conftest import CommandLine
from tests.conftest import RULES

KILLED = """
import os, signal, sys
from pathlib import Path
from signoff.audit.database import Database
from signoff.cli import main
left = [int(sys.argv[1])]
execute = Database.execute
def counted(self, sql, parameters=()):
    if sql.startswith(("BEGIN IMMEDIATE", "INSERT", "UPDATE", "COMMIT")):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, sql, parameters)
Database.execute = counted
sys.exit(main(sys.argv[2:]))
"""


def test_a_process_that_is_killed_leaves_all_or_nothing(cli: CommandLine) -> None:
    """Killed before any statement that writes, a load has happened wholly or not at all, and can be done again."""
    cli.policies.write_text(TWO)
    cli.submit({"type": "check_balance", "account": "checking", "needs": []})
    for who in ("mira", "omar"):
        cli("policies", "pin", "--as", who)
    new = cli.text_file("new.yaml", LOOSE)
    assert cli("policies", "load", new, "--as", "mira").code == Exit.WAITING
    for statement in range(40):
        command = [sys.executable, "-c", KILLED, str(statement), "policies", "load", new, "--as", "omar"]
        code = subprocess.run(command, capture_output=True, timeout=60).returncode
        assert cli("audit", "verify").code == 0
        if code != -signal.SIGKILL:
            break
        chain = [entry["event"] for entry in cli("audit", "log", "system", "--json").json]
        assert chain == ["policy", "proposed", "confirmed", "pinned", "proposed"]
    assert (code, statement > 5) == (0, True)
    assert cli("plan", "send $150 to Alice", "--policies", new, "--json").json["actions"][0]["decision"] == "allow"


def test_racing_processes(cli: CommandLine) -> None:
    """Of two files that two managers want at once, each is put in force by both of them, or not at all; never by one."""
    cli.policies.write_text(TWO)
    cli.submit({"type": "check_balance", "account": "checking", "needs": []})
    for who in ("mira", "omar"):
        cli("policies", "pin", "--as", who)
    files = [cli.text_file(f"new{number}.yaml", text) for number, text in enumerate((LOOSE, LOOSER, LOOSEST))]
    commands = [
        [sys.executable, "-m", "signoff", "policies", "load", file, "--as", who, "--json"]
        for file in files
        for who in ("mira", "omar")
    ]
    started = [subprocess.Popen(one, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) for one in commands]
    told = [json.loads(one.communicate(timeout=60)[0]) for one in started]
    made = [one for one in told if one.get("made")]
    assert made
    assert all(sorted(one["agreed"]) == ["mira", "omar"] for one in made)
    assert cli("audit", "verify").code == 0


def test_the_command_line(cli: CommandLine) -> None:
    """`policies pin`, `load` and `unpin` tell how far they are; other commands refuse an edited file, and reading ones say so."""
    cli.policies.write_text(TWO)
    approval = cli.waiting()
    assert "mira agreed. Until" in cli.wide("policies", "pin", "--as", "mira").out
    ran = cli.wide("policies", "pin", "--as", "omar")
    assert (ran.code, "only `signoff policies load` changes them now. mira, omar agreed." in ran.out) == (0, True)
    cli.policies.write_text(LOOSE.replace("[mira, omar]", "[eve, zoe]"))
    for command in (["run", "deposit 5"], ["plan", "deposit 5"], ["resume"], ["policies", "pin", "--as", "mira"]):
        cli(*command).failed(5, "policies.yaml (digest", "is not what is pinned", "signoff policies load FILE --as WHO")
    cli("approve", approval["id"], "--as", "eve", "--digest", approval["digest"]).failed(5, "is not what is pinned")
    told = cli("run", "deposit 5", "--json")
    assert (told.code, told.json["error"]["code"]) == (5, "policy-pinned")
    for command in (["queue"], ["show", approval["id"]], ["show", approval["plan"]], ["audit", "log"]):
        ran = cli.wide(*command)
        assert "is not what is pinned" in ran.err
        assert "eve," not in ran.out
    assert json.loads(cli("queue", "--json").out)["approvals"]
    new = str(cli.policies)
    ran = cli.wide("policies", "load", new, "--as", "mira")
    assert (ran.code, f"signoff policies load {new} --as WHO" in ran.out) == (3, True)
    assert "looser: eve has the role manager now" in ran.out
    cli("policies", "load", new, "--as", "mira").failed(4, "mira has already agreed")
    assert cli("policies", "load", new, "--as", "omar", "--json").json["made"] is True
    assert cli("queue").err == ""
    assert cli("policies", "unpin", "--as", "eve").code == 3
    assert "not pinned any more" in cli.wide("policies", "unpin", "--as", "zoe").out
    log = cli.wide("audit", "log", "system").out
    assert all(event in log for event in ("proposed", "confirmed", "pinned", "unpinned", "refused"))
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("broken", [None, "rules: [", "version: 1\n"])
def test_a_pinned_file_that_is_gone(broken: str | None, cli: CommandLine) -> None:
    """Where the pinned file was removed or broken, what waits is shown, and policies can be unpinned; nothing is decided."""
    cli.policies.write_text(TWO)
    approval = cli.waiting()
    for who in ("mira", "omar"):
        cli("policies", "pin", "--as", who)
    cli.policies.unlink()
    if broken is not None:
        cli.policies.write_text(broken)
    assert cli("show", approval["id"], "--json").json["people"] == {"manager": ["mira", "omar"]}
    shown = cli("show", approval["plan"], "--json")
    assert (shown.code, shown.json["plan"], "is not what is pinned" in shown.err) == (0, approval["plan"], True)
    signing = ("--as", "mira", "--digest", approval["digest"])
    for command in (["run", "deposit 5"], ["approve", approval["id"], *signing], ["cancel", approval["plan"], "--as", "dana"]):
        assert cli(*command).code == Exit.POLICIES
    assert cli("policies", "unpin", "--as", "mira").code == Exit.WAITING
    assert cli("policies", "unpin", "--as", "omar").code == 0
    assert cli("queue").err == ""
    assert cli("audit", "verify").code == 0


def test_the_demo_keeps_the_pinned_rules(cli: CommandLine) -> None:
    """An edit of a pinned file is told at the terminal, and the rules from before decide on."""
    cli.policies.write_text(RULES)
    cli.submit({"type": "check_balance", "account": "checking", "needs": []})
    assert cli("policies", "pin", "--as", "mira").code == 0
    with cli.session("demo") as session:
        session.wait_for("dana>")
        cli.policies.write_text(RULES.replace("amount > 100", "amount > 900"))
        session.wait_for("is not what is pinned")
        assert "is broken" not in session.say("send $150 to Alice", until="It waits")


def test_pinned_tables(cli: CommandLine) -> None:
    """A pinned file with a table beside it is the pinned one as long as both are as they were."""
    limits = cli.text_file("limits.csv", "payee,limit\nAlice,500.00\n")
    tables = "tables:\n  payees: {csv: limits.csv, key: payee, columns: {limit: money}}\nrules:"
    capped = "  - id: capped\n    deny: transfer\n    when: to in tables.payees and amount > tables.payees[to].limit\n"
    cli.policies.write_text(RULES.replace("rules:", tables) + capped)
    cli.submit({"type": "check_balance", "account": "checking", "needs": []})
    cli("policies", "pin", "--as", "mira")
    assert (cli("queue").err, cli("plan", "send $90 to Alice").code) == ("", 0)
    Path(limits).write_text("payee,limit\nAlice,5000.00\n")
    assert "is not what is pinned" in cli("queue").err
    assert cli("plan", "send $90 to Alice").code == Exit.POLICIES
