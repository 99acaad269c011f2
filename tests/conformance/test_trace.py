"""`agentack check` over what our log tells of plans, and what a receiver outside got."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from agentack.cli import main as agentack  # type: ignore[import-untyped]  # it says nothing of its types

from signoff.audit import Status, Writing
from signoff.executor import Executor
from signoff.outside import Outside
from signoff.policies import DecisionEffect
from signoff.steps import Ready
from signoff.testing import FakeClock
from tests.conformance import errands
from tests.conformance.errands import MIRA, OMAR, STRICTER, Errands
from tests.conformance.trace import write_trace

ROOT = Path(__file__).parents[2]
AGENTACK_POLICY = """\
version = 1

[approval]
require_for = ["send:*"]
max_age_seconds = 3600
single_use = true
exact_action_binding = true
stop_is_terminal = true
"""
PASS, FAIL, INCOMPLETE = 0, 1, 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Errands]:
    """Nothing was asked for yet."""
    with errands.opened(tmp_path / "signoff.db", FakeClock()) as opened:
        yield opened


def check(world: Errands, plan: str) -> tuple[int, dict[str, int]]:
    """What `agentack check` returns about *plan*, and how often it finds what."""
    trace, policy, report = (world.database.with_name(name) for name in ("trace.jsonl", "agentack.toml", "report.json"))
    with world.engine.store.read() as tx:
        write_trace(trace, tx.entries(plan), world.received.by_key())
    policy.write_text(AGENTACK_POLICY)
    code = agentack(["check", str(trace), "--policy", str(policy), "--json", str(report)])
    found: dict[str, int] = json.loads(report.read_text())["result"]["rule_counts"]
    return code, found


def kill(world: Errands, at: str) -> None:
    """Let a process of its own resume, which is killed *at* the first effect."""
    command = [sys.executable, "-W", "error", "-m", errands.__name__, str(world.database), at]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -SIGKILL


def signed(world: Errands) -> str:
    """Signed, and sent once."""
    plan = world.submit(("send", "hello", []), ("note", "sent", [1]), ("note", "free", []))
    world.sign(plan)
    world.resume()
    return plan


def rejected(world: Errands) -> str:
    """Rejected, with what needs it, signed or not."""
    plan = world.submit(("send", "hello", []), ("note", "sent", [1]), ("send", "more", [1]))
    world.sign(plan, 3)
    world.reject(plan)
    world.resume()
    return plan


def never_signed(world: Errands) -> str:
    """Nobody decided in time."""
    plan = world.submit(("send", "hello", []))
    world.clock.move(timedelta(hours=2))
    world.resume()
    return plan


def signed_too_early(world: Errands) -> str:
    """Signed, and not run before the time was over."""
    plan = world.submit(("send", "hello", []))
    world.sign(plan)
    world.clock.move(timedelta(hours=2))
    world.resume()
    return plan


def cancelled(world: Errands) -> str:
    """Cancelled, the one that was signed and the one that was not."""
    plan = world.submit(("send", "hello", []), ("send", "more", []), ("note", "free", []))
    world.sign(plan)
    world.engine.cancel(plan, MIRA)
    world.resume()
    return plan


def signed_anew(world: Errands) -> str:
    """Signed, then under rules that ask two people, of whom each signs."""
    plan = world.submit(("send", "hello", []))
    world.sign(plan)
    world.change_rules(STRICTER)
    world.resume()
    world.sign(plan)
    world.sign(plan, who=OMAR)
    world.resume()
    return plan


def two_alike(world: Errands) -> str:
    """Of two messages that are the same, one is signed and the other rejected."""
    plan = world.submit(("send", "hello", []), ("send", "hello", []))
    world.sign(plan, 2)
    world.resume()
    world.reject(plan, 1)
    world.resume()
    return plan


def killed_before(world: Errands) -> str:
    """The process was killed before the effect: somebody says so, and it is signed anew."""
    plan = killed_in_doubt(world)
    world.engine.resolve(plan, 1, MIRA, done=False, reason="it is not there")
    world.resume()
    world.sign(plan)
    world.resume()
    return plan


def killed_after(world: Errands) -> str:
    """The process was killed after the effect: somebody says so."""
    plan = world.submit(("send", "hello", []))
    world.sign(plan)
    kill(world, "after")
    world.resume()
    world.engine.resolve(plan, 1, MIRA, done=True, reason="it is there")
    world.resume()
    return plan


@pytest.mark.parametrize(
    "life",
    [signed, rejected, never_signed, signed_too_early, cancelled, signed_anew, two_alike, killed_before, killed_after],
)
def test_what_happened_to_a_plan_passes(life: Callable[[Errands], str], world: Errands) -> None:
    """Whatever happened to a plan, AgentAck finds nothing in its trace."""
    assert check(world, life(world)) == (PASS, {})


def killed_in_doubt(world: Errands) -> str:
    """The process was killed, and nobody has said yet whether it happened."""
    plan = world.submit(("send", "hello", []))
    world.sign(plan)
    kill(world, "before")
    world.resume()
    return plan


def denied(world: Errands) -> str:
    """A rule denies a message, so nobody is asked."""
    world.change_rules(errands.RULES + '  - id: never\n    deny: send\n    when: text == "never"\n')
    return world.submit(("send", "never", []))


# What AgentAck cannot pass, and why.
NOT_APPLICABLE = {
    killed_in_doubt: "what is in doubt has no end yet: AgentAck calls that incomplete, and so do we",
    denied: "AgentAck knows no denial but a person's: a rule's own, of which nobody was asked, is incomplete to it",
}


@pytest.mark.parametrize("life", NOT_APPLICABLE)
def test_what_is_listed_is_incomplete(life: Callable[[Errands], str], world: Errands) -> None:
    """A plan's life that is listed lacks evidence, and breaks no rule; if it passed, it would not belong there."""
    assert check(world, life(world)) == (INCOMPLETE, {"ACK009": 1})


def another_action(executor: Executor, record: Any) -> Any:
    """Run another message than was signed."""
    return executor._registry["send"](text="something else")  # type: ignore[call-arg]  # a field of this type alone


def without_deadlines(*_: Any) -> Any:
    """Let nothing end by itself."""
    return {}


def run_twice(outside: Outside, started: Any, run: Any, is_ours: Any) -> Any:
    """Have every effect twice."""
    run(started.action, started.execution)
    return run(started.action, started.execution)


def run_unsigned(executor: Executor, tx: Any, plan: Any, record: Any, actor: Any) -> Any:
    """Run what is decided, whatever was decided."""
    return Ready(record=record, judged=executor.decide(tx, plan, record), approval=None, requester=plan.requester)


move = Writing.move


def rejected_is_approved(tx: Writing, action: Any, status: Status, actor: Any, **told: Any) -> Any:
    """Take a rejection for an approval."""
    return move(tx, action, Status.APPROVED if status is Status.REJECTED else status, actor, **told)


Breaks = dict[str, Any]
BREAKS: list[tuple[str, Callable[[Errands], str], Breaks]] = [
    (
        "ACK001",
        never_signed,
        {"plans._FIRST": dict.fromkeys(DecisionEffect, Status.READY), "executor.Executor._decide_again": run_unsigned},
    ),
    (  # three walls stand before this one: what is rejected cannot run, is decided again, and its votes do not serve
        "ACK002",
        rejected,
        {"audit.Writing.move": rejected_is_approved, "executor.Executor._decide_again": run_unsigned},
    ),
    ("ACK003", signed, {"executor.Executor._load": another_action}),
    ("ACK004", signed, {"outside.Outside.execute": run_twice}),
    ("ACK005", signed_too_early, {"plans.ends_of": without_deadlines}),
    ("ACK008", cancelled, {"intervening.can_cancel": lambda action: action.status is Status.WAITING}),
]


@pytest.mark.parametrize(("rule", "life", "breaks"), BREAKS, ids=[rule for rule, _, _ in BREAKS])
def test_a_broken_engine_fails(
    rule: str, life: Callable[[Errands], str], breaks: Breaks, world: Errands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With our engine broken so that a rule of AgentAck's does not hold, it finds that in the trace."""
    for place, broken in breaks.items():
        monkeypatch.setattr(f"signoff.{place}", broken)
    code, found = check(world, life(world))
    assert code == FAIL
    assert rule in found
