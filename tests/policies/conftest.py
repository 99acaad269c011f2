"""A registry with a field of every kind, and short ways to load a policy."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest

from signoff.actions import Action, Effect, Execution, Money, Registry, Secret
from signoff.actor import Actor
from signoff.canonical import Json
from signoff.policies import Context, PoliciesInvalid, Policy, load_policy, parse_policy
from tests.policies.tables import CSV, FILED, rule

Amount = Annotated[Decimal, Money("currency")]


class Idle(Action):
    """Changes nothing; these tests only decide."""

    effect = Effect.READ

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None


class CheckBalance(Idle):
    """Has neither `to` nor `amount`."""

    type: Literal["check_balance"] = "check_balance"
    account: str = "checking"


class Transfer(Idle):
    """Money to a payee."""

    type: Literal["transfer"] = "transfer"
    to: str
    amount: Amount
    currency: str = "USD"
    from_: str = "checking"


class PayBill(Idle):
    """Its amount may be left out."""

    type: Literal["pay_bill"] = "pay_bill"
    biller: str
    amount: Amount | None = None
    currency: str = "USD"


class Order(Idle):
    """Fields of all kinds, given and not."""

    type: Literal["order"] = "order"
    to: str
    quantity: int
    weight: Decimal
    urgent: bool = False
    speed: Literal["slow", "fast"] = "slow"
    tags: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    note: str | None = None
    limit: int | None = None
    price: Amount
    currency: str = "USD"
    fee: Annotated[Decimal, Money("fee_currency")] | None = None
    fee_currency: str = "USD"
    parts: tuple[Amount, ...] = ()


class Login(Idle):
    """Holds secrets, given and not."""

    type: Literal["login"] = "login"
    user: str
    pin: Secret
    token: Secret | None = None


class Wire(Idle):
    """Asks for approval by itself from 1,000 on."""

    type: Literal["wire"] = "wire"
    to: str
    amount: Amount
    currency: str = "USD"

    def caution(self) -> str | None:
        """From 1,000 on; with an amount of 13, a mistake of its own."""
        if self.amount == 13:
            raise RuntimeError("thirteen")
        return "a wire of 1,000 or more" if self.amount >= 1_000 else None


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Four action types without a caution of their own."""
    return Registry(CheckBalance, Transfer, PayBill, Order)


@pytest.fixture(scope="session")
def secret_registry(registry: Registry) -> Registry:
    """With an action type that holds secrets."""
    return Registry(*registry.values(), Login)


@pytest.fixture(scope="session")
def careful_registry() -> Registry:
    """With an action type that asks for approval by itself."""
    return Registry(Transfer, Wire)


@pytest.fixture(scope="session")
def context() -> Context:
    """dana asks for a plan of one action on a Monday morning, and wrote its amount and payee."""
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    return Context(actor=Actor(id="dana"), grounded=frozenset({"amount", "to"}), plan_size=1, now=now)


@pytest.fixture(scope="session")
def load(registry: Registry) -> Callable[[str], Policy]:
    """Loads the text of a policies file."""
    return lambda text: parse_policy(text.encode(), "policies.yaml", registry)


@pytest.fixture(scope="session")
def report_on(secret_registry: Registry) -> Callable[[str | bytes], str]:
    """The report on the text of a policies file that is wrong."""

    def report(text: str | bytes) -> str:
        data = text.encode() if isinstance(text, str) else text
        with pytest.raises(PoliciesInvalid) as caught:
            parse_policy(data, "policies.yaml", secret_registry)
        return str(caught.value)

    return report


@pytest.fixture(scope="session")
def action(registry: Registry) -> Callable[..., Action]:
    """An action from its type and fields."""
    return lambda type_, **fields: registry.read({"type": type_, **fields})


@pytest.fixture
def filed(tmp_path: Path, registry: Registry) -> Callable[..., Policy]:
    """Loads a policies file with a CSV file beside it."""

    def load(condition: str = "amount > 1", csv: str | bytes = CSV, text: str = FILED) -> Policy:
        (tmp_path / "limits.csv").write_bytes(csv.encode() if isinstance(csv, str) else csv)
        path = tmp_path / "policies.yaml"
        path.write_text(text + rule(condition))
        return load_policy(path, registry)

    return load
