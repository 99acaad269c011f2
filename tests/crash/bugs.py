"""Protections taken away on purpose, to show that these tests would see it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from signoff import stepping
from signoff.actions import Action, Effect, Ending, Execution, Result, run_action
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
    patch.object(stepping, "run_action", run).start()


def effect_apart_from_result() -> None:
    """What a LOCAL action changes is committed before its result is recorded."""
    run = Executor._run_here

    def run_apart(self: Executor, tx: Writing, *arguments: Any) -> Result:
        result = run(self, tx, *arguments)
        _commit(tx)
        return result

    patch.object(Executor, "_run_here", run_apart).start()


def count_apart_from_state() -> None:
    """That an action has ended is committed before its counters are told."""
    move, settle = Writing.move, Writing._settle_count

    def move_apart(self: Writing, *arguments: Any, **named: Any) -> ActionRecord:
        moved = move(self, *arguments, **named)
        if moved.status in ENDED and moved.type == "transfer":
            _commit(self)
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


def new_key_for_each_attempt() -> None:
    """What is sent again is sent with another key."""
    begin = Executor._begin

    def begin_anew(self: Executor, tx: Writing, ready: Any, actor: Actor) -> Started:
        started = begin(self, tx, ready, actor)
        key = f"{started.execution.key}-{started.record.attempt}" if started.record.attempt > 1 else started.execution.key
        return replace(started, execution=replace(started.execution, key=key))

    patch.object(Executor, "_begin", begin_anew).start()


def exception_is_failed() -> None:
    """An action that raises is taken for one that did nothing."""
    end = Executor._end

    def end_as_failed(self: Executor, tx: Writing, started: Started, result: Result, actor: Actor) -> list[ActionRecord]:
        failed = replace(result, ending=Ending.FAILED) if result.ending is Ending.IN_DOUBT else result
        return end(self, tx, started, failed, actor)

    patch.object(Executor, "_end", end_as_failed).start()


def nobody_is_asked() -> None:
    """A PROBE action is tried again without asking its receiver."""
    patch.object(stepping, "ask_action", lambda *_: Result(ending=Ending.FAILED)).start()


def no_fence() -> None:
    """A result is recorded whoever holds the action meanwhile."""
    execute = Database.execute

    def execute_unfenced(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return execute(self, sql.replace("AND fence IS ?", "AND (fence IS ? OR 1)"), parameters)

    patch.object(Database, "execute", execute_unfenced).start()


def interrupted_is_ready(self: Executor, tx: Writing) -> list[str]:
    """In place of `Executor.recover`: what was interrupted is run again, instead of being in doubt."""
    interrupted = tx.executing()
    for action in interrupted:
        tx.move(tx.move(action, Status.IN_DOUBT, SYSTEM_ACTOR), Status.READY, SYSTEM_ACTOR)
    return [action.plan for action in interrupted]


def _commit(tx: Writing) -> None:
    """Commit half of a transaction, with all that vouches for it."""
    tx.seal()
    tx._database.execute("COMMIT")
    tx._database.execute("BEGIN IMMEDIATE")


BUGS: dict[str, Callable[[], None]] = {
    "effect before intent": effect_before_intent,
    "effect apart from result": effect_apart_from_result,
    "count apart from state": count_apart_from_state,
    "no transaction": no_transaction,
    "new key for each attempt": new_key_for_each_attempt,
    "exception is failed": exception_is_failed,
    "nobody is asked": nobody_is_asked,
    "no fence": no_fence,
}
