"""A counter's value is what a plain list of actions says, whatever happens to them, to the process and to the rules."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor, Engine, Refused, counting
from signoff.actions import Action, Effect, Execution, Money, Registry
from signoff.audit import NOT_DONE, UNTOUCHED, ApprovalStatus, Entry, PlanRecord, Reading, Status, Store, Total, verify_store
from signoff.canonical import Json
from signoff.planner import ActionPlan, PlannedAction
from signoff.policies import parse_policy
from signoff.replaying import Change as Changed
from signoff.replaying import replay
from signoff.testing import CountingIds, FakeClock

from .hunting import assert_caught
from .world import MEMORY

START = datetime(2026, 3, 28, 21, 15, tzinfo=UTC)  # 45 minutes before a day of 23 hours begins in Berlin
ZONES = {"UTC": UTC, "Europe/Berlin": ZoneInfo("Europe/Berlin")}
MIRA = Actor(id="mira")


class Pay(Action):
    """Change nothing, well or badly."""

    type: Literal["pay"] = "pay"
    to: str
    amount: Annotated[Decimal, Money("currency")]
    currency: str = "USD"
    how: Literal["well", "badly", "asks", "denied"] = "well"
    pieces: int | None = None
    effect: ClassVar[Effect] = Effect.LOCAL

    def run(self, execution: Execution) -> Json:
        """End as told."""
        if self.how == "badly":
            raise ConnectionError("no answer")
        return None


class Send(Pay):
    """The same outside of the database: badly, it is in doubt."""

    type: Literal["send"] = "send"  # type: ignore[assignment]  # another type
    effect: ClassVar[Effect] = Effect.OPAQUE


REGISTRY = Registry(Pay, Send)


@dataclass(frozen=True)
class Count:
    """One counter."""

    of: str | None  # a field; None: actions
    types: tuple[str, ...]
    by: tuple[str, ...]
    window: str

    def line(self, name: str) -> str:
        """As the file says it."""
        what = f"sum: {self.of}, of: [{', '.join(self.types)}]" if self.of else f"count: [{', '.join(self.types)}]"
        return f"  {name}: {{{what}, by: [{', '.join(self.by)}], window: {self.window}}}\n"


@dataclass(frozen=True)
class Rules:
    """A policies file: what asks, what is denied, and counters, which every action reads."""

    counts: tuple[Count, ...]
    zone: str

    def text(self) -> str:
        """The file."""
        reading = "".join(f"- id: r{n}\n  allow: '*'\n  when: counters.c{n} < 0\n" for n in range(len(self.counts)))
        counts = "counters:\n" + "".join(count.line(f"c{n}") for n, count in enumerate(self.counts)) if self.counts else ""
        return (
            f"version: 1\ncurrency: USD\nzone: {self.zone}\napprovers: manager\nidentity: claimed\nroles: {{manager: [mira]}}\n"
            f"{counts}rules:\n- id: all\n  allow: '*'\n- id: denied\n  deny: '*'\n  when: how == \"denied\"\n"
            f"- id: asks\n  approve: '*'\n  when: how == \"asks\"\n  within: 2h\n{reading}"
        )


@dataclass
class Event:
    """One accepted action, as the model knows it."""

    plan: str
    number: int
    who: str
    action: Pay
    needs: "Event | None" = None
    status: Status = Status.READY
    done: datetime | None = None


@dataclass
class Bank:
    """An engine over a real file, and the model: a list of events in the order of acceptance."""

    database: Path
    rules: Rules
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    ids: CountingIds = field(default_factory=CountingIds)
    events: list[Event] = field(default_factory=list)
    others: dict[tuple[str, int], list[Any]] = field(default_factory=dict)  # by action: what OTHERS were at its acceptance

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open the file."""
        self.store = Store.open(self.database, clock=self.clock, ids=self.ids)
        self.engine = Engine(self.store, parse_policy(self.rules.text().encode(), "policies.yaml", REGISTRY), REGISTRY)

    def approvals(self) -> list[Any]:
        """Those that wait."""
        with self.store.read() as tx:
            found = [approval for id_ in tx.plans() for approval in tx.approvals_of(id_)]
        return [one for one in found if one.status is ApprovalStatus.WAITING]

    def look(self) -> None:
        """See how the events stand now: what ended with this verb ended now."""
        for event in self.events:
            before, event.status = event.status, self.engine.plan(event.plan).action(event.number).status
            if event.status in UNTOUCHED and event.needs is not None and event.needs.status in NOT_DONE:
                event.status = Status.SKIPPED  # a deadline passed that nobody has recorded
            if event.status is Status.DONE is not before:
                event.done = self.clock.at

    def value(self, count: Count, action: Pay, who: str, plan: str, before: Sequence[Event]) -> Decimal | int | None:
        """What the counter must be for *action*: *before* it these were accepted."""
        counted = [
            event for event in before if event.action.type in count.types and self._counts(count, event, action, who, plan)
        ]
        if action.type in count.types:
            counted.append(Event(plan, 0, who, action))
        added = [1 if count.of is None else getattr(event.action, count.of) for event in counted]
        if None in added:
            return None
        return sum(added, Decimal(0) if count.of == "amount" else 0)

    def _counts(self, count: Count, event: Event, action: Pay, who: str, plan: str) -> bool:
        for key in count.by:
            mine, other = (who, event.who) if key == "actor.id" else (getattr(action, key), getattr(event.action, key))
            if str(mine).casefold() != str(other).casefold():
                return False
        if event.status in NOT_DONE or (count.window == "plan" and event.plan != plan):
            return False
        if event.done is None or count.window == "plan":
            return True
        if count.window == "day":
            zone = OTHERS.zone if any(count is other for other in OTHERS.counts) else self.rules.zone
            days = [moment.astimezone(ZONES[zone]).date() for moment in (event.done, self.clock.at)]
            return days[0] == days[1]
        return self.clock.at - event.done < {"m": timedelta(minutes=1), "h": timedelta(hours=1)}[count.window[-1]] * int(
            count.window[:-1]
        )


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


OTHERS = Rules(  # what nothing was decided by
    (
        Count("amount", ("pay", "send"), ("actor.id", "currency"), "day"),
        Count(None, ("send",), (), "91m"),
        Count("pieces", ("pay",), ("to",), "25h"),
        Count("amount", ("pay",), ("to", "currency"), "plan"),
    ),
    "Europe/Berlin",
)
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
