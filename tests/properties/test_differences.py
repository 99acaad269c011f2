"""Laws of comparing two policies: what is told is so, and what random actions show was found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff import Actor
from signoff.actions import Action, bank_registry
from signoff.deciding import judge_plan
from signoff.planner import ActionPlan
from signoff.policies import (
    Consequence,
    DecisionEffect,
    Differences,
    Policy,
    Situation,
    find_differences,
    lets_through,
    nearest_changes,
)
from signoff.sources import given_fields
from signoff.supposing import Supposed
from signoff.testing import PolicyFile, PolicyRule, actions, policy_files
from tests.conftest import EXAMPLES, rules

REGISTRY = bank_registry()
SOURCES = ("invoice", "email", "page")
PEOPLE = ("ann", "ben", "cleo", "dora", "zoe")
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAYEES = ("Alice", "Bob", "Eve", "Zed")
FIELDS = {"transfer": {"to": st.sampled_from(PAYEES), "currency": st.sampled_from(["USD", "EUR"])}}
SHOTS = 300  # random situations for each pair of files
MISSED = 0.05  # of the pairs of files that random actions tell apart: at most so many may be missed, where any rule is edited

Edit = tuple[PolicyFile, PolicyFile]

files = policy_files(REGISTRY, fields=FIELDS)
transfers = actions(REGISTRY, fields=FIELDS, types=["transfer"])
asked = st.lists(actions(REGISTRY, fields=FIELDS), min_size=5, max_size=5)
seeds = st.integers(0, 2**32)


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """A file, and the same with one rule edited."""
    file = draw(files.filter(lambda one: bool(one.rules)))
    place = draw(st.integers(0, len(file.rules) - 1))
    rule = file.rules[place]
    options: list[PolicyRule | None] = [
        None,
        replace(rule, when=None),
        replace(rule, unless=None),
        replace(rule, when=f"not ({rule.when})" if rule.when else "false"),
        replace(rule, effect=DecisionEffect.DENY, by=None, within=None, own_vote=False, then=None),
        replace(rule, effect=DecisionEffect.ALLOW, by=None, within=None, own_vote=False, then=None),
        replace(rule, actions=("*",), when=None, unless=None),
    ]
    if rule.effect is DecisionEffect.APPROVE:
        options += [replace(rule, within="1h"), replace(rule, within="2d"), replace(rule, own_vote=not rule.own_vote)]
    edited = draw(st.sampled_from(options))
    rules = [*file.rules[:place], *([edited] if edited else []), *file.rules[place + 1 :]]
    return file, replace(file, rules=tuple(rules))


@st.composite
def single_edits(draw: st.DrawFn) -> Edit:
    """A file with one rule more, and the same where its one threshold, or its one text, is another."""
    file = draw(files)
    effect = draw(st.sampled_from([DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY]))
    form = draw(st.sampled_from(["amount > {0}", "amount <= {0}", 'to == "{1}"', 'to != "{1}"']))
    numbers = st.lists(st.integers(1, 1_000), min_size=2, max_size=2, unique=True)
    texts = st.lists(st.sampled_from(PAYEES), min_size=2, max_size=2, unique=True)
    by = ((next(iter(file.roles)), 1),) if effect is DecisionEffect.APPROVE else None
    pair = [
        PolicyRule(id="mine", effect=effect, actions=("transfer",), when=form.format(number, text), by=by)
        for number, text in zip(draw(numbers), draw(texts), strict=True)
    ]
    place = draw(st.integers(0, len(file.rules)))
    first, second = (replace(file, rules=(*file.rules[:place], mine, *file.rules[place:])) for mine in pair)
    return first, second


def loaded(edit: Edit) -> tuple[Policy, Policy]:
    """Both files as policies."""
    return edit[0].load(REGISTRY), edit[1].load(REGISTRY)


def outcomes(situation: Situation, old: Policy, new: Policy) -> tuple[Consequence, Consequence]:
    """What both come to."""
    return Consequence.of(situation.decided_by(old), old), Consequence.of(situation.decided_by(new), new)


def random_situations(asked: list[Action], random: Random) -> list[Situation]:
    """Situations of actions, with amounts that thresholds are near to."""
    made: list[Situation] = []
    for _ in range(SHOTS):
        action = random.choice(asked)
        given = [name for name, value in action.wire().items() if value is not None and name != "type"]
        situation = Situation(
            action=action,
            actor=Actor(id=random.choice(PEOPLE)),
            now=MONDAY + timedelta(hours=random.randrange(24 * 7)),
            zone=UTC,
            grounded=frozenset(name for name in action.fields if random.random() < 0.7),
            plan_size=random.randrange(1, 6),
            sources={name: random.choice(SOURCES) for name in given if random.random() < 0.5},
            trusted=frozenset(name for name in given if random.random() < 0.5),
            disputed=random.random() < 0.5,
        )
        amount = Decimal(random.randrange(1, 100_100)) / 100
        made.append(situation.changed("amount", amount) or situation if random.random() < 0.7 else situation)
    return made


def shown_by_chance(old: Policy, new: Policy, asked: list[Action], seed: int) -> Situation | None:
    """A random situation that both decide otherwise."""
    for situation in random_situations(asked, Random(seed)):
        was, becomes = outcomes(situation, old, new)
        if was != becomes:
            return situation
    return None


def covers(found: Differences, situation: Situation) -> bool:
    """Whether a way was told for the same action type."""
    return any(way.type == situation.action.type for way in found.ways)


@given(edits())
def test_what_is_told_is_so(edit: Edit) -> None:
    """Both policies decide every example as it is told, and otherwise than each other; each way is told once."""
    old, new = loaded(edit)
    found = find_differences(old, new)
    for way in found.ways:
        was, becomes = outcomes(way.example, old, new)
        assert (was, becomes) == (way.was, way.becomes)
        assert was != becomes
        assert way.looser == lets_through(was, becomes)
        assert way.example.decided_by(old) == way.before
        assert old.document.types[way.type].model_validate(way.example.action.wire(), by_alias=True) == way.example.action
    keys = [(way.type, way.was, way.becomes, way.rules_gone, way.rules_new) for way in found.ways]
    assert len({*keys}) == len(keys)


@given(files)
def test_a_file_does_not_differ_from_itself(file: PolicyFile) -> None:
    """Two readings of one file decide alike, whatever is tried; with the rules turned around, too."""
    old, new = loaded((file, replace(file, rules=file.rules[::-1])))
    assert (find_differences(old, new).ways, find_differences(old, old).tried) == ((), 0)


@settings(max_examples=2 * EXAMPLES)
@given(single_edits(), st.lists(transfers, min_size=5, max_size=5), seeds)
def test_another_threshold_or_text_is_never_missed(edit: Edit, asked: list[Action], seed: int) -> None:
    """Where one threshold or one text is another, and any action shows that, a way for its type is told; what lets
    more through is told as that."""
    old, new = loaded(edit)
    shown = shown_by_chance(old, new, asked, seed)
    if shown is not None:
        found = find_differences(old, new)
        assert covers(found, shown), shown
        assert found.lets_through or not lets_through(*outcomes(shown, old, new)), shown


def test_hardly_any_edit_is_missed() -> None:
    """Of files with any rule edited that random actions tell apart, the ways of hardly any are missed."""
    shown, missed = [], []

    @given(edits(), asked, seeds)
    def count(edit: Edit, actions: list[Action], seed: int) -> None:
        old, new = loaded(edit)
        situation = shown_by_chance(old, new, actions, seed)
        if situation is not None:
            shown.append(situation)
            if not covers(find_differences(old, new), situation):
                missed.append(situation)

    count()
    assert len(shown) > EXAMPLES / 10
    assert len(missed) <= MISSED * len(shown), missed


@given(files, actions(REGISTRY, fields=FIELDS), seeds)
def test_nearest_changes_are_so(file: PolicyFile, action: Action, seed: int) -> None:
    """Every change that is told alters the decision, and as it is told."""
    policy = file.load(REGISTRY)
    (situation, *_) = random_situations([action], Random(seed))
    now = Consequence.of(situation.decided_by(policy), policy)
    for change in nearest_changes(situation, policy).changes:
        changed: Situation | None = situation
        for part, value in change.values.items():
            changed = changed.changed(part, value) if changed else None
        assert changed is not None
        assert Consequence.of(changed.decided_by(policy), policy) == change.outcome != now
        assert change.looser == lets_through(now, change.outcome)


@given(single_edits(), transfers, seeds)
def test_a_threshold_of_one_rule_is_the_nearest(edit: Edit, action: Action, seed: int) -> None:
    """What any other amount of a transfer would alter, some amount that is told alters, and none that is nearer."""
    policy = edit[0].load(REGISTRY)
    random = Random(seed)
    (situation, *_) = random_situations([action], random)
    now = Consequence.of(situation.decided_by(policy), policy)
    amount = situation.value("amount")
    told = [change.values["amount"] for change in nearest_changes(situation, policy).changes if {*change.values} == {"amount"}]
    for _ in range(50):
        other = Decimal(random.randrange(1, 100_100)) / 100
        changed = situation.changed("amount", other)
        if changed is not None and Consequence.of(changed.decided_by(policy), policy) != now:
            assert isinstance(amount, Decimal)
            assert any(isinstance(one, Decimal) and abs(one - amount) <= abs(other - amount) for one in told), (
                situation,
                other,
                told,
            )


COUNTERS = """version: 1
currency: USD
counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}
  paid: {sum: amount, of: [transfer, pay_bill], by: [currency], window: plan}
  done: {count: "*", by: [actor.id], window: 24h}
  bills: {count: pay_bill, window: 7d}
rules:
  - id: all
    allow: "*"
  - id: limits
    deny: "*"
    when: has(currency) and (counters.sent > 100 or counters.paid > 50) or counters.done > 3 or counters.bills > 1
"""


@given(
    actions(REGISTRY, types=["transfer", "pay_bill", "deposit"]),
    st.dictionaries(st.sampled_from(["sent", "paid", "done", "bills"]), st.integers(0, 500)),
)
def test_counters_hold_what_they_hold_for_a_plan(action: Action, counted: dict[str, int]) -> None:
    """A situation's counters are those with which a plan of its one action is decided."""
    policy = rules(COUNTERS)
    before = {name: Decimal(value) for name, value in counted.items()}
    supposed = Supposed(policy=policy, now=MONDAY, requester=Actor(id="ann"), before=before)
    (judged,) = judge_plan(ActionPlan.of(action), given_fields, supposed)
    situation = Situation(
        action=action, actor=Actor(id="ann"), now=MONDAY, zone=UTC, grounded=given_fields(action).grounded, before=before
    )
    assert situation.context(policy).counters == judged.context.counters
    assert situation.decided_by(policy) == judged.decision
    again = Situation.of(action, judged.context, policy.counters, UTC)
    assert again.context(policy).counters == judged.context.counters
    assert replace(again, before={}, unknown=frozenset()) == replace(situation, before={})
