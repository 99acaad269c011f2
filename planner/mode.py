"""How a model is asked for a plan. Imports nothing heavy: settings name these before a model is used."""

from enum import StrEnum

MODEL_TIMEOUT = 120.0  # seconds for one answer; a model on one's own machine is slow
TEMPERATURE = 0.0  # the likeliest answer
SEED = 17  # any number does, so that the same request is answered the same where a server can
ANSWER_TOKENS = 8_192  # of one answer, a model's silent reasoning included; 100 actions take about 6,000
TOKEN_BUDGET = 100_000  # of all attempts at one request together, what is sent included


class Mode(StrEnum):
    """How a model is made to answer in the form of a plan."""

    JSON_SCHEMA = "json_schema"  # `response_format` with the schema: the answer is the plan's JSON
    TOOLS = "tools"  # the plan is the arguments of one tool call
    JSON = "json"  # `response_format` without a schema, which is told in the instructions: the answer is the plan's JSON
