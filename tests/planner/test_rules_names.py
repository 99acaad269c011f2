"""Which words of an order are an account, somebody who gets money, or a biller; what may be none is asked about."""

import pytest

from signoff.actor import Actor
from signoff.planner import Outcome, RulesPlanner

NO_SOURCE = """
send Bob $50 and get it back from Alice
pay my gas bill and get it back from Bob
get $50 back from Bob to savings
take $50 back from Bob and put it in savings
have $50 in checking from Bob
deposit $50 from grandma into my savings
deposit $500 from payroll into savings
i need $50 from Bob to Alice
from Alice to Bob, please send $50
pay my gas bill with interest
pay my gas bill with pleasure
pay my gas bill via mail
pay my gas bill through christmas
pay my electric bill from Duke Energy
pay my phone bill with verizon
pay my electric bill with bob's card
pay my gas bill from bob's savings
pay my gas bill with my wife's card
withdraw $50 from bob's account
pay my gas bill from moms account
deduct the gas bill from rent
from christmas send $50 to Bob
send $50 to Bob from fri
send $50 to Bob from tax refund
"""

NO_BILLER = """
pay my bill from savings
pay my bill with visa
pay the bill from checking
pay my bill from chase
pay my bill with paypal
pay my bill with pleasure
pay the bill on christmas
pay the bill on fri
pay my bill on our anniversary
pay the invoice at eom
make a payment on christmas
make a payment on fri
make a payment on our anniversary
make my december payment
make my refund payment
make my advance payment
pay off bob
pay off my bob
pay off christmas
pay off gambling
make a payment to bob for my gas bill
pay my not-gas bill
pay my gas-not-water bill
pay my refuse gas bill
my gas postpone bill needs to be paid
pay my gas nvm bill
pay my hypothetically gas bill
pay my supposedly gas bill
pay my mustn't gas bill
pay december rent
pay my gas bill and the processing fee
pay my gas bill and the convenience fee
pay my gas bill and the interest payment
pay the overdraft fee
pay the biggest bill
pay the wrong bill
pay the attached invoice
i have a huge bill to pay
pay a fake bill
pay my report card
send $50 to card
pay the company
pay my savings bill
pay the bill for bob
pay the bill for dinner
"""

NO_BILL = """
take care of the trash
take care of my phone
take care of my kids daycare
take care of my green card
take care of the company
cover my phone
process my visa
take care of my visa
handle my insurance
deal with verizon
clear my credit card
settle the water
pay for gas
pay $50 for gas
pay for my phone
send money for gas
send some money to my visa
send some money to my gas bill
send money to my credit card
make some payment to pay my gas bill
pay verizon for bob
pay verizon for sarahs phone bill
pay geico for my neighbors car
pay verizon for christmas
make a payment to Verizon for my moms bill
pay Bob rent $50
send Bob rent $50
pay Bob Verizon $50
pay bob phone
pay Bob insurance
pay Sarah Mortgage $50
pay Bob electric $50
"""

NO_PERSON = """
send $50 to Bob tmrw
send $50 to Bob fri
send $50 to bob eod
send $50 to Bob nvm
send $50 to Bob jk
send $50 to bob wait alice
send $50 to bob oops alice
send $50 to Bob Oops Alice
send $50 to bob n alice
send Bob approx $50
send bob max $50
send Bob minimum $50
pay Bob abt $50
pay Bob hlf $50
pay Bob nvr $50
send 50 to Bob yen
send 50 to Bob pesos
send $50 to Bob cad
send $50 to bob cad
send $50 to Bob CAD
send Bob canadian $50
send bob credit $50
send 50 to Bob points
send bob bitcoin 50
push $50 to january
move $50 to december
send $50 to Bob-tomorrow
send $50 to bob-never
send $50 to Bob-or-Alice
send $50 to Bob-tmrw
send $50 to bob n\u043et
send $50 to bob \uff4e\uff4f\uff54
send $50 to B\u043eb
pay taxes 50
pay parking ticket $50
pay fine $50
pay early $50
pay late $50
pay december $50
pay extra 50
send circa 50
pay max 50
send actually $60
send oops $60
i owe taxes $50, pay it
noone needs $50, send it
grab $50 to throw on red
send $50 to whoever
send $50 to noone
pay people $50
pay friends $50
pay employees $50
send $50 to random
send $50 to y'all
send $50 to self
send $50 to nvm savings
send $50 to my friends
"""


def _lines(*texts: str) -> list[str]:
    return [line for text in texts for line in text.strip().splitlines()]


@pytest.mark.parametrize("request_text", _lines(NO_SOURCE, NO_BILLER, NO_BILL, NO_PERSON))
def test_what_names_nobody_for_certain_is_asked_about(rules: RulesPlanner, dana: Actor, request_text: str) -> None:
    """A date, a limit, a remark, a currency, nobody, many, or somebody else's account is never taken for a name."""
    answer = rules.plan(request_text, dana)
    assert answer.outcome is Outcome.QUESTION, answer.plan


@pytest.mark.parametrize(
    ("request_text", "names"),
    [
        ("send $50 to Bob from savings", ("Bob", "savings")),
        ("send $50 from my chase account to my navy federal account", ("navy federal", "chase")),
        ("move $50 from huntington to savings", ("savings", "huntington")),
        ("send $50 to Max Smith", ("Max Smith", "checking")),
        ("send $50 to June Carter", ("June Carter", "checking")),
        ("send $50 to Acme Group", ("Acme Group", "checking")),
        ("send $50 to Mary-Ann", ("Mary-Ann", "checking")),
        ("send $50 to jos\u00e9", ("jos\u00e9", "checking")),
        ("send $50 to \u0411\u043e\u0440\u0438\u0441", ("\u0411\u043e\u0440\u0438\u0441", "checking")),
        ("send $50 to steve's account", ("steve's", "checking")),
        ("send $50 to my christmas savings", ("christmas savings", "checking")),
        ("pay my gas bill with my visa card", ("gas", "visa card")),
        ("pay my bill from verizon", ("verizon", "checking")),
        ("pay the bill for Acme Utilities", ("Acme Utilities", "checking")),
        ("pay my water department bill", ("water department", "checking")),
        ("pay off my student loan", ("student loan", "checking")),
        ("make a payment on my car", ("car", "checking")),
        ("take care of my rent", ("rent", "checking")),
        ("cover the gas bill", ("gas", "checking")),
        ("pay $50 for my gas bill", ("gas", "checking")),
        ("pay verizon for my phone bill", ("verizon", "checking")),
        ("pay geico for car insurance", ("geico", "checking")),
        ("pay my phone", ("phone", "checking")),
        ("pay my chase visa", ("chase visa", "checking")),
    ],
)
def test_names_that_are_plain_are_taken(rules: RulesPlanner, dana: Actor, request_text: str, names: tuple[str, str]) -> None:
    """Whoever gets money, and the account that it comes from, are written as the user named them."""
    plan = rules.plan(request_text, dana).plan
    assert plan is not None, rules.plan(request_text, dana).message
    (wire,) = (one.wire() for one in plan.actions)
    assert (wire.get("to") or wire["biller"], wire["from"]) == names


REMARKS = """
tmrw fri eod nvm jk oops wait nope approx max min extra yen pesos cad tomorrow-maybe actually january december christmas hold
"""


@pytest.mark.parametrize("name", ["Bob", "bob", "BOB", "Alice Smith"])
def test_a_remark_beside_a_name_belongs_to_no_name(rules: RulesPlanner, dana: Actor, name: str) -> None:
    """However it is written, and on whichever side of the amount, a remark behind a name is asked about."""
    spelt = [form for word in REMARKS.split() for form in (word, word.upper(), word.title())]
    requests = [text for word in spelt for text in (f"send $50 to {name} {word}", f"send {name} {word} $50")]
    assert [text for text in requests if rules.plan(text, dana).outcome is not Outcome.QUESTION] == []
