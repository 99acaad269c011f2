"""The effect that AgentBarrier watches, as an action of ours, and a database whose plans have it.

Run as a program this is a process of its own that goes on with what another one left: see `main`.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agentbarrier import ActionRequest
from agentbarrier.journal import EffectJournal
from agentbarrier.models import ReconciliationEvidence, ReconciliationStatus
from agentbarrier.probe import EffectProbe

from signoff import Actor, Engine
from signoff.actions import Effect, Registry, Retry, action
from signoff.audit import ActionRecord, Store
from signoff.canonical import parse
from signoff.planner import ActionPlan, read_plan
from signoff.policies import parse_policy

DANA = Actor(id="dana")
MIRA = Actor(id="mira")
TOOL = "sentinel_write"
DELAY = 60.0  # seconds until a receiver is asked: longer than any verb waits, so what is in the dark stays so until `resume`
RULES = """\
version: 1
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira]
rules:
  - id: everyday
    allow: sentinel_write
  - id: gated
    approve: sentinel_write
    when: gated
    by: manager
"""

Perform = Callable[[ActionRequest], object]
Ask = Callable[[ActionRequest], ReconciliationEvidence]


def registry_of(effect: Effect, perform: Perform, ask: Ask, timeout: float | None) -> Registry:
    """The one action, which does what *perform* does; *ask* is how a PROBE action's receiver is asked."""

    def asked(action_id: str, recipient: str, amount: int, gated: bool) -> bool:
        evidence = ask(_request(action_id, recipient, amount, gated))
        if evidence.status not in (ReconciliationStatus.COMMITTED, ReconciliationStatus.NOT_COMMITTED):
            raise LookupError(f"{evidence.status.value}: {evidence.detail}")
        return evidence.status is ReconciliationStatus.COMMITTED

    is_probe = effect is Effect.PROBE

    @action(
        effect=effect,
        timeout=timeout,
        retry=Retry(delay=DELAY) if is_probe else Retry(),
        probe=asked if is_probe else None,
    )
    def sentinel_write(action_id: str, recipient: str, amount: int, gated: bool) -> str:
        """Write into the journal."""
        return str(perform(_request(action_id, recipient, amount, gated)))

    return Registry(sentinel_write)


@contextmanager
def opened(database: Path, registry: Registry, ahead: timedelta = timedelta()) -> Iterator[Engine]:
    """An engine over *database*, whose clock is so much *ahead*."""
    with Store.open(database, clock=lambda: datetime.now(UTC) + ahead) as store:
        yield Engine(store, parse_policy(RULES.encode(), "policies.yaml", registry), registry)


def plan_of(requests: list[ActionRequest], registry: Registry) -> ActionPlan:
    """A plan of what is requested. What somebody was told to do by another action needs that one."""
    numbers = {request.action_id: number for number, request in enumerate(requests, 1)}
    actions = [
        {
            "type": request.tool_name,
            "action_id": request.action_id,
            "gated": request.requires_approval,
            "needs": [] if request.parent_action_id is None else [numbers[request.parent_action_id]],
            **request.arguments,
        }
        for request in requests
    ]
    return read_plan(json.dumps({"actions": actions}).encode(), registry)


def request_of(record: ActionRecord) -> ActionRequest:
    """What is stored as *record*, as AgentBarrier requests it."""
    told = parse(record.body)
    return _request(str(told["action_id"]), str(told["recipient"]), int(str(told["amount"])), told["gated"] is True)


def _request(action_id: str, recipient: str, amount: int, gated: bool) -> ActionRequest:
    return ActionRequest(action_id, TOOL, {"recipient": recipient, "amount": amount}, gated)


def main(database: str, journal: str, run_id: str, effect: str, hours: str) -> None:
    """Go on with what is in *database*, in a process of its own, so many *hours* later."""
    probe = EffectProbe(EffectJournal(journal), run_id=run_id)

    def perform(request: ActionRequest) -> object:
        return asyncio.run(probe(request))

    def ask(request: ActionRequest) -> ReconciliationEvidence:
        return asyncio.run(probe.reconcile(request))

    registry = registry_of(Effect(effect), perform, ask, None)
    with opened(Path(database), registry, timedelta(hours=int(hours))) as engine:
        engine.resume(DANA)
    probe.journal.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
