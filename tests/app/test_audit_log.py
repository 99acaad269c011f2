"""`signoff audit log` as people use it: some of the Entries, and those that come."""

import json
import signal
import subprocess

import pytest

from signoff.audit import Store
from signoff.entry_output import entry_line
from signoff.errors import Exit
from signoff.log_view import BATCH
from tests.app.conftest import BALANCE, DEPOSIT, SIGNOFF, TRANSFER, CommandLine


@pytest.fixture
def busy(cli: CommandLine) -> CommandLine:
    """Two plans: a balance and a deposit that were done, and a transfer that omar rejected."""
    cli.submit(BALANCE, DEPOSIT)
    waiting = cli.waiting(TRANSFER)
    cli("reject", waiting["id"], "--as", "omar", "--reason", "not today")
    return cli


@pytest.mark.parametrize(
    ("options", "events"),
    [
        (["--actor", "omar"], ["voted", "rejected"]),
        (["--actor", "nobody"], []),
        (["--status", "rejected"], ["rejected"]),
        (["--status", "waiting"], ["decided"]),
        (["--status", "done"], ["done", "done"]),
        (["--action", "deposit"], ["decided", "executing", "done"]),
        (["--action", "transfer"], ["decided", "asked", "voted", "rejected"]),
        (["--action", "2"], ["decided", "executing", "done"]),
        (["--action", "deposit", "--status", "done"], ["done"]),
        (["--newest", "2"], ["voted", "rejected"]),
        (["--newest", "1", "--status", "done"], ["done"]),
        (["--since", "5m", "--status", "submitted"], ["submitted", "submitted"]),
        (["--until", "5m"], []),
        (["--since", "2099-01-01 00:00"], []),
        (["--until", "2099-01-01", "--status", "policy"], ["policy"]),
        (["system"], ["policy"]),
    ],
)
def test_the_log_is_read_in_part(busy: CommandLine, options: list[str], events: list[str]) -> None:
    """By who did it, what it came to, which actions it is about, when it was, and how many."""
    assert [entry["event"] for entry in busy("audit", "log", *options, "--json").json] == events
    shown = busy.wide("audit", "log", *options)
    assert shown.code == 0
    assert shown.out.count("\n") == (len(events) + 1 if events else 1)
    assert events or shown.out == "No entry of the log is so.\n"


def test_one_plan_in_part(busy: CommandLine) -> None:
    """The parts of one plan's log alone."""
    plan = busy("audit", "log", "--status", "rejected", "--json").json[0]["chain"]
    assert len(busy("audit", "log", plan, "--status", "submitted", "--json").json) == 1
    assert busy("audit", "log", plan, "--action", "deposit", "--json").json == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--status", "rejcted"], 'signoff: "rejcted" is no status or event of the log; did you mean rejected?'),
        (["--since", "yesterday"], 'signoff: --since is "yesterday"; write 2026-11-21, "2026-11-21 14:30" (UTC), or how long'),
        (["--until", "2026-2-1"], 'signoff: --until is "2026-2-1"; write'),
        (["--since", "99999999999d"], 'signoff: --since is "99999999999d"'),
        (["--since", "٣d"], "signoff: --since is"),
        (["--newest", "0"], 'argument -n/--newest: "0" is no number from 1 on'),
        (["--newest", "-3"], "argument -n/--newest"),
        (["p-none"], 'signoff: the log has no "p-none"; `signoff audit log` shows all of it'),
    ],
)
def test_what_cannot_be_meant_is_told(busy: CommandLine, options: list[str], told: str) -> None:
    """A wrong word is named with its remedy, and is wrong usage."""
    ran = busy("audit", "log", *options)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert told in ran.err


def test_a_long_log_is_read_in_batches(busy: CommandLine) -> None:
    """Every Entry comes once, in order, also where there are more than are read at once."""
    many = """
from signoff.actor import Actor
from signoff.audit import Store
import pathlib
with Store.open(pathlib.Path(sys.argv[1])) as store, store.write() as tx:
    for number in range(%d):
        tx.log("refused", Actor(id="eve"), {"verb": "submit", "reason": str(number)})
"""
    busy.script("import sys" + many % (2 * BATCH))
    entries = busy("audit", "log", "--actor", "eve", "--json").json
    assert [entry["data"]["reason"] for entry in entries] == [str(number) for number in range(2 * BATCH)]
    assert busy("audit", "log", "--actor", "eve", "-n", "2", "--json").json == entries[-2:]


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_a_log_that_is_followed(busy: CommandLine, as_json: bool) -> None:
    """With `-f` those that stand come first, then each that another process writes, as a line; Ctrl-C ends it."""
    command = [*SIGNOFF, "audit", "log", "-f", "--status", "done", *(["--json"] if as_json else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=busy.folder) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(2)]
            assert busy.process("run", "--plan", busy.plan_file(BALANCE)).code == 0
            lines.append(process.stdout.readline())
            assert busy.process("run", "--plan", busy.plan_file(DEPOSIT)).code == 0
            lines.append(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
        finally:
            process.kill()
    if as_json:
        assert [json.loads(line)["event"] for line in lines] == ["done"] * 4
        assert len({json.loads(line)["number"] for line in lines}) == 4
    else:
        assert all("  done  " in line for line in lines)
        assert "balance" in lines[2]


def test_what_a_line_shows_is_harmless(cli: CommandLine) -> None:
    """A reason that would move the cursor or end the line is written out, in the table and in a line of its own."""
    hostile = "no\n99  2026-01-01 00:00:00  p-beef #1  done  omar \x1b[2J"
    cli("reject", cli.waiting()["id"], "--as", "omar", "--reason", hostile)
    for options in ([], ["-n", "5"]):
        out = cli.wide("audit", "log", *options).out
        assert "\x1b" not in out
        assert "\n99  " not in out
        assert "no\\u{a}99" in out
    with Store.open(cli.database) as store, store.read() as tx:
        lines = [entry_line(entry) for entry in tx.entries()]
    assert all(line.isprintable() for line in lines)
    assert "no\\u{a}99" in lines[-1]
