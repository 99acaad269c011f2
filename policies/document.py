"""Reading a whole policies file: its settings, its rules, and what is expected of them."""

from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo, available_timezones

from signoff.actions import Action, Registry, fold_name

from .asking import check_seats, read_time
from .cases import CaseReader
from .columns import TableFile
from .conditions import Around, ConditionReader
from .content import Document
from .counters import CounterReader
from .decision import DecisionEffect, Seat
from .diagnostics import Report, Span, quote, suggest
from .files import Files
from .invariants import InvariantReader
from .nodes import Entries, Items, Node, Scalar
from .people import SeatReader, is_person, read_role
from .reader import MAX_NAME, Held, Reader
from .rule import Groups
from .rules import RuleReader
from .shapes import is_currency
from .tables import Table, read_inline

_KEYS = (
    *("version", "currency", "zone", "default", "approvers", "identity", "within", "remind", "delegation", "changes"),
    *("roles", "lists", "tables", "counters", "rules", "tests", "invariants"),
)
_SURE_ZONE = "Europe/London"  # in every edition of the time zone database


def read_document(root: Node, registry: Registry, report: Report, files: Files) -> Document | None:
    """The file's content, checked for the action types of *registry*; None where the report holds an error."""
    reader = Reader(report)
    entries = reader.entries(root, "a policies file")
    if entries is None:
        return None
    meant = reader.check_keys(entries, "a policies file", _KEYS)
    _version(reader, entries, meant)
    currency = _currency(reader, entries)
    zone = _zone(reader, entries)
    identity = _identity(reader, entries)
    roles = _groups(reader, entries, "roles", "role")
    lists = _groups(reader, entries, "lists", "list")
    tables = _tables(reader, entries, files, currency)
    counters = CounterReader(registry, zone, reader.report).counters(entries["counters"][1]) if "counters" in entries else {}
    approvers = read_role(reader, entries["approvers"][1], "`approvers`", roles) if "approvers" in entries else None
    default = _default(reader, entries, roles)
    within = read_time(reader, entries["within"][1], "`within`") if "within" in entries else None
    remind = read_time(reader, entries["remind"][1], "`remind`") if "remind" in entries else None
    delegation = read_time(reader, entries["delegation"][1], "`delegation`") if "delegation" in entries else None
    changes = _changes(reader, entries, roles)
    around = Around(
        registry=registry,
        currency=currency,
        approvers=approvers,
        within=within,
        remind=remind,
        roles=roles,
        lists=lists,
        tables=tables,
        counters=counters,
    )
    conditions = ConditionReader(around, report)
    rules = RuleReader(conditions, report).rules(entries["rules"][1]) if "rules" in entries else ()
    invariants = InvariantReader(conditions, report).invariants(entries["invariants"][1]) if "invariants" in entries else ()
    cases = CaseReader(registry, zone, roles, counters, rules, report)
    tests = cases.cases(entries["tests"][1]) if "tests" in entries else ()
    _warn(report, entries.keys() | meant, registry, approvers, default)
    if report.failed:
        return None
    return Document(
        currency=currency,
        zone=zone,
        default=default,
        approvers=approvers,
        identity=identity,
        roles=_known(roles),
        lists=_known(lists),
        tables={name: table for name, table in tables.items() if table is not None},
        counters={name: counter for name, counter in counters.items() if counter is not None},
        rules=rules,
        types=dict(registry),
        within=within,
        remind=remind,
        delegation=delegation,
        changes=changes,
        tests=tests,
        invariants=invariants,
        places=_places(entries),
    )


def _places(entries: Held) -> dict[str, Span]:
    """Where each key of the file stands, and each name below `roles`, `lists`, `tables` and `counters`."""
    places = {key: scalar.span for key, (scalar, _) in entries.items()}
    for key in ("roles", "lists", "tables", "counters"):
        node = entries[key][1] if key in entries else None
        if isinstance(node, Entries):
            places |= {f"{key}.{name}": scalar.span for name, (scalar, _) in node.entries.items()}
    return places


def _known(groups: Groups) -> dict[str, tuple[str, ...]]:
    return {name: texts for name, texts in groups.items() if texts is not None}


def _tables(reader: Reader, entries: Held, files: Files, currency: str | None) -> dict[str, Table | None]:
    """The tables, by name: each in the file itself, or in a CSV file that it names with `csv`."""
    held = reader.entries(entries["tables"][1], "`tables`") if "tables" in entries else None
    found: dict[str, Table | None] = {}
    for key, node in (held or {}).values():
        name = reader.name(key, "a table's name", identifier=True)
        rows = reader.entries(node, f"the table `{key.text[:MAX_NAME]}`")
        if name is not None and rows is not None:
            inline = "csv" not in rows
            found[name] = (
                read_inline(reader, name, rows, node) if inline else TableFile(reader, files, currency).read(name, rows, node)
            )
        elif name is not None:
            found[name] = None
    return found


def _version(reader: Reader, entries: Held, meant: set[str]) -> None:
    if "version" not in entries:
        if "version" not in meant:
            reader.report.error("missing-key", "a policies file needs a `version`", None, "write version: 1 as its first line")
        return
    node = entries["version"][1]
    text = reader.text(node, "`version`")
    if text is not None and text != "1":
        reader.report.error("version", f"this program reads version 1, not {quote(text)}", node.span, "write version: 1")


def _currency(reader: Reader, entries: Held) -> str | None:
    if "currency" not in entries:
        return None
    node = entries["currency"][1]
    code = reader.text(node, "`currency`")
    if code is None:
        return None
    if is_currency(code):
        return code
    hint = f"write {code.upper()}" if is_currency(code.upper()) else "write one such as USD"
    reader.report.error("currency", f"{quote(code)} is not a currency code of ISO 4217", node.span, hint)
    return None


def _zone(reader: Reader, entries: Held) -> str | None:
    if "zone" not in entries:
        return None
    node = entries["zone"][1]
    name = reader.text(node, "`zone`")
    if name is None or _is_zone(name):
        return name
    if not _is_zone(_SURE_ZONE):
        hint = "install tzdata to have it checked"
        reader.report.warning("zone", f"{quote(name)} could not be checked: there is no time zone database", node.span, hint)
        return name
    hint = suggest(name, sorted(available_timezones()), "write one such as Europe/Berlin")
    reader.report.error("zone", f"there is no time zone {quote(name)}", node.span, hint)
    return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such key; a path that leads elsewhere; a folder
        return False
    return True


def _identity(reader: Reader, entries: Held) -> str | None:
    if "identity" not in entries:
        return None
    key, node = entries["identity"]
    identity = reader.one_of(node, "`identity`", ("claimed", "os"))
    if identity == "claimed":
        message = "votes count although --as only claims who votes"
        reader.report.warning("identity", message, key.span, "write os where that is not wanted")
    return identity


def _groups(reader: Reader, entries: Held, key: str, one: str) -> Groups:
    """`roles` or `lists`, *one* of them a "role" or a "list": names, each with its texts. A name with a mistake stays known."""
    if key not in entries:
        return {}
    found = reader.entries(entries[key][1], f"`{key}`")
    groups: dict[str, tuple[str, ...] | None] = {}
    for name, (scalar, node) in (found or {}).items():
        what = f"the {one} `{name[:60]}`"
        reader.name(scalar, f"a {one}'s name", identifier=one == "list")
        places: dict[str, Node] = {}
        texts = reader.items(node, what, partial(_item, reader, places, is_person if one == "role" else _is_text))
        _check_spellings(reader.report, places, what, people=one == "role")
        groups[name] = texts if isinstance(node, Items) and len(places) == len(node.items) else None
        if groups[name] == ():
            reader.report.warning("empty", f"{what} is empty", scalar.span)
    return groups


def _item(reader: Reader, places: dict[str, Node], check: Callable[[Reader, Node, str], bool], node: Node) -> str | None:
    """An item, where it passes *check*; *places* gets its node."""
    text = reader.shown(node, "an item")
    if text is None or not check(reader, node, text):
        return None
    places.setdefault(text, node)
    return text


def _is_text(reader: Reader, node: Node, text: str) -> bool:
    return True


def _check_spellings(report: Report, items: Mapping[str, Node], what: str, *, people: bool) -> None:
    """Find items that only differ in spelling: one person must not count as two, and one name is enough in a list."""
    first: dict[str, str] = {}
    for text, node in items.items():
        other = first.setdefault(fold_name(text), text)
        if other != text:
            add = report.error if people else report.warning
            message = f"{quote(text)} is {quote(other)} in another spelling, and is given twice in {what}"
            add("duplicate", message, node.span, "remove one")


def _default(reader: Reader, entries: Held, roles: Groups) -> Seat | None:
    if "default" not in entries:
        return None
    node = entries["default"][1]
    if isinstance(node, Entries):
        reader.check_keys(node.entries, "`default`", ("approve",))
        if "approve" in node.entries:
            role = read_role(reader, node.entries["approve"][1], "`approve`", roles)
            return None if role is None else Seat(role, 1)
        if not node.entries:
            reader.wrong(node, "`default` is empty", "write deny")
        return None
    if isinstance(node, Scalar) and node.text == DecisionEffect.ALLOW:
        reader.report.error(
            "default", "the default is never allow: only allow rules grant", node.span, "write deny, and a rule with `allow`"
        )
    elif isinstance(node, Scalar) and node.text == DecisionEffect.APPROVE:
        reader.report.error(
            "default", "the default `approve` needs a role", node.span, "write approve: ROLE on a line of its own below it"
        )
    else:
        reader.one_of(node, "`default`", ("deny",))
    return None


def _changes(reader: Reader, entries: Held, roles: Groups) -> tuple[Seat, ...]:
    """Who agrees to a change of pinned policies."""
    if "changes" not in entries:
        return ()
    node = entries["changes"][1]
    seats = SeatReader(roles, reader, "`changes`").seats(node)
    check_seats(reader, seats, roles, node, "`changes`")
    return seats


def _warn(report: Report, keys: set[str], registry: Registry, approvers: str | None, default: Seat | None) -> None:
    """Warn of what is no mistake, and hardly what was meant."""
    careful = [name for name, action in registry.items() if action.caution is not Action.caution]
    if careful and approvers is None and "approvers" not in keys:
        message = f"{careful[0]} can ask for approval by itself, and is denied then, as no `approvers` are named"
        report.warning("approvers", message, None, "write approvers: ROLE")
    if "rules" not in keys:
        outcome = "denied" if default is None else "put to approval"
        report.warning(
            "no-rules", f"there are no rules, so everything is {outcome}", None, "write `rules:` and at least one rule"
        )
