"""How a model chooses its words, and how many it may use: what is asked of a server beside the messages."""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

from signoff.canonical import MAX_INTEGER, Json
from signoff.errors import UsageError

from .mode import ANSWER_TOKENS, SEED, TEMPERATURE, TOKEN_BUDGET

MAX_TEMPERATURE = 2
MAX_TOKENS = 10_000_000  # of an answer, or of a budget

# The variable by which a parameter is left out, where a server refuses it.
VARIABLES: Mapping[str, str] = {
    "temperature": "SIGNOFF_TEMPERATURE",
    "seed": "SIGNOFF_SEED",
    "max_tokens": "SIGNOFF_ANSWER_TOKENS",
    "max_completion_tokens": "SIGNOFF_ANSWER_TOKENS",
}

# OpenAI's newer models refuse `max_tokens`. Ollama and older servers of llama.cpp know no other, and leave out what they do not
# know, which would be no bound at all.
_NEW_NAME = ("api.openai.com", ".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """What is asked of a server beside the messages. None: the server's own choice, and nothing of it is sent."""

    temperature: float | None = TEMPERATURE  # 0 to 2
    seed: int | None = SEED
    answer_tokens: int | None = ANSWER_TOKENS  # of one answer at most
    token_budget: int | None = TOKEN_BUDGET  # of all attempts together, as the server counts; it is not sent

    def __post_init__(self) -> None:
        """Raises UsageError for what no server takes."""
        if self.temperature is not None and not 0 <= self.temperature <= MAX_TEMPERATURE:  # no NaN either
            raise UsageError(f"the temperature (SIGNOFF_TEMPERATURE) is a number from 0 to {MAX_TEMPERATURE}, or none")
        if self.seed is not None and not 0 <= self.seed <= MAX_INTEGER:
            raise UsageError("the seed (SIGNOFF_SEED) is a whole number from 0 to 2**53 - 1, or none")
        for name, tokens in (("SIGNOFF_ANSWER_TOKENS", self.answer_tokens), ("SIGNOFF_TOKEN_BUDGET", self.token_budget)):
            if tokens is not None and not 1 <= tokens <= MAX_TOKENS:
                raise UsageError(f"the number of tokens ({name}) is from 1 to {MAX_TOKENS}, or none")

    def parameters(self, host: str) -> dict[str, Json | float]:
        """What is sent to the server at *host*."""
        new = host.lower().split(":")[0].endswith(_NEW_NAME)
        sent = {
            "temperature": self.temperature,
            "seed": self.seed,
            "max_completion_tokens" if new else "max_tokens": self.answer_tokens,
        }
        return {name: value for name, value in sent.items() if value is not None}

    def record(self) -> dict[str, Json]:
        """What was asked for, for the log, which holds no number with a point."""
        temperature = None if self.temperature is None else f"{self.temperature:g}"
        return {"temperature": temperature, "seed": self.seed, "answer_tokens": self.answer_tokens}


def refused_parameter(said: str, sent: Container[str]) -> str | None:
    """The name of the parameter that a server's error, *said* in its words, is about; one of those that were *sent*."""
    return next((name for name in VARIABLES if name in sent and re.search(rf"\b{name}\b", said)), None)
