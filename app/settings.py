"""Settings: one frozen object, built at the edge from options and the environment. Nothing else reads the environment."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from signoff.audit import TERM
from signoff.planner import ANSWER_TOKENS, MODEL_TIMEOUT, SEED, TEMPERATURE, TOKEN_BUDGET, Mode

from .actor import Actor, Identification
from .errors import UsageError

Choice = TypeVar("Choice", bound=StrEnum)
Number = TypeVar("Number", int, float)

DEFAULT_DATABASE = "signoff.db"
DEFAULT_POLICIES = "policies.yaml"
DEFAULT_TIMEOUT = "10"  # seconds
MAX_TIMEOUT = 3_600
DEFAULT_LEASE = f"{TERM:g}"  # seconds
MIN_LEASE = 1
DEFAULT_REQUESTER = "dana"  # the demo bank's customer
DEFAULT_MODEL = "gpt-5.6-luna"  # OpenAI's small one
DEFAULT_MODE = Mode.JSON_SCHEMA  # OpenAI's newer models refuse tools in chat completions unless they do not reason
_SECRET = "SIGNOFF_SECRET_"  # before a secret's name, in the environment
MAX_TURNS = 50  # of a model, in one conversation
MAX_CALLS = 100
MAX_TOKENS = 200_000
DEFAULT_MODEL_TIMEOUT = f"{MODEL_TIMEOUT:g}"  # seconds
NONE = "none"  # leaves out what is sent by default


class PlannerChoice(StrEnum):
    """Which planner plans."""

    AUTO = "auto"  # a local model where its file is named, a model where a key or a base URL is set, else the rules planner
    LLM = "llm"
    LOCAL = "local"  # the model in a file, on this machine
    RULES = "rules"


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Which model plans, and how it is reached. What was said of it is checked where it is used: most commands use no model."""

    name: str
    base_url: str | None = field(repr=False)  # None: OpenAI's own; may hold a password
    key: str | None = field(repr=False)
    said_mode: str | None
    said_timeout: str | None
    said_temperature: str | None
    said_seed: str | None
    said_answer_tokens: str | None
    said_token_budget: str | None
    said_narrow: str | None

    @property
    def mode(self) -> Mode:
        """How the model is asked. Raises UsageError for a mode that there is not."""
        return _one_of(Mode, "SIGNOFF_MODE", self.said_mode, DEFAULT_MODE)

    @property
    def timeout(self) -> float:
        """Seconds to wait for one answer. Raises UsageError for what is no number of them."""
        return _seconds("SIGNOFF_MODEL_TIMEOUT", self.said_timeout, DEFAULT_MODEL_TIMEOUT)

    @property
    def temperature(self) -> float | None:
        """How freely the model chooses; None where that is not said to it. The default model takes no other than its own."""
        default = None if self.name == DEFAULT_MODEL else TEMPERATURE
        return _number("SIGNOFF_TEMPERATURE", self.said_temperature, default, float)

    @property
    def seed(self) -> int | None:
        """What makes the same request give the same answer; None where it is not sent."""
        return _number("SIGNOFF_SEED", self.said_seed, SEED, int)

    @property
    def answer_tokens(self) -> int | None:
        """Of one answer at most; None where the server decides."""
        return _number("SIGNOFF_ANSWER_TOKENS", self.said_answer_tokens, ANSWER_TOKENS, int)

    @property
    def token_budget(self) -> int | None:
        """Of all attempts at one request together; None where nothing bounds it."""
        return _number("SIGNOFF_TOKEN_BUDGET", self.said_token_budget, TOKEN_BUDGET, int)

    @property
    def narrow(self) -> bool:
        """Whether a model may write only values that occur in the request. Raises UsageError for what is no switch."""
        said = self.said_narrow or "0"
        if said not in ("0", "1"):
            raise UsageError(f'SIGNOFF_NARROW is "{said[:40]}"; write 1 or 0')
        return said == "1"

    @property
    def is_set_up(self) -> bool:
        """Whether there is a model to ask: a key is set, or a server that may need none."""
        return self.key is not None or self.base_url is not None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which files are used, and who speaks."""

    database: Path
    key: Path | None  # the database's key file; None: beside it
    policies: Path
    actions: str | None  # MODULE:NAME of a registry; None: the demo bank's
    claimed: str | None  # who the user says they are (`--as`)
    json: bool  # whether output is JSON
    timeout: float  # seconds to wait for another process
    lease: float  # seconds after which others take over what a process executes that does not go on
    said_planner: str | None  # checked where a planner is chosen
    model: ModelSettings
    local_model: Path | None  # a GGUF file
    second: ModelSettings | None  # who gives a second opinion: a model, or by its name `rules` or `local`; None: nobody
    secrets: Mapping[str, str] = field(repr=False)  # what actions refer to by name; where there is no folder of it
    secrets_folder: Path | None  # a file for each of them
    process: Actor  # the operating system's user

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        database: str | None = None,
        policies: str | None = None,
        actions: str | None = None,
        claimed: str | None = None,
        json: bool = False,
        planner: str | None = None,
        second_opinion: str | None = None,
    ) -> "Settings":
        """Options first, then the environment, then the defaults. Raises UsageError for what cannot be used."""
        try:
            Actor(id=DEFAULT_REQUESTER if claimed is None else claimed)
        except ValueError as error:
            raise UsageError(f"--as: {error}") from error
        return cls(
            database=Path(database or environment.get("SIGNOFF_DB") or DEFAULT_DATABASE),
            key=Path(environment["SIGNOFF_KEY"]) if environment.get("SIGNOFF_KEY") else None,
            policies=Path(policies or environment.get("SIGNOFF_POLICIES") or DEFAULT_POLICIES),
            actions=actions or environment.get("SIGNOFF_ACTIONS") or None,
            claimed=claimed,
            json=json,
            timeout=_seconds("SIGNOFF_TIMEOUT", environment.get("SIGNOFF_TIMEOUT"), DEFAULT_TIMEOUT),
            lease=_seconds("SIGNOFF_LEASE", environment.get("SIGNOFF_LEASE"), DEFAULT_LEASE, MIN_LEASE),
            said_planner=planner or environment.get("SIGNOFF_PLANNER"),
            model=_model(environment),
            local_model=Path(environment["SIGNOFF_LOCAL_MODEL"]) if environment.get("SIGNOFF_LOCAL_MODEL") else None,
            second=_second(environment, second_opinion),
            secrets={name.removeprefix(_SECRET): value for name, value in environment.items() if name.startswith(_SECRET)},
            secrets_folder=Path(environment["SIGNOFF_SECRETS"]) if environment.get("SIGNOFF_SECRETS") else None,
            process=Actor.of_process(),
        )

    @property
    def key_file(self) -> Path:
        """The database's key file."""
        return self.key or self.database.with_name(f"{self.database.name}.key")

    @property
    def planner(self) -> PlannerChoice:
        """Which planner plans. Raises UsageError for one that there is not."""
        return _one_of(PlannerChoice, "SIGNOFF_PLANNER", self.said_planner, PlannerChoice.AUTO)

    @property
    def requester(self) -> Actor:
        """Who asks: the one named by `--as`, or the demo bank's customer."""
        return self.actor(DEFAULT_REQUESTER if self.claimed is None else self.claimed)

    @property
    def named(self) -> tuple[str, ...]:
        """The options with which another command uses the same files and actions; empty where it would by itself."""
        database = () if self.database == Path(DEFAULT_DATABASE) else ("--db", str(self.database))
        policies = () if self.policies == Path(DEFAULT_POLICIES) else ("--policies", str(self.policies))
        actions = () if self.actions is None else ("--actions", self.actions)
        return (*database, *policies, *actions)

    @property
    def operator(self) -> Actor:
        """Who decides, or tells the engine to go on: the one named by `--as`, or the operating system's user."""
        return self.process if self.claimed is None else self.actor(self.claimed)

    def actor(self, name: str) -> Actor:
        """Whoever says that they are *name*: only claimed, but where the operating system says the same."""
        if name == self.process.id:
            return self.process
        return Actor(id=name, how=Identification.CLAIMED, os_user=self.process.os_user)


def _model(environment: Mapping[str, str]) -> ModelSettings:
    return ModelSettings(
        name=environment.get("SIGNOFF_MODEL") or DEFAULT_MODEL,
        base_url=environment.get("OPENAI_BASE_URL", "").strip() or None,
        key=environment.get("OPENAI_API_KEY", "").strip() or None,
        said_mode=environment.get("SIGNOFF_MODE"),
        said_timeout=environment.get("SIGNOFF_MODEL_TIMEOUT"),
        said_temperature=environment.get("SIGNOFF_TEMPERATURE"),
        said_seed=environment.get("SIGNOFF_SEED"),
        said_answer_tokens=environment.get("SIGNOFF_ANSWER_TOKENS"),
        said_token_budget=environment.get("SIGNOFF_TOKEN_BUDGET"),
        said_narrow=environment.get("SIGNOFF_NARROW"),
    )


def _second(environment: Mapping[str, str], said: str | None) -> ModelSettings | None:
    """Who gives a second opinion. The first model's key is not sent to a server of the second one's own."""
    name = said or environment.get("SIGNOFF_SECOND_OPINION")
    if not name:
        return None
    first = _model(environment)
    base_url = environment.get("SIGNOFF_SECOND_BASE_URL", "").strip() or None
    key = environment.get("SIGNOFF_SECOND_KEY", "").strip() or None
    if base_url is None:
        base_url, key = first.base_url, key or first.key
    return replace(first, name=name, base_url=base_url, key=key)


def _one_of(choices: type[Choice], name: str, text: str | None, default: Choice) -> Choice:
    """Raises UsageError where *text* is none of *choices*."""
    try:
        return choices(text) if text else default
    except ValueError as error:
        raise UsageError(f'{name} is "{(text or "")[:40]}"; write one of {", ".join(choices)}') from error


def _number(name: str, said: str | None, default: Number | None, read: Callable[[str], Number]) -> Number | None:
    """What was *said* under *name*, or the default; None for "none". Raises UsageError for what is no number."""
    if not said:
        return default
    if said.strip().lower() == NONE:
        return None
    try:
        return read(said)
    except ValueError as error:
        raise UsageError(f'{name} is "{said[:40]}"; write a number, or {NONE}') from error


def _seconds(name: str, said: str | None, default: str, least: float = 0) -> float:
    """Raises UsageError where what was *said* under *name* is no number of seconds that somebody could mean."""
    text = said or default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not least <= seconds <= MAX_TIMEOUT:
        raise UsageError(f'{name} is "{text[:40]}"; write a number of seconds from {least} to {MAX_TIMEOUT}')
    return seconds
