"""Questions about a balance that no phrasing has: of words that can mean little else, in whatever order they stand.

Nothing but a balance is read so, since a look at one does no harm; and one word that is not known here is enough to ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .slots import SLOTS
from .tokens import Part, Token
from .vocabulary import ACCOUNT_KINDS, ACCOUNT_WORDS, CARD_WORDS

MAX_WORDS = 40  # in one question
_KNOWN_WORDS = """
a an the my our of in on at inside within with is are am was there there's what what's whats how how's much i i'm i've we
money cash funds dough dollars total amount sum number figure status worth balance balances bal account accounts bank banks acct
do does has have having got hold holding sitting stored saved contain contains left available remaining total
currently current right now exactly exact today still actually overall together combined altogether all
me us you tell show give let know see check find out look up view get display read pull bring state say
can could would will may please need want like wonder wondering curious interested knowing going trying able to be being
enough any some sufficient adequate if whether think that which for it its info information inquiry quick
look looks looking like high kind situation remind keep kept idea sort
provide request requesting report confirm verify calculate details across each both showing remains most recent latest moolah as
"""
_KNOWN = frozenset(_KNOWN_WORDS.split())
_ASKING = frozenset(
    {"what", "what's", "whats", "how", "how's", "tell", "show", "know", "see", "check", "find", "view", "display", "wonder",
     "wondering", "remind"}
)  # fmt: skip
_BALANCE = frozenset({"balance", "balances", "bal"})
_ENOUGH = frozenset({"enough", "sufficient", "adequate", "any"})
_MONEY = frozenset({"amount", "total", "sum", "money", "cash", "funds", "dough", "moolah", "dollars", "much", *_ENOUGH})
_HELD = frozenset(
    {"have", "has", "got", "hold", "contain", "contains", "in", "on", "at", "inside", "left", "available", "remaining", "remains",
     "there"}
)  # fmt: skip
_PLACES = frozenset({"in", "on", "at", "of", "for", "from", "with", "inside", "within"})
_OWN = frozenset({"my", "our", "the"})
_NOUNS = ACCOUNT_WORDS | ACCOUNT_KINDS | CARD_WORDS | {"bank"}


@dataclass
class _Question:
    """What was read of a question so far."""

    words: set[str] = field(default_factory=set)
    account: str = ""

    @property
    def is_about_a_balance(self) -> bool:
        asked = not self.words.isdisjoint(_ASKING | _ENOUGH)
        held = not self.words.isdisjoint(_MONEY) and not self.words.isdisjoint(_HELD)
        return not self.words.isdisjoint(_BALANCE) or (asked and held)


def read_balance(tokens: Sequence[Token], at: int) -> tuple[int, str] | None:
    """The place behind a question about a balance at *at*, and the account that it names. None where there is none."""
    read, end = _Question(), at
    while end < min(len(tokens), at + MAX_WORDS) and tokens[end].part is not Part.MARK:
        found = _named_account(tokens, end)
        if found is not None:
            end, account = found
            if read.account not in ("", account):
                return None
            read.account = account
            read.words.add("in")
        elif tokens[end].word in ("for", "to") and not read.words.isdisjoint(_ENOUGH):
            end = max((place for place, _ in SLOTS["whatever"](tokens, end + 1)), default=end + 1)
        elif _is_known(tokens, end):
            read.words.add(tokens[end].word)
            end += 1
        else:
            return None
    return (end, read.account) if read.is_about_a_balance else None


def _is_known(tokens: Sequence[Token], at: int) -> bool:
    """Whether the word at *at* belongs to a question about a balance. "How do I" and "a check" do not."""
    word, before = tokens[at].word, tokens[at - 1].word if at else ""
    if (before == "how" and word not in ("much", "is", "are")) or (word == "check" and before in ("a", "my", "the")):
        return False
    return word in _KNOWN


def _named_account(tokens: Sequence[Token], at: int) -> tuple[int, str] | None:
    """The place behind an account that is named at *at*, as in "in my chase account" or "my savings", and its name."""
    place = tokens[at].word in _PLACES
    if not place and tokens[at].word not in _OWN:
        return None
    best = None
    for end, value in SLOTS["which"](tokens, at + place):
        noun = end > at + 1 and tokens[end - 1].word in _NOUNS
        of_balance = end < len(tokens) and tokens[end].word in _BALANCE
        if value and (noun or of_balance or (place and (end == len(tokens) or tokens[end].word in _KNOWN))):
            best = (end, str(value))
    return best
