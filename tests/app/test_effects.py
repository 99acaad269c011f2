"""What becomes of actions that misbehave, each by its effect."""

from collections.abc import Callable
from typing import Any, Literal

import pytest

from signoff import Engine
from signoff.actions import Action, Effect, Execution, Registry, bank_registry
from signoff.canonical import Json
from signoff.errors import Busy
from tests.app.banking import (
    DANA,
    MIRA,
    OUTBOX,
    Open,
    assert_verifies,
    balance,
    deposit,
    message,
    only_approval,
    plan_of,
    sign,
    statuses,
    submit,
    transfer,
)


def test_opaque_effects(open_wide: Engine) -> None:
    """An OPAQUE action that raises is in doubt and holds what needs it; NotDone alone makes it failed."""
    plan = submit(open_wide, message(), message(how="badly"), message(needs=(2,)), message(how="refused"), message(how="oddly"))
    assert statuses(plan) == ["done", "in_doubt", "ready", "failed", "done"]
    assert plan.actions[1].error == "ConnectionError: no answer"
    assert "cannot be recorded" in str(plan.actions[4].error)
    assert len(OUTBOX) == 3
    open_wide.resume(DANA)
    assert len(OUTBOX) == 3
    assert_verifies(open_wide)


def test_opaque_waits_and_runs_once(open_wide: Engine) -> None:
    """An approved OPAQUE action runs once, with the key that it got at acceptance."""
    plan = submit(open_wide, message("boss"))
    assert OUTBOX == []
    sign(open_wide, only_approval(open_wide, plan), MIRA)
    open_wide.resume(MIRA)
    open_wide.resume(MIRA)
    assert [f"boss {plan.actions[0].key}"] == OUTBOX


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("or rollback", "rolled the whole transaction back"),
        ("own tables", "not authorized"),
        ("too long", "too long to record"),
        ("raise", "something went wrong"),
    ],
)
def test_local_action_that_misbehaves_fails_alone(open_wide: Engine, text: str, error: str) -> None:
    """A LOCAL action that misbehaves is rolled back and failed, and the rest of its plan goes on."""
    plan = submit(open_wide, message(), {"type": "scribble", "text": text}, deposit("5"))
    assert statuses(plan) == ["done", "failed", "done"]
    assert error in str(plan.actions[1].error)
    assert len(OUTBOX) == 1
    assert balance(open_wide) == "1005.00"
    assert_verifies(open_wide)


def test_caution_asks_for_approval(open_engine: Open, changed_rules: Callable[..., Any]) -> None:
    """An action's own caution asks for approval where the rules would allow it."""

    class Careful(Action):
        """Something that wants a second look."""

        type: Literal["careful"] = "careful"
        effect = Effect.READ

        def run(self, execution: Execution) -> Json:
            return None

        def caution(self) -> str | None:
            return "the model was not sure"

    registry = Registry(Careful, *bank_registry().values(), migrations=bank_registry().migrations)
    engine = open_engine(changed_rules("within: 24h", "within: 24h", registry), registry)
    plan = submit(engine, {"type": "careful"})
    approval = only_approval(engine, plan)
    assert (approval.seats, approval.reasons[0]["because"]) == ({"manager": 1}, "the model was not sure")
    sign(engine, approval, MIRA)
    assert statuses(engine.resume(MIRA)[0]) == ["done"]


def test_lost_transaction_is_put_down_to_the_action_that_lost_it(open_wide: Engine, open_engine: Open) -> None:
    """Where another action becomes runnable before the retry, it runs, and the one that lost its transaction fails."""
    other = open_engine(open_wide.policy, open_wide.registry)
    plan = plan_of(open_wide, transfer("150.00"), {"type": "scribble", "text": "or rollback"})
    write = open_wide.store.write
    writes = iter(range(10))

    def write_after_another_has_signed() -> Any:
        if next(writes) == 2:  # submit, the lost one, the retry
            with other.store.read() as tx:
                ((approval, _),) = tx.queue()
            sign(other, approval, MIRA)
        return write()

    open_wide.store.write = write_after_another_has_signed  # type: ignore[method-assign]  # the moment that a race would hit
    assert statuses(open_wide.submit(plan, DANA)) == ["done", "failed"]
    assert balance(other) == "850.00"
    assert_verifies(other)


def test_result_is_kept_whatever_comes_after_it(open_wide: Engine) -> None:
    """What an external action gave is recorded also where the step after it cannot be taken."""
    write = open_wide.store.write
    writes = iter(range(10))

    def fail_once() -> Any:
        if next(writes) == 1:
            raise Busy("another process writes")
        return write()

    open_wide.store.write = fail_once  # type: ignore[method-assign]  # the moment in which another process holds the lock
    with pytest.raises(Busy):
        submit(open_wide, message(), message())
    with open_wide.store.read() as tx:
        (plan,) = tx.plans()
    assert statuses(open_wide.plan(plan)) == ["done", "ready"]
    assert_verifies(open_wide)


def test_doubt_is_told_by_the_run_that_finds_it(open_wide: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run after a crash returns the plans in which it found something in doubt."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("signoff.stepping.run_action", die)
    with pytest.raises(KeyboardInterrupt):
        submit(open_wide, message())
    monkeypatch.undo()
    assert [statuses(plan) for plan in open_wide.resume(DANA)] == [["in_doubt"]]


@pytest.mark.parametrize("kind", ["surrogate", "mute"])
def test_errors_that_cannot_be_written_are_told_all_the_same(open_wide: Engine, kind: str) -> None:
    """An action's error may hold what is no Unicode, or fail to say anything: the action fails, and the plan goes on."""
    plan = submit(open_wide, {"type": "scribble", "text": kind}, message())
    assert statuses(plan) == ["failed", "done"]
    assert_verifies(open_wide)
