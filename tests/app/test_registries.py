"""`--actions MODULE:NAME`: every command knows the actions of a program of one's own."""

import subprocess
import sys
from pathlib import Path

import pytest

from signoff.actions import Registry, bank_registry
from signoff.errors import UsageError
from signoff.registries import load_registry
from tests.app.conftest import CommandLine

PROGRAM = """
from signoff.actions import Registry, action

@action
def send_message(to: str, text: str) -> str:
    '''Send a message.'''
    with open("outbox.txt", "a") as outbox:
        outbox.write(f"{to}: {text}\\n")
    return "sent"

registry = Registry(send_message)
other = "text"
"""
RULES = """\
version: 1
approvers: manager
identity: claimed
roles: {manager: [mira]}
rules:
  - {id: messages, allow: send_message}
  - {id: to-the-boss, approve: send_message, when: to == "boss"}
"""
MESSAGE = {"type": "send_message", "to": "boss", "text": "hello", "needs": []}


@pytest.fixture
def program(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A folder with a program that has one action, and rules for it; processes are told of it by SIGNOFF_ACTIONS."""
    cli.text_file("letters.py", PROGRAM)
    cli.text_file("noisy.py", "raise RuntimeError('no network')")
    cli.text_file("leaving.py", "raise SystemExit(0)")
    cli.policies.write_text(RULES)
    monkeypatch.setenv("SIGNOFF_ACTIONS", "letters:registry")
    return cli


def test_own_action_is_signed_and_run(program: CommandLine) -> None:
    """A plan of an own action is accepted, shown, signed and run by the command line, once."""
    ran = program.process("run", "--plan", program.plan_file(MESSAGE), "--json")
    assert ran.code == 3
    (approval,) = ran.json["approvals"]
    assert "Send message" in program.process("show", approval["id"]).out
    assert not (program.folder / "outbox.txt").exists()
    ran = program.process("approve", approval["id"], "--as", "mira", "--digest", approval["digest"][:8])
    assert ran.code == 0
    assert (program.folder / "outbox.txt").read_text() == "boss: hello\n"


def test_option_comes_before_the_environment(program: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--actions` names another registry than SIGNOFF_ACTIONS does."""
    monkeypatch.setenv("SIGNOFF_ACTIONS", "nowhere:registry")
    assert program.process("policies", "check", "--actions", "letters:registry").code == 0
    program.process("policies", "check").failed(2, '"nowhere" cannot be imported: ModuleNotFoundError')


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("letters", "write MODULE:NAME"),
        (":registry", "write MODULE:NAME"),
        ("letters:", "write MODULE:NAME"),
        ("letters:nothing", "must be a Registry, and there is none"),
        ("letters:other", "must be a Registry, and it is a str"),
        ("noisy:registry", '"noisy" cannot be imported: RuntimeError: no network'),
        ("leaving:registry", '"leaving" cannot be imported: SystemExit'),
        (".letters:registry", "cannot be imported"),
    ],
)
def test_wrong_names(program: CommandLine, named: str, told: str) -> None:
    """A registry that cannot be had is wrong use: one line says why, and no database is made."""
    program.process("run", "--plan", program.plan_file(MESSAGE), "--actions", named).failed(2, told)
    assert not program.database.exists()


def test_file_in_the_working_folder_hides_no_module(program: CommandLine) -> None:
    """A file that is named like a module of Python or of a library is not taken for it: the command's own come first."""
    for name in ("difflib.py", "yaml.py", "colorsys.py"):
        program.text_file(name, "raise RuntimeError('hidden')")
    signoff = Path(sys.executable).with_name("signoff")
    ended = subprocess.run([signoff, "policies", "check"], cwd=program.folder, capture_output=True, timeout=60, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    ended = subprocess.run([signoff, "policies", "chekc"], cwd=program.folder, capture_output=True, timeout=60, text=True)
    assert "hidden" not in ended.stderr


def test_demo_bank_without_a_name() -> None:
    """Without a name the actions are the demo bank's."""
    assert load_registry(None).keys() == bank_registry().keys()
    assert isinstance(load_registry(None), Registry)


def test_wrong_name_from_python() -> None:
    """A wrong name is told as a UsageError to callers from Python."""
    with pytest.raises(UsageError, match="MODULE:NAME"):
        load_registry("letters")
