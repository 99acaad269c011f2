"""What was read before somebody else moved it changes nothing: the store compares before it sets."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from signoff import Engine
from signoff.audit import Approval, PlanRecord, Status, Writing
from signoff.errors import Busy
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, assert_verifies, only_approval, sign, submit, transfer

Stale = Callable[[Writing, PlanRecord, Approval], object]


def _move(tx: Writing, plan: PlanRecord, approval: Approval) -> None:
    tx.move(plan.actions[0], Status.CANCELLED, DANA)


def _edit(tx: Writing, plan: PlanRecord, approval: Approval) -> None:
    before = plan.actions[0]
    revised = replace(before, revision=2, key="another", status=Status.READY)
    tx.edit(before, revised, MIRA, approval=approval.id, reason="better so", changes={}, decision={})


def _remind(tx: Writing, plan: PlanRecord, approval: Approval) -> None:
    tx.remind(approval, DANA, {})


def _use_votes(tx: Writing, plan: PlanRecord, approval: Approval) -> None:
    tx.use_votes(approval, 1)


@pytest.mark.parametrize("stale", [_move, _edit, _remind, _use_votes])
def test_a_stale_record_changes_nothing(engine: Engine, clock: FakeClock, stale: Stale) -> None:
    """Whoever read an action while it waited moves, edits, reminds and signs nothing of it once it is done."""
    plan = submit(engine, transfer("150.00"))
    approval = only_approval(engine, plan)
    sign(engine, approval, MIRA)
    (done,) = engine.resume(MIRA)
    assert done.actions[0].status is Status.DONE
    with pytest.raises(Busy, match="by another process; look again"), engine.store.write() as tx:
        stale(tx, plan, approval)
    assert engine.plan(plan.id) == done
    assert_verifies(engine)
