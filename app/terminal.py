"""A terminal on which lines are typed, with editing, history and completion, until there is news."""

import asyncio
from collections.abc import Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session, get_app
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.utils import is_dumb_terminal

INTERVAL = 0.25  # seconds between two looks for news


class Terminal:
    """Reads lines from the terminal of this process."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        """*words* gives the lines that the tab key completes to."""
        self._output = create_output()
        if isinstance(self._output, Vt100_Output):
            self._output.enable_cpr = False  # never asked where its cursor is: not every terminal answers
        with create_app_session(output=self._output):
            self._session: PromptSession[str | None] = PromptSession(
                output=None if is_dumb_terminal() else self._output,  # that one gets a prompt without editing
                completer=WordCompleter(lambda: list(words()), sentence=True),
                complete_while_typing=False,
                complete_style=CompleteStyle.READLINE_LIKE,
                reserve_space_for_menu=0,
            )

    def read(self, prompt: Callable[[], str], has_news: Callable[[], bool], tell_news: Callable[[], None]) -> str:
        """The next line that is typed. Where *has_news* says so meanwhile, the line is taken away, *tell_news* called,
        and the line put back.

        Raises EOFError at the end of input, KeyboardInterrupt for Ctrl-C, and whatever these two raise.
        """
        with create_app_session(output=self._output):
            while (line := self._read(prompt(), has_news)) is None:
                tell_news()
        return line

    def _read(self, prompt: str, has_news: Callable[[], bool]) -> str | None:
        """A line; None where there is news, and the line so far is kept for the next call."""
        app = self._session.app
        app.erase_when_done = False
        kept, self._kept = self._kept, ""

        async def watch() -> None:
            try:
                while not has_news():
                    await asyncio.sleep(INTERVAL)
            except Exception as error:
                app.exit(exception=error)
                return
            self._kept = app.current_buffer.text
            app.erase_when_done = True
            app.exit(result=None)

        def start() -> None:
            get_app().create_background_task(watch())

        # Ctrl-C is a key here; a signal that comes while a line begins or ends is Python's own to handle.
        return self._session.prompt(prompt, default=kept, pre_run=start, handle_sigint=False)

    _kept = ""  # what was typed when there was news
