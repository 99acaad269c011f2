"""`signoff chat` at a terminal: lines are typed, and a conversation that waits goes on once others have decided."""

from collections.abc import Callable

from rich.console import Console

from signoff.actions import show_text
from signoff.audit import PlanRecord

from . import output
from .chat import Chat, Next, Standing, next_move, standing_of
from .chat_command import END, LEAVE
from .chat_output import Screen
from .engine import Engine
from .errors import Busy, SignoffError, UsageError
from .news import RulesFile
from .settings import Settings
from .terminal import Terminal


class ChatTerminal:
    """One conversation at a terminal."""

    def __init__(self, console: Console, talk: Chat, screen: Screen, engine: Engine, settings: Settings) -> None:
        self._console = console
        self._talk = talk
        self._screen = screen
        self._engine = engine
        self._rules = RulesFile(engine, settings.policies, console)
        self._prompt = f"{show_text(settings.requester.id)}> "
        self._version = 0  # of the database, when it was last looked at
        talk.refresh = self._rules.take_up

    def talk(self) -> PlanRecord | None:
        """Read lines and say them, until somebody leaves or the conversation ends, and return it as it stands then."""
        terminal = Terminal(lambda: [LEAVE[0], END])
        self._say(f"{self._talk.label}. {LEAVE[0]} or Ctrl-D leaves, {END} ends the conversation for good.")
        if self._talk.plan is not None:
            self._catch_up()
            self._try(self._go_on)
        while not self._has_ended():
            try:
                line = terminal.read(lambda: self._prompt, self._has_news, lambda: self._try(self._go_on)).strip()
            except KeyboardInterrupt:
                self._say(f"{LEAVE[0]} or Ctrl-D leaves")
                continue
            except EOFError:
                break
            if line in LEAVE:
                break
            self._try(lambda line=line: self._hear(line))  # type: ignore[misc]  # bound now, not when it is called
        return None if self._talk.plan is None else self._talk.record()

    def _hear(self, line: str) -> None:
        if line == END:
            if self._talk.plan is None:
                raise UsageError(f"nothing was said yet; {LEAVE[0]} leaves")
            self._talk.end(f"{self._talk.record().requester.id} ended it")
        elif line.startswith("/"):  # meant for us, so no model is told
            raise UsageError(
                f'there is no command "{line.split()[0][:40]}"; {LEAVE[0]} leaves, {END} ends the conversation for good'
            )
        elif line:
            try:
                self._talk.say(line)
            except Busy:
                self._catch_up()
                raise
        elif self._talk.plan is not None:
            self._catch_up()
            self._talk.go_on()

    def _catch_up(self) -> None:
        """Show what was said in other processes since we looked."""
        after = self._talk.seen or 0
        self._screen.show_past(self._talk.look(), after)

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except SignoffError as error:
            self._screen.break_off()
            for problem in output.problems_of_error(error):
                self._console.print(output.plain(problem), style="red")
        except KeyboardInterrupt:
            self._screen.break_off()
            self._say("Interrupted. What was said is stored; an empty line goes on with it.")

    def _go_on(self) -> None:
        """Go on where others have decided what we waited for, or left something to do."""
        with self._engine.store.read() as tx:
            self._version = tx.version()
        if next_move(self._talk.record()) is Next.ACTIONS:
            self._talk.go_on()

    def _has_news(self) -> bool:
        if self._talk.plan is None:
            return False
        with self._engine.store.read() as tx:
            moved = tx.version() != self._version
        return moved and next_move(self._talk.record()) is Next.ACTIONS

    def _has_ended(self) -> bool:
        return self._talk.plan is not None and standing_of(self._talk.record()) is Standing.ENDED

    def _say(self, text: str) -> None:
        self._console.print(output.plain(text), style="italic")


def talk_at_terminal(talk: Chat, screen: Screen, engine: Engine, settings: Settings) -> PlanRecord | None:
    """Talk with somebody at this terminal."""
    return ChatTerminal(output.console(), talk, screen, engine, settings).talk()
