"""The ledger: always balanced, never overdrawn, and every edit is found."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import Execution, Lookup, Registry, Transaction, check_ledger
from signoff.actor import Actor
from signoff.audit import Store
from signoff.canonical import Json
from signoff.errors import ActionInvalid, NotDone

OPENING = {"dana / checking": 100_000, "dana / savings": 500_000}
BALANCES = "SELECT coalesce(owner || ' / ' || name, name), balance FROM bank_account"


def test_a_new_database_starts_with_the_demo_s_accounts(ledger_tx: Transaction) -> None:
    """A new ledger holds dana's accounts, the payees, a biller, cash and equity, and is in order."""
    balances = dict(ledger_tx.execute(BALANCES))
    assert balances == OPENING | {
        "Alice": 0,
        "Bob": 0,
        "Carol": 0,
        "Mallory Ltd": 0,
        "Acme Utilities": 0,
        "cash USD": 0,
        "opening balances USD": -600_000,
    }
    assert ledger_tx.execute("SELECT owner, billed - paid FROM bank_bill") == [("dana", 8_420)]
    assert check_ledger(ledger_tx) == []


UNITS = st.integers(1, 150_000)
AMOUNTS = UNITS.map(lambda units: f"{units // 100}.{units % 100:02}")
OWN = st.sampled_from(["checking", "savings"])
WIRES: st.SearchStrategy[dict[str, Json]] = st.one_of(
    st.fixed_dictionaries({"type": st.just("check_balance"), "account": OWN}),
    st.fixed_dictionaries({"type": st.just("deposit"), "amount": AMOUNTS, "to": OWN}),
    st.fixed_dictionaries({"type": st.just("withdraw"), "amount": AMOUNTS, "from": OWN}),
    st.fixed_dictionaries(
        {
            "type": st.just("transfer"),
            "amount": AMOUNTS,
            "from": OWN,
            "to": st.sampled_from(["Alice", "Bob", "checking", "savings"]),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("pay_bill"), "biller": st.just("Acme Utilities"), "from": OWN},
        optional={"amount": st.integers(1, 9_000).map(lambda units: f"{units // 100}.{units % 100:02}")},
    ),
)


def run(bank: Registry, tx: Transaction, wire: dict[str, Json], key: str) -> bool:
    """Whether dana's action could be done."""
    dana = Actor(id="dana")
    try:
        resolved = bank.read(wire).resolve(Lookup(actor=dana, tx=tx))
        resolved.run(Execution(actor=dana, key=key, now=datetime(2026, 3, 2, tzinfo=UTC), tx=tx))
    except (ActionInvalid, NotDone):
        return False
    return True


class Book:
    """What the ledger should hold, counted in the plainest way."""

    def __init__(self) -> None:
        self.balances = OPENING | {"opening balances USD": -600_000}
        self.due = 8_420

    def expect(self, wire: dict[str, Any]) -> bool:
        """Whether the action is possible; if so, count it."""
        units = int(wire["amount"].replace(".", "")) if "amount" in wire else self.due
        match wire["type"]:
            case "check_balance":
                return True
            case "deposit":
                return self._move("cash USD", f"dana / {wire['to']}", units)
            case "withdraw":
                return self._move(f"dana / {wire['from']}", "cash USD", units)
            case "transfer":
                target = wire["to"] if wire["to"][0].isupper() else f"dana / {wire['to']}"
                return self._move(f"dana / {wire['from']}", target, units)
        possible = 0 < units <= self.due and self._move(f"dana / {wire['from']}", "Acme Utilities", units)
        self.due -= units if possible else 0
        return possible

    def _move(self, source: str, target: str, units: int) -> bool:
        if source == target or (source != "cash USD" and self.balances.get(source, 0) < units):
            return False
        self.balances[source] = self.balances.get(source, 0) - units
        self.balances[target] = self.balances.get(target, 0) + units
        return True


@given(wires=st.lists(WIRES, max_size=12))
def test_any_sequence_of_actions_keeps_the_ledger_true(
    bank: Registry, fresh_ledger: Callable[[], AbstractContextManager[Transaction]], wires: list[dict[str, Json]]
) -> None:
    """After any actions, possible or not, postings sum to zero, nothing is overdrawn, and each balance is as counted by hand."""
    book = Book()
    with fresh_ledger() as tx:
        for number, wire in enumerate(wires):
            assert run(bank, tx, wire, f"key-{number}") is book.expect(dict(wire)), wire
            assert tx.execute("SELECT transaction_id FROM bank_posting GROUP BY transaction_id HAVING sum(amount) <> 0") == []
            assert tx.execute("SELECT sum(amount) FROM bank_posting") == [(0,)]
            assert tx.execute("SELECT count(*) FROM bank_account WHERE kind = 'customer' AND balance < 0") == [(0,)]
        assert {name: units for name, units in tx.execute(BALANCES) if units} == {n: u for n, u in book.balances.items() if u}
        assert tx.execute("SELECT billed - paid FROM bank_bill") == [(book.due,)]
        assert check_ledger(tx) == []


MOVE = "INSERT INTO bank_transaction (key, action, at, debit, credit, amount, bill) VALUES ('k', 'x', '2026', "


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (MOVE + "3, 5, 100001, NULL)", "no_overdraft"),
        (MOVE + "3, 5, 0, NULL)", "CHECK constraint failed"),
        (MOVE + "3, 5, -100, NULL)", "CHECK constraint failed"),
        (MOVE + "3, 3, 100, NULL)", "CHECK constraint failed"),
        (MOVE + "3, 5, 1.5, NULL)", "cannot store REAL value in INTEGER column"),
        (MOVE + "3, 99, 100, NULL)", "needs two accounts in one currency"),
        (MOVE + "2, 3, 9007199254740991, NULL)", "balance_fits"),
        (MOVE + "3, 9, 8421, 1)", "no_overpayment"),
        (MOVE + "3, 5, 100, 1)", "a bill is paid by its owner to its biller"),
        (MOVE + "2, 9, 100, 1)", "a bill is paid by its owner to its biller"),
        (MOVE.replace("(key", "(id, key").replace("('k'", "(-5, 'k'") + "3, 5, 1, NULL)", "numbered upwards"),
        (MOVE.replace("INSERT", "INSERT OR REPLACE").replace("'k'", "'opening:3'") + "3, 5, 1, NULL)", "already in the ledger"),
        ("UPDATE bank_transaction SET amount = 1 WHERE id = 1", "a ledger transaction never changes"),
        ("DELETE FROM bank_transaction", "a ledger transaction is never removed"),
        ("INSERT INTO bank_posting VALUES (5, 1, 100, 100)", "a posting is written by its ledger transaction, once"),
        (
            "INSERT OR REPLACE INTO bank_posting VALUES (3, 1, 100000, 200000)",
            "a posting is written by its ledger transaction, once",
        ),
        ("UPDATE bank_posting SET amount = 1", "a posting never changes"),
        ("DELETE FROM bank_posting", "a posting is never removed"),
        ("UPDATE bank_account SET balance = 200000 WHERE id = 3", "a balance is changed by postings only"),
        ("UPDATE bank_account SET balance = 1 WHERE id = 5", "a balance is changed by postings only"),
        ("UPDATE bank_account SET kind = 'equity', owner = NULL WHERE id = 3", "an account keeps its number, kind"),
        ("UPDATE bank_account SET owner = 'omar' WHERE id = 3", "an account keeps its number, kind"),
        ("DELETE FROM bank_account WHERE id = 5", "an account is never removed"),
        ("INSERT INTO bank_account VALUES (20, 'payee', NULL, 'Eve', 'USD', 5)", "an account starts with nothing"),
        ("INSERT OR REPLACE INTO bank_account VALUES (3, 'customer', 'dana', 'checking', 'USD', 0)", "already exists"),
        ("INSERT OR REPLACE INTO bank_account VALUES (20, 'payee', NULL, 'Alice', 'USD', 0)", "already exists"),
        ("INSERT INTO bank_account VALUES (20, 'payee', 'dana', 'Eve', 'USD', 0)", "only_customers_own_accounts"),
        ("UPDATE bank_bill SET paid = 8420", "a bill keeps its owner and biller"),
        ("UPDATE bank_bill SET owner = 'omar'", "a bill keeps its owner and biller"),
        ("DELETE FROM bank_bill", "a bill is never removed"),
        ("INSERT INTO bank_bill VALUES (2, 'dana', 5, 100, 0)", "a bill comes from a biller"),
        ("INSERT OR REPLACE INTO bank_bill VALUES (1, 'dana', 9, 1, 0)", "a bill comes from a biller"),
    ],
)
def test_the_database_itself_refuses_what_is_no_bookkeeping(ledger_tx: Transaction, statement: str, reason: str) -> None:
    """Whatever statement an action's code runs, the schema keeps every rule of the ledger, and nothing of it remains."""
    tables = ["bank_account", "bank_bill", "bank_transaction", "bank_posting"]
    before = [ledger_tx.execute(f"SELECT * FROM {table}") for table in tables]
    with pytest.raises(Exception, match=reason):
        ledger_tx.execute(statement)
    assert [ledger_tx.execute(f"SELECT * FROM {table}") for table in tables] == before


def test_accounts_in_two_currencies_are_never_mixed(ledger_tx: Transaction) -> None:
    """A ledger transaction between accounts in two currencies is refused."""
    ledger_tx.execute("INSERT INTO bank_account (id, kind, name, currency) VALUES (20, 'payee', 'Zoë', 'EUR')")
    with pytest.raises(Exception, match="needs two accounts in one currency"):
        ledger_tx.execute(MOVE + "3, 20, 100, NULL)")


def test_a_bill_can_grow(ledger_tx: Transaction) -> None:
    """A biller can bill more, and an account can be renamed; neither disturbs the ledger."""
    ledger_tx.execute("UPDATE bank_bill SET billed = billed + 100")
    ledger_tx.execute("UPDATE bank_account SET name = 'Alice B' WHERE id = 5")
    assert check_ledger(ledger_tx) == []


# Somebody with the file and no respect for its rules. Another process: a second connection in this one would drop
# the store's locks when it closes.
EDITOR = """
import sys
try:
    from pysqlite3 import dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None)
for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
    connection.execute(f"DROP TRIGGER {name}")
connection.execute("PRAGMA foreign_keys = OFF")
connection.execute("PRAGMA ignore_check_constraints = ON")
assert connection.execute(sys.argv[2]).rowcount > 0
connection.close()
"""


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (
            "UPDATE bank_account SET balance = 999999 WHERE id = 3",
            "account 3 (checking) holds 999999, but its postings sum to 84900",
        ),
        ("UPDATE bank_account SET balance = -1 WHERE id = 3", "account 3 (checking) of dana is overdrawn: -1"),
        (
            "UPDATE bank_posting SET amount = 200000 WHERE account = 3 AND transaction_id = 1",
            "the postings of transaction 1 sum to 100000, not to 0",
        ),
        (
            "UPDATE bank_posting SET balance = 5 WHERE account = 3 AND transaction_id = 1",
            "account 3 stood at 5 after transaction 1, but its postings sum to 100000",
        ),
        (
            "DELETE FROM bank_posting WHERE account = 5",
            "transaction 3 moves 15000 from account 3 to account 5, but its postings differ",
        ),
        ("DELETE FROM bank_posting WHERE transaction_id = 3", "account 3 (checking) holds 84900, but its postings sum to 99900"),
        ("UPDATE bank_posting SET account = 6 WHERE account = 5", "account 5 (Alice) holds 15000, but its postings sum to 0"),
        ("DELETE FROM bank_transaction WHERE id = 3", "account 3 has a posting of transaction 3, which is not in the ledger"),
        (
            "UPDATE bank_transaction SET amount = 1 WHERE id = 3",
            "transaction 3 moves 1 from account 3 to account 5, but its postings differ",
        ),
        (
            "UPDATE bank_transaction SET credit = 8 WHERE id = 3",
            "transaction 3 moves 15000 from account 3 to account 8, but its postings differ",
        ),
        ("UPDATE bank_account SET currency = 'EUR' WHERE id = 5", "transaction 3 is between accounts in USD and EUR"),
        ("DELETE FROM bank_account WHERE id = 5", "transaction 3 is between accounts in USD and no currency"),
        ("UPDATE bank_bill SET paid = 8420", "bill 1 counts 8420 of 8420 as paid, but 100 was"),
        ("UPDATE bank_bill SET billed = 50", "bill 1 counts 100 of 50 as paid, but 100 was"),
        ("INSERT INTO bank_account VALUES (20, 'payee', NULL, 'Eve', 'USD', 7)", "all balances in USD sum to 7, not to 0"),
    ],
)
def test_an_edited_ledger_is_found(bank: Registry, tmp_path: Path, edit: str, found: str) -> None:
    """Whatever somebody edits in the file, behind the ledger's back, check_ledger names it."""
    file = tmp_path / "signoff.db"
    with Store.open(file, migrations=bank.migrations) as store, store.write() as writing, writing.lent(writing=True) as tx:
        assert run(bank, tx, {"type": "transfer", "to": "Alice", "amount": "150.00"}, "first")
        assert run(bank, tx, {"type": "pay_bill", "biller": "Acme Utilities", "amount": "1.00"}, "second")
        assert check_ledger(tx) == []
    subprocess.run([sys.executable, "-c", EDITOR, str(file), edit], check=True)
    with Store.open(file, migrations=bank.migrations) as store, store.read() as reading, reading.lent() as tx:
        assert found in check_ledger(tx)
