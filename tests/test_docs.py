"""The README and docs/ say what is true: their code is run, and what it prints is compared."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```(?P<language>\w*)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of code in a page."""

    language: str
    file: str | None  # what it is saved as
    text: str

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
        if block.language == "console":
            for command, wanted in block.commands():
                assert_prints(run(command, tmp_path).stdout, wanted, command)


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
