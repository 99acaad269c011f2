"""The words that the rules planner knows."""

from .amounts import NUMBER_WORDS

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
    "finding": "find", "viewing": "view", "doing": "do", "using": "use", "shooting": "shoot", "pulling": "pull",
    "grabbing": "grab", "handling": "handle", "covering": "cover", "pushing": "push", "dropping": "drop", "sliding": "slide",
    "switching": "switch", "tossing": "toss", "looking": "look", "telling": "tell", "having": "have", "adding": "add",
    "processing": "process", "submitting": "submit", "letting": "let", "reading": "read", "seeing": "see",
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
     "cd", "joint", "brokerage", "401k", "401(k)", "403b", "529 plan"}
)  # fmt: skip
ACCOUNT_NUMBER = "account number"  # of an account that is named by it, as one word
ACCOUNT_WORDS = frozenset({"account", "acct", "accnt", "accounts", "accts"})
CARD_WORDS = frozenset({"card", "cards"})
CARD_KINDS = frozenset({"credit", "debit", "charge"})
BRANDS = frozenset({"visa", "mastercard", "amex", "american express", "discover"})  # of cards
BALANCE_FILLERS = frozenset(
    {*ACCOUNT_WORDS, "available", "current", "total", "full", "latest", "remaining", "overall", "present", "exact", "various",
     "different", "multiple"}
)  # fmt: skip
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
     "auto insurance", "auto loan", "property tax", "property taxes"}
)  # fmt: skip

# Banks, and others where people have accounts.
BANKS = frozenset(
    {"chase", "citibank", "citi", "usaa", "pnc", "ally", "hsbc", "santander", "suntrust", "bbva", "bmo", "schwab", "fidelity",
     "vanguard", "etrade", "paypal", "venmo", "capital one", "b of a", "us bank", "fifth third", "fargo", "chime", "barclays",
     "huntington", "bluebird", "boa", "bofa", "keybank", "navy federal", "charles schwab",
     "cash app", "apple pay", "google pay", "facebook"}
)  # fmt: skip
# Companies that send bills, where a person of that name is unlikely.
BILLERS = frozenset(
    {"verizon", "comcast", "xfinity", "at&t", "t-mobile", "sprint", "spectrum", "directv", "netflix", "hulu", "spotify", "geico",
     "allstate", "state farm", "edison", "coned", "pg&e", "centurylink", "centurytel", "time warner",
     "att", "tmobile", "cox", "dish", "dte", "hbo", "metropcs", "metlife", "aetna", "cigna", "humana", "navient", "nelnet",
     "adt", "vivint", "terminix", "ladwp", "entergy", "pepco", "pseg", "fpl", "txu", "xcel", "windstream", "optimum",
     "siriusxm", "nationwide", "progressive", "audible", "doordash", "instacart", "peloton", "t mobile", "dish network",
     "con ed", "con edison", "national grid", "farmers insurance", "amazon prime", "american family", "liberty mutual",
     "blue cross", "planet fitness", "sallie mae", "toyota financial", "metro pcs", "boost mobile", "straight talk",
     "us cellular", "cricket wireless", "youtube tv", "disney plus", "apple music", "xm radio", "sirius xm",
     "waste management", "republic services", "duke energy", "georgia power", "florida power", "alabama power", "columbia gas",
     "socal gas", "southern california edison", "care credit", "home depot", "best buy", "la fitness", "one main"}
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
    "first midwest", "first energy", "navy federal", "charles schwab", "old navy", "toys r us", "golden 1",
    "property tax", "property taxes",
    "401 k",
    "401 ( k )", "403 b", "529 plan",
    "t mobile", "dish network", "con ed", "con edison", "national grid", "farmers insurance", "amazon prime",
    "american family", "liberty mutual", "blue cross", "planet fitness", "sallie mae", "toyota financial", "metro pcs",
    "boost mobile", "straight talk", "us cellular", "cricket wireless", "youtube tv", "disney plus", "apple music", "xm radio",
    "sirius xm", "waste management", "republic services", "georgia power", "florida power", "alabama power", "columbia gas",
    "socal gas", "southern california edison", "care credit", "home depot", "best buy", "la fitness", "one main",
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
i me my mine myself yourself himself herself itself ourselves themselves yourselves
we us our ours you your yours he him his she her hers it its they them their theirs who whom whose which
what someone somebody anyone anybody everyone everybody nobody no-one something anything everything nothing one's
to from for of on in into onto at by with without via through using use over under above below about around up down out off back
anyway anyways regardless alone overseas abroad provided providing assuming given pending upon subject contingent rather
between among across toward towards per as than like until till unless before after since during within because against
beyond behind except excluding including instead besides despite regarding
and or but nor so if then when whenever while where why how though although whether also too only just even still again
maybe perhaps possibly probably approximately roughly exactly almost nearly not no never none neither don't dont doesn't
form frm didn't didnt won't wont can't cant cannot couldn't wouldn't shouldn't isn't aren't wasn't haven't hasn't
am is are was were be been being do does did done doing have has had having will would shall should can could may might must
i'm i'd i'll i've it's that's there's let's what's who's there here yes yeah ok okay please thanks thank sorry hi hello hey
"""
_TIME_WORDS = """
now today tonight tomorrow tommorow yesterday soon later earlier ago already yet once twice always never often sometimes
someday sometime anytime eventually hopefully
daily weekly monthly yearly annually quarterly biweekly recurring recurrent automatically scheduled schedule auto autopay
day days week weeks weekend month months year years hour hours minute minutes morning afternoon evening night noon midnight
payday monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
sundays moment next last first second third previous current new
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
_LINKING_WORDS = {text.split(" ")[0] for text in (*JOINS, *NEEDS, *AFTER, *BEFORE)}
# How courtesies begin, as far as no list above has it.
_COURTEOUS_WORDS = """
pls plz kindly hi hello hey yo howdy greetings good well yep sure alright wanna gotta wanting hoping looking hurry proceed
electronically assist lend gimme lets let us would mind wondering hoping you think could immediately quickly real really
asap rn online thx ty much many right straight we've we'd we're we'll it'd gonna going lemme simply today currently
mind handle proceed aid help time go id hand firstly
"""
RESERVED = frozenset(
    {
        *_FUNCTION_WORDS.split(),
        *_TIME_WORDS.split(),
        *_ORDER_WORDS.split(),
        *_BANK_WORDS.split(),
        *_LINKING_WORDS,
        *_COURTEOUS_WORDS.split(),
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
     "boss", "neighbor", "neighbour", "coworker", "co-worker", "colleague", "babysitter", "girlfriend", "boyfriend", "partner",
     "landlady", "nanny", "hairdresser", "contractor", "plumber", "tutor", "cleaner", "gardener", "mechanic"}
)  # fmt: skip
# Those of whom one has one, so that they may be a payee's name by themselves: "my mom".
ONE_OF_A_KIND = frozenset(
    {"mom", "mother", "dad", "father", "wife", "husband", "landlord", "landlady", "boss", "girlfriend", "boyfriend", "son",
     "daughter", "brother", "sister", "grandma", "grandmother", "grandpa", "grandfather", "roommate", "babysitter", "nanny"}
)  # fmt: skip
ROLES = frozenset({"landlord", "landlady", "babysitter", "nanny"})  # those that may also be called "the landlord"

SMALL_NAME_WORDS = frozenset({"van", "von", "de", "der", "den", "la", "le", "da", "di", "del", "al", "bin", "ibn"})

# Why a clause with such a word is not done, in the order in which they are looked for.
_NEGATIONS = "don't dont not never no won't can't cannot without cancel stop undo"
_RULES = "ignore ignoring disregard bypass override approve approval policy policies instructions pretend"
_OTHER_DAYS = """every each weekly monthly daily tomorrow tonight later schedule scheduled recurring automatically autopay monday
tuesday wednesday thursday friday saturday sunday until week weeks month months"""
_PAST = "yesterday sent paid transferred deposited withdrew did was were ago last spent"
_INEXACT = "all half everything rest remaining percent enough about around roughly some"
_POINTERS = "him her them it someone somebody everyone that this"
_NO_ASIDE = """
if once soon already yesterday next hour hours minute minutes day days year years morning afternoon evening night noon midnight
payday weekend was were did had you they say says said tells told ask asks asked asking know knows knew wants wanted forget hate
text email remind settle shoot throw shift remit slide push route hand forward toss zap ship
"""
# What a remark before a question about a balance must not hold: it could be an order, or take one back.
NO_REMARK = frozenset(
    (
        *_ORDER_WORDS.split(),
        *_NEGATIONS.split(),
        *_RULES.split(),
        *_OTHER_DAYS.split(),
        "how",
        "why",
        "where",
        "when",
        "who",
        "interest",
        "rate",
        "apr",
        "limit",
        "minimum",
        "due",
        "owe",
        "number",
        "transactions",
        *_NO_ASIDE.split(),
    )
)
QUESTION_STARTS = (
    "does", "do you think", "what have", "what do", "what am", "have i", "tell me", "show me", "let me know", "i can't",
    "i don't know", "i'm not sure", "not sure", "i wonder", "wondering", "see if", "is my", "i wanna see", "i want to see",
    "how much", "how's", "what's", "whats", "what is", "do i", "do we", "is there", "are there", "am i", "can", "could", "will",
    "would",
)  # fmt: skip
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
