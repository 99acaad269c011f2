"""Sources: where each value of a plan comes from, as the Engine works it out, stores it and shows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Engine
from signoff.actions import bank_registry
from signoff.audit import PlanRecord, verify_store
from signoff.canonical import digest
from signoff.drawing import format_batch, format_card
from signoff.errors import LogInvalid
from signoff.forms import card_json
from signoff.output import console
from signoff.planner import Context, Trust
from signoff.replaying import replay
from signoff.sources import given_fields
from tests.properties.tampering import Tamperer, tampering

from .banking import DANA, MIRA, Open, only_approval, plan_of, sign, transfer
from .sourced import BESIDE, INVOICE, PAYEES, REQUEST, ask, disputed, sources


@pytest.mark.parametrize(
    ("text", "context", "found", "trusted"),
    [
        (
            "send $150 to Alice from savings",
            (),
            {"to": "request", "amount": "request", "from": "request"},
            {"to", "amount", "from"},
        ),
        (REQUEST, (), {"to": "request", "amount": "none", "from": "none"}, {"to"}),
        (REQUEST, (INVOICE,), {"to": "request", "amount": "invoice", "from": "none"}, {"to"}),
        (None, (INVOICE,), {"to": "none", "amount": "invoice", "from": "none"}, set()),
        (None, BESIDE, {"to": "payees", "amount": "invoice", "from": "payees"}, {"to", "from"}),
        (REQUEST, BESIDE, {"to": "request", "amount": "invoice", "from": "payees"}, {"to", "from"}),
        (None, (), {"to": "none", "amount": "none", "from": "none"}, set()),
    ],
)
def test_a_value_comes_from_the_first_text_that_holds_it(
    text: str | None, context: Sequence[Context], found: Mapping[str, str], trusted: set[str]
) -> None:
    """The request comes first, then trusted contexts, then the others in order; what stands nowhere comes from nowhere."""
    grounds = sources(text, context)
    assert {name: grounds.sources[name] for name in found} == found
    assert grounds.trusted - {"currency"} == trusted
    assert grounds.grounded == {name for name, one in grounds.sources.items() if one == "request"}


def test_trusted_contexts_come_first_and_then_their_order_counts() -> None:
    """Of two contexts that hold a value the trusted one is named, and of two of one trust the one that was given first."""
    first, second = (Context(source=name, text="to Carol") for name in ("first", "second"))
    assert sources(None, (first, second), to="Carol").sources["to"] == "first"
    assert sources(None, (second, first), to="Carol").sources["to"] == "second"
    trusted = replace(second, trust=Trust.TRUSTED)
    assert sources(None, (first, trusted), to="Carol").sources["to"] == "second"
    assert sources(None, (first, trusted), to="Carol").trusted == {"to"}


def test_a_request_that_is_assumed_holds_every_value() -> None:
    """Where nobody tells what the user wrote, all that is given is theirs, in sources, too."""
    grounds = given_fields(bank_registry().read({"type": "transfer", "to": "Alice", "amount": "150"}))
    assert set(grounds.sources.values()) == {"request"}
    assert grounds.grounded == grounds.trusted == grounds.sources.keys()


@given(
    st.lists(st.tuples(st.sampled_from(["Alice", "Bob 150", "$150", "savings", "Carol 20 USD"]), st.booleans()), max_size=5),
    st.none() | st.sampled_from(["send 150 to Alice", "hello", "from savings"]),
)
def test_a_source_holds_the_value_and_none_before_it_does(texts: Sequence[tuple[str, bool]], request: str | None) -> None:
    """Whatever is given, a named source holds the value alone, no text of a higher rank does, and trust is that source's."""
    context = [
        Context(source=f"s{at}", text=text, trust=Trust.TRUSTED if trusted else Trust.UNTRUSTED)
        for at, (text, trusted) in enumerate(texts)
    ]
    ranked = sorted(context, key=lambda one: one.trust is not Trust.TRUSTED)
    grounds = sources(request, context)
    for name, source in grounds.sources.items():
        holding = [one for one in ranked if sources(one.text).sources[name] == "request"]
        if request is not None and sources(request).sources[name] == "request":
            assert source == "request"
        else:
            assert source == (holding[0].source if holding else "none")
        assert (name in grounds.trusted) is (source == "request" or (source != "none" and holding[0].trust is Trust.TRUSTED))


def test_a_preview_reads_what_the_planner_was_given(engine: Engine) -> None:
    """What is decided about a plan that is not stored reads its sources, their trust and the dispute, too."""
    plan = plan_of(engine, transfer("150.00"))
    (judged,) = engine.preview(plan, DANA, request=REQUEST, planner=disputed(plan, "80.00"), context=BESIDE)
    context = judged.context
    assert context.sources == {"to": "request", "amount": "invoice", "currency": "invoice", "from": "none"}
    assert (context.trusted, context.grounded, context.disputed) == (frozenset({"to"}), frozenset({"to"}), True)


def test_whatever_decides_later_reads_the_stored_origin(
    engine: Engine, open_engine: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that signs, edits, runs, explains or replays a plan reads the sources that it was accepted with."""
    seen: list[tuple[Mapping[str, str], frozenset[str], bool]] = []
    plan = ask(engine, transfer("150.00"), transfer("600.00", "Bob"), disputed=["80.00"])
    other = open_engine()
    decide = type(other.policy).decide

    def watched(policy: Any, action: Any, context: Any) -> Any:
        seen.append((context.sources, context.trusted, context.disputed))
        return decide(policy, action, context)

    monkeypatch.setattr(type(other.policy), "decide", watched)
    wanted = ({"to": "request", "amount": "invoice", "currency": "invoice", "from": "none"}, frozenset({"to"}), True)
    first, second = other.approvals_of(plan.id)
    sign(other, first, MIRA)
    other.resume(MIRA, plan=plan.id)
    other.explain(plan.id, 1)
    other.story(plan.id)
    with other.store.read() as tx:
        ((replayed, _),) = replay(tx, other.policy, other.registry)
    assert replayed.plan.disputed == ("80.00",)
    own = [one for one in seen if one[0]["to"] == "request"]
    assert len(own) >= 4
    assert all(one == wanted for one in own)
    seen.clear()
    other.edit(second.id, MIRA, {"to": "Carol", "amount": "150.00"}, reason="not him")
    assert seen[0] == ({"to": "none", "amount": "invoice", "currency": "invoice", "from": "none"}, frozenset(), True)


def test_the_entry_tells_of_the_origin_without_the_texts(engine: Engine) -> None:
    """The Entry of a plan holds each context's source, trust, digest and length, the dispute, and the planner's record whole."""
    plan = ask(engine, transfer("20.00"), disputed=["80.00"], model="m-1", attempts=2, tokens=300, record={"mode": "tools"})
    with engine.store.read() as tx:
        entry = tx.entries(plan.id)[0]
        assert verify_store(tx).problems == ()
    assert entry.data["context"] == [
        {"source": one.source, "trust": one.trust.value, "digest": digest(one.text.encode()), "length": len(one.text)}
        for one in BESIDE
    ]
    assert entry.data["disputed"] == ["80.00"]
    assert entry.data["planned"] == {"model": "m-1", "attempts": 2, "tokens": 300, "record": {"mode": "tools"}}
    assert b"INVOICE" not in entry.body
    assert [one.text for one in plan.context] == [INVOICE.text, PAYEES.text]


def test_a_plan_that_nobody_planned_tells_of_no_origin(engine: Engine) -> None:
    """A plan that was given, with nothing beside it, has an Entry as it always had."""
    plan = engine.submit(plan_of(engine, transfer("20.00")), DANA)
    with engine.store.read() as tx:
        assert tx.entries(plan.id)[0].data.keys() == {"request", "planner", "proposed", "policy"}
    assert (plan.context, plan.disputed, plan.planned) == ((), (), None)


MORE = '{"source":"a","text":"b","trust":"trusted"},'
TAMPERED = {  # what stands in the origin, and what is put there instead
    "a context's text": ("Mallory", "Melanie"),
    "a context's trust": ("untrusted", "trusted"),
    "a context's source": ('"invoice"', '"payment"'),
    "a context more": ('[{"source"', f'[{MORE}{{"source"'),
    "the dispute": ('"80.00"', ""),
    "another dispute": ("80.00", "90.00"),
    "the planner's record": ("tools", "json"),
    "trust in other words": ("untrusted", "certain"),
    "what is no canonical JSON": ('{"context"', '{ "context"'),
    "a key more": ('"disputed"', '"a":1,"disputed"'),
    "a key of a context more": ('"source"', '"a":1,"source"'),
    "a key less": ('"disputed":["80.00"],', ""),
    "a text that is none": ('"80.00"', "80"),
}


@pytest.fixture(scope="module")
def tamperer() -> Any:
    """Another process that writes into databases."""
    with tampering() as running:
        yield running


@pytest.fixture
def planned(engine: Engine) -> PlanRecord:
    """A plan with an origin, whose one action was signed and did not run yet."""
    plan = ask(engine, transfer("150.00"), disputed=["80.00"], record={"mode": "tools"})
    sign(engine, only_approval(engine, plan), MIRA)
    return plan


def assert_nothing_runs(engine: Engine, plan: PlanRecord) -> None:
    """No verb takes *plan* as it stands in the file, `audit verify` reports it alone, and others go on."""
    with engine.store.read() as tx:
        problems = verify_store(tx).problems
    verbs: Sequence[Callable[[], object]] = (
        lambda: engine.resume(MIRA, plan=plan.id),
        lambda: engine.plan(plan.id),
        lambda: engine.explain(plan.id, 1),
        lambda: engine.story(plan.id),
    )
    for verb in verbs:
        with pytest.raises(LogInvalid):
            verb()
    assert problems
    assert all(plan.id in problem for problem in problems)
    assert [one.status for one in ask(engine, transfer("1.00")).actions] == ["done"]


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_an_origin_that_was_edited_runs_nothing(
    engine: Engine, planned: PlanRecord, database: Path, tamperer: Tamperer, old: str, new: str
) -> None:
    """Where another process edits what a planner was given, or said, that is reported, and the plan does not run."""
    sql = "UPDATE plans SET origin = CAST(replace(CAST(origin AS TEXT), ?, ?) AS BLOB) WHERE id = ?"
    tamperer.write(database, (sql, [old, new, planned.id]))
    assert_nothing_runs(engine, planned)


@pytest.mark.parametrize("value", ["NULL", "X'ff'", "'[]'", "CAST('[]' AS BLOB)", "CAST('null' AS BLOB)"])
def test_an_origin_that_was_replaced_runs_nothing(
    engine: Engine, planned: PlanRecord, database: Path, tamperer: Tamperer, value: str
) -> None:
    """Where it is taken out, or something else put in its place, that is reported, and the plan does not run."""
    tamperer.write(database, (f"UPDATE plans SET origin = CAST({value} AS BLOB) WHERE id = ?", [planned.id]))
    assert_nothing_runs(engine, planned)


def test_an_origin_that_was_put_where_none_was_runs_nothing(engine: Engine, database: Path, tamperer: Tamperer) -> None:
    """A plan that came with no contexts is given none behind our back: no trusted one above all."""
    plan = engine.submit(plan_of(engine, transfer("150.00", "Bob")), DANA)
    sign(engine, only_approval(engine, plan), MIRA)
    origin = '{"context":[{"source":"payees","text":"Bob","trust":"trusted"}],"disputed":[],"planned":null}'
    tamperer.write(database, ("UPDATE plans SET origin = CAST(? AS BLOB) WHERE id = ?", [origin, plan.id]))
    assert_nothing_runs(engine, plan)


def lines(capsys: pytest.CaptureFixture[str], shown: Any) -> str:
    """What is shown, as one line with single spaces."""
    capsys.readouterr()
    console().print(shown)
    return " ".join(capsys.readouterr().out.split())


def test_a_card_marks_what_the_user_did_not_write(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """The card names each value's source and its trust, what the planner was given, and what a second opinion says."""
    plan = ask(engine, transfer("150.00"), disputed=["amount: 80.00"])
    card = engine.card(only_approval(engine, plan).id)
    shown = lines(capsys, format_card(card))
    told = "to yes · amount no (from invoice, untrusted) · currency no (from invoice, untrusted) · from no (the default)"
    assert f"Found in it {told}" in shown
    assert "Beside it invoice (untrusted, 45 characters) · payees (trusted, 29 characters)" in shown
    assert "Disputed a second opinion differs amount: 80.00" in shown
    as_json: Any = card_json(card)
    assert as_json["sources"] == {
        "to": {"source": "request", "trusted": True},
        "amount": {"source": "invoice", "trusted": False},
        "currency": {"source": "invoice", "trusted": False},
        "from": {"source": "none", "trusted": False},
    }
    assert as_json["disputed"] == ["amount: 80.00"]
    assert [one["source"] for one in as_json["context"]] == ["invoice", "payees"]


@pytest.mark.parametrize(
    "other",
    [
        {"context": (replace(INVOICE, text=INVOICE.text + " "),)},
        {"context": (replace(INVOICE, trust=Trust.TRUSTED),)},
        {"context": (replace(INVOICE, source="bill"),)},
        {"context": ()},
        {"disputed": ("80.00",)},
    ],
)
def test_the_digest_of_a_card_covers_the_origin(open_engine: Open, tmp_path: Path, other: dict[str, Any]) -> None:
    """Another context, another trust in it, or a dispute gives a card another digest, which each vote holds."""
    engine = open_engine()
    plan = plan_of(engine, transfer("150.00"))
    digests = []
    for how in ({"context": (INVOICE,)}, {"context": (INVOICE,)} | other):
        planned = disputed(plan, *how.pop("disputed", ()))
        record = engine.submit(plan, DANA, request=REQUEST, planner=planned, context=how["context"])
        content = dict(engine.card(only_approval(engine, record).id).content)
        digests.append({name: value for name, value in content.items() if name not in ("approval", "plan")})
    assert digests[0] != digests[1]


def test_a_batch_marks_what_the_user_did_not_write(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Several cards together mark values as one does, and say what their plan's planner was given."""
    plan = ask(engine, transfer("150.00"), transfer("151.00", "Bob"), disputed=["to Bob"])
    shown = lines(capsys, format_batch(engine.batch([one.id for one in engine.approvals_of(plan.id)])))
    assert "found to yes · amount no (from invoice, untrusted)" in shown
    assert "found to no (from payees, trusted) · amount no ·" in shown
    assert "Beside it invoice (untrusted, 45 characters)" in shown
    assert "a second opinion differs to Bob" in shown


def test_a_card_without_contexts_is_as_it_was(engine: Engine) -> None:
    """Where nothing was given beside a request, the content of a card, and so its digest, has nothing of it."""
    plan = engine.submit(plan_of(engine, transfer("150.00")), DANA, request="send $150 to Alice")
    content = engine.card(only_approval(engine, plan).id).content
    assert not {"context", "disputed"} & content.keys()
    assert content["found"] == {"to": "yes", "amount": "yes", "currency": "yes", "from": "no (the default)"}
