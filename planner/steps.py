"""The actions that a request asks for, and whether they can be meant together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from signoff.actions import fold_name
from signoff.canonical import Json

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
    known = set()
    for step in moving:
        if step.target in known:
            raise Unclear(f'Should I do that as well, or instead: "{step.written}"? I do it once for a name; ask again for more')
        known.add(step.target)


def check_order(beside: Step, other: Step) -> None:
    """Raises Unclear where *beside*, written behind "after" or "before", may only say which balance is meant."""
    if beside.moves_money and not other.moves_money:
        raise Unclear(f'Should I do that, or only tell the balance: "{beside.written}"? Say {EXAMPLE}')


def check_unquestioned(sentence: Sequence[Step]) -> None:
    """Raises Unclear where a *sentence* that a question mark ends moves money."""
    for step in sentence:
        if step.moves_money:
            raise Unclear(f'Should I do that: "{step.written}"? Write it without a question mark')
