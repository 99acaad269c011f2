"""Records to rows of the file: each statement that makes one, changes it or takes it away. Entries tell of it elsewhere."""

from collections.abc import Iterable
from datetime import datetime

import orjson

from signoff.actor import Actor
from signoff.canonical import Json, canonical
from signoff.errors import Busy, LeaseLost
from signoff.folding import fold_name

from .counting import COUNTED, HELD, CountedRow
from .database import Database
from .records import ActionRecord, Approval, ApprovalStatus, PlanRecord, Status, Vote, write_time
from .telling import told_approval


def put_plan(database: Database, plan: PlanRecord) -> None:
    """Store a plan, without its actions."""
    who = plan.requester
    database.execute(
        "INSERT INTO plans (id, requester, how, os_user, request, planner, proposed, at, origin)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(plan.id, who.id, who.how, who.os_user, plan.request, plan.planner, plan.proposed, write_time(plan.at)),
            _write_origin(plan),
        ),
    )


def _write_origin(plan: PlanRecord) -> bytes | None:
    """What the plan's planner was given and said, beside the request; None where there is nothing of that."""
    if not plan.context and not plan.disputed and plan.planned is None:
        return None
    given: list[Json] = [{"source": one.source, "trust": one.trust, "text": one.text} for one in plan.context]
    return canonical({"context": given, "disputed": list(plan.disputed), "planned": plan.planned})


def put_action(database: Database, action: ActionRecord, person: str) -> None:
    """Store an action, for which *person* asked."""
    database.execute(
        "INSERT INTO actions (plan, number, revision, type, effect, body, digest, title, needs, key, status, error, rules,"
        " person) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(action.plan, action.number, action.revision, action.type, action.effect, action.body, action.digest),
            *(action.title, _json(action.needs), action.key, action.status, action.error, _json(action.rules)),
            fold_name(person),
        ),
    )


def move_action(database: Database, action: ActionRecord, moved: ActionRecord) -> bool:
    """Put *moved* in the place of *action*, and return whether it counts.

    Raises Busy where it is not as *action* says any more, and LeaseLost where it was held.
    """
    lease, fence = moved.lease, action.lease and action.lease.fence
    changed = database.execute(
        "UPDATE actions SET status = ?, attempt = ?, error = ?, result = ?, rules = ?, fence = ?, worker = ?, held_until = ?"
        " WHERE plan = ? AND number = ? AND status = ? AND attempt = ? AND fence IS ?"
        " RETURNING EXISTS (SELECT 1 FROM counted WHERE plan = actions.plan AND number = actions.number)",
        (
            *(moved.status, moved.attempt, moved.error, None if moved.result is None else canonical(moved.result)),
            *(_json(moved.rules), *((lease.fence, lease.worker, write_time(lease.until)) if lease else (None, None, None))),
            *(action.plan, action.number, action.status, action.attempt, fence),
        ),
    )
    if not changed and action.lease is not None:
        raise LeaseLost(f"{action.plan} {action.number} is not held any more under the fence {fence}; look again")
    if not changed:
        raise Busy(f"{action.plan} {action.number} was changed by another process; look again")
    return bool(changed[0][0])


def revise_action(database: Database, action: ActionRecord, revised: ActionRecord) -> None:
    """Put *revised* in the place of *action*, which was never attempted. Raises Busy where it is not as that says any more."""
    changed = database.execute(
        "UPDATE actions SET revision = ?, body = ?, digest = ?, title = ?, key = ?, status = ?, error = ?, result = NULL,"
        " rules = ? WHERE plan = ? AND number = ? AND revision = ? AND status = ? AND attempt = 0 RETURNING 1",
        (
            *(revised.revision, revised.body, revised.digest, revised.title, revised.key, revised.status, revised.error),
            *(_json(revised.rules), action.plan, action.number, action.revision, action.status),
        ),
    )
    if not changed:
        raise Busy(f"{action.plan} {action.number} was changed by another process; look again")


def renew_lease(database: Database, action: ActionRecord, until: datetime) -> bool:
    """Hold *action* until then at least, and return whether its lease is still the one that it has here."""
    assert action.lease is not None
    sql = "UPDATE actions SET held_until = max(held_until, ?) WHERE plan = ? AND number = ? AND fence = ? RETURNING 1"
    return bool(database.execute(sql, (write_time(until), action.plan, action.number, action.lease.fence)))


def put_edit(database: Database, action: ActionRecord, editor: Actor, reason: str, at: datetime) -> None:
    """Store *action* as it was before it was edited, and who did that."""
    database.execute(
        "INSERT INTO edits (plan, number, revision, body, digest, editor, how, os_user, reason, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(action.plan, action.number, action.revision, action.body, action.digest),
            *(editor.id, editor.how, editor.os_user, reason, write_time(at)),
        ),
    )


def put_approval(database: Database, approval: Approval) -> None:
    """Store what is asked."""
    told = told_approval(approval)
    database.execute(
        "INSERT INTO approvals (id, plan, number, revision, digest, requester, asks, seats, reasons, policy, status,"
        " asked, expires, own_vote, stand_ins, remind, editors) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(approval.id, approval.plan, approval.number, approval.revision, approval.digest, approval.requester),
            *(approval.asks, _json(approval.seats), _json(approval.reasons), approval.policy, approval.status),
            *(told["asked"], told["expires"], approval.own_vote, _json(approval.stand_ins), told["remind"]),
            _json(approval.editors),
        ),
    )


def close_approval(database: Database, action: ActionRecord, status: ApprovalStatus) -> None:
    """What is asked about *action*, if anything, stands at *status* from now on."""
    database.execute(
        "UPDATE approvals SET status = ? WHERE plan = ? AND number = ? AND status IN ('waiting', 'approved')",
        (status, action.plan, action.number),
    )


def put_reminder(database: Database, approval: Approval, at: datetime) -> None:
    """Store that people are reminded of *approval*. Raises Busy where they were before, or it does not wait any more."""
    reminded = database.execute(
        "UPDATE approvals SET reminded = ? WHERE id = ? AND status = 'waiting' AND reminded IS NULL RETURNING 1",
        (write_time(at), approval.id),
    )
    if not reminded:
        raise Busy(f"{approval.id} was decided, or reminded of, by another process; look again")


def put_vote(database: Database, vote: Vote) -> None:
    """Store a vote, in the place of an earlier one of that person."""
    database.execute(
        "INSERT OR REPLACE INTO votes (approval, voter, how, os_user, choice, reason, digest, at, card)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(vote.approval, vote.voter.id, vote.voter.how, vote.voter.os_user, vote.choice, vote.reason, vote.digest),
            *(write_time(vote.at), vote.card),
        ),
    )


def use_votes(database: Database, approval: Approval, attempt: int) -> None:
    """Store that the votes on *approval* are used for an attempt. Raises Busy where they were used before."""
    used = database.execute(
        "UPDATE votes SET used = ? WHERE approval = ? AND choice = 'approve' AND used IS NULL RETURNING 1",
        (attempt, approval.id),
    )
    if not used:
        raise Busy(f"the votes on {approval.id} were used by another process; look again")


def put_counted(database: Database, rows: Iterable[CountedRow]) -> None:
    """Store what actions count for."""
    for row in rows:
        database.execute(
            f"INSERT INTO counted ({COUNTED}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (row.counter, row.key, row.done, row.accepted, row.number, row.plan, row.amount),
        )


def settle_counted(database: Database, ended: ActionRecord, at: datetime) -> None:
    """What was held for an action that is done counts from now on as done then; of any other end nothing is left."""
    if ended.status is Status.DONE:
        database.execute(
            "UPDATE counted SET done = ? WHERE plan = ? AND number = ? AND done = ?",
            (write_time(at), ended.plan, ended.number, HELD),
        )
    else:
        delete_counted(database, ended)


def delete_counted(database: Database, action: ActionRecord) -> None:
    """Take away what *action* counts for."""
    database.execute("DELETE FROM counted WHERE plan = ? AND number = ?", (action.plan, action.number))


def put_policy(database: Database, *, digest: str, name: str, source: bytes, outline: bytes) -> None:
    """Store a policy, as the only one in force."""
    database.execute("UPDATE policies SET active = NULL WHERE active = 1")
    database.execute(
        "INSERT INTO policies (digest, name, source, outline, active) VALUES (?, ?, ?, ?, 1)"
        " ON CONFLICT (digest) DO UPDATE SET active = 1, name = excluded.name, outline = excluded.outline",
        (digest, name, source, outline.decode()),
    )


def as_stored(value: Json) -> Json:
    """*value* as it is when it is read again: lists for tuples, text for members of an enumeration."""
    stored: Json = orjson.loads(canonical(value))
    return stored


def _json(value: Json) -> str:
    return canonical(value).decode()
