"""Batches: several approvals are decided together or not at all, and whoever decides sees what they come to."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from signoff import Actor, Engine, Refused, UsageError
from signoff.audit import Approval, Entry, PlanRecord
from signoff.batches import MAX_BATCH, batch_digest
from signoff.drawing import format_batch
from signoff.forms import batch_json
from signoff.output import console
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    MIRA,
    OMAR,
    assert_verifies,
    deposit,
    events,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.app.conftest import DEPOSIT, TRANSFER, CommandLine


@pytest.fixture
def plan(engine: Engine) -> PlanRecord:
    """A plan of four, in which three transfers wait; the third needs the first."""
    return submit(
        engine, transfer("150.00"), deposit("5.00"), transfer("200.00", "Bob"), transfer("110.00", needs=(1,)), request="pay"
    )


def waiting(engine: Engine, plan: PlanRecord) -> list[Approval]:
    return engine.approvals_of(plan.id)


def ids(approvals: list[Approval]) -> list[str]:
    return [approval.id for approval in approvals]


def entries(engine: Engine, chain: str, event: str) -> list[Entry]:
    with engine.store.read() as tx:
        return [entry for entry in tx.entries(chain) if entry.event == event]


def test_all_are_approved_together(engine: Engine, plan: PlanRecord) -> None:
    """With the digest of the batch each approval has its vote, in Entries that follow each other, and all runs."""
    found = waiting(engine, plan)
    given = engine.approve_all(ids(found), MIRA, digest=engine.batch(ids(found)).digest[:8], reason="read them")
    assert [(one.id, one.status.value) for one in given] == [(one.id, "approved") for one in found]
    voted = entries(engine, plan.id, "voted")
    assert {entry.data["batch"] for entry in voted} == {batch_digest(found)}
    assert len(voted) == 3
    assert voted[-1].number - voted[0].number == 2
    assert statuses(engine.resume(DANA, plan=plan.id)[0]) == ["done"] * 4
    assert_verifies(engine)


def test_all_are_rejected_together(engine: Engine, plan: PlanRecord) -> None:
    """What is rejected with what it needs is rejected, and not skipped."""
    engine.reject_all(ids(waiting(engine, plan)), OMAR, reason="not this month")
    assert statuses(engine.plan(plan.id)) == ["rejected", "done", "rejected", "rejected"]
    assert_verifies(engine)


def test_what_needs_a_rejected_one_is_skipped(engine: Engine, plan: PlanRecord) -> None:
    """What is not in the batch and needs one of it is skipped."""
    engine.reject_all(ids(waiting(engine, plan))[:2], OMAR, reason="not this month")
    assert statuses(engine.plan(plan.id)) == ["rejected", "done", "rejected", "skipped"]


def test_a_batch_spans_plans(engine: Engine, plan: PlanRecord) -> None:
    """Approvals of several plans are decided together."""
    other = submit(engine, transfer("120.00"))
    chosen = [*waiting(engine, plan)[:1], *waiting(engine, other)]
    engine.approve_all(ids(chosen), MIRA, digest=batch_digest(chosen))
    assert (statuses(engine.plan(plan.id)), statuses(engine.plan(other.id))) == (
        ["approved", "done", "waiting", "waiting"],
        ["approved"],
    )
    assert_verifies(engine)


def decided(engine: Engine, found: list[Approval], clock: FakeClock) -> Actor:
    """Somebody else signs one of them meanwhile."""
    sign(engine, found[1], OMAR)
    return MIRA


def gone(engine: Engine, found: list[Approval], clock: FakeClock) -> Actor:
    """The time of all is over."""
    clock.move(timedelta(hours=24))
    return MIRA


def edited(engine: Engine, found: list[Approval], clock: FakeClock) -> Actor:
    """Somebody else changes one of them meanwhile."""
    engine.edit(found[1].id, OMAR, {"amount": "210.00"}, reason="so be it")
    return MIRA


def not_theirs(engine: Engine, found: list[Approval], clock: FakeClock) -> Actor:
    """They may sign none."""
    return FAY


@pytest.mark.parametrize("meanwhile", [decided, gone, edited, not_theirs])
@pytest.mark.parametrize("choice", ["approve", "reject"])
def test_one_that_is_refused_refuses_all(
    choice: str,
    meanwhile: Callable[[Engine, list[Approval], FakeClock], Actor],
    engine: Engine,
    plan: PlanRecord,
    clock: FakeClock,
) -> None:
    """Where one cannot be decided none is; only the refusal is recorded, and the error names which."""
    found = waiting(engine, plan)
    who = meanwhile(engine, found, clock)
    votes = len(entries(engine, plan.id, "voted"))
    with pytest.raises(Refused, match=f"^none of the 3 was {choice}e?d: .*{found[1].id}"):
        if choice == "approve":
            engine.approve_all(ids(found), who, digest=batch_digest(found))
        else:
            engine.reject_all(ids(found), who, reason="no")
    assert len(entries(engine, plan.id, "voted")) == votes
    told = entries(engine, plan.id, "refused")
    assert {(entry.actor, entry.data["verb"]) for entry in told} == {(who, choice)}
    assert 3 in [entry.action for entry in told]
    assert_verifies(engine)


def test_a_seat_that_stays_empty_refuses_all(engine: Engine) -> None:
    """Whoever fills a seat of each but one signs none of them."""
    large, small = submit(engine, transfer("600.00")), submit(engine, transfer("150.00"))
    found = [*waiting(engine, large), *waiting(engine, small)]
    with pytest.raises(Refused, match=rf"none of the 2 was approved: fay may not decide {found[1].id}"):
        engine.approve_all(ids(found), FAY, digest=batch_digest(found))
    assert events(engine, large.id)[-1] == "asked"
    assert events(engine, small.id)[-1] == "refused"


@pytest.mark.parametrize("digest", ["", "1234567", "0" * 64])
def test_another_digest_signs_nothing(digest: str, engine: Engine, plan: PlanRecord) -> None:
    """Only the digest of exactly these approvals signs them; the refusal is recorded once for their plan."""
    found = waiting(engine, plan)
    with pytest.raises(Refused, match="is not the digest of these 3 approvals together"):
        engine.approve_all(ids(found), MIRA, digest=digest)
    (told,) = entries(engine, plan.id, "refused")
    assert (told.action, told.data["verb"]) == (None, "approve")
    assert entries(engine, plan.id, "voted") == []


def test_the_digest_names_these_approvals_and_what_they_ask_for(engine: Engine, plan: PlanRecord) -> None:
    """It is the same in any order, another with any other approval, and for a single one that of its action."""
    first, second, third = waiting(engine, plan)
    assert batch_digest([first, second]) == batch_digest([second, first])
    assert len({batch_digest(some) for some in ([first, second], [first, third], [first, second, third])}) == 3
    assert batch_digest([first]) == first.digest
    with pytest.raises(Refused, match="is not the digest"):
        engine.approve_all([first.id, second.id], MIRA, digest=batch_digest([first, third]))


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ([], "no approval is named"),
        (["a1"] * 2, '"a1" is named twice'),
        ([f"a{number}" for number in range(MAX_BATCH + 1)], "101 approvals are named; at most 100"),
        (["azzzz"], 'there is no "azzzz"'),
    ],
)
def test_wrong_use_is_told(named: list[str], why: str, engine: Engine) -> None:
    """No approval, one twice, too many, or one that is not there, is an error, for looking as for deciding."""
    for verb in (
        lambda: engine.approve_all(named, MIRA, digest="0" * 64),
        lambda: engine.reject_all(named, MIRA, reason="no"),
        lambda: engine.batch(named),
    ):
        with pytest.raises(UsageError, match=why):
            verb()


def test_the_preview_adds_up(engine: Engine, plan: PlanRecord) -> None:
    """It tells totals by currency, what goes to whom, and how many actions of each plan are not in it."""
    bill = submit(engine, {"type": "pay_bill", "biller": "Acme Utilities", "amount": "20.00"}, transfer("101.50"))
    told: Any = batch_json(engine.batch([*ids(waiting(engine, plan)), *ids(waiting(engine, bill))]))
    assert told["totals"] == {"USD": "561.50"}
    assert told["payees"] == [
        {"payee": "Alice", "actions": 3, "totals": {"USD": "361.50"}},
        {"payee": "Bob", "actions": 1, "totals": {"USD": "200.00"}},
    ]
    assert told["plans"] == [{"plan": plan.id, "beside": 1}, {"plan": bill.id, "beside": 1}]
    assert [one["number"] for one in told["approvals"]] == [1, 3, 4, 2]


def test_the_preview_shows_every_card_in_short(
    engine: Engine, plan: PlanRecord, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each action with its amount, from and to, the rule, who may sign and the time left; the request, and the sums."""
    monkeypatch.setenv("COLUMNS", "160")
    batch = engine.batch(ids(waiting(engine, plan)))
    console().print(format_batch(batch))
    text = " ".join(capsys.readouterr().out.split())
    for card in batch.cards:
        assert f"{card.approval.id} · {plan.id} #{card.approval.number} · {card.action.title}" in text
    assert text.count("because large-transfer needs 1 manager (mira, omar), 0 of 1 so far; not dana it waits 00:00") == 3
    assert f"Plan {plan.id}, asked by dana (claimed): 3 of its 4 actions; 1 not here" in text
    assert 'The request (untrusted) "pay"' in text
    assert "Payee Alice: 2 actions, 260.00 USD Payee Bob: 1 action, 200.00 USD In all 3 actions, 460.00 USD" in text
    assert f"Digest {batch.digest[:4]} {batch.digest[4:8]}" in text


def test_a_terminal_shows_all_and_asks_for_the_word(cli: CommandLine) -> None:
    """On a terminal the preview is shown, the whole word signs all that waits in the plan, and it runs."""
    plan = cli.submit(TRANSFER, TRANSFER | {"to": "Bob"}, DEPOSIT)
    left = cli.terminal("approve", "--plan", plan["plan"], "--as", "mira", typed="yes\n")
    assert (left.code, "Not signed" in left.out) == (3, True)
    ran = cli.terminal("approve", "--plan", plan["plan"], "--as", "mira", typed="approve\n")
    assert 'Type "approve" to sign all 2 as mira' in ran.out
    assert "Payee" in ran.out
    assert ran.code == 0
    assert cli("queue").code == 0


def test_who_may_not_sign_all_is_refused_unasked(cli: CommandLine) -> None:
    """Somebody who may not sign one of them is not asked for the word."""
    plan = cli.submit(TRANSFER, TRANSFER)
    ran = cli.terminal("approve", "--plan", plan["plan"], "--as", "dana", typed="")
    assert "none of the 2 was approved: dana asked for" in ran.out
    assert ran.code == 4


def test_without_a_terminal_the_digest_of_the_batch_is_wanted(cli: CommandLine, unchanged: Callable[..., Any]) -> None:
    """The error names the command that shows the batch; its digest signs all, and nothing else does."""
    plan = cli.submit(TRANSFER, TRANSFER | {"to": "Bob"}, DEPOSIT)
    named = [one["id"] for one in plan["approvals"]]
    look = f"`signoff show {' '.join(named)}`"
    unchanged(["approve", "--plan", plan["plan"], "--as", "mira"]).failed(2, "nobody signs unseen", look)
    unchanged(["approve", *named, "--as", "mira"]).failed(2, "nobody signs unseen", look)
    digest = cli("show", *named, "--json").json["digest"]
    one = plan["approvals"][0]["digest"]
    cli("approve", "--plan", plan["plan"], "--as", "mira", "--digest", one).failed(4, "is not the digest of these 2")
    ran = cli("approve", "--plan", plan["plan"], "--as", "mira", "--digest", digest[:8], "--json")
    assert (ran.code, [one["status"] for one in ran.json["actions"]]) == (0, ["done"] * 3)


def test_a_plan_is_rejected_whole(cli: CommandLine) -> None:
    """`reject --plan` rejects all that waits, and `reject ID ID` what is named."""
    first, second = cli.submit(TRANSFER, TRANSFER, DEPOSIT), cli.submit(TRANSFER, TRANSFER)
    ran = cli("reject", "--plan", first["plan"], "--as", "mira", "--reason", "no", "--json")
    assert (ran.code, [one["status"] for one in ran.json["actions"]]) == (0, ["rejected", "rejected", "done"])
    named = [one["id"] for one in second["approvals"]]
    assert cli("reject", *named, "--as", "mira", "--reason", "no").code == 0
    assert cli("queue").code == 0
    cli("reject", "--plan", first["plan"], "--as", "mira", "--reason", "no").failed(2, "nothing waits for sign-off in")


@pytest.mark.parametrize("names", [[], ["a1", "--plan", "p-1"]])
def test_approvals_or_a_plan_are_named(names: list[str], cli: CommandLine, unchanged: Callable[..., Any]) -> None:
    """Neither, or both, is wrong use."""
    cli.submit(DEPOSIT)
    unchanged(["approve", *names, "--as", "mira", "--digest", "0" * 8]).failed(2, "name approvals, or a plan with --plan")
    unchanged(["reject", *names, "--as", "mira", "--reason", "no"]).failed(2, "name approvals, or a plan with --plan")


def test_two_batches_that_share_one_are_not_both_decided(cli: CommandLine) -> None:
    """Of two that overlap the second is refused whole, so that nothing in it is decided by halves."""
    plan = cli.submit(TRANSFER, TRANSFER, TRANSFER)
    first, second, third = plan["approvals"]
    for named, code in (((first, second), 3), ((second, third), 4)):
        digest = cli("show", *(one["id"] for one in named), "--json").json["digest"]
        ran = cli("approve", *(one["id"] for one in named), "--as", "omar", "--digest", digest, "--no-run")
        assert ran.code == code
    shown = cli("show", plan["plan"], "--json").json
    assert [one["status"] for one in shown["actions"]] == ["approved", "approved", "waiting"]
    assert cli("audit", "verify").code == 0
