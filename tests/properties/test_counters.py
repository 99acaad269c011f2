"""A counter's value is what a plain list of actions says, whatever happens to them, to the process and to the rules."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor, Refused, counting
from signoff.audit import Entry, PlanRecord, Reading, Status, Total, verify_store
from signoff.planner import ActionPlan, PlannedAction
from signoff.policies import parse_policy
from signoff.replaying import Change as Changed
from signoff.replaying import replay

from .counted import OTHERS, REGISTRY, ZONES, Bank, Count, Event, Pay, Rules, Send
from .hunting import assert_caught
from .world import MEMORY

MIRA = Actor(id="mira")
Verb: TypeAlias = "Submit | Decide | Cancel | Resolve | Wait | Change | str"


@dataclass(frozen=True)
class Submit:
    """Somebody asks for a plan; each action may need the one before it."""

    actions: tuple[tuple[Pay, bool], ...]
    who: str


@dataclass(frozen=True)
class Decide:
    """The manager signs or rejects something."""

    pick: int
    approve: bool


@dataclass(frozen=True)
class Cancel:
    """The manager cancels a plan."""

    pick: int


@dataclass(frozen=True)
class Resolve:
    """Somebody says what became of an action that is in doubt."""

    happened: bool


@dataclass(frozen=True)
class Wait:
    """Time goes by."""

    minutes: int


@dataclass(frozen=True)
class Change:
    """Somebody edits the counters."""

    rules: Rules


def do(bank: Bank, verb: Verb) -> None:
    """Do one verb, checking what was decided in it."""
    match verb:
        case Submit():
            _submit(bank, verb)
        case Decide(pick=pick, approve=approve) if found := bank.approvals():
            with suppress(Refused):
                one = found[pick % len(found)]
                if approve:
                    bank.engine.approve(one.id, MIRA, digest=one.digest)
                else:
                    bank.engine.reject(one.id, MIRA, reason="no")
        case Cancel(pick=pick) if bank.events:
            with suppress(Refused):
                bank.engine.cancel(bank.events[pick % len(bank.events)].plan, MIRA)
        case Resolve(happened=happened):
            with bank.store.write() as tx:
                for record in tx.in_doubt()[:1]:
                    tx.move(record, Status.DONE if happened else Status.READY, MIRA)
        case Wait(minutes=minutes):
            bank.clock.move(timedelta(minutes=minutes))
        case Change(rules=rules):
            bank.rules = rules
            bank.engine.policy = parse_policy(rules.text().encode(), "policies.yaml", REGISTRY)
        case "resume":
            bank.engine.resume(MIRA)
        case "restart":
            bank.store.close()
            bank.open()
    bank.look()


def _submit(bank: Bank, verb: Submit) -> None:
    planned = [
        PlannedAction(action=action, needs=(number - 1,) if needs and number > 1 else ())
        for number, (action, needs) in enumerate(verb.actions, 1)
    ]
    before = list(bank.events)
    id_ = bank.engine.submit(ActionPlan(actions=tuple(planned)), Actor(id=verb.who)).id
    lost: set[int] = set()
    for number, one in enumerate(planned, 1):
        assert isinstance(one.action, Pay)
        check(bank, told(bank, id_, number, "decided"), one.action, verb.who, id_, before)
        bank.others[id_, number] = [bank.value(count, one.action, verb.who, id_, before) for count in OTHERS.counts]
        bank.events.append(Event(id_, number, verb.who, one.action, bank.events[-1] if one.needs else None))
        if one.action.how == "denied" or lost & {*one.needs}:
            lost.add(number)
        else:
            before.append(bank.events[-1])


def told(bank: Bank, plan: str, number: int, event: str) -> Mapping[str, str]:
    """The counters that the last such Entry tells."""
    with bank.store.read() as tx:
        found: list[Any] = [entry.data for entry in tx.entries(plan) if (entry.event, entry.action) == (event, number)]
    return dict(found[-1]["decision"].get("counters", {}))


def check(bank: Bank, values: Mapping[str, Any], action: Pay, who: str, plan: str, before: Sequence[Event]) -> None:
    """Compare *values* with the model's."""
    wanted = [bank.value(count, action, who, plan, before) for count in bank.rules.counts]
    compare(values, bank.rules.counts, wanted)


def compare(values: Mapping[str, Any], counts: Sequence[Count], wanted: Sequence[Any]) -> None:
    """Compare *values*, as they are or as text, with those *wanted* of *counts*."""
    for number, count in enumerate(counts):
        found = values[f"c{number}"]
        if isinstance(found, str):
            number_in = found.replace(",", "").split()[0]
            found = None if found == "unknown" else Decimal(number_in)
        assert found == wanted[number], f"{count} is {found}, not {wanted[number]}"


def look_back(bank: Bank) -> None:
    """Replay the past: by the rules that decided all is as it was, and by others their counters are what they would have been."""
    with bank.store.read() as tx:
        for replayed in replay(tx, bank.engine.policy, REGISTRY):
            for one in replayed:
                assert one.then["policy"] != bank.engine.policy.digest or (one.change, one.now) == (Changed.SAME, one.then)
        others = parse_policy(OTHERS.text().encode(), "others.yaml", REGISTRY)
        for one in (one for replayed in replay(tx, others, REGISTRY) for one in replayed):
            assert one.now
            compare(dict(one.now["counters"]), OTHERS.counts, bank.others[one.plan.id, one.action.number])  # type: ignore[arg-type]  # Json


def live(bank: Bank, verbs: Sequence[Verb]) -> Iterator[Verb]:
    """Do one verb after the other; after each, look at what would be decided, and at what was."""
    for verb in verbs:
        started = {(event.plan, event.number): _attempts(bank, event) for event in bank.events}
        do(bank, verb)
        for place, event in enumerate(bank.events):
            if _attempts(bank, event) > started.get((event.plan, event.number), 0) and event.action.how != "denied":
                values = told(bank, event.plan, event.number, "executing")
                check(bank, values, event.action, event.who, event.plan, bank.events[:place])
        for who, probe in PROBES:
            (judged,) = bank.engine.preview(ActionPlan.of(probe), Actor(id=who))
            check(bank, judged.context.counters, probe, who, "", bank.events)
        with bank.store.read() as tx:
            assert verify_store(tx).problems == ()
        yield verb


def _attempts(bank: Bank, event: Event) -> int:
    return bank.engine.plan(event.plan).action(event.number).attempt


PROBES = (
    ("dana", Pay(to="ann", amount=Decimal("0.01"), pieces=1)),
    ("eve", Send(to="BOB", amount=Decimal(7), currency="JPY", pieces=-3)),
)
amounts = st.one_of(
    st.integers(1, 99_999).map(lambda cents: (Decimal(cents) / 100, "USD")),
    st.integers(1, 999).map(lambda yen: (Decimal(yen), "JPY")),
)
pays = st.builds(
    lambda made, to, money, how, pieces: made(to=to, amount=money[0], currency=money[1], how=how, pieces=pieces),
    st.sampled_from([Pay, Send]),
    st.sampled_from(["ann", "Ann", "bob"]),
    amounts,
    st.sampled_from(["well", "well", "asks", "asks", "badly", "denied"]),
    st.integers(-5, 5) | st.sampled_from([None, 2**53 - 1]),
)
types = st.sampled_from([("pay",), ("send",), ("pay", "send")])
windows = st.sampled_from(["plan", "day", "90m", "24h", "48h"])
keys = st.lists(st.sampled_from(["actor.id", "to"]), unique=True, max_size=2).map(tuple)
counts = st.one_of(
    st.builds(lambda of, by, window: Count("amount", of, (*by, "currency"), window), types, keys, windows),
    st.builds(Count, st.just("pieces"), types, keys, windows),
    st.builds(Count, st.none(), types, keys, windows),
)
files = st.builds(Rules, st.lists(counts, min_size=1, max_size=3, unique=True).map(tuple), st.sampled_from(sorted(ZONES)))
submissions = st.builds(
    Submit, st.lists(st.tuples(pays, st.booleans()), min_size=1, max_size=3).map(tuple), st.sampled_from(["dana", "dana", "eve"])
)
verbs: st.SearchStrategy[Verb] = st.one_of(
    submissions,
    submissions,
    st.builds(Decide, st.integers(0, 3), st.booleans()),
    st.builds(Cancel, st.integers(0, 5)),
    st.builds(Resolve, st.booleans()),
    st.builds(Wait, st.sampled_from([1, 44, 45, 89, 90, 120, 23 * 60, 24 * 60])),
    st.builds(Change, files),
    st.sampled_from(["resume", "resume", "restart"]),
)
lives = st.tuples(files, st.lists(verbs, min_size=3, max_size=9))


@given(lives)
def test_a_counter_is_what_a_list_of_actions_says(life: tuple[Rules, Sequence[Verb]]) -> None:
    """At acceptance, before execution and in a preview, each counter is what was done in its window, what is held, and this."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        bank = Bank(Path(folder) / "signoff.db", life[0])
        try:
            for _ in live(bank, life[1]):
                pass
        finally:
            bank.store.close()


@given(lives)
def test_the_past_is_what_it_was(life: tuple[Rules, Sequence[Verb]]) -> None:
    """By the rules that decided them past plans are decided the same again; by others, their counters are as of then."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        bank = Bank(Path(folder) / "signoff.db", life[0])
        try:
            for verb in life[1]:
                do(bank, verb)
            look_back(bank)
        finally:
            bank.store.close()


def test_a_past_in_which_deadlines_do_not_pass_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what expired counts until somebody recorded it, a counter is more than it was."""
    monkeypatch.setattr("signoff.audit.past._lapse", lambda *_: None)
    late = st.tuples(submissions, submissions).map(lambda two: [two[0], Wait(120), two[1]])
    assert_caught(test_the_past_is_what_it_was, st.tuples(files, late), " is ")


def test_a_past_that_knows_the_future_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the end of an action counts for what was accepted before it, a counter is not what it was."""
    past: Any = import_module("signoff.audit.past")
    lives_of = past._lives

    def ended_at_once(plan: PlanRecord, entries: Sequence[Entry]) -> Iterator[Any]:
        return (replace(life, ended=0 if life.ended else None) for life in lives_of(plan, entries))

    monkeypatch.setattr(past, "_lives", ended_at_once)
    assert_caught(test_the_past_is_what_it_was, lives, " is ")


def test_a_deadline_that_releases_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what expired counts until somebody records it, a counter is more than it should be."""
    monkeypatch.setattr(counting, "overdue", lambda *_: [])
    late = submissions.map(lambda first: [first, Wait(120)])
    assert_caught(test_a_counter_is_what_a_list_of_actions_says, st.tuples(files, late), " is ")


def test_counting_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the action itself counts, a counter is less than it should be."""
    monkeypatch.setattr(Reading, "total", lambda *_: Total(0, 0))
    assert_caught(test_a_counter_is_what_a_list_of_actions_says, lives, " is ")
