"""Reading a request clause by clause: which actions it asks for, and what needs what.

The whole request must be understood: one clause that is not makes all of it a question. Where a question about a balance ends it,
and nothing before that question could be an order or take one back, the question is answered: looking does no harm.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from signoff.canonical import Json

from .balances import read_balance
from .grammar import Captures, Pattern, matches, phrase_length, phrases
from .links import Link, find_joints
from .openers import OPENING_WORDS, opening, plain_verb
from .phrasings import (
    CONTINUED,
    CONTINUED_BALANCE,
    CONTINUED_BILL,
    CONTINUED_IN_ORDER,
    FIELDS,
    INCOMPLETE,
    INCOMPLETE_CONTINUED,
    OTHER_BALANCE,
    Phrasing,
    beginning_with,
)
from .plan import MAX_ACTIONS
from .steps import EXAMPLE, Step, Unclear, check_order, check_together, check_unquestioned
from .tokens import Part, Token, join
from .vocabulary import (
    ASKING_CLOSERS,
    CONTINUERS,
    HINTS,
    NO_REMARK,
    QUESTION_STARTS,
    SENTENCE_MARKS,
)

_ASKED_FOR = phrases(ASKING_CLOSERS)
_QUESTION_STARTS = phrases(QUESTION_STARTS)
_TRIED = 3  # places at most where a question may begin behind a remark
_SHOWN = 120  # characters of a clause in a question


@dataclass(frozen=True, slots=True)
class _Clause:
    """How a clause can be read, and the place behind it."""

    phrasing: Phrasing
    captures: Captures
    wire: dict[str, Json]
    end: int


def read_steps(tokens: Sequence[Token]) -> list[Step]:
    """The actions that *tokens* ask for, in order. Raises Unclear where any of it is not understood."""
    try:
        return _Request(tokens).read()
    except Unclear:
        steps = _question_behind_remark(tokens)
        if steps is None:
            raise
        return steps


def _question_behind_remark(tokens: Sequence[Token]) -> list[Step] | None:
    """The question about a balance at the end, behind words that ask for nothing: "I like coffee, but how much do I have?"."""
    starts = [at for at in range(1, len(tokens)) if phrase_length(_QUESTION_STARTS, tokens, at)]
    for start in starts[-_TRIED:]:
        if any(token.word in NO_REMARK or token.amount is not None for token in tokens[:start]):
            return None
        with suppress(Unclear):
            steps = _Request(tokens[start:]).read()
            return None if any(step.moves_money for step in steps) else steps
    return None


class _Request:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._joints = find_joints(tokens)
        self._at = 0
        self._steps: list[Step] = []
        self._group: list[Step] = []  # the steps since the last "then"
        self._first: Step | None = None  # of "after X, Y": X, until Y is read
        self._sentence: list[Step] = []  # the steps since the last full stop
        self._asked = False  # whether this sentence holds "could you" or the like
        self._plain_link = False  # whether nothing but a comma, "and" or "then" stands before this clause

    def read(self) -> list[Step]:
        while (link := self._skip_to_clause()) is not None:
            if len(self._steps) == MAX_ACTIONS:
                raise Unclear(f"That is more than {MAX_ACTIONS} actions at once. Which should I begin with?")
            self._add(link)
        if self._first is not None:
            raise Unclear("What should I do after that? Write it behind a comma")
        if not self._steps:
            raise Unclear(f"What should I do? Say {EXAMPLE}")
        check_together(self._steps)
        return self._steps

    def _skip_to_clause(self) -> tuple[Link, bool] | None:
        """Go to the next clause. Gives its link and whether it begins a sentence; None at the end."""
        found, begins, dangling, self._plain_link = Link.NONE, self._at == 0, "", True
        while self._at < len(self._tokens):
            link, length = self._joints.links[self._at]
            words = " ".join(token.word for token in self._tokens[self._at : self._at + length])
            length = length or self._courtesy()
            if length == 0:
                break
            self._plain_link &= words in CONTINUERS
            if words == "?" and not self._asked:
                check_unquestioned(self._sentence)
            if words in SENTENCE_MARKS:
                begins = True
            elif link and self._tokens[self._at].part is not Part.MARK:
                dangling = join(self._tokens[self._at : self._at + length])
            found |= link
            self._at += length
        else:
            if dangling:
                raise Unclear(f'What should I do behind "{dangling}"? The request seems to be cut off there')
            return None
        if begins:
            self._sentence, self._asked = [], False
        return found, begins

    def _courtesy(self) -> int:
        """How many tokens a clause takes here that says no more than "hello", "thanks" or "can you do that"."""
        length = phrase_length(_ASKED_FOR, self._tokens, self._at) if self._steps else 0
        if length and self._joints.ends[self._at + length] is not None:
            self._asked = True
            return length
        end = self._joints.ends[self._at]
        if end is not None:
            return end - self._at
        length = phrase_length(OPENING_WORDS, self._tokens, self._at)
        end = self._joints.ends[self._at + length] if length else None
        return 0 if end is None else end - self._at

    def _add(self, place: tuple[Link, bool]) -> None:
        link, begins = place
        if Link.AFTER in link or Link.BEFORE in link:
            return self._add_beside(link, begins)
        if Link.NEED in link and not self._steps:
            raise Unclear(f"After what should I do that? Say {EXAMPLE}")
        step = self._step(gerund=False)
        if self._first is not None:
            check_order(self._first, step)
            step.needs.append(self._first)
            self._first = None
        elif Link.NEED in link:
            self._need_group(step)
        self._steps.append(step)
        self._group.append(step)
        return None

    def _add_beside(self, link: Link, begins: bool) -> None:
        """Add a clause behind "after" or "before"."""
        if Link.BEFORE in link and self._steps and not begins:
            step = self._step(gerund=True)
            for earlier in self._group:
                check_order(step, earlier)
            self._need_group(step)
            self._steps.append(step)
            self._group.append(step)
        elif link is Link.AFTER and self._steps and not begins:
            step = self._step(gerund=True)
            later = self._steps[-1]
            check_order(step, later)
            later.needs.append(step)
            self._steps.insert(-1, step)
        elif Link.BEFORE not in link and begins and self._first is None:
            self._first = self._step(gerund=True)
            self._steps.append(self._first)
        else:
            raise Unclear(f"In which order should I do that? Say {EXAMPLE}")

    def _need_group(self, step: Step) -> None:
        step.needs += self._group
        self._group = []

    def _step(self, *, gerund: bool) -> Step:
        """Read the clause here, and go behind it."""
        tokens, begin = self._tokens, self._at
        if gerund:
            tokens = plain_verb(tokens, self._at)
            self._at += tokens[self._at].word == "you"
        else:
            if self._skip_openers():
                tokens = plain_verb(tokens, self._at)
            if self._steps and any(token.word == "just" for token in tokens[begin : self._at]):
                raise Unclear(f"Should I do that as well as what you said before, or instead? Say {EXAMPLE}")
        self._plain_link &= self._at == begin
        clause = self._longest(tokens) or self._balance(tokens)
        if clause is None:
            raise Unclear(self._question(begin))
        name_first = next(iter(clause.captures), "amount") != "amount"
        step = Step(clause.wire, join(tokens[begin : clause.end])[:_SHOWN], clause.phrasing.judged, name_first)
        self._sentence.append(step)
        self._at = clause.end
        return step

    def _skip_openers(self) -> bool:
        """Go behind "please", "could you" and the like. Gives whether the verb behind them ends in -ing: "would you mind"."""
        while found := opening(self._tokens, self._at):
            length, asks, gerund = found
            self._asked |= asks
            self._at += length
            if gerund:
                return True
        return False

    def _longest(self, tokens: Sequence[Token]) -> _Clause | None:
        """The clause that takes most tokens. Raises Unclear where it can be read in two ways."""
        phrasings = list(beginning_with(tokens[self._at].word if self._at < len(tokens) else ""))
        if self._continues_transfer():
            phrasings += CONTINUED
            if self._steps[-1].name_first:
                phrasings += CONTINUED_IN_ORDER
        elif self._continues("pay_bill", "biller"):
            phrasings += CONTINUED_BILL
        elif self._continues("check_balance", "account"):
            phrasings += CONTINUED_BALANCE
        found = [
            _Clause(phrasing, captures, _wire(phrasing.type, captures), end)
            for phrasing in phrasings
            for end, captures in self._whole(phrasing.pattern, tokens)
        ]
        longest = [clause for clause in found if clause.end == max(other.end for other in found)]
        if any(clause.wire != longest[0].wire for clause in longest):
            written = join(tokens[self._at : longest[0].end])[:_SHOWN]
            raise Unclear(f'I can read "{written}" in more than one way. Which names and amounts do you mean?')
        return longest[0] if longest else None

    def _balance(self, tokens: Sequence[Token]) -> _Clause | None:
        """A question about a balance that no phrasing has."""
        found = read_balance(tokens, self._at)
        if found is None or self._joints.ends[found[0]] is None:
            return None
        captures = {"which": found[1]} if found[1] else {}
        return _Clause(OTHER_BALANCE, captures, _wire("check_balance", captures), found[0])

    def _whole(self, pattern: Pattern, tokens: Sequence[Token]) -> Iterator[tuple[int, Captures]]:
        """The matches of *pattern* here that end where a clause can end, with that place."""
        for behind, captures in matches(pattern, tokens, self._at):
            end = self._joints.ends[behind]
            if end is not None and behind > self._at:
                yield end, captures

    def _continues_transfer(self) -> bool:
        return self._plain_link and bool(self._steps) and self._steps[-1].wire["type"] == "transfer"

    def _continues(self, type_: str, name: str) -> bool:
        """Whether another name may follow the last action, of which nothing but a name was said; a comma may say it again."""
        joined = self._plain_link and self._tokens[self._at - 1].word in ("and", "then")
        last = self._steps[-1].wire if joined and self._steps else {}
        return last.keys() == {"type", name} and last["type"] == type_

    def _question(self, begin: int) -> str:
        """What to ask about the clause that begins at *begin*, and here without its opening words."""
        candidates = INCOMPLETE + (INCOMPLETE_CONTINUED if self._continues_transfer() else ())
        for incomplete in candidates:
            for _, captures in self._whole(incomplete.pattern, self._tokens):
                return incomplete.question.format(**{name: _text(value) for name, value in captures.items()})
        return _not_understood(self._tokens, begin, self._at)


def _wire(type_: str, captures: Captures) -> dict[str, Json]:
    """The action that *captures* describe, as a plan writes it; what was not said is left out."""
    wire: dict[str, Json] = {"type": type_}
    if "bank" in captures:  # "my savings at chase" are "chase savings"
        captures = {"which": " ".join(_text(captures[slot]) for slot in ("bank", "which") if slot in captures)}
    for slot, value in captures.items():
        if isinstance(value, str):
            wire[FIELDS[type_][slot]] = value
        elif value.amount is not None:
            wire["amount"] = f"{value.amount:f}"
            if value.currency is not None:
                wire["currency"] = value.currency
    return wire


def _text(value: str | Token) -> str:
    return value if isinstance(value, str) else value.text


def _not_understood(tokens: Sequence[Token], begin: int, at: int) -> str:
    end = next((place for place in range(begin, len(tokens)) if tokens[place].part is Part.MARK), len(tokens))
    words = {token.word for token in tokens[at : max(end, at + 1)]}
    written = join(tokens[begin : max(end, begin + 1)])[:_SHOWN]
    for hints, reason in HINTS:
        if not hints.isdisjoint(words):
            return f'I did nothing about "{written}": {reason}. What should I do?'
    return f'I do not understand "{written}". I check balances, deposit, withdraw, send money and pay bills; say {EXAMPLE}'
