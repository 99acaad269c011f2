"""Laws of comparing two policies: what is told is so, and what random actions show was found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st

from signoff import Actor
from signoff.actions import Action, bank_registry
from signoff.policies import (
    DecisionEffect,
    Differences,
    Outcome,
    Policy,
    Situation,
)
from signoff.testing import PolicyFile, PolicyRule, actions, policy_files

REGISTRY = bank_registry()
PEOPLE = ("ann", "ben", "cleo", "dora", "zoe")
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAYEES = ("Alice", "Bob", "Eve", "Zed")
FIELDS = {"transfer": {"to": st.sampled_from(PAYEES), "currency": st.sampled_from(["USD", "EUR"])}}
SHOTS = 300  # random situations for each pair of files
MISSED = 0.05  # of the pairs in which random actions show a difference: so many may be missed where any rule is edited

Edit = tuple[PolicyFile, PolicyFile]

files = policy_files(REGISTRY, fields=FIELDS)
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


def outcomes(situation: Situation, old: Policy, new: Policy) -> tuple[Outcome, Outcome]:
    """What both come to."""
    return Outcome.of(situation.decided_by(old), old), Outcome.of(situation.decided_by(new), new)


def random_situations(asked: list[Action], random: Random) -> list[Situation]:
    """Situations of actions, with amounts that thresholds are near to."""
    made: list[Situation] = []
    for _ in range(SHOTS):
        action = random.choice(asked)
        situation = Situation(
            action=action,
            actor=Actor(id=random.choice(PEOPLE)),
            now=MONDAY + timedelta(hours=random.randrange(24 * 7)),
            zone=UTC,
            grounded=frozenset(name for name in action.fields if random.random() < 0.7),
            plan_size=random.randrange(1, 6),
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
