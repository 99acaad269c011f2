"""IDEMPOTENT and PROBE actions whose receiver fails them: sent again or asked, bounded, and in doubt where nobody knows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from signoff.actions import Retry
from signoff.errors import ClockError, LogInvalid
from signoff.output import print_plan
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, OMAR, Open, balance, deposit, only_approval, sign, statuses, submit
from tests.app.outside import DAY, Outside, open_outside
from tests.receiver import Receiver, Treatment

DROP, ERROR, LOSE, REFUSE = Treatment.DROP, Treatment.ERROR, Treatment.LOSE, Treatment.REFUSE
DENIED = "  - {id: stop, deny: [pay, book]}\n"
Make = Callable[..., Outside]


@pytest.fixture
def make(open_engine: Open, clock: FakeClock, receiver: Receiver) -> Make:
    """Open an engine; what is said of its actions is given."""
    return lambda rules="", **declared: open_outside(open_engine, clock, receiver, rules, **declared)


@pytest.fixture
def outside(make: Make) -> Outside:
    """An engine over a new database, whose actions reach a receiver."""
    return make()


# -- IDEMPOTENT


@pytest.mark.parametrize("treatment", [DROP, ERROR])
def test_it_is_sent_again_with_the_same_key(outside: Outside, treatment: Treatment) -> None:
    """Where no answer comes, or an error after it happened, it is sent again, and the receiver knows it by its key."""
    outside.receiver.script(treatment)
    plan = outside.submit("pay")
    assert statuses(plan) == ["done"]
    assert plan.actions[0].attempt == 2
    assert outside.receiver.by_key("requests") == {plan.actions[0].key: 2}
    assert outside.receiver.told() == [1]
    assert outside.events(plan) == ["executing", "retry", "executing", "done"]
    retry = outside.entries(plan)[1]
    assert (retry.data["attempt"], retry.data["due"]) == (1, "2026-03-02T09:30:00.500000Z")
    assert "RemoteDisconnected" in str(retry.data["error"]) or "answered 500" in str(retry.data["error"])
    outside.verifies()


def test_only_not_done_proves_that_it_failed(outside: Outside) -> None:
    """NotDone, and nothing else, makes it failed, and it is not sent again."""
    outside.receiver.script(REFUSE, REFUSE, REFUSE)
    plan = outside.submit("pay", "book", "shout")
    assert statuses(plan) == ["failed"] * 3
    assert outside.receiver.told("requests") == [1] * 3
    assert outside.naps.taken == []


def test_attempts_are_bounded_and_further_and_further_apart(outside: Outside) -> None:
    """After the last attempt it is in doubt; each delay is twice the one before."""
    outside.receiver.script(*[LOSE] * 10)
    plan = outside.submit("pay")
    assert statuses(plan) == ["in_doubt"]
    assert outside.receiver.told("requests") == [4]
    assert outside.naps.taken == [0.5, 1, 2]
    assert "not sent again: it was tried 4 times" in str(plan.actions[0].error)
    assert [statuses(one) for one in outside.engine.resume(DANA)] == []
    assert outside.receiver.told("requests") == [4]
    outside.verifies()


def test_nothing_is_sent_outside_the_window(make: Make) -> None:
    """An attempt that would come after the receiver has forgotten the key is not made."""
    outside = make(window=timedelta(seconds=4), retry=Retry(attempts=10, delay=1))
    outside.receiver.script(*[LOSE] * 10)
    plan = outside.submit("pay")
    assert statuses(plan) == ["in_doubt"]
    assert outside.receiver.told("requests") == [3]  # at 0, 1 and 3 seconds; the next would be at 7
    assert "removes duplicates for 0:00:04 from the first attempt" in str(plan.actions[0].error)


@pytest.mark.parametrize(("later", "status", "requests"), [(DAY - timedelta(seconds=1), "done", 2), (DAY, "in_doubt", 1)])
def test_the_window_counts_from_the_first_attempt(make: Make, later: timedelta, status: str, requests: int) -> None:
    """What was left for later is sent inside the window only, whichever process goes on with it."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(DROP)
    plan = outside.submit("pay")
    assert statuses(plan) == ["executing"]
    outside.clock.move(later)
    if later >= DAY:
        outside.receiver.forget()
    plan = outside.reopen().resume(plan)
    assert statuses(plan) == [status]
    assert outside.receiver.told("requests") == [requests]
    assert outside.receiver.told() == [1]
    outside.verifies()


def test_a_missing_look_at_the_window_is_seen(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks at the window, the receiver has forgotten the key, and its own count tells of a second effect."""
    monkeypatch.setattr("signoff.stepping.obstacle", lambda *_: None)
    monkeypatch.setattr(
        "signoff.outside.Outside.execute", lambda _, started, run, is_ours: run(started.action, started.execution)
    )
    with pytest.raises(AssertionError, match="done"):
        test_the_window_counts_from_the_first_attempt(make, DAY, "in_doubt", 1)
    assert make().receiver.told() == [2]


def test_a_first_attempt_waits_for_a_clock_that_is_right(outside: Outside) -> None:
    """With a clock that stands before the newest Entry no window can be judged, so nothing of it is sent."""
    submit(outside.engine, deposit("5"))
    outside.clock.move(timedelta(hours=-1))
    with pytest.raises(ClockError, match="the clock stands before the newest entry"):
        outside.submit("pay")
    assert outside.receiver.told("requests") == []


def test_a_further_attempt_waits_for_a_clock_that_is_right(make: Make) -> None:
    """The same holds for what was put off: whether it is still inside its window, that clock cannot tell."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay")
    outside.clock.move(timedelta(minutes=2))
    submit(outside.engine, deposit("5"))
    outside.clock.move(timedelta(hours=-1))
    with pytest.raises(ClockError, match="the clock stands before the newest entry"):
        outside.resume(plan)
    assert outside.receiver.told("requests") == [1]
    outside.clock.move(timedelta(hours=1))
    assert statuses(outside.resume(plan)) == ["done"]


def test_the_window_is_looked_at_again_right_before_it_is_sent(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was held up between its intent and the effect does not send outside the window."""
    outside.receiver.script(DROP)
    begin = outside.engine._executor._begin

    def held_up(tx: Any, ready: Any, actor: Any) -> Any:
        started = begin(tx, ready, actor)
        if started.record.attempt == 2:
            tx.after_commit.append(lambda: outside.clock.move(DAY))
        return started

    monkeypatch.setattr(outside.engine._executor, "_begin", held_up)
    plan = outside.submit("pay")
    assert statuses(plan) == ["in_doubt"]
    assert outside.receiver.told("requests") == [1]


def test_the_rest_goes_on_before_it_is_sent_again(outside: Outside) -> None:
    """Nothing waits for another attempt that does not need it, and what needs it runs after it."""
    outside.receiver.script(DROP)
    plan = submit(outside.engine, {"type": "pay"}, deposit("5"), {"type": "shout", "needs": [1]})
    assert statuses(plan) == ["done"] * 3
    with outside.engine.store.read() as tx:
        told = [(one.event, one.action) for one in tx.entries(plan.id) if one.event in ("executing", "retry", "done")]
    first = [("executing", 1), ("retry", 1), ("executing", 2), ("done", 2)]
    assert told == [*first, ("executing", 1), ("done", 1), ("executing", 3), ("done", 3)]


def test_waiting_is_bounded_for_all_plans_together(make: Make) -> None:
    """One verb waits for five seconds at most, however many plans wait; the rest is left to the next `resume`."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(*[LOSE] * 7)
    for _ in range(3):
        assert statuses(outside.submit("pay")) == ["executing"]
    outside.clock.move(timedelta(hours=1))
    plans = outside.reopen(retry=Retry(delay=2, attempts=3)).engine.resume(DANA)
    assert [statuses(plan) for plan in plans] == [["in_doubt"], ["executing"], ["executing"]]
    assert outside.receiver.told("requests") == [3, 2, 2]


def test_it_is_not_sent_again_where_the_rules_now_deny_it(make: Make) -> None:
    """Each further attempt is decided anew: a deny leaves it in doubt, as the first attempt may have happened."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay")
    outside.clock.move(timedelta(minutes=2))
    plan = outside.reopen(DENIED).resume(plan)
    assert statuses(plan) == ["in_doubt"]
    assert "not tried again: the rules in force now deny it" in str(plan.actions[0].error)
    assert outside.receiver.told("requests") == [1]
    outside.verifies()


def test_votes_serve_every_attempt_of_what_they_signed(make: Make) -> None:
    """Another attempt is the same intent: it uses the same votes, as long as the rules ask for the same signatures."""
    outside = make()
    outside.receiver.script(DROP)
    plan = outside.submit("pay", note="sign")
    sign(outside.engine, only_approval(outside.engine, plan), MIRA)
    assert statuses(outside.resume(plan)) == ["done"]
    assert outside.receiver.told("requests") == [2]
    outside.verifies()


@pytest.mark.parametrize(
    ("rules", "later", "reason"),
    [
        ("  - {id: more, approve: pay, by: {role: finance, count: 2}}\n", 1, "now ask for other signatures"),
        ("", 25, "the time of its approval is over"),
    ],
)
def test_votes_serve_no_other_rules_and_no_later_time(make: Make, rules: str, later: int, reason: str) -> None:
    """Where others must sign by now, or the time to sign is over, it is not sent again."""
    outside = make(retry=Retry(delay=60), window=timedelta(days=3))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay", note="sign")
    sign(outside.engine, only_approval(outside.engine, plan), OMAR)
    assert statuses(outside.resume(plan)) == ["executing"]
    outside.clock.move(timedelta(hours=later))
    plan = outside.reopen(rules).resume(plan)
    assert statuses(plan) == ["in_doubt"]
    assert reason in str(plan.actions[0].error)
    assert outside.receiver.told("requests") == [1]


# -- PROBE


def test_what_happened_is_not_done_again(outside: Outside) -> None:
    """Where no answer came and the receiver says that it happened, it is done."""
    outside.receiver.script(DROP)
    plan = outside.submit("book")
    assert statuses(plan) == ["done"]
    assert (plan.actions[0].attempt, plan.actions[0].error) == (1, "the receiver says that it happened")
    assert outside.receiver.told() == [1]
    assert outside.events(plan) == ["executing", "retry", "asking", "done"]
    assert outside.entries(plan)[-1].data["happened"] is True
    outside.verifies()


def test_what_did_not_happen_is_done_again(outside: Outside) -> None:
    """Where the receiver says that it did not happen, it is tried again."""
    outside.receiver.script(LOSE)
    plan = outside.submit("book")
    assert statuses(plan) == ["done"]
    assert outside.receiver.told("requests") == [2]
    assert outside.receiver.told() == [1]
    assert outside.events(plan) == ["executing", "retry", "asking", "probed", "executing", "done"]
    assert outside.entries(plan)[3].data["happened"] is False
    outside.verifies()


def test_what_never_happens_is_failed(outside: Outside) -> None:
    """Where the receiver says after the last attempt that it did not happen, it is failed and skips what needs it."""
    outside.receiver.script(*[LOSE] * 10)
    plan = submit(outside.engine, {"type": "book"}, {"type": "shout", "needs": [1]})
    assert statuses(plan) == ["failed", "skipped"]
    assert plan.actions[0].error == "the receiver says that it did not happen"
    assert outside.receiver.told("requests") == [4]
    assert outside.receiver.told() == []
    outside.verifies()


def test_no_answer_is_asked_for_again_and_then_in_doubt(outside: Outside) -> None:
    """Where the receiver does not say, it is asked again, as often as it may; then it is in doubt."""
    outside.receiver.script(DROP)
    outside.receiver.answers(*[DROP] * 10)
    plan = outside.submit("book")
    assert statuses(plan) == ["in_doubt"]
    assert outside.events(plan) == ["executing", "retry", *("asking", "probed") * 3, "asking", "in_doubt"]
    assert outside.receiver.told("asked") == [4]
    assert outside.receiver.told("requests") == [1]
    assert outside.naps.taken == [0.5, 0.5, 1, 2]
    outside.verifies()


def test_an_answer_that_comes_at_last_counts(outside: Outside) -> None:
    """Where the receiver says it at the third question, that is what counts."""
    outside.receiver.script(ERROR)
    outside.receiver.answers(LOSE, LOSE)
    plan = outside.submit("book")
    assert statuses(plan) == ["done"]
    assert (outside.receiver.told("asked"), outside.receiver.told()) == ([3], [1])


def test_it_is_failed_where_it_did_not_happen_and_the_rules_now_deny_it(make: Make) -> None:
    """A further attempt that is denied ends what is known not to have happened."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("book")
    assert statuses(plan) == ["executing"]
    outside.clock.move(timedelta(minutes=2))
    plan = outside.reopen(DENIED).resume(plan)
    assert statuses(plan) == ["failed"]
    assert "the rules in force now deny it" in str(plan.actions[0].error)
    assert outside.receiver.told("requests") == [1]
    outside.verifies()


def test_what_is_put_off_still_counts(make: Make) -> None:
    """What waits for another attempt is shown with why, and resumed by whoever comes."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(DROP)
    plan = outside.submit("book")
    assert statuses(plan) == ["executing"]
    assert "RemoteDisconnected" in str(plan.actions[0].error)
    other = outside.reopen()
    assert balance(other.engine) == "1000.00"  # another verb leaves it alone
    assert statuses(other.engine.plan(plan.id)) == ["executing"]
    outside.clock.move(timedelta(minutes=2))
    assert [statuses(one) for one in other.engine.resume(DANA)] == [["done"]]
    outside.verifies()


@pytest.mark.parametrize(
    ("type_", "treatment", "attempts", "status"),
    [
        ("pay", DROP, 2, "done"),
        ("pay", LOSE, 2, "done"),
        ("book", DROP, 1, "done"),
        ("book", LOSE, 2, "done"),
        ("shout", DROP, 1, "in_doubt"),
    ],
)
def test_after_a_crash_it_goes_on_as_its_effect_allows(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, type_: str, treatment: Treatment, attempts: int, status: str
) -> None:
    """What a dead process left is sent again, asked about, or in doubt; its effect is there once."""
    from signoff.actions import run_action

    def die(*arguments: Any) -> None:
        run_action(*arguments)
        raise KeyboardInterrupt

    outside.receiver.script(treatment)
    monkeypatch.setattr("signoff.stepping.run_action", die)
    with pytest.raises(KeyboardInterrupt):
        outside.submit(type_)
    monkeypatch.undo()
    (plan,) = outside.reopen().engine.resume(DANA)
    assert statuses(plan) == [status]
    assert plan.actions[0].attempt == attempts
    assert outside.receiver.told() == [1]
    outside.verifies()


def test_another_effect_than_at_acceptance_is_not_tried_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program was changed and declares another effect now, what was put off is in doubt."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay")
    outside.clock.move(timedelta(minutes=2))
    pay = outside.engine.registry["pay"]
    monkeypatch.setattr(pay, "effect", outside.engine.registry["shout"].effect)
    plan = outside.resume(plan)
    assert statuses(plan) == ["in_doubt"]
    assert "its effect was idempotent when it was accepted, and is opaque now" in str(plan.actions[0].error)


def test_a_time_that_nobody_can_read_is_an_altered_log(make: Make) -> None:
    """An Entry that puts an action off and names no time does not verify, so nothing of its plan runs."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay")
    with outside.engine.store.write() as tx:
        found = tx.plan(plan.id)
        assert found is not None
        tx.put_off(found.action(1), "retry", DANA, error="late", data={"due": "soon"})
    with pytest.raises(LogInvalid, match="Invalid isoformat string: 'soon'"):
        outside.reopen().engine.resume(DANA, plan=plan.id)
    assert outside.receiver.told("requests") == [1]


def test_what_is_put_off_is_shown_with_how_it_goes_on(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan with something that is tried again later names the command that does it."""
    outside = make(retry=Retry(delay=60))
    outside.receiver.script(LOSE)
    plan = outside.submit("pay")
    print_plan(plan, [], [])
    assert f"action 1 is tried again later: signoff resume {plan.id}" in capsys.readouterr().out
