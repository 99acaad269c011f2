"""What `policies check` finds in files that load."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.actions import Registry, bank_registry
from signoff.policies import Policy, format_diagnostic, load_policy, parse_policy, review_policy
from tests.policies.test_mistakes import snapshots

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CAREFUL = "version: 1\napprovers: manager\nroles: {manager: [mira]}\nrules: [{id: a, allow: '*'}]\n"


@pytest.mark.parametrize(("source", "report"), [pytest.param(s, r, id=t) for t, s, r in snapshots(HERE / "doubts.txt")])
def test_the_report_is_exact(source: str, report: str, load: Callable[[str], Policy]) -> None:
    """The whole report on a file is what doubts.txt says, carets included."""
    assert "\n\n".join(map(format_diagnostic, review_policy(load(source)))) == report


def test_the_demo_rules_have_no_more_doubts() -> None:
    """Of the demo bank's own rules nothing more is said than that votes are claimed, and whom they wait for."""
    policy = load_policy(ROOT / "policies.yaml", bank_registry())
    assert [warning.code for warning in review_policy(policy)] == ["identity", "seats"]


def test_what_asks_by_itself_and_only_one_can_sign(careful_registry: Registry) -> None:
    """Where an action can ask for approval by itself, approvers who are one person are a warning; elsewhere not."""
    found = review_policy(parse_policy(CAREFUL.encode(), "p", careful_registry))
    assert [(one.code, one.line, one.message) for one in found] == [
        (
            "seats",
            2,
            "when mira asks, what asks for approval by itself cannot be signed: the requester's own vote does not count",
        )
    ]
    assert review_policy(parse_policy(CAREFUL.encode(), "p", bank_registry())) == ()


def test_too_much_to_compare_is_told(registry: Registry) -> None:
    """A file with more to compare than the bound allows is told of, and what was found until then as well."""
    rules = [f"- {{id: r{n}, deny: transfer, when: to == 'P' and amount > {n} and amount < {n + 1}}}\n" for n in range(600)]
    text = "version: 1\ncurrency: USD\nlists: {unread: [a]}\nrules:\n- {id: a, allow: '*'}\n" + "".join(rules)
    found = review_policy(parse_policy(text.encode(), "p", registry))
    assert [(one.code, one.line) for one in found] == [("unused", 3), ("too-many", 4)]


def test_a_load_says_nothing_of_it(load: Callable[[str], Policy]) -> None:
    """What is compared across rules is looked for by the check alone, and not on each load."""
    policy = load("version: 1\nlists: {unread: [a]}\nrules:\n- {id: a, allow: '*'}\n- {id: b, allow: transfer}\n")
    assert policy.warnings == ()
    assert [warning.code for warning in review_policy(policy)] == ["unused", "covered"]
