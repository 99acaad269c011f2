"""Which words ask for a balance, and which only hold the words of one: those get a question."""

import pytest

from signoff.actions import bank_registry
from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

NOT_ASKED = """
my wife says what's my balance
bob said tell me my balance
my wife wants to know how much is in savings
they want to know how much is in savings
i already know how much is in savings
bob is asking, how much is in savings
nobody asked how much is in savings
yesterday how much is in savings
next year how much do i have in savings
in an hour tell me my balance
at noon, show me my balance
if bob asks tell me my balance
once bob arrives tell me my balance
the email subject was what is my balance
forget how much is in savings
i hate how much is in savings
i know, how much is in savings
"""
ORDERED_BESIDE = """
settle up with bob, how much do i have
shoot Bob my rent and tell me what's in savings
i want to shoot Bob my rent, how much do i have
i want you to email bob, how much do i have
text Bob how much is in savings
text Bob, how much is in savings
remind me in an hour how much is in savings
close my card, how much do i have
guess how much is in my savings
can i afford a bike send $50 to Bob
can i afford a bike withdraw $50
do i have enough for a bike pay my gas bill
is there enough for rent send $50 to Bob
is there enough for rent pay bob
do i have enough for a bike transfer $50 to savings
can i afford a bike send bob $50
can i afford a bike please don't
can i afford a bike never mind
"""
NO_ACCOUNT = """
hide my balance
erase my balance
change my balance
reset my balance
lower my balance
lose my balance
hide balance
notify me if my balance is below 50
Bob, check my balance
hey Bob what's my balance
dear Alice check my balance
bob texted what's my balance
email bob what's my balance
nevermind what's my balance
what is my average balance
what's my highest balance
what's my projected balance
in january tell me my balance
what was my balance in march
"""
OTHER_MEANING = """
what was my balance
how much was in my savings
how much have i had in savings
what will my balance be
what would my balance be
what would my balance look like
tell me what my balance will be
tell me my balance going to be
what if my balance is low
what if there is more in my savings
how much money do they have
how much do they have in savings
how much do you have
give them my balance
where can i find my balance
tell me where to find my balance
i need to get my balance up
bring my balance up
please keep the balance above $50
keep my balance over $50
my balance is low
i know my balance
i know how much is in my savings
balance my account
hold my balance
add money to my balance
add it to my balance
get my balance over 500
how much can i have in savings
let me know if money comes in
what is there to do in chase
what type of savings do i have
what kind of savings do i have
what's the total number of accounts i have
what is savings
"""
STATED = """
i have enough in savings
we have enough money for rent
we have enough in there
i've got enough in savings
my money is in savings
there's enough in savings
my savings has enough
my balance looks good
this is my balance
i can see my balance
i like my balance
can i get a loan with my savings
can i get cash from savings
could i get a card with my account
does chase cover stolen bikes
will chase cover stolen bikes
"""


def lines(text: str) -> list[str]:
    """The lines of *text* that hold anything."""
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize("request_text", lines(NOT_ASKED + ORDERED_BESIDE + NO_ACCOUNT + OTHER_MEANING + STATED))
def test_words_of_a_balance_that_ask_for_none_are_a_question(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """Reported, past, future, supposed, stated, somebody else's or beside an order, a balance is not told."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan


TOLD = """
i want a new bike, is there enough in savings = savings
i want a new bike is there enough in savings = savings
i'm thinking of a trip to Rome do i have the money for it in savings = savings
coffee is great but tell me how much is in savings = savings
vacation is coming up, do i have the money in my chase account = chase
before i buy this dress tell me if my savings has the money for it = savings
new skis, do i have the money for them in savings = savings
do i have enough in savings to send $50 to Bob = savings
do i have enough in savings to pay my gas bill = savings
will my savings be enough for a bike = savings
does my chase account cover a bike = chase
do i have enough in savings for my house deposit = savings
can i get a bike with my savings = savings
find my savings balance = savings
what's my savings = savings
what kind of money do i have in savings = savings
look up what i have in savings = savings
is my savings balance over $50 = savings
add up what's in my savings = savings
where does my savings balance stand = savings
"""


@pytest.mark.parametrize("line", lines(TOLD))
def test_a_balance_that_is_asked_for_is_told(rules: RulesPlanner, dana: Actor, line: str) -> None:
    """What is asked for now is told, also behind a remark, and of the account that is named."""
    request_text, account = line.split(" = ")
    answer = rules.plan(request_text, dana)
    assert answer.plan is not None, answer.message
    assert [one.action for one in answer.plan.actions] == [bank_registry().read({"type": "check_balance", "account": account})]


@pytest.mark.parametrize("request_text", ["find balance", "view balance", "i need a balance"])
def test_a_verb_names_no_account(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """The usual account's balance is told where a verb stands before "balance"."""
    answer = rules.plan(request_text, dana)
    assert answer.plan is not None, answer.message
    assert [one.action for one in answer.plan.actions] == [bank_registry().read({"type": "check_balance"})]
