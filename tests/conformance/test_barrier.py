"""`agentbarrier verify` over a real database, engine and log."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from agentbarrier.models import ApprovalBarrierProfile, ScenarioResult
from agentbarrier.runner import RunnerOptions, SuiteRunner
from agentbarrier.scenarios import DEFAULT_SCENARIOS

from signoff import Engine
from signoff.actions import Ending, run_action
from signoff.audit import PlanRecord, Status
from tests.conformance import barrier

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds
ANSWER = 1.0  # seconds within which a receiver answers that is there, also on a busy machine
SCENARIOS = [scenario.scenario_id for scenario in DEFAULT_SCENARIOS]


class Reason(NamedTuple):
    """Why a scenario cannot apply, and the code of what AgentBarrier finds where it is run all the same."""

    code: str
    why: str


CANNOT_STOP = {
    "cancellation": Reason("AB008", "`cancel` ends what was not started; what was sent is not called back, and ends as it ends"),
    "timeout": Reason("AB009", "a thread cannot be stopped: after its timeout an effect is in doubt, and `late` tells the rest"),
}
NOT_APPLICABLE: Mapping[str, Mapping[str, Reason]] = {
    "probed": CANNOT_STOP,
    "opaque": CANNOT_STOP
    | {
        "outcome_reconciliation": Reason(
            "AB023", "a person who looked and cannot tell says nothing, so no receipt tells of it; it stays in doubt"
        )
    },
}


def try_out(target: str, scenario: str) -> ScenarioResult:
    """Run one scenario in this process."""
    options = RunnerOptions(
        operation_timeout_seconds=PATIENCE,
        tool_timeout_seconds=ANSWER,
        strict_skips=True,
        scenarios=(scenario,),
        approval_profile=ApprovalBarrierProfile.PER_ACTION,
    )
    (result,) = SuiteRunner(options).verify_sync(getattr(barrier, target)()).results
    return result


@pytest.mark.parametrize("target", NOT_APPLICABLE)
def test_agentbarrier_verifies(target: str, tmp_path: Path) -> None:
    """Every scenario that is not listed passes, none is skipped, and the program says so."""
    wanted = [name for name in SCENARIOS if name not in NOT_APPLICABLE[target]]
    chosen = [word for name in wanted for word in ("--scenario", name)]
    command = [sys.executable, "-m", "agentbarrier", "verify", f"{barrier.__name__}:{target}", *chosen]
    options = ["--approval-profile", "per-action", "--strict-skips"]
    options += ["--operation-timeout", str(PATIENCE), "--tool-timeout", str(ANSWER)]
    report = tmp_path / "report.json"
    ran = subprocess.run(
        [*command, *options, "--json", str(report)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {one["id"]: one["status"] for one in json.loads(report.read_text())["results"]} == dict.fromkeys(wanted, "passed")


@pytest.mark.parametrize(("target", "scenario"), [(target, name) for target, names in NOT_APPLICABLE.items() for name in names])
def test_what_is_listed_does_not_apply(target: str, scenario: str) -> None:
    """A scenario that is listed as one that cannot apply finds what is listed; if it passed, it would not belong there."""
    result = try_out(target, scenario)
    assert result.finding is not None, result.detail
    assert result.finding.code == NOT_APPLICABLE[target][scenario].code


def fail_for_sure(*given: Any) -> Any:
    """Take an error for a proof that nothing happened."""
    result = run_action(*given)
    if result.ending is Ending.IN_DOUBT:
        object.__setattr__(result, "ending", Ending.FAILED)
    return result


def run_whatever_it_needs(plan: PlanRecord, action: Any) -> bool:
    """Take every action that is ready or approved for one that can run."""
    return action.status in (Status.READY, Status.APPROVED)


def approve_in_place_of(engine: Engine, approval: str, actor: Any, *, reason: str) -> Any:
    """Approve what was to be rejected."""
    return engine.approve(approval, actor, digest=engine.card(approval).approval.digest)


@pytest.mark.parametrize(
    ("place", "broken", "scenario", "code"),
    [
        ("signoff.stepping.run_action", fail_for_sure, "outcome_ambiguity", "AB012"),
        ("signoff.audit.PlanRecord.can_run", run_whatever_it_needs, "delegation", "AB014"),
        ("signoff.engine.Engine.reject", approve_in_place_of, "rejection", "AB004"),
    ],
)
def test_a_broken_engine_fails(place: str, broken: Any, scenario: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With our engine broken in one way, AgentBarrier finds it."""
    monkeypatch.setattr(place, broken)
    result = try_out("opaque", scenario)
    assert result.finding is not None, result.detail
    assert result.finding.code == code
