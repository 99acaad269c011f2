"""Who gets what actions send: it removes duplicates for a while, can be asked, and is reached through a bad network."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

SKEW = timedelta(minutes=20)  # how far a clock stands from the true time, at most
TRANSIT = timedelta(minutes=10)  # what is on its way for longer never arrives
WINDOW = timedelta(hours=6)  # for which `pay` declares that duplicates are removed
# As the documentation says, the receiver's own is longer: by clocks that differ, and by the longest that a request is on its way.
KNOWN = WINDOW + 2 * SKEW + TRANSIT


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was sent, and perhaps did not arrive yet."""

    key: str
    kind: str  # the action's type
    sent: datetime  # true time


@dataclass(kw_only=True)
class Receiver:
    """One for all actions: `pay` is known by its key, `book` can be asked about, `shout` is neither."""

    happened: Counter[str] = field(default_factory=Counter)  # how often each key had an effect
    on_the_way: list[Request] = field(default_factory=list)
    _first: dict[str, datetime] = field(default_factory=dict)  # when each key first arrived

    def arrive(self, request: Request, now: datetime) -> bool:
        """Let *request* arrive, and return whether it does: what was on its way for too long is lost."""
        if now - request.sent > TRANSIT:
            return False
        first = self._first.setdefault(request.key, now)
        known = request.kind == "pay" and self.happened[request.key] > 0 and now - first < KNOWN
        self.happened[request.key] += not known
        return True

    def says(self, key: str) -> bool | None:
        """Whether *key* happened; no only where it is true for good, as far as it is known here what is on its way."""
        if self.happened[key]:
            return True
        return None if any(request.key == key for request in self.on_the_way) else False
