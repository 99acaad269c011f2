"""What was put off, or given up and still runs, when somebody cancels, resumes or resolves."""

from datetime import timedelta

import pytest

from signoff.actions import Retry
from signoff.errors import Busy
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, Open, statuses, submit
from tests.app.outside import open_outside, wait_for_late
from tests.receiver import Receiver, Treatment


@pytest.mark.parametrize("type_", ["pay", "book"])
def test_nothing_is_sent_again_after_its_plan_was_cancelled(
    type_: str, open_engine: Open, clock: FakeClock, receiver: Receiver
) -> None:
    """What was put off when its plan was cancelled is not sent any more."""
    world = open_outside(open_engine, clock, receiver, retry=Retry(delay=60))
    receiver.script(Treatment.LOSE)
    plan = submit(world.engine, {"type": type_}, {"type": "shout", "needs": [1]})
    cancelled = world.engine.cancel(plan.id, DANA)
    assert statuses(cancelled) == ["in_doubt", "cancelled"]
    assert (cancelled.actions[0].error or "").endswith("not tried again: cancelled by dana")
    clock.move(timedelta(hours=1))
    world.resume(plan)
    assert receiver.told() == []


def test_an_attempt_that_another_engine_gave_up_is_not_made_again(
    open_engine: Open, clock: FakeClock, receiver: Receiver
) -> None:
    """While an attempt that one engine gave up still runs, another engine over the same file does not try it again."""
    world = open_outside(open_engine, clock, receiver, retry=Retry(delay=60), timeout=1.0)
    receiver.script(Treatment.HOLD)
    plan = world.submit("book")
    other = world.reopen()
    clock.move(timedelta(hours=1))
    other.resume(plan)
    receiver.release()
    wait_for_late()
    assert receiver.told() == [1]


def test_what_still_runs_is_not_resolved_as_not_done(open_engine: Open, clock: FakeClock, receiver: Receiver) -> None:
    """While an attempt that this engine gave up still runs, nobody may say that it was not done."""
    world = open_outside(open_engine, clock, receiver, timeout=1.0)
    receiver.script(Treatment.HOLD)
    plan = world.submit("shout")
    assert statuses(plan) == ["in_doubt"]
    try:
        with pytest.raises(Busy):
            world.engine.resolve(plan.id, 1, MIRA, done=False, reason="it is not there")
        world.resume(plan)
    finally:
        receiver.release()
        wait_for_late()
    assert receiver.told() == [1]
