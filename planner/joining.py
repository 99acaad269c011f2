"""Whether what stands beside an order belongs to it, is one more, or may be something else, so that it has to be asked about."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from signoff.canonical import Json

from .other_numbers import MONTHS, is_other_number
from .steps import EXAMPLE, Step, Unclear
from .tokens import Part, Token
from .vocabulary import ACCOUNT_KINDS, ACCOUNT_WORDS, BANKS

_SAID = {  # by a verb that says an order again: the action that was ordered
    "pay": "pay_bill", "paid": "pay_bill", "send": "transfer", "sent": "transfer", "transfer": "transfer", "move": "transfer",
    "moved": "transfer", "wire": "transfer",
}  # fmt: skip
_AWAY = frozenset({"send", "sent", "wire"})  # to somebody else: not said of money that goes to an account
_DOING = frozenset({"do", "done", "handle", "handled", "complete", "process", "of", "to", "happen"})  # "take care of it"
_BUYING = frozenset({"enough", "afford", "cover"})  # in a question that asks whether the money will do
_IT = frozenset({"it", "that", "this", "so"})
_FIRST = frozenset({"first", "firstly"})
_ACCOUNTS = ACCOUNT_KINDS | ACCOUNT_WORDS | BANKS


def check_closing(steps: Sequence[Step], words: Sequence[Token]) -> None:
    """Raises Unclear where *words*, such as "please send it", do not say the last of *steps* again, but may order more."""
    beside = [pair for pair in pairwise(token.word for token in words) if not _IT.isdisjoint(pair)]
    verbs = {word for pair in beside for word in pair if word in _SAID or word in _DOING}
    if verbs and not (steps and all(_fits(verb, steps[-1]) for verb in verbs)):
        behind = f' behind "{steps[-1].written}"' if steps else ""
        raise Unclear(f"What should I do{behind}? Say {EXAMPLE}")


def _fits(verb: str, step: Step) -> bool:
    """Whether "*verb* it" can only mean *step*: with "do", of a balance, not what the money is asked to be enough for."""
    if verb in _DOING:
        return step.moves_money or (verb == "do" and _BUYING.isdisjoint(step.written.lower().split()))
    to_account = str(step.wire.get("to", "")).lower().split(" ")[-1] in _ACCOUNTS
    return _SAID[verb] == step.wire["type"] and not (verb in _AWAY and to_account)


def check_first(behind: Sequence[Token]) -> None:
    """Raises Unclear for a "first" among the words *behind* the first clause: it would change the order."""
    if any(token.word in _FIRST for token in behind):
        raise Unclear(f"In which order should I do that? Say {EXAMPLE}")


def check_source(sentence: Sequence[Step]) -> None:
    """Raises Unclear where the last step of *sentence* may be meant to be paid with what another one withdraws."""
    wire = sentence[-1].wire
    for before in sentence[:-1]:
        whole_bill = wire["type"] == "pay_bill" and "amount" not in wire
        same = before.wire["type"] == "withdraw" and wire["type"] in ("pay_bill", "transfer") and "from" not in wire
        if same and (whole_bill or "from" in before.wire):
            raise Unclear(f'From which account should I do that, and how much is it: "{sentence[-1].written}"? Name both there')


def goes_on(last: Mapping[str, Json], more: Mapping[str, Json], clause: Sequence[Token]) -> bool:
    """Whether *clause*, without a verb and read as the transfer *more*, is one more behind *last*.

    It is not where an account is named for one of them only, nor where a number is a date's or a reference's. A name before
    its amount has to be written as the last one was, and with a capital unless "to" says that it is one: "actually $60".
    """
    if ("from" in last) is not ("from" in more):
        return False
    if next(name for name in more if name != "type") == "amount":  # "$60 to Bob"
        return True
    at = next(at for at, token in enumerate(clause) if token.part is Part.AMOUNT)
    if clause[at].currency is None and (is_other_number(clause, at) or clause[at - 1].word in MONTHS):
        return False
    names = [str(wire["to"]) for wire in (last, more)]
    alike = last.get("currency") == more.get("currency") and names[0][:1].isupper() == names[1][:1].isupper()
    return alike and (clause[0].word == "to" or all(name[:1].isupper() and not name.isupper() for name in names))
