"""The many forms in which one order can be said, and beside each of them what is close to it and may not be done."""

import pytest

from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

TRANSFERS = """
I'd like $50 to go to checking from savings
i need $50 moved out of savings into checking
what i need is $50 moved from savings to checking
have $50 sent to checking from savings
let's get $50 out of savings and into checking
get $50 from savings to checking
i want $50 taken out of savings and put into checking
i want $50 in checking, take it from savings
i want checking to get $50 from savings
from savings i want $50 moved to checking
from savings to checking, move $50
savings to checking, $50 please
move $50 to checking and take it out of savings
move $50 to checking, use my savings
move $50 over to checking, it should come from savings
put $50 in checking using my savings
take fifty out of savings for me and stick it in checking
go into savings, grab $50 and throw it in checking
checking needs $50 from savings
checking needs fifty bucks, please pull it from savings
$50 needs to come out of savings and go into checking
$50 has to go to checking, get it from savings
my savings account, move $50 from it to checking
top up checking with $50 from savings
hey so um i gotta move 50 bucks from savings to checking real quick
would you mind moving $50 from savings to checking?
gonna need you to move $50 from savings to checking
move $50 from savings to checking would you
id like you to move $50 from savings to checking on my behalf
do a quick $50 transfer, savings to checking
"""

BILLS = """
the water bill needs to be paid from savings
my water bill has to get paid, use my savings
water bill needs paying please, take it out of savings
i have a water bill i need to pay with savings
i'd like the water bill paid out of my savings
get the water bill paid using the money in savings
have my water bill paid out of savings
let savings cover the water bill
i want my savings used for paying the water bill
take it out of savings and pay the water bill
take the money from savings and pay my water bill with it
my water bill, i'd like to pay it from savings
water bill, could you pay that out of savings?
the water bill is due, go ahead and pay it from savings
savings account, use that one to pay the water bill
from savings i want to pay the water bill
water is the bill i need to pay, take it from savings
could you put a payment through for my water bill using savings
pay the water bill and have it come out of my savings
pay the water bill and use savings for it
i could really use a hand paying the water bill from savings
i'd like it if you'd pay my water bill from savings
the water bill needs to be paid out of savings, can you help me with that?
"""

BALANCES = """
what am i sitting at in savings
how's my savings looking
balance for savings please
my savings, what does it have in it
savings, how much is left in there?
i can't tell what my savings is at
not sure how much i've got in savings
check my savings and tell me how much is there
look at my savings and let me know
savings account, what's the balance on it
how much am i working with in savings
where does my savings stand
i want new shoes, do i have enough in savings
a new bike, can i afford that with what's in savings
would new shoes be covered by what i have in savings
is a bike doable with the money in my savings
tell me if savings has more than $100 in it
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def planned(rules: RulesPlanner, request: str, dana: Actor) -> list[dict[str, object]]:
    """The fields of what *request* is planned as that are not as in most plans."""
    answer = rules.plan(request, dana)
    assert answer.plan is not None, answer.message
    common = ("needs", "currency")
    return [{name: value for name, value in one.wire().items() if name not in common} for one in answer.plan.actions]


@pytest.mark.parametrize("request_text", lines(TRANSFERS))
def test_a_transfer_may_be_asked_for_in_many_forms(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """Active or passive, in whatever order, all these move fifty dollars from savings to checking."""
    assert planned(rules, request_text, dana) == [{"type": "transfer", "to": "checking", "amount": "50.00", "from": "savings"}]


@pytest.mark.parametrize("request_text", lines(BILLS))
def test_a_bill_may_be_paid_in_many_forms(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """All these pay the water bill from savings, and nothing else."""
    whole = {"type": "pay_bill", "biller": "water", "amount": None, "from": "savings"}
    assert planned(rules, request_text, dana) == [whole]


@pytest.mark.parametrize("request_text", lines(BALANCES))
def test_a_balance_may_be_asked_for_in_many_forms(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """All these ask for the balance of savings, once."""
    assert planned(rules, request_text, dana) == [{"type": "check_balance", "account": "savings"}]


# What is forbidden, past, somebody else's, asked, put off, conditional, vague or only stated, in the forms above.
NEAR = """
my gas bill doesn't need to be paid
does my gas bill need to be paid
when does my gas bill need to be paid
my gas bill needed to be paid
my gas bill needs to be paid by Friday
my gas bill needs to be paid by my wife
my gas bill needs to be paid?
my gas bill should be paid
my wife's gas bill needs to be paid
my wife wants the gas bill paid
my wife needs $50 from savings
my wife wants to transfer $50 from savings to checking
he wants $50 moved from savings to checking
they want $50 moved from savings to checking
Bob needs $50 from me
i owe Bob $50
i owe Bob $50, should i send it to him
i owed Bob $50, send it to him
i don't owe Bob $50, please send it
checking needed $50 from savings
checking needs $50 from savings tomorrow
checking should get $50 from savings
checking got $50 from savings
does checking need $50 from savings
i wanted $50 moved from savings to checking
i don't want $50 moved from savings to checking
i want to know if $50 was moved from savings to checking
i need $50 moved from savings to checking before friday
i have $50 moved from savings to checking
we have had $50 moved from savings to checking
would you have moved $50 from savings to checking
could you have paid my gas bill
have you paid my gas bill
was $50 moved from savings to checking
$50 was moved from savings to checking
$50 came out of savings and went into checking
$50 has gone from savings to checking
$50 has moved from savings to checking
$50 needs to go from savings to checking next week
what i need is not $50 moved from savings to checking
what i needed was $50 moved from savings to checking
is what i need $50 moved from savings to checking
my gas bill, don't pay it
my gas bill, did you pay it
my gas bill, should i pay it
my gas bill, can i pay it
my gas bill, how do i pay it
my gas bill, i paid it
my gas bill, bob wants to pay it
my gas bill, pay it tomorrow
my gas bill, pay it if it is due
my gas bill, pay it?
my gas bill is due, i paid it
my gas bill is due so don't pay it yet
my gas bill came, pay it later
from savings, pay rent and pay gas
use savings and pay rent and pay gas
use savings and send Alice $5 and Bob $6
send $5 from savings to Alice and $6 to Bob
from savings, pay rent and send $50 to Bob
my savings, i moved $50 from it to checking
my savings, bob moved $50 from it to checking
from savings, don't move $50 to checking
from savings to checking, $50 was moved
from savings to checking, move $50 tomorrow
from now on send $50 to Bob
from March send $50 to Bob
savings to checking
savings to checking, $50?
savings to checking, $50 or so
savings to checking, $50 every week
use savings not checking to pay the gas bill
pay my gas bill, take it from savings or checking
pay my gas bill, take it from savings if there is enough
pay my gas bill and don't use savings
move $50 to checking, take half from savings
move $50 to checking, it came from savings
i have a gas bill i don't need to pay
i had a gas bill i needed to pay
i have a gas bill bob needs to pay
i have a gas bill
do i have a gas bill i need to pay
i got a bill from duke energy, how do i pay it
the gas bill is what bob wants paid
rent is the bill i need to pay next week
got my gas bill paid
i want bob to pay my gas bill
let bob pay my gas bill
have bob pay my gas bill
have savings paid my gas bill
you could pay my gas bill
i was wondering if i could pay my gas bill
any chance i could pay my gas bill
any chance bob could pay my gas bill
it would be great if bob could pay my gas bill
it would have been great if you could pay my gas bill
i'd love to pay my gas bill
i'm going to pay my gas bill
i was going to pay my gas bill
let's say i pay my gas bill
let's pretend you pay my gas bill
would you pay my gas bill if you were me
would you mind not sending $50 to Bob
mind if i send $50 to Bob
i need help not paying my gas bill
i need help understanding how to pay my gas bill
can i get $50 moved from savings to checking
may i have $50 moved from savings to checking
is there any way i could send $50 to Bob
think i could send $50 to Bob
put the gas bill on hold
put the gas bill on autopay
have the gas bill come out of checking every month
get rid of my cable
sort out my phone
clear my phone
send um like $50 to Bob
send $50 um no $60 to Bob
send fifty um sixty dollars to Bob
i want $50
i want $50 in savings
get me $50
take it out of savings
it needs to come out of savings
use savings for it
please pay it
can you do that
deposit $50 and send it
deposit $50 please send it
check my savings and move it
pay my gas bill and pay it tomorrow
send $50 to Bob, use savings or checking
what about $50 from savings to checking
i have $50 in savings
how about moving $50 from savings to checking
my gas bill needs to be paid. not
pay yourself $50
"""


@pytest.mark.parametrize("request_text", lines(NEAR))
def test_what_is_close_to_an_order_is_a_question(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """Whatever is forbidden, past, somebody else's, asked, put off, conditional, vague or only stated is not done."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan


NO_BALANCE = """
what's my account number at chase
what kind of account do i have at chase
what accounts do i have
which bank is my savings at
what's going on in my account
how much do i need in my checking account
what's the least i can have in my checking
what interest do i have in savings
how much can i take out of checking
how much is a savings account
can you tell me if i have a chase account
how much will i have in savings
how much did i have in savings
how much does my wife have in savings
how much is my gas bill
what's due in my account
don't tell me what's in my savings
my savings, don't tell me what's in it
my savings, what interest does it have
tell me
let me know
"""


@pytest.mark.parametrize("request_text", lines(NO_BALANCE))
def test_other_questions_about_an_account_are_no_balance(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """A number, an interest rate, a limit, a bill, another time or somebody else's money is not answered with a balance."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan
