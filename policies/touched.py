"""Which rules of two files may decide otherwise: those that differ, and those that read or ask what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from signoff.canonical import Json

from .changes import PolicyChange
from .policy import Policy
from .rule import Rule
from .syntax import Counted, Entry, Keys, Known, Listed, Number, walk

_NAMES = (
    "id",
    "actions",
    "because",
    "remind",
)  # what a rule says that decides nothing about an action of a type that it speaks for


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A rule as it was and as it is; None where it does not speak for the action type, or is not there."""

    old: Rule | None
    new: Rule | None
    asks: bool  # whether what it decides where it matches differs, too

    @property
    def ids(self) -> frozenset[str]:
        """Its id, or both where it was renamed."""
        return frozenset(rule.id for rule in (self.old, self.new) if rule)


def touched_pairs(old: Policy, new: Policy, type_: str, change: PolicyChange) -> list[Pair]:
    """The rules for actions of one type that may decide otherwise, in the new file's order."""
    found = [_pair(one, other, old, new, change) for one, other in _paired(old, new, type_)]
    return [pair for pair in found if pair is not None]


def touches_default(old: Policy, new: Policy, change: PolicyChange) -> bool:
    """Whether an action that no allow rule speaks for may be decided otherwise."""
    seats = (old.document.default, new.document.default)
    asked = any(seat is not None and (seat.role in change.roles_changed) for seat in seats)
    settings = {"within", "identity"} & {*change.settings_changed}
    return seats[0] != seats[1] or asked or (any(seats) and bool(settings))


def renamed(old: Policy, new: Policy) -> dict[str, str]:
    """Rules that say the same under another id: the old one, and the new one."""
    before, after = ({rule.id for rule in policy.document.rules} for policy in (old, new))
    gone = [rule for rule in old.document.rules if rule.id not in after]
    added = [rule for rule in new.document.rules if rule.id not in before]
    found: dict[str, str] = {}
    for rule in gone:
        same = (one for one in added if one.id not in found.values() and _deciding(one) == _deciding(rule))
        if (other := next((one for one in same if one.types == rule.types), None)) is not None:
            found[rule.id] = other.id
    return found


def names_read(rule: Rule) -> Iterator[str]:
    """What of the rest of the file the conditions of *rule* read: `lists.family`, `tables.limits`, `roles`, `now`, `currency`."""
    for condition in rule.conditions:
        for tree in walk(condition.tree):
            match tree:
                case Listed(name=name):
                    yield f"lists.{name}"
                case Keys(name=name) | Entry(table=name):
                    yield f"tables.{name}"
                    yield "currency"  # its numbers may be money
                case Counted(name=name):
                    yield f"counters.{name}"
                case Known(name="actor.roles"):
                    yield "roles"
                case Known(name=name) if name.startswith("now."):
                    yield "zone"
                case Number():
                    yield "currency"


def names_changed(change: PolicyChange) -> frozenset[str]:
    """What differs, in the same names."""
    groups = (("lists", change.lists_changed), ("tables", change.tables_changed), ("counters", change.counters_changed))
    return frozenset(
        [f"{kind}.{name}" for kind, names in groups for name in names]
        + (["roles"] if change.roles_changed else [])
        + [name for name in change.settings_changed if name in ("zone", "currency")]
    )


def _paired(old: Policy, new: Policy, type_: str) -> Iterator[tuple[Rule | None, Rule | None]]:
    before = {rule.id: rule for rule in old.document.rules if type_ in rule.types}
    after = {rule.id: rule for rule in new.document.rules if type_ in rule.types}
    names = {other: one for one, other in renamed(old, new).items()}
    for id_, rule in after.items():
        yield before.pop(names.get(id_, id_), None), rule
    for rule in before.values():
        yield rule, None


def _pair(one: Rule | None, other: Rule | None, old: Policy, new: Policy, change: PolicyChange) -> Pair | None:
    """The pair where something about it differs."""
    if one is None or other is None:
        return Pair(old=one, new=other, asks=True)
    asks = _asked(one) != _asked(other) or _signed_otherwise(other, old, new, change)
    reads = names_changed(change) & {*names_read(one), *names_read(other)}
    return Pair(old=one, new=other, asks=asks) if asks or reads or _deciding(one) != _deciding(other) else None


def _deciding(rule: Rule) -> dict[str, Json]:
    return {name: value for name, value in rule.content().items() if name not in _NAMES}


def _asked(rule: Rule) -> Mapping[str, Json]:
    """What it decides where it matches."""
    return {name: value for name, value in _deciding(rule).items() if name not in ("when", "unless")}


def _signed_otherwise(rule: Rule, old: Policy, new: Policy, change: PolicyChange) -> bool:
    """Whether other people sign, or others count, though the rule says the same."""
    named = {seat.role for seat in rule.seats} | {one.who for one in rule.stand_ins}
    return bool(named & change.roles_changed.keys()) or (bool(rule.seats) and old.identity != new.identity)
