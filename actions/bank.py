"""The demo bank's actions. Whoever asks moves money only from accounts that are theirs."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import ActionInvalid, NotDone

from .effect import Effect
from .ledger import Account, AccountKind, Bill, accounts_of_kind, find_bill, ledger_migrations, own_accounts, post
from .model import Action, Execution, Lookup, Transaction
from .money import Money, format_money, from_minor_units, to_minor_units, write_money
from .registry import Registry
from .text import fold_name, show_text

_LISTED = 10  # names that an error lists at most

Amount = Annotated[Decimal, Money("currency")]
Resolved = TypeVar("Resolved", bound=Action)


def bank_registry() -> Registry:
    """The demo bank's actions, with the ledger that they need."""
    return Registry(CheckBalance, Deposit, Withdraw, Transfer, PayBill, migrations=ledger_migrations())


class CheckBalance(Action):
    """Tell how much one of the user's own accounts holds."""

    type: Literal["check_balance"] = "check_balance"
    account: str = "checking"
    effect: ClassVar[Effect] = Effect.READ

    def resolve(self, lookup: Lookup) -> Self:
        """With the account as it is registered."""
        return _resolved(self, account=self._account(lookup.tx, lookup.actor).name)

    def details(self, lookup: Lookup) -> dict[str, str]:
        """The account and whose it is."""
        return {"account": str(self._account(lookup.tx, lookup.actor))}

    def run(self, execution: Execution) -> Json:
        """The account's balance."""
        account = self._account(execution.database, execution.actor)
        return {"account": account.name, "balance": account.write(), "currency": account.currency}

    def _account(self, tx: Transaction, actor: Actor) -> Account:
        return _own_account(tx, actor, "account", self.account)


class Deposit(Action):
    """Pay cash into one of the user's own accounts."""

    type: Literal["deposit"] = "deposit"
    amount: Amount
    currency: str = "USD"
    to: str = "checking"
    effect: ClassVar[Effect] = Effect.LOCAL

    def resolve(self, lookup: Lookup) -> Self:
        """With the account as it is registered."""
        return _resolved(self, to=self._accounts(lookup.tx, lookup.actor)[1].name)

    def details(self, lookup: Lookup) -> dict[str, str]:
        """Where the cash goes, and what is there before and after."""
        cash, target = self._accounts(lookup.tx, lookup.actor)
        return {"from": str(cash), "to": _before_and_after(target, to_minor_units(self.amount, self.currency))}

    def run(self, execution: Execution) -> Json:
        """Post it from cash to the account."""
        cash, target = self._accounts(execution.database, execution.actor)
        number = post(execution, self.type, cash, target, self.amount)
        return _record(number, target, self.amount, 1)

    def _accounts(self, tx: Transaction, actor: Actor) -> tuple[Account, Account]:
        target = _own_account(tx, actor, "to", self.to)
        _check_currency(self.currency, target)
        return _cash(tx, self.currency), target


class Withdraw(Action):
    """Take cash out of one of the user's own accounts."""

    type: Literal["withdraw"] = "withdraw"
    amount: Amount
    currency: str = "USD"
    from_: str = "checking"
    effect: ClassVar[Effect] = Effect.LOCAL

    def resolve(self, lookup: Lookup) -> Self:
        """With the account as it is registered."""
        return _resolved(self, **{"from": self._accounts(lookup.tx, lookup.actor)[0].name})

    def details(self, lookup: Lookup) -> dict[str, str]:
        """Where the cash comes from, and what is there before and after."""
        source, cash = self._accounts(lookup.tx, lookup.actor)
        return {"from": _before_and_after(source, -to_minor_units(self.amount, self.currency)), "to": str(cash)}

    def run(self, execution: Execution) -> Json:
        """Post it from the account to cash."""
        source, cash = self._accounts(execution.database, execution.actor)
        number = post(execution, self.type, source, cash, self.amount)
        return _record(number, source, self.amount, -1)

    def _accounts(self, tx: Transaction, actor: Actor) -> tuple[Account, Account]:
        source = _own_account(tx, actor, "from", self.from_)
        _check_currency(self.currency, source)
        return source, _cash(tx, self.currency)


class Transfer(Action):
    """Send money from one of the user's own accounts to a registered payee or to another own account."""

    type: Literal["transfer"] = "transfer"
    to: str
    amount: Amount
    currency: str = "USD"
    from_: str = "checking"
    effect: ClassVar[Effect] = Effect.LOCAL

    def resolve(self, lookup: Lookup) -> Self:
        """With both accounts as they are registered."""
        source, target = self._accounts(lookup.tx, lookup.actor)
        return _resolved(self, **{"from": source.name, "to": target.name})

    def title(self) -> str:
        """The amount, and who gets it."""
        return f"{super().title()} to {self.to}"

    def details(self, lookup: Lookup) -> dict[str, str]:
        """From where to where, and what the source holds before and after."""
        source, target = self._accounts(lookup.tx, lookup.actor)
        return {"from": _before_and_after(source, -to_minor_units(self.amount, self.currency)), "to": str(target)}

    def run(self, execution: Execution) -> Json:
        """Post it from account to account."""
        source, target = self._accounts(execution.database, execution.actor)
        number = post(execution, self.type, source, target, self.amount)
        return {**_record(number, source, self.amount, -1), "to": target.name}

    def _accounts(self, tx: Transaction, actor: Actor) -> tuple[Account, Account]:
        source = _own_account(tx, actor, "from", self.from_)
        target = _recipient(tx, actor, self.to)
        if source.id == target.id:
            raise ActionInvalid([f"`to` is {source.name}, where the money comes from; name another account or a payee"])
        _check_currency(self.currency, source, target)
        return source, target


class PayBill(Action):
    """Pay a biller what is due, or a part of it, from one of the user's own accounts."""

    type: Literal["pay_bill"] = "pay_bill"
    biller: str
    amount: Amount | None = None
    currency: str = "USD"
    from_: str = "checking"
    effect: ClassVar[Effect] = Effect.LOCAL
    payee_field: ClassVar[str] = "biller"

    def resolve(self, lookup: Lookup) -> Self:
        """With the names as they are registered, and what is due where no amount was given."""
        source, biller, bill = self._found(lookup.tx, lookup.actor)
        if bill is None or not bill.due:
            raise ActionInvalid([f"nothing is due to {biller.name} from {lookup.actor.id}; there is no bill to pay"])
        silent = self.amount is None and "currency" not in self.model_fields_set
        currency = bill.currency if silent else self.currency
        _check_currency(currency, source, biller)
        amount = bill.due if self.amount is None else self.amount
        if amount > bill.due:
            raise ActionInvalid([f"`amount` is {format_money(amount, currency)}, but only {bill} is due; pay that or less"])
        names = {"from": source.name, "biller": biller.name}
        return _resolved(self, **names, amount=write_money(amount, currency), currency=currency)

    def title(self) -> str:
        """The amount, and who gets it."""
        return f"{super().title()} to {self.biller}"

    def details(self, lookup: Lookup) -> dict[str, str]:
        """From where, to whom, and what is due."""
        source, biller, bill = self._found(lookup.tx, lookup.actor)
        amount = self._amount()
        due = "nothing" if bill is None else str(bill)
        return {
            "from": _before_and_after(source, -to_minor_units(amount, self.currency)),
            "to": f"{biller} ({due} due)",
        }

    def run(self, execution: Execution) -> Json:
        """Post it from the account to the biller, and count it as paid."""
        source, biller, bill = self._found(execution.database, execution.actor)
        amount = self._amount()
        _check_currency(self.currency, source, biller)
        if bill is None or bill.due < amount:
            due = "nothing" if bill is None else str(bill)
            raise NotDone(f"{due} is due to {biller.name}, {format_money(amount, self.currency)} were to be paid")
        number = post(execution, self.type, source, biller, amount, bill)
        left = write_money(bill.due - amount, self.currency)
        return {**_record(number, source, amount, -1), "biller": biller.name, "due": left}

    def _amount(self) -> Decimal:
        if self.amount is None:
            raise ActionInvalid(["`amount` is not known before what is due was looked up; resolve the action first"])
        return self.amount

    def _found(self, tx: Transaction, actor: Actor) -> tuple[Account, Account, Bill | None]:
        source = _own_account(tx, actor, "from", self.from_)
        billers = accounts_of_kind(tx, AccountKind.BILLER)
        biller = _only(_same_name(self.biller, billers), "biller", self.biller, "biller", billers)
        return source, biller, find_bill(tx, actor.id, biller)


def _own_account(tx: Transaction, actor: Actor, field: str, name: str) -> Account:
    own = _customer_accounts(tx, actor)
    return _only(_own_matches(name, own), field, name, f"account of {actor.id}", own)


def _recipient(tx: Transaction, actor: Actor, name: str) -> Account:
    own, payees = _customer_accounts(tx, actor), accounts_of_kind(tx, AccountKind.PAYEE)
    found = _own_matches(name, own) + _same_name(name, payees)
    return _only(found, "to", name, f"payee or account of {actor.id}", own + payees)


def _customer_accounts(tx: Transaction, actor: Actor) -> list[Account]:
    own = own_accounts(tx, actor.id)
    if not own:
        raise ActionInvalid([f'"{show_text(actor.id)}" is no customer of this bank; ask as one who has an account'])
    return own


def _cash(tx: Transaction, currency: str) -> Account:
    for account in accounts_of_kind(tx, AccountKind.CASH):
        if account.currency == currency:
            return account
    raise ActionInvalid([f"`currency` is {currency}, which this bank has no cash in; transfer it instead"])


def _same_name(name: str, accounts: Sequence[Account], fold: Callable[[str], str] = fold_name) -> list[Account]:
    wanted = fold(name)
    return [account for account in accounts if fold(account.name) == wanted]


def _own_matches(name: str, own: Sequence[Account]) -> list[Account]:
    return _same_name(name, own) or _same_name(name, own, _fold_own)


def _fold_own(name: str) -> str:
    """What "my savings", "Saving account" and "savings" have in common."""
    return fold_name(name).removeprefix("my ").removesuffix(" account").removesuffix("s")


def _only(found: Sequence[Account], field: str, name: str, what: str, known: Sequence[Account]) -> Account:
    if len(found) == 1:
        return found[0]
    if found:
        fitting = ", ".join(str(account) for account in found)
        raise ActionInvalid([f'`{field}` is "{show_text(name)}", which fits {len(found)} names: {fitting}; write one of them'])
    names = {fold_name(account.name): account.name for account in known}
    close = get_close_matches(fold_name(name), names, n=1)
    hint = f"did you mean {names[close[0]]}? " if close else ""
    listed = ", ".join(list(names.values())[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    raise ActionInvalid([f'`{field}` is "{show_text(name)}", which is no {what}; {hint}known are {listed or "none"}'])


def _check_currency(currency: str, *accounts: Account) -> None:
    for account in accounts:
        if account.currency != currency:
            raise ActionInvalid([f"`currency` is {currency}, but {account} is in {account.currency}; nothing is exchanged here"])


def _resolved(action: Resolved, **values: Json) -> Resolved:
    return action.model_validate(action.wire() | values, by_alias=True, by_name=False)


def _before_and_after(account: Account, change: int) -> str:
    after = account.balance + change
    outcome = "too little" if after < 0 else "after"
    number = format_money(from_minor_units(abs(after), account.currency), account.currency).removesuffix(f" {account.currency}")
    return f"{account} ({account.format()}; {number} {outcome})"


def _record(number: int, account: Account, amount: Decimal, sign: Literal[1, -1]) -> dict[str, Json]:
    change = sign * to_minor_units(amount, account.currency)
    return {
        "account": account.name,
        "amount": write_money(amount, account.currency),
        "balance": account.write(change),
        "currency": account.currency,
        "transaction": number,
    }
