"""A planner that gives answers written beforehand, for tests and replays."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from signoff.actions import show_text
from signoff.actor import Actor
from signoff.errors import UsageError

from .answer import Outcome, Planned, check_request
from .context import Context, check_context
from .plan import ActionPlan

LABEL = "scripted planner, no AI model"
RECORD = {"planner": "scripted"}

Answer: TypeAlias = Planned | ActionPlan


class ScriptedPlanner:
    """Gives *answers*: one after the other, or by request where it is a mapping.

    `plan` raises UsageError where the script has no answer (left).
    """

    label = LABEL

    def __init__(self, answers: Sequence[Answer] | Mapping[str, Answer]) -> None:
        self._by_request = dict(answers) if isinstance(answers, Mapping) else None
        self._in_turn = () if isinstance(answers, Mapping) else tuple(answers)
        self._given = 0

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The script's answer to *request*, whoever asks."""
        check_request(request)
        check_context(context)
        answer = self._next() if self._by_request is None else self._for(request, self._by_request)
        if isinstance(answer, ActionPlan):
            return Planned(outcome=Outcome.PLAN, plan=answer, planner=LABEL, record=RECORD)
        return answer

    def _next(self) -> Answer:
        if self._given == len(self._in_turn):
            raise UsageError(f"the script is exhausted: all {self._given} answers were given; add one for each request")
        self._given += 1
        return self._in_turn[self._given - 1]

    def _for(self, request: str, answers: Mapping[str, Answer]) -> Answer:
        if request not in answers:
            raise UsageError(f'the script has no answer to "{show_text(request[:80])}"; add one')
        return answers[request]
