"""Counters through the Engine: what counts, from when on, for how long, and what is told of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signoff import Actor, Engine, Refused, deciding
from signoff.actions import Registry, bank_registry
from signoff.audit import verify_plan, verify_store
from signoff.errors import LogInvalid
from signoff.policies import Policy
from signoff.testing import FakeClock
from tests.conftest import rules
from tests.properties.tampering import tampering

from .banking import (
    DANA,
    MIRA,
    Open,
    assert_verifies,
    deposit,
    message,
    only_approval,
    plan_of,
    send_message,
    sign,
    statuses,
    submit,
    transfer,
)

HEAD = """\
version: 1
currency: USD
zone: Europe/Berlin
approvers: manager
identity: claimed
roles: {manager: [mira, omar]}
counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: WINDOW}
rules:
- id: everyday
  allow: "*"
"""
CAP = "- id: cap\n  deny: transfer\n  when: counters.sent > 100\n"
ASK = "- id: ask\n  approve: transfer\n  when: counters.sent > 100\n"
LARGE = "- id: large\n  approve: transfer\n  when: amount > 50\n  within: 2h\n"
MOVED = "- id: moved\n  deny: deposit\n  when: counters.sent > 100\n"


def counting(window: str, *more: str, registry: Registry | None = None, zone: str = "Europe/Berlin") -> Policy:
    return rules((HEAD + "".join(more)).replace("WINDOW", window).replace("Europe/Berlin", zone), registry)


def value(engine: Engine, actor: Actor = DANA) -> str:
    """What `counters.sent` would be for a transfer of one cent, less that cent."""
    (judged,) = engine.preview(plan_of(engine, transfer("0.01")), actor)
    amount = judged.context.counters["sent"]
    assert amount is not None
    return str(amount - 1 * judged.action.amount)  # type: ignore[attr-defined]  # of a transfer


def test_two_transfers_of_75_in_one_plan(open_engine: Open) -> None:
    """The first of two transfers of 75 in one plan is 75 and runs, the second is 150 and waits; a card tells so."""
    engine = open_engine(counting("plan", ASK))
    assert [one.decision.effect for one in engine.preview(plan_of(engine, transfer("75.00"), transfer("75.00")), DANA)] == [
        "allow",
        "approve",
    ]
    plan = submit(engine, transfer("75.00"), transfer("75.00"))
    assert statuses(plan) == ["done", "waiting"]
    (reason,) = engine.card(only_approval(engine, plan).id).approval.reasons
    assert reason["values"] == [["counters.sent", "150.00 USD"]]
    assert statuses(submit(engine, transfer("75.00"))) == ["done"], "another plan counts for itself"
    sign(engine, only_approval(engine, plan), MIRA)
    engine.resume(DANA)
    with engine.store.read() as tx:
        told = {entry.event: entry.data for entry in tx.entries(plan.id) if entry.action == 2}
    assert told["decided"]["decision"]["counters"] == {"sent": "150.00 USD"}  # type: ignore[call-overload,index]  # Json
    assert told["executing"]["decision"]["counters"] == {"sent": "150.00 USD"}  # type: ignore[call-overload,index]  # Json
    assert_verifies(engine)


def test_keys_count_apart(open_engine: Open) -> None:
    """Each person, and each value of a field, has a value of its own, whatever the spelling."""
    registry, policy = messages(by="actor.id, to")
    engine = open_engine(policy, registry)
    assert statuses(submit(engine, message("ann"), message("bob"), message("Ann"))) == ["done", "done", "denied"]
    assert statuses(submit(engine, message("ann"), actor=MIRA)) == ["done"]
    assert statuses(submit(engine, message("ANN"), actor=Actor(id="Mira"))) == ["denied"]


@pytest.mark.parametrize(
    ("zone", "done", "still", "gone"),
    [
        ("UTC", "2026-03-02T12:00", "2026-03-02T23:59:59.999999", "2026-03-03T00:00"),
        ("Europe/Berlin", "2026-03-02T22:59", "2026-03-02T22:59:59.999999", "2026-03-02T23:00"),
        ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T21:59:59.999999", "2026-03-29T22:00"),  # a day of 23 hours
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T22:59:59.999999", "2026-10-25T23:00"),  # a day of 25 hours
        ("Africa/Cairo", "2026-04-23T22:00", "2026-04-24T20:59:59.999999", "2026-04-24T21:00"),  # its midnight is left out
        ("Pacific/Apia", "2026-03-02T11:00", "2026-03-03T10:59:59.999999", "2026-03-03T11:00"),  # 13 hours ahead
    ],
)
def test_a_day_is_one_of_the_zone(open_engine: Open, clock: FakeClock, zone: str, done: str, still: str, gone: str) -> None:
    """What was done counts until midnight in the file's zone, on days of 23 and of 25 hours, too."""
    clock.at = datetime.fromisoformat(done).replace(tzinfo=UTC)
    engine = open_engine(counting("day", CAP, zone=zone))
    assert statuses(submit(engine, transfer("60.00"))) == ["done"]
    for moment, wanted in ((still, "60.00"), (gone, "0.00")):
        clock.at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        assert value(engine) == wanted


@pytest.mark.parametrize(("window", "minutes"), [("90m", 90), ("24h", 24 * 60), ("7d", 7 * 24 * 60)])
def test_a_rolling_window_has_edges(open_engine: Open, clock: FakeClock, window: str, minutes: int) -> None:
    """What was done counts for exactly that long: at the very end of the time it does not any more."""
    engine = open_engine(counting(window, CAP))
    submit(engine, transfer("60.00"))
    clock.move(timedelta(minutes=minutes) - timedelta(microseconds=1))
    assert value(engine) == "60.00"
    clock.move(timedelta(microseconds=1))
    assert value(engine) == "0.00"


def test_what_waits_is_held_whatever_its_age(open_engine: Open, clock: FakeClock) -> None:
    """A reservation counts until its action ends; done, it counts from then on, not from when it was asked for."""
    engine = open_engine(counting("90m", "- id: large\n  approve: transfer\n  when: amount > 50\n  within: 30d\n", CAP))
    plan = submit(engine, transfer("60.00"))
    clock.move(timedelta(days=20))
    assert value(engine) == "60.00"
    sign(engine, only_approval(engine, plan), MIRA)
    engine.resume(DANA)
    clock.move(timedelta(minutes=89))
    assert value(engine) == "60.00"
    clock.move(timedelta(minutes=1))
    assert value(engine) == "0.00"
    assert_verifies(engine)


def test_rejected_cancelled_and_denied_actions_hold_nothing(open_engine: Open) -> None:
    """What is rejected, cancelled or denied is released at once, and what is skipped with it."""
    engine = open_engine(counting("day", LARGE, CAP))
    plan = submit(engine, transfer("60.00"), transfer("5.00", needs=(1,)))
    assert value(engine) == "65.00"
    engine.reject(only_approval(engine, plan).id, MIRA, reason="no")
    assert (statuses(engine.plan(plan.id)), value(engine)) == (["rejected", "skipped"], "0.00")
    plan = submit(engine, transfer("60.00"), transfer("5.00", needs=(1,)))
    engine.cancel(plan.id, DANA)
    assert (statuses(engine.plan(plan.id)), value(engine)) == (["cancelled", "cancelled"], "0.00")
    plan = submit(engine, transfer("100.01"), transfer("5.00", needs=(1,)), transfer("40.00"))
    assert (statuses(plan), value(engine)) == (["denied", "skipped", "done"], "40.00")
    assert_verifies(engine)


def test_a_failed_action_holds_nothing(open_engine: Open) -> None:
    """A transfer that fails for want of money is released."""
    engine = open_engine(counting("day", CAP.replace("100", "9_000")))
    assert statuses(submit(engine, transfer("5000.00"))) == ["failed"]
    assert value(engine) == "0.00"
    assert_verifies(engine)


def test_a_passed_deadline_releases_before_it_is_recorded(open_engine: Open, clock: FakeClock) -> None:
    """What expired holds nothing from that moment on, nor does what needs it, whether or not anybody has looked since."""
    engine = open_engine(counting("day", LARGE, CAP))
    plan = submit(engine, transfer("60.00"), transfer("5.00", needs=(1,)))
    clock.move(timedelta(hours=2) - timedelta(microseconds=1))
    assert value(engine) == "65.00"
    clock.move(timedelta(microseconds=1))
    assert value(engine) == "0.00"
    assert statuses(submit(engine, transfer("45.00"))) == ["done"]
    with engine.store.read() as tx:
        assert len(tx.counted(plan.id)) == 2
    engine.resume(DANA)
    with engine.store.read() as tx:
        assert tx.counted(plan.id) == []
    assert_verifies(engine)


def test_decided_again_with_the_counter_of_then(open_engine: Open) -> None:
    """An approved transfer is decided again before it runs: where its counter now passes a limit, it is denied."""
    engine = open_engine(counting("day", LARGE, CAP))
    first, second = submit(engine, transfer("60.00")), submit(engine, transfer("1.00"))
    assert statuses(second) == ["done"], "what comes later does not count for what came before"
    sign(engine, only_approval(engine, first), MIRA)
    engine.policy = counting("day", LARGE, CAP.replace("100", "59"))
    assert statuses(engine.resume(DANA)[0]) == ["denied"]
    assert value(engine) == "1.00"


def test_an_approved_action_whose_counter_passed_a_limit_is_denied(open_engine: Open, clock: FakeClock) -> None:
    """Where what came before is done later than expected, the day that it counts in is the day of the transfer after it."""
    engine = open_engine(counting("day", LARGE, CAP))
    first = submit(engine, transfer("60.00"))
    engine.policy = counting("day", LARGE.replace("2h", "48h"), CAP.replace("100", "200"))
    second = submit(engine, transfer("60.00"))
    sign(engine, only_approval(engine, second), MIRA)
    engine.policy = counting("day", LARGE, CAP)
    ended = {plan.id: statuses(plan) for plan in engine.resume(DANA)}
    assert ended == {second.id: ["denied"]}, "60 before it still wait, so it is 120"
    assert statuses(engine.plan(first.id)) == ["waiting"]


def test_a_type_that_is_not_counted_reads_what_others_sent(open_engine: Open) -> None:
    """For an action that a counter does not count, its value is what others count for under the same keys."""
    engine = open_engine(counting("day", MOVED))
    submit(engine, transfer("100.00"))
    assert statuses(submit(engine, deposit("500.00"))) == ["done"]
    submit(engine, transfer("0.01"))
    assert statuses(submit(engine, deposit("500.00"))) == ["denied"]


def messages(window: str = "day", by: str = "to") -> tuple[Registry, Policy]:
    bank = bank_registry()
    registry = Registry(*bank.values(), send_message, migrations=bank.migrations)
    text = (HEAD + "- id: cap\n  deny: send_message\n  when: counters.sent > 1\n").replace("WINDOW", window)
    return registry, rules(
        text.replace("sum: amount, of: transfer, by: [actor.id, currency]", f"count: send_message, by: [{by}]"), registry
    )


def test_an_action_in_doubt_holds(open_engine: Open, clock: FakeClock) -> None:
    """What is in doubt counts, whatever its age; resolved as done it counts from then on."""
    registry, policy = messages("90m")
    engine = open_engine(policy, registry)
    plan = submit(engine, message(how="badly"))
    clock.move(timedelta(days=2))
    assert statuses(plan) == ["in_doubt"]
    assert statuses(submit(engine, message())) == ["denied"]
    engine.resolve(plan.id, 1, MIRA, done=True, reason="it was there")
    clock.move(timedelta(minutes=89))
    assert statuses(submit(engine, message())) == ["denied"]
    clock.move(timedelta(minutes=1))
    assert statuses(submit(engine, message())) == ["done"]
    assert_verifies(engine)


def test_what_did_not_happen_after_all_holds_until_it_ends(open_engine: Open) -> None:
    """Resolved as not done, an action that was in doubt is decided anew and holds; cancelled, it is released."""
    registry, policy = messages()
    engine = open_engine(policy, registry)
    plan = submit(engine, message(how="badly"))
    engine.resolve(plan.id, 1, MIRA, done=False, reason="it was not there")
    assert statuses(submit(engine, message())) == ["denied"]
    engine.cancel(plan.id, DANA)
    assert statuses(submit(engine, message())) == ["done"]
    assert_verifies(engine)


def test_a_new_counter_is_counted_from_what_is_stored(open_engine: Open, clock: FakeClock) -> None:
    """A counter that is added or changed counts what was done and what waits before it was there, dated then."""
    engine = open_engine(rules())
    submit(engine, transfer("30.00"))
    clock.move(timedelta(minutes=60))
    plan = submit(engine, transfer("20.00"), transfer("300.00"))
    assert statuses(plan) == ["done", "waiting"]
    engine.policy = counting("90m", LARGE, CAP.replace("100", "900"))
    assert value(engine) == "350.00", "a preview counts without storing"
    submit(engine, deposit("1.00"))
    clock.move(timedelta(minutes=30))
    assert value(engine) == "320.00"
    engine.policy = counting("day", LARGE, CAP.replace("100", "900"))
    assert value(engine) == "350.00"
    submit(engine, deposit("1.00"))
    assert value(engine) == "350.00"
    assert_verifies(engine)


def test_a_counter_of_everything_counts_what_comes_to_be_known(open_engine: Open) -> None:
    """A program that learns a new action type counts it in a counter of all types, though the file is the same."""
    bank = bank_registry()
    wider = Registry(*bank.values(), send_message, migrations=bank.migrations)
    text = HEAD.replace("sum: amount, of: transfer, by: [actor.id, currency], window: WINDOW", 'count: "*", window: day')
    cap = '- id: cap\n  deny: "*"\n  when: counters.sent > 2\n'
    assert statuses(submit(open_engine(rules(text + cap)), deposit("1.00"))) == ["done"]
    engine = open_engine(rules(text + cap, wider), wider)
    assert statuses(submit(engine, message(), message(), deposit("1.00"))) == ["done", "denied", "denied"]
    assert_verifies(engine)


def test_without_counters_nothing_is_counted(open_engine: Open) -> None:
    """When the last counter goes, its rows go."""
    engine = open_engine(counting("day", CAP))
    plan = submit(engine, transfer("30.00"))
    engine.policy = rules()
    submit(engine, deposit("1.00"))
    with engine.store.read() as tx:
        assert tx.counted(plan.id) == []
    assert_verifies(engine)


def test_too_many_waiting_actions_are_refused(open_engine: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that leaves more waiting than one requester may have is refused, which is recorded; others are not affected."""
    monkeypatch.setattr(deciding, "MAX_WAITING", 3)
    engine = open_engine(counting("day", LARGE, CAP.replace("100", "900")))
    plan = submit(engine, transfer("60.00"), transfer("1.00", needs=(1,)))
    with pytest.raises(Refused, match="2 actions of dana wait, and this plan adds 2: at most 3 may; have some of them decided"):
        submit(engine, transfer("60.00"), transfer("60.00"))
    assert statuses(submit(engine, *[deposit("1.00")] * 4)) == ["done"] * 4, "what does not wait is no flood"
    with engine.store.read() as tx:
        (refused,) = [entry for entry in tx.entries("system") if entry.event == "refused"]
        assert (refused.actor.id, refused.data["verb"], len(tx.plans())) == ("dana", "submit", 2)
    assert value(engine) == "61.00"
    engine.cancel(plan.id, DANA)
    assert statuses(submit(engine, transfer("60.00"), transfer("60.00"))) == ["waiting", "waiting"]
    assert_verifies(engine)


EDITS = [
    "UPDATE counted SET amount = 1",
    "UPDATE counted SET amount = NULL",
    'UPDATE counted SET key = \'["dana","eur"]\'',
    "UPDATE counted SET done = '2026-03-01T00:00:00.000000Z' WHERE done = 'held'",
    "UPDATE counted SET done = 'held' WHERE done <> 'held'",
    "UPDATE counted SET accepted = accepted + 1",
    "UPDATE counted SET number = 9",
    "UPDATE counted SET counter = 'x'",
    "UPDATE counted SET plan = 'p-9999'",
    "DELETE FROM counted",
    "DELETE FROM counted WHERE number = 2",
    "INSERT INTO counted SELECT 'x', key, done, accepted, number, plan, amount FROM counted",
    "DROP INDEX counted_of_action",
]


@pytest.mark.parametrize("sql", EDITS)
def test_an_edited_row_is_found(open_engine: Open, database: Path, sql: str) -> None:
    """Whatever another process changes in the rows of a counter, verification finds, and nothing of that plan runs."""
    engine = open_engine(counting("day", LARGE))
    plan = submit(engine, transfer("30.00"), transfer("60.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    with tampering() as tamperer:
        tamperer.write(database, (sql, ()))
    with engine.store.read() as tx:
        assert verify_store(tx).problems != ()
        with pytest.raises(LogInvalid, match=f"{plan.id}: the file was altered|{plan.id}: what action|counted"):
            verify_plan(tx, plan.id)
    with pytest.raises(LogInvalid):
        engine.resume(DANA)


def test_a_clean_file_from_before_counters(open_engine: Open, database: Path) -> None:
    """A file that was made before there were counters gets their table, and verifies."""
    engine = open_engine()
    submit(engine, transfer("30.00"))
    engine.store.close()
    with tampering() as tamperer:
        forget = "DELETE FROM _sqlite_migrations WHERE migration_set = 'signoff' AND name = 'signoff.2'"
        tamperer.write(database, ("DROP TABLE counted", ()), (forget, ()))
    engine = open_engine(counting("day", CAP))
    assert value(engine) == "30.00"
    assert statuses(submit(engine, transfer("60.00"))) == ["done"]
    assert value(engine) == "90.00"
    assert_verifies(engine)


def test_the_documented_rules_do_what_is_said(open_engine: Open) -> None:
    """The rules in docs/counters.md load without a warning about them, and ask for the second of two transfers of 75."""
    page = (Path(__file__).parents[2] / "docs" / "counters.md").read_text()
    policy = rules(page.split("```yaml\n")[1].split("```")[0])
    assert [warning.message for warning in policy.warnings] == []
    engine = open_engine(policy)
    assert statuses(submit(engine, transfer("75.00"), transfer("75.00"))) == ["done", "waiting"]
    assert statuses(submit(engine, *[deposit("1.00")] * 11)) == ["done"] * 10 + ["waiting"]


def test_reason_tells_a_counter(open_engine: Open) -> None:
    """A counter that only a reason shows is counted for it, and is no unused one."""
    told = "- id: told\n  approve: transfer\n  because: '{counters.sent} in all'\n"
    policy = counting("plan", told)
    assert [warning.code for warning in policy.warnings if warning.code == "unused"] == []
    engine = open_engine(policy)
    plan = submit(engine, transfer("75.00"), transfer("75.00"))
    reasons = [approval.reasons[0]["because"] for approval in engine.approvals_of(plan.id)]
    assert reasons == ["75.00 USD in all", "150.00 USD in all"]
