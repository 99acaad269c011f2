"""Protections taken away on purpose, to show that these tests would see it."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from signoff import executor
from signoff.actions import Action, Effect, Execution, Result, run_action
from signoff.actor import Actor
from signoff.audit import ENDED, ActionRecord, Status, Writing
from signoff.audit.database import Database
from signoff.executor import Executor
from signoff.outside import Started
from signoff.plans import SYSTEM_ACTOR


def effect_before_intent() -> None:
    """An OPAQUE effect happens before the intent to run it is committed."""
    begin = Executor._begin
    results: dict[str, Result] = {}

    def begin_too_early(self: Executor, tx: Writing, ready: Any, actor: Actor) -> Started:
        started = begin(self, tx, ready, actor)
        if started.action.effect is Effect.OPAQUE:
            results[started.execution.key] = run_action(started.action, started.execution)
        return started

    def run(action: Action, execution: Execution) -> Result:
        return results[execution.key] if action.effect is Effect.OPAQUE else run_action(action, execution)

    patch.object(Executor, "_begin", begin_too_early).start()
    patch.object(executor, "run_action", run).start()


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


def count_apart_from_state() -> None:
    """That an action has ended is committed before its counters are told."""
    move, settle = Writing.move, Writing._settle_count

    def move_apart(self: Writing, *arguments: Any, **named: Any) -> ActionRecord:
        moved = move(self, *arguments, **named)
        if moved.status in ENDED and moved.type == "transfer":
            self._database.execute("COMMIT")
            self._database.execute("BEGIN IMMEDIATE")
            settle(self, moved)
        return moved

    patch.object(Writing, "_settle_count", lambda *_: None).start()
    patch.object(Writing, "move", move_apart).start()


def no_transaction() -> None:
    """Every statement is committed by itself."""
    execute = Database.execute

    def execute_alone(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return [] if sql in ("BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK") else execute(self, sql, parameters)

    patch.object(Database, "execute", execute_alone).start()


def interrupted_is_ready(self: Executor, tx: Writing) -> list[str]:
    """In place of `Executor.recover`: what was interrupted is run again, instead of being in doubt."""
    interrupted = tx.executing()
    for action in interrupted:
        tx.move(tx.move(action, Status.IN_DOUBT, SYSTEM_ACTOR), Status.READY, SYSTEM_ACTOR)
    return [action.plan for action in interrupted]


BUGS: dict[str, Callable[[], None]] = {
    "effect before intent": effect_before_intent,
    "effect apart from result": effect_apart_from_result,
    "count apart from state": count_apart_from_state,
    "no transaction": no_transaction,
}
