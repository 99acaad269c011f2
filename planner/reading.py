"""Reading a plan from its wire form, with every problem found in it."""

from collections.abc import Mapping
from typing import cast

from signoff.actions import REFERENCE, Action, Registry, secrets_in, show_text
from signoff.canonical import Json
from signoff.errors import ActionInvalid, PlanInvalid

from .plan import MAX_ACTIONS, ActionPlan, PlannedAction, need_problem, size_problem
from .strict_json import JsonObject, read_json

MAX_PROBLEMS = 100  # shown of one plan
MAX_PROBLEM_TEXT = 300  # characters of one problem

_FORM = 'write {"actions": [{"type": ..., "needs": []}]}'


def read_plan(data: bytes | str, registry: Registry) -> ActionPlan:
    """The plan that *data* holds as JSON text. Raises PlanInvalid with every problem in it."""
    return plan_of(read_json(data), registry)


def read_action(data: bytes | str, registry: Registry) -> Action:
    """The one action that *data* holds as JSON text, as it stands in a plan, without `needs`. Raises PlanInvalid."""
    return action_of(read_json(data, "the action"), registry)


def action_of(value: object, registry: Registry, *, values: bool = True) -> Action:
    """The one action that *value*, parsed, describes, without `needs`; *values* as in `plan_of`. Raises PlanInvalid."""
    if not isinstance(value, Mapping):
        raise PlanInvalid(['the action is not a JSON object; write one such as {"type": ...}'])
    problems = _repeated(value)
    if "needs" in value:
        problems.append("`needs` is part of a plan, not of an action; leave it out")
    action = _action(value, registry, problems)
    problems += [] if action is None or values else _secret_problems(action, values=values)
    if problems or action is None:
        raise PlanInvalid(_bounded(problems))
    return action


def plan_of(value: object, registry: Registry, *, values: bool = True) -> ActionPlan:
    """The plan that *value*, a parsed wire form, describes; *values* says whether a secret's value may stand in it.

    Raises PlanInvalid with every problem in it.
    """
    problems: list[str] = []
    entries = _entries(value, problems)
    planned = [
        _planned(entry, number, len(entries), registry, problems, values=values) for number, entry in enumerate(entries, 1)
    ]
    if problems:
        raise PlanInvalid(_bounded(problems))
    return ActionPlan(actions=tuple(action for action in planned if action is not None))


def _entries(value: object, problems: list[str]) -> list[object]:
    """What stands under `actions`, where it is a list of a size that is accepted."""
    if not isinstance(value, Mapping):
        problems.append(f"the plan is not a JSON object; {_FORM}")
        return []
    problems += _repeated(value)
    problems += [f"`{key}` is not part of a plan; leave it out" for key in value if key != "actions"]
    entries = value.get("actions")
    if not isinstance(entries, list | tuple):
        problems.append(f"`actions` is {'not a list' if 'actions' in value else 'missing'}; {_FORM}")
        return []
    problem = size_problem(len(entries))
    if problem is not None:
        problems.append(problem)
        return []
    return list(entries)


def _planned(
    entry: object, number: int, size: int, registry: Registry, problems: list[str], *, values: bool
) -> PlannedAction | None:
    """The action that *entry* describes; None, and its problems added to *problems*, where it is wrong."""
    if not isinstance(entry, Mapping):
        problems.append(f'action {number}: is not a JSON object; write one such as {{"type": ..., "needs": []}}')
        return None
    found = _repeated(entry)
    action = _action(entry, registry, found)
    found += [] if action is None else _secret_problems(action, values=values)
    needs = _needs(entry, number, size, found)
    type_ = entry.get("type")
    label = f"action {number} ({type_})" if isinstance(type_, str) and type_ in registry else f"action {number}"
    problems += [f"{label}: {problem}" for problem in found]
    return None if found or action is None else PlannedAction(action=action, needs=needs)


def _action(entry: Mapping[str, object], registry: Registry, problems: list[str]) -> Action | None:
    if "type" in entry and not isinstance(entry["type"], str):
        problems.append("`type` must be text; write one of " + ", ".join(registry))
        return None
    fields = {key: _plain(value) for key, value in entry.items() if key != "needs" and _is_text(key, problems)}
    try:
        return registry.read(cast(Mapping[str, Json], fields))  # floats are no Json, and each field refuses them
    except ActionInvalid as error:
        problems += error.problems
        return None


def _secret_problems(action: Action, *, values: bool) -> list[str]:
    """What is wrong with how the secrets of *action* were written: never a commitment, a value only where *values* may be."""
    return [
        f'`{name}` is a secret: write {{"{REFERENCE}": "NAME"}}, the name under which it is kept'
        for name, secret in secrets_in(action).items()
        if secret.name is None and (secret.opening is None or not values)
    ]


def _plain(value: object) -> object:
    """*value* without what only this reader knows of it, for errors that name its type."""
    return dict(value) if isinstance(value, JsonObject) else value


def _is_text(key: str, problems: list[str]) -> bool:
    """Whether *key* can be the name of a field at all: half a surrogate pair is no character."""
    try:
        key.encode()
    except UnicodeEncodeError:
        problems.append(f"`{key}` is not a field of this action; leave it out")
        return False
    return True


def _needs(entry: Mapping[str, object], number: int, size: int, problems: list[str]) -> tuple[int, ...]:
    if "needs" not in entry:
        problems.append("`needs` is missing; write [] where it needs no other action")
        return ()
    written = entry["needs"]
    if not isinstance(written, list | tuple) or len(written) > MAX_ACTIONS:
        problems.append("`needs` must be a list of the numbers of earlier actions, each once; write [] where there are none")
        return ()
    needs: dict[int, None] = {}
    for need in written:
        if isinstance(need, bool) or not isinstance(need, int):
            problems.append("`needs` may hold only numbers of earlier actions, such as 1")
        elif need in needs:
            problems.append(f"`needs` names action {need} twice; name it once")
        elif (problem := need_problem(need, number, size)) is not None:
            problems.append(problem)
        else:
            needs[need] = None
    return tuple(needs)


def _repeated(value: object) -> list[str]:
    """Keys written twice, in *value* itself and in whatever it holds that is no action of its own."""
    if isinstance(value, list | tuple):
        return [problem for item in value for problem in _repeated(item)]
    if not isinstance(value, JsonObject):
        return []
    here = [f"`{key}` is written twice; write it once" for key in value.repeated]
    return here + [problem for key, item in value.items() if key != "actions" for problem in _repeated(item)]


def _bounded(problems: list[str]) -> list[str]:
    shown = [show_text(problem[:MAX_PROBLEM_TEXT]) for problem in problems[:MAX_PROBLEMS]]
    more = len(problems) - len(shown)
    return [*shown, f"and {more:,} more problems"] if more else shown
