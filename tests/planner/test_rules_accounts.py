"""Accounts by their numbers, payees by who they are to the user, and several bills in one sentence."""

import pytest

from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

NAMED = [
    ("transfer $5 from account 4471 to account 9023", [("transfer", "9023", "4471")]),
    ("from account 4471 to account 9023, transfer $5", [("transfer", "9023", "4471")]),
    ("send $5 to account number 33019847", [("transfer", "33019847", "checking")]),
    ("move $5 to the account ending in 8834", [("transfer", "8834", "checking")]),
    ("send $5 to account 12 and $6 to account 13", [("transfer", "12", "checking"), ("transfer", "13", "checking")]),
    ("pay my water bill from account 6120", [("pay_bill", "water", "6120")]),
    ("put $5 into my 401k from checking", [("transfer", "401k", "checking")]),
    ("send Bob $5 using my golden 1 checking", [("transfer", "Bob", "golden 1 checking")]),
    ("move $5 to my new account from savings", [("transfer", "new", "savings")]),
    ("transfer $5 from penfed to chime", [("transfer", "chime", "penfed")]),
    ("transfer $5 from alliant to my savings", [("transfer", "savings", "alliant")]),
    ("transfer $5 from account xyz to account b", [("transfer", "b", "xyz")]),
    ("move $5 from my chase savings to my amex savings", [("transfer", "amex savings", "chase savings")]),
    ("move $5 to our mortgage account from savings", [("transfer", "mortgage", "savings")]),
    ("$5 to Bob from my savings", [("transfer", "Bob", "savings")]),
    (
        "send $5 from savings to Bob and $6 from checking to Carol",
        [("transfer", "Bob", "savings"), ("transfer", "Carol", "checking")],
    ),
    ("have $5 go from savings into checking", [("transfer", "checking", "savings")]),
    ("give $5 from savings to checking", [("transfer", "checking", "savings")]),
    ("give savings $5 from checking", [("transfer", "savings", "checking")]),
    ("put in a transfer of $5 from savings to checking", [("transfer", "checking", "savings")]),
    ("send a payment of $5 to Bob", [("transfer", "Bob", "checking")]),
    ("send $5 to the babysitter", [("transfer", "babysitter", "checking")]),
    ("send $5 to my contractor Bob", [("transfer", "Bob", "checking")]),
    ("pay my property taxes from savings", [("pay_bill", "property taxes", "savings")]),
    ("pay national grid", [("pay_bill", "national grid", "checking")]),
    ("pay my phone service", [("pay_bill", "phone", "checking")]),
    ("pay all of my water bill", [("pay_bill", "water", "checking")]),
    ("pay the outstanding balance on my visa", [("pay_bill", "visa", "checking")]),
    ("make my monthly car payment", [("pay_bill", "car", "checking")]),
    ("use my credit card for the water bill", [("pay_bill", "water", "credit card")]),
    ("send my mom $5", [("transfer", "mom", "checking")]),
    ("send 5 to my mom", [("transfer", "mom", "checking")]),
    ("pay my landlord $800 for rent", [("transfer", "landlord", "checking")]),
    ("pay my gas bill and water bill", [("pay_bill", "gas", "checking"), ("pay_bill", "water", "checking")]),
]

ASKED = """
send $5 to account 12.50
send $5 to account 12,500
send $5 to account 12 hundred
send $5 to account 12 dollars
send $5 to account 5k
send $5 to account -12
send to account 50
send $5 to Bob from fri
send $5 from fri to Bob
send $5 from tmrw to Bob
move $5 back from Bob to savings
get $5 from Bob to savings
send $5 to account eod
send $5 to account asap
$5 to Bob from my savings tomorrow
$5 to Bob from my savings?
$5 went to Bob from my savings
send $50 to Bob and $20 to Alice from savings
pay all of my bills
pay for my phone service tomorrow
make my monthly car payments
use bob's card for the water bill
send my bob payment
send 401k to Bob
send $401k to Bob
send 5 to the mom
send 5 to a mom
send 5 to my friend
send 5 to my sisters
send 5 to my mom tomorrow
send 5 to my mom and dad
send my mom
pay my mom
pay my gas bill, water bill
pay my gas bill and not my water bill
pay the gas and electric bill
pay my pacific gas and electric bill
""".strip().splitlines()


@pytest.mark.parametrize(("request_text", "expected"), NAMED)
def test_names_that_are_no_names(
    rules: RulesPlanner, dana: Actor, request_text: str, expected: list[tuple[str, str, str]]
) -> None:
    """An account may be named by its number or kind, and a payee by what only one person can be to the user."""
    plan = rules.plan(request_text, dana).plan
    assert plan is not None
    wires = [one.action.wire() for one in plan.actions]
    assert [(wire["type"], wire.get("to", wire.get("biller")), wire["from"]) for wire in wires] == expected


def test_the_number_of_an_account_is_no_amount(rules: RulesPlanner, dana: Actor) -> None:
    """A number behind "account" is its name where a preposition stands before it, and else the amount."""
    for request in ("transfer to my savings account 50", "send my savings account 50 from checking"):
        plan = rules.plan(request, dana).plan
        assert plan is not None
        wire = plan.actions[0].action.wire()
        assert (wire["to"], wire["amount"]) == ("savings", "50.00")


@pytest.mark.parametrize("request_text", ASKED)
def test_what_is_close_to_them_is_asked_about(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """A number that may be an amount, and a payee who may be several people, are no names."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan
