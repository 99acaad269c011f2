"""The actions that a request asks for, and whether they can be meant together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from signoff.actions import fold_name
from signoff.canonical import Json

from .tokens import Part, Token, join
from .vocabulary import HINTS

SHOWN = 120  # characters of a clause in a question
_PAYING = frozenset({"pay", "send", "transfer", "move", "wire"})
EXAMPLE = 'it plainly, such as "check my balance, then send $20 to Alice"'


class Unclear(Exception):
    """A request that is not understood, with the question to ask back."""


@dataclass(eq=False)
class Step:
    """One action that is asked for."""

    wire: dict[str, Json]
    written: str
    judged: bool  # a balance, for the user to judge by what is to be done
    name_first: bool  # "send Alice $50", and not "send $50 to Alice"
    source_first: bool  # "use my savings and pay the rent"
    needs: list["Step"] = field(default_factory=list)

    @property
    def moves_money(self) -> bool:
        return self.wire["type"] != "check_balance"

    @property
    def target(self) -> tuple[Json, str]:
        """The kind of action, and the name that it is about."""
        return self.wire["type"], fold_name(str(self.wire.get("to") or self.wire.get("biller") or self.wire.get("from")))


def check_together(steps: Sequence[Step]) -> None:
    """Raises Unclear for *steps* that were read one by one, but are perhaps not all meant."""
    moving = [step for step in steps if step.moves_money]
    if moving and any(step.judged for step in steps):
        raise Unclear(f'Should I do that whatever the balance is: "{moving[0].written}"? Ask for the balance first')
    for before, step in pairwise(moving):
        if before.source_first and "from" not in step.wire:
            raise Unclear(f'From which account should I do that: "{step.written}"? Name it there, too')
    known = set()
    for step in moving:
        if step.target in known:
            raise Unclear(f'Should I do that as well, or instead: "{step.written}"? I do it once for a name; ask again for more')
        known.add(step.target)


def check_order(beside: Step, other: Step) -> None:
    """Raises Unclear where *beside*, written behind "after" or "before", may only say which balance is meant."""
    if beside.moves_money and not other.moves_money:
        raise Unclear(f'Should I do that, or only tell the balance: "{beside.written}"? Say {EXAMPLE}')


def check_same(step: Step, words: Sequence[Token]) -> None:
    """Raises Unclear where *words* say to pay or send what *step* neither pays nor sends: "deposit $50 and send it"."""
    goes_on = any(one.word in _PAYING and other.word in ("it", "that") for one, other in pairwise(words))
    if goes_on and step.wire["type"] not in ("transfer", "pay_bill"):
        raise Unclear(f'What should I do behind "{step.written}"? Say {EXAMPLE}')


def check_unquestioned(sentence: Sequence[Step]) -> None:
    """Raises Unclear where a *sentence* that a question mark ends moves money."""
    for step in sentence:
        if step.moves_money:
            raise Unclear(f'Should I do that: "{step.written}"? Write it without a question mark')


def not_understood(tokens: Sequence[Token], begin: int, at: int) -> str:
    """The question about the clause from *begin*, of which what stands from *at* on is not understood."""
    end = next((place for place in range(begin, len(tokens)) if tokens[place].part is Part.MARK), len(tokens))
    words = {token.word for token in tokens[at : max(end, at + 1)]}
    written = join(tokens[begin : max(end, begin + 1)])[:SHOWN]
    for hints, reason in HINTS:
        if not hints.isdisjoint(words):
            return f'I did nothing about "{written}": {reason}. What should I do?'
    return f'I do not understand "{written}". I check balances, deposit, withdraw, send money and pay bills; say {EXAMPLE}'
