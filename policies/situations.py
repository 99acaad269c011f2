"""Situations: one action with who asks for it, when, and what was counted before; and the same with one part changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo
from decimal import ROUND_DOWN, Decimal
from typing import TypeAlias

from signoff.actions import Action, Kind, Secret, from_minor_units
from signoff.actor import Actor
from signoff.canonical import Json

from .cases import MAX_ACTIONS, MAX_COUNTED, Before
from .counters import Counter
from .decision import Context, CounterValue, Decision
from .policy import Policy
from .sources import NONE, REQUEST, is_trusted, source_of

ASKED, SOURCE, TRUSTED = "in_request(", "source_of(", "trusted("  # before the name of a field in that of a part
COUNTED = "counters."  # before the name of a counter in that of a part
ACTOR, HOUR, DATE, SIZE = "actor.id", "now.hour", "now.date", "plan.size"  # the other parts that are no fields
DISPUTED = "disputed"
ELSEWHERE = "elsewhere"  # what a value is taken to stand in where only that it is trusted is asked for

PartValue: TypeAlias = str | int | bool | Decimal | date | tuple[str | int | bool | Decimal, ...] | Secret | None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One action in circumstances that any policy can decide.

    Its parts are named as conditions name them: `amount`, `in_request(amount)`, `source_of(amount)`, `trusted(amount)`,
    `actor.id`, `now.hour`, `now.date`, `plan.size`, `disputed`, and `counters.sent_today`, which is what was counted before
    the action, under every key.
    """

    action: Action
    actor: Actor
    now: datetime | None  # None: the time is not known
    zone: tzinfo | None  # of hours and dates as parts; None: not known, so they cannot be changed
    grounded: frozenset[str]  # the fields whose value the user wrote
    plan_size: int = 1
    before: Before = field(default_factory=dict)  # by counter; 0 where one is left out
    unknown: frozenset[str] = frozenset()  # counters without a value, because something that counts does not say what it adds
    sources: Mapping[str, str] = field(default_factory=dict)  # of the fields whose value stands in something but the request
    trusted: frozenset[str] = frozenset()  # those of them for which that can be trusted
    disputed: bool = False  # whether a second opinion planned otherwise

    @classmethod
    def of(cls, action: Action, context: Context, counters: Mapping[str, Counter], zone: tzinfo | None) -> "Situation":
        """The situation in which a policy with these *counters* decides *action* in *context*."""
        before: dict[str, Decimal] = {}
        unknown: set[str] = set()
        for name, value in context.counters.items():
            own = own_count(counters[name], action)
            if value is None or own is None:
                unknown.add(name)
            else:
                before[name] = Decimal(value) - own
        standing = {name: source_of(context, name) for name in action.fields}
        sources = {name: source for name, source in standing.items() if source not in (REQUEST, NONE)}
        return cls(
            action=action,
            actor=context.actor,
            now=context.now,
            zone=zone,
            grounded=context.grounded,
            plan_size=context.plan_size,
            before=before,
            unknown=frozenset(unknown),
            sources=sources,
            trusted=frozenset(name for name in sources if is_trusted(context, name)),
            disputed=context.disputed,
        )

    def context(self, policy: Policy) -> Context:
        """What *policy* reads beside the action: its counters hold what was counted before, and the action itself once."""
        return Context(
            actor=self.actor,
            grounded=self.grounded,
            plan_size=self.plan_size,
            now=self.now,
            counters={name: self._counted(name, policy) for name in policy.counters_read(self.action.type)},
            sources=self.sources,
            trusted=self.trusted,
            disputed=self.disputed,
        )

    def decided_by(self, policy: Policy) -> Decision:
        """What *policy* says of it."""
        return policy.decide(self.action, self.context(policy))

    def value(self, part: str) -> PartValue:
        """The value of one part; None where it has none."""
        if part.startswith(COUNTED):
            return self.before.get(part.removeprefix(COUNTED), Decimal(0))
        if part.startswith(ASKED):
            return part[len(ASKED) : -1] in self.grounded
        if part.startswith(SOURCE):
            return self.source_of(part[len(SOURCE) : -1])
        if part.startswith(TRUSTED):
            return part[len(TRUSTED) : -1] in self.grounded | self.trusted
        match part:
            case "disputed":
                return self.disputed
            case "actor.id":
                return self.actor.id
            case "plan.size":
                return self.plan_size
            case "now.hour" | "now.date":
                local = self.now.astimezone(self.zone) if self.now and self.zone else None
                return None if local is None else local.hour if part == HOUR else local.date()
        found = self.action.fields.get(part)
        value: PartValue = None if found is None else getattr(self.action, found.attribute)
        return value

    def source_of(self, name: str) -> str:
        """Where the value of a field stands."""
        return REQUEST if name in self.grounded else self.sources.get(name, NONE)

    def changed(self, part: str, value: PartValue) -> "Situation | None":
        """The same with another value of one part; None where that is no valid action, or cannot be.

        A field that is given another value stands where it did before; one that was not given stands in the request. A value
        that is said to be trusted, and stood nowhere, stands elsewhere; one that is moved is not trusted for that.
        """
        match value:
            case bool() if part.startswith(ASKED):
                return self._standing(part[len(ASKED) : -1], REQUEST if value else NONE)
            case str() if part.startswith(SOURCE):
                return self._standing(part[len(SOURCE) : -1], value)
            case bool() if part.startswith(TRUSTED):
                return self._trusting(part[len(TRUSTED) : -1], trusted=value)
            case bool() if part == DISPUTED:
                return replace(self, disputed=value)
            case int() | Decimal() if part.startswith(COUNTED):
                return self._with_before(part.removeprefix(COUNTED), Decimal(value))
            case str() if part == ACTOR:
                return replace(self, actor=replace(self.actor, id=value))
            case int() if part == SIZE:
                return replace(self, plan_size=value) if 1 <= value <= MAX_ACTIONS else None
            case int() if part == HOUR:
                return self._at(hour=value)
            case date() if part == DATE:
                return self._at(day=value)
        return self._with_field(part, value)

    def _standing(self, name: str, source: str) -> "Situation | None":
        """The same where the value of a field, which must be given, stands in *source*, which is not trusted."""
        if self.value(name) is None:
            return None
        rest = {other: held for other, held in self.sources.items() if other != name}
        sources = rest if source in (REQUEST, NONE) else rest | {name: source}
        grounded = self.grounded | {name} if source == REQUEST else self.grounded - {name}
        return replace(self, grounded=grounded, sources=sources, trusted=self.trusted - {name})

    def _trusting(self, name: str, *, trusted: bool) -> "Situation | None":
        source = self.source_of(name)
        if trusted is (name in self.grounded | self.trusted):
            return self
        if not trusted:
            return self._standing(name, NONE if source == REQUEST else source)
        moved = self._standing(name, ELSEWHERE if source == NONE else source)
        return moved and replace(moved, trusted=moved.trusted | {name})

    def _with_before(self, name: str, value: Decimal) -> "Situation | None":
        fits = 0 <= value < MAX_COUNTED and name not in self.unknown
        return replace(self, before={**self.before, name: value}) if fits else None

    def _at(self, hour: int | None = None, day: date | None = None) -> "Situation | None":
        if self.now is None or self.zone is None or (hour is not None and not 0 <= hour <= 23):
            return None
        local = self.now.astimezone(self.zone)
        moved = datetime.combine(day or local.date(), time(local.hour if hour is None else hour, local.minute), self.zone)
        return replace(self, now=moved)

    def _with_field(self, name: str, value: PartValue) -> "Situation | None":
        found = self.action.fields.get(name)
        if found is None:
            return None
        wire: dict[str, object] = self.action.wire() | {name: value}
        if found.kind is Kind.CURRENCY and isinstance(value, str):
            wire |= _in_currency(self.action, name, value)
        try:
            action = type(self.action).model_validate(wire, by_alias=True, by_name=False)
        except Exception:  # it is refused, or the action's own code cannot read it
            return None
        changed = replace(self, action=action)
        if value is None:
            return replace(
                changed,
                grounded=self.grounded - {name},
                sources={other: source for other, source in self.sources.items() if other != name},
                trusted=self.trusted - {name},
            )
        return changed._standing(name, REQUEST) if self.value(name) is None else changed

    def _counted(self, name: str, policy: Policy) -> CounterValue | None:
        counter = policy.counters[name]
        own = own_count(counter, self.action)
        if own is None or name in self.unknown:
            return None
        before = self.before.get(name, Decimal(0))
        if counter.currency is None:
            return int(before) + int(own)
        code = self.value(counter.currency)
        return before.quantize(from_minor_units(1, code), ROUND_DOWN) + own if isinstance(code, str) else None


def own_count(counter: Counter, action: Action) -> CounterValue | None:
    """What *action* itself adds to *counter*; None where it does not say."""
    if action.type not in counter.types and "*" not in counter.types:
        return 0
    if counter.field is None:
        return 1
    value: CounterValue | None = getattr(action, action.fields[counter.field].attribute)
    return value


def _in_currency(action: Action, name: str, code: str) -> Mapping[str, Json | Decimal | list[Decimal]]:
    """The amounts of *action* that the field *name* holds the currency of, with no more decimals than *code* has."""
    try:
        unit = from_minor_units(1, code)
    except ValueError:  # no currency: the action refuses it
        return {}
    changed: dict[str, Json | Decimal | list[Decimal]] = {}
    for found in action.fields.values():
        value = getattr(action, found.attribute)
        if found.currency == name and value is not None:
            amounts = [max(unit, one.quantize(unit, ROUND_DOWN)) for one in (value if found.many else (value,))]
            changed[found.name] = amounts if found.many else amounts[0]
    return changed
