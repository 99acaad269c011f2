"""The Engine: submit a plan, decide, run what may run, pause the rest, resume.

The life of a plan is `submit`, then `_drive`, which takes one step after the other until nothing can go on. Each public
verb is one transaction (and `_drive` one for each step); the private functions take the open transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from signoff.actions import Action, Effect, Ending, Execution, Lookup, Registry, Result, run_action
from signoff.audit import (
    NOT_DONE,
    UNTOUCHED,
    ActionRecord,
    Approval,
    ApprovalStatus,
    Choice,
    PlanRecord,
    Status,
    Store,
    Writing,
    verify_plan,
)
from signoff.planner import ActionPlan, check_request, write_plan
from signoff.policies import DecisionEffect, Policy, compare_policies

from .actor import Actor
from .canonical import Json, canonical, digest, parse
from .cards import Card, read_card
from .deciding import (
    Judgement,
    as_seats,
    check_voter,
    denial,
    judge,
    judge_plan,
    needed,
    resolve_plan,
    seats_filled,
    told_decision,
    told_reasons,
    votes_serve,
)
from .errors import ClockError, LogInvalid, Refused, TransactionLost, UsageError

MIN_DIGEST = 8  # hexadecimal digits of the digest that an approver must name
MAX_REASON = 1_000  # characters

SYSTEM_ACTOR = Actor(id="signoff")  # what happens by itself: deadlines, skipped actions, recovery

_T = TypeVar("_T")


class Engine:
    """Decides plans, runs actions, and keeps the queue and the log. One thread owns it."""

    def __init__(self, store: Store, policy: Policy, registry: Registry) -> None:
        self.store = store
        self.registry = registry
        self._checked: tuple[str, int] | None = None  # the plan that was verified last, and the file's version then
        self.policy = policy  # replace it to decide by another one from now on; the change is recorded when it is first used

    # -- verbs

    def preview(self, plan: ActionPlan, actor: Actor, *, request: str | None = None) -> tuple[Judgement, ...]:
        """What would be decided about *plan* now. Nothing is stored. Raises PlanInvalid."""
        with self.store.read() as tx, tx.lent() as lent:
            resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
            return judge_plan(self.policy, resolved, actor, request)

    def submit(self, plan: ActionPlan, actor: Actor, *, request: str | None = None, planner: str = "given") -> PlanRecord:
        """Accept *plan*: decide every action, record all of it in one transaction, and run what may run.

        *request* is what the user wrote, if a user wrote something; *planner* says what made the plan. Raises PlanInvalid
        where a name in it is unknown; nothing is stored then.
        """
        if request is not None:
            check_request(request)
        with self.store.executing():
            with self.store.write() as tx:
                self._begin(tx, actor)
                id_ = self._accept(tx, plan, actor, request, planner)
                step = self._step(tx, id_, actor)
            self._drive(id_, actor, step)
        return self.plan(id_)

    def resume(self, actor: Actor, plan: str | None = None) -> tuple[PlanRecord, ...]:
        """Go on with *plan*, or with every plan in which something can go on, after an approval or a crash.

        Raises LogInvalid, when all others went on, where a plan was altered in the file.
        """
        with self.store.executing():
            with self.store.write() as tx:
                self._begin(tx, actor)
                if plan is not None:
                    known(tx.plan(plan), plan)
                ids = tx.plans_to_resume(tx.now) if plan is None else [plan]
            altered: LogInvalid | None = None
            for id_ in ids:
                try:
                    self._drive(id_, actor)
                except LogInvalid as error:  # the other plans go on
                    altered = altered or error
        if altered is not None:
            raise altered
        return tuple(self.plan(id_) for id_ in ids)

    def approve(self, approval: str, actor: Actor, *, digest: str, reason: str | None = None) -> Approval:
        """Record *actor*'s vote for *approval*. `resume` then runs what it released.

        *digest* is of the action as the voter was shown it: at least its first 8 digits. Raises Refused, which is
        recorded, where this actor may not vote for it now.
        """
        return self._vote(approval, actor, Choice.APPROVE, reason, shown=digest)

    def reject(self, approval: str, actor: Actor, *, reason: str) -> Approval:
        """Record *actor*'s vote against *approval*, which ends the action and skips what needs it. Raises Refused."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason; say why")
        return self._vote(approval, actor, Choice.REJECT, reason, shown=None)

    def cancel(self, plan: str, actor: Actor) -> PlanRecord:
        """Cancel every action of *plan* that was not started. For its requester, or somebody who may approve in it."""
        with self.store.write() as tx:
            self._adopt_policy(tx, actor)
            record = self._settle(tx, self._verified(tx, plan))
            refusal = self._refusal(tx, record, actor, "cancel", lambda: self._check_cancel(tx, record, actor))
            if refusal is None:
                for action in record.actions:
                    if action.status in UNTOUCHED:
                        tx.move(action, Status.CANCELLED, actor, error=f"cancelled by {actor.id}")
        if refusal is not None:
            raise refusal
        return self.plan(plan)

    def plan(self, id_: str) -> PlanRecord:
        """The plan *id_* as it stands; a passed deadline counts as expired. Raises UsageError where there is none."""
        with self.store.read() as tx:
            record = known(tx.plan(id_), id_)
            passed = _passed(tx.approvals_of(id_), self.store.clock())
        actions = (
            replace(a, status=Status.EXPIRED) if a.number in passed and a.status in _BOUNDED else a for a in record.actions
        )
        return replace(record, actions=tuple(actions))

    def card(self, approval: str) -> Card:
        """Everything that somebody must see before they sign *approval*.

        Raises UsageError where there is none, and LogInvalid where its plan was altered in the file.
        """
        with self.store.read() as tx:
            found = known(tx.approval(approval), approval)
            verify_plan(tx, found.plan)
            return read_card(tx, found, self.policy, self.registry, self.store.clock())

    def approvals_of(self, plan: str) -> list[Approval]:
        """The approvals of *plan* that wait."""
        with self.store.read() as tx:
            return [a for a in tx.approvals_of(plan) if a.status is ApprovalStatus.WAITING and a.expires > self.store.clock()]

    def needed(self, approval: Approval) -> str:
        """Who must sign *approval*, in words: `1 manager (mira, omar)`."""
        return needed(self.policy, approval)

    # -- accepting

    def _accept(self, tx: Writing, plan: ActionPlan, actor: Actor, request: str | None, planner: str) -> str:
        with tx.lent() as lent:
            resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
        proposed = write_plan(plan)
        id_ = tx.add_plan(
            requester=actor,
            request=request,
            planner=planner,
            proposed=proposed,
            digest=digest(proposed),
            policy=self.policy.digest,
        )
        for judgement in judge_plan(self.policy, resolved, actor, request):
            self._add(tx, id_, judgement, actor)
        self._settle(tx, self._verified(tx, id_))
        return id_

    def _add(self, tx: Writing, plan: str, judged: Judgement, actor: Actor) -> None:
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
            error=denial(judged.decision) if judged.decision.effect is DecisionEffect.DENY else None,
            rules=judged.decision.rules,
        )
        tx.add_action(record, actor, told_decision(judged.decision))
        if record.status is Status.WAITING:
            self._ask(tx, record, judged, actor)

    def _ask(self, tx: Writing, record: ActionRecord, judged: Judgement, requester: Actor) -> None:
        assert judged.decision.within is not None
        tx.ask(
            record,
            SYSTEM_ACTOR,
            requester=requester.id,
            asks=judged.decision.asks,
            seats={seat.role: seat.count for seat in judged.decision.seats},
            reasons=told_reasons(self.policy, judged),
            policy=self.policy.digest,
            expires=tx.now + timedelta(seconds=judged.decision.within),
        )

    # -- running

    def _drive(self, plan: str, actor: Actor, step: "_Step | None" = None) -> None:
        """Take one step after the other until nothing in *plan* can go on.

        What an external action gave and the intent to run the next one share a transaction.
        """
        result: Result | None = None
        lost: dict[int, str] = {}
        while True:
            if step and step.execution and result is None:
                result = run_action(step.action, step.execution)
            try:
                with self.store.write() as tx:
                    if step and result:
                        self._record(tx, step.record, result, actor)
                    following = self._step(tx, plan, actor, lost)
            except TransactionLost:
                continue
            if following is None:
                return
            step, result = following, None

    def _step(self, tx: Writing, plan: str, actor: Actor, lost: dict[int, str] | None = None) -> "_Step | None":
        """Start the next action. A READ or LOCAL one also ends in this transaction; without *lost* none is started.

        *lost* holds, by number, why the transaction in which an action ran before was lost; it is then recorded as failed.
        """
        ready = self._next(tx, plan, actor)
        inside = ready is not None and ready.judged.action.effect in (Effect.READ, Effect.LOCAL)
        if ready is None or (inside and lost is None):
            return None
        executing = self._begin_execution(tx, ready, actor)
        execution = Execution(actor=ready.requester, key=executing.key, now=tx.now, tx=None)
        if not inside or lost is None:
            return _Step(record=executing, action=ready.judged.action, execution=execution)
        if executing.number in lost:
            result = Result(ending=Ending.FAILED, error=lost[executing.number])
        else:
            try:
                result = self._run_here(tx, ready.judged.action, execution)
            except TransactionLost as error:
                lost[executing.number] = str(error)
                raise
        self._record(tx, executing, result, actor)
        return _Step(record=executing, action=ready.judged.action)

    def _run_here(self, tx: Writing, action: Action, execution: Execution) -> Result:
        """Run a READ or LOCAL action: what it changes is part of this transaction, or undone where it fails."""
        with tx.lent(writing=action.effect is Effect.LOCAL) as lent:
            result = run_action(action, replace(execution, tx=lent))
            if result.ending is not Ending.DONE:
                lent.undo()
        return result

    def _next(self, tx: Writing, plan: str, actor: Actor) -> "_Ready | None":
        """The runnable action with the lowest number, decided again and allowed now."""
        record = self._verified(tx, plan)
        while True:
            record = self._settle(tx, record)
            runnable = next((action for action in record.actions if _is_runnable(record, action)), None)
            if runnable is None:
                return None
            ready = self._decide_again(tx, record, runnable, actor)
            if ready is not None:
                return ready
            record = known(tx.plan(plan), plan)

    def _decide_again(self, tx: Writing, plan: PlanRecord, record: ActionRecord, actor: Actor) -> "_Ready | None":
        """Decide *record* under the policy in force now. Where it may not run, move it, and return None."""
        action = self.registry.load(record.body)
        size = len(plan.actions)
        judged = judge(self.policy, action, record.number, record.needs, plan.requester, plan.request, size)
        told: dict[str, Json] = {"decision": told_decision(judged.decision)}
        approval = next((a for a in tx.approvals_of(plan.id, record.number) if a.status is ApprovalStatus.APPROVED), None)
        if judged.decision.effect is DecisionEffect.DENY:
            tx.move(record, Status.DENIED, actor, error=denial(judged.decision), rules=judged.decision.rules, data=told)
            return None
        if judged.decision.effect is DecisionEffect.APPROVE and not (
            approval and votes_serve(self.policy, judged.decision, record, plan, approval, tx.votes(approval.id))
        ):
            waiting = tx.move(record, Status.WAITING, actor, rules=judged.decision.rules, data=told)
            self._ask(tx, waiting, judged, plan.requester)
            return None
        if approval and (newest := tx.newest_entry()) and newest.at > tx.now:
            raise ClockError("the clock stands before the newest entry of the log, so no deadline can be judged; set it right")
        return _Ready(record=record, judged=judged, approval=approval, requester=plan.requester)

    def _begin_execution(self, tx: Writing, ready: "_Ready", actor: Actor) -> ActionRecord:
        data: dict[str, Json] = {"decision": told_decision(ready.judged.decision)}
        if ready.approval is not None:
            data["approval"] = ready.approval.id
        executing = tx.move(ready.record, Status.EXECUTING, actor, rules=ready.judged.decision.rules, data=data)
        if ready.approval is not None:
            tx.use_votes(ready.approval, executing.attempt)
        return executing

    def _record(self, tx: Writing, executing: ActionRecord, result: Result, actor: Actor) -> None:
        ended = tx.move(executing, Status(result.ending.value), actor, result=result.value, error=result.error)
        if ended.status in NOT_DONE:
            self._settle(tx, known(tx.plan(ended.plan), ended.plan))

    def _begin(self, tx: Writing, actor: Actor) -> None:
        """What comes first in every run: which policy is in force, and what an executor that died left behind.

        Only the holder of the executor's lock may do this: whatever is marked as being executed is nobody's now.
        """
        self._adopt_policy(tx, actor)
        for action in tx.executing():
            try:
                self._verified(tx, action.plan)
            except LogInvalid:  # nothing of that plan runs, and whoever resumes it is told; other plans go on
                continue
            tx.move(action, Status.IN_DOUBT, SYSTEM_ACTOR, error="the process ended while it was executed")

    def _verified(self, tx: Writing, plan: str) -> PlanRecord:
        """The plan, whose stored state is what its chain in the log says. Raises LogInvalid where it is not.

        It is checked again only when another connection has written since.
        """
        checked = (plan, tx.version())
        if self._checked != checked:
            verify_plan(tx, known(tx.plan(plan), plan).id)
            self._checked = checked
        return known(tx.plan(plan), plan)

    def _settle(self, tx: Writing, plan: PlanRecord) -> PlanRecord:
        """Record deadlines that have passed, and skip what needs an action that will not happen."""
        bounded = any(action.status in _BOUNDED for action in plan.actions)
        passed = _passed(tx.approvals_of(plan.id), tx.now) if bounded else set()
        settled: list[ActionRecord] = []
        for action in plan.actions:
            lost = next((number for number in action.needs if settled[number - 1].status in NOT_DONE), None)
            if action.status in UNTOUCHED and lost is not None:
                action = tx.move(action, Status.SKIPPED, SYSTEM_ACTOR, error=_lost(settled[lost - 1]))
            elif action.number in passed and action.status in _BOUNDED:
                action = tx.move(action, Status.EXPIRED, SYSTEM_ACTOR, error="nobody decided in time")
            settled.append(action)
        return replace(plan, actions=tuple(settled))

    # -- approvals

    def _vote(self, id_: str, actor: Actor, choice: Choice, reason: str | None, *, shown: str | None) -> Approval:
        if reason is not None and len(reason) > MAX_REASON:
            raise UsageError(f"the reason holds {len(reason):,} characters; at most {MAX_REASON:,} are kept")
        with self.store.write() as tx:
            self._adopt_policy(tx, actor)
            plan = self._settle(tx, self._verified(tx, known(tx.approval(id_), id_).plan))
            approval = known(tx.approval(id_), id_)
            refusal = self._refusal(
                tx, plan, actor, choice.value, lambda: self._check_vote(tx, approval, actor, shown), approval.number
            )
            if refusal is None:
                tx.vote(approval, actor, choice, reason)
                self._count(tx, plan.action(approval.number), approval, actor, choice, reason)
        if refusal is not None:
            raise refusal
        with self.store.read() as read:
            return known(read.approval(id_), id_)

    def _check_vote(self, tx: Writing, approval: Approval, actor: Actor, shown: str | None) -> None:
        if shown is not None and (len(shown) < MIN_DIGEST or not approval.digest.startswith(shown.lower())):
            raise Refused(
                f'"{shown[:64]}" is not the digest of {approval.id} (8 digits or more); '
                f"look at it with `signoff show {approval.id}` and give the digest that it shows"
            )
        check_voter(self.policy, approval, actor, tx.votes(approval.id))

    def _count(
        self, tx: Writing, record: ActionRecord, approval: Approval, actor: Actor, choice: Choice, reason: str | None
    ) -> None:
        if choice is Choice.REJECT:
            tx.move(record, Status.REJECTED, actor, error=f"rejected by {actor.id}: {reason}")
            self._settle(tx, known(tx.plan(record.plan), record.plan))
        elif seats_filled(self.policy, as_seats(approval), approval, tx.votes(approval.id)):
            tx.move(record, Status.APPROVED, actor)

    def _check_cancel(self, tx: Writing, plan: PlanRecord, actor: Actor) -> None:
        seats = {role for approval in tx.approvals_of(plan.id) if approval.status in _OPEN for role in approval.seats}
        if self.policy.approvers:
            seats.add(self.policy.approvers)
        if actor.id != plan.requester.id and not self.policy.roles_of(actor.id) & seats:
            raise Refused(f"{actor.id} did not ask for {plan.id} and may not approve in it; ask {plan.requester.id} to cancel it")
        if not any(action.status in UNTOUCHED for action in plan.actions):
            raise Refused(f"nothing in {plan.id} is left to cancel")

    def _refusal(
        self, tx: Writing, plan: PlanRecord, actor: Actor, verb: str, check: Callable[[], None], action: int | None = None
    ) -> Refused | None:
        """What *check* refuses, recorded in the log. The caller raises it when the transaction has ended."""
        try:
            check()
        except Refused as refused:
            tx.log("refused", actor, {"verb": verb, "reason": str(refused)}, plan=plan.id, action=action)
            return refused
        return None

    # -- policy

    def _adopt_policy(self, tx: Writing, actor: Actor) -> None:
        """Record it where the policy that decides from now on is another one than the log last told."""
        active = tx.active_policy()
        if active is not None and active[0] == self.policy.digest:
            return
        outline = canonical(self.policy.outline())
        change: Json = None if active is None else compare_policies(parse(active[1]), self.policy.outline()).to_json()
        tx.activate_policy(
            digest=self.policy.digest,
            name=self.policy.name,
            source=self.policy.source,
            outline=outline,
            actor=actor,
            data=change,
        )


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """An action that may run now, and the approval whose votes that uses."""

    record: ActionRecord
    judged: Judgement
    approval: Approval | None
    requester: Actor


@dataclass(frozen=True, kw_only=True)
class _Step:
    """An action that was started. Where *execution* is given its intent is durable, and it must now be executed once."""

    record: ActionRecord
    action: Action
    execution: Execution | None = None


_OPEN = frozenset({ApprovalStatus.WAITING, ApprovalStatus.APPROVED})
_BOUNDED = frozenset({Status.WAITING, Status.APPROVED})  # by a deadline
_FIRST = {
    DecisionEffect.ALLOW: Status.READY,
    DecisionEffect.APPROVE: Status.WAITING,
    DecisionEffect.DENY: Status.DENIED,
}


def known(found: _T | None, id_: str) -> _T:
    """*found*, which was looked up by *id_*. Raises UsageError where there is none."""
    if found is None:
        raise UsageError(f'there is no "{id_[:64]}"; `signoff queue` lists what waits, `signoff audit log` what was')
    return found


def _lost(needed: ActionRecord) -> str:
    return f"it needs action {needed.number}, which is {needed.status}"


def _passed(approvals: Iterable[Approval], now: datetime) -> set[int]:
    """The numbers of the actions whose deadline has passed."""
    return {approval.number for approval in approvals if approval.status in _OPEN and approval.expires <= now}


def _is_runnable(plan: PlanRecord, action: ActionRecord) -> bool:
    return action.status in (Status.READY, Status.APPROVED) and all(
        plan.action(number).status is Status.DONE for number in action.needs
    )
