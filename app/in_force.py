"""Which policy is in force, and that the log tells of every change."""

from collections.abc import Callable
from functools import partial

from signoff.audit import SYSTEM, Reading, Store, Writing, recount, verify_policies
from signoff.policies import Policy, compare_policies

from .actor import Actor
from .canonical import Json, canonical, parse
from .counting import counters_of
from .errors import PolicyChanged, PolicyPinned
from .vetting import vet


class InForce:
    """The policy that decides, and the one that the store last told us was in force.

    A changed file is taken up at once, but only over the policy that was in force when it was read: a process that
    still holds an older file can neither decide by it nor put it back.
    """

    def __init__(self, reading: Reading, policy: Policy) -> None:
        """Raises LogInvalid where the policies in the store are not the ones that its log tells."""
        verify_policies(reading)
        self.policy = policy
        self._seen = reading.active_policy()
        self._checked = reading.version()
        self._end = reading.vouched_end(SYSTEM)  # of the chain that tells what is in force, when it was checked

    def take_up(self, store: Store, load: Callable[[], Policy]) -> None:
        """Decide by what *load* gives. It is read after what is in force was seen, so that it cannot be older.

        Raises PolicyPinned where other policies are pinned, and PoliciesInvalid where it may not be put in force.
        """
        with store.read() as tx:
            seen = tx.active_policy()
        policy = load()
        with store.read() as tx:
            check_pinned(tx, policy)
        if (policy.digest, policy.name) == (self.policy.digest, self.policy.name):
            policy = self.policy  # what is known of it stays known
        if policy.digest != seen:
            vet(policy)
        self.policy = policy
        self._seen = seen

    def vet(self) -> None:
        """Put our policy to its checks, its own tests among them, where it is not the one in force.

        Verbs do so before their transaction: it takes time. Raises PoliciesInvalid where it may not be put in force.
        """
        if self.policy.digest != self._seen:
            vet(self.policy)

    def adopt(self, tx: Writing, actor: Actor) -> None:
        """Put our policy in force where it is not, and record what changed. Raises PolicyChanged where it is outdated, and
        PolicyPinned where another is pinned."""
        self.verify(tx)
        active = tx.active_policy()
        if active != self.policy.digest:
            check_pinned(tx, self.policy)
            if active != self._seen:
                raise _outdated(self.policy)
            self.put(tx, active, actor)
        tx.after_commit.append(partial(self._see, self.policy.digest))

    def verify(self, tx: Reading) -> None:
        """Check the recorded policies again where another connection has written. Raises LogInvalid."""
        if self._checked != tx.version():
            verify_policies(tx)
            self._checked = tx.version()
        self._end = tx.vouched_end(SYSTEM)

    def check(self, tx: Writing) -> None:
        """Raises PolicyChanged where ours is not in force any more."""
        if tx.active_policy() != self.policy.digest:
            raise _outdated(self.policy)
        # Whoever marks older policies cannot take back what the log tells by now; what it tells of delegations decides, too.
        if self.policy.delegation is not None or tx.vouched_end(SYSTEM) != self._end:
            self.verify(tx)

    def _see(self, digest: str) -> None:
        self._seen = digest

    def put(self, tx: Writing, active: str | None, actor: Actor, confirmed: list[int] | None = None) -> None:
        """Put our policy in force, in place of *active*; *confirmed* are the Entries of those who agreed, where it was pinned.

        Raises PoliciesInvalid where it may not be.
        """
        vet(self.policy)  # which was done before, but where others came in between
        outline = self.policy.outline()
        change: Json = None if active is None else compare_policies(parse(tx.outline(active)), outline).to_json()
        recount(tx, counters_of(self.policy))
        tx.activate_policy(
            digest=self.policy.digest,
            name=self.policy.name,
            source=self.policy.source,
            outline=canonical(outline),
            actor=actor,
            data=change,
            confirmed=confirmed,
        )
        tx.after_commit.append(partial(self._see, self.policy.digest))


def check_pinned(reading: Reading, policy: Policy) -> None:
    """Raises PolicyPinned where other policies are pinned than *policy*."""
    active = reading.active_policy()
    if active != policy.digest and reading.pins().pinned:
        raise PolicyPinned(
            f"{policy.name} (digest {policy.digest[:8]}) is not what is pinned (digest {str(active)[:8]}), so nothing is decided"
            " or run by it; put that file back, or have this one loaded: `signoff policies load FILE --as WHO`"
        )


def _outdated(policy: Policy) -> PolicyChanged:
    return PolicyChanged(f"another process has put other rules in force since {policy.name} was read; try again")
