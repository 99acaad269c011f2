"""Origin: where a plan comes from. It is what rules and people may read beside the plan itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.actions import Redaction
from signoff.planner import Context, Planned, check_context, check_request

from .canonical import Json, canonical, digest, parse
from .refusals import storable

MAX_LABEL = 200  # characters that are kept of who planned, and of a model's name
MAX_DISPUTED = 20  # differences of a second opinion that are kept
MAX_DIFFERENCE = 500  # characters that are kept of each
MAX_RECORD = 20_000  # bytes of a planner's own record that are kept


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who made a plan, and of which words. Only the request is the user's own."""

    request: str | None = None  # what the authenticated user wrote, if a user wrote something
    context: tuple[Context, ...] = ()  # what the planner was given beside it
    planner: str = "given"  # what made the plan, for people
    disputed: tuple[str, ...] = ()  # in words, where a second opinion was another plan
    planned: Mapping[str, Json] | None = None  # what the planner says of its work, where a planner made it

    def without(self, hidden: Redaction) -> "Origin":
        """The same without what is *hidden* in the planner's words. What a user wrote, or gave, stays as it came."""
        planned = None if self.planned is None else hidden.json(dict(self.planned))
        return Origin(
            request=self.request,
            context=self.context,
            planner=hidden.text(self.planner),
            disputed=tuple(map(hidden.text, self.disputed)),
            planned=planned if isinstance(planned, Mapping) else None,
        )


def origin_of(request: str | None, planner: str | Planned, context: Sequence[Context]) -> Origin:
    """The origin of a plan. Raises PlanInvalid for a request or a context that cannot be taken.

    What a planner says of itself is no more trusted than its plan: it is kept as far as it can be, and decides nothing.
    """
    if request is not None:
        check_request(storable("the request", request))
    check_context(context)
    for one in context:
        storable(f"the context {one.source}", one.text)
    if isinstance(planner, str):
        return Origin(request=request, context=tuple(context), planner=kept_text(planner, MAX_LABEL))
    return Origin(
        request=request,
        context=tuple(context),
        planner=kept_text(planner.planner, MAX_LABEL),
        disputed=_differences(planner.disputed),
        planned=_told(planner),
    )


def _told(planned: Planned) -> dict[str, Json]:
    """What the log keeps of a planner's answer, beside the plan."""
    return {
        "model": None if planned.model is None else kept_text(planned.model, MAX_LABEL),
        "attempts": kept_count(planned.attempts),
        "tokens": kept_count(planned.tokens),
        "record": kept_record(planned.record),
    }


def kept_record(record: Mapping[str, Json]) -> dict[str, Json]:
    """A planner's or a talker's *record*, or why it is not kept."""
    try:
        told = canonical(dict(record))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return {"not_kept": f"it is no canonical JSON ({type(error).__name__})"}
    if len(told) > MAX_RECORD:
        return {"not_kept": f"it holds {len(told):,} bytes; at most {MAX_RECORD:,} are kept", "digest": digest(told)}
    return parse(told)


def _differences(said: object) -> tuple[str, ...]:
    """The differences that are kept. One that says nothing, or is no text, is one all the same: the plan stays disputed."""
    disputed = said if isinstance(said, tuple | list) else (said,) if said else ()
    told = [kept_text(one, MAX_DIFFERENCE) or "a difference that is not told" for one in disputed[:MAX_DISPUTED]]
    more = len(disputed) - MAX_DISPUTED
    return (*told, f"and {more:,} more differences") if more > 0 else tuple(told)


def kept_text(text: object, most: int) -> str:
    """*text* as it can be stored, and no longer than that."""
    kept = str(text)[:most].encode(errors="replace").decode()
    return kept + "…" if len(str(text)) > most else kept


def kept_count(number: object) -> int | None:
    """*number* where it is a count that can be stored."""
    fits = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53
    return number if fits and isinstance(number, int) else None
