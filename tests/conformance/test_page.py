"""docs/conformance.md says what these tests do."""

from importlib.metadata import version
from pathlib import Path

from tests.conformance.test_barrier import NOT_APPLICABLE, SCENARIOS

PAGE = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text()


def test_versions_are_those_that_were_tried() -> None:
    """The page names the versions of the suites that are installed."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| [")]
    suites = ("AgentBarrier", "agent-approval-interchange", "AgentAck")
    told = [suite for suite in suites for line in lines if f"[{suite}]" in line and f" {version(suite)} " in line]
    assert told == [*suites]


def test_every_scenario_is_named_and_every_code_that_does_not_apply() -> None:
    """The page names each of AgentBarrier's scenarios, and the code of what it finds where one does not apply."""
    codes = {reason.code for listed in NOT_APPLICABLE.values() for reason in listed.values()}
    assert [name for name in [*(f"`{scenario}`" for scenario in SCENARIOS), *sorted(codes)] if name not in PAGE] == []
