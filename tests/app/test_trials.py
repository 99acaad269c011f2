"""What `signoff policies test` finds out: rules that no test reaches, limits that none tries, and mistakes that none notices."""

import json
from collections.abc import Callable

import pytest

from signoff.actions import bank_registry
from signoff.policies import Mutation, Policy, mutants_of, parse_policy
from signoff.trials import TrialRun, run_tests
from tests.app.conftest import CommandLine
from tests.app.talks import RULES_ALONE, SHIPPED

HEAD = """\
version: 1
currency: USD
zone: Europe/Berlin
identity: claimed
approvers: manager
roles: {manager: [mira, omar], finance: [fay, finn]}
tables: {limits: {Bob: 50}}
counters: {sent: {sum: amount, of: transfer, by: [currency], window: day}}
rules:
  - id: everyday
    allow: [check_balance, deposit, transfer, pay_bill]
"""

Load = Callable[..., Policy]


@pytest.fixture
def load() -> Load:
    """A policy of one more rule, and tests."""

    def loaded(rule: str, *tests: str) -> Policy:
        text = f"{HEAD}  - id: one\n    {rule}\ntests:\n" + "".join(f"  - {{{test}}}\n" for test in tests)
        return parse_policy(text.encode(), "policies.yaml", bank_registry())

    return loaded


def run(load: Load, rule: str, *tests: str) -> TrialRun:
    """What the tests of a policy of one more *rule* come to."""
    return run_tests(load(rule, *(test if "expect" in test else f"{test}, expect: deny" for test in tests)))


def survivors(mutation: Mutation | None) -> list[str]:
    """The mutants that are not noticed."""
    assert mutation is not None
    return [mutant.change for mutant in mutation.survivors]


def test_the_bank_s_own_tests_notice_every_mistake() -> None:
    """The tests of policies.yaml pass, reach every rule, try every limit, and notice every mutant."""
    found = run_tests(parse_policy(SHIPPED.read_bytes(), "policies.yaml", bank_registry()))
    assert found.passed
    assert [use.rule.id for use in found.rules if not use.behind or use.untried] == []
    assert len(found.boundaries) == 3
    assert [one.missing for one in found.boundaries if not one.covered] == []
    assert found.mutation is not None
    assert (found.mutation.tried, survivors(found.mutation), found.mutation.left_out) == (37, [], 0)


def test_rules_that_no_test_reaches(load: Load) -> None:
    """A rule counts the tests with a decision that it is behind; one that a stricter rule outdoes matches all the same."""
    found = run(
        load,
        "deny: [transfer, deposit]\n    when: amount > 10",
        "do: {type: transfer, to: Bob, amount: 20}",
        "plan: [{type: transfer, to: Bob, amount: 20}, {type: transfer, to: Bob, amount: 30}]",
    )
    told = [(use.rule.id, use.behind, use.matched, use.untried) for use in found.rules]
    assert told == [("everyday", 0, 2, ()), ("one", 2, 2, ("deposit",))]


def transfer(amount: object, more: str = "") -> str:
    """A test that does a transfer."""
    return f"do: {{type: transfer, to: Bob, amount: {amount}{more}}}"


@pytest.mark.parametrize(
    ("when", "tests", "tried", "missing"),
    [
        ("amount > 100", [transfer(100), transfer("100.01"), transfer(5)], "below at above", []),
        (
            "amount > 100",
            [transfer(101)],
            "above",
            ["no test has amount under 100.00, such as 99.99", "no test has amount 100.00"],
        ),
        ("100 <= amount", [transfer(99)], "below", [
            "no test has amount 100.00", "no test has amount over 100.00, such as 100.01",
        ]),
        ("amount > 90 EUR", [transfer(95), transfer(90, ", currency: EUR")], "at", [
            "no test has amount under 90.00 EUR, such as 89.99 EUR",
            "no test has amount over 90.00 EUR, such as 90.01 EUR",
        ]),
        (
            "to in tables.limits and amount > tables.limits[to]",
            [transfer(50), transfer(49)],
            "below at",
            ["no test has amount over tables.limits[to], such as 50.01"],
        ),
        ("len(to) > 3", [transfer(1)], "at", [
            "no test has len(to) under 3, such as 2", "no test has len(to) over 3, such as 4",
        ]),
        ("len(to) >= 0", [transfer(1)], "above", ["no test has len(to) 0"]),
        ("plan.size > 1", [transfer(1)], "at", ["no test has plan.size over 1, such as 2"]),
        ("now.hour >= 23", [f"{transfer(1)}, at: 2026-03-02 12:00"], "below", ["no test has now.hour 23"]),
        (
            'now.date < "2026-03-02"',
            [f"{transfer(1)}, at: 2026-03-02 12:00"],
            "at",
            [
                "no test has now.date under 2026-03-02, such as 2026-03-01",
                "no test has now.date over 2026-03-02, such as 2026-03-03",
            ],
        ),
        (
            "counters.sent > 1_000",
            [f"{transfer(1)}, counters: {{sent: 999}}", f"{transfer(1)}, counters: {{sent: 1_000}}"],
            "at above",
            ["no test has counters.sent under 1_000.00, such as 999.99"],
        ),
        ("amount * 2 > 10", [transfer(5)], "at", [
            "no test has amount * 2 under 10.00, such as 9.99", "no test has amount * 2 over 10.00, such as 10.01",
        ]),
    ],
)  # fmt: skip
def test_limits_that_no_test_tries(load: Load, when: str, tests: list[str], tried: str, missing: list[str]) -> None:
    """Each limit tells on which sides the tests try it, and the nearest value on each that a value can be on at all."""
    (found,) = run(load, f"deny: transfer\n    when: {when}", *tests).boundaries
    assert found.text in when
    assert " ".join(side for side in ("below", "at", "above") if side in found.tried) == tried
    assert found.missing == tuple(missing)
    assert found.covered is not bool(missing)


def test_a_chain_has_two_limits(load: Load) -> None:
    """Each pair of a chained comparison is a limit of its own; one that an action's type does not have is not tried by it."""
    rule = "deny: '*'\n    when: |\n      has(amount)\n      and 5 < amount <= 10"
    found = run(load, rule, "do: {type: check_balance}, expect: allow", f"{transfer(7)}")
    assert [(one.text, sorted(one.tried)) for one in found.boundaries] == [("5 < amount", ["above"]), ("amount <= 10", ["below"])]


@pytest.mark.parametrize(
    ("rule", "mutants"),
    [
        (
            "approve: transfer\n    when: amount > 10_000\n    unless: to in ['Alice']\n    by: {role: finance, count: 2}",
            [
                "`one` is dropped",
                "`one` becomes deny",
                "`one` becomes allow",
                "`one` has no `when`",
                "`one` has no `unless`",
                "10_000 is 10_000.01 in `one`",
                "10_000 is 9_999.99 in `one`",
                "`amount > 10_000` is `amount >= 10_000` in `one`",
                "`one` needs 1 of finance instead of 2",
            ],
        ),
        (
            "approve: transfer\n    by: [manager, {people: [zoe]}]",
            [
                "`one` is dropped",
                "`one` becomes deny",
                "`one` becomes allow",
                "`one` does not need manager",
                "`one` does not need zoe",
            ],
        ),
        (
            "deny: transfer\n    when: 3 >= len(to) or now.date < '2026-01-01' or amount <= 5 EUR",
            [
                "`one` is dropped",
                "`one` becomes approve",
                "`one` becomes allow",
                "`one` has no `when`",
                "3 is 4 in `one`",
                "3 is 2 in `one`",
                "`3 >= len(to)` is `3 > len(to)` in `one`",
                "'2026-01-01' is \"2026-01-02\" in `one`",
                "'2026-01-01' is \"2025-12-31\" in `one`",
                "`now.date < '2026-01-01'` is `now.date <= '2026-01-01'` in `one`",
                "5 EUR is 5.01 EUR in `one`",
                "5 EUR is 4.99 EUR in `one`",
                "`amount <= 5 EUR` is `amount < 5 EUR` in `one`",
            ],
        ),
    ],
)
def test_mistakes_that_are_tried(load: Load, rule: str, mutants: list[str]) -> None:
    """A rule is dropped, has another effect, lacks a condition or a seat, and each of its limits moves by the smallest step."""
    found = [mutant.change for mutant in mutants_of(load(rule, f"{transfer(1)}, expect: allow").document)]
    assert found[3:] == mutants  # behind those of the first rule


LAST = "do: {type: check_balance}, expect: allow"


def test_the_last_day_has_none_after_it(load: Load) -> None:
    """A limit that cannot move is not moved."""
    found = [mutant.change for mutant in mutants_of(load("deny: transfer\n    when: now.date < '9999-12-31'", LAST).document)]
    assert [change for change in found if 'is "' in change] == ["'9999-12-31' is \"9999-12-30\" in `one`"]


def test_later_actions_of_a_plan_notice(load: Load) -> None:
    """Where a mutant denies an action that was expected to count, the plan notices; and so it does where a sum is moved."""
    tests = "plan: [{type: transfer, to: Bob, amount: 6}, {type: transfer, to: Bob, amount: 4.01}], expect: [allow, deny]"
    found = run(load, "deny: transfer\n    when: counters.sent > 10", tests)
    assert survivors(found.mutation) == [
        "10 is 9.99 in `one`",
        "`counters.sent > 10` is `counters.sent >= 10` in `one`",
    ]  # fmt: skip


def test_no_mutants_while_a_test_fails(load: Load) -> None:
    """Tests that fail notice nothing, so mutants wait for them."""
    found = run(load, "deny: transfer", f"{transfer(1)}, expect: allow")
    assert (found.passed, found.mutation) == (False, None)


def test_too_many_mutants(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many mutants are tried, and those left out are counted."""
    policy = load("deny: transfer\n    when: amount > 10", f"{transfer(11)}, expect: deny")
    whole = run_tests(policy).mutation
    assert whole is not None
    monkeypatch.setattr("signoff.policies.mutation.MAX_MUTANTS", 5)
    some = run_tests(policy).mutation
    assert some is not None
    assert (some.tried, some.left_out) == (5, whole.tried - 5)
    monkeypatch.setattr("signoff.policies.mutation.MAX_ASKED", 0)
    none = run_tests(policy).mutation
    assert none is not None
    assert (none.tried, none.left_out) == (0, whole.tried)


def test_too_much_to_measure(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rules and tests are too many for each other, the tests run, and nothing is said of what they miss."""
    monkeypatch.setattr("signoff.trials.MAX_MEASURED", 6 * 18 - 1)  # rules of the bank's file, times actions of its tests
    ran = cli("policies", "test", str(SHIPPED))
    assert ran.code == 0
    assert "13 of 13 tests pass.\n\nThere are too many rules and tests" in ran.out
    told = cli("policies", "test", str(SHIPPED), "--json").json
    assert (told["measured"], told["rules"], told["boundaries"], told["mutants"]) == (False, [], [], None)
    monkeypatch.setattr("signoff.trials.MAX_MEASURED", 6 * 18)
    assert cli("policies", "test", str(SHIPPED), "--json").json["measured"]


# -- the command


def test_the_command_passes(cli: CommandLine) -> None:
    """Every test is listed with what it expects and gets, and below stands what they reach, try and notice."""
    ran = cli.wide("policies", "test", str(SHIPPED))
    assert (ran.code, ran.err) == (0, "")
    for part in ("a transfer of 100 needs nobody", "13 of 13 tests pass.", "37 of 37 mutants are noticed (100 %)."):
        assert part in ran.out


def test_the_command_tells_what_is_missing(cli: CommandLine) -> None:
    """With few tests it names the rules, limits and mistakes that they miss, at their places, and still exits with 0."""
    test = "\ntests:\n  - {do: {type: transfer, to: Alice, amount: 5}, expect: allow}\n"
    cli.policies.write_text(RULES_ALONE + test)
    ran = cli.wide("policies", "test")
    assert ran.code == 0
    told = " ".join(ran.out.split())
    for part in (
        "18 everyday allow 1 never for check_balance, deposit, withdraw, pay_bill",
        "48 blocked deny 0 matches in no test",
        "1 of 6 rules are behind a test's decision (16 %).",
        "21 amount > 100 yes no no no test has amount 100.00",
        "policies.yaml:48: no test notices that `blocked` is dropped",
    ):
        assert part in told


def test_the_command_fails(cli: CommandLine) -> None:
    """A test that fails is shown at its place with the rules behind it, and the command exits with 5; so as JSON."""
    cli.policies.write_text(SHIPPED.read_text().replace("amount > 100\n", "amount > 500\n"))
    ran = cli("policies", "test")
    assert ran.code == 5
    assert "policies.yaml:68:13: error[test]: one of a cent more needs a manager: expected approve" in ran.out
    assert "   68 |     expect: approve\n      |             ^^^^^^^ change the rules back" in ran.out
    assert "12 of 13 tests pass." in ran.out
    told = cli("policies", "test", "--json")
    assert (told.code, told.json["passed"], told.json["mutants"]) == (5, False, None)
    assert [(one["code"], one["line"]) for one in told.json["diagnostics"]] == [("test", 68)]


def test_the_command_without_tests(cli: CommandLine) -> None:
    """A file without tests is told so, and nothing is wrong with it."""
    ran = cli("policies", "test")
    assert (ran.code, ran.out) == (0, "policies.yaml has no tests; write some under `tests` at its end\n")
    assert json.loads(cli("policies", "test", "--json").out)["tests"] == []


def test_a_broken_file_has_no_tests_to_run(cli: CommandLine) -> None:
    """A file with a mistake is reported as it is everywhere."""
    cli.policies.write_text(RULES_ALONE.replace("rules:", "ruels:"))
    ran = cli("policies", "test")
    assert (ran.code, "error[unknown-key]" in ran.err) == (5, True)


def test_as_json(cli: CommandLine) -> None:
    """`--json` holds all of it under names that stay."""
    told = cli("policies", "test", str(SHIPPED), "--json").json
    assert told.keys() == {"passed", "digest", "tests", "diagnostics", "measured", "rules", "boundaries", "mutants"}
    assert told["tests"][1] == {
        "name": "a transfer of 100 needs nobody",
        "line": 63,
        "passed": True,
        "expect": ["allow"],
        "actions": [
            {
                "action": {"type": "transfer", "to": "Alice", "amount": "100.00", "currency": "USD", "from": "checking"},
                "decision": "allow",
                "rules": ["everyday"],
                "seats": {},
            }
        ],
    }
    assert told["rules"][0] == {"rule": "everyday", "line": 18, "behind": 3, "matched": 13, "untried": []}
    assert told["boundaries"][0] == {
        "rule": "large-transfer",
        "line": 21,
        "threshold": "amount > 100",
        "below": True,
        "at": True,
        "above": True,
        "covered": True,
        "missing": [],
    }
    assert told["mutants"] == {"tried": 37, "noticed": 37, "left_out": 0, "survivors": []}


def test_what_a_file_says_cannot_forge_the_report(cli: CommandLine) -> None:
    """Names of tests are shown as they are: no markup of theirs is read."""
    test = "\ntests:\n  - {name: '[red]x[/red] :smile:', do: {type: check_balance}, expect: allow}\n"
    cli.policies.write_text(RULES_ALONE + test)
    assert "[red]x[/red] :smile:" in cli.wide("policies", "test").out
