"""What holds for whatever stands in a policies file: it loads, or a report says why not, and where."""

from collections.abc import Sequence
from datetime import UTC, datetime

from signoff.actions import Action, Registry, show_text
from signoff.actor import Actor
from signoff.canonical import canonical
from signoff.policies import Context, Diagnostic, PoliciesInvalid, Policy, Severity, format_diagnostic, parse_policy
from tests.policies.conftest import CheckBalance, Order, PayBill, Transfer

REGISTRY = Registry(CheckBalance, Transfer, PayBill, Order)
START = "version: 1\ncurrency: USD\napprovers: m\nroles: {m: [x]}\nlists: {l: [Alice, Bob]}\ntables: {t: {Alice: 1, USD: 2.5}}\n"
COUNTERS = "counters: {c: {sum: amount, of: transfer, by: [currency], window: day}}\n"
RULE = "rules:\n- id: a\n  approve: {types}\n  when: |\n{lines}"

_CONTEXT = Context(
    actor=Actor(id="x"),
    grounded=frozenset({"to"}),
    plan_size=2,
    now=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    sources={"to": "request", "amount": "invoice"},
    trusted=frozenset({"to"}),
    disputed=True,
)
_ACTIONS: Sequence[Action] = [
    REGISTRY.read({"type": "check_balance"}),
    REGISTRY.read({"type": "transfer", "to": "Alice", "amount": "150.00"}),
    REGISTRY.read({"type": "transfer", "to": "Mallory", "amount": "150", "currency": "JPY"}),
    REGISTRY.read({"type": "pay_bill", "biller": "Acme"}),
    REGISTRY.read({"type": "order", "to": "Bob", "quantity": 3, "weight": "0.5", "price": "9.000", "currency": "BHD"}),
]


def file_of(condition: str, types: str = "transfer") -> bytes:
    """A file whose one rule has this *condition*."""
    lines = "".join(f"    {line}\n" for line in condition.split("\n"))
    return (START + COUNTERS + RULE.format(types=types, lines=lines)).encode("utf-8", "surrogatepass")


def check(data: bytes, registry: Registry = REGISTRY) -> Policy | None:
    """The policy in *data*, or None where a report says why there is none. Raises AssertionError where a law is broken."""
    policy, found = _load(data, registry)
    failed = any(one.severity is Severity.ERROR for one in found)
    assert failed is (policy is None), "it is refused where there is an error, and only there"
    _check_places(data, found)
    if policy is None:
        return None
    assert parse_policy(policy.source, "p", registry).outline() == policy.outline(), "what is stored says something else"
    canonical(policy.outline())
    for action in _ACTIONS:
        decision = policy.decide(action, _CONTEXT)
        assert not any("could not be read" in reason for reason in decision.because), decision.because
        policy.explain(action, _CONTEXT)
        policy.reasons(decision, action, _CONTEXT)
        policy.counters_told(action, _CONTEXT)
    return policy


def _load(data: bytes, registry: Registry) -> tuple[Policy | None, Sequence[Diagnostic]]:
    try:
        policy = parse_policy(data, "p", registry)
    except PoliciesInvalid as error:
        return None, error.diagnostics
    return policy, policy.warnings


def _check_places(data: bytes, found: Sequence[Diagnostic]) -> None:
    """Each diagnostic can be shown, and stands at characters that are in the file."""
    lines = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    for one in found:
        text = format_diagnostic(one)
        assert one.message, text
        assert show_text(text.replace("\n", "")) == text.replace("\n", ""), text
        assert text.count("\n") == (2 if one.line else 0), text
        if one.line:
            line = lines[one.line - 1]
            assert one.source == line, text
            assert 1 <= one.column <= len(line) + 1, text
            assert one.length >= 1, text
            assert one.column - 1 + one.length <= len(line) + 1, text
