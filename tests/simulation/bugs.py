"""Protections taken away on purpose, to show that simulated worlds would see it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from signoff import recovery, retrying, stepping
from signoff.actions import Action, Ending, Execution, Result, ask_action, run_action
from signoff.audit import ActionRecord, Approval, ApprovalStatus, Leases, Reading, Status, Vote, Writing
from signoff.audit.database import Database
from signoff.audit.remembered import Remembered
from signoff.deciding import votes_serve
from signoff.executor import Executor
from signoff.outside import Started
from signoff.plans import SYSTEM_ACTOR
from signoff.signers import Signers
from signoff.steps import Steps

Patch = pytest.MonkeyPatch


def _sql(patch: Patch, old: str, new: str) -> None:
    """Let every statement say *new* in the place of *old*."""
    execute = Database.execute

    def changed(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return execute(self, sql.replace(old, new), parameters)

    patch.setattr(Database, "execute", changed)


def no_fence(patch: Patch) -> None:
    """A result is recorded whoever holds the action meanwhile."""
    _sql(patch, "AND fence IS ?", "AND (fence IS ? OR 1)")


def no_compare_and_set(patch: Patch) -> None:
    """A result is recorded whatever became of the action meanwhile."""
    _sql(patch, "AND status = ? AND attempt = ? AND fence IS ?", "AND (status = ? AND attempt = ? AND fence IS ? OR 1)")


def effect_before_intent(patch: Patch) -> None:
    """An effect happens before the intent to have it is committed."""
    begin = Executor._begin
    results: dict[tuple[str, int], Result] = {}

    def begin_too_early(self: Executor, tx: Writing, ready: Any, actor: Any) -> Started:
        started = begin(self, tx, ready, actor)
        if not ready.runs_here:
            results[started.record.key, started.record.attempt] = run_action(started.action, started.execution)
        return started

    def execute(self: Executor, started: Started, steps: Steps) -> Result:
        known = results.get((started.record.key, started.record.attempt))
        return known if known and not started.asking else before(self, started, steps)

    before = Executor._execute
    patch.setattr(Executor, "_begin", begin_too_early)
    patch.setattr(Executor, "_execute", execute)


def no_lease(patch: Patch) -> None:
    """What another process executes is taken for what was interrupted."""
    patch.setattr(recovery, "is_free", lambda *_: True)


def interrupted_is_ready(patch: Patch) -> None:
    """What was interrupted is run again instead of being in doubt."""

    def take_over(tx: Writing, action: ActionRecord, cause: str) -> None:
        doubted = tx.move(action, Status.IN_DOUBT, SYSTEM_ACTOR, error=cause)
        tx.move(doubted, Status.READY, SYSTEM_ACTOR)

    patch.setattr(recovery, "_take_over", take_over)


def nothing_is_forgotten(patch: Patch) -> None:
    """What was rolled back is remembered as if it had happened; only what others wrote is read anew."""
    forget = Remembered.forget

    def at(self: Remembered, version: int) -> None:
        if version != self.version:
            forget(self)
            self.version = version

    patch.setattr(Remembered, "at", at)
    patch.setattr(Remembered, "forget", lambda self: None)


def votes_serve_again(patch: Patch) -> None:
    """Votes that were used, and an approval that was decided anew, release an action again."""

    def approval(self: Executor, tx: Writing, record: ActionRecord) -> Approval | None:
        given = (ApprovalStatus.APPROVED, ApprovalStatus.REPLACED)
        return next((one for one in tx.approvals_of(record.plan, record.number) if one.status in given), None)

    def serve_again(signers: Signers, decision: Any, record: ActionRecord, plan: Any, votes: Sequence[Vote]) -> bool:
        return votes_serve(signers, decision, record, plan, [replace(vote, used=None) for vote in votes])

    patch.setattr(Executor, "_approval", approval)
    patch.setattr(stepping, "votes_serve", serve_again)
    _sql(patch, "AND used IS NULL", "")


def any_votes_serve(patch: Patch) -> None:
    """What was approved once runs, whatever the rules ask by then."""
    patch.setattr(stepping, "votes_serve", lambda *_: True)


def no_window(patch: Patch) -> None:
    """What was first sent long ago is sent again, though its receiver may not know its key any more."""
    tries = retrying.tries_of

    def just_begun(tx: Reading, record: ActionRecord) -> retrying.Tries:
        return replace(tries(tx, record), first=tx.now if isinstance(tx, Writing) else None)

    patch.setattr(retrying, "tries_of", just_begun)
    patch.setattr(stepping, "tries_of", just_begun)


def zombies_are_believed_gone(patch: Patch) -> None:
    """Nobody minds that an earlier attempt still runs."""
    patch.setattr(Leases, "may_run", lambda *_: False)


def exception_is_failed(patch: Patch) -> None:
    """An action that raises is taken for one that did nothing."""
    end = Executor._end

    def end_as_failed(self: Executor, tx: Writing, started: Started, result: Result, actor: Any) -> list[ActionRecord]:
        failed = replace(result, ending=Ending.FAILED) if result.ending is Ending.IN_DOUBT else result
        return end(self, tx, started, failed, actor)

    patch.setattr(Executor, "_end", end_as_failed)


def no_is_taken_for_an_answer(patch: Patch) -> None:
    """A receiver that says nothing is taken for one that says no."""

    def ask_briefly(action: Action, execution: Execution) -> Result:
        answer = ask_action(action, execution)
        return replace(answer, ending=Ending.FAILED) if answer.ending is Ending.IN_DOUBT else answer

    patch.setattr(stepping, "ask_action", ask_briefly)


def no_deadline(patch: Patch) -> None:
    """A deadline that has passed is not seen."""
    patch.setattr("signoff.deadlines.expired", lambda *_: set())


def nothing_is_held(patch: Patch) -> None:
    """What an action counts for is given back as soon as it is started."""
    move = Writing.move

    def move_uncounted(self: Writing, action: ActionRecord, status: Status, *arguments: Any, **named: Any) -> ActionRecord:
        moved = move(self, action, status, *arguments, **named)
        if status is Status.EXECUTING:
            self._database.execute("DELETE FROM counted WHERE plan = ? AND number = ?", (action.plan, action.number))
        return moved

    patch.setattr(Writing, "move", move_uncounted)
    patch.setattr("signoff.plans.verify_plan", lambda *_: None)
