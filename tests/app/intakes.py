"""An engine that counts its transactions, and actions that go wrong when others wait with them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any, Literal, Self

from signoff import Engine
from signoff.actions import Action, Effect, Execution, Lookup, Migration, Registry, action, bank_registry
from signoff.audit import Store, Writing
from signoff.canonical import Json
from signoff.planner import ActionPlan, read_plan
from tests.app.banking import scribble
from tests.conftest import RULES, rules

WAIT = 30.0  # seconds in which anything happens, at the latest
DAILY = RULES.replace(
    "rules:\n", "counters:\n  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}\nrules:\n"
).replace("  - id: blocked", "  - id: daily\n    deny: transfer\n    when: counters.sent > 300\n  - id: blocked")


class CountingStore(Store):
    """A store that counts its transactions that wrote something."""

    commits = 0

    @contextmanager
    def write(self) -> Iterator[Writing]:
        with super().write() as tx:
            before = tx.end().size
            yield tx
            wrote = tx.end().size != before
        self.commits += wrote


class Nameless(Action):
    """An action whose own code fails when its names are looked up."""

    type: Literal["nameless"] = "nameless"

    def resolve(self, lookup: Lookup) -> Self:
        raise ZeroDivisionError

    def run(self, execution: Execution) -> Json:
        return None


class Untitled(Action):
    """An action whose own code fails once its plan is stored already."""

    type: Literal["untitled"] = "untitled"

    def title(self) -> str:
        raise ZeroDivisionError

    def run(self, execution: Execution) -> Json:
        return None


@action(effect=Effect.OPAQUE)
def meet(execution: Execution) -> Json:
    """Wait outside until as many as shall meet are there."""
    MEETING[0].wait(WAIT)
    return execution.key


MEETING = [Barrier(1)]


def wide_registry() -> Registry:
    """The demo bank's actions, and some that fail or wait."""
    bank = bank_registry()
    notes = Migration("notes.1", "CREATE TABLE note (text TEXT UNIQUE) STRICT;")
    return Registry(*bank.values(), Nameless, Untitled, scribble, meet, migrations=[*bank.migrations, notes])


@contextmanager
def counted_engine(path: Path, policy: str = RULES, **more: Any) -> Iterator[Engine]:
    registry = wide_registry()
    with CountingStore.open(path, migrations=registry.migrations, **more) as store:
        yield Engine(store, rules(policy, registry), registry)


def plan(*actions: dict[str, Any]) -> ActionPlan:
    return read_plan(json.dumps({"actions": [{"needs": []} | one for one in actions]}), wide_registry())
