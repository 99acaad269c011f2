"""The public strategies: what they generate is valid, for any registry, and bounded by what its fields say."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pydantic import Field, field_validator

from signoff import Actor, UsageError
from signoff.actions import Action, Effect, Execution, Money, Names, Registry, Secret, bank_registry
from signoff.canonical import Json
from signoff.planner import ActionPlan, read_plan, write_plan
from signoff.policies import Context, DecisionEffect, Policy
from signoff.testing import PolicyFile, PolicyRule, actions, plans, policies, policy_files
from tests.conftest import EXAMPLES

Amount = Annotated[Decimal, Money("currency")]
MANY = settings(max_examples=4 * EXAMPLES)


class Idle(Action):
    """Changes nothing; these actions are only generated."""

    effect = Effect.READ

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None


class Order(Idle):
    """Fields of all kinds, given and not, one and many."""

    type: Literal["order"] = "order"
    to: str
    quantity: int
    weight: Decimal
    urgent: bool
    speed: Literal["slow", "fast"] = "slow"
    note: str | None = None
    sure: bool | None = None
    limit: int | None = None
    price: Amount
    fee: Amount | None = None
    currency: str
    tags: tuple[str, ...] = ()
    sizes: tuple[int, ...] | None = None
    weights: tuple[Decimal, ...] = ()
    flags: tuple[bool, ...] = ()
    parts: tuple[Amount, ...] = ()


class Other(Idle):
    """Fields of the same names that are something else."""

    type: Literal["other"] = "other"
    to: int
    price: Decimal
    urgent: bool | None = None
    tags: str = "none"
    pin: Secret
    token: Annotated[Secret, Names("TOKEN", "SPARE")] | None = None
    from_: str | None = None


class Bare(Idle):
    """No field at all."""

    type: Literal["bare"] = "bare"


class Bounded(Idle):
    """Bounds of every sort."""

    type: Literal["bounded"] = "bounded"
    dozen: Annotated[int, Field(gt=0, le=144, multiple_of=12)]
    share: Annotated[Decimal, Field(gt=0, lt=1)] | None
    price: Annotated[Decimal, Money("currency"), Field(ge=5000)]
    currency: Literal["USD", "JPY"]
    code: Annotated[str, Field(pattern="^[A-Z]{2}[0-9]+$", max_length=6)]
    name: Annotated[str, Field(min_length=3, max_length=5)]
    tags: Annotated[tuple[Annotated[str, Field(max_length=4)], ...], Field(min_length=1, max_length=2)]

    @field_validator("dozen")
    @classmethod
    def _even(cls, dozen: int) -> int:
        if dozen % 24:
            raise ValueError("must be even dozens")
        return dozen


class Stubborn(Idle):
    """Refuses every text but one."""

    type: Literal["stubborn"] = "stubborn"
    word: str

    @field_validator("word")
    @classmethod
    def _only(cls, word: str) -> str:
        if word != "please":
            raise ValueError("must be the magic word")
        return word


KINDS = Registry(Order, Other, Bare, Bounded)
REGISTRIES = {
    "bank": bank_registry(),
    "kinds": KINDS,
    "order": Registry(Order),
    "mixed": Registry(Order, Other),
    "bare": Registry(Bare),
}
ROUNDS = 12  # in which all of them come, whatever the seeds
PARTS = (  # of generated files, one or more of which each must be in
    *("allow:", "approve:", "deny:", "when:", "unless:", "count: 2", "within:", "default: {approve", '"*"'),
    *(
        "lists.",
        "has(",
        "default(",
        "in_request(",
        "source_of(",
        "trusted(",
        "plan.disputed",
        "actor.id",
        "actor.roles",
        "plan.size",
        " and ",
        " or ",
        "not ",
        " in ",
        " * ",
        "startswith",
        "endswith",
        "contains",
        "matches",
        "abs(",
        "min(",
        "max(",
        "len(",
        "lower(",
        "now.hour",
        "now.weekday",
        "now.date",
        "in tables.caps",
        "tables.caps[",
        " USD",
        'because: "{actor.id}',
    ),
)
ASKED = Context(actor=Actor(id="ann"), grounded=frozenset({"to"}), plan_size=2, now=datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


@MANY
@given(plans(KINDS))
def test_plans_are_valid(plan: ActionPlan) -> None:
    """A generated plan is one that its own wire form is read back as: values, bounds, money and needs are right."""
    assert read_plan(write_plan(plan), KINDS) == plan


@MANY
@given(st.sampled_from(sorted(REGISTRIES)).flatmap(lambda name: st.tuples(policies(REGISTRIES[name]), actions(REGISTRIES[name]))))
def test_policies_load_and_decide(case: tuple[Policy, Action]) -> None:
    """A generated policies file loads without an error for any registry, and decides its actions without a mistake inside."""
    policy, action = case
    decision = policy.decide(action, ASKED)
    assert not any("could not be read" in reason for reason in decision.because)


@given(policy_files(KINDS))
def test_what_is_left_of_a_file_loads(file: PolicyFile) -> None:
    """With one rule only, a generated file still loads."""
    for rule in file.rules:
        alone = PolicyFile(**vars(file) | {"rules": (rule,)}).load(KINDS)
        assert [each.id for each in alone.document.rules] == [rule.id]


def test_policies_do_all_that_they_can() -> None:
    """Among generated rules there is every effect, with and without conditions, seats, times, lists and guards."""
    texts: list[str] = []

    @settings(max_examples=20 * EXAMPLES)
    @given(policy_files(KINDS))
    def collect(file: PolicyFile) -> None:
        texts.append(file.source.decode())

    for number in range(ROUNDS):  # some parts are rare: one file in a thousand has them
        seed(number)(collect)()
        everything = "\n".join(texts)
        missing = [part for part in PARTS if part not in everything]
        if not missing:
            break
    assert missing == []


@given(actions(bank_registry(), types=["transfer"], fields={"transfer": {"to": st.just("Alice"), "currency": st.just("JPY")}}))
def test_values_of_single_fields_can_be_given(action: Action) -> None:
    """A field whose values are given has one of these, and the amount beside a given currency has its decimals."""
    wire = action.wire()
    assert (wire["type"], wire["to"], wire["currency"]) == ("transfer", "Alice", "JPY")
    assert "." not in str(wire["amount"])


def test_a_field_that_does_not_exist_is_refused() -> None:
    """Values for an action type or a field that does not exist are an error which names those that do."""
    with pytest.raises(UsageError, match='no action type "transfr"; known are check_balance'):
        actions(bank_registry(), fields={"transfr": {}})
    with pytest.raises(UsageError, match='transfer has no field "too"; known are to, amount'):
        policies(bank_registry(), fields={"transfer": {"too": st.just("Alice")}})


def test_an_action_that_refuses_everything_says_so() -> None:
    """Where all that is generated of a type is refused, the error says why, and that its fields' values can be given."""

    @given(actions(Registry(Stubborn)))
    def draw(action: Action) -> None:
        raise AssertionError(f"{action} is not valid")

    with pytest.raises(
        UsageError, match="all 100 generated values of stubborn were refused: `word` must be the magic word; give"
    ):
        draw()


def test_a_rule_of_ones_own_stands_in_a_generated_file() -> None:
    """A rule written by hand is put into a generated file, and decides."""
    mine = PolicyRule(id="mine", effect=DecisionEffect.DENY, actions=("order",), when="price > 100", because="too dear")

    @given(
        policy_files(KINDS),
        actions(KINDS, types=["order"], fields={"order": {"price": st.just("150.00"), "currency": st.just("USD")}}),
    )
    def law(file: PolicyFile, action: Action) -> None:
        policy = PolicyFile(**vars(file) | {"currency": "USD", "rules": (*file.rules, mine)}).load(KINDS)
        assert policy.decide(action, ASKED).effect is DecisionEffect.DENY

    law()


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("from signoff.testing import FakeClock, CountingIds; print(CountingIds()(1))", "01"),
        ("try:\n from signoff.testing import plans\nexcept ImportError as error: print(error)", 'pip install "signoff[testing]"'),
    ],
    ids=["a clock", "a strategy"],
)
def test_without_hypothesis(code: str, printed: str) -> None:
    """Without Hypothesis the clock and the ids work, and asking for a strategy says what to install."""
    script = f"import sys\nsys.modules['hypothesis'] = None\n{code}"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert printed in ran.stdout
