"""The Engine: submit a plan, decide, run what may run, pause the rest, resume.

Each public verb is the boundary of a transaction; the functions that do the work take the open one. Running is the
executor's, one transaction for each step.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime

from signoff.actions import Registry
from signoff.audit import (
    BOUNDED,
    ActionRecord,
    Approval,
    ApprovalStatus,
    Delegation,
    PinVerb,
    PlanRecord,
    Reading,
    Status,
    Store,
    Writing,
)
from signoff.planner import ActionPlan, Context, Planned
from signoff.policies import Policy

from .accepting import Accepting
from .actor import Actor
from .batches import Batch, check_size, make_batch
from .canonical import Json
from .cards import Card, read_card
from .conversing import Conversing
from .counting import Counting
from .deadlines import expired
from .deciding import (
    Judgement,
    judge,
)
from .delegating import Delegating
from .editing import Editing
from .errors import (
    ActionInvalid,
    Busy,
    DatabaseError,
    OutcomeUnknown,
    PolicyChanged,
    Refused,
    SignoffError,
    TransactionLost,
)
from .executor import Executor, Watch
from .in_force import InForce
from .intervening import Intervening
from .origin import Origin, origin_of
from .pinning import PinChange, Pinning
from .plans import Verifier, action_of, known, load_action
from .retrying import Patience
from .secret_fields import Lookup as SecretLookup
from .secret_fields import no_secrets
from .signers import Signers
from .sources import Grounds, grounding_of
from .steps import GOING, Going, Step
from .story import Story, read_story
from .voting import Ballot, Voting


class Engine:
    """Decides plans, runs actions, and keeps the queue and the log. One thread owns it."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        registry: Registry,
        *,
        sleep: Callable[[float], None] = time.sleep,
        wake: Callable[[], None] = lambda: None,
        secrets: SecretLookup = no_secrets,
    ) -> None:
        """*sleep* waits for so many seconds, before something is tried again. *wake* is called when there may be something
        to run for a worker: a plan, a vote, or what was said of a doubt. *secrets* looks up what actions refer to by name.

        Raises LogInvalid where the policies in the store are not the ones that its log tells.
        """
        self.store = store
        self._sleep = sleep
        self._wake = wake
        self.registry = registry
        with store.read() as tx:
            self._in_force = InForce(tx, policy)
        self._verifier = Verifier()
        self._executor = Executor(store, registry, self._in_force, self._verifier, secrets)
        self._accepting = Accepting(store, registry, self._in_force, self._verifier, self._executor)
        self._conversing = Conversing(store, registry, self._in_force, self._verifier, self._accepting)
        self._intervening = Intervening(store, self._in_force, self._verifier, self._executor)
        self._pinning = Pinning(store, self._in_force)
        self._delegating = Delegating(store, self._in_force)
        self._voting = Voting(store, registry, self._in_force, self._verifier)
        self._editing = Editing(store, registry, self._in_force, self._verifier)

    @property
    def policy(self) -> Policy:
        """What decides. Set another one to decide by it from now on; the change is recorded when it is first used.

        The verbs then raise PoliciesInvalid where its own tests fail, and decide nothing.
        """
        return self._in_force.policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._in_force.policy = policy

    def take_up(self, load: Callable[[], Policy]) -> None:
        """Decide by the policy that *load* reads from now on, also where another process has put another one in force since.

        Where *load* raises, nothing changes, and neither where its own tests fail: PoliciesInvalid tells which.
        """
        self._in_force.take_up(self.store, load)

    def watched(self, watch: Watch) -> AbstractContextManager[None]:
        """Tell *watch* of each external action that starts, and of each action that has ended, as long as the block lasts.

        It is told once that is durable, to show progress, and must not raise.
        """
        return self._executor.watched(watch)

    # -- verbs

    def preview(
        self,
        plan: ActionPlan,
        actor: Actor,
        *,
        request: str | None = None,
        planner: str | Planned = "given",
        context: Sequence[Context] = (),
    ) -> tuple[Judgement, ...]:
        """What would be decided about *plan* now, were it submitted so. Nothing is stored. Raises PlanInvalid."""
        return self._accepting.preview(plan, actor, origin_of(request, planner, context))

    def submit(
        self,
        plan: ActionPlan,
        actor: Actor,
        *,
        request: str | None = None,
        planner: str | Planned = "given",
        context: Sequence[Context] = (),
        run: bool = True,
    ) -> PlanRecord:
        """Accept *plan*: decide every action, record all of it in one transaction, and run what may run.

        *request* is what the user wrote, if a user wrote something, and *context* what its planner was given beside it;
        *planner* is that planner's answer, or says what made the plan. Raises PlanInvalid where a name in it is unknown;
        nothing is stored then. Raises Refused, which is recorded, where it would leave more waiting than one requester may
        have. Other processes that execute keep it from nothing; what they take up of it, and what goes on by itself later, is
        waited for a few seconds. Without *run* it is only accepted: a worker runs it, or `resume`.
        """
        origin = origin_of(request, planner, context)
        self._in_force.vet()
        with self.store.write() as tx:
            id_ = self._accepting.accept(tx, plan, actor, origin)
            step = self._executor.start(tx, id_, actor) if run and isinstance(id_, str) else GOING
        if isinstance(id_, Refused):
            raise id_
        if run:
            self._executor.drive(id_, actor, Patience(sleep=self._sleep), step)
        self._wake()
        return self.plan(id_)

    def resume(self, actor: Actor, plan: str | None = None, *, patience: Patience | None = None) -> tuple[PlanRecord, ...]:
        """Go on with *plan*, or with every plan in which something can go on, after an approval or a crash.

        What another process executes of *plan* is waited for a few seconds, or as *patience* says. What keeps one plan from
        going on keeps no other; the first such error is raised at the end. Raises Busy where another process writes for too
        long, PolicyChanged where it put other rules in force, and OutcomeUnknown where a commit failed.
        """
        self._in_force.vet()
        patience = patience or Patience(sleep=self._sleep, for_others=plan is not None)  # for all plans together
        with self.store.write() as tx:
            recovered = self._accepting.begin(tx, actor)
            ids = [known(tx.plan(plan), plan).id] if plan else list(dict.fromkeys([*recovered, *tx.plans_to_resume(tx.now)]))
            step = self._executor.try_start(tx, plan, actor) if plan and not patience.stopped() else GOING
        problem: SignoffError | None = None
        for id_ in ids:
            try:
                self._executor.drive(id_, actor, patience, step)
            except (Busy, PolicyChanged, OutcomeUnknown):
                raise
            except SignoffError as error:
                problem = problem or error
        if problem is not None:
            raise problem
        return tuple(self.plan(id_) for id_ in ids)

    def record_late(self) -> None:
        """Record what came of attempts that were given up, where something did: evidence, which every verb that runs records."""
        self._executor.record_late()

    def approve(
        self, approval: str, actor: Actor, *, digest: str, reason: str | None = None, card: str | None = None
    ) -> Approval:
        """Record *actor*'s vote for *approval*. `resume` then runs what it released.

        *digest* is of the action as the voter was shown it: at least its first 8 digits. *card* is the digest of the card
        that was drawn for them; without one the vote holds that of the card as it stands now. Raises Refused, which is
        recorded, where this actor may not vote for it now.
        """
        cards = {} if card is None else {approval: card}
        return self.approve_all([approval], actor, digest=digest, reason=reason, cards=cards)[0]

    def approve_all(
        self,
        approvals: Sequence[str],
        actor: Actor,
        *,
        digest: str,
        reason: str | None = None,
        cards: Mapping[str, str] | None = None,
    ) -> tuple[Approval, ...]:
        """Record *actor*'s votes for all of *approvals*, at most MAX_BATCH, in one transaction.

        *digest* is that of the batch as `batch` gives it: at least its first 8 digits; *cards* are the digests of the cards
        that were drawn, by approval. Raises Refused, which is recorded and
        names which, where this actor may not vote for one of them now; nothing else is recorded then.
        """
        approved = self._voting.approve(approvals, actor, digest, reason, cards or {})
        self._wake()
        return approved

    def reject(self, approval: str, actor: Actor, *, reason: str) -> Approval:
        """Record *actor*'s vote against *approval*, which ends the action and skips what needs it. Raises Refused."""
        return self.reject_all([approval], actor, reason=reason)[0]

    def reject_all(self, approvals: Sequence[str], actor: Actor, *, reason: str) -> tuple[Approval, ...]:
        """Record *actor*'s votes against all of *approvals* in one transaction. Raises Refused as `approve_all` does."""
        rejected = self._voting.reject(approvals, actor, reason)
        self._wake()
        return rejected

    def edit(self, approval: str, actor: Actor, changes: Mapping[str, Json], *, reason: str) -> PlanRecord:
        """Make the action that *approval* asks for another one of its type: a new revision, with *changes* to its fields.

        It is decided anew, and signed anew where rules want that, by others than its editors; `resume` then goes on. For
        those who may sign it, while it waits, or was approved and not started. Raises Refused, which is recorded, and
        ActionInvalid where it would be no action.
        """
        plan = self._editing.edit(approval, actor, changes, reason)
        self._wake()
        return self.plan(plan)

    def resolve(self, plan: str, number: int, actor: Actor, *, done: bool, reason: str) -> PlanRecord:
        """Say of an action in doubt whether it was *done*: then it is, from now on; else it is ready, and keeps its key.

        `resume` then goes on: what was not done is decided anew, and votes that it had used do not count. For those who may
        sign what the rules in force ask for it, and for `approvers`, but not for the requester. Raises Refused, which is
        recorded, and Busy where an attempt at what is said to be *not done* still runs: it would happen after all.
        """
        self._intervening.resolve(plan, number, actor, done, reason)
        self._wake()
        return self.plan(plan)

    def cancel(self, plan: str, actor: Actor) -> PlanRecord:
        """Cancel every action of *plan* that was not started. For its requester, or somebody who may approve in it.

        What was put off is not tried again, and nobody knows what came of it: it is in doubt.
        """
        self._intervening.cancel(plan, actor)
        return self.plan(plan)

    def pin(self, actor: Actor) -> PinChange:
        """Pin the policies in force: from then on a changed file is not taken up, and whoever has another one is refused.

        This, `load` and `unpin` are made once as many people have agreed as the policies in force name under `changes`,
        each by calling it. Raises UsageError where it does not fit, and Refused, which is recorded.
        """
        return self._pinning.change(PinVerb.PIN, actor)

    def load(self, actor: Actor) -> PinChange:
        """Put this engine's policy in the place of the one that is pinned. Raises as `pin` does."""
        return self._pinning.change(PinVerb.LOAD, actor)

    def unpin(self, actor: Actor) -> PinChange:
        """Let a changed file be taken up again. Raises as `pin` does."""
        return self._pinning.change(PinVerb.UNPIN, actor)

    def delegate(self, actor: Actor, *, to: str, until: datetime, reason: str | None = None) -> Delegation:
        """Hand *actor*'s seats to the person *to*, who may then sign for them, *until* then; in place of an earlier one.

        Raises UsageError for a time that is over, and Refused, which is recorded, where the rules in force do not let it.
        """
        return self._delegating.delegate(actor, to=to, until=until, reason=reason)

    def revoke(self, actor: Actor, *, reason: str | None = None) -> Delegation:
        """Take back what *actor* handed to somebody else. Raises UsageError where there is nothing, and Refused as `delegate`."""
        return self._delegating.revoke(actor, reason=reason)

    # -- reading

    def delegations(self) -> tuple[tuple[Delegation, str | None], ...]:
        """The delegations that were not taken back and whose own time is not over, each with why it does not hold, if so."""
        return self._delegating.standing()

    def plan(self, id_: str) -> PlanRecord:
        """The plan *id_* as it stands; a passed deadline counts as expired.

        Raises UsageError where there is none, and LogInvalid where it was altered in the file.
        """
        with self.store.read() as tx:
            record = self._verifier.plan(tx, known(tx.plan(id_), id_).id)
            passed = expired(tx.approvals_of(id_), self.store.clock())
        if not passed:
            return record
        actions = (replace(a, status=Status.EXPIRED) if a.number in passed and a.status in BOUNDED else a for a in record.actions)
        return replace(record, actions=tuple(actions))

    def card(self, approval: str) -> Card:
        """Everything that somebody must see before they sign *approval*. Raises as `plan` does."""
        with self.store.read() as tx:
            found = known(tx.approval(approval), approval)
            plan = self._verifier.plan(tx, found.plan)
            self._in_force.verify(tx)
            return read_card(tx, found, plan, self.policy, self.registry, self.store.clock())

    def batch(self, approvals: Sequence[str]) -> Batch:
        """Everything that somebody must see before they sign *approvals* together. Raises as `plan` does."""
        check_size(approvals)
        return make_batch([self.card(id_) for id_ in approvals])

    def sources(self, plan: PlanRecord) -> dict[int, Grounds]:
        """Where the values of each action of *plan* stand, by number; of an action that cannot be read any more nothing."""
        found: dict[int, Grounds] = {}
        for record in plan.actions:
            with suppress(ActionInvalid):
                found[record.number] = grounding_of(plan, record.number)(load_action(record, self.registry))
        return found

    def explain(self, plan: str, number: int) -> tuple[ActionRecord, Judgement]:
        """The action *number* of *plan* as it stands, and what the policy in force now says about it. Raises as `plan` does."""
        record = self.plan(plan)
        found = action_of(record, number)
        with self.store.read() as tx:
            return found, self._judge(tx, record, found)

    def story(self, plan: str) -> Story:
        """All that is known of *plan*: what was decided, who signed what, how it ran, and when. Raises as `plan` does."""
        record = self.plan(plan)
        with self.store.read() as tx:
            self._in_force.verify(tx)
            self._verifier.plan(tx, plan)
            return read_story(tx, record, self.policy, lambda one: self._judge(tx, record, one), self.store.clock())

    def _judge(self, tx: Reading, plan: PlanRecord, record: ActionRecord) -> Judgement:
        """What the policy in force now says about *record*. Raises ActionInvalid where the stored action is none any more."""
        action, now = self.registry.load(record.body), self.store.clock()
        counting = Counting(reading=tx, policy=self.policy, now=now, requester=plan.requester, plan=plan.id)
        grounding, size = grounding_of(plan, record.number), plan.size_for(record.number)
        return judge(action, record.number, record.needs, grounding, size, counting)

    def approvals_of(self, plan: str) -> list[Approval]:
        """The approvals of *plan* that wait."""
        with self.store.read() as tx:
            return [a for a in tx.approvals_of(plan) if a.status is ApprovalStatus.WAITING and a.expires > self.store.clock()]

    def needed(self, approval: Approval) -> str:
        """Who must sign *approval*, in words: `1 manager (mira, omar)`."""
        with self.store.read() as tx:
            return Signers.of(tx, self.policy, approval, self.store.clock()).needed

    @property
    def conversing(self) -> Conversing:
        """What adds to conversations: see `chat`."""
        return self._conversing

    # -- in a transaction that others share: see `intake`

    @property
    def executor(self) -> Executor:
        """What runs actions."""
        return self._executor

    def wake(self) -> None:
        """Tell workers that there may be something to run."""
        self._wake()

    def prepare(self) -> None:
        """Put the policy to its checks, where it is not in force yet: before the transaction. Raises PoliciesInvalid."""
        self._in_force.vet()

    def submit_inside(
        self, tx: Writing, plan: ActionPlan, actor: Actor, going: Going | None, origin: Origin
    ) -> tuple[str | Refused, Step | None]:
        """Accept *plan* in *tx*, and take the steps that it can take there if it is *going*. Returns its id, or what refuses it.

        Where it is not accepted it is undone alone, where a step fails only that one. Raises as `submit` does.
        """
        with tx.attempt():
            id_ = self._accepting.accept(tx, plan, actor, origin)
        if going is None or isinstance(id_, Refused):
            return id_, None
        try:
            return id_, self._executor.go_on_inside(tx, replace(going, plan=id_))
        except (TransactionLost, DatabaseError):
            raise
        except BaseException:
            return id_, GOING  # it is told when that step is tried again

    def resume_inside(self, tx: Writing, going: Going) -> Step:
        """Go on with a plan in *tx* as far as it can go there. Raises as `resume` does."""
        with tx.attempt():
            known(tx.plan(going.plan), going.plan)
            self._accepting.begin(tx, going.actor)
        return self._executor.go_on_inside(tx, going)

    def vote_inside(self, tx: Writing, ballot: Ballot) -> Refused | None:
        """Record votes in *tx*, or what refuses them. Where something is wrong they are undone alone."""
        with tx.attempt():
            return self._voting.cast(tx, ballot)

    def approvals(self, ids: Sequence[str]) -> tuple[Approval, ...]:
        """The approvals *ids* as they stand."""
        with self.store.read() as tx:
            return tuple(known(tx.approval(id_), id_) for id_ in ids)
