"""`signoff demo` on a terminal: typed for real, while other processes sign, edit the rules, or kill it."""

import os
import re
import signal
import time
from collections.abc import Callable

import pytest

from signoff.demo import EXAMPLES
from tests.app.conftest import CommandLine
from tests.app.sessions import END, INTERRUPT, Session
from tests.app.talks import REQUEST, Talk, sign, statuses, talking


def test_request_is_decided_run_and_paused(demo: Talk) -> None:
    """A request shows who planned it, each action's decision and rule, runs what is allowed, and shows the card of the rest."""
    shown = demo.say(REQUEST, until="in a second terminal: signoff approve")
    for part in (
        *("Planning: built-in rules planner, no AI model", "allow everyday", "approve large-transfer", "2/2"),
        *("1 done Check balance: account checking, balance 1000.00", "2 waiting", "3 done Deposit 40.00 USD"),
        *("APPROVAL", "(untrusted)", "amount was 150.00 USD", "1 manager (mira, omar)", "Digest"),
    ):
        assert part in shown
    assert shown.index("approve large-transfer") < shown.index("2/2") < shown.index("1 done") < shown.index("APPROVAL")


def test_second_process_approves_and_the_demo_notices(demo: Talk) -> None:
    """Once a second process has signed and run the transfer, the demo shows it within a second, above the line being typed."""
    approval = demo.ask()
    demo.session.type("send 5 to")
    assert sign(demo.cli, approval).code == 0
    demo.session.wait_for("2 done Transfer 150.00 USD to Alice", patience=1)
    shown = demo.session.wait_for_end("dana> send 5 to")
    assert f"mira (claimed, os user {os.getuid()}) signed {approval}" in shown
    demo.say(" Bob", until="balance 885.00")


def test_vote_alone_goes_on_here(demo: Talk) -> None:
    """Where the second process only votes, the demo runs what that released."""
    approval = demo.ask()
    assert sign(demo.cli, approval, "--no-run").code == 3
    demo.session.wait_for("2 done Transfer 150.00 USD to Alice", patience=2)
    assert statuses(demo.cli) == ["done", "done", "done"]


def test_rejection_elsewhere_is_told_with_its_reason(demo: Talk) -> None:
    """A rejection from a second process shows who rejected it, and why."""
    approval = demo.ask()
    demo.cli.process("reject", approval, "--as", "omar", "--reason", "ask me in person")
    demo.session.wait_for(f"rejected {approval}: ask me in person", patience=2)
    demo.session.wait_for("2 rejected Transfer 150.00 USD to Alice")


def test_request_elsewhere_is_told(demo: Talk) -> None:
    """What another process put in the queue is told."""
    demo.cli.process("run", "send $200 to Bob")
    demo.session.wait_for("It waits for sign-off:", patience=2)
    demo.session.wait_for("Transfer 200.00 USD to p-")


def test_manager_signs_here(demo: Talk) -> None:
    """After /as mira, /approve shows the card again, asks for the whole word, signs, and runs what that released."""
    approval = demo.ask()
    assert "manager in policies.yaml" in demo.say("/as mira", until="mira (manager)>")
    assert "APPROVAL" in demo.say(f"/approve {approval}", until="anything else to leave it:")
    assert "2 done Transfer 150.00 USD to Alice" in demo.say("approve", until="mira (manager)>")


@pytest.mark.parametrize("typed", ["", "y", "yes", "a", "APPROVE", "approve it", INTERRUPT, END])
def test_nothing_but_the_whole_word_signs(demo: Talk, typed: str) -> None:
    """Neither a single key nor enter alone nor leaving the question signs anything; it still waits, and the demo goes on."""
    approval = demo.ask()
    demo.say("/as mira", until="mira (manager)>")
    demo.say(f"/approve {approval}", until="anything else to leave it:")
    time.sleep(0.2)  # Python loses a Ctrl-C right before it reads a line
    demo.session.type(typed if typed in (INTERRUPT, END) else typed + "\r")
    demo.session.wait_for("mira (manager)>")
    assert statuses(demo.cli) == ["done", "waiting", "done"]


def test_what_was_typed_before_the_card_signs_nothing(demo: Talk) -> None:
    """A word that was typed, or pasted, together with /approve does not answer the question under the card."""
    approval = demo.ask()
    demo.say("/as mira", until="mira (manager)>")
    demo.session.type(f"/approve {approval}\rapprove\r")
    demo.session.wait_for("anything else to leave it:")
    time.sleep(0.5)
    assert statuses(demo.cli) == ["done", "waiting", "done"]
    demo.session.type("\r")
    demo.session.wait_for("Not signed; it still waits.")
    assert statuses(demo.cli) == ["done", "waiting", "done"]


def test_pasted_lines_sign_nothing(demo: Talk) -> None:
    """Lines pasted as a block are one line here, and no command."""
    approval = demo.ask()
    demo.say("/as mira", until="mira (manager)>")
    demo.session.type(f"\x1b[200~/approve {approval}\napprove\n\x1b[201~\r")
    demo.session.wait_for("write /approve ID")
    assert statuses(demo.cli) == ["done", "waiting", "done"]


def test_requester_is_refused_here(demo: Talk) -> None:
    """Dana, who asked, is refused without a question, with the reason; the refusal is in the log."""
    approval = demo.ask()
    demo.say(f"/approve {approval}", until="somebody else must")
    assert "refused" in [entry["event"] for entry in demo.cli("audit", "log", "--json").json]


def test_manager_rejects_here(demo: Talk) -> None:
    """/reject wants a reason, and ends the action with it."""
    approval = demo.ask()
    demo.say("/as omar", until="omar (manager)>")
    demo.say(f"/reject {approval}", until="write /reject ID REASON")
    demo.say(f"/reject {approval} ask me in person", until="rejected by omar: ask me in person")


def test_edited_rules_decide_the_next_request(demo: Talk) -> None:
    """An edit of the policies file is told while the demo waits, with what became looser, and decides what comes next."""
    demo.ask("send $120 to Bob")
    demo.edit("amount > 100\n", "amount > 500\n")
    demo.session.wait_for("policies.yaml was edited, and decides from now on: changed: large-transfer", patience=2)
    demo.session.wait_for("looser: the approve rule large-transfer changed: when")
    demo.say("send $130 to Bob", until="1 done Transfer 130.00 USD")
    assert statuses(demo.cli) == ["waiting", "done"]


def test_broken_edit_is_shown_and_the_old_rules_stay(demo: Talk) -> None:
    """A broken edit is shown with its place and caret; the rules from before decide until it is mended."""
    demo.edit("amount > 100\n", "amuont > 100\n")
    shown = demo.session.wait_for("from before this edit stay in force.", patience=2)
    assert "policies.yaml:23:11: error[unknown-name]: transfer has no field `amuont`" in shown
    assert "^^^^^^ did you mean `amount`?" in shown
    assert "is not used as it is now; the rules from before decide" in demo.say("send $120 to Bob", until="in a second terminal:")
    demo.edit("amuont > 100\n", "amount > 500\n")
    demo.session.wait_for("decides from now on", patience=2)
    demo.say("send $130 to Bob", until="1 done Transfer 130.00 USD")


def test_rules_that_are_gone_stay_in_force(demo: Talk) -> None:
    """Where the policies file is removed, the demo says so, and the rules from before decide."""
    demo.cli.policies.unlink()
    assert "there is no file" in demo.session.wait_for("from before this edit stay in force.", patience=2)
    demo.ask("send $120 to Bob")


def test_rules_put_in_force_elsewhere_are_taken_up(demo: Talk) -> None:
    """After another process decided by an edited file, and a further edit, the demo decides by the newest one."""
    demo.edit("amount > 100\n", "amount > 500\n")
    demo.cli.process("run", "send $1 to Bob")
    demo.edit("amount > 500\n", "amount > 300\n")
    demo.say("send $250 to Bob", until="1 done Transfer 250.00 USD")


def test_looking_around(demo: Talk) -> None:
    """/queue, /log, /policies, /why, /show and /help show what they say, and /log a plan's own entries."""
    approval = demo.ask()
    (plan,) = {row["plan"] for row in demo.cli("queue", "--json").json["approvals"]}
    assert f"{approval} Transfer 150.00 USD" in demo.answer("/queue")
    assert "policy" in demo.answer("/log")
    entries = demo.answer(f"/log {plan}")
    assert "submitted" in entries
    assert "policy" not in entries
    rules = demo.answer("/policies")
    assert "large-transfer approve transfer when amount > 100; 1 manager" in rules
    assert "manager mira, omar" in rules
    why = demo.answer("/why 2")
    assert "Decided by large-transfer" in why
    assert "large-transfer, policies.yaml:21: transfers over 100 need a manager amount > 100 amount was 150.00 USD" in why
    assert "Decided by everyday" in demo.answer(f"/why 1 {plan}")
    assert f"APPROVAL {approval}" in demo.answer(f"/show {approval}")
    assert "2 waiting Transfer 150.00 USD to Alice" in demo.answer(f"/show {plan}")
    assert "/cancel PLAN" in demo.answer("/help")


MISTAKES = {
    "/aprove x": "did you mean /approve?",
    "/nonsense": "/help lists them",
    "/approve": "write /approve ID",
    "/approve nope": 'there is no "nope"',
    "/as": "write /as WHO",
    "/as \u200b": "/as:",
    "/why": "write /why N [PLAN]",
    "/why 1": "no plan was shown yet",
    "/why x p-0000": "is no action's number",
    "/why 9 p-0000": 'there is no "p-0000"',
    "/show p-0000": 'there is no "p-0000"',
    "/log p-0000": 'the log has no "p-0000"',
    "/cancel p-0000": 'there is no "p-0000"',
    "/queue now": "write /queue",
    "send some money to Carol": "No plan: question. How much should I send to Carol?",
    "send $5 to Zed": "which is no payee",
    "send $5 to Mallory Ltd": "denied by blocked: the payee is blocked",
    "send $5 to Bob \x1b]0;owned\x07": "No plan: question",
    "/show \udcff": "not UTF-8",
    "send $5 to \udcff": "not UTF-8",
    f"/why {'9' * 50}": "is no action's number",
}


def test_mistakes_are_told_and_the_demo_goes_on(demo: Talk) -> None:
    """A command or request with a mistake in it says what is wrong; the demo waits for the next line."""
    for typed, told in MISTAKES.items():
        assert told in demo.answer(typed)
    assert "Traceback" not in demo.session.shown.decode()
    demo.say("check my balance", until="balance 1000.00")


def test_cancelled_by_the_requester(demo: Talk) -> None:
    """/cancel ends what waits in a plan."""
    demo.ask()
    (plan,) = {row["plan"] for row in demo.cli("queue", "--json").json["approvals"]}
    demo.say(f"/cancel {plan}", until="2 cancelled")


@pytest.mark.parametrize("last", ["/quit\r", "exit\r", END])
def test_leaving(demo: Talk, last: str) -> None:
    """/quit, exit and Ctrl-D leave with 0; what waits goes on waiting."""
    demo.ask()
    demo.session.type(last)
    assert demo.session.ended() == 0
    assert statuses(demo.cli) == ["done", "waiting", "done"]


def test_ctrl_c_clears_the_line(demo: Talk) -> None:
    """Ctrl-C while a line is typed drops the line and nothing else."""
    demo.session.type("send $5 to Bob")
    demo.session.type(INTERRUPT)
    demo.session.wait_for("/quit or Ctrl-D leaves")
    demo.say("check my balance", until="balance 1000.00")


def hang_up(session: Session) -> None:
    """Close the terminal's window."""
    session.hang_up()
    session.process.wait(10)


def kill(session: Session) -> None:
    """End the process without asking it."""
    session.process.send_signal(signal.SIGKILL)
    session.process.wait(10)


def interrupt(session: Session) -> None:
    """Interrupt it from outside, and kill it where it does not mind."""
    session.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    kill(session)


@pytest.mark.parametrize("end", [hang_up, kill, interrupt])
def test_whatever_ends_it_loses_nothing(bank: CommandLine, end: Callable[[Session], None]) -> None:
    """After a closed terminal or a kill the log verifies, what waited waits, and the next demo goes on with it."""
    with talking(bank) as talk:
        approval = talk.ask()
        end(talk.session)
    assert bank("audit", "verify").code == 0
    assert statuses(bank) == ["done", "waiting", "done"]
    with talking(bank) as talk:
        sign(bank, approval)
        talk.session.wait_for("2 done Transfer 150.00 USD to Alice", patience=2)


def test_killed_between_vote_and_run(bank: CommandLine) -> None:
    """What was signed and not run when the last demo ended is run by the next one as it starts."""
    with talking(bank) as talk:
        approval = talk.ask()
        kill(talk.session)
    sign(bank, approval, "--no-run")
    with bank.session("demo") as session:
        session.wait_for("Going on with what was left:")
        session.wait_for("2 done Transfer 150.00 USD to Alice")


@pytest.mark.parametrize("after", [0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1])
def test_killed_while_it_works(bank: CommandLine, after: float) -> None:
    """A kill some milliseconds after enter leaves a bank that verifies, in which all of the request is done, or nothing of it."""
    with talking(bank) as talk:
        talk.session.type("deposit 40, deposit 2 and send $5 to Bob\r")
        time.sleep(after)
        kill(talk.session)
    with bank.session("demo") as session:
        session.wait_for("dana>")
        shown = session.say("check my balance", until="balance 10")
    assert bank("audit", "verify").code == 0
    assert "balance 1037.00" in shown or "balance 1000.00" in shown


def test_screen_of_80_columns_without_colour(demo: Talk) -> None:
    """On 80 columns every line fits, and with NO_COLOR nothing is coloured."""
    demo.ask()
    for line in ("/policies", "/log", "/help", "/queue", "/why 2"):
        demo.answer(line)
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-7]|9[0-7]|4[0-7])m", demo.session.shown)
    assert max(map(len, demo.session.lines)) <= 80


def test_terminal_that_knows_no_cursor(bank: CommandLine) -> None:
    """On a dumb terminal the demo can be talked to as well, and news is told with the next line."""
    with talking(bank, TERM="dumb") as talk:
        approval = talk.ask()
        sign(bank, approval)
        talk.say("/queue", until="2 done Transfer 150.00 USD to Alice")
        talk.session.type("/quit\r")
        assert talk.session.ended() == 0


def test_hint_names_the_files(bank: CommandLine) -> None:
    """Where the files are not those that a second terminal takes by itself, the hint names them."""
    with talking(bank, "--db", "my bank.db") as talk:
        assert "--db 'my bank.db' --policies" in talk.say("send $150 to Bob", until="--policies")


def test_other_customers_are_named(bank: CommandLine) -> None:
    """--as names who asks first."""
    with bank.session("demo", "--as", "erin") as session:
        session.wait_for("erin>")


def test_examples_can_be_planned(bank: CommandLine) -> None:
    """Every example that the demo offers is planned, and what it names exists."""
    assert [bank("plan", example).code for example in EXAMPLES] == [3, 3, 4]
