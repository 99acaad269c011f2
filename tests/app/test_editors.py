"""Who may edit what waits, and who then may not sign it."""

from datetime import timedelta

import pytest

from signoff import Actor, Engine, Refused
from signoff.audit import Approval
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    Change,
    Open,
    assert_verifies,
    edit,
    only_approval,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.conftest import RULES, rules


def test_who_edits_does_not_sign(engine: Engine, waiting: Approval) -> None:
    """The editor's vote is refused, under any spelling; another manager's is taken."""
    edit(engine, waiting, amount="700.00")
    asked = only_approval(engine, engine.plan(waiting.plan))
    for spelling in ("mira", "Mira"):
        with pytest.raises(Refused, match=f"{spelling} (edited what|may not decide) {asked.id}"):
            engine.approve(asked.id, Actor(id=spelling), digest=asked.digest)
    assert engine.needed(asked) == "2 finance (fay, finn), 1 manager (omar)"
    sign(engine, asked, OMAR)


def test_an_edit_on_top_frees_no_editor(engine: Engine, waiting: Approval) -> None:
    """Whoever wrote any revision does not sign a later one, which may still say what they wrote."""
    edit(engine, waiting, MIRA, to="Bob")
    edit(engine, only_approval(engine, engine.plan(waiting.plan)), FAY, amount="610.00")
    asked = only_approval(engine, engine.plan(waiting.plan))
    assert asked.editors == ("mira", "fay")
    for editor in (MIRA, FAY):
        with pytest.raises(Refused, match="edited what"):
            engine.approve(asked.id, editor, digest=asked.digest)


def test_an_editor_stays_one_when_rules_ask_again(engine: Engine, changed_rules: Change) -> None:
    """What was ready after an edit and is asked for under later rules is not signed by its editor either."""
    plan = submit(engine, transfer("150.00"))
    edit(engine, only_approval(engine, plan), MIRA, amount="90.00")
    engine.policy = changed_rules("amount > 100", "amount > 50")
    engine.resume(DANA, plan=plan.id)
    asked = only_approval(engine, engine.plan(plan.id))
    assert (asked.revision, asked.editors) == (2, ("mira",))
    with pytest.raises(Refused, match="edited what"):
        engine.approve(asked.id, MIRA, digest=asked.digest)


def test_an_editor_may_correct_and_reject_what_they_wrote(engine: Engine, waiting: Approval) -> None:
    """An editor may edit again, and reject: neither lets anything through."""
    edit(engine, waiting, amount="700.00")
    edit(engine, only_approval(engine, engine.plan(waiting.plan)), amount="650.00")
    engine.reject(only_approval(engine, engine.plan(waiting.plan)).id, MIRA, reason="no, not at all")
    assert statuses(engine.plan(waiting.plan)) == ["rejected"]
    assert_verifies(engine)


def test_own_votes_count_for_the_requester_and_not_for_the_editor(open_engine: Open) -> None:
    """Where rules say `self: allowed` the requester signs what somebody else edited; the editor still does not."""
    text = RULES.replace("    within: 24h\n", "    within: 24h\n    self: allowed\n").replace("[mira, omar]", "[mira, dana]")
    engine = open_engine(rules(text))
    edit(engine, only_approval(engine, submit(engine, transfer("150.00"))), MIRA, amount="160.00")
    with engine.store.read() as tx:
        ((asked, _),) = tx.queue()
    with pytest.raises(Refused, match="edited what"):
        engine.approve(asked.id, MIRA, digest=asked.digest)
    sign(engine, asked, DANA)
    assert statuses(engine.plan(asked.plan)) == ["approved"]


def test_who_stands_in_may_edit_and_then_does_not_sign(open_engine: Open, clock: FakeClock) -> None:
    """Once they stand in, others edit, too; of what they wrote the card names them neither now nor for later."""
    text = RULES.replace("    within: 24h\n", "    within: 24h\n    then: {after: 2h, ask: finance}\n")
    engine = open_engine(rules(text))
    first = only_approval(engine, submit(engine, transfer("150.00")))
    with pytest.raises(Refused, match="may not decide"):
        edit(engine, first, FAY, amount="140.00")
    clock.move(timedelta(hours=2))
    asked = only_approval(engine, edit(engine, first, FAY, amount="140.00"))
    assert engine.card(asked.id).later == ("finn",)
    clock.move(timedelta(hours=2))
    assert engine.card(asked.id).people == {"manager": ("mira", "omar", "finn")}
    with pytest.raises(Refused, match="edited what"):
        engine.approve(asked.id, FAY, digest=asked.digest)
    sign(engine, asked, FINN)
    assert statuses(engine.plan(asked.plan)) == ["approved"]


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (DANA, "dana asked for a.* and cannot edit it; cancel p-.* and ask anew"),
        (Actor(id="Dana"), "Dana asked for"),
        (Actor(id="eve"), "eve may not decide"),
    ],
)
def test_who_may_not_sign_may_not_edit(who: Actor, why: str, engine: Engine, waiting: Approval) -> None:
    """The requester, under any spelling, and whoever fills no seat are refused; that is recorded and changes nothing."""
    before = engine.plan(waiting.plan)
    with pytest.raises(Refused, match=why):
        edit(engine, waiting, who, amount="1.00")
    with engine.store.read() as tx:
        entry = tx.entries(waiting.plan)[-1]
    assert (entry.event, entry.actor, entry.action, entry.data["verb"]) == ("refused", who, 1, "edit")
    assert engine.plan(waiting.plan) == before
    assert_verifies(engine)


def test_the_requester_does_not_edit_though_their_own_vote_counts(open_engine: Open) -> None:
    """`self: allowed` lets a requester sign, and not edit."""
    text = RULES.replace("    within: 24h\n", "    within: 24h\n    self: allowed\n").replace("[mira, omar]", "[mira, dana]")
    engine = open_engine(rules(text))
    with pytest.raises(Refused, match=r"cancel p-.* and ask anew"):
        edit(engine, only_approval(engine, submit(engine, transfer("150.00"))), DANA, amount="160.00")


def test_an_identity_that_may_not_vote_may_not_edit(engine: Engine, changed_rules: Change) -> None:
    """Where the file does not let claimed identities decide, nobody who is only claimed edits."""
    plan = submit(engine, transfer("150.00"))
    engine.policy = changed_rules("identity: claimed\n", "")
    with pytest.raises(Refused, match="mira is only claimed"):
        edit(engine, only_approval(engine, plan), amount="140.00")
