import pytest

from signoff.actions import Registry
from signoff.errors import PlanInvalid
from signoff.planner import MAX_REQUEST, ActionPlan, Outcome, Planned, check_request


def test_a_plan_goes_with_its_outcome(registry: Registry) -> None:
    """The outcome PLAN holds a plan and no message."""
    plan = ActionPlan.of(registry.read({"type": "check_balance"}))
    planned = Planned(outcome=Outcome.PLAN, plan=plan, planner="a test")
    assert planned.plan == plan
    assert (planned.model, planned.attempts, planned.tokens, planned.message) == (None, 1, None, "")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_needs_a_plan_or_a_message(outcome: Outcome) -> None:
    """An answer with neither a plan nor a message is refused."""
    with pytest.raises(ValueError, match="does not go with no"):
        Planned(outcome=outcome, planner="a test")


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PLAN])
def test_no_other_outcome_holds_a_plan(registry: Registry, outcome: Outcome) -> None:
    """Every outcome but PLAN is refused with a plan."""
    plan = ActionPlan.of(registry.read({"type": "check_balance"}))
    with pytest.raises(ValueError, match="does not go with a plan"):
        Planned(outcome=outcome, plan=plan, planner="a test", message="why")


def test_a_plan_holds_no_message(registry: Registry) -> None:
    """Text beside a plan is refused, since nobody would act on it."""
    plan = ActionPlan.of(registry.read({"type": "check_balance"}))
    with pytest.raises(ValueError, match="does not go with a message"):
        Planned(outcome=Outcome.PLAN, plan=plan, planner="a test", message="all done")


@pytest.mark.parametrize(
    ("request_text", "problem"),
    [
        ("a" * 1_000_000, "the request holds 1,000,000 characters; at most 10,000 are accepted, so shorten it"),
        ("", 'the request is empty; say what to do, such as "send $20 to Alice"'),
        ("\u0327\u0301" * 5_000, "the request holds more than 30 accents in a row, at character 31; remove them"),
        (" \n\t", 'the request is empty; say what to do, such as "send $20 to Alice"'),
    ],
)
def test_requests_are_bounded(request_text: str, problem: str) -> None:
    """A request that is empty, too long or quadratic to normalise is refused with the reason and the remedy."""
    with pytest.raises(PlanInvalid) as caught:
        check_request(request_text)
    assert caught.value.problems == (problem,)


def test_a_request_of_full_length_is_accepted() -> None:
    """MAX_REQUEST characters are not too many."""
    check_request("a" * MAX_REQUEST)


def test_accents_are_accepted() -> None:
    """Up to thirty marks on one letter, on any number of letters, are not too many."""
    check_request(("e" + "\u0301" * 30) * 300)
