"""Text in, ActionPlan out: the plan itself, and the planners that write one."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .amounts import Amount as Amount
    from .amounts import amounts_in as amounts_in
    from .amounts import numbers_in as numbers_in
    from .answer import MAX_REQUEST as MAX_REQUEST
    from .answer import Outcome as Outcome
    from .answer import Planned as Planned
    from .answer import Planner as Planner
    from .answer import check_request as check_request
    from .context import MAX_CONTEXT as MAX_CONTEXT
    from .context import NONE as NONE
    from .context import REQUEST as REQUEST
    from .context import Context as Context
    from .context import Trust as Trust
    from .context import check_context as check_context
    from .gathering import MAX_TURN_CALLS as MAX_TURN_CALLS
    from .llm import LLMPlanner as LLMPlanner
    from .llm_talker import LLMTalker as LLMTalker
    from .local import LocalPlanner as LocalPlanner
    from .mode import ANSWER_TOKENS as ANSWER_TOKENS
    from .mode import MODEL_TIMEOUT as MODEL_TIMEOUT
    from .mode import SEED as SEED
    from .mode import TEMPERATURE as TEMPERATURE
    from .mode import TOKEN_BUDGET as TOKEN_BUDGET
    from .mode import Mode as Mode
    from .plan import MAX_ACTIONS as MAX_ACTIONS
    from .plan import ActionPlan as ActionPlan
    from .plan import PlannedAction as PlannedAction
    from .plan import write_plan as write_plan
    from .reading import read_action as read_action
    from .reading import read_plan as read_plan
    from .rules import RulesPlanner as RulesPlanner
    from .schema import plan_model as plan_model
    from .scoring import LabelledRequest as LabelledRequest
    from .scoring import Scored as Scored
    from .scoring import Verdict as Verdict
    from .scoring import read_requests as read_requests
    from .scoring import score_request as score_request
    from .scripted import ScriptedPlanner as ScriptedPlanner
    from .scripted import ScriptedTalker as ScriptedTalker
    from .second_opinion import SecondOpinion as SecondOpinion
    from .strict_json import MAX_PLAN_BYTES as MAX_PLAN_BYTES
    from .turn import Call as Call
    from .turn import Message as Message
    from .turn import Role as Role
    from .turn import Talker as Talker
    from .turn import Turn as Turn
    from .wire import read_call as read_call

__all__ = [
    "ANSWER_TOKENS",
    "MAX_ACTIONS",
    "MAX_CONTEXT",
    "MAX_PLAN_BYTES",
    "MAX_REQUEST",
    "MAX_TURN_CALLS",
    "MODEL_TIMEOUT",
    "NONE",
    "REQUEST",
    "SEED",
    "TEMPERATURE",
    "TOKEN_BUDGET",
    "ActionPlan",
    "Amount",
    "Call",
    "Context",
    "LLMPlanner",
    "LLMTalker",
    "LabelledRequest",
    "LocalPlanner",
    "Message",
    "Mode",
    "Outcome",
    "Planned",
    "PlannedAction",
    "Planner",
    "Role",
    "RulesPlanner",
    "Scored",
    "ScriptedPlanner",
    "ScriptedTalker",
    "SecondOpinion",
    "Talker",
    "Trust",
    "Turn",
    "Verdict",
    "amounts_in",
    "check_context",
    "check_request",
    "numbers_in",
    "plan_model",
    "read_action",
    "read_call",
    "read_plan",
    "read_requests",
    "score_request",
    "write_plan",
]

__getattr__ = front_door(
    __name__,
    {
        "amounts": ["Amount", "amounts_in", "numbers_in"],
        "answer": ["MAX_REQUEST", "Outcome", "Planned", "Planner", "check_request"],
        "context": ["MAX_CONTEXT", "NONE", "REQUEST", "Context", "Trust", "check_context"],
        "gathering": ["MAX_TURN_CALLS"],
        "llm": ["LLMPlanner"],
        "llm_talker": ["LLMTalker"],
        "local": ["LocalPlanner"],
        "mode": ["ANSWER_TOKENS", "MODEL_TIMEOUT", "SEED", "TEMPERATURE", "TOKEN_BUDGET", "Mode"],
        "plan": ["MAX_ACTIONS", "ActionPlan", "PlannedAction", "write_plan"],
        "reading": ["read_action", "read_plan"],
        "rules": ["RulesPlanner"],
        "schema": ["plan_model"],
        "scoring": ["LabelledRequest", "Scored", "Verdict", "read_requests", "score_request"],
        "second_opinion": ["SecondOpinion"],
        "scripted": ["ScriptedPlanner", "ScriptedTalker"],
        "strict_json": ["MAX_PLAN_BYTES"],
        "turn": ["Call", "Message", "Role", "Talker", "Turn"],
        "wire": ["read_call"],
    },
)
