"""Edits: somebody who may sign changes an action that waits. It becomes a new revision, which nobody has signed."""

from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from signoff.actions import Action, Kind, Lookup, Registry
from signoff.audit import ActionRecord, Approval, Edit, PlanRecord, Status, Store, Writing, rows_of_action
from signoff.planner import read_action

from .actor import Actor
from .canonical import Json, canonical, parse
from .commitment import Opening
from .counting import Counting, counters_of
from .deciding import Judgement, check_editor, judge, told_decision
from .errors import ActionInvalid, PlanInvalid, UsageError
from .in_force import InForce
from .plans import Verifier, as_record, ask, check_clock, known, settle
from .refusals import checked_reason, log_refusal, refused
from .secret_fields import edited
from .signers import Signers
from .sources import grounding_of

Changes = Mapping[str, tuple[Json, Json]]  # field → its old value and its new one

_LITERAL = frozenset({Kind.TEXT, Kind.CURRENCY, Kind.MONEY, Kind.DECIMAL})  # written in plans as text


class Editing:
    """Makes new revisions of actions."""

    def __init__(self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier) -> None:
        self._store = store
        self._registry = registry
        self._in_force = in_force
        self._verifier = verifier

    def edit(self, id_: str, actor: Actor, changes: Mapping[str, Json], reason: str) -> str:
        """Make the action that the approval *id_* asks for another one, decide that anew, and return its plan's id."""
        if not checked_reason(reason).strip():
            raise UsageError("an edit needs a reason; say why")
        self._in_force.vet()
        with self._store.write() as tx:
            self._in_force.adopt(tx, actor)
            plan = settle(tx, self._verifier.plan(tx, known(tx.approval(id_), id_).plan))
            approval = known(tx.approval(id_), id_)
            check_clock(tx)
            record = plan.action(approval.number)
            signers = Signers.of(tx, self._in_force.policy, approval, tx.now)
            refusal = refused(lambda: check_editor(signers, record, actor))
            if refusal is None:
                self._revise(tx, plan, approval, actor, changes, reason)
            else:
                log_refusal(tx, refusal, actor, "edit", plan.id, record.number)
        if refusal is not None:
            raise refusal
        return plan.id

    def _revise(
        self, tx: Writing, plan: PlanRecord, approval: Approval, actor: Actor, changes: Mapping[str, Json], reason: str
    ) -> None:
        record = plan.action(approval.number)
        action, openings = self._closed(tx, record, self._read(tx, plan, record, changes))
        judged = self._judge(tx, plan, record, action)
        revised = as_record(self._in_force.policy, plan.id, judged, record.revision + 1)
        if revised.digest == record.digest:
            raise UsageError(f"{approval.id} asks for exactly that already; nothing was edited")
        tx.edit(
            record,
            revised,
            actor,
            approval=approval.id,
            reason=reason,
            changes={name: list(values) for name, values in compare_bodies(record.body, revised.body).items()},
            decision=told_decision(judged),
        )
        tx.put_secrets(revised, {} if revised.status is Status.DENIED else openings)
        if revised.status is not Status.DENIED:
            told = (revised.number, revised.type, revised.body)
            counters = counters_of(self._in_force.policy).values()
            tx.count(rows_of_action(counters, plan.id, plan.requester.id, tx.accepted(plan.id, revised.number), told))
        if revised.status is Status.WAITING:
            ask(tx, self._in_force.policy, revised, judged, plan.requester)
        settle(tx, known(tx.plan(plan.id), plan.id))

    def _read(self, tx: Writing, plan: PlanRecord, record: ActionRecord, changes: Mapping[str, Json]) -> Action:
        """The action of *record* with *changes* made, as strictly read as one of a plan, and names as they are registered.

        Raises ActionInvalid with every problem.
        """
        if "type" in changes:
            raise ActionInvalid(["the type of an action cannot be changed; reject it, and have the right one asked for"])
        try:
            action = read_action(canonical(parse(record.body) | dict(changes)), self._registry)
        except PlanInvalid as error:
            raise ActionInvalid(error.problems) from error
        except ValueError as error:
            raise ActionInvalid([f"the changes cannot be read: {error}; write amounts as text"]) from error
        with tx.lent() as lent:
            return action.resolve(Lookup(actor=plan.requester, tx=lent))

    def _closed(self, tx: Writing, record: ActionRecord, action: Action) -> tuple[Action, Mapping[str, Opening]]:
        """*action* without the values of its secrets, and these. Raises ActionInvalid where a value is not known."""
        try:
            return edited(tx, record, action, self._registry)
        except PlanInvalid as error:
            raise ActionInvalid(error.problems) from error

    def _judge(self, tx: Writing, plan: PlanRecord, record: ActionRecord, action: Action) -> Judgement:
        """What the policy in force says about *action* in the place of *record*."""
        counting = Counting(
            reading=tx,
            policy=self._in_force.policy,
            now=tx.now,
            requester=plan.requester,
            plan=plan.id,
            edited=record.number,
        )
        grounding, size = grounding_of(plan, record.number), plan.size_for(record.number)
        return judge(action, record.number, record.needs, grounding, size, counting)


def compare_bodies(before: bytes, after: bytes) -> Changes:
    """The fields in which two revisions of an action differ, in the order of their names, each with both values."""
    old, new = parse(before), parse(after)
    return {name: (old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)}


def changes_of(edits: Iterable[Edit], record: ActionRecord) -> list[tuple[Edit, Changes]]:
    """Each of the *edits* of the action *record*, the oldest first, with what it changed."""
    made = list(edits)
    bodies = [*(edit.body for edit in made), record.body]
    return [(edit, compare_bodies(edit.body, after)) for edit, after in zip(made, bodies[1:], strict=True)]


def read_changes(texts: Iterable[str], action: type[Action]) -> dict[str, Json]:
    """What texts such as `amount=120.00` say of the fields of *action*. Raises UsageError for one that says nothing.

    Texts and amounts are taken as they stand, all else is JSON; `null` leaves out what may be left out.
    """
    changes: dict[str, Json] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f'--set "{text[:60]}" changes nothing; write FIELD=VALUE, such as amount=120.00')
        if name in changes:
            raise UsageError(f'--set changes "{name[:60]}" twice; write it once')
        changes[name] = _value(action, name, value)
    return changes


def _value(action: type[Action], name: str, text: str) -> Json:
    field = action.fields.get(name)
    is_null = text == "null" and field is not None and field.optional
    if is_null or field is None or (field.kind in _LITERAL and not field.many):
        return None if is_null else text
    if field.kind is Kind.SECRET:
        return _secret(name, text)
    try:
        return cast(Json, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        form = "a list such as [1, 2]" if field.many else "true, false or a whole number"
        raise UsageError(f'--set {name}="{text[:40]}" cannot be read ({error}); write {form}') from error


def _secret(name: str, text: str) -> Json:
    """A value as it stands, or what is referred to by name. Errors repeat nothing of it."""
    if not text.startswith("{"):
        return text
    try:
        return cast(Json, orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise UsageError(f'--set {name}=... cannot be read; write a value, or {{"secret": "NAME"}}') from error
