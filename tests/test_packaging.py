"""The distribution: what the wheel holds, where it is imported from, what its command says, what the locks pin.

`make test` builds the wheel, unpacks it, puts it first on the path of every process and names it in SIGNOFF_WHEEL.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

import signoff

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "app": "signoff",
    "planner": "signoff/planner",
    "policies": "signoff/policies",
    "actions": "signoff/actions",
    "audit": "signoff/audit",
}
RUNTIME_LOCK = ROOT / "requirements.lock.txt"
DEV_LOCK = ROOT / "requirements-dev.lock.txt"

Pins: TypeAlias = dict[NormalizedName, tuple[Requirement, list[str]]]


@pytest.fixture
def built_wheel() -> Path:
    """The folder that the wheel was unpacked in; the wheel lies beside it."""
    if "SIGNOFF_WHEEL" not in os.environ:
        pytest.skip("no wheel: `make test` builds one")
    return Path(os.environ["SIGNOFF_WHEEL"])


def test_the_wheel_holds_what_git_lists(built_wheel: Path) -> None:
    """The wheel holds every file that git lists under the five folders, and nothing else."""
    (wheel,) = built_wheel.parent.glob("*.whl")
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == set(_shipped())


def test_the_tests_run_on_the_wheel(built_wheel: Path) -> None:
    """What `import signoff` finds, here and in a process of ours, is the built wheel and not the source tree."""
    found = [signoff.__file__, _output(sys.executable, "-c", "import signoff; print(signoff.__file__)")]
    assert found == [str(built_wheel / "signoff" / "__init__.py")] * 2


def test_the_command_tells_its_version() -> None:
    """`signoff --version` prints the name and version of the installed distribution."""
    assert _output(f"{sysconfig.get_path('scripts')}/signoff", "--version") == f"signoff {version('signoff')}"


@pytest.mark.parametrize("lock", [RUNTIME_LOCK, DEV_LOCK], ids=lambda lock: lock.name)
def test_a_lock_names_no_host(lock: Path) -> None:
    """A lock holds no address, no index and no path, so that it installs from wherever pip is set up to look."""
    lines = lock.read_text().splitlines()
    options = [line for line in lines if line.startswith("-")]
    addresses = [line for line in lines if re.search(r"://| @ |\.(org|com|net|io)\b|(^|[\s=])/\S", line)]
    assert options + addresses == []


@pytest.mark.parametrize("lock", [RUNTIME_LOCK, DEV_LOCK], ids=lambda lock: lock.name)
def test_a_lock_pins_by_hash(lock: Path) -> None:
    """Every requirement in a lock has exactly one version and at least one SHA-256."""
    loose = [
        name
        for name, (requirement, hashes) in _pins(lock).items()
        if [each.operator for each in requirement.specifier] != ["=="] or not hashes
    ]
    assert loose == []


@pytest.mark.parametrize(("lock", "group"), [(RUNTIME_LOCK, "setup"), (DEV_LOCK, "dev")], ids=[RUNTIME_LOCK.name, DEV_LOCK.name])
def test_a_lock_is_up_to_date(lock: Path, group: str) -> None:
    """A lock pins all that pyproject.toml asks for, in a version it allows; after a change `make lock` sees to it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = _pins(lock)
    asked = [*map(Requirement, project["project"]["dependencies"]), *_group(project, group)]
    missing = [
        str(requirement)
        for requirement in asked
        if (pin := pins.get(canonicalize_name(requirement.name))) is None or _pinned(pin[0]) not in requirement.specifier
    ]
    assert missing == []


def test_the_locks_agree() -> None:
    """The development lock holds the runtime lock: the tests run on the versions that the demo runs on."""
    runtime, development = _pins(RUNTIME_LOCK), _pins(DEV_LOCK)
    assert {name: development.get(name) for name in runtime} == runtime


def _shipped() -> Iterator[str]:
    """Paths in the wheel of the files that git lists; new ones count before they are added."""
    listed = _output(
        *["git", "-C", str(ROOT), "-c", "safe.directory=*"],
        *["ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS],
    )
    for name in listed.splitlines():
        if (ROOT / name).exists():
            folder, *rest = PurePosixPath(name).parts
            yield "/".join([FOLDERS[folder], *rest])


def _pins(lock: Path) -> Pins:
    """What *lock* lists, with the hashes of each."""
    pins: Pins = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text()):
        if not block.startswith("#"):
            requirement = Requirement(block.split("\\")[0].strip())
            pins[canonicalize_name(requirement.name)] = requirement, re.findall(r"--hash=(sha256:[0-9a-f]{64})\b", block)
    return pins


def _pinned(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    return Version(specifier.version)


def _group(project: dict[str, Any], name: str) -> Iterator[Requirement]:  # Any: a TOML document
    for item in project["dependency-groups"][name]:
        match item:
            case {"include-group": other}:
                yield from _group(project, other)
            case str():
                yield Requirement(item)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
