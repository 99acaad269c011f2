"""The English that the rules planner takes: for each action type the ways to ask for it, and what may follow or be missing.

The ways themselves are data, in `phrasing_balances` and `phrasing_orders`. How a phrasing is written is said in `grammar`;
names in capitals stand for the parts in `phrasing_parts`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.canonical import Json

from .grammar import Captures, Pattern, compile_parts, compile_pattern, first_words
from .phrasing_balances import BALANCES, JUDGED
from .phrasing_orders import ORDERS
from .phrasing_parts import PARTS
from .tokens import Token

_ASKED = {"check_balance": BALANCES, **ORDERS}

# A transfer without a verb, where no other order stands before it: behind "send $50 to Bob and" it would be one more of these.
_FIRST_ALONE = ["AMOUNT TARGET OUT <own_account>"]

# What may follow a transfer without saying the verb again: "... and $60 to Bob".
_CONTINUED = ["AMOUNT ( TARGET [SOURCE] ) FOR", "to <payee> AMOUNT"]
_CONTINUED_IN_ORDER = ["<person> AMOUNT"]  # only behind "send Alice $50": in "send $50 to Alice, fee 10" no one is named

# What may follow a bill that is paid in full from the usual account: "... and my gas bill". "Gas and electric bill" may be one.
_CONTINUED_BILL = [
    "my|our|the <biller> bill|bills|invoice",
    "my|our|the <known_biller> A_BILL",
    "my|our|the <known_biller>",
    "<biller> bills|payments",
]
_CONTINUED_BILL_SAID = ["<biller> bill"]  # only where the one before was called a bill, too: "my gas bill and water bill"

# What may follow the balance of an account that was named: "... and in savings".
_CONTINUED_BALANCE = ["[IN_OF] <own_account>"]

_AT_BANK = re.compile(r"(.+?) (?:account )?(?:at|with) (.+)")

# Which field each slot fills.
_FIELDS = {
    "check_balance": {"which": "account", "own_account": "account", "kind": "account"},
    "deposit": {"own_account": "to"},
    "withdraw": {"own_account": "from"},
    "transfer": {"payee": "to", "person": "to", "own_payee": "to", "account": "from", "own_account": "from", "place": "from"},
    "pay_bill": {
        "biller": "biller",
        "known_biller": "biller",
        "financed": "biller",
        "due": "biller",
        "company": "biller",
        "sender": "biller",
        "known_sender": "biller",
        "account": "from",
        "own_account": "from",
        "card": "from",
    },
}

_NO_NOTE = "Should I send {amount} to {payee}, now and as it is? I take no note of what it is for; write it without that"

# Requests that leave something out, and what to ask then.
_INCOMPLETE = [
    ("SEND|give|pay AMOUNT [SOURCE]", "To whom should I send {amount}?"),
    ("SEND|give [some|my|the] [MONEY] TARGET [SOURCE] [for <wish>]", "How much should I send to {payee}?"),
    ("SEND|give <payee> [some|my|the] [MONEY] [for <wish>]", "How much should I send to {payee}?"),
    ("SEND|give [some|my|the] [MONEY]", "How much should I send, and to whom?"),
    ("DO a TRANSFER|payment", "How much should I send, and to whom?"),
    ("DO a TRANSFER|payment TARGET", "How much should I send to {payee}?"),
    ("pay <person> [for <wish>]", 'How much should I pay {person}? For what is due on a bill, write "pay the {person} bill"'),
    ("pay [a|the|my|our|some|that|this] bill|bills", "Which bill should I pay? Name who it is from"),
    ("deposit|make_a_deposit [some|my|the|a] [MONEY|check]", "How much should I deposit?"),
    ("deposit [some|my|the] [MONEY] in|into|to <own_account>", "How much should I deposit?"),
    ("withdraw|take_out|make_a_withdrawal [some|my|the] [MONEY] [OUT <own_account>]", "How much should I withdraw?"),
    ("SEND|give|pay AMOUNT TARGET [SOURCE] for <wish>", _NO_NOTE),
    ("SEND|give|pay <payee> AMOUNT [SOURCE] for <wish>", _NO_NOTE),
    (
        "put|add AMOUNT in|into|to|on <own_account>",
        "Should I deposit {amount}, or move it from another account of yours? Write deposit, or name the account",
    ),
]

# What a wish may say before the order itself: "I need to make a transfer, send $50 to Bob"; and the action that it has to be.
_ANNOUNCED = [
    ("transfer", "SEND [some|my|the] MONEY"),
    ("transfer", "DO a|an TRANSFER"),
    ("pay_bill", "PAY [a|the|my|our|some|that|this] bill|bills"),
    ("pay_bill", "DO a bill_payment|payment"),
]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One way to ask for one action type."""

    type: str
    pattern: Pattern
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Incomplete:
    """One way to ask for too little, and the question back."""

    pattern: Pattern
    question: str


PARTS_READ = compile_parts(PARTS)

PHRASINGS = tuple(Phrasing(type_, compile_pattern(text, PARTS_READ)) for type_, texts in _ASKED.items() for text in texts)
PHRASINGS += tuple(Phrasing("check_balance", compile_pattern(text, PARTS_READ), judged=True) for text in JUDGED)
OTHER_BALANCE = Phrasing("check_balance", (), judged=True)  # what `balances` reads
FIRST_ALONE = tuple(Phrasing("transfer", compile_pattern(text, PARTS_READ)) for text in _FIRST_ALONE)
CONTINUED = tuple(Phrasing("transfer", compile_pattern(text, PARTS_READ)) for text in _CONTINUED)
CONTINUED_IN_ORDER = tuple(Phrasing("transfer", compile_pattern(text, PARTS_READ)) for text in _CONTINUED_IN_ORDER)
FOLLOWING = CONTINUED + CONTINUED_IN_ORDER
CONTINUED_BILL = tuple(Phrasing("pay_bill", compile_pattern(text, PARTS_READ)) for text in _CONTINUED_BILL)
CONTINUED_BILL_SAID = tuple(Phrasing("pay_bill", compile_pattern(text, PARTS_READ)) for text in _CONTINUED_BILL_SAID)
CONTINUED_BALANCE = tuple(Phrasing("check_balance", compile_pattern(text, PARTS_READ)) for text in _CONTINUED_BALANCE)
INCOMPLETE_CONTINUED = (
    Incomplete(compile_pattern("<person> AMOUNT", PARTS_READ), 'Should I do that as well? Then write "send {person} {amount}"'),
    Incomplete(compile_pattern("<person>", {}), "How much should go to {person}? Write an amount for each name"),
)
ANNOUNCED = tuple(Phrasing(type_, compile_pattern(text, PARTS_READ)) for type_, text in _ANNOUNCED)
INCOMPLETE = tuple(Incomplete(compile_pattern(text, PARTS_READ), question) for text, question in _INCOMPLETE)


def _by_first_word(phrasings: Sequence[Phrasing]) -> tuple[Mapping[str, Sequence[Phrasing]], Sequence[Phrasing]]:
    """*phrasings* by the word that they begin with, and those that can begin with any."""
    table: dict[str, list[Phrasing]] = {}
    others: list[Phrasing] = []
    for phrasing in phrasings:
        words = first_words(phrasing.pattern)
        if words is None:
            others.append(phrasing)
        for word in words or ():
            table.setdefault(word, []).append(phrasing)
    return table, others


_BY_WORD, _OTHERS = _by_first_word(PHRASINGS)


def beginning_with(word: str) -> Sequence[Phrasing]:
    """The phrasings that can begin with *word*."""
    return [*_BY_WORD.get(word, ()), *_OTHERS]


def wire_of(type_: str, captures: Captures) -> dict[str, Json]:
    """The action that *captures* describe, as a plan writes it; what was not said is left out."""
    wire: dict[str, Json] = {"type": type_}
    if "bank" in captures:  # "my savings at chase" are "chase savings"
        captures = {"which": " ".join(text_of(captures[slot]) for slot in ("bank", "which") if slot in captures)}
    for slot, value in captures.items():
        if type_ == "check_balance" and isinstance(value, str):
            value = _AT_BANK.sub(r"\2 \1", value)
        if isinstance(value, str):
            wire[_FIELDS[type_][slot]] = value
        elif value.amount is not None:
            wire["amount"] = f"{value.amount:f}"
            if value.currency is not None:
                wire["currency"] = value.currency
    return wire


def text_of(value: str | Token) -> str:
    """What a slot holds, as it was written."""
    return value if isinstance(value, str) else value.text
