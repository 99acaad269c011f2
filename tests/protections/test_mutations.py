"""Each protection is missed: without it, a test that there is anyway fails, and says why."""

import subprocess
import sys
from pathlib import Path

import pytest

from .mutations import PROTECTIONS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", PROTECTIONS)
def test_a_protection_is_missed(name: str) -> None:
    """Run with it taken away, in a process of its own, the test fails by what it says itself."""
    wanted = PROTECTIONS[name]
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "tests.protections.mutations", "--without", name]
    command = [sys.executable, "-m", "pytest", *options, wanted.test]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    told = ended.stdout + ended.stderr
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, told
    failures = [line for line in told.splitlines() if line.startswith(("E  ", "FAILED"))]
    assert any(wanted.said in line for line in failures), told
