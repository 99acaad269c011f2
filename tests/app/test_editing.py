"""Edits: what waits becomes another revision, which is decided anew and signed by others than whoever wrote it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from signoff import Engine, Refused, UsageError
from signoff.audit import Approval, ApprovalStatus, Past, Status
from signoff.canonical import Json
from signoff.drawing import format_card
from signoff.errors import ActionInvalid, ClockError
from signoff.forms import card_json
from signoff.output import console
from signoff.policies import parse_policy
from signoff.replaying import replay
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    Open,
    assert_verifies,
    edit,
    events,
    message,
    only_approval,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.conftest import RULES, rules

LIMIT = RULES.replace(
    "rules:",
    """counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: 24h}
rules:
  - id: too-much
    deny: transfer
    when: counters.sent > 1_000""",
)


def approval_now(engine: Engine, approval: Approval) -> Approval:
    """*approval* as it is stored now."""
    with engine.store.read() as tx:
        found = tx.approval(approval.id)
    assert found is not None
    return found


def test_an_edit_makes_a_new_revision(engine: Engine, waiting: Approval) -> None:
    """The changed action has the next revision, a digest and a key of its own, and another approval asks for it."""
    before = engine.plan(waiting.plan).actions[0]
    (after,) = edit(engine, waiting, amount="700.00").actions
    assert (after.number, after.revision, after.status, after.title) == (1, 2, Status.WAITING, "Transfer 700.00 USD to Alice")
    assert len({before.digest, after.digest, before.key, after.key}) == 4
    asked = only_approval(engine, engine.plan(waiting.plan))
    assert (asked.revision, asked.digest, asked.editors) == (2, after.digest, ("mira",))
    assert approval_now(engine, waiting).status is ApprovalStatus.REPLACED
    assert_verifies(engine)


def test_what_comes_back_to_what_it_was_has_a_key_of_its_own(engine: Engine, waiting: Approval) -> None:
    """Two revisions that say the same are two revisions, with two keys."""
    key = engine.plan(waiting.plan).actions[0].key
    edit(engine, waiting, amount="700.00")
    (back,) = edit(engine, only_approval(engine, engine.plan(waiting.plan)), OMAR, amount="600.00").actions
    assert (back.digest, back.revision) == (waiting.digest, 3)
    assert back.key != key


def test_what_rules_allow_after_the_edit_is_ready_and_runs(engine: Engine, waiting: Approval) -> None:
    """Where no rule wants the new revision signed it is ready, nobody is asked, and it runs once, as it is now."""
    plan = edit(engine, waiting, amount="90.00")
    assert (statuses(plan), engine.approvals_of(plan.id)) == (["ready"], [])
    (done,) = engine.resume(DANA, plan=plan.id)
    assert done.actions[0].result == {
        **{"account": "checking", "amount": "90.00", "balance": "910.00", "currency": "USD", "to": "Alice"},
        "transaction": 3,
    }
    assert_verifies(engine)


def test_what_rules_deny_after_the_edit_is_denied(engine: Engine) -> None:
    """A new revision that a rule denies ends, and what needs it is skipped."""
    plan = submit(engine, transfer("150.00"), transfer("5.00", needs=(1,)))
    edited = edit(engine, only_approval(engine, plan), to="Mallory Ltd")
    assert statuses(edited) == ["denied", "skipped"]
    assert edited.actions[0].error == "denied by blocked"
    assert_verifies(engine)


def test_old_votes_do_not_count(engine: Engine, waiting: Approval) -> None:
    """Whoever signed the revision before has not signed the new one, also where it was approved in full."""
    sign(engine, waiting, OMAR, FAY, FINN)
    assert statuses(engine.plan(waiting.plan)) == ["approved"]
    plan = edit(engine, waiting, amount="700.00")
    assert statuses(plan) == ["waiting"]
    assert statuses(engine.resume(DANA, plan=plan.id)[0]) == ["waiting"]
    asked = only_approval(engine, plan)
    assert engine.card(asked.id).filled == {"finance": 0, "manager": 0}
    sign(engine, asked, OMAR, FAY, FINN)
    assert statuses(engine.resume(DANA, plan=plan.id)[0]) == ["done"]
    assert_verifies(engine)


def test_what_was_started_or_ended_is_not_edited(engine: Engine, waiting: Approval) -> None:
    """An approval whose action ran, or ended, is refused."""
    sign(engine, waiting, MIRA, FAY, FINN)
    engine.resume(DANA)
    with pytest.raises(Refused, match="was started, so it cannot be edited any more; it is done"):
        edit(engine, waiting, amount="1.00")
    rejected = only_approval(engine, submit(engine, transfer("150.00")))
    engine.reject(rejected.id, OMAR, reason="no")
    with pytest.raises(Refused, match="is rejected: only what waits or was approved"):
        edit(engine, rejected, amount="1.00")


def test_what_was_in_doubt_is_not_edited(open_wide: Engine) -> None:
    """What was started once waits again after a doubt, and keeps its key: it cannot become something else."""
    plan = submit(open_wide, message("boss", "badly"))
    sign(open_wide, only_approval(open_wide, plan), MIRA)
    open_wide.resume(DANA)
    open_wide.resolve(plan.id, 1, MIRA, done=False, reason="nothing arrived")
    open_wide.resume(DANA)
    asked = only_approval(open_wide, open_wide.plan(plan.id))
    with pytest.raises(Refused, match="was started"):
        edit(open_wide, asked, to="ann")


def test_a_passed_deadline_ends_editing(engine: Engine, clock: FakeClock, waiting: Approval) -> None:
    """Nothing is edited after its time; and what is edited in time gets the whole time of the rules again."""
    clock.move(timedelta(hours=23))
    edit(engine, waiting, amount="610.00")
    asked = only_approval(engine, engine.plan(waiting.plan))
    assert asked.expires == clock() + timedelta(hours=24)
    clock.move(timedelta(hours=25))
    with pytest.raises(Refused, match="is expired"):
        edit(engine, asked, amount="620.00")


def test_nobody_edits_by_a_clock_that_runs_behind(engine: Engine, clock: FakeClock, waiting: Approval) -> None:
    """With a clock before the newest Entry no deadline can be judged."""
    clock.move(timedelta(hours=-1))
    with pytest.raises(ClockError):
        edit(engine, waiting, amount="610.00")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": "1_000"}, "`amount`"),
        ({"amount": 1.5}, "float"),
        ({"amount": float("nan")}, "float"),
        ({"amount": True}, "`amount`"),
        ({"amount": None}, "`amount`"),
        ({"amount": "-5.00"}, "`amount`"),
        ({"amont": "5.00"}, "`amont` is not a field"),
        ({"type": "deposit"}, "the type of an action cannot be changed"),
        ({"needs": []}, "`needs` is part of a plan"),
        ({"to": "Nobody"}, "which is no payee"),
        ({"to": "al\u202eice"}, "`to`"),
        ({"to": "\ud800"}, "cannot be read"),
        ({"currency": "JPY"}, "`amount`"),
        ({"to": "checking"}, "where the money comes from"),
    ],
)
def test_what_would_be_no_action_is_an_error(changes: dict[str, Json], why: str, engine: Engine, waiting: Approval) -> None:
    """Changes are read as strictly as a plan, names are resolved, and what does not fit changes nothing."""
    before = events(engine, waiting.plan)
    with pytest.raises(ActionInvalid, match=why):
        engine.edit(waiting.id, MIRA, changes, reason="x")
    assert events(engine, waiting.plan) == before
    assert engine.plan(waiting.plan).actions[0].digest == waiting.digest


def test_names_are_resolved(engine: Engine, waiting: Approval) -> None:
    """A name in a change becomes the registered one, for the accounts of the requester."""
    (after,) = engine.edit(waiting.id, MIRA, {"to": "ALICE", "amount": "610", "from": "my savings"}, reason="x").actions
    assert json.loads(after.body) == {
        **{"amount": "610.00", "currency": "USD", "from": "savings", "to": "Alice", "type": "transfer"},
    }


@pytest.mark.parametrize(
    ("reason", "changes", "why"),
    [
        (" ", {"amount": "5.00"}, "needs a reason"),
        ("x" * 1001, {"amount": "5.00"}, "at most 1,000"),
        ("x", {"amount": "600.00"}, "asks for exactly that already"),
        ("x", {}, "asks for exactly that already"),
    ],
)
def test_wrong_use_is_told(reason: str, changes: dict[str, Json], why: str, engine: Engine, waiting: Approval) -> None:
    """An edit needs a reason and a change."""
    with pytest.raises(UsageError, match=why):
        engine.edit(waiting.id, MIRA, changes, reason=reason)


def test_counters_count_what_it_is_now(open_engine: Open) -> None:
    """From the edit on the new revision is held, so that others may use what the old one gave back; more is denied."""
    engine = open_engine(rules(LIMIT))
    asked = only_approval(engine, submit(engine, transfer("900.00")))
    assert statuses(submit(engine, transfer("150.00"))) == ["denied"]
    edit(engine, asked, amount="800.00")
    assert_verifies(engine)
    assert statuses(submit(engine, transfer("150.00"))) == ["waiting"]
    later = edit(engine, only_approval(engine, engine.plan(asked.plan)), OMAR, amount="1001.00")
    assert statuses(later) == ["denied"]
    assert_verifies(engine)
    assert statuses(submit(engine, transfer("840.00"))) == ["waiting"]


def test_an_edit_counts_what_was_accepted_since(open_engine: Open) -> None:
    """What was accepted, and done, since the plan was asked for did not count what an edit makes of it: the edit counts that."""
    engine = open_engine(rules(LIMIT))
    asked = only_approval(engine, submit(engine, transfer("150.00")))
    assert statuses(submit(engine, transfer("90.00"))) == ["done"]
    assert statuses(edit(engine, asked, amount="950.00")) == ["denied"]
    asked = only_approval(engine, submit(engine, transfer("150.00")))
    assert statuses(submit(engine, transfer("90.00"))) == ["done"]
    edited = edit(engine, asked, amount="820.00")
    assert statuses(edited) == ["waiting"]
    assert_verifies(engine)
    assert statuses(submit(engine, transfer("1.00"))) == ["denied"]
    approvals = only_approval(engine, edited)
    sign(engine, approvals, OMAR, FAY, FINN)
    assert statuses(engine.resume(OMAR, edited.id)[0]) == ["done"]
    assert_verifies(engine)


def test_two_edits_of_one_revision_are_one(engine: Engine, waiting: Approval) -> None:
    """Who edits a revision that somebody else has edited meanwhile is refused: they did not see what it is now."""
    edit(engine, waiting, OMAR, to="Bob")
    with pytest.raises(Refused, match="is replaced"):
        edit(engine, waiting, MIRA, amount="601.00")


def test_the_log_tells_what_was_changed(engine: Engine, waiting: Approval) -> None:
    """The Entry holds both digests, each field's old and new value, the reason, and the decision."""
    plan = edit(engine, waiting, reason="a cent less", amount="599.99")
    with engine.store.read() as tx:
        (entry,) = [one for one in tx.entries(plan.id) if one.event == "edited"]
    told = entry.data
    assert (entry.actor, entry.action, told["approval"], told["revision"]) == (MIRA, 1, waiting.id, 2)
    assert (told["before"], told["digest"]) == (waiting.digest, plan.actions[0].digest)
    assert (told["changes"], told["reason"]) == ({"amount": ["600.00", "599.99"]}, "a cent less")
    decision: Any = told["decision"]
    assert (decision["effect"], decision["seats"]) == ("approve", {"manager": 1, "finance": 2})


def test_an_auditor_reads_every_revision(engine: Engine, waiting: Approval) -> None:
    """What each revision was stays readable, with who wrote the next one and why; an old card shows what it asked for."""
    edit(engine, waiting, MIRA, amount="700.00")
    second = only_approval(engine, engine.plan(waiting.plan))
    edit(engine, second, OMAR, to="Bob", reason="not her")
    with engine.store.read() as tx:
        found = [(one.revision, one.digest, one.editor, one.reason) for one in tx.edits(waiting.plan, 1)]
    assert found == [(1, waiting.digest, MIRA, "as agreed"), (2, second.digest, OMAR, "not her")]
    old: Any = card_json(engine.card(waiting.id))
    assert (old["revision"], old["action"]["amount"], old["edits"]) == (1, "600.00", [])
    new: Any = card_json(engine.card(only_approval(engine, engine.plan(waiting.plan)).id))
    assert (new["revision"], new["action"]["to"], new["editors"]) == (3, "Bob", ["mira", "omar"])
    assert [one["changes"] for one in new["edits"]] == [
        {"amount": {"from": "600.00", "to": "700.00"}},
        {"to": {"from": "Alice", "to": "Bob"}},
    ]


def test_the_card_shows_who_changed_what(
    engine: Engine, waiting: Approval, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Revision, editor, reason, old and new value stand on the card, and who edited is not among those who may sign."""
    monkeypatch.setenv("COLUMNS", "200")
    plan = edit(engine, waiting, reason="too\nmuch", amount="550.00")
    console().print(format_card(engine.card(only_approval(engine, plan).id)))
    text = " ".join(capsys.readouterr().out.split())
    assert "action 1 of 1, revision 2 · plan" in text
    assert "Edited by mira (claimed) at 2026-03-02 09:30:00 UTC: too\\u{a}much amount 600.00 → 550.00" in text
    assert "1 manager (omar), 0 of 1 so far; not dana; not mira, who edited it" in text
    assert "Transfer 550.00 USD to Alice" in text


def test_a_past_plan_is_replayed_as_it_was_asked_for(open_engine: Open, clock: FakeClock) -> None:
    """A replay decides what was asked for, and counts each revision from when on it was there until when."""
    engine = open_engine()
    first = submit(engine, transfer("400.00"))
    submit(engine, transfer("1.00"))
    clock.move(timedelta(minutes=1))
    edit(engine, only_approval(engine, first), amount="300.00")
    submit(engine, transfer("2.00"))
    policy = parse_policy(LIMIT.encode(), "new.yaml", engine.registry)
    with engine.store.read() as tx:
        found = [one for plan in replay(tx, policy, engine.registry) for one in plan]
    told: list[Any] = [one.now and one.now["counters"] for one in found]
    assert [one["sent"] for one in told] == ["400.00 USD", "401.00 USD", "303.00 USD"]
    assert found[0].action.title == "Transfer 400.00 USD to Alice"


def test_the_past_forgets_what_ended(open_engine: Open) -> None:
    """Once an edited action has ended, nothing of any of its revisions is kept or counts."""
    engine = open_engine(rules(LIMIT))
    plan = submit(engine, transfer("400.00"))
    edit(engine, only_approval(engine, plan), amount="300.00")
    edit(engine, only_approval(engine, engine.plan(plan.id)), to="Mallory Ltd")
    last = submit(engine, transfer("1.00"))
    edited = engine.plan(plan.id)
    with engine.store.read() as tx:
        past = Past(tx.counters().values())
        past.add(edited, tx.entries(plan.id), tx.edits(plan.id))
        assert past.kept == 3
        past.go_on(tx.accepted(last.id, 1), last.at)
    assert past.kept == 0
