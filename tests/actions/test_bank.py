"""The demo bank's actions: names, what is asked before deciding, and their effect on the ledger."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from signoff.actions import Action, Effect, Execution, Lookup, Registry, Transaction, check_ledger
from signoff.actions.bank import Deposit, PayBill
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import ActionInvalid, NotDone

Resolve = Callable[..., Action]
Do = Callable[..., Json]


def holds(tx: Transaction, name: str) -> int:
    """What the account *name* holds, in minor units."""
    return int(tx.execute("SELECT balance FROM bank_account WHERE name = ?", (name,))[0][0])


def add_account(tx: Transaction, kind: str, owner: str | None, name: str, currency: str = "USD") -> None:
    """Open another account."""
    tx.execute("INSERT INTO bank_account (kind, owner, name, currency) VALUES (?, ?, ?, ?)", (kind, owner, name, currency))


def test_effects_are_declared(bank: Registry) -> None:
    """Looking changes nothing, everything else changes the database only."""
    effects = {name: made.effect for name, made in bank.items()}
    assert effects.pop("check_balance") is Effect.READ
    assert effects == dict.fromkeys(["deposit", "withdraw", "transfer", "pay_bill"], Effect.LOCAL)


def test_a_balance_is_read(do: Do) -> None:
    """check_balance tells the default account's balance, or that of the one named."""
    assert do("check_balance") == {"account": "checking", "balance": "1000.00", "currency": "USD"}
    assert do("check_balance", account="savings") == {"account": "savings", "balance": "5000.00", "currency": "USD"}


def test_a_deposit_moves_cash_to_the_account(do: Do, ledger_tx: Transaction) -> None:
    """A deposit adds to the account what it takes from the bank's cash account."""
    done = do("deposit", amount="40.00")
    assert done == {"account": "checking", "amount": "40.00", "balance": "1040.00", "currency": "USD", "transaction": 3}
    assert (holds(ledger_tx, "checking"), holds(ledger_tx, "cash USD")) == (104_000, -4_000)


def test_a_withdrawal_moves_cash_from_the_account(do: Do, ledger_tx: Transaction) -> None:
    """A withdrawal takes from the account what it adds to the bank's cash account."""
    done = do("withdraw", amount="40.00", **{"from": "savings"})
    assert done == {"account": "savings", "amount": "40.00", "balance": "4960.00", "currency": "USD", "transaction": 3}
    assert (holds(ledger_tx, "savings"), holds(ledger_tx, "cash USD")) == (496_000, 4_000)


def test_a_transfer_reaches_a_payee(do: Do, ledger_tx: Transaction) -> None:
    """A transfer to a payee takes from the account and adds to the payee."""
    done = do("transfer", to="Alice", amount="150.00")
    assert done == {
        "account": "checking",
        "amount": "150.00",
        "balance": "850.00",
        "currency": "USD",
        "to": "Alice",
        "transaction": 3,
    }
    assert (holds(ledger_tx, "checking"), holds(ledger_tx, "Alice")) == (85_000, 15_000)


def test_a_transfer_reaches_another_own_account(do: Do, ledger_tx: Transaction) -> None:
    """A transfer between own accounts takes from one and adds to the other."""
    do("transfer", to="my checking account", amount="1", **{"from": "savings"})
    assert (holds(ledger_tx, "checking"), holds(ledger_tx, "savings")) == (100_100, 499_900)


def test_paying_a_bill_pays_what_is_due(resolve: Resolve, do: Do, ledger_tx: Transaction) -> None:
    """Without an amount pay_bill is resolved to all that is due, pays it, and nothing is due any more."""
    found = resolve("pay_bill", biller="acme utilities")
    assert found.title() == "Pay bill 84.20 USD to Acme Utilities"
    assert found.wire()["biller"] == "Acme Utilities"
    done = do("pay_bill", biller="Acme Utilities")
    assert isinstance(done, dict)
    assert (done["amount"], done["balance"], done["due"]) == ("84.20", "915.80", "0.00")
    assert holds(ledger_tx, "Acme Utilities") == 8_420
    with pytest.raises(ActionInvalid, match=r"^nothing is due to Acme Utilities from dana"):
        resolve("pay_bill", biller="Acme Utilities")


def test_a_bill_is_paid_in_parts(resolve: Resolve, do: Do) -> None:
    """A part of what is due can be paid; more than what is left cannot."""
    do("pay_bill", biller="Acme Utilities", amount="80")
    assert resolve("pay_bill", biller="Acme Utilities").wire()["amount"] == "4.20"
    with pytest.raises(ActionInvalid, match=r"^`amount` is 4\.21 USD, but only 4\.20 USD is due; pay that or less$"):
        resolve("pay_bill", biller="Acme Utilities", amount="4.21")


def test_a_bill_is_not_paid_twice(resolve: Resolve, execution: Execution, ledger_tx: Transaction) -> None:
    """Of two payments that were both resolved while the bill was due, the second is not done."""
    first = resolve("pay_bill", biller="Acme Utilities")
    first.run(execution)
    again = Execution(actor=execution.actor, key="other", now=execution.now, tx=ledger_tx)
    with pytest.raises(NotDone, match=r"^0\.00 USD is due to Acme Utilities, 84\.20 USD were to be paid$"):
        first.run(again)
    assert holds(ledger_tx, "checking") == 91_580


def test_a_bill_in_another_currency_is_resolved_to_it(resolve: Resolve, ledger_tx: Transaction) -> None:
    """What is due brings its currency, unless the plan names another one."""
    add_account(ledger_tx, "biller", None, "Tokyo Gas", "JPY")
    add_account(ledger_tx, "customer", "dana", "yen", "JPY")
    ledger_tx.execute(
        "INSERT INTO bank_bill (owner, biller, billed) SELECT 'dana', id, 3000 FROM bank_account WHERE name = 'Tokyo Gas'"
    )
    found = resolve("pay_bill", biller="Tokyo Gas", **{"from": "yen"})
    assert (found.wire()["amount"], found.wire()["currency"]) == ("3000", "JPY")
    with pytest.raises(ActionInvalid, match=r"^`currency` is USD, but dana / yen is in JPY"):
        resolve("pay_bill", biller="Tokyo Gas", currency="USD", **{"from": "yen"})


def test_an_unresolved_bill_does_not_run(execution: Execution, lookup: Lookup) -> None:
    """Before it is resolved pay_bill knows no amount, and neither runs nor shows details."""
    unresolved = PayBill(biller="Acme Utilities")
    with pytest.raises(ActionInvalid, match="resolve the action first"):
        unresolved.run(execution)
    with pytest.raises(ActionInvalid, match="resolve the action first"):
        unresolved.details(lookup)


@pytest.mark.parametrize(
    ("type_", "fields", "balance"),
    [
        ("withdraw", {"amount": "1000.01"}, "checking holds 1,000.00 USD, 1,000.01 USD are needed"),
        (
            "transfer",
            {"to": "Alice", "amount": "5000.01", "from": "savings"},
            "savings holds 5,000.00 USD, 5,000.01 USD are needed",
        ),
        ("deposit", {"amount": "90071992547409.91"}, "checking stands at 1,000.00 USD; 90,071,992,548,409.91 USD is beyond"),
    ],
)
def test_what_the_accounts_do_not_allow_is_not_done(
    do: Do, ledger_tx: Transaction, type_: str, fields: dict[str, Json], balance: str
) -> None:
    """Too little money, or too much for an account, is NotDone with both figures, and changes nothing."""
    before = ledger_tx.execute("SELECT id, balance FROM bank_account")
    with pytest.raises(NotDone, match=f"^{balance}"):
        do(type_, **fields)
    assert ledger_tx.execute("SELECT id, balance FROM bank_account") == before
    assert ledger_tx.execute("SELECT count(*) FROM bank_transaction") == [(2,)]


def test_the_last_cent_can_be_spent(do: Do, ledger_tx: Transaction) -> None:
    """All that an account holds can be taken from it, and not one cent more."""
    do("withdraw", amount="1000.00")
    assert holds(ledger_tx, "checking") == 0
    with pytest.raises(NotDone, match=r"checking holds 0\.00 USD, 0\.01 USD are needed"):
        do("withdraw", amount="0.01")


@pytest.mark.parametrize(
    "name", ["savings", "Savings", " SAVINGS ", "my savings", "saving", "My Savings Account", "ѕаvings"], ids=ascii
)
def test_own_accounts_are_found_by_their_usual_names(resolve: Resolve, name: str) -> None:
    """Case, spacing, look-alike letters, "my", "account" and a missing plural make no other account."""
    assert resolve("check_balance", account=name).wire()["account"] == "savings"
    assert resolve("deposit", to=name, amount="1").wire()["to"] == "savings"
    assert resolve("withdraw", amount="1", **{"from": name}).wire()["from"] == "savings"
    assert resolve("transfer", to=name, amount="1").wire()["to"] == "savings"


@pytest.mark.parametrize("name", ["alice", "ALICE", "  Alice", "Аlicе", "Ａlice"], ids=ascii)
def test_payees_are_replaced_by_their_registered_spelling(resolve: Resolve, name: str) -> None:
    """However a payee is spelt, the resolved action holds the registered name, so all have one digest."""
    found = resolve("transfer", to=name, amount="1")
    assert found.wire()["to"] == "Alice"
    assert found.digest() == resolve("transfer", to="Alice", amount="1").digest()


def test_resolving_twice_changes_nothing(bank: Registry, lookup: Lookup, resolve: Resolve) -> None:
    """A resolved action resolves to itself, also after it was stored."""
    for found in (resolve("transfer", to="mallory ltd", amount="1"), resolve("pay_bill", biller="acme utilities")):
        assert bank.load(found.canonical()).resolve(lookup) == found


@pytest.mark.parametrize(
    ("type_", "fields", "problem"),
    [
        (
            "transfer",
            {"to": "Alcie"},
            '`to` is "Alcie", which is no payee or account of dana; did you mean Alice? '
            "known are checking, savings, Alice, Bob, Carol, Mallory Ltd",
        ),
        (
            "transfer",
            {"to": "Zed"},
            '`to` is "Zed", which is no payee or account of dana; known are checking, savings, Alice, Bob, Carol, Mallory Ltd',
        ),
        ("transfer", {"to": "Alice", "from": "Bob"}, '`from` is "Bob", which is no account of dana; known are checking, savings'),
        (
            "transfer",
            {"to": "my Alice"},
            '`to` is "my Alice", which is no payee or account of dana; did you mean Alice? '
            "known are checking, savings, Alice, Bob, Carol, Mallory Ltd",
        ),
        ("transfer", {"to": "checking"}, "`to` is checking, where the money comes from; name another account or a payee"),
        (
            "transfer",
            {"to": "Alice", "currency": "EUR"},
            "`currency` is EUR, but dana / checking is in USD; nothing is exchanged here",
        ),
        ("deposit", {"to": "Alice"}, '`to` is "Alice", which is no account of dana; known are checking, savings'),
        ("deposit", {"to": ""}, '`to` is "", which is no account of dana; known are checking, savings'),
        (
            "withdraw",
            {"from": "chequing"},
            '`from` is "chequing", which is no account of dana; did you mean checking? known are checking, savings',
        ),
        ("withdraw", {"currency": "JPY"}, "`currency` is JPY, but dana / checking is in USD; nothing is exchanged here"),
        ("pay_bill", {"biller": "Alice"}, '`biller` is "Alice", which is no biller; known are Acme Utilities'),
        ("pay_bill", {"biller": "Acme"}, '`biller` is "Acme", which is no biller; known are Acme Utilities'),
    ],
)
def test_wrong_names_are_never_guessed(resolve: Resolve, type_: str, fields: dict[str, Json], problem: str) -> None:
    """A name that is not registered is an error that names it, the nearest name and the known ones."""
    with pytest.raises(ActionInvalid) as caught:
        resolve(type_, amount="1", **fields)
    assert caught.value.problems == (problem,)


def test_names_that_fit_twice_are_refused(resolve: Resolve, ledger_tx: Transaction) -> None:
    """A name that fits two registered ones is an error, even where it is spelt exactly like one of them."""
    add_account(ledger_tx, "payee", None, "Аlice")  # with a Cyrillic A
    add_account(ledger_tx, "payee", None, "My Savings")
    with pytest.raises(ActionInvalid, match=r'^`to` is "Alice", which fits 2 names: Alice, Аlice; write one of them$'):
        resolve("transfer", to="Alice", amount="1")
    with pytest.raises(ActionInvalid, match=r"which fits 2 names: dana / savings, My Savings; "):
        resolve("transfer", to="my savings", amount="1")
    assert resolve("check_balance", account="my savings").wire()["account"] == "savings"


def test_an_exact_own_name_is_no_variant_of_another(resolve: Resolve, ledger_tx: Transaction) -> None:
    """Of two own accounts that differ in a plural, the one spelt as written is meant, and a variant of both is refused."""
    add_account(ledger_tx, "customer", "dana", "saving")
    assert resolve("check_balance", account="Saving").wire()["account"] == "saving"
    assert resolve("check_balance", account="savings").wire()["account"] == "savings"
    with pytest.raises(ActionInvalid, match="which fits 2 names: dana / savings, dana / saving"):
        resolve("check_balance", account="my saving")


def test_long_lists_of_names_are_cut(resolve: Resolve, ledger_tx: Transaction) -> None:
    """An error lists ten names and counts the others."""
    for number in range(20):
        add_account(ledger_tx, "payee", None, f"Payee {number}")
    with pytest.raises(ActionInvalid, match=r"known are checking, .*Payee 3 and 16 more$"):
        resolve("transfer", to="Zed", amount="1")


@pytest.mark.parametrize("actor", ["mira", "Dana", "dаna"], ids=ascii)
def test_only_customers_use_the_bank(bank: Registry, ledger_tx: Transaction, execution: Execution, actor: str) -> None:
    """An actor without an account is told so; ids are never matched by likeness."""
    stranger = Lookup(actor=Actor(id=actor), tx=ledger_tx)
    running = Execution(actor=stranger.actor, key="k", now=execution.now, tx=ledger_tx)
    transfer = bank.read({"type": "transfer", "to": "Alice", "amount": "1"})
    for use in (lambda: transfer.resolve(stranger), lambda: transfer.details(stranger), lambda: transfer.run(running)):
        with pytest.raises(ActionInvalid, match="is no customer of this bank; ask as one who has an account"):
            use()


def test_customers_use_only_their_own_accounts(bank: Registry, ledger_tx: Transaction) -> None:
    """Another customer's account is neither source nor target, whatever the plan says."""
    add_account(ledger_tx, "customer", "omar", "omar's")
    omar, dana = (Lookup(actor=Actor(id=actor), tx=ledger_tx) for actor in ("omar", "dana"))
    with pytest.raises(ActionInvalid, match=r'`from` is "checking", which is no account of omar; known are omar\'s$'):
        bank.read({"type": "transfer", "to": "Alice", "amount": "1"}).resolve(omar)
    with pytest.raises(ActionInvalid, match="which is no payee or account of dana"):
        bank.read({"type": "transfer", "to": "omar's", "amount": "1"}).resolve(dana)


def test_cash_is_kept_in_some_currencies_only(resolve: Resolve, ledger_tx: Transaction) -> None:
    """Cash in a currency that the bank does not keep is refused."""
    add_account(ledger_tx, "customer", "dana", "euros", "EUR")
    with pytest.raises(ActionInvalid, match=r"^`currency` is EUR, which this bank has no cash in; transfer it instead$"):
        resolve("deposit", amount="1", currency="EUR", to="euros")


@pytest.mark.parametrize(
    ("type_", "fields", "title", "details"),
    [
        ("check_balance", {}, "Check balance", {"account": "dana / checking"}),
        (
            "transfer",
            {"to": "Alice", "amount": "150"},
            "Transfer 150.00 USD to Alice",
            {"from": "dana / checking (1,000.00 USD; 850.00 after)", "to": "Alice"},
        ),
        (
            "transfer",
            {"to": "savings", "amount": "1500"},
            "Transfer 1,500.00 USD to savings",
            {"from": "dana / checking (1,000.00 USD; 500.00 too little)", "to": "dana / savings"},
        ),
        (
            "deposit",
            {"amount": "40"},
            "Deposit 40.00 USD",
            {"from": "cash USD", "to": "dana / checking (1,000.00 USD; 1,040.00 after)"},
        ),
        (
            "withdraw",
            {"amount": "40"},
            "Withdraw 40.00 USD",
            {"from": "dana / checking (1,000.00 USD; 960.00 after)", "to": "cash USD"},
        ),
        (
            "pay_bill",
            {"biller": "acme utilities"},
            "Pay bill 84.20 USD to Acme Utilities",
            {"from": "dana / checking (1,000.00 USD; 915.80 after)", "to": "Acme Utilities (84.20 USD due)"},
        ),
    ],
)
def test_approvers_see_what_moves_where(
    resolve: Resolve, lookup: Lookup, type_: str, fields: dict[str, Json], title: str, details: dict[str, str]
) -> None:
    """Title and details tell the full amount, from and to in this order, and what the account holds before and after."""
    found = resolve(type_, **fields)
    assert found.title() == title
    assert list(found.details(lookup).items()) == list(details.items())


def test_the_key_is_used_once(execution: Execution, ledger_tx: Transaction) -> None:
    """A second run with the same idempotency key is refused by the ledger and moves nothing."""
    deposit = Deposit(amount=Decimal(40))
    deposit.run(execution)
    with pytest.raises(Exception, match="idempotency key or number is already in the ledger"):
        deposit.run(execution)
    assert holds(ledger_tx, "checking") == 104_000
    assert ledger_tx.execute("SELECT key, action, at FROM bank_transaction WHERE id = 3") == [
        ("the-key", "deposit", "2026-03-02T09:30:00+00:00")
    ]
    assert check_ledger(ledger_tx) == []
