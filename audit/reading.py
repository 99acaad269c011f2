"""What can be asked of the store, inside a transaction."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import wraps
from typing import TypeVar

import orjson

from signoff.actor import Actor, Identification
from signoff.errors import LogInvalid

from .database import Database, Lent, Row
from .log import COLUMNS, read_entry
from .records import ActionRecord, Approval, ApprovalStatus, Choice, Entry, PlanRecord, Status, Vote, read_time, write_time

_ACTION = "plan, number, revision, type, effect, body, digest, title, needs, key, status, attempt, result, error, rules"
_APPROVAL = "id, plan, number, revision, digest, requester, asks, seats, reasons, policy, status, asked, expires"

_OPEN = "status IN ('ready', 'approved', 'waiting', 'executing', 'in_doubt')"  # to the letter as in the index actions_open

_Record = TypeVar("_Record")


def _stored(read: Callable[[Row], _Record]) -> Callable[[Row], _Record]:
    """*read*, where a row that cannot be read is one that somebody altered."""

    @wraps(read)
    def checked(row: Row) -> _Record:
        try:
            return read(row)
        except (ValueError, KeyError, TypeError) as error:
            what = read.__name__.strip("_").removeprefix("read_")
            raise LogInvalid(
                f"a stored {what} ({str(row[0])[:20]}) cannot be read: it was altered; see `signoff audit verify`"
            ) from error

    return checked


read_row = _stored(read_entry)


class Reading:
    """The queries of an open transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lent(self, *, writing: bool = False) -> AbstractContextManager[Lent]:
        """This transaction, for an action's code."""
        return self._database.lent(writing=writing)

    def plan(self, id_: str) -> PlanRecord | None:
        """The plan *id_* with its actions, or None."""
        rows = self._database.execute(
            "SELECT id, requester, how, os_user, request, planner, proposed, at FROM plans WHERE id = ?", (id_,)
        )
        if not rows:
            return None
        actions = self._database.execute(f"SELECT {_ACTION} FROM actions WHERE plan = ? ORDER BY number", (id_,))
        name, requester, how, os_user, request, planner, proposed, at = rows[0]
        return PlanRecord(
            id=name,
            requester=Actor(id=requester, how=Identification(how), os_user=os_user),
            request=request,
            planner=planner,
            proposed=proposed,
            at=read_time(at),
            actions=tuple(map(_action, actions)),
        )

    def plans(self) -> list[str]:
        """The ids of all plans, in the order of their acceptance."""
        return [id_ for (id_,) in self._database.execute("SELECT id FROM plans ORDER BY sequence")]

    def plans_to_resume(self, now: datetime) -> list[str]:
        """The ids of the plans in which something can go on: it may run, was interrupted, or its deadline has passed."""
        rows = self._database.execute(
            f"SELECT id FROM plans WHERE id IN (SELECT plan FROM actions WHERE {_OPEN} AND status NOT IN ('waiting', 'in_doubt'))"
            " OR id IN (SELECT plan FROM approvals WHERE status = 'waiting' AND expires <= ?) ORDER BY sequence",
            (write_time(now),),
        )
        return [id_ for (id_,) in rows]

    def executing(self) -> list[ActionRecord]:
        """The actions that are marked as being executed."""
        return self._open_actions("status = 'executing'")

    def in_doubt(self) -> list[ActionRecord]:
        """The actions of which nobody knows whether they happened."""
        return self._open_actions("status = 'in_doubt'")

    def _open_actions(self, condition: str) -> list[ActionRecord]:
        rows = self._database.execute(f"SELECT {_ACTION} FROM actions WHERE {_OPEN} AND {condition} ORDER BY plan, number")
        return list(map(_action, rows))

    def approval(self, id_: str) -> Approval | None:
        """The approval *id_*, or None."""
        rows = self._database.execute(f"SELECT {_APPROVAL} FROM approvals WHERE id = ?", (id_,))
        return _approval(rows[0]) if rows else None

    def queue(self) -> list[tuple[Approval, ActionRecord]]:
        """What waits for sign-off, the oldest first. A passed deadline is for the reader to see."""
        actions = {(action.plan, action.number): action for action in self._open_actions("status = 'waiting'")}
        rows = self._database.execute(f"SELECT {_APPROVAL} FROM approvals WHERE status = 'waiting' ORDER BY sequence")
        approvals = map(_approval, rows)
        return [(one, actions[key]) for one in approvals if (key := (one.plan, one.number)) in actions]

    def approvals_of(self, plan: str, number: int | None = None) -> list[Approval]:
        """The approvals of a plan, or of one of its actions, the oldest first."""
        sql = f"SELECT {_APPROVAL} FROM approvals WHERE plan = ? AND number = coalesce(?, number) ORDER BY sequence"
        return list(map(_approval, self._database.execute(sql, (plan, number))))

    def votes(self, approval: str) -> list[Vote]:
        """The votes on an approval, in the order in which they were cast."""
        rows = self._database.execute(
            "SELECT approval, voter, how, os_user, choice, reason, digest, at, used FROM votes"
            " WHERE approval = ? ORDER BY at, voter",
            (approval,),
        )
        return list(map(_vote, rows))

    def active_policy(self) -> tuple[str, bytes, str] | None:
        """Digest, outline (canonical JSON) and name of the policy in force, or None in a new store."""
        rows = self._database.execute("SELECT digest, outline, name FROM policies WHERE active = 1")
        return (rows[0][0], rows[0][1].encode(), rows[0][2]) if rows else None

    def entries(self, chain: str | None = None) -> Iterator[Entry]:
        """The audit log in order, whole or one chain of it."""
        return map(read_row, self.entry_rows(chain))

    def entry_rows(self, chain: str | None = None) -> Iterator[Row]:
        """The rows of the log in order, as they are stored, for verification."""
        if chain is None:
            return self._database.stream(f"SELECT {COLUMNS} FROM entries ORDER BY number")
        return self._database.stream(f"SELECT {COLUMNS} FROM entries WHERE chain = ? ORDER BY place", (chain,))

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """For each chain its recorded length and the hash of its last Entry."""
        return {chain: (length, head) for chain, length, head in self._database.execute("SELECT * FROM chains")}

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """The recorded length and last hash of one chain."""
        rows = self._database.execute("SELECT length, head FROM chains WHERE chain = ?", (chain,))
        return (rows[0][0], rows[0][1]) if rows else None

    def policies(self) -> list[Row]:
        """Every policy that was in force: its digest, name, source, outline, and 1 where it is now."""
        return self._database.execute("SELECT digest, name, source, outline, active FROM policies")

    def version(self) -> int:
        """A number that changes when another connection has changed the file."""
        return self._database.version()

    def foreign_triggers(self) -> list[str]:
        """Triggers that somebody put on Signoff's own tables."""
        return self._database.foreign_triggers()

    def newest_entry(self) -> Entry | None:
        """The last Entry of the log, or None in an empty one."""
        rows = self._database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY number DESC LIMIT 1")
        return read_row(rows[0]) if rows else None


@_stored
def _action(row: Row) -> ActionRecord:
    plan, number, revision, type_, effect, body, digest, title, needs, key, status, attempt, result, error, rules = row
    return ActionRecord(
        plan=plan,
        number=number,
        revision=revision,
        type=type_,
        effect=effect,
        body=body,
        digest=digest,
        title=title,
        needs=tuple(orjson.loads(needs)),
        key=key,
        status=Status(status),
        attempt=attempt,
        result=None if result is None else orjson.loads(result),
        error=error,
        rules=tuple(orjson.loads(rules)),
    )


@_stored
def _approval(row: Row) -> Approval:
    id_, plan, number, revision, digest, requester, asks, seats, reasons, policy, status, asked, expires = row
    return Approval(
        id=id_,
        plan=plan,
        number=number,
        revision=revision,
        digest=digest,
        requester=requester,
        asks=asks,
        seats=orjson.loads(seats),
        reasons=tuple(orjson.loads(reasons)),
        policy=policy,
        status=ApprovalStatus(status),
        asked=read_time(asked),
        expires=read_time(expires),
    )


@_stored
def _vote(row: Row) -> Vote:
    approval, voter, how, os_user, choice, reason, digest, at, used = row
    return Vote(
        approval=approval,
        voter=Actor(id=voter, how=Identification(how), os_user=os_user),
        choice=Choice(choice),
        reason=reason,
        digest=digest,
        at=read_time(at),
        used=used,
    )
