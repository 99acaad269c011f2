"""How well a planner does on requests whose acceptable plans somebody has written down."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, cast

from signoff.actions import Effect
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import PlanInvalid, UsageError

from .answer import Outcome, Planned, Planner, check_request
from .strict_json import MAX_PLAN_BYTES, read_json

Label: TypeAlias = tuple[Mapping[str, Json], ...]  # the actions of one acceptable plan, each with the fields that are compared


class Verdict(StrEnum):
    """What a planner's answer to a labelled request is worth."""

    RIGHT = "right"  # an acceptable plan
    ASKED_RIGHTLY = "asked rightly"  # no plan, where none is acceptable
    ASKED = "asked"  # no plan, where there is one to make
    HARMLESS = "wrong, only reads"  # a plan that is not acceptable, of actions that change nothing
    WRONG = "wrong, changes"  # a plan that is not acceptable, and changes something
    UNANSWERED = "no answer"  # an error of the provider, or an answer that was cut, filtered or malformed

    @property
    def is_right(self) -> bool:
        """Whether the answer is as good as it can be."""
        return self in (Verdict.RIGHT, Verdict.ASKED_RIGHTLY)


@dataclass(frozen=True, kw_only=True)
class LabelledRequest:
    """What somebody asked for, and every plan that is acceptable for it."""

    line: int  # in its file, from 1 on
    text: str
    plans: tuple[Label, ...]  # an empty one says that nothing may be done
    source: str  # which collection it is from; empty where the file does not say


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A planner's answer to a labelled request."""

    request: LabelledRequest
    planned: Planned
    verdict: Verdict
    seconds: float


def read_requests(data: bytes, name: str) -> list[LabelledRequest]:
    """The requests in *data*, a JSON object a line: `{"text": ..., "plans": [[{"type": ...}], []], "source": ...}`.

    Raises UsageError, which names the place in the file *name*.
    """
    if len(data) > MAX_PLAN_BYTES:
        raise UsageError(f'"{name}" holds more than {MAX_PLAN_BYTES:,} bytes; split it')
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if not lines:
        raise UsageError(f'"{name}" holds no requests; write one a line, as {{"text": "deposit 5", "plans": [[]]}}')
    return [_read(line, number, f"{name}:{number}") for number, line in lines]


def score_request(planner: Planner, request: LabelledRequest, actor: Actor, clock: Callable[[], float]) -> Scored:
    """Ask *planner*, and compare what it plans. *clock* tells seconds."""
    begun = clock()
    planned = planner.plan(request.text, actor)
    seconds = clock() - begun
    return Scored(request=request, planned=planned, verdict=_judge(planned, request.plans), seconds=seconds)


def _judge(planned: Planned, plans: Sequence[Label]) -> Verdict:
    if planned.plan is None:
        if planned.outcome not in (Outcome.QUESTION, Outcome.REFUSAL):
            return Verdict.UNANSWERED
        return Verdict.ASKED_RIGHTLY if () in plans else Verdict.ASKED
    actions = [one.action for one in planned.plan.actions]
    if any(_is_same(label, [one.wire() for one in planned.plan.actions]) for label in plans):
        return Verdict.RIGHT
    return Verdict.HARMLESS if all(action.effect is Effect.READ for action in actions) else Verdict.WRONG


def _is_same(label: Label, actions: Sequence[Mapping[str, Json]]) -> bool:
    """Whether *actions* are what *label* says. What it leaves out is not compared, nor are names resolved before."""
    return len(label) == len(actions) and all(
        _is_same_value(value, action.get(field))
        for wanted, action in zip(label, actions, strict=True)
        for field, value in wanted.items()
    )


_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)


def _is_same_value(wanted: Json, value: Json) -> bool:
    """Texts are compared without case, and amounts by what they are worth: 70 is 70.00."""
    if not (isinstance(wanted, str) and isinstance(value, str)):
        return wanted == value
    if _NUMBER.fullmatch(wanted) and _NUMBER.fullmatch(value):
        return Decimal(wanted) == Decimal(value)
    return wanted.casefold() == value.casefold()


def _read(line: bytes, number: int, place: str) -> LabelledRequest:
    try:
        read = read_json(line, place)
        match read:
            case {"text": str(text), "plans": [_, *_] as plans, **more} if all(_is_label(plan) for plan in plans):
                check_request(text)
                source = more.get("source", "")
                labels = tuple(tuple(cast("list[Mapping[str, Json]]", plan)) for plan in plans)
                return LabelledRequest(line=number, text=text, plans=labels, source=source if isinstance(source, str) else "")
    except PlanInvalid as error:
        raise UsageError(str(error) if str(error).startswith(place) else f"{place}: {error}") from error
    raise UsageError(
        f"{place}: no labelled request; write `text` and `plans`, a list of acceptable plans, each a list of actions with `type`"
    )


def _is_label(plan: object) -> bool:
    return isinstance(plan, list) and all(isinstance(action, dict) and isinstance(action.get("type"), str) for action in plan)
