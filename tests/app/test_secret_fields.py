"""Secret fields in the Engine: given to the action that runs and to nobody else, bound to their place, and then gone."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff import Engine, Wanted
from signoff.actions import Effect, Registry, Secret, action, secrets_in
from signoff.audit import Store, reseal, verify_store
from signoff.audit.ciphertexts import Place, open_sealed, seal_opening
from signoff.audit.database import Database
from signoff.audit.keys import new_keys
from signoff.canonical import Json, digest, parse
from signoff.commitment import Opening
from signoff.errors import LogInvalid, PlanInvalid
from signoff.planner import ActionPlan, read_plan
from signoff.policies import parse_policy
from signoff.secret_fields import edited
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, OMAR, Open, only_approval, sign, statuses
from tests.app.outside import wait_for_late
from tests.app.test_secrets_nowhere import RULES, TYPES, VALUE, assert_nowhere
from tests.app.vault import USED, registry
from tests.properties.tampering import Tamperer, tampering

SECRETS = {"CARD_PIN": VALUE, "EMPTY": ""}


@pytest.fixture
def asked() -> list[Wanted]:
    """What was looked up."""
    return []


@pytest.fixture
def engine(open_engine: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[Wanted]) -> Engine:
    """An engine whose actions have secrets, and which looks some up."""
    monkeypatch.chdir(tmp_path)
    opened = open_engine(parse_policy(RULES.encode(), "policies.yaml", registry), registry)

    def look_up(wanted: Wanted) -> str | None:
        asked.append(wanted)
        if wanted.name == "BROKEN":
            raise ConnectionError(f"the vault said {VALUE}")
        return SECRETS.get(wanted.name)

    return Engine(opened.store, opened.policy, registry, sleep=lambda _: None, secrets=look_up)


@pytest.fixture(scope="module")
def tamperer() -> Iterator[Tamperer]:
    with tampering() as tamperer:
        yield tamperer


def plan_of(type_: str = "pay", pin: object = VALUE, note: str | None = None, how: str = "", **more: object) -> ActionPlan:
    fields = {"pin": pin, "note": note, "how": how} | more
    return ActionPlan.of(registry[type_].model_validate(fields))


def used() -> list[str]:
    """The digests of the secrets that actions were given."""
    return [line.split()[1] for line in USED.read_text().splitlines()] if USED.exists() else []


def problems(engine: Engine) -> str:
    with engine.store.read() as tx:
        return "; ".join(verify_store(tx).problems)


DIGEST = sha256(VALUE.encode()).hexdigest()


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("pin", [VALUE, {"secret": "CARD_PIN"}])
def test_an_action_gets_its_secret(engine: Engine, type_: str, pin: object) -> None:
    """An action of each effect is given the value, whether the plan held it or referred to it."""
    plan = engine.submit(plan_of(type_, pin), DANA)
    assert statuses(plan) == ["done"]
    assert used() == [DIGEST]
    assert problems(engine) == ""


def test_what_is_looked_up_is_told_who_wants_it(engine: Engine, asked: list[Wanted]) -> None:
    """The operator's code is told the name, the action's type and field, and who asked for the plan; only when it runs."""
    plan = engine.submit(plan_of("pay", {"secret": "CARD_PIN"}, "sign"), DANA)
    assert asked == []
    sign(engine, only_approval(engine, plan), MIRA)
    engine.resume(MIRA, plan.id)
    assert asked == [Wanted(name="CARD_PIN", action="pay", field="pin", requester=DANA)]


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(("name", "why"), [("NONE", "is not set up"), ("BROKEN", "ConnectionError"), ("EMPTY", "ValueError")])
def test_without_its_secret_nothing_is_sent(engine: Engine, type_: str, name: str, why: str) -> None:
    """Where a reference leads nowhere, the action has failed, and what was raised or found is not told."""
    plan = engine.submit(plan_of(type_, {"secret": name}), DANA)
    assert statuses(plan) == ["failed"]
    assert used() == []
    assert why in str(plan.actions[0].error)
    assert VALUE not in str(plan.actions[0].error)


@pytest.mark.parametrize(("type_", "status"), [("pay", "in_doubt"), ("book", "in_doubt")])
def test_a_secret_that_is_lost_after_an_attempt_proves_nothing(
    engine: Engine, type_: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an earlier attempt may have been sent, a reference that leads nowhere now does not make it failed."""
    monkeypatch.setitem(SECRETS, "CARD_PIN", VALUE)

    def forget(_: float) -> None:
        SECRETS.pop("CARD_PIN", None)

    forgetting = Engine(engine.store, engine.policy, registry, sleep=forget, secrets=lambda wanted: SECRETS.get(wanted.name))
    plan = forgetting.submit(plan_of(type_, {"secret": "CARD_PIN"}, how="fail"), DANA)
    SECRETS.pop("CARD_PIN", None)
    plan = forgetting.resume(DANA, plan.id)[0]
    assert statuses(plan) == [status]
    assert len(used()) >= 1


def test_a_card_tells_that_there_is_one(engine: Engine) -> None:
    """Whoever signs sees that there is a secret, or which one is referred to, and nothing of whether the user wrote it."""
    for pin, told in ((VALUE, "a secret"), ({"secret": "CARD_PIN"}, "the secret CARD_PIN")):
        plan = engine.submit(plan_of("pay", pin, "sign"), DANA, request=f"pay with {VALUE}")
        card = engine.card(only_approval(engine, plan).id)
        assert card.details["pin"] == told
        assert "pin" not in card.found
        assert VALUE not in repr(replace(card, plan=replace(card.plan, request=None)))


def test_equal_secrets_have_other_digests(engine: Engine) -> None:
    """Two actions with the same value have other digests and keys, so nobody sees that it is the same."""
    plans = [engine.submit(plan_of("pay", VALUE, "sign"), DANA) for _ in range(2)]
    assert plans[0].actions[0].digest != plans[1].actions[0].digest


def test_a_commitment_cannot_be_written(engine: Engine) -> None:
    """A plan that holds a commitment, be it another action's, is refused: where it is read, and where it is submitted."""
    plan = engine.submit(plan_of("pay", VALUE, "sign"), DANA)
    stored = registry.load(plan.actions[0].body)
    with pytest.raises(PlanInvalid, match="write the value"):
        engine.submit(ActionPlan.of(stored), DANA)
    with pytest.raises(PlanInvalid, match="write the value"):
        engine.preview(ActionPlan.of(stored), DANA)
    with pytest.raises(PlanInvalid, match="the name under which it is kept"):
        read_plan(plan.proposed, registry)


TAMPERED = {
    "swapped": (
        "WITH old AS MATERIALIZED (SELECT plan, sealed FROM secret_fields) UPDATE secret_fields"
        " SET sealed = (SELECT sealed FROM old WHERE old.plan <> secret_fields.plan)",
        "cannot be opened",
    ),
    "edited": (
        "UPDATE secret_fields SET sealed = CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB)",
        "cannot be opened",
    ),
    "cut": ("UPDATE secret_fields SET sealed = x''", "cannot be opened"),
    "removed": ("DELETE FROM secret_fields", "is not stored"),
    "renamed": ("UPDATE secret_fields SET field = 'spare'", "is not stored"),
    "revised": ("UPDATE secret_fields SET revision = 2", "is not stored"),
    "added": (
        "INSERT INTO secret_fields SELECT plan, number, revision, 'spare', sealed FROM secret_fields",
        "is stored, and nothing needs it",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_an_altered_secret_is_not_used(engine: Engine, tamperer: Tamperer, how: str) -> None:
    """Whatever is done to the stored ciphertexts, nothing of the plan runs, and `audit verify` names it."""
    plans = [engine.submit(plan_of("shout", VALUE, "sign"), DANA) for _ in range(2)]
    for plan in plans:
        sign(engine, only_approval(engine, plan), MIRA)
    sql, told = TAMPERED[how]
    tamperer.write(engine.store.path, (sql, ()))
    assert told in problems(engine)
    for plan in plans:
        with pytest.raises(LogInvalid, match=told):
            engine.resume(MIRA, plan.id)
    assert used() == []


def test_a_secret_sealed_with_another_key_is_not_used(engine: Engine, tamperer: Tamperer) -> None:
    """Who has no key can put no value there that is used; who has it can put none there but the one that was decided."""
    plan = engine.submit(plan_of("shout", VALUE, "sign"), DANA)
    sign(engine, only_approval(engine, plan), MIRA)
    place = Place(plan=plan.id, number=1, revision=1, field="pin")
    for keys, opening in ((new_keys(), Opening.of(VALUE)), (engine.store.keys, Opening.of(VALUE))):
        sealed = seal_opening(keys, place, opening).hex()
        tamperer.write(engine.store.path, (f"UPDATE secret_fields SET sealed = x'{sealed}'", ()))
        with pytest.raises(LogInvalid, match=r"cannot be opened|not the one that was decided"):
            engine.resume(MIRA, plan.id)
    assert used() == []


@pytest.mark.parametrize("end", ["done", "failed", "rejected", "cancelled", "denied", "expired"])
def test_what_is_stored_goes_when_the_action_ends(engine: Engine, clock: FakeClock, end: str) -> None:
    """Once an action has ended, its ciphertext is neither a row nor in the bytes of the file or its write-ahead log."""
    waits = end in ("rejected", "cancelled", "expired")
    note = "deny" if end == "denied" else "sign"
    plan = engine.submit(plan_of("pay", VALUE, note, how="refuse" if end == "failed" else ""), DANA)
    sealed = rows(engine)
    assert len(sealed) == (0 if end == "denied" else 1)
    assert all(any(one in data for data in on_disk(engine)) for one in sealed)
    match end:
        case "rejected":
            engine.reject(only_approval(engine, plan).id, MIRA, reason="no")
        case "cancelled":
            engine.cancel(plan.id, DANA)
        case "expired":
            clock.move(timedelta(days=9))
        case "done" | "failed":
            sign(engine, only_approval(engine, plan), MIRA)
    engine.resume(MIRA, plan.id)
    assert statuses(engine.plan(plan.id)) == [end]
    assert waits == (used() == [] and end != "denied")
    assert rows(engine) == []
    assert not any(one in data or one[12:44] in data for one in sealed for data in on_disk(engine))
    assert problems(engine) == ""


def test_what_is_in_doubt_keeps_its_secret(engine: Engine) -> None:
    """An action in doubt can run again once somebody says that it did not happen, with the value that it had."""
    plan = engine.submit(plan_of("shout", VALUE, how="lose"), DANA)
    assert statuses(plan) == ["in_doubt"]
    assert len(rows(engine)) == 1
    engine.resolve(plan.id, 1, MIRA, done=False, reason="looked")
    assert statuses(engine.resume(MIRA, plan.id)[0]) == ["done"]
    assert used() == [DIGEST, DIGEST]
    assert rows(engine) == []


def test_the_same_values_under_a_new_key(engine: Engine) -> None:
    """`reseal` encrypts every value anew: the new key opens it, at the same place, and the old one does not."""
    plan = engine.submit(plan_of("pay", VALUE, "sign"), DANA)
    old, new = engine.store.keys, new_keys()
    place = Place(plan=plan.id, number=1, revision=1, field="pin")
    database = Database(engine.store.path, create=False)
    with database.writing():
        assert reseal(database, old, new) == 1
    with database.reading():
        ((sealed,),) = database.execute("SELECT sealed FROM secret_fields")
    assert open_sealed(new, place, sealed).value == VALUE
    with pytest.raises(LogInvalid, match="sealed with another key"):
        open_sealed(old, place, sealed)
    with pytest.raises(LogInvalid, match="sealed with another key"), database.writing():
        reseal(database, old, new)
    database.close()


@pytest.mark.parametrize("new", [None, "another value", {"secret": "CARD_PIN"}])
def test_an_edit_keeps_or_replaces_a_secret(engine: Engine, new: Json) -> None:
    """A new revision has the value that the one before had, or another one, and nobody reads either for that."""
    plan = engine.submit(plan_of("shout", VALUE, "sign"), DANA)
    record = plan.actions[0]
    wire: dict[str, Json] = parse(record.body) | {"how": "other"} | ({} if new is None else {"pin": new})
    with engine.store.write() as tx:
        made, openings = edited(tx, record, registry.read(wire), registry)
        with pytest.raises(ValueError, match="not here"):
            secrets_in(made)["pin"].reveal()
        body = made.canonical()
        revised = replace(record, revision=2, body=body, digest=digest(body))
        tx.put_secrets(revised, openings)
        wanted = {None: {"pin": VALUE}, "another value": {"pin": "another value"}}.get(str(new) if new else None, {})
        assert {field: opening.value for field, opening in tx.open_secrets(revised).items()} == wanted
        with pytest.raises(LogInvalid, match="not stored any more"):
            tx.open_secrets(record)
        forged = parse(body) | {"pin": {"commitment": "0" * 64}}
        with pytest.raises(PlanInvalid, match="write the value"):
            edited(tx, revised, registry.read(forged), registry)
        tx.put_secrets(record, {"pin": Opening.of(VALUE)})


def test_nobody_waits_for_a_reader(engine: Engine) -> None:
    """While somebody reads an older state, an action ends all the same; its ciphertext goes from the files after that."""
    plan = engine.submit(plan_of("pay", VALUE, "sign"), DANA)
    (sealed,) = rows(engine)
    reader = Database(engine.store.path, create=False)
    sign(engine, only_approval(engine, plan), MIRA)
    with reader.reading():
        reader.execute("SELECT count(*) FROM plans")
        assert statuses(engine.resume(MIRA, plan.id)[0]) == ["done"]
    reader.close()
    assert statuses(engine.submit(plan_of("pay", VALUE), DANA)) == ["done"]
    assert not any(sealed in data for data in on_disk(engine))


def test_what_comes_late_is_told_without_it(open_engine: Open) -> None:
    """What an attempt gives after it was given up is an Entry without the secret."""
    proceed = Event()

    @action(effect=Effect.OPAQUE, timeout=0.01)
    def slow(pin: Secret) -> str:
        """Takes its time."""
        proceed.wait(60)
        return f"welcome, {pin.reveal()}"

    wide = Registry(slow, *registry.values())
    engine = open_engine(parse_policy(RULES.encode(), "policies.yaml", wide), wide)
    plan = engine.submit(ActionPlan.of(slow.model_validate({"pin": VALUE})), DANA)
    assert statuses(plan) == ["in_doubt"]
    proceed.set()
    wait_for_late()
    engine.resume(DANA, plan.id)
    with engine.store.read() as tx:
        (late,) = [entry for entry in tx.entries(plan.id) if entry.event == "late"]
    assert late.data["result"] == "welcome, ***"


@settings(max_examples=20)
@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=40), st.sampled_from(TYPES))
def test_no_value_is_in_any_file(tmp_path_factory: pytest.TempPathFactory, value: str, type_: str) -> None:
    """Whatever the value, no file beside the database holds it, neither while it waits nor when it is done."""
    folder = tmp_path_factory.mktemp("secrets")
    if len(set(value)) < 4:
        value += "-unlike-anything"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        policy = parse_policy(RULES.encode(), "policies.yaml", registry)
        with Store.open(folder / "signoff.db") as store:
            engine = Engine(store, policy, registry, sleep=lambda _: None)
            plan = engine.submit(plan_of(type_, value, "sign", how="return"), DANA)
            assert_nowhere(value, *on_disk(engine))
            sign(engine, only_approval(engine, plan), MIRA)
            (plan,) = engine.resume(MIRA, plan.id)
            assert statuses(plan) == ["done"]
            assert_nowhere(value, *on_disk(engine), repr(plan).encode())
        assert_nowhere(value, *(path.read_bytes() for path in folder.iterdir() if path.is_file()))


def rows(engine: Engine) -> list[bytes]:
    """The ciphertexts that are stored."""
    with engine.store.read() as tx:
        return [sealed for (sealed,) in tx._database.execute("SELECT sealed FROM secret_fields")]


def on_disk(engine: Engine) -> list[bytes]:
    """The bytes of the database and of every file beside it, read by another process: SQLite's locks end with a descriptor."""
    path = engine.store.path
    files = sorted(path.parent.glob(f"{path.name}*"))
    return [subprocess.run(["cat", each], capture_output=True, check=True, timeout=60).stdout for each in files]


def test_an_edited_action_runs_with_its_secret(engine: Engine) -> None:
    """Somebody edits another field of an action that holds a secret: it is signed anew, and runs with the value that it had."""
    plan = engine.submit(plan_of("shout", VALUE, "sign"), DANA)
    edited_plan = engine.edit(only_approval(engine, plan).id, MIRA, {"how": "other"}, reason="another way")
    assert edited_plan.actions[0].revision == 2
    with engine.store.read() as tx:
        assert verify_store(tx).problems == ()
        assert VALUE not in "".join(entry.body.decode() for entry in tx.entries())
    approval = only_approval(engine, plan)
    engine.approve(approval.id, OMAR, digest=approval.digest)
    assert statuses(engine.resume(OMAR, plan.id)[0]) == ["done"]
    assert used()[-1:] == [sha256(VALUE.encode()).hexdigest()]
