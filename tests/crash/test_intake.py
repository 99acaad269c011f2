"""Threads that share transactions, in a process that is killed while they do."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from signoff import Engine
from signoff.actions import bank_registry
from signoff.audit import Store, verify_store
from tests.conftest import rules

from .processes import ROOT

# Sixteen threads submit and sign one plan after the other, and print each id once they have an answer. The process kills
# itself before the commit of that number, after it, or while the threads go on.
SUBMIT = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import Store
from signoff.audit.database import Database
from signoff.intake import Intake
from signoff.planner import read_plan
from tests.conftest import rules

path, where, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
commit, plan = Database._commit, '{"actions": [{"type": "deposit", "amount": "1.00", "needs": []}]}'


def deadly(self):
    global left
    left -= 1
    if left == 0 and where == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    commit(self)
    if left == 0 and where == "after":
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def opened():
    registry = bank_registry()
    with Store.open(path, migrations=registry.migrations) as store:
        yield Engine(store, rules(), registry)


def submit():
    while True:
        record = intake.submit(read_plan(plan, registry), Actor(id="dana"))
        os.write(1, f"{record.id}\\n".encode())


registry, intake = bank_registry(), Intake(opened)
Database._commit = deadly
for _ in range(16):
    Thread(target=submit).start()
"""


@pytest.mark.parametrize("where", ["before", "after", "between"])
@pytest.mark.parametrize("commits", [2, 5, 9])
def test_a_kill_loses_no_plan_that_was_answered(tmp_path: Path, where: str, commits: int) -> None:
    """After SIGKILL every plan that a thread was told of is there and done once, and whatever else is there is whole."""
    path = tmp_path / "signoff.db"
    command = [sys.executable, "-c", SUBMIT, str(path), where, str(commits)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = []
        if where == "between":
            told = [process.stdout.readline().strip() for _ in range(commits * 7)]
            os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.read().split()
    assert process.returncode == -signal.SIGKILL
    registry = bank_registry()
    with Store.open(path, create=False, migrations=registry.migrations) as store:
        Engine(store, rules(), registry)
        with store.read() as tx:
            assert verify_store(tx).problems == ()
            events = {id_: Counter(entry.event for entry in tx.entries(id_)) for id_ in tx.plans()}
    assert set(told) <= events.keys()
    assert len(told) == len(set(told))
    assert all(one == {"submitted": 1, "decided": 1, "executing": 1, "done": 1} for one in events.values()), json.dumps(events)
