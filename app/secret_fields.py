"""Secret fields of actions between the plan that holds a value, the store that keeps it, and the run that uses it.

What is decided, shown and logged is an action without values. They are put back right before it runs, and checked
against what was decided; what is referred to by name is looked up then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from signoff.actions import Action, Registry, Secret, secrets_in, with_secrets
from signoff.audit import ActionRecord, Reading
from signoff.planner import ActionPlan, PlannedAction

from .actor import Actor
from .commitment import Opening
from .errors import ActionInvalid, LogInvalid, PlanInvalid

Openings: TypeAlias = Mapping[str, Opening]  # by commitment


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A secret that an action refers to, and who wants it."""

    name: str
    action: str  # the action's type
    field: str
    requester: Actor  # who asked for the plan


Lookup: TypeAlias = Callable[[Wanted], str | None]  # the value of what is wanted; None: there is none for that


def no_secrets(_: Wanted) -> None:
    """Nothing is set up."""


def openings_of(*plans: ActionPlan) -> dict[str, Opening]:
    """The values that the secrets of *plans* hold, by commitment."""
    secrets = (secret for plan in plans for planned in plan.actions for secret in secrets_in(planned.action).values())
    return {secret.commitment: secret.opening for secret in secrets if secret.commitment and secret.opening}


def closed_plan(plan: ActionPlan, known: Openings, registry: Registry) -> ActionPlan:
    """*plan* without the values of its secrets, as it is read again once it is stored.

    Raises PlanInvalid where a secret is committed to a value that is not *known*, or an action cannot be read without values.
    """
    problems = [
        f"action {number} ({planned.action.type}): `{field}` is a commitment to a value that is not here; write the value"
        for number, planned in enumerate(plan.actions, 1)
        for field, secret in secrets_in(planned.action).items()
        if secret.commitment is not None and secret.commitment not in known
    ]
    planned = [
        PlannedAction(action=_read_again(p.action, n, registry, problems), needs=p.needs) for n, p in enumerate(plan.actions, 1)
    ]
    if problems:
        raise PlanInvalid(problems)
    return ActionPlan(actions=tuple(planned))


def _read_again(action: Action, number: int, registry: Registry, problems: list[str]) -> Action:
    """*action* without the values of its secrets; where its own code cannot read it so, that is added to *problems*."""
    if not secrets_in(action):
        return action
    try:
        return registry.load(closed(action).canonical())
    except ActionInvalid as error:
        problems += [f"action {number} ({action.type}), read without its secrets: {problem}" for problem in error.problems]
    return action


def closed(action: Action) -> Action:
    """*action* without the values of its secrets: as it is decided, shown and logged."""
    return with_secrets(action, {field: secret.closed() for field, secret in secrets_in(action).items()})


def openings_for(action: Action, known: Openings) -> dict[str, Opening]:
    """What is stored with *action*: the values of its secret fields, by field."""
    secrets = secrets_in(action).items()
    return {field: known[secret.commitment] for field, secret in secrets if secret.commitment is not None}


def edited(reading: Reading, record: ActionRecord, action: Action, registry: Registry) -> tuple[Action, dict[str, Opening]]:
    """*action*, an edit of the stored *record*, without values, and what is stored with it: new values, and those that it keeps.

    Raises PlanInvalid where a secret is committed to a value that is neither.
    """
    plan = ActionPlan.of(action)
    known = openings_of(plan) | {opening.commitment: opening for opening in reading.open_secrets(record).values()}
    made = closed_plan(plan, known, registry).actions[0].action
    return made, openings_for(made, known)


def opened(reading: Reading, record: ActionRecord, action: Action) -> Action:
    """The stored *action* with the values of its secrets. Raises LogInvalid where they are not those that were decided."""
    secrets = secrets_in(action)
    if all(secret.commitment is None for secret in secrets.values()):
        return action
    try:
        found = reading.open_secrets(record)
        return with_secrets(action, {field: secrets[field].opened(opening) for field, opening in found.items()})
    except (ValueError, KeyError) as error:  # the stored action is not the one that was loaded
        raise LogInvalid(f"{record.plan}: a secret of action {record.number} is not the one that was decided") from error


def refers(action: Action) -> bool:
    """Whether *action* refers to a secret by name."""
    return any(secret.name is not None for secret in secrets_in(action).values())


def looked_up(action: Action, requester: Actor, lookup: Lookup) -> Action:
    """*action* with the values of the secrets that it refers to. Raises ActionInvalid where one cannot be had."""
    found: dict[str, Secret] = {}
    for field, secret in secrets_in(action).items():
        if secret.name is not None:
            value = _value(lookup, Wanted(name=secret.name, action=action.type, field=field, requester=requester))
            found[field] = secret.opened(Opening.of(value))
    return with_secrets(action, found)


def _value(lookup: Lookup, wanted: Wanted) -> str:
    """Raises ActionInvalid, which repeats nothing of what *lookup* gave or raised."""
    try:
        value = lookup(wanted)
        if value is not None:
            return Secret(value).reveal()
        problem = "is not set up"
    except Exception as error:  # whatever the operator's code does; its words may hold what it looked up
        problem = f"could not be looked up ({type(error).__name__})"
    raise ActionInvalid([f"the secret {wanted.name}, which `{wanted.field}` refers to, {problem}"])
