"""What the tests of the Engine do with the demo bank, and two actions of their own."""

import json
from collections.abc import Callable
from typing import Any

from signoff import Actor, Engine
from signoff.actions import Effect, Execution, Registry, action
from signoff.audit import Approval, PlanRecord, verify_store
from signoff.canonical import Json
from signoff.errors import NotDone
from signoff.planner import ActionPlan, read_plan
from signoff.policies import Policy
from tests.conftest import RULES

TWO = RULES.replace("identity:", "changes: {role: manager, count: 2}\nidentity:")  # who change what is pinned
LOOSE, LOOSER, LOOSEST = (TWO.replace("amount > 100", f"amount > {amount}") for amount in (200, 300, 400))

DANA, MIRA, OMAR, FAY, FINN = (Actor(id=name) for name in ("dana", "mira", "omar", "fay", "finn"))

Open = Callable[..., Engine]
Change = Callable[[str, str], Policy]
Wider = Callable[[str, str, Registry], Policy]


def plan_of(engine: Engine, *actions: dict[str, Any]) -> ActionPlan:
    """The plan of *actions* as JSON would write them; needs are empty where left out."""
    return read_plan(json.dumps({"actions": [{"needs": []} | one for one in actions]}), engine.registry)


def transfer(amount: str, to: str = "Alice", needs: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"type": "transfer", "to": to, "amount": amount, "needs": list(needs)}


def deposit(amount: str) -> dict[str, Any]:
    return {"type": "deposit", "amount": amount}


def withdraw(amount: str) -> dict[str, Any]:
    return {"type": "withdraw", "amount": amount}


def submit(engine: Engine, *actions: dict[str, Any], actor: Actor = DANA, request: str | None = None) -> PlanRecord:
    return engine.submit(plan_of(engine, *actions), actor, request=request)


def statuses(plan: PlanRecord) -> list[str]:
    return [one.status.value for one in plan.actions]


def only_approval(engine: Engine, plan: PlanRecord) -> Approval:
    (approval,) = engine.approvals_of(plan.id)
    return approval


def sign(engine: Engine, approval: Approval, *actors: Actor) -> None:
    for actor in actors:
        engine.approve(approval.id, actor, digest=approval.digest)


def edit(engine: Engine, approval: Approval, actor: Actor = MIRA, reason: str = "as agreed", **changes: Json) -> PlanRecord:
    """The plan of *approval*, once *actor* has made those *changes* to its action."""
    return engine.edit(approval.id, actor, changes, reason=reason)


def balance(engine: Engine, account: str = "checking") -> str:
    record = submit(engine, {"type": "check_balance", "account": account})
    result = record.actions[0].result
    assert isinstance(result, dict)
    return str(result["balance"])


def events(engine: Engine, chain: str) -> list[str]:
    with engine.store.read() as tx:
        return [entry.event for entry in tx.entries(chain)]


def assert_verifies(engine: Engine) -> None:
    with engine.store.read() as tx:
        assert verify_store(tx).problems == ()


@action(effect=Effect.OPAQUE)
def send_message(execution: Execution, to: str, how: str = "well") -> Json:
    """Send a message, which nobody can take back: the effect is a line in the outbox."""
    OUTBOX.append(f"{to} {execution.key}")
    while MEANWHILE:
        MEANWHILE.pop()()
    if how == "refused":
        OUTBOX.pop()
        raise NotDone("the recipient is unknown")
    if how == "badly":
        raise ConnectionError("no answer")
    return {"to": to} if how == "well" else 1.5  # type: ignore[return-value]  # what cannot be recorded


class Mute(Exception):
    """An error that cannot even say what went wrong."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


@action(effect=Effect.LOCAL)
def scribble(execution: Execution, text: str) -> Json:
    """Write into the ledger in ways that must not work."""
    tx = execution.database
    if text == "or rollback":
        tx.execute("INSERT OR ROLLBACK INTO note VALUES ('twice'), ('twice')")
    if text == "own tables":
        tx.execute("UPDATE actions SET status = 'done'")
    if text == "surrogate":
        raise ValueError("bad name \ud800")
    if text == "mute":
        raise Mute
    if text == "too long":
        return "x" * 70_000
    raise ValueError("\x1b[2Jsomething went wrong")


OUTBOX: list[str] = []
MEANWHILE: list[Callable[[], object]] = []  # what others do while the message is on its way


def message(to: str = "ann", how: str = "well", needs: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"type": "send_message", "to": to, "how": how, "needs": list(needs)}
