"""What tests of one's own actions and rules need: a clock set by hand, ids that count, and Hypothesis strategies.

The strategies are imported when they are asked for, and need Hypothesis; the rest needs nothing.
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from .lazy import front_door

if TYPE_CHECKING:
    from .rule_strategies import PolicyFile as PolicyFile
    from .rule_strategies import PolicyRule as PolicyRule
    from .rule_strategies import policies as policies
    from .rule_strategies import policy_files as policy_files
    from .strategies import actions as actions
    from .strategies import plans as plans

__all__ = ["CountingIds", "FakeClock", "PolicyFile", "PolicyRule", "actions", "plans", "policies", "policy_files"]

_strategies = front_door(
    "signoff",
    {"rule_strategies": ["PolicyFile", "PolicyRule", "policies", "policy_files"], "strategies": ["actions", "plans"]},
)


def __getattr__(name: str) -> object:
    try:
        return _strategies(name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        message = 'the strategies of signoff.testing need Hypothesis; install it with `pip install "signoff[testing]"`'
        raise ModuleNotFoundError(message, name=error.name) from error


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
