"""`signoff policies replay`: what it shows, and that it only reads."""

from collections.abc import Callable, Sequence

import pytest

from signoff.errors import Exit
from tests.app.banking import LOOSE, TWO
from tests.app.conftest import BALANCE, DEPOSIT, SQL, TAMPER, TRANSFER, CommandLine, Ran
from tests.conftest import RULES

LOOSER = RULES.replace("amount > 100", "amount > 200")
DENIES = RULES.replace('allow: "*"', "allow: [transfer, check_balance]")
FAILING = RULES + "tests:\n  - {do: {type: deposit, amount: 1}, expect: deny}\n"
HOLD = f"""{SQL}
connection.execute("BEGIN EXCLUSIVE")
print(flush=True)
import time
time.sleep(60)
"""


@pytest.fixture
def replay(unchanged: Callable[[Sequence[str]], Ran], cli: CommandLine) -> Callable[..., Ran]:
    """Replay the past under the rules in a text, which changes nothing."""

    def run(text: str, *options: str) -> Ran:
        return unchanged(("policies", "replay", cli.text_file("new.yaml", text), *options))

    return run


Replay = Callable[..., Ran]


def test_what_differs_is_a_table(cli: CommandLine, replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs is a row each, with both decisions, who signs and the rules; what it comes to stands below. Looser is 4."""
    plan = cli.submit(TRANSFER, DEPOSIT)["plan"]
    monkeypatch.setenv("COLUMNS", "120")
    ran = replay(LOOSER)
    assert ran.code == Exit.DENIED
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == "plan action asked (UTC) then now"
    assert lines[1] == f"{plan} #1 Transfer 150.00 USD to Alice dana approve allow looser"
    assert lines[2].endswith("1 manager everyday")
    assert lines[3] == "large-transfer"
    assert lines[4].startswith("1 plan, 2 actions under new.yaml (digest ")
    assert lines[4].endswith("): 1 looser, 0 stricter, 1 same.")
    assert lines[5:] == ["Let through that was not: 150.00 USD (amount)."]
    assert f"{plan} #2" in replay(LOOSER, "--all").out


def test_stricter_and_the_same_are_done(cli: CommandLine, replay: Replay) -> None:
    """Where nothing would have been looser the exit code is 0."""
    cli.submit(TRANSFER, DEPOSIT)
    assert (replay(RULES).code, replay(RULES).out.count("\n")) == (Exit.DONE, 2)
    ran = replay(DENIES)
    assert (ran.code, "Not let through that was: 40.00 USD (amount)." in ran.out) == (Exit.DONE, True)


def test_json(cli: CommandLine, replay: Replay) -> None:
    """The same as JSON: each action with both decisions, and the summary."""
    plan = cli.submit(TRANSFER, DEPOSIT, BALANCE)["plan"]
    told = replay(DENIES, "--json").json
    (action,) = told["actions"]
    assert (action["plan"], action["number"], action["change"], action["problem"]) == (plan, 2, "stricter", None)
    assert (action["then"]["effect"], action["then"]["rules"], action["now"]["effect"]) == ("allow", ["everyday"], "deny")
    assert action["action"] == {"type": "deposit", "amount": "40.00", "currency": "USD", "to": "checking"}
    assert action["now"]["policy"] == told["policy"]["digest"] != action["then"]["policy"]
    assert told["summary"] == {
        **{"plans": 1, "actions": 3, "looser": 0, "stricter": 1, "same": 2, "unknown": 0},
        **{"let_through": [], "held": [{"field": "amount", "currency": "USD", "sum": "40.00"}]},
    }
    assert [one["number"] for one in replay(DENIES, "--json", "--all").json["actions"]] == [1, 2, 3]


def test_no_plans(cli: CommandLine, replay: Replay) -> None:
    """A day without plans gives an empty table and an empty list."""
    cli.submit(TRANSFER)
    ran = replay(LOOSER, "--since", "2999-01-01")
    assert (ran.code, ran.out.startswith("0 plans, 0 actions under new.yaml")) == (Exit.DONE, True)
    assert replay(LOOSER, "--since", "2999-01-01", "--json").json["actions"] == []
    assert replay(LOOSER, "--since", "2001-01-01", "--limit", "1").code == Exit.DENIED


@pytest.mark.parametrize(
    ("option", "text"),
    [("--since", "soon"), ("--since", "2026-02-30"), *(("--limit", n) for n in ("0", "x", "-1", "²", "9" * 30))],
)
def test_wrong_options(cli: CommandLine, option: str, text: str) -> None:
    """A day or a number that is none is wrong use."""
    cli.submit(TRANSFER)
    ran = cli("policies", "replay", str(cli.policies), f"{option}={text}")
    told = f'--since is "{text}"' if option == "--since" else f'--limit: "{text}" is no number from 1 on'
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_a_file_with_mistakes(cli: CommandLine) -> None:
    """A file that cannot be loaded is reported, and nothing is replayed; without a database there is nothing to replay."""
    new = cli.text_file("new.yaml", RULES.replace("amount > 100", "amuont > 100"))
    cli("policies", "replay", new).failed(2, "signoff.db")
    cli.submit(TRANSFER)
    ran = cli("policies", "replay", new)
    assert (ran.code, ran.out, "did you mean `amount`?" in ran.err) == (Exit.POLICIES, "", True)


def test_a_file_that_would_be_refused(cli: CommandLine, replay: Replay) -> None:
    """It is a what-if: tests that fail, pins, and others who write keep nobody from it."""
    cli.policies.write_text(TWO)
    cli.submit(TRANSFER)
    for who in ("mira", "omar"):
        assert cli("policies", "pin", "--as", who).code in (Exit.DONE, Exit.WAITING)
    assert replay(FAILING).code == Exit.DONE
    assert replay(LOOSE).code == Exit.DENIED
    with cli.meanwhile(HOLD, str(cli.database)):
        assert cli("policies", "replay", str(cli.folder / "new.yaml")).code == Exit.DENIED


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE actions SET title = 'Nothing' WHERE number = 2",
        "UPDATE plans SET at = '2001-01-01T00:00:00.000000Z'",
        "DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)",
        "DELETE FROM entries WHERE chain <> 'system' AND place = 1",
        "UPDATE policies SET name = 'other.yaml'",
        "INSERT INTO plans (id, requester, how, planner, proposed, at) VALUES ('p-x', 'eve', 'claimed', 'x', x'', '2026')",
        "PRAGMA foreign_keys = OFF; DELETE FROM plans",
        "DELETE FROM entries; DELETE FROM chains",
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_an_altered_log(cli: CommandLine, sql: str, options: tuple[str, ...]) -> None:
    """A plan, a decision or an Entry that was altered or removed is told; nothing is shown of what cannot be trusted."""
    cli.submit(TRANSFER, DEPOSIT)
    cli.script(f"{SQL}{TAMPER.replace('.execute(sys', '.executescript(sys')}", sql)
    ran = cli("policies", "replay", cli.text_file("new.yaml", LOOSER), *options)
    assert ran.code == Exit.LOG
    if options:
        assert ran.json["error"]["code"] == "log-invalid"
    else:
        assert (ran.out, ran.err.startswith("signoff: ")) == ("", True)


def test_an_action_that_is_not_known(cli: CommandLine) -> None:
    """An action whose type is not registered any more is a row that says so."""
    cli.text_file(
        "mail.py",
        "from signoff.actions import Registry, action\n@action\ndef mail(to: str) -> None: ...\nregistry = Registry(mail)\n",
    )
    rules = cli.text_file("mail.yaml", "version: 1\nrules:\n  - {id: all, allow: '*'}\n")
    plan = cli.text_file("mail.json", '{"actions": [{"type": "mail", "to": "ann", "needs": []}]}')
    assert cli.process("run", "--plan", plan, "--actions", "mail:registry", "--policies", rules).code == Exit.DONE
    ran = cli.wide("policies", "replay", str(cli.policies))
    assert ran.code == Exit.DONE
    assert '"mail" is not an action type' in ran.out
    assert ran.out.splitlines()[-2].endswith("0 looser, 0 stricter, 0 same.")
    assert ran.out.splitlines()[-1] == "1 action cannot be decided again."
