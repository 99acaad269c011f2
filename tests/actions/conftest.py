"""A ledger to act on, and the demo bank's customer to act for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from signoff.actions import Action, Execution, Lookup, Registry, Transaction, bank_registry
from signoff.actor import Actor
from signoff.audit import Store
from signoff.canonical import Json

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Undo(Exception):
    """Raised to undo what was done to a ledger."""


class ReadOnly:
    """A transaction that refuses everything but SELECT, as resolving and READ actions get it."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one SELECT and return all its rows."""
        assert sql.split()[0] == "SELECT", f"only reading is allowed here: {sql}"
        return self._tx.execute(sql, parameters)


@pytest.fixture(scope="session")
def bank() -> Registry:
    """The demo bank's actions."""
    return bank_registry()


@pytest.fixture(scope="session")
def fresh_ledger(
    bank: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], AbstractContextManager[Transaction]]]:
    """Lends a ledger as a new database starts, as a LOCAL action gets it, and undoes afterwards what was done to it."""
    with Store.open(tmp_path_factory.mktemp("ledger") / "signoff.db", migrations=bank.migrations) as store:

        @contextmanager
        def lend() -> Iterator[Transaction]:
            with suppress(Undo), store.write() as writing, writing.lent(writing=True) as tx:
                yield tx
                raise Undo

        yield lend


@pytest.fixture
def ledger_tx(fresh_ledger: Callable[[], AbstractContextManager[Transaction]]) -> Iterator[Transaction]:
    """The ledger as a new database starts, in an open transaction."""
    with fresh_ledger() as tx:
        yield tx


@pytest.fixture
def lookup(ledger_tx: Transaction) -> Lookup:
    """What dana's actions may ask while they are resolved."""
    return Lookup(actor=Actor(id="dana"), tx=ReadOnly(ledger_tx))


@pytest.fixture
def resolve(bank: Registry, lookup: Lookup) -> Callable[..., Action]:
    """Reads one of dana's actions and resolves it: `resolve("transfer", to="Alice", amount="1.00")`."""
    return lambda type_, **fields: bank.read({"type": type_, **fields}).resolve(lookup)


@pytest.fixture
def do(resolve: Callable[..., Action], ledger_tx: Transaction) -> Callable[..., Json]:
    """Reads, resolves and runs one of dana's actions, under a key of its own."""
    keys = iter(range(10_000))

    def run(type_: str, **fields: Json) -> Json:
        found = resolve(type_, **fields)
        tx = ReadOnly(ledger_tx) if found.effect == "read" else ledger_tx
        return found.run(Execution(actor=Actor(id="dana"), key=f"key-{next(keys)}", now=NOW, tx=tx))

    return run


@pytest.fixture
def execution(ledger_tx: Transaction) -> Execution:
    """What a running action of dana's is given."""
    return Execution(actor=Actor(id="dana"), key="the-key", now=NOW, tx=ledger_tx)
