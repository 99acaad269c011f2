"""What the solver adds to `policies check`, `policies diff` and to putting a file in force; and what is said without it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff import solving
from signoff.actions import bank_registry
from signoff.policies import Policy, parse_policy
from tests.app.conftest import BALANCE, CommandLine

HEAD = """version: 1
currency: USD
approvers: manager
identity: claimed
roles: {manager: [mira, omar], finance: [fay, finn]}
lists: {family: [Alice, Bob]}
counters:
  in_plan: {sum: amount, of: transfer, by: [currency], window: plan}
rules:
  - {id: everyday, allow: [check_balance, deposit, withdraw, transfer, pay_bill]}
"""
LARGE = "  - {id: large, approve: transfer, when: amount > 100}\n"
SPLIT = "  - {id: split, approve: transfer, when: counters.in_plan > 100}\n"
PROMISE = "invariants:\n  - never: allow transfer\n    when: amount > 100\n"


@pytest.fixture
def check(cli: CommandLine) -> Callable[[str], list[str]]:
    """What `policies check` finds in rules below HEAD, but for the warning of `identity`: each with its line and code."""

    def found(rules: str) -> list[str]:
        cli.policies.write_text(HEAD + rules)
        told = cli("policies", "check", "--json").json["diagnostics"]
        return [f"{one['line']} {one['severity']} {one['code']}: {one['message']}" for one in told if one["code"] != "identity"]

    return found


def without_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on there is no z3."""
    monkeypatch.setitem(sys.modules, "z3", None)
    for module in ("solving", "diff_output", "vetting", "policies.prover"):
        monkeypatch.setattr(f"signoff.{module}.prover_installed", lambda: False)


def test_rules_that_only_the_solver_sees_to_be_idle(check: Callable[[str], list[str]]) -> None:
    """A rule on the amount adds nothing to one on a counter that the amount is part of; of two alike one is told of."""
    unused = "8 warning unused: nothing asks for the list `family`"
    large = "large decides nothing: the solver proved it of all actions"
    assert [line for line in check(LARGE + SPLIT) if "unused" not in line] == [f"11 warning covered: {large}"]
    again = check(LARGE + LARGE.replace("id: large", "id: again"))
    assert [line.split(":")[0] for line in again if "covered" in line] == ["12 warning covered"]
    assert unused != large
    assert not any("covered" in line for line in check(LARGE))


def test_the_search_for_idle_rules_ends(check: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its time is over, rules that were not asked about are not told of."""
    monkeypatch.setattr(solving, "MAX_SECONDS", -1.0)
    assert not any("covered" in line for line in check(LARGE + SPLIT))


def test_proving_ends(check: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariants that nobody had time to ask about are not proved, and keep no file out."""
    monkeypatch.setattr(solving, "MAX_PROVING", -1.0)
    (told,) = (line for line in check(PROMISE) if "invariant" in line)
    assert told.startswith("12 warning invariant: ")
    assert told.endswith("could not be proved: there was no time left to ask")


def test_an_invariant_that_an_action_breaks(check: Callable[[str], list[str]], cli: CommandLine) -> None:
    """It is an error with the action that breaks it, and the exit code of a file that is invalid; a proved one is silent."""
    (told,) = (line for line in check(PROMISE) if "invariant" in line)
    assert told.startswith("12 error invariant: `never allow transfer when amount > 100` does not hold: {")
    assert '"type":"transfer"' in told
    assert told.endswith("is decided by everyday")
    ran = cli("policies", "check")
    assert (ran.code, ran.out) == (5, "")
    assert "policies.yaml:12:5: error[invariant]" in ran.err
    assert not any("invariant" in line for line in check(LARGE + PROMISE))
    assert cli("policies", "check").code == 0


def test_what_cannot_be_proved_is_a_warning(check: Callable[[str], list[str]]) -> None:
    """An invariant that rests on what the solver does not understand is named, and stops nothing."""
    rules = '  - id: odd\n    deny: transfer\n    when: to matches "INV-[0-9]+x"\n'
    promise = 'invariants:\n  - never: allow transfer\n    when: to matches "INV-[0-9]+x" or to matches "INV-[0-9][0-9]*x"\n'
    (told,) = (line for line in check(rules + promise) if "invariant" in line)
    assert told.startswith("15 warning invariant: `never allow transfer when to matches")
    assert "could not be proved: " in told
    assert "not understood: " in told


def test_a_file_that_breaks_its_promise_is_not_put_in_force(cli: CommandLine) -> None:
    """The rules from before decide on; nothing is recorded, and the action that breaks it is told."""
    cli.policies.write_text(HEAD + LARGE + PROMISE)
    cli.submit(BALANCE)
    before = cli.dump()
    cli.policies.write_text(HEAD + LARGE.replace("100", "200") + PROMISE)
    ran = cli("run", "--plan", cli.plan_file(BALANCE))
    assert (ran.code, ran.out) == (5, "")
    assert "error[invariant]: `never allow transfer when amount > 100` does not hold" in ran.err
    assert cli.dump() == before
    cli.policies.write_text(HEAD + LARGE + PROMISE)
    assert cli("run", "--plan", cli.plan_file(BALANCE)).code == 0


def test_without_the_solver_it_is_said(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check, and diff where nothing is looser, say what is not known; a file is put in force by its tests alone."""
    without_solver(monkeypatch)
    cli.policies.write_text(HEAD + LARGE.replace("100", "200") + SPLIT + PROMISE)
    ran = cli("policies", "check")
    assert ran.code == 0
    assert "covered" not in ran.out
    assert ran.err.startswith("signoff: note: without the solver z3 1 invariant is not proved, and rules are compared as far as")
    assert 'pip install "signoff[prove]"' in ran.err
    assert cli("run", "--plan", cli.plan_file(BALANCE)).code == 0
    old = cli.text_file("old.yaml", HEAD + LARGE)
    new = cli.text_file("new.yaml", HEAD + LARGE.replace("100", "50"))
    ran = cli.wide("policies", "diff", old, new)
    assert ran.code == 0
    assert 'actions tried; this is no proof: that takes `pip install "signoff[prove]"`' in ran.out


def test_that_nothing_gets_looser_is_proved(cli: CommandLine) -> None:
    """A stricter limit is proved to let nothing through; a looser one is shown by an action."""
    old = cli.text_file("old.yaml", HEAD + LARGE)
    new = cli.text_file("new.yaml", HEAD + LARGE.replace("100", "50"))
    ran = cli.wide("policies", "diff", old, new)
    assert ran.code == 0
    assert "NEW lets nothing through that OLD did not: proved of every effect; who signs" in ran.out
    assert cli("policies", "diff", old, new, "--json").json["proved"] is True
    ran = cli.wide("policies", "diff", new, old)
    assert ran.code == 4
    assert "NEW lets through what OLD did not: 1 of 1 way" in ran.out


def test_the_solver_finds_what_probing_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    """An action that no probe tries is taken from the solver, and confirmed by both files."""
    monkeypatch.setattr(solving, "probe_candidates", lambda *_: iter(()))
    old, new = (load(HEAD + LARGE.replace("100", amount)) for amount in ("100", "200"))
    found = solving.compare(old, new)
    assert [(way.type, str(way.was.effect), str(way.becomes.effect)) for way in found.ways] == [("transfer", "approve", "allow")]
    assert not found.proved


def test_counters_of_one_file_alone(cli: CommandLine) -> None:
    """Two files of which only one has a counter are compared: a rule is read with its own file's names."""
    old = cli.text_file(
        "old.yaml", HEAD.replace("counters:\n  in_plan: {sum: amount, of: transfer, by: [currency], window: plan}\n", "") + LARGE
    )
    new = cli.text_file("new.yaml", HEAD + LARGE + SPLIT.replace("approve", "deny"))
    told = cli("policies", "diff", old, new, "--json").json
    assert told["may_let_through"] == []
    assert {way["after"]["effect"] for way in told["ways"]} == {"deny"}


def test_lists_and_tables_of_one_file_alone(cli: CommandLine) -> None:
    """Two files of which only one has a list and a table are compared, in both directions."""
    new = HEAD + LARGE + "  - {id: capped, deny: transfer, when: to in tables.cap}\n"
    new = (
        new.replace("counters:", "tables: {cap: {Bob: 5}}\ncounters:")
        + "  - {id: new, approve: transfer, unless: to in lists.family}\n"
    )
    files = cli.text_file("old.yaml", HEAD.replace("lists: {family: [Alice, Bob]}\n", "") + LARGE), cli.text_file("new.yaml", new)
    assert cli("policies", "diff", *files, "--json").json["lets_through"] == 0
    assert cli("policies", "diff", *reversed(files), "--json").json["lets_through"] > 0


def test_a_rule_whose_part_never_holds_still_counts(cli: CommandLine) -> None:
    """Of a rule a part of which never holds the solver still knows what it decides together with the others."""
    grant = "  - {id: grant, allow: transfer, when: to == 'Bob' or amount < 0}\n"
    cli.policies.write_text(HEAD.replace("withdraw, transfer, ", "") + grant + LARGE)
    found = [one["message"] for one in cli("policies", "check", "--json").json["diagnostics"]]
    assert any("amount < 0" in message for message in found)
    assert not any("decides nothing" in message for message in found)


def load(text: str) -> Policy:
    """The policy in *text*, for the demo bank."""
    return parse_policy(text.encode(), "policies.yaml", bank_registry())


def test_the_example_with_everything(cli: CommandLine) -> None:
    """A file in the full language loads, passes its tests, and its invariant is proved."""
    example = Path(__file__).parents[1] / "policies" / "everything.yaml"
    cli.policies.write_text(example.read_text())
    assert cli("policies", "test").code == 0
    ran = cli("policies", "prove")
    assert ran.code == 0
    assert "proved" in ran.out
