"""A database file that somebody altered: every command says so in a line, none breaks, and none runs what was altered."""

import pytest

from .conftest import DEPOSIT, TRANSFER, CommandLine

BODY = "UPDATE entries SET body = CAST(json_set(CAST(body AS TEXT), {0}) AS BLOB) WHERE number = {1}"

VOUCHED = {
    "text that is no text": "UPDATE plans SET request = CAST(X'ff' AS TEXT)",
    "a plan's identification": "UPDATE plans SET how = 'x'",
    "a plan's time": "UPDATE plans SET at = '0001-01-01T00:00:00+23:00'",
    "a plan's requester": "UPDATE plans SET requester = ''",
    "an action that is no JSON": "UPDATE actions SET body = X'ff'",
    "an action that is a list": "UPDATE actions SET body = CAST('[]' AS BLOB)",
    "needs of nothing": "UPDATE actions SET needs = '[0]'",
    "needs that only Python calls equal": "UPDATE actions SET needs = '[true]' WHERE needs = '[1]'",
    "needs of another kind": "UPDATE actions SET needs = '[[1]]'",
    "a result that only Python calls equal": (
        "UPDATE actions SET result = CAST(replace(CAST(result AS TEXT), '\"transaction\":3', '\"transaction\":3.0') AS BLOB)"
    ),
    "seats of another kind": "UPDATE approvals SET seats = '{\"manager\":true}'",
    "seats in a list": "UPDATE approvals SET seats = '[1]'",
    "reasons of another kind": "UPDATE approvals SET reasons = '[1]'",
    "reasons without end": "UPDATE approvals SET reasons = '" + "[" * 5000 + "]" * 5000 + "'",
    "a deadline without a zone": "UPDATE approvals SET expires = replace(expires, 'Z', '')",
    "a deadline after all time": "UPDATE approvals SET expires = '9999-12-31T23:59:59-23:00'",
    "an approval of nothing": "UPDATE approvals SET number = 9",
    "an approval of no plan": "UPDATE approvals SET plan = 'p-zzzz'",
    "the policies": "UPDATE policies SET outline = 'x', digest = '00' || digest",
    "no policy in force": "UPDATE policies SET active = NULL",
    "the last number": "UPDATE entries SET number = 9223372036854775807 WHERE number = (SELECT max(number) FROM entries)",
    "an Entry without data": BODY.format("'$.data', json('{}')", 1),
    "an Entry with other data": BODY.format("'$.data', json('[]')", 2),
    "an Entry of nobody": BODY.format("'$.actor.id', json('[1]')", 2),
    "an Entry of no event": BODY.format("'$.event', 5", 2),
    "an Entry before all time": BODY.format("'$.at', '0001-01-01T00:00:00+23:00'", 2),
    "an Entry that is no JSON": "UPDATE entries SET body = X'ff'",
    "a table that is gone": "DROP TABLE votes",
    "the ends that are gone": "DROP TABLE chains",
    "a column of another name": "ALTER TABLE actions RENAME COLUMN title TO titel",
    "a view in a table's place": "ALTER TABLE votes RENAME TO v; CREATE VIEW votes AS SELECT * FROM v",
    "a trigger that forbids": "CREATE TRIGGER t BEFORE INSERT ON Entries BEGIN SELECT RAISE(ABORT, 'no');END",
    "a trigger that lies": 'CREATE TRIGGER "x\nThe log verifies: all is well.\n" BEFORE INSERT ON votes BEGIN SELECT 1;END',
    "an end of nothing": "UPDATE chains SET head = X''",
    "an end below nothing": "UPDATE chains SET length = -5",
}

CODES = {0, 1, 2, 3, 4, 6, 7}


@pytest.mark.parametrize("sql", VOUCHED.values(), ids=VOUCHED)
def test_altered_file_breaks_no_command(cli: CommandLine, sql: str) -> None:
    """Whatever was altered, each command ends with a code and a line of its own, `audit verify` with 6."""
    approval = cli.waiting()
    assert cli.submit(DEPOSIT, TRANSFER | {"needs": [1]})["plan"]
    vote = ["--as", "mira"]
    commands = [
        ["queue"],
        ["queue", "--json"],
        ["show", approval["plan"]],
        ["show", approval["id"]],
        ["approve", approval["id"], *vote, "--digest", approval["digest"], "--no-run"],
        ["reject", approval["id"], *vote, "--reason", "no"],
        ["cancel", approval["plan"], "--as", "dana"],
        ["resume"],
        ["run", "deposit 5"],
        ["audit", "log"],
        ["audit", "log", "--json"],
    ]
    for statement in sql.split("; "):
        cli.tamper(statement)
    for command in commands:
        ran = cli(*command)
        assert ran.code in CODES, (command, ran)
        assert "Traceback" not in ran.out + ran.err
        assert all(line.startswith("signoff: ") for line in ran.err.splitlines()), (command, ran.err)
        assert "\nThe log verifies" not in ran.out + ran.err
    verified = cli("audit", "verify")
    assert verified.code == 6, verified
    assert "The log does not verify" in verified.out
    assert "\nThe log verifies" not in verified.out


def test_reason_forges_no_line_of_the_card(cli: CommandLine) -> None:
    """A voter's reason stays on its own line of the next voter's card."""
    approval = cli.waiting(TRANSFER | {"amount": "700.00"})
    forged = "ok\nNeeds      0 manager, 2 of 2 so far"
    cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--reason", forged)
    card = cli("show", approval["id"]).out
    assert "\\u{a}Needs" in card
    assert not any(line.strip().startswith("Needs      0 manager") for line in card.splitlines())
