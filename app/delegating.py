"""Delegation: somebody who signs hands their seats to somebody else for a time. Every change is an Entry."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from signoff.audit import DELEGATED, REVOKED, Delegation, Store, Writing, write_time
from signoff.policies import Policy, spell_time

from .actor import Actor
from .errors import ClockError, Refused, UsageError
from .in_force import InForce
from .refusals import checked_reason, log_refusal, refused
from .signers import check_identity, is_same_person, why_void


class Delegating:
    """Hands seats over, and takes them back."""

    def __init__(self, store: Store, in_force: InForce) -> None:
        self._store = store
        self._in_force = in_force

    def delegate(self, actor: Actor, *, to: str, until: datetime, reason: str | None) -> Delegation:
        """Hand *actor*'s seats to *to*. Raises UsageError, and Refused, which is recorded."""
        try:
            Actor(id=to)
        except ValueError as error:
            raise UsageError(f"--to: {error}") from error
        until = until.astimezone(UTC)

        def check(tx: Writing) -> None:
            if until <= tx.now:
                raise UsageError(f"{until:%Y-%m-%d %H:%M} UTC is over; name a time to come")
            _check(self._in_force.policy, actor, to, until - tx.now)

        def write(tx: Writing) -> None:
            tx.log(DELEGATED, actor, {"to": to, "until": write_time(until), "reason": reason})

        return self._change("delegate", actor, reason, check, write)

    def revoke(self, actor: Actor, *, reason: str | None) -> Delegation:
        """Take back what *actor* handed over. Raises UsageError, and Refused, which is recorded."""

        def check(tx: Writing) -> None:
            check_identity(self._in_force.policy, actor)

        def write(tx: Writing) -> None:
            tx.log(REVOKED, actor, {"to": _open(tx, actor).to, "reason": reason})

        return self._change("revoke", actor, reason, check, write)

    def standing(self) -> tuple[tuple[Delegation, str | None], ...]:
        """Those that were not taken back and whose own time is not over, each with why it does not hold, if so."""
        with self._store.read() as tx:
            self._in_force.verify(tx)
            now = self._store.clock()
            found = [one for one in tx.delegations() if one.ended is None and now < one.until]
        return tuple((one, why_void(self._in_force.policy, one, now)) for one in found)

    def _change(
        self,
        verb: str,
        actor: Actor,
        reason: str | None,
        check: Callable[[Writing], None],
        write: Callable[[Writing], None],
    ) -> Delegation:
        """Record a change that *check* does not refuse, and give the newest delegation of *actor*."""
        if reason is not None:
            checked_reason(reason)
        self._in_force.vet()
        with self._store.write() as tx:
            self._in_force.adopt(tx, actor)
            if tx.behind:
                raise ClockError("the clock stands before the newest entry of the log, so no time can be judged; set it right")
            refusal = refused(lambda: check(tx))
            if refusal is not None:
                log_refusal(tx, refusal, actor, verb)
            else:
                write(tx)
                mine = [one for one in tx.delegations() if is_same_person(one.by.id, actor.id)]
        if refusal is not None:
            raise refusal
        return mine[-1]


def _open(tx: Writing, actor: Actor) -> Delegation:
    """What *actor* handed over and did not take back. Raises UsageError where there is nothing."""
    found = [one for one in tx.delegations() if one.ended is None and is_same_person(one.by.id, actor.id)]
    if not found:
        raise UsageError(f"{actor.id} has handed no seats to anybody; `signoff delegate --list` shows who has")
    return found[-1]


def _check(policy: Policy, actor: Actor, to: str, span: timedelta) -> None:
    """Raises Refused where *actor* may not hand their seats to *to* for so long."""
    check_identity(policy, actor)
    if policy.delegation is None:
        raise Refused(
            f"{policy.name} does not let anybody hand their seats to others; write `delegation: 14d` there if it should"
        )
    if is_same_person(actor.id, to):
        raise Refused(f"{actor.id} signs for themselves anyway; name somebody else")
    if actor.id not in policy.signing:
        raise Refused(f"{actor.id} has no role in {policy.name} and is asked by no rule, so there is no seat to hand over")
    if to not in policy.signing:
        raise Refused(f"{policy.name} does not name {to[:100]}, so they cannot sign for anybody; give them a role there first")
    if span > timedelta(seconds=policy.delegation):
        raise Refused(
            f"{policy.name} lets seats be handed over for {spell_time(policy.delegation)} at most; name an earlier time"
        )
