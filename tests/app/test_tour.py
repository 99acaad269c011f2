"""`signoff demo` without a terminal: the tour plays to its end anywhere, and leaves nothing behind."""

import os
import re
import subprocess
from dataclasses import dataclass

import pytest
from rich.cells import cell_len

from tests.app.conftest import SIGNOFF, CommandLine
from tests.app.talks import RULES_ALONE, SHIPPED

SCENES = 8


@dataclass(frozen=True, kw_only=True)
class Played:
    """The tour as it was played once, and what it left."""

    code: int
    out: str
    err: str
    left: list[str]  # files in the working folder and in the one for temporary files

    def scene(self, number: int) -> str:
        """One scene's text as one line with single spaces."""
        parts = re.split(r"^(?=\d\. .* ─+$)", self.out, flags=re.MULTILINE)
        return " ".join(parts[number].split())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The tour under the rules that ship, played without a terminal in a folder of its own."""
    folder, temporary = tmp_path_factory.mktemp("working"), tmp_path_factory.mktemp("temporary")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF_")}
    ended = subprocess.run(
        [*SIGNOFF, "demo", "--policies", str(SHIPPED)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        cwd=folder,
        env=environment | {"TMPDIR": str(temporary), "COLUMNS": "80"},
    )
    left = [path.name for each in (folder, temporary) for path in each.iterdir()]
    return Played(code=ended.returncode, out=ended.stdout.decode(), err=ended.stderr.decode(), left=left)


def test_every_scene_is_played(played: Played) -> None:
    """Without a terminal the tour ends with 0, says nothing on standard error, and plays every scene in order."""
    assert (played.code, played.err) == (0, "")
    titles = re.findall(r"^(\d)\. .* ─+$", played.out, flags=re.MULTILINE)
    assert titles == [str(number) for number in range(1, SCENES + 1)]


def test_lines_fit_80_columns(played: Played) -> None:
    """No line is wider than 80 columns, and without a terminal there are no escape sequences."""
    assert max(map(cell_len, played.out.splitlines())) <= 80
    assert "\x1b" not in played.out


def test_nothing_is_left_behind(played: Played) -> None:
    """The tour leaves no file in the working folder, and none in the one for temporary files."""
    assert (played.code, played.left) == (0, [])


def test_request_is_planned_and_runs_as_far_as_it_may(played: Played) -> None:
    """The first scene shows the request, who planned it, what is done and what waits."""
    text = played.scene(1)
    for part in ("Check my balance, then send $150 to Alice and deposit 40", "no AI model", "done", "waiting", "large-transfer"):
        assert part in text


def test_unclear_is_asked_and_forbidden_is_denied(played: Played) -> None:
    """The second scene shows a question and a denial with its reason."""
    text = played.scene(2)
    assert "No plan: question. How much should I send to Carol?" in text
    assert "denied by blocked" in text


def test_card_is_shown_and_signed_by_somebody_else(played: Played) -> None:
    """The third scene shows queue and card, refuses the requester's own vote, and runs after the manager's."""
    text = played.scene(3)
    for part in ("APPROVAL ", "(untrusted)", "Digest ", "dana asked for", "cannot decide it", "balance 890.00"):
        assert part in text


def test_rejection_is_shown_with_its_reason(played: Played) -> None:
    """The fourth scene ends with a rejected transfer and the manager's reason."""
    text = played.scene(4)
    assert "rejected by mira:" in text
    assert "ask me in person" in text


def test_rule_is_changed_and_the_next_decision_follows(played: Played) -> None:
    """In the fifth scene a changed rule is not taken up as the file's own tests fail; without them the same request is done."""
    text = played.scene(5)
    failed = text.index(
        "error[test]: one of a cent more needs a manager: expected approve (1 manager) by large-transfer, got allow"
    )
    assert text.index("waiting") < failed < text.index("Without these tests") < text.index("changed rule") < text.index("done")


def test_misspelt_rule_is_shown_with_its_place(played: Played) -> None:
    """The sixth scene shows a misspelt field with place, caret and what was meant."""
    text = played.scene(6)
    assert "error[unknown-name]: transfer has no field `amuont`" in text
    assert "^^^^^^ did you mean `amount`?" in text


def test_log_verifies_and_the_books_balance(played: Played) -> None:
    """The seventh scene shows the log, that it verifies, and that the postings sum to zero."""
    text = played.scene(7)
    assert re.search(r"The log verifies: \d+ entries, 5 plans, 0 problems", text)
    assert "problems found: 0" in text


def test_tampering_is_found(played: Played) -> None:
    """The last scene names the entry that somebody edited: the log does not verify any more."""
    text = played.scene(8)
    assert "The log does not verify" in text
    assert re.search(r"entry \d+ was edited", text)


EDITS = {
    "another limit": ("amount > 100\n", "amount > 500\n"),
    "nothing waits": ("amount > 100\n", "amount > 100_000\n"),
    "the first transfer is denied": ('deny: "*"\n    when: has(to) and to in lists.blocked', "deny: transfer"),
    "everything is denied": ("allow: [check_balance, deposit, withdraw, transfer, pay_bill]", "deny: '*'"),
    "other people": ("[mira, omar]", "[carl, omar]"),
    "claimed identities do not count": ("identity: claimed", "# identity: claimed"),
    "only the requester may sign": ("[mira, omar]", "[dana]"),
    "two must sign": ("    by: manager\n    within: 24h", "    by: {role: manager, count: 2}\n    within: 24h"),
    "a rule under another name": ("id: large-transfer", "id: big"),
    "nobody is blocked": ("blocked: [Mallory Ltd]", "blocked: [Nobody]"),
    "everybody may": ("allow: [check_balance, deposit, withdraw, transfer, pay_bill]", "allow: '*'"),
}


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS.keys())
def test_tour_follows_edited_rules(cli: CommandLine, old: str, new: str) -> None:
    """After an edit of policies.yaml the tour still plays every scene to the end, whatever is decided in it."""
    assert old in RULES_ALONE
    cli.policies.write_text(RULES_ALONE.replace(old, new))
    ran = cli("demo")
    assert (ran.code, ran.err) == (0, "")
    assert re.findall(r"^(\d)\. ", ran.out, flags=re.MULTILINE) == [str(number) for number in range(1, SCENES + 1)]
    assert "The log does not verify" in ran.out


def test_tour_under_rules_of_ones_own(cli: CommandLine) -> None:
    """Rules that have nothing in common with those that ship play the whole tour too."""
    cli.policies.write_text("version: 1\ndefault: deny\nrules:\n  - id: look\n    allow: check_balance\n")
    ran = cli("demo")
    assert (ran.code, ran.err) == (0, "")
    assert f"{SCENES}. " in ran.out


def test_missing_rules(cli: CommandLine) -> None:
    """Without a policies file the tour says which file is missing and how to name another, and plays nothing."""
    cli.policies.unlink()
    ran = cli("demo")
    assert (ran.code, ran.out) == (5, "")
    assert f"there is no file {cli.policies}" in ran.err
    assert "--policies" in ran.err


def test_broken_rules(cli: CommandLine) -> None:
    """With a mistake in the policies file the tour shows the mistake's place, and plays nothing."""
    cli.policies.write_text(SHIPPED.read_text().replace("rules:", "ruels:"))
    ran = cli("demo")
    assert (ran.code, ran.out) == (5, "")
    assert "error[unknown-key]" in ran.err
    assert "did you mean `rules`?" in ran.err


def test_tour_on_a_wide_output(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output has 120 columns the tour uses them, and ends with 0."""
    monkeypatch.setenv("SIGNOFF_POLICIES", str(SHIPPED))
    monkeypatch.setenv("COLUMNS", "120")
    ran = cli("demo")
    assert ran.code == 0
    assert 80 < max(map(cell_len, ran.out.splitlines())) <= 120
