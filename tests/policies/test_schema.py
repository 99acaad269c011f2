"""The JSON Schema of policies files takes what the reader takes, and refuses what stands in the wrong place."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft202012Validator

from signoff.actions import Registry, bank_registry
from signoff.policies import parse_policy, policy_schema
from signoff.testing import PolicyFile, policy_files
from tests.conftest import RULES
from tests.policies.conftest import CheckBalance, Order, PayBill, Transfer
from tests.policies.test_mistakes import HERE, snapshots

REGISTRY = Registry(CheckBalance, Transfer, PayBill, Order)
SCHEMA = policy_schema(REGISTRY)
VALIDATOR = Draft202012Validator(SCHEMA)
BANK = Draft202012Validator(policy_schema(bank_registry()))
STRUCTURAL = {"unknown-key", "unknown-action", "wrong-value", "effect", "name", "version", "default", "counter", "merge-key"}

EVERYTHING = """\
# yaml-language-server: $schema=policies.schema.json
version: 1
currency: USD
zone: Europe/Berlin
default: {approve: manager}
approvers: manager
identity: claimed
within: 2d
remind: 90m
delegation: 14d
changes: [{role: manager, count: 2}, {people: [zoe, 1001]}]
roles:
  manager: [mira, omar, 1002]
  second-line: [fay, finn]
lists:
  blocked: [Mallory Ltd, NO, 22:30, true, 17]
tables:
  limits: {Alice: 500.00, Acme Utilities: 2_000, 2024: -1}
  kinds: {Alice: good, Bob: "5"}
  known: {Alice: true}
counters:
  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}
  orders: {count: [order, transfer], window: 90m}
  all: {count: "*", by: [], window: plan}
rules:
  - id: everyday
    allow: "*"
  - id: on
    approve: [transfer, order]
    when: |
      counters.sent > 100 and to not in lists.blocked
      and to in tables.limits and tables.limits[to] > 5
    unless: "true"
    by: {role: manager, count: 2}
    within: 30m
    remind: 5m
    self: allowed
    then: {after: 5m, ask: [second-line, {people: [zoe]}]}
    because: "{to} gets {counters.sent}"
  - id: a.b-c_D
    approve: pay_bill
    because: 5
  - id: never
    deny: order
    when: true
tests:
  - name: small
    do: {type: transfer, to: Alice, amount: 1_000, currency: EUR}
    as: mira
    at: 2026-12-24 18:30
    request: send it
    context: {invoice: 5, "email:4711": "send 1,000"}
    trusted: [invoice]
    disputed: false
    counters: {sent: 24_950.5, orders: 3}
    expect: approve
    rules: [on, caution]
    by: [manager, {people: [zoe]}]
  - plan:
      - {type: order, to: 5, quantity: 2, weight: 0.5, urgent: true, speed: fast, tags: [a, 7], price: "5.00", note: null}
      - {type: transfer, to: Bob, amount: "75.00", needs: [1]}
    expect: [deny, approve]
  - plan: [{type: check_balance}]
    expect: approve
invariants:
  - never: allow order
    when: quantity > 5
    unless: urgent
    because: orders are looked at
  - never: {approve: [transfer, order]}
    without: {role: manager, count: 2}
  - never: allow *
"""


class Core(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors read it: `NO`, `22:30`, `10_000` and dates are texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML keeps them so


for tag, pattern, first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", "[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    for character in first:
        kept = Core.yaml_implicit_resolvers.setdefault(character, [])
        kept.append((f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$")))


def complaints(source: str | bytes, validator: Draft202012Validator = VALIDATOR) -> list[str]:
    """What the schema has against a file."""
    return [error.message for error in validator.iter_errors(yaml.load(source, Core))]


def test_the_schema_is_one() -> None:
    """It is a schema of draft 2020-12, and says what every key of a file is for."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    defs: Any = SCHEMA["$defs"]
    top: Any = SCHEMA["properties"]
    told = [top, *(defs[name]["properties"] for name in ("rule", "counter", "test", "invariant"))]
    assert [key for properties in told for key, value in properties.items() if not value.get("description")] == []
    assert defs["type"]["enum"] == ["check_balance", "transfer", "pay_bill", "order"]
    assert "transfer: Money to a payee." in defs["types"]["description"]


def test_a_file_with_everything_is_taken() -> None:
    """A file that uses every key, in every form that it can have, is valid to the reader and to the schema."""
    used: Any = SCHEMA["properties"]
    assert {line.partition(":")[0] for line in EVERYTHING.splitlines() if line[0] not in " #"} == {*used}
    parse_policy(EVERYTHING.encode(), "p", REGISTRY)
    assert complaints(EVERYTHING) == []


def test_the_demo_rules_are_taken() -> None:
    """The demo bank's own rules, and those of the tests, are valid to the schema."""
    root = HERE.parents[1]
    assert complaints((root / "policies.yaml").read_bytes(), BANK) == []
    assert complaints(RULES, BANK) == []


@pytest.mark.parametrize("source", [pytest.param(source, id=title) for title, source, _ in snapshots(HERE / "doubts.txt")])
def test_files_with_doubts_are_taken(source: str) -> None:
    """Files that only get warnings are valid to the schema."""
    assert complaints(source) == []


@given(policy_files(REGISTRY))
def test_generated_files_are_taken(file: PolicyFile) -> None:
    """Whatever file loads is valid to the schema."""
    assert complaints(file.source) == []


def structural() -> list[Any]:
    """The sections of mistakes.txt whose mistakes are all of the structure."""
    found = []
    for title, source, report in snapshots():
        codes = set(re.findall(r"error\[([a-z-]+)\]", report))
        if codes and codes <= STRUCTURAL:
            found.append(pytest.param(source, id=title))
    return found


@pytest.mark.parametrize("source", structural())
def test_structural_mistakes_are_refused(source: str) -> None:
    """A key that is not known, a value of another form, two effects in a rule: the schema refuses them."""
    assert complaints(source) != []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1\n", ""),
        ("version: 1\n", "version: 2\n"),
        ("currency: USD", "currency: XXQ"),
        ("zone: Europe/Berlin", "zone: [UTC]"),
        ("default: {approve: manager}", "default: allow"),
        ("default: {approve: manager}", "default: approve"),
        ("identity: claimed", "identity: sudo"),
        ("within: 2d", "within: 2 days"),
        ("count: 2}, {people", "count: 0}, {people"),
        ("[zoe, 1001]", "[]"),
        ("manager: [mira, omar, 1002]", "manager: mira"),
        ("second-line: [fay", "second line: [fay"),
        ("blocked: [", "blocked-ones: ["),
        ("known: {Alice: true}", "known: {Alice: true, Bob: 5}"),
        ("known: {Alice: true}", "known: {Alice: [5]}"),
        ("known: {Alice: true}", "known: {csv: a.csv, key: k}"),
        ("known: {Alice: true}", "known: {csv: a.csv, key: k, columns: {limit: cash}}"),
        ("known: {Alice: true}", "known: {csv: ../a.csv, key: k, columns: {limit: money}}"),
        ("sum: amount, of: transfer", "sum: amount"),
        ("count: [order, transfer]", "count: [order, transfer], of: order"),
        ("window: 90m", "window: 90s"),
        ("window: 90m", "windw: 90m"),
        ("  - id: everyday\n", "  - because: x\n"),
        ("id: everyday", "id: every day"),
        ("id: everyday", "id: caution"),
        ('allow: "*"', 'allow: ["*"]'),
        ('allow: "*"', "allow: []"),
        ('allow: "*"', "allow: fly"),
        ('allow: "*"', 'allow: "*"\n    deny: "*"'),
        ('allow: "*"', 'allow: "*"\n    by: manager'),
        ('allow: "*"', 'allow: "*"\n    within: 5m'),
        ("self: allowed", "self: true"),
        ("after: 5m, ask", "ask"),
        ("ask: [second-line", "ask: [{role: manager, count: 2}"),
        ("approvers: manager\n", ""),
        ("expect: approve\n    rules", "rules"),
        ("expect: approve\n    rules", "expect: maybe\n    rules"),
        ("do: {type: transfer, to: Alice", "do: {type: transfer, too: Alice"),
        ("do: {type: transfer, to: Alice", "do: {type: fly, to: Alice"),
        ("do: {type: transfer, to: Alice, ", "do: {type: transfer, "),
        ("currency: EUR}", "currency: EUR, needs: [1]}"),
        ("amount: 1_000", "amount: true"),
        ("urgent: true", 'urgent: "yes"'),
        ("speed: fast", "speed: fsat"),
        ("at: 2026-12-24 18:30", "at: 2026-12-24"),
        ("sent: 24_950.5", "sent: -5"),
        ("never: allow order", "never: order"),
        ("never: allow order", "never: allow fly"),
        ("never: {approve", "never: {approves"),
        ("never: {approve: [transfer, order]}", "never: deny transfer"),
        ("because: orders", "reason: orders"),
    ],
)
def test_each_mistake_is_refused(old: str, new: str) -> None:
    """One thing in the wrong place, in the file with everything, and the schema refuses it."""
    assert EVERYTHING.count(old) == 1
    assert complaints(EVERYTHING.replace(old, new)) != []
