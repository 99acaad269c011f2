"""Tables, in the policies file and in CSV files beside it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.actions import Action, Registry
from signoff.canonical import canonical, parse
from signoff.policies import Context, DecisionEffect, PoliciesInvalid, Policy, compare_policies, load_policy, parse_policy

Load = Callable[[str], Policy]
Make = Callable[..., Action]

INLINE = """\
version: 1
currency: USD
zone: UTC
tables:
  payee_limit: {Alice: 500.00, Acme Utilities: 2_000.00, "\u0411ob": 0.5}
  note: {Alice: VIP, "Bob": 'true'}
  trusted: {Alice: true, Bob: false}
  rate: {USD: 1, EUR: 1.1, eur: 9}
  owner: {dana: 5}
  holidays: {2026-03-02: spring}
rules:
"""
CSV = 'payee,limit,ceiling,note,trusted\nAlice,500.00,-3,VIP,true\n"Acme, Utilities",2_000,4.5,"say ""hi""",false\n'
FILED = """\
version: 1
currency: USD
tables:
  limits: {csv: limits.csv, key: payee, columns: {limit: money, ceiling: number, note: text, trusted: boolean}}
rules:
"""


def rule(condition: str, types: str = "transfer", because: str = "") -> str:
    """A deny rule with *condition*, and an allow rule."""
    reason = f"  because: {because}\n" if because else ""
    return f"- id: a\n  deny: {types}\n  when: |\n    {condition}\n{reason}- id: b\n  allow: '*'\n"


@pytest.fixture
def filed(tmp_path: Path, registry: Registry) -> Callable[..., Policy]:
    """Loads a policies file with a CSV file beside it."""

    def load(condition: str = "amount > 1", csv: str | bytes = CSV, text: str = FILED) -> Policy:
        (tmp_path / "limits.csv").write_bytes(csv.encode() if isinstance(csv, str) else csv)
        path = tmp_path / "policies.yaml"
        path.write_text(text + rule(condition))
        return load_policy(path, registry)

    return load


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("to in tables.payee_limit and amount > tables.payee_limit[to]", True),
        ("amount <= tables.payee_limit[to]", False),
        ("amount == tables.payee_limit[to] + 100", True),
        ("amount * 2 > tables.payee_limit[to] * 2", True),
        ("amount > tables.payee_limit['ALICE']", True),
        ("to not in tables.payee_limit", False),
        ("from in tables.payee_limit", False),
        ("max(tables.payee_limit[to], 5) == 500", True),
        ("tables.note[to] == 'vip'", True),
        ("tables.note[to] startswith 'v'", True),
        ("tables.note['bob'] == 'TRUE'", True),
        ("tables.trusted[to]", True),
        ("not tables.trusted[to]", False),
        ("amount * tables.rate[currency] > 599", True),
        ("amount > 0 and tables.rate['EUR'] == 9", None),
        ("tables.rate[currency] == 1", True),
        ("currency in tables.rate", True),
        ("tables.owner[actor.id] == 5", True),
        ("actor.id in tables.owner", True),
        ("now.date in tables.holidays and tables.holidays[now.date] == 'Spring'", True),
        ("len(tables.owner) == 1", True),
        ("tables.payee_limit[lower(to)] == 500", True),
        ("tables.payee_limit[default(currency, 'Alice')] > 1", "failed"),
    ],
)
def test_a_table_in_the_file(
    condition: str, expected: bool | str | None, load: Load, action: Make, context: Context, report_on: Callable[[str], str]
) -> None:
    """A table is asked by a folded name for numbers, which can be money, for texts and for truths; exactly where keys are."""
    if expected is None:
        assert "error[duplicate]" in report_on(INLINE + rule(condition))
        return
    text = INLINE.replace(", eur: 9", "")
    decision = load(text + rule(condition)).decide(action("transfer", to="Alice", amount="600.00"), context)
    assert decision.failed == (("a",) if expected == "failed" else ())
    assert (decision.effect is DecisionEffect.DENY) is bool(expected)


@pytest.mark.parametrize(("effect", "rules"), [("deny", ("a",)), ("allow", ())])
def test_a_missing_key_fails(effect: str, rules: tuple[str, ...], load: Load, action: Make, context: Context) -> None:
    """A key that is not in the table makes a deny rule count as matched, and an allow rule not."""
    text = INLINE.replace(", eur: 9", "") + rule("amount > tables.payee_limit[to]").replace("deny:", f"{effect}:")
    policy = load(text.partition("- id: b")[0])
    transfer = action("transfer", to="Mallory", amount="1.00")
    decision = policy.decide(transfer, context)
    assert (decision.effect, decision.rules, decision.failed) == (DecisionEffect.DENY, rules, ("a",))
    (explanation,) = policy.explain(transfer, context)
    assert explanation.failed == 'tables.payee_limit has no "mallory"'
    assert explanation.values == (("amount", "1.00 USD"), ("to", "Mallory"), ("tables.payee_limit[to]", "not in the table"))


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


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"files":[],"policies":1}', b'{"files":[1],"policies":""}', b'{"files": [], "policies": ""}']
)
def test_a_broken_source_is_refused(data: bytes, registry: Registry) -> None:
    """What only starts like a policy's source is no policies file."""
    with pytest.raises(PoliciesInvalid):
        parse_policy(b"%signoff-policies 1\n" + data, "policies.yaml", registry)


def test_a_changed_table_may_loosen(filed: Callable[..., Policy], load: Load) -> None:
    """A change of a table that a rule reads is named with its rows; one of a table that nobody reads is only named."""
    before, after = (
        filed("amount > tables.limits[to].limit"),
        filed("amount > tables.limits[to].limit", CSV.replace("500.00", "900.00")),
    )
    outline = before.outline()
    assert parse(canonical(outline)) == outline
    change = compare_policies(outline, after.outline())
    assert change.tables_changed == ("limits",)
    assert change.looser == (
        "the table limits changed (Alice: 500.00, -3, VIP, true, now 900.00, -3, VIP, true), and a reads it",
    )
    text = INLINE.replace(", eur: 9", "") + rule("to in tables.payee_limit")
    for old, new, looser in (
        ("Alice: 500.00", "Alice: 501", "the table payee_limit changed (Alice: 500.00, now 501), and a reads it"),
        ("Alice: 500.00, ", "", "the table payee_limit changed (Alice is gone), and a reads it"),
        ("{Alice: 500.00", "{Carl: 1, Alice: 500.00", "the table payee_limit changed (Carl is new), and a reads it"),
        ("{Alice: VIP", "{Alice: x", None),
    ):
        change = compare_policies(load(text).outline(), load(text.replace(old, new)).outline())
        assert change.tables_changed == ("note" if looser is None else "payee_limit",)
        assert change.looser == (() if looser is None else (looser,))


def test_a_key_that_is_never_there_warns(load: Load) -> None:
    """A constant key that the table does not hold is a warning: it always fails."""
    text = INLINE.replace(", eur: 9", "") + rule("amount > tables.payee_limit['Alise']")
    assert [f"{d.message}; {d.hint}" for d in load(text).warnings] == [
        'the table `payee_limit` has no "Alise", so this always fails; did you mean `Alice`?'
    ]


@pytest.mark.parametrize(
    ("key", "rows", "fitting", "hint"),
    [
        ("currency", "usd: 1", "EUR: 1", "write USD"),
        ("now.weekday", "mo: 1", "Monday: 1", "write one such as monday"),
        ("speed", "", "slow: 1", "add one to it"),
    ],
)
def test_keys_of_which_none_is_ever_asked_for_warn(key: str, rows: str, fitting: str, hint: str, load: Load) -> None:
    """Where a table holds no key that a currency, a day or a fixed choice can be, looking it up always fails."""

    def never(rows: str) -> list[tuple[str, str]]:
        table = f"tables: {{t: {{{rows}}}}}\n"
        text = f"version: 1\ncurrency: USD\n{table}rules:\n- id: a\n  deny: order\n  when: quantity > tables.t[{key}]\n"
        return [(one.message, one.hint) for one in load(text).warnings if one.code == "never"]

    assert never(rows) == [(f"no key of the table `t` is ever `{key}`, so this always fails", hint)]
    assert never(fitting) == []
    unfit = rows.partition(":")[0]
    assert [message for message, _ in never(f"{fitting}, {rows}")] == ([f'`{key}` is never "{unfit}"'] if unfit else [])


def test_a_number_of_a_table_is_bounded(report_on: Callable[[str], str]) -> None:
    """A number in a table has as many digits as one in a condition, at most."""
    text = "version: 1\ntables:\n  t: {a: -" + "9" * 36 + ", b: " + "9" * 37 + "}\nrules: []\n"
    assert "policies.yaml:3:52: error[too-long]: a number has at most 36 digits" in report_on(text)
    assert report_on(text).count("error[") == 1


def test_a_reason_tells_a_tables_value(filed: Callable[..., Policy], action: Make, context: Context, load: Load) -> None:
    """A reason shows what a table holds for a key, money with the file's currency."""
    because = "'{amount} is over {tables.limits[to].limit} ({tables.limits[to].note})'"
    policy = filed(text=FILED + rule("amount > 1", because=because).replace("id: a", "id: c").replace("id: b", "id: d"))
    transfer = action("transfer", to="ALICE", amount="600.00")
    assert policy.explain(transfer, context)[0].because == "600.00 USD is over 500.00 USD (VIP)"
    stranger = action("transfer", to="Eve", amount="600.00")
    assert policy.explain(stranger, context)[0].because == "600.00 USD is over not in the table (not in the table)"
