"""What a verb of the Engine refuses, and what it takes of texts."""

from collections.abc import Callable

from signoff.audit import SYSTEM, Writing

from .actor import Actor
from .errors import Refused, UsageError

MAX_REASON = 1_000  # characters


def refused(check: Callable[[], None]) -> Refused | None:
    """What *check* refuses. It is raised only when the transaction that records it has ended."""
    try:
        check()
    except Refused as refused:
        return refused
    return None


def log_refusal(tx: Writing, refusal: Refused, actor: Actor, verb: str, plan: str = SYSTEM, action: int | None = None) -> None:
    """Record that *actor* was refused *verb*."""
    tx.log("refused", actor, {"verb": verb, "reason": str(refusal)}, plan=plan, action=action)


def checked_reason(reason: str) -> str:
    """*reason*, which can be stored. Raises UsageError where it cannot, or is too long."""
    if len(storable("the reason", reason)) > MAX_REASON:
        raise UsageError(f"the reason holds {len(reason):,} characters; at most {MAX_REASON:,} are kept")
    return reason


def storable(what: str, text: str) -> str:
    """*text*, which can be stored and digested. Raises UsageError where it is no Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} holds a lone surrogate, which is no character; leave it out") from error
    return text
