"""A second opinion: what counts as a difference between two plans, and what becomes of a second planner without a plan."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from signoff.actions import Registry, Secret, action
from signoff.actor import Actor
from signoff.canonical import canonical, digest
from signoff.errors import PlanInvalid
from signoff.planner import (
    ActionPlan,
    Context,
    LLMPlanner,
    Outcome,
    Planned,
    Planner,
    RulesPlanner,
    ScriptedPlanner,
    SecondOpinion,
    read_plan,
    write_plan,
)
from signoff.planner.second_opinion import MAX_DISPUTES, differences
from tests.chat_server import TOKENS, ChatServer, plan, question, raw
from tests.planner.conftest import KEY, TRANSFER, Ask, Way, failed

REQUEST = "send $150 to Alice"
BALANCE = {"type": "check_balance"}
ALICE = {"type": "transfer", "to": "Alice", "amount": "150.00"}
DEPOSIT = {"type": "deposit", "amount": "40.00"}
BILL = {"type": "pay_bill", "biller": "Acme Power"}


@action
def send_message(to: str, text: str) -> str:
    """Send a message."""
    return "sent"


@action
def tag(names: tuple[str, ...], urgent: bool = False) -> str:
    """Tag something."""
    return "tagged"


@action
def sign_in(site: str, password: Secret) -> str:
    """Sign in somewhere."""
    return "in"


@pytest.fixture(scope="module")
def wide(registry: Registry) -> Registry:
    """The bank's actions, and others with free text, lists and secrets."""
    return Registry(*registry.values(), send_message, tag, sign_in, migrations=registry.migrations)


def planned(registry: Registry, *actions: dict[str, Any]) -> ActionPlan:
    """A plan of *actions*, which need nothing unless they say so."""
    return read_plan(json.dumps({"actions": [{"needs": [], **one} for one in actions]}), registry)


def scripted(*answers: Planned | ActionPlan) -> Planner:
    """A planner that gives *answers*."""
    return ScriptedPlanner(answers)


class Broken:
    """A planner that does not keep its promise."""

    label = "a broken planner"

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        raise RuntimeError("a text that nobody checked")


SAME: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("the same", [ALICE], [ALICE]),
    ("a default written out", [ALICE], [{**ALICE, "currency": "USD", "from": "checking"}]),
    ("an amount's decimals", [ALICE], [{**ALICE, "amount": "150"}]),
    ("a name's case and spaces", [{**ALICE, "to": "Acme Power"}], [{**ALICE, "to": " acme  POWER"}]),
    ("a name's letters composed otherwise", [{**ALICE, "to": "Ren\u00e9"}], [{**ALICE, "to": "Rene\u0301"}]),
    ("the order of needs", [BALANCE, DEPOSIT, {**ALICE, "needs": [1, 2]}], [BALANCE, DEPOSIT, {**ALICE, "needs": [2, 1]}]),
    ("a secret's name", [{"type": "sign_in", "site": "a", "password": {"secret": "mail"}}],
     [{"type": "sign_in", "site": "A", "password": {"secret": "mail"}}]),
    ("a list", [{"type": "tag", "names": ["a", "b"]}], [{"type": "tag", "names": ["A", "b"], "urgent": False}]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), [pair[1:] for pair in SAME], ids=[pair[0] for pair in SAME])
def test_plans_that_mean_the_same_are_not_disputed(
    wide: Registry, first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Defaults, decimals, the spelling of names and the order of needs make no difference, whichever plan is first."""
    one, two = planned(wide, *first), planned(wide, *second)
    assert (differences(one, two), differences(two, one)) == ((), ())


HAS = "the second opinion has"
DIFFERENT: list[tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]] = [
    ([{**ALICE, "amount": "1500"}], [ALICE], [f"action 1: {HAS} amount 150.00, the plan 1500.00"]),
    ([BALANCE, ALICE], [BALANCE, {**ALICE, "to": "Bob"}], [f"action 2: {HAS} to Bob, the plan Alice"]),
    ([ALICE], [{**ALICE, "currency": "EUR"}], [f"action 1: {HAS} currency EUR, the plan USD"]),
    ([ALICE], [{**ALICE, "from": "savings"}], [f"action 1: {HAS} from savings, the plan checking"]),
    ([BILL], [{**BILL, "amount": "40"}], [f"action 1: {HAS} amount 40.00, the plan none"]),
    ([ALICE], [DEPOSIT], [f"action 1: {HAS} deposit, the plan transfer"]),
    ([ALICE, DEPOSIT], [ALICE], ["action 2: the second opinion has none, the plan deposit"]),
    ([ALICE], [ALICE, DEPOSIT], ["action 2: the second opinion has deposit, the plan none"]),
    ([ALICE, DEPOSIT], [DEPOSIT, ALICE], ["the second opinion has the same actions in another order"]),
    ([BALANCE, ALICE], [BALANCE, {**ALICE, "needs": [1]}], [f"action 2: {HAS} needs 1, the plan none"]),
    ([BALANCE, {**ALICE, "needs": [1]}], [BALANCE, ALICE], [f"action 2: {HAS} needs none, the plan 1"]),
    ([ALICE, ALICE], [ALICE], ["action 2: the second opinion has none, the plan transfer"]),
    (
        [{**ALICE, "to": "Bob", "amount": "1"}],
        [ALICE],
        [f"action 1: {HAS} to Alice, the plan Bob", f"action 1: {HAS} amount 150.00, the plan 1.00"],
    ),
    (
        [{"type": "tag", "names": ["a"]}],
        [{"type": "tag", "names": ["a", "b"], "urgent": True}],
        [f"action 1: {HAS} names a, b, the plan a", f"action 1: {HAS} urgent True, the plan False"],
    ),
    (
        [{"type": "send_message", "to": "Ann", "text": "x" * 200}],
        [{"type": "send_message", "to": "Ann", "text": "hi"}],
        [f"action 1: {HAS} text hi, the plan {'x' * 80} …"],
    ),
    (
        [{"type": "sign_in", "site": "a", "password": {"secret": "mail"}}],
        [{"type": "sign_in", "site": "a", "password": {"secret": "bank"}}],
        [f"action 1: {HAS} password the secret bank, the plan the secret mail"],
    ),
    (
        [{"type": "sign_in", "site": "a", "password": "hunter2-and-more"}],
        [{"type": "sign_in", "site": "a", "password": "correct-horse"}],
        [f"action 1: {HAS} password a secret, the plan a secret"],
    ),
]


@pytest.mark.parametrize(("first", "second", "told"), DIFFERENT)
def test_what_differs_is_told_in_words(
    wide: Registry, first: list[dict[str, Any]], second: list[dict[str, Any]], told: list[str]
) -> None:
    """Every difference names the action, the field and both values; of a secret no value is shown."""
    assert list(differences(planned(wide, *first), planned(wide, *second))) == told


def test_wording_can_be_left_out(wide: Registry) -> None:
    """A field that is named as a wording is not compared; every other field of the action is."""
    one, two = (
        planned(wide, {"type": "send_message", "to": "Ann", "text": text}) for text in ("See you at 5", "See you at five o'clock")
    )
    assert len(differences(one, two)) == 1
    assert differences(one, two, {"send_message.text"}) == ()
    assert len(differences(one, two, {"send_message.to"})) == 1


def test_the_first_plan_stands_and_the_dispute_beside_it(registry: Registry, dana: Actor, way: Way) -> None:
    """The plan is the first planner's; the label names both, and the record holds both answers."""
    first, second = planned(registry, {**ALICE, "amount": "1500"}), planned(registry, ALICE)
    one = Planned(outcome=Outcome.PLAN, plan=first, planner="one", tokens=3, record={"mode": "tools"}, disputed=("before",))
    two = Planned(outcome=Outcome.PLAN, plan=second, planner="two", tokens=4, attempts=2, record={"mode": "json"})
    answer = way(SecondOpinion(scripted(one), scripted(two)), REQUEST, dana)
    assert answer.plan == first
    assert answer.disputed == ("before", "action 1: the second opinion has amount 150.00, the plan 1500.00")
    assert answer.tokens == 7
    assert "second opinion" in answer.planner
    assert answer.record["mode"] == "tools"
    assert answer.record["second_opinion"] == {
        "planner": "two",
        "outcome": "plan",
        "plan": digest(write_plan(second)),
        "model": None,
        "attempts": 2,
        "tokens": 4,
        "record": {"mode": "json"},
    }
    assert canonical(answer.record)


def test_two_that_agree_do_not_dispute(registry: Registry, rules: RulesPlanner, dana: Actor, way: Way) -> None:
    """The rules planner and a script that means the same leave nothing disputed."""
    planner: Planner = SecondOpinion(rules, scripted(planned(registry, ALICE)))
    answer = way(planner, REQUEST, dana)
    assert (answer.outcome, answer.disputed) == (Outcome.PLAN, ())
    assert planner.label == f"{rules.label}; second opinion: scripted planner, no AI model"


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PLAN])
def test_without_a_second_plan_the_first_is_disputed(registry: Registry, dana: Actor, way: Way, outcome: Outcome) -> None:
    """A question, a refusal and every failure of the second planner dispute the plan: no silence is an agreement."""
    said = "To\nwhom\u202e? " + "x" * 1000
    second = Planned(outcome=outcome, message=said, planner="two")
    answer = way(SecondOpinion(scripted(planned(registry, ALICE)), scripted(second)), REQUEST, dana)
    (told,) = answer.disputed
    assert answer.outcome is Outcome.PLAN
    named = {Outcome.QUESTION: "question", Outcome.REFUSAL: "refusal"}.get(outcome, outcome.value)
    assert named in told.split(":")[0]
    assert "To whom\\u{202e}?" in told
    assert told.isprintable()
    assert len(told) < 400


def test_a_planner_that_raises_ends_nothing(registry: Registry, rules: RulesPlanner, dana: Actor, way: Way) -> None:
    """What a planner raises is told by its kind alone: of the first it is a provider error, of the second a dispute."""
    first = way(SecondOpinion(Broken(), rules), REQUEST, dana)
    assert "RuntimeError" in failed(first)
    assert "nobody checked" not in first.message
    (told,) = way(SecondOpinion(rules, Broken()), REQUEST, dana).disputed
    assert told.startswith("there is no second opinion (provider_error): the planner failed (RuntimeError)")
    script = way(SecondOpinion(rules, ScriptedPlanner([])), REQUEST, dana)
    assert "UsageError" in script.disputed[0]


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "send it",
        {"disputed": None},
        {"disputed": True},
        {"disputed": (1,)},
        {"tokens": "many"},
        {"record": None},
        {"plan": {"actions": []}},
        {"planner": None},
        {"outcome": "question", "plan": None, "message": "Whom?"},
        {"outcome": Outcome.QUESTION, "plan": None, "message": b"Whom?"},
    ],
    ids=str,
)
def test_an_answer_of_another_form_ends_nothing(
    registry: Registry, rules: RulesPlanner, dana: Actor, way: Way, wrong: Any
) -> None:
    """An answer that is none, or holds what it must not, is as good as an error: of the second planner it is a dispute."""

    class Lying(Broken):
        def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
            right: dict[str, Any] = {"outcome": Outcome.PLAN, "plan": planned(registry, ALICE), "planner": "a liar"}
            made: Planned = Planned(**right | wrong) if isinstance(wrong, dict) else wrong
            return made

    assert "the planner failed (TypeError)" in failed(way(SecondOpinion(Lying(), rules), REQUEST, dana))
    (told,) = way(SecondOpinion(rules, Lying()), REQUEST, dana).disputed
    assert told.startswith("there is no second opinion (provider_error): the planner failed (TypeError)")


def test_a_first_answer_without_a_plan_is_given_alone(rules: RulesPlanner, dana: Actor, way: Way) -> None:
    """Where the first planner asks, nobody is asked for a second opinion."""
    answer = way(SecondOpinion(rules, ScriptedPlanner([])), "send money to Alice", dana)
    assert answer == rules.plan("send money to Alice", dana)
    assert answer.outcome is Outcome.QUESTION


def test_a_request_that_cannot_be_taken_is_refused(rules: RulesPlanner, dana: Actor, way: Way) -> None:
    """A request, or a context, that no planner takes is wrong here as well."""
    planner = SecondOpinion(Broken(), rules)
    with pytest.raises(PlanInvalid, match="the request is empty"):
        way(planner, " ", dana)
    with pytest.raises(PlanInvalid, match="cannot name a source"):
        way(planner, REQUEST, dana, (Context(source="request", text="x"),))


def test_the_disputes_are_bounded(registry: Registry, dana: Actor, way: Way) -> None:
    """Two plans that differ everywhere are told apart in a bounded number of texts, the last of which counts the rest."""
    first, second = (planned(registry, *[{**ALICE, "amount": amount}] * 100) for amount in ("1", "2"))
    answer = way(SecondOpinion(scripted(first), scripted(second)), REQUEST, dana)
    assert len(answer.disputed) == MAX_DISPUTES
    assert answer.disputed[-1] == f"and {101 - MAX_DISPUTES} more differences"
    few = [planned(registry, *[{**ALICE, "amount": amount}] * MAX_DISPUTES) for amount in ("1", "2")]
    assert "more" not in way(SecondOpinion(scripted(few[0]), scripted(few[1])), REQUEST, dana).disputed[-1]


def test_a_third_opinion_counts(registry: Registry, rules: RulesPlanner, dana: Actor, way: Way) -> None:
    """A dispute within the second opinion is one of the whole."""
    other = planned(registry, {**ALICE, "amount": "15"})
    answer = way(SecondOpinion(rules, SecondOpinion(rules, scripted(other))), REQUEST, dana)
    assert answer.disputed == ("action 1: the second opinion has amount 15.00, the plan 150.00",)


def test_a_model_is_checked_by_the_rules(llm: Ask, rules: RulesPlanner, chat_server: ChatServer, dana: Actor, way: Way) -> None:
    """A model that reads 1500 where the user wrote 150 is disputed by the rules planner; one that reads right is not."""
    chat_server.answer(plan({**TRANSFER, "amount": "1500.00"}), plan(TRANSFER))
    planner = SecondOpinion(llm(), rules)
    wrong, right = (way(planner, REQUEST, dana) for _ in range(2))
    assert wrong.disputed == ("action 1: the second opinion has amount 150.00, the plan 1500.00",)
    assert (right.disputed, right.tokens) == ((), TOKENS)


def test_a_second_model_is_asked_beside_the_rules(
    llm: Ask, registry: Registry, rules: RulesPlanner, chat_server: ChatServer, dana: Actor, way: Way
) -> None:
    """A second model that asks, or whose server is gone, disputes what the rules plan, and the key is in no text."""
    chat_server.answer(question("Which Alice?"), raw({"error": {"message": f"no such key: {KEY}"}}, 401))
    planner = SecondOpinion(rules, llm())
    asked, refused = (way(planner, REQUEST, dana) for _ in range(2))
    assert asked.disputed == ("the second opinion is a question: Which Alice?",)
    assert refused.disputed[0].startswith("there is no second opinion (provider_error): ")
    gone = SecondOpinion(rules, LLMPlanner(registry, model="m", base_url="http://127.0.0.1:9/v1", api_key=KEY, timeout=2))
    assert "no answer from 127.0.0.1:9" in way(gone, REQUEST, dana).disputed[0]
    assert KEY not in repr((asked, refused))
