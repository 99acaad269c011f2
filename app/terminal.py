"""A terminal on which lines are typed, with editing, history and completion, while news is told above them."""

import asyncio
from collections.abc import Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.utils import is_dumb_terminal

INTERVAL = 0.25  # seconds between two looks for news


class Terminal:
    """Reads lines from the terminal of this process."""

    def __init__(self, words: Callable[[], Iterable[str]]) -> None:
        """*words* gives the lines that the tab key completes to."""
        self._session: PromptSession[str] = PromptSession(
            output=_output(),
            completer=WordCompleter(lambda: list(words()), sentence=True),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
        )

    def read(self, prompt: str, has_news: Callable[[], bool], tell_news: Callable[[], None]) -> str:
        """The next line that is typed. Meanwhile *tell_news* is called, above the line, whenever *has_news* says so.

        Raises EOFError at the end of input, KeyboardInterrupt for Ctrl-C, and whatever these two raise.
        """

        async def watch() -> None:
            try:
                while True:
                    await asyncio.sleep(INTERVAL)
                    if has_news():
                        await run_in_terminal(tell_news)
            except Exception as error:
                get_app().exit(exception=error)

        def start() -> None:
            get_app().create_background_task(watch())

        return self._session.prompt(prompt, pre_run=start)


def _output() -> Output | None:
    """The terminal, never asked where its cursor is: not every one answers. None for one that knows no cursor at all."""
    if is_dumb_terminal():
        return None
    output = create_output()
    if isinstance(output, Vt100_Output):
        output.enable_cpr = False
    return output
