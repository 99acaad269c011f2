"""The words that the rules planner knows."""

from .amounts import NUMBER_WORDS

# How a clause may begin and end without meaning anything more.
OPENERS = (
    "please", "pls", "plz", "kindly", "hi", "hello", "hey", "hi there", "hello there", "hey there", "good morning",
    "good afternoon", "good evening", "ok", "okay", "yes", "yeah", "so", "just", "now", "also", "first", "firstly",
    "first of all",
    "i want to", "i want you to", "i'd want to", "i wanna", "i need to", "i need you to",
    "i would like to", "i would like you to", "i'd like to", "i'd like you to", "i wish to", "i'd like for you to",
    "we need to", "we want to", "i would like for you to", "wanna", "want to", "need to", "would like to", "id like to",
    "i would also like to", "i'd also like to", "i also want to", "i also need to", "i was hoping to", "i'm hoping to",
    "i'm looking to", "i am looking to", "i'm wanting to", "i am wanting to", "time to", "it's time to", "it is time to",
    "time for me to", "it's time for me to", "it is time for me to", "i need someone to", "i need somebody to",
    "i need anyone who can help me", "i need someone who can help me",
    "i have to", "i've to", "i've got to", "i have got to", "i got to", "i gotta", "i've gotta", "gotta", "got to", "have to",
    "i must",
    "we have to", "we've got to", "we must", "i really need to", "i really want to", "i really have to", "i really must",
    "i really would like to", "i'd really like to", "i would really like to", "i just want to",
    "i just need to", "i still need to", "i still have to", "i'd like to have you", "i'd like to ask you to", "i'm asking you to",
    "i am asking you to", "i request that you", "i request you to", "i'm requesting that you", "today", "right now", "hurry and",
    "go on and", "proceed to", "immediately", "electronically",
    "at this time", "i want to go ahead and", "i'd like to go ahead and", "kindly proceed to", "quickly",
    "help me", "help me to", "i need help to", "i want help to", "i need your help to", "assist me to", "help",
    "let's", "lets", "let us", "let me", "sure", "alright", "okay then", "ok then", "ok great", "okay great", "go ahead and",
    "be so kind and", "do me a favor and", "do me a favour and", "make sure to", "be sure to", "i'm ready to",
)  # fmt: skip
ASKING_OPENERS = (  # a question mark behind these asks to do it; behind anything else it asks whether to
    "can you", "could you", "would you", "will you", "can u", "could u", "would you please", "could you please",
    "can you please", "will you please", "can you kindly", "could you kindly", "would you be able to",
    "would you be so kind as to", "would it be possible for you to", "i was wondering if you could", "i wonder if you could",
    "i was hoping you could", "i was hoping that you could", "do you think you could", "can you go ahead and",
    "i would appreciate it if you could", "i'd appreciate it if you could", "i would appreciate it if you would",
    "i'd appreciate it if you would", "it would be great if you could", "it would be nice if you could",
    "would you be so kind to",
    "can anyone", "can someone", "can somebody", "could someone", "could somebody", "could anyone",
    "i was wondering if you can", "i wonder if you can", "do you think you can", "is there any way you can",
    "is there a way you can",
    "is there any way you could", "is there a way you could", "is it possible for you to", "i was hoping you'd",
    "i was hoping you would", "can you possibly", "could you possibly",
    "could i get you to", "can i get you to", "could i have you", "can i have you", "may i ask you to",
)  # fmt: skip
# Behind these the verb ends in -ing: "I need help paying my bill". The first ask, as above.
_HELP = (
    "help",
    "some help",
    "a little help",
    "your help",
    "assistance",
    "some assistance",
    "your assistance",
    "a hand",
    "some aid",
)
_HELP_IN = tuple(f"{help_}{behind}" for help_ in _HELP for behind in ("", " with", " in"))
_WISHED = (
    "i need", "i want", "i'd like", "i would like", "i could use", "i require", "i need to get", "i am going to need",
    "i'm going to need", "i'm looking for", "i will need", "give me", "lend me",
)  # fmt: skip
_ASKED_FOR = ("can i get", "could i get", "may i have", "can i have", "could i have", "can you give me", "could you give me")
ASKING_GERUND_OPENERS = ("would you mind", "do you mind", *(f"{asked} {help_}" for asked in _ASKED_FOR for help_ in _HELP_IN))
GERUND_OPENERS = (
    "help with", "help me with", "help me in", "help me out with", "assist with", "assist me with", "assist me in", "aid me in",
    "go ahead with", "take care of", "handle", "proceed with", "i need a bit of hand holding",
    *(f"{wished} {help_}" for wished in _WISHED for help_ in _HELP_IN),
)  # fmt: skip
CLOSERS = (
    "please", "pls", "plz", "please and thank you", "please and thanks", "thanks", "thank you", "thank you very much",
    "thank you so much", "thanks a lot", "thanks so much",
    "many thanks", "thx", "ty", "now", "right now", "right away", "immediately", "at once", "asap", "as soon as possible",
    "as soon as you can", "today", "this instant", "straight away", "right this second", "for me", "if you can", "if you could",
    "if you would", "if possible", "if you please", "if you don't mind", "if you do not mind", "if you wouldn't mind",
    "real quick", "quickly", "ok", "okay", "alright", "all right", "at this time", "at the moment", "at this moment",
    "currently", "first", "as of now", "as well", "too", "online",
)  # fmt: skip

_DO_IT = ("do it", "do that", "do this", "please do it", "please do that", "please do this")
BETWEEN = (",", "please", "for me", "now", "right now", "today", "immediately")  # between the parts of an order
ASKING_CLOSERS = (  # the same, as a sentence of their own
    *(f"{can} you {do}{end}" for can in ("can", "could", "would", "will") for do in _DO_IT for end in ("", " for me")),
    *("can you help", "can you help me", "could you help", "could you help me", "can you help me with that"),
)

# How clauses are joined. What stands behind a NEED is done only when what stands before it is done.
SENTENCE_MARKS = (".", ";", "!", "?", "\n")
JOINS = (",", ".", ";", "!", "?", "\n", "&", "and", "also", "plus", "as well as", "additionally", "and also", "in addition")
NEEDS = (
    "then", "and then", "after that", "after this", "after which", "afterwards", "afterward", "thereafter", "next",
    "finally", "lastly", "subsequently", "once done", "once that is done", "once that's done", "once it is done",
    "once it's done", "once this is done", "when done", "when that is done", "when that's done", "when it's done",
    "when it is done", "if that works", "if it works", "if this works", "if that worked", "if it worked", "if that succeeds",
    "if it succeeds", "if that goes through", "if it goes through", "if that went through", "if successful",
    "if that is successful", "if that's successful", "only then",
)  # fmt: skip
AFTER = ("after",)  # "X after Y": Y first
BEFORE = ("before",)  # "X before Y": X first
GERUNDS = {
    "checking": "check", "sending": "send", "transferring": "transfer", "moving": "move", "wiring": "wire",
    "depositing": "deposit", "withdrawing": "withdraw", "paying": "pay", "giving": "give", "showing": "show",
    "getting": "get", "making": "make", "putting": "put", "taking": "take", "shifting": "shift", "settling": "settle",
    "finding": "find", "viewing": "view", "doing": "do", "using": "use",
}  # fmt: skip

# What may join an order to go on without its verb: "send $5 to Alice and $6 to Bob". Behind anything else it may be a correction.
CONTINUERS = frozenset({",", "and", "then", "and then"})

# What a transfer may be said to be for. Any other word could take the order back, put it off or say it again.
_PURPOSE_WORDS = """
lunch dinner breakfast brunch supper food groceries snacks pizza tacos sushi burgers cake coffee tea drinks drink beer beers wine
rent gas fuel petrol parking taxi cab uber lyft ride tickets ticket concert movie movies cinema theater theatre museum game games
book books gift gifts present presents flowers birthday wedding party dues tuition school supplies babysitting cleaning laundry
haircut clothes shoes furniture repairs medicine hotel hostel flight flights trip car house
"""
PURPOSES = frozenset(_PURPOSE_WORDS.split())

# Words of an account's name, as in "my emergency savings".
ACCOUNT_KINDS = frozenset(
    {"checking", "chequing", "checkings", "savings", "saving", "saving's", "checking's", "money market", "fund", "ira", "hsa",
     "cd", "joint", "brokerage"}
)  # fmt: skip
ACCOUNT_WORDS = frozenset({"account", "acct", "accnt", "accounts", "accts"})
CARD_WORDS = frozenset({"card", "cards"})
CARD_KINDS = frozenset({"credit", "debit", "charge"})
BRANDS = frozenset({"visa", "mastercard", "amex", "american express", "discover"})  # of cards
BALANCE_FILLERS = frozenset(
    {*ACCOUNT_WORDS, "available", "current", "total", "full", "latest", "remaining", "overall", "present", "exact"}
)
NOT_AN_ACCOUNT = frozenset(
    {"card", "cards", "credit", "rewards", "reward", "points", "loan", "mortgage", "visa", "mastercard", "amex", "miles",
     "minimum", "debt", "due", "owed", "limit", "tax", "taxes", "apr", "interest", "work", "life", "vacation", "pto"}
)  # fmt: skip
TIME_OFF = frozenset({"vacation", "work", "life"})  # of which an account may be named all the same: "my vacation account"
# Names that end in one of these are billers: "pay Acme Utilities".
BILL_WORDS = frozenset(
    {"utilities", "utility", "electric", "electricity", "gas", "water", "internet", "cable", "phone", "rent", "mortgage",
     "insurance", "broadband", "wireless", "energy", "company", "loan", "loans", "tuition", "hoa", "trash", "garbage", "sewer",
     "sewage", "wifi", "wi-fi", "power", "light", "lights", "cell", "cellular", "mobile", "heating", "daycare", "childcare",
     "auto insurance",
     "auto loan"}
)  # fmt: skip

# Banks, and others where people have accounts.
BANKS = frozenset(
    {"chase", "citibank", "citi", "usaa", "pnc", "ally", "hsbc", "santander", "suntrust", "bbva", "bmo", "schwab", "fidelity",
     "vanguard", "etrade", "paypal", "venmo", "capital one", "b of a", "us bank", "fifth third", "fargo", "chime", "barclays"}
)  # fmt: skip
# Companies that send bills, where a person of that name is unlikely.
BILLERS = frozenset(
    {"verizon", "comcast", "xfinity", "at&t", "t-mobile", "sprint", "spectrum", "directv", "netflix", "hulu", "spotify", "geico",
     "allstate", "state farm", "edison", "coned", "pg&e", "centurylink", "centurytel"}
)  # fmt: skip

# Names that hold a word which no other name does. They are read as one word.
FIXED_NAMES = (
    "capital one", "b of a", "bank of the west", "bank of new york", "credit one", "first national", "first federal",
    "first union", "first bank", "first financial", "first republic", "first citizens", "fifth third", "us bank", "people's bank",
    "american express", "credit union", "money market", "credit all", "home equity", "online savings", "rainy day", "cash app",
    "google pay", "apple pay", "dollar general", "time warner", "state farm",
    "auto insurance", "auto loan", "citizens one", "golden one", "bank one", "one west", "capital one 360", "dollar bank",
    "pay pal",
    "new york community bank", "mutual of omaha", "security first", "first hawaiian", "first tennessee", "first horizon",
    "first midwest", "first energy", "old navy", "toys r us",
)  # fmt: skip

# What is also read with one letter wrong. No name is among them, nor a number.
MENDED = (
    "transfer", "deposit", "withdraw", "balance", "account", "accounts", "dollars", "dollar", "please", "payment", "enough",
    "available", "current", "remaining", "there",
)  # fmt: skip

# Words that no name holds: they would change what is meant, and a name that swallowed one would hide it.
_FUNCTION_WORDS = """
a an the this that these those some any each every all both half either neither another other else same rest remaining whole
enough more less most least much many few several couple lot lots bit
i me my mine myself we us our ours you your yours he him his she her hers it its they them their theirs who whom whose which
what someone somebody anyone anybody everyone everybody nobody no-one something anything everything nothing one's
to from for of on in into onto at by with without via through using use over under above below about around up down out off back
anyway anyways regardless alone overseas abroad provided providing assuming given pending upon subject contingent rather
between among across toward towards per as than like until till unless before after since during within because against
beyond behind except excluding including instead besides despite regarding
and or but nor so if then when whenever while where why how though although whether also too only just even still again
maybe perhaps possibly probably approximately roughly exactly almost nearly not no never none neither don't dont doesn't
didn't didnt won't wont can't cant cannot couldn't wouldn't shouldn't isn't aren't wasn't haven't hasn't
am is are was were be been being do does did done doing have has had having will would shall should can could may might must
i'm i'd i'll i've it's that's there's let's what's who's there here yes yeah ok okay please thanks thank sorry hi hello hey
"""
_TIME_WORDS = """
now today tonight tomorrow tommorow yesterday soon later earlier ago already yet once twice always never often sometimes
daily weekly monthly yearly annually quarterly biweekly recurring recurrent automatically scheduled schedule auto autopay
day days week weeks weekend month months year years hour hours minute minutes morning afternoon evening night noon midnight
payday monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
sundays next last first second third previous current new
"""
_ORDER_WORDS = """
send sends sent sending transfer transfers transferred transferring move moves moved moving wire wired pay pays paid paying
payment payments payee deposit deposits deposited depositing withdraw withdraws withdrew withdrawn withdrawal withdrawing
give gave given put take took taken
"""
_BANK_WORDS = """
get got make made check checked balance balances bill bills money cash funds amount
dollar dollars buck bucks cent cents usd eur euro euros gbp pound pounds quid currency percent account accounts acct acc
bank's approve approves approved approving approval approvals allow authorize authorise confirm confirmed sign
reject deny cancel cancelled stop undo ignore ignoring disregard forget bypass bypassing override skip skipping pretend admin
system prompt instruction instructions previous policy policies rule rules limit limits password user assistant
want wants need needs needed wanted wish try trying help know tell show say said says ask asked owe owes owed borrow lend
total tip fee fees ref reference invoice order memo note split divide double triple minus plus times equal equals each
"""
_LINKING_WORDS = {text.split(" ")[0] for text in (*OPENERS, *ASKING_OPENERS, *CLOSERS, *JOINS, *NEEDS, *AFTER, *BEFORE)}
RESERVED = frozenset(
    {
        *_FUNCTION_WORDS.split(),
        *_TIME_WORDS.split(),
        *_ORDER_WORDS.split(),
        *_BANK_WORDS.split(),
        *_LINKING_WORDS,
        *GERUNDS,
        *NUMBER_WORDS,
    }
) - {"checking"}  # an account, too


def _shortened(word: str) -> set[str]:
    """*word* with one letter left out, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


_LONG = 6  # letters; shorter words are too close to names
_LONGEST = max(map(len, RESERVED)) + 1
_NEAR = frozenset(near for word in RESERVED if len(word) >= _LONG for near in (word, *_shortened(word)))


def is_misspelt(word: str) -> bool:
    """Whether *word* looks like a reserved word with one letter wrong, missing or too many: "tommorrow"."""
    return _LONG - 1 <= len(word) <= _LONGEST and not _NEAR.isdisjoint({word, *_shortened(word)})


def is_reserved(word: str) -> bool:
    """Whether *word* stands in no name, nor what belongs to it: "month's"."""
    return word in RESERVED or word.removesuffix("'s") in RESERVED


# Who somebody is, before their name: "my friend Bob".
RELATIONS = frozenset(
    {"friend", "buddy", "pal", "brother", "sister", "mom", "mother", "dad", "father", "son", "daughter", "wife", "husband",
     "cousin", "uncle", "aunt", "nephew", "niece", "grandma", "grandmother", "grandpa", "grandfather", "landlord", "roommate",
     "boss", "neighbor", "neighbour", "coworker", "co-worker", "colleague", "babysitter", "girlfriend", "boyfriend", "partner"}
)  # fmt: skip

SMALL_NAME_WORDS = frozenset({"van", "von", "de", "der", "den", "la", "le", "da", "di", "del", "al", "bin", "ibn"})

# Why a clause with such a word is not done, in the order in which they are looked for.
_NEGATIONS = "don't dont not never no won't can't cannot without cancel stop undo"
_RULES = "ignore ignoring disregard bypass override approve approval policy policies instructions pretend"
_OTHER_DAYS = """every each weekly monthly daily tomorrow tonight later schedule scheduled recurring automatically autopay monday
tuesday wednesday thursday friday saturday sunday until week weeks month months"""
_PAST = "yesterday sent paid transferred deposited withdrew did was were ago last spent"
_INEXACT = "all half everything rest remaining percent enough about around roughly some"
_POINTERS = "him her them it someone somebody everyone that this"
# What a remark before a question about a balance must not hold: it could be an order, or take one back.
NO_REMARK = frozenset(
    (*_ORDER_WORDS.split(), *_NEGATIONS.split(), *_RULES.split(), *_OTHER_DAYS.split(), "how", "why", "where", "when", "who")
)
QUESTION_STARTS = (
    "how much",
    "how's",
    "what's",
    "whats",
    "what is",
    "do i",
    "do we",
    "is there",
    "are there",
    "will the",
    "will my",
    "will i",
    "would the",
    "would my",
    "would i",
    "does my",
    "can my",
    "could my",
    "am i",
)
HINTS = tuple(
    (frozenset(words.split()), reason)
    for words, reason in (
        (_RULES, "policies and approvals are not mine to change"),
        (_NEGATIONS, "I only do what I am asked to do, and cannot tell what is not to be done"),
        (_OTHER_DAYS, "I can only do things once and now, not on other days"),
        ("if unless when whenever while", "I cannot judge conditions; ask for the balance first, then decide"),
        (_PAST, "that seems to be about the past"),
        ("how why what should may might can", "that seems to be a question, and I would not do anything unasked"),
        ("between", "I need to know which way; write from which account to which one"),
        (_INEXACT, "I need the exact amount in figures"),
        (_POINTERS, "I need every name written out"),
    )
)
