"""What counters held in the past: the log gone through again, from one accepted plan to the next."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from .counting import CountedRow, Counter, Total, rows_of_action
from .records import BOUNDED, ENDED, UNTOUCHED, Edit, Entry, PlanRecord, Status, write_time

_Place = tuple[int, int]  # the number of the Entry with which a plan was accepted, and of an action in it
_BY_ITSELF = frozenset({Status.EXPIRED, Status.SKIPPED})  # these ends are recorded later than they come


@dataclass(frozen=True, kw_only=True)
class _Life:
    """Until when an action counts as held."""

    number: int
    ended: int | None = None  # the number of the Entry that ends it
    done: str | None = None  # when it was done, where that is how it ended
    lapses: str | None = None  # when a deadline passes with which it ends, though nobody may record that for long


@dataclass(kw_only=True)
class _Held:
    """What one counter holds at a moment."""

    counter: Counter
    since: str | None = ""  # from when on what was done counts; None: there is no time zone database
    totals: dict[str, list[int]] = field(default_factory=dict)  # by key: units, rows that say what they add, rows that do not
    done: deque[CountedRow] = field(default_factory=deque)  # the oldest first

    def go_on(self, now: datetime) -> None:
        """Forget what was done too long ago to count *now*."""
        try:
            self.since = self.counter.since(now)
        except LookupError:
            self.since = None
        while self.since is not None and self.done and self.done[0].done < self.since:
            self.add(self.done.popleft(), -1)

    def add(self, row: CountedRow, times: int = 1) -> None:
        """Count *row*; with -1 *times* take it back."""
        total = self.totals.setdefault(row.key, [0, 0, 0])
        total[0] += (row.amount or 0) * times
        total[1 if row.amount is not None else 2] += times
        if total[1:] == [0, 0]:
            del self.totals[row.key]


class Past:
    """What counters held when one plan after the other was accepted, by the Entries before.

    An action is held from its acceptance to the Entry that ends it, and after that counts as done at that Entry's time,
    where it was done; a deadline that passed unrecorded ended it as it passed. So a later end of an action changes
    nothing for what was accepted before. Only what is held, or was done inside a window, is kept in memory.
    """

    def __init__(self, counters: Iterable[Counter]) -> None:
        self._held = {one.digest: _Held(counter=one) for one in counters}
        self._rows: dict[_Place, list[CountedRow]] = {}  # of the actions that are held
        self._ends: list[tuple[int, _Place, str]] = []  # a heap: the Entry, the action, and when it was done or ""
        self._edited: dict[int, list[CountedRow]] = {}  # by the Entry of an edit, what the action holds from then on
        self._lapses: list[tuple[str, _Place]] = []  # a heap

    @property
    def matters(self) -> bool:
        """Whether anything counts for later plans at all."""
        return bool(self._held)

    @property
    def kept(self) -> int:
        """How many rows are kept in memory."""
        held = sum(map(len, self._rows.values())) + sum(map(len, self._edited.values()))
        return held + sum(len(one.done) for one in self._held.values())

    def go_on(self, accepted: int, now: datetime) -> None:
        """Go on to the acceptance of a plan, by the Entry with the number *accepted*, written *now*. It only goes forward."""
        while self._ends and self._ends[0][0] < accepted:
            number, place, done = heappop(self._ends)
            self._end(place, done)
            self._hold(place, self._edited.pop(number, []))
        while self._lapses and self._lapses[0][0] <= write_time(now):
            self._end(heappop(self._lapses)[1], "")
        for held in self._held.values():
            held.go_on(now)

    def total(self, counter: Counter, key: str) -> Total:
        """What *counter* holds now. Raises LookupError where a day cannot be told, as there is no time zone database."""
        held = self._held.get(counter.digest)
        if held is None:
            return Total(0, 0)
        if held.since is None:
            raise LookupError(f"the time zone {counter.zone} is not known")
        units, _, unknown = held.totals.get(key, (0, 0, 0))
        return Total(units, unknown)

    def add(self, plan: PlanRecord, entries: Sequence[Entry], edits: Sequence[Edit] = (), only: int | None = None) -> None:
        """Let *plan* count, which is accepted now; *entries* are all of its chain, also what came later, as *edits* of it.

        Of a conversation, *only* that action is accepted now. Under the window `plan` nothing counts but a plan itself, which
        matters where it grows.
        """
        accepted = entries[0].number if only is None else accepted_first(entries, only)
        counters = [held.counter for held in self._held.values() if only is not None or held.counter.window != "plan"]
        edited = [(entry.action, entry.number) for entry in entries if entry.event == "edited"]
        for life in _lives(plan, entries):
            if only not in (None, life.number):
                continue
            action, place = plan.action(life.number), (accepted, life.number)
            bodies = [*(edit.body for edit in edits if edit.number == life.number), action.body]
            rows, *later = (
                rows_of_action(counters, plan.id, plan.requester.id, accepted, (action.number, action.type, body))
                for body in bodies
            )
            if not rows:  # whether it counts depends on its type, which no edit changes
                continue
            self._hold(place, rows)
            for number, held in zip((number for edited_, number in edited if edited_ == life.number), later, strict=True):
                self._edited[number] = held
                heappush(self._ends, (number, place, ""))
            if life.ended is not None:
                heappush(self._ends, (life.ended, place, life.done or ""))
            if life.lapses is not None:
                heappush(self._lapses, (life.lapses, place))

    def _hold(self, place: _Place, rows: list[CountedRow]) -> None:
        """Let an action hold *rows*."""
        if rows:
            self._rows[place] = rows
        for row in rows:
            self._held[row.counter].add(row)

    def _end(self, place: _Place, done: str) -> None:
        """End what an action holds, where it holds anything yet."""
        for row in self._rows.pop(place, ()):
            held = self._held[row.counter]
            if done:
                held.done.append(CountedRow(row.counter, row.key, done, row.accepted, row.number, row.plan, row.amount))
            else:
                held.add(row, -1)


def accepted_first(entries: Iterable[Entry], number: int) -> int:
    """The number of the Entry with which action *number* of a conversation was accepted."""
    return next(entry.number for entry in entries if entry.event == "decided" and entry.action == number)


def _lives(plan: PlanRecord, entries: Iterable[Entry]) -> Iterator[_Life]:
    """Until when each action of *plan* is held, by all its Entries."""
    ends: dict[int, Entry] = {}
    last: dict[int, Status] = {}  # how it stood before it ended, or stands
    deadlines: dict[int, str] = {}
    for entry in entries:
        if entry.action is None:
            continue
        if entry.event == "asked":
            deadlines[entry.action] = str(entry.data["expires"])
        elif "status" in entry.data and (status := Status(str(entry.data["status"]))) in ENDED:
            ends[entry.action] = entry
        elif "status" in entry.data:
            last[entry.action] = status
    lapses: dict[int, str] = {}
    for action in plan.actions:
        end = ends.get(action.number)
        lapse = _lapse(end, last.get(action.number), deadlines.get(action.number), [lapses.get(need) for need in action.needs])
        if lapse is not None:
            lapses[action.number] = lapse
        done = write_time(end.at) if end is not None and end.event == Status.DONE else None
        yield _Life(number=action.number, ended=end.number if end else None, done=done, lapses=lapse)


def _lapse(end: Entry | None, last: Status | None, deadline: str | None, needs: Sequence[str | None]) -> str | None:
    """When an action ends by itself: its own deadline passes, or that of one that it *needs*, and nothing was started yet."""
    if last not in UNTOUCHED or (end is not None and end.event not in _BY_ITSELF):
        return None
    own = deadline if last in BOUNDED else None
    return min((at for at in (own, *needs) if at is not None), default=None)
