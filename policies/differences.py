"""The ways in which two policies decide otherwise, each with an action that shows it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias, cast

from signoff.actions import Kind
from signoff.canonical import Json

from .candidates import Candidates, probe_candidates
from .changes import PolicyChange, compare_policies
from .consequences import Consequence, lets_through
from .decision import Decision, name_seat
from .everyday import first_situation
from .policy import Policy
from .probing import Probes
from .situations import PartValue, Situation
from .touched import names_read, renamed, touched_pairs, touches_default

MAX_TRIED = 30_000  # situations that are decided by both
MAX_WAYS = 200  # of those that let more through, and of the others
MAX_ROUNDED = 20  # numbers of which rounder ones are tried in an example

_Key: TypeAlias = tuple[str, Consequence, Consequence, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way in which a file decides otherwise than another, with the simplest action found that shows it."""

    type: str
    example: Situation
    before: Decision
    after: Decision
    was: Consequence
    becomes: Consequence
    rules_gone: tuple[str, ...]  # that were behind the decision, and are not any more
    rules_new: tuple[str, ...]
    looser: tuple[str, ...]  # in what it lets more through; empty where it is stricter, or only other


@dataclass(frozen=True, kw_only=True)
class Differences:
    """How two policies differ in what they decide."""

    ways: tuple[Way, ...]  # those that let more through first
    change: PolicyChange  # what differs by structure
    renamed: Mapping[str, str]  # rules that only have another id
    unshown: tuple[str, ...]  # what differs by structure, and no action was found that shows it
    beyond: tuple[str, ...]  # what may let more through, and no single action can show
    tried: int  # situations that both decided
    untried: tuple[str, ...]  # action types of which no valid action could be made
    proved: bool  # whether the new file certainly gives no action a less strict effect
    more: bool  # whether there are more ways than are kept

    @property
    def lets_through(self) -> tuple[Way, ...]:
        """The ways that let through what was not let through before."""
        return tuple(way for way in self.ways if way.looser)


def find_differences(
    old: Policy, new: Policy, *, candidates: Candidates = probe_candidates, proved: bool = False, most: int = MAX_TRIED
) -> Differences:
    """Where *new* decides otherwise than *old*, by actions that both decide; *most* of them are tried.

    *candidates* gives the situations to try; *proved* says that no action can get a less strict effect.
    """
    change = compare_policies(old.outline(), new.outline())
    types = [type_ for type_ in new.document.types if touched_pairs(old, new, type_, change) or touches_default(old, new, change)]
    found = _Found(old=old, new=new)
    untried: list[str] = []
    for type_ in types:
        base = first_situation(type_, new)
        if base is None:
            untried.append(type_)
            continue
        share = found.tried + most // len(types)
        for situation in candidates(old, new, type_, change, most // len(types)):
            found.add(situation, base)
            if found.tried >= share:
                break
    ways = tuple(sorted(found.ways(), key=lambda way: not way.looser))
    return Differences(
        ways=ways,
        change=change,
        renamed=renamed(old, new),
        unshown=tuple(_unshown(change, ways, found.behind, old, new)),
        beyond=_beyond(old, new),
        tried=found.tried,
        untried=tuple(untried),
        proved=proved,
        more=found.more,
    )


@dataclass(kw_only=True)
class _Found:
    """The differences so far: of each way the simplest situation."""

    old: Policy
    new: Policy
    tried: int = 0
    more: bool = False  # whether there are more ways than are kept
    behind: set[str] = field(default_factory=set)  # rules behind what was decided otherwise
    _kept: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})  # ways that let more through, and others
    _simplest: dict[_Key, tuple[tuple[float, ...], Situation, Situation]] = field(default_factory=dict)

    _made: dict[str, Probes] = field(default_factory=dict)

    def add(self, situation: Situation, base: Situation) -> None:
        self.tried += 1
        key = self._key(situation)
        if key is None:
            return
        self.behind |= {*situation.decided_by(self.old).rules, *situation.decided_by(self.new).rules}
        if key not in self._simplest:
            looser = bool(lets_through(key[1], key[2]))
            if self._kept[looser] >= MAX_WAYS:
                self.more = True
                return
            self._kept[looser] += 1
        size = _size(situation, base)
        if key not in self._simplest or size < self._simplest[key][0]:
            self._simplest[key] = (size, situation, base)

    def ways(self) -> Iterator[Way]:
        for key, (_, situation, base) in sorted(self._simplest.items(), key=lambda one: one[1][0]):
            example = self._simplified(key, situation, base)
            before, after = example.decided_by(self.old), example.decided_by(self.new)
            yield Way(
                type=key[0],
                example=example,
                before=before,
                after=after,
                was=key[1],
                becomes=key[2],
                rules_gone=key[3],
                rules_new=key[4],
                looser=lets_through(key[1], key[2]),
            )

    def _probes(self, type_: str) -> Probes:
        if type_ not in self._made:
            self._made[type_] = Probes.of(type_, [self.old, self.new])
        return self._made[type_]

    def _key(self, situation: Situation) -> _Key | None:
        """The way in which it is decided otherwise; None where it is not."""
        before, after = situation.decided_by(self.old), situation.decided_by(self.new)
        was, becomes = Consequence.of(before, self.old), Consequence.of(after, self.new)
        if was == becomes:
            return None
        gone = tuple(rule for rule in before.rules if rule not in after.rules)
        return situation.action.type, was, becomes, gone, tuple(rule for rule in after.rules if rule not in before.rules)

    def _simplified(self, key: _Key, situation: Situation, base: Situation) -> Situation:
        """*situation* with as many parts as in *base* as may be, and rounder numbers, as long as it shows the same."""
        probes = self._probes(key[0])
        for part in probes.parts:
            now = situation.value(part)
            unit = probes.unit(part, situation)
            near = [now, *probes.values(part, situation)[:MAX_ROUNDED]] if unit is not None else []
            for value in (base.value(part), *near, *(rounder for one in near for rounder in _rounder(one, unit))):
                changed = situation.changed(part, value) if value != now else None
                if changed is not None and _size(changed, base) < _size(situation, base) and self._key(changed) == key:
                    situation = changed
        return situation


def _size(situation: Situation, base: Situation) -> tuple[float, ...]:
    """How much there is to read: parts that are not as in *base*, digits, letters."""
    parts = [*situation.action.fields, "actor.id", "now.hour", "now.date", "plan.size", "disputed"]
    parts += [f"counters.{name}" for name in situation.before] + [f"in_request({name})" for name in situation.action.fields]
    parts += [f"{what}({name})" for name in situation.sources for what in ("source_of", "trusted")]
    others = {part: value for part in parts if (value := situation.value(part)) != base.value(part)}
    numbers = [value for value in others.values() if isinstance(value, int | Decimal)]
    letters = sum(len(str(value)) for value in others.values() if isinstance(value, str | tuple))
    odd = sum(1 if part == "actor.id" or _is_plain(part, situation) else 2 for part in others)
    return odd, sum(map(_length, numbers)), letters, sum((abs(float(number)) for number in numbers), 0.0)


def _is_plain(part: str, situation: Situation) -> bool:
    """Whether *part* is a field that people look at first: any but a currency."""
    found = situation.action.fields.get(part)
    return found is not None and found.kind is not Kind.CURRENCY


def _length(number: int | Decimal) -> int:
    """How much there is to read of a number: its digits, those that are zeros as well."""
    return _digits(number) + abs(Decimal(number).adjusted())


def _digits(number: int | Decimal) -> int:
    return len(Decimal(number).normalize().as_tuple().digits)


def _rounder(value: PartValue, unit: Decimal | None) -> Iterator[PartValue]:
    """Numbers near *value* with fewer digits, those with the fewest first."""
    if unit is None or isinstance(value, bool) or not isinstance(value, int | Decimal) or not value:
        return
    number = Decimal(value)
    for digits in range(1, _digits(number)):
        step = Decimal(1).scaleb(number.adjusted() + 1 - digits)
        if step < unit:
            return
        for how in (ROUND_FLOOR, ROUND_CEILING):
            yield type(value)((number / step).to_integral_value(how) * step)


def _unshown(change: PolicyChange, ways: tuple[Way, ...], behind: set[str], old: Policy, new: Policy) -> Iterator[str]:
    """What differs by structure, and neither a way nor a rule *behind* one has to do with."""
    same = renamed(old, new)
    for what, ids in (("gone", change.rules_removed), ("new", change.rules_added), ("changed", change.rules_changed)):
        yield from (
            f"the rule {id_} {'changed' if what == 'changed' else f'is {what}'}"
            for id_ in ids
            if id_ not in behind and id_ not in same and id_ not in same.values()
        )
    reading = {id_: {*names_read(rule)} for policy in (old, new) for rule in policy.document.rules if (id_ := rule.id) in behind}
    shown = {name for names in reading.values() for name in names}
    groups = (("list", change.lists_changed), ("table", change.tables_changed), ("counter", change.counters_changed))
    yield from (f"the {kind} {name} changed" for kind, names in groups for name in names if f"{kind}s.{name}" not in shown)
    asked = {who for way in ways for who, _ in (*way.was.people, *way.becomes.people)}
    yield from (f"the role {role} changed" for role in change.roles_changed if role not in asked and "roles" not in shown)
    yield from (f"`{name}` changed" for name in change.settings_changed if not _setting_is_shown(name, ways, shown))


def _setting_is_shown(name: str, ways: tuple[Way, ...], shown: set[str]) -> bool:
    match name:
        case "default":
            return any(not way.before.rules or not way.after.rules for way in ways)
        case "identity":
            return any(way.was.claimed != way.becomes.claimed for way in ways)
        case "within":
            return any(way.was.within != way.becomes.within for way in ways)
        case "approvers":
            return any(way.was.seats != way.becomes.seats for way in ways)
        case "zone" | "currency":
            return name in shown
        case "invariants" | "remind":  # which decide nothing
            return True
    return False


def _beyond(old: Policy, new: Policy) -> tuple[str, ...]:
    """What may let more through although every single action is decided alike: other windows and keys of counters, and who
    changes what is pinned, and whether seats may be handed on."""
    rules = new.outline()["rules"]
    kept = old.counters.keys() & new.counters.keys()  # what reads any other is another rule, of which actions show it
    before, after = ({**_beyond_actions(policy, kept), "rules": rules} for policy in (old, new))
    return (*compare_policies(before, after).looser, *_agreeing_now(old, new))


def _agreeing_now(old: Policy, new: Policy) -> Iterator[str]:
    """Who has joined those who agree to a change of pinned policies."""
    for role in dict.fromkeys(seat.role for seat in new.changes if seat.role in {one.role for one in old.changes}):
        if joined := [person for person in new.people(role) if person not in old.people(role)]:
            yield f"{', '.join(joined)} may agree to a change of pinned policies as {name_seat(role)} now"


def _beyond_actions(policy: Policy, counters_kept: Collection[str]) -> dict[str, Json]:
    outline = policy.outline()
    counters = cast(Mapping[str, Mapping[str, Json]], outline["counters"])
    kept = {name: {key: one[key] for key in ("by", "window", "zone")} for name, one in counters.items() if name in counters_kept}
    return {name: outline[name] for name in ("changes", "delegation")} | {"counters": cast(Json, kept)}
