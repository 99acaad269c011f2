"""The words around an order, as data: how a clause may begin and end without meaning anything more.

How they are written is said in `grammar`; no slot is among them. Names in capitals stand for the parts at the top.
"""

_CAN_YOU = "can|could|would|will you|u|ya"
COURTESY_PARTS = {
    "SURELY": ["[really|just|also|still|definitely]"],
    "WISH_TO": [
        "i|we SURELY want|need|have|wish|require",
        "i|we SURELY would SURELY like",
        "i'd|we'd|id SURELY like",
        "i'd want",
        "would_like|want|need|have",
    ],
    "HELP": ["[some|a_little|a_bit_of|your] help|assistance|aid|hand_holding|support [with|in|on]", "a hand [with|in|on]"],
    "WISH_FOR": [
        "i|we SURELY want|need|require|need_to_get",
        "i|we could SURELY use",
        "i'd|we'd|i_would|we_would SURELY like",
        "i'm|i_am|we're going_to_need|gonna_need|looking_for",
        "i'll|i_will need",
        "give|lend|get me|us",
        "gimme",
    ],
    "IT_WOULD_BE": [
        "i_would|i'd|we'd [really|greatly] appreciate|like|love it",
        "i would really|greatly appreciate it",
        "i_would|i'd be grateful|thankful|obliged|happy",
        "it_would|it'd|that_would be great|nice|awesome|lovely|good|wonderful|helpful",
    ],
    "WONDERING": ["[i_was|i'm|i_am|was|just] wondering if", "i wonder if"],
    "HOPING": ["i_was|was|i'm|i_am hoping [that]"],
    "ANY_WAY": ["[is_there] any_way|any_chance|a_way|a_chance [that]"],
    "DO_IT": [
        "[go_ahead_and] [please|just] do|handle|complete|process|take_care_of|see_to it|that|this|so",
        "[go_ahead_and] [please|just] make it|that|this happen",
        "[please] help|help_me|help_us [out] [with|do it|that|this]",
    ],
    "NOW": ["[for_me|please|now|today|right_now|right_away]"],
}
OPENERS = (
    "please|pls|plz|kindly|just|simply|now|also|first|firstly|first_of_all|so|well|today|right_now|immediately|quickly|real_quick",
    "hi|hello|hey|yo|howdy|greetings [there]",
    "good morning|afternoon|evening",
    "ok|okay|yes|yeah|yep|sure|alright|all_right [so|then|great]",
    "WISH_TO to",
    "WISH_TO [for] you to",
    "i'd_like|i_would_like to ask you to",
    "i'd_like|i_would_like to have you",
    "i|we SURELY need someone|somebody to",
    "i|we SURELY need anyone|someone|somebody who_can_help_me|that_can_help_me [to]",
    "i|we|i've|we've|i_have|we_have SURELY gotta|got_to",
    "i've|we've|i|we|gotta to",
    "[i'm|i_am|we're] gonna|going_to need you to",
    "i'll|we'll|i_will need you to",
    "i|we SURELY must|wanna",
    "wanna|gotta|got_to",
    "i'm|i_am|we're wanting|hoping|looking|ready|here|calling to",
    "looking|hoping|wanting to",
    "i was hoping|wanting|looking to",
    "i'm|i_am asking|requesting you_to|that_you",
    "i request you_to|that_you",
    "what i|we|i'd|we'd want|need|like|would_like is [for] [you] to",
    "[it's|it_is|its] [about] time [for me|us] to",
    "go_ahead_and|go_on_and|go_ahead_now_and|hurry_and|proceed_to|electronically|at_this_time",
    "help [me|us] [out] [to|and]",
    "WISH_FOR [your|some] help to",
    "i|we need|want|could_use [your|some] help to",
    "assist me|us [to]",
    "[give|lend] me a_hand and",
    "gimme a_hand and",
    "let's|lets|let_us|let_me|lemme",
    "be so_kind_and|so_kind_as_to",
    "do me a_favor|a_favour and",
    "make_sure|be_sure to",
)
ASKING_OPENERS = (  # a question mark behind these asks to do it; behind anything else it asks whether to
    f"{_CAN_YOU} [please|kindly|possibly|just]",
    "would you be_able_to|be_willing_to|be_so_kind_as_to|be_so_kind_to|be_kind_enough_to",
    "[is|would] it [be] possible for_you_to",
    "WONDERING|HOPING|IT_WOULD_BE|ANY_WAY you can|could|would [please]",
    "i was_hoping [that] you'd",
    "[do] you_think [if] you can|could [please]",
    "HOPING|IT_WOULD_BE [if] you can|could|would|will [please]",
    "ANY_WAY [if] you can|could|would [please]",
    "IT_WOULD_BE if you can|could|would|will [please]",
    "IT_WOULD_BE if you'd",
    "ANY_WAY for_you_to",
    "can|could someone|somebody [please] help me|us [out] [to|and]",
    "can|could i get|have you to",
    "can|could i have you",
    "may i_ask_you_to",
)
# Behind these the verb ends in -ing: "I need help paying my bill". The first ask, as above.
ASKING_GERUND_OPENERS = (
    "would|do|you mind",
    "would|do you mind [please] [helping [me|us] [out] [with|in|by]]",
    "you mind [please] [helping [me|us] [out] [with|in|by]]",
    "mind [please] [helping [me|us] [out] [with|in|by]]",
    "can|could|may i|we get|have|use HELP",
    "can|could someone|somebody [please] help me|us [out] [with|in|by]",
    f"{_CAN_YOU} give|lend|offer me|us HELP",
)
GERUND_OPENERS = (
    "help|assist|aid [me|us] [out] with|in|by",
    "help|assist|aid me",
    "go_ahead_with|take_care_of|handle|proceed_with|see_to|get_started_on",
    "WISH_FOR HELP",
    "i need a_bit_of hand_holding",
)

# "Do it", as a sentence of its own behind an order. The first ask.
ASKING_CLOSERS = (f"[so] {_CAN_YOU} DO_IT NOW", f"{_CAN_YOU} help NOW")
ORDERING_CLOSERS = (
    "[so] let's|lets|please|just|go_ahead_and DO_IT NOW",
    "[please] help_me|help_us [out] with|do it|that|this NOW",
    "[so] i'd_like|i_want|i_need help with it|that|this NOW",
    "[so] i'd_like|i_want|i_need it|that paid|done|handled|sent|moved NOW",
    "so|and|go_ahead_and|please|let's [please] pay|send|move|transfer|wire it|that NOW",
    "[just|please] pay|send it NOW",
)
CLOSERS = (
    _CAN_YOU,  # as in "would you": to ask to do it
    *ASKING_CLOSERS,
    *ORDERING_CLOSERS,
    "please|pls|plz|now|right_now|right_away|immediately|at_once|asap|today|quickly|real_quick|really_quick|online",
    "please and thank_you|thanks",
    "[many] thanks|thx|ty",
    "thanks|thank_you [very_much|so_much|a_lot|a_bunch|a_ton|again|kindly|in_advance]",
    "much appreciated",
    "as soon as possible|you_can",
    "this|right_this instant|second|minute",
    "straight away",
    "for me|us",
    "on my_behalf|our_behalf",
    "if you can|could|would|please",
    "if possible",
    "if you don't|do_not|wouldn't mind",
    "at this time|moment|point",
    "at the moment",
    "ok|okay|alright|all_right|currently|rn|first|as_of_now|as_well|too",
)
BETWEEN = (",", "please", "for me", "now", "right now", "today", "immediately")  # between the parts of an order
FILLERS = frozenset({"um", "umm", "uh", "uhh", "uhm", "er", "erm", "hmm", "hm"})
