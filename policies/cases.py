"""Cases: a file's own `tests`, each an action or a plan, who asks for it and when, and what must be decided."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeAlias, TypeVar

from signoff.actions import Action, Field, Kind, Registry, currency_decimals
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import ActionInvalid

from .case_contexts import CaseContext, read_contexts, read_disputed
from .counters import Counter, Counters
from .dates import read_moment, time_zone
from .decision import CAUTION, EFFECTS, DecisionEffect, Seat
from .diagnostics import Report, Span, quote, suggest
from .nodes import Entries, Items, Node, Scalar
from .parser import MAX_DIGITS, read_number
from .people import SeatReader, is_person, read_whole
from .reader import Held, Reader
from .rule import Groups, Rule
from .tables import read_signed

MAX_CASES = 1_000
MAX_ACTIONS = 100  # of one case, as of a plan
MAX_TESTED = 5_000  # actions of all cases
MAX_REQUEST = 1_000  # characters
MAX_COUNTED = 10**15  # before a test: more than any counter holds
ANYBODY = "anybody"  # who asks where a case does not say: an id without roles

_KEYS = (
    *("name", "do", "plan", "as", "at", "request", "context", "trusted", "disputed", "counters"),
    *("expect", "rules", "by"),
)

_MOST_DECIMALS = 4  # of all currencies
_NUMBERS = (Kind.MONEY, Kind.DECIMAL, Kind.INTEGER)

Before: TypeAlias = Mapping[str, Decimal]
Planned: TypeAlias = tuple[Action, tuple[int, ...]]  # with the numbers of the actions that it needs
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One of the file's own tests."""

    line: int  # its first one, from 1
    span: Span  # of what it expects
    name: str  # empty where it has none
    actions: tuple[Action, ...]  # as they are once their names are resolved
    needs: tuple[tuple[int, ...], ...]  # of each action: the numbers of those that must be done before it
    whole: bool  # whether it is a plan
    actor: Actor  # who asks
    now: datetime | None  # when; None: the time is not known
    request: str | None  # what the user wrote; None: every value of the actions
    contexts: tuple[CaseContext, ...]  # what stands beside the request
    disputed: bool  # whether a second opinion planned otherwise
    before: Before  # by counter: what was counted before, for every key; 0 where a counter is left out
    expect: tuple[DecisionEffect, ...]  # of each action
    rules: tuple[str, ...]  # that must be among those behind the decision; only of a single action
    seats: tuple[Seat, ...] | None  # who must have to sign, exactly; None: not looked at


@dataclass(frozen=True)
class CaseReader:
    """Reads the `tests` of a file."""

    registry: Registry
    zone: str | None
    roles: Groups
    counters: Counters
    rules: tuple[Rule, ...]
    report: Report

    @property
    def _reader(self) -> Reader:
        return Reader(self.report)

    def cases(self, node: Node) -> tuple[Case, ...]:
        """All cases without mistakes."""
        if not isinstance(node, Items):
            self._reader.wrong(node, "`tests` must be a list", "write a line such as `- do: {type: transfer, ...}` for each")
            return ()
        if len(node.items) > MAX_CASES:
            self.report.error("too-many", f"a file has at most {MAX_CASES:,} tests, not {len(node.items):,}", node.span)
            return ()
        if sum(map(_size, node.items)) > MAX_TESTED:
            self.report.error(
                "too-many", f"the tests of a file have at most {MAX_TESTED:,} actions", node.span, "shorten its plans"
            )
            return ()
        found = [self._case(item) for item in node.items]
        return tuple(case for case in found if case is not None)

    def _case(self, node: Node) -> Case | None:
        entries = self._reader.entries(node, "a test")
        if entries is None:
            return None
        meant = self._reader.check_keys(entries, "a test", _KEYS)
        done = self._done(node, entries, meant)
        if "expect" not in entries:
            if "expect" not in meant:
                hint = "write expect: allow, approve or deny"
                self.report.error("missing-key", "a test needs `expect`", node.span, hint)
            return None
        whole = "plan" in entries
        expect = self._expect(entries["expect"][1], len(done) if done is not None else None, whole=whole)
        name = self._optional(entries, "name", partial(self._reader.shown, what="`name`"))
        actor = self._optional(entries, "as", self._actor) or Actor(id=ANYBODY)
        now = self._optional(entries, "at", self._at)
        request = self._optional(entries, "request", partial(self._reader.text, what="`request`", most=MAX_REQUEST))
        contexts = read_contexts(self._reader, node, entries)
        disputed = self._optional(entries, "disputed", partial(read_disputed, self._reader)) or False
        before = self._optional(entries, "counters", partial(self._before, done or ())) or {}
        rules = self._optional(entries, "rules", partial(self._rules, expect)) or ()
        seats = self._optional(entries, "by", partial(self._seats, expect))
        if done is None or expect is None:
            return None
        return Case(
            line=node.span.line + 1,
            span=entries["expect"][1].span,
            name=name or "",
            actions=tuple(action for action, _ in done),
            needs=tuple(needs for _, needs in done),
            whole=whole,
            actor=actor,
            now=now,
            request=request,
            contexts=contexts,
            disputed=disputed,
            before=before,
            expect=expect,
            rules=rules,
            seats=seats,
        )

    def _optional(self, entries: Held, key: str, read: Callable[[Node], Value | None]) -> Value | None:
        return read(entries[key][1]) if key in entries else None

    def _done(self, node: Node, entries: Held, meant: set[str]) -> list[Planned] | None:
        """The actions, each with its needs; None where something is wrong with them."""
        given = [key for key in ("do", "plan") if key in entries]
        if len(given) != 1:
            if given or meant.isdisjoint(("do", "plan")):
                message = "a test needs one of `do`, an action, and `plan`, a list of them"
                self.report.error("missing-key", message, node.span, "write do: {type: transfer, ...}")
            return None
        value = entries[given[0]][1]
        if given == ["do"]:
            planned = self._planned(value, 1, needs=False)
            return None if planned is None else [planned]
        if not isinstance(value, Items) or not value.items:
            self._reader.wrong(value, "`plan` must be a list of actions", "write a line such as - {type: transfer, ...} for each")
            return None
        if len(value.items) > MAX_ACTIONS:
            self.report.error("too-many", f"a plan has at most {MAX_ACTIONS} actions, not {len(value.items):,}", value.span)
            return None
        found = [self._planned(item, number, needs=True) for number, item in enumerate(value.items, 1)]
        return [planned for planned in found if planned is not None] if None not in found else None

    def _planned(self, node: Node, number: int, *, needs: bool) -> Planned | None:
        """Action *number* of a case, with its needs where it may have some."""
        entries = self._reader.entries(node, "an action")
        if entries is None:
            return None
        type_ = self._type(node, entries)
        if type_ is None:
            return None
        fields = self.registry[type_].fields
        known = ("type", *fields, *(("needs",) if needs else ()))
        self._reader.check_keys(entries, type_, known)
        wire: dict[str, Json] = {"type": type_}
        wire |= {name: _value(fields[name], value) for name, (_, value) in entries.items() if name in fields}
        needed = self._needs(entries["needs"][1], number) if "needs" in entries and needs else ()
        if not entries.keys() <= {*known}:
            return None
        try:
            return self.registry.read(wire), needed
        except ActionInvalid as error:
            for problem in error.problems:
                named = next((value for name, (_, value) in entries.items() if problem.startswith(f"`{name}`")), node)
                self.report.error("action", f"this is no {type_}: {problem}", named.span)
            return None

    def _type(self, node: Node, entries: Held) -> str | None:
        if "type" not in entries:
            self.report.error("missing-key", "an action needs a `type`", node.span, "write one such as type: transfer")
            return None
        value = entries["type"][1]
        name = self._reader.text(value, "`type`")
        if name is None or name in self.registry:
            return name
        self.report.unknown_action(name, self.registry, value.span)
        return None

    def _needs(self, node: Node, number: int) -> tuple[int, ...]:
        return self._reader.items(node, "`needs`", partial(self._need, number)) or ()

    def _need(self, number: int, node: Node) -> int | None:
        text = self._reader.text(node, "a need")
        need = read_whole(text) if text is not None else None
        if text is not None and (need is None or not 0 < need < number):
            self._reader.wrong(node, f"a need is the number of an earlier action, not {quote(text)}", "the first action is 1")
            return None
        return need

    def _expect(self, node: Node, count: int | None, *, whole: bool) -> tuple[DecisionEffect, ...] | None:
        """What must be decided of each of *count* actions, where that many are known."""
        if whole and isinstance(node, Items):
            found = [self._effect(item) for item in node.items]
            if count is not None and len(found) != count:
                message = f"`expect` has {len(found)} decisions for {count} actions"
                self.report.error("wrong-value", message, node.span, "write one for each, in their order")
                return None
            return tuple(effect for effect in found if effect is not None) if None not in found else None
        effect = self._effect(node)
        return None if effect is None else (effect,) * (count or 1)

    def _effect(self, node: Node) -> DecisionEffect | None:
        text = self._reader.one_of(node, "`expect`", EFFECTS)
        return DecisionEffect(text) if text in EFFECTS else None

    def _actor(self, node: Node) -> Actor | None:
        id_ = self._reader.shown(node, "an id")
        return Actor(id=id_) if id_ is not None and is_person(self._reader, node, id_) else None

    def _at(self, node: Node) -> datetime | None:
        text = self._reader.text(node, "`at`")
        if text is None:
            return None
        at = read_moment(text)
        if at is None:
            self._reader.wrong(node, f"`at` must be a date and a time, not {quote(text)}", "write one such as 2026-12-24 18:30")
        return at.replace(tzinfo=time_zone(self.zone)) if at is not None else None

    def _before(self, done: Iterable[Planned], node: Node) -> Before | None:
        entries = self._reader.entries(node, "`counters`") or {}
        found = {name: self._counted(name, scalar, value, done) for name, (scalar, value) in entries.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _counted(self, name: str, scalar: Scalar, node: Node, done: Iterable[Planned]) -> Decimal | None:
        """What a counter had counted before."""
        if name not in self.counters:
            hint = suggest(name, self.counters, "add it under `counters`")
            self.report.error("unknown-name", f"there is no counter `{name[:60]}`", scalar.span, hint)
            return None
        counter = self.counters[name]
        text = self._reader.text(node, "a counter's value")
        if text is None or counter is None:
            return None
        value, wanted = read_count(text, counter, [action for action, _ in done])
        if value is None:
            self._reader.wrong(node, f"`{name}` counts {wanted}, not {quote(text)}", "write digits, such as 24_950")
        return value

    def _rules(self, expect: tuple[DecisionEffect, ...] | None, node: Node) -> tuple[str, ...] | None:
        if expect is not None and len(expect) > 1:
            self._reader.wrong(node, "`rules` stands only beside `do`", "write a test for the one action")
            return None
        return self._reader.items(node, "`rules`", self._rule)

    def _rule(self, node: Node) -> str | None:
        id_ = self._reader.text(node, "a rule's id")
        known = [rule.id for rule in self.rules]
        if id_ is None or id_ in known or id_ == CAUTION:
            return id_
        self.report.error(
            "unknown-name", f"there is no rule `{id_[:60]}`", node.span, suggest(id_, known, "write the id of a rule")
        )
        return None

    def _seats(self, expect: tuple[DecisionEffect, ...] | None, node: Node) -> tuple[Seat, ...] | None:
        if expect is not None and expect != (DecisionEffect.APPROVE,):
            self._reader.wrong(node, "`by` stands only beside `do` and expect: approve", "leave it out")
            return None
        return tuple(sorted(SeatReader(self.roles, self._reader, "`by`").seats(node)))


def _size(node: Node) -> int:
    """How many actions a case has, at most."""
    plan = node.entries.get("plan") if isinstance(node, Entries) else None
    return len(plan[1].items) if plan and isinstance(plan[1], Items) else 1


def _value(field: Field, node: Node) -> Json:
    """What the file says of *field*, as a plan would; what it cannot be is left for the action to refuse."""
    if field.kind is Kind.SECRET:
        return _reference(node)
    if isinstance(node, Items):
        return [_value(field, item) for item in node.items]
    if isinstance(node, Entries):
        return {}
    if node.plain and node.text in ("null", "~", ""):
        return None
    if field.kind is Kind.BOOLEAN and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    number = read_signed(node.text) if field.kind in _NUMBERS and node.plain and len(node.text) <= MAX_DIGITS else None
    if number is None:
        return node.text
    return int(number) if field.kind is Kind.INTEGER and number == int(number) else f"{number:f}"


def _reference(node: Node) -> Json:
    """A secret by its name. The file is stored, so no value is taken from it: what is no reference is left to be refused."""
    entries = node.entries if isinstance(node, Entries) else {}
    if isinstance(node, Scalar) and node.plain and node.text in ("null", "~", ""):
        return None
    return {name: value.text if isinstance(value, Scalar) else None for name, (_, value) in entries.items()}


def read_count(text: str, counter: Counter, actions: Iterable[Action]) -> tuple[Decimal | None, str]:
    """What *counter* had counted before *actions*, in their currencies; None for no such number. And what it counts."""
    decimals = 0
    if counter.currency is not None:
        codes = [code for action in actions if isinstance(code := action.wire().get(counter.currency), str)]
        decimals = min(map(currency_decimals, codes), default=_MOST_DECIMALS)
    value = read_number(text) if len(text) <= MAX_DIGITS else None
    wanted = "a whole number" if decimals == 0 else f"a number with at most {decimals} decimals"
    return (value if value is not None and value == round(value, decimals) and value < MAX_COUNTED else None), wanted
