"""Verification: how many Entries of a log are checked in a second, with all that they vouch for."""

from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from bench.report import Figure, format_figures
from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import Store, verify_store
from signoff.planner import ActionPlan
from signoff.policies import load_policy

POLICIES = Path(__file__).parents[1] / "policies.yaml"
PLANS = 500
ACTIONS = 20  # of each plan
TARGET = 500_000  # Entries a second
ROUNDS = 5


def main() -> None:
    """Print the rate of `audit verify`, and of its parts."""
    registry = bank_registry()
    policy = load_policy(POLICIES, registry)
    look = registry.load(b'{"account":"checking","type":"check_balance"}')
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "log.db", migrations=registry.migrations) as store:
        engine = Engine(store, policy, registry)
        for _ in range(PLANS):
            engine.submit(ActionPlan.of(*[look] * ACTIONS), Actor(id="dana"))
        rates = []
        for _ in range(ROUNDS):
            began = process_time()
            with store.read() as tx:
                told = verify_store(tx)
            assert not told.problems
            rates.append(told.entries / (process_time() - began))
    rate = max(rates)
    print("## Verifying the log\n")
    print(
        format_figures(
            [Figure(what="audit verify", reached=f"{rate:,.0f} entries/s", target=f">= {TARGET:,}", met=rate >= TARGET)],
            [
                f"the best of {ROUNDS} runs, in CPU time: {told.entries:,} entries, {told.plans:,} plans of {ACTIONS} actions",
                "each entry's bytes, hash, leaf and place, and that every row of every table is what the entries tell",
            ],
        )
    )
