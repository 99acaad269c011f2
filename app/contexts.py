"""Contexts from files: what a planner is given beside the request, and what the demo gives to every request."""

from collections.abc import Iterator
from pathlib import Path

from signoff.planner import MAX_CONTEXT, Context, Trust, check_context

from .errors import UsageError

_BYTES = 4  # of one character, at most


class Contexts:
    """What is given beside each request, by source, in the order in which it was named."""

    def __init__(self) -> None:
        self._by_source: dict[str, Context] = {}

    def __iter__(self) -> Iterator[Context]:
        return iter(self._by_source.values())

    def lines(self) -> list[str]:
        """What is given, in words."""
        given = [f"{one.source}: {one.trust}, {len(one.text):,} characters" for one in self]
        return given or ["Planners read nothing beside the request."]

    def add(self, one: Context) -> None:
        """Give *one* from now on, in the place of an earlier one of that source. Raises PlanInvalid where it cannot be given."""
        changed = self._by_source | {one.source: one}
        check_context(list(changed.values()))
        self._by_source = changed

    def drop(self, source: str) -> None:
        """Give what comes from *source* no more. Raises UsageError where nothing does."""
        if self._by_source.pop(source, None) is None:
            have = ", ".join(self._by_source) or "none"
            raise UsageError(f'there is no context "{source[:64]}"; there is {have}')


def read_context(text: str, trust: Trust) -> Context:
    """The context that *text* names as SOURCE=FILE, read from that file. Raises UsageError where there is none."""
    source, equals, name = text.partition("=")
    if not (source and equals and name):
        raise UsageError(f'"{text[:60]}" names no context; write SOURCE=FILE, such as invoice=bill.txt')
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_CONTEXT * _BYTES + 1)
        return Context(source=source, text=data.decode("utf-8-sig"), trust=trust)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UsageError(f'"{name[:200]}" cannot be read ({reason}); name a file that holds text') from error
    except UnicodeDecodeError as error:
        told = f'"{name[:200]}" is no UTF-8 text, or longer than {MAX_CONTEXT:,} characters; save it as UTF-8, or shorten it'
        raise UsageError(told) from error
