"""News for somebody at a terminal: what other processes did to plans, and edits of the policies file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep

from rich.console import Console, RenderableType
from rich.text import Text

from signoff.audit import ENDED, ActionRecord, Choice, PlanRecord, Vote
from signoff.policies import PoliciesInvalid, PolicyChange, Severity, compare_policies, format_diagnostic, load_policy

from .actor import Actor
from .engine import Engine
from .errors import Busy, LogInvalid, PolicyPinned, SignoffError, UsageError
from .output import format_outcomes, format_queue, plain, plain_lines

SHOWN_NEW = 5  # approvals that were asked for elsewhere
FOLLOWED = 50  # plans that are looked after; of more the oldest are left to /queue
SETTLING = 0.1  # seconds in which a file that is being saved must not change
MAX_LOOKS = 10
AGAIN = timedelta(seconds=2)  # after which something is tried again that could not be done


class RulesFile:
    """The policies file that the engine decides by, and the files that it names.

    An edit is taken up, a broken one is told and changes nothing.
    """

    def __init__(self, engine: Engine, path: Path, console: Console) -> None:
        self._engine = engine
        self._path = path
        self._console = console
        self._state = self._look()
        self._told = ""  # about the file that is not used now

    @property
    def unused(self) -> bool:
        """Whether the file is broken, or not what is pinned, so that the rules from before decide."""
        return bool(self._told)

    def is_edited(self) -> bool:
        """Whether one of the files is another one than when it was taken up last."""
        return self._look() != self._state

    def take_up(self) -> None:
        """Decide by the file as it is now, and tell what changed."""
        before = self._engine.policy
        self._state = self._settled()
        try:
            self._engine.take_up(lambda: load_policy(self._path, self._engine.registry))
        except PoliciesInvalid as error:
            if str(error) != self._told:
                self._console.print(
                    Text("\n".join(format_diagnostic(one) for one in error.diagnostics if one.severity is Severity.ERROR))
                )
                self._console.print(Text(f"The rules of {before.name} from before this edit stay in force.", style="bold"))
            self._told = str(error)
            return
        except PolicyPinned as error:
            if str(error) != self._told:
                self._console.print(plain(str(error)))
            self._told = str(error)
            return
        mended, self._told = self.unused, ""
        after = self._engine.policy
        if mended or after.digest != before.digest:
            change = compare_policies(before.outline(), after.outline())
            self._console.print(Text(f"{after.name} was edited, and decides from now on:", style="bold"))
            self._console.print(plain_lines(_changes(change)))

    def _settled(self) -> tuple[tuple[int, ...], ...]:
        """What tells this state of the file apart, once nobody has written to it for a moment: a half-saved file may be valid."""
        found = self._look()
        for _ in range(MAX_LOOKS if found != self._state else 0):
            sleep(SETTLING)
            before, found = found, self._look()
            if found == before:
                break
        return found

    def _look(self) -> tuple[tuple[int, ...], ...]:
        """What tells two states of the files apart."""
        beside = (self._path.parent / name for name in self._engine.policy.files)
        return tuple(_state(path) for path in (self._path, *beside))


class OpenPlans:
    """The plans that somebody at this terminal has seen and that have not ended, as they were shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown: dict[str, _Shown] = {}
        self._queued: set[str] = set()  # approvals that were told of
        self._version = 0  # of the database, at the last look
        self._next: datetime | None = None  # when to look again in any case: the next deadline, or what is tried again

    def note(self, plan: PlanRecord) -> None:
        """Remember *plan* as it was shown, as long as anything in it is open."""
        self._shown.pop(plan.id, None)
        if any(action.status not in ENDED for action in plan.actions):
            self._shown[plan.id] = _Shown(plan=plan, votes=self._votes(plan.id))
            self._queued |= {approval.id for approval in self._engine.approvals_of(plan.id)}
        for oldest in list(self._shown)[:-FOLLOWED]:
            del self._shown[oldest]

    def look_again(self) -> None:
        """Have news, whether or not another process wrote: something of ours was not shown."""
        self._version = 0

    def have_news(self) -> bool:
        """Whether another process has written to the database since the last look, or a deadline has passed."""
        with self._engine.store.read() as tx:
            moved = tx.version() != self._version
        return moved or (self._next is not None and self._next <= self._engine.store.clock())

    def news(self, actor: Actor) -> Iterator[RenderableType | SignoffError]:
        """What is new since the last look, and what went wrong. What others have released goes on, told by *actor*."""
        now = self._engine.store.clock()
        with self._engine.store.read() as tx:
            self._version = tx.version()
            queue = [(approval, action) for approval, action in tx.queue() if approval.expires > now]
        self._next = min((approval.expires for approval, _ in queue), default=None)
        for id_ in list(self._shown):
            try:
                yield from self._news_of(id_, actor)
            except (LogInvalid, UsageError) as error:
                del self._shown[id_]  # nothing of it can be shown any more
                yield error
            except SignoffError as error:
                self._next = now + AGAIN
                yield error
        new = [row for row in queue if row[0].id not in self._queued]
        self._queued = {approval.id for approval, _ in queue}
        if new:
            yield Text("It waits for sign-off:")
            yield format_queue(new[:SHOWN_NEW], now)
        if len(new) > SHOWN_NEW:
            yield Text(f"and {len(new) - SHOWN_NEW} more: /queue")
        for id_ in {approval.plan for approval, _ in new[:SHOWN_NEW]} - self._shown.keys():
            self.note(self._engine.plan(id_))

    def _news_of(self, id_: str, actor: Actor) -> Iterator[RenderableType]:
        shown, votes, plan = self._shown[id_], self._votes(id_), self._engine.plan(id_)
        voted = [vote for vote in votes if vote not in shown.votes]
        moved = _moved(plan, shown.plan)
        if voted or moved:
            yield Text(f"Plan {id_} has moved:", style="bold")
        for vote in voted:
            verb = "signed" if vote.choice is Choice.APPROVE else "rejected"
            yield plain(f"{vote.voter} {verb} {vote.approval}" + (f": {vote.reason}" if vote.reason else ""))
        self._shown[id_] = replace(shown, votes=votes)
        plan = self._go_on(plan, actor)
        moved = _moved(plan, shown.plan)
        if moved:
            yield format_outcomes(moved)
        self._shown[id_] = _Shown(plan=plan, votes=votes)
        if all(action.status in ENDED for action in plan.actions):
            del self._shown[id_]

    def _go_on(self, plan: PlanRecord, actor: Actor) -> PlanRecord:
        """*plan* after what can go on in it went on, unless another process writes for too long: then later."""
        if not any(plan.can_run(action) for action in plan.actions):
            return plan
        try:
            (plan,) = self._engine.resume(actor, plan=plan.id)
        except Busy:
            self._next = self._engine.store.clock() + AGAIN
        return plan

    def _votes(self, plan: str) -> tuple[Vote, ...]:
        with self._engine.store.read() as tx:
            votes = [vote for approval in tx.approvals_of(plan) for vote in tx.votes(approval.id)]
        return tuple(replace(vote, used=None) for vote in votes)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A plan and the votes in it, as they were shown."""

    plan: PlanRecord
    votes: tuple[Vote, ...]


def _moved(plan: PlanRecord, shown: PlanRecord) -> list[ActionRecord]:
    """The actions of *plan* that stand otherwise than they were *shown*, and those that were added since."""
    stood = {action.number: action.status for action in shown.actions}
    return [action for action in plan.actions if action.status != stood.get(action.number)]


def _state(path: Path) -> tuple[int, ...]:
    """What tells two states of a file apart; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _changes(change: PolicyChange) -> Iterator[str]:
    """A line for each kind of difference between two policies files."""
    rules = {"new": change.rules_added, "gone": change.rules_removed, "changed": change.rules_changed}
    others = (*change.roles_changed, *change.lists_changed, *change.tables_changed, *change.settings_changed)
    told = [f"{what}: {', '.join(ids)}" for what, ids in {**rules, "also changed": others}.items() if ids]
    yield "; ".join(told) or "nothing in it decides otherwise"
    for looser in change.looser:
        yield f"looser: {looser}"
