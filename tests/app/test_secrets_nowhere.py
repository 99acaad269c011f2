"""A secret value stands in no file, no output and no error: over whole lives of plans of every effect."""

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import CommandLine, Ran
from tests.chat_server import ChatServer, plan

ROOT = Path(__file__).parents[2]
VALUE = 'S3cret "höchst" \\ geheim/+?&='
RULES = """\
version: 1
approvers: manager
identity: claimed
roles: {manager: [mira, omar]}
rules:
  - {id: all, allow: "*"}
  - {id: signed, approve: "*", when: has(pin) and has(note) and note == "sign", because: "{note} it"}
  - {id: never, deny: "*", when: has(note) and note == "deny"}
"""
TYPES = ("look", "keep", "pay", "book", "shout")


def forms(value: str) -> Iterator[bytes]:
    """How *value* could stand somewhere."""
    data = value.encode()
    yield from (data, data.hex().encode(), data.hex().upper().encode(), value.encode("utf-16-le"))
    yield from (base64.b64encode(data).rstrip(b"="), base64.urlsafe_b64encode(data).rstrip(b"="))
    yield from (json.dumps(value)[1:-1].encode(), json.dumps(value, ensure_ascii=False)[1:-1].encode())
    yield from (repr(value)[1:-1].encode(), ascii(value)[1:-1].encode())
    yield base64.b64encode(f"dana:{value}".encode())[8:-4]


def assert_nowhere(value: str, *texts: bytes) -> None:
    for form in forms(value):
        for text in texts:
            assert form not in text, (form, text[max(0, text.find(form) - 200) :][:400])


class Life:
    """Runs commands, and keeps all that they print."""

    def __init__(self, cli: CommandLine) -> None:
        self._cli = cli
        self.printed: list[str] = []

    def __call__(self, *arguments: str, stdin: bytes = b"", process: bool = False) -> Ran:
        """Run a command, as text and as JSON where it changes nothing."""
        ran = (self._cli.process if process else self._cli)(*arguments, stdin=stdin)
        self.printed += [ran.out, ran.err]
        self.look_at_files()
        return ran

    def run(self, type_: str, how: str, note: str | None = None, *, process: bool = False, **more: Any) -> Any:
        """Run a plan of one action, and give what is told of it."""
        action = {"type": type_, "pin": VALUE, "how": how, "note": note, "needs": []} | more
        plan = json.dumps({"actions": [action]}, ensure_ascii=False).encode()
        ran = self("run", "--plan", "-", "--json", stdin=plan, process=process)
        return json.loads(ran.out) if ran.out else None

    def look_at_files(self) -> None:
        """Fails where a file in the folder holds the value."""
        assert_nowhere(VALUE, *(path.read_bytes() for path in self._cli.folder.iterdir() if path.is_file()))


@pytest.fixture
def life(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Life:
    """The command line over actions with secrets."""
    cli.policies.write_text(RULES)
    monkeypatch.chdir(cli.folder)
    monkeypatch.setenv("SIGNOFF_ACTIONS", "tests.app.vault:registry")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return Life(cli)


def test_a_whole_life_tells_no_secret(life: Life, cli: CommandLine) -> None:
    """Plans of every effect, done, failed, refused, lost, signed, rejected, cancelled, resolved: no file or output has it."""
    for type_ in TYPES:
        for how in ("return", "refuse", "fail", "lose"):
            life.run(type_, how)
            life(
                "run",
                "--plan",
                "-",
                stdin=json.dumps({"actions": [{"type": type_, "pin": VALUE, "how": how, "needs": []}]}).encode(),
            )
    done, rejected, cancelled = (life.run(type_, "return", "sign")["approvals"][0] for type_ in ("pay", "book", "shout"))
    life.run("keep", "return", "deny")
    for options in ((), ("--json",)):
        life("queue", *options)
        life("show", done["id"], *options)
        life("show", done["plan"], *options)
        life("policies", "explain", done["id"], *options)
        action = {"type": "pay", "pin": VALUE, "how": "", "note": "sign"}
        life("policies", "explain", json.dumps(action), *options)
        life("policies", "replay", *options)
        (cli.folder / "other.yaml").write_text(RULES.replace("deny: ", "approve: "))
        life("policies", "diff", "policies.yaml", "other.yaml", *options)
    assert life("approve", done["id"], "--as", "mira", "--digest", done["digest"], "--json").code == 0
    life("reject", rejected["id"], "--as", "mira", "--reason", "no")
    life("cancel", cancelled["plan"], "--as", "dana")
    for doubt in json.loads(life("queue", "--json").out)["in_doubt"]:
        life("resolve", f"{doubt['plan']}/{doubt['number']}", "--as", "mira", "--not-done", "--reason", "looked", "--json")
    for options in ((), ("--json",)):
        life("resume", *options)
        life("audit", "log", *options)
        verified = life("audit", "verify", *options)
        assert verified.code == 0
    assert_nowhere(VALUE, *(text.encode() for text in life.printed))
    assert any("***" in text for text in life.printed)


@pytest.mark.parametrize("type_", TYPES)
def test_another_process_goes_on_with_it(life: Life, cli: CommandLine, type_: str) -> None:
    """After a SIGKILL in the middle of it another process has the value, as often as the effect allows; nothing shows it."""
    assert life.run(type_, "die", process=True) is None
    ran = life("resume", "--json", process=True)
    status = json.loads(ran.out)["actions"][0]["status"]
    used = (cli.folder / "used.txt").read_text().splitlines()
    assert len(set(used)) == 1
    assert (status, len(used)) == {
        "look": ("done", 2),
        "keep": ("done", 2),
        "pay": ("done", 2),
        "book": ("done", 2),
        "shout": ("in_doubt", 1),
    }[type_]
    assert life("audit", "verify").code == 0
    assert_nowhere(VALUE, *(text.encode() for text in life.printed))


@pytest.mark.parametrize(
    "plan",
    [
        {"actions": [{"type": "pay", "pin": VALUE, "how": 5, "needs": []}]},
        {"actions": [{"type": "pay", "pin": [VALUE], "needs": []}]},
        {"actions": [{"type": "pay", "pin": {"secret": VALUE}, "needs": []}]},
        {"actions": [{"type": "pay", "pin": {"value": VALUE}, "needs": []}]},
        {"actions": [{"type": "pay", "pin": {"commitment": VALUE}, "needs": []}]},
        {"actions": [{"type": "pay", "pin": VALUE, "needs": [7]}]},
        {"actions": [{"type": "pay", "pin": VALUE}]},
        {"actions": [{"type": "pay", "pin": VALUE, "pun": VALUE, "needs": []}]},
        {"actions": [{"type": "peter", "pin": VALUE, "needs": []}]},
        {"actions": [{"type": "pay", "pin": VALUE, "needs": []}], "more": VALUE},
        {"actions": {"type": "pay", "pin": VALUE}},
        [VALUE],
    ],
)
def test_no_error_tells_it(life: Life, plan: object) -> None:
    """A plan in which anything is wrong is refused in words that do not hold the secret, and leaves no trace of it."""
    for options in ((), ("--json",)):
        ran = life("run", "--plan", "-", *options, stdin=json.dumps(plan).encode())
        assert ran.code == 2 or ran.code == 1
    life("run", "--plan", "-", stdin=json.dumps(plan).encode()[:-1])
    assert_nowhere(VALUE, *(text.encode() for text in life.printed))


@pytest.mark.parametrize("folder", [False, True])
def test_the_command_line_looks_secrets_up(
    life: Life, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, folder: bool
) -> None:
    """A reference is looked up in the environment, or in a folder of files; the last end of a line is not part of it."""
    if folder:
        kept = tmp_path_factory.mktemp("kept")
        (kept / "CARD_PIN").write_text(VALUE + "\n")
        (kept / "BINARY").write_bytes(b"\xff\xfe")
        (kept / "FOLDER").mkdir()
        monkeypatch.setenv("SIGNOFF_SECRETS", str(kept))
        monkeypatch.setenv("SIGNOFF_SECRET_OTHER", VALUE)
    else:
        monkeypatch.setenv("SIGNOFF_SECRET_CARD_PIN", VALUE)
    told = life.run("pay", "return", pin={"secret": "CARD_PIN"})
    assert [action["status"] for action in told["actions"]] == ["done"]
    assert (cli.folder / "used.txt").read_text().split()[1] == sha256(VALUE.encode()).hexdigest()
    for missing in ("OTHER", "BINARY", "FOLDER"):
        told = life.run("pay", "return", pin={"secret": missing})
        assert [action["status"] for action in told["actions"]] == ["failed"]
        assert f"the secret {missing}, which `pin` refers to" in told["actions"][0]["error"]
    assert len((cli.folder / "used.txt").read_text().splitlines()) == 1
    life("queue")
    assert (
        "the secret CARD_PIN" in life("show", life.run("pay", "", "sign", pin={"secret": "CARD_PIN"})["approvals"][0]["id"]).out
    )
    assert_nowhere(VALUE, *(text.encode() for text in life.printed))


def test_an_altered_secret_keeps_no_other_plan(life: Life, cli: CommandLine) -> None:
    """Where one plan's ciphertext was removed, `audit verify` names it and that plan stops; others go on."""
    altered, other = (life.run("pay", "", "sign")["approvals"][0] for _ in range(2))
    for approval in (altered, other):
        life("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--no-run")
    cli.tamper(f"DELETE FROM secret_fields WHERE plan = '{altered['plan']}'")
    verified = life("audit", "verify", "--json")
    assert verified.code == 6
    assert verified.json["problems"] == [f"{altered['plan']}: the secret `pin` of action 1 is not stored"]
    assert life("resume").code == 6
    assert len((cli.folder / "used.txt").read_text().splitlines()) == 1
    assert [action["status"] for action in life("show", other["plan"], "--json").json["actions"]] == ["done"]


def test_a_model_names_a_secret_that_it_never_sees(
    life: Life, cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model's plan refers to a secret by its name; its value is in the action that runs, and in nothing that was sent."""
    for name, text in {"OPENAI_BASE_URL": chat_server.url, "OPENAI_API_KEY": "sk-1", "SIGNOFF_SECRET_CARD_PIN": VALUE}.items():
        monkeypatch.setenv(name, text)
    answer: dict[str, Any] = {"type": "pay", "pin": {"secret": "CARD_PIN"}, "how": "return", "note": None, "needs": []}
    chat_server.answer(plan({**answer, "pin": VALUE}), plan(answer))
    ran = life("run", "pay with my CARD_PIN", "--planner", "llm", "--json")
    assert [action["status"] for action in ran.json["actions"]] == ["done"]
    assert (cli.folder / "used.txt").read_text().split()[1] == sha256(VALUE.encode()).hexdigest()
    first, second = chat_server.asked
    assert_nowhere(VALUE, json.dumps(first.body, ensure_ascii=False).encode(), ran.out.encode(), ran.err.encode())
    assert "`pin` is a secret" in json.dumps(second.body["messages"][-1])
