"""Policies files that cannot be used: each mistake with its place and remedy, exit code 5, and nothing is changed."""

from collections.abc import Callable

import pytest

from tests.app.conftest import BALANCE, TRANSFER, CommandLine, Ran

COMMANDS = [["policies", "check"], ["run", "deposit 5"], ["plan", "deposit 5"], ["resume"]]


@pytest.fixture(autouse=True)
def used_database(cli: CommandLine) -> None:
    """The database holds something that could be changed."""
    cli.submit(BALANCE, TRANSFER)


def assert_invalid(ran: Ran, *told: str) -> None:
    """It ended with 5, one error on standard error, and nothing else."""
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.count("error[") == 1
    assert "Traceback" not in ran.err
    for part in told:
        assert part in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", ["policies.yaml: error[empty]: the file is empty", "start with version: 1"], id="empty"),
        pytest.param("# nothing\n", ["error[empty]"], id="only a comment"),
        pytest.param("rules: [\n", ["policies.yaml:2:1: error[yaml]: not YAML"], id="not YAML"),
        pytest.param("\x00", ["error["], id="a control character"),
        pytest.param("[" * 30_000, ["policies.yaml:1:", "error[depth]", "30 deep"], id="30,000 lists deep"),
        pytest.param("{a: " * 30_000, ["error[depth]"], id="30,000 mappings deep"),
        pytest.param("just text\n", ["policies.yaml:1:1: error[", "must be a mapping"], id="text"),
        pytest.param("a: &x [1]\nb: *x\n", ["error["], id="an alias"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_file_that_is_no_policies_file(
    cli: CommandLine, unchanged: Callable[..., Ran], command: list[str], text: str, told: list[str]
) -> None:
    """A file that is empty, no YAML or too deep is refused by every command that decides."""
    cli.policies.write_text(text)
    ran = unchanged(command)
    assert ran.code == 5
    assert "Traceback" not in ran.err
    assert all(part in ran.err for part in told), ran.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_missing_file(cli: CommandLine, unchanged: Callable[..., Ran], command: list[str]) -> None:
    """A file that is not there is named in full, with the option that names another."""
    cli.policies.unlink()
    assert_invalid(unchanged(command), "error[file]", f"there is no file {cli.policies}", "--policies")


def test_folder_in_place_of_the_file(cli: CommandLine, unchanged: Callable[..., Ran]) -> None:
    """A folder is no policies file."""
    assert_invalid(unchanged(["policies", "check", "--policies", str(cli.folder)]), "error[file]", "is a directory")


def test_file_that_is_not_utf8(cli: CommandLine, unchanged: Callable[..., Ran]) -> None:
    """A file in another encoding is refused, with the byte and line and what to do."""
    cli.policies.write_bytes(b"version: 1\n# \xe4\n")
    assert_invalid(unchanged(["run", "deposit 5"]), "error[encoding]", "on line 2", "save it as UTF-8")


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        pytest.param("rules:", "ruels:", ["error[unknown-key]", "`ruels`", "did you mean `rules`?"], id="key of the file"),
        pytest.param(
            "    approve: transfer\n    when: amount > 100",
            "    aprove: transfer\n    when: amount > 100",
            ["policies.yaml:15:5: error[unknown-key]: a rule has no `aprove`", "did you mean `approve`?"],
            id="key of a rule",
        ),
        pytest.param(
            "amount > 100",
            "amuont > 100",
            [
                "policies.yaml:16:11: error[unknown-name]: transfer has no field `amuont`",
                "   16 |     when: amuont > 100\n      |           ^^^^^^ did you mean `amount`?\n",
            ],
            id="field",
        ),
        pytest.param("deny: transfer", "deny: tranfer", ["tranfer", "did you mean `transfer`?"], id="action type"),
        pytest.param("by: manager", "by: manger", ["manger", "did you mean `manager`?"], id="role"),
        pytest.param('allow: "*"', 'alow: "*"', ["a rule has no `alow`", "did you mean `allow`?"], id="effect"),
        pytest.param("amount > 100", 'amount > "100"', ["error[type]", "write 100"], id="type"),
        pytest.param(
            "    when: amount > 100",
            "    when: amount > 100\n    when: amount > 900",
            ["policies.yaml:17:5: error[duplicate-key]", "first given on line 16"],
            id="key given twice",
        ),
    ],
)
def test_misspelt(cli: CommandLine, unchanged: Callable[..., Ran], right: str, wrong: str, told: list[str]) -> None:
    """A misspelt key, field, type or role is shown where it stands, with what was probably meant."""
    text = cli.policies.read_text()
    assert right in text
    cli.policies.write_text(text.replace(right, wrong, 1))
    for command in (["policies", "check"], ["run", "send $5 to Alice"]):
        ran = unchanged(command)
        assert (ran.code, ran.out) == (5, "")
        assert all(part in ran.err for part in told), ran.err


def test_every_mistake_is_told_in_one_run(cli: CommandLine) -> None:
    """Several mistakes are all told, in the order of the file."""
    text = cli.policies.read_text().replace("amount > 100", "amuont > 100").replace("deny: transfer", "dney: transfer")
    cli.policies.write_text(text)
    errors = [line for line in cli("policies", "check").err.splitlines() if "error[" in line]
    assert len(errors) >= 2
    assert errors == sorted(errors, key=lambda line: int(line.split(":")[1]))


def test_mended_file_is_taken_up_at_once(cli: CommandLine) -> None:
    """After the mistake is mended the next command decides by the file, and what waited still waits."""
    text = cli.policies.read_text()
    cli.policies.write_text(text.replace("rules:", "ruels:"))
    assert cli("run", "send $50 to Alice").code == 5
    cli.policies.write_text(text.replace("amount > 100", "amount > 40"))
    assert cli("run", "send $50 to Alice").code == 3
    assert len(cli("queue", "--json").json["approvals"]) == 2


@pytest.mark.parametrize("command", [["queue"], ["audit", "log"], ["audit", "verify"]], ids=" ".join)
def test_reading_needs_no_policies(cli: CommandLine, command: list[str]) -> None:
    """What only reads the queue or the log works where the policies are broken."""
    expected = cli(*command).code
    cli.policies.write_text("[")
    assert cli(*command).code == expected


def test_what_waits_is_shown_by_the_rules_in_force(cli: CommandLine) -> None:
    """Where the policies file is broken or gone, an approval is shown as it was asked for, and that is told."""
    waiting = cli.waiting()
    for broken in ("rules: [", None):
        if broken is None:
            cli.policies.unlink()
        else:
            cli.policies.write_text(broken)
        ran = cli("show", waiting["id"])
        assert ran.code == 0
        assert "large-transfer" in ran.out
        assert "cannot be used, so this is by the rules in force (digest " in ran.err
        assert cli("policies", "explain", waiting["id"]).code == 0
        assert cli("approve", waiting["id"], "--as", "mira", "--digest", waiting["digest"][:8]).code == 5
