"""Rows of the file to records. A row that Signoff would not have written is one that somebody altered."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import orjson

from signoff.canonical import Json, canonical, digest
from signoff.errors import LogInvalid

from .log import read_entry
from .records import (
    ActionRecord,
    Approval,
    ApprovalStatus,
    Choice,
    Edit,
    Entry,
    GivenContext,
    Lease,
    PlanRecord,
    Status,
    Vote,
    read_actor,
    read_time,
)
from .sqlite import Row

PLAN = "id, requester, how, os_user, request, planner, proposed, at, origin"  # in `plans`; `conversations` says the rest
ACTION = (
    "plan, number, revision, type, effect, body, digest, title, needs, key, status, attempt, result, error, rules,"
    " fence, worker, held_until"
)
APPROVAL = (
    "id, plan, number, revision, digest, requester, asks, seats, reasons, policy, status, asked, expires, own_vote, stand_ins,"
    " remind, reminded, editors"
)
EDIT = "plan, number, revision, body, digest, editor, how, os_user, reason, at"
VOTE = "approval, voter, how, os_user, choice, reason, digest, at, used, card"

_Record = TypeVar("_Record")
TRUSTS = frozenset({"trusted", "untrusted"})  # what may be said of who could have written a context
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def _stored(what: str) -> Callable[[Callable[[Row], _Record]], Callable[[Row], _Record]]:
    """Makes a reader of rows raise LogInvalid, which names *what* was read, where it cannot."""

    def decorate(read: Callable[[Row], _Record]) -> Callable[[Row], _Record]:
        @wraps(read)
        def checked(row: Row) -> _Record:
            try:
                return read(row)
            except _UNREADABLE as error:
                told = f"a stored {what} ({str(row[0])[:20]}) cannot be read ({error}): it was altered"
                raise LogInvalid(told + "; see `signoff audit verify`") from error

        return checked

    return decorate


@_stored("entry")
def entry_of(row: Row) -> Entry:
    """The Entry in a row of the log."""
    return read_entry(row)


@_stored("plan")
def plan_of(row: Row) -> PlanRecord:
    """The plan in a row of PLAN, without its actions."""
    id_, requester, how, os_user, request, planner, proposed, at, origin = row
    context, disputed, planned = _origin_of(origin)
    return PlanRecord(
        id=id_,
        requester=read_actor(requester, how, os_user),
        request=request,
        planner=planner,
        proposed=proposed,
        at=read_time(at),
        actions=(),
        context=context,
        disputed=disputed,
        planned=planned,
    )


def _origin_of(stored: bytes | None) -> tuple[tuple[GivenContext, ...], tuple[str, ...], Mapping[str, Json] | None]:
    """What *stored* holds of a plan's origin. Raises as `_json` does, and KeyError or ValueError for another form."""
    if stored is None:
        return (), (), None
    found = dict(_json(stored, dict))
    context, disputed, planned = found.pop("context"), found.pop("disputed"), found.pop("planned")
    if found or not isinstance(context, list) or not isinstance(disputed, list) or not isinstance(planned, dict | None):
        raise ValueError("its origin has another form")
    return tuple(map(_context_of, context)), tuple(_each(disputed, str)), planned


def _context_of(told: dict[str, Json]) -> GivenContext:
    source, trust, text = _each([told["source"], told["trust"], told["text"]], str)
    if trust not in TRUSTS or len(told) > len((source, trust, text)):
        raise ValueError(f"{trust[:20]!r} is no trust")
    return GivenContext(source=source, trust=trust, text=text)


@_stored("action")
def action_of(row: Row) -> ActionRecord:
    """The action in a row of ACTION."""
    plan, number, revision, type_, effect, body, hashed, title, needs, key, status, attempt, result, error, rules, *lease = row
    if digest(body) != hashed:
        raise LogInvalid(f"{plan}: action {number} was edited: its bytes do not have the digest that was decided")
    if not isinstance(orjson.loads(body), dict):
        raise TypeError("an action is an object")
    return ActionRecord(
        plan=plan,
        number=number,
        revision=revision,
        type=type_,
        effect=effect,
        body=body,
        digest=hashed,
        title=title,
        needs=tuple(_each(_json(needs, list), int)),
        key=key,
        status=Status(status),
        attempt=attempt,
        result=None if result is None else _value(result),
        error=error,
        rules=tuple(_each(_json(rules, list), str)),
        lease=_lease_of(lease),
    )


def _lease_of(row: list[Any]) -> Lease | None:
    """Raises ValueError or TypeError where there is half of a lease."""
    fence, worker, until = row
    return (
        None if row == [None] * 3 else Lease(fence=_each([fence], int)[0], worker=_each([worker], str)[0], until=read_time(until))
    )


@_stored("approval")
def approval_of(row: Row) -> Approval:
    """The approval in a row of APPROVAL."""
    id_, plan, number, revision, hashed, requester, asks, seats, reasons, policy, status, asked, expires, own, others, *more = row
    seats_of = cast(Mapping[str, int], _json(seats, dict))
    _each(list(seats_of.values()), int)
    stand_ins = cast(Mapping[str, Mapping[str, int]], _json(others, dict))
    for after in _each(list(stand_ins.values()), dict):
        _each(list(after.values()), int)
    remind, reminded = (None if at is None else read_time(at) for at in more[:2])
    return Approval(
        id=id_,
        plan=plan,
        number=number,
        revision=revision,
        digest=hashed,
        requester=requester,
        asks=asks,
        seats=seats_of,
        reasons=tuple(_each(_json(reasons, list), dict)),
        policy=policy,
        status=ApprovalStatus(status),
        asked=read_time(asked),
        expires=read_time(expires),
        own_vote={0: False, 1: True}[own],
        stand_ins=stand_ins,
        remind=remind,
        reminded=reminded,
        editors=tuple(_each(_json(more[2], list), str)),
    )


@_stored("edit")
def edit_of(row: Row) -> Edit:
    """The edit in a row of EDIT."""
    plan, number, revision, body, hashed, editor, how, os_user, reason, at = row
    if digest(body) != hashed:
        raise LogInvalid(f"{plan}: revision {revision} of action {number} was edited: its bytes do not have its digest")
    return Edit(
        plan=plan,
        number=number,
        revision=revision,
        body=body,
        digest=hashed,
        editor=read_actor(editor, how, os_user),
        reason=reason,
        at=read_time(at),
    )


@_stored("vote")
def vote_of(row: Row) -> Vote:
    """The vote in a row of VOTE."""
    approval, voter, how, os_user, choice, reason, hashed, at, used, card = row
    return Vote(
        approval=approval,
        voter=read_actor(voter, how, os_user),
        choice=Choice(choice),
        reason=reason,
        digest=hashed,
        at=read_time(at),
        used=used,
        card=card,
    )


def _value(text: str | bytes) -> Json:
    """The value that *text* is the canonical JSON of. Raises ValueError where it is not."""
    data = text.encode() if isinstance(text, str) else text
    value: Json = orjson.loads(data)
    if canonical(value) != data:
        raise ValueError(f"{data[:40]!r} is not the JSON that was written")
    return value


def _json(text: str | bytes, kind: type[_Record]) -> _Record:
    value = _value(text)
    if not isinstance(value, kind):
        raise TypeError(f"{str(value)[:40]!r} is no {kind.__name__}")
    return value


def _each(values: list[Json], kind: type[_Record]) -> list[_Record]:
    for value in values:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{str(value)[:40]!r} is no {kind.__name__}")
    return cast(list[_Record], values)
