"""Every mistake in a policies file is reported at its place, in one form."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.actions import Registry
from signoff.errors import Exit, PolicyInvalid
from signoff.policies import (
    Diagnostic,
    PoliciesInvalid,
    Severity,
    check_invariants,
    format_diagnostic,
    load_policy,
    parse_policy,
    review_policy,
)
from signoff.trials import failed_tests

HERE = Path(__file__).parent
SOURCES = HERE.parent.parent / "policies"
START = "version: 1\ncurrency: USD\napprovers: manager\nroles: {manager: [mira]}\nrules:\n"


def snapshots(file: Path = HERE / "mistakes.txt") -> list[tuple[str, str, str]]:
    """The title, file and report of each part of *file*."""
    text = file.read_text(encoding="utf-8")
    text = re.sub("«([0-9a-f]+)»", lambda found: chr(int(found[1], 16)), text)
    found = []
    for part in text.split("######## ")[1:]:
        title, _, rest = part.partition("\n")
        source, _, report = rest.partition("########\n")
        found.append((title, source, report.rstrip("\n")))
    return found


@pytest.mark.parametrize(("source", "report"), [pytest.param(s, r, id=t) for t, s, r in snapshots()])
def test_the_report_is_exact(source: str, report: str, report_on: Callable[[str], str]) -> None:
    """The whole report on a file is what mistakes.txt says, carets included."""
    assert report_on(source).rstrip("\n") == report


def test_every_code_has_a_test() -> None:
    """Each code that the sources report stands in mistakes.txt, in doubts.txt or in this module."""
    pattern = re.compile(r'(?:error|warning|ConditionError)\(\s*"([a-z-]+)"')
    codes = {code for path in SOURCES.glob("*.py") for code in pattern.findall(path.read_text(encoding="utf-8"))}
    files = [HERE / "mistakes.txt", HERE / "doubts.txt", Path(__file__)]
    tested = "".join(path.read_text(encoding="utf-8") for path in files).replace("\\", "")
    assert len(codes) > 30
    assert {code for code in codes if f"[{code}]" not in tested} == set()


def test_a_missing_file(tmp_path: Path, registry: Registry) -> None:
    """A file that is not there is named with a remedy."""
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(tmp_path / "none.yaml", registry)
    path = tmp_path / "none.yaml"
    assert str(caught.value) == f"none.yaml: error[file]: there is no file {path}; write one, or name another with --policies"
    assert caught.value.exit is Exit.POLICIES


def test_a_folder_instead_of_a_file(tmp_path: Path, registry: Registry) -> None:
    """A folder cannot be read as a file."""
    with pytest.raises(PolicyInvalid, match=r"error\[file\]: .* cannot be read: is a directory"):
        load_policy(tmp_path, registry)


def test_a_large_file(tmp_path: Path, registry: Registry) -> None:
    """A file of more than 1 MiB is refused unread."""
    path = tmp_path / "policies.yaml"
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(PolicyInvalid, match=r"error\[too-large\]: the file is larger than 1,048,576 bytes"):
        load_policy(path, registry)


def test_a_file_that_is_not_utf_8(report_on: Callable[[bytes], str]) -> None:
    """A byte that is not UTF-8 is named with its line."""
    report = report_on(b"version: 1\nrules: \xff\n")
    assert report == "policies.yaml: error[encoding]: the file is not UTF-8: byte 18, on line 2; save it as UTF-8"
    assert "error[encoding]" in report_on("version: 1\n".encode("utf-16"))


def test_a_byte_order_mark_is_read_over(registry: Registry) -> None:
    """A byte order mark before UTF-8 changes nothing but the digest."""
    assert parse_policy(b"\xef\xbb\xbfversion: 1\nrules: []\n", "policies.yaml", registry).document.rules == ()


def test_too_many_rules(report_on: Callable[[str], str]) -> None:
    """More than 10,000 rules are refused."""
    report = report_on(START + "- {}\n" * 10_001)
    assert "error[too-many]: a file has at most 10,000 rules, not 10,001" in report


def test_the_report_ends_after_fifty(report_on: Callable[[str], str]) -> None:
    """A file full of mistakes is reported up to the fiftieth."""
    assert report_on(START + "- {}\n" * 9_000).count("error[") == 50


def test_claimed_identity_warns(registry: Registry) -> None:
    """With `identity: claimed` a warning says that votes count although nothing checks who votes."""
    policy = parse_policy(b"version: 1\nidentity: claimed\nrules: []\n", "policies.yaml", registry)
    assert [format_diagnostic(warning) for warning in policy.warnings] == [
        "policies.yaml:2:1: warning[identity]: votes count although --as only claims who votes\n"
        "   2 | identity: claimed\n"
        "     | ^^^^^^^^ write os where that is not wanted"
    ]


def test_a_failing_test(registry: Registry) -> None:
    """A test that fails is told as error[test] at what it expects: what came instead, by which rules, and what they read."""
    tests = """\
- id: large
  approve: transfer
  when: amount > 100
- id: fine
  allow: [transfer, check_balance]
tests:
- name: a hundred
  do: {type: transfer, to: Bob, amount: 100.01}
  expect: allow
- plan:
  - {type: check_balance}
  - {type: transfer, to: Bob, amount: 100, currency: EUR}
  - {type: pay_bill, biller: Acme}
  expect: [deny, approve, approve]
- do: {type: transfer, to: Bob, amount: 200}
  rules: [fine]
  by: {people: [mira]}
  expect: approve
"""
    found = failed_tests(parse_policy((START + tests).encode(), "policies.yaml", registry))
    assert (
        "\n\n".join(map(format_diagnostic, found))
        == """\
policies.yaml:14:11: error[test]: a hundred: expected allow, got approve (1 manager): large on line 6 (amount > 100; \
amount was 100.01 USD)
   14 |   expect: allow
      |           ^^^^^ change the rules back, or what the test expects

policies.yaml:19:11: error[test]: action 1: expected deny, got allow: fine on line 9; \
action 3: expected approve, got deny: no allow rule speaks for it
   19 |   expect: [deny, approve, approve]
      |           ^ change the rules back, or what the test expects

policies.yaml:23:11: error[test]: expected approve (mira) by fine, got approve (1 manager): large on line 6 (amount > 100; \
amount was 200.00 USD)
   23 |   expect: approve
      |           ^^^^^^^ change the rules back, or what the test expects"""
    )


def test_a_long_plan_that_fails(registry: Registry) -> None:
    """Of a plan, the first three actions that are not decided as expected are told, and how many more there are."""
    text = START.replace("rules:\n", "rules: []\n") + "tests:\n- plan: [" + "{type: check_balance}, " * 5 + "]\n  expect: allow\n"
    (found,) = failed_tests(parse_policy(text.encode(), "policies.yaml", registry))
    told = [f"action {number}: expected allow, got deny: no allow rule speaks for it" for number in (1, 2, 3)]
    assert found.message == "; ".join([*told, "and 2 more actions"])


def test_many_failing_tests(registry: Registry) -> None:
    """Of many tests that fail, the first fifty are told."""
    text = START + "tests:\n" + "- {do: {type: check_balance}, expect: allow}\n" * 60
    text = text.replace("rules:\n", "rules: []\n")
    assert len(failed_tests(parse_policy(text.encode(), "policies.yaml", registry))) == 50


def test_an_unread_counter_warns(registry: Registry) -> None:
    """A counter that no rule reads is told of at its place."""
    text = START + "- id: a\n  allow: transfer\ncounters:\n  sent: {count: transfer, window: day}\n"
    policy = parse_policy(text.encode(), "policies.yaml", registry)
    assert [format_diagnostic(warning) for warning in review_policy(policy) if warning.code == "unused"] == [
        "policies.yaml:9:3: warning[unused]: no rule reads the counter `sent`\n"
        "   9 |   sent: {count: transfer, window: day}\n"
        "     |   ^^^^ leave it out"
    ]


def test_a_caution_that_nobody_can_answer_warns(careful_registry: Registry) -> None:
    """Where an action can ask by itself and no approvers are named, a warning says that it is denied."""
    policy = parse_policy(b"version: 1\nrules: []\n", "policies.yaml", careful_registry)
    assert [format_diagnostic(warning) for warning in policy.warnings] == [
        "policies.yaml: warning[approvers]: wire can ask for approval by itself, and is denied then, "
        "as no `approvers` are named; write approvers: ROLE"
    ]


def test_the_error_holds_its_diagnostics(registry: Registry) -> None:
    """The exception carries each diagnostic, ordered by place, beside the text."""
    with pytest.raises(PoliciesInvalid) as caught:
        parse_policy(b"version: 1\nzome: UTC\nrulse: []\n", "policies.yaml", registry)
    found = [(d.code, d.severity, d.line, d.column, d.hint) for d in caught.value.diagnostics if d.line]
    assert found == [
        ("unknown-key", Severity.ERROR, 2, 1, "did you mean `zone`?"),
        ("unknown-key", Severity.ERROR, 3, 1, "did you mean `rules`?"),
    ]


def test_a_caret_counts_columns_of_the_terminal() -> None:
    """Wide and combining characters, and tabs, before the caret do not move it away from its place."""
    d = Diagnostic(
        code="x", severity=Severity.ERROR, file="f", line=3, column=7, message="m", source="\t送e\u0301\u202e zed", length=3
    )
    assert format_diagnostic(d) == "f:3:7: error[x]: m\n   3 |  送e\u0301\\u{202e} zed\n     |              ^^^"


def test_a_report_cannot_be_forged() -> None:
    """Nothing in a file, and no file's name, prints control characters or a line of its own."""
    evil = "a\x1b[2J\nb\u202e\r\u2028"
    for line in (0, 1):
        d = Diagnostic(
            code="x", severity=Severity.ERROR, file=evil, line=line, column=line, message=evil, source=evil, length=2, hint=evil
        )
        text = format_diagnostic(d)
        assert text.count("\n") == 2 * line
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize(("header", "end"), [("|", ""), ("|-", ""), ("|+", "\n\n"), ("|", "\n  # c\n"), ("|2", "\n")])
@pytest.mark.parametrize("lines", [["zzz > 1"], ["not has(from)", "   and zzz > 1"], ["not has(from)", "", "and zzz > 1"]])
def test_carets_in_blocks_are_exact(header: str, end: str, lines: list[str], report_on: Callable[[str], str]) -> None:
    """In a `|` block the caret stands under the very characters, also on a last line without a line feed."""
    text = START + f"- id: a\n  deny: transfer\n  when: {header}\n" + "\n".join(f"    {line}" if line else "" for line in lines)
    row = START.count("\n") + 3 + len(lines)
    assert f"policies.yaml:{row}:{5 + lines[-1].index('zzz')}: error[unknown-name]" in report_on(text + end)


@pytest.mark.parametrize(
    ("when", "types", "warning"),
    [
        ("'manger' in actor.roles", "transfer", '`actor.roles` never holds "manger"; did you mean `manager`?'),
        ("'x' not in actor.roles and urgent", "order", '`actor.roles` never holds "x"; add it under `roles`'),
        ('currency == "usd"', "transfer", '`currency` is never "usd"; write USD'),
        ('currency in ["USD", "DOLLAR"]', "transfer", '`currency` is never "DOLLAR"; write one such as USD'),
        ('speed != "fsat"', "order", '`speed` is never "fsat"; did you mean `fast`?'),
        ('has(speed) and "SLOW" == speed', "'*'", '`speed` is never "SLOW"; did you mean `slow`?'),
        ("speed in lists.l", "order", '`speed` is never "Alice"; write slow or fast'),
        ("actor.id == 'dana '", "transfer", '`actor.id` is never "dana "; write an id as it is given to --as'),
        ('default(speed, "slow") == "fsat"', "order", '`default(speed, "slow")` is never "fsat"; did you mean `fast`?'),
        ('default(speed, "none") in ["none", "slow"]', "order", ""),
        (
            "'manger' in actor.roles or actor.roles contains 'manger'",
            "transfer",
            '`actor.roles` never holds "manger"; did you mean `manager`?',
        ),
        ('speed contains "fa"', "order", ""),
        (
            "currency in tables.rate and tables.rate[currency] > 1",
            "transfer",
            '`currency` is never "DOLLAR"; write one such as USD',
        ),
        ("tables.rate[currency] > 1", "transfer", '`currency` is never "DOLLAR"; write one such as USD'),
        ("to in []", "transfer", "`to in []` is true for no action; "),
        ("has(note) or to in []", "order", "`to in []` is true for no action; "),
        ("false", "transfer", "`false` reads nothing, so it is the same for every action; "),
        ("urgent or 1 > 2", "order", "`1 > 2` reads nothing, so it is the same for every action; "),
        ("not has(amount)", "transfer", "`not has(amount)` is true for no action; "),
        ("has(amount)", "transfer", "`has(amount)` is true for every action; "),
        ("amount < 0", "transfer", "`amount < 0` is true for no action; "),
        ("0 >= amount", "transfer", "`0 >= amount` is true for no action; "),
        ("amount == 0", "transfer", "`amount == 0` is true for no action; "),
        ("amount >= 0", "transfer", "`amount >= 0` is true for every action; "),
        ("price > -5 or urgent", "order", "`price > -5 or urgent` is true for every action; "),
        ("plan.size < 1", "transfer", "`plan.size < 1` is true for no action; "),
        ("plan.size <= 1", "transfer", ""),
        ("not has(amount)", "[transfer, pay_bill]", ""),
        ("has(to) and to in lists.l", "'*'", ""),
        ("has(amount) and amount > 0", "pay_bill", ""),
        ("amount > 0.0001 and amount < 0.001", "transfer", ""),
        ("actor.id in ['dana', 'x']", "transfer", ""),
        ("to == 'usd' or currency == 'EUR'", "transfer", ""),
    ],
)
def test_what_is_hardly_meant_warns(when: str, types: str, warning: str, registry: Registry) -> None:
    """A condition, or a part of one, that is the same for every action loads with a warning at its place; others do not."""
    names = "lists: {l: [Alice]}\ntables: {rate: {USD: 1, DOLLAR: 2}}\n"
    text = f"{START}- id: a\n  deny: {types}\n  when: |\n    {when}\n{names}"
    found = parse_policy(text.encode(), "policies.yaml", registry).warnings
    assert [f"{d.message}; {d.hint}" for d in found] == ([warning] if warning else [])
    assert all(d.line == START.count("\n") + 4 and d.severity is Severity.WARNING for d in found)


def test_one_name_in_two_spellings_warns(registry: Registry) -> None:
    """Two items of a list that only differ in spelling are a warning: one of them is enough."""
    policy = parse_policy(b"version: 1\nlists: {a: [Mallory Ltd, mallory  ltd]}\nrules: []\n", "policies.yaml", registry)
    assert [format_diagnostic(warning) for warning in policy.warnings] == [
        'policies.yaml:2:26: warning[duplicate]: "mallory  ltd" is "Mallory Ltd" in another spelling, '
        "and is given twice in the list `a`\n"
        "   2 | lists: {a: [Mallory Ltd, mallory  ltd]}\n"
        "     |                          ^^^^^^^^^^^^ remove one"
    ]


def test_many_warnings_refuse_nothing(registry: Registry) -> None:
    """A file with more doubts than a report shows loads all the same, with the first of them."""
    text = START + "".join(f"- {{id: r{n}, deny: transfer, when: amount < 0}}\n" for n in range(80))
    assert len(parse_policy(text.encode(), "p", registry).warnings) == 50


def test_a_long_line_is_cut_around_the_caret() -> None:
    """Of a very long line a part is shown, and the caret stands under the right characters of it."""
    source = "a" * 5_000 + "bad" + "c" * 5_000
    d = Diagnostic(code="x", severity=Severity.ERROR, file="f", line=1, column=5_001, message="m", source=source, length=3)
    _, line, caret = format_diagnostic(d).split("\n")
    assert len(line) < 200
    assert line[caret.index("^") : caret.rindex("^") + 1] == "bad"


def test_the_tests_of_a_file_are_bounded(report_on: Callable[[str | bytes], str]) -> None:
    """Too many tests, and too many actions in all of them, are refused before any is read."""
    plan = f"  - plan: [{', '.join(['{}'] * 100)}]\n    expect: allow\n"
    told = "error[too-many]: the tests of a file have at most 5,000 actions"
    assert told in report_on(START + "tests:\n" + plan * 51)
    assert "a file has at most 1,000 tests, not 1,001" in report_on(START + "tests:\n" + "  - do: {}\n" * 1_001)
    assert "a plan has at most 100 actions, not 101" in report_on(START + f"tests:\n  - plan: [{', '.join(['{}'] * 101)}]\n")
    assert "at most 100 invariants, not 101" in report_on(START + "invariants:\n" + "  - never: allow transfer\n" * 101)


def test_invariants_that_do_not_hold(registry: Registry) -> None:
    """Each invariant that an action breaks is an error at its place with that action, as many as a report holds."""
    rules = "- id: everyday\n  allow: transfer\ninvariants:\n"
    promises = "".join(f"- never: allow transfer\n  when: amount > {number}\n" for number in range(100, 160))
    found = check_invariants(parse_policy((START + rules + promises).encode(), "policies.yaml", registry), lambda: True)
    assert len(found) == 50
    head = "policies.yaml:9:3: error[invariant]: `never allow transfer when amount > 100` does not hold: {"
    assert format_diagnostic(found[0]).startswith(head)
    assert ", asked by somebody, is decided by everyday\n" in format_diagnostic(found[0])
