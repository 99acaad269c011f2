"""`signoff demo` when things go wrong around it: late keys, long actions, broken rules, a file that is gone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from threading import Timer

import pytest
from rich.console import Console, RenderableType

from signoff import Engine, signing
from signoff.actions import bank_registry
from signoff.audit import Store
from signoff.batches import Batch
from signoff.demo import Demo
from signoff.drawing import format_batch
from signoff.news import RulesFile
from signoff.planner import RulesPlanner
from signoff.policies import load_policy
from signoff.settings import Settings
from tests.app.conftest import CommandLine
from tests.app.sessions import INTERRUPT
from tests.app.talks import SHIPPED, Talk, statuses, talking

SLOW = """
import time
from pathlib import Path
from signoff.actions import Registry, action, bank_registry

@action
def send_parcel(to: str) -> str:
    '''Send a parcel.'''
    Path("begun").touch()
    while not Path("arrived").exists():
        time.sleep(0.01)
    return "arrived"

bank = bank_registry()
registry = Registry(*bank.values(), send_parcel, migrations=bank.migrations)
"""
PARCELS = """
  - {id: parcels, allow: send_parcel}
  - {id: parcels-are-looked-at, approve: send_parcel}
"""


@pytest.fixture
def parcels(bank: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    """A demo of a bank that sends parcels, each of which a manager looks at, and which take their time."""
    bank.text_file("parcels.py", SLOW)
    bank.policies.write_text(bank.policies.read_text() + PARCELS)
    monkeypatch.setenv("SIGNOFF_ACTIONS", "parcels:registry")
    with talking(bank) as talk:
        yield talk


def wait_for_file(path: Path) -> None:
    """Wait until *path* is there."""
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_long_action_from_elsewhere_can_be_interrupted(parcels: Talk) -> None:
    """What others released and takes long is told before it runs, and Ctrl-C gives the prompt back."""
    ran = parcels.cli.process("run", "--plan", parcels.cli.plan_file({"type": "send_parcel", "to": "Ann", "needs": []}), "--json")
    (approval,) = ran.json["approvals"]
    parcels.session.wait_for("Send parcel")
    parcels.cli.process("approve", approval["id"], "--as", "mira", "--digest", approval["digest"][:8], "--no-run")
    parcels.session.wait_for(f"signed {approval['id']}", patience=2)
    wait_for_file(parcels.cli.folder / "begun")
    parcels.session.type(INTERRUPT)
    parcels.session.wait_for("/quit or Ctrl-D leaves")
    parcels.say("check my balance", until="balance 1000.00")


def test_line_that_is_being_typed_is_kept(demo: Talk) -> None:
    """News take the line away and put it back."""
    demo.session.type("deposit 4")
    demo.cli.process("run", "send $200 to Bob")
    demo.session.wait_for("It waits for sign-off:", patience=2)
    demo.session.wait_for_end("dana> deposit 4")
    demo.say("2", until="1 done Deposit 42.00 USD")


@pytest.mark.parametrize("later", [0.005, 0.05, 0.15])
def test_word_that_comes_right_after_the_command_signs_nothing(bank: CommandLine, later: float) -> None:
    """A paste that arrives in pieces, on a terminal that does not mark pastes, does not answer the question."""
    with talking(bank, TERM="dumb") as talk:
        approval = talk.ask()
        talk.say("/as mira", until="mira (manager)>")
        talk.session.type(f"/approve {approval}\r")
        time.sleep(later)
        talk.session.type("approve\r")
        talk.session.wait_for("anything else to leave it:")
        time.sleep(0.5)
        assert statuses(bank) == ["done", "waiting", "done"]


def test_who_becomes_a_signer_while_the_card_is_drawn_signs_nothing(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who may not sign is not asked, and nothing is signed for them where an edit lets them sign in that moment."""
    approval = cli.waiting()
    registry, out = bank_registry(), StringIO()

    def edit_and_draw(batch: Batch) -> RenderableType:
        cli.policies.write_text(cli.policies.read_text().replace("[mira, omar]", "[mira, omar, zoe]"))
        return format_batch(batch)

    monkeypatch.setattr(signing, "format_batch", edit_and_draw)
    with Store.open(cli.database, create=False, migrations=registry.migrations) as store:
        engine = Engine(store, load_policy(cli.policies, registry), registry)
        talk = Demo(Console(file=out, width=200), engine, RulesPlanner(registry), Settings.read(claimed="zoe"))
        talk.hear(f"/approve {approval['id']}")
    assert "zoe" in cli.policies.read_text()
    assert "is not the digest" in out.getvalue()
    assert cli("show", approval["plan"], "--json").json["actions"][0]["status"] == "waiting"


def test_asked_again_shows_the_new_card(demo: Talk) -> None:
    """Where the rule that asked was edited, a signature is not enough: what is asked for now is shown with its own card."""
    approval = demo.ask()
    demo.edit("amount > 100\n", "amount > 120\n")
    demo.session.wait_for("decides from now on", patience=2)
    demo.say("/as mira", until="mira (manager)>")
    demo.say(f"/approve {approval}", until="to leave it:")
    shown = demo.say("approve", until="in a second terminal:")
    assert "2 waiting Transfer 150.00 USD to Alice" in shown
    assert "amount > 120" in shown


def test_released_plan_goes_on_once_the_rules_are_mended(demo: Talk, tmp_path: Path) -> None:
    """What was released under other rules goes on here as soon as the file is right again; trouble is told once."""
    approval = demo.ask()
    demo.edit("rules:", "ruels:")
    demo.session.wait_for("from before this edit stay in force", patience=2)
    other = demo.cli.text_file("other.yaml", SHIPPED.read_text() + "# another file\n")
    digest = demo.cli("show", approval, "--json", "--policies", other).json["digest"]
    demo.cli.process("approve", approval, "--as", "mira", "--digest", digest[:8], "--no-run", "--policies", other)
    demo.session.wait_for("another process has put other rules in force", patience=2)
    time.sleep(2.5)
    assert demo.session.text.count("another process has put other rules in force") == 1
    demo.edit("ruels:", "rules:")
    demo.session.wait_for("2 done Transfer 150.00 USD to Alice", patience=5)


def test_file_that_is_gone_is_told_once(demo: Talk) -> None:
    """Where the database was removed the demo says so once, and nothing that is asked then is said to be done."""
    for file in demo.cli.folder.glob("signoff.db*"):
        file.unlink()
    demo.session.wait_for("was removed or replaced while it was open; start again", patience=2)
    time.sleep(1)
    assert demo.session.text.count("removed or replaced") == 1
    shown = demo.answer("deposit 40")
    assert "removed or replaced" in shown
    assert "done" not in shown


def test_half_saved_rules_do_not_decide(engine: Engine, tmp_path: Path) -> None:
    """A file that is still being written is waited for: its first half may be valid, and looser."""
    path = tmp_path / "policies.yaml"
    whole = SHIPPED.read_bytes()
    path.write_bytes(whole)
    engine.take_up(lambda: load_policy(path, engine.registry))
    rules = RulesFile(engine, path, Console(file=StringIO()))
    path.write_bytes(whole[: whole.index(b"  - id: blocked")] + b"# saved\n")
    later = Timer(0.05, path.write_bytes, [whole + b"# saved\n"])
    later.start()
    assert rules.is_edited()
    rules.take_up()
    later.join()
    assert b"id: blocked" in engine.policy.source


def test_altered_file_sends_nothing_to_the_terminal(cli: CommandLine) -> None:
    """What somebody wrote into the database behind our back is shown with its escape sequences made visible."""
    approval = cli.waiting()
    cli.tamper("UPDATE entries SET chain = 'p-\x1b[31m' WHERE number = 2")
    cli.tamper("UPDATE approvals SET id = 'a\x1b[31m'")
    for command in (("audit", "log"), ("queue",)):
        ran = cli(*command)
        assert "\x1b" not in ran.out
        assert "\\u{1b}" in ran.out
    assert approval


def test_tour_with_actions_of_ones_own(bank: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tour plays under rules for own actions beside the bank's; without the bank's it says what is missing."""
    bank.text_file("parcels.py", SLOW + "\nalone = Registry(send_parcel)\n")
    bank.policies.write_text(bank.policies.read_text() + PARCELS)
    assert bank.process("demo", "--actions", "parcels:registry").code == 0
    bank.process("demo", "--actions", "parcels:alone").failed(2, "the tour is of the demo bank")


def test_closed_input_is_no_terminal(bank: CommandLine) -> None:
    """With standard input closed altogether the tour is played, and nobody signs."""
    environment = os.environ | {"SIGNOFF_DB": str(bank.database)}
    for command, code in (("demo", 0), ("approve a --as mira", 2)):
        line = f'exec "{sys.executable}" -m signoff {command} <&-'
        assert (
            subprocess.run(["bash", "-c", line], env=environment, cwd=bank.folder, capture_output=True, timeout=60).returncode
            == code
        )


def test_output_of_an_imported_program_is_no_output_of_ours(bank: CommandLine) -> None:
    """What a program prints when it is imported does not stand in `--json` output."""
    bank.text_file("parcels.py", SLOW + "\nprint('hello')\n")
    bank.policies.write_text(bank.policies.read_text() + PARCELS)
    ran = bank.process("run", "check my balance", "--json", "--actions", "parcels:registry")
    assert ran.json["actions"][0]["status"] == "done"
    assert ran.err == "hello\n"
