"""What stands behind an order, before it or between two: it is said again, goes on, or makes all of it a question."""

import pytest

from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

# "It" is not what was ordered, or what is said of it is something else than was ordered.
OTHER_THING = """
take $50 out of savings and send it
take $50 out of savings, can you send it
take $50 out of savings, would you please pay that
withdraw $50 from savings, i want it sent
withdraw $50 and pay it
deposit $50 and pay it
deposit $50, i need that moved now
move $50 from savings to checking and pay it
move $50 from savings to checking, then send it
move $50 from savings to checking and wire it
i need $50 moved from savings to checking, then send it
top up checking with $50 from savings and send it
move $50 from savings, put it in checking, send it
send $50 to Bob and pay it
send $50 to Bob, then send it
pay my gas bill and send it
pay my gas bill, then pay it
check my visa balance, then pay it
check my balance and send it
what's the balance on my credit card, pay it
do i have enough for my gas bill, please pay it
do i have enough for my gas bill, please do it
can i afford a bike, can you do that
check my visa balance and take care of it
check my balance. Today can you send it
send it. check my balance
please pay it, then check my balance
my savings, move $50 to it from it
"""

# A correction, a limit, a date, a code, a fee: no name that gets money, too.
NO_OTHER_PAYEE = """
send Alice $50, actually 60
send Alice $50, actually $60
send Alice $50 and actually $60
send alice 50, oops 60
send alice $50, wait $60
pay Alice $50, Wait 60
SEND ALICE $50, ACTUALLY $60
send Alice $50, pin 1234
send Alice 50, room 12
send Alice 50, Room 12
send Alice $50, december 25
send Alice 50, June 5
send $50 to Alice, to december 25
send 50 to alice, to june 5
send Alice $50, max 60
send Alice $50 and tax $5
send alice $50 and shipping $5
give Alice $50, keep 20
"""

OTHER_ORDER = """
send $50 to Bob, check my balance first
send $50 to Bob. Check my balance first
send $50 to Bob. First, check my balance
send $50 to Bob and first check my balance
pay my gas bill, first tell me my balance
deposit $100 and send $50 to Bob first
send $50 to Bob, firstly deposit $100
send $50 to Bob. First of all deposit $100
withdraw $20, first deposit $50
pay my gas bill, send $50 to Bob first please
send $5 to Bob and pay my gas bill after depositing $50
send $5 to Bob, check my balance and pay my gas bill after depositing $50
after depositing $50, send $5 to Bob and pay my gas bill
deposit $50 before sending $5 to Bob and $6 to Alice
"""

NOT_ASKED_OF_THE_BANK = """
would anyone send $50 to Bob?
can anyone send $50 to Bob?
will someone pay my gas bill?
could anyone pay my gas bill?
you think you will pay my gas bill?
do you think you would pay my gas bill?
any chance you will pay my gas bill?
"""

# The money that is taken may be that which is to be paid, and an account that is named once may be meant for both.
OTHER_SOURCE = """
take $50 out of checking and pay rent
take $50 from savings and pay my gas bill
pull $50 from savings and pay my visa in full
pull $50 from savings, then pay my visa in full
withdraw $50 and pay my gas bill
take $50 out of savings and send Bob $20
use savings to send Bob $50 and Alice $20
go to savings and send Bob $50 and Alice $20
send $50 to Bob and $20 to Alice from savings
send $50 from savings to Bob and $20 to Alice
send Bob $50 from savings and Alice $20
send Bob $50 from savings, to Alice $20
send $10 to Carl, $50 to Bob, and $20 to Alice from savings
from savings, send Bob $50 and send Alice $20
from savings, send Bob $50; send Alice $20
from savings, send Bob $50. Pay my gas bill
using savings, pay my gas bill and send Bob $5
my savings, send Bob $5 from it and deposit $20 in it
my savings, check it and withdraw $20 from it
my gas bill, check my savings and pay it with that
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def in_short(rules: RulesPlanner, request: str, dana: Actor) -> list[str]:
    """The actions that *request* is planned as, with what they need: "send Alice 50.00 <1"."""
    answer = rules.plan(request, dana)
    assert answer.plan is not None, answer.message
    named = ("type", "account", "biller", "to", "amount")
    shown = [[str(one.wire()[name]) for name in named if one.wire().get(name)] for one in answer.plan.actions]
    needs = [[f"<{need}" for need in one.needs] for one in answer.plan.actions]
    return [" ".join([*words, *needed]) for words, needed in zip(shown, needs, strict=True)]


@pytest.mark.parametrize("request_text", lines(OTHER_THING + NO_OTHER_PAYEE + OTHER_ORDER + NOT_ASKED_OF_THE_BANK + OTHER_SOURCE))
def test_what_may_mean_something_else_is_a_question(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """Nothing is done where a part of a request may be another order, correct one, or belong to both of two."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan


SEND, GAS = "transfer Bob 50.00", "pay_bill gas"


@pytest.mark.parametrize(
    ("request_text", "actions"),
    [
        ("send $50 to Bob, please send it now", [SEND]),
        ("i'd like to wire $50 to Bob, can you do that", [SEND]),
        ("Bob needs $50, please send it", [SEND]),
        ("pay my gas bill, i want it paid", [GAS]),
        ("my gas bill is due, so pay it", [GAS]),
        ("if you do not mind, pay my gas bill", [GAS]),
        ("please pay my gas bill, so let's do that", [GAS]),
        ("what's my balance? can you do that for me", ["check_balance checking"]),
        ("do i have enough for rent, if you do not mind", ["check_balance checking"]),
        ("move $50 from savings to checking, let's move it", ["transfer checking 50.00"]),
        ("check my savings, can you do that for me", ["check_balance savings"]),
        ("send Alice $20, Bob $50 and Carl $5", ["transfer Alice 20.00", SEND, "transfer Carl 5.00"]),
        ("send Alice $20 and Bob Smith $50", ["transfer Alice 20.00", "transfer Bob Smith 50.00"]),
        ("send $20 to alice and $50 to bob", ["transfer alice 20.00", "transfer bob 50.00"]),
        ("send $20 to alice and to bob $50", ["transfer alice 20.00", "transfer bob 50.00"]),
        ("send $20 to Alice from savings and $50 to Bob from savings", ["transfer Alice 20.00", SEND]),
        ("first check my balance, then send $50 to Bob", ["check_balance checking", f"{SEND} <1"]),
        ("check my balance first, then send $50 to Bob", ["check_balance checking", f"{SEND} <1"]),
        ("check my balance. Pay my gas bill after sending $50 to Bob", ["check_balance checking", SEND, f"{GAS} <2"]),
        ("deposit $5 before sending $50 to Bob, then pay my gas bill", ["deposit checking 5.00", f"{SEND} <1", f"{GAS} <2"]),
        ("do you think you could pay my gas bill?", [GAS]),
        ("use $5 from savings to pay my gas bill", [f"{GAS} 5.00"]),
        ("take $5 from savings and put it on my gas bill", [f"{GAS} 5.00"]),
        ("withdraw $5. Pay my gas bill", ["withdraw 5.00", GAS]),
        ("from savings, send Bob $50. Check my balance", [SEND, "check_balance checking"]),
        ("withdraw $5 and send $50 to Bob", ["withdraw 5.00", SEND]),
    ],
)
def test_what_can_mean_one_thing_only_is_done(rules: RulesPlanner, dana: Actor, request_text: str, actions: list[str]) -> None:
    """What says an order again adds nothing to it, and one that goes on or says its order plainly is done."""
    assert in_short(rules, request_text, dana) == actions


def test_a_name_that_may_be_none_is_asked_about(rules: RulesPlanner, dana: Actor) -> None:
    """What may be a name is asked about with its amount, and with the words that would order it."""
    assert '"send bob $20"' in rules.plan("send alice $50 and bob $20", dana).message


@pytest.mark.parametrize(
    ("request_text", "types"),
    [
        ("i need to make a transfer, please send $50 to Bob", ["transfer"]),
        ("i want to transfer some money. send $50 to Bob and pay my water bill", ["transfer", "pay_bill"]),
        ("hi, i'd like to pay a bill, pay my water bill", ["pay_bill"]),
    ],
)
def test_a_wish_may_say_first_what_is_ordered(rules: RulesPlanner, dana: Actor, request_text: str, types: list[str]) -> None:
    """A wish that only names the kind of the order behind it is no order of its own."""
    plan = rules.plan(request_text, dana).plan
    assert plan is not None
    assert [one.action.type for one in plan.actions] == types


@pytest.mark.parametrize(
    "request_text",
    """
i need to make a transfer, please
i need to make a transfer, pay my water bill
i need to make a transfer, check my balance
i need to make a transfer, i need to make a transfer, send $50 to Bob
i need to make a transfer tomorrow, send $50 to Bob
i need to make a transfer, but not now, send $50 to Bob
i need to make a transfer? send $50 to Bob
i need to make a transfer and send $50 to Bob
do i need to make a transfer, send $50 to Bob
if i need to make a transfer, send $50 to Bob
bob says i need to make a transfer, send $50 to Bob
transfer money. send $50 to Bob
""".strip().splitlines(),
)
def test_what_is_no_such_wish_is_asked_about(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """An order without its parts, of another kind, of another day or in doubt does not announce the next one."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan
