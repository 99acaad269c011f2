"""The Engine: submit a plan, decide, run what may run, pause the rest, resume.

Each public verb is the boundary of a transaction; the functions that do the work take the open one. Running is the
executor's, one transaction for each step.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from signoff.actions import Lookup, Registry
from signoff.audit import (
    BOUNDED,
    UNTOUCHED,
    ActionRecord,
    Approval,
    ApprovalStatus,
    Choice,
    PinVerb,
    PlanRecord,
    Status,
    Store,
    Writing,
    rows_of_action,
)
from signoff.planner import ActionPlan, check_request, write_plan
from signoff.policies import DecisionEffect, Policy

from .actor import Actor
from .canonical import canonical, digest
from .cards import Card, read_card
from .counting import Counting, counters_of
from .deadlines import expired
from .deciding import (
    Judgement,
    as_seats,
    check_canceller,
    check_resolver,
    check_voter,
    check_waiting,
    denial,
    judge,
    judge_plan,
    needed,
    resolve_plan,
    seats_filled,
    stood_in_for,
    told_decision,
)
from .errors import Busy, ClockError, PolicyChanged, Refused, SignoffError, UsageError
from .executor import Executor, Watch
from .grounding import grounded_in
from .in_force import InForce, check_pinned
from .pinning import PinChange, Pinning
from .plans import Verifier, ask, known, settle
from .refusals import checked_reason, log_refusal, refused, storable
from .retrying import Patience
from .secret_fields import Lookup as SecretLookup
from .secret_fields import Openings, closed_plan, no_secrets, openings_for, openings_of

MIN_DIGEST = 8  # hexadecimal digits of the digest that an approver must name

_FIRST = {
    DecisionEffect.ALLOW: Status.READY,
    DecisionEffect.APPROVE: Status.WAITING,
    DecisionEffect.DENY: Status.DENIED,
}


class Engine:
    """Decides plans, runs actions, and keeps the queue and the log. One thread owns it."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        registry: Registry,
        *,
        sleep: Callable[[float], None] = time.sleep,
        secrets: SecretLookup = no_secrets,
    ) -> None:
        """*sleep* waits for so many seconds, before something is tried again; *secrets* looks up what actions refer to by name.

        Raises LogInvalid where the policies in the store are not the ones that its log tells.
        """
        self.store = store
        self._sleep = sleep
        self.registry = registry
        with store.read() as tx:
            self._in_force = InForce(tx, policy)
        self._verifier = Verifier()
        self._executor = Executor(store, registry, self._in_force, self._verifier, secrets)
        self._pinning = Pinning(store, self._in_force)

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

    def preview(self, plan: ActionPlan, actor: Actor, *, request: str | None = None) -> tuple[Judgement, ...]:
        """What would be decided about *plan* now. Nothing is stored. Raises PlanInvalid."""
        with self.store.read() as tx:
            check_pinned(tx, self.policy)
            with tx.lent() as lent:
                resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
            resolved = closed_plan(resolved, openings_of(plan, resolved), self.registry)
            counting = Counting(reading=tx, policy=self.policy, now=self.store.clock(), requester=actor)
            return judge_plan(resolved, grounded_in(request), counting)

    def submit(self, plan: ActionPlan, actor: Actor, *, request: str | None = None, planner: str = "given") -> PlanRecord:
        """Accept *plan*: decide every action, record all of it in one transaction, and run what may run.

        *request* is what the user wrote, if a user wrote something; *planner* says what made the plan. Raises PlanInvalid
        where a name in it is unknown; nothing is stored then. Raises Refused, which is recorded, where it would leave more
        waiting than one requester may have. Raises Busy where it was accepted, and another process
        executes for so long that it could not be run: `resume` does that.
        """
        if request is not None:
            check_request(storable("the request", request))
        self._in_force.vet()
        with ExitStack() as stack:
            alone = self._try_alone(stack)
            with self.store.write() as tx:
                self._in_force.adopt(tx, actor)
                if alone:
                    self._executor.recover(tx)
                id_ = self._accept(tx, plan, actor, request, planner)
                started = self._executor.start(tx, id_, actor) if alone and isinstance(id_, str) else None
            if isinstance(id_, Refused):
                raise id_
            if not alone and any(action.status is Status.READY for action in self.plan(id_).actions):
                stack.enter_context(self._executor.alone())
                alone = True
            if alone:
                self._executor.drive(id_, actor, Patience(sleep=self._sleep), started)
        return self.plan(id_)

    def resume(self, actor: Actor, plan: str | None = None) -> tuple[PlanRecord, ...]:
        """Go on with *plan*, or with every plan in which something can go on, after an approval or a crash.

        What keeps one plan from going on keeps no other; the first such error is raised at the end. Raises Busy where
        another process executes, and PolicyChanged where it put other rules in force.
        """
        self._in_force.vet()
        with self._executor.alone():
            with self.store.write() as tx:
                self._in_force.adopt(tx, actor)
                recovered = self._executor.recover(tx)
                ids = [known(tx.plan(plan), plan).id] if plan else list(dict.fromkeys([*recovered, *tx.plans_to_resume(tx.now)]))
            problem: SignoffError | None = None
            patience = Patience(sleep=self._sleep)  # for all plans together
            for id_ in ids:
                try:
                    self._executor.drive(id_, actor, patience)
                except (Busy, PolicyChanged):
                    raise
                except SignoffError as error:
                    problem = problem or error
        if problem is not None:
            raise problem
        return tuple(self.plan(id_) for id_ in ids)

    def approve(self, approval: str, actor: Actor, *, digest: str, reason: str | None = None) -> Approval:
        """Record *actor*'s vote for *approval*. `resume` then runs what it released.

        *digest* is of the action as the voter was shown it: at least its first 8 digits. Raises Refused, which is
        recorded, where this actor may not vote for it now.
        """
        shown = storable("the digest", digest)

        def check(tx: Writing, found: Approval) -> None:
            check_voter(self.policy, found, actor, Choice.APPROVE, tx.votes(approval), tx.now)
            if len(shown) < MIN_DIGEST or not found.digest.startswith(shown.lower()):
                raise Refused(
                    f'"{shown[:64]}" is not the digest of {approval} (8 digits or more); '
                    f"look at it with `signoff show {approval}` and give the digest that it shows"
                )

        def count(tx: Writing, record: ActionRecord, found: Approval) -> None:
            if seats_filled(self.policy, as_seats(found), found, tx.votes(approval)):
                tx.move(record, Status.APPROVED, actor)

        return self._vote(approval, actor, Choice.APPROVE, reason, check, count)

    def reject(self, approval: str, actor: Actor, *, reason: str) -> Approval:
        """Record *actor*'s vote against *approval*, which ends the action and skips what needs it. Raises Refused."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason; say why")

        def check(tx: Writing, found: Approval) -> None:
            check_voter(self.policy, found, actor, Choice.REJECT, tx.votes(approval), tx.now)

        def count(tx: Writing, record: ActionRecord, _: Approval) -> None:
            tx.move(record, Status.REJECTED, actor, error=f"rejected by {actor.id}: {reason}")
            settle(tx, known(tx.plan(record.plan), record.plan))

        return self._vote(approval, actor, Choice.REJECT, reason, check, count)

    def resolve(self, plan: str, number: int, actor: Actor, *, done: bool, reason: str) -> PlanRecord:
        """Say of an action in doubt whether it was *done*: then it is, from now on; else it is ready, and keeps its key.

        `resume` then goes on: what was not done is decided anew, and votes that it had used do not count. For those who may
        sign what the rules in force ask for it, and for `approvers`, but not for the requester. Raises Refused, which is
        recorded.
        """
        if not checked_reason(reason).strip():
            raise UsageError("resolving needs a reason; say how you know")
        self._in_force.vet()
        with self.store.write() as tx:
            self._in_force.adopt(tx, actor)
            record = settle(tx, self._verifier.plan(tx, known(tx.plan(plan), plan).id))
            action = _action_of(record, number)
            decision = self._executor.decide(tx, record, action).decision
            refusal = refused(lambda: check_resolver(self.policy, decision, record, number, actor))
            if refusal is not None:
                log_refusal(tx, refusal, actor, "resolve", plan, number)
            else:
                said = "done" if done else "not done"
                tx.log("resolved", actor, {"verb": said, "reason": reason}, plan=plan, action=number)
                status = Status.DONE if done else Status.READY
                tx.move(action, status, actor, error=f"resolved as {said} by {actor.id}: {reason}")
        if refusal is not None:
            raise refusal
        return self.plan(plan)

    def cancel(self, plan: str, actor: Actor) -> PlanRecord:
        """Cancel every action of *plan* that was not started. For its requester, or somebody who may approve in it."""
        self._in_force.vet()
        with self.store.write() as tx:
            self._in_force.adopt(tx, actor)
            record = settle(tx, self._verifier.plan(tx, known(tx.plan(plan), plan).id))
            refusal = refused(lambda: check_canceller(self.policy, record, actor, tx.approvals_of(plan), tx.now))
            if refusal is not None:
                log_refusal(tx, refusal, actor, "cancel", plan)
            for action in record.actions if refusal is None else ():
                if action.status in UNTOUCHED:
                    tx.move(action, Status.CANCELLED, actor, error=f"cancelled by {actor.id}")
        if refusal is not None:
            raise refusal
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

    # -- reading

    def plan(self, id_: str) -> PlanRecord:
        """The plan *id_* as it stands; a passed deadline counts as expired.

        Raises UsageError where there is none, and LogInvalid where it was altered in the file.
        """
        with self.store.read() as tx:
            record = self._verifier.plan(tx, known(tx.plan(id_), id_).id)
            passed = expired(tx.approvals_of(id_), self.store.clock())
        actions = (replace(a, status=Status.EXPIRED) if a.number in passed and a.status in BOUNDED else a for a in record.actions)
        return replace(record, actions=tuple(actions))

    def card(self, approval: str) -> Card:
        """Everything that somebody must see before they sign *approval*. Raises as `plan` does."""
        with self.store.read() as tx:
            found = known(tx.approval(approval), approval)
            plan = self._verifier.plan(tx, found.plan)
            return read_card(tx, found, plan, self.policy, self.registry, self.store.clock())

    def explain(self, plan: str, number: int) -> tuple[ActionRecord, Judgement]:
        """The action *number* of *plan* as it stands, and what the policy in force now says about it. Raises as `plan` does."""
        record = self.plan(plan)
        found = _action_of(record, number)
        action = self.registry.load(found.body)
        with self.store.read() as tx:
            requester, now = record.requester, self.store.clock()
            counting = Counting(reading=tx, policy=self.policy, now=now, requester=requester, plan=plan)
            return found, judge(action, number, found.needs, grounded_in(record.request), len(record.actions), counting)

    def approvals_of(self, plan: str) -> list[Approval]:
        """The approvals of *plan* that wait."""
        with self.store.read() as tx:
            return [a for a in tx.approvals_of(plan) if a.status is ApprovalStatus.WAITING and a.expires > self.store.clock()]

    def needed(self, approval: Approval) -> str:
        """Who must sign *approval*, in words: `1 manager (mira, omar)`."""
        return needed(self.policy, approval, self.store.clock())

    # -- accepting

    def _try_alone(self, stack: ExitStack) -> bool:
        """Whether we are the one process that executes, until *stack* ends. Nobody waits for another's actions here."""
        try:
            stack.enter_context(self._executor.alone(timeout=0))
        except Busy:
            return False
        return True

    def _accept(self, tx: Writing, plan: ActionPlan, actor: Actor, request: str | None, planner: str) -> str | Refused:
        """Store *plan* and return its id, or what refuses it, which is recorded."""
        with tx.lent() as lent:
            resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
        openings = openings_of(plan, resolved)
        resolved = closed_plan(resolved, openings, self.registry)
        counting = Counting(reading=tx, policy=self.policy, now=tx.now, requester=actor)
        judged = judge_plan(resolved, grounded_in(request), counting)
        refusal = refused(lambda: check_waiting(judged, tx.waiting, actor))
        if refusal is not None:
            log_refusal(tx, refusal, actor, "submit")
            return refusal
        proposed = write_plan(plan)
        id_ = tx.add_plan(
            requester=actor,
            request=request,
            planner=planner,
            proposed=proposed,
            digest=digest(proposed),
            policy=self.policy.digest,
        )
        for judgement in judged:
            self._add(tx, id_, judgement, actor, openings)
        settle(tx, known(tx.plan(id_), id_))
        return id_

    def _add(self, tx: Writing, plan: str, judged: Judgement, actor: Actor, openings: Openings) -> None:
        body = judged.action.canonical()
        record = ActionRecord(
            plan=plan,
            number=judged.number,
            revision=1,
            type=judged.action.type,
            effect=judged.action.effect.value,
            body=body,
            digest=digest(body),
            title=judged.action.title(),
            needs=judged.needs,
            key=digest(canonical([plan, judged.number, digest(body)])),
            status=_FIRST[judged.decision.effect],
            attempt=0,
            result=None,
            error=denial(self.policy, judged) if judged.decision.effect is DecisionEffect.DENY else None,
            rules=judged.decision.rules,
        )
        tx.add_action(record, actor, told_decision(judged))
        if record.status is not Status.DENIED:
            tx.put_secrets(record, openings_for(judged.action, openings))
        if self.policy.counters and record.status is not Status.DENIED:
            made = (record.number, record.type, body)
            tx.count(rows_of_action(counters_of(self.policy).values(), plan, actor.id, tx.accepted(plan), made))
        if record.status is Status.WAITING:
            ask(tx, self.policy, record, judged, actor)

    # -- voting

    def _vote(
        self,
        id_: str,
        actor: Actor,
        choice: Choice,
        reason: str | None,
        check: Callable[[Writing, Approval], None],
        count: Callable[[Writing, ActionRecord, Approval], None],
    ) -> Approval:
        """Record a vote that *check* does not refuse, and let *count* act on it."""
        if reason is not None:
            checked_reason(reason)
        self._in_force.vet()
        with self.store.write() as tx:
            self._in_force.adopt(tx, actor)
            plan = settle(tx, self._verifier.plan(tx, known(tx.approval(id_), id_).plan))
            approval = known(tx.approval(id_), id_)
            if tx.behind:
                raise ClockError(
                    "the clock stands before the newest entry of the log, so no deadline can be judged; set it right"
                )
            refusal = refused(lambda: check(tx, approval))
            if refusal is None:
                tx.vote(approval, actor, choice, reason, stood_in_for(self.policy, approval, actor.id, tx.now))
                count(tx, plan.action(approval.number), approval)
            else:
                log_refusal(tx, refusal, actor, choice.value, plan.id, approval.number)
        if refusal is not None:
            raise refusal
        with self.store.read() as read:
            return known(read.approval(id_), id_)


def _action_of(plan: PlanRecord, number: int) -> ActionRecord:
    """Raises UsageError where *plan* has no such action."""
    if not 1 <= number <= len(plan.actions):
        raise UsageError(f"{plan.id} has no action {number}; its actions are numbered 1 to {len(plan.actions)}")
    return plan.action(number)
