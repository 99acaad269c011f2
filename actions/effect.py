"""Effect: what an action changes; and what an action must declare of itself because of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

MAX_TIMEOUT = 3_600.0  # seconds
MAX_ATTEMPTS = 100
MAX_DELAY = 86_400.0  # seconds


class Effect(StrEnum):
    """What an action changes, and so what a crash, an exception or a timeout in it means."""

    READ = "read"  # nothing: run again after a crash; an error is `failed`
    LOCAL = "local"  # this database only, in one transaction with its result: exactly once; an error is rolled back
    IDEMPOTENT = "idempotent"  # a receiver that removes duplicates by our key, inside a window: sent again, then `in_doubt`
    PROBE = "probe"  # a receiver that can be asked whether it happened: asked; no answer is `in_doubt`
    OPAQUE = "opaque"  # none of these: a crash or an error is `in_doubt`, and a person resolves it


INSIDE = frozenset({Effect.READ, Effect.LOCAL})  # run in a transaction of this database
RETRIED = frozenset({Effect.IDEMPOTENT, Effect.PROBE})  # tried again where nobody knows what an attempt came to


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often an IDEMPOTENT or PROBE action is tried, and how long is waited in between."""

    attempts: int = 4  # the first one included; as often a receiver is asked about one attempt
    delay: float = 0.5  # seconds before the second attempt; doubled before each further one
    longest: float = 60.0  # seconds, at most

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not 1 <= self.attempts <= MAX_ATTEMPTS:
            raise ValueError(f"attempts are {self.attempts}; write a number from 1 to {MAX_ATTEMPTS}")
        for delay in (self.delay, self.longest):
            if not 0 <= delay <= MAX_DELAY:
                raise ValueError(f"a delay is {delay}; write seconds from 0 to {MAX_DELAY:,.0f}")

    def after(self, failures: int) -> timedelta:
        """How long is waited once so many attempts have failed."""
        return timedelta(seconds=min(self.delay * 2 ** (failures - 1), self.longest))


class Declared(Protocol):
    """What an action class says of itself."""

    effect: Effect
    window: timedelta | None
    timeout: float | None
    retry: Retry


def declaration_problem(declared: Declared, *, has_probe: bool) -> str | None:
    """What is wrong with what an action class declares, or None."""
    effect, window, timeout = declared.effect, declared.window, declared.timeout
    name = effect.name
    if effect is Effect.IDEMPOTENT and window is None:
        return "the effect IDEMPOTENT needs `window`, a timedelta: for how long the receiver removes duplicates by our key"
    if effect is not Effect.IDEMPOTENT and window is not None:
        return f"`window` is for the effect IDEMPOTENT, not for {name}; leave it out"
    if window is not None and not (isinstance(window, timedelta) and window > timedelta()):
        return f"`window` is {window!r}; write a timedelta of more than nothing"
    if effect is Effect.PROBE and not has_probe:
        return "the effect PROBE needs a method `probe`, which asks the receiver whether it happened"
    if effect is not Effect.PROBE and has_probe:
        return f"`probe` is for the effect PROBE, not for {name}; leave it out"
    if not isinstance(declared.retry, Retry) or (effect not in RETRIED and declared.retry != Retry()):
        return f"`retry` is a Retry, and for the effects IDEMPOTENT and PROBE; {name} is never tried again"
    if timeout is None:
        return None
    if effect in INSIDE:
        return f"`timeout` is for effects outside the database; {name} holds its transaction and must not wait on anything"
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= MAX_TIMEOUT:
        return f"`timeout` is {timeout!r}; write seconds, up to {MAX_TIMEOUT:,.0f}"
    return None
