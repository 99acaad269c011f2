"""A call that is given up after some time, and may still end later."""

from collections.abc import Callable
from contextvars import copy_context
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Call(Generic[T]):
    """A call in a thread of its own, which nothing can stop: it ends by itself, or with the process."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._given: list[T] = []
        self._raised: BaseException | None = None
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="signoff action", daemon=True)
        self._thread.start()

    def ended(self, timeout: float = 0) -> bool:
        """Whether it has ended, once that is so or *timeout* seconds have passed. Ctrl-C is heard meanwhile."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def result(self) -> T:
        """What it gave, once it has ended. Raises what it raised."""
        if self._raised is not None:
            raise self._raised
        return self._given[0]

    def _run(self) -> None:
        try:
            self._given.append(self._work())
        except BaseException as error:  # told to whoever waits, as if it had been raised there
            self._raised = error
