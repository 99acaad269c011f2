"""Batches: several approvals that one person decides at once, and what they must see of them before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from signoff.audit import Approval
from signoff.planner import MAX_ACTIONS

from .canonical import canonical, digest
from .cards import Card
from .errors import UsageError

MAX_BATCH = MAX_ACTIONS  # approvals that are decided at once: all that one plan can hold

Sums = Mapping[str, Decimal]  # by currency


@dataclass(frozen=True, kw_only=True)
class PayeeTotal:
    """What the actions of a batch give to one."""

    payee: str | None  # None: the actions name nobody
    actions: int
    sums: Sums


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Several approvals, and what they come to together."""

    cards: tuple[Card, ...]
    digest: str  # what is signed: of the one action, or of all together
    sums: Sums
    payees: tuple[PayeeTotal, ...]
    beside: Mapping[str, int]  # plan → how many of its actions are not in the batch

    @property
    def card_digests(self) -> dict[str, str]:
        """The digest of each card, by approval."""
        return {card.approval.id: card.digest for card in self.cards}


def make_batch(cards: Sequence[Card]) -> Batch:
    """What *cards* come to together."""
    payees = dict.fromkeys(card.payee for card in cards)
    plans = {card.plan.id: card.plan for card in cards}
    return Batch(
        cards=tuple(cards),
        digest=batch_digest([card.approval for card in cards]),
        sums=_add_up(cards),
        payees=tuple(_payee(payee, [card for card in cards if card.payee == payee]) for payee in payees),
        beside={id_: len(plan.actions) - sum(card.plan.id == id_ for card in cards) for id_, plan in plans.items()},
    )


def batch_digest(approvals: Sequence[Approval]) -> str:
    """What names *approvals*, whatever their order, and what they ask for: of one it is the action's own digest."""
    if len(approvals) == 1:
        return approvals[0].digest
    return digest(canonical(sorted([one.id, one.digest] for one in approvals)))


def check_size(ids: Sequence[str]) -> None:
    """Raises UsageError where *ids* name no approval, too many, or one of them twice."""
    if not ids:
        raise UsageError("no approval is named; `signoff queue` lists what waits")
    if len(ids) > MAX_BATCH:
        raise UsageError(f"{len(ids):,} approvals are named; at most {MAX_BATCH} are decided at once, so split them")
    twice = next((id_ for at, id_ in enumerate(ids) if id_ in ids[:at]), None)
    if twice is not None:
        raise UsageError(f'"{twice[:64]}" is named twice; name it once')


def _payee(payee: str | None, cards: Sequence[Card]) -> PayeeTotal:
    return PayeeTotal(payee=payee, actions=len(cards), sums=_add_up(cards))


def _add_up(cards: Sequence[Card]) -> Sums:
    sums: dict[str, Decimal] = {}
    for _, currency, amount in (one for card in cards for one in card.money):
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
