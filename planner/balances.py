"""Questions about a balance that no phrasing has: of words that can mean little else, in whatever order they stand.

Nothing but a balance is read so, since a look at one does no harm; and one word that is not known here is enough to ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .grammar import phrase_length, phrases
from .slots import SLOTS
from .tokens import Part, Token
from .vocabulary import ACCOUNT_KINDS, ACCOUNT_WORDS, BANKS, CARD_WORDS

MAX_WORDS = 40  # in one question
_KNOWN_WORDS = """
a an the my our of in on at inside within with over is are am there there's here what what's whats how how's much i i'm
i've we we've it it's its them these that's one ones and money cash funds dough dollars bucks total amount
sum number figure status worth balance balances bal account accounts bank banks acct accts do does has have having got
gotten hold holding holds sit sits sitting stand stands standing stored saved contain contains left leftover available
remaining currently current right now exactly exact today still actually overall together combined altogether all presently me
us you tell show give let know see check find out look up view get display read pull say where where's can could
would will may please need want like i'd wonder wondering curious interested knowing going trying able to be enough
plenty any anything some something sufficient adequate if whether think that this which for info information inquiry quick
looks looking kind situation remind keep idea sort lot good decent more less than least above below under
provide request requesting report confirm verify calculate details across each both different various several few
multiple showing remains most recent latest moolah as hey so yo well add adds run rundown big about hear
wise way between doing working money's cash's
"""
_KNOWN = frozenset(_KNOWN_WORDS.split())
_ASKING = frozenset(
    {"what", "what's", "whats", "how", "how's", "tell", "show", "know", "see", "check", "find", "view", "display", "wonder",
     "wondering", "remind", "where", "where's", "say", "hear"}
)  # fmt: skip
_NOT_KNOWING = phrases(
    ("don't know", "do not know", "not sure", "no idea", "no clue", "can't remember", "can't recall", "forgot", "lost track",
     "can't figure out", "can't tell")
)  # fmt: skip
_BALANCE = frozenset({"balance", "balances", "bal"})
_ENOUGH = frozenset({"enough", "sufficient", "adequate", "any", "plenty"})
_MONEY = frozenset(
    {"amount", "total", "sum", "money", "cash", "funds", "dough", "moolah", "dollars", "bucks", "much", "money's", "cash's",
     *_ENOUGH}
)  # fmt: skip
_STANDS = frozenset(
    {"have", "has", "got", "hold", "holds", "holding", "contain", "contains", "left", "available", "remaining", "remains",
     "inside", "sit", "sits", "sitting", "stand", "stands", "standing", "looking", "looks", "look", "worth", "doing", "working"}
)  # fmt: skip
_HELD = frozenset({*_STANDS, "in", "on", "at", "there", "with"})
_WHERE, _IN = frozenset({"where", "where's"}), frozenset({"in", "at", "on"})
_WHAT = frozenset({"what", "what's", "how", "much"})
_AT, _FOR = frozenset({"at", "with"}), frozenset({"for", "to"})
_FUTURE = frozenset({"will", "would", "be", "going"})
_SUBJECTS = frozenset(
    {"i", "we", "you", "i've", "we've", "my", "our", "the", "it", "its", "it's", "there", "there's", "that's", "money",
     "that", "this"}
)  # fmt: skip
_STATING = frozenset(
    {"is", "are", "have", "has", "got", "i've", "we've", "it's", "there's", "that's", "contains", "holds", "looks"}
)
_HOLDS = frozenset({"have", "has", "got", "hold", "holds"})
_MINDING = frozenset({"know", "see", "check", "find", "view", "hear", "think", "say", "can", "could", "like"})
_COMPARED = frozenset({"is", "are", "if", "whether", "have", "has", "got", "there", "there's", "i've"})
_FINDING = frozenset({"find", "see", "view", "get", "check", "look"})
_BROUGHT_UP = frozenset({"look", "add", "pull", "it"})  # "look up", "add it up"
_BANKS = frozenset({"bank", "banks"})
_BANK = _BANKS | {"account", "accounts"}
_ARTICLES = frozenset({"a", "an", "any", "another"})
_OTHER_BANKS = _ARTICLES | {"what", "which"}  # "what bank", "any account"
_KINDS = frozenset({"kind", "type", "sort"})
_HOW = frozenset({"much", "is", "are", "am", "i'm"})
_WANTING = frozenset({"need", "want"})
_POINTED = _BANK | {"there"}
_SUMS = frozenset({"money", "cash", "funds", "good", "decent", "amount"})
_SPENDING = frozenset({"afford", "cover", "buy", "purchase"})
_WHETHER = frozenset({"if", "whether", "can", "could", "would", "will", *_ENOUGH})
_COMPARING = frozenset({"more", "less", "least", "over", "under", "above", "below"})
_PLACES = frozenset({"in", "on", "at", "of", "for", "from", "with", "inside", "within"})
_OWN = frozenset({"my", "our", "the"})
_NOUNS = ACCOUNT_WORDS | ACCOUNT_KINDS | CARD_WORDS | {"bank"}


@dataclass
class _Question:
    """What was read of a question so far."""

    words: set[str] = field(default_factory=set)
    begins: tuple[str, ...] = ()  # its first two words
    account: str = ""
    is_bank: bool = False  # whether the account was named by its bank only: "at chase"
    is_sure: bool = False  # whether what was named can be nothing but an account

    @property
    def is_about_a_balance(self) -> bool:
        if self._has(_FUTURE) and not self._has(_ENOUGH):
            return False
        if self._has(_BALANCE):
            return True
        held = self._has(_MONEY) and (self._has(_HELD) or self.account != "")
        stands = self.is_sure and self._has(_STANDS | _IN)
        pointed = not self._has(_WHERE) and self._has(_STANDS | _IN) and self._has(_POINTED)
        return self._has(_ASKING | _ENOUGH | {"much", "anything"}) and (held or stands or pointed)

    @property
    def asks_again(self) -> bool:
        """Whether it asks about what was asked for just before: "is it enough for a bike", "and tell me"."""
        return self._has(_ASKING | _ENOUGH)

    @property
    def states(self) -> bool:
        """Whether it asks for nothing: "my balance is fine", "i have enough", "i know my balance", "balance my account"."""
        first, second = self.begins if len(self.begins) > 1 else (*self.begins, "")
        if first == "hold" or (first in _BALANCE and second in _OWN) or (first in _HOLDS and second in _ENOUGH):
            return True
        minds = first in ("i", "we", "you") and second in _MINDING
        asked = self._has(_ASKING | {"much", "if", "whether"})
        return minds or (first in _SUBJECTS and self._has(_STATING) and not asked)

    def goes_on_for(self, word: str) -> bool:
        """Whether *word* begins what a balance is to be enough for."""
        return word in _FOR and self._has(_ENOUGH)

    def _has(self, words: frozenset[str]) -> bool:
        return not self.words.isdisjoint(words)

    def take_account(self, named: str, at_bank: bool, sure: bool) -> bool:
        """Take an account that was named. Gives whether it can be the one that was named before: "my savings", "at chase"."""
        if self.account in named:
            self.account, self.is_bank = named, at_bank
        elif at_bank or self.is_bank:
            self.account = f"{named} {self.account}" if at_bank else f"{self.account} {named}"
            self.is_bank = False
        elif named not in self.account:
            return False
        self.is_sure |= sure
        return True

    def take_word(self, tokens: Sequence[Token], at: int) -> int:
        """Take the words at *at* that name no account. Gives the place behind them, or *at* where they are not known."""
        word = tokens[at].word
        if length := phrase_length(_NOT_KNOWING, tokens, at):
            self.words.add("know")
            return at + length
        spends = word in _SPENDING and self._has(_WHETHER)
        if spends or self.goes_on_for(word) or (word == "for" and self._has(_SUMS)):
            self.words |= {"enough"} if spends else set()
            return max((place for place, _ in SLOTS["whatever"](tokens, at + 1)), default=at + 1)
        if word == "to" and "add" in self.words and "up" not in self.words:
            return at
        if tokens[at].amount is not None and self._has(_COMPARING) and self._has(_COMPARED):
            self.words.add("enough")
        elif not _is_known(tokens, at) or (word in _WANTING and self._has(_WHAT)) or (word in _FINDING and self._has(_WHERE)):
            return at
        self.words.add(word)
        return at + 1


def read_balance(tokens: Sequence[Token], at: int, *, again: bool = False) -> tuple[int, str] | None:
    """The place behind a question about a balance at *at*, and the account that it names. None where there is none.

    *again* says that a balance was asked for just before, so that "and tell me" can only be about it.
    """
    read, end = _Question(begins=tuple(token.word for token in tokens[at : at + 2])), at
    while end < min(len(tokens), at + MAX_WORDS) and tokens[end].part is not Part.MARK:
        found = None if read.goes_on_for(tokens[end].word) else _named_account(tokens, end)
        if found is None:
            behind = read.take_word(tokens, end)
            if behind == end:
                return None
        else:
            behind, account = found
            noun = not (_NOUNS - _BANKS).isdisjoint(token.word for token in tokens[end:behind])
            read.words |= {tokens[end].word} & _PLACES
            bank = not noun and tokens[end].word in _AT
            if not read.take_account(account, bank, noun or tokens[behind - 1].word in BANKS):
                return None
        end = behind
    if end == at or read.states:
        return None
    return (end, read.account) if read.is_about_a_balance or (again and read.asks_again) else None


def _is_known(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at *at* belongs to a question about a balance, and not to "how do I", "account number" or "what bank"."""
    word, before = tokens[at].word, [tokens[place].word if place >= 0 else "" for place in (at - 1, at - 2)]
    behind = tokens[at + 1].word if at + 1 < len(tokens) else ""
    if word in _BANK:
        return before[0] not in _OTHER_BANKS and not (before[0] == "of" and before[1] in _KINDS)
    other = (
        (before[0] == "how" and word not in _HOW)
        or (word == "check" and before[0] in ("a", "my", "the"))
        or (word == "number" and before[0] in _BANK)
        or (word in ("most", "least") and before[0] == "the" and behind != "recent")
        or (word == "going" and behind == "on")
        or (word in ("will", "would", "can", "could") and before[0] == "much")
        or (word in _HOLDS and before[0] == "you")
        or (word == "if" and before[0] == "what")
        or (word == "up" and before[0] not in _BROUGHT_UP)
        or (word == "keep" and behind != "trying")
        or (word == "them" and before[0] not in _PLACES)
        or (word == "do" and before[0] == "to")
        or (word == "number" and behind == "of")
        or (word in _KINDS and at + 2 < len(tokens) and tokens[at + 2].word in ACCOUNT_KINDS)
    )
    return word in _KNOWN and not other


def _named_account(tokens: Sequence[Token], at: int) -> tuple[int, str] | None:
    """The place behind an account that is named at *at*, as in "in my chase account" or "my savings", and its name."""
    place = tokens[at].word in _PLACES
    if at and tokens[at - 1].word in _ARTICLES:
        return None
    bank = tokens[at].word == "bank" and at + 1 < len(tokens) and tokens[at + 1].word == "of"
    if not place and not bank and tokens[at].word not in _OWN | ACCOUNT_KINDS | BANKS:
        return None
    best = None
    for end, value in SLOTS["which"](tokens, at + place):
        noun = end > at + 1 and tokens[end - 1].word in _NOUNS
        of_balance = end < len(tokens) and tokens[end].word in _BALANCE
        alone = tokens[end - 1].word in ACCOUNT_KINDS | BANKS
        if not place and tokens[at].word in BANKS and end < len(tokens) and tokens[end].word in _SPENDING:
            return None  # "does chase cover ..." asks about the bank
        if value and (noun or of_balance or alone or (place and (end == len(tokens) or tokens[end].word in _KNOWN))):
            best = (end, str(value))
    return best
