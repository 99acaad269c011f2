"""Counters: what is added up or counted, of which actions, by what, and how far back; and how a file says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from signoff.actions import Field, Kind, Registry
from signoff.canonical import Json

from .diagnostics import Report, quote, suggest
from .nodes import Items, Node, Scalar
from .parser import read_number
from .reader import Held, Reader

MAX_COUNTERS = 100
MAX_WINDOW = 366 * 24 * 60 * 60  # seconds
MAX_COUNTED = 9  # characters of a window's number
ACTOR = "actor.id"  # the key that is no field

_KEYS = ("sum", "count", "of", "by", "window")
_UNITS = {"m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
_ADDED = (Kind.MONEY, Kind.INTEGER)
_KEPT_BY = (Kind.TEXT, Kind.CURRENCY, Kind.INTEGER, Kind.BOOLEAN)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A sum or a count over a window, one for each set of values that its keys have."""

    field: str | None  # what is added up; None: actions are counted
    currency: str | None  # of a sum of money: the key that names its currency
    types: tuple[str, ...]  # the action types that it counts, sorted; ("*",) for all
    by: Mapping[str, Kind]  # its keys in the order written: fields, each with its kind, and `actor.id`
    window: str | int  # `plan`, `day`, or so many seconds
    zone: str | None  # of a `day`; None is UTC

    @property
    def kind(self) -> Kind:
        """What its value is: money or a whole number."""
        return Kind.INTEGER if self.currency is None else Kind.MONEY

    def content(self) -> dict[str, Json]:
        """What the counter is, as canonical JSON can hold it: all that its values depend on."""
        return {
            "field": self.field,
            "types": list(self.types),
            "by": list(self.by),
            "window": self.window,
            "zone": self.zone if self.window == "day" else None,
        }


Counters: TypeAlias = Mapping[str, Counter | None]  # by name; None: with a mistake, so not known


@dataclass(frozen=True)
class CounterReader:
    """Reads the `counters` of a file."""

    registry: Registry
    zone: str | None
    report: Report

    @property
    def _reader(self) -> Reader:
        return Reader(self.report)

    def counters(self, node: Node) -> Counters:
        """All counters by name. One with a mistake stays known."""
        entries = self._reader.entries(node, "`counters`") or {}
        if len(entries) > MAX_COUNTERS:
            self.report.error("too-many", f"a file has at most {MAX_COUNTERS} counters, not {len(entries):,}", node.span)
            return {}
        found: dict[str, Counter | None] = {}
        for name, (scalar, value) in entries.items():
            self._reader.name(scalar, "a counter's name", identifier=True)
            found[name] = self._counter(value, f"the counter `{name[:60]}`")
        return found

    def _counter(self, node: Node, what: str) -> Counter | None:
        entries = self._reader.entries(node, what)
        if entries is None:
            return None
        meant = self._reader.check_keys(entries, "a counter", _KEYS)
        named = self._types(node, entries, meant)
        types = tuple(self.registry) if named == ("*",) else named
        field = self._field(entries, types) if "sum" in entries else None
        by = self._by(entries, types)
        window = self._window(node, entries, meant)
        if not types or by is None or window is None or ("sum" in entries and field is None):
            return None
        if not self._adds_up(entries, field, by):
            return None
        return Counter(
            field=field.name if field else None,
            currency=field.currency if field else None,
            types=tuple(sorted(named)),
            by=by,
            window=window,
            zone=self.zone if window == "day" else None,
        )

    def _types(self, node: Node, entries: Held, meant: set[str]) -> tuple[str, ...]:
        """The action types: those of `of` beside `sum`, else those of `count`."""
        if "sum" in entries and "count" in entries:
            message = "a counter has one of `sum` and `count`, and this one has `sum` already"
            self.report.error("counter", message, entries["count"][0].span, "write two counters")
            return ()
        if "count" in entries:
            if "of" in entries:
                self.report.error("counter", "`of` stands only beside `sum`", entries["of"][0].span, "write count: transfer")
            return self._named(entries["count"][1], "`count`")
        if "sum" not in entries:
            if meant.isdisjoint(("sum", "count")):
                hint = "write sum: amount and of: transfer, or count: transfer"
                self.report.error("missing-key", "a counter needs `sum` or `count`", node.span, hint)
            return ()
        if "of" not in entries:
            if "of" not in meant:
                self.report.error("missing-key", "`sum` needs `of`", entries["sum"][0].span, "write one such as of: transfer")
            return ()
        return self._named(entries["of"][1], "`of`")

    def _named(self, node: Node, what: str) -> tuple[str, ...]:
        if isinstance(node, Items):
            if not node.items:
                self._reader.wrong(node, f"{what} names no action type", "write one such as transfer")
            found = self._reader.items(node, what, self._type)
            return found if found and len(found) == len(node.items) else ()
        if isinstance(node, Scalar) and node.text == "*":
            return ("*",)
        type_ = self._type(node)
        return () if type_ is None else (type_,)

    def _type(self, node: Node) -> str | None:
        name = self._reader.text(node, "an action type")
        if name is None or name in self.registry:
            return name
        self.report.unknown_action(name, self.registry, node.span)
        return None

    def _field(self, entries: Held, types: tuple[str, ...]) -> Field | None:
        """The field that `sum` names: money or a whole number, the same in every type."""
        node = entries["sum"][1]
        name = self._reader.text(node, "`sum`")
        fields = [] if name is None else [self._find(name, type_, node) for type_ in types]
        found = [field for field in fields if field is not None]
        if not found or len(found) < len(types):
            return None
        for type_, field in zip(types, found, strict=True):
            if field.many or field.kind not in _ADDED:
                message = f"`{name}` of {type_} is neither money nor a whole number, so it cannot be added up"
                self.report.error("type", message, node.span, "write count: to count actions")
                return None
            if (field.kind, field.currency) != (found[0].kind, found[0].currency):
                message = f"`{name}` is not of one kind, or not in one currency, in {types[0]} and in {type_}"
                self.report.error("type", message, node.span, "write two counters")
                return None
        return found[0]

    def _find(self, name: str, type_: str, node: Node) -> Field | None:
        found = self.registry[type_].fields.get(name)
        if found is not None and found.kind is Kind.SECRET:
            self.report.error(
                "secret", f"`{name}` of {type_} is a secret, which nothing counts", node.span, "write count: to count actions"
            )
            return None
        if found is None:
            hint = suggest(name, self.registry[type_].fields, "leave the action type out")
            self.report.error("unknown-name", f"{type_} has no field `{name[:60]}`", node.span, hint)
        return found

    def _by(self, entries: Held, types: tuple[str, ...]) -> dict[str, Kind] | None:
        """The keys; None where there is a mistake in them."""
        if "by" not in entries:
            return {}
        node = entries["by"][1]
        if isinstance(node, Scalar):
            self._reader.wrong(node, "`by` must be a list", f"write by: [{node.text[:60]}]")
            return None
        kinds: dict[str, Kind] = {}
        names = self._reader.items(node, "`by`", partial(self._key, types, kinds))
        whole = isinstance(node, Items) and names is not None and len(names) == len(node.items)
        return {name: kinds.get(name, Kind.TEXT) for name in names} if whole and names is not None else None

    def _key(self, types: tuple[str, ...], kinds: dict[str, Kind], node: Node) -> str | None:
        name = self._reader.text(node, "a key")
        if name is None or name == ACTOR:
            kinds[ACTOR] = Kind.TEXT
            return name
        for type_ in types:
            field = self.registry[type_].fields.get(name)
            if field is None:
                hint = suggest(name, (*self.registry[type_].fields, ACTOR), "write fields of the action, or actor.id")
                self.report.error("unknown-name", f"{type_} has no field `{name[:60]}`", node.span, hint)
                return None
            problem = self._no_key(name, type_, field, kinds)
            if problem:
                self.report.error(*problem[:2], node.span, problem[2])
                return None
        return name

    def _no_key(self, name: str, type_: str, field: Field, kinds: dict[str, Kind]) -> tuple[str, str, str] | None:
        if field.kind is Kind.SECRET:
            return "secret", f"`{name}` of {type_} is a secret, and no key", "leave it out"
        if field.many or field.kind not in _KEPT_BY:
            return "type", f"`{name}` of {type_} cannot be a key", "a key is one text, one whole number, or true or false"
        if field.optional:
            return "optional", f"`{name}` may be left out of {type_}, so it cannot be a key", "leave it out"
        if kinds.setdefault(name, field.kind) is not field.kind:
            return "type", f"`{name}` is of another kind in {type_}", "write two counters"
        return None

    def _adds_up(self, entries: Held, field: Field | None, by: Mapping[str, Kind]) -> bool:
        """Whether what is added up is in one currency: amounts in several have no sum."""
        if field is None or field.currency is None or field.currency in by:
            return True
        node = entries["by"][1] if "by" in entries else entries["sum"][1]
        keys = ", ".join((*by, field.currency))
        message = f"amounts in several currencies cannot be added up, and `{field.currency}` is not among the keys"
        self.report.error("currency", message, node.span, f"write by: [{keys}]")
        return False

    def _window(self, node: Node, entries: Held, meant: set[str]) -> str | int | None:
        if "window" not in entries:
            if "window" not in meant:
                self.report.error(
                    "missing-key", "a counter needs a `window`", node.span, "write plan, day, or a time such as 24h"
                )
            return None
        node = entries["window"][1]
        text = self._reader.text(node, "`window`")
        if text is None or text in ("plan", "day"):
            return text
        number = read_number(text[:-1]) if len(text) <= MAX_COUNTED and "." not in text else None
        seconds = int(number or 0) * _UNITS.get(text[-1:], 0)
        if 0 < seconds <= MAX_WINDOW:
            return seconds
        hint = suggest(text, ("plan", "day"), "write one such as 90m, 24h or 7d")
        self._reader.wrong(node, f"`window` must be plan, day, or a time of at most 366 days, not {quote(text)}", hint)
        return None
