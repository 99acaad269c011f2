"""The README and docs/ say what is true: their code is run, and what it prints is compared."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest

from signoff.policies import Policy, load_policy
from signoff.registries import load_registry
from signoff.supposing import judge_case

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LANGUAGE, SENTENCES = ROOT / "docs/policy-language.md", ROOT / "docs/from-a-sentence-to-a-rule.md"
_BLOCK = re.compile(
    r"^```(?P<language>\w*)(?: file=(?P<file>\S+))?(?: actions=(?P<actions>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of code in a page."""

    language: str
    file: str | None  # what it is saved as
    actions: str | None  # of a policies file: where its registry is, as `--actions` names it; None: the demo bank's
    text: str

    @property
    def is_policies(self) -> bool:
        """Whether it is a whole policies file."""
        return self.language == "yaml" and self.text.startswith("version:")

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command of a `console` block, with what it must print; lines after `> ` belong to the command before."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            more = [line for line in rest if line.startswith(">")]
            yield "\n".join([first, *(line[2:] for line in more)]), "\n".join(rest[len(more) :])


def blocks(page: Path) -> list[Block]:
    """The blocks of *page*, in order."""
    return [Block(**found.groupdict()) for found in _BLOCK.finditer(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    """Every Python block of a page runs, and every command prints what stands below it; `...` stands for anything."""
    shutil.copy(ROOT / "policies.yaml", tmp_path)
    for block in blocks(page):
        if block.language == "python":
            script = tmp_path / (block.file or "script.py")
            script.write_text(block.text)
            if block.file is None:
                ran = run(f"python {script.name}", tmp_path)
                assert ran.returncode == 0, ran.stdout
        if block.language in ("yaml", "csv") and block.file:
            (tmp_path / block.file).write_text(block.text)
        if block.language == "console":
            for command, wanted in block.commands():
                assert_prints(run(command, tmp_path).stdout, wanted, command)


@pytest.fixture
def policy_files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Policy]:
    """Every whole policies file of a page, loaded beside the page's other files."""
    page: Path = request.param
    monkeypatch.chdir(tmp_path)
    found: list[Policy] = []
    for number, block in enumerate(blocks(page)):
        if block.language in ("python", "csv") and block.file:
            (tmp_path / block.file).write_text(block.text)
        if block.is_policies:
            path = tmp_path / (block.file or f"{number}.yaml")
            path.write_text(block.text)
            found.append(load_policy(path, load_registry(block.actions)))
    for name in {(block.actions or "").partition(":")[0] for block in blocks(page)}:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return found


def broken(policy: Policy) -> list[str]:
    """The tests of *policy* that do not hold, each with what was decided."""
    failing: list[str] = []
    for case in policy.document.tests:
        judged = judge_case(case, policy)
        decision = judged[0].decision
        holds = tuple(one.decision.effect for one in judged) == case.expect
        holds = holds and {*case.rules} <= {*decision.rules} and case.seats in (None, decision.seats)
        if not holds:
            failing.append(f"{policy.name}:{case.line}: {[(one.decision.effect.value, one.decision.rules) for one in judged]}")
    return failing


@pytest.mark.parametrize("policy_files", PAGES, ids=lambda page: page.name, indirect=True)
def test_policies_are_right_and_their_tests_hold(policy_files: list[Policy]) -> None:
    """Every whole policies file of a page loads without warnings but that of `identity`, and each of its tests holds."""
    for policy in policy_files:
        assert [warning.message for warning in policy.warnings if warning.code != "identity"] == [], policy.name
        assert broken(policy) == []


@pytest.mark.parametrize("policy_files", [LANGUAGE, SENTENCES], ids=lambda page: page.name, indirect=True)
def test_every_rule_is_one_that_its_tests_would_miss(policy_files: list[Policy]) -> None:
    """Every file of these pages has tests, and without any one of its rules one of them fails."""
    assert policy_files
    for policy in policy_files:
        assert policy.document.tests, policy.name
        for rule in policy.document.rules:
            others = tuple(other for other in policy.document.rules if other is not rule)
            without = replace(policy, document=replace(policy.document, rules=others))
            assert broken(without), f"{policy.name} is right without {rule.id}"


@pytest.mark.parametrize("policy_files", [SENTENCES], ids=lambda page: page.name, indirect=True)
def test_there_are_twenty_one_sentences(policy_files: list[Policy]) -> None:
    """Each has a number, what somebody says, a file with two to four tests, and the trap that it avoids."""
    sections = re.split(r"^## ", SENTENCES.read_text(), flags=re.MULTILINE)[1:]
    assert [section.split(".")[0] for section in sections] == [str(number) for number in range(1, 22)]
    for section in sections:
        assert re.search(r'^\*"[^`]*"\*$.*^```yaml.*^```$.*^The trap: ', section, re.MULTILINE | re.DOTALL), section
    assert [2 <= len(policy.document.tests) <= 4 for policy in policy_files] == [True] * len(sections)


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run *command* in a shell, as somebody would who follows the page: 80 columns, no colour, both streams together."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIGNOFF_", "OPENAI_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    environment = kept | {"PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        text=True,
    )


def assert_prints(shown: str, wanted: str, command: str) -> None:
    """Fail where *shown* is not *wanted*."""
    checker, options = OutputChecker(), ELLIPSIS | NORMALIZE_WHITESPACE
    assert checker.check_output(f"{wanted}\n", shown, options), f"$ {command}\n{shown}\nis not\n{wanted}"


def test_rules_that_are_quoted_stand_in_the_file() -> None:
    """A rule that the README quotes stands in policies.yaml, to the letter."""
    quoted = [block.text for block in blocks(ROOT / "README.md") if block.language == "yaml"]
    assert quoted
    assert [text for text in quoted if text not in (ROOT / "policies.yaml").read_text()] == []


def test_links_lead_somewhere() -> None:
    """Every relative link of a page leads to a file, and every anchor to a heading of the page."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", page.read_text()):
            assert not target or (page.parent / target).exists(), f"{page.name}: {target}"
