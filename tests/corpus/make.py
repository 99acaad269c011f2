"""Make a database with plans in every state, by the version of Signoff that is installed: see README.md beside this file.

    python -m tests.corpus.make FOLDER

A plan's request names its state. Each step is a process of its own, as a command is; two of them are really killed.
"""

import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

from signoff import Actor, Engine
from signoff.audit import Store
from signoff.audit.schema import SCHEMA
from signoff.errors import Busy
from signoff.planner import ActionPlan, read_plan

from .world import BEGAN, DANA, FAY, LEASES, MADE, MIRA, OMAR, ORIGINS, ROUTES, TALKS, opened

VERSION = len(SCHEMA)


def transfer(amount: str, *, to: str = "Alice", needs: str = "") -> str:
    return f'{{"type": "transfer", "to": "{to}", "amount": "{amount}", "needs": [{needs}]}}'


def deposit(amount: str, *, needs: str = "") -> str:
    return f'{{"type": "deposit", "amount": "{amount}", "needs": [{needs}]}}'


def outside(kind: str, text: str, *, needs: str = "") -> str:
    return f'{{"type": "{kind}", "text": "{text}", "needs": [{needs}]}}'


BALANCE = '{"type": "check_balance", "needs": []}'
REFUSE = '{"type": "refuse", "needs": []}'


def submit(engine: Engine, state: str, *actions: str, **how: Any) -> str:
    """Ask for a plan in dana's name, and return its id."""
    plan = read_plan(f'{{"actions": [{", ".join(actions)}]}}'.encode(), engine.registry)
    if VERSION >= ORIGINS:
        how |= _origin(plan)
    return engine.submit(plan, DANA, request=state, **how).id


def _origin(plan: ActionPlan) -> dict[str, Any]:
    """What a planner was given beside the request, and what it says of its work, where a version keeps it."""
    from signoff.planner import Context, Outcome, Planned, Trust  # older versions have no contexts

    payees = Context(source="payees", text="Alice\nMallory Ltd", trust=Trust.TRUSTED)
    told: dict[str, Any] = {"model": "none", "disputed": ("another amount",), "record": {"mode": "by hand"}}
    planned = Planned(outcome=Outcome.PLAN, plan=plan, planner="made for the corpus", **told)
    return {"context": [Context(source="letter", text="150.00 for Alice"), payees], "planner": planned}


def sign(engine: Engine, plan: str, voter: Actor) -> None:
    """Approve whatever of *plan* was put up last."""
    approval = engine.approvals_of(plan)[-1]
    engine.approve(approval.id, voter, digest=approval.digest)


def expired(engine: Engine) -> None:
    submit(engine, "expired", transfer("150.00"), deposit("1.00", needs="1"))


def replaced(engine: Engine) -> None:
    sign(engine, submit(engine, "replaced", transfer("250.00")), MIRA)


def expire_and_replace(engine: Engine) -> None:
    """Two days after the first, and under rules that ask for more than the second was signed for."""
    engine.resume(MIRA)


def ended(engine: Engine) -> None:
    """What has come to an end."""
    submit(engine, "done", BALANCE, deposit("1500.00" if VERSION < ROUTES else "899.00"), transfer("20.00", needs="2"))
    submit(engine, "told", outside("notify", "well"))
    submit(engine, "failed", REFUSE, transfer("150.00", needs="1"), deposit("1.00", needs="2"))
    submit(engine, "denied", transfer("5.00", to="Mallory Ltd"), deposit("1.00", needs="1"))
    plan = submit(engine, "rejected", transfer("150.00"), deposit("1.00", needs="1"))
    engine.reject(engine.approvals_of(plan)[0].id, MIRA, reason="no")
    plan = submit(engine, "cancelled", transfer("600.00"), deposit("1.00", needs="1"))
    sign(engine, plan, FAY)
    engine.cancel(plan, DANA)
    plan = submit(engine, "signed and done", transfer("110.00"), deposit("1.00", needs="1"))
    sign(engine, plan, MIRA)
    engine.resume(MIRA, plan=plan)


def under_way(engine: Engine) -> None:
    """What waits for somebody."""
    submit(engine, "waiting", BALANCE, transfer("150.00"), deposit("1.00", needs="2"))
    sign(engine, submit(engine, "half signed", transfer("600.00")), FAY)
    sign(engine, submit(engine, "approved", transfer("120.00"), deposit("1.00", needs="1")), OMAR)
    if VERSION >= ROUTES:
        submit(engine, "own vote", deposit("950.00"))
    if VERSION >= TALKS:
        _talk(engine)


def _talk(engine: Engine) -> None:
    """A conversation in which one call waits, one was denied, and one was not read."""
    from signoff.planner import Call, Outcome, Turn  # older versions have no conversations

    made = (
        ("transfer", '{"to": "Alice", "amount": "105.00"}'),
        ("transfer", '{"to": "Mallory Ltd", "amount": "5.00"}'),
        ("fly", "{}"),
    )
    calls = tuple(Call(id=f"call_{number}", name=name, arguments=text) for number, (name, text) in enumerate(made))
    turn = Turn(outcome=Outcome.PLAN, words="One moment.", calls=calls, tokens=30, record={"model": "none"})
    plan = engine.conversing.open(DANA, "talking", "made for the corpus")
    engine.conversing.take(plan, 1, DANA, turn, "made for the corpus")


def ready(engine: Engine) -> None:
    """Accepted and left: while another process executed, as long as only one could; not run, since then."""
    if VERSION >= LEASES:
        submit(engine, "ready", transfer("30.00"), outside("notify", "well", needs="1"), run=False)
        return
    with Store.open(engine.store.path).executing():  # type: ignore[attr-defined]  # of older versions
        try:
            submit(engine, "ready", transfer("30.00"), outside("notify", "well", needs="1"))
        except Busy:
            return
    raise AssertionError("it ran")


def in_trouble(engine: Engine) -> None:
    """What nobody knows the outcome of."""
    submit(engine, "in doubt, happened", outside("notify", "fails after"), deposit("1.00", needs="1"))
    submit(engine, "in doubt, did not happen", outside("notify", "fails before"), deposit("1.00", needs="1"))
    if VERSION >= ROUTES:
        plan = submit(engine, "resolved", outside("notify", "fails after"))
        engine.resolve(plan, 1, MIRA, done=True, reason="the line is there")
        submit(engine, "put off, happened", outside("pay", "fails after"), outside("book", "fails after"))
        submit(engine, "put off, did not happen", outside("pay", "fails before"), outside("book", "fails before"))
        engine.pin(MIRA)


def killed(engine: Engine) -> None:
    """Killed right after the effect of an action that can be tried again, where there are such actions."""
    submit(engine, "killed", outside("pay" if VERSION >= ROUTES else "notify", "is killed"), deposit("1.00", needs="1"))


def executing(engine: Engine) -> None:
    """Killed right after an effect that nobody can be asked about."""
    submit(engine, "executing", outside("notify", "is killed"), deposit("1.00", needs="1"), transfer("150.00"), BALANCE)


def step(database: Path, work: Callable[[Engine], None], at: datetime, *, later: bool = True, dies: bool = False) -> None:
    """Do *work* in a process of its own, which *dies* of it or ends well."""
    child = os.fork()
    if child == 0:
        with opened(database, VERSION, at, later=later, trouble=True, timeout=0.5) as engine:
            work(engine)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code == (-SIGKILL if dies else 0), f"{work.__name__} ended with {code}"


def tidy(database: Path) -> None:
    """Everything in the one file, as small as can be; what it tells stays."""
    child = os.fork()
    if child == 0:
        with Store.open(database) as store:
            store._database.execute("VACUUM")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    for suffix in ("-wal", "-shm", ".lock", ".run"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def make(folder: Path) -> None:
    """Make the database of this version in *folder*."""
    database = folder / f"signoff-{VERSION}.db"
    step(database, expired, BEGAN, later=False)
    step(database, replaced, MADE - timedelta(hours=5), later=False)
    for work in (expire_and_replace, ended):
        step(database, work, MADE - timedelta(hours=4))
    for work in (under_way, in_trouble):
        step(database, work, MADE)
    step(database, killed, MADE, dies=True)
    step(database, ready, MADE)
    step(database, executing, MADE, dies=True)
    tidy(database)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
