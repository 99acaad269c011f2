"""Accepting plans: every action is decided, and all of it is stored in one transaction."""

from collections.abc import Sequence

from signoff.actions import Action, Lookup, Redaction, Registry
from signoff.audit import GivenContext, PlanRecord, Status, Store, Writing, rows_of_action
from signoff.planner import ActionPlan, write_plan

from .actor import Actor
from .canonical import digest
from .counting import Counting, counters_of
from .deciding import Judgement, check_waiting, judge_plan, resolve_plan, told_decision
from .errors import Refused
from .executor import Executor
from .in_force import InForce, check_pinned
from .origin import Origin
from .plans import Verifier, as_record, ask, known, settle
from .refusals import log_refusal, refused
from .reminding import remind
from .secret_fields import Openings, closed_plan, openings_for, openings_of
from .sources import Grounding, grounded_in, grounding_of


class Accepting:
    """Takes plans in."""

    def __init__(self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier, executor: Executor) -> None:
        self._store = store
        self._registry = registry
        self._in_force = in_force
        self._verifier = verifier
        self._executor = executor

    def preview(self, plan: ActionPlan, actor: Actor, origin: Origin) -> tuple[Judgement, ...]:
        """What would be decided about *plan* now. Nothing is stored. Raises PlanInvalid."""
        policy = self._in_force.policy
        with self._store.read() as tx:
            check_pinned(tx, policy)
            with tx.lent() as lent:
                resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
            resolved = closed_plan(resolved, openings_of(plan, resolved), self._registry)
            counting = Counting(reading=tx, policy=policy, now=self._store.clock(), requester=actor)
            return judge_plan(resolved, _grounding(origin), counting)

    def begin(self, tx: Writing, actor: Actor) -> list[str]:
        """What comes before a plan is accepted or goes on; returns the ids of the plans that were recovered."""
        self._in_force.adopt(tx, actor)
        remind(tx, self._in_force.policy, self._verifier)
        return self._executor.recover(tx)

    def accept(self, tx: Writing, plan: ActionPlan, actor: Actor, origin: Origin) -> str | Refused:
        """Store *plan*, and return its id, or what refuses it, which is recorded."""
        self.begin(tx, actor)
        return self._accept(tx, plan, actor, origin)

    def _accept(self, tx: Writing, plan: ActionPlan, actor: Actor, origin: Origin) -> str | Refused:
        """Store *plan* and return its id, or what refuses it, which is recorded."""
        policy = self._in_force.policy
        with tx.lent() as lent:
            resolved = resolve_plan(plan, Lookup(actor=actor, tx=lent))
        openings = openings_of(plan, resolved)
        resolved = closed_plan(resolved, openings, self._registry)
        counting = Counting(reading=tx, policy=policy, now=tx.now, requester=actor)
        judged = judge_plan(resolved, _grounding(origin), counting)
        refusal = refused(lambda: check_waiting(judged, tx.waiting, actor))
        if refusal is not None:
            log_refusal(tx, refusal, actor, "submit")
            return refusal
        origin = origin.without(Redaction(*(opening.value for opening in openings.values())))
        proposed = write_plan(plan)
        id_ = tx.add_plan(
            requester=actor,
            request=origin.request,
            planner=origin.planner,
            proposed=proposed,
            digest=digest(proposed),
            policy=policy.digest,
            context=[GivenContext(source=one.source, trust=one.trust.value, text=one.text) for one in origin.context],
            disputed=origin.disputed,
            planned=origin.planned,
        )
        for judgement in judged:
            self._add(tx, id_, judgement, actor, openings)
        settle(tx, known(tx.plan(id_), id_))
        return id_

    def add(self, tx: Writing, plan: PlanRecord, asked: Sequence[tuple[Action, str]]) -> tuple[int, ...] | Refused:
        """Add actions to a *plan* that grows, each with the id of the call that asks for it, and return their numbers.

        They are resolved, and need nothing of each other: each is decided on its own, and counts for those after it. Where
        all together would leave too much waiting, none is added, and what refuses them is recorded and returned.
        """
        policy, before = self._in_force.policy, len(plan.actions)
        resolved = ActionPlan.of(*(action for action, _ in asked))
        openings = openings_of(resolved)
        resolved = closed_plan(resolved, openings, self._registry)
        counting = Counting(reading=tx, policy=policy, now=tx.now, requester=plan.requester, plan=plan.id, added=before + 1)
        judged = judge_plan(resolved, grounding_of(plan, before + 1), counting, before)
        refusal = refused(lambda: check_waiting(judged, tx.waiting, plan.requester))
        if refusal is not None:
            log_refusal(tx, refusal, plan.requester, "chat", plan.id)
            return refusal
        for judgement, (_, call) in zip(judged, asked, strict=True):
            self._add(tx, plan.id, judgement, plan.requester, openings, call)
        return tuple(one.number for one in judged)

    def _add(self, tx: Writing, plan: str, judged: Judgement, actor: Actor, openings: Openings, call: str | None = None) -> None:
        policy = self._in_force.policy
        record = as_record(policy, plan, judged)
        tx.add_action(record, actor, told_decision(judged), call=call)
        if record.status is not Status.DENIED:
            tx.put_secrets(record, openings_for(judged.action, openings))
        if policy.counters and record.status is not Status.DENIED:
            made = (record.number, record.type, record.body)
            tx.count(rows_of_action(counters_of(policy).values(), plan, actor.id, tx.accepted(plan, record.number), made))
        if record.status is Status.WAITING:
            ask(tx, policy, record, judged, actor)


def _grounding(origin: Origin) -> Grounding:
    """Where the values of the actions of a plan of that *origin* stand."""
    return grounded_in(origin.request, origin.context, disputed=bool(origin.disputed))
