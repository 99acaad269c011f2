"""What is there to be spent: questions that a balance answers, and beside them those that it does not."""

import pytest

from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

TOLD = """
how much do i have left this month
how much money do i have left in my account this month
how much do i have left to spend
how much do i have to spend in checking
how much do i have in checking to spend on shoes
what do i have in checking for a bike
how broke am i
how much can i spend
how much can i spend from my checking this weekend
am i able to afford a vacation
would i be able to afford a new car
am i overdrawn
am i in the red
is my account overdrawn
is my checking account empty
check my funds
"""

ASKED = """
how much can i send
how much can i spend on my visa card
how much can i spend on credit
how much can i spend each month
how much can bob spend
how much did i spend this month
how much do i have to pay this month
how much do i have left to pay
how much did i have left last month
how much will i have left this month
is my account locked
am i allowed to spend
"""


@pytest.mark.parametrize("request_text", TOLD.strip().splitlines())
def test_what_is_left_is_told(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """Whoever asks what is left is told the balance, and nothing else is done."""
    plan = rules.plan(request_text, dana).plan
    assert plan is not None
    assert [(one.action.wire()["type"], one.action.wire()["account"]) for one in plan.actions] == [("check_balance", "checking")]


@pytest.mark.parametrize("request_text", ASKED.strip().splitlines())
def test_what_a_balance_does_not_answer_is_asked_about(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """What was spent, is owed, or may be spent by others or on credit is no balance."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan
