"""Effects that take too long: given up, in doubt or tried again, and what comes of them later is evidence."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.actions import Call
from signoff.testing import FakeClock
from tests.app.banking import DANA, Open, deposit, statuses, submit
from tests.app.outside import Outside, open_outside, wait_for_late
from tests.receiver import Receiver, Treatment

SHORT = 1.0  # seconds: what is held takes longer, whatever the machine does
HOLD, DROP, LOSE = Treatment.HOLD, Treatment.DROP, Treatment.LOSE


@pytest.fixture
def hasty(open_engine: Open, clock: FakeClock, receiver: Receiver) -> Outside:
    """An engine whose actions are given up after a short time."""
    return open_outside(open_engine, clock, receiver, timeout=SHORT)


def test_an_opaque_effect_that_takes_too_long_is_in_doubt(hasty: Outside) -> None:
    """After its timeout it is in doubt, the rest goes on, and what it gave later is told and moves nothing."""
    hasty.receiver.script(HOLD)
    plan = submit(hasty.engine, {"type": "shout"}, deposit("5"))
    assert statuses(plan) == ["in_doubt", "done"]
    assert plan.actions[0].error == "no answer within 1 s"
    hasty.receiver.release()
    wait_for_late()
    submit(hasty.engine, deposit("5"))
    assert statuses(hasty.engine.plan(plan.id)) == ["in_doubt", "done"]
    assert hasty.events(plan) == ["executing", "in_doubt", "late"]
    late = hasty.entries(plan)[-1]
    assert (late.actor.id, late.data["attempt"], late.data["ending"]) == ("signoff", 1, "done")
    assert late.data["result"] == {"receipt": plan.actions[0].key[:8]}
    submit(hasty.engine, deposit("5"))
    assert hasty.events(plan) == ["executing", "in_doubt", "late"]
    assert hasty.receiver.told() == [1]
    hasty.verifies()


def test_an_idempotent_effect_that_takes_too_long_is_sent_again(hasty: Outside) -> None:
    """After its timeout it is sent again with its key, and happens once though both arrive."""
    hasty.receiver.script(HOLD)
    plan = hasty.submit("pay")
    assert statuses(plan) == ["done"]
    hasty.receiver.release()
    wait_for_late()
    assert hasty.engine.resume(DANA) == ()
    assert hasty.events(plan) == ["executing", "retry", "executing", "done", "late"]
    assert (hasty.receiver.told("requests"), hasty.receiver.told()) == ([2], [1])
    hasty.verifies()


def test_what_still_runs_is_not_taken_for_what_did_not_happen(hasty: Outside) -> None:
    """While an attempt that was given up still runs, no receiver is believed that it did not happen: it would happen twice."""
    hasty.receiver.script(HOLD)
    plan = hasty.submit("book")
    assert statuses(plan) == ["in_doubt"]
    assert "an attempt that was given up still runs" in str(plan.actions[0].error)
    hasty.receiver.release()
    wait_for_late()
    assert (hasty.receiver.told("requests"), hasty.receiver.told()) == ([1], [1])
    hasty.verifies()


def test_what_ctrl_c_left_running_is_not_forgotten(hasty: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Ctrl-C ended the wait and the same process goes on, the attempt still runs, and is not made a second time."""

    def interrupted(call: Call[object], timeout: float = 0) -> bool:
        if timeout:
            raise KeyboardInterrupt
        return False

    hasty.receiver.script(HOLD)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Call, "ended", interrupted)
        hasty.submit("book")
    (plan,) = hasty.engine.resume(DANA)
    assert statuses(plan) == ["in_doubt"]
    assert "an attempt that was given up still runs" in str(plan.actions[0].error)
    hasty.receiver.release()
    wait_for_late()
    assert (hasty.receiver.told("requests"), hasty.receiver.told()) == ([1], [1])


def test_a_question_that_takes_too_long_is_no_answer(hasty: Outside) -> None:
    """A receiver that is asked and says nothing in time is asked again."""
    hasty.receiver.script(DROP)
    hasty.receiver.answers(LOSE, HOLD)
    plan = hasty.submit("book")
    assert statuses(plan) == ["done"]
    assert hasty.receiver.told("asked") == [3]
    hasty.receiver.release()
    wait_for_late()
    assert hasty.engine.resume(DANA) == ()
    assert "late" not in hasty.events(plan)


def test_what_a_thread_raises_is_raised_where_it_is_waited_for() -> None:
    """Whatever ends the call, a SystemExit included, ends whoever waits for it."""
    call = Call(lambda: sys.exit(3))
    assert call.ended(60)
    with pytest.raises(SystemExit):
        call.result()


ACTIONS = """
from signoff.actions import Effect, Execution, Registry, action
from tests.receiver import Receiver

@action(effect=Effect.OPAQUE, timeout=3600)
def shout(execution: Execution) -> str:
    return str(Receiver({port}, {box!r}).send(execution.key, keyed=False)[0])

registry = Registry(shout)
"""
RULES = "version: 1\ndefault: deny\nrules:\n  - {id: all, allow: '*'}\n"


def test_ctrl_c_ends_the_wait_for_what_has_time(receiver: Receiver, tmp_path: Path) -> None:
    """Ctrl-C ends a command at once though its action runs and has an hour; what it did is in doubt for the next command."""
    (tmp_path / "shouting.py").write_text(ACTIONS.format(port=receiver.port, box=receiver.box))
    (tmp_path / "policies.yaml").write_text(RULES)
    (tmp_path / "plan.json").write_text('{"actions": [{"type": "shout", "needs": []}]}')
    receiver.script(HOLD)
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}", "SIGNOFF_ACTIONS": "shouting:registry"}

    def command(*arguments: str) -> "subprocess.Popen[bytes]":
        whole = [sys.executable, "-m", "signoff", *arguments]
        return subprocess.Popen(whole, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    with command("run", "--plan", "plan.json") as running:
        _wait_until(lambda: receiver.told("requests") == [1] or running.poll() is not None)
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=60)
    assert (running.returncode, receiver.told()) == (130, []), error
    with command("resume", "--json") as again:
        told = json.loads(again.communicate(timeout=60)[0])
    assert told["actions"][0]["status"] == "in_doubt"
    receiver.release()
    _wait_until(lambda: receiver.told() == [1])


def _wait_until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_no_attempt_is_believed_that_it_did_nothing_while_another_one_still_runs(hasty: Outside) -> None:
    """Where a later attempt is refused while the first one still runs, it is in doubt and not failed: it happens after all."""
    hasty.receiver.script(HOLD, *[Treatment.REFUSE] * 3)
    plan = hasty.submit("pay")
    assert statuses(plan) == ["in_doubt"]
    assert "the receiver refuses it, but an attempt that was given up still runs" in str(plan.actions[0].error)
    hasty.receiver.release()
    wait_for_late()
    assert (hasty.receiver.told("requests"), hasty.receiver.told()) == ([4], [1])
    hasty.verifies()
