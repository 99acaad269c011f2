"""Turns: what several callers want is done in one transaction, and each is told once that is durable.

One caller's error is its own: what it had begun is undone alone (see `Writing.attempt`), and nothing of the others.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from signoff.audit import Writing

from .engine import Engine
from .errors import DatabaseError, SignoffError, TransactionLost

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Shared(Generic[T]):
    """Something to do in a transaction that others share. Where it raises, it has undone what it did."""

    work: Callable[[Engine, Writing], T]
    decides: bool = True  # and so the policy is put to its checks before; else it only records and goes on
    answer: "Future[T]" = field(default_factory=Future)


@dataclass(frozen=True, kw_only=True)
class Alone(Generic[T]):
    """Something to do between two transactions."""

    work: Callable[[Engine], T]
    answer: "Future[T]" = field(default_factory=Future)


def take_turn(engine: Engine, calls: Sequence[Shared[Any]]) -> None:
    """Do *calls*, in this order, in one transaction, and answer each.

    A commit that failed is OutcomeUnknown for all of them, and what keeps the transaction from beginning is everybody's, too.
    Where one makes SQLite roll everything back, each is done in a transaction of its own.
    """
    calls = _prepared(engine, calls)
    if not calls:
        return
    try:
        with engine.store.write() as tx:
            ends = [_done(engine, tx, call) for call in calls]
    except BaseException as error:
        if isinstance(error, TransactionLost) and len(calls) > 1:
            for call in calls:
                take_turn(engine, [call])
            return
        for call in calls:
            call.answer.set_exception(error)
        return
    engine.wake()
    for call, (value, raised) in zip(calls, ends, strict=True):
        if raised is None:
            call.answer.set_result(value)
        else:
            call.answer.set_exception(raised)


def take_alone(engine: Engine, call: Alone[Any]) -> None:
    """Do one call that shares nothing, and answer it."""
    try:
        call.answer.set_result(call.work(engine))
    except BaseException as error:
        call.answer.set_exception(error)


def _prepared(engine: Engine, calls: Sequence[Shared[Any]]) -> Sequence[Shared[Any]]:
    """Those of *calls* that can be done: where the policy may not be put in force, nothing is decided by it."""
    try:
        engine.prepare()
    except SignoffError as error:
        for call in calls:
            if call.decides:
                call.answer.set_exception(error)
        return [call for call in calls if not call.decides]
    return calls


def _done(engine: Engine, tx: Writing, call: Shared[T]) -> tuple[T | None, BaseException | None]:
    """What *call* gave, or raised. Raises what concerns all: the file fails, or the whole transaction was rolled back."""
    try:
        return call.work(engine, tx), None
    except (TransactionLost, DatabaseError):
        raise
    except BaseException as error:  # a SystemExit, too, is meant for the thread that called
        return None, error
