"""News for somebody at a terminal: what other processes did to plans, and edits of the policies file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from signoff.audit import ENDED, Choice, PlanRecord, Vote
from signoff.policies import PoliciesInvalid, PolicyChange, Severity, compare_policies, format_diagnostic, load_policy

from .actor import Actor
from .engine import Engine
from .errors import Busy, PolicyPinned
from .output import format_outcomes, format_queue, plain, plain_lines

SHOWN_NEW = 5  # approvals that were asked for elsewhere


class RulesFile:
    """The policies file that the engine decides by: an edit is taken up, a broken one is told and changes nothing."""

    def __init__(self, engine: Engine, path: Path, console: Console) -> None:
        self._engine = engine
        self._path = path
        self._console = console
        self._state = self._look()
        self._told = ""  # about the file that is broken now

    @property
    def broken(self) -> bool:
        """Whether the file cannot be used, so that the rules from before decide."""
        return bool(self._told)

    def is_edited(self) -> bool:
        """Whether the file is another one than when it was taken up last."""
        return self._look() != self._state

    def take_up(self) -> None:
        """Decide by the file as it is now, and tell what changed."""
        before = self._engine.policy
        self._state = self._look()
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
        mended, self._told = self.broken, ""
        after = self._engine.policy
        if mended or after.digest != before.digest:
            change = compare_policies(before.outline(), after.outline())
            self._console.print(Text(f"{after.name} was edited, and decides from now on:", style="bold"))
            self._console.print(plain_lines(_changes(change)))

    def _look(self) -> tuple[int, ...]:
        """What tells two states of the file apart; empty where there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


class OpenPlans:
    """The plans that somebody at this terminal has seen and that have not ended, as they were shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shown: dict[str, _Shown] = {}
        self._queued: set[str] = set()  # approvals that were told of
        self._version = 0  # of the database, at the last look
        self._deadline: datetime | None = None  # the next one to pass

    def note(self, plan: PlanRecord) -> None:
        """Remember *plan* as it was shown, as long as anything in it is open."""
        self._shown.pop(plan.id, None)
        if any(action.status not in ENDED for action in plan.actions):
            self._shown[plan.id] = _Shown(plan=plan, votes=self._votes(plan.id))

    def have_news(self) -> bool:
        """Whether another process has written to the database since the last look, or a deadline has passed."""
        with self._engine.store.read() as tx:
            moved = tx.version() != self._version
        return moved or (self._deadline is not None and self._deadline <= self._engine.store.clock())

    def news(self, actor: Actor) -> Iterator[RenderableType]:
        """What is new since the last look. What others have released goes on, told by *actor*."""
        now = self._engine.store.clock()
        with self._engine.store.read() as tx:
            self._version = tx.version()
            queue = [(approval, action) for approval, action in tx.queue() if approval.expires > now]
        self._deadline = min((approval.expires for approval, _ in queue), default=None)
        for id_ in list(self._shown):
            yield from self._news_of(id_, actor)
        new = [row for row in queue if row[0].id not in self._queued and row[0].plan not in self._shown]
        self._queued = {approval.id for approval, _ in queue}
        for approval, _ in new[:SHOWN_NEW]:
            self.note(self._engine.plan(approval.plan))
        if new:
            yield Text("It waits for sign-off:")
            yield format_queue(new[:SHOWN_NEW], now)
            if len(new) > SHOWN_NEW:
                yield Text(f"and {len(new) - SHOWN_NEW} more")

    def _news_of(self, id_: str, actor: Actor) -> Iterator[RenderableType]:
        shown = self._shown.pop(id_)  # what cannot be read is told once
        plan = self._go_on(id_, actor)
        votes = self._votes(id_)
        self.note(plan)
        moved = [new for new, old in zip(plan.actions, shown.plan.actions, strict=True) if new.status != old.status]
        voted = [vote for vote in votes if vote not in shown.votes]
        if moved or voted:
            yield Text(f"Plan {id_} has moved:", style="bold")
        for vote in voted:
            verb = "signed" if vote.choice is Choice.APPROVE else "rejected"
            yield plain(f"{vote.voter} {verb} {vote.approval}" + (f": {vote.reason}" if vote.reason else ""))
        if moved:
            yield format_outcomes(moved)

    def _go_on(self, id_: str, actor: Actor) -> PlanRecord:
        """The plan *id_*, after what can go on in it went on, unless another process is just executing."""
        plan = self._engine.plan(id_)
        if any(plan.can_run(action) for action in plan.actions):
            try:
                with self._engine.store.executing(timeout=0):
                    pass
                self._engine.resume(actor, plan=id_)
            except Busy:
                self._version = 0  # look again soon
        return self._engine.plan(id_)

    def _votes(self, plan: str) -> tuple[Vote, ...]:
        with self._engine.store.read() as tx:
            votes = [vote for approval in tx.approvals_of(plan) for vote in tx.votes(approval.id)]
        return tuple(replace(vote, used=None) for vote in votes)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """A plan and the votes in it, as they were shown."""

    plan: PlanRecord
    votes: tuple[Vote, ...]


def _changes(change: PolicyChange) -> Iterator[str]:
    """A line for each kind of difference between two policies files."""
    rules = {"new": change.rules_added, "gone": change.rules_removed, "changed": change.rules_changed}
    others = (*change.roles_changed, *change.lists_changed, *change.settings_changed)
    told = [f"{what}: {', '.join(ids)}" for what, ids in {**rules, "also changed": others}.items() if ids]
    yield "; ".join(told) or "nothing in it decides otherwise"
    for looser in change.looser:
        yield f"looser: {looser}"
