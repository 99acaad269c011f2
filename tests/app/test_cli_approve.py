"""`signoff approve`: nobody signs unseen, and nothing but the whole word signs."""

import os
import pty
import re
import subprocess
from collections.abc import Callable

import pytest

from tests.app.conftest import DEPOSIT, SIGNOFF, TRANSFER, CommandLine
from tests.app.sessions import END, INTERRUPT


def test_terminal_shows_the_card_and_signs(cli: CommandLine) -> None:
    """On a terminal the card is shown, the whole word signs it, and what it released runs."""
    approval = cli.waiting()
    ran = cli.terminal("approve", approval["id"], "--as", "mira", typed="approve\n")
    card, _, after = ran.out.partition('Type "approve" to sign this as mira, anything else to leave it: ')
    assert f"APPROVAL {approval['id']}" in card
    assert "Transfer 150.00 USD" in card
    assert "done" in after
    assert ran.code == 0
    assert cli("queue").code == 0


@pytest.mark.parametrize("typed", ["approv\n", "y\n", "yes\n", "\n", "APPROVE\n", "approve it\n"])
def test_anything_but_the_whole_word_leaves_it_waiting(cli: CommandLine, typed: str) -> None:
    """Anything else that is typed signs nothing, changes nothing, and ends with 3."""
    approval = cli.waiting()
    before = cli.dump()
    ran = cli.terminal("approve", approval["id"], "--as", "mira", typed=typed)
    assert "Not signed; it still waits." in ran.out
    assert ran.code == 3
    assert cli.dump() == before


@pytest.mark.parametrize(("typed", "code"), [(INTERRUPT, 130), (END, 3)], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_the_question_signs_nothing(cli: CommandLine, typed: str, code: int) -> None:
    """Who leaves the question by Ctrl-C or Ctrl-D signs nothing and sees no traceback."""
    approval = cli.waiting()
    before = cli.dump()
    ran = cli.terminal("approve", approval["id"], "--as", "mira", typed=typed)
    assert "Traceback" not in ran.out
    assert ran.code == code
    assert cli.dump() == before


def test_who_may_not_sign_is_refused_unasked(cli: CommandLine) -> None:
    """The requester is not even asked for the word, but refused with the reason; it still waits."""
    approval = cli.waiting()
    ran = cli.terminal("approve", approval["id"], "--as", "dana", typed="")
    assert f"signoff: dana asked for {approval['id']} and cannot decide it" in ran.out
    assert ran.code == 4
    assert cli("queue").code == 3


def test_card_on_a_narrow_terminal_stays_inside(cli: CommandLine) -> None:
    """On a terminal of 60 columns no line of the card is longer, styles left out, and its head stays whole."""
    approval = cli.waiting()
    ran = cli.terminal("show", approval["id"], typed="", columns=60)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ran.out).splitlines()
    assert max(map(len, lines)) <= 60
    assert "expires in 23:59" in lines[0] + lines[1]


def test_without_a_terminal_a_digest_is_wanted(cli: CommandLine) -> None:
    """Without a terminal nothing is signed unseen: the error says how to look and what to give."""
    approval = cli.waiting()
    before = cli.dump()
    ran = cli.process("approve", approval["id"], "--as", "mira", stdin=b"approve\n")
    ran.failed(2, "nobody signs unseen", f"`signoff show {approval['id']}`", "--digest")
    assert cli.dump() == before


def test_output_that_nobody_sees_is_no_terminal(cli: CommandLine) -> None:
    """Where the card would go into a pipe, typing the word signs nothing."""
    approval = cli.waiting()
    ours, theirs = pty.openpty()
    os.write(ours, b"approve\n")
    command = [*SIGNOFF, "approve", approval["id"], "--as", "mira"]
    ended = subprocess.run(command, stdin=theirs, capture_output=True, timeout=60, cwd=cli.folder)
    os.close(theirs)
    os.close(ours)
    assert ended.returncode == 2
    assert b"nobody signs unseen" in ended.stderr
    assert cli("queue").code == 3


def test_json_asks_nobody(cli: CommandLine) -> None:
    """With `--json` there is no question, even on a terminal: the digest is wanted."""
    approval = cli.waiting()
    ran = cli.terminal("approve", approval["id"], "--as", "mira", "--json", typed="")
    assert ran.code == 2
    assert ran.json["error"]["code"] == "usage"
    assert cli("queue").code == 3


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(lambda digest: digest[:8], id="8 digits"),
        pytest.param(lambda digest: digest, id="the whole digest"),
        pytest.param(lambda digest: f"{digest[:4]} {digest[4:8]}", id="in groups, as the card shows it"),
        pytest.param(lambda digest: digest[:10].upper(), id="capital letters"),
    ],
)
def test_digest_signs_what_was_seen(cli: CommandLine, prefix: Callable[[str], str]) -> None:
    """With at least 8 digits of the digest the vote is recorded and what it released runs."""
    approval = cli.waiting()
    ran = cli("approve", approval["id"], "--as", "mira", "--digest", prefix(approval["digest"]), "--json")
    assert ran.code == 0
    assert ran.json["actions"][0]["status"] == "done"
    assert ran.json["actions"][0]["result"]["balance"] == "850.00"


def test_second_seat_still_waits(cli: CommandLine) -> None:
    """With one of three seats filled the action waits on, and the exit code says so."""
    approval = cli.waiting(TRANSFER | {"amount": "600.00"})
    ran = cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"])
    assert ran.code == 3
    assert cli("approve", approval["id"], "--as", "fay", "--digest", approval["digest"]).code == 3
    assert cli("approve", approval["id"], "--as", "finn", "--digest", approval["digest"]).code == 0


def test_no_run_only_votes(cli: CommandLine) -> None:
    """`--no-run` records the vote and leaves running to `resume`."""
    approval = cli.waiting()
    ran = cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--no-run", "--json")
    assert ran.code == 3
    assert ran.json["actions"][0]["status"] == "approved"
    resumed = cli("resume", approval["plan"], "--json")
    assert resumed.code == 0
    assert resumed.json["actions"][0]["status"] == "done"


def test_reason_is_in_the_log(cli: CommandLine) -> None:
    """`--reason` of a vote is kept in the log with the voter."""
    approval = cli.waiting()
    cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--reason", "she called me")
    (vote,) = [entry for entry in cli("audit", "log", "--json").json if entry["event"] == "voted"]
    assert (vote["actor"]["id"], vote["data"]["reason"]) == ("mira", "she called me")


def test_approving_runs_what_needed_it(cli: CommandLine) -> None:
    """What waited only for the signed action runs after it."""
    plan = cli.submit(TRANSFER, DEPOSIT | {"needs": [1]})
    (approval,) = plan["approvals"]
    ran = cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--json")
    assert [action["status"] for action in ran.json["actions"]] == ["done", "done"]


def test_changed_rule_asks_anew(cli: CommandLine) -> None:
    """Where a rule that asked was changed after the vote, the action waits again, under a new approval."""
    approval = cli.waiting()
    cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--no-run")
    cli.policies.write_text(cli.policies.read_text().replace("within: 24h", "within: 2h"))
    ran = cli("resume", approval["plan"], "--json")
    assert ran.code == 3
    assert [one["id"] for one in ran.json["approvals"]] != [approval["id"]]
