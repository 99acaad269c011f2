"""Tables in CSV files beside the policies file."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.actions import Action, Registry
from signoff.policies import Context, DecisionEffect, PoliciesInvalid, Policy, load_policy, parse_policy
from tests.policies.tables import CSV, FILED, rule

Load = Callable[[str], Policy]
Make = Callable[..., Action]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("to in tables.limits and amount > tables.limits[to].limit", True),
        ("amount > tables.limits['acme,  UTILITIES'].limit", False),
        ("tables.limits[to].ceiling == -3", True),
        ("tables.limits[to].ceiling + tables.limits['Acme, Utilities'].ceiling == 1.5", True),
        ("tables.limits[to].note == 'vip'", True),
        ('tables.limits["Acme, Utilities"].note contains "hi"', True),
        ("tables.limits[to].trusted", True),
        ("tables.limits[to].limit == 500 USD", True),
        ("tables.limits[to].limit * 2 > amount", True),
    ],
)
def test_a_table_in_a_csv_file(
    condition: str, expected: bool, filed: Callable[..., Policy], action: Make, context: Context
) -> None:
    """Each column of a CSV file has the type that the policies file gives it; quotes and line ends are CSV's."""
    for csv in (CSV, CSV.replace("\n", "\r\n"), "\ufeff" + CSV, CSV.replace("\n", "\n\n")):
        decision = filed(condition, csv).decide(action("transfer", to="Alice", amount="600.00"), context)
        assert decision.failed == ()
        assert (decision.effect is DecisionEffect.DENY) is expected


def test_money_of_a_table_is_in_the_files_currency(filed: Callable[..., Policy], action: Make, context: Context) -> None:
    """An amount in another currency cannot be compared with a table's money: it fails."""
    policy = filed("amount > tables.limits[to].limit")
    euro = action("transfer", to="Alice", amount="1.00", currency="EUR")
    assert policy.decide(euro, context).failed == ("a",)
    assert policy.explain(euro, context)[0].failed == "amount is in EUR and is compared with USD"
    assert dict(policy.explain(euro, context)[0].values)["tables.limits[to].limit"] == "500.00 USD"


@pytest.mark.parametrize(
    ("csv", "report"),
    [
        (
            "payee,limit,ceiling,note,trusted\nAlice,5,abc,x,true\n",
            'limits.csv:2:9: error[table]: "abc" is not a number\n'
            "   2 | Alice,5,abc,x,true\n     |         ^^^ write digits, such as 10_000 or 0.5",
        ),
        (
            "payee,limit,ceiling,note,trusted\n\nAlice,5,1,x,yes\n",
            'limits.csv:3:13: error[table]: "yes" is not true or false\n'
            "   3 | Alice,5,1,x,yes\n     |             ^^^ write true or false",
        ),
        (
            "payee,limit,ceiling,note,trusted\nAlice,1e3,1,x,true\n",
            'limits.csv:2:7: error[table]: "1e3" is not money\n'
            "   2 | Alice,1e3,1,x,true\n     |       ^^^ write digits, such as 10_000 or 0.5",
        ),
        (
            "payee,limit,ceiling,note,trusted\nAlice,1,1,x,true\nBob,1,1,x,true\n alice,2,2,y,true\n",
            'limits.csv:4:1: error[duplicate]: " alice" is given twice, as "Alice"\n'
            "   4 |  alice,2,2,y,true\n     | ^^^^^^ remove one",
        ),
        (
            "payee,limit,ceiling,note,trusted\nAlice,1,1\n",
            "limits.csv:2:1: error[table]: the row has 3 cells, and the header has 5\n"
            '   2 | Alice,1,1\n     | ^^^^^^^^^ put a text with a comma in "quotes"',
        ),
        (
            "payee,limit,ceiling,note,trusted\n,1,1,x,true\n",
            'limits.csv:2:1: error[table]: "payee" is empty\n   2 | ,1,1,x,true\n     | ^ give every row a key',
        ),
        (
            "payee,limt,ceiling,note,trusted\n",
            'limits.csv:1:1: error[table]: there is no column "limit"\n'
            "   1 | payee,limt,ceiling,note,trusted\n     | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean `limt`?",
        ),
        (
            "payee,limit,limit\n",
            'limits.csv:1:13: error[table]: the column "limit" is given twice\n'
            "   1 | payee,limit,limit\n     |             ^^^^^ rename one",
        ),
        ("", "limits.csv: error[table]: the file is empty; start with a line such as payee,limit"),
        (
            'payee,limit,ceiling,note,trusted\n"Alice" Ltd,1,1,x,true\n',
            "limits.csv:2:1: error[table]: not CSV: ',' expected after '\"'\n"
            '   2 | "Alice" Ltd,1,1,x,true\n     | ^ put quotes around the whole cell, and double those in it',
        ),
        (
            "payee,limit,ceiling,note,trusted\nAl\u202eice,1,1,x,true\n",
            "limits.csv:2:3: error[character]: U+202E (right-to-left override) cannot stand in a table\n"
            "   2 | Al\\u{202e}ice,1,1,x,true\n     |   ^^^^^^^^ remove it",
        ),
        (
            "payee,limit,ceiling,note,trusted\nBob,1,1,x,true\rMallory,9,9,x,true\n",
            "limits.csv:2:15: error[character]: U+000D (control character) cannot stand in a table\n"
            "   2 | Bob,1,1,x,true\\u{d}Mallory,9,9,x,true\n"
            "     |               ^^^^^ end the line with a line feed",
        ),
        (
            "payee,limit,ceiling,note,trusted,unread\nBob,1,1,x,true,\x1b[2J\n",
            "limits.csv:2:16: error[character]: U+001B (control character) cannot stand in a table\n"
            "   2 | Bob,1,1,x,true,\\u{1b}[2J\n     |                ^^^^^^ remove it",
        ),
    ],
)
def test_a_mistake_in_a_csv_file_is_reported_at_its_place(csv: str, report: str, filed: Callable[..., Policy]) -> None:
    """The report names the CSV file, the line and the cell, in the one form."""
    with pytest.raises(PoliciesInvalid) as caught:
        filed(csv=csv)
    assert str(caught.value) == report


@pytest.mark.parametrize(
    ("csv", "code"),
    [
        (b"payee,limit\n\xff,1\n", "limits.csv is not UTF-8: byte 12, on line 2"),
        (b"x" * (2**20 + 1), "limits.csv is larger than 1,048,576 bytes"),
        ('payee,limit,ceiling,note,trusted\n"' + "x" * 200_000, "not CSV: field larger than field limit"),
        ('payee,limit,ceiling,note,trusted\n"open', "not CSV: unexpected end of data"),
        ("payee,limit,ceiling,note,trusted\n" + "x" * 1_001 + ",1,1,x,true\n", "a cell has at most 1,000 characters"),
        (("," * 1_000 + "\n") * 1_000, "the column"),
        ("payee,limit,ceiling,note,trusted\n" + "a,b\n" * 200_000, "the row has 2 cells"),
        ("payee,limit,ceiling,note,trusted\n" + "".join(f"{n},x,x,x,x\n" for n in range(60_000)), "is not"),
        (b"\0" * 1_000, "cannot stand in a table"),
    ],
)
def test_a_hostile_csv_file_is_refused_soon(csv: str | bytes, code: str, filed: Callable[..., Policy]) -> None:
    """Garbage in a CSV file ends in a short report within seconds."""
    begun = time.process_time()
    with pytest.raises(PoliciesInvalid) as caught:
        filed(csv=csv)
    assert time.process_time() - begun < 6
    assert code in str(caught.value)
    assert len(str(caught.value)) < 40_000


def test_a_large_table_loads_and_is_asked_fast(filed: Callable[..., Policy], action: Make, context: Context) -> None:
    """Forty thousand rows load within seconds, and are asked as fast as one."""
    head = "payee,limit,ceiling,note,trusted\n"
    begun = time.process_time()
    policy = filed("amount > tables.limits[to].limit", head + "".join(f"P{n},{n},1,x,true\n" for n in range(40_000)))
    assert time.process_time() - begun < 10
    transfer = action("transfer", to="p39999", amount="40000.00")
    assert policy.decide(transfer, context).rules == ("a",)
    begun = time.process_time()
    for _ in range(1_000):
        policy.decide(transfer, context)
    assert time.process_time() - begun < 0.5


def _link(folder: Path) -> None:
    (folder.parent / "secret.csv").write_text(CSV)
    (folder / "limits.csv").symlink_to("../secret.csv")


def _link_inside(folder: Path) -> None:
    (folder / "real.csv").write_text(CSV)
    (folder / "limits.csv").symlink_to("real.csv")


def _folder_link(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "limits.csv").write_text(CSV)
    (folder / "tables").symlink_to("../other")


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("limits.csv", lambda folder: None, "there is no file limits.csv beside the policies file"),
        ("limits.csv", lambda folder: (folder / "limits.csv").mkdir(), "is no regular file|cannot be read"),
        ("limits.csv", lambda folder: os.mkfifo(folder / "limits.csv"), "limits.csv is no regular file"),
        ("limits.csv", _link, "cannot be read: too many levels of symbolic links; links are not followed"),
        ("limits.csv", _link_inside, "cannot be read: too many levels of symbolic links; links are not followed"),
        ("tables/limits.csv", _folder_link, "cannot be read: not a directory; links are not followed"),
        ("policies.yaml/x", lambda folder: None, "cannot be read: not a directory"),
        ("../limits.csv", lambda folder: (folder.parent / "limits.csv").write_text(CSV), "does not lead to a file"),
        ("tables/../limits.csv", lambda folder: None, "does not lead to a file"),
        ("/dev/zero", lambda folder: None, "does not lead to a file"),
        ("..", lambda folder: None, "does not lead to a file"),
        ("a\\b.csv", lambda folder: None, "does not lead to a file"),
        ("x" * 900, lambda folder: None, "cannot be read: file name too long"),
    ],
)
def test_only_files_below_the_policies_file_are_read(
    name: str, make: Callable[[Path], object], message: str, tmp_path: Path, registry: Registry
) -> None:
    """A name that leads out of the folder, a link, a pipe, a folder and a device are refused, at once."""
    folder = tmp_path / "rules"
    folder.mkdir()
    make(folder)
    (folder / "policies.yaml").write_text(FILED.replace("limits.csv", f"'{name}'") + rule("amount > 1"))
    with pytest.raises(PoliciesInvalid, match=message):
        load_policy(folder / "policies.yaml", registry)


def test_a_file_in_a_folder_below_is_read(tmp_path: Path, registry: Registry) -> None:
    """A folder below that of the policies file may hold tables."""
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "limits.csv").write_text(CSV)
    (tmp_path / "policies.yaml").write_text(FILED.replace("limits.csv", "tables/limits.csv") + rule("amount > 1"))
    assert load_policy(tmp_path / "policies.yaml", registry).tables["limits"].keys == ("Alice", "Acme, Utilities")


def test_many_files_are_refused(tmp_path: Path, registry: Registry) -> None:
    """A policies file names at most twenty others."""
    tables = "".join(f"  t{n}: {{csv: t{n}.csv, key: k, columns: {{v: text}}}}\n" for n in range(21))
    for number in range(21):
        (tmp_path / f"t{number}.csv").write_text("k,v\na,b\n")
    (tmp_path / "policies.yaml").write_text(f"version: 1\ntables:\n{tables}rules: []\n")
    with pytest.raises(PoliciesInvalid, match="names at most 20 others"):
        load_policy(tmp_path / "policies.yaml", registry)


def test_a_csv_file_is_part_of_the_policy(
    filed: Callable[..., Policy], registry: Registry, action: Make, context: Context
) -> None:
    """An edit of a CSV file is another policy; what the policy keeps as its source decides the same without the files."""
    one, same, other = filed("amount > tables.limits[to].limit"), filed("amount > tables.limits[to].limit"), None
    other = filed("amount > tables.limits[to].limit", CSV.replace("500.00", "900.00"))
    assert one.digest == same.digest != other.digest
    again = parse_policy(one.source, "policies.yaml", registry)
    assert (again.digest, again.source, again.document.tables) == (one.digest, one.source, one.document.tables)
    transfer = action("transfer", to="Alice", amount="600.00")
    assert again.decide(transfer, context) == one.decide(transfer, context) != other.decide(transfer, context)
    mark = filed(csv="\ufeff" + CSV)
    assert parse_policy(mark.source, "policies.yaml", registry).source == mark.source
