"""Generated rules and actions, and a second, plain implementation of what the rules mean.

A generated condition is a text together with a Python function that works it out in fractions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import cast
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.policies import Context, DecisionEffect, Policy, parse_policy

FAMILY = ("Alice", "Bob")
START = (
    "version: 1\ncurrency: USD\napprovers: manager\nroles: {manager: [mira, dana], finance: [fay, finn]}\n"
    "lists: {family: [Alice, Bob], systems: [payees, request]}\nzone: Europe/Berlin\n"
    "tables: {cap: {Alice: 100, Bob: 2.5}, kind: {Alice: Good}, origins: {payees: true, invoice: false}}\n"
)
ORIGINS = {"payees": True, "invoice": False}
CAPS = {"Alice": Fraction(100), "Bob": Fraction("2.5")}
BERLIN = ZoneInfo("Europe/Berlin")
STRICTNESS = {DecisionEffect.ALLOW: 0, DecisionEffect.APPROVE: 1, DecisionEffect.DENY: 2}


class Failing(Exception):
    """Money met money in another currency, or a table does not hold a key."""


@dataclass(frozen=True)
class Case:
    """An order and its context, as plain values."""

    fields: Mapping[str, Json]
    context: Context

    def number(self, name: str) -> Fraction:
        """The value of a field that is a number."""
        return Fraction(str(self.fields[name]))

    @property
    def to(self) -> str:
        """Who is paid."""
        return cast(str, self.fields["to"])

    @property
    def local(self) -> datetime:
        """The time where the file's zone is."""
        assert self.context.now is not None
        return self.context.now.astimezone(BERLIN)

    def cap(self) -> Fraction:
        """What the table `cap` holds for the payee."""
        if self.to not in CAPS:
            raise Failing
        return CAPS[self.to]

    def priced(self) -> Fraction:
        """The price, where it is compared with plain numbers."""
        if self.fields["currency"] != "USD":
            raise Failing
        return self.number("price")

    def source(self, name: str) -> str:
        """Where a value that is given stands."""
        return "request" if name in self.context.grounded else self.context.sources.get(name, "none")

    def is_trusted(self, name: str) -> bool:
        """Whether that is trusted."""
        return self.source(name) == "request" or (self.source(name) != "none" and name in self.context.trusted)

    def asked_of_origins(self, name: str) -> bool:
        """What the table `origins` holds for it."""
        if self.source(name) not in ORIGINS:
            raise Failing
        return ORIGINS[self.source(name)]

    def kind(self) -> str:
        """What the table `kind` holds for the payee."""
        if self.to != "Alice":
            raise Failing
        return "Good"


Worth = Callable[[Case], Fraction]
Amount = Callable[[Case], tuple[Fraction, frozenset[str]]]  # and the currencies that met in it
Meaning = Callable[[Case], bool]

DIGITS = st.sampled_from(["0", "1", "2", "5", "99.99", "100", "100.00", "0.5", "10_000", "-3"])
SIGNS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def exactly(digits: str) -> Fraction:
    """The number that *digits* are."""
    return Fraction(Decimal(digits.replace("_", "")))


def constant(digits: str) -> tuple[str, Worth]:
    """A number in a rule."""
    return digits, lambda case: exactly(digits)


def given_or(name: str, digits: str) -> tuple[str, Worth]:
    """`default(name, digits)` for a number."""
    return f"default({name}, {digits})", lambda case: exactly(digits) if case.fields.get(name) is None else case.number(name)


def calculated(sign: str, left: tuple[str, Worth], right: tuple[str, Worth]) -> tuple[str, Worth]:
    """A sum or a difference."""
    (first, a), (second, b) = left, right
    return f"({first} {sign} {second})", lambda case: a(case) + b(case) if sign == "+" else a(case) - b(case)


def least_or_most(word: str, left: tuple[str, Worth], right: tuple[str, Worth]) -> tuple[str, Worth]:
    """`min` or `max` of two numbers."""
    (first, a), (second, b) = left, right
    return f"{word}({first}, {second})", lambda case: (min if word == "min" else max)(a(case), b(case))


def absolute(part: tuple[str, Worth]) -> tuple[str, Worth]:
    """`abs` of a number."""
    text, worth = part
    return f"abs({text})", lambda case: abs(worth(case))


def times(part: tuple[str, Worth], digits: str) -> tuple[str, Worth]:
    """A number multiplied by a constant."""
    text, worth = part
    return f"{text} * {digits}", lambda case: worth(case) * exactly(digits)


numbers: st.SearchStrategy[tuple[str, Worth]] = st.recursive(
    st.one_of(
        DIGITS.map(constant),
        st.sampled_from(["quantity", "weight"]).map(lambda name: (name, lambda case: case.number(name))),
        st.builds(given_or, st.just("limit"), DIGITS),
        st.just(("plan.size", lambda case: Fraction(case.context.plan_size))),
        st.just(("len(tags)", lambda case: Fraction(len(cast(list[str], case.fields["tags"]))))),
        st.just(("len(to)", lambda case: Fraction(len(case.to)))),
        st.just(("now.hour", lambda case: Fraction(case.local.hour))),
        st.just(("tables.cap[to]", Case.cap)),
        st.just(("tables.cap['BOB']", lambda case: CAPS["Bob"])),
    ),
    lambda inner: st.one_of(
        st.builds(calculated, st.sampled_from("+-"), inner, inner),
        st.builds(times, inner, DIGITS),
        st.builds(least_or_most, st.sampled_from(["min", "max"]), inner, inner),
        inner.map(absolute),
    ),
    max_leaves=3,
)


def price(times_: str, plus: str) -> tuple[str, Amount]:
    """Money that is always given, times a constant, plus another."""
    add = f" + {plus}" if plus else ""
    meets = frozenset({"USD"}) if plus else frozenset[str]()
    return (
        f"price * {times_}{add}",
        lambda case: (
            case.number("price") * exactly(times_) + (exactly(plus) if plus else 0),
            meets | {cast(str, case.fields["currency"])},
        ),
    )


def fee_or(digits: str) -> tuple[str, Amount]:
    """`default(fee, digits)`: in the file's currency either way."""

    def amount(case: Case) -> tuple[Fraction, frozenset[str]]:
        if case.fields.get("fee") is None:
            return exactly(digits), frozenset({"USD"})
        return case.number("fee"), frozenset({"USD", cast(str, case.fields["fee_currency"])})

    return f"default(fee, {digits})", amount


def money(digits: str) -> tuple[str, Amount]:
    """A plain number that is compared with money: in the file's currency, but for 0."""
    return digits, lambda case: (exactly(digits), frozenset({"USD"} if exactly(digits) else ()))


prices = st.one_of(st.builds(price, DIGITS, st.just("") | DIGITS.filter(lambda text: text[0] != "-")), st.builds(fee_or, DIGITS))


def compared(sign: str, left: tuple[str, Worth], right: tuple[str, Worth]) -> tuple[str, Meaning]:
    """A comparison of numbers."""
    (first, a), (second, b) = left, right
    return f"{first} {sign} {second}", lambda case: SIGNS[sign](a(case), b(case))


def between(low: str, part: tuple[str, Worth], high: str) -> tuple[str, Meaning]:
    """A chained comparison."""
    text, worth = part
    return f"{low} < {text} <= {high}", lambda case: exactly(low) < worth(case) <= exactly(high)


def money_compared(sign: str, left: tuple[str, Amount], right: tuple[str, Amount], turned: bool) -> tuple[str, Meaning]:
    """A comparison of amounts: in one currency, or it fails."""
    (first, a), (second, b) = (right, left) if turned else (left, right)

    def meaning(case: Case) -> bool:
        (one, mine), (other, theirs) = a(case), b(case)
        if len(mine | theirs) > 1:
            raise Failing
        return SIGNS[sign](one, other)

    return f"{first} {sign} {second}", meaning


def named_compared(sign: str, times_: str, digits: str, code: str) -> tuple[str, Meaning]:
    """A comparison with an amount that names its currency."""

    def meaning(case: Case) -> bool:
        if case.fields["currency"] != code:
            raise Failing
        return SIGNS[sign](case.number("price") * exactly(times_), exactly(digits))

    return f"price * {times_} {sign} {digits} {code}", meaning


def fee_guarded(sign: str, digits: str) -> tuple[str, Meaning]:
    """A guarded comparison of two amounts that are both the action's."""

    def meaning(case: Case) -> bool:
        if case.fields.get("fee") is None:
            return False
        if case.fields["fee_currency"] != case.fields["currency"]:
            raise Failing
        return SIGNS[sign](case.number("price"), case.number("fee") * exactly(digits))

    return f"(has(fee) and price {sign} fee * {digits})", meaning


def tagged(case: Case) -> bool:
    """Whether the order has the tag `red`."""
    return "red" in cast(list[str], case.fields["tags"])


SIMPLE: list[tuple[str, Meaning]] = [
    ("urgent", lambda case: bool(case.fields["urgent"])),
    ("urgent == false", lambda case: not case.fields["urgent"]),
    ("true", lambda case: True),
    ("to in lists.family", lambda case: case.fields["to"] in FAMILY),
    ("to not in [' alice']", lambda case: case.fields["to"] != "Alice"),
    ("to in ['MALLORY  LTD']", lambda case: case.fields["to"] == "Mallory Ltd"),
    ("currency == 'usd'", lambda case: False),
    ('to != "Bob"', lambda case: case.fields["to"] != "Bob"),
    ("speed == 'fast'", lambda case: case.fields["speed"] == "fast"),
    ("'red' in tags", tagged),
    ("has(note)", lambda case: case.fields.get("note") is not None),
    ("(not has(note) or note == 'x')", lambda case: case.fields.get("note") in (None, "x")),
    ("default(note, 'x') == 'x'", lambda case: case.fields.get("note") in (None, "x")),
    ("in_request(to)", lambda case: "to" in case.context.grounded),
    ("source_of(to) == 'request'", lambda case: case.source("to") == "request"),
    ("source_of(price) != 'none'", lambda case: case.source("price") != "none"),
    ("source_of(to) not in ['request', 'invoice']", lambda case: case.source("to") not in ("request", "invoice")),
    ("source_of(to) in lists.systems", lambda case: case.source("to") in ("payees", "request")),
    ("source_of(to) == source_of(price)", lambda case: case.source("to") == case.source("price")),
    ("source_of(price) startswith 'in'", lambda case: case.source("price") == "invoice"),
    ("lower(source_of(to)) contains 'INVO'", lambda case: case.source("to") == "invoice"),
    ("source_of(to) matches 'p.*|none'", lambda case: case.source("to") in ("payees", "page", "none")),
    ("len(source_of(to)) > 6", lambda case: len(case.source("to")) > 6),
    ("source_of(to) == to", lambda case: False),
    ("source_of(to) in tables.origins and tables.origins[source_of(to)]", lambda case: case.source("to") == "payees"),
    ("tables.origins[source_of(price)]", lambda case: case.asked_of_origins("price")),
    ("trusted(to)", lambda case: case.is_trusted("to")),
    ("not trusted(price) or in_request(to)", lambda case: not case.is_trusted("price") or "to" in case.context.grounded),
    ("disputed", lambda case: case.context.disputed),
    ("plan.disputed != true", lambda case: not case.context.disputed),
    ("actor.id == 'dana'", lambda case: case.context.actor.id == "dana"),
    ("'manager' in actor.roles", lambda case: case.context.actor.id in ("mira", "dana")),
    ("to startswith 'AL'", lambda case: case.to == "Alice"),
    ("to endswith ' ltd'", lambda case: case.to == "Mallory Ltd"),
    ("to contains 'O'", lambda case: "o" in case.to.lower()),
    ("to contains 'x' or 'alice' startswith to", lambda case: case.to == "Alice"),
    ("to matches '[AB].*'", lambda case: case.to in FAMILY),
    ("to matches '[a-z]+'", lambda case: case.to in FAMILY),
    ("speed matches 'F.*' or speed startswith 'SL'", lambda case: False),
    ("speed contains 'as'", lambda case: case.fields["speed"] == "fast"),
    ("lower(speed) == 'FAST'", lambda case: case.fields["speed"] == "fast"),
    ("tags contains 'RED'", tagged),
    ("has(note) and note endswith 'X'", lambda case: case.fields.get("note") == "x"),
    ("actor.id startswith 'd'", lambda case: case.context.actor.id == "dana"),
    ("to in tables.cap", lambda case: case.to in CAPS),
    ("currency in tables.cap", lambda case: False),
    ("to in tables.cap and price > tables.cap[to]", lambda case: case.to in CAPS and case.priced() > case.cap()),
    ("price * 2 <= tables.cap[to]", lambda case: case.priced() * 2 <= case.cap()),
    ("max(price, 50) > 60", lambda case: case.priced() > 60),
    ("tables.kind[to] == 'GOOD'", lambda case: case.kind() == "Good"),
    ("not (tables.kind[to] startswith 'x')", lambda case: case.kind() == "Good"),
    ("now.weekday in ['Saturday', 'SUNDAY']", lambda case: case.local.weekday() > 4),
    ("now.date >= '2026-03-02'", lambda case: case.local.date() >= date(2026, 3, 2)),
    ("now.hour < 12", lambda case: case.local.hour < 12),
]
SIGN = st.sampled_from(sorted(SIGNS))


def negated(part: tuple[str, Meaning]) -> tuple[str, Meaning]:
    """`not (...)`."""
    text, meaning = part
    return f"not ({text})", lambda case: not meaning(case)


def joined(word: str, parts: list[tuple[str, Meaning]]) -> tuple[str, Meaning]:
    """Conditions joined by `and` or `or`, worked out from left to right as far as needed."""
    together = all if word == "and" else any
    text = f" {word} ".join(f"({text})" for text, _ in parts)
    return text, lambda case: together(meaning(case) for _, meaning in parts)


conditions: st.SearchStrategy[tuple[str, Meaning]] = st.recursive(
    st.one_of(
        st.sampled_from(SIMPLE),
        st.builds(compared, SIGN, numbers, numbers),
        st.builds(between, DIGITS, numbers, DIGITS),
        st.builds(money_compared, SIGN, prices, st.one_of(DIGITS.map(money), prices), st.booleans()),
        st.builds(fee_guarded, SIGN, DIGITS),
        st.builds(named_compared, SIGN, DIGITS, DIGITS, st.sampled_from(["USD", "EUR"])),
    ),
    lambda inner: st.one_of(
        inner.map(negated), st.builds(joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=5,
)


@dataclass(frozen=True)
class Drawn:
    """A generated rule."""

    effect: DecisionEffect
    when: tuple[str, Meaning] | None
    unless: tuple[str, Meaning] | None
    by: str
    within: str = ""

    def text(self, number: int) -> str:
        """The rule as the file has it."""
        lines = [f"- id: r{number}", f"  {self.effect}: order"]
        lines += [f"  when: |\n    {self.when[0]}"] if self.when else []
        lines += [f"  unless: |\n    {self.unless[0]}"] if self.unless else []
        lines += [f"  by: {self.by}"] if self.effect is DecisionEffect.APPROVE else []
        lines += [f"  within: {self.within}"] if self.effect is DecisionEffect.APPROVE and self.within else []
        return "\n".join(lines) + "\n"

    def matches(self, case: Case) -> tuple[bool, bool]:
        """Whether it counts as matched, and whether it failed."""
        try:
            met = self.when is None or self.when[1](case)
            return met and not (self.unless is not None and self.unless[1](case)), False
        except Failing:
            return self.effect is not DecisionEffect.ALLOW, True


rules = st.builds(
    Drawn,
    st.sampled_from(DecisionEffect),
    st.none() | conditions,
    st.none() | conditions,
    st.sampled_from(["manager", "finance", "{role: finance, count: 2}"]),
    st.sampled_from(["", "1h", "24h", "48h"]),
)
cents = st.sampled_from(["1.00", "99.99", "100.00", "100.01", "10000.00"])
cases = st.builds(
    Case,
    st.fixed_dictionaries(
        {
            "type": st.just("order"),
            "to": st.sampled_from(["Alice", "Bob", "Mallory Ltd"]),
            "quantity": st.integers(-5, 5),
            "weight": st.sampled_from(["0", "0.5", "1.5", "100", "99.990"]),
            "urgent": st.booleans(),
            "speed": st.sampled_from(["slow", "fast"]),
            "tags": st.lists(st.sampled_from(["red", "blue"]), max_size=2),
            "price": cents,
            "currency": st.sampled_from(["USD", "USD", "EUR"]),
            "fee_currency": st.sampled_from(["USD", "USD", "EUR"]),
        },
        optional={"note": st.sampled_from(["x", "y"]), "limit": st.integers(0, 5), "fee": cents},
    ),
    st.builds(
        Context,
        actor=st.builds(Actor, id=st.sampled_from(["dana", "mira", "eve"])),
        grounded=st.frozensets(st.sampled_from(["to", "price"])),
        plan_size=st.integers(1, 3),
        sources=st.dictionaries(st.sampled_from(["to", "price"]), st.sampled_from(["invoice", "payees", "page", "none"])),
        trusted=st.frozensets(st.sampled_from(["to", "price"])),
        disputed=st.booleans(),
        now=st.sampled_from([datetime(2026, 3, 1, 22, 59), datetime(2026, 3, 1, 23), datetime(2026, 7, 4, 10)]).map(
            lambda now: now.replace(tzinfo=UTC)
        ),
    ),
)
DEFAULTS = st.sampled_from(["deny", "{approve: manager}"])


def load(registry: Registry, drawn: list[Drawn], default: str, order: list[int] | None = None) -> Policy:
    """The policy of *drawn* rules, in the given order."""
    texts = [rule.text(number) for number, rule in enumerate(drawn)]
    body = "".join(texts[number] for number in order or range(len(drawn)))
    return parse_policy(f"{START}default: {default}\nrules:\n{body}".encode(), "p", registry)


def expected(drawn: list[Drawn], case: Case, default: str) -> tuple[DecisionEffect, set[str], set[str]]:
    """The effect, the rules behind it and the rules that failed, by the words of the design."""
    found = {f"r{number}": (rule.effect, *rule.matches(case)) for number, rule in enumerate(drawn)}
    denied = {id_ for id_, (effect, met, _) in found.items() if effect is DecisionEffect.DENY and met}
    if denied:
        failed = {id_ for id_, (effect, _, fails) in found.items() if fails and effect is DecisionEffect.DENY}
        return DecisionEffect.DENY, denied, failed
    failed = {id_ for id_, (_, _, fails) in found.items() if fails}
    asking = {id_ for id_, (effect, met, _) in found.items() if effect is DecisionEffect.APPROVE and met}
    granting = {id_ for id_, (effect, met, _) in found.items() if effect is DecisionEffect.ALLOW and met}
    if not granting and default == "deny":
        return DecisionEffect.DENY, set(), failed
    if asking or not granting:
        return DecisionEffect.APPROVE, asking, failed
    return DecisionEffect.ALLOW, granting, failed
