"""Pinned policies: only what enough of the right people agree to takes their place."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from signoff import Actor, Engine, Refused
from signoff.actor import Identification
from signoff.audit import PinVerb, Store, verify_store
from signoff.errors import Exit, LogInvalid, PolicyChanged, PolicyPinned, UsageError
from signoff.pinning import PinChange
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    LOOSE,
    LOOSER,
    MIRA,
    OMAR,
    TWO,
    Open,
    assert_verifies,
    events,
    only_approval,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.app.conftest import SQL, TAMPER
from tests.conftest import RULES, rules


@pytest.fixture
def pinned(open_engine: Open) -> Engine:
    """An engine whose policies two managers have pinned, as any change of them needs."""
    engine = open_engine(rules(TWO))
    assert not engine.pin(MIRA).made
    assert engine.pin(OMAR).made
    return engine


def load(open_engine: Open, text: str, *actors: Actor) -> list[PinChange]:
    """What *actors* are told, each of whom loads the file that holds *text*."""
    return [open_engine(rules(text)).load(actor) for actor in actors]


def in_force(engine: Engine) -> str | None:
    with engine.store.read() as tx:
        return tx.active_policy()


def test_an_edited_file_is_refused(pinned: Engine, open_engine: Open) -> None:
    """An engine with another file neither decides nor runs nor takes votes nor cancels; nothing changes."""
    plan = submit(pinned, transfer("150.00"))
    approval = only_approval(pinned, plan)
    other = open_engine(rules(LOOSE))
    verbs: list[Callable[[], object]] = [
        lambda: submit(other, transfer("150.00")),
        lambda: other.resume(DANA),
        lambda: sign(other, approval, MIRA),
        lambda: other.reject(approval.id, MIRA, reason="no"),
        lambda: other.cancel(plan.id, DANA),
        lambda: other.pin(MIRA),
        lambda: other.take_up(lambda: rules(LOOSER)),
    ]
    for verb in verbs:
        with pytest.raises(PolicyPinned, match="is not what is pinned") as caught:
            verb()
        assert (caught.value.code, caught.value.exit) == ("policy-pinned", Exit.POLICIES)
    assert (in_force(other), statuses(pinned.plan(plan.id))) == (pinned.policy.digest, ["waiting"])
    assert_verifies(other)


def test_the_pinned_file_decides(pinned: Engine) -> None:
    """With the very file, everything goes on."""
    plan = submit(pinned, transfer("150.00"))
    sign(pinned, only_approval(pinned, plan), MIRA)
    assert statuses(pinned.resume(DANA, plan.id)[0]) == ["done"]


def test_two_people_load(pinned: Engine, open_engine: Open) -> None:
    """The first load proposes and tells what becomes looser; the second by somebody else puts the file in force, still pinned."""
    (first,) = load(open_engine, LOOSE, MIRA)
    assert (first.made, first.agreed, first.needs) == (False, ("mira",), "2 manager (mira, omar)")
    assert first.change.looser == ("the approve rule large-transfer changed: when",)
    assert in_force(pinned) == pinned.policy.digest
    (second,) = load(open_engine, LOOSE, OMAR)
    assert (second.made, second.agreed, second.verb) == (True, ("mira", "omar"), PinVerb.LOAD)
    assert statuses(submit(open_engine(rules(LOOSE)), transfer("150.00"))) == ["done"]
    assert in_force(pinned) == rules(LOOSE).digest
    with pytest.raises(PolicyPinned):
        submit(pinned, transfer("1.00"))
    assert events(pinned, "system") == [
        *("policy", "proposed", "confirmed", "pinned"),
        *("proposed", "confirmed", "policy"),
    ]
    assert_verifies(pinned)


@pytest.mark.parametrize("again", [MIRA, Actor(id="Mira"), Actor(id="MIRA")], ids=str)
def test_nobody_agrees_twice(again: Actor, pinned: Engine, open_engine: Open) -> None:
    """One's own proposal cannot be confirmed, whatever the spelling; the attempt is recorded."""
    load(open_engine, LOOSE, MIRA)
    with pytest.raises(Refused):
        load(open_engine, LOOSE, again)
    assert in_force(pinned) == pinned.policy.digest
    assert events(pinned, "system")[-2:] == ["proposed", "refused"]


def test_spellings_in_a_role_are_one_person(open_engine: Open) -> None:
    """Two spellings in two roles are one person, who agrees once."""
    text = RULES.replace("[fay, finn]", "[Mira, finn]").replace("identity:", "changes: [manager, finance]\nidentity:")
    engine = open_engine(rules(text))
    engine.pin(MIRA)
    with pytest.raises(Refused, match="Mira has already agreed"):
        engine.pin(Actor(id="Mira"))


@pytest.mark.parametrize("actor", [DANA, FAY, Actor(id="eve")], ids=str)
def test_who_has_no_say(actor: Actor, pinned: Engine, open_engine: Open) -> None:
    """Who is not named under `changes` can neither load nor unpin."""
    with pytest.raises(Refused, match="may not change pinned policies: that needs 2 manager"):
        load(open_engine, LOOSE, actor)
    with pytest.raises(Refused, match="may not change pinned policies"):
        pinned.unpin(actor)


def test_the_rules_before_the_change_say_who(pinned: Engine, open_engine: Open) -> None:
    """A file that names others, or fewer, or lets nobody be asked, is loaded by those whom the pinned one names."""
    mine = LOOSE.replace("[mira, omar]", "[eve, zoe]").replace("count: 2}\nidentity", "count: 1}\nidentity")
    with pytest.raises(Refused, match="eve may not"):
        load(open_engine, mine, Actor(id="eve"))
    first, second = load(open_engine, mine, MIRA, OMAR)
    assert (first.made, second.made) == (False, True)
    (change,) = load(open_engine, LOOSER, Actor(id="eve"))
    assert change.made


def test_a_claimed_identity_has_no_say_where_none_counts(open_engine: Open) -> None:
    """Where claimed identities do not count, only somebody whom the operating system knows agrees."""
    engine = open_engine(rules(RULES.replace("identity: claimed\n", "")))
    with pytest.raises(Refused, match="mira is only claimed"):
        engine.pin(MIRA)
    assert engine.pin(Actor(id="mira", how=Identification.OS)).made


def test_where_nobody_is_named(open_engine: Open) -> None:
    """A file that names nobody cannot be pinned: nobody could ever load another."""
    engine = open_engine(rules(RULES.replace("approvers: manager\n", "")))
    with pytest.raises(Refused, match="write `changes: ROLE`"):
        engine.pin(MIRA)


def test_a_file_that_could_never_be_changed(pinned: Engine, open_engine: Open) -> None:
    """A file that names nobody who may change it is not loaded: it would stay pinned for ever."""
    with pytest.raises(UsageError, match="names nobody who could ever load another"):
        load(open_engine, RULES.replace("approvers: manager\n", ""), MIRA)


def test_wrong_use(open_engine: Open) -> None:
    """Loading or unpinning what is not pinned, pinning twice, and loading what is in force are wrong use."""
    engine = open_engine()
    for verb in (engine.load, engine.unpin):
        with pytest.raises(UsageError, match="no policies are pinned"):
            verb(MIRA)
    engine.pin(MIRA)
    with pytest.raises(UsageError, match="pinned already"):
        engine.pin(MIRA)
    with pytest.raises(UsageError, match="in force already"):
        engine.load(MIRA)


def test_a_confirmation_is_for_one_file(pinned: Engine, open_engine: Open) -> None:
    """Agreeing to another file is another proposal: nobody can slip a file under somebody's agreement."""
    load(open_engine, LOOSE, MIRA)
    (other,) = load(open_engine, LOOSE + "# one more comment\n", OMAR)
    assert (other.made, other.agreed) == (False, ("omar",))
    assert in_force(pinned) == pinned.policy.digest


def test_an_old_confirmation_is_void(pinned: Engine, open_engine: Open) -> None:
    """Once anything else was loaded, what was agreed before counts no more, also when the old file is back."""
    load(open_engine, LOOSE, MIRA)
    load(open_engine, LOOSER, MIRA, OMAR)
    (again,) = load(open_engine, LOOSE, OMAR)
    assert (again.made, again.agreed) == (False, ("omar",))
    load(open_engine, TWO, MIRA, OMAR)
    (again,) = load(open_engine, LOOSE, OMAR)
    assert (again.made, again.agreed) == (False, ("omar",))
    assert_verifies(pinned)


def test_an_agreement_ends(pinned: Engine, open_engine: Open, clock: FakeClock) -> None:
    """After a day, or the file's `within`, an agreement does not count any more."""
    load(open_engine, LOOSE, MIRA)
    clock.move(timedelta(hours=24))
    (late,) = load(open_engine, LOOSE, OMAR)
    assert (late.made, late.agreed) == (False, ("omar",))
    clock.move(timedelta(hours=23))
    (in_time,) = load(open_engine, LOOSE, MIRA)
    assert (in_time.made, in_time.agreed) == (True, ("omar", "mira"))
    assert_verifies(pinned)


def test_unpinning_needs_the_same_people(pinned: Engine, open_engine: Open) -> None:
    """Two managers unpin; then a changed file is taken up at once, and what they agreed pins nothing again."""
    assert not pinned.unpin(MIRA).made
    with pytest.raises(Refused, match="already agreed"):
        pinned.unpin(MIRA)
    assert pinned.unpin(OMAR).made
    other = open_engine(rules(LOOSE))
    assert statuses(submit(other, transfer("150.00"))) == ["done"]
    assert not other.pin(MIRA).made
    assert_verifies(other)


def test_an_edit_between_two_who_pin(open_engine: Open) -> None:
    """What the first agreed to pin is not what stands in an edited file: the second one's agreement is a new proposal."""
    open_engine(rules(TWO)).pin(MIRA)
    change = open_engine(rules(LOOSE)).pin(OMAR)
    assert (change.made, change.agreed) == (False, ("omar",))


def test_an_older_engine_does_not_put_its_rules_back(open_engine: Open) -> None:
    """An engine that read its file before the pin, and another one's edit, is refused."""
    older = open_engine(rules(TWO))
    submit(older, transfer("1.00"))
    newer = open_engine(rules(LOOSE))
    newer.pin(MIRA)
    newer.pin(OMAR)
    with pytest.raises(PolicyPinned):
        submit(older, transfer("150.00"))
    with pytest.raises((PolicyPinned, PolicyChanged)):
        older.resume(DANA)


FORGED = """
import json, sys
from pathlib import Path
from signoff import Actor
from signoff.audit import Store
from signoff.canonical import canonical
with Store.open(Path(sys.argv[1])) as store, store.write() as tx:
    {0}
"""


@pytest.mark.parametrize(
    ("forgery", "problem"),
    [
        ('tx.log("unpinned", Actor(id="mira"), {"digest": tx.active_policy()})', "does not tell who agreed"),
        ('tx.log("unpinned", Actor(id="mira"), {"digest": tx.active_policy(), "confirmed": [2, 3]})', "does not tell who agreed"),
        (
            'tx.activate_policy(digest="0" * 64, name="x", source=b"", outline=b"{}", actor=Actor(id="mira"), data=None)',
            "edited|does not tell who agreed",
        ),
        (
            'tx.log("proposed", Actor(id="mira"), {"verb": "load", "digest": "0", "replaces": "0", "change": {}})',
            "policies that were not in force",
        ),
    ],
)
def test_a_change_that_nobody_agreed_to_is_found(forgery: str, problem: str, pinned: Engine, open_engine: Open) -> None:
    """A change put into the log by hand, with all its hashes, is found: the log must tell who agreed."""
    code = FORGED.format(forgery)
    subprocess.run([sys.executable, "-c", code, str(pinned.store.path)], check=True, timeout=60)
    with pinned.store.read() as tx:
        assert verify_store(tx).problems
    for verb in (lambda: open_engine(rules(LOOSE)), lambda: submit(pinned, transfer("1.00"))):
        with pytest.raises(LogInvalid, match=problem):
            verb()


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM entries WHERE number = 4",
        "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'pinned', 'unpinned') AS BLOB) WHERE number = 4",
        "UPDATE policies SET active = NULL",
        "UPDATE policies SET outline = replace(outline, 'mira', 'eve')",
    ],
)
def test_tampering_is_found(edit: str, pinned: Engine, open_engine: Open) -> None:
    """A pin that was removed or changed in the file is found before anything is decided."""
    subprocess.run([sys.executable, "-c", f"{SQL}{TAMPER}", str(pinned.store.path), edit], check=True, timeout=60)
    with pytest.raises(LogInvalid):
        submit(pinned, transfer("1.00"))
    with pytest.raises(LogInvalid):
        open_engine(rules(LOOSE))


def test_a_new_store_has_no_pin(tmp_path: Path) -> None:
    """In a new store nothing is in force, and nothing is pinned."""
    with Store.open(tmp_path / "new.db") as store, store.read() as tx:
        assert (tx.pins().pinned, tx.pins().active) == (False, None)
