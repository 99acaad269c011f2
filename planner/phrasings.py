"""The English that the rules planner takes, as data: for each action type the ways to ask for it.

How a phrasing is written is said in `grammar`. Names in capitals stand for the parts listed first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .grammar import Pattern, compile_parts, compile_pattern, first_words

_PARTS = {
    "AMOUNT": ["[a|an|the sum|amount|total of] [exactly] <amount>"],
    "WORTH": ["[of|for|worth] AMOUNT", "in_the_amount_of|in_the_sum_of|for_the_amount_of|for_the_sum_of <amount>"],
    "SEND": [
        "send|transfer|move|wire|shift|remit|shoot|throw|drop|slide|push|pass|route|reroute|relocate|reallocate|direct|switch|swap|hand|forward"
    ],
    "MOVED": [
        "moved|transferred|sent|wired|put|shifted|deposited|to_go",
        "to_be|to_get moved|transferred|sent|wired|put|shifted|deposited",
    ],
    "OUT": ["[directly|straight] from|form|frm|out_of|off_of"],
    "SOURCE": ["OUT <account>", "from me"],
    "FUNDS": ["[the|my|some] money|funds|cash in|from|out_of", "money|funds|cash that_is_in|that's_in"],
    "BY": ["SOURCE", "OUT|with|using|by_using|via|through FUNDS <account>", "with|using|by_using|via|through <account>"],
    "TARGET": ["[back] to|into|over_to|in_to|over_into|onto <payee>"],
    "INSIDE": ["[back] in|into|to|on|onto|inside|in_to|over_to <payee>"],
    "TO_PERSON": ["to <person>"],
    "FOR": ["[for <purpose>]"],
    "TAKE": ["take|take_out|take_away|withdraw|pull|pull_out|remove|get|grab|draw|subtract|deduct|drag|use|set_aside|stash"],
    "PUT_IT": [
        "and|to|and_then put|deposit|move|transfer|send|place|add|give|wire|stick|drop|shift [it|them|that] [over]"
        " in|into|to|on|onto|inside"
    ],
    "GO_TO": ["use|using|with|go_to|go_into|open|access"],
    "DO": ["make|do|execute|initiate|complete|start|perform|process|submit|put_through"],
    "TRANSFER": ["[money|bank|wire|electronic|funds] transfer", "eft|transaction"],
    "I_NEED": ["i_need|i_want|i_would_like|i'd_like|get|have", "i_need|i_want|i_would_like|i'd_like for|to_have|to_get"],
    "MINE": ["my|our|the|this|that [current|latest|full|entire|whole]", "[my|our|the] this_month's"],
    "A_BILL": ["bill|bills|invoice|payment|dues|fee|fees|premium|subscription|membership|installment"],
    "IN_FULL": ["[in_full] [for_this_month|for_the_month]"],
    "BILL": [
        "[MINE] <biller> A_BILL IN_FULL",
        "[MINE] bill|invoice|payment for|from|with|at|to [my|our|the] <biller>",
        "[MINE] <known_biller> [balance] IN_FULL",
    ],
    "PAY": [
        "pay|pay_off|pay_for|pay_towards|pay_toward|pay_on|pay_up|pay_down|settle|clear|cover|take_care_of",
        "deal_with|square_away|fulfill|satisfy|process|handle|finish_paying",
    ],
    "ON": ["on|to|towards|toward|for|of|off|against"],
    "ON_BILL": ["ON BILL"],
    "WHAT_IS_DUE": [
        "[the|my] [current|full|entire|whole|total] balance|amount [due|owed]",
        "what_i_owe|what_is_due|what's_due|what_is_owed",
    ],
    "TO_BILL": ["to|towards|toward|on BILL"],
    "A_PAYMENT": ["[a|the|my|our] [full] payment"],
    "LOOK": ["check|check_on|see|view|look_at|look_up|review|verify|read|know|hear|access|look_for"],
    "FIND": ["find|find_out|get|pull_up|bring_up|have"],
    "TELL": ["show|display|tell|give|let_me_know|read"],
    "WONDER": ["i'm_wondering|i_am_wondering|i_was_wondering|i_wonder|wonder|i'm_curious|i_am_curious|do_you_know|can_you_see"],
    "SHOW": [
        "[LOOK|FIND|TELL [me|us]]",
        "can_i|could_i|may_i LOOK|FIND",
        "i_need|i_want|i_would_like|i'd_like [a]",
        "WONDER",
    ],
    "WHATS": ["what's|whats|what_is|what_are|how's|how_is|how_are"],
    "BALANCE": ["balance|balances|bal"],
    "MONEY": ["money|cash|funds|dough"],
    "LEFT": ["left|available|remaining|left_over|altogether|in_total|total"],
    "IN": ["in|on|at|inside|within"],
    "IN_OF": ["in|on|at|of|for|with|inside|within|from"],
    "HOW_MUCH": ["how_much|what_amount_of|what_sum_of [MONEY]"],
    "I_HAVE": ["do_i|do_we|i|we [currently|still|now|actually] have|got", "have_i|have_we|i've|we've [got]"],
    "IS_THERE": ["[is|there_is|is_there|are|are_there|there_are|i've_got]"],
    "HOLDS": ["have|has|hold|contain|holds|contains [in_it|left|available]"],
    "TOTAL": [
        "[the|my] [current|exact|combined] amount|total|sum|status|state [of] [MONEY] [i_have|LEFT]",
        "the|my MONEY [i_have]",
    ],
    "THE_BALANCE": ["the_balance|how_much_is_in_it|how_much_i_have|how_much_is_there|what_is_in_it|what's_in_it"],
    "LOOKS": ["[is|are|looks_like|looking_like|looking|at]"],
    "TAIL": ["[for|to_buy|to_get|to_purchase|to_afford|to_cover <wish>]"],
    "ENOUGH": ["any|enough|some|sufficient|adequate [MONEY] [LEFT]", "MONEY [LEFT]"],
    "COVER": ["[be_able_to] cover|handle|afford|support|pay_for", "be_enough|be_sufficient for|to_cover|to_buy", "suffice_for"],
    "IF": ["WONDER|see|check|check_to_see|find_out|know|tell_me|let_me_know if|whether"],
    "FOR_WHAT": ["for|to <whatever>"],
}

_ASKED = {
    "check_balance": [
        "SHOW [what|what's|whats|with] <which> BALANCE LOOKS [IN_OF <which>]",
        "SHOW [what|what's|whats] <which> BALANCE LOOKS at|with <bank>",
        "WHATS <which> BALANCE LOOKS [IN_OF <which>]",
        "WHATS <which> BALANCE at|with <bank>",
        "check|check_with <bank> for <which> BALANCE",
        "SHOW|WHATS TOTAL [is|are] IN_OF <which>",
        "WHATS my|the [current] [bank] account total",
        "how's|how_is <own_account> looking|doing",
        "WHATS <kind>",
        "SHOW HOW_MUCH I_HAVE [LEFT] [IN <which>] TAIL",
        "SHOW HOW_MUCH IS_THERE [LEFT] IN <which> TAIL",
        "SHOW how_much|what is <which> BALANCE [IN_OF <which>]",
        "SHOW HOW_MUCH [do|does] <which> HOLDS",
        "SHOW what|what's|whats|what_is [MONEY] [I_HAVE] [is] [LEFT] IN <which>",
        "SHOW|go_to|look_in <own_account> and|to TELL|see [me] THE_BALANCE",
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
        "SOURCE [,] [please] SEND ( AMOUNT TARGET )",
        "( SOURCE TARGET ) [,] [please] SEND AMOUNT",
        "GO_TO <account> [to|and] SEND ( AMOUNT TARGET )",
        "GO_TO <account> [to|and] SEND|give|pay <person> AMOUNT",
        "SEND|TAKE ( AMOUNT SOURCE ) PUT_IT <payee>",
        "SOURCE [,] [please] SEND|TAKE AMOUNT PUT_IT <payee>",
        "INSIDE [,] [please] put|place|deposit|move|transfer ( AMOUNT SOURCE )",
        "SEND|TAKE AMOUNT PUT_IT <payee> [SOURCE]",
        "put|place|deposit|add|stick|bring|allocate|apply|get ( AMOUNT INSIDE SOURCE )",
        "TAKE ( AMOUNT SOURCE TARGET )",
        "give|pay <person> AMOUNT [SOURCE] FOR",
        "give|pay ( AMOUNT TO_PERSON [SOURCE] [for <purpose>] )",
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
        "pay_off my|our|the <biller> [BY]",
        "DO|put|put_in|send A_PAYMENT ( ON_BILL [of AMOUNT] [BY] )",
        "DO|send a AMOUNT payment ( ON_BILL [BY] )",
        "DO|send|send_in my|our|the <biller> [bill] payment ( [of AMOUNT] [BY] )",
        "DO|send a|an <biller> bill payment ( [of AMOUNT] [BY] )",
        "DO|send a|an <known_biller> payment ( [of AMOUNT] [BY] )",
        "DO|send [a|the|some] payment|money|funds to pay|cover BILL [BY]",
        "send [a|the|some] money|funds ON_BILL [BY]",
        "send ( AMOUNT TO_BILL [BY] )",
        "put ( AMOUNT ON_BILL [BY] )",
        "I_NEED BILL [to_be|to_get] paid|settled|paid_off|taken_care_of [BY]",
        "GO_TO [FUNDS] <account> [to|and|for] PAY|paying BILL",
        "SOURCE [,] [please] PAY BILL",
        "TAKE FUNDS <account> to|and PAY BILL",
        "BILL is_due [,] [so|and] [please] pay it|that",
        "BILL , [please] pay it|that",
        "PAY WHAT_IS_DUE on|of|for|to BILL [BY]",
    ],
}

# Balances that are asked for to be judged: "do I have enough for rent". What is to be done then is for the user to say.
_JUDGED = [
    "do_i|do_we|will_i|would_i|have_i have|got ENOUGH [FOR_WHAT] [IN <which>] [FOR_WHAT]",
    "do_i|do_we have in <which> TAIL",
    "is_there|are_there ENOUGH [IN <which>] [FOR_WHAT]",
    "IF i|we have ENOUGH [FOR_WHAT] [IN <which>] [FOR_WHAT]",
    "IF there_is|there's|there_are ENOUGH [IN <which>] [FOR_WHAT]",
    "LOOK|look_in <own_account> to_see|and_see if|whether i|we have ENOUGH [FOR_WHAT]",
    "LOOK|look_in <own_account> to_see|and_see if|whether there_is|there's ENOUGH [FOR_WHAT]",
    "[IF] will|would|does|can the|my amount|balance|MONEY in|on|of <which> [right_now|currently] COVER <whatever>",
    "[IF] will|would|can <own_account> [right_now|currently] COVER <whatever>",
    "do|does|has <own_account> have|got|hold|contain ENOUGH [FOR_WHAT]",
    "IF <own_account> has|holds ENOUGH [FOR_WHAT]",
    "can_i|am_i_able_to|could_i afford <whatever> with|from <own_account>",
]

# What may follow a transfer without saying the verb again: "... and $60 to Bob".
_CONTINUED = ["AMOUNT TARGET [SOURCE] FOR", "to <payee> AMOUNT"]
_CONTINUED_IN_ORDER = ["<person> AMOUNT"]  # only behind "send Alice $50": in "send $50 to Alice, fee 10" no one is named

# Which field each slot fills.
FIELDS = {
    "check_balance": {"which": "account", "own_account": "account", "kind": "account"},
    "deposit": {"own_account": "to"},
    "withdraw": {"own_account": "from"},
    "transfer": {"payee": "to", "person": "to", "account": "from", "own_account": "from"},
    "pay_bill": {"biller": "biller", "known_biller": "biller", "account": "from"},
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


_PARTS_READ = compile_parts(_PARTS)

PHRASINGS = tuple(Phrasing(type_, compile_pattern(text, _PARTS_READ)) for type_, texts in _ASKED.items() for text in texts)
PHRASINGS += tuple(Phrasing("check_balance", compile_pattern(text, _PARTS_READ), judged=True) for text in _JUDGED)
OTHER_BALANCE = Phrasing("check_balance", (), judged=True)  # what `balances` reads
CONTINUED = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED)
CONTINUED_IN_ORDER = tuple(Phrasing("transfer", compile_pattern(text, _PARTS_READ)) for text in _CONTINUED_IN_ORDER)
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
