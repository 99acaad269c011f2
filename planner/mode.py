"""How a model is asked for a plan. Imports nothing heavy: settings name these before a model is used."""

from enum import StrEnum

MODEL_TIMEOUT = 120.0  # seconds for one answer; a model on one's own machine is slow


class Mode(StrEnum):
    """How a model is made to answer in the form of a plan."""

    JSON_SCHEMA = "json_schema"  # `response_format`: the answer is the plan's JSON
    TOOLS = "tools"  # the plan is the arguments of one tool call
