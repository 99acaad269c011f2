"""A local model, before one is there: which files are refused, what is missing, and the way past proxies."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import UsageError
from signoff.planner import LocalPlanner, Outcome, local, local_process
from signoff.planner.local import MAX_WORDS, MOST_ACTIONS, local_form
from signoff.planner.wire import wire_schema
from tests.chat_server import ChatServer, plan
from tests.planner.conftest import TRANSFER, Ask, failed

REQUEST = "send $150 to Alice"


def refused(registry: Registry, model: Path) -> str:
    """Why no planner is made with *model*."""
    with pytest.raises(UsageError) as caught:
        LocalPlanner(registry, model=model)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"GGU", b"ggml and more", b"\x80\x04\x95 a pickle", b'{"a": "GGUF"}'])
def test_a_file_of_another_kind_is_not_loaded(registry: Registry, tmp_path: Path, content: bytes) -> None:
    """A file that does not begin as a GGUF file does is refused before anything reads more of it."""
    model = tmp_path / "model\x1b.gguf"
    model.write_bytes(content)
    told = refused(registry, model)
    assert "SIGNOFF_LOCAL_MODEL" in told
    assert told.endswith("is no GGUF file; name one")
    assert "\\u{1b}" in told


def test_what_is_no_file_is_not_read(registry: Registry, tmp_path: Path) -> None:
    """A name of nothing, a folder, and a pipe, which would never end, are refused."""
    os.mkfifo(tmp_path / "pipe")
    for model in (tmp_path / "none.gguf", tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert "is not there, or no file" in refused(registry, model)


def test_the_extra_is_named_where_it_is_missing(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without xllamacpp the error says what to install."""
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF\x03\0\0\0")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert 'pip install "signoff[local]"' in refused(registry, model)


def test_a_direct_way_leads_past_every_proxy(
    llm: Ask, chat_server: ChatServer, dana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked on this machine goes to no proxy, whatever the environment names; without that it would."""
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    chat_server.answer_always(plan(TRANSFER))
    assert llm(direct=True).plan(REQUEST, dana).outcome is Outcome.PLAN
    assert "PROXY" in failed(llm().plan(REQUEST, dana))
    assert len(chat_server.asked) == 1


_PROCESS = Path(local_process.__file__)
_LOADER = """
import ctypes, os, signal, sys
class Any:
    def __setattr__(self, name, value): pass
    def __getattr__(self, name): return Any()
CommonParams = Any
class Server:
    def __init__(self, params):
        os.write(1, b"loading")
        if os.environ["MODEL"] == "hangs":
            ctypes.PyDLL(None).sleep(600)  # and lets no other thread run meanwhile
        self.listening_address = "http://127.0.0.1:9"
"""


@contextmanager
def process_of(tmp_path: Path, model: str, **told: object) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of a *model* whose loader is native code that `hangs`, or does not, *told* what it is to serve."""
    (tmp_path / "xllamacpp.py").write_text(_LOADER)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "MODEL": model}
    command = [sys.executable, "-P", str(_PROCESS)]
    pipe = subprocess.PIPE
    with (
        (tmp_path / "printed").open("wb") as printed,
        subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=printed) as process,
    ):
        assert process.stdin is not None
        what = {"model": "m.gguf", "key": "k", "context": 1, "tokens": 1, "threads": None, "seconds": 60} | told
        process.stdin.write(json.dumps(what).encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def test_a_model_that_never_loads_is_given_up_by_its_own_process(tmp_path: Path) -> None:
    """Where loading hangs in native code the process ends by itself in time: who started it may be gone by then."""
    with process_of(tmp_path, "hangs", seconds=1) as process:
        assert process.wait(60) == -signal.SIGALRM
    assert (tmp_path / "printed").read_text() == "loading"


def test_a_start_that_is_broken_off_leaves_no_process(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a model is loaded ends its process at once, and does not wait for what may never come."""
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(process: "subprocess.Popen[bytes]", told: bytes) -> dict[str, str]:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(local, "_exchange", interrupted)
    monkeypatch.setattr(local, "find_spec", lambda name: name)
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF\x03\0\0\0")
    with pytest.raises(KeyboardInterrupt):
        LocalPlanner(registry, model=model)
    assert [process.poll() for process in started] == [-signal.SIGKILL]


def test_a_model_that_is_loaded_prints_nowhere(tmp_path: Path) -> None:
    """Once a model is loaded its time is not bounded any more, and nothing that it prints fills a file."""
    with process_of(tmp_path, "loads") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"url": "http://127.0.0.1:9"}
        files = Path(f"/proc/{process.pid}/fd")
        assert {(files / number).readlink() for number in ("1", "2")} == {Path(os.devnull)}
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_models_process_is_given_no_secret(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment it has what it needs to run, such as where modules are, and neither keys nor secrets nor proxies."""
    (tmp_path / "xllamacpp.py").write_text(_LOADER.replace('os.environ["MODEL"]', '""'))
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF\x03\0\0\0")
    monkeypatch.setattr(local, "find_spec", lambda name: name)
    secret = ("OPENAI_API_KEY", "SIGNOFF_SECOND_KEY", "SIGNOFF_SECRET_BANK", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY")
    for name in (*secret, "GGML_VK_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "hunter2-hunter2")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with LocalPlanner(registry, model=model) as planner:
        given = Path(f"/proc/{planner.process}/environ").read_bytes().decode().split("\0")
    names = {one.partition("=")[0] for one in given}
    assert {"PATH", "PYTHONPATH", "GGML_VK_VISIBLE_DEVICES"} <= names
    assert not names.intersection(secret)


BALANCE: dict[str, Any] = {"type": "check_balance", "account": None, "needs": []}
MONEY: dict[str, Any] = {**TRANSFER, "needs": []}


@pytest.mark.parametrize(
    ("actions", "question", "refusal", "fits"),
    [
        ([MONEY], None, None, True),
        ([BALANCE, {**MONEY, "needs": [1]}, {**BALANCE, "needs": [1, 2]}], None, None, True),
        ([BALANCE] * MOST_ACTIONS, None, None, True),
        ([], "Which account?", None, True),
        ([], None, "That is theft.", True),
        ([BALANCE] * (MOST_ACTIONS + 1), None, None, False),
        ([{**MONEY, "needs": [1]}], None, None, False),
        ([{**MONEY, "needs": [-1]}], None, None, False),
        ([BALANCE, {**MONEY, "needs": [1, 1]}], None, None, False),
        ([BALANCE, {**MONEY, "needs": [2]}], None, None, False),
        ([MONEY], "Which account?", None, False),
        ([MONEY], None, "That is theft.", False),
        ([], "Which account?", "That is theft.", False),
        ([], "", None, False),
        ([], "x" * (MAX_WORDS + 1), None, False),
        ([], None, None, False),
        ([{**MONEY, "to": 5}], None, None, False),
    ],
)
def test_a_local_model_can_write_nothing_else(
    registry: Registry, actions: list[dict[str, Any]], question: str | None, refusal: str | None, fits: bool
) -> None:
    """The form for local models takes actions that need earlier ones, or one question, or one refusal, each with an end."""
    schema = local_form(wire_schema(registry))
    Draft202012Validator.check_schema(schema)
    answer = {"actions": actions, "question": question, "refusal": refusal}
    assert Draft202012Validator(schema).is_valid(answer) is fits
