"""Engines that pause a run for an approval and go on with it, each used as its docs say for runs that survive a crash.

Each runs the same: three actions one after the other, of which the third waits until it is approved. What an action does
is given by the caller. What each engine was told, and why, stands in its docstring and is printed beside the table.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypedDict

from bench.cycle import DANA, RULES, bank_and_wire, make_plan, run_cycle
from signoff import Engine
from signoff.actions import Effect, Execution, Registry, action
from signoff.audit import Store
from signoff.canonical import Json
from signoff.planner import ActionPlan
from signoff.policies import parse_policy

Act: TypeAlias = Callable[[int], None]  # what the action of that number does outside the engine's file

_NUMBERED = RULES.replace(b"[transfer, wire]\n    when: amount > 100", b"act\n    when: place == 3")


class Running(Protocol):
    """An engine with its file open."""

    def cycle(self) -> None:
        """Three actions, the third of which waits; it is approved, and the run goes on to its end."""

    def recover(self) -> str:
        """Go on after a crash, as the engine's docs say, and tell what became of the run."""


Open: TypeAlias = Callable[[Path, Act], AbstractContextManager[Running]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An engine to compare."""

    name: str
    open: Open  # in a folder of its own
    distributions: tuple[str, ...] = ()  # their names on the package index

    @property
    def versions(self) -> str | None:
        """What is installed; None where something is missing."""
        try:
            return ", ".join(f"{one} {version(one)}" for one in self.distributions or ("signoff",))
        except PackageNotFoundError:
            return None

    @property
    def how(self) -> str:
        """How it was used."""
        return " ".join((self.open.__doc__ or "").split())


@dataclass(frozen=True, kw_only=True)
class _Signoff:
    engine: Engine
    plan: ActionPlan

    def cycle(self) -> None:
        run_cycle(self.engine, self.plan)

    def recover(self) -> str:
        resumed = self.engine.resume(DANA)
        return "; ".join(f"action {one.number} is {one.status}" for plan in resumed for one in plan.actions)


@contextmanager
def signoff_external(folder: Path, outside: Act) -> Iterator[Running]:
    """Three actions with the effect OPAQUE: the intent is durable before each, what it gave after it. After a crash: `resume`."""

    @action(effect=Effect.OPAQUE)
    def act(execution: Execution, place: int) -> Json:
        """Do something outside."""
        outside(place)
        return execution.key

    registry = Registry(act)
    plan = ActionPlan.of(*(registry.read({"type": "act", "place": place}) for place in (1, 2, 3)))
    with Store.open(folder / "cycle.db") as store:
        yield _Signoff(engine=Engine(store, parse_policy(_NUMBERED, "policies.yaml", registry), registry), plan=plan)


@contextmanager
def signoff_local(folder: Path, outside: Act) -> Iterator[Running]:
    """A balance (READ), a deposit and a transfer (LOCAL) on the demo bank's ledger, each one transaction with its record."""
    registry = bank_and_wire()
    with Store.open(folder / "cycle.db", migrations=registry.migrations) as store:
        engine = Engine(store, parse_policy(RULES, "policies.yaml", registry), registry)
        yield _Signoff(engine=engine, plan=make_plan(registry, "local"))


@dataclass(kw_only=True)
class _LangGraph:
    graph: Any
    command: Any
    threads: int = 0

    def cycle(self) -> None:
        self.threads += 1
        config = {"configurable": {"thread_id": f"run-{self.threads}"}}
        self.graph.invoke({"done": []}, config, durability="sync")
        assert self.graph.get_state(config).next == ("third",)
        ended = self.graph.invoke(self.command(resume="approved"), config, durability="sync")
        assert ended["done"] == [1, 2, 3]

    def recover(self) -> str:
        config = {"configurable": {"thread_id": "run-1"}}
        ended = self.graph.invoke(None, config, durability="sync")
        if self.graph.get_state(config).next:
            ended = self.graph.invoke(self.command(resume="approved"), config, durability="sync")
        return f"actions {ended['done']} are done"


@contextmanager
def langgraph(folder: Path, outside: Act) -> Iterator[Running]:
    """A StateGraph of three nodes, compiled with `SqliteSaver.from_conn_string`; `durability="sync"`; the third node begins
    with `interrupt`, and goes on with `Command(resume=...)`. After a crash: `invoke(None)` on the same thread."""
    graphs, types = import_module("langgraph.graph"), import_module("langgraph.types")
    saver = import_module("langgraph.checkpoint.sqlite").SqliteSaver

    def node(number: int) -> Callable[[dict[str, list[int]]], dict[str, list[int]]]:
        def run(state: dict[str, list[int]]) -> dict[str, list[int]]:
            if number == 3:
                assert types.interrupt({"approve": number}) == "approved"
            outside(number)
            return {"done": [*state["done"], number]}

        return run

    builder = graphs.StateGraph(_State)
    names = ("first", "second", "third")
    for number, name in enumerate(names, 1):
        builder.add_node(name, node(number))
    for before, after in zip((graphs.START, *names), (*names, graphs.END), strict=True):
        builder.add_edge(before, after)
    with saver.from_conn_string(str(folder / "checkpoints.sqlite")) as checkpoints:
        yield _LangGraph(graph=builder.compile(checkpointer=checkpoints), command=types.Command)


@dataclass(kw_only=True)
class _Dbos:
    dbos: Any
    workflow: Any

    def cycle(self) -> None:
        handle = self.dbos.start_workflow(self.workflow)
        assert self.dbos.get_event(handle.workflow_id, "status", timeout_seconds=60) == "waits"
        self.dbos.send(handle.workflow_id, "approved", topic="approval")
        assert handle.get_result() == [1, 2, 3]

    def recover(self) -> str:
        (run,) = self.dbos.list_workflows()
        if self.dbos.get_event(run.workflow_id, "status", timeout_seconds=60) == "waits":
            self.dbos.send(run.workflow_id, "approved", topic="approval")
        return f"actions {self.dbos.retrieve_workflow(run.workflow_id).get_result()} are done"


@contextmanager
def dbos(folder: Path, outside: Act) -> Iterator[Running]:
    """A workflow of three steps on its SQLite system database; before the third it tells its state with `set_event` and waits
    with `recv`, as in its human-in-the-loop example; `send` approves. Its polling is as it comes, once a second, so its time
    that passes tells little. After a crash: `launch`, which recovers what was pending, and the approval again if it is asked."""
    module = import_module("dbos")
    config = {
        "name": "bench",
        "system_database_url": f"sqlite:///{folder / 'dbos.sqlite'}",
        "application_version": "1",
        "run_admin_server": False,
        "log_level": "CRITICAL",
    }
    module.DBOS(config=config)

    def step(number: int) -> int:
        outside(number)
        return number

    durable_step = module.DBOS.step()(step)

    def run() -> list[int]:
        done = [durable_step(1), durable_step(2)]
        module.DBOS.set_event("status", "waits")
        assert module.DBOS.recv("approval", timeout_seconds=60) == "approved"
        module.DBOS.set_event("status", "approved")
        return [*done, durable_step(3)]

    workflow = module.DBOS.workflow()(run)
    module.DBOS.launch()
    try:
        yield _Dbos(dbos=module.DBOS, workflow=workflow)
    finally:
        module.DBOS.destroy()


@dataclass(kw_only=True)
class _Airlock:
    module: Any
    app: Any
    act: Any  # the guarded function
    folder: Path
    runs: int = 0

    def cycle(self) -> None:
        self.runs += 1
        assert [self.act(self.runs, number) for number in (1, 2)] == [1, 2]
        try:
            self.act(self.runs, 3)
        except self.module.ActionPending as pending:
            ended = self.app.resume(pending.approval_ref, self.module.HumanDecision.APPROVED)
        assert ended.status == "committed"

    def recover(self) -> str:
        reconcile = import_module("airlock.reconcile")
        swept = reconcile.reconcile_on_startup(self.app.store, older_than=timedelta(0))
        paused = reconcile.reconcile_paused(self.app.store, older_than=timedelta(0))
        told = [f"{one.outcome}" for one in (*swept.actions, *paused.actions)]
        try:
            self.cycle()
            told.append("and the run, made again, went through")
        except Exception as error:  # whatever it says is what is to be told
            told.append(f"and the run, made again, ended with {type(error).__name__}")
        return "; ".join(told)


@contextmanager
def airlock(folder: Path, outside: Act) -> Iterator[Running]:
    """Three calls of a guarded function on its SQLite store, which flushes no commit (`synchronous=NORMAL`, its own choice);
    the rules let two pass and gate the third, which `resume(ref, APPROVED)` runs; an effect with neither a key nor a probe.
    It has no plans: the program makes the calls. After a crash: both sweeps of `airlock.reconcile`, then the same calls."""
    module = import_module("airlock")
    warnings.simplefilter("ignore")  # it warns that such an effect runs at most once
    os.chdir(folder)  # where its console transport writes
    decision, rule = module.Decision, module.Rule

    def run(run: int, number: int) -> int:
        outside(number)
        return number

    app = module.init(
        store=f"sqlite:///{folder / 'airlock.db'}",
        policy=module.Policy(rules=[rule(match="act.*", decision=decision.AUTO)], default=decision.GATE),
        transport=module.ConsoleApprovalTransport(folder / "approvals.jsonl", out=(folder / "shown").open("w")),
        gate_wait=False,
    )
    guarded = {
        number: module.guard(name, reversibility=module.Reversibility.IRREVERSIBLE)(run)
        for number, name in ((1, "act.first"), (2, "act.second"), (3, "signed.third"))
    }
    try:
        yield _Airlock(module=module, app=app, act=lambda turn, number: guarded[number](turn, number), folder=folder)
    finally:
        app.store.close()


class _State(TypedDict):
    """The state of the graph."""

    done: list[int]


CONTENDERS = (
    Contender(name="Signoff, external", open=signoff_external),
    Contender(name="Signoff, READ and LOCAL", open=signoff_local),
    Contender(name="LangGraph", open=langgraph, distributions=("langgraph", "langgraph-checkpoint-sqlite")),
    Contender(name="DBOS", open=dbos, distributions=("dbos",)),
    Contender(name="Airlock", open=airlock, distributions=("airlock-sdk",)),
)
