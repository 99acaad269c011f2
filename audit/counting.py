"""What counters count: the rows that an action has in them, and the values that rows add up to.

A counter is read from the outline of a policy. Rows are those of the policy in force, and nothing but what its
counters, the stored actions and the log say: they can be made again at any time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

import orjson

from signoff.canonical import Json, canonical, digest
from signoff.errors import LogInvalid
from signoff.folding import fold_name

from .records import NOT_DONE, Entry, PlanRecord, Status, write_time

HELD = "held"  # sorts after every time
CALLED = "call"  # under which the Entry of an action tells the id of the call that it became
PLACE = 2**62  # after everything that was accepted
COUNTED = "counter, key, done, accepted, number, plan, amount"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A sum or a count over a window, one for each set of values that its keys have."""

    digest: str  # of all of this
    field: str | None  # what is added up; None: actions are counted
    types: frozenset[str]  # holds "*" where all count
    by: tuple[str, ...]  # fields, and `actor.id`
    window: str | int  # `plan`, `day`, or so many seconds
    zone: str | None  # of a `day`; None is UTC

    def counts(self, type_: str) -> bool:
        """Whether actions of that type count."""
        return type_ in self.types or "*" in self.types

    def key(self, plan: str, requester: str, body: Mapping[str, Json]) -> str:
        """Under what an action counts, or is asked about. Texts are folded, as rules compare them."""
        values: list[Json] = [plan] if self.window == "plan" else []
        for name in self.by:
            value = requester if name == "actor.id" else body.get(name)
            values.append(fold_name(value) if isinstance(value, str) else value)
        return canonical(values).decode()

    def amount(self, body: Mapping[str, Json]) -> int | None:
        """What an action adds; None where it does not say. Money is written with all decimals of its currency."""
        value = 1 if self.field is None else body.get(self.field)
        if isinstance(value, str):
            digits = value.replace(".", "", 1)
            return int(digits) if digits.isascii() and digits.isdigit() else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def since(self, now: datetime) -> str:
        """From when on what was done counts at *now*, as the store writes times."""
        if self.window == "plan":
            return ""
        if self.window == "day":
            from zoneinfo import ZoneInfo  # a command that counts nothing must not wait for it

            local = now.astimezone(ZoneInfo(self.zone) if self.zone else UTC)
            return write_time(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))
        return write_time(now - timedelta(seconds=int(self.window)) + timedelta(microseconds=1))


@dataclass(frozen=True, order=True)
class CountedRow:
    """What one action counts for in one counter."""

    counter: str
    key: str
    done: str
    accepted: int
    number: int
    plan: str
    amount: int | None


@dataclass(frozen=True)
class Total:
    """What rows add up to."""

    units: int  # minor units of money, or whole numbers
    unknown: int  # rows that do not say what they add


def read_counters(contents: Json) -> dict[str, Counter]:
    """The counters that an outline tells, by name. Raises ValueError where it tells none."""
    if not isinstance(contents, Mapping):
        raise ValueError("the counters in force cannot be read")
    return {name: _read_counter(cast(Mapping[str, Json], content)) for name, content in contents.items()}


@lru_cache(maxsize=8)
def counters_in(outline: str) -> Mapping[str, Counter]:
    """The counters in a stored outline. Raises LogInvalid where it cannot be read."""
    try:
        return read_counters(orjson.loads(outline).get("counters", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogInvalid(f"the stored policy in force cannot be read ({error}): it was altered") from error


def counted_rows(counters: Iterable[Counter], plan: PlanRecord, entries: Sequence[Entry]) -> list[CountedRow]:
    """The rows of a plan's actions as they stand, and as *entries*, which are all of its chain, tell."""
    rows: list[CountedRow] = []
    done = done_times(entries)
    for action in plan.actions:
        if action.status not in NOT_DONE:
            told = (action.number, action.type, action.body)
            made = rows_of_action(counters, plan.id, plan.requester.id, accepted_by(entries, action.number), told)
            rows += (replace(row, done=done[action.number]) for row in made) if action.status is Status.DONE else made
    return rows


def rows_of_action(
    counters: Iterable[Counter], plan: str, requester: str, accepted: int, action: tuple[int, str, bytes]
) -> list[CountedRow]:
    """The rows of one *action* (its number, type and body) while it is held. Counters that are the same have one."""
    number, type_, body = action
    counting = {counter.digest: counter for counter in counters if counter.counts(type_)}.values()
    read: Mapping[str, Json] = orjson.loads(body) if counting else {}
    return [
        CountedRow(one.digest, one.key(plan, requester, read), HELD, accepted, number, plan, one.amount(read)) for one in counting
    ]


def accepted_by(entries: Iterable[Entry], number: int) -> int:
    """The number of the Entry with which action *number* took its place among all: of its plan, or of its newest edit.

    What was accepted between these did not count what the edit made of it, so the edit counts all of that. In a conversation
    each action takes its place by itself.
    """
    return max(one.number for one in entries if one.place == 1 or (one.action == number and takes_place(one)))


def takes_place(entry: Entry) -> bool:
    """Whether *entry* gives an action a place of its own among all that is accepted: an edit, or a call in a conversation."""
    return entry.event == "edited" or (entry.event == "decided" and CALLED in entry.data)


def done_times(entries: Iterable[Entry]) -> dict[int | None, str]:
    """When each action was done, by number."""
    return {entry.action: write_time(entry.at) for entry in entries if entry.event == "done"}


def add_up(
    rows: Iterable[CountedRow], key: str, since: str, place: tuple[int, int], left_out: Sequence[tuple[str, int]] = ()
) -> Total:
    """The total of those *rows* that the query of `Reading.total` finds."""
    found = [
        row.amount
        for row in rows
        if row.key == key and row.done >= since and (row.accepted, row.number) < place and (row.plan, row.number) not in left_out
    ]
    return Total(sum(amount for amount in found if amount is not None), sum(amount is None for amount in found))


def _read_counter(content: Mapping[str, Json]) -> Counter:
    window, field, zone = content["window"], content["field"], content["zone"]
    if not (isinstance(window, str | int) and isinstance(field, str | None) and isinstance(zone, str | None)):
        raise ValueError("the counters in force cannot be read")
    return Counter(
        digest=digest(canonical(content)),
        field=field,
        types=frozenset(cast(Sequence[str], content["types"])),
        by=tuple(cast(Sequence[str], content["by"])),
        window=window,
        zone=zone,
    )
