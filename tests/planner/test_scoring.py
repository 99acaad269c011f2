import json
from itertools import count

import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import UsageError
from signoff.planner import (
    ActionPlan,
    Outcome,
    Planned,
    PlannedAction,
    RulesPlanner,
    ScriptedPlanner,
    Verdict,
    read_requests,
    score_request,
)

BALANCE = {"type": "check_balance"}
TRANSFER = {"type": "transfer", "to": "alice", "amount": "50.00"}


def verdict(planned: Planned | RulesPlanner, *plans: object, text: str = "send Alice $50") -> Verdict:
    """What an answer is worth to a request for which *plans* are acceptable."""
    (request,) = read_requests(json.dumps({"text": text, "plans": plans}).encode(), "requests.jsonl")
    planner = planned if isinstance(planned, RulesPlanner) else ScriptedPlanner({text: planned})
    return score_request(planner, request, Actor(id="dana"), count().__next__).verdict


@pytest.mark.parametrize(
    ("text", "plans", "expected"),
    [
        ("send Alice $50", [[TRANSFER]], Verdict.RIGHT),
        ("send Alice $50", [[], [TRANSFER]], Verdict.RIGHT),
        ("send Alice $50", [[TRANSFER | {"amount": "50"}]], Verdict.RIGHT),
        ("send Alice $50", [[{"type": "transfer"}]], Verdict.RIGHT),
        ("send Alice $50", [[TRANSFER | {"amount": "51.00"}]], Verdict.WRONG),
        ("send Alice $50", [[TRANSFER | {"to": "Alicia"}]], Verdict.WRONG),
        ("send Alice $50", [[TRANSFER | {"note": "lunch"}]], Verdict.WRONG),
        ("send Alice $50", [[TRANSFER, BALANCE]], Verdict.WRONG),
        ("send Alice $50", [[]], Verdict.WRONG),
        ("check my balance and send Alice $50", [[BALANCE]], Verdict.WRONG),
        ("check my balance, then send Alice $50", [[BALANCE, TRANSFER | {"needs": [1]}]], Verdict.RIGHT),
        ("check my balance and send Alice $50", [[BALANCE, TRANSFER | {"needs": [1]}]], Verdict.WRONG),
        ("check my balance", [[]], Verdict.HARMLESS),
        ("send Alice some", [[]], Verdict.ASKED_RIGHTLY),
        ("send Alice some", [[TRANSFER]], Verdict.ASKED),
    ],
)
def test_an_answer_is_judged_by_the_acceptable_plans(
    rules: RulesPlanner, text: str, plans: list[object], expected: Verdict
) -> None:
    """A plan is right where it is one of those, a question where nothing may be done; case and what is left out do not count."""
    assert verdict(rules, *plans, text=text) is expected
    assert expected.is_right is (expected in (Verdict.RIGHT, Verdict.ASKED_RIGHTLY))


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PLAN])
def test_an_answer_that_did_not_come_is_not_counted_as_a_question(outcome: Outcome) -> None:
    """Only a question or a refusal is an answer without a plan; an error, a cut and a malformed one are none at all."""
    answered = outcome in (Outcome.QUESTION, Outcome.REFUSAL)
    planned = Planned(outcome=outcome, message="no", planner="scripted")
    assert verdict(planned, []) is (Verdict.ASKED_RIGHTLY if answered else Verdict.UNANSWERED)
    assert verdict(planned, [TRANSFER]) is (Verdict.ASKED if answered else Verdict.UNANSWERED)


def test_what_only_reads_is_told_by_the_action_itself(registry: Registry) -> None:
    """A wrong plan is harmless only where every action of it declares that it changes nothing."""
    look, deposit = (registry.read({"type": "check_balance"}), registry.read({"type": "deposit", "amount": "5"}))
    for actions, expected in (((look,), Verdict.HARMLESS), ((look, deposit), Verdict.WRONG)):
        plan = ActionPlan(actions=tuple(PlannedAction(action=action, needs=()) for action in actions))
        assert verdict(Planned(outcome=Outcome.PLAN, plan=plan, planner="scripted"), []) is expected


def test_the_clock_tells_how_long_it_took(rules: RulesPlanner) -> None:
    """The time is that of the planner alone, by the clock that is handed in."""
    (request,) = read_requests(b'{"text": "balance", "plans": [[]], "source": "mine"}\n', "requests.jsonl")
    scored = score_request(rules, request, Actor(id="dana"), iter([3.0, 5.5]).__next__)
    assert (scored.seconds, scored.request.source, scored.request.line) == (2.5, "mine", 1)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", '"requests.jsonl" holds no requests'),
        (b"\n\n", '"requests.jsonl" holds no requests'),
        (b'{"text": "a", "plans": [[]]}\nnonsense', "requests.jsonl:2 is not JSON"),
        (b'\n{"text": "a"}', "requests.jsonl:2: no labelled request"),
        (b'{"text": "a", "plans": []}', "requests.jsonl:1: no labelled request"),
        (b'{"text": "a", "plans": [{}]}', "requests.jsonl:1: no labelled request"),
        (b'{"text": "a", "plans": [[{"to": "b"}]]}', "requests.jsonl:1: no labelled request"),
        (b'{"text": 5, "plans": [[]]}', "requests.jsonl:1: no labelled request"),
        (b'{"text": " ", "plans": [[]]}', "requests.jsonl:1: the request is empty"),
        (b"[" * 100_000, "requests.jsonl:1"),
        (b'{"text": "\xff", "plans": [[]]}', "requests.jsonl:1 is not UTF-8"),
        (b" " * 2_000_000, "split it"),
    ],
)
def test_a_file_that_holds_something_else(data: bytes, problem: str) -> None:
    """What is no labelled request is refused with its place in the file."""
    with pytest.raises(UsageError) as raised:
        read_requests(data, "requests.jsonl")
    assert problem in str(raised.value)
