"""Votes: one person approves or rejects what waits; of several approvals all together, or none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from signoff.actions import Registry
from signoff.audit import Approval, Choice, PlanRecord, Reading, Status, Store, Writing

from .actor import Actor
from .batches import batch_digest, check_size
from .cards import read_asked
from .deciding import check_voter
from .errors import ActionInvalid, Refused, UsageError
from .in_force import InForce
from .plans import Verifier, check_clock, known, settle
from .refusals import checked_reason, log_refusal, refused, storable
from .signers import Signers

MIN_DIGEST = 8  # hexadecimal digits of the digest that an approver must name
TOLD = 3  # refusals of one batch that its error tells

_DIGEST = re.compile("[0-9a-f]{64}")
_DONE = {Choice.APPROVE: "approved", Choice.REJECT: "rejected"}


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """One person's votes for approvals, or against them."""

    ids: Sequence[str]  # of the approvals
    actor: Actor
    choice: Choice
    reason: str | None
    shown: str | None  # the digest that an approver names; None: they reject
    cards: Mapping[str, str]  # the digests of the cards that were drawn, by approval


def approving(ids: Sequence[str], actor: Actor, digest: str, reason: str | None, cards: Mapping[str, str]) -> Ballot:
    """Votes for approvals. Raises UsageError for what cannot be one."""
    _check_cards(ids, cards)
    return _ballot(ids, actor, Choice.APPROVE, reason, storable("the digest", digest), cards)


def rejecting(ids: Sequence[str], actor: Actor, reason: str) -> Ballot:
    """Votes against approvals. Raises UsageError for what cannot be one."""
    if not reason.strip():
        raise UsageError("a rejection needs a reason; say why")
    return _ballot(ids, actor, Choice.REJECT, reason, None, {})


def _ballot(
    ids: Sequence[str], actor: Actor, choice: Choice, reason: str | None, shown: str | None, cards: Mapping[str, str]
) -> Ballot:
    if reason is not None:
        checked_reason(reason)
    check_size(ids)
    return Ballot(ids=tuple(ids), actor=actor, choice=choice, reason=reason, shown=shown, cards=dict(cards))


class Voting:
    """Records votes, and moves what they decide."""

    def __init__(self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier) -> None:
        self._store = store
        self._registry = registry
        self._in_force = in_force
        self._verifier = verifier

    def approve(
        self, ids: Sequence[str], actor: Actor, digest: str, reason: str | None, cards: Mapping[str, str]
    ) -> tuple[Approval, ...]:
        """Record votes for approvals, whose digest begins with *digest*: that of the one action, or of the batch.

        *cards* are the digests of the cards that were drawn, by approval.
        """
        return self._vote(approving(ids, actor, digest, reason, cards))

    def reject(self, ids: Sequence[str], actor: Actor, reason: str) -> tuple[Approval, ...]:
        """Record votes against approvals, which end their actions and skip what needs these."""
        return self._vote(rejecting(ids, actor, reason))

    def _vote(self, ballot: "Ballot") -> tuple[Approval, ...]:
        self._in_force.vet()
        with self._store.write() as tx:
            refusal = self.cast(tx, ballot)
            approvals = self.approvals(tx, ballot)
        if refusal is not None:
            raise refusal
        return approvals

    def approvals(self, reading: Reading, ballot: "Ballot") -> tuple[Approval, ...]:
        """The approvals of *ballot* as they stand."""
        return tuple(known(reading.approval(id_), id_) for id_ in ballot.ids)

    def cast(self, tx: Writing, ballot: "Ballot") -> Refused | None:
        """Record the votes of *ballot*, and move what they decide; or record what refuses them, and return it."""
        self._in_force.adopt(tx, ballot.actor)
        plans = {id_: settle(tx, self._verifier.plan(tx, id_)) for id_ in _plans_of(tx, ballot.ids)}
        approvals = [known(tx.approval(id_), id_) for id_ in ballot.ids]
        check_clock(tx)
        refusals = self._refusals(tx, approvals, ballot.actor, ballot.choice, ballot.shown)
        for plan, number, refusal in refusals:
            log_refusal(tx, refusal, ballot.actor, ballot.choice.value, plan, number)
        if refusals:
            return _refusal_of([refusal for *_, refusal in refusals], len(ballot.ids), ballot.choice)
        self._cast(tx, approvals, plans, ballot)
        self._move(tx, approvals, plans, ballot)
        return None

    def _refusals(
        self, tx: Writing, approvals: Sequence[Approval], actor: Actor, choice: Choice, shown: str | None
    ) -> list[tuple[str, int | None, Refused]]:
        """Why *actor* may not vote so now, by plan and number: for each approval, or else as they were not *shown* this."""
        found: list[tuple[str, int | None, Refused]] = []
        for approval in approvals:
            refusal = refused(partial(check_voter, self._signers(tx, approval), actor, choice, tx.votes(approval.id)))
            if refusal is not None:
                found.append((approval.plan, approval.number, refusal))
        if found or shown is None:
            return found
        refusal = refused(lambda: _check_digest(approvals, shown))
        if refusal is None:
            return []
        if len(approvals) == 1:
            return [(approvals[0].plan, approvals[0].number, refusal)]
        return [(plan, None, refusal) for plan in dict.fromkeys(one.plan for one in approvals)]

    def _cast(
        self,
        tx: Writing,
        approvals: Sequence[Approval],
        plans: Mapping[str, PlanRecord],
        ballot: "Ballot",
    ) -> None:
        actor, choice, reason = ballot.actor, ballot.choice, ballot.reason
        batch = batch_digest(approvals) if len(approvals) > 1 else None
        for one in approvals:
            card = ballot.cards.get(one.id) or self._card(tx, one, plans[one.plan], choice)
            signers = self._signers(tx, one)
            spoken_for = signers.spoken_for(actor, tx.votes(one.id))
            tx.vote(one, actor, choice, reason, signers.stood_in_for(actor), spoken_for, batch, card)

    def _signers(self, tx: Writing, approval: Approval) -> Signers:
        """Who may sign *approval* now."""
        return Signers.of(tx, self._in_force.policy, approval, tx.now)

    def _card(self, tx: Writing, approval: Approval, plan: PlanRecord, choice: Choice) -> str | None:
        """The digest of the card as it stands now. None where it is rejected because nobody can read it any more."""
        try:
            return read_asked(tx, approval, plan, self._registry).digest
        except ActionInvalid:
            if choice is Choice.REJECT:
                return None
            raise

    def _move(
        self,
        tx: Writing,
        approvals: Sequence[Approval],
        plans: Mapping[str, PlanRecord],
        ballot: "Ballot",
    ) -> None:
        """Move what the votes decide. What needs something that was rejected is skipped only when all of these are."""
        actor, choice, reason = ballot.actor, ballot.choice, ballot.reason
        for approval in approvals:
            record = plans[approval.plan].action(approval.number)
            if choice is Choice.REJECT:
                tx.move(record, Status.REJECTED, actor, error=f"rejected by {actor.id}: {reason}")
            elif self._signers(tx, approval).seating(tx.votes(approval.id)).complete:
                tx.move(record, Status.APPROVED, actor)
        for id_ in plans if choice is Choice.REJECT else ():
            settle(tx, known(tx.plan(id_), id_))


def _plans_of(tx: Writing, ids: Sequence[str]) -> list[str]:
    """The plans of the approvals *ids*, each once. Raises UsageError for an approval that there is not."""
    return list(dict.fromkeys(known(tx.approval(id_), id_).plan for id_ in ids))


def _check_cards(ids: Sequence[str], cards: Mapping[str, str]) -> None:
    """Raises UsageError for what is no card's digest, or is of no approval that is voted on."""
    for id_, card in cards.items():
        if id_ not in ids or not _DIGEST.fullmatch(card):
            raise UsageError(f'"{card[:64]}" is not the digest of a card of "{id_[:64]}" that is voted on; give what `card` says')


def _check_digest(approvals: Sequence[Approval], shown: str) -> None:
    if len(shown) >= MIN_DIGEST and batch_digest(approvals).startswith(shown.lower()):
        return
    ids = " ".join(approval.id for approval in approvals)
    what = ids if len(approvals) == 1 else f"these {len(approvals)} approvals together"
    raise Refused(
        f'"{shown[:64]}" is not the digest of {what} (8 digits or more); '
        f"look at {'it' if len(approvals) == 1 else 'them'} with `signoff show {ids}` and give the digest that it shows"
    )


def _refusal_of(refusals: Sequence[Refused], size: int, choice: Choice) -> Refused:
    """What is told of the *refusals* of so many approvals: that nothing was recorded, and why."""
    if size == 1:
        return refusals[0]
    told = list(dict.fromkeys(map(str, refusals)))
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    return Refused(f"none of the {size} was {_DONE[choice]}: {'; '.join(told[:TOLD])}{more}")
