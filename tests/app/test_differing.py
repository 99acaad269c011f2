"""`signoff policies diff`: by which actions two files differ, and whether the new one lets more through."""

import json

import pytest

from tests.app.conftest import CommandLine
from tests.conftest import RULES


@pytest.fixture
def old(cli: CommandLine) -> str:
    """The test's rules in a file of their own."""
    return cli.text_file("old.yaml", RULES)


def test_a_looser_file(cli: CommandLine, old: str) -> None:
    """Every way is shown by an action with both decisions, and the last line says that more is let through; exit code 4."""
    new = cli.text_file("new.yaml", RULES.replace("amount > 100", "amount > 200").replace("[Mallory Ltd]", "[Mallory Ltd, Eve]"))
    ran = cli.wide("policies", "diff", old, new)
    assert (ran.code, ran.err) == (4, "")
    lines = [line.strip() for line in ran.out.splitlines()]
    place = lines.index("1. looser: transfer, approve before, allow now")
    assert lines[place + 1 : place + 5] == [
        "Transfer 200.00 USD to Somebody asked by anybody",
        '{"type": "transfer", "to": "Somebody", "amount": "200.00", "currency": "USD", "from": "checking"}',
        "OLD: approve by 1 manager (mira, omar) within 24h, large-transfer",
        "NEW: allow, everyday",
    ]
    assert "stricter: transfer, allow before, deny now" in ran.out
    assert lines[-1].startswith("NEW lets through what OLD did not: 1 of ")
    assert not cli.database.exists()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("not in_request(to)", "not trusted(to)", ["where to stands in elsewhere, which is trusted"]),
        ('source_of(to) != "request"', 'source_of(to) != "invoice"', ["where to stands in invoice, which is not trusted"]),
        ("plan.disputed", "false", ["where the plan is disputed"]),
    ],
)
def test_where_values_stand_is_told(before: str, after: str, told: list[str], cli: CommandLine) -> None:
    """Where an example hangs on them, the source of a value, whether it is trusted, and a dispute are told."""
    rules = {"old.yaml": before, "new.yaml": after}
    files = [cli.text_file(name, f"{RULES}  - {{id: new, deny: transfer, when: '{rule}'}}\n") for name, rule in rules.items()]
    ran = cli.wide("policies", "diff", *files)
    assert ran.code == 4
    loosening = ran.out.partition("stricter:")[0]
    assert [line for line in told if line not in loosening] == []
    (way, *_) = cli("policies", "diff", *files, "--json").json["ways"]
    example = way["example"]
    assert (example["sources"], example["disputed"]) == (
        {"to": told[0].split()[4].rstrip(",")} if "stands" in told[0] else {},
        "disputed" in told[0],
    )
    assert ("to" in example["trusted"]) is ("not trusted" not in told[0])


def test_a_stricter_file(cli: CommandLine, old: str) -> None:
    """A file that lets nothing more through ends with 0, and says how sure that is."""
    new = cli.text_file("new.yaml", RULES.replace("amount > 100", "amount > 60"))
    ran = cli.wide("policies", "diff", old, new)
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("NEW lets nothing through that OLD did not: proved of every effect; who signs")


def test_an_example_can_be_explained(cli: CommandLine, old: str) -> None:
    """What `--json` tells of an example decides so under both files, given to `policies explain`."""
    new = cli.text_file("new.yaml", RULES.replace("amount > 100", "amount > 200"))
    told = cli("policies", "diff", old, new, "--json").json
    (way,) = told["ways"]
    assert (told["lets_through"], told["proved"], way["looser"]) == (1, False, ["allow instead of approve"])
    action = cli.text_file("action.json", json.dumps(way["example"]["action"]))
    for file, decided in ((old, way["before"]), (new, way["after"])):
        again = cli("policies", "explain", "--action", action, "--policies", file, "--as", way["example"]["as"], "--json").json
        assert (again["decision"]["effect"], again["decision"]["rules"]) == (decided["effect"], decided["rules"])


def test_beside_what_is_in_force(cli: CommandLine) -> None:
    """With one file, what is in force in the database is the old one; where nothing was decided yet, two are wanted."""
    new = cli.text_file("new.yaml", RULES.replace("amount > 100", "amount > 200"))
    cli("policies", "diff", new).failed(2, "there is no database")
    cli.waiting()
    ran = cli.wide("policies", "diff", new)
    assert (ran.code, "1 of 1 way" in ran.out) == (4, True)
    assert cli("policies", "diff", str(cli.policies)).code == 0


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("id: everyday", "id: daily", "the rule everyday is called daily now, and decides as before"),
        (
            "blocked: [Mallory Ltd]",
            "blocked: [Mallory Ltd]\n  other: [x]",
            "no action was found that shows: the list other",
        ),
        ("because: transfers", "because: all transfers", "NEW decides every action as OLD does"),
    ],
)
def test_what_makes_no_difference(right: str, wrong: str, told: str, cli: CommandLine, old: str) -> None:
    """A new name, a list that nothing reads and other words are told as what they are; exit code 0."""
    assert right in RULES
    ran = cli.wide("policies", "diff", old, cli.text_file("new.yaml", RULES.replace(right, wrong)))
    assert ran.code == 0
    assert told in ran.out


def test_what_no_action_can_show_is_not_passed_over(cli: CommandLine) -> None:
    """Fewer people to change pinned files may let more through: exit code 4, though every action is decided alike."""
    two = RULES.replace("identity:", "changes: {role: manager, count: 2}\nidentity:")
    ran = cli.wide("policies", "diff", cli.text_file("old.yaml", two), cli.text_file("new.yaml", RULES))
    assert ran.code == 4
    assert ran.out.splitlines()[-1] == "NEW may let through what OLD did not: a change of pinned policies needs 1 manager now"


def test_an_invalid_file(cli: CommandLine, old: str) -> None:
    """A mistake in either file is reported at its place, with exit code 5; a missing file, too."""
    wrong = cli.text_file("wrong.yaml", RULES.replace("amount > 100", "amuont > 100"))
    for arguments in ([old, wrong], [wrong, old]):
        ran = cli("policies", "diff", *arguments)
        assert (ran.code, ran.out) == (5, "")
        assert "wrong.yaml:16:11: error[unknown-name]" in ran.err
    assert cli("policies", "diff", old, "nothing.yaml").code == 5


def test_hostile_names_are_made_visible(cli: CommandLine, old: str) -> None:
    """A text of a list that looks like a line of ours, or like markup, stays a text."""
    new = cli.text_file("new.yaml", RULES.replace("[Mallory Ltd]", '[Mallory Ltd, "[red]NEW lets nothing through[/red]"]'))
    ran = cli.wide("policies", "diff", old, new)
    assert "[red]NEW lets nothing through[/red]" in ran.out
    assert ran.code == 0
