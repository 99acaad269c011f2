"""A planner that asks a model on this machine: a GGUF file, served by llama.cpp in a process of its own. Experimental.

Small models make things up. That is why the schema they answer in is narrowed to values of the request, and why whoever
plans with one is told so.
"""

import json
import os
import secrets
import subprocess
import sys
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from itertools import combinations, islice
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, Any, Self, cast

from signoff.actions import Registry, show_text
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import UsageError

from .answer import Outcome, Planned
from .context import Context
from .llm import LLMPlanner
from .mode import MODEL_TIMEOUT
from .sampling import Sampling
from .wire import Schema

CONTEXT = 8_192  # tokens of instructions, request and answer together
ANSWER_TOKENS = 1_024  # of one answer: small models may not find an end
RETRIES = 1  # how often a model is asked again after a malformed answer: small ones seldom mend it, and are slow
START_TIMEOUT = 120  # seconds to load a model in
MOST_ACTIONS = 6  # in one plan; a plan of so many may be one that found no end, and is not used
MAX_WORDS = 200  # characters of a question or a refusal
MAX_NAME = 100  # characters of a model's name
MAX_REASON = 300  # characters of why a model could not be loaded
MAX_PRINTED = 2**20  # bytes of what llama.cpp prints that are read

_MAGIC = b"GGUF"
_WRONG = "error loading model: "  # what llama.cpp prints before the reason
# Of the environment, by name and by the beginning of a name: where programs, libraries and modules are, and how drivers are told
# which processor to use.
_NEEDED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "HOME", "USERPROFILE", "SYSTEMROOT"),
    *("TMPDIR", "TEMP", "TMP", "LANG", "LC_ALL", "TZ"),
)
_DRIVERS = ("GGML_", "CUDA_", "NVIDIA_", "HIP_", "HSA_", "ROCR_", "ONEAPI_", "ZE_", "VK_", "OMP_", "GOMP_", "KMP_")
_PROCESS = Path(__file__).with_name("local_process.py")


class LocalPlanner:
    """Plans by asking the model in a GGUF file. The model is loaded at once, and unloaded by `close`, or with this process.

    One planner may be used by many threads: the model answers them one after the other.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        model: Path,
        timeout: float = MODEL_TIMEOUT,
        context_size: int = CONTEXT,
        threads: int | None = None,  # llama.cpp's choice where it is None
        max_retries: int = RETRIES,
        answer_tokens: int = ANSWER_TOKENS,
        narrow: bool = True,  # only values that occur in the request: what small models make up otherwise, they make up often
    ) -> None:
        """Raises UsageError where the extra is not installed, or *model* is no file that can be loaded."""
        _check_file(model)
        Sampling(answer_tokens=answer_tokens)  # which refuses what is no number of them, before anything is started
        if find_spec("xllamacpp") is None:
            raise UsageError('a local model needs xllamacpp, which is not installed; install it: pip install "signoff[local]"')
        self._name = show_text(model.stem[:MAX_NAME]) or "unnamed"
        self._server = _Server.start(model, context=context_size, tokens=answer_tokens, threads=threads)
        self._end = weakref.finalize(self, self._server.stop)  # at the exit of this process, too
        self._planner = LLMPlanner(
            registry,
            model=self._name,
            base_url=self._server.url,
            api_key=self._server.key,
            timeout=timeout,
            max_retries=max_retries,
            answer_tokens=answer_tokens,
            narrow=narrow,
            direct=True,
            shape=local_form,
        )

    @property
    def label(self) -> str:
        """Who plans, for people: the file's name, and what to think of it."""
        return f"local model {self._name} (experimental)"

    @property
    def process(self) -> int:
        """The id of the process in which the model runs."""
        return self._server.process.pid

    def plan(self, request: str, actor: Actor, context: Sequence[Context] = ()) -> Planned:
        """The plan, or why there is none. Raises PlanInvalid for a request or a context that cannot be taken."""
        planned = self._planner.plan(request, actor, context)
        if not self._server.is_running:  # then anybody may have answered at its port
            told = f"the local model {self._name} has ended, so nothing is used of what came; make the planner anew"
            return Planned(outcome=Outcome.PROVIDER_ERROR, planner=self.label, model=self._name, message=told)
        if planned.plan is not None and len(planned.plan.actions) == MOST_ACTIONS:
            told = f"the local model planned {MOST_ACTIONS} actions, as many as it may, so nothing is used; ask for less at once"
            return replace(planned, outcome=Outcome.TRUNCATED, planner=self.label, plan=None, message=told)
        return replace(planned, planner=self.label)

    def close(self) -> None:
        """End the model's process. Closing again does nothing."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def local_form(schema: Schema) -> Schema:
    """*schema*, of a plan in the wire form, as small models keep to it: a choice of actions, a question, or a refusal.

    A small model writes whatever it may: a question beside actions, one without an end, numbers of actions that there are
    not. So each place of a plan has a form of its own, in which `needs` are any of the places before it. OpenAI's servers
    take none of this, llama.cpp does.
    """
    properties = cast(Mapping[str, Any], schema["properties"])
    nothing: Schema = {"type": "null"}
    words: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_WORDS}
    empty: Schema = {"type": "array", "items": nothing, "maxItems": 0}
    places = {f"action{place}": _at(place, properties["actions"]["items"]) for place in range(1, MOST_ACTIONS + 1)}
    actions: Schema = {"anyOf": [_list_of(islice(places, size)) for size in range(1, MOST_ACTIONS + 1)]}
    forms = ((actions, nothing, nothing), (empty, words, nothing), (empty, nothing, words))
    return {"anyOf": [{**schema, "properties": dict(zip(properties, form, strict=True))} for form in forms], "$defs": places}


def _list_of(names: Iterable[str]) -> Schema:
    """A list with one item for each of *names*, in their order."""
    items: list[Json] = [{"$ref": f"#/$defs/{name}"} for name in names]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _at(place: int, action: Mapping[str, Any]) -> Schema:
    """The form of an action at *place* of a plan: it may need any of those before it."""
    needs = [list(some) for size in range(place) for some in combinations(range(1, place), size)]
    return {"anyOf": [{**one, "properties": {**one["properties"], "needs": {"enum": needs}}} for one in action["anyOf"]]}


@dataclass(frozen=True, kw_only=True)
class _Server:
    """llama.cpp's server in a process of its own, on a port of 127.0.0.1 that answers only to our key."""

    process: subprocess.Popen[bytes]
    url: str
    key: str = field(repr=False)

    @classmethod
    def start(cls, model: Path, *, context: int, tokens: int, threads: int | None) -> "_Server":
        """Load *model*. Raises UsageError where that fails."""
        key = secrets.token_urlsafe(32)
        told = {"model": str(model.absolute()), "key": key, "context": context, "tokens": tokens, "threads": threads}
        told["seconds"] = START_TIMEOUT
        with TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", str(_PROCESS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(),
            )
            try:
                answer = _exchange(process, json.dumps(told).encode())
            except BaseException:  # Ctrl-C, above all
                process.kill()
                _stop(process)
                raise
            if "url" not in answer:
                _stop(process)
                reason = _reason(answer, errors, process.returncode)
                raise UsageError(f'the local model "{show_text(str(model)[:MAX_NAME])}" cannot be loaded: {reason}')
        return cls(process=process, url=f"{answer['url']}/v1", key=key)

    @property
    def is_running(self) -> bool:
        """Whether the process lives. As long as it does, nobody else can have its port."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process."""
        _stop(self.process)


def _environment() -> dict[str, str]:
    """What the process is given of ours: what Python, llama.cpp and its drivers need, and no key or secret."""
    return {name: value for name, value in os.environ.items() if name.upper() in _NEEDED or name.upper().startswith(_DRIVERS)}


def _check_file(model: Path) -> None:
    """Raises UsageError where *model* is not a file that begins as a GGUF file does."""
    shown = f'the local model "{show_text(str(model)[:MAX_NAME])}" (SIGNOFF_LOCAL_MODEL)'
    if not model.is_file():
        raise UsageError(f"{shown} is not there, or no file; name a GGUF file")
    try:
        with model.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror}; name a GGUF file that can be") from error
    if magic != _MAGIC:
        raise UsageError(f"{shown} is no GGUF file; name one")


def _exchange(process: subprocess.Popen[bytes], told: bytes) -> dict[str, str]:
    """What *process* answers to what it is *told*; empty where it ends, or says nothing in time."""
    assert process.stdin is not None
    assert process.stdout is not None
    late = Timer(START_TIMEOUT, process.kill)
    late.start()
    try:
        process.stdin.write(told + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = b""
    finally:
        late.cancel()
    read: dict[str, str] = json.loads(answer) if answer.endswith(b"\n") else {}
    return read


def _reason(answer: dict[str, str], errors: IO[bytes], returncode: int | None) -> str:
    """Why a model was not loaded: what llama.cpp printed last, or how its process ended."""
    errors.seek(0)
    printed = errors.read(MAX_PRINTED).decode(errors="replace")
    wrong = [line.partition(_WRONG)[2] for line in printed.splitlines() if _WRONG in line]
    said = answer.get("error") or f"its process ended with {returncode}, within {START_TIMEOUT} seconds"
    return show_text(" ".join((wrong[0] if wrong else said).split())[:MAX_REASON])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End *process*: the end of its input is what it waits for."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
