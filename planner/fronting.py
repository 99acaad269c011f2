"""Sentences that name first what they are about: "my gas bill, please pay it", "from savings to checking, move $50".

They are put into the usual order of words, "please pay my gas bill", and are then read like any other.
Nothing is made up, and nothing left out but what says the same twice ("what does it have in it") and that a bill has come, so
whatever else stands in a sentence has to be understood all the same. Only one order may stand in it.
"""

from collections.abc import Iterator, Sequence

from .grammar import Pattern, compile_pattern, matches
from .openers import opening
from .phrasings import PARTS_READ
from .tokens import Part, Token
from .vocabulary import SENTENCE_MARKS

MAX_WORDS = 40  # in one sentence
_TRIED = 3  # places at most where what is named first may end
_TOPICS = (  # what a pronoun behind it stands for
    "<plainly> [MINE] <biller> A_BILL",
    "<plainly> [my|our|the|this] <known_biller>",
    "my|our|the|that|this <own_account>",
    "<plainly> <own_account>",
    "my|our|the|that|this account",
)
_HAPPENED = (
    "[time|is_due|is_overdue|is_late|is_here|is_in|is_ready] [[just] came|came_in|arrived|showed_up [in_the_mail]] [today|now]"
)
_FRONTS = (  # what stands behind the order elsewhere
    "OUT <account> [,] [TARGET]",
    "TARGET OUT <own_account>",
    "WITH|use [FUNDS] <own_account>",
    "in|on|at|for|about|of|to|into <own_account>",
    "on|for|to BILL",
)
_PAIRS = ("<plainly> <account> TARGET", "<plainly> <own_account> TARGET")  # the same, where "from" is left out
_PLACES = frozenset({"in", "on", "at", "inside", "from", "for", "of", "to", "with"})
_PRONOUNS = frozenset({"it", "that", "this", "them", "they", "these", "those"})
_NOUNS = frozenset({"one", "account", "bill", "card"})  # "that one"
_IS = frozenset({"is", "are", "was", "be"})  # beside these "there" is no place
_HAPPENS = frozenset({"time", "is", "came", "just", "arrived", "showed"})
_IN, _FROM = Token(Part.WORD, "in", "in"), Token(Part.WORD, "from", "from")


def _compiled(texts: Sequence[str]) -> tuple[Pattern, ...]:
    return tuple(compile_pattern(text, PARTS_READ) for text in texts)


_TOPIC_PATTERNS = _compiled([f"{_TOPICS[0]} {_HAPPENED}", *_TOPICS])
_ACCOUNTS = _compiled(["<own_account>"])  # of which only a balance is told
_WISHES = _compiled(["[a|an|some|the|this|that] [new] <wish> ,"])  # the same, and only where a pronoun stands for them
_FRONT_PATTERNS = _compiled(_FRONTS)
_PAIR_PATTERNS = _compiled(_PAIRS)


def sentences_of(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """*tokens* cut behind each mark that ends a sentence."""
    begin = 0
    for at, token in enumerate(tokens, 1):
        if token.part is Part.MARK and token.word in SENTENCE_MARKS:
            yield tokens[begin:at]
            begin = at
    yield tokens[begin:]


def usual_orders(sentence: Sequence[Token]) -> Iterator[tuple[Sequence[Token], bool]]:
    """The ways to put *sentence* into the usual order of words, where it names something first; whether it may move money so."""
    begin = 0
    if len(sentence) > MAX_WORDS:
        return
    while found := opening(sentence, begin):
        begin += found[0]
    last = len(sentence) - (len(sentence) > 0 and sentence[-1].part is Part.MARK)
    head, mark = sentence[:begin], sentence[last:]
    for patterns in (_TOPIC_PATTERNS, _ACCOUNTS, _WISHES):
        for end in _ends(patterns, sentence, begin):
            rest, topic = _behind_comma(sentence[end:last]), _behind_nothing(sentence[begin:end])
            if rest and (patterns is not _WISHES or any(_is_pronoun(rest, at) for at in range(len(rest)))):
                for ordered, whole in _with_topic(rest, _without_happening(topic)):
                    yield [*head, *ordered, *mark], patterns is _TOPIC_PATTERNS and whole
    for patterns, left_out in ((_FRONT_PATTERNS, ()), (_PAIR_PATTERNS, (_FROM,))):
        for end in _ends(patterns, sentence, begin):
            yield [*head, *_behind_comma(sentence[end:last]), *left_out, *sentence[begin:end], *mark], True


def _ends(patterns: Sequence[Pattern], tokens: Sequence[Token], at: int) -> Sequence[int]:
    """The places behind what *patterns* match at *at*, the longest first."""
    return sorted({end for pattern in patterns for end, _ in matches(pattern, tokens, at) if end > at}, reverse=True)[:_TRIED]


def _behind_comma(tokens: Sequence[Token]) -> Sequence[Token]:
    return tokens[1:] if tokens and tokens[0].word == "," else tokens


def _behind_nothing(tokens: Sequence[Token]) -> Sequence[Token]:
    return tokens[:-1] if tokens[-1].word == "," else tokens


def _with_topic(rest: Sequence[Token], topic: Sequence[Token]) -> Iterator[tuple[Sequence[Token], bool]]:
    """*rest* with *topic* in the place of the pronoun that stands for it, or behind it all as a place: "in my savings".

    Beside each, whether it may move money so: not where it is left out that a place is named once more.
    """
    at = next((at for at in range(len(rest)) if _is_pronoun(rest, at)), None)
    if at is None:
        yield [*rest, _IN, *topic], True
        return
    end = at + 1 + (at + 1 < len(rest) and rest[at].word in ("that", "this") and rest[at + 1].word in _NOUNS)
    there = rest[at].word == "there" and (at == 0 or rest[at - 1].word not in _PLACES)
    named, shorter = [*rest[:at], *([_IN] if there else []), *topic], _without_place(rest[end:])
    yield [*named, *rest[end:]], True
    if len(shorter) < len(rest) - end:
        yield [*named, *shorter], False


def _is_pronoun(rest: Sequence[Token], at: int) -> bool:
    before = rest[at - 1].word if at else ""
    return rest[at].word in _PRONOUNS or (rest[at].word == "there" and before not in _IS and not _is_word(rest, at + 1, _IS))


def _is_word(tokens: Sequence[Token], at: int, words: frozenset[str]) -> bool:
    return at < len(tokens) and tokens[at].word in words


def _without_place(rest: Sequence[Token]) -> Sequence[Token]:
    """*rest* without an "in it" that names the same once more: "my savings, what does it have in it"."""
    again = [at for at in range(len(rest) - 1) if rest[at].word in _PLACES and rest[at + 1].word in _PRONOUNS | {"there"}]
    return [*rest[: again[0]], *rest[again[0] + 2 :]] if again else rest


def _without_happening(topic: Sequence[Token]) -> Sequence[Token]:
    end = next((at for at in range(1, len(topic)) if topic[at].word in _HAPPENS), len(topic))
    return topic[:end]
