"""Reading a request clause by clause: which actions it asks for, and what needs what.

The whole request must be understood: one clause that is not makes all of it a question.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signoff.canonical import Json

from .balances import read_balance
from .courtesies import ASKING_CLOSERS, ORDERING_CLOSERS
from .grammar import Captures, Pattern, courtesies, courtesy_length, matches
from .joining import check_closing, check_first, check_source, goes_on
from .links import Link, find_joints
from .openers import OPENING, asks, opening, plain_verb
from .phrasings import (
    ANNOUNCED,
    CONTINUED,
    CONTINUED_BALANCE,
    CONTINUED_BILL,
    CONTINUED_BILL_SAID,
    CONTINUED_IN_ORDER,
    FIRST_ALONE,
    FOLLOWING,
    INCOMPLETE,
    INCOMPLETE_CONTINUED,
    OTHER_BALANCE,
    Phrasing,
    beginning_with,
    text_of,
    wire_of,
)
from .plan import MAX_ACTIONS
from .steps import EXAMPLE, SHOWN, Step, Unclear, check_order, check_same, check_together, check_unquestioned, not_understood
from .tokens import Part, Token, join
from .vocabulary import CONTINUERS, SENTENCE_MARKS

_WISHING = frozenset({"i", "we", "i'd", "we'd", "i've", "we've", "need", "want", "wanna", "would like"})
_ASKED_FOR = courtesies(ASKING_CLOSERS)
_ORDERED = courtesies(ORDERING_CLOSERS)


@dataclass(frozen=True, slots=True)
class _Clause:
    """How a clause can be read."""

    phrasing: Phrasing
    captures: Captures
    wire: dict[str, Json]
    behind: int  # the place behind its own words
    end: int  # and behind "please" and the like


def read_clauses(tokens: Sequence[Token]) -> list[Step]:
    """The actions that *tokens* ask for, in order. Raises Unclear where any of it is not understood as it stands."""
    return _Request(tokens).read()


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
        self._beside = False  # whether this sentence holds "after" or "before"
        self._opened = 0  # the place behind the first clause
        self._announced: tuple[str, int] | None = None  # a wish before all orders: the type that it names, and its place
        self._plain_link = False  # whether nothing but a comma, "and" or "then" stands before this clause

    def read(self) -> list[Step]:
        while (link := self._skip_to_clause()) is not None:
            if len(self._steps) == MAX_ACTIONS:
                raise Unclear(f"That is more than {MAX_ACTIONS} actions at once. Which should I begin with?")
            if not self._announces(link):
                self._add(link)
        if self._first is not None:
            raise Unclear("What should I do after that? Write it behind a comma")
        if not self._steps:
            self._at = self._announced[1] if self._announced else 0
            raise Unclear(self._question(self._at) if self._announced else f"What should I do? Say {EXAMPLE}")
        check_first(self._tokens[self._opened :])
        check_together(self._steps)
        return self._steps

    def _announces(self, place: tuple[Link, bool]) -> bool:
        """Go behind a wish that only names what is ordered next, if one stands here: "I need to make a transfer, ..."."""
        begin = self._at
        if self._steps or self._announced or place[0] not in Link.JOIN:
            return False
        self._skip_openers()
        wished = not self._asked and not _WISHING.isdisjoint(token.word for token in self._tokens[begin : self._at])
        for announced in ANNOUNCED if wished else ():
            for end, _ in matches(announced.pattern, self._tokens, self._at):
                if any(token.part is Part.MARK and token.word != "?" for token in self._tokens[end : end + 1]):
                    self._announced, self._at = (announced.type, self._at), end
                    return True
        self._at, self._asked = begin, False
        return False

    def _skip_to_clause(self) -> tuple[Link, bool] | None:
        """Go to the next clause. Gives its link and whether it begins a sentence; None at the end."""
        found, begins, dangling, self._plain_link = Link.NONE, self._at == 0, "", True
        while self._at < len(self._tokens):
            link, length = self._joints.links[self._at]
            words = " ".join(token.word for token in self._tokens[self._at : self._at + length])
            if length == 0 and (length := self._do_it()):
                dangling = dangling if Link.NEED in found else ""
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
            self._sentence, self._asked, self._beside = [], False, False
        return found, begins

    def _do_it(self) -> int:
        """How many tokens a clause takes here that says once more to do what was said: "can you do that", "please pay it"."""
        for table in (_ASKED_FOR, _ORDERED) if self._steps else ():
            length = courtesy_length(table, self._tokens, self._at)
            if length and self._joints.ends[self._at + length] is not None:
                check_closing(self._steps, self._tokens[self._at : self._at + length])
                self._asked |= table is _ASKED_FOR
                return length
        return 0

    def _courtesy(self) -> int:
        """How many tokens a clause takes here that says no more than "hello" or "thanks"."""
        end = self._joints.ends[self._at]
        if end is None and (length := courtesy_length(OPENING, self._tokens, self._at)):
            end = self._joints.ends[self._at + length]
        if end is None:
            return 0
        check_closing(self._steps, self._tokens[self._at : end])
        return end - self._at

    def _add(self, place: tuple[Link, bool]) -> None:
        link, begins = place
        unordered = self._beside and self._first is None and Link.NEED not in link
        if unordered or Link.AFTER in link or Link.BEFORE in link:
            return self._add_beside(link, begins)
        if Link.NEED in link and not self._steps:
            raise Unclear(f"After what should I do that? Say {EXAMPLE}")
        step = self._step(gerund=False)
        if self._announced and self._announced[0] != step.wire["type"] and not self._steps:
            raise Unclear(f'Should I do only that: "{step.written}"? Say {EXAMPLE}')
        check_source(self._sentence)
        if link in Link.JOIN and self._says_again(step, begins=begins):
            self._steps[-1].judged |= step.judged
            return None
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
        self._beside = True
        if Link.BEFORE in link and self._steps and not begins:
            step = self._step(gerund=True)
            for earlier in self._group:
                check_order(step, earlier)
            self._need_group(step)
            self._steps.append(step)
            self._group.append(step)
        elif link is Link.AFTER and len(self._sentence) == 1 and not begins:
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

    def _says_again(self, step: Step, *, begins: bool) -> bool:
        """Whether *step* asks for the balance once more that was asked for last: "check my savings and tell me what I have"."""
        last = self._steps[-1].wire["type"] if self._steps and self._first is None else ""
        more = step.wire == {"type": "check_balance"} and (step.judged or not begins)
        return more and last == "check_balance"

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
        clause = self._longest(tokens) or self._balance(tokens, begin)
        if clause is None:
            raise Unclear(self._question(begin))
        self._asked |= asks(self._tokens[begin : clause.end])
        first, written = next(iter(clause.captures), "amount"), join(tokens[begin : clause.end])[:SHOWN]
        step = Step(clause.wire, written, clause.phrasing.judged, first != "amount", first in ("account", "own_account"))
        check_same(step, tokens[begin : clause.end])
        check_closing([step], tokens[clause.behind : clause.end])
        self._sentence.append(step)
        self._at, self._opened = clause.end, self._opened or clause.end
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
        if not self._steps:
            phrasings += FIRST_ALONE
        if self._continues_transfer():
            phrasings += CONTINUED
            if self._steps[-1].name_first:
                phrasings += CONTINUED_IN_ORDER
        elif self._continues("pay_bill", "biller"):
            phrasings += CONTINUED_BILL
            if self._tokens[self._at - 2].word == "bill":
                phrasings += CONTINUED_BILL_SAID
        elif self._continues("check_balance", "account"):
            phrasings += CONTINUED_BALANCE
        found = [
            _Clause(phrasing, captures, wire_of(phrasing.type, captures), behind, end)
            for phrasing in phrasings
            for behind, end, captures in self._whole(phrasing.pattern, tokens)
        ]
        last = self._steps[-1].wire if self._steps else {}
        found = [one for one in found if one.phrasing not in FOLLOWING or goes_on(last, one.wire, tokens[self._at : one.end])]
        longest = [clause for clause in found if clause.end == max(other.end for other in found)]
        named = [clause for clause in longest if clause.phrasing.judged and "account" in clause.wire]
        longest = named or longest
        if any(clause.wire != longest[0].wire for clause in longest):
            written = join(tokens[self._at : longest[0].end])[:SHOWN]
            raise Unclear(f'I can read "{written}" in more than one way. Which names and amounts do you mean?')
        return max(longest, key=lambda clause: clause.behind, default=None)

    def _balance(self, tokens: Sequence[Token], begin: int) -> _Clause | None:
        """A question about a balance that no phrasing has."""
        again = bool(self._steps) and not self._steps[-1].moves_money and self._tokens[begin - 1].word in CONTINUERS
        found = read_balance(tokens, self._at, again=again)
        if found is None or self._joints.ends[found[0]] is None:
            return None
        end, captures = found[0], {"which": found[1]} if found[1] else {}
        return _Clause(OTHER_BALANCE, captures, wire_of("check_balance", captures), end, end)

    def _whole(self, pattern: Pattern, tokens: Sequence[Token]) -> Iterator[tuple[int, int, Captures]]:
        """The matches of *pattern* here that end where a clause can end: the place behind each, where that is, what it holds."""
        for behind, captures in matches(pattern, tokens, self._at):
            end = self._joints.ends[behind]
            if end is not None and behind > self._at:
                yield behind, end, captures

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
            for _, _, captures in self._whole(incomplete.pattern, self._tokens):
                return incomplete.question.format(**{name: text_of(value) for name, value in captures.items()})
        return not_understood(self._tokens, begin, self._at)
