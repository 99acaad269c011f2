"""Small fakes for tests: a clock that is set by hand, and ids that count."""

from datetime import UTC, datetime, timedelta
from itertools import count


class FakeClock:
    """A clock that stands still until it is moved. Give it to `Store.open` as `clock`."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        """Move the clock, back where *by* is negative."""
        self.at += by


class CountingIds:
    """Ids that count from 1, in hexadecimal. Give it to `Store.open` as `ids`."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, size: int) -> str:
        return f"{next(self._numbers):0{2 * size}x}"
