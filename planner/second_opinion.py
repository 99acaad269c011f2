"""A second opinion: two planners plan the same request, and what they differ in stands beside the first one's plan.

The plans are compared as they were written, before a name is resolved. Whether a dispute matters, rules say: `disputed`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from types import UnionType

from signoff.actions import Action, Field, Kind, fold_name, show_field, show_text
from signoff.actor import Actor
from signoff.canonical import Json, digest

from .answer import Outcome, Planned, Planner, check_request
from .context import Context, check_context
from .plan import ActionPlan, PlannedAction, write_plan

MAX_DISPUTES = 20  # texts about one plan, the last of which may count those that are left out
MAX_VALUE = 80  # characters of one value in such a text
MAX_SAID = 300  # characters of what the second planner says where it makes no plan

_WITHOUT: Mapping[Outcome, str] = {
    Outcome.QUESTION: "the second opinion is a question",
    Outcome.REFUSAL: "the second opinion is a refusal",
}


class SecondOpinion:
    """Gives the answer of *first*, and tells in `disputed` where *second* would have planned differently.

    *second* is asked after *first*, and only where that made a plan: each bounds its own time. Without a plan of the
    second one, the first one's is disputed, whatever the reason: nobody gets rid of a rule by putting out a server.
    """

    def __init__(self, first: Planner, second: Planner, *, wording: Collection[str] = ()) -> None:
        """*wording* names fields of free text that two planners may word differently, such as "send_message.text"."""
        self._first = first
        self._second = second
        self._wording = frozenset(wording)

    @property
    def label(self) -> str:
        """Who plans, for people, and who gives the second opinion."""
        return f"{self._first.label}; second opinion: {self._second.label}"

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The first planner's answer. Raises PlanInvalid for a request or a context that cannot be taken, and nothing else."""
        check_request(request)
        check_context(context)
        first = _ask(self._first, request, actor, context)
        return first if first.plan is None else self._both(first, first.plan, _ask(self._second, request, actor, context))

    async def aplan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """As `plan`, without holding the thread. A planner that has no `aplan` plans in a thread of its own, which a task that is
        cancelled does not end."""
        check_request(request)
        check_context(context)
        first = await _wait_for(self._first, request, actor, context)
        if first.plan is None:
            return first
        return self._both(first, first.plan, await _wait_for(self._second, request, actor, context))

    def _both(self, first: Planned, plan: ActionPlan, second: Planned) -> Planned:
        """The answer of *first*, which is *plan*, with what *second* says of it."""
        disputes = _silence(second) if second.plan is None else differences(plan, second.plan, self._wording)
        counted = [tokens for tokens in (first.tokens, second.tokens) if tokens is not None]
        return replace(
            first,
            planner=self.label,
            tokens=sum(counted) if counted else None,
            disputed=_bounded([*first.disputed, *disputes, *second.disputed]),
            record={**first.record, "second_opinion": _record(second)},
        )


def differences(plan: ActionPlan, other: ActionPlan, wording: Collection[str] = ()) -> tuple[str, ...]:
    """In words, where *other*, the second opinion, is not *plan*; empty where both mean the same.

    A default is the same whether it was written out or not; text is the same whatever its case and spaces, as it is where
    names are looked up; amounts are the same where their values are. Other actions, another order and other needs are
    differences. Fields that *wording* names, as "send_message.text", are not compared.
    """
    ours, theirs = ([_meaning(one.action, wording) for one in each.actions] for each in (plan, other))
    if ours != theirs and Counter(ours) == Counter(theirs):
        return ("the second opinion has the same actions in another order",)
    found: list[str] = []
    for number, (one, two) in enumerate(zip_longest(plan.actions, other.actions), 1):
        found += _between(number, one, two, wording)
    return tuple(found)


def _between(number: int, one: PlannedAction | None, two: PlannedAction | None, wording: Collection[str]) -> list[str]:
    """Where action *number* of the two plans differs; None is one that a plan does not have."""
    if one is None or two is None or one.action.type != two.action.type:
        return [_told(number, *("none" if each is None else each.action.type for each in (two, one)))]
    ours, theirs = one.action.wire(), two.action.wire()
    found = [
        _told(number, f"{field.name} {_shown(theirs.get(field.name))}", _shown(ours[field.name]))
        for field in one.action.fields.values()
        if _is_compared(one.action, field, wording) and _same(field, ours[field.name]) != _same(field, theirs.get(field.name))
    ]
    if {*one.needs} != {*two.needs}:
        found.append(_told(number, f"needs {_shown(sorted(two.needs))}", _shown(sorted(one.needs))))
    return found


def _meaning(action: Action, wording: Collection[str]) -> tuple[object, ...]:
    """What is the same for two actions exactly where they mean the same."""
    values, fields = action.wire(), action.fields.values()
    return (action.type, *(_same(field, values[field.name]) for field in fields if _is_compared(action, field, wording)))


def _is_compared(action: Action, field: Field, wording: Collection[str]) -> bool:
    return f"{action.type}.{field.name}" not in wording


def _same(field: Field, value: Json) -> object:
    """*value* in the form in which it is compared."""
    if isinstance(value, list):
        return tuple(_same(field, item) for item in value)
    if isinstance(value, Mapping):  # a secret: what it refers to
        return tuple(value.items())
    return fold_name(value) if field.kind is Kind.TEXT and isinstance(value, str) else value


def _told(number: int, theirs: str, ours: str) -> str:
    return f"action {number}: the second opinion has {theirs}, the plan {ours}"


def _shown(value: Json) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return _cut(", ".join(show_field(item) for item in value) or "none", MAX_VALUE)
    return _cut(show_field(value), MAX_VALUE)


def _silence(second: Planned) -> list[str]:
    """Why there is nothing to compare with, in the second planner's words."""
    what = _WITHOUT.get(second.outcome, f"there is no second opinion ({second.outcome})")
    return [f"{what}: {_cut(second.message, MAX_SAID)}"]


def _ask(planner: Planner, request: str, actor: Actor, context: Sequence[Context]) -> Planned:
    """The answer of *planner*, also where it breaks its promise to raise nothing."""
    try:
        return _checked(planner.plan(request, actor, context))
    except Exception as error:
        return _failed(planner, error)


async def _wait_for(planner: Planner, request: str, actor: Actor, context: Sequence[Context]) -> Planned:
    """As `_ask`, in a task."""
    aplan = getattr(planner, "aplan", None)
    if aplan is None:
        from asyncio import to_thread  # whoever awaits has it; most do not

        return await to_thread(_ask, planner, request, actor, context)
    try:
        return _checked(await aplan(request, actor, context))
    except Exception as error:
        return _failed(planner, error)


def _failed(planner: Planner, error: Exception) -> Planned:
    told = f"the planner failed ({type(error).__name__}); plan again, or with another one"
    return Planned(outcome=Outcome.PROVIDER_ERROR, planner=planner.label, message=told)


def _checked(answer: object) -> Planned:
    """*answer*. Raises TypeError where it is none, or holds what is not of its kind: nothing else has checked that."""
    if not isinstance(answer, Planned):
        raise TypeError("no answer")
    kinds: Mapping[type | UnionType, tuple[object, ...]] = {
        Outcome: (answer.outcome,),
        ActionPlan | None: (answer.plan,),
        str: (answer.message, answer.planner, *answer.disputed),
        int | None: (answer.tokens,),
        Mapping: (answer.record,),
    }
    if not all(isinstance(one, kind) for kind, values in kinds.items() for one in values):
        raise TypeError("an answer of another form")
    return answer


def _record(second: Planned) -> dict[str, Json]:
    """The second planner's answer, for the log."""
    return {
        "planner": second.planner,
        "outcome": second.outcome.value,
        "plan": None if second.plan is None else digest(write_plan(second.plan)),
        "model": second.model,
        "attempts": second.attempts,
        "tokens": second.tokens,
        "record": second.record,
    }


def _bounded(texts: Sequence[str]) -> tuple[str, ...]:
    if len(texts) <= MAX_DISPUTES:
        return tuple(texts)
    told = texts[: MAX_DISPUTES - 1]
    return (*told, f"and {len(texts) - len(told):,} more differences")


def _cut(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return show_text(text[:longest]) + (" …" if len(text) > longest else "")
