"""The demo bank's double-entry ledger: accounts, bills, and the one way to move money between accounts.

The schema (bank.sql) keeps it true by itself: every transaction has two postings that sum to zero, no customer's
account is overdrawn, nothing posted changes. The checks here say the same in words that a person understands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from enum import StrEnum
from importlib import resources

from signoff.errors import NotDone

from .model import Execution, Transaction
from .money import MAX_MINOR_UNITS, format_money, from_minor_units, to_minor_units, write_money
from .registry import Migration


class AccountKind(StrEnum):
    """Whose money an account counts."""

    CUSTOMER = "customer"  # a customer's: never overdrawn
    PAYEE = "payee"  # somebody's elsewhere, whom customers may pay
    BILLER = "biller"  # a company's elsewhere, that sends bills
    CASH = "cash"  # notes and coins handed in or out
    EQUITY = "equity"  # where opening balances come from


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account, as it stood when it was read."""

    id: int
    kind: AccountKind
    owner: str | None  # the customer's actor id
    name: str
    currency: str
    balance: int  # in minor units

    def __str__(self) -> str:
        return f"{self.owner} / {self.name}" if self.owner else self.name

    def format(self, change: int = 0) -> str:
        """For a person, what it holds once *change* minor units are added: `1,000.00 USD`."""
        return format_money(from_minor_units(self.balance + change, self.currency), self.currency)

    def write(self, change: int = 0) -> str:
        """The canonical text of what it holds once *change* minor units are added: `1000.00`."""
        return write_money(from_minor_units(self.balance + change, self.currency), self.currency)


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a customer owes a biller."""

    id: int
    due: Decimal  # zero where everything is paid
    currency: str

    def __str__(self) -> str:
        return format_money(self.due, self.currency)


def ledger_migrations() -> tuple[Migration, ...]:
    """The ledger's schema, and what a new database starts with."""
    return (Migration("bank.1", resources.files(__package__).joinpath("bank.sql").read_text("utf-8")),)


def own_accounts(tx: Transaction, owner: str) -> list[Account]:
    """The accounts of the customer *owner*, oldest first. Empty where nobody has that id."""
    return _accounts(tx, "owner = ?", owner)


def accounts_of_kind(tx: Transaction, kind: AccountKind) -> list[Account]:
    """Every account of *kind*, oldest first."""
    return _accounts(tx, "kind = ?", kind.value)


def find_bill(tx: Transaction, owner: str, biller: Account) -> Bill | None:
    """What *owner* owes *biller*. None where there never was a bill."""
    rows = tx.execute("SELECT id, billed - paid FROM bank_bill WHERE owner = ? AND biller = ?", (owner, biller.id))
    for number, due in rows:
        return Bill(id=number, due=from_minor_units(due, biller.currency), currency=biller.currency)
    return None


def post(execution: Execution, action: str, debit: Account, credit: Account, amount: Decimal, bill: Bill | None = None) -> int:
    """Move *amount* from *debit* to *credit* as one ledger transaction, and return its number.

    Raises NotDone where *debit* belongs to a customer and holds too little, or a balance would become too large.
    """
    units = to_minor_units(amount, debit.currency)
    if debit.kind is AccountKind.CUSTOMER and debit.balance < units:
        raise NotDone(f"{debit.name} holds {debit.format()}, {format_money(amount, debit.currency)} are needed")
    for account, change in ((debit, -units), (credit, units)):
        if abs(account.balance + change) > MAX_MINOR_UNITS:
            raise NotDone(f"{account.name} stands at {account.format()}; {account.format(change)} is beyond what accounts hold")
    rows = execution.database.execute(
        "INSERT INTO bank_transaction (key, action, at, debit, credit, amount, bill) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            execution.key,
            action,
            execution.now.astimezone(UTC).isoformat(),
            debit.id,
            credit.id,
            units,
            None if bill is None else bill.id,
        ),
    )
    return int(rows[0][0])


def check_ledger(tx: Transaction) -> list[str]:
    """What is wrong in the ledger, recomputed from its transactions and postings; empty where all is right."""
    return [problem for check in _CHECKS for (problem,) in tx.execute(check)]


def _accounts(tx: Transaction, where: str, value: str) -> list[Account]:
    rows: Sequence[tuple[int, str, str | None, str, str, int]] = tx.execute(
        f"SELECT id, kind, owner, name, currency, balance FROM bank_account WHERE {where} ORDER BY id", (value,)
    )
    return [
        Account(id=number, kind=AccountKind(kind), owner=owner, name=name, currency=currency, balance=balance)
        for number, kind, owner, name, currency, balance in rows
    ]


# Each selects one sentence for each thing that is wrong.
_CHECKS = (
    # A transaction's postings are the two that it asks for.
    """
    SELECT 'transaction ' || id || ' moves ' || amount || ' from account ' || debit || ' to account ' || credit
        || ', but its postings differ'
    FROM bank_transaction AS made
    WHERE (SELECT count(*) FROM bank_posting WHERE transaction_id = made.id) <> 2
    OR NOT EXISTS (SELECT 1 FROM bank_posting
        WHERE transaction_id = made.id AND account = made.debit AND amount = -made.amount)
    OR NOT EXISTS (SELECT 1 FROM bank_posting
        WHERE transaction_id = made.id AND account = made.credit AND amount = made.amount)
    """,
    """
    SELECT 'the postings of transaction ' || transaction_id || ' sum to ' || sum(amount) || ', not to 0'
    FROM bank_posting GROUP BY transaction_id HAVING sum(amount) <> 0
    """,
    """
    SELECT 'account ' || account || ' has a posting of transaction ' || transaction_id || ', which is not in the ledger'
    FROM bank_posting WHERE transaction_id NOT IN (SELECT id FROM bank_transaction)
    """,
    """
    SELECT 'transaction ' || made.id || ' is between accounts in ' || ifnull(debit.currency, 'no currency')
        || ' and ' || ifnull(credit.currency, 'no currency')
    FROM bank_transaction AS made
    LEFT JOIN bank_account AS debit ON debit.id = made.debit
    LEFT JOIN bank_account AS credit ON credit.id = made.credit
    WHERE debit.currency IS NOT credit.currency OR debit.id IS NULL OR credit.id IS NULL
    """,
    # The stored balances are what the postings add up to.
    """
    SELECT 'account ' || account || ' stood at ' || balance || ' after transaction ' || transaction_id
        || ', but its postings sum to ' || counted
    FROM (SELECT *, sum(amount) OVER (PARTITION BY account ORDER BY transaction_id) AS counted FROM bank_posting)
    WHERE balance <> counted
    """,
    """
    SELECT 'account ' || id || ' (' || name || ') holds ' || balance || ', but its postings sum to ' || counted
    FROM (SELECT *, (SELECT ifnull(sum(amount), 0) FROM bank_posting WHERE account = bank_account.id) AS counted
        FROM bank_account)
    WHERE balance <> counted
    """,
    """
    SELECT 'account ' || id || ' (' || name || ') of ' || owner || ' is overdrawn: ' || balance
    FROM bank_account WHERE kind = 'customer' AND balance < 0
    """,
    """
    SELECT 'all balances in ' || currency || ' sum to ' || sum(balance) || ', not to 0'
    FROM bank_account GROUP BY currency HAVING sum(balance) <> 0
    """,
    # Bills are paid by transactions.
    """
    SELECT 'bill ' || id || ' counts ' || paid || ' of ' || billed || ' as paid, but ' || counted || ' was'
    FROM (SELECT *, (SELECT ifnull(sum(amount), 0) FROM bank_transaction WHERE bill = bank_bill.id) AS counted
        FROM bank_bill)
    WHERE paid <> counted OR paid > billed
    """,
)
