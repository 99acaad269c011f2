"""The scripted tour, `signoff demo` where nobody can type: everything on the demo bank, in a database of its own."""

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

from signoff.actions import Registry, bank_registry, check_ledger
from signoff.audit import Approval, PlanRecord, Store, verify_store
from signoff.planner import RulesPlanner
from signoff.policies import PoliciesInvalid, Policy, Severity, format_diagnostic, load_policy, parse_policy

from . import drawing, entry_output, output
from .actor import Actor
from .engine import Engine
from .errors import Refused, UsageError
from .vetting import vet

REQUEST = "Check my balance, then send $150 to Alice and deposit 40"
LARGE = "send $400 to Bob"
SMALL = "send $120 to Bob"
BLOCKED = "send $5 to Mallory Ltd"
UNCLEAR = "send some money to Carol"

CONDITION = b"amount > 100\n"  # what the tour changes in the rules

DANA = Actor(id="dana")  # a customer

_TAMPER = """
import sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
with sqlite.connect(sys.argv[1]) as connection:
    (trigger,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'entries_stay_as_they_are'").fetchone()
    connection.execute("DROP TRIGGER entries_stay_as_they_are")
    connection.execute(
        "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'dana', 'eve') AS BLOB) WHERE number = 2"
    )
    connection.execute(trigger)
"""


class Tour:
    """The scenes of the tour, in the order in which they are played."""

    def __init__(self, console: Console, store: Store, engine: Engine) -> None:
        self._console = console
        self._store = store
        self._engine = engine

    def play(self) -> None:
        """Play every scene."""
        for number, scene in enumerate(
            (
                self.ask,
                self.deny,
                self.sign,
                self.reject,
                self.change_a_rule,
                self.misspell_a_rule,
                self.read_the_log,
                self.tamper,
            ),
            1,
        ):
            self._console.rule(Text(f"{number}. {scene.__doc__}", style="bold"), align="left")
            scene()
            self._console.print()

    def ask(self) -> None:
        """A request becomes a plan, and every action in it is decided"""
        self._run(REQUEST)
        self._say("What is allowed ran at once. What needs a signature waits, and holds back only what needs it.")

    def deny(self) -> None:
        """What is unclear is asked about, and what is forbidden is denied"""
        self._run(UNCLEAR)
        self._run(BLOCKED)

    def sign(self) -> None:
        """Whoever may sign sees what is to be signed, and signs it"""
        with self._store.read() as tx:
            rows = tx.queue()
        self._console.print(output.format_queue(rows, self._store.clock()))
        for approval, _ in rows[:1]:
            self._console.print(drawing.format_card(self._engine.card(approval.id)))
            for signer in (DANA, *self._signers(approval)):
                self._try(f"{signer.id} signs", partial(self._engine.approve, approval.id, signer, digest=approval.digest))
            self._say("What was signed is decided again under the rules in force now, uses up its votes, and runs:")
            for record in self._engine.resume(DANA, plan=approval.plan):
                self._console.print(output.format_plan(record))

    def reject(self) -> None:
        """Whoever may sign may say no, with a reason"""
        record = self._run(LARGE)
        for approval in self._engine.approvals_of(record.id) if record else ():
            for signer in self._signers(approval)[:1]:
                self._try(f"{signer.id} rejects", partial(self._engine.reject, approval.id, signer, reason="ask me in person"))
            self._console.print(output.format_plan(self._engine.plan(approval.plan)))

    def change_a_rule(self) -> None:
        """Whoever writes the rules decides: 100 becomes 1_000"""
        self._run(SMALL)
        before = self._engine.policy
        changed = parse_policy(self._changed(b"amount > 1_000\n"), before.name, self._engine.registry)
        try:
            self._engine.take_up(lambda: changed)
        except PoliciesInvalid as error:
            self._show_errors(error)
            self._say("The file's own tests say otherwise, so the rules from before stay in force. Without these tests:")
            changed = parse_policy(_without_tests(changed), before.name, self._engine.registry)
            self._engine.policy = before if changed.document.tests else changed
        self._say("The same request under the changed rule; what waited before still waits:")
        self._run(SMALL)
        self._engine.policy = before

    def misspell_a_rule(self) -> None:
        """A mistake in the rules is told, and never allows anything"""
        policy = self._engine.policy
        try:
            parse_policy(self._changed(b"amuont > 100\n"), policy.name, self._engine.registry)
        except PoliciesInvalid as error:
            self._show_errors(error)

    def _show_errors(self, error: PoliciesInvalid) -> None:
        for diagnostic in error.diagnostics:
            if diagnostic.severity is Severity.ERROR:
                self._console.print(Text(format_diagnostic(diagnostic)))

    def _changed(self, condition: bytes) -> bytes:
        """The rules with another condition; said so where they hold none to change."""
        source = self._engine.policy.source
        if CONDITION not in source:
            self._say(f"These rules hold no `{CONDITION.decode().strip()}`, so nothing is changed.")
        return source.replace(CONDITION, condition)

    def read_the_log(self) -> None:
        """Everything that happened is in the log, and the books balance"""
        with self._store.read() as tx:
            self._console.print(entry_output.format_entries(tx.entries()))
            output.print_verification(verify_store(tx), self._console)
            with tx.lent() as lent:
                problems = check_ledger(lent)
        self._say(f"The ledger's postings sum to zero; problems found: {len(problems)}.")

    def tamper(self) -> None:
        """Somebody edits one entry of the log behind our back"""
        subprocess.run([sys.executable, "-c", _TAMPER, str(self._store.path)], check=True, timeout=60)
        with self._store.read() as tx:
            output.print_verification(verify_store(tx), self._console)

    def _signers(self, approval: Approval) -> list[Actor]:
        """As many people of each role as must sign; dana, who asked, is none of them."""
        people = self._engine.card(approval.id).people
        return [Actor(id=one) for role, count in sorted(approval.seats.items()) for one in people[role][:count]]

    def _try(self, what: str, verb: Callable[[], object]) -> None:
        try:
            verb()
            self._say(f"{what}.")
        except Refused as refused:
            self._say(f"{what}, and is refused: {refused}")

    def _run(self, request: str) -> PlanRecord | None:
        self._console.print(Text(f'dana asks: "{request}"', style="cyan"))
        planned = RulesPlanner(self._engine.registry).plan(request, DANA)
        if planned.plan is None:
            output.print_no_plan(planned.outcome.value, planned.message, planned.planner, self._console)
            return None
        self._say(f"Planned by the {planned.planner}.")
        record = self._engine.submit(planned.plan, DANA, request=request, planner=planned)
        self._console.print(output.format_plan(record, self._engine.sources(record)))
        return record

    def _say(self, text: str) -> None:
        self._console.print(Text(text, style="italic"))


def _without_tests(policy: Policy) -> bytes:
    """The file of *policy* without its tests."""
    return re.sub(rb"^tests:.*?(?=^\w|\Z)", b"", policy.source, flags=re.MULTILINE | re.DOTALL)


def play_tour(policies: Path, registry: Registry, console: Console) -> None:
    """Play the tour under the rules in the file *policies*, in a database that is thrown away at the end.

    Raises UsageError where *registry* lacks the demo bank's actions.
    """
    if not bank_registry().keys() <= registry.keys():
        raise UsageError("the tour is of the demo bank, whose actions --actions leaves out; add those of bank_registry()")
    policy = load_policy(policies, registry)
    vet(policy)
    with (
        TemporaryDirectory(prefix="signoff-demo-") as folder,
        Store.open(Path(folder) / "demo.db", migrations=registry.migrations) as store,
    ):
        Tour(console, store, Engine(store, policy, registry)).play()
