"""What somebody at a terminal sees of plans: how they run, what came of them, and the cards of what waits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shlex import join

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from signoff.actions import show_text
from signoff.audit import ENDED, ActionRecord, PlanRecord, Status

from . import output
from .actor import Actor
from .drawing import format_card
from .engine import Engine
from .errors import SignoffError
from .news import OpenPlans

SHOWN_CARDS = 3  # of one plan


class Stage:
    """Shows plans on a console, and remembers which are open."""

    def __init__(self, console: Console, engine: Engine, named: Sequence[str]) -> None:
        """*named* are the options with which another command uses the same files."""
        self._console = console
        self._engine = engine
        self._named = named
        self.open_plans = OpenPlans(engine)
        self.last: str | None = None  # the plan that was shown last

    def show_cards(self, plan: PlanRecord) -> None:
        """Show the cards of what waits in *plan*, and how to sign."""
        waiting = self._engine.approvals_of(plan.id)
        for approval in waiting[:SHOWN_CARDS]:
            card = self._engine.card(approval.id)
            self._console.print(Text("─" * min(self._console.width, 80), style="dim"))
            self._console.print(format_card(card))
            signers = [person for people in card.people.values() for person in people]
            who = signers[0] if signers else "WHO"
            self.say(f"It waits. Sign it here: /as {who}, then /approve {approval.id}; or in a second terminal:")
            command = join(("signoff", "approve", approval.id, "--as", who, *self._named))
            self._console.print(Text("  " + show_text(command)), soft_wrap=True)  # in one piece, to be copied
        if len(waiting) > SHOWN_CARDS:
            self.say(f"and {len(waiting) - SHOWN_CARDS} more wait: /queue")

    @contextmanager
    def running(self, total: int) -> Iterator[None]:
        """Show how far the *total* actions are that run inside."""
        if not total:
            yield
            return
        columns = (TextColumn("Running"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*columns, console=self._console, auto_refresh=False) as progress:
            task = progress.add_task("", total=total)

            def show(record: ActionRecord) -> None:
                progress.update(task, description=show_text(record.title), advance=record.status in ENDED, refresh=True)

            with self._engine.watched(show):
                yield

    def _resume(self, actor: Actor, plan: str | None) -> tuple[PlanRecord, ...]:
        """Go on with *plan*, or with all."""
        ids = [plan] if plan else self.resumable()
        records = [self._engine.plan(id_) for id_ in ids]
        with self.running(sum(action.status in (Status.READY, Status.APPROVED) for one in records for action in one.actions)):
            return self._engine.resume(actor, plan=plan)

    def resumable(self) -> list[str]:
        """The ids of the plans in which something can go on."""
        with self._engine.store.read() as tx:
            return tx.plans_to_resume(self._engine.store.clock())

    def go_on(self, actor: Actor, plan: str | None = None) -> None:
        """Go on with *plan*, or with all, and show what came of it."""
        records = self._resume(actor, plan)
        for record in records:
            self.show_outcome(record)
            self.show_cards(record)
        if not records:
            self.say("Nothing can go on.")

    def show_outcome(self, plan: PlanRecord) -> None:
        """Show what came of *plan* so far."""
        self.last = plan.id
        self.open_plans.note(plan)
        self._console.print(output.format_outcomes(plan.actions))

    def tell_error(self, error: SignoffError) -> None:
        """Tell what went wrong, a line for each problem."""
        for problem in output.problems_of_error(error):
            self._console.print(Text(show_text(problem), style="red"))

    def say(self, text: str) -> None:
        """Say something of our own."""
        self._console.print(Text(show_text(text), style="italic"))
