"""The English that the rules planner takes, as data: for each action type the ways to ask for it.

How a phrasing is written is said in `grammar`. Names in capitals stand for the parts in `phrasing_parts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .grammar import Pattern, compile_parts, compile_pattern, first_words
from .phrasing_parts import PARTS

_ASKED = {
    "check_balance": [
        "SHOW [what|what's|whats|with] <which> BALANCE LOOKS [IN_OF <which>]",
        "SHOW [what|what's|whats] <which> BALANCE LOOKS at|with <bank>",
        "WHATS <which> BALANCE LOOKS [IN_OF <which>]",
        "WHATS <which> BALANCE at|with <bank>",
        "check|check_with <bank> for <which> BALANCE",
        "SHOW|WHATS TOTAL [is|are] IN_OF <which>",
        "WHATS my|the [current] [bank] account total|amount",
        "how's|how_is <own_account> [looking|doing]",
        "WHATS <own_account> at|looking_like|look_like|worth",
        "check|check_on <own_account>",
        "what_does|what_do <own_account> look_like|hold|contain|have",
        "how_does|how_do|how_much_does <own_account> look|hold|have",
        "where_does|where_do <own_account> stand",
        "how_high|how_low|how_big is <which> BALANCE",
        "what_about|how_about <which> BALANCE [IN_OF <which>]",
        "SHOW about <which> BALANCE [IN_OF <which>]",
        "WHATS <kind>",
        "SHOW HOW_MUCH I_HAVE [LEFT] [IN <which>] TAIL",
        "SHOW HOW_MUCH IS_THERE [LEFT] IN <which> TAIL",
        "SHOW how_much|what is <which> BALANCE [IN_OF <which>]",
        "SHOW HOW_MUCH [do|does] <which> HOLDS",
        "SHOW what|what's|whats|what_is [MONEY] [I_HAVE] [is] [LEFT] IN <which>",
        "SHOW what <own_account> is_at|holds|has|looks_like",
        "SHOW what|what's|whats|what_is there|sitting|currently IN <which>",
        "SHOW|go_to|go_into|look_in|look_into|access|open <own_account> and|to TELL|see [me] THE_BALANCE",
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
        "SEND ( AMOUNT TARGET [SOURCE] [for <purpose>] )",
        "SEND [money|funds|cash] ( WORTH TARGET SOURCE )",
        "SEND money|funds|cash ( WORTH TARGET )",
        "SEND <payee> AMOUNT [SOURCE] FOR",
        "SEND AMOUNT [in|of|worth_of] <own_account> TARGET",
        "SEND|TAKE AMOUNT of <own_account> PUT_IT <payee>",
        "put|place|add AMOUNT of <own_account> INSIDE",
        "send_out ( AMOUNT TARGET [SOURCE] )",
        "get ( AMOUNT TARGET [SOURCE] )",
        "SOURCE [,] [please] SEND ( AMOUNT TARGET )",
        "( SOURCE TARGET ) [,] [please] SEND AMOUNT",
        "GO_TO <account> [,] [to|and] [please] SEND ( AMOUNT TARGET )",
        "GO_TO <account> [,] [to|and] [please] SEND|give|pay <person> AMOUNT",
        "SEND|TAKE ( AMOUNT SOURCE ) PUT_IT <payee>",
        "SOURCE [,] [please] SEND|TAKE AMOUNT PUT_IT <payee>",
        "INSIDE [,] [please] put|place|deposit|move|transfer ( AMOUNT SOURCE )",
        "SEND|TAKE AMOUNT PUT_IT <payee> [SOURCE]",
        "put|place|deposit|add|stick|bring|allocate|apply|get ( AMOUNT INSIDE SOURCE )",
        "TAKE ( AMOUNT SOURCE TARGET )",
        "give|pay|repay|reimburse|pay_back <person> [back] AMOUNT [SOURCE] FOR",
        "send <person> back AMOUNT [SOURCE] FOR",
        "give|pay ( AMOUNT TO_PERSON [SOURCE] [for <purpose>] )",
        "a|an TRANSFER ( WORTH TARGET SOURCE )",
        "DO a|an|the TRANSFER|payment ( WORTH TARGET [SOURCE] [for <purpose>] )",
        "DO a|an AMOUNT TRANSFER|payment ( TARGET [SOURCE] [for <purpose>] )",
        "i_need|i_want|i_would_like|i'd_like a|an TRANSFER ( WORTH TARGET [SOURCE] )",
        "i_need|i_want|i_would_like|i'd_like a|an AMOUNT TRANSFER ( TARGET [SOURCE] )",
        "i_need|i_want|i_would_like|i'd_like AMOUNT SOURCE MOVED INSIDE",
        "I_NEED AMOUNT MOVED ( TARGET [SOURCE] [for <purpose>] )",
        "I_NEED AMOUNT MOVED ( INSIDE SOURCE )",
        "i_need|i_want|i_would_like|i'd_like AMOUNT SOURCE [and] INSIDE",
        "i_need|i_want|i_would_like|i'd_like AMOUNT INSIDE SOURCE",
    ],
    "pay_bill": [
        "PAY ( BILL [BY] )",
        "pay ( BILL AMOUNT [BY] )",
        "pay ( AMOUNT ON_BILL [BY] )",
        "pay_off my|our|the <biller> [[current] balance] [BY]",
        "pay_off <biller> [BY]",
        "DO A_PAYMENT on|towards|toward [my|our|the] <biller> [BY]",
        "pay my|our|the <known_biller> off [BY]",
        "pay BILL off [BY]",
        "PAY a|an <biller> bill [BY]",
        "pay ( BILL of AMOUNT [BY] )",
        "pay my|our|the AMOUNT <biller> bill [BY]",
        "take|deduct|withdraw BILL SOURCE",
        "TAKE AMOUNT SOURCE and|to put|apply|send [it|that] ON_BILL",
        "PAY <known_biller> for [my|our|the] <wish> [bill|bills|service|services|payment] [BY]",
        "make_sure|make_sure_that|make_certain|ensure|ensure_that|see_that|see_to_it_that BILL is|gets paid [BY]",
        "DO|put|send|send_in A_PAYMENT to <biller> for my|our|the <wish> bill|invoice [BY]",
        "use|take AMOUNT SOURCE to|and PAY BILL",
        "use|using <own_account> for BILL",
        "DO|put|put_in|send|send_in A_PAYMENT ( ON_BILL [of AMOUNT] [BY] )",
        "DO|send a AMOUNT payment ( ON_BILL [BY] )",
        "DO|send|send_in my|our|the <biller> [bill] payment ( [of AMOUNT] [BY] )",
        "DO|send a|an <biller> bill payment ( [of AMOUNT] [BY] )",
        "DO|send a|an <financed> payment|note ( [of AMOUNT] [BY] )",
        "PAY my|our|the monthly <known_biller> [BY]",
        "PAY|make my|our|the monthly <biller> bill|payment|fee [BY]",
        "DO|send a|an <known_biller> payment ( [of AMOUNT] [BY] )",
        "DO|send [a|the|some] payment|money|funds to pay|cover BILL [BY]",
        "send [a|the|some] money|funds ON_BILL [BY]",
        "send ( AMOUNT TO_BILL [BY] )",
        "send <known_biller> AMOUNT [BY]",
        "put|apply|throw ( AMOUNT ON_BILL [BY] )",
        "I_NEED BILL [to_be|to_get] paid|settled|paid_off|taken_care_of [BY]",
        "GO_TO [FUNDS] <account> [,] [to|and|for] [please] PAY|paying BILL",
        "SOURCE [,] [please] PAY BILL",
        "SEND|TAKE FUNDS <account> to|and PAY BILL",
        "BILL is_due [,] [so|and] [please] pay it|that",
        "BILL , [please] pay it|that",
        "PAY WHAT_IS_DUE on|of|for|to BILL [BY]",
    ],
}

# Balances that are asked for to be judged: "do I have enough for rent". What is to be done then is for the user to say.
_JUDGED = [
    "do_i|do_we|will_i|would_i|have_i [still] have|got ENOUGH [FOR_WHAT] [IN <which>] [FOR_WHAT]",
    "do_i|do_we have in <which> TAIL",
    "is_there|are_there|could_there_be ENOUGH [IN <which>] [FOR_WHAT]",
    "IF i|we have ENOUGH [FOR_WHAT] [IN <which>] [FOR_WHAT]",
    "IF there_is|there's|there_are ENOUGH [IN <which>] [FOR_WHAT]",
    "LOOK|look_in <own_account> to_see|and_see if|whether i|we have ENOUGH [FOR_WHAT]",
    "LOOK|look_in <own_account> to_see|and_see if|whether there_is|there's ENOUGH [FOR_WHAT]",
    "[IF] will|would|does|can the|my amount|balance|MONEY in|on|of <which> [right_now|currently] COVER <whatever>",
    "[IF] will|would|can <own_account> [right_now|currently] COVER <whatever>",
    "do|does|has <own_account> have|got|hold|contain ENOUGH [in_it|in_there] [FOR_WHAT]",
    "is <which> BALANCE MORE_THAN <sum>",
    "can_i|could_i|am_i_able_to afford|buy|get|purchase <whatever> with|from [the] MONEY in|on|from <own_account>",
    "IF <own_account> can|could|will|would COVER <whatever>",
    "IF i_can|we_can|i_could afford <whatever> [with|from <own_account>]",
    "i_hope|i_hope_that i|we have ENOUGH [FOR_WHAT] [IN <which>] [FOR_WHAT]",
    "can_i|can_we|could_i afford <whatever>",
    "am_i rich|broke [yet]",
    "IF <own_account> has|holds ENOUGH [FOR_WHAT]",
    "can_i|am_i_able_to|could_i afford <whatever> with|from <own_account>",
]

# What may follow a transfer without saying the verb again: "... and $60 to Bob".
_CONTINUED = ["AMOUNT TARGET [SOURCE] FOR", "to <payee> AMOUNT"]
_CONTINUED_IN_ORDER = ["<person> AMOUNT"]  # only behind "send Alice $50": in "send $50 to Alice, fee 10" no one is named

# What may follow a bill that is paid in full from the usual account: "... and my gas bill". "Gas and electric bill" may be one.
_CONTINUED_BILL = ["my|our|the <biller> A_BILL", "my|our|the <known_biller>", "<biller> bills|payments"]

# What may follow the balance of an account that was named: "... and in savings".
_CONTINUED_BALANCE = ["[IN_OF] <own_account>"]

# Which field each slot fills.
FIELDS = {
    "check_balance": {"which": "account", "own_account": "account", "kind": "account"},
    "deposit": {"own_account": "to"},
    "withdraw": {"own_account": "from"},
    "transfer": {"payee": "to", "person": "to", "account": "from", "own_account": "from"},
    "pay_bill": {"biller": "biller", "known_biller": "biller", "account": "from", "own_account": "from", "financed": "biller"},
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


_PARTS_READ = compile_parts(PARTS)

PHRASINGS = tuple(Phrasing(type_, compile_pattern(text, _PARTS_READ)) for type_, texts in _ASKED.items() for text in texts)
PHRASINGS += tuple(Phrasing("check_balance", compile_pattern(text, _PARTS_READ), judged=True) for text in _JUDGED)
OTHER_BALANCE = Phrasing("check_balance", (), judged=True)  # what `balances` reads
CONTINUED = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED)
CONTINUED_IN_ORDER = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED_IN_ORDER)
CONTINUED_BILL = tuple(Phrasing("pay_bill", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED_BILL)
CONTINUED_BALANCE = tuple(Phrasing("check_balance", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED_BALANCE)
INCOMPLETE_CONTINUED = (
    Incomplete(compile_pattern("<person>", {}), "How much should go to {person}? Write an amount for each name"),
)
INCOMPLETE = tuple(Incomplete(compile_pattern(text, _PARTS_READ), question) for text, question in _INCOMPLETE)


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
