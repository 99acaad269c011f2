"""Reading a request that is not understood as it stands: because of the order of its words, or of a remark in it.

Where a question about a balance ends it, and nothing before that question could be an order or take one back, the question is
answered: looking does no harm.
"""

from collections.abc import Sequence
from itertools import pairwise

from .clauses import read_clauses
from .fronting import sentences_of, usual_orders
from .grammar import phrase_length, phrases
from .openers import opening
from .steps import Step, Unclear
from .tokens import Part, Token
from .vocabulary import ACCOUNT_KINDS, ACCOUNT_WORDS, BANKS, CARD_WORDS, NO_REMARK, QUESTION_STARTS

_QUESTION_STARTS = phrases(QUESTION_STARTS)
_NAMING = ACCOUNT_KINDS | ACCOUNT_WORDS | BANKS | CARD_WORDS | {"bill", "bills"}
_SPEAKER = frozenset({"i", "i'm", "im", "i've", "ive", "i'd", "we", "we're", "we've", "thinking"})
_STATES = frozenset({"is", "are", "theres", "there's", "there"})
_PARTS_OFF = frozenset({"but", "so", "now", "anyway"})
_MAX_SENTENCES = 20  # in a request whose order of words is looked at
_TRIED = 4  # places at most where a question may begin behind a remark


def read_steps(tokens: Sequence[Token]) -> list[Step]:
    """The actions that *tokens* ask for, in order. Raises Unclear where any of it is not understood."""
    try:
        return read_clauses(tokens)
    except Unclear:
        ordered = _in_usual_order(tokens)
        steps = (None if ordered is None else _read_ordered(ordered)) or _question_behind_remark(tokens)
        if steps is None:
            raise
        return steps


def _read(tokens: Sequence[Token]) -> list[Step] | None:
    try:
        return read_clauses(tokens)
    except Unclear:
        return None


def _read_ordered(tokens: Sequence[Token]) -> list[Step] | None:
    """The steps of *tokens*; None where the account of one sentence, perhaps named first, may be meant for the next, too."""
    steps = _read(tokens) or []
    moving = [step.wire for step in steps if step.moves_money and step.wire["type"] != "deposit"]
    return None if any("from" in before and "from" not in wire for before, wire in pairwise(moving)) else steps


def _in_usual_order(tokens: Sequence[Token]) -> Sequence[Token] | None:
    """*tokens* with what its sentences name first where it usually stands; None where none of them does so."""
    ordered: list[Token] = []
    changed = False
    sentences = list(sentences_of(tokens))
    for sentence in sentences if len(sentences) <= _MAX_SENTENCES else ():
        better = next((order for order, may_move in usual_orders(sentence) if _may_be_meant(order, may_move)), None)
        if better is not None and _read(sentence) is None:
            changed = True
        else:
            better = sentence
        ordered += better
    return ordered if changed else None


def _may_be_meant(tokens: Sequence[Token], may_move: bool) -> bool:
    """Whether one thing is asked for so: what was named first may belong to each of several."""
    steps = _read(tokens)
    return steps is not None and len(steps) == 1 and (may_move or not steps[0].moves_money)


def _question_behind_remark(tokens: Sequence[Token]) -> list[Step] | None:
    """The question about a balance at the end, behind words that ask for nothing: "I like coffee, but how much do I have?"."""
    starts = [at for at in range(1, len(tokens)) if phrase_length(_QUESTION_STARTS, tokens, at)]
    for start in starts[-_TRIED:]:
        if not _asks_for_nothing(tokens[:start]) and not _asks_for_balance(tokens[:start]):
            continue
        if steps := _read(tokens[start:]):
            return None if any(step.moves_money for step in steps) else _with_named(tokens[:start], steps)
    return None


def _asks_for_balance(tokens: Sequence[Token]) -> bool:
    steps = _read(tokens)
    return steps is not None and not any(step.moves_money for step in steps)


def _asks_for_nothing(remark: Sequence[Token]) -> bool:
    """Whether *remark* says what the speaker wants or does, or, parted from what follows by a mark or "but", how things are."""
    begin = 0
    while found := opening(remark, begin):
        begin += found[0]
    words = [token.word for token in remark]
    if words[-1] in _SPEAKER or not NO_REMARK.isdisjoint(words) or any(token.amount is not None for token in remark):
        return False
    parted = remark[-1].part is Part.MARK or words[-1] in _PARTS_OFF
    states = any(word in _STATES or word.endswith("'s") for word in words[begin : begin + 4])
    return begin == len(words) or not _SPEAKER.isdisjoint(words[: begin + 2]) or (parted and states)


def _with_named(remark: Sequence[Token], steps: list[Step]) -> list[Step] | None:
    """*steps*, or the balance that *remark* asks for where they ask for it once more; None where it may name their account."""
    asked = _read(remark)
    if steps[0].wire.keys() > {"type"}:
        return steps
    if asked is not None:
        return None if any(step.moves_money for step in asked) else asked
    return None if any(token.word in _NAMING for token in remark) else steps
