"""`signoff worker` in processes of its own: beside other commands, told to stop, and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.receiver import Receiver, Treatment

ROOT = Path(__file__).parents[2]
PLENTY = 60.0  # seconds
ACTIONS = """
from datetime import timedelta
from signoff.actions import Effect, Execution, Registry, action
from tests.receiver import Receiver

@action(effect=Effect.OPAQUE)
def shout(execution: Execution, note: str = "") -> str:
    return str(Receiver({port}, {box!r}).send(execution.key, keyed=False)[0])

@action(effect=Effect.IDEMPOTENT, window=timedelta(days=1))
def pay(execution: Execution, note: str = "") -> str:
    return str(Receiver({port}, {box!r}).send(execution.key, keyed=True)[0])

registry = Registry(shout, pay)
"""
RULES = """\
version: 1
default: deny
approvers: manager
identity: claimed
roles: {manager: [mira]}
rules:
  - {id: all, allow: '*'}
  - {id: signed, approve: '*', when: note == "sign"}
"""


class Shop:
    """A folder with rules and actions, and the commands that are run in it."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        self.receiver = receiver
        (folder / "shop.py").write_text(ACTIONS.format(port=receiver.port, box=receiver.box))
        (folder / "policies.yaml").write_text(RULES)

    def run(self, *arguments: str) -> Any:
        """What a command tells as JSON."""
        with self.started(*arguments, "--json") as process:
            output, error = process.communicate(timeout=PLENTY)
        assert error == ""
        return json.loads(output)

    def accept(self, *actions: dict[str, Any]) -> Any:
        """Accept a plan, and run nothing of it."""
        text = json.dumps({"actions": [{"needs": []} | one for one in actions]})
        (self.folder / "plan.json").write_text(text)
        return self.run("run", "--plan", "plan.json", "--no-run")

    def statuses(self, plan: str) -> list[str]:
        """Where the actions of a plan stand."""
        return [one["status"] for one in self.run("show", plan)["actions"]]

    @contextmanager
    def started(self, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """A command that runs, and is killed with the block where it still does."""
        environment = os.environ | {"PYTHONPATH": str(ROOT), "SIGNOFF_ACTIONS": "shop:registry"}
        command = [sys.executable, "-m", "signoff", *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def shop(tmp_path: Path, receiver: Receiver) -> Shop:
    """A shop in which nothing was asked for."""
    return Shop(tmp_path, receiver)


def test_a_worker_goes_on_beside_other_commands(shop: Shop) -> None:
    """What `run` accepts and `approve` releases is run once, by the worker or the command, and each line tells what ended."""
    plan = shop.accept({"type": "pay"}, {"type": "pay", "note": "sign"}, {"type": "shout", "needs": [2]})
    with shop.started("worker", "--poll", "0.05", "--json") as worker:
        assert worker.stdout is not None
        lines = [json.loads(worker.stdout.readline()) for _ in range(2)]
        assert [(one["event"], one["plan"], one["number"]) for one in lines] == [
            ("started", plan["plan"], 1),
            ("ended", plan["plan"], 1),
        ]
        (approval,) = plan["approvals"]
        told = shop.run("approve", approval["id"], "--as", "mira", "--digest", approval["digest"])
        assert [one["status"] for one in told["actions"]] == ["done"] * 3, "what the worker took up is waited for"
        (shop.folder / "plan.json").write_text('{"actions": [{"type": "shout", "needs": []}]}')
        assert [one["status"] for one in shop.run("run", "--plan", "plan.json")["actions"]] == ["done"]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PLENTY) == 0
    assert shop.receiver.told() == [1, 1, 1, 1]
    assert shop.run("audit", "verify")["problems"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_running_action_end(shop: Shop, number: signal.Signals) -> None:
    """At SIGTERM or Ctrl-C the action that runs ends and is recorded, no other starts, and the worker ends with 0."""
    shop.receiver.script(Treatment.HOLD)
    plan = shop.accept({"type": "shout"}, {"type": "shout"})["plan"]
    with shop.started("worker") as worker:
        _wait_until(lambda: shop.receiver.told("requests") == [1] or worker.poll() is not None)
        worker.send_signal(number)
        _wait_until(lambda: _is_heard(worker.pid, number))
        shop.receiver.release()
        output, error = worker.communicate(timeout=PLENTY)
    assert (worker.returncode, error) == (0, "")
    assert [line.split()[:2] for line in output.splitlines()] == [[f"{plan}/1", "executing"], [f"{plan}/1", "done"]]
    assert shop.statuses(plan) == ["done", "ready"]
    assert shop.receiver.told() == [1]


def test_an_idle_worker_ends_at_once(shop: Shop) -> None:
    """A worker that has nothing to do ends at the first signal, however seldom it polls."""
    plan = shop.accept({"type": "pay"})["plan"]
    with shop.started("worker", "--poll", "3600") as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().startswith(f"{plan}/1 executing")
        assert worker.stdout.readline().startswith(f"{plan}/1 done")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PLENTY) == 0


def test_a_second_signal_ends_it_at_once(shop: Shop) -> None:
    """A second signal ends a worker in the middle of its action, which the next one finds in doubt; nothing else is lost."""
    shop.receiver.script(Treatment.HOLD)
    plan = shop.accept({"type": "shout"}, {"type": "pay"})["plan"]
    with shop.started("worker") as worker:
        _wait_until(lambda: shop.receiver.told("requests") == [1] or worker.poll() is not None)
        worker.send_signal(signal.SIGTERM)
        _wait_until(lambda: _is_heard(worker.pid, signal.SIGTERM))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PLENTY) == -signal.SIGTERM
    with shop.started("worker", "--drain") as next_one:
        _, error = next_one.communicate(timeout=PLENTY)
    assert (next_one.returncode, error) == (0, "")
    assert shop.statuses(plan) == ["in_doubt", "done"]
    shop.receiver.release()


def _is_heard(process: int, number: int) -> bool:
    """Whether a first signal was heard: a second one would not be caught any more."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    return not caught & 1 << (number - 1)


def test_a_killed_worker_holds_nothing_up(shop: Shop) -> None:
    """What a killed worker executed is taken over at once by another one that idles, though nobody writes."""
    shop.receiver.script(Treatment.HOLD)
    plan = shop.accept({"type": "pay"})["plan"]
    with shop.started("worker") as killed, shop.started("worker", "--poll", "0.05") as other:
        _wait_until(lambda: shop.receiver.told("requests") == [1])
        first, second = (
            (killed, other)
            if shop.run("audit", "log")[-1]["data"]["lease"]["worker"].endswith(f":{killed.pid}")
            else (other, killed)
        )
        first.kill()
        shop.receiver.release()
        assert second.stdout is not None
        assert second.stdout.readline().startswith(f"{plan}/1 executing")
        assert second.stdout.readline().startswith(f"{plan}/1 done")
    assert shop.receiver.told() == [1]
    assert sorted(path.name for path in shop.folder.glob("signoff.db*")) == [
        *("signoff.db", "signoff.db-shm", "signoff.db-wal"),
        *("signoff.db.key", "signoff.db.key.head", "signoff.db.lock", "signoff.db.run"),
    ]


def test_problems_decide_how_a_drained_worker_ends(shop: Shop) -> None:
    """A drained worker that could not go on with a plan ends with what kept it, and says that once; others have gone on."""
    plan = shop.accept({"type": "shout"})["plan"]
    good = shop.accept({"type": "pay"})["plan"]
    text = (shop.folder / "shop.py").read_text()
    (shop.folder / "shop.py").write_text(text.replace("Registry(shout, pay)", "Registry(pay)"))
    with shop.started("worker", "--drain", "--json") as worker:
        output, error = worker.communicate(timeout=PLENTY)
    problem, *others = map(json.loads, output.splitlines())
    assert (problem["event"], problem["plan"], problem["code"]) == ("problem", plan, "action-invalid")
    assert [(one["event"], one["plan"]) for one in others] == [("started", good), ("ended", good)]
    assert (worker.returncode, error) == (1, "")


@pytest.mark.parametrize("seconds", ["0", "soon", "nan", "4000"])
def test_a_pause_is_a_number_of_seconds(shop: Shop, seconds: str) -> None:
    """What is no number of seconds that a worker could wait is wrong use."""
    with shop.started("worker", "--poll", seconds) as worker:
        assert "no number of seconds" in worker.communicate(timeout=PLENTY)[1]
    assert worker.returncode == 2


def _wait_until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + PLENTY
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)
