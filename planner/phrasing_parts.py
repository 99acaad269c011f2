"""The parts that phrasings share, as data; each may be made of those before it. How they are written is said in `grammar`."""

PARTS = {
    "AMOUNT": ["[a|an|the sum|amount|total of] [exactly] <amount> [worth [of money|cash]] [in|of money|cash|funds]"],
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
    "TARGET": ["[back] to|into|over_to|in_to|over_into|onto|and_into <payee>"],
    "INSIDE": ["[back] in|into|to|on|onto|inside|in_to|over_to <payee>"],
    "TO_PERSON": ["to <person>"],
    "FOR": ["[for <purpose>]"],
    "TAKE": ["take|take_out|take_away|withdraw|pull|pull_out|remove|get|grab|draw|subtract|deduct|drag|use|set_aside|stash"],
    "PUT_IT": [
        "and|to|and_then|, [then|and] put|deposit|move|transfer|send|place|add|give|wire|stick|drop|shift [it|them|that] [over]"
        " in|into|to|on|onto|inside"
    ],
    "GO_TO": ["use|using|with|go_to|go_into|open|access"],
    "DO": [
        "make|do|execute|initiate|complete|start|perform|process|submit|put_through|set_up|setup|arrange|begin|create|conduct",
        "request|requesting|with",  # "help me" stands before "with"
    ],
    "TRANSFER": ["[money|bank|wire|electronic|funds] transfer", "eft|transaction"],
    "I_NEED": ["i_need|i_want|i_would_like|i'd_like|get|have", "i_need|i_want|i_would_like|i'd_like for|to_have|to_get|to_see"],
    "MINE": [
        "my|our|the|this|that [current|latest|full|entire|whole|past_due|overdue|outstanding|unpaid|remaining]",
        "[my|our|the] this_month's",
    ],
    "A_BILL": ["bill|bills|invoice|payment|dues|fee|fees|premium|subscription|membership|installment|note"],
    "IN_FULL": ["[that_is_due|which_is_due|that's_due|due] [in_full] [for_this_month|for_the_month]"],
    "BILL": [
        "[MINE] <biller> A_BILL IN_FULL",
        "[MINE] bill|invoice|payment for|from|with|at|to [my|our|the] <biller>",
        "[MINE] <known_biller> [[current] balance] IN_FULL",
    ],
    "PAY": [
        "pay|pay_off|pay_for|pay_towards|pay_toward|pay_on|pay_up|pay_down|settle|settle_up|clear|cover|take_care_of",
        "deal_with|square_away|fulfill|satisfy|process|handle|finish_paying",
    ],
    "ON": ["on|to|towards|toward|for|of|off|against"],
    "ON_BILL": ["ON BILL"],
    "WHAT_IS_DUE": [
        "[the|my] [current|full|entire|whole|total|statement] balance|amount [due|owed]",
        "what_i_owe|what_is_due|what's_due|what_is_owed",
    ],
    "TO_BILL": ["to|towards|toward BILL"],
    "A_PAYMENT": ["[a|the|my|our] [full] [bill] payment"],
    "LOOK": ["check|check_on|see|view|look_at|look_up|review|verify|read|know|hear|access|look_for"],
    "FIND": ["find|find_out|get|pull_up|bring_up|have"],
    "TELL": ["show|display|tell|give|let_me_know|read"],
    "WONDER": [
        "i'm_not_sure|i_am_not_sure|not_sure|i_don't_know|i_do_not_know|i_forgot|i_forget",
        "i'm_wondering|i_am_wondering|i_was_wondering|i_wonder|wonder|i'm_curious|i_am_curious|do_you_know|can_you_see",
    ],
    "SHOW": [
        "[LOOK|FIND|TELL [me|us]]",
        "can_i|could_i|may_i LOOK|FIND",
        "i_need|i_want|i_would_like|i'd_like [a]",
        "WONDER",
    ],
    "WHATS": ["what's|whats|what_is|what_are|how's|how_is|how_are"],
    "BALANCE": ["balance|balances|bal"],
    "MONEY": ["money|cash|funds|dough"],
    "LEFT": ["accumulated|saved|saved_up|stored|on_hand|left|available|remaining|left_over|altogether|in_total|total"],
    "IN": ["in|on|at|inside|within"],
    "IN_OF": ["in|on|at|of|for|with|inside|within|from"],
    "HOW_MUCH": ["how_many dollars|bucks", "how_much|what_amount_of|what_sum_of [MONEY]"],
    "I_HAVE": ["do_i|do_we|i|we [currently|still|now|actually] have|got", "have_i|have_we|i've|we've [got]"],
    "IS_THERE": ["[is|there_is|is_there|are|are_there|there_are|i've_got]"],
    "HOLDS": ["have|has|hold|contain|holds|contains [in_it|left|available]"],
    "TOTAL": [
        "[the|my] [current|exact|combined|dollar] amount|total|sum|status|state|value|net_worth [of] [MONEY] [i_have|LEFT]",
        "the|my MONEY [i_have]",
    ],
    "THE_BALANCE": ["the_balance|my_balance|how_much_is_in_it|how_much_i_have|how_much_is_there|what_is_in_it|what's_in_it"],
    "LOOKS": ["[is|are|looks_like|looking_like|looking|at]"],
    "TAIL": ["[for|to_buy|to_get|to_purchase|to_afford|to_cover <wish>]"],
    "MORE_THAN": ["more_than|less_than|at_least|over|under|above|below|about|around|exactly"],
    "ENOUGH": [
        "any|enough|some|sufficient|adequate|the [MONEY] [LEFT]",
        "MONEY [LEFT]",
        "[MORE_THAN] <sum> [LEFT]",
        "a good|decent|fair|large amount of MONEY",
    ],
    "COVER": ["[be_able_to] cover|handle|afford|support|pay_for", "be_enough|be_sufficient for|to_cover|to_buy", "suffice_for"],
    "IF": ["WONDER|see|check|check_to_see|check_and_see|find_out|know|tell_me|let_me_know if|whether"],
    "FOR_WHAT": ["for|to <whatever>"],
}
