"""AgentAck as a judge of generated lives: what the properties' bank went through, plan by plan."""

from typing import Any

import pytest
from agentack.engine import evaluate_events  # type: ignore[import-untyped]  # it says nothing of its types
from agentack.models import TraceEvent  # type: ignore[import-untyped]  # the same
from hypothesis import given

from signoff.outside import Outside
from tests.conformance.trace import events_of
from tests.properties.hunting import assert_caught
from tests.properties.lives import Life, lives, signed_then
from tests.properties.world import Bank, opened_bank

LACKING = {"ACK009"}  # evidence that is not there: of what is in doubt, still waits, only reads, or was denied by a rule


def findings(bank: Bank) -> list[str]:
    """What AgentAck finds in any plan of *bank*, but evidence that is not there."""
    effects, found = bank.effects(), []
    for plan in bank.plans():
        received = {action.key: [action.digest] * effects[action.key] for action in plan.actions}
        with bank.store.read() as tx:
            events = events_of(tx.entries(plan.id), received)
        trace = [TraceEvent.from_dict(event, line=line) for line, event in enumerate(events, 1)]
        report = evaluate_events(trace)
        found += [f"{one.rule_id} {one.message}" for one in report.findings if one.rule_id not in LACKING]
    return found


@given(lives)
def test_agentack_finds_nothing_in_any_life(life: Life) -> None:
    """Whatever happens to a bank's plans, AgentAck finds no rule broken in any of them."""
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            pass
        assert findings(bank) == []


def test_effects_that_happen_twice_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything that goes outside is sent twice, AgentAck finds an approval that was used twice."""
    execute = Outside.execute

    def twice(outside: Outside, *arguments: Any) -> Any:
        execute(outside, *arguments)
        return execute(outside, *arguments)

    monkeypatch.setattr(Outside, "execute", twice)
    assert_caught(test_agentack_finds_nothing_in_any_life, signed_then(), "ACK004")
