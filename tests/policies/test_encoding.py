"""Laws of the encoding: with its symbols fixed to an action and a context, it gives what the compiled policy decides."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from fractions import Fraction

import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.actions import Action, Field, Kind, Registry, currency_decimals, fold_name
from signoff.actor import Actor
from signoff.policies import Context, DecisionEffect, Policy, parse_policy
from signoff.policies.compiler import compile_rule
from signoff.policies.logic import Number, Truth, compare, every, negate, same
from signoff.policies.rule import Rule
from signoff.policies.sources import is_trusted, source_of
from signoff.policies.symbolic_decision import Judging, symbols_for
from signoff.policies.symbols import Clock, Counted, Symbols
from signoff.policies.texts import TextSymbol
from signoff.testing import actions, policies
from tests.policies.conftest import Order, Transfer
from tests.policies.oracle import BERLIN, DEFAULTS, Case, Drawn, cases, load, rules


def fixed(symbols: Symbols, action: Action, context: Context) -> Iterator[Truth]:
    """That every symbol made so far is what *action* and *context* hold."""
    for (what, *names), made in list(symbols.made.items()):
        yield from _fixed(symbols, what, names, made, action, context)


def _fixed(symbols: Symbols, what: str, names: list[str], made: object, action: Action, context: Context) -> Iterator[Truth]:
    value = getattr(action, symbols.fields[names[0]].attribute) if names and names[0] in symbols.fields else None
    match what, made:
        case "given" | "truth", z3.BoolRef():
            yield same(made, value is not None if what == "given" else bool(value))
        case "text", TextSymbol() if value is not None:
            yield compare("==", made.index, place(made, value, action, context))
        case "number", Number() if value is not None:
            yield compare("==", made.parts, int(parts(symbols.fields[names[0]], value, action) * made.parts_of_one))
        case "holds", z3.BoolRef():
            _, exact, item = names
            yield same(made, item in {spelt(one, exact == "exact") for one in value or ()})
        case "size", Number() if value is not None:
            yield compare("==", made.parts, len(value))
        case "length", Number():
            shown = names[0].removeprefix("len(")[:-1]
            folded = shown.startswith("lower(")
            name = shown.removeprefix("lower(")[:-1] if folded else shown
            text = length_of(name, action, context, symbols)
            if text is not None:
                yield compare("==", made.parts, len(fold_name(text) if folded else text))
        case "requested", z3.BoolRef():
            yield same(made, names[0] in context.grounded and value is not None)
        case "source", TextSymbol():
            yield compare("==", made.index, place(made, source_of(context, names[0]), action, context))
        case "trusted", z3.BoolRef():
            yield same(made, is_trusted(context, names[0]))
        case "disputed", z3.BoolRef():
            yield same(made, context.disputed)
        case "actor" | "folded actor", TextSymbol():
            yield compare("==", made.index, place(made, context.actor.id, action, context))
        case "plan.size", Number():
            yield compare("==", made.parts, context.plan_size)
        case "known", z3.BoolRef():
            yield same(made, context.now is not None)
        case "clock", Clock() if context.now is not None:
            now = context.now.astimezone(UTC if names[0] == "UTC" else BERLIN)
            yield compare("==", made.hour, now.hour)
            yield compare("==", made.day.day, now.toordinal())
        case "counter", Counted():
            counted = context.counters.get(names[0])
            yield same(made.known, counted is not None)
            if counted is not None:
                yield compare("==", made.units, counter_units(counted, made.currency, action))


def length_of(name: str, action: Action, context: Context, symbols: Symbols) -> str | None:
    """The text whose length is asked for."""
    if name == "actor.id":
        return context.actor.id
    if name.startswith("source_of("):
        return source_of(context, name.removeprefix("source_of(").removesuffix(")"))
    value: object = getattr(action, symbols.fields[name].attribute)
    return value if isinstance(value, str) else None


def place(symbol: TextSymbol, text: str, action: Action, context: Context) -> int:
    """The index that stands for *text*; texts that no rule names are counted over the whole action."""
    values = [spelt(value, symbol.exact) for value in symbol.values]
    if spelt(text, symbol.exact) in values:
        return values.index(spelt(text, symbol.exact))
    others = [context.actor.id] if symbol.exact else others_of(action, context, values)
    if symbol.name.startswith("source_of("):
        others = sorted({source_of(context, name) for name in action.fields} - {*values})
    return len(values) + others.index(spelt(text, symbol.exact))


def others_of(action: Action, context: Context, values: list[str]) -> list[str]:
    """The texts of an action and its actor that are none of *values*, folded, each once."""
    held = [
        getattr(action, found.attribute)
        for found in action.fields.values()
        if found.kind is Kind.TEXT and not found.many and not found.choices
    ]
    texts = [fold_name(text) for text in (*held, context.actor.id) if text is not None]
    return list(dict.fromkeys(text for text in texts if text not in values))


def parts(found: Field, value: Decimal | int, action: Action) -> Fraction:
    """A number; of money, in the smallest unit of its currency."""
    return Fraction(value) if found.kind is not Kind.MONEY else smallest(value, found.currency, action)


def smallest(value: Decimal | int, currency: str | None, action: Action) -> Fraction:
    """Money in the smallest unit of its currency."""
    assert currency is not None
    return Fraction(value) * Fraction(10) ** currency_decimals(getattr(action, action.fields[currency].attribute))


def counter_units(value: Decimal | int, currency: str | None, action: Action) -> int:
    """The value of a counter, as it is encoded."""
    return int(value if currency is None else smallest(value, currency, action))


def spelt(text: str, exact: bool) -> str:
    return text if exact else fold_name(text)


def check_agreement(policy: Policy, action: Action, context: Context) -> None:
    """With the symbols fixed, what was decided is possible, of every rule and in all; where all is encoded, nothing else is."""
    context = where_given(action, context)
    symbols = symbols_for(action.type, policy)
    judging = Judging.of(policy, symbols)
    decided = policy.decide(action, context).effect
    expected = [(judging.effects[effect], effect is decided) for effect in DecisionEffect]
    expected += [(judging.encoding.matches(rule), matches(policy, rule, action, context)) for rule in judging.rules]
    solver = z3.SimpleSolver(ctx=symbols.space)
    known = every(*fixed(symbols, action, context), *symbols.constraints)
    assert known is not False
    if known is not True:
        solver.add(known)
    for truth, wanted in expected:
        told = (policy.source.decode(), action, context, truth, wanted)
        assert is_possible(solver, truth if wanted else negate(truth)), told
        assert symbols.opaque or not is_possible(solver, negate(truth) if wanted else truth), told


def where_given(action: Action, context: Context) -> Context:
    """*context* as there can be one: a field that is not given stands nowhere."""
    given = {found.name for found in action.fields.values() if getattr(action, found.attribute) is not None}
    sources = {name: source for name, source in context.sources.items() if name in given}
    return replace(context, grounded=context.grounded & given, sources=sources, trusted=context.trusted & given)


def matches(policy: Policy, rule: Rule, action: Action, context: Context) -> bool:
    """Whether a rule counts as matched, by what was compiled."""
    try:
        return compile_rule(type(action), action.type, rule, policy.world)(action, context)
    except Exception:
        return rule.effect is not DecisionEffect.ALLOW


def is_possible(solver: z3.Solver, truth: Truth) -> bool:
    """Whether *truth* can be true."""
    return truth if isinstance(truth, bool) else solver.check(truth) == z3.sat


@settings(max_examples=300, deadline=None)
@given(st.lists(rules, min_size=1, max_size=5), st.lists(cases, min_size=1, max_size=3), DEFAULTS)
def test_the_encoding_agrees_with_the_compiled_policy(
    registry: Registry, drawn: list[Drawn], several: list[Case], default: str
) -> None:
    """Fixed to an action and its context, the encoding of generated rules has one effect: the one that is decided."""
    policy = load(registry, drawn, default)
    for case in several:
        check_agreement(policy, registry.read(case.fields), case.context)


PEOPLE = ("ann", "ben", "cleo", "dora", "eve", "Alice", "ANN")
contexts = st.builds(
    Context,
    actor=st.builds(Actor, id=st.sampled_from(PEOPLE)),
    grounded=st.frozensets(st.sampled_from(["to", "amount", "note", "price"])),
    plan_size=st.integers(1, 5),
    sources=st.dictionaries(st.sampled_from(["to", "amount", "note", "price"]), st.sampled_from(["invoice", "email:4", "page"])),
    trusted=st.frozensets(st.sampled_from(["to", "amount", "note", "price"])),
    disputed=st.booleans(),
    now=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_encoding_agrees_for_any_registry(registry: Registry, data: st.DataObject) -> None:
    """The same for generated policies and actions of every kind of field."""
    policy = data.draw(policies(registry))
    for action in data.draw(st.lists(actions(registry), min_size=1, max_size=3)):
        check_agreement(policy, action, data.draw(contexts))


AMOUNTS = st.sampled_from(["1", "50", "101"])
COUNTING = """version: 1
currency: USD
approvers: manager
roles: {manager: [mira]}
counters:
  sent: {sum: amount, of: transfer, by: [currency], window: day}
  times: {count: "*", window: plan}
  pieces: {sum: quantity, of: order, by: [to], window: 24h}
rules:
- {id: everyday, allow: "*"}
- {id: much, approve: transfer, when: counters.sent > 100 or counters.times * 2 >= 5}
- {id: more, deny: transfer, when: counters.sent - amount > 50.5, unless: counters.times == 2}
- {id: pieces, deny: order, when: 'counters.pieces + quantity < 0 or to == "Bob" and counters.pieces > 3'}
"""


@settings(max_examples=100, deadline=None)
@given(
    held=st.lists(actions(Registry(Transfer, Order), fields={"transfer": {"amount": AMOUNTS}}), min_size=1),
    sent=st.none() | st.sampled_from([Decimal(101), Decimal(160)]),
    times=st.none() | st.integers(1, 4),
    pieces=st.none() | st.integers(-5, 5),
)
def test_the_encoding_agrees_with_counters(
    registry: Registry, held: list[Action], sent: Decimal | None, times: int | None, pieces: int | None
) -> None:
    """The same for the values of counters, known and not."""
    policy = parse_policy(COUNTING.encode(), "p", registry)
    context = Context(
        actor=Actor(id="ann"), grounded=frozenset(), plan_size=1, counters={"sent": sent, "times": times, "pieces": pieces}
    )
    for action in held:
        check_agreement(policy, action, context)
