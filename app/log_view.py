"""The audit log as people look at it: some Entries of it, and those that come."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from signoff.audit import Entry, Status, Store

from .errors import UsageError

BATCH = 1_000  # Entries that are read at once
PAUSE = 0.2  # seconds between two looks at a log that is followed

EVENTS = (
    *(status.value for status in Status),
    *("submitted", "decided", "asked", "reminded", "voted", "edited", "refused"),  # of plans
    *("said", "unused", "ended"),  # of conversations
    *("retry", "asking", "probed", "late", "resolved"),  # of effects outside the database
    *("policy", "proposed", "confirmed", "pinned", "unpinned"),  # of the policies
    *("delegated", "revoked"),  # of seats that somebody handed to another
    *("accepted", "rotated"),  # of the database itself, and its keys
)
_SPANS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MAX_SPAN = 10_000  # of one unit
_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


@dataclass(kw_only=True)
class EntryFilter:
    """Which Entries are meant: those that are all that is given here. It is shown every Entry of the log, in order."""

    chain: str | None = None  # a plan's id, or "system"
    actor: str | None = None  # an id
    action: str | None = None  # an action type, or the number of an action in its plan
    status: str | None = None  # what an action came to, or any other event
    since: datetime | None = None
    until: datetime | None = None
    _types: dict[tuple[str, int | None], object] = field(default_factory=dict)  # of the actions whose Entries may come

    def meets(self, entry: Entry) -> bool:
        """Whether *entry* is meant."""
        if self.action is not None and entry.event == "decided":
            self._types[entry.chain, entry.action] = entry.data.get("type")
        return (
            self.chain in (None, entry.chain)
            and self.actor in (None, entry.actor.id)
            and self.status in (None, entry.event, entry.data.get("status"))
            and (self.since is None or self.since <= entry.at)
            and (self.until is None or entry.at < self.until)
            and (self.action is None or self._is_of_action(entry))
        )

    def _is_of_action(self, entry: Entry) -> bool:
        return entry.action is not None and self.action in (str(entry.action), self._types.get((entry.chain, entry.action)))


@dataclass(kw_only=True)
class LogReader:
    """Reads the log on from where it stopped."""

    store: Store
    wanted: EntryFilter
    after: int = 0  # the number of the last Entry that was read

    def read(self) -> Iterator[Entry]:
        """The Entries that are wanted, in order, up to the newest one."""
        while True:
            with self.store.read() as tx:
                read = tx.entries_after(self.after, BATCH)
            for entry in read:
                self.after = entry.number
                if self.wanted.meets(entry):
                    yield entry
            if len(read) < BATCH:
                return

    def follow(self) -> Iterator[Entry]:
        """The Entries that are wanted, as they come, without an end."""
        while True:
            yield from self.read()
            time.sleep(PAUSE)


def check_status(status: str | None) -> str | None:
    """*status*, which is None or an event of the log. Raises UsageError where it is none."""
    if status is None or status in EVENTS:
        return status
    close = get_close_matches(status[:40], EVENTS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(EVENTS)}"
    raise UsageError(f'"{status[:40]}" is no status or event of the log; {hint}')


def read_until(option: str, text: str, now: datetime) -> datetime:
    """The time to come that *text* says: a date, a date and a time (UTC), or for how long. Raises UsageError for another one."""
    number, unit = text[:-1], _SPANS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit() and int(number[:9]) <= _MAX_SPAN:
        until = now + int(number[:9]) * unit
    else:
        until = read_date(text) or now
    if until <= now:
        raise UsageError(
            f'{option} is "{text[:40]}"; write a time to come: 2026-11-21, "2026-11-21 14:30" (UTC), or for how long: 2h, 7d'
        )
    return until


def read_date(text: str) -> datetime | None:
    """The date, or date and time (UTC), that *text* says; None where it says none."""
    for form in _FORMS:
        try:
            found = datetime.strptime(text, form)
        except ValueError:
            continue
        if found.strftime(form) == text:
            return found.replace(tzinfo=UTC)
    return None


def read_when(option: str, text: str | None, now: datetime) -> datetime | None:
    """The time that *text* says: a date, a date and a time (UTC), or how long ago. Raises UsageError for anything else."""
    if text is None:
        return None
    number, unit = text[:-1], _SPANS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit() and int(number[:9]) <= _MAX_SPAN:
        return now - int(number[:9]) * unit
    if (found := read_date(text)) is not None:
        return found
    raise UsageError(f'{option} is "{text[:40]}"; write 2026-11-21, "2026-11-21 14:30" (UTC), or how long ago: 30m, 2h, 7d')
