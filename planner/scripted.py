"""A planner and a talker that give answers written beforehand, for tests and replays."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from signoff.actions import show_text
from signoff.actor import Actor
from signoff.errors import UsageError

from .answer import Outcome, Planned, check_request
from .context import Context, check_context
from .plan import ActionPlan
from .turn import Message, Role, Turn

LABEL = "scripted planner, no AI model"
TALKER_LABEL = "scripted turns, no AI model"
RECORD = {"planner": "scripted"}

Answer: TypeAlias = Planned | ActionPlan
Talk: TypeAlias = Turn | Callable[[Sequence[Message]], Turn]  # a turn, or what makes one of all that was said


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


class ScriptedTalker:
    """Gives *turns*: to a conversation in which a model spoke so often already, the one after these.

    So a script goes on where a stored conversation does, in whichever process. `turn` raises UsageError where it is over.
    """

    label = TALKER_LABEL

    def __init__(self, *turns: Talk) -> None:
        self._turns = turns
        self.given: list[tuple[Message, ...]] = []  # all that was said before, each time that a turn was asked for

    def turn(self, messages: Sequence[Message], hear: Callable[[str], None]) -> Turn:
        """The script's next turn; its words come in one piece."""
        self.given.append(tuple(messages))
        spoken = sum(message.role is Role.ASSISTANT for message in messages)
        if spoken >= len(self._turns):
            raise UsageError(f"the script is exhausted: it holds {len(self._turns)} turns; add one")
        found = self._turns[spoken]
        turn = found if isinstance(found, Turn) else found(messages)
        if turn.words:
            hear(turn.words)
        return turn
