"""Rules about secret fields: whether one is given may be asked, and every way of working with rules works with them, too."""

import pytest
import yaml
from jsonschema import Draft202012Validator

from signoff.actions import Registry
from signoff.policies import (
    Context,
    DecisionEffect,
    Policy,
    check_invariants,
    parse_policy,
    policy_schema,
    review_policy,
)
from signoff.trials import failed_tests

RULES = """\
version: 1
approvers: manager
roles: {manager: [mira]}
rules:
  - id: logged-in
    allow: login
  - id: with-token
    approve: login
    when: has(token) and not user == "root"
invariants:
  - never: allow login
    when: has(token)
    unless: user == "root"
tests:
  - name: a reference
    do: {type: login, user: dana, pin: {secret: CARD_PIN}}
    expect: allow
  - name: with a token
    do: {type: login, user: dana, pin: {secret: CARD_PIN}, token: {secret: TOKEN}}
    expect: approve
  - name: without one
    do: {type: login, user: dana, pin: {secret: CARD_PIN}, token: null}
    expect: allow
"""


@pytest.fixture
def policy(secret_registry: Registry) -> Policy:
    """Rules that ask whether a secret is given."""
    return parse_policy(RULES.encode(), "policies.yaml", secret_registry)


@pytest.mark.parametrize("token", [None, "a value", {"secret": "TOKEN"}])
def test_has_asks_whether_it_is_given(policy: Policy, secret_registry: Registry, context: Context, token: object) -> None:
    """`has` is true of a value, a reference and a commitment alike."""
    made = secret_registry["login"].model_validate({"user": "dana", "pin": "1234", "token": token})
    wanted = DecisionEffect.ALLOW if token is None else DecisionEffect.APPROVE
    for action in (made, secret_registry.load(made.canonical())):
        assert policy.decide(action, context).effect is wanted


def test_the_files_tests_hold(policy: Policy) -> None:
    """A file's own tests write a secret by its name."""
    assert failed_tests(policy) == ()


def test_its_invariants_are_proved(policy: Policy, secret_registry: Registry) -> None:
    """The prover knows whether a secret is given, and nothing else of it; what refutes an invariant refers to one."""
    assert check_invariants(policy, lambda: True) == ()
    broken = RULES.replace("    unless: user ==", "    unless: user !=")
    (refuted,) = check_invariants(parse_policy(broken.encode(), "policies.yaml", secret_registry), lambda: True)
    assert '"token":{"secret":"SECRET"}' in refuted.message


def test_values_have_no_part_in_other_ways_to_look_at_rules(policy: Policy) -> None:
    """The review of a file has nothing to say about secrets that are given or not."""
    assert [warning for warning in review_policy(policy) if "token" in warning.message or "pin" in warning.message] == []


def test_an_editor_is_told_to_write_a_name(secret_registry: Registry) -> None:
    """The JSON Schema of policies files takes a reference where an action of a test has a secret, and no value."""
    validator = Draft202012Validator(policy_schema(secret_registry))
    assert validator.is_valid(yaml.safe_load(RULES))
    assert not validator.is_valid(yaml.safe_load(RULES.replace("pin: {secret: CARD_PIN}", 'pin: "1234"')))
