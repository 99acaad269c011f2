"""The whole way of what rules can ask for: the time of the decision, tables beside the file, reasons with values."""

from datetime import timedelta
from pathlib import Path

import pytest

from signoff import Engine
from signoff.audit import Status
from signoff.policies import load_policy
from signoff.testing import FakeClock
from tests.app.banking import MIRA, only_approval, sign, submit, transfer
from tests.app.conftest import TRANSFER, CommandLine

TABLE = """
  - id: payee-limit
    deny: transfer
    when: to in tables.limits and amount > tables.limits[to].limit
    because: "{to} gets at most {tables.limits[to].limit}"

tables:
  limits: {csv: limits.csv, key: payee, columns: {limit: money}}
"""

HOURS = """\
version: 1
identity: claimed
roles: {manager: [mira]}
rules:
  - id: everyday
    allow: "*"
  - id: signed
    approve: transfer
    by: manager
  - id: evening
    deny: transfer
    when: now.hour >= 10
    because: it is {now.hour} on {now.date}
"""


@pytest.fixture
def limited(cli: CommandLine) -> CommandLine:
    """The demo bank's rules with limits in a CSV file: Alice gets at most 50."""
    cli.policies.write_text(cli.policies.read_text() + TABLE)
    limit(cli, "50")
    return cli


def limit(cli: CommandLine, amount: str) -> None:
    """Set what Alice gets at most."""
    (cli.policies.parent / "limits.csv").write_text(f"payee,limit\nAlice,{amount}\n")


def test_a_denial_tells_the_values(limited: CommandLine) -> None:
    """The reason of a deny rule stands in the answer with what the table held."""
    plan = limited.submit(TRANSFER | {"amount": "60.00"})
    assert plan["actions"][0]["error"] == "denied by payee-limit: Alice gets at most 50.00 USD"


def test_an_edited_table_decides_and_is_recorded(limited: CommandLine) -> None:
    """An edit of the CSV file alone is taken up by the next command, and the log tells what became looser, and verifies."""
    limited.submit(TRANSFER | {"amount": "60.00"})
    limit(limited, "70")
    assert limited.submit(TRANSFER | {"amount": "60.00"})["actions"][0]["status"] == "done"
    *_, change = (entry for entry in limited("audit", "log", "--json").json if entry["event"] == "policy")
    assert "the table limits changed (Alice: 50, now 70), and payee-limit reads it" in str(change)
    assert limited("audit", "verify", "--json").json["verified"]


def test_a_broken_table_is_told_at_its_place(limited: CommandLine) -> None:
    """A mistake in the CSV file stops every command that decides, with the file's own name and line."""
    limit(limited, "7O")
    ran = limited("policies", "check")
    assert (ran.code, 'limits.csv:2:7: error[table]: "7O" is not money' in ran.err) == (5, True)


def test_demo_takes_up_an_edited_table(limited: CommandLine) -> None:
    """An edit of a CSV file is told while the demo waits, and decides what comes next."""
    with limited.session("demo") as session:
        session.wait_for("dana>")
        limit(limited, "70")
        session.wait_for("looser: the table limits changed (Alice: 50, now 70)", patience=2)
        session.say("send $60 to Alice", until="1 done Transfer 60.00 USD to Alice")


def test_hours_are_those_of_the_decision(engine: Engine, clock: FakeClock, tmp_path: Path) -> None:
    """A rule on the hour is asked at acceptance, and again right before the action runs."""
    rules = tmp_path / "hours.yaml"
    rules.write_text(HOURS)
    engine.policy = load_policy(rules, engine.registry)
    early, late = submit(engine, transfer("10.00")), submit(engine, transfer("20.00"))
    assert [plan.actions[0].status for plan in (early, late)] == [Status.WAITING, Status.WAITING]
    for plan in (early, late):
        sign(engine, only_approval(engine, plan), MIRA)
    assert engine.resume(MIRA, plan=early.id)[0].actions[0].status is Status.DONE
    clock.move(timedelta(hours=1))
    (denied,) = engine.resume(MIRA, plan=late.id)
    assert denied.actions[0].status is Status.DENIED
    assert denied.actions[0].error == "denied by evening: it is 10 on 2026-03-02"
