"""Reminders: once, in time, with who may sign, and never of what is decided."""

from datetime import timedelta

import pytest

from signoff import Engine
from signoff.audit import Approval, Entry, Reading
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, OMAR, Open, assert_verifies, events, only_approval, sign, statuses, submit, transfer
from tests.app.conftest import TRANSFER, CommandLine
from tests.conftest import RULES, rules

HOUR = timedelta(hours=1)
REMINDING = RULES.replace("identity:", "remind: 1h\nidentity:")  # of what waits for 24 hours


def reminders(engine: Engine, plan: str) -> list[Entry]:
    with engine.store.read() as tx:
        return [entry for entry in tx.entries(plan) if entry.event == "reminded"]


@pytest.fixture
def reminding(open_engine: Open) -> Engine:
    """An engine whose rules remind an hour before the end."""
    return open_engine(rules(REMINDING))


def test_reminded_once_in_time(reminding: Engine, clock: FakeClock) -> None:
    """Whatever writes first once it is due tells of it, with who may sign until when; nobody tells of it again."""
    plan = submit(reminding, transfer("150.00"))
    clock.move(23 * HOUR - timedelta(seconds=1))
    reminding.resume(OMAR)
    assert reminders(reminding, plan.id) == []
    clock.move(timedelta(seconds=1))
    reminding.resume(OMAR)
    reminding.resume(OMAR)
    submit(reminding, transfer("1.00"))
    (entry,) = reminders(reminding, plan.id)
    approval = only_approval(reminding, plan)
    assert (entry.actor.id, entry.action, entry.at, approval.reminded) == ("signoff", 1, clock(), clock())
    assert entry.data["people"] == ["mira", "omar"]
    assert (entry.data["approval"], entry.data["needs"]) == (approval.id, "1 manager (mira, omar)")
    sign(reminding, approval, MIRA)
    assert statuses(reminding.resume(MIRA)[0]) == ["done"]
    assert_verifies(reminding)


def test_asking_tells_of_it_too(reminding: Engine, clock: FakeClock) -> None:
    """A plan that is submitted writes the reminders of others."""
    plan = submit(reminding, transfer("150.00"))
    clock.move(23 * HOUR)
    submit(reminding, transfer("1.00"))
    assert len(reminders(reminding, plan.id)) == 1


@pytest.mark.parametrize("end", ["signed", "rejected", "cancelled", "expired"])
def test_what_is_decided_needs_no_reminder(reminding: Engine, clock: FakeClock, end: str) -> None:
    """Of what was decided or is over nobody is reminded."""
    plan = submit(reminding, transfer("150.00"))
    approval = only_approval(reminding, plan)
    match end:
        case "signed":
            sign(reminding, approval, MIRA)
        case "rejected":
            reminding.reject(approval.id, MIRA, reason="no")
        case "cancelled":
            reminding.cancel(plan.id, DANA)
    clock.move(24 * HOUR if end == "expired" else 23 * HOUR)
    reminding.resume(OMAR)
    assert reminders(reminding, plan.id) == []
    assert_verifies(reminding)


def test_what_needs_something_expired_needs_no_reminder(open_engine: Open, clock: FakeClock) -> None:
    """What ends with something else that is over is not told of, though its own time is not."""
    engine = open_engine(
        rules(REMINDING.replace("by: {role: finance, count: 2}", "by: {role: finance, count: 2}\n    within: 90m"))
    )
    plan = submit(engine, transfer("600.00"), transfer("150.00", needs=(1,)))
    clock.move(23 * HOUR)
    engine.resume(OMAR)
    assert (statuses(engine.plan(plan.id)), reminders(engine, plan.id)) == (["expired", "skipped"], [])


COMBINED = {
    "the earliest of two": ("24h\n    remind: 1h", "24h\n    remind: 3h", 3 * HOUR),
    "a rule's own before the file's": ("24h\n    remind: 30m", "24h\n    remind: 20m", HOUR / 2),
    "of the shortest time": ("24h\n    remind: 1h", "4h\n    remind: 30m", HOUR),
    "never at once": ("24h\n    remind: 5h", "4h\n    remind: 30m", 2 * HOUR),
    "the file's where it is left out": ("24h", "24h\n    remind: 30m", HOUR),
}


@pytest.mark.parametrize(("large", "very_large", "before"), COMBINED.values(), ids=COMBINED)
def test_several_rules(open_engine: Open, large: str, very_large: str, before: timedelta) -> None:
    """Where several rules ask, the earliest of their reminders counts, before the end of the shortest of their times."""
    text = REMINDING.replace("within: 24h", f"within: {large}").replace("count: 2}\n", f"count: 2}}\n    within: {very_large}\n")
    engine = open_engine(rules(text))
    approval = only_approval(engine, submit(engine, transfer("600.00")))
    assert approval.remind == approval.expires - before


def test_another_reminder_costs_no_vote(reminding: Engine) -> None:
    """When people are reminded is nothing that they sign: votes serve though that changed."""
    approval = only_approval(reminding, submit(reminding, transfer("150.00")))
    sign(reminding, approval, MIRA)
    reminding.policy = rules(REMINDING.replace("within: 24h", "within: 24h\n    remind: 2h"))
    assert statuses(reminding.resume(MIRA)[0]) == ["done"]


def test_nothing_due_reads_no_plan(reminding: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is due, what waits is not looked at."""
    for _ in range(5):
        submit(reminding, transfer("150.00"))
    read: list[str] = []
    approvals_of = Reading.approvals_of

    def watched(tx: Reading, plan: str, number: int | None = None) -> list[Approval]:
        read.append(plan)
        return approvals_of(tx, plan, number)

    monkeypatch.setattr(Reading, "approvals_of", watched)
    reminding.resume(OMAR)
    assert read == []


def test_a_clock_set_back_reminds_of_nothing(reminding: Engine, clock: FakeClock) -> None:
    """With a clock before the newest Entry nobody knows what is due."""
    plan = submit(reminding, transfer("150.00"))
    clock.move(23 * HOUR)
    submit(reminding, {"type": "check_balance", "account": "checking"}, actor=DANA)
    assert len(reminders(reminding, plan.id)) == 1
    other = submit(reminding, transfer("150.00"))
    clock.move(-HOUR)
    reminding.resume(OMAR)
    assert reminders(reminding, other.id) == []
    assert events(reminding, other.id) == ["submitted", "decided", "asked"]


def test_queue_and_log_tell_of_it(cli: CommandLine) -> None:
    """`queue` marks what is due, and the log has what was told."""
    cli.policies.write_text(REMINDING.replace("within: 24h", "within: 2h\n    remind: 7199s"))
    approval = cli.waiting(TRANSFER)
    assert approval["reminded"] is None
    while "due" not in cli.wide("queue").out:
        pass  # for a second
    cli("resume")
    (queued,) = cli("queue", "--json").json["approvals"]
    assert queued["reminded"] >= queued["remind"] > queued["asked"]
    assert "01:59, reminded" in cli.wide("queue").out
    assert f"{approval['id']} needs 1 manager (mira, omar) until" in cli.wide("audit", "log", "--status", "reminded").out
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize(
    "change", ["reminded = '2026-01-01T00:00:00.000000Z'", "remind = NULL", "remind = '2026-01-01T00:00:00.000000Z'"]
)
def test_an_edited_reminder_is_found(cli: CommandLine, change: str) -> None:
    """A reminder that somebody wrote into the file, or took out of it, is not what the log tells."""
    cli.policies.write_text(REMINDING)
    approval = cli.waiting(TRANSFER)
    cli.tamper(f"UPDATE approvals SET {change}")
    assert cli("audit", "verify").code == 6
    assert cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"]).code == 6
