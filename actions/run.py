"""Running one action safely: whatever its code does, the answer is a Result."""

from dataclasses import dataclass
from enum import StrEnum

from signoff.canonical import Json, canonical
from signoff.errors import NotDone

from .effect import INSIDE
from .model import Action, Execution
from .redacting import Redaction

MAX_RESULT = 65_536  # bytes of canonical JSON
MAX_ERROR = 1_000  # characters


class Ending(StrEnum):
    """How an execution ended."""

    DONE = "done"
    FAILED = "failed"  # nothing happened, or it was rolled back
    IN_DOUBT = "in_doubt"  # it may have happened


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an action's execution gave."""

    ending: Ending
    value: Json = None
    error: str | None = None


def run_action(action: Action, execution: Execution) -> Result:
    """Run *action* once. An error is `failed` where nothing can have happened outside the database, else `in_doubt`.

    A process that is told to stop (KeyboardInterrupt, SystemExit) stops: what was started is recovered as after a crash.
    The action's own secrets are taken out of what it gives.
    """
    inside, hidden = action.effect in INSIDE, Redaction.of(action)
    try:
        value = action.run(execution)
    except NotDone as error:
        return Result(ending=Ending.FAILED, error=_told(error, hidden))
    except Exception as error:
        ending = Ending.FAILED if inside else Ending.IN_DOUBT
        return Result(ending=ending, error=f"{type(error).__name__}: {_told(error, hidden)}")
    problem = _problem_of(value, hidden)
    if problem is None:
        return Result(ending=Ending.DONE, value=hidden.json(value))
    if inside:
        return Result(ending=Ending.FAILED, error=problem)
    return Result(ending=Ending.DONE, error=problem)


def ask_action(action: Action, execution: Execution) -> Result:
    """Ask the receiver of a PROBE *action* whether it happened: done, failed, or, where there is no answer, in doubt."""
    try:
        happened = action.probe(execution)
    except Exception as error:
        told = _told(error, Redaction.of(action))
        return Result(ending=Ending.IN_DOUBT, error=f"the receiver did not say: {type(error).__name__}: {told}")
    if happened is True:
        return Result(ending=Ending.DONE, error="the receiver says that it happened")
    if happened is False:
        return Result(ending=Ending.FAILED, error="the receiver says that it did not happen")
    return Result(ending=Ending.IN_DOUBT, error="the receiver did not say whether it happened")


def _told(error: Exception, hidden: Redaction) -> str:
    """What an action's error says, as text that can be stored, whatever its code does when asked."""
    try:
        text = str(error)
    except Exception:
        text = "it does not say what"
    return hidden.text(text)[:MAX_ERROR].encode(errors="backslashreplace").decode()  # cut last: half a value is not found


def _problem_of(value: Json, hidden: Redaction) -> str | None:
    try:
        size = len(canonical(value))
    except ValueError as error:
        return f"what it returned cannot be recorded: {hidden.text(str(error))}"
    return f"what it returned is too long to record: {size:,} bytes of at most {MAX_RESULT:,}" if size > MAX_RESULT else None
