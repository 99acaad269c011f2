"""Delegations: who handed their seats to whom, and until when. The chain `system` tells it; no table could say otherwise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from signoff.actor import Actor
from signoff.folding import fold_name

from .records import Entry, read_actor, read_time

DELEGATED = "delegated"  # the event of an Entry
REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """What somebody said of their seats. Whether it holds is for the rules in force to say."""

    number: int  # of its Entry
    by: Actor  # whose seats
    to: str  # who signs for them
    since: datetime
    until: datetime
    reason: str | None
    ended: datetime | None = None  # when they took it back, or gave another one


def read_delegations(entries: Iterable[Entry]) -> tuple[Delegation, ...]:
    """Every delegation that the Entries of the chain `system` tell of, the oldest first.

    Raises ValueError, KeyError or TypeError where one is no delegation: it was altered.
    """
    found: list[Delegation] = []
    open_: dict[str, int] = {}  # by who gave it, folded: where the newest one stands
    for entry in entries:
        if entry.event not in (DELEGATED, REVOKED):
            continue
        person = fold_name(entry.actor.id)
        if (place := open_.pop(person, None)) is not None:
            found[place] = replace(found[place], ended=entry.at)
        elif entry.event == REVOKED:
            raise ValueError(f"entry {entry.number} takes back what {entry.actor.id} had not given")
        if entry.event == DELEGATED:
            open_[person] = len(found)
            found.append(_delegation(entry))
    return tuple(found)


def delegation_problems(entries: Iterable[Entry]) -> Iterator[str]:
    """What is wrong with what the Entries of the chain `system` tell of delegations."""
    try:
        read_delegations(entries)
    except (ValueError, KeyError, TypeError) as error:
        yield f"the delegations cannot be read: {error}"


def _delegation(entry: Entry) -> Delegation:
    to, reason, until = entry.data["to"], entry.data["reason"], read_time(str(entry.data["until"]))
    read_actor(to, entry.actor.how, None)
    if not isinstance(to, str) or not isinstance(reason, str | None):
        raise TypeError(f"entry {entry.number} is no delegation")
    if until <= entry.at or fold_name(to) == fold_name(entry.actor.id):
        raise ValueError(f"entry {entry.number} hands nothing to anybody")
    return Delegation(number=entry.number, by=entry.actor, to=to, since=entry.at, until=until, reason=reason)
