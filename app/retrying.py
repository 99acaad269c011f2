"""What is done where nobody knows what an attempt at an IDEMPOTENT or PROBE action came to.

All that this goes by stands in the log: when the action was first started, how often since, what its receiver said,
and when it goes on. A person who resolves it ends that, and it begins anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from signoff.actions import Action, Effect, Ending, Result
from signoff.audit import ActionRecord, Approval, PlanRecord, Reading, Status, Writing, read_time, write_time
from signoff.policies import Decision, DecisionEffect

from .actor import Actor

PATIENCE = 5.0  # seconds that one verb waits, in all, for what is tried again; the rest is left to `resume`
MOMENT = 0.05  # seconds between two looks at what another process executes


@dataclass(frozen=True, kw_only=True)
class Tries:
    """What the log tells of the attempts at one action, since it was accepted or a person last resolved it."""

    first: datetime | None  # when it was first started: a receiver's window counts from then
    attempts: int  # how often it was started
    asks: int  # how often its receiver was asked about the newest attempt
    due: datetime | None  # when it goes on; None: an attempt runs, or a question, or it was cut off
    fences: tuple[int, ...]  # of all attempts that were ever made
    absent: bool  # whether the receiver said that it did not happen, so that it is tried again without asking


def tries_of(tx: Reading, record: ActionRecord) -> Tries:
    """What the log, which was verified before, tells of the attempts at *record*."""
    return _tries_at(tx, record.plan, record.number)


def due_of(tx: Reading, plan: str, number: int) -> datetime | None:
    """When the action of *plan*, which was put off, goes on. Raises LogInvalid where the log cannot be read."""
    return _tries_at(tx, plan, number).due


def _tries_at(tx: Reading, plan: str, number: int) -> Tries:
    first, due = None, None
    attempts = asks = 0
    absent = False
    fences: list[int] = []
    for entry in tx.entries(plan):
        if entry.action != number:
            continue
        match entry.event:
            case "ready":
                first, attempts = None, 0
            case "executing":
                first, attempts, asks, due, absent = first or entry.at, attempts + 1, 0, None, False
                fences += [entry.number]  # its lease has that fence
            case "asking":
                due = None
            case "retry" | "probed":
                asks += entry.event == "probed"
                due, absent = read_time(str(entry.data["due"])), entry.data.get("happened") is False
    return Tries(first=first, attempts=attempts, asks=asks, due=due, fences=tuple(fences), absent=absent)


def next_due(tx: Reading, plan: PlanRecord) -> tuple[ActionRecord, Tries, datetime] | None:
    """The action of *plan* that was put off and goes on first, with when that is."""
    executing = (action for action in plan.actions if action.status is Status.EXECUTING)
    put_off = [(one, tries, tries.due) for one in executing if (tries := tries_of(tx, one)).due is not None]
    return min(((one, tries, due) for one, tries, due in put_off if due), key=lambda found: found[2], default=None)


def obstacle(action: Action, record: ActionRecord, tries: Tries, now: datetime) -> str | None:
    """Why *record* is not tried again, whatever the rules say. None where nothing speaks against it."""
    if action.effect.value != record.effect:
        return f"its effect was {record.effect} when it was accepted, and is {action.effect.value} now"
    if tries.attempts >= action.retry.attempts:
        return f"it was tried {tries.attempts} times"
    if action.window is not None and tries.first is not None and now >= tries.first + action.window:
        return f"its receiver removes duplicates for {action.window} from the first attempt, which are over"
    return None


def change(decision: Decision, approval: Approval | None, now: datetime) -> str | None:
    """Why what was decided when an action was first started does not hold for another attempt; None where it does."""
    if decision.effect is DecisionEffect.DENY:
        return "the rules in force now deny it"
    if decision.effect is DecisionEffect.APPROVE and (approval is None or approval.asks != decision.asks):
        return "the rules in force now ask for other signatures"
    if approval is not None and approval.expires <= now:
        return "the time of its approval is over"
    return None


def put_off(tx: Writing, action: Action, executing: ActionRecord, result: Result, actor: Actor) -> ActionRecord:
    """Record an attempt of which nobody knows what it came to: it is tried again, or its receiver asked, or it is in doubt."""
    tries = tries_of(tx, executing)
    if action.effect is Effect.PROBE:
        return tx.put_off(executing, "retry", actor, error=result.error, data=_due(tx.now + action.retry.after(1)))
    due = tx.now + action.retry.after(tries.attempts)
    problem = obstacle(action, executing, tries, due)
    if problem is not None:
        return tx.move(executing, Status.IN_DOUBT, actor, error=f"{result.error}; not sent again: {problem}")
    return tx.put_off(executing, "retry", actor, error=result.error, data=_due(due))


def record_answer(tx: Writing, action: Action, executing: ActionRecord, answer: Result, actor: Actor) -> ActionRecord:
    """Record what the receiver of a PROBE action said, and what follows: an end, another attempt, or another question."""
    tries = tries_of(tx, executing)
    happened = {Ending.DONE: True, Ending.FAILED: False, Ending.IN_DOUBT: None}[answer.ending]
    left = tries.asks + 1 if happened is None else tries.attempts
    if happened or left >= action.retry.attempts:
        return tx.move(executing, Status(answer.ending.value), actor, error=answer.error, data={"happened": happened})
    due = tx.now if happened is False else tx.now + action.retry.after(tries.asks + 1)
    return tx.put_off(executing, "probed", actor, error=answer.error, data=_due(due) | {"happened": happened})


@dataclass(kw_only=True)
class Patience:
    """How long one verb still waits for what was put off."""

    sleep: Callable[[float], None]
    left: float = PATIENCE  # seconds
    for_others: bool = True  # whether it waits for what another process executes, too
    stopped: Callable[[], bool] = lambda: False  # whether nothing is to be started any more

    def wait(self, seconds: float) -> bool:
        """Wait so long, and return whether there was patience for it."""
        if seconds > self.left or self.stopped():
            return False
        if seconds > 0:
            self.left -= seconds
            self.sleep(seconds)
        return True

    def wait_for_others(self) -> bool:
        """Wait a moment for what another process executes, and return whether there was patience for it."""
        return self.for_others and self.wait(MOMENT)


def _due(at: datetime) -> dict[str, str]:
    return {"due": write_time(at)}
