"""The planner that needs no model: fixed English phrasings for the demo bank's actions.

It acts only on what it understands to the last word, and asks otherwise.
Only a balance is also told behind words that ask for nothing.
"""

from collections.abc import Sequence

from signoff.actions import Action, Registry, show_text
from signoff.actor import Actor
from signoff.errors import ActionInvalid

from .amounts import read_amounts
from .answer import Outcome, Planned, check_request
from .context import Context, check_context
from .courtesies import FILLERS
from .plan import ActionPlan, PlannedAction
from .remarks import read_steps
from .spelling import read_words
from .steps import Step, Unclear
from .tokens import Token, tokenize

LABEL = "built-in rules planner, no AI model"
RECORD = {"planner": "rules"}


class RulesPlanner:
    """Plans English banking requests by fixed rules, in time linear in the request's length.

    It writes what the user said and resolves no names. Unless all of a request is understood, it asks.
    """

    label = LABEL

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The plan, or a question; *context* is not read. Raises PlanInvalid for a request that is empty or too long."""
        check_request(request)
        check_context(context)
        try:
            plan = self._plan(read_steps(_without_fillers(read_amounts(read_words(tokenize(request))))))
        except Unclear as unclear:
            return Planned(outcome=Outcome.QUESTION, message=show_text(str(unclear)), planner=LABEL, record=RECORD)
        return Planned(outcome=Outcome.PLAN, plan=plan, planner=LABEL, record=RECORD)

    def _plan(self, steps: Sequence[Step]) -> ActionPlan:
        numbers = {step: number for number, step in enumerate(steps, 1)}
        return ActionPlan(
            actions=tuple(
                PlannedAction(
                    action=self._action(step, numbers[step]),
                    needs=tuple(sorted(numbers[need] for need in step.needs)),
                )
                for step in steps
            )
        )

    def _action(self, step: Step, number: int) -> Action:
        try:
            return self._registry.read(step.wire)
        except ActionInvalid as error:
            raise Unclear(f"I cannot plan action {number} ({step.wire['type']}): {error}. What should I do instead?") from error


def _without_fillers(tokens: Sequence[Token]) -> Sequence[Token]:
    return [token for token in tokens if token.word not in FILLERS]
