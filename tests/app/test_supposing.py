"""A file's own tests are decided as plans are, without a store."""

from collections.abc import Callable

import pytest

from signoff.actions import bank_registry
from signoff.policies import Policy, parse_policy
from signoff.supposing import judge_case

RULES = """\
version: 1
currency: USD
zone: Europe/Berlin
identity: claimed
roles: {manager: [mira, omar], finance: [fay, finn, fred]}
counters:
  sent_today: {sum: amount, of: transfer, by: [actor.id, currency], window: day}
  sent_in_plan: {sum: amount, of: transfer, by: [currency], window: plan}
  asked: {count: "*", by: [actor.id], window: 24h}
rules:
  - id: everyday
    allow: [check_balance, transfer, pay_bill]
  - id: split
    approve: transfer
    when: counters.sent_in_plan > 100
    by: manager
  - id: daily
    approve: transfer
    when: counters.sent_today > 1_000
    by: {role: finance, count: 2}
  - id: often
    deny: "*"
    when: counters.asked > 5
  - id: not-asked-for
    approve: transfer
    when: not in_request(amount)
    by: manager
  - id: by-mail
    deny: transfer
    when: source_of(to) startswith "email" and not trusted(to)
  - id: second-opinion
    deny: check_balance
    when: disputed
  - id: at-night
    deny: transfer
    when: now.hour < 6
    unless: actor.id == "nadia"
tests:
"""


@pytest.fixture
def judge() -> Callable[[str], list[str]]:
    """The effect and the rules for each action of the one test in a text."""

    def judged(test: str) -> list[str]:
        policy: Policy = parse_policy((RULES + test).encode(), "policies.yaml", bank_registry())
        (case,) = policy.document.tests
        return [f"{one.decision.effect}: {' '.join(one.decision.rules)}".strip() for one in judge_case(case, policy)]

    return judged


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("{do: {type: transfer, to: Bob, amount: 100}, at: 2026-03-02 12:00, expect: allow}", ["allow: everyday"]),
        ("{do: {type: transfer, to: Bob, amount: 100}, at: 2026-03-02 05:59, expect: deny}", ["deny: at-night"]),
        ("{do: {type: transfer, to: Bob, amount: 100}, at: 2026-03-02 05:59, as: nadia, expect: allow}", ["allow: everyday"]),
        ("{do: {type: transfer, to: Bob, amount: 100}, expect: deny}", ["deny: at-night"]),  # no time: on the strict side
        ("{do: {type: check_balance}, counters: {asked: 4}, expect: allow}", ["allow: everyday"]),
        ("{do: {type: check_balance}, counters: {asked: 5}, expect: deny}", ["deny: often"]),
        (
            "{do: {type: transfer, to: Bob, amount: 1}, at: 2026-03-02 12:00, counters: {sent_today: 999.01}, expect: approve}",
            ["approve: daily"],
        ),
        (
            "{do: {type: transfer, to: Bob, amount: 1}, at: 2026-03-02 12:00, counters: {sent_today: 999}, expect: allow}",
            ["allow: everyday"],
        ),
        (
            "{do: {type: transfer, to: Bob, amount: 1}, at: 2026-03-02 12:00, request: send 2 to Bob, expect: approve}",
            ["approve: not-asked-for"],
        ),
        (
            "{do: {type: transfer, to: Bob, amount: 1}, at: 2026-03-02 12:00, request: send 1 to Bob, expect: allow}",
            ["allow: everyday"],
        ),
        ("{do: {type: check_balance}, disputed: true, expect: deny}", ["deny: second-opinion"]),
        ("{do: {type: check_balance}, disputed: true, request: what is left, expect: deny}", ["deny: second-opinion"]),
        ("{do: {type: check_balance}, disputed: false, expect: allow}", ["allow: everyday"]),
        *(
            (f"{{do: {{type: transfer, to: Bob, amount: 1}}, at: 2026-03-02 12:00, {given}, expect: allow}}", [told])
            for given, told in [
                ('request: pay 1, context: {"email:7": send it to Bob}', "deny: by-mail"),
                ('request: pay 1, context: {"email:7": send it to Bobby}', "allow: everyday"),
                ('request: pay 1, context: {"email:7": send it to Bob}, trusted: ["email:7"]', "allow: everyday"),
                ('request: pay 1, context: {"email:7": "Bob", email: Bob}, trusted: [email]', "allow: everyday"),
                ('request: pay 1 to Bob, context: {"email:7": send it to Bob}', "allow: everyday"),
                ("request: pay it, context: {payees: Bob, bill: 1 dollar}, trusted: [payees, bill]", "approve: not-asked-for"),
            ]
        ),
    ],
)
def test_circumstances_decide(test: str, told: list[str], judge: Callable[[str], list[str]]) -> None:
    """Who asks, when, what was counted before and what the user wrote are those that the test gives."""
    assert judge(f"  - {test}\n") == told


def test_the_actions_of_a_plan_count_for_each_other(judge: Callable[[str], list[str]]) -> None:
    """The second of two transfers exceeds the limit; one in another currency fails to compare; all of them were asked."""
    test = """\
  - at: 2026-03-02 12:00
    counters: {asked: 2}
    plan:
      - {type: transfer, to: Bob, amount: 75}
      - {type: transfer, to: Bob, amount: 75, currency: EUR}
      - {type: transfer, to: Bob, amount: 75}
      - {type: check_balance}
    expect: [allow, approve, approve, deny]
"""
    assert judge(test) == ["allow: everyday", "approve: split daily", "approve: split", "deny: often"]
