"""Origin: where a plan comes from. It is what rules and people may read beside the plan itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.audit import PlanRecord
from signoff.planner import Context, Planned, Role, check_context, check_request

from .refusals import storable


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who made a plan, and of which words. Only the request is the user's own."""

    request: str | None = None  # what the authenticated user wrote, if a user wrote something
    context: tuple[Context, ...] = ()  # what the planner was given beside it
    planner: str = "given"  # what made the plan, for people
    planned: Planned | None = None  # the planner's whole answer, where a planner made it


def origin_of(request: str | None, planner: str | Planned, context: Sequence[Context]) -> Origin:
    """The origin of a plan. Raises PlanInvalid for a request or a context that cannot be taken."""
    if request is not None:
        check_request(storable("the request", request))
    check_context(context)
    for one in context:
        storable(f"the context {one.source}", one.text)
    if isinstance(planner, str):
        return Origin(request=request, context=tuple(context), planner=planner)
    return Origin(request=request, context=tuple(context), planner=planner.planner, planned=planner)


def origin_in(plan: PlanRecord, number: int) -> Origin:
    """The origin of action *number* of *plan*, or of one that is about to get that number.

    In a conversation it is what was said before the model called for it: the user's words are the request, and what earlier
    actions gave, in the words in which the model was told, is context that anybody may have written.
    """
    if plan.conversation is None:
        return Origin(request=plan.request, planner=plan.planner)
    actions = {call.id: call.action for call in plan.conversation.calls}
    results = (
        Context(source=f"tool:{actions[one.answers]}", text=one.text)
        for one in plan.conversation.before(number)
        if one.role == Role.TOOL and one.answers is not None and actions.get(one.answers) is not None
    )
    return Origin(request=plan.request_for(number), context=tuple(results), planner=plan.planner)
