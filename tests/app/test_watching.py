"""What somebody who watches an Engine is told, and how rules are taken up and explained while it is open."""

from pathlib import Path

import pytest

from signoff import Engine
from signoff.audit import ActionRecord
from signoff.errors import PolicyChanged, PolicyInvalid, UsageError
from signoff.policies import DecisionEffect, Policy, load_policy
from tests.app.banking import MIRA, Change, Open, balance, deposit, message, only_approval, sign, statuses, submit, transfer
from tests.conftest import RULES


def test_watcher_is_told_what_is_durable(open_wide: Engine) -> None:
    """External actions are told when they start and have ended, the others when they have ended, each once it is stored."""
    engine = open_wide
    told: list[tuple[int, str, str]] = []  # number, status as told, and status in the store at that moment

    def watch(record: ActionRecord) -> None:
        told.append((record.number, record.status.value, engine.plan(record.plan).action(record.number).status.value))

    with engine.watched(watch):
        submit(engine, deposit("5"), message(), message(how="refused"), transfer("5000", needs=(1,)), message(needs=(3,)))
    assert told == [
        (1, "done", "done"),
        (2, "executing", "executing"),
        (2, "done", "done"),
        (3, "executing", "executing"),
        (3, "failed", "failed"),
    ]
    submit(engine, deposit("5"))
    assert len(told) == 5


def test_resume_is_watched(engine: Engine) -> None:
    """What an approval released is told as it ends."""
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    seen: list[str] = []
    with engine.watched(lambda record: seen.append(record.status)):
        engine.resume(MIRA)
    assert seen == ["done"]


def test_why_an_action_is_decided(engine: Engine, changed_rules: Change) -> None:
    """`explain` gives the action as it stands, and what the rules in force now say about it."""
    plan = submit(engine, transfer("150.00"), deposit("5"))
    record, judged = engine.explain(plan.id, 1)
    assert (record.status, judged.decision.effect, judged.decision.rules) == (
        "waiting",
        DecisionEffect.APPROVE,
        ("large-transfer",),
    )
    engine.policy = changed_rules("amount > 100", "amount > 200")
    assert engine.explain(plan.id, 1)[1].decision.effect is DecisionEffect.ALLOW
    assert engine.plan(plan.id).action(1).status == "waiting"


@pytest.mark.parametrize("number", [0, 3, -1])
def test_why_of_a_number_that_is_not_there(engine: Engine, number: int) -> None:
    """A number that the plan does not have is refused with those that it has."""
    plan = submit(engine, transfer("150.00"), deposit("5"))
    with pytest.raises(UsageError, match="numbered 1 to 2"):
        engine.explain(plan.id, number)


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    """The test's rules in a file."""
    path = tmp_path / "policies.yaml"
    path.write_text(RULES)
    return path


def test_rules_are_taken_up_after_others_changed_them(open_engine: Open, rules_file: Path, changed_rules: Change) -> None:
    """An engine whose rules another one has replaced stops, until it takes up the file anew."""
    old = open_engine()
    balance(old)
    new = open_engine(changed_rules("amount > 100", "amount > 200"))
    balance(new)
    with pytest.raises(PolicyChanged):
        balance(old)
    rules_file.write_text(RULES.replace("amount > 100", "amount > 300"))
    old.take_up(lambda: load_policy(rules_file, old.registry))
    assert statuses(submit(old, transfer("250.00"))) == ["done"]


def test_rules_that_do_not_load_change_nothing(open_engine: Open, rules_file: Path, changed_rules: Change) -> None:
    """Where the file is broken the rules from before stay, and do not come before those that others put in force."""
    engine = open_engine()
    balance(engine)
    rules_file.write_text("nonsense")

    def load() -> Policy:
        return load_policy(rules_file, engine.registry)

    with pytest.raises(PolicyInvalid):
        engine.take_up(load)
    assert statuses(submit(engine, transfer("150.00"))) == ["waiting"]
    balance(open_engine(changed_rules("amount > 100", "amount > 50")))
    with pytest.raises(PolicyInvalid):
        engine.take_up(load)
    with pytest.raises(PolicyChanged):
        submit(engine, transfer("70.00"))


def test_rules_that_change_while_they_are_loaded(open_engine: Open, changed_rules: Change) -> None:
    """Rules that another process puts in force after ours were seen are not replaced by the file that we read before."""
    engine = open_engine()
    balance(engine)

    def load() -> Policy:
        balance(open_engine(changed_rules("amount > 100", "amount > 50")))
        return changed_rules("amount > 100", "amount > 300")

    engine.take_up(load)
    with pytest.raises(PolicyChanged):
        submit(engine, transfer("250.00"))


def test_rules_that_others_put_in_force_are_taken_up(open_engine: Open, changed_rules: Change) -> None:
    """Taking up rules that others put in force decides by them without putting anything in force itself."""
    engine = open_engine()
    balance(engine)
    newer = changed_rules("amount > 100", "amount > 50")
    balance(open_engine(newer))
    engine.take_up(lambda: newer)
    assert statuses(submit(engine, transfer("70.00"))) == ["waiting"]
