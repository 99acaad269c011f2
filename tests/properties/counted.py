"""A bank that keeps a list of what was done, and counters as the sums over that list: what those of the store must be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from signoff import Engine
from signoff.actions import Action, Effect, Execution, Money, Registry
from signoff.audit import NOT_DONE, UNTOUCHED, ApprovalStatus, Status, Store
from signoff.canonical import Json
from signoff.policies import parse_policy
from signoff.testing import CountingIds, FakeClock

START = datetime(2026, 3, 28, 21, 15, tzinfo=UTC)  # 45 minutes before a day of 23 hours begins in Berlin
ZONES = {"UTC": UTC, "Europe/Berlin": ZoneInfo("Europe/Berlin")}


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


OTHERS = Rules(  # what nothing was decided by
    (
        Count("amount", ("pay", "send"), ("actor.id", "currency"), "day"),
        Count(None, ("send",), (), "91m"),
        Count("pieces", ("pay",), ("to",), "25h"),
        Count("amount", ("pay",), ("to", "currency"), "plan"),
    ),
    "Europe/Berlin",
)
