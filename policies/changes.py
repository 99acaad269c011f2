"""What a new policies file changes, and what may become looser by it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from signoff.canonical import Json

from .asking import spell_time
from .decision import DEFAULT_WITHIN, DecisionEffect

_SHOWN = 5  # changed rows of a table that a sentence names
_SETTINGS = ("default", "approvers", "identity", "currency", "zone", "within", "remind", "delegation", "changes", "invariants")


@dataclass(frozen=True, kw_only=True)
class PolicyChange:
    """The differences between two policies files, by structure."""

    rules_added: tuple[str, ...] = ()
    rules_removed: tuple[str, ...] = ()
    rules_changed: tuple[str, ...] = ()
    roles_changed: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)  # role: added, removed
    lists_changed: tuple[str, ...] = ()
    tables_changed: tuple[str, ...] = ()
    counters_changed: tuple[str, ...] = ()
    settings_changed: tuple[str, ...] = ()
    looser: tuple[str, ...] = ()  # sentences: what may let more through than before

    def to_json(self) -> dict[str, Json]:
        """The change as canonical JSON can hold it."""
        return {
            "rules_added": list(self.rules_added),
            "rules_removed": list(self.rules_removed),
            "rules_changed": list(self.rules_changed),
            "roles_changed": {
                role: {how: list(people) for how, people in change.items()} for role, change in self.roles_changed.items()
            },
            "lists_changed": list(self.lists_changed),
            "tables_changed": list(self.tables_changed),
            "counters_changed": list(self.counters_changed),
            "settings_changed": list(self.settings_changed),
            "looser": list(self.looser),
        }


def compare_policies(old_outline: Mapping[str, Json], new_outline: Mapping[str, Json]) -> PolicyChange:
    """What changes from one `Policy.outline()` to another; an empty one stands for no policy at all.

    `looser` holds everything that may let more through. It is judged by structure alone, and on the safe side:
    a changed condition counts as looser even where it is stricter, and two changes that cancel out are both named.
    What it leaves out lets nothing more through.
    """
    old, new = _Outline(old_outline), _Outline(new_outline)
    return PolicyChange(
        rules_added=tuple(id_ for id_ in new.rules if id_ not in old.rules),
        rules_removed=tuple(id_ for id_ in old.rules if id_ not in new.rules),
        rules_changed=tuple(id_ for id_, rule in new.rules.items() if id_ in old.rules and old.rules[id_] != rule),
        roles_changed=_groups_changed(old.groups("roles"), new.groups("roles")),
        lists_changed=tuple(_groups_changed(old.groups("lists"), new.groups("lists"))),
        tables_changed=tuple(name for name in sorted({*old.tables, *new.tables}) if old.tables.get(name) != new.tables.get(name)),
        counters_changed=tuple(_counters_changed(old, new)),
        settings_changed=tuple(name for name in _SETTINGS if (old.get(name) or None) != (new.get(name) or None)),
        looser=tuple(_looser(old, new)),
    )


class _Outline:
    """Typed access to an outline."""

    def __init__(self, outline: Mapping[str, Json]) -> None:
        self.get = outline.get
        self.tables = cast(Mapping[str, Mapping[str, Json]], outline.get("tables", {}))
        self.rules = cast(Mapping[str, Mapping[str, Json]], outline.get("rules", {}))

    def groups(self, key: str) -> Mapping[str, Sequence[str]]:
        return cast(Mapping[str, Sequence[str]], self.get(key, {}))

    @property
    def default_role(self) -> str | None:
        default = self.get("default", "deny")
        return cast(str, default["approve"]) if isinstance(default, Mapping) else None

    def read_by(self, name: str) -> list[str]:
        """The rules whose conditions read *name*."""
        return [id_ for id_, rule in self.rules.items() if name in _texts(rule["reads"])]

    def read_below(self, name: str) -> list[str]:
        """The rules whose conditions read *name*, or a part of it."""
        below = (f"{name}[", f"{name}.")
        return [id_ for id_, rule in self.rules.items() if any(f"{each}.".startswith(below) for each in _texts(rule["reads"]))]


def _groups_changed(old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
    changed: dict[str, dict[str, list[str]]] = {}
    for name in sorted({*old, *new}):
        before, after = old.get(name, ()), new.get(name, ())
        added, removed = sorted(set(after) - set(before)), sorted(set(before) - set(after))
        if added or removed or (name in old) != (name in new):
            changed[name] = {"added": added, "removed": removed}
    return changed


def _counters_changed(old: _Outline, new: _Outline) -> list[str]:
    before, after = old.get("counters", {}), new.get("counters", {})
    assert isinstance(before, Mapping)
    assert isinstance(after, Mapping)
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _looser(old: _Outline, new: _Outline) -> Iterator[str]:
    yield from _looser_settings(old, new)
    yield from _looser_signing(old, new)
    yield from _looser_groups(old, new)
    yield from _looser_tables(old, new)
    yield from _looser_zone(old, new)
    for id_ in sorted({*old.rules, *new.rules}):
        yield from _looser_rule(id_, old.rules.get(id_), new.rules.get(id_))
    for text in sorted({*_texts(old.get("invariants", ()))} - {*_texts(new.get("invariants", ()))}):
        yield f"the file does not say any more: {text}"


def _looser_settings(old: _Outline, new: _Outline) -> Iterator[str]:
    if new.default_role not in (None, old.default_role):
        yield f"what no allow rule speaks for is approved by {new.default_role} now"
    if old.get("approvers") != new.get("approvers") and new.get("approvers") is not None:
        yield f"{new.get('approvers')} signs now where nobody is named"
    if new.get("identity") == "claimed" != old.get("identity"):
        yield "votes count now although nothing checks who votes (identity: claimed)"
    if old.rules and old.get("currency") != new.get("currency"):
        yield f"plain numbers in rules are in {new.get('currency') or 'no currency'} now, not in {old.get('currency') or 'none'}"


def _looser_zone(old: _Outline, new: _Outline) -> Iterator[str]:
    if old.rules and old.get("zone") != new.get("zone") and (readers := new.read_below("now")):
        zones = f"{new.get('zone') or 'UTC'} now, not in {old.get('zone') or 'UTC'}"
        yield f"hours and days are in {zones}, and {_named(readers)} them"


def _looser_tables(old: _Outline, new: _Outline) -> Iterator[str]:
    for name in sorted({*old.tables, *new.tables}):
        before, after = old.tables.get(name), new.tables.get(name)
        if before != after and (readers := new.read_below(f"tables.{name}")):
            yield f"the table {name} changed ({_rows_changed(before, after)}), and {_named(readers)} it"


def _rows_changed(before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> str:
    """What became of the rows, in words: `Alice: 500, now 900; Bob is gone`."""
    if before is None or after is None or before["columns"] != after["columns"]:
        return "it is new" if before is None else "its columns are others"
    old, new = _rows(before), _rows(after)
    parts = [
        f"{key}: {', '.join(old[key])}, now {', '.join(new[key])}" if key in old and key in new
        else f"{key} is gone" if key in old else f"{key} is new"
        for key in sorted({*old, *new}) if old.get(key) != new.get(key)
    ]  # fmt: skip
    more = len(parts) - _SHOWN
    return "; ".join(parts[:_SHOWN]) + (f"; and {more:,} more" if more > 0 else "") or "its order"


def _rows(table: Mapping[str, Json]) -> dict[str, Sequence[str]]:
    rows = cast(Sequence[Sequence[str]], table["rows"])
    return {row[0]: row[1:] for row in rows}


def _looser_signing(old: _Outline, new: _Outline) -> Iterator[str]:
    """Of the settings, those about who signs and until when."""
    if old.rules and _seconds(new.get("within")) > _seconds(old.get("within")):
        yield f"where no rule says how long, people have {_seconds(new.get('within'))} seconds to sign now"
    longest = cast(int, new.get("delegation") or 0)
    if longest > cast(int, old.get("delegation") or 0):
        yield f"whoever signs may hand their seats to somebody else for {spell_time(longest)} now"
    after = new.get("changes") or []
    if after and (not old.get("changes") or _fewer_sign(old.get("changes"), after)):
        named = ", ".join(f"{count} {role}" for role, count in _counts(after).items())
        yield f"a change of pinned policies needs {named} now"


def _looser_groups(old: _Outline, new: _Outline) -> Iterator[str]:
    asked = new.read_by("actor.roles")
    for role, change in _groups_changed(old.groups("roles"), new.groups("roles")).items():
        for person in change["added"]:
            yield f"{person} has the role {role} now"
        for person in change["removed"]:
            if asked:
                yield f"{person} has the role {role} no longer, and {_named(asked)} actor.roles"
    for name, change in _groups_changed(old.groups("lists"), new.groups("lists")).items():
        if readers := new.read_by(f"lists.{name}"):
            parts = [f"{how} {', '.join(texts)}" for how, texts in change.items() if texts]
            yield f"the list {name} changed ({'; '.join(parts) or 'it is new'}), and {_named(readers)} it"
    for name in _counters_changed(old, new):
        if readers := new.read_by(f"counters.{name}"):
            yield f"the counter {name} changed, and {_named(readers)} it"


def _looser_rule(id_: str, old: Mapping[str, Json] | None, new: Mapping[str, Json] | None) -> Iterator[str]:
    if old is not None and new is not None and old["effect"] == new["effect"]:
        if loosened := list(_loosened(old, new)):
            yield f"the {new['effect']} rule {id_} changed: {', '.join(loosened)}"
        return
    if old is not None and old["effect"] != DecisionEffect.ALLOW:
        yield f"the {old['effect']} rule {id_} is gone"
    if new is not None and new["effect"] == DecisionEffect.ALLOW:
        yield f"the allow rule {id_} is new"


def _loosened(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    """The keys of a rule whose change may let more through."""
    allow = new["effect"] == DecisionEffect.ALLOW
    fewer, more = (old["actions"], new["actions"]) if allow else (new["actions"], old["actions"])
    if set(_texts(more)) - set(_texts(fewer)) and "*" not in _texts(fewer):
        yield "actions"
    for key in ("when", "unless"):
        if old[key] != new[key]:
            yield key
    if _fewer_sign(old["by"], new["by"]):
        yield "by"
    if _seconds(new["within"]) > _seconds(old["within"]):
        yield "within"
    if new.get("self") and not old.get("self"):
        yield "self"
    before, after = _stand_ins(old), _stand_ins(new)
    if any(key not in before or times < before[key] for key, times in after.items()):
        yield "then"


def _stand_ins(rule: Mapping[str, Json]) -> dict[tuple[Json, Json], int]:
    """After how many seconds who may stand in for whom."""
    found = cast(Sequence[Mapping[str, Json]], rule.get("then", ()))
    return {(one["role"], one["who"]): cast(int, one["after"]) for one in found}


def _fewer_sign(old: Json, new: Json) -> bool:
    """Whether some signature that was needed no longer is."""
    before, after = _counts(old), _counts(new)
    return any(after.get(role, 0) < count for role, count in before.items())


def _counts(seats: Json) -> dict[str, int]:
    found = cast(Sequence[Mapping[str, Json]], seats)
    return {cast(str, seat["role"]): cast(int, seat["count"]) for seat in found}


def _seconds(within: Json) -> int:
    return within if isinstance(within, int) else DEFAULT_WITHIN


def _texts(value: Json) -> Sequence[str]:
    return cast(Sequence[str], value)


def _named(rules: Sequence[str]) -> str:
    return f"{', '.join(rules)} {'reads' if len(rules) == 1 else 'read'}"
