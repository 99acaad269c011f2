"""What the databases of the corpus were made with, and are gone on with: actions, rules, a clock.

This module runs under every version of Signoff whose databases are kept, so it uses only what that version has.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL

from signoff import Actor, Engine
from signoff.actions import Action, Effect, Execution, Registry, action, bank_registry
from signoff.audit import Store
from signoff.canonical import Json
from signoff.policies import Policy, parse_policy
from signoff.testing import FakeClock

# The schema's number from which on there are counters; routes, pins and retries; leases; contexts beside requests; conversations.
COUNTERS, ROUTES, LEASES, ORIGINS, TALKS = 2, 3, 6, 10, 11

DANA, MIRA, OMAR, FAY, FINN = (Actor(id=name) for name in ("dana", "mira", "omar", "fay", "finn"))
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MADE = BEGAN + timedelta(days=2)  # when the newest Entry of every database was written

_RULES = """\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
  finance: [fay, finn]
lists:
  blocked: [Mallory Ltd]
"""
_SENT = """\
counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: 7d}
"""
_RULES_OF_ALL = """\
rules:
  - id: everyday
    allow: "*"
  - id: large-transfer
    approve: transfer
    when: amount > 100
  - id: very-large
    approve: transfer
    when: amount > 500
    by: {role: finance, count: 2}
  - id: blocked
    deny: transfer
    when: to in lists.blocked
"""
_CAP = """\
  - id: cap
    deny: transfer
    when: counters.sent > 2000
"""
_OWN_DEPOSIT = """\
  - id: own-deposit
    approve: deposit
    when: amount > 900
    by: manager
    self: allowed
    then: {after: 2h, ask: finance}
"""
_LATER = """\
  - id: rather-large
    approve: transfer
    when: amount > 200
    by: finance
"""


def rules(version: int, *, later: bool = True) -> str:
    """The rules of a database of that *version*: those that it was begun with, or the *later* ones that it ends with."""
    counters, cap = (_SENT, _CAP) if version >= COUNTERS else ("", "")
    routes = _OWN_DEPOSIT if version >= ROUTES else ""
    return _RULES + counters + _RULES_OF_ALL + cap + routes + (_LATER if later else "")


class Outside:
    """Who is told outside the database: a file beside it, with a line for each effect."""

    def __init__(self, file: Path, *, trouble: bool) -> None:
        """With *trouble* what is told ends as its text says: it fails before or after, or the process is killed."""
        self._file = file
        self._trouble = trouble

    def tell(self, key: str, text: str, *, knows_keys: bool = False) -> Json:
        """Have one effect for *key*. Raises OSError where nobody knows whether it happened."""
        if self._trouble and text == "fails before":
            raise OSError("the line was lost")
        if not (knows_keys and key in self._keys()):
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{key}\n")
        if self._trouble and text == "is killed":
            os.kill(os.getpid(), SIGKILL)
        if self._trouble and text == "fails after":
            raise OSError("the line was lost")
        return {"told": text}

    def told(self, key: str) -> bool | None:
        """Whether there was an effect for *key*; None where nobody answers."""
        return None if self._trouble else key in self._keys()

    def _keys(self) -> list[str]:
        return self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []


def registry(version: int, outside: Outside) -> Registry:
    """The bank's actions, and those with an effect outside that this *version* has."""

    @action
    def notify(execution: Execution, text: str = "") -> Json:
        """Tell somebody who does not know what they were told before."""
        return outside.tell(execution.key, text)

    @action(effect=Effect.LOCAL)
    def refuse(execution: Execution) -> Json:
        """Fail."""
        raise ValueError("it is refused")

    bank = bank_registry()
    retried = _retried(outside) if version >= ROUTES else ()
    return Registry(*bank.values(), notify, refuse, *retried, migrations=bank.migrations)


def _retried(outside: Outside) -> tuple[type[Action], ...]:
    from signoff.actions import Retry  # older versions have none

    def booked(execution: Execution, text: str = "") -> bool | None:
        return outside.told(execution.key)

    @action(effect=Effect.IDEMPOTENT, window=timedelta(days=400), retry=Retry(attempts=4, delay=60))
    def pay(execution: Execution, text: str = "") -> Json:
        """Pay somebody who knows our keys."""
        return outside.tell(execution.key, text, knows_keys=True)

    @action(effect=Effect.PROBE, probe=booked, retry=Retry(attempts=4, delay=60))
    def book(execution: Execution, text: str = "") -> Json:
        """Book where one can ask what is booked."""
        return outside.tell(execution.key, text)

    return pay, book


def received(database: Path) -> list[str]:
    """The keys of all effects outside, in the order in which they happened."""
    file = database.with_suffix(".received")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def policy(version: int, actions: Registry, *, later: bool = True) -> Policy:
    """The rules, read."""
    return parse_policy(rules(version, later=later).encode(), "policies.yaml", actions)


@contextmanager
def opened(
    database: Path, version: int, at: datetime, *, later: bool = True, trouble: bool = False, timeout: float = 10
) -> Iterator[Engine]:
    """An engine over a *database* of that *version*, at that time."""
    actions = registry(version, Outside(database.with_suffix(".received"), trouble=trouble))
    with Store.open(database, migrations=actions.migrations, clock=FakeClock(at), timeout=timeout) as store:
        yield Engine(store, policy(version, actions, later=later), actions)
