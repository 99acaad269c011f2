"""`signoff policies prove`: what it tells of each invariant, and how it ends."""

from unittest.mock import patch

import pytest

from tests.app.conftest import CommandLine

INVARIANTS = """
invariants:
  - never: allow transfer
    when: amount > 100
  - never: allow transfer
    when: amount >= 100
    because: a hundred is a lot
  - never: approve transfer
    when: to matches "[[:alpha:]]+z"
"""


@pytest.fixture
def proving(cli: CommandLine) -> CommandLine:
    """The command line, with invariants in the policies file: one proved, one refuted, one neither."""
    cli.policies.write_text(cli.policies.read_text() + INVARIANTS)
    return cli


def test_each_invariant_with_what_became_of_it(proving: CommandLine) -> None:
    """A table tells the outcomes; below it stand the action that refutes one, and why another is not proved."""
    ran = proving.wide("policies", "prove")
    assert (ran.code, ran.err) == (5, "")
    table, *details = ran.out.split("\n\n")
    assert [line.split()[-1] for line in table.splitlines()] == ["outcome", "proved", "refuted", "proved"]
    refuted, unknown, opaque = details
    assert "because    a hundred is a lot" in refuted
    assert '"amount":"100.00"' in refuted
    assert "asked by   somebody" in refuted
    assert "decided    allow by everyday" in refuted
    assert "no action that was tried confirms it" in unknown
    assert opaque.splitlines()[1] == '  to matches "[[:alpha:]]+z"'


def test_where_a_value_stands_is_shown(cli: CommandLine) -> None:
    """What refutes an invariant about trust shows where the value stands, and that the plan is disputed."""
    asked = '"when": "disputed and not trusted(to) and source_of(to) != \\"none\\""'
    cli.policies.write_text(cli.policies.read_text() + f'invariants: [{{"never": "allow transfer", {asked}}}]\n')
    ran = cli.wide("policies", "prove")
    assert ran.code == 5
    assert "elsewhere  to: elsewhere, not trusted" in ran.out
    assert "disputed   yes" in ran.out
    (proof,) = cli("policies", "prove", "--json").json["invariants"]
    shown = proof["counterexample"]
    assert (shown["sources"], shown["trusted"], shown["disputed"]) == ({"to": "elsewhere"}, [], True)


def test_the_same_as_json(proving: CommandLine) -> None:
    """`--json` holds the outcome of each, the action that refutes one, and the rules that decide it."""
    ran = proving("policies", "prove", "--json")
    proved, refuted, unknown = ran.json["invariants"]
    assert (ran.code, proved["outcome"], proved["counterexample"]) == (5, "proved", None)
    assert refuted["counterexample"]["action"]["amount"] == "100.00"
    assert (refuted["counterexample"]["decision"], refuted["counterexample"]["rules"]) == ("allow", ["everyday"])
    assert (unknown["outcome"], unknown["opaque"]) == ("not proved", ['to matches "[[:alpha:]]+z"'])


def test_all_proved_ends_with_0(cli: CommandLine) -> None:
    """Where all is proved, or nothing is to be, the command ends with 0."""
    assert cli("policies", "prove").code == 0
    cli.policies.write_text(cli.policies.read_text() + "invariants: [{never: allow transfer, when: amount > 100}]\n")
    assert cli("policies", "prove", str(cli.policies)).code == 0


def test_a_broken_file_is_reported(cli: CommandLine) -> None:
    """A file with mistakes ends with 5, and its report."""
    cli.policies.write_text(cli.policies.read_text() + "invariants: [{never: allow transfer, when: amuont > 100}]\n")
    ran = cli("policies", "prove")
    assert ran.code == 5
    assert "error[unknown-name]" in ran.err


def test_without_the_solver_the_remedy_is_told(proving: CommandLine) -> None:
    """Without z3 the command ends with 2 and says what to install."""
    with patch("signoff.policies.prover.find_spec", return_value=None):
        ran = proving("policies", "prove")
    assert ran.code == 2
    assert 'pip install "signoff[prove]"' in ran.err
