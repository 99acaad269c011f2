"""The parts that phrasings share, as data; each may be made of those before it. How they are written is said in `grammar`."""

PARTS = {
    "AMOUNT": ["[a|an|the sum|amount|total of] [exactly] <amount> [worth [of money|cash]] [in|of money|cash|funds]"],
    "WORTH": ["[of|for|worth] AMOUNT", "in_the_amount_of|in_the_sum_of|for_the_amount_of|for_the_sum_of <amount>"],
    "SEND": [
        "send|transfer|move|wire|shift|remit|shoot|throw|drop|slide|push|pass|route|reroute|relocate|reallocate|direct|switch|swap"
        "|hand|forward|toss|swing|zip|zap|ship|bump|funnel|channel|beam|wire_transfer",
    ],
    "MOVING": [
        "moved|transferred|sent|wired|put|shifted|pulled|placed|added|pushed|dropped|switched|taken|moving|transferring"
        "|moved_over|sent_over|transferred_over|taken_out|pulled_out|sent_on|put_away|put_back",
    ],
    "GOING": ["go|come|leave|move|get|be|go_out|come_out|end_up|wind_up"],
    "TO_MOVE": ["to_be|to_get MOVING", "to GOING"],
    "MOVED": ["[to_be|to_get|being] MOVING", "[to] GOING"],
    "PLEASE": ["[please|just|can_you|could_you|would_you|go_ahead_and|you_can|let's|i'd_like_to|i_want_to|i_need_to]"],
    "IT": ["it|that|this|the_money|the_cash|the_funds|them"],
    "TAKE_IT": [
        "take|pull|get|draw|grab|withdraw|deduct|pay|transfer|move|send IT",
        "taking|pulling|getting|drawing|withdrawing|deducting IT",
        "[[i_want|i'd_like|i_need] IT] [to_be] taken|pulled|coming|drawn|withdrawn|deducted|paid",
        "have|let IT come|be_taken|be_pulled|taken|pulled|paid",
        "i_want|i'd_like|i_need IT to_come",
        "IT can|should|will|is_to|needs_to|has_to come|be_taken|be_pulled",
        "it's|its coming",
    ],
    "OUT": ["[directly|straight|over|right|back] from|form|frm|out_of|off_of|outta|outa"],
    "FUNDS": [
        "[the|my|some] money|funds|cash in|from|out_of",
        "money|funds|cash that_is_in|that's_in",
        "what's_in|what_is_in|what_i_have_in",
    ],
    "WITH": ["with|using|by_using|via|through"],
    "SOURCE": [
        "OUT [FUNDS] <account>",
        "from me",
        "off my|our <own_account>",
        "[,|.|;] [and] [so] PLEASE [and] TAKE_IT OUT <account>",
        "[and] using|with [FUNDS] <own_account>",
        "[,|.|;] [and] PLEASE use|using|charge [FUNDS] <own_account> [for|on|to_pay it|that|this] <last>",
    ],
    "BY": ["SOURCE", "WITH [FUNDS] <account>"],
    "BACK": ["[back|over|on|across|through|and_over|right|away|on_over]"],
    "TARGET": ["BACK to|into|in_to|onto|and_into|over_in <payee>"],
    "INSIDE": ["BACK in|into|to|on|onto|inside|in_to <payee>"],
    "TO_PERSON": ["to <person>"],
    "FOR": ["[for <purpose>]"],
    "TAKE": [
        "take|take_out|take_away|withdraw|pull|pull_out|remove|get|grab|draw|subtract|deduct|debit|drag|use|set_aside|stash"
    ],
    "PUTTING": [
        "put|deposit|move|transfer|send|place|add|give|wire|stick|drop|shift|get|push|throw|pop|forward|credit [IT]",
        "putting|depositing|moving|transferring|sending|placing|adding|dropping [IT]",
        "have|get IT MOVING",
    ],
    "PUT_IT": [
        "[for_me] and|to|and_then|then|, [then|and] [please] PUTTING BACK in|into|to|on|onto|inside",
    ],
    "GO_TO": ["use|using|with|go_to|go_into|go_in|dip_into|reach_into|open|access"],
    "DO": [
        "make|do|execute|initiate|complete|start|perform|process|submit|put_through|set_up|setup|arrange|begin|create|conduct|effect|run|handle|remit|issue|post",
        "request|requesting|with",  # "help me" stands before "with"
    ],
    "TRANSFER": ["[quick] [money|bank|wire|electronic|funds] transfer|movement|move", "eft|transaction"],
    "I_NEED": [
        "i|we [really] need|want|would_like|require [for|to_have|to_get|to_see]",
        "i'd|we'd|id [really] like [for|to_have|to_get|to_see]",
        "get|have|need|want|would_like",
        "what i|we need|want|would_like is",
    ],
    "I_MUST": ["[i|we] need|want|have|would_like to", "i'd|we'd like to", "i_gotta|i've_got_to"],
    "I_HAVE_A": ["i_have|i've_got|i_got|got|we_have|we've_got|there_is|there's [a|an|this|my|the]"],
    "BY_TRANSFER": ["[by|via|through|as|with [a] [bank|wire] transfer]"],
    "PAID": ["paid|settled|out_of_the_way|squared_away|knocked_out|paid_off|taken_care_of|covered|handled|cleared|done"],
    "TO_BE_PAID": ["[to_be|to_get|being] PAID"],
    "NEEDS_PAYING": [
        "needs|need|has|have|has_got|have_got|is_due|is_ready to_be|to_get PAID",
        "needs|need PAID",
        "gotta be|get PAID",
        "needs|need paying|payment|a_payment|settling [made|sent [on|to|for it]]",
    ],
    "SHOULD_PAY": ["should|must|is_to be|get PAID"],
    "GO_AHEAD": [
        "[,|.|;|and] [so] please|go_ahead_and|can_you|could_you|let's|i'd_like_to|i_want_to|i_need_to",
        ",|.|; [so|and]",
        "so|and",
    ],
    "MINE": [
        "my|our|the|this|that [current|latest|full|entire|whole|past_due|overdue|outstanding|unpaid|remaining]",
        "[my|our|the] this_month's",
    ],
    "A_BILL": ["bill|bills|bill_payment|invoice|payment|dues|fee|fees|premium|subscription|membership|installment|note"],
    "IN_FULL": ["[that_is_due|which_is_due|that's_due|due] [in_full] [for_this_month|for_the_month]"],
    "SAID_BILL": [
        "[MINE] <biller> A_BILL IN_FULL",
        "[MINE] bill|invoice|payment for|from|with|at|to|on [my|our|the] <biller>",
    ],
    "BILL": [
        "SAID_BILL",
        "[MINE] <known_biller> [[current] balance] IN_FULL",
    ],
    "PAY": [
        "pay|pay_off|pay_for|pay_towards|pay_toward|pay_on|pay_up|pay_down|settle|settle_up|cover|take_care_of|finish_paying"
    ],
    "TEND_TO": [  # only what is said to be a bill: "my phone" would be something else
        "deal_with|square_away|fulfill|satisfy|process|handle|clear|clear_out|clear_up|knock_out|square_up|settle_up_on|see_to",
        "cover_the_cost_of",
    ],
    "ON": ["on|to|towards|toward|for|of|off|against"],
    "ON_BILL": ["ON BILL"],
    "WHAT_IS_DUE": [
        "[the|my] [current|full|entire|whole|total|statement] balance|amount [due|owed]",
        "what_i_owe|what_is_due|what's_due|what_is_owed|whatever_i_owe|whatever_is_due|whatever's_due",
    ],
    "TO_BILL": ["to|towards|toward BILL"],
    "A_PAYMENT": ["[a|the|my|our] [full] [bill] payment"],
    "CHECK": [
        "check|check_on|check_out|check_in_on|go_check|see|view|pull_up|bring_up|look_at|look_in|look_into|look_up|go_look_at|go_look_in",
        "take|have a_look at|in|into",
    ],
    "LOOK": [
        "CHECK",
        "review|verify|read|know|hear|access|look_for|look_and_see|check_and_see",
    ],
    "FIND": ["find|find_out|get|pull_up|bring_up|have|figure_out|work_out"],
    "TELL": ["show|display|tell|give|gimme|let_me_know|read|say"],
    "WONDER": [
        "[i'm|i_am] not_sure|not_certain|wondering|curious",
        "[i'm|i_am] trying_to see|figure_out|work_out|find_out",
        "i don't_know|do_not_know|forgot|forget|was_wondering|wonder|can't_figure_out|can't_tell|can't_remember|have_no_idea",
        "i've_been trying_to_figure_out|trying_to_work_out|wondering",
        "no_idea|wonder|do_you_know|can_you_see|curious",
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
    "LEFT": [
        "accumulated|saved|saved_up|stored|on_hand|left|available|remaining|left_over|to_my_name|to_spend|to_work_with|altogether|in_total|total"
    ],
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
        "a good|decent|fair|large|big amount [of MONEY]",
    ],
    "COVER": [
        "[be_able_to] cover|handle|afford|support|pay_for|buy|stretch_to|swing",
        "be_enough|be_good_enough|be_sufficient for|to_cover|to_buy|to_pay_for|to_get",
        "suffice_for",
        "be_ok|be_okay|be_fine|be_good for",
    ],
    "IF": ["WONDER|see|check|check_to_see|check_and_see|find_out|know|tell_me|let_me_know|say|figure_out if|whether"],
    "FOR_WHAT": ["for|to <whatever>"],
    "WITH_WHAT": ["with|from|using [[the] MONEY in|on|from]", "with|from|using what|what's|whats [I_HAVE|is] IN"],
}
