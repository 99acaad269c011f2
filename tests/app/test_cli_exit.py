"""Exit codes: what each stands for, and which of several wins."""

import shlex
import signal
import subprocess
import textwrap
from collections.abc import Mapping

import pytest

from tests.app.conftest import BALANCE, DEPOSIT, SIGNOFF, TRANSFER, CommandLine

DENIED = TRANSFER | {"to": "Mallory Ltd", "amount": "5.00"}
FAILING = {"type": "withdraw", "amount": "9000.00", "currency": "USD", "needs": []}
POST_LETTER = {"type": "post_letter", "text": "hello", "needs": []}
IN_DOUBT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from signoff import Actor, Engine
    from signoff.actions import Effect, Registry, action, bank_registry
    from signoff.audit import Store
    from signoff.planner import read_plan
    from signoff.policies import load_policy

    @action(effect=Effect.OPAQUE)
    def post_letter(text: str) -> None:
        raise TimeoutError("the post office did not answer")

    bank = bank_registry()
    registry = Registry(*bank.values(), post_letter, migrations=bank.migrations)
    with Store.open(Path(sys.argv[1]), migrations=registry.migrations) as store:
        engine = Engine(store, load_policy(Path(sys.argv[2]), registry), registry)
        print(engine.submit(read_plan(Path(sys.argv[3]).read_bytes(), registry), Actor(id="dana")).id)
    """
)
HOLD_LOCK = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""
TELL_WHEN_WAITING = """
import fcntl, sys
from signoff.cli import main
lock = fcntl.flock
def tell(*arguments):
    try:
        lock(*arguments)
    except BlockingIOError:
        print("waits", flush=True)
        raise
fcntl.flock = tell
sys.exit(main(sys.argv[1:]))
"""
EDIT = "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'dana', 'mira') AS BLOB) WHERE number = 2"


def submit_in_doubt(cli: CommandLine, *others: Mapping[str, object]) -> str:
    """Run a plan whose first action ends in doubt, from another program, and give its id."""
    return cli.script(IN_DOUBT, str(cli.policies), cli.plan_file(POST_LETTER, *others)).strip()


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param([BALANCE, DEPOSIT], 0, id="all done"),
        pytest.param([BALANCE, TRANSFER], 3, id="something waits"),
        pytest.param([TRANSFER, DENIED], 4, id="denied before waiting"),
        pytest.param([DENIED, DEPOSIT | {"needs": [1]}], 4, id="denied, and what needs it skipped"),
        pytest.param([TRANSFER, DENIED, FAILING], 1, id="failed before denied and waiting"),
    ],
)
def test_run_ends_with_the_worst_that_happened(cli: CommandLine, actions: list[dict[str, object]], code: int) -> None:
    """Of what became of a plan's actions, the exit code tells what needs attention first."""
    assert cli("run", "--plan", cli.plan_file(*actions)).code == code
    assert cli("run", "--plan", cli.plan_file(*actions), "--json").code == code


@pytest.mark.parametrize(("request_", "code"), [("deposit 5", 0), ("send $150 to Bob", 3), ("send $5 to Mallory Ltd", 4)])
def test_plan_ends_with_what_would_be_decided(cli: CommandLine, request_: str, code: int) -> None:
    """`plan` ends with 0, 3 or 4 where everything is allowed, something needs approval, something is denied."""
    assert cli("plan", request_).code == code


@pytest.mark.parametrize("command", ["plan", "run"])
def test_question_ends_with_1(cli: CommandLine, command: str) -> None:
    """Where no plan came, because the planner asks back, the exit code is 1."""
    assert cli(command, "send some money to Carol").code == 1


def test_queue_tells_whether_somebody_is_needed(cli: CommandLine) -> None:
    """`queue` ends with 0 while nothing waits, with 3 while something does, and with 7 once something is in doubt."""
    cli.submit(BALANCE)
    assert cli("queue").code == 0
    cli.waiting()
    assert cli("queue").code == 3
    submit_in_doubt(cli)
    assert cli("queue").code == 7


def test_in_doubt_is_told_with_what_to_do(cli: CommandLine) -> None:
    """`queue` names the plan, the number, the action and the error of what is in doubt, and says to find out."""
    plan = submit_in_doubt(cli)
    ran = cli.wide("queue")
    assert f"{plan}/1 is in doubt: Post letter; TimeoutError: the post office did not answer; find out" in ran.out
    assert f"signoff resolve {plan}/1 --as WHO --done|--not-done --reason TEXT" in ran.out
    (doubt,) = cli("queue", "--json").json["in_doubt"]
    told = (doubt["id"], doubt["plan"], doubt["status"], doubt["type"])
    assert told == (f"{plan}/1", plan, "in_doubt", "post_letter")


def test_in_doubt_wins_over_failed_denied_and_waiting(cli: CommandLine) -> None:
    """What is in doubt is told before what failed, was denied or waits, and what needs it is held."""
    plan = submit_in_doubt(cli, FAILING, DENIED, TRANSFER, DEPOSIT | {"needs": [1]})
    ran = cli("resume", plan, "--json")
    statuses = [action["status"] for action in ran.json["actions"]]
    assert (ran.code, statuses) == (7, ["in_doubt", "failed", "denied", "waiting", "ready"])


def test_altered_log_wins_over_in_doubt(cli: CommandLine) -> None:
    """Where the log was altered, nothing goes on: 6, though something is also in doubt."""
    plan = submit_in_doubt(cli, TRANSFER)
    cli.tamper(EDIT)
    cli("resume", plan).failed(6, plan, "was altered", "`signoff audit verify`")


def test_invalid_policies_win_over_an_altered_log(cli: CommandLine) -> None:
    """Where the policies are invalid nothing is opened: 5, though the log was also altered."""
    plan = submit_in_doubt(cli)
    cli.tamper(EDIT)
    cli.policies.write_text("rules: nothing\n")
    assert cli("resume", plan).code == 5


def test_wrong_usage_wins_over_invalid_policies(cli: CommandLine) -> None:
    """A command that is written wrongly ends with 2, whatever its files are like."""
    cli.policies.write_text("rules: nothing\n")
    assert cli("reject", "a1", "--as", "mira").code == 2


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        pytest.param(EDIT, "entry 2 was edited", id="an edited entry"),
        pytest.param("DELETE FROM entries WHERE number = 4", "entry 4 is missing", id="a removed entry"),
        pytest.param("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)", "its end was cut off", id="its end"),
        pytest.param("UPDATE actions SET status = 'approved' WHERE status = 'waiting'", "was edited", id="a forged status"),
        pytest.param("DELETE FROM plans", "is not stored", id="a removed plan"),
    ],
)
def test_verify_finds_tampering(cli: CommandLine, sql: str, told: str) -> None:
    """`audit verify` names what was altered behind its back, and ends with 6; as JSON it lists the problems."""
    cli.submit(BALANCE, TRANSFER)
    assert cli("audit", "verify").code == 0
    cli.tamper(sql)
    ran = cli.wide("audit", "verify")
    assert (ran.code, ran.err) == (6, "")
    assert told in ran.out
    assert "The log does not verify" in ran.out
    assert cli("audit", "verify", "--json").json["verified"] is False


def test_altered_plan_is_not_signed(cli: CommandLine) -> None:
    """A vote on what was altered is not taken: the error names the plan, nothing is recorded or run."""
    approval = cli.waiting()
    cli.tamper("UPDATE actions SET title = 'Transfer 1.00 USD'")
    before = cli.dump()
    ran = cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"])
    ran.failed(6, approval["plan"], "was altered")
    assert cli.dump() == before


@pytest.mark.parametrize("arguments", [["audit", "log"], ["queue", "--json"], ["--help"]], ids=" ".join)
def test_closed_reader_ends_quietly(cli: CommandLine, arguments: list[str]) -> None:
    """Where the reader of the output, such as `head`, has gone, the command ends with 0 and without a word."""
    cli.submit(BALANCE)
    command = [*SIGNOFF, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cli.folder) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    "redirection",
    [
        pytest.param(">/dev/full", id="full disk"),
        pytest.param(">&-", id="closed"),
    ],
)
@pytest.mark.parametrize("arguments", ["run 'deposit 5'", "queue --json"])
def test_output_that_cannot_be_written(cli: CommandLine, arguments: str, redirection: str) -> None:
    """Where the output cannot be written, there is at most one line about it and no traceback."""
    cli.submit(BALANCE)
    command = f"{shlex.join(SIGNOFF)} {arguments} {redirection}"
    ended = subprocess.run(command, shell=True, capture_output=True, timeout=60, text=True, cwd=cli.folder)
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) <= 1


def test_terminal_that_knows_few_letters(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output's encoding lacks a letter, it is replaced, and the exit code still tells what became of the plan."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    cli.submit(BALANCE)
    ran = cli.process("run", "send $150 to Alice")
    assert (ran.code, ran.err) == (3, "")
    (approval,) = cli("queue", "--json").json["approvals"]
    ran = cli.process("show", approval["id"])
    assert (ran.code, ran.err) == (0, "")
    assert f"APPROVAL {approval['id']}" in ran.out


def test_interrupted_command_says_what_is_kept(cli: CommandLine) -> None:
    """Ctrl-C while another process is waited for that writes ends with 130 and one line, without a traceback."""
    cli.submit(BALANCE)
    waiting = [SIGNOFF[0], "-c", TELL_WHEN_WAITING, "run", "deposit 5"]
    with (
        cli.meanwhile(HOLD_LOCK, f"{cli.database}.lock"),
        subprocess.Popen(waiting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cli.folder, text=True) as process,
    ):
        assert process.stdout
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "signoff: interrupted; what was accepted is stored, and `signoff resume` goes on\n"
