"""One step of a plan, inside a transaction: what was executed ends, and what may run next begins.

An external action's intent is recorded before it starts; what one gave and the intent to run the next one share a
transaction. A READ or LOCAL action runs inside one. An attempt of which nobody knows what it came to is put off, and goes
on once nothing else can (see `retrying`).
"""

from dataclasses import replace

from signoff.actions import RETRIED, Action, Effect, Ending, Execution, Registry, Result, ask_action, run_action
from signoff.audit import NOT_DONE, ActionRecord, Approval, ApprovalStatus, PlanRecord, Status, Store, Writing
from signoff.policies import DecisionEffect

from .actor import Actor
from .canonical import Json
from .counting import Counting
from .deciding import Judgement, denial, judge, told_decision, votes_serve
from .errors import ActionInvalid, ClockError, DatabaseError, LeaseLost, TransactionLost
from .in_force import InForce
from .outside import Outside, Started, tell_late
from .plans import Verifier, ask, known, settle
from .recovery import recover
from .retrying import change, next_due, obstacle, put_off, record_answer, tries_of
from .secret_fields import Lookup as SecretLookup
from .secret_fields import looked_up, no_secrets, opened, refers
from .signers import Signers
from .sources import grounding_of
from .steps import GOING, Going, Ready, Step, is_held, may_go_on, runs_here_next

_BEHIND = "the clock stands before the newest entry of the log, so no deadline can be judged; set it right"


class Stepping:
    """Takes steps of accepted plans, each in a transaction that others open."""

    def __init__(
        self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier, secrets: SecretLookup = no_secrets
    ) -> None:
        self._store = store
        self._registry = registry
        self._in_force = in_force
        self._verifier = verifier
        self._secrets = secrets
        self._outside = Outside(store)
        self._elsewhere: set[int] = set()  # the fences of what other threads execute for us

    def recover(self, tx: Writing) -> list[str]:
        """Take care of what nobody executes any more, record what came late, and return the ids of the recovered plans."""
        self._outside.tell_late(tx)
        return recover(tx, self._store.leases, self._verifier, self._elsewhere)

    def start(self, tx: Writing, plan: str, actor: Actor) -> Step:
        """Record the intent to run the next action, where that is an external one: for the transaction that accepts a plan."""
        if runs_here_next(known(tx.plan(plan), plan)):  # in a transaction of its own, which decides it
            return GOING
        ready = self._next(tx, plan, actor)
        begun = None if ready is None or ready.runs_here else self._begin(tx, ready, actor)
        return Step(ended=[], started=begun, going=True)

    def try_start(self, tx: Writing, plan: str, actor: Actor) -> Step:
        """The same for a plan that was accepted before: where that fails it is undone, and told in the plan's own transaction."""
        try:
            with tx.attempt():
                return self.start(tx, plan, actor)
        except (TransactionLost, DatabaseError):
            raise
        except Exception:
            return GOING

    def end(self, tx: Writing, going: Going) -> list[ActionRecord]:
        """Record what was executed, if something was."""
        return self._end(tx, going.started, going.result, going.actor) if going.started and going.result else []

    def _step(self, tx: Writing, going: Going) -> Step:
        self._outside.tell_late(tx)
        ended = self.end(tx, going)
        if going.stopped():
            return Step(ended=ended, started=None, going=False)
        ready = self._next(tx, going.plan, going.actor)
        if ready is None:
            return self._go_on_later(tx, going.plan, going.actor, ended)
        begun = self._begin(tx, ready, going.actor)
        if not ready.runs_here:
            return Step(ended=ended, started=begun, going=True)
        ended += self._end(tx, begun, self._run_here(tx, begun, going.lost), going.actor)
        return Step(ended=ended, started=None, going=may_go_on(known(tx.plan(going.plan), going.plan)))

    def _go_on_later(self, tx: Writing, plan: str, actor: Actor, ended: list[ActionRecord]) -> Step:
        """Go on with what was put off, where that is due: another attempt, or a question to its receiver."""
        if is_held(known(tx.plan(plan), plan)):
            self.recover(tx)  # whoever held it may be gone by now
        while (found := next_due(tx, known(tx.plan(plan), plan))) is not None:
            record, tries, due = found
            if due > tx.now:
                return Step(ended=ended, started=None, going=False, due=due)
            action, requester = self._load(record), known(tx.plan(plan), plan).requester
            if action.effect is Effect.PROBE and not tries.absent:
                asking = tx.put_off(record, "asking", actor, error=record.error, data={}, lease=self._outside.take(tx))
                execution = Execution(actor=requester, key=record.key, now=tx.now, tx=None)
                known_ = opened(tx, asking, action)
                asked = Started(record=asking, action=known_, execution=execution, asking=True, earlier=tries.fences)
                return Step(ended=ended, started=asked, going=True)
            again = self._try_again(tx, record, action, actor)
            if isinstance(again, Started):
                return Step(ended=ended, started=again, going=True)
            ended.append(again)
        return Step(ended=ended, started=None, going=False, held=is_held(known(tx.plan(plan), plan)))

    def _try_again(self, tx: Writing, record: ActionRecord, action: Action, actor: Actor) -> Started | ActionRecord:
        """Record the intent to try *record* once more, where it would still be allowed; else it ends.

        It is the same intent, so the votes that it used serve again.
        """
        plan, tries = known(tx.plan(record.plan), record.plan), tries_of(tx, record)
        if tx.behind:
            raise ClockError(_BEHIND)
        judged = self.decide(tx, plan, record)
        approval = self._approval(tx, record)
        problem = obstacle(action, record, tries, tx.now) or change(judged.decision, approval, tx.now)
        if problem is None:
            return self._begin(tx, Ready(record=record, judged=judged, approval=None, requester=plan.requester), actor)
        status = Status.FAILED if tries.absent else Status.IN_DOUBT
        data: dict[str, Json] = {"decision": told_decision(judged)}
        ended = tx.move(record, status, actor, error=f"{record.error}; not tried again: {problem}", data=data)
        settle(tx, known(tx.plan(plan.id), plan.id))
        return ended

    def _with_secrets(self, started: Started, action: Action, execution: Execution) -> Result:
        """Run *action*, or ask about it, with the secrets that it refers to. Without them nothing is sent."""
        try:
            action = looked_up(action, execution.actor, self._secrets)
        except ActionInvalid as error:
            ending = Ending.IN_DOUBT if started.asking or started.sent else Ending.FAILED
            return Result(ending=ending, error=f"{error}, so nothing was sent")
        return (ask_action if started.asking else run_action)(action, execution)

    def _run_here(self, tx: Writing, begun: Started, lost: dict[int, str]) -> Result:
        """Run a READ or LOCAL action: what it changes is part of this transaction, or undone where it fails."""
        number = begun.record.number
        if number in lost:
            return Result(ending=Ending.FAILED, error=lost[number])
        try:
            with tx.lent(writing=begun.action.effect is Effect.LOCAL) as lent:
                result = self._with_secrets(begun, begun.action, replace(begun.execution, tx=lent))
                if result.ending is not Ending.DONE:
                    raise _Undo
        except _Undo:
            pass
        except TransactionLost as error:
            lost[number] = str(error)
            raise
        return result

    def _next(self, tx: Writing, plan: str, actor: Actor) -> Ready | None:
        """The runnable action with the lowest number, decided again and allowed now."""
        self._in_force.check(tx)
        record = self._verifier.plan(tx, plan)
        while True:
            record = settle(tx, record)
            runnable = next((action for action in record.actions if record.can_run(action)), None)
            if runnable is None:
                return None
            ready = self._decide_again(tx, record, runnable, actor)
            if ready is not None:
                return ready
            record = known(tx.plan(plan), plan)

    def _decide_again(self, tx: Writing, plan: PlanRecord, record: ActionRecord, actor: Actor) -> Ready | None:
        """Decide *record* under the policy in force now. Where it may not run, move it, and return None."""
        policy, judged = self._in_force.policy, self.decide(tx, plan, record)
        decision = judged.decision
        told: dict[str, Json] = {"decision": told_decision(judged)}
        approval = self._approval(tx, record)
        if decision.effect is DecisionEffect.DENY:
            tx.move(record, Status.DENIED, actor, error=denial(policy, judged), rules=decision.rules, data=told)
            return None
        if decision.effect is DecisionEffect.APPROVE and not (
            approval and votes_serve(Signers.of(tx, policy, approval, tx.now), decision, record, plan, tx.votes(approval.id))
        ):
            waiting = tx.move(record, Status.WAITING, actor, rules=decision.rules, data=told)
            ask(tx, policy, waiting, judged, plan.requester)
            return None
        if tx.behind and (approval or judged.action.window):
            raise ClockError(_BEHIND)
        return Ready(record=record, judged=judged, approval=approval, requester=plan.requester)

    def decide(self, tx: Writing, plan: PlanRecord, record: ActionRecord) -> Judgement:
        """What the policy in force says about *record* now."""
        counting = Counting(reading=tx, policy=self._in_force.policy, now=tx.now, requester=plan.requester, plan=plan.id)
        grounding, size = grounding_of(plan, record.number), plan.size_for(record.number)
        return judge(self._load(record), record.number, record.needs, grounding, size, counting)

    def _approval(self, tx: Writing, record: ActionRecord) -> Approval | None:
        """The approval of *record* that was given."""
        return next((a for a in tx.approvals_of(record.plan, record.number) if a.status is ApprovalStatus.APPROVED), None)

    def _begin(self, tx: Writing, ready: Ready, actor: Actor) -> Started:
        """Record the intent: the decision, the votes that it uses, the attempt."""
        data: dict[str, Json] = {"decision": told_decision(ready.judged)}
        if ready.approval is not None:
            data["approval"] = ready.approval.id
        lease = None if ready.runs_here else self._outside.take(tx)
        sent = refers(ready.judged.action) and _may_be_sent(tx, ready.record)
        executing = tx.move(ready.record, Status.EXECUTING, actor, rules=ready.judged.decision.rules, data=data, lease=lease)
        if ready.approval is not None:
            tx.use_votes(ready.approval, executing.attempt)
        action = opened(tx, executing, ready.judged.action)
        execution = Execution(actor=ready.requester, key=executing.key, now=tx.now, tx=None)
        if lease is None or (action.window is None and executing.attempt == 1):
            return Started(record=executing, action=action, execution=execution, sent=sent)
        tries = tries_of(tx, executing)
        until = None if action.window is None else (tries.first or tx.now) + action.window
        earlier = tuple(fence for fence in tries.fences if fence != lease.fence)
        return Started(record=executing, action=action, execution=execution, until=until, earlier=earlier, sent=sent)

    def _end(self, tx: Writing, started: Started, result: Result, actor: Actor) -> list[ActionRecord]:
        """Record what an execution gave, and skip what needed it where it did not happen.

        Where another process has taken it over meanwhile, what it gave here is evidence, and nothing has ended.
        """
        try:
            if started.asking:
                ended = record_answer(tx, started.action, started.record, result, actor)
            elif result.ending is Ending.IN_DOUBT and started.action.effect in RETRIED:
                ended = put_off(tx, started.action, started.record, result, actor)
            else:
                ended = tx.move(started.record, Status(result.ending.value), actor, result=result.value, error=result.error)
        except LeaseLost:
            tell_late(tx, started.record, result, asked=started.asking)
            return []
        if ended.status in NOT_DONE:
            settle(tx, known(tx.plan(ended.plan), ended.plan))
        return [ended]

    def _load(self, record: ActionRecord) -> Action:
        try:
            return self._registry.load(record.body)
        except ActionInvalid as error:
            raise ActionInvalid([f"{record.plan} action {record.number}: {one}" for one in error.problems]) from error


def _may_be_sent(tx: Writing, record: ActionRecord) -> bool:
    """Whether an earlier attempt at *record* may have reached its receiver."""
    if record.effect not in RETRIED:
        return False
    tries = tries_of(tx, record)
    return tries.attempts > 0 and not tries.absent


class _Undo(Exception):
    """Ends the lending of a transaction whose changes are not kept."""
