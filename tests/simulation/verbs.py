"""What people and workers do in a simulated world, each drawn by its seed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from signoff import Actor
from signoff.audit import ENDED, ActionRecord, Approval, PlanRecord, Status
from signoff.canonical import Json, canonical
from signoff.errors import Busy, Refused, UsageError
from signoff.planner import read_plan
from signoff.recovery import check_ended

from .bank import PEOPLE, REGISTRY, REQUESTERS
from .process import ROBOT, Process

if TYPE_CHECKING:
    from .simulation import Simulation

_T = TypeVar("_T")
Verb: TypeAlias = "Callable[[Simulation, Process], None]"
AMOUNTS = (20, 90, 150, 150, 400)
TYPES = ("note", "look", "pay", "pay", "book", "book", "shout")


def submit(simulation: "Simulation", process: Process) -> None:
    """Somebody asks for a plan."""
    random = simulation.random
    actions: list[Json] = []
    for number in range(1, random.randint(1, 4) + 1):
        needs = [need for need in range(1, number) if simulation.chance(0.3)]
        wire: dict[str, Json] = {"type": random.choice(TYPES), "needs": needs}
        wire |= {} if wire["type"] == "look" else {"cents": random.choice(AMOUNTS)}
        wire |= {"how": random.choice(["well", "well", "refuses"])} if wire["type"] == "note" else {}
        actions.append(wire)
    _prepare(simulation, process)
    plan = read_plan(canonical({"actions": actions}), REGISTRY)
    actor = Actor(id=random.choice(REQUESTERS))
    _acknowledge(simulation, process.engine.submit(plan, actor, run=simulation.chance(0.7)))


def approve(simulation: "Simulation", process: Process) -> None:
    """Somebody signs something."""
    _prepare(simulation, process)
    approval = _one(simulation, _approvals(process))
    if approval is not None:
        who = simulation.random.choice(PEOPLE)
        process.engine.approve(approval.id, Actor(id=who), digest=approval.digest)
        simulation.acknowledged.append(("vote", approval.id, who))


def sign_together(simulation: "Simulation", process: Process) -> None:
    """Everybody signs something, as far as they may."""
    _prepare(simulation, process)
    approval = _one(simulation, _approvals(process))
    if approval is None:
        return
    for who in PEOPLE:
        try:
            process.engine.approve(approval.id, Actor(id=who), digest=approval.digest)
        except Refused:
            continue
        simulation.acknowledged.append(("vote", approval.id, who))


def approve_all(simulation: "Simulation", process: Process) -> None:
    """Somebody signs several together."""
    _prepare(simulation, process)
    waiting = _approvals(process)
    ids = [one.id for one in simulation.random.sample(waiting, min(len(waiting), 3))]
    if ids:
        who, digest = simulation.random.choice(PEOPLE), process.engine.batch(ids).digest
        process.engine.approve_all(ids, Actor(id=who), digest=digest)
        simulation.acknowledged += [("vote", id_, who) for id_ in ids]


def reject(simulation: "Simulation", process: Process) -> None:
    """Somebody rejects something."""
    _prepare(simulation, process)
    approval = _one(simulation, _approvals(process))
    if approval is not None:
        who = simulation.random.choice(PEOPLE)
        process.engine.reject(approval.id, Actor(id=who), reason="no")
        simulation.acknowledged.append(("vote", approval.id, who))


def edit(simulation: "Simulation", process: Process) -> None:
    """Somebody changes what waits."""
    _prepare(simulation, process)
    approval = _one(simulation, _approvals(process))
    if approval is not None:
        cents = simulation.random.choice([90, 130, 150, 350])
        try:
            plan = process.engine.edit(
                approval.id, Actor(id=simulation.random.choice(PEOPLE)), {"cents": cents}, reason="better so"
            )
        except UsageError as error:  # it is so already
            simulation.tell(f"  {error}")
            if type(error) is not UsageError:
                raise
        else:
            _acknowledge(simulation, plan)


def cancel(simulation: "Simulation", process: Process) -> None:
    """Somebody cancels a plan."""
    _prepare(simulation, process)
    plan = _one(simulation, _plans(process))
    if plan is not None:
        _acknowledge(simulation, process.engine.cancel(plan, Actor(id=simulation.random.choice(PEOPLE))))


def resume(simulation: "Simulation", process: Process) -> None:
    """Somebody lets one plan go on, or all."""
    _prepare(simulation, process)
    plan = _one(simulation, _plans(process)) if simulation.chance(0.5) else None
    for record in process.engine.resume(ROBOT, plan):
        _acknowledge(simulation, record)


def resolve(simulation: "Simulation", process: Process) -> None:
    """Somebody looks at the receiver, and says the truth about something in doubt.

    Who looks while an attempt still runs knows nothing of how that ends: they look again later.
    """
    _prepare(simulation, process)
    with process.engine.store.read() as tx:
        action = _one(simulation, tx.in_doubt())
    if action is None:
        return
    process.pause()
    happened = simulation.receiver.says(action.key)
    if happened is not None and (happened or not _still_runs(process, action)):
        who = Actor(id=simulation.random.choice(PEOPLE))
        simulation.tell(f"  {action.key[:6]} {'was' if happened else 'was not'} done")
        _acknowledge(simulation, process.engine.resolve(action.plan, action.number, who, done=happened, reason="seen"))


def _still_runs(process: Process, action: ActionRecord) -> bool:
    with process.engine.store.read() as tx:
        try:
            check_ended(tx, process.engine.store.leases, action)
        except Busy:
            return True
    return False


def work(simulation: "Simulation", process: Process) -> None:
    """A worker goes on with what can go on."""
    process.work()


def delegate(simulation: "Simulation", process: Process) -> None:
    """Somebody hands their seats to somebody else."""
    _prepare(simulation, process)
    who, to = simulation.random.sample(PEOPLE, 2)
    process.engine.delegate(Actor(id=who), to=to, until=simulation.now + timedelta(hours=30))


def _prepare(simulation: "Simulation", process: Process) -> None:
    """Read the rules again, as a new command does; who does not decides by what it read before."""
    if simulation.chance(0.7):
        process.take_up()


def _approvals(process: Process) -> list[Approval]:
    with process.engine.store.read() as tx:
        return [approval for approval, _ in tx.queue()]


def _plans(process: Process) -> list[str]:
    with process.engine.store.read() as tx:
        return tx.plans()


def _one(simulation: "Simulation", found: Sequence[_T]) -> _T | None:
    """One of the newest of what was *found*."""
    return simulation.random.choice(found[-6:]) if found else None


def _acknowledge(simulation: "Simulation", plan: PlanRecord) -> None:
    """Remember what was told of *plan*: it must stay so.

    But a deadline that has passed by one's own clock is only shown, until somebody writes.
    """
    simulation.acknowledged.append(("plan", plan.id, str(len(plan.actions))))
    ended = (action for action in plan.actions if action.status in ENDED - {Status.EXPIRED})
    simulation.acknowledged += [("ended", plan.id, str(one.number), one.status.value) for one in ended]


VERBS: tuple[tuple[int, str, Verb], ...] = (
    (24, "submits", submit),
    (8, "approves", approve),
    (14, "signs together", sign_together),
    (5, "approves all", approve_all),
    (3, "rejects", reject),
    (7, "edits", edit),
    (2, "cancels", cancel),
    (14, "resumes", resume),
    (9, "resolves", resolve),
    (18, "works", work),
    (3, "delegates", delegate),
)
