"""Protections taken away on purpose, to show that these tests would see it."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from signoff import engine
from signoff.actions import Action, Effect, Execution, Result, run_action
from signoff.actor import Actor
from signoff.audit import ActionRecord, Status, Writing
from signoff.audit.database import Database
from signoff.engine import Engine


def effect_before_intent() -> None:
    """An OPAQUE effect happens before the intent to run it is committed."""
    begin = Engine._begin_execution
    results: dict[str, Result] = {}

    def begin_execution(self: Engine, tx: Writing, ready: Any, actor: Actor) -> ActionRecord:
        executing = begin(self, tx, ready, actor)
        action: Action = ready.judged.action
        if action.effect is Effect.OPAQUE:
            execution = Execution(actor=ready.requester, key=executing.key, now=tx.now, tx=None)
            results[executing.key] = run_action(action, execution)
        return executing

    def run(action: Action, execution: Execution) -> Result:
        return results[execution.key] if action.effect is Effect.OPAQUE else run_action(action, execution)

    patch.object(Engine, "_begin_execution", begin_execution).start()
    patch.object(engine, "run_action", run).start()


def effect_apart_from_result() -> None:
    """What a LOCAL action changes is committed before its result is recorded."""
    execute = Database.execute

    def execute_apart(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        rows = execute(self, sql, parameters)
        if sql == "RELEASE lent":
            execute(self, "COMMIT")
            execute(self, "BEGIN IMMEDIATE")
        return rows

    patch.object(Database, "execute", execute_apart).start()


def no_transaction() -> None:
    """Every statement is committed by itself."""
    execute = Database.execute

    def execute_alone(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return [] if sql in ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK") else execute(self, sql, parameters)

    patch.object(Database, "execute", execute_alone).start()


def interrupted_is_ready(self: Engine, tx: Writing, actor: Actor) -> None:
    """In place of `Engine._begin`: what was interrupted is run again, instead of being in doubt."""
    for action in tx.executing():
        tx.move(tx.move(action, Status.IN_DOUBT, actor), Status.READY, actor)


BUGS: dict[str, Callable[[], None]] = {
    "effect before intent": effect_before_intent,
    "effect apart from result": effect_apart_from_result,
    "no transaction": no_transaction,
}
