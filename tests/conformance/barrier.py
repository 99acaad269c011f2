"""Signoff as an agent framework that `agentbarrier verify` can try: a real database, engine and log behind each run.

A run is a plan. Its engine lives in a thread of its own, which is the one that owns the store; what a second process
would do is done by one. What AgentBarrier is told of pending actions, decisions and outcomes is read from the store,
whose state the engine verifies against the log, and receipts are made of the log's Entries.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from agentbarrier import ActionRequest, AgentAdapter, RunHandle
from agentbarrier.models import (
    AuditEvent,
    AuditReceipt,
    Capability,
    ReconciliationEvidence,
    ReconciliationStatus,
    RunOutcome,
    RunStatus,
    action_digest,
)
from agentbarrier.probe import EffectProbe

from signoff import Engine, Refused
from signoff.actions import Effect
from signoff.audit import ENDED, Approval, Entry, PlanRecord, Status
from tests.conformance import sentinel
from tests.conformance.receipts import OF_RUNS, STATUSES, answer_of, events_of
from tests.conformance.sentinel import DANA, MIRA

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
ASKED, AGAIN = 1, 2  # hours after the run: when its receiver is asked, and when another process goes on with it
IN_THE_DARK = (Status.IN_DOUBT, Status.EXECUTING)


class Signoff(AgentAdapter):
    """What each run of AgentBarrier's is done by. Nothing is left out: see the tests for what cannot apply, and why."""

    capabilities = frozenset(Capability)

    def __init__(self, effect: Effect) -> None:
        """*effect* is the one that the watched action declares."""
        self.name = f"signoff-{effect.value}"
        self.effect = effect

    async def begin(
        self, *, run_id: str, actions: Sequence[ActionRequest], effect: EffectProbe, timeout_seconds: float | None = None
    ) -> RunHandle:
        """Submit a plan of *actions* to a database of its own."""
        folder = TemporaryDirectory(prefix="signoff-conformance-")
        run = Run(run_id, self.effect, effect, Path(folder.name) / "signoff.db", timeout_seconds)
        run.closing.callback(folder.cleanup)
        run.begin(lambda: run.submit(list(actions)))
        return run


def opaque() -> Signoff:
    """Nobody can ask whether the effect happened: a person settles what is in doubt."""
    return Signoff(Effect.OPAQUE)


def probed() -> Signoff:
    """The journal can be asked whether the effect happened, so the executor asks it."""
    return Signoff(Effect.PROBE)


class Run(RunHandle):
    """One plan, or as many as its actions were edited into."""

    def __init__(self, run_id: str, effect: Effect, probe: EffectProbe, database: Path, timeout: float | None) -> None:
        self.closing = ExitStack()
        self._run_id, self._effect, self._probe, self._database, self._timeout = run_id, effect, probe, database, timeout
        self._loop = asyncio.get_running_loop()
        self._registry = sentinel.registry_of(effect, self._perform, self._ask, timeout)
        self._thread = ThreadPoolExecutor(1)
        self._engine: Engine
        self._plans: list[str] = []

    # -- what AgentBarrier asks for

    async def wait_for_pending(self, timeout_seconds: float) -> tuple[ActionRequest, ...]:
        """What waits for its approval, as the store has it."""
        await asyncio.wait_for(asyncio.shield(self._begun), timeout_seconds)
        return await self._do(lambda: tuple(request for request, _ in self._waiting()))

    async def approve(self, action_id: str, replacement: ActionRequest | None = None) -> None:
        """Mira signs what AgentBarrier shows her, by its digest, and it goes on."""
        await self._do(lambda: self._approve(action_id, replacement))

    async def reject(self, action_id: str, reason: str | None = None) -> None:
        """Mira rejects it."""
        await self._do(lambda: self._reject(action_id, reason or "no"))

    async def cancel(self) -> None:
        """Dana cancels the plan in another thread with a store of its own, as another process would."""

        def cancel() -> None:
            with sentinel.opened(self._database, self._registry) as engine:
                with engine.store.read() as tx:
                    plans = tx.plans()
                for plan in plans:
                    with suppress(Refused):  # everything in it was started
                        engine.cancel(plan, DANA)

        await asyncio.to_thread(cancel)

    async def wait(self, timeout_seconds: float) -> RunOutcome:
        """What the plan came to."""
        try:
            await asyncio.wait_for(asyncio.shield(self._begun), timeout_seconds)
        except TimeoutError:
            return RunOutcome(RunStatus.FAILED, "it has not ended in time")
        return await self._do(lambda: outcome_of(self._records()))

    async def reconcile(self, action_id: str, timeout_seconds: float) -> ReconciliationEvidence:
        """Find out what became of an action: the executor asks its receiver, or a person looks and says so."""
        if self._effect is Effect.PROBE:
            return await self._do(lambda: self._asked(timeout_seconds))
        return await self._looked_up(action_id, timeout_seconds)

    async def replay(self) -> RunHandle:
        """Go on with the same plan in a process of its own, an hour or two later, and look at it from here."""
        run = Run(self._run_id, self._effect, self._probe, self._database, self._timeout)
        run.begin(run.go_on_elsewhere)
        return run

    async def audit_receipts(self) -> tuple[AuditReceipt, ...]:
        """The log's Entries of these plans, as far as AgentBarrier knows such events."""
        return await self._do(lambda: tuple(self._receipts()))

    async def close(self) -> None:
        """Let what still runs end, and close the store."""
        await asyncio.wait([self._begun])
        await self._do(self.closing.close)
        self._thread.shutdown()

    # -- what the run's own thread does

    def begin(self, work: Callable[[], None]) -> None:
        """Open the store and do *work*, while others go on."""

        def do() -> None:
            self._engine = self.closing.enter_context(sentinel.opened(self._database, self._registry))
            work()

        self._begun = self._loop.run_in_executor(self._thread, do)

    def submit(self, requests: list[ActionRequest]) -> None:
        """Submit a plan of *requests*, which also runs what may run."""
        self._plans.append(self._engine.submit(sentinel.plan_of(requests, self._registry), DANA).id)

    def go_on_elsewhere(self) -> None:
        """Let a process of its own resume what is there."""
        given = (self._database, self._probe.journal.path, self._run_id, self._effect.value, AGAIN)
        command = [sys.executable, "-W", "error", "-m", sentinel.__name__, *map(str, given)]
        subprocess.run(command, cwd=ROOT, check=True, timeout=60)
        with self._engine.store.read() as tx:
            self._plans = tx.plans()

    def _approve(self, action_id: str, replacement: ActionRequest | None) -> None:
        if replacement is not None:  # what is changed is another action: the old one is rejected, the new one asked for
            self._reject(action_id, "replaced")
            self.submit([replacement])
        request, approval = self._find(action_id)
        shown = sentinel.plan_of([replacement or request], self._registry).actions[0].action
        self._engine.approve(approval.id, MIRA, digest=shown.digest())
        self._engine.resume(DANA)

    def _reject(self, action_id: str, reason: str) -> None:
        self._engine.reject(self._find(action_id)[1].id, MIRA, reason=reason)
        self._engine.resume(DANA)

    def _asked(self, timeout: float) -> ReconciliationEvidence:
        """Resume at an engine that gives the receiver so many seconds, and ends before it tries anything again."""
        found: list[ReconciliationEvidence] = []

        def ask(request: ActionRequest) -> ReconciliationEvidence:
            found.append(self._ask(request))
            return found[-1]

        def stop(_: ActionRequest) -> None:
            raise KeyboardInterrupt

        registry = sentinel.registry_of(self._effect, stop, ask, timeout)
        with sentinel.opened(self._database, registry, timedelta(hours=ASKED)) as engine, suppress(KeyboardInterrupt):
            engine.resume(DANA)
        (record,) = self._records()
        request = sentinel.request_of(record.action(1))
        entry = next(entry for entry in reversed(self._entries(record.id)) if "happened" in entry.data)
        return ReconciliationEvidence(
            action_id=request.action_id,
            status=STATUSES[answer_of(entry)],
            expected_action_digest=action_digest(request),
            observed_action_digests=found[0].observed_action_digests if found else (),
            detail=f"{answer_of(entry).value}: {entry.data['error']}".replace("_", " "),
        )

    async def _looked_up(self, action_id: str, timeout: float) -> ReconciliationEvidence:
        """Mira looks, and resolves what she finds out; of what she cannot tell nothing is recorded."""
        record = (await self._do(self._records))[0]
        request = sentinel.request_of(record.action(1))
        try:
            evidence = await asyncio.wait_for(self._probe.reconcile(request), timeout)
        except TimeoutError:
            detail = f"timed out after {timeout} s"
            return ReconciliationEvidence(action_id, ReconciliationStatus.UNAVAILABLE, action_digest(request), detail=detail)
        decisive = {ReconciliationStatus.COMMITTED: True, ReconciliationStatus.NOT_COMMITTED: False}
        if evidence.status in decisive:
            done, reason = decisive[evidence.status], str(evidence.detail)
            await self._do(lambda: self._engine.resolve(record.id, 1, MIRA, done=done, reason=reason))
        return evidence

    # -- reading

    def _records(self) -> list[PlanRecord]:
        return [self._engine.plan(plan) for plan in self._plans]

    def _waiting(self) -> list[tuple[ActionRequest, Approval]]:
        return [
            (sentinel.request_of(record.action(approval.number)), approval)
            for record in self._records()
            for approval in self._engine.approvals_of(record.id)
        ]

    def _find(self, action_id: str) -> tuple[ActionRequest, Approval]:
        return next((request, approval) for request, approval in self._waiting() if request.action_id == action_id)

    def _entries(self, plan: str) -> list[Entry]:
        with self._engine.store.read() as tx:
            return tx.entries(plan)

    def _receipts(self) -> Iterator[AuditReceipt]:
        for record in self._records():
            entries = self._entries(record.id)
            for entry in entries:
                for event in events_of(entry, record, last=entry is entries[-1]):
                    request = None if event in OF_RUNS else sentinel.request_of(record.action(entry.action or 1))
                    yield AuditReceipt(
                        sequence=2 * entry.number + (event is AuditEvent.RUN_COMPLETED),
                        run_id=self._run_id,
                        event=event,
                        timestamp_ns=int(entry.at.timestamp() * 1_000_000) * 1_000,
                        action_id=None if request is None else request.action_id,
                        action_digest=None if request is None else action_digest(request),
                    )

    # -- between the threads

    async def _do(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._thread, work)

    def _perform(self, request: ActionRequest) -> object:
        return asyncio.run_coroutine_threadsafe(self._probe(request), self._loop).result()

    def _ask(self, request: ActionRequest) -> ReconciliationEvidence:
        return asyncio.run_coroutine_threadsafe(self._probe.reconcile(request), self._loop).result()


def outcome_of(plans: list[PlanRecord]) -> RunOutcome:
    """What *plans* came to, in AgentBarrier's words. What was rejected or skipped was not to be done, and is completed."""
    actions = [action for plan in plans for action in plan.actions]
    told = ", ".join(f"{action.status} {action.error or ''}".strip() for action in actions)
    statuses = {action.status for action in actions}
    if statuses & set(IN_THE_DARK):
        return RunOutcome(RunStatus.UNKNOWN, told)
    if statuses == {Status.CANCELLED}:
        return RunOutcome(RunStatus.CANCELLED, told)
    if statuses <= ENDED - {Status.FAILED}:
        return RunOutcome(RunStatus.COMPLETED, told)
    return RunOutcome(RunStatus.FAILED, told)
