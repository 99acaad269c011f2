"""The actions of a simulated world, one of each effect, and the rules that are edited in it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from signoff.actions import Effect, Execution, Migration, Registry, Retry, action
from signoff.audit import Store
from signoff.canonical import Json
from signoff.errors import NotDone
from signoff.policies import Policy, parse_policy
from tests.files import read_files

from .receiver import WINDOW

CAP = 900  # that one person may spend in a day
TIMEOUT = 10  # seconds
RETRY = Retry(attempts=3, delay=0.5)
SPEND = "[note, pay, book, shout]"
RULES = f"""\
version: 1
default: deny
approvers: manager
identity: claimed
delegation: 2d
roles: ROLES
counters:
  spent: {{sum: cents, of: {SPEND}, by: [actor.id], window: day}}
rules:
  - {{id: everyday, allow: "*"}}
  - {{id: large, approve: {SPEND}, when: cents > LARGE, by: BY, within: 3h}}
  - {{id: very-large, approve: {SPEND}, when: cents > 300, by: finance, within: 2h}}
  - {{id: cap, deny: {SPEND}, when: counters.spent > {CAP}}}
"""
MANAGERS = "manager: [mira, omar, dana]"
OTHERS = "manager: [omar, eve, fay]"
# Each by who has which role, the amount above which somebody signs, and who.
VARIANTS = (
    (MANAGERS, "100", "manager"),
    (MANAGERS, "100", "{role: manager, count: 2}"),
    (OTHERS, "100", "manager"),
    (MANAGERS, "200", "manager"),
)
REQUESTERS = ("dana", "erin")
PEOPLE = ("mira", "omar", "fay", "eve", "dana", "erin")


class Outside(Protocol):
    """What is outside the database."""

    def send(self, key: str, kind: str) -> Json:
        """Have an effect. Raises NotDone where it did not happen, and an OSError where nobody knows."""

    def asked(self, key: str) -> bool | None:
        """Whether it happened. Raises an OSError where there is no answer."""


STAGE: list[Outside] = []  # the world that is simulated now: an action finds it in no other way


def _registry() -> Registry:
    @action(effect=Effect.LOCAL)
    def note(execution: Execution, cents: int, how: str) -> Json:
        """Write a row, then fail where it is told to."""
        execution.database.execute("INSERT INTO note (key, cents) VALUES (?, ?)", (execution.key, cents))
        if how == "refuses":
            raise NotDone("nobody there")
        return cents

    @action(effect=Effect.READ)
    def look(execution: Execution) -> Json:
        """Count the rows."""
        return [int(str(count)) for (count,) in execution.database.execute("SELECT count(*) FROM note")]

    @action(effect=Effect.IDEMPOTENT, window=WINDOW, timeout=TIMEOUT, retry=RETRY)
    def pay(execution: Execution, cents: int) -> Json:
        """Pay somebody who knows our keys for a while."""
        return STAGE[-1].send(execution.key, "pay")

    def booked(execution: Execution, cents: int) -> bool | None:
        return STAGE[-1].asked(execution.key)

    @action(effect=Effect.PROBE, probe=booked, timeout=TIMEOUT, retry=RETRY)
    def book(execution: Execution, cents: int) -> Json:
        """Book where one can ask what is booked."""
        return STAGE[-1].send(execution.key, "book")

    @action(effect=Effect.OPAQUE, timeout=TIMEOUT)
    def shout(execution: Execution, cents: int) -> Json:
        """Tell everybody."""
        return STAGE[-1].send(execution.key, "shout")

    table = "CREATE TABLE note (key TEXT NOT NULL, cents INTEGER NOT NULL) STRICT;"
    return Registry(note, look, pay, book, shout, migrations=[Migration("simulation.1", table)])


REGISTRY = _registry()


@cache
def policies() -> tuple[Policy, ...]:
    """The files that are put in force."""
    made = []
    for managers, large, by in VARIANTS:
        roles = f"{{{managers}, finance: [fay, mira]}}"
        text = RULES.replace("ROLES", roles).replace("LARGE", large).replace("BY", by)
        made.append(parse_policy(text.encode(), "policies.yaml", REGISTRY))
    return tuple(made)


@cache
def new_files() -> Mapping[str, bytes]:
    """A database in which nothing was asked for yet, with its key."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "signoff.db"
        Store.open(database, migrations=REGISTRY.migrations).close()
        return read_files(database)
