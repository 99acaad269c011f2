"""The English that the rules planner takes, as data: for each action type the ways to ask for it.

How a phrasing is written is said in `grammar`. Names in capitals stand for the parts listed first.
"""

from dataclasses import dataclass

from .grammar import Pattern, compile_parts, compile_pattern

_PARTS = {
    "AMOUNT": ["[a|the sum|amount|total of] <amount>"],
    "SEND": ["send|transfer|move|wire|shift"],
    "MOVED": ["moved|transferred|sent|wired|put|shifted|to_go|to_be_moved|to_be_transferred|to_be_sent|to_be_put"],
    "TO": ["to|into|over_to|in_to"],
    "OUT": ["from|out_of"],
    "BY": ["[from|out_of|with|using|via|through <account>]"],
    "FOR": ["[for <purpose>]"],
    "PUT_IT": ["and put|deposit|move|transfer|send|place it|them|that in|into|to"],
    "I_NEED": ["i_need|i_want|i_would_like|i'd_like|get|have"],
    "BILL": [
        "[my|our|the|this|that] <biller> bill|invoice|payment",
        "[my|our|the|this|that] bill|invoice for|from [my|our|the] <biller>",
    ],
    "LOOK": ["check|check_on|see|view|look_at|look_up|review|verify|read|know|hear"],
    "FIND": ["find|find_out|get|pull_up|bring_up"],
    "TELL": ["show|display|tell|give|let_me_know"],
    "SHOW": ["[LOOK|FIND|TELL [me|us]]"],
    "MONEY": ["money|cash|funds"],
    "IN": ["in|on|at|inside|within"],
    "ON": ["in|on|at|of|for|with"],
    "HOLDS": ["have|has|hold|contain|holds|contains [in_it|left|available]"],
    "TAIL": ["[for|to_buy|to_get|to_purchase|to_afford|to_cover <wish>]"],
}

_ASKED = {
    "check_balance": [
        "SHOW [what|what's|with] <which> balance|balances [is|are|looks_like] [ON <which>]",
        "what's|whats|what_is|what_are|how's|how_is <which> balance|balances [ON <which>]",
        "what's|whats|what_is my|the [current] [bank] account total",
        "SHOW how_much [MONEY] do_i|do_we|i|we have|got [left|available] [IN <which>] TAIL",
        "SHOW how_much [MONEY] is|is_there|are|are_there|there_is|i've_got [left|available] IN <which> TAIL",
        "SHOW how_much [MONEY] does <which> HOLDS",
        "SHOW how_much [MONEY] <which> HOLDS",
        "SHOW what|what's|what_is|what_do_i_have in <which>",
    ],
    "deposit": [
        "deposit|make_a_deposit_of AMOUNT [in|of|as cash] [in|into|to|on <own_account>]",
        "deposit|make_a_deposit in|into|to <own_account> [of] AMOUNT",
    ],
    "withdraw": [
        "withdraw|take_out|pull_out|draw_out|make_a_withdrawal_of|get_out AMOUNT [in|of|as cash] [OUT <own_account>]",
        "withdraw|make_a_withdrawal [OUT <own_account>] [of] AMOUNT",
        "take|pull|get|draw AMOUNT [in|of|as cash] OUT <own_account>",
        "take|pull|get|draw AMOUNT out",
    ],
    "transfer": [
        "SEND <payee> AMOUNT [OUT <account>] FOR",
        "SEND AMOUNT TO <payee> [OUT <account>] FOR",
        "SEND AMOUNT OUT <account> TO <payee> FOR",
        "SEND TO <payee> AMOUNT [OUT <account>] FOR",
        "SEND OUT <account> TO <payee> AMOUNT",
        "SEND OUT <account> AMOUNT TO <payee>",
        "SEND|take AMOUNT OUT <account> PUT_IT <payee>",
        "take|take_out OUT|of <account> AMOUNT PUT_IT <payee>",
        "OUT <account> SEND AMOUNT TO <payee>",
        "put AMOUNT in|into|to|on <payee> OUT <account>",
        "put AMOUNT OUT <account> in|into|to|on <payee>",
        "take AMOUNT OUT <account> TO <payee>",
        "give|pay <person> AMOUNT [OUT <account>] FOR",
        "give|pay AMOUNT to <person> [OUT <account>] FOR",
        "make|do|execute|initiate|complete a [money|bank|wire] transfer|payment [of] AMOUNT to <payee> [OUT <account>] FOR",
        "make|do|execute|initiate|complete a [money|bank|wire] transfer|payment [of] AMOUNT OUT <account> to <payee> FOR",
        "make|do|execute|initiate|complete a [money|bank|wire] transfer OUT <account> to <payee> for|of AMOUNT",
        "make|do|execute|initiate|complete a [money|bank|wire] transfer|payment to <payee> for|of AMOUNT [OUT <account>]",
        "I_NEED AMOUNT MOVED [TO] <payee> [OUT <account>] FOR",
        "I_NEED AMOUNT MOVED OUT <account> TO <payee> FOR",
    ],
    "pay_bill": [
        "pay|settle|pay_off|clear|cover|take_care_of BILL BY",
        "pay BILL AMOUNT BY",
        "pay AMOUNT on|to|towards|toward|for|of|off BILL BY",
        "make|put|submit|put_in|put_through a payment [of AMOUNT] on|to|towards|toward|for BILL BY",
        "put AMOUNT on|towards|toward BILL BY",
        "I_NEED BILL paid|settled|paid_off BY",
        "i_need|i_want a_hand|help|assistance getting BILL paid BY",
        "i_need|i_want a_hand|help|assistance paying BILL BY",
        "use <account> to|for pay|paying BILL",
        "pay [my|our|the] <known_biller> BY",
        "pay [my|our|the] <known_biller> AMOUNT BY",
        "pay AMOUNT to|on|for|towards|toward [my|our|the] <known_biller> BY",
    ],
}

# Balances that are asked for to be judged: "do I have enough for rent". What is to be done then is for the user to say.
_JUDGED = [
    "do_i|do_we have [any|enough|some|sufficient] MONEY [IN <which>] TAIL",
    "do_i|do_we have [any|enough|some|sufficient] in <which> TAIL",
    "is_there|are_there [any|enough|some|sufficient] [MONEY] IN <which> TAIL",
    "[i] wonder|see|check|tell_me|know if|whether i|we have [any|enough|some|sufficient] [MONEY] [IN <which>] TAIL",
    "[i] wonder|see|check|tell_me|know if|whether there_is|there's [any|enough|some|sufficient] [MONEY] IN <which> TAIL",
]

# What may follow a transfer without saying the verb again: "... and $60 to Bob".
_CONTINUED = ["AMOUNT TO <payee> [OUT <account>] FOR", "to <payee> AMOUNT"]
_CONTINUED_IN_ORDER = ["<person> AMOUNT"]  # only behind "send Alice $50": in "send $50 to Alice, fee 10" no one is named

# Which field each slot fills.
FIELDS = {
    "check_balance": {"which": "account"},
    "deposit": {"own_account": "to"},
    "withdraw": {"own_account": "from"},
    "transfer": {"payee": "to", "person": "to", "account": "from"},
    "pay_bill": {"biller": "biller", "known_biller": "biller", "account": "from"},
}

_NO_NOTE = "Should I send {amount} to {payee}, now and as it is? I take no note of what it is for; write it without that"

# Requests that leave something out, and what to ask then.
_INCOMPLETE = [
    ("SEND|give|pay AMOUNT [OUT <account>]", "To whom should I send {amount}?"),
    ("SEND|give [some|my|the] [MONEY] TO <payee> [OUT <account>] [for <wish>]", "How much should I send to {payee}?"),
    ("SEND|give <payee> [some|my|the] [MONEY] [for <wish>]", "How much should I send to {payee}?"),
    ("SEND|give [some|my|the] [MONEY]", "How much should I send, and to whom?"),
    ("make|do a [money|bank|wire] transfer|payment", "How much should I send, and to whom?"),
    ("make|do a [money|bank|wire] transfer|payment to <payee>", "How much should I send to {payee}?"),
    ("pay <person> [for <wish>]", 'How much should I pay {person}? For what is due on a bill, write "pay the {person} bill"'),
    ("pay [a|the|my|our|some|that|this] bill|bills", "Which bill should I pay? Name who it is from"),
    ("deposit|make_a_deposit [some|my|the|a] [MONEY|check]", "How much should I deposit?"),
    ("deposit [some|my|the] [MONEY] in|into|to <own_account>", "How much should I deposit?"),
    ("withdraw|take_out|make_a_withdrawal [some|my|the] [MONEY] [OUT <own_account>]", "How much should I withdraw?"),
    ("SEND|give|pay AMOUNT to <payee> [OUT <account>] for <wish>", _NO_NOTE),
    ("SEND|give|pay <payee> AMOUNT [OUT <account>] for <wish>", _NO_NOTE),
    (
        "put|add AMOUNT in|into|to|on <own_account>",
        "Should I deposit {amount}, or move it from another account of yours? Write deposit, or name the account",
    ),
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


_PARTS_READ = compile_parts(_PARTS)

PHRASINGS = tuple(Phrasing(type_, compile_pattern(text, _PARTS_READ)) for type_, texts in _ASKED.items() for text in texts)
PHRASINGS += tuple(Phrasing("check_balance", compile_pattern(text, _PARTS_READ), judged=True) for text in _JUDGED)
CONTINUED = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED)
CONTINUED_IN_ORDER = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED_IN_ORDER)
INCOMPLETE_CONTINUED = (
    Incomplete(compile_pattern("<person>", {}), "How much should go to {person}? Write an amount for each name"),
)
INCOMPLETE = tuple(Incomplete(compile_pattern(text, _PARTS_READ), question) for text, question in _INCOMPLETE)
